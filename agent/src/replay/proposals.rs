//! What entries would declare what was recorded and is not declared. Nothing is declared by
//! it: people decide.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use serde::Serialize;

use super::facts::Facts;
use crate::{
    history::{Distinct, Folded, Interval, To},
    jurisdiction::{Agreement, NamePattern},
    ledger::FlowInterval,
    naming::{DomainName, Grade},
    policy::{Policy, has_ports},
    record::{Counters, Direction, Protocol, Scope},
    verdict::{Judged, Verdict, meant},
};

/// Destinations that are kept apart at most; each takes about 2 kilobytes.
pub const MOST_PROPOSALS: usize = 4096;

/// The other side, as an entry would name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// By a name that the workload was told by a trusted resolver.
    Name(DomainName),
    /// By its operator, as `providers.toml` knows it.
    Provider(Arc<str>),
    /// By its address.
    Address(IpAddr),
}

impl Serialize for Who {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to().serialize(serializer)
    }
}

impl Who {
    /// As people speak of it.
    pub fn to(&self) -> To {
        match self {
            Self::Name(name) => To::Name(name.clone(), Grade::Answered),
            Self::Provider(id) => To::Provider(Arc::clone(id)),
            Self::Address(address) => To::Address(*address),
        }
    }
}

/// What one entry would declare, without its ports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    product: String,
    direction: Direction,
    who: Who,
    protocol: Protocol,
}

/// What an entry would declare, with the facts that a person decides by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The product whose workloads went there.
    pub product: String,
    /// Who sent first.
    pub direction: Direction,
    /// The other side.
    pub who: Who,
    /// Protocols.
    pub protocols: Vec<Protocol>,
    /// Ports; empty where there are none.
    pub ports: BTreeSet<u16>,
    /// What was recorded.
    pub facts: Facts,
}

/// Collects what is not declared, with bounded memory.
pub struct Proposals<'p> {
    policy: Option<&'p Policy>,
    product: Option<String>,
    most: usize,
    found: BTreeMap<Key, (BTreeSet<u16>, Facts)>,
    unclaimed: BTreeMap<String, (u64, Counters)>,
    without_destination: Folded,
    folded: Folded,
    flows: Distinct,
}

impl<'p> Proposals<'p> {
    /// Nothing collected yet. With a policy, providers that it does not list are not
    /// proposed, and third countries are told. With a product, only for that.
    pub fn new(policy: Option<&'p Policy>, product: Option<&str>) -> Self {
        Self {
            policy,
            product: product.map(str::to_owned),
            most: MOST_PROPOSALS,
            found: BTreeMap::new(),
            unclaimed: BTreeMap::new(),
            without_destination: Folded::default(),
            folded: Folded::default(),
            flows: Distinct::default(),
        }
    }

    /// Keeps at most so many destinations apart.
    #[must_use]
    pub fn at_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Takes an interval as it was judged.
    pub fn take(&mut self, interval: &Interval<'_>, judged: &Judged) {
        if matches!(judged.verdict, Verdict::Internal | Verdict::Declared) {
            return;
        }
        let wanted = self.product.as_ref();
        if wanted.is_some_and(|wanted| judged.product.as_ref() != Some(wanted)) {
            return;
        }
        let record = &judged.flow.flow.flow.record;
        if !matches!(record.scope, Scope::Exact | Scope::Unseen) {
            return add(&mut self.without_destination, interval.flow);
        }
        let Some(product) = &judged.product else {
            return self.unclaimed(interval.flow, judged);
        };
        let third_country = self.third_country(interval, judged);
        for who in self.who(judged) {
            let key = Key {
                product: product.clone(),
                direction: record.direction,
                who,
                protocol: record.protocol,
            };
            if self.found.len() >= self.most && !self.found.contains_key(&key) {
                add(&mut self.folded, interval.flow);
                continue;
            }
            let new = self.flows.is_new(&key, interval.flow);
            let (ports, facts) = self
                .found
                .entry(key)
                .or_insert_with(|| (BTreeSet::new(), Facts::new(interval)));
            if has_ports(record.protocol) && record.port != 0 {
                ports.insert(record.port);
            }
            facts.flows += u64::from(new);
            facts.add(interval, judged, third_country);
        }
    }

