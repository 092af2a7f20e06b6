//! Flows that speak against a claim or leave a doubt, put together.

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr, sync::Arc};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::effect::{Why, operator};
use crate::{
    history::{Interval, To},
    jurisdiction::CountryCode,
    naming::DomainName,
    record::{Counters, Direction, Protocol},
    verdict::Verdict,
};

/// Destinations of workloads that are told apart for a claim; what comes beyond them is
/// counted in the sums only.
const MOST: usize = 4096;

/// What distinguishes flows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FoundFlow {
    /// Why it is listed.
    pub because: Why,
    /// The product, if one claims the workload.
    pub product: Option<String>,
    /// The workload's name.
    pub workload: String,
    /// The other side; the unspecified address where it was not kept apart.
    pub address: IpAddr,
    /// The best name by which the workload knew it.
    pub name: Option<DomainName>,
    /// Outbound the other side's port, inbound the workload's; 0 where there are none.
    pub port: u16,
    /// IP protocol.
    #[serde(serialize_with = "shown")]
    pub protocol: Protocol,
    /// Who sent first.
    pub direction: Direction,
    /// The verdict, as recorded.
    pub verdict: Verdict,
    /// The entry that decided.
    pub rule: Option<String>,
    /// Country of hosting, if it could be told.
    pub country: Option<CountryCode>,
    /// Provider, or autonomous system, if it is known.
    pub operator: Option<Arc<str>>,
}

impl FoundFlow {
    fn of(interval: &Interval<'_>, because: Why) -> Self {
        let judged = &interval.flow.judged;
        let flow = &judged.flow.flow.flow;
        let name = match To::of(interval.flow) {
            To::Name(name, _) => Some(name),
            To::Provider(_) | To::Address(_) | To::Many => None,
        };
        Self {
            because,
            product: judged.product.clone(),
            workload: flow.workload.name.clone(),
            address: flow.record.address,
            name,
            port: flow.record.port,
            protocol: flow.record.protocol,
            direction: flow.record.direction,
            verdict: judged.verdict,
            rule: judged.rule.clone(),
            country: judged.flow.country(),
            operator: operator(&judged.flow),
        }
    }
}

/// As people write it: `tcp`.
fn shown<S: Serializer>(protocol: &Protocol, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(protocol)
}

/// Sums over flows, within the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// Entries of the record.
    pub records: u64,
    /// What they carried.
    pub counters: Counters,
    /// First sight of the first, which may be before the period.
    pub first_seen: Timestamp,
    /// Last sight of the last.
    pub last_seen: Timestamp,
}

/// Flows that were found, for one claim.
#[derive(Debug, Default)]
pub(super) struct Findings {
    groups: BTreeMap<FoundFlow, Sum>,
    records: u64,
    counters: Counters,
}

impl Findings {
    pub(super) fn add(&mut self, interval: &Interval<'_>, because: Why) {
        let counters = interval.flow.counters;
        self.records += 1;
        self.counters = self.counters + counters;
        let key = FoundFlow::of(interval, because);
        let room = self.groups.len() < MOST;
        if let Some(sum) = self.groups.get_mut(&key) {
            sum.records += 1;
            sum.counters = sum.counters + counters;
            sum.first_seen = sum.first_seen.min(interval.first_seen);
            sum.last_seen = sum.last_seen.max(interval.last_seen);
        } else if room {
            let sum = Sum {
                records: 1,
                counters,
                first_seen: interval.first_seen,
                last_seen: interval.last_seen,
            };
            self.groups.insert(key, sum);
        }
    }

    /// Whether there are any.
    pub(super) fn any(&self) -> bool {
        self.records > 0
    }

    /// Those of which the predicate holds, where they were told apart.
    pub(super) fn of(mut self, wanted: impl Fn(&FoundFlow) -> bool) -> Self {
        self.groups.retain(|flow, _| wanted(flow));
        self.records = self.groups.values().map(|sum| sum.records).sum();
        let counters = self.groups.values().map(|sum| sum.counters);
        self.counters = counters.fold(Counters::default(), |all, one| all + one);
        self
    }

    /// The worst first: by why, then by what they carried.
    pub(super) fn found(self) -> Found {
        let mut flows: Vec<_> = self.groups.into_iter().collect();
        flows.sort_by_cached_key(|(flow, sum)| {
            let bytes = sum.counters.egress_bytes + sum.counters.ingress_bytes;
            (flow.because, Reverse(bytes), flow.clone())
        });
        Found {
            flows,
            records: self.records,
            counters: self.counters,
        }
    }
}

/// Flows that speak against a claim, or leave a doubt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What distinguishes them, with their sums, the worst first: at most 4096.
    pub flows: Vec<(FoundFlow, Sum)>,
    /// All entries of the record.
    pub records: u64,
    /// All that they carried.
    pub counters: Counters,
}

impl Found {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }
}
