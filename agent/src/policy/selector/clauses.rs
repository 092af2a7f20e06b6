//! A selector as alternatives, each a conjunction, and what can be proven of those.
//!
//! `any`, `all` and `not` multiply out (de Morgan's laws and distribution hold for
//! three values as they do for two). That may grow beyond all bounds, so there is
//! one: where it is passed, nothing is proven, and the flows tell.

use std::fmt;

use super::{Aspect, Selector, Term, Wanted};

/// Most alternatives that a selector is compared by.
const MOST: usize = 256;

/// One aspect that is as wanted, or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::policy) struct Literal<'a> {
    pub(in crate::policy) aspect: Aspect,
    pub(in crate::policy) wanted: &'a Wanted,
    /// Whether it is, or is not.
    pub(in crate::policy) holds: bool,
}

/// Literals that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::policy) struct Clause<'a>(Vec<Literal<'a>>);

impl Selector {
    /// The alternatives of which it is made: it takes what any of them takes. `None`
    /// when they are too many.
    pub(in crate::policy) fn clauses(&self) -> Option<Vec<Clause<'_>>> {
        expand(self, true)
    }

    /// Two literals that exclude each other, if no workload at all can fit and the
    /// text proves it.
    pub(in crate::policy) fn contradiction(&self) -> Option<(Literal<'_>, Literal<'_>)> {
        let clauses = self.clauses()?;
        let mut found = None;
        for clause in &clauses {
            found = found.or(Some(clause.contradiction()?));
        }
        found
    }
}

/// Whether what fits a clause of `narrow` certainly fits one of `wide`.
pub(in crate::policy) fn cover(wide: &[Clause<'_>], narrow: &[Clause<'_>]) -> bool {
    narrow
        .iter()
        .all(|narrow| wide.iter().any(|wide| wide.covers(narrow)))
}

impl<'a> Clause<'a> {
    /// What it asks for.
    pub(in crate::policy) fn literals(&self) -> &[Literal<'a>] {
        &self.0
    }

    /// Whether every workload that fits `other` certainly fits this.
    pub(in crate::policy) fn covers(&self, other: &Self) -> bool {
        let follows = |wide: &Literal<'_>| other.0.iter().any(|narrow| narrow.implies(wide));
        self.0.iter().all(follows)
    }

    /// Two literals that no workload can fit at once, if the text proves it.
    pub(in crate::policy) fn contradiction(&self) -> Option<(Literal<'a>, Literal<'a>)> {
        self.0.iter().enumerate().find_map(|(at, first)| {
            let other = self.0.get(at + 1..)?.iter();
            let mut excluded = other.filter(|other| first.implies(&other.opposite()));
            excluded.next().map(|other| {
                // What is asked for stands before what is ruled out.
                if first.holds {
                    (*first, *other)
                } else {
                    (*other, *first)
                }
            })
        })
    }

    fn of(mut literals: Vec<Literal<'a>>) -> Self {
        literals.sort();
        literals.dedup();
        Self(literals)
    }
}

impl Literal<'_> {
    /// Whether a workload that fits this certainly fits the other.
    fn implies(&self, other: &Self) -> bool {
        if self.aspect != other.aspect || self.wanted.label() != other.wanted.label() {
            return false;
        }
        match (self.holds, other.holds) {
            (true, true) => other.wanted.covers(self.wanted),
            (false, false) => self.wanted.covers(other.wanted),
            (true, false) => !self.wanted.meets(other.wanted),
            // What is not one thing may be absent.
            (false, true) => false,
        }
    }

    fn opposite(self) -> Self {
        Self {
            holds: !self.holds,
            ..self
        }
    }
}

impl Wanted {
    /// Whether everything that `narrow` takes is certainly taken by this.
    fn covers(&self, narrow: &Self) -> bool {
        match (self, narrow) {
            (Self::Name(wide), Self::Name(narrow)) => wide.covers(narrow),
            (Self::Label(key, wide), Self::Label(other, narrow)) => {
                key == other && wide.covers(narrow)
            }
            (Self::Hosts(wide), Self::Hosts(narrow)) => wide.covers(narrow),
            (wide, narrow) => wide == narrow,
        }
    }

    /// Whether something may be taken by both.
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(ours), Self::Name(theirs)) => ours.meets(theirs),
            (Self::Label(_, ours), Self::Label(_, theirs)) => ours.meets(theirs),
            (Self::Hosts(ours), Self::Hosts(theirs)) => ours.meets(theirs),
            (ours, theirs) => ours == theirs,
        }
    }
}

fn expand(selector: &Selector, holds: bool) -> Option<Vec<Clause<'_>>> {
    let terms = selector.terms.iter().map(|term| expand_term(term, holds));
    if holds { both(terms) } else { either(terms) }
}

fn expand_term(term: &Term, holds: bool) -> Option<Vec<Clause<'_>>> {
    match term {
        Term::Is(aspect, wanted) => Some(vec![Clause::of(vec![Literal {
            aspect: *aspect,
            wanted,
            holds,
        }])]),
        Term::Any(branches) => {
            let branches = branches.iter().map(|branch| expand(branch, holds));
            if holds {
                either(branches)
            } else {
                both(branches)
            }
        }
        Term::Not(selector) => expand(selector, !holds),
    }
}

fn either<'a>(parts: impl Iterator<Item = Option<Vec<Clause<'a>>>>) -> Option<Vec<Clause<'a>>> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(part?);
        if all.len() > MOST {
            return None;
        }
    }
    Some(all)
}

fn both<'a>(parts: impl Iterator<Item = Option<Vec<Clause<'a>>>>) -> Option<Vec<Clause<'a>>> {
    let mut all = vec![Clause(Vec::new())];
    for part in parts {
        let part = part?;
        if all.len() * part.len() > MOST {
            return None;
        }
        let join = |ours: &Clause<'a>| {
            let joined = part.iter().map(|theirs| {
                let literals = ours.0.iter().chain(&theirs.0).copied();
                Clause::of(literals.collect())
            });
            joined.collect::<Vec<_>>()
        };
        all = all.iter().flat_map(join).collect();
    }
    Some(all)
}

impl fmt::Display for Clause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, literal) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{literal}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.holds {
            f.write_str("not ")?;
        }
        self.wanted.show(self.aspect, f)
    }
}
