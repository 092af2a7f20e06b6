//! Entries, found by what they name.

use std::{collections::HashMap, net::IpAddr};

use ipnetwork::IpNetwork;
use prefix_trie::joint::JointPrefixMap;

use super::entry::Entry;
use crate::naming::DomainName;

/// Entries, found by address, provider and name.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    entries: Vec<Entry>,
    by_network: JointPrefixMap<IpNetwork, Vec<usize>>,
    by_provider: HashMap<String, Vec<usize>>,
    /// Those that name neither network nor provider, by each name, and by what each
    /// name is below.
    by_name: HashMap<Box<str>, Vec<usize>>,
    by_suffix: HashMap<Box<str>, Vec<usize>>,
    /// Those that name none of these.
    anywhere: Vec<usize>,
    /// Those that hang on a name, whatever else they name.
    named: Vec<usize>,
}

/// An entry that may name a destination, and how closely.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Length of the prefix that holds the address; `None` when the entry was not
    /// found by a network.
    pub prefix: Option<u8>,
}

impl Entries {
    /// Indexes the entries.
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        let mut index = Self::default();
        for (number, entry) in entries.iter().enumerate() {
            index.add(number, entry);
        }
        index.entries = entries;
        index
    }

    fn add(&mut self, number: usize, entry: &Entry) {
        if !entry.names.is_empty() || !entry.providers.is_empty() {
            self.named.push(number);
        }
        for network in &entry.networks {
            let numbers = self.by_network.entry(*network);
            numbers.or_default().push(number);
        }
        for id in &entry.providers {
            push(self.by_provider.entry(id.clone()).or_default(), number);
        }
        if !entry.networks.is_empty() || !entry.providers.is_empty() {
            return;
        }
        if entry.names.is_empty() {
            self.anywhere.push(number);
        }
        for pattern in &entry.names {
            let map = if pattern.is_wildcard() {
                &mut self.by_suffix
            } else {
                &mut self.by_name
            };
            push(map.entry(pattern.name().into()).or_default(), number);
        }
    }

    /// Entries whose networks hold the address, those that name one of the names, and
    /// those that name nobody. An entry with networks comes by these alone: whether it
    /// names one of the names, too, remains to be asked ([`Entry::names_one_of`]).
    pub fn candidates<'a, 'n: 'a>(
        &'a self,
        address: IpAddr,
        names: impl Iterator<Item = &'n DomainName> + 'a,
    ) -> impl Iterator<Item = Candidate<'a>> {
        let host = IpNetwork::from(address);
        let in_network = self.by_network.cover(&host).flat_map(|(network, numbers)| {
            numbers
                .iter()
                .map(move |number| (*number, Some(network.prefix())))
        });
        let named = names.flat_map(|name| self.of_name(name)).map(|n| (n, None));
        let anywhere = self.anywhere.iter().map(|number| (*number, None));
        in_network
            .chain(named)
            .chain(anywhere)
            .filter_map(|(number, prefix)| self.candidate(number, prefix))
    }

    /// Entries that name the provider, by id.
    pub fn of_provider(&self, id: &str) -> impl Iterator<Item = Candidate<'_>> {
        let numbers = self.by_provider.get(id).into_iter().flatten();
        numbers.filter_map(|number| self.candidate(*number, None))
    }

    /// Whether any entry names a provider.
    pub fn name_providers(&self) -> bool {
        !self.by_provider.is_empty()
    }

    /// Numbers of the entries without networks that name a name.
    fn of_name<'a>(&'a self, name: &'a DomainName) -> impl Iterator<Item = usize> + 'a {
        let text = name.as_str();
        let exact = self.by_name.get(text).into_iter().flatten();
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

    /// Entries that a name which is not known might satisfy: those that hang on one,
    /// and whose networks, if they name some, hold the address.
    pub fn hang_on_names(&self, address: IpAddr) -> impl Iterator<Item = Candidate<'_>> {
        self.named.iter().filter_map(move |number| {
            let entry = self.entries.get(*number)?;
            let networks = &entry.networks;
            let prefix = networks
                .iter()
                .filter(|network| network.contains(address))
                .map(IpNetwork::prefix)
                .max();
            let possible = networks.is_empty() || prefix.is_some() || !entry.providers.is_empty();
            possible.then_some(Candidate { entry, prefix })
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

/// Adds the number, once.
fn push(numbers: &mut Vec<usize>, number: usize) {
    if numbers.last() != Some(&number) {
        numbers.push(number);
    }
}