    fn unclaimed(&mut self, flow: &FlowInterval, judged: &Judged) {
        let workload = &judged.flow.flow.flow.workload.name;
        if self.unclaimed.len() >= self.most && !self.unclaimed.contains_key(workload) {
            return add(&mut self.folded, flow);
        }
        let new = self.flows.is_new(workload, flow);
        let (flows, counters) = self.unclaimed.entry(workload.clone()).or_default();
        *flows += u64::from(new);
        *counters = *counters + flow.counters;
    }

    /// Whether every source places it outside the platform's home.
    fn third_country(&self, interval: &Interval<'_>, judged: &Judged) -> bool {
        let unanimous = judged.flow.place.hosted_in.agreement == Agreement::Unanimous;
        let day = jiff::tz::Offset::UTC.to_datetime(interval.time).date();
        let outside = || {
            let country = judged.flow.country()?;
            self.policy?.third_country(country, day)
        };
        unanimous && outside() == Some(true)
    }

    /// How entries would name the other side: by every name that it was meant by, where
    /// trusted resolvers gave them all, else by its operator, else by its address.
    fn who(&self, judged: &Judged) -> Vec<Who> {
        let record = &judged.flow.flow.flow.record;
        let names: Option<BTreeSet<Who>> = meant(&judged.flow.flow.names)
            .into_iter()
            .map(|meant| match meant {
                Some((name, Grade::Answered)) if is_host_name(name) => {
                    Some(Who::Name(name.clone()))
                }
                _ => None,
            })
            .collect();
        match names.filter(|names| !names.is_empty()) {
            Some(names) if record.direction == Direction::Outbound => names.into_iter().collect(),
            _ => vec![self.by_address(judged)],
        }
    }

    fn by_address(&self, judged: &Judged) -> Who {
        let provider = judged.flow.operator_domicile.provider.as_ref();
        let listed = |id: &&Arc<str>| {
            self.policy
                .is_none_or(|policy| policy.providers().get(id).is_some())
        };
        match provider.filter(listed) {
            Some(id) => Who::Provider(Arc::clone(id)),
            None => Who::Address(judged.flow.flow.flow.record.address),
        }
    }

    /// What was found: by product, and within one third countries last, then by name,
    /// provider and address. Protocols with the same ports are one proposal.
    pub fn list(self) -> Learned {
        let mut proposals: Vec<Proposal> = Vec::new();
        for (key, (ports, facts)) in self.found {
            let same = |one: &&mut Proposal| {
                one.product == key.product
                    && one.direction == key.direction
                    && one.who == key.who
                    && one.ports == ports
                    && has_ports(key.protocol) != one.ports.is_empty()
            };
            match proposals
                .iter_mut()
                .rev()
                .take_while(|one| one.who == key.who)
                .find(same)
            {
                Some(one) => {
                    one.protocols.push(key.protocol);
                    one.facts.merge(facts);
                }
                None => proposals.push(Proposal {
                    product: key.product,
                    direction: key.direction,
                    who: key.who,
                    protocols: vec![key.protocol],
                    ports,
                    facts,
                }),
            }
        }
        // Stable: within these, the order of keys stays.
        proposals.sort_by(|a, b| {
            (&a.product, a.facts.third_country).cmp(&(&b.product, b.facts.third_country))
        });
        let unclaimed = self.unclaimed.into_iter();
        Learned {
            proposals,
            unclaimed: unclaimed
                .map(|(workload, (flows, counters))| Unclaimed {
                    workload,
                    flows,
                    counters,
                })
                .collect(),
            without_destination: self.without_destination,
            folded: self.folded,
        }
    }
}

/// Whether an entry can have the name.
fn is_host_name(name: &DomainName) -> bool {
    name.as_str().parse::<NamePattern>().is_ok()
}

fn add(folded: &mut Folded, flow: &FlowInterval) {
    folded.intervals += 1;
    folded.counters = folded.counters + flow.counters;
}

/// What a workload did that is no product's, or of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unclaimed {
    /// Its name.
    pub workload: String,
    /// Flows.
    pub flows: u64,
    /// What they carried within the period.
    pub counters: Counters,
}

/// All that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// What entries would declare.
    pub proposals: Vec<Proposal>,
    /// Workloads of which no entry can speak, since no one product claims them.
    pub unclaimed: Vec<Unclaimed>,
    /// Flows of which the record has no destination.
    pub without_destination: Folded,
    /// What would have needed too many proposals.
    pub folded: Folded,
}
