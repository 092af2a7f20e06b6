//! Ways out that no allowlist declares: the agent is recorded as everybody is, and its own
//! notifications would be findings.

use std::{net::IpAddr, path::Path};

use crate::{
    config::{Loaded, keys_in, resolved, schema},
    naming::DomainName,
    policy::{Entries, Entry, Policy, has_ports},
    record::{Direction, Protocol},
};

/// A way out, and what to do.
pub(super) struct Undeclared {
    pub(super) path: String,
    pub(super) message: String,
    pub(super) help: String,
}

/// Where a way out leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::config) struct Reach {
    pub(in crate::cli::config) host: String,
    pub(in crate::cli::config) port: Option<u16>,
    pub(in crate::cli::config) protocol: Protocol,
}

/// Every way out whose destination no entry names. A set that is refused says nothing of
/// any: `weir check` says why.
pub(super) fn undeclared(loaded: &Loaded, allowlists: Option<&Path>) -> Vec<Undeclared> {
    let ways = ways(loaded);
    if ways.is_empty() {
        return Vec::new();
    }
    let Some(policy) = allowlists.and_then(|directory| Policy::load(directory).ok()) else {
        return Vec::new();
    };
    let unnamed = ways.into_iter().filter(|(_, to)| !is_named(&policy, to));
    unnamed
        .map(|(path, to)| Undeclared {
            path,
            message: format!("no allowlist declares `{}`", to.host.escape_debug()),
            help: "declare it for the product that the agent belongs to: its own notifications \
                   are judged as every other flow"
                .to_owned(),
        })
        .collect()
}

/// Each way out off this host, by its key.
fn ways(loaded: &Loaded) -> Vec<(String, Reach)> {
    let root = schema();
    let notify = keys_in(&root).find(|(section, _)| *section == "notify");
    let kinds = notify.map(|(_, schema)| resolved(&root, schema));
    let mut ways = Vec::new();
    for (kind, _) in kinds.into_iter().flat_map(keys_in) {
        let sinks = loaded.value(&format!("notify.{kind}"));
        let sinks = sinks.and_then(serde_json::Value::as_array);
        for (at, sink) in sinks.into_iter().flatten().enumerate() {
            let text = |key| sink.get(key).and_then(serde_json::Value::as_str);
            for (key, to) in [
                ("url", text("url").and_then(of_url)),
                ("address", text("address").and_then(of_address)),
            ] {
                let to = to.filter(|to| !is_here(&to.host));
                ways.extend(to.map(|to| (format!("notify.{kind}[{at}].{key}"), to)));
            }
        }
    }
    ways
}

/// `https://host:port/path`.
pub(in crate::cli::config) fn of_url(url: &str) -> Option<Reach> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    let (host, port) = host_and_port(authority)?;
    Some(Reach {
        host,
        port: port.or(Some(if scheme == "http" { 80 } else { 443 })),
        protocol: Protocol::TCP,
    })
}

/// `udp:host:port`, `tcp:…` or `tls:…`; nothing for what stays on this host.
pub(in crate::cli::config) fn of_address(address: &str) -> Option<Reach> {
    let (way, rest) = address.split_once(':')?;
    let protocol = match way {
        "udp" => Protocol::UDP,
        "tcp" | "tls" => Protocol::TCP,
        _ => return None,
    };
    let (host, port) = host_and_port(rest)?;
    Some(Reach {
        host,
        port,
        protocol,
    })
}

fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
        return Some((host.to_owned(), port));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (text, None),
    };
    (!host.is_empty()).then(|| (host.to_ascii_lowercase(), port))
}

/// Whether it leads nowhere else.
fn is_here(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Whether an entry of any product names the destination. Whose the agent is, only the
/// running host knows.
fn is_named(policy: &Policy, to: &Reach) -> bool {
    let all = policy.products().map(|product| product.entries());
    let mut all = all.chain([policy.shared()]);
    if let Ok(address) = to.host.parse::<IpAddr>() {
        return policy.internal_network(address).is_some()
            || all.any(|entries| {
                let mut holding = entries.in_networks(address).iter();
                holding.any(|found| takes(found.entry, to))
            });
    }
    let Ok(name) = to.host.parse::<DomainName>() else {
        return false;
    };
    let provider = policy.providers().id_by_name(&name);
    all.any(|entries| by_name(entries, &name, provider, to))
}

fn by_name(entries: &Entries, name: &DomainName, provider: Option<&str>, to: &Reach) -> bool {
    let by_name = entries.iter().any(|entry| {
        let names = entry
            .names
            .iter()
            .any(|pattern| pattern.fits(name.as_str()));
        names && takes(entry, to)
    });
    let by_provider = provider.is_some_and(|id| {
        let mut of_provider = entries.of_provider(id);
        of_provider.any(|candidate| takes(candidate.entry, to))
    });
    by_name || by_provider
}

fn takes(entry: &Entry, to: &Reach) -> bool {
    let port = entry.ports.is_empty()
        || to.port.is_none_or(|port| {
            let mut ports = entry.ports.iter();
            has_ports(to.protocol) && ports.any(|range| (range.first..=range.last).contains(&port))
        });
    !entry.denies()
        && entry.direction == Direction::Outbound
        && (entry.protocols.is_empty() || entry.protocols.contains(&to.protocol))
        && port
}
