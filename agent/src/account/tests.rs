//! Accounts of made-up records.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::{coverage::Union, *};
use crate::{
    coverage::Reason,
    finding::{self, Acknowledgement, Finding, FindingId, Jurisdiction, Kind, Severity},
    history::{
        InForce,
        sample::{Store, With as _, flow, sent, started, stopped, time},
    },
    ledger::{Entry, Ledger},
    policy::Source,
    record::Counters,
    verdict::Verdict,
};

const IMAGE: &str = r#"
product = "image"
title = "Image generation"
owner = "media"
posture = "external_declared"
[[workload]]
unit = "image.service"
[[allow]]
id = "image-model"
cidr = ["198.51.100.0/24"]
ports = [443]
protocol = "tcp"
purpose = "made up"
owner = "media"
data_categories = ["prompts"]
legal_basis = "made up"
disclosed_at = "https://weir.example/image"
approved_by = "somebody"
approved_on = 2026-01-01
expires = 2026-12-31
[[allow]]
id = "image-spare"
cidr = ["203.0.113.0/24"]
purpose = "made up"
owner = "media"
data_categories = ["prompts"]
legal_basis = "made up"
disclosed_at = "https://weir.example/image"
approved_by = "somebody"
approved_on = 2026-01-01
expires = 2026-12-31
"#;

const CLAIMS: &str = r#"
report = "Sovereignty report"
reviewed = 2026-11-01
[[claim]]
id = "image-is-disclosed"
statement = "Image generation calls disclosed providers only"
section = ["Data flow"]
products = ["image"]
condition = "only_declared_and_disclosed"
"#;

fn policies() -> Policies {
    let sources = vec![
        Source::from_text("image.toml", IMAGE),
        Source::from_text("claims.toml", CLAIMS),
    ];
    let own = Policy::from_sources(sources).unwrap_or_else(|rejected| panic!("{rejected}"));
    let in_force = vec![SetInForce {
        from: time("2026-11-01T00:00:00Z"),
        digest: own.digest().to_owned(),
        policy: Err("made up".to_owned()),
    }];
    Policies::new(own, in_force)
}

fn heartbeat() -> Entry {
    Entry::Heartbeat {
        recording: "r".to_owned(),
        boot_id: "b".to_owned(),
        boot_ns: 0,
        open_flows: 0,
        counters: Counters::default(),
        losses: [].into(),
    }
}

fn found(egress_bytes: u64) -> Box<Finding> {
    let seen = time("2026-11-01T00:10:00Z");
    let key = json!({
        "id": "0000000000000001",
        "kind": "undeclared", "product": "image", "workload": null,
        "destination": null, "jurisdiction": "US", "rule": null,
        "severity": "page", "first_seen": seen, "last_seen": seen,
        "flows": 1, "egress_bytes": egress_bytes, "detail": "made up", "detail_seen": seen,
    });
    serde_json::from_value(key).unwrap()
}

/// An hour with a heartbeat each minute but for ten, of which a gap explains four.
fn hour() -> Store {
    let mut store = Store::new();
    store.add("2026-11-01T00:00:00Z", started("r", "digest"));
    let declared = flow(1, 4000)
        .judged(Verdict::Declared, Some("image-model"))
        .told("model.example", crate::naming::Grade::Answered)
        .announced(64_500)
        .hosted(&[("geo", "DE")]);
    let undeclared = flow(2, 1000)
        .to("203.0.113.9", 8443)
        .hosted(&[("geo", "US")]);
    let internal = flow(3, 500)
        .to("10.20.0.7", 443)
        .judged(Verdict::Internal, None);
    for minute in (0..60).filter(|minute| !(31..40).contains(minute)) {
        let at = |second: u8| format!("2026-11-01T00:{minute:02}:{second:02}Z");
        store.add(&at(30), heartbeat());
        match minute {
            5 => store
                .flow(&at(31), declared.clone())
                .flow(&at(32), internal.clone()),
            6 => store.flow(&at(31), declared.clone().more(2000)),
            10 => store
                .flow(&at(31), undeclared.clone())
                .add(&at(32), Entry::FindingOpened(found(1000))),
            20 => store.add(&at(31), Entry::FindingClosed(found(1000))),
            40 => store.add(
                &at(31),
                Entry::Gap(Gap {
                    from: time("2026-11-01T00:31:00Z"),
                    to: time("2026-11-01T00:35:00Z"),
                    reason: Reason::Loss,
                    detail: "made up".to_owned(),
                    repaired: true,
                    losses: [("payload_cut".to_owned(), 3)].into(),
                }),
            ),
            _ => &mut store,
        };
    }
    store.add("2026-11-01T01:00:30Z", heartbeat());
    store
}

