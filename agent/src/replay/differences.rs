//! What is judged otherwise, put together for people.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
};

use serde::Serialize;

use crate::{
    history::{Distinct, Folded, Group, Groups, Interval, MOST_GROUPS, To},
    record::{Direction, Protocol},
    verdict::{Judged, Verdict},
};

/// What another judgement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It would deviate, or deviate more.
    Worse,
    /// It would no longer deviate, or less.
    Better,
    /// The verdict would be as good, by another product, rule or reason.
    Other,
}

impl Effect {
    /// Every effect, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Worse, Self::Better, Self::Other];
}

/// What a judgement says, without its reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Outcome {
    /// The product, if one claims the workload.
    pub product: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// The entry that decided, if one did.
    pub rule: Option<String>,
}

impl Outcome {
    /// What a judgement says.
    pub fn of(judged: &Judged) -> Self {
        Self {
            product: judged.product.clone(),
            verdict: judged.verdict,
            rule: judged.rule.clone(),
        }
    }
}

/// Flows to one destination that are judged otherwise in the same way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Change {
    /// What that means.
    pub effect: Effect,
    /// The other side.
    pub to: To,
    /// Outbound the other side's port, inbound the workload's; 0 where there are none.
    pub port: u16,
    /// IP protocol.
    pub protocol: Protocol,
    /// Who sent first.
    pub direction: Direction,
    /// How they were judged.
    pub before: Outcome,
    /// How they would be.
    pub after: Outcome,
}

/// How much is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Flows.
    pub flows: u64,
    /// Bytes that they sent within the period.
    pub bytes: u64,
}

/// One change with its sums.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Difference<'d> {
    /// The change.
    #[serde(flatten)]
    pub change: &'d Change,
    /// Why it was judged as before, of the first of its flows.
    pub reason_before: &'d str,
    /// Why it would be judged so, of the first of its flows.
    pub reason: &'d str,
    /// Sums over its flows.
    #[serde(flatten)]
    pub group: &'d Group,
}

/// All that is judged otherwise, with bounded memory.
#[derive(Debug)]
pub struct Differences {
    groups: Groups<Change>,
    reasons: BTreeMap<Change, [String; 2]>,
    compared: Amount,
    amounts: BTreeMap<Effect, Amount>,
    flows: Distinct,
}

impl Default for Differences {
    fn default() -> Self {
        Self::new(MOST_GROUPS)
    }
}

impl Differences {
    /// Nothing compared yet; at most so many changes are kept apart.
    pub fn new(most: usize) -> Self {
        Self {
            groups: Groups::new(most),
            reasons: BTreeMap::new(),
            compared: Amount::default(),
            amounts: BTreeMap::new(),
            flows: Distinct::default(),
        }
    }

    /// Compares two judgements of an interval.
    pub fn take(&mut self, interval: &Interval<'_>, before: &Judged, after: &Judged) {
        let flow = interval.flow;
        let bytes = flow.counters.egress_bytes;
        self.compared.flows += u64::from(self.flows.is_new(&None::<Effect>, flow));
        self.compared.bytes += bytes;
        let same = before.verdict == after.verdict
            && before.product == after.product
            && before.rule == after.rule;
        if same {
            return;
        }
        let effect = effect(before.verdict, after.verdict);
        let amount = self.amounts.entry(effect).or_default();
        amount.flows += u64::from(self.flows.is_new(&Some(effect), flow));
        amount.bytes += bytes;
        let record = &before.flow.flow.flow.record;
        let change = Change {
            effect,
            to: To::of(flow),
            port: record.port,
            protocol: record.protocol,
            direction: record.direction,
            before: Outcome::of(before),
            after: Outcome::of(after),
        };
        if self.groups.add(change.clone(), interval) {
            let reasons = [before.reason.clone(), after.reason.clone()];
            self.reasons.insert(change, reasons);
        }
    }

    /// What was compared at all.
    pub fn compared(&self) -> Amount {
        self.compared
    }

    /// How much has that effect, whether it is listed or folded.
    pub fn amount(&self, effect: Effect) -> Amount {
        self.amounts.get(&effect).copied().unwrap_or_default()
    }

    /// What is not listed, since there are too many changes.
    pub fn folded(&self) -> Folded {
        self.groups.folded()
    }

    /// Every change with its sums: worse ones first, then those that sent the most.
    pub fn list(&self) -> Vec<Difference<'_>> {
        let found = self.groups.iter().filter_map(|(change, group)| {
            let [reason_before, reason] = self.reasons.get(change)?;
            Some(Difference {
                change,
                reason_before,
                reason,
                group,
            })
        });
        let mut list: Vec<_> = found.collect();
        list.sort_by_key(|one| (one.change.effect, Reverse(one.group.counters.egress_bytes)));
        list
    }
}

fn effect(before: Verdict, after: Verdict) -> Effect {
    let good = |verdict| gravity(verdict) == 0;
    // Losing sight of whose a deviation is mends nothing, and finding it out breaks nothing.
    let whose = [before, after].contains(&Verdict::Unattributed);
    if whose && !good(before) && !good(after) {
        return Effect::Other;
    }
    match gravity(after).cmp(&gravity(before)) {
        Ordering::Greater => Effect::Worse,
        Ordering::Less => Effect::Better,
        Ordering::Equal => Effect::Other,
    }
}

/// How bad a verdict is.
fn gravity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Internal | Verdict::Declared => 0,
        Verdict::Indeterminate | Verdict::Unattributed => 1,
        Verdict::Expired => 2,
        Verdict::OutOfJurisdiction => 3,
        _ => 4,
    }
}
