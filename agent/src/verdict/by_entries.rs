//! What the entries say of a flow of a product.
//!
//! For each name under which the workload may have meant the destination
//! ([`Identity`]), the best answer of all entries holds: `declared`, else
//! `indeterminate` (an entry names the destination, and its place or the name is not
//! known), else `expired` (an entry would have declared it), else
//! `out_of_jurisdiction`, else `undeclared`. So another entry can only better a
//! verdict. Between equal answers the narrowest network decides, then the closest
//! name, then the id.
//!
//! Of several names that it said to the destination, the worst counts: each was
//! meant. Of several that it was told, each may have been meant: where they are not
//! judged alike, the flow is `indeterminate`.

use std::cmp::Reverse;

use jiff::civil::Date;

use super::{
    identity::Identity,
    judge::{Decision, agreed},
    judgement::Verdict,
    reason::Why,
};
use crate::{
    jurisdiction::Located,
    policy::{Candidate, Entry, Policy, Product},
};

/// What one entry says of a flow, the best answer last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    /// It names the name, but wants it to be worth more.
    WeakName,
    OutOfJurisdiction,
    Expired,
    /// It would declare the destination if its name were known to be one of the
    /// entry's.
    NameUnknown,
    PlaceUnknown,
    Declared,
}

/// An answer with the entry that gives it.
#[derive(Clone, Copy)]
struct Answered<'a> {
    answer: Answer,
    found: Candidate<'a>,
    /// The product that the entry is of; `None` for the platform.
    owner: Option<&'a Product>,
}

/// The flow and what it is judged by.
struct Case<'a> {
    flow: &'a Located,
    policy: &'a Policy,
    product: &'a Product,
    today: Date,
}

/// Judges a flow of a product that goes outside.
pub(super) fn by_entries<'a>(
    flow: &'a Located,
    policy: &'a Policy,
    product: &'a Product,
    today: Date,
) -> Decision<'a> {
    let case = Case {
        flow,
        policy,
        product,
        today,
    };
    let mut decided: Option<(Identity<'a>, Decision<'a>)> = None;
    for identity in Identity::of(&flow.flow.names) {
        let decision = case.decide(identity);
        decided = Some(match decided {
            None => (identity, decision),
            Some(before) => worse(before, (identity, decision)),
        });
    }
    let (_, decision) = decided.unwrap_or_else(|| {
        let nameless = Identity::Nameless;
        (nameless, case.decide(nameless))
    });
    decision
}

/// Puts the outcomes of two identities together.
fn worse<'a>(
    a: (Identity<'a>, Decision<'a>),
    b: (Identity<'a>, Decision<'a>),
) -> (Identity<'a>, Decision<'a>) {
    let guess = a.0.is_guess() && b.0.is_guess();
    let (bad, good) = if severity(a.1.verdict) >= severity(b.1.verdict) {
        (a, b)
    } else {
        (b, a)
    };
    if !guess || bad.1.verdict == good.1.verdict || good.1.verdict != Verdict::Declared {
        return bad;
    }
    // One of them is declared and the other is not, and nobody can tell which it was.
    let (Some(meant), Some(entry)) = (bad.0.name(), good.1.rule) else {
        return bad;
    };
    let decision = Decision {
        verdict: Verdict::Indeterminate,
        product: good.1.product,
        rule: Some(entry),
        why: Why::AnotherName(entry, owner(&good.1), meant),
    };
    (good.0, decision)
}

