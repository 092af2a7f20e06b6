//! Declared destinations.

use std::{collections::HashMap, net::IpAddr};

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use prefix_trie::joint::JointPrefixMap;
use serde::Serialize;

use super::{countries::Territory, name_pattern::NamePattern};
use crate::{
    naming::{DomainName, Grade},
    record::{Direction, FlowRecord, Protocol},
};

/// Ports from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PortRange {
    /// Lowest.
    pub first: u16,
    /// Highest.
    pub last: u16,
}

/// One declared destination with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Name of the entry, unique in the whole set.
    pub id: String,
    /// What it is for.
    pub purpose: String,
    /// Who answers for it.
    pub owner: String,
    /// Who sends first.
    pub direction: Direction,
    /// Networks of the other side, a single address as its longest prefix. Empty
    /// when the place of hosting alone declares.
    pub networks: Vec<IpNetwork>,
    /// Names of the other side, one of which the workload must know it by; empty
    /// when names do not matter.
    pub names: Vec<NamePattern>,
    /// What the name must be worth at least.
    pub grade: Grade,
    /// Where the other side must be hosted; empty when that does not matter.
    pub countries: Vec<Territory>,
    /// Ports; empty for any.
    pub ports: Vec<PortRange>,
    /// IP protocols; empty for any.
    pub protocols: Vec<Protocol>,
    /// Last day on which the entry declares.
    pub expires: Option<Date>,
}

impl Entry {
    /// Whether direction, protocol and port are those of the flow.
    pub fn takes(&self, record: &FlowRecord) -> bool {
        self.direction == record.direction
            && (self.protocols.is_empty() || self.protocols.contains(&record.protocol))
            && (self.ports.is_empty()
                || (has_ports(record.protocol)
                    && self
                        .ports
                        .iter()
                        .any(|r| (r.first..=r.last).contains(&record.port))))
    }

    /// Whether it names one of the names, or none at all.
    pub fn names_one_of<'n>(&self, mut names: impl Iterator<Item = &'n DomainName>) -> bool {
        self.names.is_empty() || names.any(|name| self.names.iter().any(|p| p.matches(name)))
    }

    /// Whether it is in force on the day.
    pub fn in_force(&self, day: Date) -> bool {
        self.expires.is_none_or(|last| day <= last)
    }
}

/// Whether the protocol numbers its endpoints with ports: TCP, UDP, DCCP, SCTP
/// and UDP-Lite.
pub const fn has_ports(protocol: Protocol) -> bool {
    matches!(protocol.0, 6 | 17 | 33 | 132 | 136)
}

/// Entries, found by address and name.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    entries: Vec<Entry>,
    by_network: JointPrefixMap<IpNetwork, Vec<usize>>,
    /// Those that name no network, by each name, and by what each name is below.
    by_name: HashMap<DomainName, Vec<usize>>,
    by_suffix: HashMap<Box<str>, Vec<usize>>,
    /// Those that name neither network nor name.
    anywhere: Vec<usize>,
    /// Those that name a name, with a network or without.
    named: Vec<usize>,
}

/// An entry that names a destination, and how closely.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Length of the prefix that holds the address; `None` when the entry names
    /// no network.
    pub prefix: Option<u8>,
}

impl Entries {
    /// Indexes the entries.
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        let mut index = Self::default();
        for (number, entry) in entries.iter().enumerate() {
            if !entry.names.is_empty() {
                index.named.push(number);
            }
            for network in &entry.networks {
                let numbers = index.by_network.entry(*network);
                numbers.or_default().push(number);
            }
            if !entry.networks.is_empty() {
                continue;
            }
            if entry.names.is_empty() {
                index.anywhere.push(number);
            }
            for name in &entry.names {
                let numbers = match name {
                    NamePattern::Exact(name) => index.by_name.entry(name.clone()).or_default(),
                    NamePattern::Below(name) => {
                        index.by_suffix.entry(name.as_str().into()).or_default()
                    }
                };
                if numbers.last() != Some(&number) {
                    numbers.push(number);
                }
            }
        }
        index.entries = entries;
        index
    }

    /// Entries whose networks hold the address, those that name one of the names, and
    /// those that name neither. An entry with both networks and names comes by its
    /// network: whether it names one of the names remains to be asked
    /// ([`Entry::names_one_of`]).
    pub fn candidates<'a, 'n>(
        &'a self,
        address: IpAddr,
        names: impl Iterator<Item = &'n DomainName> + 'a,
    ) -> impl Iterator<Item = Candidate<'a>>
    where
        'n: 'a,
    {
        let host = IpNetwork::from(address);
        let in_network = self.by_network.cover(&host).flat_map(|(network, numbers)| {
            numbers
                .iter()
                .map(move |number| (*number, Some(network.prefix())))
        });
        let named = names.flat_map(|name| self.named(name)).map(|n| (n, None));
        let anywhere = self.anywhere.iter().map(|number| (*number, None));
        in_network
            .chain(named)
            .chain(anywhere)
            .filter_map(|(number, prefix)| self.candidate(number, prefix))
    }

    /// Numbers of the entries without networks that name a name.
    fn named<'a>(&'a self, name: &'a DomainName) -> impl Iterator<Item = usize> + 'a {
        let exact = self.by_name.get(name).into_iter().flatten();
        let text = name.as_str();
        let below = text
            .match_indices('.')
            .filter_map(move |(dot, _)| self.by_suffix.get(text.get(dot + 1..)?))
            .flatten();
        exact.chain(below).copied()
    }

    fn candidate(&self, number: usize, prefix: Option<u8>) -> Option<Candidate<'_>> {
        let entry = self.entries.get(number)?;
        Some(Candidate { entry, prefix })
    }

    /// Entries that a name which is not known might satisfy: those that name any, and
    /// whose networks, if they name some, hold the address.
    pub fn with_names(&self, address: IpAddr) -> impl Iterator<Item = Candidate<'_>> {
        self.named.iter().filter_map(move |number| {
            let candidate = self.candidate(*number, None)?;
            let networks = &candidate.entry.networks;
            let prefix = networks
                .iter()
                .filter(|network| network.contains(address))
                .map(IpNetwork::prefix)
                .max();
            (networks.is_empty() || prefix.is_some())
                .then_some(Candidate { prefix, ..candidate })
        })
    }

    /// Every entry, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
