//! The whole answer, over a made-up record.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::{
    coverage::{Gap, Reason},
    history::sample::{Store, With as _, flow, started, stopped, time},
    ledger::Entry,
    policy::Source,
    record::Counters,
    verdict::Verdict,
};

const CLAIMS: &str = r#"
report = "Sovereignty report"
reviewed = 2026-11-01
[[claim]]
id = "image-is-disclosed"
statement = "Image generation has work done by disclosed providers only"
section = ["External dependencies", "Data flow"]
products = ["image"]
condition = "only_declared_and_disclosed"
[[claim]]
id = "llm-stays-inside"
statement = "Inference is executed on the platform"
section = ["Core inference"]
products = ["llm"]
condition = "no_external_destination"
[[claim]]
id = "nobody-comes-in"
statement = "Nobody reaches inference from outside"
section = ["Operational constraints"]
products = ["llm"]
condition = "no_external_initiator"
[[claim]]
id = "one-of-many"
statement = "No provider carries it all"
section = ["Single-provider risk"]
products = ["image"]
condition = "no_provider_above"
percent = 60
[[out_of_reach]]
id = "licences"
statement = "Licences of open-source components are watched"
section = ["Governance"]
reason = "a licence is not carried in packets"
"#;

fn policy(claims: &str) -> Policy {
    let product = |name: &str, posture: &str| {
        format!(
            "product = \"{name}\"\ntitle = \"T\"\nowner = \"t\"\nposture = \"{posture}\"\n\
             [[workload]]\nunit = \"{name}.service\"\n"
        )
    };
    let sources = vec![
        Source::from_text("image.toml", &product("image", "external_declared")),
        Source::from_text("llm.toml", &product("llm", "internal_only")),
        Source::from_text("claims.toml", claims),
    ];
    Policy::from_sources(sources).unwrap_or_else(|rejected| panic!("{rejected}"))
}

/// A whole day, in which `image` sent to two places that nobody declared.
fn store(policy: &Policy, gap: bool) -> Store {
    let mut entries = entries(policy, gap);
    entries.extend(heartbeats());
    entries.sort_by_key(|(at, _)| *at);
    filled(entries)
}

fn filled(entries: Vec<(Timestamp, Entry)>) -> Store {
    let mut store = Store::new();
    for (at, entry) in entries {
        store.add(&at.to_string(), entry);
    }
    store
}

/// As rare as an agent may write them without being silent.
fn heartbeats() -> impl Iterator<Item = (Timestamp, Entry)> {
    let begin = time("2026-11-01T00:00:00Z");
    let every = SignedDuration::from_mins(3);
    (1..960).map(move |number| {
        let beat = json!({
            "type": "heartbeat",
            "recording": "r",
            "boot_id": "b",
            "boot_ns": 0,
            "open_flows": 0,
            "counters": Counters::default(),
            "losses": {},
        });
        (
            begin + every * number,
            serde_json::from_value(beat).unwrap(),
        )
    })
}

fn entries(policy: &Policy, gap: bool) -> Vec<(Timestamp, Entry)> {
    let inside = flow(1, 2000)
        .of("llm.service", Some("llm"))
        .to("10.20.0.7", 443)
        .judged(Verdict::Internal, None);
    let image = |slot, bytes, to: &str| flow(slot, bytes).to(to, 443).hosted(&[("geo", "US")]);
    let spoken = image(3, 350_000, "2001:db8::9").said("api.provider.example");
    let sent = |flow| Entry::Flow(Box::new(flow));
    let mut entries = vec![
        ("2026-11-01T00:00:00Z", started("r", policy.digest())),
        ("2026-11-02T10:00:00Z", sent(inside)),
        ("2026-11-02T10:00:01Z", sent(image(2, 5000, "203.0.113.9"))),
        ("2026-11-02T10:00:02Z", sent(spoken)),
        (
            "2026-11-02T10:00:03Z",
            sent(image(3, 50_000, "2001:db8::9")),
        ),
        ("2026-11-03T00:00:00Z", stopped()),
    ];
    if gap {
        let gap = Entry::Gap(Gap {
            from: time("2026-11-02T11:00:00Z"),
            to: time("2026-11-02T11:00:05Z"),
            reason: Reason::Loss,
            detail: "events_lost 3".to_owned(),
            repaired: false,
            losses: [].into(),
        });
        entries.push(("2026-11-02T12:00:00Z", gap));
    }
    let entries = entries.into_iter();
    entries.map(|(at, entry)| (time(at), entry)).collect()
}

#[test]
fn what_nobody_wrote_in_was_examined_by_nobody() {
    let policy = policy(CLAIMS);
    let store = filled(entries(&policy, false));
    let claims = policy.claims().unwrap();
    let args = args(store.path(), "2026-11-02");
    let report = evaluate((&policy, &[]), claims, &args).unwrap();
    let gaps = &report.completeness.gaps;
    let gaps: Vec<_> = gaps
        .iter()
        .map(|gap| (gap.from, gap.to, gap.reason))
        .collect();
    // From an entry to the next, as the account of the day has it.
    let silent = |from, to| (time(from), time(to), Reason::NotRecording);
    assert_eq!(
        gaps,
        [silent("2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z"),]
    );
    let inside = report
        .claims
        .iter()
        .find(|one| one.why == ["1 gap: not_recording"]);
    assert!(inside.is_some(), "{:?}", report.claims);
}

