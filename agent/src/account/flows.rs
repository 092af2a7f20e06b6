//! Flows in groups, and their sums by product.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use jiff::Timestamp;
use serde::Serialize;

use super::Policies;
use crate::{
    finding::{self, Jurisdiction},
    history::{Folded, Group, Groups, Interval, To},
    jurisdiction::CountryCode,
    naming::DomainName,
    policy::Posture,
    record::{Counters, Direction, Protocol},
    verdict::Verdict,
};

/// Products that have sums of their own; a record names no more than its sets have.
const MOST_PRODUCTS: usize = 4096;
/// Workloads of a product that are named.
const MOST_WORKLOADS: usize = 1024;

/// What distinguishes flows in an account. Those within the platform have neither peer,
/// name nor place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FlowKind {
    /// The product, if one claims the workload.
    pub product: Option<String>,
    /// The workload's name.
    pub workload: String,
    /// Who sent first.
    pub direction: Direction,
    /// The verdict, as recorded.
    pub verdict: Verdict,
    /// The entry that decided.
    pub rule: Option<String>,
    /// Whose the other side is: a provider, an autonomous system, a network.
    pub peer: Option<finding::Group>,
    /// The best name by which the workload knew it.
    pub name: Option<DomainName>,
    /// Where it is hosted, as far as that is known.
    pub hosted_in: Option<Jurisdiction>,
    /// Legal home of its operator's ultimate parent, if a reviewed statement names it.
    pub domicile: Option<CountryCode>,
}

impl FlowKind {
    fn of(interval: &Interval<'_>) -> Self {
        let judged = &interval.flow.judged;
        let located = &judged.flow;
        let external = judged.verdict != Verdict::Internal;
        let name = match To::of(interval.flow) {
            To::Name(name, _) if external => Some(name),
            _ => None,
        };
        Self {
            product: judged.product.clone(),
            workload: located.flow.flow.workload.name.clone(),
            direction: located.flow.flow.record.direction,
            verdict: judged.verdict,
            rule: judged.rule.clone(),
            peer: finding::Group::of(located).filter(|_| external),
            name,
            hosted_in: external.then(|| Jurisdiction::of(located)),
            domicile: located.operator_domicile.country.filter(|_| external),
        }
    }

    /// Whether the workload sent first, to outside the platform.
    pub fn is_external(&self) -> bool {
        self.verdict != Verdict::Internal && self.direction == Direction::Outbound
    }
}

/// A flow of a group: the first of it in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Met {
    /// The other side.
    pub address: IpAddr,
    /// Outbound its port, inbound the workload's; 0 where there are none.
    pub port: u16,
    /// IP protocol, as people write it.
    pub protocol: String,
    /// Why it was judged so; of what deviates only.
    pub reason: Option<String>,
}

impl Met {
    fn of(interval: &Interval<'_>) -> Self {
        let judged = &interval.flow.judged;
        let record = &judged.flow.flow.flow.record;
        let deviates = !matches!(judged.verdict, Verdict::Internal | Verdict::Declared);
        let protocol: Protocol = record.protocol;
        Self {
            address: record.address,
            port: record.port,
            protocol: protocol.to_string(),
            reason: deviates.then(|| judged.reason.clone()),
        }
    }
}

/// Flows of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowGroup {
    /// What they have in common.
    #[serde(flatten)]
    pub kind: FlowKind,
    /// Their sums.
    #[serde(flatten)]
    pub sum: Group,
    /// The first of them.
    pub met: Met,
}

/// Every flow of a period, in groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    /// In the order of what distinguishes them: at most [`crate::history::MOST_GROUPS`].
    pub groups: Vec<FlowGroup>,
    /// What did not fit into groups of its own; it is in all other sums.
    pub folded: Folded,
    /// Flow intervals of the period.
    pub intervals: u64,
}

/// Sums of what one product's workloads did, or of what no product claims. They hold in
/// full, whatever was folded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductSum {
    /// Its name; `None` of flows that no product claims for certain.
    pub name: Option<String>,
    /// Its name for people, where a set has it.
    pub title: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Whether it may declare external destinations.
    pub posture: Option<Posture>,
    /// Whether any of its workloads was seen.
    pub seen: bool,
    /// Workloads, by name; at most 1024.
    pub workloads: BTreeSet<String>,
    /// What its workloads sent first, by verdict.
    pub outbound: BTreeMap<Verdict, Counters>,
    /// What others sent first, by verdict.
    pub inbound: BTreeMap<Verdict, Counters>,
    /// First sight of the first flow that leads outside.
    pub first_seen: Option<Timestamp>,
    /// Last sight of the last.
    pub last_seen: Option<Timestamp>,
}

