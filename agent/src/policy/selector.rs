//! Which workloads belong to a product.

mod aspect;
mod clauses;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use serde::Serialize;

pub use self::aspect::Aspect;
pub(super) use self::{
    aspect::{Fact, fact},
    clauses::{Clause, cover},
};
use super::{glob::Glob, host_group::Hosts};
use crate::attribution::Attributed;

/// What an aspect must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wanted {
    /// A text that fits.
    Name(Glob),
    /// This user id.
    Uid(u32),
    /// A label of this key, with a value that fits.
    Label(Arc<str>, Glob),
    /// One of these hosts.
    Hosts(Hosts),
}

/// One thing that a selector asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Term {
    /// The aspect is as wanted.
    Is(Aspect, Wanted),
    /// At least one of these takes the workload.
    Any(Vec<Selector>),
    /// This does not take the workload.
    Not(Box<Selector>),
}

/// A conjunction: every term must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector {
    terms: Vec<Term>,
}

/// Whether a workload is one that a selector takes.
///
/// This is Kleene's logic of three values: what is not known stays unknown under
/// `not`, and matters only where nothing else decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That depends on this aspect, which is not known.
    Unknown(Aspect),
}

impl Selector {
    /// A selector of these terms; the order does not matter.
    pub fn new(mut terms: Vec<Term>) -> Self {
        terms.sort();
        terms.dedup();
        Self { terms }
    }

    /// Its terms, for a selector that asks for more.
    pub(super) fn into_terms(self) -> Vec<Term> {
        self.terms
    }

    /// Whether it takes the workload. A `No` on one term settles the matter,
    /// whatever is unknown of the others.
    pub fn fit(&self, flow: &Attributed) -> Fit {
        let mut fit = Fit::Yes;
        for term in &self.terms {
            match term.fit(flow) {
                Fit::Yes => {}
                Fit::No => return Fit::No,
                unknown @ Fit::Unknown(_) => fit = unknown,
            }
        }
        fit
    }

    /// Whether every workload that `other` takes is certainly taken by this.
    ///
    /// Sound and not complete: `true` is a proof.
    pub fn covers(&self, other: &Self) -> bool {
        match (self.clauses(), other.clauses()) {
            (Some(wide), Some(narrow)) => cover(&wide, &narrow),
            _ => false,
        }
    }
}

impl Term {
    fn fit(&self, flow: &Attributed) -> Fit {
        match self {
            Self::Is(aspect, wanted) => match (fact(*aspect, wanted.label(), flow), wanted) {
                (Fact::Unknown, _) => Fit::Unknown(*aspect),
                (Fact::Text(text), wanted) if wanted.takes(&text) => Fit::Yes,
                (Fact::Uid(uid), Wanted::Uid(wanted)) if uid == *wanted => Fit::Yes,
                _ => Fit::No,
            },
            Self::Any(branches) => {
                let mut fit = Fit::No;
                for branch in branches {
                    match branch.fit(flow) {
                        Fit::Yes => return Fit::Yes,
                        Fit::No => {}
                        unknown @ Fit::Unknown(_) => fit = unknown,
                    }
                }
                fit
            }
            Self::Not(selector) => match selector.fit(flow) {
                Fit::Yes => Fit::No,
                Fit::No => Fit::Yes,
                unknown @ Fit::Unknown(_) => unknown,
            },
        }
    }
}

impl Wanted {
    /// The key of the label that is asked for, if one is.
    pub(super) fn label(&self) -> Option<&str> {
        match self {
            Self::Label(key, _) => Some(key),
            _ => None,
        }
    }

    fn takes(&self, text: &str) -> bool {
        match self {
            Self::Name(glob) | Self::Label(_, glob) => glob.matches(text),
            Self::Hosts(hosts) => hosts.holds(text),
            Self::Uid(_) => false,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(aspect, wanted) => wanted.show(*aspect, f),
            Self::Any(branches) => {
                f.write_str("any (")?;
                for (i, branch) in branches.iter().enumerate() {
                    let or = if i == 0 { "" } else { "; " };
                    write!(f, "{or}{branch}")?;
                }
                f.write_str(")")
            }
            Self::Not(selector) => write!(f, "not ({selector})"),
        }
    }
}

impl Wanted {
    fn show(&self, aspect: Aspect, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = aspect.key();
        match self {
            Self::Name(glob) => write!(f, "{key} = {glob}"),
            Self::Uid(uid) => write!(f, "{key} = {uid}"),
            Self::Label(label, glob) => write!(f, "{key}.{label} = {glob}"),
            Self::Hosts(hosts) => write!(f, "{key} = {hosts}"),
        }
    }
}

impl Serialize for Selector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
