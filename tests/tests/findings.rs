//! Deviations become findings, which outlive the agent.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fs};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use weir_tests::{
    agent::Agent,
    ledger,
    metrics::by_label,
    record::{Finding, Flow},
    stage::{Stage, ended_well, fixtures},
};

const IMAGE: Option<&str> = Some("image-generation");

fn send(stage: &Stage, unit: &str, to: &str) {
    let unit = stage.unit(unit).unwrap();
    let line = format!("tcp --to {to} --bytes 100");
    unit.traffic(&stage.app, &line).unwrap();
}

fn is(kind: &'static str, product: Option<&'static str>) -> impl Fn(&Finding) -> bool {
    move |one| one.kind == kind && one.product.as_deref() == product
}

/// Open findings in metrics, by a label.
fn open(agent: &Agent, labels: &[(&str, &str)], by: &str) -> BTreeMap<String, u64> {
    by_label(&agent.metrics().unwrap(), "weir_open_finding", labels, by).unwrap()
}

/// What the ledger says of a finding, in order.
fn told(entries: &[Value], id: &str) -> Vec<String> {
    let of = entries.iter().filter(|entry| entry["id"] == id);
    of.map(|entry| entry["type"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_workload_that_calls_what_nobody_declared_is_one_finding_over_restarts() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let unit = "image-generation.service";
    send(&stage, unit, "203.0.113.9:443");
    let opened = agent
        .wait_for_finding("opened", is("undeclared", IMAGE))
        .unwrap();
    assert_eq!(opened.severity, "page");
    assert_eq!(
        opened.workload,
        Some(json!({"kind": "systemd_unit", "name": unit}))
    );
    assert_eq!(
        opened.destination,
        Some(json!({"network": "203.0.113.0/24"}))
    );
    assert_eq!(opened.jurisdiction.as_deref(), Some("US"));
    assert_eq!((opened.rule, opened.flows), (None, 1));
    assert_eq!(
        opened.detail,
        "no entry of image-generation declares 203.0.113.9:443/tcp outbound (hosted in US, \
         outside EEA)"
    );
    let labels = [("product", "image-generation"), ("severity", "page")];
    let expected = |by: &str| BTreeMap::from([(by.to_owned(), 1)]);
    assert_eq!(open(&agent, &labels, "kind"), expected("undeclared"));
    assert_eq!(open(&agent, &labels, "jurisdiction"), expected("US"));
    assert_eq!(open(&agent, &labels, "workload"), expected(unit));
    assert!(!agent.metrics().unwrap().contains("203.0.113."));
    // Another destination of the same network is the same.
    send(&stage, unit, "203.0.113.9:8080");
    let port = |flow: &Flow| flow.destination.port == 8080;
    agent.wait_for("to the other port", port).unwrap();
    ended_well(&agent.stop().unwrap()).unwrap();

    let agent = stage.agent_with(&settings).unwrap();
    assert!(agent.started().adopted);
    send(&stage, unit, "203.0.113.9:53");
    let port = |flow: &Flow| flow.destination.port == 53;
    agent.wait_for("to the third port", port).unwrap();
    assert_eq!(open(&agent, &labels, "kind"), expected("undeclared"));
    agent.stop().unwrap();
    let entries = ledger::entries(&settings.store).unwrap();
    let updated = "finding_updated";
    assert_eq!(
        told(&entries, &opened.id),
        ["finding_opened", updated, updated]
    );
    let last = entries.iter().rev().find(|entry| entry["id"] == *opened.id);
    assert_eq!(last.unwrap()["flows"], 3);
    let left: Vec<_> = entries
        .iter()
        .filter(|entry| entry["type"] == "open_findings")
        .map(|entry| entry["findings"].as_array().unwrap().len())
        .collect();
    assert_eq!(left[0], 0);
    assert!(left[1] >= 1);
}

#[test]
fn who_is_called_depends_on_what_is_certain() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    send(&stage, "llm-inference.service", "198.51.100.9:443");
    send(&stage, "image-generation.service", "203.0.113.50:443");
    send(&stage, "image-generation.service", "203.0.113.200:443");
    send(&stage, "nobodys.service", "203.0.113.9:443");
    let found = |kind, product| {
        let named = |one: &Finding| {
            let name = one.workload.as_ref().unwrap()["name"].as_str().unwrap();
            is(kind, product)(one) && name.ends_with(".service")
        };
        let one = agent.wait_for_finding("opened", named).unwrap();
        (one.severity, one.jurisdiction.unwrap(), one.rule)
    };
    let says = |severity: &str, jurisdiction: &str, rule: Option<&str>| {
        let rule = rule.map(str::to_owned);
        (severity.to_owned(), jurisdiction.to_owned(), rule)
    };
    // It may reach nothing external at all, wherever that is.
    assert_eq!(
        found("undeclared", Some("llm-inference")),
        says("page", "DE", None)
    );
    assert_eq!(
        found("out_of_jurisdiction", IMAGE),
        says("ticket", "US", Some("image-must-be-eea"))
    );
    assert_eq!(found("undeclared", IMAGE), says("ticket", "unknown", None));
    assert_eq!(found("unattributed", None), says("ticket", "US", None));
    ended_well(&agent.stop().unwrap()).unwrap();
}

#[test]
fn a_refused_set_and_a_contested_workload_are_findings() {
    let stage = Stage::new().unwrap();
    let mut settings = stage.settings().unwrap();
    settings.allowlists = stage.run.directory().join("allowlists");
    fs::create_dir(&settings.allowlists).unwrap();
    for entry in fs::read_dir(fixtures().join("allowlists")).unwrap() {
        let path = entry.unwrap().path();
        let to = settings.allowlists.join(path.file_name().unwrap());
        fs::copy(path, to).unwrap();
    }
    let agent = stage.agent_with(&settings).unwrap();
    let twin = settings.allowlists.join("twin.toml");
    fs::write(&twin, "product = \"twin\"\n").unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
    let opened = agent.wait_for_finding("opened", is("allowlists_refused", None));
    let opened = opened.unwrap();
    assert_eq!(opened.severity, "ticket");
    assert!(
        opened
            .detail
            .starts_with(&format!("{}:1:1: ", twin.display())),
        "{opened:?}"
    );
    // Nothing says of a unit in which slice it is, until it runs.
    let text = format!(
        "product = \"twin\"\ntitle = \"Twin (synthetic)\"\nowner = \"team-test\"\n\
         posture = \"internal_only\"\n\n[[workload]]\nslice = \"{}\"\n",
        stage.slice.name()
    );
    fs::write(&twin, text).unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
    agent
        .wait_for_finding("closed", is("allowlists_refused", None))
        .unwrap();
    send(&stage, "image-generation.service", "198.51.100.9:443");
    let found = agent.wait_for_finding("opened", is("contested_workload", None));
    let found = found.unwrap();
    assert_eq!(found.rule.as_deref(), Some("image-generation and twin"));
    assert_eq!(found.severity, "ticket");
    assert_eq!(
        found.detail,
        "workload image-generation.service is claimed by image-generation and twin"
    );
    ended_well(&agent.stop().unwrap()).unwrap();
    let entries = ledger::entries(&settings.store).unwrap();
    assert_eq!(
        told(&entries, &opened.id),
        ["finding_opened", "finding_closed"]
    );
}
