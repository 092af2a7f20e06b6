//! Recording goes on while no agent runs, and what interrupts it is recorded.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, net::SocketAddr, path::Path, thread, time::Duration};

use weir_tests::{
    agent::{Agent, Settings},
    ledger,
    stage::{self, Stage, balances, ended_well},
    tool::tool,
    traffic::{Protocol::Tcp, Report},
    wire::Exchange,
    workload::Sender,
};

const UNIT: &str = "image-generation.service";

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

fn send(stage: &Stage, to: SocketAddr, bytes: u64) -> Report {
    let unit = stage.unit(UNIT).unwrap().keep();
    unit.traffic(&stage.app, &format!("tcp --to {to} --bytes {bytes}"))
        .unwrap()
}

/// Drains and ends the recording; nothing is left pinned.
fn unload(stage: &Stage, settings: &Settings) {
    let settings = Settings {
        extra: [settings.extra.clone(), vec!["--unload".into()]].concat(),
        ..settings.clone()
    };
    let mut agent = stage.agent_with(&settings).unwrap();
    let ended = agent.ended().unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stopped.unwrap().continues);
    assert!(!Path::new(&settings.pin).exists());
}

/// What the ledger has of the unit and an address.
fn recorded(stage: &Stage, settings: &Settings, to: SocketAddr) -> Exchange {
    let path = stage.unit(UNIT).unwrap().keep().cgroup_path();
    let entries = ledger::entries(&settings.store).unwrap();
    ledger::exchanged(&entries, &path, to.ip())
}

#[test]
fn nothing_is_lost_while_no_agent_runs() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let to = at(stage::GERMANY, 443);

    let first = stage.agent_with(&settings).unwrap();
    assert!(!first.started().adopted);
    send(&stage, to, 5000);
    first.kill().unwrap();
    send(&stage, to, 70_000);
    let second = stage.agent_with(&settings).unwrap();
    assert!(second.started().adopted);
    send(&stage, to, 900);
    let ended = second.stop().unwrap();
    assert!(ended.stopped.unwrap().continues);
    let last = send(&stage, to, 11_000);
    unload(&stage, &settings);

    let wire = stage.on_wire(&last, to, Tcp).unwrap();
    assert_eq!(recorded(&stage, &settings, to), wire);
    let gaps = ledger::entries(&settings.store).unwrap();
    assert!(gaps.iter().all(|entry| entry["type"] != "gap"));
}

#[test]
fn a_hundred_kills_under_load_lose_nothing() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let to = at(stage::GERMANY, 443);
    let first = stage.agent_with(&settings).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let line = format!("tcp-stream --to {to} --bytes 3000");
    let sender = Sender::ready(unit.start(&stage.app, &line).unwrap()).unwrap();
    first.kill().unwrap();
    for round in 0..99 {
        let agent = stage.agent_with(&settings).unwrap();
        assert!(agent.started().adopted, "round {round}");
        if round % 10 == 0 {
            send(&stage, to, 1000 + round);
        }
        // Over a sweep, before it, and right after the start.
        thread::sleep(Duration::from_millis(round * 7 % 150));
        agent.kill().unwrap();
    }
    let report = sender.stop().unwrap();
    unload(&stage, &settings);
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    assert!(wire.egress.bytes > 1_000_000, "{wire:?}");
    assert_eq!(recorded(&stage, &settings, to), wire);
}

#[test]
fn another_size_is_drained_and_replaced_with_a_gap() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let to = at(stage::GERMANY, 443);
    stage.agent_with(&settings).unwrap().kill().unwrap();
    send(&stage, to, 5000);
    let larger = Settings {
        extra: vec!["--max-flows".into(), "2047".into()],
        ..settings.clone()
    };
    let agent = stage.agent_with(&larger).unwrap();
    assert!(!agent.started().adopted);
    let gap = agent.wait_for_gap("replaced").unwrap();
    assert_eq!(
        gap.detail,
        "a recording was found at work, but it counts 131071 flows apart, and 2047 are asked \
         for; it was drained and replaced"
    );
    let last = send(&stage, to, 6000);
    drop(agent);
    unload(&stage, &larger);
    let wire = stage.on_wire(&last, to, Tcp).unwrap();
    assert_eq!(recorded(&stage, &settings, to), wire);
}

