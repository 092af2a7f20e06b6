//! Every view of made-up accounts, to the byte; `agent/tests/public_tools.rs` gives the same
//! files to public tools.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{env, fs, path::PathBuf};

use serde_json::{Value, json};

use super::{ALL, View};
use crate::{
    account::{Account, Policies, SetInForce, tests::account},
    coverage::{Gap, Reason},
    finding::Finding,
    history::sample::{Store, With as _, flow, time},
    ledger::{Entry, FlowInterval},
    naming::Grade,
    policy::{Policy, Source},
    record::{Counters, Direction, Protocol},
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
"#;

const LANGUAGE: &str = r#"
product = "language"
title = "Language"
owner = "models"
posture = "internal_only"
[[workload]]
unit = "language.service"
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
[[claim]]
id = "language-stays-inside"
statement = "Language models call nobody outside"
section = ["Data flow"]
products = ["language"]
condition = "no_external_destination"
"#;

const PERIOD: &str = "2026-11-01T00:00:00Z..2026-11-01T01:00:00Z";

fn policies() -> Policies {
    let sources = vec![
        Source::from_text("image.toml", IMAGE),
        Source::from_text("language.toml", LANGUAGE),
        Source::from_text("claims.toml", CLAIMS),
    ];
    let own = Policy::from_sources(sources).unwrap_or_else(|rejected| panic!("{rejected}"));
    let set = |at, digest: String| SetInForce {
        from: time(at),
        digest,
        policy: Err("made up".to_owned()),
    };
    let in_force = vec![
        set("2026-10-31T09:00:00Z", "e3b0c442".repeat(8)),
        set("2026-11-01T00:45:00Z", own.digest().to_owned()),
    ];
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

fn made<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn found() -> Box<Finding> {
    let seen = time("2026-11-01T00:10:00Z");
    made(json!({
        "id": "0000000000000001",
        "kind": "undeclared", "product": "image",
        "workload": { "kind": "systemd_unit", "name": "image.service" },
        "destination": { "network": "203.0.113.0/24" }, "jurisdiction": "US", "rule": null,
        "severity": "page", "first_seen": seen, "last_seen": seen,
        "flows": 1, "egress_bytes": 1000, "detail": "made up", "detail_seen": seen,
    }))
}

/// An agent begins, with databases.
fn begun(adopted: bool, boot_ns: u64) -> Entry {
    made(json!({
        "type": "started", "recording": "r", "adopted": adopted, "version": "0",
        "boot_id": "b", "boot_ns": boot_ns, "allowlists": "digest",
        "databases": { "countries": "0a".repeat(32) },
    }))
}

fn declared() -> FlowInterval {
    flow(1, 4000)
        .judged(Verdict::Declared, Some("image-model"))
        .told("model.example", Grade::Answered)
        .announced(64_500)
        .hosted(&[("geo", "DE")])
}

/// Of a host that records its language model and does nothing else.
fn inside() -> FlowInterval {
    flow(3, 500)
        .to("10.20.0.7", 443)
        .of("language.service", Some("language"))
        .judged(Verdict::Internal, None)
}

/// Something of everything: flows of all kinds, a finding, a restart, gaps.
fn full() -> Store {
    let mut store = Store::new();
    store.add("2026-11-01T00:00:00Z", begun(false, 1_000_000_000_000));
    let undeclared = flow(2, 1000)
        .to("203.0.113.9", 8443)
        .said("=cmd.example\"")
        .hosted(&[("geo", "US")]);
    let mut inbound = flow(4, 70).to("2001:db8::9", 8080);
    let record = &mut inbound.judged.flow.flow.flow.record;
    record.direction = Direction::Inbound;
    record.protocol = Protocol::UDP;
    let disputed = flow(5, 60)
        .to("198.51.100.77", 443)
        .judged(Verdict::Indeterminate, Some("image-model"))
        .hosted(&[("one", "DE"), ("two", "US")]);
    let mut many = flow(6, 11).of("stray.service", None);
    many.judged.verdict = Verdict::Unattributed;
    many.judged.flow.flow.flow.record.scope = crate::record::Scope::Folded;
    many.judged.flow.flow.flow.record.address = "0.0.0.0".parse().unwrap();
    let mut provided = declared().to("198.51.100.10", 443);
    provided.slot = 7;
    provided.judged.flow.operator_domicile = made(json!({
        "provider": "provider-a", "legal_entity": "Provider A GmbH", "parent": "Parent, Inc.",
        "country": "US", "matched_by": null, "reviewed": "2026-01-01", "reason": null,
        "stated": null, "anycast": false,
    }));
    for minute in (0..60).filter(|minute| !(31..40).contains(minute)) {
        let at = |second: u8| format!("2026-11-01T00:{minute:02}:{second:02}Z");
        if minute != 50 {
            store.add(&at(30), heartbeat());
        }
        match minute {
            5 => store.flow(&at(31), declared()).flow(&at(32), inside()),
            6 => store
                .flow(&at(31), declared().more(2000))
                .flow(&at(32), provided.clone()),
            7 => store
                .flow(&at(31), inbound.clone())
                .flow(&at(32), disputed.clone())
                .flow(&at(33), many.clone()),
            10 => store
                .flow(&at(31), undeclared.clone())
                .add(&at(32), Entry::FindingOpened(found())),
            20 => store.add(&at(31), Entry::FindingClosed(found())),
            40 => store.add(&at(31), Entry::Gap(loss())),
            50 => store
                .add(&at(1), made(json!({ "type": "stopped", "continues": true, "losses": {}, "counters": Counters::default() })))
                .add(&at(20), begun(true, 4_020_000_000_000)),
            _ => &mut store,
        };
    }
    store.add("2026-11-01T01:00:30Z", heartbeat());
    store
}

fn loss() -> Gap {
    Gap {
        from: time("2026-11-01T00:31:00Z"),
        to: time("2026-11-01T00:35:00Z"),
        reason: Reason::Loss,
        detail: "made up".to_owned(),
        repaired: true,
        losses: [("payload_cut".to_owned(), 3)].into(),
    }
}

/// The whole period, and nothing that speaks against a claim.
fn whole() -> Store {
    let mut store = Store::new();
    store.add("2026-11-01T00:00:00Z", begun(false, 1_000_000_000_000));
    for minute in 0..60 {
        let at = |second: u8| format!("2026-11-01T00:{minute:02}:{second:02}Z");
        store.add(&at(30), heartbeat());
        if minute == 5 {
            store.flow(&at(31), declared()).flow(&at(32), inside());
        }
    }
    store.add("2026-11-01T01:00:30Z", heartbeat());
    store
}

/// Nobody has recorded anything yet.
fn empty() -> Store {
    Store::new()
}

/// With the name that a node has by chance.
fn named<'p>(store: &Store, policies: &'p Policies) -> Account<'p> {
    Account {
        node: Some("weir-node/0123456789abcdef".to_owned()),
        ..account(store, PERIOD, policies)
    }
}

