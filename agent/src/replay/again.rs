//! Judges recorded flows again.

use std::sync::Arc;

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

use crate::{
    history::Interval,
    jurisdiction::{Databases, Relocator},
    policy::Policy,
    record::Counters,
    verdict::{Judged, Moment, Spent, Verdict, judge},
};

/// Judges recorded flows by a policy, each as of the time at which it was judged.
///
/// What was attributed and named stays as it was recorded, and so do places unless
/// databases are given. Operators are those of the policy's own table.
pub struct Replay<'p> {
    policy: &'p Policy,
    relocator: Relocator,
    spent: Spent,
}

impl<'p> Replay<'p> {
    /// Judges by this policy and, where they are given, by these databases.
    pub fn new(policy: &'p Policy, databases: Option<Arc<Databases>>) -> Self {
        Self {
            policy,
            relocator: Relocator::new(databases, Arc::clone(policy.providers())),
            spent: Spent::default(),
        }
    }

    /// Goes on from what entries with a budget have carried before.
    #[must_use]
    pub fn with_spent(mut self, spent: Spent) -> Self {
        self.spent = spent;
        self
    }

    /// What entries with a budget have carried so far.
    pub fn into_spent(self) -> Spent {
        self.spent
    }

    /// The flow as the policy judges it. Intervals must come in the order of time, for
    /// what an entry has carried before counts ([`Replay::needs_from`]).
    pub fn judge(&mut self, interval: &Interval<'_>) -> Judged {
        let time = as_of(interval);
        let at = Offset::UTC.to_datetime(time);
        let located = self.relocator.locate(&interval.flow.judged.flow, at.date());
        let spent = &self.spent;
        let mut judged = judge(located, self.policy, Moment::new(time, spent));
        // What the interval carried has been carried by its end, as of which it is judged.
        // Each turn uses up the budget of another entry.
        let bytes = interval.flow.counters.egress_bytes;
        while self.spent.charge(self.policy, &judged, bytes, at) {
            let spent = &self.spent;
            judged = judge(judged.flow, self.policy, Moment::new(time, spent));
            if judged.verdict != Verdict::Declared {
                break;
            }
        }
        judged
    }

    /// From when on the record must be judged to judge it right from a moment on: where
    /// entries have budgets, from the beginning of the earliest of their current periods.
    pub fn needs_from(&self, from: Timestamp) -> Timestamp {
        let day = Offset::UTC.to_datetime(from).date();
        let own = self
            .policy
            .products()
            .flat_map(|product| product.entries().iter());
        let budgets = own
            .chain(self.policy.shared().iter())
            .filter_map(|entry| entry.budget);
        let begins = budgets.filter_map(|budget| {
            let midnight = budget.per.begin(day).to_zoned(TimeZone::UTC).ok()?;
            Some(midnight.timestamp())
        });
        begins.min().map_or(from, |begin| begin.min(from))
    }
}

/// As of when an interval was judged: what was counted before a day began or a window closed
/// keeps its verdict, even if it is written later; an interval that counts nothing is there
/// because the flow was judged anew.
fn as_of(interval: &Interval<'_>) -> Timestamp {
    if interval.flow.counters == Counters::default() {
        interval.time
    } else {
        interval.last_seen
    }
}
