//! `views/flows.ocsf.jsonl`: OCSF 1.9.0, class Network Activity (4001), one event a line.
//!
//! An event is a group of flows of the period: `count` says of how many. What OCSF has no
//! field for stands in `unmapped`. <https://schema.ocsf.io/1.9.0/classes/network_activity>

use std::{
    io::{self, Write},
    net::IpAddr,
};

use serde::Serialize;

use super::oscal::Id;
use crate::{
    account::{Account, FlowGroup},
    finding::{Group, Jurisdiction},
    history::Span,
    record::Direction,
    verdict::Verdict,
};

const VERSION: &str = "1.9.0";
/// `host`: on which machine. `security_control`: what was made of it.
const PROFILES: [&str; 2] = ["host", "security_control"];

/// A number of OCSF with its caption.
type Named = (u16, &'static str);

const NETWORK: Named = (4, "Network Activity");
const CLASS: Named = (4001, "Network Activity");
const TRAFFIC: Named = (6, "Traffic");
const SERVER: Named = (1, "Server");
const INTERNAL: Named = (1, "Internal");
const EXTERNAL: Named = (2, "External");
const INBOUND: Named = (1, "Inbound");
const OUTBOUND: Named = (2, "Outbound");
const SOURCE: Named = (1, "Source Endpoint");
const SEEN_AT_SOURCE: Named = (1, "Source");
const SEEN_AT_DESTINATION: Named = (2, "Destination");
/// Weir blocks nothing.
const OBSERVED: Named = (3, "Observed");
const LOGGED: Named = (17, "Logged");
const DETECTED: Named = (15, "Detected");

#[derive(Debug, Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct Metadata {
    uid: Id,
    version: &'static str,
    profiles: [&'static str; 2],
    product: Product,
    log_name: &'static str,
}

#[derive(Debug, Serialize)]
struct Device<'a> {
    uid: &'a str,
    #[serde(rename = "type_id")]
    kind_id: u16,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Location {
    /// ISO 3166-1 alpha-2.
    country: String,
}

#[derive(Debug, Serialize)]
struct System {
    number: u32,
}

#[derive(Debug, Default, Serialize)]
struct Endpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomous_system: Option<System>,
    network_scope_id: u16,
    network_scope: &'static str,
}

#[derive(Debug, Serialize)]
struct Connection {
    direction_id: u16,
    direction: &'static str,
    protocol_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_num: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_ver_id: Option<u8>,
}

/// IP bytes and packets within the period; `out` is from source to destination.
#[derive(Debug, Serialize)]
struct Traffic {
    bytes: u64,
    bytes_in: u64,
    bytes_out: u64,
    packets: u64,
    packets_in: u64,
    packets_out: u64,
    start_time: i64,
    end_time: i64,
}

/// What OCSF has no field for, in Weir's words.
#[derive(Debug, Serialize)]
struct Unmapped<'a> {
    product: Option<&'a str>,
    verdict: &'static str,
    rule: Option<&'a str>,
    /// Provider, autonomous system or network; null within the platform.
    operator: Option<String>,
    /// A country, `anycast`, `disputed` or `unknown`; null within the platform.
    hosted_in: Option<Jurisdiction>,
    /// Legal home of the operator's ultimate parent.
    domicile: Option<String>,
    /// Address, port and protocol are those of the first flow of several.
    first_of_several: bool,
}

#[derive(Debug, Serialize)]
struct Event<'a> {
    metadata: Metadata,
    category_uid: u16,
    category_name: &'static str,
    class_uid: u16,
    class_name: &'static str,
    activity_id: u16,
    activity_name: &'static str,
    type_uid: u32,
    type_name: &'static str,
    severity_id: u16,
    severity: &'static str,
    time: i64,
    start_time: i64,
    end_time: i64,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device<'a>>,
    src_endpoint: Endpoint,
    dst_endpoint: Endpoint,
    initiator_id: u16,
    initiator: &'static str,
    observation_point_id: u16,
    observation_point: &'static str,
    connection_info: Connection,
    traffic: Traffic,
    action_id: u16,
    action: &'static str,
    disposition_id: u16,
    disposition: &'static str,
    is_alert: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<&'a str>,
    unmapped: Unmapped<'a>,
}

