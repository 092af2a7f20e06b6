//! From a packet to an alert, and what people do about it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use nix::sys::signal::Signal;
use serde_json::Value;
use weir_tests::{
    agent::{Agent, Settings},
    ledger,
    metrics::by_label,
    monitoring::Monitoring,
    record::Finding,
    stage::{OVERSEAS, Stage, ended_well, fixtures},
    tool::{self, Said, said},
};

const PAGE: &str = "WeirEgressPage";
const UNIT: &str = "image-generation.service";

/// Settings with allowlists of their own, and findings that close soon.
fn settings(stage: &Stage) -> Settings {
    let mut settings = stage.settings().unwrap();
    settings.allowlists = stage.run.directory().join("allowlists");
    fs::create_dir(&settings.allowlists).unwrap();
    for entry in fs::read_dir(fixtures().join("allowlists")).unwrap() {
        let path = entry.unwrap().path();
        let to = settings.allowlists.join(path.file_name().unwrap());
        fs::copy(path, to).unwrap();
    }
    settings.extra = vec!["--quiet-time".into(), "1s".into()];
    settings
}

/// Sends where nobody declares it; the finding.
fn deviate(stage: &Stage, agent: &Agent) -> Finding {
    let unit = stage.unit(UNIT).unwrap();
    let line = format!("tcp --to {OVERSEAS}:443 --bytes 100");
    unit.traffic(&stage.app, &line).unwrap();
    let page = |one: &Finding| one.severity == "page";
    agent.wait_for_finding("opened", page).unwrap()
}

/// Declares where it sends.
fn declare(settings: &Settings, agent: &Agent) {
    let file = settings.allowlists.join("image-generation.toml");
    let text = fs::read_to_string(&file).unwrap();
    let entry = format!(
        "\n[[allow]]\nid = \"image-reviewed\"\npurpose = \"reviewed meanwhile\"\n\
         owner = \"team-test\"\naddress = [\"{OVERSEAS}\"]\ncountries = [\"US\"]\nports = [443]\n\
         protocol = \"tcp\"\ndata_categories = [\"prompts\"]\nlegal_basis = \"made up for the test\"\n\
         approved_by = \"dpo\"\napproved_on = 2026-03-01\nexpires = 2099-12-31\n"
    );
    fs::write(&file, text + &entry).unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
}

fn weir(arguments: &[&str]) -> Said {
    said(tool::weir().unwrap().args(arguments)).unwrap()
}

fn findings(settings: &Settings, more: &[&str]) -> Vec<Value> {
    let store = settings.store.to_string_lossy().into_owned();
    let mut arguments = vec!["findings", "--store", &store, "--format", "json"];
    arguments.extend(more);
    let (code, out, err) = weir(&arguments);
    assert_eq!(code, Some(0), "{err}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    answer["findings"].as_array().unwrap().clone()
}

fn gauge(agent: &Agent, name: &str) -> u64 {
    let text = agent.metrics().unwrap();
    let labels = [("severity", "page")];
    let found = by_label(&text, name, &labels, "product").unwrap();
    found.values().sum()
}

fn state(alerts: &[Value]) -> Vec<&str> {
    let of = |alert: &Value| match alert["status"]["state"].as_str() {
        Some("active") => "active",
        Some("suppressed") => "suppressed",
        _ => "other",
    };
    alerts.iter().map(of).collect()
}

#[test]
fn the_first_call_to_a_third_country_is_an_alert_until_it_is_put_right() {
    let stage = Stage::new().unwrap();
    let settings = settings(&stage);
    let agent = stage.agent_with(&settings).unwrap();
    let address = agent.started().metrics.clone().unwrap();
    let monitoring = Monitoring::start(&stage, &address).unwrap();
    monitoring
        .wait("WeirWatchdog", |alerts| state(alerts) == ["active"])
        .unwrap();
    assert_eq!(monitoring.alerts(PAGE).unwrap(), [] as [Value; 0]);

    let finding = deviate(&stage, &agent);
    let alerts = monitoring
        .wait(PAGE, |alerts| state(alerts) == ["active"])
        .unwrap();
    let labels = &alerts[0]["labels"];
    assert_eq!(labels["product"], "image-generation");
    assert_eq!(labels["workload"], UNIT);
    assert_eq!(labels["jurisdiction"], "US");
    assert_eq!(labels["severity"], "page");
    assert_eq!(
        alerts[0]["annotations"]["summary"],
        "image-generation sends where nothing declares it: an operator that is not listed, hosted \
         in US"
    );

    // A silence keeps the call away, and nothing else.
    monitoring.silence(PAGE).unwrap();
    monitoring
        .wait(PAGE, |alerts| state(alerts) == ["suppressed"])
        .unwrap();
    assert_eq!(gauge(&agent, "weir_open_finding"), 1);
    let open = findings(&settings, &["--severity", "page"]);
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["id"], finding.id);
    assert_eq!(open[0]["acknowledged"], Value::Null);

    declare(&settings, &agent);
    let same = |one: &Finding| one.id == finding.id;
    agent.wait_for_finding("closed", same).unwrap();
    monitoring.wait(PAGE, <[Value]>::is_empty).unwrap();
    assert_eq!(gauge(&agent, "weir_open_finding"), 0);
    assert_eq!(
        findings(&settings, &["--severity", "page"]),
        [] as [Value; 0]
    );
    let closed = findings(&settings, &["--severity", "page", "--closed"]);
    assert_eq!(closed.len(), 1);
    ended_well(&agent.stop().unwrap()).unwrap();
}

