//! The keys that say which destinations are meant: the same wherever one is named.

use std::collections::BTreeMap;

use ipnetwork::IpNetwork;
use toml::de::DeValue;

use super::{
    Known, Placed, host_names,
    kind::{Kind, words},
    reader::{Key, Reader, choice, nearest, optional},
    values,
};
use crate::{
    jurisdiction::{AsNumber, NamePattern},
    policy::{
        countries::Territory,
        entry::{PortRange, has_ports},
    },
    record::{Direction, Protocol},
};

/// Who sends first, as it is written.
pub(super) const DIRECTIONS: [(&str, Direction); 2] = [
    ("outbound", Direction::Outbound),
    ("inbound", Direction::Inbound),
];
/// Who sends first.
pub(super) const DIRECTION: Key = optional(
    "direction",
    Kind::Word(&words(&DIRECTIONS)),
    "`direction = \"outbound\"` or `\"inbound\"`",
);
/// Networks.
pub(super) const CIDR: Key = optional("cidr", Kind::Networks, "`cidr = [\"198.51.100.0/24\"]`");
/// Single addresses.
pub(super) const ADDRESS: Key =
    optional("address", Kind::Addresses, "`address = [\"203.0.113.9\"]`");
/// Autonomous systems.
pub(super) const ASN: Key = optional("asn", Kind::AsNumbers, "`asn = [64496]`");
/// Host names.
pub(super) const NAME: Key = optional(
    "name",
    Kind::Names,
    "`name = [\"api.provider.example\", \"*.cdn.example\"]`",
);
/// Operators.
pub(super) const PROVIDER: Key =
    optional("provider", Kind::Providers, "`provider = [\"provider-a\"]`");
/// Places.
pub(super) const COUNTRIES: Key = optional(
    "countries",
    Kind::Territories,
    "`countries = [\"NO\", \"EEA\"]`",
);
/// Homes of operators.
pub(super) const OPERATOR_DOMICILE: Key = optional(
    "operator_domicile",
    Kind::Territories,
    "`operator_domicile = [\"EEA\", \"CH\"]`",
);
/// Ports.
pub(super) const PORTS: Key = optional("ports", Kind::Ports, "`ports = [443, \"8000-8100\"]`");
/// IP protocols.
pub(super) const PROTOCOL: Key = optional(
    "protocol",
    Kind::Protocols,
    "`protocol = \"tcp\"` or `[\"tcp\", \"udp\"]`",
);

/// What those keys say, as far as it is sound.
pub(super) struct Destination {
    pub(super) direction: Direction,
    pub(super) networks: Vec<Placed<IpNetwork>>,
    pub(super) systems: Vec<Placed<AsNumber>>,
    pub(super) names: Vec<Placed<NamePattern>>,
    pub(super) providers: Vec<Placed<String>>,
    pub(super) countries: Vec<Territory>,
    pub(super) operator_domicile: Vec<Territory>,
    pub(super) ports: Vec<PortRange>,
    pub(super) protocols: Vec<Protocol>,
}