fn cases() -> [(&'static str, Store); 3] {
    [("full", full()), ("whole", whole()), ("empty", empty())]
}

fn text(view: &View, account: &Account<'_>) -> String {
    String::from_utf8(view.bytes(account).unwrap()).unwrap()
}

fn view(name: &str) -> &'static View {
    ALL.iter().find(|view| view.name == name).unwrap()
}

/// `BLESS=1` accepts what comes.
#[test]
fn views_are_to_the_byte() {
    let policies = policies();
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/evidence/views/expected");
    for (case, store) in cases() {
        let account = named(&store, &policies);
        for view in &ALL {
            let path = directory.join(case).join(view.name);
            let text = text(view, &account);
            if env::var_os("BLESS").is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &text).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                expected == text,
                "{}: BLESS=1 accepts this\n{text}",
                path.display()
            );
        }
    }
}

/// State and reason of each target.
fn targets(account: &Account<'_>) -> Vec<(String, String, String)> {
    let document = text(view("views/oscal-assessment-results.json"), account);
    let document: Value = serde_json::from_str(&document).unwrap();
    let findings = &document["assessment-results"]["results"][0]["findings"];
    let of = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = findings.as_array().unwrap().iter();
    findings
        .map(|finding| {
            let target = &finding["target"];
            let status = &target["status"];
            (
                of(&target["target-id"]),
                of(&status["state"]),
                of(&status["reason"]),
            )
        })
        .collect()
}

#[test]
fn incomplete_is_never_satisfied() {
    let policies = policies();
    let all = |store: Store| targets(&named(&store, &policies));
    let expected = |states: [(&str, &str); 3]| {
        let ids = [
            "period-examined",
            "image-is-disclosed",
            "language-stays-inside",
        ];
        let all = ids.into_iter().zip(states);
        all.map(|(id, (state, reason))| (id.to_owned(), state.to_owned(), reason.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(all(whole()), expected([("satisfied", "pass"); 3]));
    assert_eq!(all(empty()), expected([("not-satisfied", "other"); 3]));
    assert_eq!(
        all(full()),
        expected([
            ("not-satisfied", "other"),
            ("not-satisfied", "fail"),
            ("not-satisfied", "other"),
        ])
    );
}

#[test]
fn each_view_has_every_byte() {
    let policies = policies();
    let account = named(&full(), &policies);
    let sums = account.products.iter();
    let sums = sums.flat_map(|one| one.outbound.values().chain(one.inbound.values()));
    let sums = sums.fold(Counters::default(), |all, one| all + *one);
    let all = sums.egress_bytes + sums.ingress_bytes;
    let events = text(view("views/flows.ocsf.jsonl"), &account);
    let carried = events.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["traffic"]["bytes"].as_u64().unwrap()
    });
    assert_eq!(carried.sum::<u64>(), all);
    let rows = text(view("views/flows.csv"), &account);
    let column = |row: &str, at: usize| row.split(',').nth(at).unwrap().parse::<u64>().unwrap();
    let carried = rows
        .lines()
        .skip(1)
        .map(|row| column(row, 10) + column(row, 12));
    assert_eq!(carried.sum::<u64>(), all);
}