fn owner<'a>(decision: &Decision<'a>) -> Option<&'a Product> {
    match decision.why {
        Why::Declared(_, owner, _) => owner,
        _ => decision.product,
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

impl<'a> Case<'a> {
    /// The best answer of all entries to one identity.
    fn decide(&self, identity: Identity<'a>) -> Decision<'a> {
        let best = self
            .answers(identity)
            .chain(self.unknown_names())
            .max_by_key(|answered| {
                let Candidate { entry, prefix } = answered.found;
                let closeness = identity
                    .names()
                    .flat_map(|name| entry.names.iter().filter(|p| p.matches(name)))
                    .map(crate::policy::NamePattern::closeness)
                    .max();
                (answered.answer, prefix, closeness, Reverse(&entry.id))
            });
        let Some(Answered {
            answer,
            found: Candidate { entry, .. },
            owner,
        }) = best
        else {
            return Decision {
                verdict: Verdict::Undeclared,
                product: Some(self.product),
                rule: None,
                why: Why::Undeclared(self.product, identity),
            };
        };
        let (verdict, why) = match answer {
            Answer::Declared => match identity {
                Identity::Hidden(name) => (
                    Verdict::Indeterminate,
                    Why::Hidden(entry, owner, &name.name),
                ),
                _ => (Verdict::Declared, Why::Declared(entry, owner, identity)),
            },
            Answer::PlaceUnknown => (
                Verdict::Indeterminate,
                Why::PlaceUnknown(entry, owner, identity),
            ),
            Answer::NameUnknown => (Verdict::Indeterminate, Why::NameUnknown(entry, owner)),
            Answer::Expired => (Verdict::Expired, Why::Expired(entry, owner, identity)),
            Answer::OutOfJurisdiction => (
                Verdict::OutOfJurisdiction,
                Why::Outside(entry, owner, identity),
            ),
            Answer::WeakName => (Verdict::Undeclared, Why::WeakName(entry, owner, identity)),
        };
        Decision {
            verdict,
            product: Some(self.product),
            // An entry that is not satisfied by the name does not speak of the flow.
            rule: (answer != Answer::WeakName).then_some(entry),
            why,
        }
    }

    /// Answers of the entries that name the destination.
    fn answers(&self, identity: Identity<'a>) -> impl Iterator<Item = Answered<'a>> + '_ {
        let record = &self.flow.flow.flow.record;
        let own = self
            .product
            .entries()
            .candidates(record.address, identity.names())
            .map(|found| (found, Some(self.product)));
        let shared = self
            .policy
            .shared()
            .candidates(record.address, identity.names())
            .map(|found| (found, None));
        own.chain(shared)
            .filter(move |(found, _)| found.entry.takes(record))
            .filter(move |(found, _)| found.entry.names_one_of(identity.names()))
            .filter_map(move |(found, owner)| {
                self.answer(found, identity).map(|answer| Answered {
                    answer,
                    found,
                    owner,
                })
            })
    }

    /// Entries that the name which is missing might satisfy.
    fn unknown_names(&self) -> impl Iterator<Item = Answered<'a>> + '_ {
        let names = &self.flow.flow.names;
        let doubtful = names.missing.as_ref().is_some_and(|m| m.leaves_doubt())
            && names.answered().next().is_none();
        let record = &self.flow.flow.flow.record;
        let own = self.product.entries().with_names(record.address);
        let shared = self.policy.shared().with_names(record.address);
        own.map(|found| (found, Some(self.product)))
            .chain(shared.map(|found| (found, None)))
            .filter(move |_| doubtful)
            .filter(move |(found, _)| found.entry.takes(record))
            .filter(move |(found, _)| {
                found.entry.in_force(self.today)
                    && admitted(found.entry, self.flow, self.policy, self.today) != Some(false)
            })
            // A name that was said and is none of the entry's rules it out.
            .filter(move |(found, _)| {
                let mut said = names.presented().peekable();
                said.peek().is_none()
                    || said.all(|name| found.entry.names_one_of(std::iter::once(&name.name)))
            })
            .map(|(found, owner)| Answered {
                answer: Answer::NameUnknown,
                found,
                owner,
            })
    }

    /// What an entry that names the destination says of it; `None` when it does not
    /// speak of it after all.
    fn answer(&self, found: Candidate<'_>, identity: Identity<'_>) -> Option<Answer> {
        let entry = found.entry;
        if !entry.names.is_empty() && identity.grade() < Some(entry.grade) {
            return entry.in_force(self.today).then_some(Answer::WeakName);
        }
        let admitted = admitted(entry, self.flow, self.policy, self.today);
        if !entry.in_force(self.today) {
            // Not in force, it can say only what it would have said.
            return (admitted == Some(true)).then_some(Answer::Expired);
        }
        match admitted {
            Some(true) => Some(Answer::Declared),
            None => Some(Answer::PlaceUnknown),
            // Where the place is all that an entry names, another place is not a
            // breach of its condition but a destination that it does not name.
            Some(false) => {
                let names = found.prefix.is_some() || !entry.names.is_empty();
                names.then_some(Answer::OutOfJurisdiction)
            }
        }
    }
}

/// Whether the entry admits the place; `None` when that cannot be told.
fn admitted(entry: &Entry, flow: &Located, policy: &Policy, today: Date) -> Option<bool> {
    if entry.countries.is_empty() {
        return Some(true);
    }
    let country = agreed(&flow.hosted_in)?;
    policy
        .country_sets()
        .contains_any(&entry.countries, country, today)
}
