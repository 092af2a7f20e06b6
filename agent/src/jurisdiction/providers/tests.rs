#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::IpAddr;

use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::jurisdiction::Freshness;

const DAY: Date = date(2026, 11, 24);

/// A reviewed provider at home in Norway that operates nothing yet.
fn provider(id: &str) -> Provider {
    Provider {
        id: Arc::from(id),
        title: id.to_uppercase(),
        kinds: vec![ProviderKind::Hosting],
        asn: Vec::new(),
        ranges: Vec::new(),
        names: Vec::new(),
        doh: Vec::new(),
        anycast: None,
        legal_entity: Arc::from("Entity"),
        parent: Arc::from("Parent"),
        domicile: "NO".parse().unwrap(),
        source: vec!["synthetic".to_owned()],
        review: Review::Reviewed(date(2026, 11, 1)),
        fresh_for: Freshness::days(400),
    }
}

fn patterns(texts: &[&str]) -> Vec<NamePattern> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn ranges(texts: &[&str]) -> Vec<IpNetwork> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A hoster, and a network that it has let to another.
fn table() -> Providers {
    Providers::new([
        Provider {
            asn: vec![64496, 64497],
            ranges: ranges(&["198.51.100.0/24", "2001:db8::/32"]),
            names: patterns(&["hoster.example", "*.hoster.example", "*.shared.example"]),
            doh: vec![Arc::from("dns.hoster.example")],
            ..provider("hoster")
        },
        Provider {
            asn: vec![64498],
            ranges: ranges(&["198.51.100.64/26", "2001:db8:7::/48"]),
            names: patterns(&["tenant.hoster.example", "*.tenant.hoster.example"]),
            domicile: "US".parse().unwrap(),
            review: Review::Unreviewed("no public source names the owner".to_owned()),
            ..provider("tenant")
        },
    ])
}

/// Id of the provider and by what it was found.
fn shown(found: Option<Match>) -> Option<(String, String)> {
    found.map(|found| (found.provider.id.to_string(), found.by.to_string()))
}

fn is(id: &str, by: &str) -> Option<(String, String)> {
    Some((id.to_owned(), by.to_owned()))
}

#[test]
fn the_narrowest_range_comes_before_the_as_number() {
    let table = table();
    let by = |address: &str, asn| shown(table.by_address(address.parse().unwrap(), asn));
    assert_eq!(by("198.51.100.63", None), is("hoster", "198.51.100.0/24"));
    assert_eq!(by("198.51.100.64", None), is("tenant", "198.51.100.64/26"));
    assert_eq!(
        by("198.51.100.64", Some(64496)),
        is("tenant", "198.51.100.64/26"),
        "a range comes first"
    );
    assert_eq!(by("198.51.101.1", Some(64496)), is("hoster", "AS64496"));
    assert_eq!(by("198.51.101.1", Some(64499)), None);
    assert_eq!(by("198.51.101.1", None), None);
    assert_eq!(by("2001:db8:7::1", None), is("tenant", "2001:db8:7::/48"));
    assert_eq!(by("2001:db8:8::1", None), is("hoster", "2001:db8::/32"));
    assert_eq!(
        by("::ffff:198.51.100.64", None),
        is("tenant", "198.51.100.64/26"),
        "IPv4 in IPv6 is IPv4"
    );
}

#[test]
fn the_narrowest_name() {
    let table = table();
    let by = |name: &str| shown(table.by_name(name));
    assert_eq!(by("hoster.example"), is("hoster", "hoster.example"));
    assert_eq!(by("www.hoster.example"), is("hoster", "*.hoster.example"));
    assert_eq!(by("a.b.hoster.example"), is("hoster", "*.hoster.example"));
    assert_eq!(
        by("tenant.hoster.example"),
        is("tenant", "tenant.hoster.example")
    );
    assert_eq!(
        by("a.tenant.hoster.example"),
        is("tenant", "*.tenant.hoster.example")
    );
    assert_eq!(
        by("WWW.Hoster.Example."),
        is("hoster", "*.hoster.example"),
        "neither capitals nor the last dot matter"
    );
    assert_eq!(by("shared.example"), None, "`*.` is not the name itself");
    assert_eq!(by("notshared.example"), None, "labels are whole");
    for other in ["", ".", "example", "hoster.example.org", "hoster.example.."] {
        assert_eq!(by(other), None, "{other}");
    }
    let long = format!("{}.hoster.example", "a.".repeat(120));
    assert_eq!(by(&long), None, "no name is longer than 253 characters");
}

