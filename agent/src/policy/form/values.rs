//! Single values: networks, addresses, ports, protocols, countries.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use ipnetwork::IpNetwork;
use toml::{Spanned, de::DeValue};

use super::{
    Placed,
    reader::{Problems, Reader, describe, nearest},
};
use crate::{
    jurisdiction::CountryCode,
    policy::{countries::Territory, entry::PortRange},
    record::Protocol,
};

/// Names of the sets of `jurisdictions.toml`; `None` when that file could not be
/// read, so that nothing can be said of names.
pub(in crate::policy) type SetNames = Option<BTreeSet<String>>;

type Value<'t> = Spanned<DeValue<'t>>;

/// The text of an item, or an error.
pub(super) fn text<'t>(
    value: &'t Value<'_>,
    wanted: &str,
    problems: &mut Problems,
) -> Option<&'t str> {
    let text = value.get_ref().as_str();
    if text.is_none() {
        let found = describe(value.get_ref());
        problems.report(
            value.span(),
            format!("expected {wanted}, found {found}"),
            "put it between double quotes",
        );
    }
    text
}

/// A network in CIDR notation, without host bits.
pub(super) fn network(value: &Value<'_>, problems: &mut Problems) -> Option<IpNetwork> {
    let written = text(value, "a network in CIDR notation", problems)?;
    match parse_network(written) {
        Ok(network) => Some(network),
        Err((message, help)) => {
            problems.report(value.span(), message, help);
            None
        }
    }
}

fn parse_network(written: &str) -> Result<IpNetwork, (String, String)> {
    let shown = written.escape_debug();
    let not_a_network = || {
        (
            format!("`{shown}` is not a network in CIDR notation"),
            "write an address, a slash and a prefix length: `198.51.100.0/24`, `2001:db8::/32`"
                .to_owned(),
        )
    };
    let Some((address, length)) = written.split_once('/') else {
        return Err(match written.parse::<IpAddr>() {
            Ok(address) => {
                let host = IpNetwork::from(address);
                (
                    format!("`{shown}` is an address, not a network"),
                    format!("write `{host}`, or put it in `address` where there is that key"),
                )
            }
            Err(_) => not_a_network(),
        });
    };
    let address: IpAddr = address.parse().map_err(|_| not_a_network())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    // `parse` alone would take `+8`.
    let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
    let length: u8 = length
        .parse()
        .ok()
        .filter(|length| digits && *length <= most)
        .ok_or_else(|| {
            let help = format!("the prefix length is a number from 0 to {most}");
            (format!("`{shown}` is not a network in CIDR notation"), help)
        })?;
    let network = IpNetwork::new(address, length).map_err(|_| not_a_network())?;
    if let IpAddr::V6(v6) = address
        && let Some(v4) = v6.to_ipv4_mapped()
        && length >= 96
    {
        let meant = IpNetwork::new(IpAddr::V4(v4), length - 96).map_err(|_| not_a_network())?;
        return Err((
            format!("`{shown}` is IPv4 written as IPv6"),
            format!(
                "flows to it are recorded as IPv4: write `{}/{}`",
                meant.network(),
                length - 96
            ),
        ));
    }
    if network.network() != address {
        let meant = network.network();
        return Err((
            format!("`{shown}` has host bits set"),
            format!("the network is `{meant}/{length}`; the host alone is `{address}/{most}`"),
        ));
    }
    Ok(network)
}

/// A single address.
pub(super) fn address(value: &Value<'_>, problems: &mut Problems) -> Option<IpNetwork> {
    let written = text(value, "an IP address", problems)?;
    let shown = written.escape_debug();
    let Ok(address) = written.parse::<IpAddr>() else {
        let network = written
            .split_once('/')
            .is_some_and(|(a, _)| a.parse::<IpAddr>().is_ok());
        let (message, help) = if network {
            (
                format!("`{shown}` is a network, not an address"),
                "put it in `cidr`".to_owned(),
            )
        } else {
            let help = "write it as `203.0.113.9` or `2001:db8::9`, without a port or a name";
            (format!("`{shown}` is not an IP address"), help.to_owned())
        };
        problems.report(value.span(), message, help);
        return None;
    };
    if let IpAddr::V6(v6) = address
        && let Some(v4) = v6.to_ipv4_mapped()
    {
        problems.report(
            value.span(),
            format!("`{shown}` is IPv4 written as IPv6"),
            format!("flows to it are recorded as IPv4: write `{v4}`"),
        );
        return None;
    }
    Some(IpNetwork::from(address))
}

/// A port, or a range of them in a string.
pub(super) fn ports(value: &Value<'_>, problems: &mut Problems) -> Option<PortRange> {
    let help = "a port is a number from 1 to 65535, a range a text: `ports = [443, \"8000-8100\"]`";
    let (shown, range) = match value.get_ref() {
        DeValue::Integer(number) => {
            let port = integer::<u16>(number);
            (number.to_string(), port.map(|port| (port, port)))
        }
        DeValue::String(text) => {
            let range = match text.split_once('-') {
                Some((first, last)) => port(first).zip(port(last)),
                None => port(text).map(|one| (one, one)),
            };
            (text.escape_debug().to_string(), range)
        }
        other => {
            let message = format!(
                "expected a port or a range of ports, found {}",
                describe(other)
            );
            problems.report(value.span(), message, help);
            return None;
        }
    };
    match range {
        Some((first, last)) if first > last && last > 0 => {
            problems.report(
                value.span(),
                format!("the range of ports `{shown}` runs backwards"),
                format!("write `\"{last}-{first}\"`"),
            );
            None
        }
        Some((first, last)) if first > 0 && last > 0 => Some(PortRange { first, last }),
        _ => {
            problems.report(value.span(), format!("`{shown}` is not a port"), help);
            None
        }
    }
}

