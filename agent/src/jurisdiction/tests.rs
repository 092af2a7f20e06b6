//! Databases of every layout and fault, built here.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use ipnet::IpNet;
use mmdb_writer::{IpVersion, Ipv4Aliasing, Value, Writer};
use proptest::prelude::*;

use super::*;
use crate::{
    attribution::{Attributed, Executable, path},
    naming::{Name, Named},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Protocol, Scope},
};

/// `country.iso_code`, as GeoIP2 and DB-IP have it.
fn nested(code: &str) -> Value {
    Value::map([
        ("continent", Value::map([("code", Value::from("EU"))])),
        (
            "country",
            Value::map([
                ("geoname_id", Value::from(1_u32)),
                ("iso_code", Value::from(code)),
            ]),
        ),
        (
            "registered_country",
            Value::map([("iso_code", Value::from("CH"))]),
        ),
    ])
}

fn mmdb(kind: &str, version: IpVersion, entries: &[(&str, Value)]) -> Vec<u8> {
    let mut writer = Writer::builder(kind)
        .description(&[("en", "synthetic")])
        .ip_version(version)
        .ipv4_aliasing(Ipv4Aliasing::Disabled)
        .build_epoch(UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .build();
    for (net, value) in entries {
        writer
            .insert_value(net.parse::<IpNet>().unwrap(), value.clone())
            .unwrap();
    }
    writer.to_bytes().unwrap()
}

/// Databases by name, in a directory of the test's own.
struct Files {
    directory: tempfile::TempDir,
    sources: Vec<(String, PathBuf)>,
}

impl Files {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            sources: Vec::new(),
        }
    }

    fn with(mut self, name: &str, bytes: &[u8]) -> Self {
        let path = self.directory.path().join(name).with_extension("mmdb");
        fs::write(&path, bytes).unwrap();
        self.sources.push((name.to_owned(), path));
        self
    }

    fn entries(self, name: &str, entries: &[(&str, Value)]) -> Self {
        self.with(name, &mmdb("Test-Country", IpVersion::V6, entries))
    }

    fn open(&self) -> Databases {
        Databases::open(&self.sources).unwrap()
    }

    /// The error without the directory's name.
    fn error(&self) -> String {
        let Err(error) = Databases::open(&self.sources) else {
            return "none".to_owned();
        };
        error
            .to_string()
            .replace(&format!("{}/", self.directory.path().display()), "")
    }
}

fn at(databases: &Databases, address: &str) -> Arc<HostedIn> {
    databases.hosted_in(address.parse().unwrap())
}

fn code(text: &str) -> Option<CountryCode> {
    Some(text.parse().unwrap())
}

#[test]
fn each_layout_is_read() {
    for (value, field) in [
        (
            nested("FR"),
            "country.iso_code, registered_country.iso_code",
        ),
        (
            Value::map([("country_code", Value::from("FR"))]),
            "country_code",
        ),
        (
            Value::map([
                ("country", Value::from("FR")),
                ("country_name", Value::from("France")),
            ]),
            "country",
        ),
        (
            Value::map([
                ("country", Value::from("France")),
                ("country_code", Value::from("fr")),
            ]),
            "country_code",
        ),
    ] {
        let databases = Files::new()
            .entries("one", &[("203.0.113.0/25", value)])
            .open();
        let hosted = at(&databases, "203.0.113.9");
        assert_eq!(hosted.country, code("FR"), "{field}");
        assert_eq!(hosted.agreement, Agreement::Unanimous);
        assert_eq!(hosted.reason, None);
        assert_eq!(hosted.sources[0].prefix.as_deref(), Some("203.0.113.0/25"));
        assert_eq!(databases.describe()[0].fields.join(", "), field);
    }
}

