//! The match of an address among the prefixes of a policy, by itself.

use std::{hint::black_box, net::Ipv4Addr, rc::Rc};

use anyhow::Result;
use ipnetwork::{IpNetwork, Ipv4Network};
use iptrie::{Ipv4Prefix, Ipv4RTrieMap};
use prefix_trie::{PrefixMap, joint::JointPrefixMap};

use super::{BATCH, Case, PREFIXES, Work, flows, policies, ring::Ring};

/// Addresses that are drawn before any comes again.
const DRAWN: usize = 1 << 16;
/// What one scan over all prefixes takes is enough for hundreds of lookups.
const SCANS: u32 = 16;

pub(super) fn matching() -> Result<Vec<Case>> {
    let prefixes = Rc::new(policies::prefixes(PREFIXES)?);
    let case = |what: &str, reference| Case {
        group: "Match among 100,000 prefixes, beside",
        what: what.to_owned(),
        subject: joint(&prefixes),
        reference: Some(reference),
        at_most: None,
    };
    Ok(vec![
        case("ipnetwork, one after another", scan(&prefixes)),
        case("iptrie", other_trie(&prefixes)?),
        case("prefix-trie, IPv4 alone", single(&prefixes)),
    ])
}

fn addresses() -> Ring<Ipv4Addr> {
    let addresses = flows::addresses(DRAWN, 31).into_iter();
    let addresses = addresses.filter_map(|address| match address {
        std::net::IpAddr::V4(address) => Some(address),
        std::net::IpAddr::V6(_) => None,
    });
    Ring::new(addresses.collect())
}

/// As the policy does it.
fn joint(prefixes: &[Ipv4Network]) -> Work {
    let numbered = prefixes.iter().zip(0_u32..);
    let map: JointPrefixMap<IpNetwork, u32> =
        numbered.map(|(p, n)| (IpNetwork::V4(*p), n)).collect();
    let mut addresses = addresses();
    Work::new(BATCH, move || {
        for _ in 0..BATCH {
            if let Some(address) = addresses.next() {
                black_box(map.get_lpm(&IpNetwork::from(std::net::IpAddr::V4(address))));
            }
        }
    })
}

fn single(prefixes: &[Ipv4Network]) -> Work {
    let map: PrefixMap<Ipv4Network, u32> = prefixes.iter().copied().zip(0_u32..).collect();
    let mut addresses = addresses();
    Work::new(BATCH, move || {
        for _ in 0..BATCH {
            if let Some(address) = addresses.next() {
                black_box(map.get_lpm(&Ipv4Network::from(address)));
            }
        }
    })
}

fn other_trie(prefixes: &[Ipv4Network]) -> Result<Work> {
    let mut map: Ipv4RTrieMap<u32> = Ipv4RTrieMap::with_root_and_capacity(u32::MAX, PREFIXES);
    for (prefix, number) in prefixes.iter().zip(0_u32..) {
        map.insert(Ipv4Prefix::new(prefix.network(), prefix.prefix())?, number);
    }
    let mut addresses = addresses();
    Ok(Work::new(BATCH, move || {
        for _ in 0..BATCH {
            if let Some(address) = addresses.next() {
                black_box(map.lookup(&address));
            }
        }
    }))
}

fn scan(prefixes: &Rc<Vec<Ipv4Network>>) -> Work {
    let prefixes = Rc::clone(prefixes);
    let mut addresses = addresses();
    Work::new(SCANS, move || {
        for _ in 0..SCANS {
            let Some(address) = addresses.next() else {
                continue;
            };
            let holding = prefixes.iter().zip(0_u32..);
            let holding = holding.filter(|(prefix, _)| prefix.contains(address));
            black_box(holding.max_by_key(|(prefix, _)| prefix.prefix()));
        }
    })
}
