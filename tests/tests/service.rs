//! What the agent tells a service manager, by a real socket of sd_notify(3).

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use nix::{
    sys::signal::Signal,
    time::{ClockId, clock_gettime},
};
use weir_tests::{
    agent::{Agent, Settings},
    manager::{Manager, Message},
    own_allowlists::OwnAllowlists,
};

const REFUSED: &str =
    "; the allowlists that were read last are refused, those of before are in force";

fn message(assignments: &[(&str, &str)]) -> Message {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    assignments.iter().map(owned).collect()
}

/// The status of an agent that records, without the number of flows: others are on this host.
fn recording(message: &Message) -> (String, String) {
    let status = &message["STATUS"];
    let rest = status.strip_prefix("recording; open flows: ").unwrap();
    let (flows, rest) = rest.split_once(", open findings: ").unwrap();
    flows.parse::<u64>().unwrap();
    let (findings, rest) = rest.split_once(", gaps since the start: ").unwrap();
    findings.parse::<u64>().unwrap();
    let digits = rest.trim_start_matches(|one: char| one.is_ascii_digit());
    let gaps = rest.strip_suffix(digits).unwrap();
    (gaps.to_owned(), digits.to_owned())
}

fn names(message: &Message) -> Vec<&str> {
    message.keys().map(String::as_str).collect()
}

/// Microseconds of the clock that RELOADING=1 is told with.
fn monotonic() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    now.tv_sec() * 1_000_000 + now.tv_nsec() / 1000
}

#[test]
fn a_service_manager_is_told_of_each_turn() {
    let scene = OwnAllowlists::new().unwrap();
    let manager = Manager::new(&scene.stage.run).unwrap();
    let settings = Settings {
        variables: manager.environment(Some(60_000_000)),
        ..scene.settings.clone()
    };
    let agent = scene.stage.agent_with(&settings).unwrap();

    let ready = manager.next().unwrap();
    assert_eq!(names(&ready), ["READY", "STATUS"]);
    assert_eq!(ready["READY"], "1");
    assert_eq!(recording(&ready).1, "");
    manager.next_with("WATCHDOG", "1").unwrap();

    let before = monotonic();
    agent.signal(Signal::SIGHUP).unwrap();
    let reloading = manager.next_with("RELOADING", "1").unwrap();
    let after = monotonic();
    assert_eq!(names(&reloading), ["MONOTONIC_USEC", "RELOADING"]);
    let told: i64 = reloading["MONOTONIC_USEC"].parse().unwrap();
    assert!((before..=after).contains(&told), "{before} {told} {after}");
    let again = manager.next_with("READY", "1").unwrap();
    assert_eq!(names(&again), ["READY", "STATUS"]);
    assert_eq!(recording(&again).1, "");

    // A set that is refused is a reload that is over, and is said.
    scene.write("broken.toml", "product = 1\n").unwrap();
    agent.signal(Signal::SIGHUP).unwrap();
    manager.next_with("RELOADING", "1").unwrap();
    let refused = manager.next_with("READY", "1").unwrap();
    assert_eq!(recording(&refused).1, REFUSED);

    assert_eq!(agent.stop().unwrap().code, Some(0));
    let rest = manager.rest().unwrap();
    let stopping = [("STATUS", "draining what was counted"), ("STOPPING", "1")];
    assert_eq!(rest.last(), Some(&message(&stopping)));
    let stops = rest.iter().filter(|one| one.contains_key("STOPPING"));
    assert_eq!(stops.count(), 1);
}

/// Neither signals nor files keep an agent alive that does not sweep.
#[test]
fn the_watchdog_hears_of_sweeps_alone() {
    let scene = OwnAllowlists::new().unwrap();
    let manager = Manager::new(&scene.stage.run).unwrap();
    let settings = Settings {
        // The first sweep is at the start, the next after the test.
        sweep_interval: "1h".into(),
        variables: manager.environment(Some(1_000_000)),
        ..scene.settings.clone()
    };
    let agent = scene.stage.agent_with(&settings).unwrap();
    let ready = manager.next().unwrap();
    // Three sweeps, as far as the message has room: about 71 minutes.
    assert_eq!(ready["WATCHDOG_USEC"], "4294967295");
    manager.next_with("WATCHDOG", "1").unwrap();
    let mut others = Vec::new();
    for _ in 0..2 {
        agent.signal(Signal::SIGHUP).unwrap();
        others.extend(manager.until("READY", "1").unwrap());
    }
    scene.send("203.0.113.9", 100).unwrap();
    agent
        .wait_for("undeclared", |flow| flow.verdict == "undeclared")
        .unwrap();
    drop(agent);
    others.extend(manager.rest().unwrap());
    let watchdog = others.iter().filter(|one| one.contains_key("WATCHDOG"));
    assert_eq!(watchdog.count(), 0, "{others:?}");
}

#[test]
fn why_it_does_not_start_is_the_last_status() {
    let scene = OwnAllowlists::new().unwrap();
    let manager = Manager::new(&scene.stage.run).unwrap();
    let settings = Settings {
        variables: manager.environment(Some(60_000_000)),
        ..scene.settings.clone()
    };
    fs::write(scene.file("broken.toml"), "product = 1\n").unwrap();
    let unit = scene.stage.unit("weir.service").unwrap().keep();
    let (code, stderr) = Agent::refused(&unit, &settings).unwrap();
    assert_eq!(code, Some(3));
    let why = stderr.trim_end().strip_prefix("weir: ").unwrap();
    assert_eq!(manager.rest().unwrap(), [message(&[("STATUS", why)])]);
}
