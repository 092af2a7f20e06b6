//! IP databases: replaced while the agent runs, of different opinions, too old.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path};

use nix::sys::signal::Signal;
use serde_json::Value;
use weir_tests::{
    geo, ledger,
    metrics::by_label,
    record::Flow,
    stage::{self, Stage, ended_well},
};

/// Asks for a host in the EEA, by the fixtures.
const PROMISED: &str = stage::OVERSEAS_PROMISED;

/// Entries of the ledger that speak of databases: type, name, and the field.
fn told(entries: &[Value], kind: &str, field: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries
        .iter()
        .filter(|entry| entry["type"] == kind)
        .map(|entry| (text(&entry["name"]), text(&entry[field])))
        .collect()
}

fn is_to(flow: &Flow, address: &str) -> bool {
    flow.destination.address.to_string() == address
}

#[test]
fn a_database_that_is_replaced_judges_again_and_one_that_is_broken_does_not() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let first = agent.started().databases[0].sha256.clone();
    let unit = stage.unit("image-generation.service").unwrap();
    let send = |address: &str| {
        let line = format!("tcp --to {address}:443 --bytes 100");
        unit.traffic(&stage.app, &line).unwrap();
    };
    send(PROMISED);
    let judged = |verdict: &'static str, country: &'static str| {
        let wanted = move |flow: &Flow| {
            is_to(flow, PROMISED)
                && flow.verdict == verdict
                && flow.hosted_in.value.as_deref() == Some(country)
        };
        agent.wait_for(&format!("{verdict} in {country}"), wanted)
    };
    let before = judged("out_of_jurisdiction", "US").unwrap();

    geo::write_countries(&settings.ip_db, &[("203.0.113.0/24", "DE")]).unwrap();
    let loaded = agent.wait_for_database("test", "loaded").unwrap();
    let second = loaded.database.unwrap().sha256;
    assert_ne!(second, first);
    // The flow that is open already is judged again.
    let after = judged("declared", "DE").unwrap();
    assert_eq!(after.id, before.id);

    geo::replace(&settings.ip_db, b"garbage").unwrap();
    let refused = agent.wait_for_database("test", "refused").unwrap();
    let error = refused.error.unwrap();
    let path = settings.ip_db.display();
    assert_eq!(
        error,
        format!("IP database {path} is a text file: name a database in MaxMind format (.mmdb)")
    );
    // What was in force still is.
    send(stage::OVERSEAS);
    let wanted = |flow: &Flow| is_to(flow, stage::OVERSEAS);
    let flow = agent.wait_for("to overseas", wanted).unwrap();
    assert_eq!(flow.hosted_in.value.as_deref(), Some("DE"));

    let metrics = agent.metrics().unwrap();
    let info = by_label(&metrics, "weir_ip_database_info", &[], "sha256").unwrap();
    assert_eq!(info, [(second.clone(), 1)].into());
    assert!(
        metrics.contains("\nweir_ip_databases_refused_total 1\n"),
        "{metrics}"
    );
    let age = by_label(&metrics, "weir_ip_database_age_seconds", &[], "database").unwrap();
    assert!(age["test"] > 86_400);
    ended_well(&agent.stop().unwrap()).unwrap();

    let entries = ledger::entries(&settings.store).unwrap();
    assert_eq!(
        told(&entries, "database_loaded", "sha256"),
        [("test".to_owned(), second)]
    );
    assert_eq!(
        told(&entries, "database_loaded", "built"),
        [("test".to_owned(), "2026-01-01T00:00:00Z".to_owned())]
    );
    assert_eq!(
        told(&entries, "database_refused", "error"),
        [("test".to_owned(), error)]
    );
    // What was counted before the change is stored as judged before it.
    let kinds: Vec<&str> = entries
        .iter()
        .filter(|entry| {
            let record = &entry["judged"]["flow"]["flow"]["flow"]["record"];
            record["address"] == PROMISED || entry["type"] == "database_loaded"
        })
        .map(|entry| entry["judged"]["verdict"].as_str().unwrap_or("loaded"))
        .collect();
    assert_eq!(kinds[..2], ["out_of_jurisdiction", "loaded"]);
}