fn args(store: &Path, period: &str) -> ClaimsArgs {
    ClaimsArgs {
        store: store.to_owned(),
        allowlists: PathBuf::from("allowlists"),
        period: period.parse().unwrap(),
        claim: None,
        format: CheckFormat::Text,
    }
}

fn page(policy: &Policy, claims: &Claims, args: &ClaimsArgs, all: bool) -> String {
    let report = evaluate((policy, &[]), claims, args).unwrap();
    let mut out = Vec::new();
    let page = Page {
        report: &report,
        claims,
        policy,
        all,
    };
    page.print(&mut out).unwrap();
    let text = anstream::adapter::strip_bytes(&out).into_vec();
    let text = String::from_utf8(text).unwrap();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert_eq!(line, line.trim_end());
    }
    text.replace(policy.digest(), "DIGEST")
}

#[test]
fn the_page_in_full() {
    let policy = policy(CLAIMS);
    let store = store(&policy, true);
    let claims = policy.claims().unwrap();
    let text = page(&policy, claims, &args(store.path(), "2026-11-02"), false);
    assert_eq!(text, include_str!("tests/page.txt"));
}

#[test]
fn one_claim_is_shown_whatever_its_outcome() {
    let policy = policy(CLAIMS);
    let store = store(&policy, false);
    let args = args(store.path(), "2026-11-02");
    let one = only(policy.claims().unwrap(), "llm-stays-inside").unwrap();
    let text = page(&policy, &one, &args, true);
    assert_eq!(text, include_str!("tests/one.txt"));
    let reason = only(policy.claims().unwrap(), "licences").unwrap();
    let text = page(&policy, &reason, &args, true);
    assert_eq!(text, include_str!("tests/out-of-reach.txt"));
}

#[test]
fn a_claim_that_there_is_not() {
    let policy = policy(CLAIMS);
    let near = only(policy.claims().unwrap(), "license").unwrap_err();
    assert!(near.starts_with("licences, "), "{near}");
}

#[test]
fn objects() {
    let policy = policy(CLAIMS);
    let store = store(&policy, true);
    let claims = policy.claims().unwrap();
    let args = args(store.path(), "2026-11-02T06:00:00Z..2026-11-04");
    let report = evaluate((&policy, &[]), claims, &args).unwrap();
    assert_eq!(report.worst(), Some(Outcome::Contradicted));
    let lines = crate::claim::objects(&report, claims, &policy).unwrap();
    let objects: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let types: Vec<&str> = objects.iter().filter_map(|o| o["type"].as_str()).collect();
    assert_eq!(
        types,
        ["period", "claim", "claim", "claim", "claim", "out_of_reach"]
    );
    let period = &objects[0];
    assert_eq!(
        period["period"],
        "2026-11-02T06:00:00Z..2026-11-04T00:00:00Z"
    );
    assert_eq!(period["complete"], false);
    let missing = json!([{ "from": "2026-11-03T00:00:00Z", "to": "2026-11-04T00:00:00Z" }]);
    assert_eq!(period["not_recorded"], missing);
    assert_eq!(period["gaps"][0]["reason"], "loss");
    assert_eq!(period["allowlists"], policy.digest());
    assert_eq!(period["judged_by"][0]["digest"], policy.digest());
    let claim = &objects[1];
    assert_eq!(claim["id"], "image-is-disclosed");
    assert_eq!(claim["products"], json!({ "only": ["image"] }));
    assert_eq!(
        claim["condition"],
        json!({ "type": "only_declared_and_disclosed" })
    );
    assert_eq!(claim["outcome"], "contradicted");
    assert_eq!(claim["why"], json!(["3 flow records declared by no entry"]));
    assert_eq!(claim["against"]["records"], 3);
    assert_eq!(claim["against"]["counters"]["egress_bytes"], 405_000);
    let worst = json!({
        "because": "undeclared",
        "product": "image",
        "workload": "image.service",
        "address": "2001:db8::9",
        "name": "api.provider.example",
        "port": 443,
        "protocol": "tcp",
        "direction": "outbound",
        "verdict": "undeclared",
        "rule": null,
        "country": "US",
        "operator": null,
        "records": 1,
        "counters": {
            "egress_bytes": 350_000,
            "egress_packets": 1,
            "ingress_bytes": 0,
            "ingress_packets": 0,
        },
        "first_seen": "2026-11-01T00:00:00Z",
        "last_seen": "2026-11-01T00:00:01Z",
    });
    assert_eq!(claim["against"]["flows"][0], worst);
    let sentence = json!({
        "type": "out_of_reach",
        "id": "licences",
        "statement": "Licences of open-source components are watched",
        "section": ["Governance"],
        "reason": "a licence is not carried in packets",
    });
    assert_eq!(objects[5], sentence);
}