#[test]
fn an_acknowledgement_is_recorded_and_hides_nothing() {
    let stage = Stage::new().unwrap();
    let settings = settings(&stage);
    let agent = stage.agent_with(&settings).unwrap();
    let finding = deviate(&stage, &agent);
    assert_eq!(gauge(&agent, "weir_acknowledged_finding"), 0);
    let (runtime, store) = (
        settings.runtime_dir.to_string_lossy().into_owned(),
        settings.store.to_string_lossy().into_owned(),
    );
    let ack = |id: &str, until: &str| {
        weir(&[
            "ack",
            id,
            "--reason",
            "TEST-1",
            "--until",
            until,
            "--by",
            "on call",
            "--store",
            &store,
            "--runtime-dir",
            &runtime,
        ])
    };
    let (code, _, err) = ack("0000000000000000", "2099-01-01");
    assert_eq!(code, Some(8));
    assert!(err.contains(&finding.id), "{err}");
    assert_eq!(ack(&finding.id, "2026-01-01").0, Some(2));
    let (code, out, err) = ack(&finding.id, "2099-01-01");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(
        out,
        format!(
            "{} is acknowledged until 2099-01-01; it stays open\n",
            finding.id
        )
    );
    assert_eq!(gauge(&agent, "weir_acknowledged_finding"), 1);
    assert_eq!(gauge(&agent, "weir_open_finding"), 1);
    let known = findings(&settings, &["--acknowledged"]);
    assert_eq!(known.len(), 1);
    assert_eq!(known[0]["acknowledged"]["by"], "on call");
    assert_eq!(known[0]["closed"], Value::Null);
    ended_well(&agent.stop().unwrap()).unwrap();

    // Without an agent, the ledger takes it all the same; the next agent knows the last.
    assert_eq!(ack(&finding.id, "2099-02-02").0, Some(0));
    let agent = stage.agent_with(&settings).unwrap();
    let entries = ledger::entries(&settings.store).unwrap();
    let until = |kind: &str, one: &dyn Fn(&Value) -> Value| -> Vec<Value> {
        let of = entries.iter().filter(|entry| entry["type"] == kind);
        of.map(one).collect()
    };
    let own = |entry: &Value| entry["until"].clone();
    assert_eq!(until("acknowledged", &own), ["2099-01-01", "2099-02-02"]);
    let first = |entry: &Value| entry["acknowledgements"][0]["until"].clone();
    assert_eq!(until("open_acknowledgements", &first), ["2099-02-02"]);
    ended_well(&agent.stop().unwrap()).unwrap();
}