impl ProductSum {
    fn new(name: Option<String>) -> Self {
        Self {
            name,
            title: None,
            owner: None,
            posture: None,
            seen: false,
            workloads: BTreeSet::new(),
            outbound: BTreeMap::new(),
            inbound: BTreeMap::new(),
            first_seen: None,
            last_seen: None,
        }
    }

    /// Name for people.
    pub fn label(&self) -> &str {
        let name = self.title.as_deref().or(self.name.as_deref());
        name.unwrap_or("(no product)")
    }

    /// What was carried to and from outside at the workloads' own beginning.
    pub fn external(&self) -> Counters {
        external(&self.outbound)
    }

    /// What was carried at the beginning of somebody outside.
    pub fn reached(&self) -> Counters {
        external(&self.inbound)
    }

    fn add(&mut self, interval: &Interval<'_>) {
        let judged = &interval.flow.judged;
        let flow = &judged.flow.flow.flow;
        self.seen = true;
        if self.workloads.len() < MOST_WORKLOADS && !self.workloads.contains(&flow.workload.name) {
            self.workloads.insert(flow.workload.name.clone());
        }
        let sums = match flow.record.direction {
            Direction::Outbound => &mut self.outbound,
            Direction::Inbound => &mut self.inbound,
        };
        let sum = sums.entry(judged.verdict).or_default();
        *sum = *sum + interval.flow.counters;
        if judged.verdict != Verdict::Internal {
            let (first, last) = (interval.first_seen, interval.last_seen);
            self.first_seen = Some(self.first_seen.map_or(first, |seen| seen.min(first)));
            self.last_seen = Some(self.last_seen.map_or(last, |seen| seen.max(last)));
        }
    }
}

fn external(sums: &BTreeMap<Verdict, Counters>) -> Counters {
    let outside = sums
        .iter()
        .filter(|(verdict, _)| **verdict != Verdict::Internal);
    outside.fold(Counters::default(), |all, (_, one)| all + *one)
}

/// Flows, as they come.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    groups: Groups<FlowKind>,
    met: BTreeMap<FlowKind, Met>,
    products: BTreeMap<Option<String>, ProductSum>,
    intervals: u64,
}

impl Gathered {
    pub(super) fn add(&mut self, interval: &Interval<'_>) {
        self.intervals += 1;
        let kind = FlowKind::of(interval);
        let product = &interval.flow.judged.product;
        if let Some(sum) = self.products.get_mut(product) {
            sum.add(interval);
        } else if self.products.len() < MOST_PRODUCTS {
            let mut sum = ProductSum::new(product.clone());
            sum.add(interval);
            self.products.insert(product.clone(), sum);
        }
        if self.groups.add(kind.clone(), interval) {
            self.met.insert(kind, Met::of(interval));
        }
    }

    /// The groups, and the sums of every product of the sets, seen or not; what no
    /// product claims comes last.
    pub(super) fn finish(mut self, policies: &Policies) -> (Flows, Vec<ProductSum>) {
        for policy in policies.all() {
            for product in policy.products() {
                let name = Some(product.name().to_owned());
                let entry = self.products.entry(name.clone());
                let sum = entry.or_insert_with(|| ProductSum::new(name));
                sum.title = Some(product.title().to_owned());
                sum.owner = Some(product.owner().to_owned());
                sum.posture = Some(product.posture());
            }
        }
        let nobodys = self.products.remove(&None);
        let products = self.products.into_values().chain(nobodys).collect();
        let mut met = self.met;
        let groups = self.groups.iter().filter_map(|(kind, sum)| {
            Some(FlowGroup {
                met: met.remove(kind)?,
                kind: kind.clone(),
                sum: *sum,
            })
        });
        let flows = Flows {
            groups: groups.collect(),
            folded: self.groups.folded(),
            intervals: self.intervals,
        };
        (flows, products)
    }
}
