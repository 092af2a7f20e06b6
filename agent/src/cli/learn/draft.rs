//! An entry that lacks what only a person knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    policy::{Policy, Posture},
    record::{Direction, Protocol},
    replay::{Proposal, Who},
};

/// A proposal with its entry, or the reason why there is none.
#[derive(Debug, Serialize)]
pub(super) struct Draft {
    #[serde(flatten)]
    pub(super) proposal: Proposal,
    /// The entry; `None` where none is proposed.
    pub(super) entry: Option<DraftEntry>,
    /// Why none is proposed.
    pub(super) refused: Option<String>,
}

/// An entry as it is written, with the keys that are known. `weir check` refuses it as it
/// stands.
#[derive(Debug, Serialize)]
pub(super) struct DraftEntry {
    pub(super) id: String,
    /// Empty, as the owner and who approved it: a person fills them in.
    purpose: &'static str,
    owner: &'static str,
    approved_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    name: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    provider: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    address: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<Ports>,
    protocol: Vec<ProtocolKey>,
}

/// One port, or several that follow each other.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Ports {
    One(u16),
    Range(String),
}

/// A protocol by the name that allowlists have for it, or its number.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
enum ProtocolKey {
    Name(&'static str),
    Number(u8),
}

/// The drafts of all proposals, with ids that the set does not have yet.
pub(super) fn drafts(proposals: Vec<Proposal>, policy: Option<&Policy>) -> Vec<Draft> {
    let mut taken: BTreeSet<String> = policy
        .into_iter()
        .flat_map(|policy| {
            let of_products = policy
                .products()
                .flat_map(|product| product.entries().iter());
            of_products.chain(policy.shared().iter())
        })
        .map(|entry| entry.id.clone())
        .collect();
    let postures: BTreeMap<&str, Posture> = policy
        .into_iter()
        .flat_map(Policy::products)
        .map(|product| (product.name(), product.posture()))
        .collect();
    proposals
        .into_iter()
        .map(|proposal| {
            let posture = postures.get(proposal.product.as_str());
            let refused = refused(&proposal, posture.copied());
            let entry = refused
                .is_none()
                .then(|| DraftEntry::of(&proposal, &mut taken));
            Draft {
                proposal,
                entry,
                refused,
            }
        })
        .collect()
}

/// Why no entry is proposed.
fn refused(proposal: &Proposal, posture: Option<Posture>) -> Option<String> {
    let Proposal { facts, product, .. } = proposal;
    if posture == Some(Posture::InternalOnly) && proposal.direction == Direction::Outbound {
        return Some(format!(
            "{product} is internal_only and may declare nothing external: find out why it \
             went there"
        ));
    }
    if facts.ruled_out {
        let entries: Vec<&str> = facts.entries.keys().map(String::as_str).collect();
        return Some(format!(
            "{} names it and rules it out as it was; change that rather than add another entry",
            entries.join(" and ")
        ));
    }
    None
}

impl DraftEntry {
    fn of(proposal: &Proposal, taken: &mut BTreeSet<String>) -> Self {
        let who = &proposal.who;
        let (mut name, mut provider, mut address) = (Vec::new(), Vec::new(), Vec::new());
        let what = match who {
            Who::Name(pattern) => {
                name.push(pattern.to_string());
                pattern.to_string()
            }
            Who::Provider(id) => {
                provider.push(id.to_string());
                id.to_string()
            }
            Who::Address(one) => {
                address.push(one.to_string());
                one.to_string()
            }
        };
        let inbound = proposal.direction == Direction::Inbound;
        let from = if inbound { "from-" } else { "" };
        let id = format!("{}-{from}{}", proposal.product, plain(&what));
        let protocols: BTreeSet<ProtocolKey> =
            proposal.protocols.iter().copied().map(protocol).collect();
        Self {
            id: free(&id, taken),
            purpose: "",
            owner: "",
            approved_by: "",
            direction: inbound.then_some("inbound"),
            name,
            provider,
            address,
            ports: ports(&proposal.ports),
            protocol: protocols.into_iter().collect(),
        }
    }
}

/// With the characters that an id may have.
fn plain(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.chars()
        .map(|c| if plain(c) { c } else { '-' })
        .collect()
}

/// The id, with a number where it is taken.
fn free(id: &str, taken: &mut BTreeSet<String>) -> String {
    let mut one = id.to_owned();
    let mut number = 1;
    while !taken.insert(one.clone()) {
        number += 1;
        one = format!("{id}-{number}");
    }
    one
}

/// ICMP and ICMPv6 have one name.
fn protocol(protocol: Protocol) -> ProtocolKey {
    match protocol {
        Protocol::TCP => ProtocolKey::Name("tcp"),
        Protocol::UDP => ProtocolKey::Name("udp"),
        Protocol::ICMP | Protocol::ICMPV6 => ProtocolKey::Name("icmp"),
        Protocol(number) => ProtocolKey::Number(number),
    }
}

/// Ports that follow each other as ranges.
fn ports(ports: &BTreeSet<u16>) -> Vec<Ports> {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for port in ports {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*port) => *last = *port,
            _ => ranges.push((*port, *port)),
        }
    }
    let written = |(first, last)| {
        if first == last {
            Ports::One(first)
        } else {
            Ports::Range(format!("{first}-{last}"))
        }
    };
    ranges.into_iter().map(written).collect()
}
