//! What is written is what the reader of the agent reads.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{net::IpAddr, ops::RangeInclusive};

use maxminddb::{Reader, path};
use proptest::prelude::*;
use weir_ipdata::{CountryDatabase, country_mmdb};

fn country(reader: &Reader<Vec<u8>>, address: IpAddr) -> Option<String> {
    reader
        .lookup(address)
        .unwrap()
        .decode_path(&path!["country", "iso_code"])
        .unwrap()
}

#[test]
fn prefixes_of_both_families_come_back() {
    let bytes = country_mmdb(
        [
            ("203.0.113.0/25", "US"),
            ("203.0.113.128/25", "DE"),
            ("2001:db8:1::/48", "FR"),
        ],
        "Test-Country",
        1_700_000_000,
    )
    .unwrap();
    let reader = Reader::from_source(bytes).unwrap();
    reader.verify().unwrap();
    let at = |address: &str| country(&reader, address.parse().unwrap());
    assert_eq!(at("203.0.113.127").as_deref(), Some("US"));
    assert_eq!(at("203.0.113.128").as_deref(), Some("DE"));
    assert_eq!(at("2001:db8:1:ffff::1").as_deref(), Some("FR"));
    assert_eq!(at("203.0.114.0"), None);
    assert_eq!(at("2001:db8:2::"), None);
    assert_eq!(at("::ffff:203.0.113.1"), None, "no aliases");
    assert_eq!(
        reader
            .lookup("203.0.113.1".parse().unwrap())
            .unwrap()
            .network()
            .unwrap()
            .prefix(),
        25
    );
}

#[test]
fn the_metadata_is_what_was_given() {
    let database = CountryDatabase {
        kind: "Test-Country".into(),
        description: "synthetic data".into(),
        build_epoch: 1_700_000_000,
    };
    let bytes = database.build([("192.0.2.1", "SE")]).unwrap();
    assert_eq!(
        bytes,
        database.build([("192.0.2.1", "SE")]).unwrap(),
        "same input, same bytes"
    );
    let reader = Reader::from_source(bytes).unwrap();
    let metadata = reader.metadata();
    assert_eq!(metadata.database_type, "Test-Country");
    assert_eq!(metadata.description["en"], "synthetic data");
    assert_eq!(metadata.build_epoch, 1_700_000_000);
    assert_eq!(metadata.ip_version, 6);
}

#[test]
fn a_bad_prefix_is_refused() {
    let error = country_mmdb([("203.0.113.0/33", "US")], "Test-Country", 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`203.0.113.0/33` is neither an address nor a prefix such as 192.0.2.0/24"
    );
}

proptest! {
    #[test]
    fn any_v4_range_is_exact(a in any::<u32>(), b in any::<u32>()) {
        let (first, last) = (a.min(b), a.max(b));
        only_inside(
            IpAddr::V4(first.into())..=IpAddr::V4(last.into()),
            [first.checked_sub(1), last.checked_add(1)].map(|n| n.map(|n| IpAddr::V4(n.into()))),
        );
    }

    #[test]
    fn any_v6_range_is_exact(a in any::<u128>(), b in any::<u128>()) {
        let (first, last) = (a.min(b), a.max(b));
        only_inside(
            IpAddr::V6(first.into())..=IpAddr::V6(last.into()),
            [first.checked_sub(1), last.checked_add(1)].map(|n| n.map(|n| IpAddr::V6(n.into()))),
        );
    }
}

/// Both ends of the range are in, its neighbours are not.
fn only_inside(range: RangeInclusive<IpAddr>, neighbours: [Option<IpAddr>; 2]) {
    let (first, last) = (*range.start(), *range.end());
    let bytes = country_mmdb([(range, "AT")], "Test-Country", 0).unwrap();
    let reader = Reader::from_source(bytes).unwrap();
    assert_eq!(country(&reader, first).as_deref(), Some("AT"));
    assert_eq!(country(&reader, last).as_deref(), Some("AT"));
    for neighbour in neighbours.into_iter().flatten() {
        assert_eq!(country(&reader, neighbour), None);
    }
}
