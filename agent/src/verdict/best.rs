//! The best answer of all entries to one identity.

use std::cmp::Ordering;

use super::{
    identity::Identity,
    outcome::{Answer, Answered, Outcome},
};
use crate::policy::{Candidate, Entry, Product};

/// The best answer so far.
pub(super) struct Best<'a> {
    identity: Identity<'a>,
    answered: Option<Answered<'a>>,
    /// The best of those that deny.
    denied: Option<Answered<'a>>,
}

impl<'a> Best<'a> {
    /// None yet.
    pub(super) fn of(identity: Identity<'a>) -> Self {
        Self {
            identity,
            answered: None,
            denied: None,
        }
    }

    pub(super) fn identity(&self) -> Identity<'a> {
        self.identity
    }

    /// Takes the answer of an entry, unless there is a better one.
    #[inline]
    pub(super) fn take(
        &mut self,
        answer: Answer,
        found: Candidate<'a>,
        owner: Option<&'a Product>,
    ) {
        let denies = found.like.denies();
        let before = if denies { &self.denied } else { &self.answered };
        let Candidate { entry, prefix, .. } = found;
        let order = before.as_ref().map_or(Ordering::Greater, |best| {
            let before = best.found.entry;
            (answer, prefix)
                .cmp(&(best.answer, best.found.prefix))
                .then_with(|| self.closeness(entry).cmp(&self.closeness(before)))
                .then_with(|| before.id.cmp(&entry.id))
        });
        if order == Ordering::Greater {
            let answered = Some(Answered {
                answer,
                found,
                owner,
            });
            if denies {
                self.denied = answered;
            } else {
                self.answered = answered;
            }
        }
    }

    /// How closely an entry names one of the names.
    fn closeness(&self, entry: &Entry) -> Option<(usize, bool)> {
        let fitting = self
            .identity
            .names()
            .flat_map(|name| entry.names.iter().filter(|p| p.fits(name.as_str())));
        fitting
            .map(|pattern| (pattern.name().len(), !pattern.is_wildcard()))
            .max()
    }

    /// What holds of all: what is denied is not declared; what may be denied neither, and
    /// is otherwise as it was.
    pub(super) fn outcome(self) -> Outcome<'a> {
        let declared = self
            .answered
            .is_some_and(|best| best.answer == Answer::Declared);
        let denied = self
            .denied
            .filter(|denied| denied.answer == Answer::Denied || declared);
        Outcome {
            identity: self.identity,
            best: denied.or(self.answered),
        }
    }
}