#[test]
fn after_an_end_the_time_without_programs_is_a_gap() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    ended_well(&stage.agent().unwrap().stop().unwrap()).unwrap();
    let second = stage.agent_with(&settings).unwrap();
    let gap = second.wait_for_gap("not_recording").unwrap();
    assert_eq!(gap.detail, "no recording was found at work");
    assert!(gap.repaired && gap.from < gap.to);
    let metrics = second.metrics().unwrap();
    assert!(
        metrics.contains("weir_gaps_total{reason=\"not_recording\"} 1"),
        "{metrics}"
    );
}

#[test]
fn a_detached_program_is_attached_again() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    for program in ["weir_egress", "weir_sock_create"] {
        let link = format!("{}/current/link_{program}", settings.pin);
        tool("bpftool", &["link", "detach", "pinned", &link]).unwrap();
    }
    let gap = agent.wait_for_gap("program_detached").unwrap();
    assert!(gap.repaired, "{gap:?}");
    let mut details: Vec<_> = agent.gaps().into_iter().map(|gap| gap.detail).collect();
    details.sort();
    assert_eq!(
        details,
        [
            "weir_egress was off its hook and has been attached again",
            "weir_sock_create was off its hook and has been attached again",
        ]
    );
    exact_from_now_on(&stage, &settings, agent);
}

#[test]
fn a_removed_pin_is_pinned_again() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let pins = Path::new(&settings.pin).join("current");
    fs::remove_file(pins.join("FLOWS")).unwrap();
    fs::remove_file(pins.join("link_weir_egress")).unwrap();
    let gap = agent.wait_for_gap("pin_removed").unwrap();
    assert!(gap.repaired);
    assert_eq!(gap.detail, "pinned again: link_weir_egress, FLOWS");
    exact_from_now_on(&stage, &settings, agent);
}

/// A new connection is recorded to the byte, over a restart of the agent.
fn exact_from_now_on(stage: &Stage, settings: &Settings, agent: Agent) {
    let to = at(stage::GERMANY, 443);
    let report = send(stage, to, 20_000);
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    agent.kill().unwrap();
    let next = stage.agent_with(settings).unwrap();
    assert!(next.started().adopted);
    let ended = next.stop().unwrap();
    let path = stage.unit(UNIT).unwrap().keep().cgroup_path();
    balances(ended.only(&path, to, "tcp").unwrap(), &wire).unwrap();
    unload(stage, settings);
}

#[test]
fn what_has_no_room_is_folded_and_recorded_as_lost_detail() {
    let stage = Stage::new().unwrap();
    let settings = Settings {
        extra: vec!["--max-flows".into(), "63".into()],
        ..stage.settings().unwrap()
    };
    let agent = stage.agent_with(&settings).unwrap();
    let unit = stage.unit(UNIT).unwrap().keep();
    let line = format!("udp-ports --to {} --count 200", at(stage::OVERSEAS, 20_000));
    unit.traffic(&stage.app, &line).unwrap();
    let gap = agent.wait_for_gap("loss").unwrap();
    assert!(gap.losses["slots_exhausted"] > 0, "{gap:?}");
    let ended = agent.stop().unwrap();
    assert_eq!(ended.code, Some(0));
    // Each packet without a slot of its own is counted as such, and in a fold.
    let folds = ended.flows.iter().filter(|flow| flow.scope == "folded");
    let folded: u64 = folds.map(|f| f.egress_packets + f.ingress_packets).sum();
    let stopped = ended.stopped.as_ref().unwrap();
    assert_eq!(stopped.losses["slots_exhausted"], folded);
    assert_eq!(stopped.losses["sink_used"], 0);
    let path = unit.cgroup_path();
    let of_unit = |scope: &str| -> Vec<_> {
        let wanted = |flow: &&weir_tests::record::Flow| {
            flow.workload.cgroup_path.as_deref() == Some(&path) && flow.scope == scope
        };
        ended.flows.iter().filter(wanted).collect()
    };
    let exact = of_unit("exact");
    let [rest] = of_unit("folded")[..] else {
        panic!("not one folded flow: {:?}", ended.flows);
    };
    assert_eq!(rest.verdict, "indeterminate");
    let sent: u64 = exact.iter().map(|flow| flow.egress_packets).sum();
    assert_eq!(sent + rest.egress_packets, 200);
}
