//! What is declared, and what of it was seen.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

use super::Policies;
use crate::{
    history::{Interval, Span},
    policy::{Effect, Entry, Policy},
    record::{Counters, Direction},
    verdict::Verdict,
};

/// Entries that are followed; a record names no more than its sets have.
const MOST: usize = 65_536;

/// What flows made of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Used {
    /// What they carried, by verdict.
    pub verdicts: BTreeMap<Verdict, Counters>,
    /// First sight of the first.
    pub first_seen: Timestamp,
    /// Last sight of the last.
    pub last_seen: Timestamp,
}

impl Used {
    /// What they carried.
    pub fn counters(&self) -> Counters {
        let sums = self.verdicts.values();
        sums.fold(Counters::default(), |all, one| all + *one)
    }

    /// Whether one was the entry's for certain.
    pub fn is_certain(&self) -> bool {
        self.verdicts
            .keys()
            .any(|verdict| *verdict != Verdict::Indeterminate)
    }
}

/// An entry of a set that was in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Declared {
    /// Product that it is of; `None` of the platform's.
    pub product: Option<String>,
    /// The entry, as the last set has it.
    pub entry: Entry,
    /// Whether the set that speaks for the period still has it.
    pub is_current: bool,
    /// Whether it was in force on a day of the period.
    pub is_due: bool,
    /// What flows made of it; `None` where none did.
    pub used: Option<Used>,
}

impl Declared {
    /// Whether it is an outbound declaration of something outside, which the customers of
    /// the product may want to read of: it has a legal basis exactly if it leads outside.
    pub fn leads_outside(&self) -> bool {
        self.entry.effect == Effect::Allow
            && self.entry.direction == Direction::Outbound
            && self.entry.duties.legal_basis.is_some()
    }

    /// Whether flows used it although no page discloses it.
    pub fn is_undisclosed(&self) -> bool {
        self.leads_outside()
            && self.entry.duties.disclosed_at.is_none()
            && self.used.as_ref().is_some_and(Used::is_certain)
    }

    /// Whether a page discloses it, it was in force, and no flow used it for certain.
    pub fn is_never_seen(&self) -> bool {
        self.leads_outside()
            && self.is_due
            && self.entry.duties.disclosed_at.is_some()
            && !self.used.as_ref().is_some_and(Used::is_certain)
    }
}

/// Entries, as flows use them.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    used: BTreeMap<String, Used>,
}

impl Gathered {
    pub(super) fn add(&mut self, interval: &Interval<'_>) {
        let judged = &interval.flow.judged;
        let Some(rule) = &judged.rule else {
            return;
        };
        let counters = interval.flow.counters;
        if counters == Counters::default() {
            return;
        }
        if !self.used.contains_key(rule) {
            if self.used.len() >= MOST {
                return;
            }
            let used = Used {
                verdicts: BTreeMap::new(),
                first_seen: interval.first_seen,
                last_seen: interval.last_seen,
            };
            self.used.insert(rule.clone(), used);
        }
        if let Some(used) = self.used.get_mut(rule) {
            let sum = used.verdicts.entry(judged.verdict).or_default();
            *sum = *sum + counters;
            used.first_seen = used.first_seen.min(interval.first_seen);
            used.last_seen = used.last_seen.max(interval.last_seen);
        }
    }

    /// Every entry of the sets, by product and id, the platform's first.
    pub(super) fn finish(mut self, policies: &Policies, span: Span) -> Vec<Declared> {
        let own = policies.own().digest();
        let mut all = BTreeMap::new();
        for policy in policies.all() {
            let is_current = policy.digest() == own;
            for (product, entry) in entries(policy) {
                let declared = Declared {
                    product: product.map(str::to_owned),
                    entry: entry.clone(),
                    is_current,
                    is_due: is_due(entry, span),
                    used: None,
                };
                all.insert(entry.id.clone(), declared);
            }
        }
        let mut all: Vec<Declared> = all.into_values().collect();
        for one in &mut all {
            one.used = self.used.remove(&one.entry.id);
        }
        all.sort_by(|a, b| (&a.product, &a.entry.id).cmp(&(&b.product, &b.entry.id)));
        all
    }
}

fn entries(policy: &Policy) -> impl Iterator<Item = (Option<&str>, &Entry)> {
    let shared = policy.shared().iter().map(|entry| (None, entry));
    let products = policy.products().flat_map(|product| {
        let entries = product.entries().iter();
        entries.map(|entry| (Some(product.name()), entry))
    });
    shared.chain(products)
}

/// Whether the entry was in force on a day of the period.
fn is_due(entry: &Entry, span: Span) -> bool {
    let day = |time: Timestamp| -> Date { time.to_zoned(TimeZone::UTC).date() };
    entry.expires.is_none_or(|last| day(span.from) <= last)
        && entry.duties.approved_on <= day(span.to)
}
