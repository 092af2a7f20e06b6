//! The canary proves that each way out is recorded, and says which is not.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};
use weir_tests::{
    agent::Settings,
    ledger, metrics,
    stage::{Stage, ended_well},
    tool::{self, tool},
};

/// Ways that only the uplink layer can see.
const PACKET: [&str; 2] = ["packet", "packet-v6"];

fn doctor(arguments: &[&str]) -> Output {
    let agent = tool::sibling("XTASK_AGENT", "weir").unwrap();
    let mut command = Command::new(agent);
    command.args(["doctor", "--self-test", "--format", "json"]);
    command.args(arguments).output().unwrap()
}

fn ways(output: &Output) -> Vec<Value> {
    let said = String::from_utf8_lossy(&output.stderr);
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {said}"))
        .unwrap();
    answer["ways"].as_array().unwrap().clone()
}

/// Cgroups of canaries at the root.
fn left_behind() -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let root = mounts
        .lines()
        .find_map(|line| line.strip_prefix("cgroup2 "))
        .and_then(|rest| rest.split(' ').next())
        .unwrap();
    fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("weir-canary-"))
        .collect()
}

fn extra(settings: Settings, words: &str) -> Settings {
    Settings {
        extra: words.split(' ').map(str::to_owned).collect(),
        ..settings
    }
}

#[test]
fn every_way_is_proven_on_this_host() {
    // Others' canaries would be among what is left behind.
    let _stage = Stage::new().unwrap();
    for hook in ["tcx", "clsact"] {
        let output = doctor(&["--uplink-hook", hook]);
        let ways = ways(&output);
        assert_eq!(ways.len(), 13);
        for way in &ways {
            assert_eq!(way["outcome"], "recorded", "{hook}: {way}");
            let unseen = PACKET.contains(&way["way"].as_str().unwrap());
            let sockets = if unseen { &json!(0) } else { &way["uplink"] };
            assert_eq!(&way["sockets"], sockets, "{hook}: {way}");
        }
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(left_behind(), Vec::<String>::new());
    }
}

/// The recording at work is tried, not another one.
#[test]
fn a_recording_without_a_program_is_found_out() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    stage.agent_on_app(&settings).unwrap().kill().unwrap();
    let all = doctor(&["--pin", &settings.pin]);
    assert_eq!(
        all.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&all.stdout)
    );

    let link = Path::new(&settings.pin).join("current/link_weir_egress");
    tool(
        "bpftool",
        &["link", "detach", "pinned", &link.to_string_lossy()],
    )
    .unwrap();
    let output = doctor(&["--pin", &settings.pin]);
    assert_eq!(output.status.code(), Some(5));
    for way in ways(&output) {
        let name = way["way"].as_str().unwrap();
        if PACKET.contains(&name) {
            assert_eq!(way["outcome"], "recorded", "{way}");
        } else {
            let how = way["outcome"]["missed"].as_str().unwrap();
            assert!(
                how.starts_with("the socket layer has 0 bytes in 0 packets of "),
                "{way}"
            );
        }
    }
    let unload = extra(settings, "--unload");
    let ended = stage.agent_on_app(&unload).unwrap().ended().unwrap();
    assert_eq!(ended.code, Some(0));
}

#[test]
fn the_agent_tests_itself_and_its_canary_is_unclaimed_finding() {
    let stage = Stage::new().unwrap();
    let settings = extra(stage.settings().unwrap(), "--self-test 1s");
    let agent = stage.agent_on_app(&settings).unwrap();
    let test = agent.wait_for_self_test().unwrap();
    assert_eq!(test.ways.len(), 13);
    for way in &test.ways {
        assert_eq!(way.outcome, "recorded", "{way:?}");
    }
    assert!(agent.gaps().is_empty(), "{:?}", agent.gaps());
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let of_canary = |flow: &&weir_tests::record::Flow| {
        let path = flow.workload.cgroup_path.as_deref();
        path.is_some_and(|path| path.starts_with("/weir-canary-"))
    };
    let flows: Vec<_> = ended.flows.iter().filter(of_canary).collect();
    assert!(flows.len() >= 13);
    for flow in flows {
        assert_eq!(flow.verdict, "internal", "{flow}");
    }
    let entries = ledger::entries(&settings.store).unwrap();
    let tests = entries.iter().filter(|entry| entry["type"] == "self_test");
    assert!(tests.count() >= 1);
    assert_eq!(left_behind(), Vec::<String>::new());
}

/// With a sweep a minute, nothing mends the program before the canary misses it.
#[test]
fn a_way_that_fails_is_loud() {
    let stage = Stage::new().unwrap();
    let settings = Settings {
        sweep_interval: "60s".into(),
        ..extra(stage.pinned_settings().unwrap(), "--self-test 2s")
    };
    let agent = stage.agent_on_app(&settings).unwrap();
    let link = Path::new(&settings.pin).join("current/link_weir_egress");
    tool(
        "bpftool",
        &["link", "detach", "pinned", &link.to_string_lossy()],
    )
    .unwrap();
    let gap = agent.wait_for_gap("self_test_failed").unwrap();
    assert!(!gap.repaired);
    let first =
        "tcp: the socket layer has 0 bytes in 0 packets of 20000; the layers differ | tcp-v6: ";
    assert!(gap.detail.starts_with(first), "{}", gap.detail);
    assert!(!gap.detail.contains("packet: "), "{}", gap.detail);
    let address = agent.started().metrics.clone().unwrap();
    let text = stage.app.within(move || metrics::scrape(&address)).unwrap();
    let recorded = metrics::by_label(&text, "weir_self_test_recorded", &[], "way").unwrap();
    assert_eq!(recorded.len(), 13);
    for (way, recorded) in recorded {
        assert_eq!(recorded == 1, PACKET.contains(&way.as_str()), "{way}");
    }
    drop(agent);
    let unload = extra(settings, "--unload");
    let ended = stage.agent_on_app(&unload).unwrap().ended().unwrap();
    assert_eq!(ended.code, Some(0));
}
