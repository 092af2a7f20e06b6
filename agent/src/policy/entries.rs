//! Entries, found by what they name.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use foldhash::fast::RandomState;
use ipnetwork::IpNetwork;
use prefix_trie::joint::JointPrefixMap;

use super::entry::Entry;
use crate::{by_name::ByName, jurisdiction::AsNumber, naming::DomainName};

/// Entries, found by address, autonomous system, provider and name.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    entries: Vec<Entry>,
    /// Of each entry, the number of the first that answers alike: see [`Entry::answers`].
    alike: Vec<u32>,
    /// At each network, where its entries stand in `networks`.
    by_network: JointPrefixMap<IpNetwork, u32>,
    /// Of each network, the entries of all networks that hold it, with the length of
    /// theirs: what holds an address is found at the narrowest.
    networks: Vec<Vec<(usize, u8)>>,
    by_system: HashMap<AsNumber, Vec<usize>, RandomState>,
    by_provider: HashMap<String, Vec<usize>, RandomState>,
    /// Those of which nothing else says who the other side is, by each name, and by what
    /// each name is below.
    by_name: ByName<Vec<usize>>,
    by_suffix: ByName<Vec<usize>>,
    /// Those that name none of these.
    anywhere: Vec<usize>,
    /// Those that hang on a provider, whatever else they name.
    provided: Vec<usize>,
    /// Of those, the ones that deny.
    deny_providers: Vec<usize>,
    /// Of those that hang on a name or a provider and need neither network nor autonomous
    /// system, the first by id of each [`Entry::terms`].
    foremost: Vec<usize>,
    /// Of those that name autonomous systems, the first by id of each
    /// [`Entry::terms`] and names.
    systems: Vec<usize>,
}

/// An entry that may name a destination, and how closely.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// One that answers alike: what it says of a flow to a destination that both name,
    /// the entry says, too. A large policy has few different ones, and these are at hand
    /// in the processor's cache.
    pub like: &'a Entry,
    /// Length of the prefix that holds the address; `None` when the entry was not
    /// found by a network.
    pub prefix: Option<u8>,
}

/// Entries whose networks hold an address; by default none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holding<'a> {
    of: Option<&'a Entries>,
    numbers: &'a [(usize, u8)],
}

impl<'a> Holding<'a> {
    /// Each of them, once for every network that holds the address.
    pub fn iter(self) -> impl Iterator<Item = Candidate<'a>> {
        let numbers = self.numbers.iter();
        numbers.filter_map(move |(number, prefix)| self.of?.candidate(*number, Some(*prefix)))
    }
}