#[test]
fn sighup_opens_at_once_what_a_directory_holds() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let directory = settings.ip_data.clone();
    let agent = stage.agent_with(&settings).unwrap();
    assert_eq!(agent.started().databases.len(), 1);
    let systems = [("198.51.100.0/24", 64_500, "Example (synthetic)", false)];
    geo::write_systems(&directory.join("systems.mmdb"), &systems).unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
    agent.wait_for_database("systems", "loaded").unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let line = format!("tcp --to {}:443 --bytes 100", stage::GERMANY);
    unit.traffic(&stage.app, &line).unwrap();
    let wanted = |flow: &Flow| is_to(flow, stage::GERMANY);
    let flow = agent.wait_for("to Germany", wanted).unwrap();
    let operator = flow.operator.value.unwrap();
    assert_eq!(operator.asn, 64_500);
    assert_eq!(
        operator.organisation.as_deref(),
        Some("Example (synthetic)")
    );
    assert_eq!(flow.operator.agreement, "unanimous");

    fs::remove_file(directory.join("systems.mmdb")).unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
    agent.wait_for_database("systems", "removed").unwrap();
    ended_well(&agent.stop().unwrap()).unwrap();
    let entries = ledger::entries(&settings.store).unwrap();
    assert_eq!(told(&entries, "database_removed", "sha256").len(), 1);
}

/// What one destination is judged with these databases beside the usual one.
fn judged_with(prepare: impl Fn(&Path), address: &str) -> Flow {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let directory = settings.ip_data.clone();
    prepare(&directory);
    let agent = stage.agent_with(&settings).unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let line = format!("tcp --to {address}:443 --bytes 100");
    unit.traffic(&stage.app, &line).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let to = format!("{address}:443").parse().unwrap();
    ended.only(&unit.cgroup_path(), to, "tcp").unwrap().clone()
}

#[test]
fn sources_that_disagree_admit_nothing() {
    let other = |directory: &Path| {
        let entries = [("198.51.100.0/26", "US")];
        geo::write_countries(&directory.join("other.mmdb"), &entries).unwrap();
    };
    let flow = judged_with(other, stage::GERMANY);
    assert_eq!(flow.verdict, "indeterminate");
    assert_eq!(flow.third_country, None);
    assert_eq!(flow.hosted_in.agreement, "disputed");
    let says: Vec<_> = flow
        .hosted_in
        .sources
        .iter()
        .map(|one| (&*one.source, one.value.as_deref(), one.prefix.as_deref()))
        .collect();
    assert_eq!(
        says,
        [
            ("test", Some("DE"), Some("198.51.100.0/25")),
            ("other", Some("US"), Some("198.51.100.0/26")),
        ]
    );
    assert_eq!(
        flow.reason,
        "entry image-web of image-generation declares 198.51.100.9:443/tcp outbound only when \
         hosted in EEA, which cannot be told (place disputed: test says DE, other says US)"
    );
}

#[test]
fn an_anycast_address_is_in_no_country() {
    let marks = |directory: &Path| {
        let systems = [("198.51.100.0/24", 64_500, "Example (synthetic)", true)];
        geo::write_systems(&directory.join("systems.mmdb"), &systems).unwrap();
    };
    let flow = judged_with(marks, stage::GERMANY);
    assert_eq!(flow.verdict, "indeterminate");
    assert_eq!(flow.hosted_in.value.as_deref(), Some("DE"));
    assert_eq!(flow.anycast.value, Some(true));
    assert_eq!(
        flow.reason,
        "entry image-web of image-generation declares 198.51.100.9:443/tcp outbound only when \
         hosted in EEA, which cannot be told (place unknown: 198.51.100.9 is announced from \
         several places (anycast) according to systems)"
    );
}

/// A database past the limit that its sidecar sets is heard and not counted.
#[test]
fn an_expired_database_outvotes_nobody() {
    let old = |directory: &Path| {
        let entries = [("198.51.100.0/26", "US")];
        geo::write_countries(&directory.join("old.mmdb"), &entries).unwrap();
        fs::write(directory.join("old.toml"), "max_age_days = 1\n").unwrap();
    };
    let flow = judged_with(old, stage::GERMANY);
    assert_eq!(flow.verdict, "declared");
    assert_eq!(flow.hosted_in.agreement, "unanimous");
    let old = &flow.hosted_in.sources[1];
    assert_eq!(old.value.as_deref(), Some("US"));
    assert_eq!(
        old.note.as_deref(),
        Some("built 2026-01-01, older than its limit of 1 day")
    );
}