impl Destination {
    /// Reads the keys. One of `naming` must be there, else nothing is meant.
    pub(super) fn read(
        reader: &mut Reader<'_, '_>,
        known: &Known,
        naming: &[&'static str],
    ) -> Self {
        let direction = choice(reader, "direction", &DIRECTIONS);
        let networks = networks(reader);
        let systems = systems(reader);
        let names = names(reader);
        if direction == Some(Direction::Inbound)
            && let Some(value) = reader.value("name")
        {
            let help = "remove `name`: who comes from outside has an address and no name";
            reader
                .problems
                .report(value.span(), "an inbound entry names no name", help);
        }
        let providers = providers(reader, known);
        let countries = territories(reader, "countries", known);
        let operator_domicile = territories(reader, "operator_domicile", known);
        if naming.iter().all(|key| reader.value(key).is_none()) {
            let quoted: Vec<String> = naming.iter().map(|key| format!("`{key}`")).collect();
            let help = match quoted.split_last() {
                Some((last, rest)) => format!("add {} or {last}", rest.join(", ")),
                None => String::new(),
            };
            let message = format!("{} names no destination", reader.section_name());
            let span = reader.span.clone();
            reader.problems.report(span, message, help);
        }
        let protocols = protocols(reader);
        let ports = ports(reader, &protocols);
        Self {
            direction: direction.unwrap_or(Direction::Outbound),
            networks,
            systems,
            names,
            providers,
            countries,
            operator_domicile,
            ports,
            protocols,
        }
    }
}

fn networks(reader: &mut Reader<'_, '_>) -> Vec<Placed<IpNetwork>> {
    let mut seen: BTreeMap<IpNetwork, usize> = BTreeMap::new();
    let mut networks = Vec::new();
    for (key, read) in [
        ("cidr", values::network as fn(&_, &mut _) -> _),
        ("address", values::address as fn(&_, &mut _) -> _),
    ] {
        for item in reader.items(key).unwrap_or_default() {
            let Some(value) = read(item, reader.problems) else {
                continue;
            };
            if let Some(first) = seen.insert(value, item.span().start) {
                let line = reader.problems.source().position(first).line;
                let message = format!("{value} stands twice in the entry");
                let help = format!("the first is in line {line}; remove one");
                reader.problems.report(item.span(), message, help);
            }
            networks.push(Placed {
                value,
                span: item.span(),
            });
        }
    }
    networks
}

fn systems(reader: &mut Reader<'_, '_>) -> Vec<Placed<AsNumber>> {
    let mut systems: Vec<Placed<AsNumber>> = Vec::new();
    for item in reader.items("asn").unwrap_or_default() {
        let Some(number) = values::as_number(item, reader.problems) else {
            continue;
        };
        let (value, span) = (AsNumber(number), item.span());
        if let Some(first) = systems.iter().find(|known| known.value == value) {
            let line = reader.problems.source().position(first.span.start).line;
            let message = format!("{value} stands twice in the entry");
            let help = format!("the first is in line {line}; remove one");
            reader.problems.report(span.clone(), message, help);
        }
        systems.push(Placed { value, span });
    }
    systems
}

fn names(reader: &mut Reader<'_, '_>) -> Vec<Placed<NamePattern>> {
    let mut names: Vec<Placed<NamePattern>> = Vec::new();
    for item in reader.items("name").unwrap_or_default() {
        let Some(value) = host_names::pattern(item, reader.problems) else {
            continue;
        };
        if let Some(first) = names.iter().find(|known| known.value == value) {
            let line = reader.problems.source().position(first.span.start).line;
            let message = format!("{value} stands twice in the entry");
            let help = format!("the first is in line {line}; remove one");
            reader.problems.report(item.span(), message, help);
        }
        names.push(Placed {
            value,
            span: item.span(),
        });
    }
    names
}

/// Providers by their ids.
fn providers(reader: &mut Reader<'_, '_>, known: &Known) -> Vec<Placed<String>> {
    let mut providers: Vec<Placed<String>> = Vec::new();
    for item in reader.items("provider").unwrap_or_default() {
        let Some(id) = values::text(item, "a provider's id", reader.problems) else {
            continue;
        };
        let span = item.span();
        if let Some(ids) = &known.providers
            && !ids.contains(id)
        {
            let message = format!("no provider `{}` in providers.toml", id.escape_debug());
            let help = match nearest(id, ids.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if ids.is_empty() => "there is none; add a [[provider]]".to_owned(),
                None => "name a provider by its `id`, or add it there".to_owned(),
            };
            reader.problems.report(span, message, help);
            continue;
        }
        if providers.iter().any(|other| other.value == id) {
            let message = format!("`{id}` stands twice in the entry");
            reader.problems.report(span.clone(), message, "remove one");
        }
        providers.push(Placed {
            value: id.to_owned(),
            span,
        });
    }
    providers
}

fn territories(reader: &mut Reader<'_, '_>, key: &'static str, known: &Known) -> Vec<Territory> {
    let mut territories = Vec::new();
    for item in reader.items(key).unwrap_or_default() {
        territories.extend(values::territory(item, &known.sets, reader.problems));
    }
    territories
}

fn protocols(reader: &mut Reader<'_, '_>) -> Vec<Protocol> {
    let Some(value) = reader.value("protocol") else {
        return Vec::new();
    };
    match value.get_ref() {
        DeValue::Array(_) => reader
            .items("protocol")
            .unwrap_or_default()
            .iter()
            .filter_map(|item| values::protocol(item, reader.problems))
            .flatten()
            .collect(),
        DeValue::String(_) | DeValue::Integer(_) => {
            values::protocol(value, reader.problems).unwrap_or_default()
        }
        _ => {
            reader.wrong_type("protocol", value);
            Vec::new()
        }
    }
}

fn ports(reader: &mut Reader<'_, '_>, protocols: &[Protocol]) -> Vec<PortRange> {
    let mut ports = Vec::new();
    for item in reader.items("ports").unwrap_or_default() {
        ports.extend(values::ports(item, reader.problems));
    }
    if let Some(value) = reader.value("ports")
        && let Some(other) = protocols.iter().find(|protocol| !has_ports(**protocol))
    {
        let message = format!("{other} has no ports");
        reader
            .problems
            .report(value.span(), message, "remove `ports` or make two entries");
    }
    ports
}
