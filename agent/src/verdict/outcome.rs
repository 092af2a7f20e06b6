//! What entries say of a flow together, under each of its names.

use super::{identity::Identity, judge::Decision, judgement::Verdict, reason::Why};
use crate::naming::DomainName;
use crate::policy::{Candidate, Entry, Product};

/// What one entry says of a flow, the best answer last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// It names the name, but wants it to be worth more.
    WeakName,
    OutsideWindow,
    OverBudget,
    OutOfJurisdiction,
    Expired,
    /// It would declare the destination if its name were known to be one of the
    /// entry's.
    NameUnknown,
    /// It would declare the destination if its autonomous system were known to be one of
    /// the entry's.
    SystemUnknown,
    PlaceUnknown,
    Declared,
}

/// An answer with the entry that gives it.
#[derive(Clone, Copy)]
pub(super) struct Answered<'a> {
    pub(super) answer: Answer,
    pub(super) found: Candidate<'a>,
    /// The product that the entry is of; `None` for the platform.
    pub(super) owner: Option<&'a Product>,
}

/// What all entries say of one identity.
#[derive(Clone, Copy)]
pub(super) struct Outcome<'a> {
    pub(super) identity: Identity<'a>,
    /// The best answer; `None` where no entry speaks of the destination.
    pub(super) best: Option<Answered<'a>>,
}

impl<'a> Outcome<'a> {
    fn verdict(&self) -> Verdict {
        match (self.best.map(|best| best.answer), self.identity) {
            (None | Some(Answer::WeakName | Answer::OutsideWindow | Answer::OverBudget), _) => {
                Verdict::Undeclared
            }
            (Some(Answer::Declared), Identity::Hidden(_)) => Verdict::Indeterminate,
            (Some(Answer::Declared), _) => Verdict::Declared,
            (Some(Answer::PlaceUnknown | Answer::NameUnknown | Answer::SystemUnknown), _) => {
                Verdict::Indeterminate
            }
            (Some(Answer::Expired), _) => Verdict::Expired,
            (Some(Answer::OutOfJurisdiction), _) => Verdict::OutOfJurisdiction,
        }
    }

    /// The decision on a flow of the product that has this identity alone; `spent` tells
    /// what an entry with a budget has carried.
    pub(super) fn decision(
        self,
        product: &'a Product,
        spent: impl Fn(&Entry) -> u64,
    ) -> Decision<'a> {
        let identity = self.identity;
        let Some(Answered {
            answer,
            found: Candidate { entry, .. },
            owner,
        }) = self.best
        else {
            return Decision {
                verdict: Verdict::Undeclared,
                product: Some(product),
                rule: None,
                why: Why::Undeclared(product, identity),
            };
        };
        let why = match (answer, identity) {
            (Answer::Declared, Identity::Hidden(name)) => Why::Hidden(entry, owner, &name.name),
            (Answer::Declared, _) => Why::Declared(entry, owner, identity),
            (Answer::PlaceUnknown, _) => Why::PlaceUnknown(entry, owner, identity),
            (Answer::NameUnknown, _) => Why::NameUnknown(entry, owner),
            (Answer::SystemUnknown, _) => Why::SystemUnknown(entry, owner, identity),
            (Answer::Expired, _) => Why::Expired(entry, owner, identity),
            (Answer::OutOfJurisdiction, _) => Why::Outside(entry, owner, identity),
            (Answer::OutsideWindow, _) => Why::OutsideWindow(entry, owner, identity),
            (Answer::OverBudget, _) => Why::OverBudget(entry, owner, identity, spent(entry)),
            (Answer::WeakName, _) => Why::WeakName(entry, owner, identity),
        };
        Decision {
            verdict: self.verdict(),
            product: Some(product),
            // An entry that is not satisfied by the name does not speak of the flow.
            rule: (answer != Answer::WeakName).then_some(entry),
            why,
        }
    }
}

/// The outcomes of the identities of a flow, put together whatever their order.
#[derive(Default)]
pub(super) struct Outcomes<'a> {
    /// The worst of those that were meant for certain.
    certain: Option<Outcome<'a>>,
    /// The best of those of which one was meant.
    best: Option<Outcome<'a>>,
    /// The worst of those.
    worst: Option<Outcome<'a>>,
}

impl<'a> Outcomes<'a> {
    #[inline]
    pub(super) fn add(&mut self, outcome: Outcome<'a>) {
        let rank = severity(outcome.verdict());
        let worse =
            |than: &Option<Outcome<'_>>| than.is_none_or(|than| severity(than.verdict()) < rank);
        if !outcome.identity.is_guess() {
            if worse(&self.certain) {
                self.certain = Some(outcome);
            }
            return;
        }
        if self.best.is_none_or(|best| rank < severity(best.verdict())) {
            self.best = Some(outcome);
        }
        if worse(&self.worst) {
            self.worst = Some(outcome);
        }
    }

    /// The decision on a flow of the product; `None` if it has no identity.
    pub(super) fn decision(
        self,
        product: &'a Product,
        spent: impl Fn(&Entry) -> u64 + Copy,
    ) -> Option<Decision<'a>> {
        let guessed = match (self.best, self.worst) {
            (Some(best), Some(worst)) => Some(either(best, worst, product, spent)),
            _ => None,
        };
        let certain = self.certain.map(|certain| certain.decision(product, spent));
        match (certain, guessed) {
            (Some(certain), Some(guessed)) => {
                let certain_is_worse = severity(guessed.verdict) < severity(certain.verdict);
                Some(if certain_is_worse { certain } else { guessed })
            }
            (certain, guessed) => certain.or(guessed),
        }
    }
}

/// What holds where nobody can tell which of several was meant, by the best and the worst
/// of them.
fn either<'a>(
    best: Outcome<'a>,
    worst: Outcome<'a>,
    product: &'a Product,
    spent: impl Fn(&Entry) -> u64,
) -> Decision<'a> {
    match (best.verdict(), worst.identity.name(), best.best) {
        // What may be declared is not, and is not undeclared either.
        (Verdict::Indeterminate, ..) => best.decision(product, spent),
        (Verdict::Declared, Some(meant), Some(declared))
            if worst.verdict() != Verdict::Declared =>
        {
            another_name(declared, meant, product)
        }
        _ => worst.decision(product, spent),
    }
}

fn another_name<'a>(
    declared: Answered<'a>,
    meant: &'a DomainName,
    product: &'a Product,
) -> Decision<'a> {
    let entry: &Entry = declared.found.entry;
    Decision {
        verdict: Verdict::Indeterminate,
        product: Some(product),
        rule: Some(entry),
        why: Why::AnotherName(entry, declared.owner, meant),
    }
}

/// How bad a verdict is that entries give.
fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Undeclared => 4,
        Verdict::OutOfJurisdiction => 3,
        Verdict::Expired => 2,
        Verdict::Indeterminate | Verdict::Unattributed => 1,
        Verdict::Declared | Verdict::Internal => 0,
    }
}
