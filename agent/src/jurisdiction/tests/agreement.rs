//! What several sources say together.

use proptest::prelude::*;

use super::*;
use crate::record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Protocol, Scope};

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
    let at = |address| at(&databases, address).hosted_in.clone();
    let majority = at("198.51.100.1");
    assert_eq!(
        (majority.agreement, majority.value),
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
    let both = at("198.51.100.100");
    assert_eq!(
        (both.agreement, both.value),
        (Agreement::Unanimous, code("DE"))
    );
    let disputed = at("203.0.113.1");
    assert_eq!(
        (disputed.agreement, disputed.value),
        (Agreement::Disputed, None)
    );
    assert_eq!(
        disputed.reason.as_deref(),
        Some("the sources disagree: `a` says DE, `b` says US")
    );
    let one = at("192.0.2.1");
    assert_eq!(
        (one.agreement, one.value),
        (Agreement::Unanimous, code("SE"))
    );
    assert_eq!(one.sources.len(), 3);
}

#[test]
fn operators_agree_by_their_number() {
    let nameless = Value::map([("asn", text("AS64500"))]);
    let files = Files::new()
        .entries("countries", &[("198.51.100.0/24", nested("DE"))])
        .entries("a", &[("198.51.100.0/24", nameless)])
        .entries("b", &[("198.51.100.0/25", system(64_500, "Example B.V."))])
        .entries("c", &[("198.51.100.0/26", system(64_501, "Example Inc."))]);
    let databases = files.open();
    let operator = at(&databases, "198.51.100.1").operator.clone();
    assert_eq!(operator.agreement, Agreement::Majority);
    assert_eq!(operator.value.unwrap().to_string(), "AS64500 Example B.V.");
    // A database of countries has no say, and is not listed as silent.
    let sources: Vec<_> = operator.sources.iter().map(|s| &*s.source).collect();
    assert_eq!(sources, ["a", "b", "c"]);
    let operator = at(&databases, "198.51.100.100").operator.clone();
    assert_eq!(operator.agreement, Agreement::Unanimous);
    assert_eq!(operator.sources[2].value, None);
    let files = Files::new()
        .entries("b", &[("198.51.100.0/25", system(64_500, "Example B.V."))])
        .entries("c", &[("198.51.100.0/26", system(64_501, "Example Inc."))]);
    let operator = at(&files.open(), "198.51.100.1").operator.clone();
    assert_eq!(
        (operator.agreement, operator.value),
        (Agreement::Disputed, None)
    );
    assert_eq!(
        operator.reason.unwrap(),
        "the sources disagree: `b` says AS64500 Example B.V., `c` says AS64501 Example Inc."
    );
}

#[test]
fn one_source_that_says_anycast_is_enough() {
    let flag = |flag: bool| {
        let flag = [
            ("country_code", text("DE")),
            ("is_anycast", Value::from(flag)),
        ];
        Value::map(flag)
    };
    let files = ["a", "b", "c"].iter().fold(Files::new(), |files, name| {
        files.entries(name, &[("198.51.100.0/24", flag(*name == "b"))])
    });
    let place = at(&files.open(), "198.51.100.1");
    assert_eq!(place.anycast.value, Some(true));
    assert_eq!(place.anycast.agreement, Agreement::Majority);
    assert_eq!(place.anycast.reason, None);
    assert_eq!((place.hosted_in.value, place.country()), (code("DE"), None));
    let silent = at(&files.open(), "192.0.2.1");
    assert_eq!(
        silent.anycast.reason.as_deref(),
        Some("no database has an entry for 192.0.2.1")
    );
}

#[test]
fn a_place_goes_through_json_unchanged() {
    let files = Files::new()
        .entries("countries", &[("198.51.100.0/24", nested("DE"))])
        .entries(
            "systems",
            &[("198.51.100.0/25", system(64_500, "Example B.V."))],
        );
    let place = at(&files.open(), "198.51.100.1");
    let json = serde_json::to_value(&*place).unwrap();
    let expected = serde_json::json!({
        "hosted_in": {
            "value": "DE",
            "agreement": "unanimous",
            "sources": [{"source": "countries", "value": "DE", "prefix": "198.51.100.0/24", "note": null}],
            "reason": null,
        },
        "registered_in": {
            "value": "CH",
            "agreement": "unanimous",
            "sources": [{"source": "countries", "value": "CH", "prefix": "198.51.100.0/24", "note": null}],
            "reason": null,
        },
        "operator": {
            "value": {"asn": 64500, "organisation": "Example B.V."},
            "agreement": "unanimous",
            "sources": [{
                "source": "systems",
                "value": {"asn": 64500, "organisation": "Example B.V."},
                "prefix": "198.51.100.0/25",
                "note": null,
            }],
            "reason": null,
        },
        "anycast": {
            "value": null,
            "agreement": "unknown",
            "sources": [],
            "reason": "no database tells whether it is announced from several places",
        },
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<Place>(json).unwrap(), *place);
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
        let hosted = at(&databases, address).hosted_in.clone();
        assert_eq!(
            (hosted.value, hosted.agreement),
            (None, Agreement::Unknown),
            "{address}"
        );
        hosted.reason.unwrap()
    };
    assert_eq!(why("7.0.0.1"), "no database has an entry for 7.0.0.1");
    assert_eq!(why("8.0.0.1"), "`main`: `EU` is not an ISO 3166-1 country");
    assert_eq!(
        why("9.0.0.1"),
        "`main`: its entry has no country of hosting"
    );
    assert_eq!(why("11.0.0.1"), "`main`: `XK` is not an ISO 3166-1 country");
    assert_eq!(why("12.0.0.1"), "`main`: `T1` is not an ISO 3166-1 country");
    assert_eq!(why("2a00::1"), "`old`: holds IPv4 alone");
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
    assert_eq!(at(&databases, "198.51.100.1").country(), code("DE"));
}

#[test]
fn a_record_without_a_destination_is_nowhere() {
    let databases = Files::new()
        .entries("main", &[("0.0.0.0/8", nested("DE"))])
        .open();
    let record = |scope| FlowRecord {
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
    };
    assert_eq!(
        databases.place_of(&record(Scope::Exact), TODAY).country(),
        code("DE")
    );
    for scope in [Scope::Folded, Scope::Sink] {
        let place = databases.place_of(&record(scope), TODAY);
        assert_eq!(place.country(), None);
        assert_eq!(
            place.hosted_in.reason.as_deref(),
            Some("the record holds no destination")
        );
    }
}

proptest! {
    /// Whatever the answers, the agreement is what its definition says.
    #[test]
    fn agreement_follows_its_definition(
        codes in prop::collection::vec(prop::option::of(prop::sample::select(vec!["DE", "FR", "US"])), 1..6),
    ) {
        let files = codes.iter().enumerate().fold(Files::new(), |files, (index, country)| {
            let net = if country.is_some() { "198.51.100.0/24" } else { "192.0.2.0/24" };
            files.entries(&index.to_string(), &[(net, nested(country.unwrap_or("SE")))])
        });
        let hosted = at(&files.open(), "198.51.100.1").hosted_in.clone();
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
        prop_assert_eq!((hosted.agreement, hosted.value), expected);
        prop_assert_eq!(hosted.reason.is_some(), hosted.value.is_none());
    }
}