impl Entries {
    /// Indexes the entries.
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        let mut index = Self::default();
        for (number, entry) in entries.iter().enumerate() {
            index.add(number, entry);
        }
        index.nest();
        index.foremost = foremost(&entries);
        index.alike = alike(&entries);
        index.systems = systems(&entries);
        index.entries = entries;
        index
    }

    fn add(&mut self, number: usize, entry: &Entry) {
        if !entry.providers.is_empty() {
            self.provided.push(number);
            if entry.denies() {
                self.deny_providers.push(number);
            }
        }
        for network in &entry.networks {
            let next = u32::try_from(self.networks.len()).unwrap_or(u32::MAX);
            let at = *self.by_network.entry(*network).or_insert(next);
            if at == next {
                self.networks.push(Vec::new());
            }
            if let Some(numbers) = index(at).and_then(|at| self.networks.get_mut(at)) {
                numbers.push((number, network.prefix()));
            }
        }
        for system in &entry.systems {
            push(self.by_system.entry(*system).or_default(), number);
        }
        for id in &entry.providers {
            push(self.by_provider.entry(id.clone()).or_default(), number);
        }
        if !entry.names_no_address() {
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
            push(map.or_insert_with(pattern.name(), Vec::new), number);
        }
    }

    /// Gives each network what the wider ones have.
    fn nest(&mut self) {
        let own = self.networks.clone();
        for (network, at) in self.by_network.iter() {
            let holding = self.by_network.cover(&network);
            let wider = holding.filter(|(wider, _)| *wider != network);
            let wider = wider.filter_map(|(_, at)| own.get(index(*at)?));
            if let Some(numbers) = index(*at).and_then(|at| self.networks.get_mut(at)) {
                numbers.extend(wider.flatten());
            }
        }
    }

    /// The narrowest network that holds the address, as [`Entries::holding`] knows it.
    pub(super) fn narrowest(&self, address: IpAddr) -> Option<u32> {
        if self.networks.is_empty() {
            return None;
        }
        let narrowest = self.by_network.get_lpm(&IpNetwork::from(address));
        narrowest.map(|(_, at)| *at)
    }

    /// Entries whose networks hold an address, by the narrowest of them.
    pub(super) fn holding(&self, narrowest: Option<u32>) -> Holding<'_> {
        let numbers = narrowest.and_then(|at| self.networks.get(index(at)?));
        Holding {
            of: Some(self),
            numbers: numbers.map_or(&[], Vec::as_slice),
        }
    }

    /// Entries whose networks hold the address.
    pub fn in_networks(&self, address: IpAddr) -> Holding<'_> {
        self.holding(self.narrowest(address))
    }

    /// Calls `each` with every entry that names the name, and nothing else that says who the
    /// other side is; one that names it twice may come twice.
    #[inline]
    pub fn of_name<'a>(&'a self, name: &DomainName, mut each: impl FnMut(Candidate<'a>)) {
        let mut found = |numbers: &Vec<usize>| {
            let found = numbers.iter().filter_map(|n| self.candidate(*n, None));
            found.for_each(&mut each);
        };
        if !self.by_name.is_empty() {
            self.by_name
                .get(name.as_str())
                .into_iter()
                .for_each(&mut found);
        }
        if !self.by_suffix.is_empty() {
            let parents = name
                .parents()
                .filter_map(|parent| self.by_suffix.get(parent));
            parents.for_each(found);
        }
    }

    /// Entries that name nobody, by the place of hosting alone.
    pub fn of_anybody(&self) -> impl Iterator<Item = Candidate<'_>> {
        let numbers = self.anywhere.iter();
        numbers.filter_map(|number| self.candidate(*number, None))
    }

    /// Entries that name the provider, by id.
    pub fn of_provider(&self, id: &str) -> impl Iterator<Item = Candidate<'_>> {
        let numbers = self.by_provider.get(id).into_iter().flatten();
        numbers.filter_map(|number| self.candidate(*number, None))
    }

    /// Entries that name the autonomous system.
    pub fn of_system(&self, system: AsNumber) -> impl Iterator<Item = Candidate<'_>> {
        let numbers = self.by_system.get(&system).into_iter().flatten();
        numbers.filter_map(|number| self.candidate(*number, None))
    }

    /// Entries that an autonomous system which is not known might satisfy: of those on the
    /// same terms and with the same names, only the first by id.
    pub fn of_any_system(&self) -> impl Iterator<Item = Candidate<'_>> {
        let numbers = self.systems.iter();
        numbers.filter_map(|number| self.candidate(*number, None))
    }

    /// Whether any entry names an autonomous system.
    pub fn name_systems(&self) -> bool {
        !self.by_system.is_empty()
    }

    /// Entries that deny a provider.
    pub fn deny_providers(&self) -> impl Iterator<Item = Candidate<'_>> {
        let numbers = self.deny_providers.iter();
        numbers.filter_map(|number| self.candidate(*number, None))
    }

    /// Whether any entry names a provider.
    pub fn name_providers(&self) -> bool {
        !self.by_provider.is_empty()
    }

    fn candidate(&self, number: usize, prefix: Option<u8>) -> Option<Candidate<'_>> {
        Some(Candidate {
            entry: self.entries.get(number)?,
            like: self.entries.get(index(*self.alike.get(number)?)?)?,
            prefix,
        })
    }

    /// Entries that a name which is not known might satisfy: those that hang on one,
    /// and whose networks, if they name nothing else, hold the address. Those that an
    /// autonomous system leads to are not among them.
    ///
    /// Where a name was `said`, those that do not fit it remain to be left out. Where
    /// none was, of entries on the same terms only the first by id is among them.
    pub fn hang_on_names<'a>(
        &'a self,
        holding: Holding<'a>,
        said: Option<&DomainName>,
    ) -> impl Iterator<Item = Candidate<'a>> {
        let in_network = holding.iter().filter(|found| found.like.hangs_on_name());
        let mut fitting = Vec::new();
        if let Some(name) = said {
            self.of_name(name, |found| fitting.push(found));
        }
        let others = if said.is_some() {
            &self.provided
        } else {
            &self.foremost
        };
        let others = others.iter().filter_map(|n| self.candidate(*n, None));
        in_network.chain(fitting).chain(others)
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

fn index(at: u32) -> Option<usize> {
    usize::try_from(at).ok()
}

/// Adds the number, once.
fn push(numbers: &mut Vec<usize>, number: usize) {
    if numbers.last() != Some(&number) {
        numbers.push(number);
    }
}

/// Of each entry, the number of the first that answers alike.
fn alike(entries: &[Entry]) -> Vec<u32> {
    let mut first = BTreeMap::new();
    let numbered = entries.iter().zip(0..);
    let numbers = numbered.map(|(entry, number)| *first.entry(entry.answers()).or_insert(number));
    numbers.collect()
}

/// Numbers of the entries that hang on a name or a provider and need neither network nor
/// autonomous system, the first on each terms.
fn foremost(entries: &[Entry]) -> Vec<usize> {
    let mut terms = BTreeSet::new();
    let hanging = entries.iter().enumerate().filter(|(_, entry)| {
        entry.hangs_on_name() && (entry.names_no_address() || !entry.providers.is_empty())
    });
    hanging
        .filter(|(_, entry)| terms.insert(entry.terms()))
        .map(|(number, _)| number)
        .collect()
}

/// Numbers of the entries that name autonomous systems, the first on each terms with the
/// same names.
fn systems(entries: &[Entry]) -> Vec<usize> {
    let mut terms = BTreeSet::new();
    let naming = entries.iter().enumerate();
    naming
        .filter(|(_, entry)| !entry.systems.is_empty())
        .filter(|(_, entry)| terms.insert((entry.terms(), &entry.names, entry.grade)))
        .map(|(number, _)| number)
        .collect()
}
