//! Which flows are wanted, and what the ledger has of them.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use jiff::Timestamp;
use serde::Serialize;
use weir_ledger::{Group, Key, Predicate, Query, query};

use super::FlowsArgs;
use crate::{history::Span, ledger::LedgerError, record::Protocol};

/// A value that is wanted; `None` stands for flows that have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value(Option<String>);

pub(super) fn value(text: &str) -> Result<Value, String> {
    match text {
        "" => Err("expected a name, or - for none".to_owned()),
        "-" => Ok(Value(None)),
        text => Ok(Value(Some(text.to_owned()))),
    }
}

impl Value {
    fn fits(&self, found: Option<&[u8]>) -> bool {
        match (&self.0, found) {
            (None, None) => true,
            (Some(wanted), Some(found)) => wanted.as_bytes().eq_ignore_ascii_case(found),
            _ => false,
        }
    }
}

/// A destination that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// An address or a network.
    Network(IpNetwork),
    /// A name.
    Name(Value),
    /// Names below a domain.
    Below(String),
}

pub(super) fn destination(text: &str) -> Result<Destination, String> {
    if let Ok(network) = text.parse() {
        return Ok(Destination::Network(network));
    }
    if let Some(domain) = text.strip_prefix("*.") {
        return Ok(Destination::Below(
            format!(".{domain}").to_ascii_lowercase(),
        ));
    }
    if text.contains('/') {
        return Err("expected an address, a network such as 203.0.113.0/24, or a name".to_owned());
    }
    value(text).map(Destination::Name)
}

impl Destination {
    fn is_address(&self, found: Option<&[u8]>) -> bool {
        let address = || -> Option<IpAddr> { str::from_utf8(found?).ok()?.parse().ok() };
        match self {
            Self::Network(network) => address().is_some_and(|address| network.contains(address)),
            Self::Name(_) | Self::Below(_) => false,
        }
    }

    fn is_name(&self, found: Option<&[u8]>) -> bool {
        match self {
            Self::Network(_) => false,
            Self::Name(name) => name.fits(found),
            Self::Below(domain) => {
                found.is_some_and(|found| found.to_ascii_lowercase().ends_with(domain.as_bytes()))
            }
        }
    }
}

/// Flows of one workload to one destination with one verdict, over the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    pub(super) product: Option<String>,
    pub(super) workload: Option<String>,
    pub(super) verdict: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) direction: Option<String>,
    pub(super) address: Option<String>,
    pub(super) port: u32,
    pub(super) protocol: String,
    pub(super) name: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) organisation: Option<String>,
    pub(super) hosted_in: Option<String>,
    pub(super) domicile: Option<String>,
    pub(super) egress_bytes: u64,
    pub(super) egress_packets: u64,
    pub(super) ingress_bytes: u64,
    pub(super) ingress_packets: u64,
    /// Entries of the ledger that are added up.
    pub(super) entries: u64,
    /// Times of the first and the last of these.
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// Those that sent most first.
    pub(super) rows: Vec<Row>,
    /// Gaps that were recorded in the time.
    pub(super) gaps: u64,
}

/// Columns by which is grouped, in the order in which [`row`] takes them.
const BY: [&str; 13] = [
    "product",
    "workload",
    "verdict",
    "rule",
    "direction",
    "address",
    "port",
    "protocol",
    "name",
    "provider",
    "organisation",
    "hosted_in",
    "domicile",
];

const SUMS: [&str; 4] = [
    "egress_bytes",
    "egress_packets",
    "ingress_bytes",
    "ingress_packets",
];

/// Asks the ledger.
pub(super) fn find(args: &FlowsArgs, Span { from, to }: Span) -> Result<Found, LedgerError> {
    let nanoseconds = |time: Timestamp| i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX);
    let answer = query(
        &args.store,
        &Query {
            times: (nanoseconds(from), nanoseconds(to)),
            tag: "flow",
            by: &BY,
            sums: &SUMS,
            wanted: wanted(args),
        },
    )?;
    let mut rows: Vec<Row> = answer.groups.iter().map(row).collect();
    rows.sort_by(|one, other| {
        let rest = |row: &Row| {
            let Row {
                product,
                workload,
                address,
                port,
                ..
            } = row.clone();
            (product, workload, address, port)
        };
        (other.egress_bytes, other.ingress_bytes)
            .cmp(&(one.egress_bytes, one.ingress_bytes))
            .then_with(|| rest(one).cmp(&rest(other)))
    });
    let gaps = answer.types.get(&b"gap"[..]).copied().unwrap_or_default();
    Ok(Found {
        from,
        to,
        rows,
        gaps,
    })
}

fn wanted(args: &FlowsArgs) -> Vec<Vec<(&'static str, Predicate<'_>)>> {
    let mut wanted: Vec<Vec<(&'static str, Predicate<'_>)>> = Vec::new();
    for (columns, values) in [
        (&["product"][..], &args.product),
        (&["workload"], &args.workload),
        (&["provider", "organisation"], &args.provider),
        (&["hosted_in"], &args.country),
        (&["verdict"], &args.verdict),
    ] {
        if !values.is_empty() {
            let fits = |column: &&'static str| -> (&'static str, Predicate<'_>) {
                // Without a provider is what has no id, whatever the databases say.
                let none = *column != "organisation";
                let fits = move |found: Option<&[u8]>| {
                    (none || found.is_some()) && values.iter().any(|value| value.fits(found))
                };
                (*column, Box::new(fits))
            };
            wanted.push(columns.iter().map(fits).collect());
        }
    }
    if !args.destination.is_empty() {
        let all = &args.destination;
        wanted.push(vec![
            (
                "address",
                Box::new(|found| all.iter().any(|one| one.is_address(found))),
            ),
            (
                "name",
                Box::new(|found| all.iter().any(|one| one.is_name(found))),
            ),
        ]);
    }
    wanted
}

fn row(group: &Group) -> Row {
    let mut keys = group.keys.iter();
    let mut text = || match keys.next() {
        Some(Key::Text(text)) => text
            .as_ref()
            .map(|text| String::from_utf8_lossy(text).into_owned()),
        Some(Key::Int(number)) => number.map(|number| number.to_string()),
        None => None,
    };
    // In the order of `BY`.
    let [product, workload, verdict, rule, direction, address] = [(); 6].map(|()| text());
    let [port, protocol] = [(); 2].map(|()| text().and_then(|text| text.parse().ok()));
    let [name, provider, organisation, hosted_in, domicile] = [(); 5].map(|()| text());
    let mut sums = group.sums.iter();
    let mut sum = || u64::try_from(sums.next().copied().unwrap_or_default()).unwrap_or(u64::MAX);
    let time = |ns: i64| Timestamp::from_nanosecond(ns.into()).unwrap_or(Timestamp::UNIX_EPOCH);
    let protocol: u32 = protocol.unwrap_or_default();
    Row {
        product,
        workload,
        verdict,
        rule,
        direction,
        address,
        port: port.unwrap_or_default(),
        protocol: u8::try_from(protocol).map_or_else(
            |_| protocol.to_string(),
            |number| Protocol(number).to_string(),
        ),
        name,
        provider,
        organisation,
        hosted_in,
        domicile,
        egress_bytes: sum(),
        egress_packets: sum(),
        ingress_bytes: sum(),
        ingress_packets: sum(),
        entries: group.rows,
        first: time(group.first_ns),
        last: time(group.last_ns),
    }
}
