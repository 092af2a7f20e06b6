//! Flows put together by what distinguishes them for people.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    hash::BuildHasher as _,
    net::IpAddr,
    sync::Arc,
};

use foldhash::quality::FixedState;
use jiff::Timestamp;
use serde::Serialize;

use super::Interval;
use crate::{
    ledger::FlowInterval,
    naming::{DomainName, Grade, Names},
    record::{Counters, Direction, Protocol, Scope},
    verdict::Verdict,
};

/// Groups that are kept apart at most; each takes about 500 bytes.
pub const MOST_GROUPS: usize = 16_384;

/// Flows that are told apart at most, over all groups; each takes about 20 bytes.
const MOST_FLOWS: usize = 1 << 20;

/// The other side, as people speak of it: by the best name that the workload knows it by,
/// else by its provider, else by its address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum To {
    /// A name, and what it is worth.
    Name(DomainName, Grade),
    /// A provider of `providers.toml`, by id.
    Provider(Arc<str>),
    /// An address.
    Address(IpAddr),
    /// Not known, since the kernel had no room to keep it apart.
    Many,
}

impl To {
    /// The other side of a flow.
    pub fn of(flow: &FlowInterval) -> Self {
        let located = &flow.judged.flow;
        let record = &located.flow.flow.record;
        if !matches!(record.scope, Scope::Exact | Scope::Unseen) {
            return Self::Many;
        }
        if let Some((name, grade)) = best_name(&located.flow.names) {
            return Self::Name(name.clone(), grade);
        }
        match &located.operator_domicile.provider {
            Some(provider) => Self::Provider(Arc::clone(provider)),
            None => Self::Address(record.address),
        }
    }
}

/// The name of the best grade; of several, the one that was also said to the destination,
/// else the first by name.
fn best_name(names: &Names) -> Option<(&DomainName, Grade)> {
    let said = |name: &DomainName| names.presented().any(|said| said.name == *name);
    let best = names.names.iter().map(|name| (&name.name, name.grade));
    best.min_by_key(|(name, grade)| (std::cmp::Reverse(*grade), !said(name), *name))
}

/// `{"by": "name", "name": "api.provider.example", "grade": "answered"}`.
impl Serialize for To {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "by", rename_all = "snake_case")]
        enum Object<'a> {
            Name { name: &'a DomainName, grade: Grade },
            Provider { provider: &'a str },
            Address { address: IpAddr },
            Many,
        }
        match self {
            Self::Name(name, grade) => Object::Name {
                name,
                grade: *grade,
            },
            Self::Provider(provider) => Object::Provider { provider },
            Self::Address(address) => Object::Address { address: *address },
            Self::Many => Object::Many,
        }
        .serialize(serializer)
    }
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name, _) => name.fmt(f),
            Self::Provider(id) => f.pad(id),
            Self::Address(address) => f.pad(&address.to_string()),
            Self::Many => f.pad("(many)"),
        }
    }
}

/// What distinguishes flows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Kind {
    /// The product, if one claims the workload.
    pub product: Option<String>,
    /// The workload's name.
    pub workload: String,
    /// The other side.
    pub to: To,
    /// Outbound the other side's port, inbound the workload's; 0 where there are none.
    pub port: u16,
    /// IP protocol.
    pub protocol: Protocol,
    /// Who sent first.
    pub direction: Direction,
    /// The verdict.
    pub verdict: Verdict,
}

impl Kind {
    /// What distinguishes a flow.
    pub fn of(flow: &FlowInterval) -> Self {
        let judged = &flow.judged;
        let flow_of = &judged.flow.flow.flow;
        let record = &flow_of.record;
        Self {
            product: judged.product.clone(),
            workload: flow_of.workload.name.clone(),
            to: To::of(flow),
            port: record.port,
            protocol: record.protocol,
            direction: record.direction,
            verdict: judged.verdict,
        }
    }
}

/// Sums of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// How many flows.
    pub flows: u64,
    /// What they carried within the period.
    pub counters: Counters,
    /// First sight of the first.
    pub first_seen: Timestamp,
    /// Last sight of the last.
    pub last_seen: Timestamp,
}

impl Group {
    fn new(interval: &Interval<'_>) -> Self {
        Self {
            flows: 0,
            counters: Counters::default(),
            first_seen: interval.first_seen,
            last_seen: interval.last_seen,
        }
    }

    fn add(&mut self, interval: &Interval<'_>, new: bool) {
        self.flows += u64::from(new);
        self.counters = self.counters + interval.flow.counters;
        self.first_seen = self.first_seen.min(interval.first_seen);
        self.last_seen = self.last_seen.max(interval.last_seen);
    }
}

/// What did not fit into groups of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Folded {
    /// Flow intervals.
    pub intervals: u64,
    /// What they carried.
    pub counters: Counters,
}

/// Flows of a period in groups, with bounded memory: once there are `most` groups, what
/// would need a further one is folded and counted.
#[derive(Debug)]
pub struct Groups<K = Kind> {
    most: usize,
    groups: BTreeMap<K, Group>,
    folded: Folded,
    flows: Distinct,
}

impl<K: Ord> Default for Groups<K> {
    fn default() -> Self {
        Self::new(MOST_GROUPS)
    }
}

impl<K: Ord> Groups<K> {
    /// No flows yet, at most so many groups.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            groups: BTreeMap::new(),
            folded: Folded::default(),
            flows: Distinct::default(),
        }
    }

    /// Adds an interval to the group of `kind`, which must tell apart what is to be
    /// counted apart. Gives whether it is the first of a group.
    pub fn add(&mut self, kind: K, interval: &Interval<'_>) -> bool
    where
        K: std::hash::Hash,
    {
        let first = !self.groups.contains_key(&kind);
        if first && self.groups.len() >= self.most {
            self.folded.intervals += 1;
            self.folded.counters = self.folded.counters + interval.flow.counters;
            return false;
        }
        let new = self.flows.is_new(&kind, interval.flow);
        let group = self.groups.entry(kind);
        group
            .or_insert_with(|| Group::new(interval))
            .add(interval, new);
        first
    }

    /// The groups, in the order of what distinguishes them.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Group)> {
        self.groups.iter()
    }

    /// What did not fit.
    pub fn folded(&self) -> Folded {
        self.folded
    }
}

impl Groups {
    /// Adds an interval to the group that it is of.
    pub fn take(&mut self, interval: &Interval<'_>) {
        self.add(Kind::of(interval.flow), interval);
    }
}

/// Tells a flow's first interval in a group from its further ones.
#[derive(Debug, Default)]
pub(crate) struct Distinct {
    seen: HashSet<u64, FixedState>,
}

impl Distinct {
    /// Whether the flow was not seen yet in that group. Beyond [`MOST_FLOWS`], a flow
    /// counts where it begins.
    pub(crate) fn is_new(&mut self, group: &impl std::hash::Hash, flow: &FlowInterval) -> bool {
        let record = &flow.judged.flow.flow.flow.record;
        // Slot and first sight suffice, but for what no slot counts.
        let identity = (
            (group, &flow.recording, flow.slot, record.first_ns),
            (record.cgroup, record.address, record.port, record.protocol),
        );
        let hash = FixedState::default().hash_one(identity);
        if self.seen.len() < MOST_FLOWS {
            return self.seen.insert(hash);
        }
        !self.seen.contains(&hash) && flow.counters == record.counters
    }
}