/// Writes an event for each group.
pub(super) fn write(account: &Account<'_>, out: &mut dyn Write) -> io::Result<()> {
    let node = account.node.as_deref();
    for group in &account.flows.groups {
        serde_json::to_writer(&mut *out, &event(group, node, account.span))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn event<'a>(group: &'a FlowGroup, node: Option<&'a str>, span: Span) -> Event<'a> {
    let kind = &group.kind;
    let outbound = kind.direction == Direction::Outbound;
    let deviates = !matches!(kind.verdict, Verdict::Internal | Verdict::Declared);
    let (src_endpoint, dst_endpoint) = endpoints(group);
    let severity = severity(kind.verdict);
    let direction = if outbound { OUTBOUND } else { INBOUND };
    let seen_at = if outbound {
        SEEN_AT_SOURCE
    } else {
        SEEN_AT_DESTINATION
    };
    let disposition = if deviates { DETECTED } else { LOGGED };
    let start_time = group.sum.first_seen.as_millisecond();
    let end_time = group.sum.last_seen.as_millisecond();
    Event {
        metadata: Metadata {
            uid: id(group, node, span),
            version: VERSION,
            profiles: PROFILES,
            product: Product {
                name: "Weir",
                vendor_name: "Weir",
                version: env!("CARGO_PKG_VERSION"),
            },
            log_name: "flows",
        },
        category_uid: NETWORK.0,
        category_name: NETWORK.1,
        class_uid: CLASS.0,
        class_name: CLASS.1,
        activity_id: TRAFFIC.0,
        activity_name: TRAFFIC.1,
        type_uid: u32::from(CLASS.0) * 100 + u32::from(TRAFFIC.0),
        type_name: "Network Activity: Traffic",
        severity_id: severity.0,
        severity: severity.1,
        time: end_time,
        start_time,
        end_time,
        count: group.sum.flows,
        device: node.map(|uid| Device {
            uid,
            kind_id: SERVER.0,
            kind: SERVER.1,
        }),
        src_endpoint,
        dst_endpoint,
        initiator_id: SOURCE.0,
        initiator: SOURCE.1,
        observation_point_id: seen_at.0,
        observation_point: seen_at.1,
        connection_info: Connection {
            direction_id: direction.0,
            direction: direction.1,
            protocol_num: protocol_number(&group.met.protocol),
            protocol_name: group.met.protocol.clone(),
            protocol_ver_id: known(group.met.address).map(|ip| if ip.is_ipv4() { 4 } else { 6 }),
        },
        traffic: traffic(group, span),
        action_id: OBSERVED.0,
        action: OBSERVED.1,
        disposition_id: disposition.0,
        disposition: disposition.1,
        is_alert: deviates,
        status_detail: group.met.reason.as_deref(),
        unmapped: Unmapped {
            product: kind.product.as_deref(),
            verdict: kind.verdict.label(),
            rule: kind.rule.as_deref(),
            operator: kind.peer.as_ref().map(ToString::to_string),
            hosted_in: kind.hosted_in,
            domicile: kind.domicile.map(|country| country.to_string()),
            first_of_several: group.sum.flows > 1,
        },
    }
}

/// The same for the same group of the same node and period.
fn id(group: &FlowGroup, node: Option<&str>, span: Span) -> Id {
    let kind = &group.kind;
    let text = |part: Option<String>| part.unwrap_or_default();
    Id::of(
        "flows",
        &[
            node.unwrap_or_default(),
            &span.to_string(),
            &text(kind.product.clone()),
            &kind.workload,
            &format!("{:?}", kind.direction),
            kind.verdict.label(),
            &text(kind.rule.clone()),
            &text(kind.peer.as_ref().map(ToString::to_string)),
            &text(kind.name.as_ref().map(ToString::to_string)),
            &text(kind.hosted_in.map(|place| place.to_string())),
            &text(kind.domicile.map(|country| country.to_string())),
        ],
    )
}

/// Source and destination. Who sent first is the source.
fn endpoints(group: &FlowGroup) -> (Endpoint, Endpoint) {
    let kind = &group.kind;
    let scope = match kind.verdict {
        Verdict::Internal => INTERNAL,
        _ => EXTERNAL,
    };
    let address = known(group.met.address);
    let country = match kind.hosted_in {
        Some(Jurisdiction::Country(country)) => Some(country.to_string()),
        _ => None,
    };
    let mut workload = Endpoint {
        name: Some(kind.workload.clone()),
        network_scope_id: INTERNAL.0,
        network_scope: INTERNAL.1,
        ..Endpoint::default()
    };
    let mut other = Endpoint {
        // OCSF wants an address or a name of it.
        name: (address.is_none() && kind.name.is_none()).then(|| "(many)".to_owned()),
        hostname: kind.name.as_ref().map(ToString::to_string),
        ip: address,
        port: None,
        location: country.map(|country| Location { country }),
        autonomous_system: match kind.peer {
            Some(Group::System(number)) => Some(System { number: number.0 }),
            _ => None,
        },
        network_scope_id: scope.0,
        network_scope: scope.1,
    };
    let port = Some(group.met.port).filter(|port| *port != 0);
    match kind.direction {
        Direction::Outbound => {
            other.port = port;
            (workload, other)
        }
        Direction::Inbound => {
            workload.port = port;
            (other, workload)
        }
    }
}

fn traffic(group: &FlowGroup, span: Span) -> Traffic {
    let counters = group.sum.counters;
    let sent = (counters.egress_bytes, counters.egress_packets);
    let received = (counters.ingress_bytes, counters.ingress_packets);
    let (out, back) = match group.kind.direction {
        Direction::Outbound => (sent, received),
        Direction::Inbound => (received, sent),
    };
    Traffic {
        bytes: out.0 + back.0,
        bytes_in: back.0,
        bytes_out: out.0,
        packets: out.1 + back.1,
        packets_in: back.1,
        packets_out: out.1,
        start_time: group.sum.first_seen.max(span.from).as_millisecond(),
        end_time: group.sum.last_seen.as_millisecond(),
    }
}

/// How much it matters, of 1 to 6: nobody is told by it, `findings.json` says who was called.
fn severity(verdict: Verdict) -> Named {
    match verdict {
        Verdict::Internal | Verdict::Declared => (1, "Informational"),
        Verdict::Indeterminate | Verdict::Unattributed => (2, "Low"),
        Verdict::Expired => (3, "Medium"),
        Verdict::OutOfJurisdiction | Verdict::Undeclared => (4, "High"),
    }
}

/// `None` where the record has no address of its own.
fn known(address: IpAddr) -> Option<IpAddr> {
    (!address.is_unspecified()).then_some(address)
}

/// The number that IANA assigns, of a protocol as records name it.
fn protocol_number(name: &str) -> Option<u8> {
    match name {
        "icmp" => Some(1),
        "tcp" => Some(6),
        "udp" => Some(17),
        "icmpv6" => Some(58),
        other => other.strip_prefix("ip-")?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Protocol;

    #[test]
    fn protocols_have_their_numbers() {
        for number in 0..=u8::MAX {
            let name = Protocol(number).to_string();
            assert_eq!(protocol_number(&name), Some(number), "{name}");
        }
        assert_eq!(protocol_number("made up"), None);
    }
}
