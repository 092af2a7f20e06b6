//! What becomes of the store while the agent records.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
};

use weir_tests::{
    agent::Settings,
    ledger,
    record::Finding,
    room::Room,
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

/// A datagram to each of many ports.
fn many_flows() -> anyhow::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    for port in 20_000..22_000 {
        socket.send_to(b"x", (to().ip(), port))?;
    }
    Ok(())
}

#[test]
fn a_store_without_room_is_a_finding_at_once_and_loses_no_byte() {
    let stage = Stage::new().unwrap();
    let settings = Settings {
        store: stage.run.directory().join("small"),
        // Counts are written after 60 sweeps.
        sweep_interval: "20ms".into(),
        ..stage.settings().unwrap()
    };
    let small = Room::at(&settings.store, 16).unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let filler = small.fill().unwrap();
    let unit = stage.unit(UNIT).unwrap();
    let line = format!("tcp --to {} --bytes 5000", to());
    unit.traffic(&stage.app, &line).unwrap();
    // The tail has a mebibyte of room of its own, which these flows fill.
    stage.app.within(many_flows).unwrap();
    let is_full = |one: &Finding| one.rule.as_deref() == Some("store_full");
    let full = agent.wait_for_finding("opened", is_full).unwrap();
    assert_eq!(
        (&*full.kind, &*full.severity, &*full.detail),
        (
            "evidence_gap",
            "ticket",
            "the store has no room: free space; entries wait in memory, then counts of open \
             flows do"
        )
    );
    let report = unit.traffic(&stage.app, &line).unwrap();
    fs::remove_file(filler).unwrap();
    let gap = agent.wait_for_gap("store_full").unwrap();
    assert!(gap.repaired);
    let wire = stage.on_wire(&report, to(), Tcp).unwrap();
    ended_well(&agent.stop().unwrap()).unwrap();
    let entries = ledger::entries(&settings.store).unwrap();
    let recorded = ledger::exchanged(&entries, &unit.cgroup_path(), to().ip());
    assert_eq!(recorded, wire);
    let gaps = entries.iter().filter(|entry| entry["type"] == "gap");
    let reasons: Vec<_> = gaps.map(|gap| &gap["reason"]).collect();
    assert_eq!(reasons, ["store_full"]);
}
