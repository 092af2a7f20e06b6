//! Declared destinations.

use std::{collections::HashMap, net::IpAddr};

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use prefix_trie::joint::JointPrefixMap;
use serde::Serialize;

use super::countries::Territory;
use crate::record::{Direction, FlowRecord, Protocol};

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
    /// when a provider or the place of hosting alone declares.
    pub networks: Vec<IpNetwork>,
    /// Providers of the other side, by id. They name destinations beside
    /// `networks`: either suffices.
    pub providers: Vec<String>,
    /// Where the other side must be hosted; empty when that does not matter.
    pub countries: Vec<Territory>,
    /// Where the operator's ultimate parent must have its legal home, by a review
    /// that counts; empty when that does not matter.
    pub operator_domicile: Vec<Territory>,
    /// Whether the other side must not be anycast.
    pub no_anycast: bool,
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

/// Entries, found by address.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    entries: Vec<Entry>,
    by_network: JointPrefixMap<IpNetwork, Vec<usize>>,
    by_provider: HashMap<String, Vec<usize>>,
    /// Those that name no network and no provider.
    anywhere: Vec<usize>,
}

/// An entry that names an address, and how closely.
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
        let mut by_network: JointPrefixMap<IpNetwork, Vec<usize>> = JointPrefixMap::new();
        let mut by_provider = HashMap::new();
        let mut anywhere = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            if entry.networks.is_empty() && entry.providers.is_empty() {
                anywhere.push(number);
            }
            for network in &entry.networks {
                by_network.entry(*network).or_default().push(number);
            }
            for id in &entry.providers {
                let numbers: &mut Vec<usize> = by_provider.entry(id.clone()).or_default();
                numbers.push(number);
            }
        }
        Self {
            entries,
            by_network,
            by_provider,
            anywhere,
        }
    }

    /// Entries that name the provider, by id.
    pub fn of_provider(&self, id: &str) -> impl Iterator<Item = &Entry> {
        let numbers = self.by_provider.get(id).into_iter().flatten();
        numbers.filter_map(|number| self.entries.get(*number))
    }

    /// Entries whose networks hold the address, and those that name neither
    /// networks nor providers.
    pub fn candidates(&self, address: IpAddr) -> impl Iterator<Item = Candidate<'_>> {
        let host = IpNetwork::from(address);
        let named = self.by_network.cover(&host).flat_map(|(network, numbers)| {
            numbers
                .iter()
                .map(move |number| (*number, Some(network.prefix())))
        });
        let anywhere = self.anywhere.iter().map(|number| (*number, None));
        named.chain(anywhere).filter_map(|(number, prefix)| {
            self.entries
                .get(number)
                .map(|entry| Candidate { entry, prefix })
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
