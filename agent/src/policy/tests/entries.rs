//! Entries are found as a walk over all of them would.

use std::{cmp::Reverse, net::IpAddr};

use ipnetwork::IpNetwork;
use proptest::prelude::*;

use crate::{
    naming::{DomainName, Grade},
    policy::{Candidate, Duties, Effect, Entries, Entry, PortRange},
    record::Direction,
};

/// Networks within one /24, so that they meet.
fn network() -> impl Strategy<Value = IpNetwork> {
    (any::<u8>(), 22_u8..=32).prop_map(|(last, length)| {
        let address = IpAddr::from([198, 51, 100, last]);
        let host = IpNetwork::new(address, length).unwrap();
        IpNetwork::new(host.network(), length).unwrap()
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let names = prop::sample::subsequence(vec!["a.example", "*.example", "b.example"], 0..3);
    let networks = prop::collection::vec(network(), 0..3);
    (networks, names, any::<bool>(), 0_u16..3).prop_map(|(networks, names, provider, port)| Entry {
        id: String::new(),
        effect: Effect::Allow,
        purpose: String::new(),
        owner: String::new(),
        direction: Direction::Outbound,
        networks,
        systems: Vec::new(),
        providers: provider
            .then(|| "provider".to_owned())
            .into_iter()
            .collect(),
        names: names.iter().map(|name| name.parse().unwrap()).collect(),
        grade: Grade::Answered,
        countries: Vec::new(),
        operator_domicile: Vec::new(),
        no_anycast: false,
        ports: vec![PortRange {
            first: port,
            last: port,
        }],
        protocols: Vec::new(),
        budget: None,
        windows: Vec::new(),
        expires: None,
        duties: Duties::default(),
    })
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec(entry(), 0..12).prop_map(|mut entries| {
        for (number, entry) in entries.iter_mut().enumerate() {
            entry.id = format!("e{number:02}");
        }
        entries
    })
}

/// Length of the narrowest network of the entry that holds the address.
fn prefix(entry: &Entry, address: IpAddr) -> Option<u8> {
    let holding = entry.networks.iter().filter(|n| n.contains(address));
    holding.map(IpNetwork::prefix).max()
}

/// The entry to speak of, as the verdict chooses it.
fn best<'a>(found: impl Iterator<Item = Candidate<'a>>) -> Option<(&'a str, Option<u8>)> {
    found
        .map(|found| (found.prefix, Reverse(found.entry.id.as_str())))
        .max()
        .map(|(prefix, Reverse(id))| (id, prefix))
}

proptest! {
    #[test]
    fn those_that_hang_on_a_name(
        all in entries(),
        last in any::<u8>(),
        port in 0_u16..3,
        said in prop::option::of(prop::sample::select(vec!["a.example", "c.example"])),
    ) {
        let address = IpAddr::from([198, 51, 100, last]);
        let said: Option<DomainName> = said.map(|name| name.parse().unwrap());
        let takes = |entry: &Entry| {
            entry.ports.iter().any(|range| range.first == port)
                && said.iter().all(|name| entry.names_one_of(std::iter::once(name)))
        };
        let walked = all.iter().filter(|entry| {
            let possible = entry.networks.is_empty()
                || !entry.providers.is_empty()
                || prefix(entry, address).is_some();
            entry.hangs_on_name() && possible && takes(entry)
        });
        let wanted = best(walked.map(|entry| Candidate {
            entry,
            like: entry,
            prefix: prefix(entry, address),
        }));
        let index = Entries::new(all.clone());
        let found = index.hang_on_names(index.in_networks(address), said.as_ref());
        prop_assert_eq!(best(found.filter(|found| takes(found.entry))), wanted);
    }

    #[test]
    fn those_whose_networks_hold_an_address(all in entries(), last in any::<u8>()) {
        let address = IpAddr::from([198, 51, 100, last]);
        let mut wanted: Vec<(&str, u8)> = Vec::new();
        for entry in &all {
            let mut networks = entry.networks.clone();
            networks.retain(|network| network.contains(address));
            wanted.extend(networks.iter().map(|n| (entry.id.as_str(), n.prefix())));
        }
        wanted.sort_unstable();
        let index = Entries::new(all.clone());
        let found = index.in_networks(address).iter();
        let mut found: Vec<(&str, u8)> = found
            .filter_map(|found| Some((found.entry.id.as_str(), found.prefix?)))
            .collect();
        found.sort_unstable();
        prop_assert_eq!(found, wanted);
    }
}
