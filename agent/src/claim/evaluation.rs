//! Takes the record of a period, and says how each claim stands.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    effect::{Effect, Why, effect},
    evaluated::{Completeness, Evaluated, Outcome, Report},
    findings::Findings,
    reasons::Reasons,
    share::Shares,
};
use crate::{
    history::{Interval, Reading, Span},
    policy::{Claims, Condition, Entry, Policy, ReportClaim},
    record::{Counters, Direction},
    verdict::Verdict,
};

/// The claims of a set, in evaluation. The order in which intervals are taken does not
/// matter.
#[derive(Debug)]
pub struct Evaluation<'p> {
    policy: &'p Policy,
    /// Sets that were in force, each from a moment on, in their order.
    in_force: Vec<(Timestamp, &'p Policy)>,
    span: Span,
    /// Products of which a workload was seen.
    seen: BTreeSet<&'p str>,
    trials: Vec<Trial<'p>>,
}

/// One claim, in evaluation.
#[derive(Debug)]
struct Trial<'p> {
    claim: &'p ReportClaim,
    examined: u64,
    against: Findings,
    doubts: Findings,
    shares: Shares,
    /// Flows that count towards a share.
    shared: Findings,
    /// Entries that were used for certain.
    used: BTreeSet<String>,
}

impl<'p> Evaluation<'p> {
    /// Begins to evaluate claims of a set over a period.
    pub fn new(policy: &'p Policy, claims: &'p Claims, span: Span) -> Self {
        let trial = |claim| Trial {
            claim,
            examined: 0,
            against: Findings::default(),
            doubts: Findings::default(),
            shares: Shares::default(),
            shared: Findings::default(),
            used: BTreeSet::new(),
        };
        Self {
            policy,
            in_force: Vec::new(),
            span,
            seen: BTreeSet::new(),
            trials: claims.stated.iter().map(trial).collect(),
        }
    }

    /// Asks for pages, shared entries and countries the sets that were in force, each from
    /// a moment on, in their order; the set of the claims is asked where none of them is.
    #[must_use]
    pub fn by(mut self, in_force: Vec<(Timestamp, &'p Policy)>) -> Self {
        self.in_force = in_force;
        self
    }

    /// Takes a flow interval of the period.
    pub fn take(&mut self, interval: &Interval<'_>) {
        let judged = &interval.flow.judged;
        let product = judged.product.as_deref();
        let product = product.and_then(|name| self.policy.product(name));
        self.seen.extend(product.map(|product| product.name()));
        // Another judgement of a flow that carried nothing since, or an attempt of which
        // nothing left.
        if interval.flow.counters == Counters::default() {
            return;
        }
        let day = interval.time.to_zoned(TimeZone::UTC).date();
        let after = self
            .in_force
            .partition_point(|(from, _)| *from <= interval.time);
        let in_force = after.checked_sub(1).and_then(|at| self.in_force.get(at));
        let policy = in_force.map_or(self.policy, |(_, policy)| *policy);
        for trial in &mut self.trials {
            let effect = effect(trial.claim, policy, judged, day);
            trial.take(interval, effect);
        }
    }

    /// How the claims stand, with what else the record says of the period.
    pub fn finish(self, reading: Reading) -> Report<'p> {
        let completeness = completeness(self.span, reading);
        let (policy, seen, span) = (self.policy, self.seen, self.span);
        let trials = self.trials.into_iter();
        let claims = trials
            .map(|trial| trial.finish(policy, span, &seen, &completeness))
            .collect();
        Report {
            span,
            completeness,
            claims,
        }
    }
}

/// The record speaks of the time from its first entry to its last, but for its gaps: the
/// next start after an end that was not one of the kernel's recording writes one.
fn completeness(span: Span, reading: Reading) -> Completeness {
    let (from, to) = (span.from, span.to);
    let not_recorded = match (reading.record_from, reading.record_to) {
        (Some(first), Some(last)) if first < to && last >= from => {
            let mut parts = Vec::new();
            if from < first {
                parts.push((from, first));
            }
            if last < to {
                parts.push((last, to));
            }
            parts
        }
        _ => vec![(from, to)],
    };
    Completeness {
        not_recorded,
        gaps: reading.gaps,
        more_gaps: reading.more_gaps,
        policies: reading.policies,
    }
}