fn port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// An integer that fits the type.
pub(crate) fn integer<T: TryFrom<i64>>(number: &toml::de::DeInteger<'_>) -> Option<T> {
    let wide = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
    T::try_from(wide).ok()
}

/// A protocol by name or IANA number; `icmp` is that of both IP versions.
pub(super) fn protocol(value: &Value<'_>, problems: &mut Problems) -> Option<Vec<Protocol>> {
    const HELP: &str =
        "write `tcp`, `udp`, `icmp` or the IANA number without quotes: `protocol = 47`";
    let (shown, found) = match value.get_ref() {
        DeValue::Integer(number) => {
            let number_text = number.to_string();
            (
                number_text,
                integer::<u8>(number).map(|number| vec![Protocol(number)]),
            )
        }
        DeValue::String(name) => {
            let found = match &**name {
                "tcp" => Some(vec![Protocol::TCP]),
                "udp" => Some(vec![Protocol::UDP]),
                "icmp" => Some(vec![Protocol::ICMP, Protocol::ICMPV6]),
                _ => None,
            };
            (name.escape_debug().to_string(), found)
        }
        other => {
            let message = format!("expected a protocol, found {}", describe(other));
            problems.report(value.span(), message, HELP);
            return None;
        }
    };
    if found.is_none() {
        problems.report(value.span(), format!("`{shown}` is not a protocol"), HELP);
    }
    found
}

/// A number that an autonomous system can have.
pub(super) fn as_number(value: &Value<'_>, problems: &mut Problems) -> Option<u32> {
    let help = "write the number alone, from 1 to 4294967294: `asn = [64496]`";
    let number = match value.get_ref() {
        DeValue::Integer(number) => integer::<u32>(number),
        _ => None,
    };
    match number {
        // RFC 7607, RFC 6793, RFC 7300.
        Some(reserved @ (0 | 23456 | 65535 | u32::MAX)) => {
            let message = format!("AS{reserved} is reserved and nobody's");
            problems.report(value.span(), message, "take it out");
            None
        }
        Some(number) => Some(number),
        None => {
            problems.report(value.span(), "this is not an AS number", help);
            None
        }
    }
}

/// A country or the name of a set.
pub(super) fn territory(
    value: &Value<'_>,
    sets: &SetNames,
    problems: &mut Problems,
) -> Option<Territory> {
    let written = text(value, "a country or a set of countries", problems)?;
    if let Ok(country) = written.parse::<CountryCode>() {
        return Some(Territory::Country(country));
    }
    if sets.as_ref().is_none_or(|names| names.contains(written)) {
        return Some(Territory::Set(Arc::from(written)));
    }
    let shown = written.escape_debug();
    let (message, help) = if written.chars().count() == 2 {
        (
            format!("`{shown}` is not a country of ISO 3166-1 nor a set of jurisdictions.toml"),
            country_help(written, sets),
        )
    } else {
        (
            format!("no set `{shown}` in jurisdictions.toml"),
            country_help(written, sets),
        )
    };
    problems.report(value.span(), message, help);
    None
}

/// A key whose value is one country, and no set.
pub(super) fn country(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
) -> Option<Placed<CountryCode>> {
    let written = reader.text(key)?;
    if let Ok(value) = written.value.parse::<CountryCode>() {
        let span = written.span;
        return Some(Placed { value, span });
    }
    let message = format!(
        "`{}` is not a country of ISO 3166-1",
        written.value.escape_debug()
    );
    let help = country_help(written.value, &None);
    reader.problems.report(written.span, message, help);
    None
}

fn country_help(written: &str, sets: &SetNames) -> String {
    let upper = written.to_uppercase();
    let meant = match &*upper {
        "UK" | "GBR" | "EN" => Some("GB"),
        "EL" | "GRC" => Some("GR"),
        "USA" => Some("US"),
        "DEU" | "GER" => Some("DE"),
        "FRA" => Some("FR"),
        "NOR" => Some("NO"),
        "SWE" => Some("SE"),
        _ => None,
    };
    if let Some(meant) = meant {
        return format!("the code is `{meant}`");
    }
    let known = sets.iter().flatten();
    if upper.parse::<CountryCode>().is_ok() || known.clone().any(|name| *name == upper) {
        return format!("write `{upper}`, in capitals");
    }
    match nearest(written, known.clone().map(String::as_str)) {
        Some(near) => format!("did you mean the set `{near}`?"),
        None if sets.is_none() => "countries are two capitals such as `NO`".into(),
        None if known.clone().next().is_none() => {
            "countries are two capitals such as `NO`; sets are defined in jurisdictions.toml".into()
        }
        None => {
            let names: Vec<&str> = known.map(String::as_str).collect();
            format!(
                "countries are two capitals such as `NO`; the sets are {}",
                names.join(", ")
            )
        }
    }
}
