//! What becomes of the store while the agent records.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, net::SocketAddr, path::Path};

use weir_tests::{
    agent::Settings,
    ledger,
    stage::{self, Stage, ended_well},
    traffic::Protocol::Tcp,
};

const UNIT: &str = "image-generation.service";

fn to() -> SocketAddr {
    SocketAddr::new(stage::GERMANY.parse().unwrap(), 443)
}

fn files(store: &Path, ending: &str) -> usize {
    let names = fs::read_dir(store).unwrap();
    names
        .filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            path.extension().is_some_and(|found| found == ending)
        })
        .count()
}

#[test]
fn what_is_sealed_while_recording_is_all_that_was_on_the_wire() {
    let stage = Stage::new().unwrap();
    let settings = Settings {
        extra: vec!["--seal-after".into(), "1s".into()],
        ..stage.settings().unwrap()
    };
    let agent = stage.agent_with(&settings).unwrap();
    let unit = stage.unit(UNIT).unwrap();
    let line = format!("tcp --to {} --bytes 5000", to());
    let mut report = unit.traffic(&stage.app, &line).unwrap();
    while files(&settings.store, "parquet") < 2 {
        report = unit.traffic(&stage.app, &line).unwrap();
    }
    // What is still closing when the agent ends is not recorded.
    let wire = stage.on_wire(&report, to(), Tcp).unwrap();
    ended_well(&agent.stop().unwrap()).unwrap();
    let entries = ledger::entries(&settings.store).unwrap();
    let recorded = ledger::exchanged(&entries, &unit.cgroup_path(), to().ip());
    assert_eq!(recorded, wire);
    assert_eq!(entries[0]["type"], "node_key");
    assert!(entries.iter().any(|entry| entry["type"] == "heartbeat"));
    let checkpoint = fs::read_to_string(settings.store.join("checkpoint")).unwrap();
    assert_eq!(checkpoint.lines().nth(1), Some(&*entries.len().to_string()));
}
