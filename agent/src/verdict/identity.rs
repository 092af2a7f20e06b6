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
pub fn meant(names: &Names) -> Vec<Option<(&DomainName, Grade)>> {
    let mut all = Vec::new();
    Identity::each(names, |identity| {
        all.push(identity.name().zip(identity.grade()));
    });
    all
}

impl<'f> Identity<'f> {
    /// Calls `each` with every identity of a flow. What was said to the destination tells
    /// which of several names it was; where nothing was said, it may have been any that
    /// was told.
    #[inline]
    pub(super) fn each(names: &'f Names, mut each: impl FnMut(Self)) {
        if names.names.is_empty() {
            return each(Self::Nameless);
        }
        let mut spoke = false;
        for said in names.presented() {
            spoke = true;
            let told = best(names, |told| told.all().any(|name| *name == said.name));
            if told.is_some() || !said.hides() || names.answered().next().is_none() {
                each(Self::Said(said, told));
                continue;
            }
            let answered = names.answered().filter(|name| is_best(names, name));
            answered.map(Self::Hidden).for_each(&mut each);
        }
        if !spoke {
            let answered = names.answered().filter(|name| is_best(names, name));
            answered.map(Self::Told).for_each(each);
        }
    }

    /// The names that entries may match; one may come twice.
    #[inline]
    pub(super) fn names(self) -> impl Iterator<Item = &'f DomainName> {
        let (said, told) = match self {
            Self::Nameless => (None, None),
            Self::Told(told) | Self::Hidden(told) => (None, Some(told)),
            Self::Said(said, told) => (Some(&said.name), told),
        };
        // Most often what was said is what was asked for.
        let asked = told
            .map(|told| &told.name)
            .filter(|name| said != Some(*name));
        let aliases = told.map_or(&[] as &[DomainName], |told| &told.aliases);
        said.into_iter().chain(asked).chain(aliases)
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
