//! The names under which a workload may have meant a destination.

use crate::naming::{DomainName, Grade, Name, Names};

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity<'f> {
    /// No name is known.
    Nameless,
    /// A name that it was told, and that it did not gainsay.
    Told(&'f Name),
    /// A name that it said to the destination, and the answer that bears it out.
    Said(&'f Name, Option<&'f Name>),
    /// A name that it was told, while what it said may hide another.
    Hidden(&'f Name),
}

/// The names under which a workload may have meant a destination, each with what it is
/// worth; `None` where it may have meant it by no name.
pub fn meant(names: &Names) -> impl Iterator<Item = Option<(&DomainName, Grade)>> {
    Identity::of(names).map(|identity| Some((identity.name()?, identity.grade()?)))
}

impl<'f> Identity<'f> {
    /// Every identity of a flow. What was said to the destination tells which of several
    /// names it was; where nothing was said, it may have been any that was told.
    pub(super) fn of(names: &'f Names) -> impl Iterator<Item = Self> {
        let spoke = names.presented().next().is_some();
        let said = names.presented().flat_map(move |said| {
            let told = best(names, |told| told.all().any(|name| *name == said.name));
            let hides = told.is_none() && said.hides() && names.answered().next().is_some();
            let hidden = names
                .answered()
                .filter(move |name| hides && is_best(names, name))
                .map(Self::Hidden);
            let plain = (!hides).then_some(Self::Said(said, told));
            plain.into_iter().chain(hidden)
        });
        let told = names
            .answered()
            .filter(move |name| !spoke && is_best(names, name))
            .map(Self::Told);
        let nameless = names.names.is_empty().then_some(Self::Nameless);
        said.chain(told).chain(nameless)
    }

    /// The names that entries may match.
    pub(super) fn names(self) -> impl Iterator<Item = &'f DomainName> {
        let (first, rest) = match self {
            Self::Nameless => (None, None),
            Self::Told(told) | Self::Hidden(told) => (None, Some(told)),
            Self::Said(said, told) => (Some(&said.name), told),
        };
        let all = rest.into_iter().flat_map(Name::all);
        first
            .into_iter()
            .chain(all.filter(move |name| first != Some(*name)))
    }

    /// What the name is worth; `None` if there is none.
    pub(super) fn grade(self) -> Option<Grade> {
        match self {
            Self::Nameless => None,
            Self::Told(told) | Self::Hidden(told) | Self::Said(_, Some(told)) => Some(told.grade),
            Self::Said(said, None) => Some(said.grade),
        }
    }

    /// The name to speak of.
    pub(super) fn name(self) -> Option<&'f DomainName> {
        match self {
            Self::Nameless => None,
            Self::Told(name) | Self::Hidden(name) | Self::Said(name, _) => Some(&name.name),
        }
    }

    /// Whether the workload may have meant another of its identities instead.
    pub(super) fn is_guess(self) -> bool {
        matches!(self, Self::Told(_) | Self::Hidden(_))
    }
}

/// The answered name of the best grade that satisfies.
fn best(names: &Names, satisfies: impl Fn(&Name) -> bool) -> Option<&Name> {
    let found = names.answered().filter(|name| satisfies(name));
    found.max_by_key(|name| name.grade)
}

/// Whether this is the answer to speak of where several gave the same name.
fn is_best(names: &Names, one: &Name) -> bool {
    best(names, |other| other.name == one.name).is_some_and(|best| std::ptr::eq(best, one))
}