#[test]
fn encrypted_dns_is_known_by_its_host_name() {
    let table = table();
    let id = |name: &str| {
        let provider = table.is_encrypted_dns(&name.parse().unwrap())?;
        Some(provider.id.to_string())
    };
    assert_eq!(id("dns.hoster.example"), Some("hoster".to_owned()));
    assert_eq!(id("DNS.hoster.example."), Some("hoster".to_owned()));
    assert_eq!(id("a.dns.hoster.example"), None);
    assert_eq!(id("hoster.example"), None);
}

#[test]
fn a_review_counts_for_its_days_and_no_longer() {
    let reviewed = Provider {
        review: Review::Reviewed(date(2025, 1, 1)),
        fresh_for: Freshness::days(365),
        ..provider("a")
    };
    let norway = "NO".parse().unwrap();
    assert_eq!(reviewed.domicile_on(date(2025, 1, 1)), Ok(norway));
    assert_eq!(reviewed.domicile_on(date(2026, 1, 1)), Ok(norway));
    let stale = reviewed.domicile_on(date(2026, 1, 2)).unwrap_err();
    assert_eq!(
        stale,
        DomicileError::Stale {
            reviewed: date(2025, 1, 1),
            fresh_for: Freshness::days(365),
        }
    );
    assert_eq!(
        stale.to_string(),
        "its domicile was last reviewed on 2025-01-01, which counts for 365 days"
    );
    assert_eq!(
        reviewed.domicile_on(date(2024, 6, 1)),
        Ok(norway),
        "a later review judges the past"
    );
    let for_ever = Provider {
        fresh_for: Freshness::days(u16::MAX),
        review: Review::Reviewed(Date::MAX),
        ..provider("a")
    };
    assert_eq!(for_ever.domicile_on(Date::MAX), Ok(norway));
}

#[test]
fn what_is_unreviewed_is_shown_and_never_counts() {
    let found = table().domicile("198.51.100.64".parse().unwrap(), None, DAY);
    assert_eq!(
        found,
        Domicile {
            country: None,
            provider: Some(Arc::from("tenant")),
            legal_entity: Some(Arc::from("Entity")),
            parent: Some(Arc::from("Parent")),
            matched_by: Some(MatchedBy::Range("198.51.100.64/26".parse().unwrap())),
            reviewed: None,
            reason: Some("its domicile is unreviewed: no public source names the owner".to_owned()),
            stated: Some("US".parse().unwrap()),
            anycast: None,
        }
    );
    for day in [Date::MIN, DAY, Date::MAX] {
        let tenant = table();
        let tenant = tenant.get("tenant").unwrap();
        assert!(tenant.domicile_on(day).is_err(), "{day}");
    }
}

#[test]
fn a_reviewed_domicile_counts() {
    let found = table().domicile("192.0.2.1".parse().unwrap(), Some(64497), DAY);
    assert_eq!(
        serde_json::to_value(&found).unwrap(),
        json!({
            "country": "NO",
            "provider": "hoster",
            "legal_entity": "Entity",
            "parent": "Parent",
            "matched_by": { "as": 64497 },
            "reviewed": "2026-11-01",
            "reason": null,
            "stated": null,
            "anycast": null,
        })
    );
    let bytes = postcard::to_stdvec(&found).unwrap();
    assert_eq!(postcard::from_bytes::<Domicile>(&bytes).unwrap(), found);
    let stale = table().domicile("192.0.2.1".parse().unwrap(), Some(64497), date(2028, 1, 1));
    assert_eq!(stale.country, None);
    assert_eq!(stale.stated, Some("NO".parse().unwrap()));
    assert_eq!(stale.reviewed, Some(date(2026, 11, 1)));
}

#[test]
fn an_unknown_operator_has_its_reason() {
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let reason = |table: &Providers, asn| table.domicile(address, asn, DAY).reason.unwrap();
    assert_eq!(
        reason(&Providers::default(), None),
        "the allowlists list no providers"
    );
    assert_eq!(
        reason(&table(), Some(64499)),
        "no listed provider has the address or AS64499"
    );
    assert_eq!(
        reason(&table(), None),
        "no listed provider has the address, and its AS number is not known"
    );
}

