//! What was recorded of a destination, for the person who decides about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    history::Interval,
    naming::Grade,
    record::Counters,
    verdict::{Judged, Verdict},
};

/// Texts of one kind that are kept of a destination.
const FEW: usize = 8;

/// A few of many, the first in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Few<T> {
    /// The first.
    pub known: BTreeSet<T>,
    /// Whether there were more.
    pub more: bool,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self {
            known: BTreeSet::new(),
            more: false,
        }
    }
}

impl<T: Ord> Few<T> {
    fn add(&mut self, one: T) {
        self.known.insert(one);
        if self.known.len() > FEW {
            self.known.pop_last();
            self.more = true;
        }
    }

    fn merge(&mut self, other: Self) {
        self.more |= other.more;
        other.known.into_iter().for_each(|one| self.add(one));
    }
}

/// What was recorded of a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Verdicts of its flows.
    pub verdicts: BTreeSet<Verdict>,
    /// Flows.
    pub flows: u64,
    /// What they carried within the period.
    pub counters: Counters,
    /// Names by which it was known, with what each is worth.
    pub names: Few<(String, Grade)>,
    /// Its addresses.
    pub addresses: Few<IpAddr>,
    /// Where it is hosted, with how far the sources agree.
    pub hosted_in: Few<String>,
    /// Who announces its addresses.
    pub operators: Few<String>,
    /// Under whose law its operator is.
    pub domicile: Few<String>,
    /// Workloads that used it.
    pub workloads: Few<String>,
    /// Why an entry that exists does not declare it, by the entry's id.
    pub entries: BTreeMap<String, String>,
    /// Whether all of its flows are undeclared because of these entries: their place, their
    /// time or their amount is not one that the entry admits, or it is denied.
    pub ruled_out: bool,
    /// Whether every source places a flow's destination outside the platform's home.
    pub third_country: bool,
    /// First sight.
    pub first_seen: Timestamp,
    /// Last sight.
    pub last_seen: Timestamp,
}

impl Facts {
    pub(super) fn new(interval: &Interval<'_>) -> Self {
        Self {
            verdicts: BTreeSet::new(),
            flows: 0,
            counters: Counters::default(),
            names: Few::default(),
            addresses: Few::default(),
            hosted_in: Few::default(),
            operators: Few::default(),
            domicile: Few::default(),
            workloads: Few::default(),
            entries: BTreeMap::new(),
            ruled_out: true,
            third_country: false,
            first_seen: interval.first_seen,
            last_seen: interval.last_seen,
        }
    }

    pub(super) fn add(&mut self, interval: &Interval<'_>, judged: &Judged, third_country: bool) {
        let located = &judged.flow;
        let attributed = &located.flow.flow;
        self.verdicts.insert(judged.verdict);
        self.counters = self.counters + interval.flow.counters;
        for name in &located.flow.names.names {
            self.names.add((name.name.to_string(), name.grade));
        }
        self.addresses.add(attributed.record.address);
        self.hosted_in.add(hosted_in(judged));
        if let Some(operator) = &located.place.operator.value {
            self.operators.add(operator.to_string());
        }
        self.domicile.add(domicile(judged));
        self.workloads.add(attributed.workload.name.clone());
        if let Some(rule) = &judged.rule
            && (self.entries.len() < FEW || self.entries.contains_key(rule))
        {
            let reason = self.entries.entry(rule.clone());
            reason.or_insert_with(|| judged.reason.clone());
        }
        let deviates = matches!(
            judged.verdict,
            Verdict::Undeclared | Verdict::OutOfJurisdiction
        );
        self.ruled_out &= deviates && judged.rule.is_some();
        self.third_country |= third_country;
        self.first_seen = self.first_seen.min(interval.first_seen);
        self.last_seen = self.last_seen.max(interval.last_seen);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.verdicts.extend(other.verdicts);
        self.flows += other.flows;
        self.counters = self.counters + other.counters;
        self.names.merge(other.names);
        self.addresses.merge(other.addresses);
        self.hosted_in.merge(other.hosted_in);
        self.operators.merge(other.operators);
        self.domicile.merge(other.domicile);
        self.workloads.merge(other.workloads);
        for (id, reason) in other.entries {
            self.entries.entry(id).or_insert(reason);
        }
        self.ruled_out &= other.ruled_out;
        self.third_country |= other.third_country;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
    }
}

/// `DE (unanimous)`, or why that is not known.
fn hosted_in(judged: &Judged) -> String {
    let hosted = &judged.flow.place.hosted_in;
    let agreement = hosted.agreement.label();
    if let Some(country) = hosted.value {
        return format!("{country} ({agreement})");
    }
    let says = hosted.sources.iter().filter_map(|one| {
        let country = one.value.filter(|_| one.note.is_none())?;
        Some(format!("{} says {country}", one.source))
    });
    let says: Vec<String> = says.collect();
    if says.is_empty() {
        "not known".to_owned()
    } else {
        format!("{agreement} ({})", says.join(", "))
    }
}

/// `provider-b, domiciled in NO`, or why that is not known.
fn domicile(judged: &Judged) -> String {
    let domicile = &judged.flow.operator_domicile;
    let reason = domicile.reason.as_deref().unwrap_or("no reason is given");
    match (&domicile.provider, domicile.country) {
        (Some(provider), Some(country)) => format!("{provider}, domiciled in {country}"),
        (Some(provider), None) => format!("{provider}, domicile not known: {reason}"),
        (None, _) => format!("not known: {reason}"),
    }
}
