//! The real agent gives up what it does not need, and does its work all the same.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};

use weir_tests::{
    agent::Settings,
    ledger,
    record::Executable,
    stage::{self, Stage, ended_well},
    workload::Sender,
};

const DAC_OVERRIDE: u64 = 1 << 1;
const DAC_READ_SEARCH: u64 = 1 << 2;
const NET_BIND_SERVICE: u64 = 1 << 10;
const NET_ADMIN: u64 = 1 << 12;
const NET_RAW: u64 = 1 << 13;
const SYS_PTRACE: u64 = 1 << 19;
const SYS_ADMIN: u64 = 1 << 21;
const BPF: u64 = 1 << 39;

/// A line of `/proc/PID/task/TID/status`.
fn field(status: &str, name: &str) -> String {
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap().trim().to_owned()
}

/// Every thread of a process has just these capabilities, and is confined.
fn is_confined(pid: u32, capabilities: u64) {
    let tasks: Vec<_> = fs::read_dir(format!("/proc/{pid}/task"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("status"))
        .collect();
    assert!(!tasks.is_empty());
    for task in tasks {
        let Ok(status) = fs::read_to_string(&task) else {
            continue;
        };
        let wanted = format!("{capabilities:016x}");
        for set in ["CapPrm", "CapEff", "CapBnd"] {
            assert_eq!(field(&status, set), wanted, "{set} of {}", task.display());
        }
        for set in ["CapInh", "CapAmb"] {
            assert_eq!(field(&status, set), "0".repeat(16), "{set}");
        }
        assert_eq!(field(&status, "NoNewPrivs"), "1");
        assert_eq!(field(&status, "Seccomp"), "2");
    }
}

/// Processes that this one has started, by what they are called to do.
fn aside(pid: u32) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(child) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let read = |name: &str| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        let parent = read("status");
        let is_child = parent.lines().any(|line| line == format!("PPid:\t{pid}"));
        let line = read("cmdline");
        if let (true, Some(what)) = (is_child, line.split('\0').nth(2)) {
            found.insert(what.to_owned(), child);
        }
    }
    found
}

#[test]
fn the_agent_and_what_is_beside_it_keep_what_they_need() {
    let stage = Stage::new().unwrap();
    let settings = stage.settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let confinement = agent.started().confinement.clone().unwrap();
    assert_eq!(confinement.mode, "on");
    let names = ["CAP_DAC_READ_SEARCH", "CAP_NET_ADMIN", "CAP_BPF"];
    assert_eq!(confinement.capabilities, names);
    assert!(confinement.landlock_abi >= 1 && confinement.seccomp);
    is_confined(agent.pid(), DAC_READ_SEARCH | NET_ADMIN | BPF);
    let beside = aside(agent.pid());
    assert_eq!(beside.keys().collect::<Vec<_>>(), ["keeper", "reader"]);
    is_confined(beside["reader"], SYS_PTRACE);
    is_confined(
        beside["keeper"],
        DAC_OVERRIDE | NET_BIND_SERVICE | SYS_ADMIN | NET_ADMIN | NET_RAW | BPF,
    );

    // Another workload's executable is known, though the agent may not look.
    let unit = stage.unit("image-generation.service").unwrap();
    let to: SocketAddr = SocketAddr::new(stage::GERMANY.parse().unwrap(), 443);
    let line = format!("tcp-stream --to {to}");
    let sender = Sender::ready(unit.start(&stage.app, &line).unwrap()).unwrap();
    let path = unit.cgroup_path();
    let flow = agent
        .wait_for("of the sender", |flow| {
            flow.workload.cgroup_path.as_deref() == Some(&path)
        })
        .unwrap();
    assert!(matches!(flow.executable, Executable::Path(_)), "{flow:?}");
    sender.stop().unwrap();
    ended_well(&agent.stop().unwrap()).unwrap();
    for (what, pid) in beside {
        assert!(!Path::new("/proc").join(pid.to_string()).exists(), "{what}");
    }
    let entries = ledger::entries(&settings.store).unwrap();
    let started = entries.iter().find(|entry| entry["type"] == "started");
    let recorded = &started.unwrap()["confinement"];
    assert_eq!(recorded["capabilities"], serde_json::json!(names));
    assert_eq!(recorded["mode"], "on");
}

#[test]
fn an_agent_that_is_not_to_be_confined_says_so() {
    let stage = Stage::new().unwrap();
    let settings = Settings {
        extra: vec![
            "--confine".into(),
            "off".into(),
            "--self-test".into(),
            "off".into(),
        ],
        ..stage.settings().unwrap()
    };
    let agent = stage.agent_with(&settings).unwrap();
    let confinement = agent.started().confinement.clone().unwrap();
    assert_eq!(confinement.mode, "off");
    assert!(!confinement.seccomp);
    assert_eq!(confinement.landlock_abi, 0);
    let status = fs::read_to_string(format!("/proc/{}/status", agent.pid())).unwrap();
    assert_eq!(field(&status, "NoNewPrivs"), "0");
    assert_eq!(aside(agent.pid()), BTreeMap::new());
    ended_well(&agent.stop().unwrap()).unwrap();
}