#[test]
fn a_provider_as_json() {
    let value = serde_json::to_value(&**table().get("hoster").unwrap()).unwrap();
    assert_eq!(value["reviewed"], "2026-11-01");
    assert_eq!(value["fresh_for_days"], 400);
    assert_eq!(value["kinds"], json!(["hosting"]));
    assert_eq!(value["names"][1], "*.hoster.example");
    let table = table();
    let tenant = serde_json::to_value(&**table.get("tenant").unwrap()).unwrap();
    assert_eq!(tenant["unreviewed"], "no public source names the owner");
    assert_eq!(table.len(), 2);
    let ids: Vec<&str> = table.iter().map(|provider| &*provider.id).collect();
    assert_eq!(ids, ["hoster", "tenant"]);
}

/// Names of few labels out of few letters, so that they meet.
fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(vec!["a", "b", "ab", "x-1"]), 1..5)
        .prop_map(|labels| labels.join("."))
}

fn pattern() -> impl Strategy<Value = NamePattern> {
    (any::<bool>(), name()).prop_map(|(below, name)| {
        let star = if below { "*." } else { "" };
        format!("{star}{name}").parse().unwrap()
    })
}

/// Networks within two /24 and a /112, so that they meet.
fn network() -> impl Strategy<Value = IpNetwork> {
    (address(), any::<u8>()).prop_map(|(address, length)| {
        let (shortest, longest) = if address.is_ipv4() {
            (22, 32)
        } else {
            (110, 128)
        };
        let length = shortest + length % (longest - shortest + 1);
        let host = IpNetwork::new(address, length).unwrap();
        IpNetwork::new(host.network(), length).unwrap()
    })
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (100_u8..102, any::<u8>()).prop_map(|(third, last)| IpAddr::from([198, 51, third, last])),
        any::<u16>().prop_map(|last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])),
    ]
}

proptest! {
    /// The indexes find what a scan over every pattern finds.
    #[test]
    fn names_as_by_scan(
        owners in proptest::collection::vec(proptest::collection::btree_set(pattern(), 0..4), 0..6),
        asked in name(),
    ) {
        let mut all = BTreeMap::new();
        for (number, patterns) in owners.iter().enumerate() {
            for pattern in patterns {
                all.entry(pattern.clone()).or_insert(format!("p{number}"));
            }
        }
        let wanted = all
            .iter()
            .filter(|(pattern, _)| pattern.fits(&asked))
            .max_by_key(|(pattern, _)| (!pattern.is_wildcard(), pattern.name().len()))
            .map(|(pattern, owner)| (owner.clone(), pattern.to_string()));
        let table = Providers::new(owners.iter().enumerate().map(|(number, names)| Provider {
            names: names.iter().cloned().collect(),
            ..provider(&format!("p{number}"))
        }));
        prop_assert_eq!(&shown(table.by_name(&asked)), &wanted);
        let otherwise = format!("{}.", asked.to_uppercase());
        prop_assert_eq!(&shown(table.by_name(&otherwise)), &wanted);
    }

    /// The indexes find what a scan over every range and number finds.
    #[test]
    fn addresses_as_by_scan(
        owners in proptest::collection::vec(
            (proptest::collection::btree_set(network(), 0..4), proptest::option::of(1_u32..6)),
            0..6,
        ),
        asked in address(),
        asn in proptest::option::of(1_u32..6),
    ) {
        let named = |number: usize| format!("p{number}");
        let mut found: Option<(IpNetwork, usize)> = None;
        for (number, (ranges, _)) in owners.iter().enumerate() {
            for range in ranges.iter().filter(|range| range.contains(asked)) {
                if found.is_none_or(|(best, _)| best.prefix() < range.prefix()) {
                    found = Some((*range, number));
                }
            }
        }
        let by_number = || {
            let asn = asn?;
            let owner = owners.iter().position(|(_, own)| *own == Some(asn))?;
            Some((named(owner), format!("AS{asn}")))
        };
        let wanted = found
            .map(|(range, number)| (named(number), range.to_string()))
            .or_else(by_number);
        let table = Providers::new(owners.iter().enumerate().map(|(number, (ranges, own))| {
            Provider {
                ranges: ranges.iter().copied().collect(),
                asn: own.iter().copied().collect(),
                ..provider(&named(number))
            }
        }));
        prop_assert_eq!(shown(table.by_address(asked, asn)), wanted);
    }

    /// What is read as a pattern is written as it was read.
    #[test]
    fn patterns_are_written_as_read(text in "[*a-c.A-C/ -]{0,8}") {
        if let Ok(pattern) = text.parse::<NamePattern>() {
            prop_assert_eq!(pattern.to_string(), text);
        }
    }
}