impl<'p> Trial<'p> {
    fn take(&mut self, interval: &Interval<'_>, effect: Effect) {
        let judged = &interval.flow.judged;
        let product = judged.product.as_deref();
        self.examined += u64::from(product.is_some_and(|name| self.claim.products.contains(name)));
        let bytes = interval.flow.counters.egress_bytes;
        match effect {
            Effect::Nothing => return,
            Effect::Fits => {}
            Effect::Against(why) => self.against.add(interval, why),
            Effect::Doubt(why) => {
                self.shares.add_unknown(bytes);
                self.doubts.add(interval, why);
            }
            Effect::Share(operator) => {
                self.shares.add(&operator, bytes);
                self.shared.add(interval, Why::ShareExceeded);
            }
        }
        if product.is_some()
            && judged.verdict != Verdict::Indeterminate
            && let Some(rule) = &judged.rule
            && matches!(
                self.claim.condition,
                Condition::EveryDisclosedProviderSeen { .. }
            )
            && !self.used.contains(rule)
        {
            self.used.insert(rule.clone());
        }
    }

    fn finish(
        mut self,
        policy: &'p Policy,
        span: Span,
        seen: &BTreeSet<&'p str>,
        completeness: &Completeness,
    ) -> Evaluated<'p> {
        let absent = self.absent(policy, seen);
        let unseen = self.unseen(policy, span, &absent);
        let shares = self.shares.listed();
        let mut doubts = std::mem::take(&mut self.doubts).found();
        let mut against = std::mem::take(&mut self.against);
        let mut contradicted = against.any();
        // Doubts matter only as far as they could change the answer.
        match &self.claim.condition {
            Condition::NoProviderAbove { percent } => {
                let above = self.shares.certainly_above(*percent);
                let is_above =
                    |operator: Option<&_>| operator.is_some_and(|one| above.contains(one));
                against = self.shared.of(|flow| is_above(flow.operator.as_ref()));
                contradicted = !above.is_empty();
                if !self.shares.possibly_above(*percent) {
                    doubts = Findings::default().found();
                }
            }
            Condition::EveryDisclosedProviderSeen { unused }
                if unseen.is_empty() && unused.is_empty() =>
            {
                doubts = Findings::default().found();
            }
            _ => {}
        }
        let against = against.found();
        let may_be_absent = self.claim.absent_ok || absent.is_empty();
        let certain = completeness.is_complete() && doubts.is_empty();
        let outcome = if contradicted || (certain && may_be_absent && !unseen.is_empty()) {
            Outcome::Contradicted
        } else if certain && may_be_absent && unseen.is_empty() {
            Outcome::Upheld
        } else {
            Outcome::Unproven
        };
        let mut evaluated = Evaluated {
            claim: self.claim,
            outcome,
            why: Vec::new(),
            examined: self.examined,
            against,
            doubts,
            absent,
            shares,
            unseen,
        };
        evaluated.why = Reasons {
            evaluated: &evaluated,
            completeness,
        }
        .sentences();
        evaluated
    }

    /// Products of the claim of which no workload was seen. What the confined ones do does
    /// not matter, and so neither whether they were there.
    fn absent(&self, policy: &'p Policy, seen: &BTreeSet<&'p str>) -> Vec<&'p str> {
        let confined = match &self.claim.condition {
            Condition::ExternalProcessingConfinedTo { products } => Some(products),
            _ => None,
        };
        let products = policy.products().map(|product| product.name());
        products
            .filter(|name| self.claim.products.contains(name))
            .filter(|name| confined.is_none_or(|confined| !confined.contains(*name)))
            .filter(|name| !seen.contains(name))
            .collect()
    }

    /// Disclosed entries of the claim's products that were to be used and were not. Those
    /// of products that were not there at all are not among them.
    fn unseen(&self, policy: &'p Policy, span: Span, absent: &[&str]) -> Vec<&'p str> {
        let Condition::EveryDisclosedProviderSeen { unused } = &self.claim.condition else {
            return Vec::new();
        };
        let products = policy.products();
        let present = products.filter(|product| {
            self.claim.products.contains(product.name()) && !absent.contains(&product.name())
        });
        present
            .flat_map(|product| product.entries().iter())
            .filter(|entry| is_due(entry, span))
            .map(|entry| entry.id.as_str())
            .filter(|id| !unused.contains(*id) && !self.used.contains(*id))
            .collect()
    }
}

/// Whether an entry is outbound and disclosed, and was in force on a day of the period.
fn is_due(entry: &Entry, span: Span) -> bool {
    let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
    entry.direction == Direction::Outbound
        && entry.duties.disclosed_at.is_some()
        && entry.expires.is_none_or(|last| day(span.from) <= last)
        && entry.duties.approved_on <= day(span.to)
}