pub(crate) fn account<'p>(store: &Store, period: &str, policies: &'p Policies) -> Account<'p> {
    let mut builder = Account::builder(period.parse().unwrap(), policies);
    Ledger::each(store.path(), |_, time, entry| builder.take(time, &entry)).unwrap();
    builder.finish()
}

const HOUR: &str = "2026-11-01T00:00:00Z..2026-11-01T01:00:00Z";

#[test]
fn sums_hold() {
    let policies = policies();
    let account = account(&hour(), HOUR, &policies);
    let [image] = account.products.as_slice() else {
        panic!("{:?}", account.products);
    };
    assert_eq!(image.label(), "Image generation");
    assert_eq!(image.external().egress_bytes, 7000);
    assert_eq!(image.outbound[&Verdict::Internal].egress_bytes, 500);
    assert_eq!(account.flows.intervals, 4);
    let groups = account.flows.groups.iter();
    let groups: Vec<_> = groups
        .map(|one| {
            (
                one.kind.verdict,
                one.sum.flows,
                one.sum.counters.egress_bytes,
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            (Verdict::Internal, 1, 500),
            (Verdict::Declared, 1, 6000),
            (Verdict::Undeclared, 1, 1000)
        ]
    );
    let met = &account.flows.groups[2].met;
    assert_eq!(met.address.to_string(), "203.0.113.9");
    assert_eq!((met.port, met.protocol.as_str()), (8443, "tcp"));
    assert_eq!(met.reason.as_deref(), Some("no entry of image declares it"));
    assert_eq!(account.flows.groups[1].met.reason, None);
    let peers = account.providers.listed.iter();
    let peers: Vec<_> = peers
        .map(|one| (one.peer.to_string(), one.outbound.egress_bytes))
        .collect();
    assert_eq!(
        peers,
        [
            ("AS64500".to_owned(), 6000),
            ("203.0.113.0/24".to_owned(), 1000)
        ]
    );
    assert_eq!(account.providers.per_mille(6000), Some(857));
    let germany = Jurisdiction::Country("DE".parse().unwrap());
    assert_eq!(
        account.providers.listed[0].hosted_in,
        [(germany, 6000)].into()
    );
}

#[test]
fn what_is_declared_is_seen_or_not() {
    let policies = policies();
    let account = account(&hour(), HOUR, &policies);
    let [model, spare] = account.declared.as_slice() else {
        panic!("{:?}", account.declared);
    };
    assert_eq!(model.entry.id, "image-model");
    assert_eq!(
        model.used.as_ref().unwrap().counters(),
        sent(4000) + sent(2000)
    );
    assert!(!model.is_never_seen() && !model.is_undisclosed());
    assert_eq!(spare.used, None);
    assert!(spare.is_never_seen());
    assert_eq!(
        account.summary().never_seen,
        ["image-spare".to_owned()].into()
    );
}

/// A silence counts, but for what a gap already explains.
#[test]
fn silence_is_not_examined() {
    let policies = policies();
    let account = account(&hour(), HOUR, &policies);
    let coverage = &account.coverage;
    let parts = coverage.unexamined.iter();
    let parts: Vec<_> = parts
        .map(|one| (one.from.to_string(), one.to.to_string(), one.disposition))
        .collect();
    let at = |minute: &str| format!("2026-11-01T00:{minute}Z");
    assert_eq!(
        parts,
        [
            (at("31:00"), at("35:00"), Disposition::RingBufferLoss),
            (at("35:00"), at("40:30"), Disposition::AgentDown),
        ]
    );
    assert_eq!(coverage.eligible, SignedDuration::from_mins(60));
    assert_eq!(coverage.examined, SignedDuration::from_secs(3600 - 570));
    assert_eq!(coverage.per_myriad(), Some(8416));
    assert!(!account.is_complete());
    assert_eq!(account.facts.losses, [("payload_cut".to_owned(), 3)].into());
    assert_eq!(account.facts.heartbeats.count, 51);
    assert_eq!(account.facts.heartbeats.minutes, 51);
    assert_eq!(account.facts.heartbeats.of_minutes, 60);
    let claims = account.claims.unwrap();
    assert_eq!(claims.completeness.gaps, account.gaps);
    assert_eq!(claims.claims[0].why, ["1 flow record declared by no entry"]);
}

#[test]
fn a_period_that_has_not_ended_is_not_closed() {
    let policies = policies();
    let account = account(&hour(), "2026-11-01", &policies);
    let last = account.coverage.unexamined.last().unwrap();
    assert_eq!(last.disposition, Disposition::NotClosed);
    assert_eq!(last.from, time("2026-11-01T01:00:30Z"));
    assert_eq!(account.coverage.eligible, SignedDuration::from_hours(24));
}

#[test]
fn a_period_without_a_record_has_nothing_eligible() {
    let policies = policies();
    let account = account(&hour(), "2026-10", &policies);
    assert_eq!(account.coverage.eligible_from, None);
    assert_eq!(account.coverage.per_myriad(), None);
    assert!(!account.is_complete());
}

#[test]
fn a_finding_has_a_history() {
    let policies = policies();
    let store = hour();
    let one = account(&store, HOUR, &policies).findings.listed;
    assert_eq!(one.len(), 1);
    let events: Vec<_> = one[0].events.iter().map(|event| event.event).collect();
    assert_eq!(events, [finding::Event::Opened, finding::Event::Closed]);
    assert!(!one[0].open_before && !one[0].open_after);
    assert_eq!(
        (one[0].worst, one[0].finding.key.kind),
        (Severity::Page, Kind::Undeclared)
    );
    assert_eq!(
        one[0].finding.id,
        FindingId::try_from("1".to_owned()).unwrap()
    );
    // Half an hour later it was closed, before that it was open from the first moment.
    let later = "2026-11-01T00:15:00Z..2026-11-01T00:16:00Z";
    let open = account(&store, later, &policies).findings.listed;
    assert!(open[0].open_before && open[0].open_after);
    assert_eq!(open[0].events, []);
    let after = "2026-11-01T00:41:00Z..2026-11-01T00:59:00Z";
    assert_eq!(account(&store, after, &policies).findings.listed, []);
}

#[test]
fn who_knew_of_a_finding_is_told_with_it() {
    let policies = policies();
    let mut store = hour();
    let id = FindingId::try_from("1".to_owned()).unwrap();
    let one = |reason: &str, until: &str| Acknowledgement {
        finding: id,
        severity: Severity::Page,
        reason: reason.to_owned(),
        until: until.parse().unwrap(),
        by: "somebody".to_owned(),
        uid: 0,
    };
    store.add(
        "2026-11-01T00:12:00Z",
        Entry::Acknowledged(one("first", "2026-11-01")),
    );
    store.add(
        "2026-11-01T00:13:00Z",
        Entry::Acknowledged(one("second", "2026-11-02")),
    );
    let told = |period: &str| {
        let listed = account(&store, period, &policies).findings.listed;
        let known = listed[0].acknowledgements.iter();
        let known = known.map(|known| (known.time, known.acknowledgement.reason.clone()));
        known.collect::<Vec<_>>()
    };
    let at = |text| Some(time(text));
    assert_eq!(
        told(HOUR),
        [
            (at("2026-11-01T00:12:00Z"), "first".to_owned()),
            (at("2026-11-01T00:13:00Z"), "second".to_owned())
        ]
    );
    // Before the period the latest counts, and has no time.
    let later = "2026-11-01T00:15:00Z..2026-11-01T00:16:00Z";
    assert_eq!(told(later), [(None, "second".to_owned())]);
    // What came after the period is not of it.
    let earlier = "2026-11-01T00:11:00Z..2026-11-01T00:12:00Z";
    assert_eq!(told(earlier), []);
}

#[test]
fn databases_and_what_followed_them() {
    let policies = policies();
    let mut store = Store::new();
    let with = |databases: serde_json::Value| {
        let mut entry = serde_json::to_value(started("r", "d")).unwrap();
        entry["databases"] = databases;
        serde_json::from_value::<Entry>(entry).unwrap()
    };
    let built = time("2026-10-31T00:00:00Z");
    store
        .add(
            "2026-11-01T00:00:00Z",
            with(json!({ "geo": "a", "asn": "b" })),
        )
        .add("2026-11-01T10:00:00Z", stopped())
        .add("2026-11-01T10:00:01Z", with(json!({ "geo": "a" })))
        .add(
            "2026-11-01T11:00:00Z",
            Entry::DatabaseLoaded {
                name: "geo".to_owned(),
                sha256: "c".to_owned(),
                built,
            },
        );
    let found = account(&store, "2026-11-01", &policies).databases;
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.name.as_str(), one.sha256.as_str(), one.to, one.built))
        .collect();
    assert_eq!(
        found,
        [
            ("asn", "b", Some(time("2026-11-01T10:00:01Z")), None),
            ("geo", "a", Some(time("2026-11-01T11:00:00Z")), None),
            ("geo", "c", None, Some(built)),
        ]
    );
    let next = account(&store, "2026-11-02", &policies).databases;
    assert_eq!(next.len(), 1);
}

