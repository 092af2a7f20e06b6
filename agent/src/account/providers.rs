//! Who operates what was reached outside.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{
    finding::{Group, Jurisdiction},
    history::Interval,
    jurisdiction::CountryCode,
    record::{Counters, Direction},
    verdict::Verdict,
};

/// Operators that have sums of their own; each takes about 1 KiB.
const MOST: usize = 4096;

/// Sums of one operator: a provider of `providers.toml`, an autonomous system, or a
/// network of which neither is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderSum {
    /// Who.
    pub peer: Group,
    /// Legal entity, by the table of providers.
    pub legal_entity: Option<Arc<str>>,
    /// Its ultimate parent.
    pub parent: Option<Arc<str>>,
    /// Organisation that the autonomous system is registered to, by the databases.
    pub organisation: Option<Arc<str>>,
    /// Legal homes of the ultimate parent that a reviewed statement names. More than one
    /// only where the table changed within the period.
    pub domiciles: BTreeSet<CountryCode>,
    /// Whether for some of it no reviewed statement names a home.
    pub domicile_unknown: bool,
    /// What workloads exchanged with it at their own beginning.
    pub outbound: Counters,
    /// What they exchanged at its beginning.
    pub inbound: Counters,
    /// IP bytes sent to it, by product, of what workloads began.
    #[serde(serialize_with = "by_product")]
    pub products: BTreeMap<Option<String>, u64>,
    /// The same by place of hosting.
    pub hosted_in: BTreeMap<Jurisdiction, u64>,
    /// The same by verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// First sight.
    pub first_seen: Timestamp,
    /// Last sight.
    pub last_seen: Timestamp,
}

impl ProviderSum {
    fn new(peer: Group, interval: &Interval<'_>) -> Self {
        let located = &interval.flow.judged.flow;
        let domicile = &located.operator_domicile;
        let system = located.place.operator.value.as_ref();
        Self {
            peer,
            legal_entity: domicile.legal_entity.clone(),
            parent: domicile.parent.clone(),
            organisation: system.and_then(|one| one.organisation.clone()),
            domiciles: BTreeSet::new(),
            domicile_unknown: false,
            outbound: Counters::default(),
            inbound: Counters::default(),
            products: BTreeMap::new(),
            hosted_in: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            first_seen: interval.first_seen,
            last_seen: interval.last_seen,
        }
    }

    fn add(&mut self, interval: &Interval<'_>) {
        let judged = &interval.flow.judged;
        let counters = interval.flow.counters;
        match judged.flow.operator_domicile.country {
            Some(country) => drop(self.domiciles.insert(country)),
            None => self.domicile_unknown = true,
        }
        self.first_seen = self.first_seen.min(interval.first_seen);
        self.last_seen = self.last_seen.max(interval.last_seen);
        if judged.flow.flow.flow.record.direction == Direction::Inbound {
            self.inbound = self.inbound + counters;
            return;
        }
        self.outbound = self.outbound + counters;
        let bytes = counters.egress_bytes;
        if let Some(sum) = self.products.get_mut(&judged.product) {
            *sum += bytes;
        } else {
            self.products.insert(judged.product.clone(), bytes);
        }
        let place = Jurisdiction::of(&judged.flow);
        *self.hosted_in.entry(place).or_default() += bytes;
        *self.verdicts.entry(judged.verdict).or_default() += bytes;
    }

    /// Name for people: the legal entity or organisation, else what it is known by.
    pub fn label(&self) -> String {
        match self.legal_entity.as_ref().or(self.organisation.as_ref()) {
            Some(name) => name.to_string(),
            None => self.peer.to_string(),
        }
    }
}

/// As a list, since there is a product that has no name.
fn by_product<S: Serializer>(
    sums: &BTreeMap<Option<String>, u64>,
    to: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Part<'a> {
        product: Option<&'a str>,
        bytes: u64,
    }
    to.collect_seq(sums.iter().map(|(product, bytes)| Part {
        product: product.as_deref(),
        bytes: *bytes,
    }))
}

/// Who operates what was reached outside, or reached in from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Providers {
    /// By bytes that were sent to them, the most first: at most 4096.
    pub listed: Vec<ProviderSum>,
    /// IP bytes sent to operators beyond those.
    pub folded_bytes: u64,
    /// IP bytes sent to where no destination was kept apart.
    pub unknown_bytes: u64,
    /// IP bytes that workloads sent outside at their own beginning, in full.
    pub external_bytes: u64,
}

impl Providers {
    /// Share of the bytes that workloads sent outside, in tenths of a percent, rounded
    /// down; `None` where nothing was sent.
    pub fn per_mille(&self, bytes: u64) -> Option<u64> {
        per_mille(bytes, self.external_bytes)
    }
}

/// A share in tenths of a percent, rounded down; `None` of nothing.
pub(crate) fn per_mille(bytes: u64, of: u64) -> Option<u64> {
    let share = (u128::from(bytes) * 1000).checked_div(u128::from(of))?;
    u64::try_from(share).ok()
}

/// Operators, as they come.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    by_peer: BTreeMap<Group, ProviderSum>,
    sums: Providers,
}

impl Gathered {
    pub(super) fn add(&mut self, interval: &Interval<'_>) {
        let judged = &interval.flow.judged;
        if judged.verdict == Verdict::Internal {
            return;
        }
        let outbound = judged.flow.flow.flow.record.direction == Direction::Outbound;
        let bytes = if outbound {
            interval.flow.counters.egress_bytes
        } else {
            0
        };
        self.sums.external_bytes += bytes;
        let Some(peer) = Group::of(&judged.flow) else {
            self.sums.unknown_bytes += bytes;
            return;
        };
        if let Some(sum) = self.by_peer.get_mut(&peer) {
            sum.add(interval);
        } else if self.by_peer.len() < MOST {
            let mut sum = ProviderSum::new(peer.clone(), interval);
            sum.add(interval);
            self.by_peer.insert(peer, sum);
        } else {
            self.sums.folded_bytes += bytes;
        }
    }

    pub(super) fn finish(self) -> Providers {
        let mut listed: Vec<ProviderSum> = self.by_peer.into_values().collect();
        listed.sort_by_cached_key(|one| (Reverse(one.outbound.egress_bytes), one.peer.clone()));
        Providers {
            listed,
            ..self.sums
        }
    }
}