#[test]
fn a_database_describes_itself() {
    let bytes = mmdb(
        "Test-Country",
        IpVersion::V6,
        &[("2001:db8::/32", nested("DE"))],
    );
    let files = Files::new().with("main", &bytes);
    let description = files.open().describe().remove(0);
    assert_eq!(description.name, "main");
    assert_eq!(description.path, files.sources[0].1);
    assert_eq!(description.kind, "Test-Country");
    assert_eq!(description.built.to_string(), "2023-11-14T22:13:20Z");
    assert_eq!(description.description.as_deref(), Some("synthetic"));
    assert_eq!(description.bytes, bytes.len() as u64);
    assert_eq!(description.ip_version, 6);
    assert_eq!(description.record_size, 24);
    assert_eq!(description.nodes, 32);
    assert_eq!(description.sha256.len(), 64);
    let other = Files::new()
        .entries("main", &[("2001:db8::/32", nested("AT"))])
        .open();
    assert_ne!(other.describe()[0].sha256, description.sha256);
    let empty = database_digest(b"");
    assert_eq!(
        empty,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

fn database_digest(bytes: &[u8]) -> String {
    database::digest(bytes)
}

#[test]
fn sources_stand_side_by_side() {
    let databases = Files::new()
        .entries(
            "a",
            &[
                ("198.51.100.0/24", nested("DE")),
                ("203.0.113.0/24", nested("DE")),
            ],
        )
        .entries(
            "b",
            &[
                ("198.51.100.0/25", nested("DE")),
                ("203.0.113.0/24", nested("US")),
            ],
        )
        .entries(
            "c",
            &[
                ("198.51.100.0/26", nested("NL")),
                ("192.0.2.0/24", nested("SE")),
            ],
        )
        .open();
    let majority = at(&databases, "198.51.100.1");
    assert_eq!(
        (majority.agreement, majority.country),
        (Agreement::Majority, code("DE"))
    );
    let prefixes: Vec<_> = majority
        .sources
        .iter()
        .map(|s| s.prefix.as_deref().unwrap())
        .collect();
    assert_eq!(
        prefixes,
        ["198.51.100.0/24", "198.51.100.0/25", "198.51.100.0/26"]
    );
    let both = at(&databases, "198.51.100.100");
    assert_eq!(
        (both.agreement, both.country),
        (Agreement::Unanimous, code("DE"))
    );
    let disputed = at(&databases, "203.0.113.1");
    assert_eq!(
        (disputed.agreement, disputed.country),
        (Agreement::Disputed, None)
    );
    assert_eq!(
        disputed.reason.as_deref(),
        Some("the sources disagree: `a` says DE, `b` says US")
    );
    let one = at(&databases, "192.0.2.1");
    assert_eq!(
        (one.agreement, one.country),
        (Agreement::Unanimous, code("SE"))
    );
    assert_eq!(one.sources.len(), 3);
    assert!(
        Arc::ptr_eq(&one, &at(&databases, "192.0.2.1")),
        "remembered"
    );
}

#[test]
fn what_is_not_known_says_why() {
    let no_code = Value::map([("country", Value::map([("geoname_id", Value::from(1_u32))]))]);
    let files = Files::new().entries(
        "main",
        &[
            ("198.51.100.0/24", nested("DE")),
            ("8.0.0.0/8", nested("EU")),
            ("9.0.0.0/8", no_code),
            ("11.0.0.0/8", nested("XK")),
            ("12.0.0.0/8", nested("T1")),
            ("10.1.0.0/16", nested("AP")),
        ],
    );
    let files = files.with(
        "old",
        &mmdb(
            "Old-Country",
            IpVersion::V4,
            &[("198.51.100.0/24", nested("DE"))],
        ),
    );
    let databases = files.open();
    let why = |address: &str| {
        let hosted = at(&databases, address);
        assert_eq!(
            (hosted.country, hosted.agreement),
            (None, Agreement::Unknown),
            "{address}"
        );
        hosted.reason.clone().unwrap()
    };
    assert_eq!(why("7.0.0.1"), "no database has an entry for 7.0.0.1");
    assert_eq!(
        why("8.0.0.1"),
        "`main` says `EU`, which is not an ISO 3166-1 country"
    );
    assert_eq!(why("9.0.0.1"), "the entry of `main` has no country");
    assert_eq!(
        why("11.0.0.1"),
        "`main` says `XK`, which is not an ISO 3166-1 country"
    );
    assert_eq!(
        why("12.0.0.1"),
        "`main` says `T1`, which is not an ISO 3166-1 country"
    );
    assert_eq!(why("2a00::1"), "`old` holds IPv4 alone");
    // Special-purpose blocks, with and without an entry that names no country.
    assert_eq!(
        why("10.0.0.1"),
        "10.0.0.1 is in 10.0.0.0/8 (private use, RFC 1918), which belongs to no country"
    );
    assert_eq!(
        why("10.1.0.1"),
        "10.1.0.1 is in 10.0.0.0/8 (private use, RFC 1918), which belongs to no country"
    );
    assert_eq!(
        why("2001:db8::1"),
        "2001:db8::1 is in 2001:db8::/32 (documentation, RFC 3849), which belongs to no country"
    );
    // Unless a database has an entry.
    assert_eq!(at(&databases, "198.51.100.1").country, code("DE"));
}

#[test]
fn a_record_without_a_destination_is_nowhere() {
    let databases = Files::new()
        .entries("main", &[("0.0.0.0/8", nested("DE"))])
        .open();
    let named = |scope| Named {
        flow: Attributed {
            record: FlowRecord {
                id: FlowId(1),
                scope,
                cgroup: CgroupId(1),
                netns: None,
                address: "0.0.0.0".parse().unwrap(),
                port: 0,
                protocol: Protocol::TCP,
                direction: Direction::Outbound,
                process: None,
                first_ns: 0,
                last_ns: 0,
                forwarded_from: None,
                attempts: 0,
                counters: Counters::default(),
            },
            workload: Arc::new(path::parse("/")),
            executable: Executable::Unknown("synthetic".into()),
        },
        name: Name::None {
            reason: "synthetic".into(),
        },
    };
    assert_eq!(
        databases.locate(named(Scope::Exact)).hosted_in.country,
        code("DE")
    );
    for scope in [Scope::Folded, Scope::Sink] {
        let hosted = databases.locate(named(scope)).hosted_in;
        assert_eq!(hosted.country, None);
        assert_eq!(
            hosted.reason.as_deref(),
            Some("the record holds no destination")
        );
    }
}

#[test]
fn each_fault_has_its_own_error_and_remedy() {
    let whole = mmdb(
        "Test-Country",
        IpVersion::V6,
        &[("198.51.100.0/24", nested("DE"))],
    );
    let says = |bytes: &[u8]| Files::new().with("x", bytes).error();
    const AGAIN: &str = "fetch it again, or run `cargo xtask setup` to build one";

    assert_eq!(
        Files::new().error(),
        "no country database is given: pass --country-db FILE, or run `cargo xtask setup` to build one"
    );
    assert_eq!(
        Files::new().with("x", &whole).with("x", &whole).error(),
        "two country databases are called `x`: name each with --country-db NAME=FILE"
    );
    let mut missing = Files::new();
    missing
        .sources
        .push(("x".into(), "/nonexistent/x.mmdb".into()));
    assert_eq!(
        missing.error(),
        "country database /nonexistent/x.mmdb does not exist: run `cargo xtask setup` to build \
         one, or pass another --country-db"
    );
    let mut directory = Files::new();
    directory
        .sources
        .push(("x".into(), directory.directory.path().join(".")));
    assert!(
        directory
            .error()
            .ends_with("is a directory: pass the .mmdb file in it with --country-db")
    );
    let mut device = Files::new();
    device.sources.push(("x".into(), "/dev/null".into()));
    assert!(device.error().contains("/dev/null is not a regular file"));
    assert_eq!(
        says(b""),
        "country database x.mmdb is empty: run `cargo xtask setup` to build it anew, or pass \
         another --country-db"
    );
    assert_eq!(
        says(b"1.0.0.0,1.0.0.255,AU\n"),
        "country database x.mmdb is a text file: pass a database in MaxMind format (.mmdb) with \
         --country-db"
    );
    assert_eq!(
        says(b"\x1f\x8b\x08\x00"),
        "country database x.mmdb is compressed: unpack it and pass the .mmdb file with --country-db"
    );
    assert_eq!(
        says(&whole[..whole.len() / 2]),
        format!(
            "country database x.mmdb has no MaxMind metadata, so it is cut off or of another format: {AGAIN}"
        )
    );
    let shortened = says(&whole[64..]);
    assert!(
        shortened.starts_with("country database x.mmdb is corrupt: "),
        "{shortened}"
    );
    assert!(shortened.ends_with(AGAIN), "{shortened}");
    let cut_metadata = says(&whole[..whole.len() - 8]);
    assert!(
        cut_metadata.starts_with("country database x.mmdb is corrupt: "),
        "{cut_metadata}"
    );
    assert_eq!(
        says(&mmdb("Test-Country", IpVersion::V6, &[])),
        format!("country database x.mmdb holds no networks: {AGAIN}")
    );
    let asn = Value::map([
        ("autonomous_system_number", Value::from(64_512_u32)),
        (
            "autonomous_system_organization",
            Value::from("Example (synthetic)"),
        ),
    ]);
    assert_eq!(
        says(&mmdb(
            "Test-ASN",
            IpVersion::V6,
            &[("198.51.100.0/24", asn)]
        )),
        "country database x.mmdb (Test-ASN) tells no country: its records have \
         autonomous_system_number, autonomous_system_organization, and none of country.iso_code, \
         country_code, country; pass a country or city database with --country-db"
    );
    let registered = Value::map([(
        "registered_country",
        Value::map([("iso_code", Value::from("DE"))]),
    )]);
    assert!(
        says(&mmdb(
            "Test",
            IpVersion::V6,
            &[("198.51.100.0/24", registered)]
        ))
        .contains("its records have registered_country,"),
        "where a block is registered is not where it is hosted"
    );
}

#[test]
fn an_image_may_come_from_elsewhere() {
    let files = Files::new().entries("main", &[("198.51.100.0/24", nested("DE"))]);
    let bytes: &'static [u8] = fs::read(&files.sources[0].1).unwrap().leak();
    let databases = Databases::open_with(&files.sources, |_| Ok(Image::new(bytes))).unwrap();
    assert_eq!(at(&databases, "198.51.100.1").country, code("DE"));
}

proptest! {
    /// A damaged file is refused or answers; it never stops the agent.
    #[test]
    fn damage_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = mmdb(
            "Test-Country",
            IpVersion::V6,
            &[("198.51.100.0/24", nested("DE")), ("2001:db8::/48", nested("FR"))],
        );
        let place = place.index(bytes.len());
        if cut { bytes.truncate(place) } else { bytes[place] = byte }
        let files = Files::new().with("x", &bytes);
        if let Ok(databases) = Databases::open(&files.sources) {
            for address in ["198.51.100.1", "2001:db8::1", "192.0.2.1"] {
                databases.hosted_in(address.parse().unwrap());
            }
        }
    }

    /// Whatever the answers, the agreement is what its definition says.
    #[test]
    fn agreement_follows_its_definition(
        codes in prop::collection::vec(prop::option::of(prop::sample::select(vec!["DE", "FR", "US"])), 1..6),
    ) {
        let files = codes.iter().enumerate().fold(Files::new(), |files, (index, country)| {
            let net = if country.is_some() { "198.51.100.0/24" } else { "192.0.2.0/24" };
            files.entries(&index.to_string(), &[(net, nested(country.unwrap_or("SE")))])
        });
        let hosted = files.open().hosted_in("198.51.100.1".parse::<IpAddr>().unwrap());
        let answered = codes.iter().flatten().count();
        let most = ["DE", "FR", "US"].into_iter()
            .map(|code| (codes.iter().flatten().filter(|c| **c == code).count(), code))
            .max().unwrap();
        let expected = match most.0 {
            0 => (Agreement::Unknown, None),
            n if n == answered => (Agreement::Unanimous, code(most.1)),
            n if n * 2 > answered => (Agreement::Majority, code(most.1)),
            _ => (Agreement::Disputed, None),
        };
        prop_assert_eq!((hosted.agreement, hosted.country), expected);
        prop_assert_eq!(hosted.reason.is_some(), hosted.country.is_none());
    }
}