#[test]
fn a_summary_is_read_as_it_is_written() {
    let policies = policies();
    let account = account(&hour(), HOUR, &policies);
    let summary = account.summary();
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&json).unwrap(), summary);
    assert!(!summary.complete);
    let changes = Changes::between(&summary, &summary);
    assert_eq!(changes.claims, []);
    assert_eq!(changes.new_providers, []);
    let then = Then {
        before: 7000,
        now: 7000,
    };
    assert_eq!(changes.products, [(Some("image".to_owned()), then)]);
}

#[test]
fn policies_are_read_from_the_store() {
    let own = Policy::from_sources(vec![Source::from_text("image.toml", IMAGE)]).unwrap();
    let store = Store::new();
    let set = InForce {
        from: time("2026-11-01T00:00:00Z"),
        digest: "0".repeat(64),
    };
    let archive = crate::policy::Archive::of(store.path());
    let policies = Policies::read(own, &[set], &archive);
    let why = policies.in_force()[0].policy.as_ref().unwrap_err();
    assert!(why.contains("has no allowlists of digest 0000"), "{why}");
}

proptest! {
    /// Time examined and time not examined are the period, however gaps overlap.
    #[test]
    fn no_second_counts_twice(gaps in proptest::collection::vec((0_i64..100, 0_i64..100), 0..12)) {
        let at = |second| Timestamp::from_second(second).unwrap();
        let span = Span::new(at(10), at(90)).unwrap();
        let mut union = Union::default();
        for (from, length) in &gaps {
            union.add(&span, at(*from), at(from + length));
        }
        let merged = union.merged();
        prop_assert!(merged.windows(2).all(|pair| pair[0].1 < pair[1].0));
        let seconds: i64 = merged.iter().map(|(a, b)| b.as_second() - a.as_second()).sum();
        let naive = (10..90).filter(|second| {
            gaps.iter().any(|(from, length)| (*from..from + length).contains(second))
        });
        prop_assert_eq!(seconds, naive.count() as i64);
    }
}

/// From the beginning of a bundle, which shows what was in force and nothing else of the
/// time before, follows the same account as from the whole record.
#[test]
fn what_was_before_matters_only_where_it_was_in_force() {
    let policies = policies();
    let store = hour();
    let period = "2026-11-01T00:05:00Z..2026-11-01T00:30:00Z";
    let whole = account(&store, period, &policies);
    let mut builder = Account::builder(period.parse().unwrap(), &policies);
    let span: Span = period.parse().unwrap();
    Ledger::each(store.path(), |_, time, entry| {
        let beginning = matches!(entry, Entry::NodeKey { .. } | Entry::Started { .. });
        if beginning || time >= span.from {
            builder.take(time, &entry);
        }
    })
    .unwrap();
    let shown = builder.finish();
    assert_eq!(shown.summary(), whole.summary());
    assert_eq!(shown.coverage, whole.coverage);
    assert!(shown.is_complete());
    assert_eq!(shown.flows, whole.flows);
}
