//! Entries that declare so many bytes, or at some hours.

#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::{
    Timestamp, ToSpan as _,
    tz::{Offset, TimeZone},
};
use serde_json::Value;
use weir_tests::{
    own_allowlists::OwnAllowlists,
    record::Flow,
    stage::{self, ended_well},
};

const FILE: &str = "image-generation.toml";

/// An entry for the peer overseas, with what limits it.
fn entry(limit: &str) -> String {
    format!(
        "\n[[allow]]\nid = \"image-limited\"\npurpose = \"provider in a third country (synthetic)\"\n\
         owner = \"team-test\"\ndata_categories = [\"prompts\"]\n\
         legal_basis = \"contract (synthetic)\"\napproved_by = \"dpo-test\"\n\
         approved_on = 2026-01-15\naddress = [\"{}\"]\nports = [443]\nprotocol = \"tcp\"\n\
         expires = 2099-12-31\n{limit}",
        stage::OVERSEAS
    )
}

fn is_judged(flow: &Flow, verdict: &str) -> bool {
    flow.destination.address.to_string() == stage::OVERSEAS && flow.verdict == verdict
}

/// Bytes sent overseas that the ledger has with a verdict.
fn sent(entries: &[Value], verdict: &str) -> u64 {
    let of_verdict = entries.iter().filter(|entry| {
        let record = &entry["judged"]["flow"]["flow"]["flow"]["record"];
        record["address"] == stage::OVERSEAS && entry["judged"]["verdict"] == verdict
    });
    of_verdict
        .map(|entry| entry["counters"]["egress_bytes"].as_u64().unwrap())
        .sum()
}

/// What is recorded as declared never exceeds the budget, and what was carried is known to
/// the next agent.
#[test]
fn a_budget_that_is_used_up_declares_no_more() {
    let scene = OwnAllowlists::new().unwrap();
    scene
        .append(FILE, &entry("max_bytes = \"20 kB\"\nper = \"month\"\n"))
        .unwrap();
    let agent = scene.agent().unwrap();
    scene.send(stage::OVERSEAS, 10_000).unwrap();
    let before = agent
        .wait_for("declared", |flow| {
            is_judged(flow, "declared") && flow.egress_bytes > 10_000
        })
        .unwrap();
    assert_eq!(before.rule.as_deref(), Some("image-limited"));
    scene.send(stage::OVERSEAS, 15_000).unwrap();
    let after = agent
        .wait_for("undeclared", |flow| is_judged(flow, "undeclared"))
        .unwrap();
    // Another run of the unit: the budget is the entry's.
    assert_ne!(after.id, before.id);
    assert_eq!(after.rule.as_deref(), Some("image-limited"));
    let told = "up to 20 kB per month, and has carried ";
    assert!(after.reason.contains(told), "{}", after.reason);
    ended_well(&agent.stop().unwrap()).unwrap();

    let entries = scene.ledger().unwrap();
    let (declared, undeclared) = (sent(&entries, "declared"), sent(&entries, "undeclared"));
    assert!((10_000..=20_000).contains(&declared), "{declared}");
    assert!(undeclared > 5_000, "{undeclared}");

    let agent = scene.agent().unwrap();
    scene.send(stage::OVERSEAS, 100).unwrap();
    agent
        .wait_for("undeclared", |flow| is_judged(flow, "undeclared"))
        .unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    assert_eq!(sent(&scene.ledger().unwrap(), "declared"), declared);
}

/// The clock decides; the test looks at it too, and picks a day that is not today.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the agent's clock is the system's"
)]
fn an_entry_declares_within_its_windows_only() {
    let scene = OwnAllowlists::new().unwrap();
    let text = std::fs::read_to_string(scene.file(FILE)).unwrap();
    let today = Timestamp::now().to_zoned(TimeZone::fixed(Offset::UTC));
    let another = today.saturating_add(3.days()).strftime("%a").to_string();
    let window = |days: &str| entry(&format!("\n[[allow.window]]\ndays = [\"{days}\"]\n"));
    let closed = text.clone() + &window(&another.to_lowercase());
    scene.write(FILE, &closed).unwrap();
    let agent = scene.agent().unwrap();
    scene.send(stage::OVERSEAS, 100).unwrap();
    let before = agent
        .wait_for("undeclared", |flow| is_judged(flow, "undeclared"))
        .unwrap();
    assert_eq!(before.rule.as_deref(), Some("image-limited"));
    let told = format!("only within its window, {} UTC", another.to_lowercase());
    assert!(before.reason.contains(&told), "{}", before.reason);

    scene.write(FILE, &(text + &window("mon-sun"))).unwrap();
    let after = agent
        .wait_for("declared", |flow| is_judged(flow, "declared"))
        .unwrap();
    assert_eq!(after.id, before.id);
    ended_well(&agent.stop().unwrap()).unwrap();
}
