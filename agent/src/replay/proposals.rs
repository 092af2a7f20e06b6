//! What entries would declare what was recorded and is not declared. Nothing is declared by
//! it: people decide.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use jiff::Timestamp;
use serde::Serialize;

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

/// Texts of one kind that are kept of a destination.
const FEW: usize = 8;

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
    /// Whether every source places a flow's destination outside the platform's home.
    pub third_country: bool,
    /// First sight.
    pub first_seen: Timestamp,
    /// Last sight.
    pub last_seen: Timestamp,
}

impl Facts {
    fn new(interval: &Interval<'_>) -> Self {
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
            third_country: false,
            first_seen: interval.first_seen,
            last_seen: interval.last_seen,
        }
    }

    fn add(&mut self, interval: &Interval<'_>, judged: &Judged, third_country: bool) {
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
        self.third_country |= third_country;
        self.first_seen = self.first_seen.min(interval.first_seen);
        self.last_seen = self.last_seen.max(interval.last_seen);
    }

    fn merge(&mut self, other: Self) {
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
    nobodys: BTreeMap<String, (u64, Counters)>,
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
            nobodys: BTreeMap::new(),
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
            return self.nobodys(interval.flow, judged);
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

    fn nobodys(&mut self, flow: &FlowInterval, judged: &Judged) {
        let workload = &judged.flow.flow.flow.workload.name;
        if self.nobodys.len() >= self.most && !self.nobodys.contains_key(workload) {
            return add(&mut self.folded, flow);
        }
        let new = self.flows.is_new(workload, flow);
        let (flows, counters) = self.nobodys.entry(workload.clone()).or_default();
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
                    && has_ports(key.protocol) == !one.ports.is_empty()
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
        let nobodys = self.nobodys.into_iter();
        Learned {
            proposals,
            nobodys: nobodys
                .map(|(workload, (flows, counters))| Nobodys {
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
pub struct Nobodys {
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
    pub nobodys: Vec<Nobodys>,
    /// Flows of which the record has no destination.
    pub without_destination: Folded,
    /// What would have needed too many proposals.
    pub folded: Folded,
}
