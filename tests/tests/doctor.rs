//! What a host is told of itself, and of the agent that is configured there.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use weir_tests::{
    agent::Settings,
    clock,
    stage::{Stage, ended_well},
    tool,
};

/// What `weir doctor` answered.
struct Answer {
    code: Option<i32>,
    checks: Vec<Value>,
}

impl Answer {
    fn of(command: &mut Command) -> Self {
        let (code, out, error) = tool::said(command).unwrap();
        assert_eq!(error, "");
        Self {
            code,
            checks: serde_json::from_str(&out).unwrap(),
        }
    }

    /// State, what was found, and the remedy.
    fn check(&self, area: &str, what: &str) -> (&str, &str, Option<&str>) {
        let wanted = |one: &&Value| one["area"] == area && one["what"] == what;
        let one = self.checks.iter().find(wanted).unwrap();
        let found = one["found"].as_str().unwrap();
        (
            one["state"].as_str().unwrap(),
            found,
            one["remedy"].as_str(),
        )
    }

    fn state(&self, area: &str, what: &str) -> &str {
        self.check(area, what).0
    }
}

/// A stage, and a config file for agents on it.
fn configured() -> (Stage, Settings, PathBuf) {
    let stage = Stage::new().unwrap();
    let file = stage.run.directory().join("weir.toml");
    let settings = stage.settings().unwrap();
    settings.write(&file, "").unwrap();
    (stage, settings, file)
}

/// `weir doctor`, behind the words of another command line.
fn behind(words: &[String], config: &Path) -> Command {
    let weir = tool::weir().unwrap();
    let mut command = match words {
        [] => weir,
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(weir.get_program());
            command
        }
    };
    command.args(["doctor", "--format", "json", "--config"]);
    command.arg(config);
    command
}

fn doctor(config: &Path) -> Command {
    behind(&[], config)
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn this_host_can_be_covered() {
    let (_stage, settings, config) = configured();
    let answer = Answer::of(&mut doctor(&config));
    assert_eq!(answer.code, Some(0), "{:?}", answer.checks);
    for (area, what) in [
        ("kernel", "kernel"),
        ("kernel", "capabilities"),
        ("kernel", "type information"),
        ("kernel", "seccomp"),
        ("mounts", "cgroup v2"),
        ("mounts", "BPF filesystem"),
        ("hooks", "second layer"),
        ("config", "config file"),
        ("databases", "test"),
        ("clock", "time of day"),
        ("disk", "store"),
    ] {
        assert_eq!(answer.state(area, what), "pass", "{area}: {what}");
    }
    assert_eq!(
        answer.check("interfaces", "AF_XDP"),
        (
            "warn",
            "frames go to the driver, past both layers",
            Some("give CAP_NET_RAW and CAP_BPF to no workload that can do without them")
        )
    );
    assert_eq!(
        answer.check("keys", "node key"),
        ("pass", "none yet; the first start makes one", None)
    );
    let socket = settings.runtime_dir.join("control.sock");
    assert_eq!(
        answer.check("agent", "agent"),
        (
            "warn",
            format!("no agent listens at {}", socket.display()).as_str(),
            Some("start it: `systemctl start weir`")
        )
    );
}

#[test]
fn a_kernel_that_is_too_old_is_said() {
    let (_stage, _, config) = configured();
    let answer = Answer::of(&mut behind(&words("setarch --uname-2.6"), &config));
    assert_eq!(answer.code, Some(5));
    let (state, found, remedy) = answer.check("kernel", "kernel");
    assert_eq!((state, remedy), ("fail", Some("boot Linux 6.1 or later")));
    assert!(found.starts_with("kernel 2.6."), "{found}");
    assert!(found.ends_with(" is too old"), "{found}");
    assert_eq!(answer.state("kernel", "capabilities"), "pass");
}

#[test]
fn capabilities_that_are_missing_are_named() {
    let (_stage, _, config) = configured();
    let without = words("setpriv --bounding-set -net_admin --inh-caps -net_admin");
    let answer = Answer::of(&mut behind(&without, &config));
    assert_eq!(answer.code, Some(5));
    assert_eq!(
        answer.check("kernel", "capabilities"),
        (
            "fail",
            "CAP_NET_ADMIN is missing",
            Some("run as root, or grant it")
        )
    );
}

/// What is wrong with files is said of each, and nothing is changed by it.
#[test]
fn what_is_wrong_with_files_is_said_of_each() {
    let (stage, settings, config) = configured();
    let allowlists = stage.run.directory().join("allowlists");
    fs::create_dir(&allowlists).unwrap();
    fs::write(allowlists.join("a.toml"), "[product]\nnome = \"a\"\n").unwrap();
    let settings = Settings {
        allowlists,
        ..settings
    };
    settings.write(&config, "").unwrap();
    fs::write(&settings.ip_db, "no database").unwrap();
    fs::write(settings.store.join("checkpoint"), "not signed").unwrap();
    let answer = Answer::of(&mut doctor(&config));
    assert_eq!(answer.code, Some(5));
    assert_eq!(answer.state("policy", "allowlists"), "fail");
    assert_eq!(answer.state("databases", "IP databases"), "fail");
    assert_eq!(
        answer.check("keys", "node key"),
        (
            "fail",
            "gone, and the store has a checkpoint",
            Some("restore it from a backup; without it, begin a store anew")
        )
    );
    assert_eq!(answer.state("keys", "checkpoint"), "fail");
    assert!(!settings.store.join("node.key").exists());
    assert!(!settings.store.join("node.pub").exists());

    fs::write(&config, "[paths]\nstroe = \"/x\"\n").unwrap();
    let answer = Answer::of(&mut doctor(&config));
    assert_eq!(answer.code, Some(5));
    let (state, found, remedy) = answer.check("config", "config file");
    assert_eq!(state, "fail");
    assert!(
        found.starts_with(&format!("{}:2:", config.display())),
        "{found}"
    );
    assert_eq!(remedy, Some("did you mean `store`?"));
    assert!(answer.checks.iter().all(|one| one["area"] != "policy"));
}

/// An agent that runs says how it fares; its key, its checkpoint and its clock are looked at.
#[test]
fn what_an_agent_left_is_looked_at() {
    let (stage, settings, config) = configured();
    let agent = stage.agent_with(&settings).unwrap();
    let answer = Answer::of(&mut doctor(&config));
    assert_eq!(answer.code, Some(0), "{:?}", answer.checks);
    let (state, found, _) = answer.check("agent", "agent");
    assert_eq!(state, "pass");
    assert!(found.starts_with(env!("CARGO_PKG_VERSION")), "{found}");
    assert_eq!(
        answer.check("agent", "bundles"),
        ("pass", "none are to be written", None)
    );
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let answer = Answer::of(&mut doctor(&config));
    let (state, found, _) = answer.check("keys", "node key");
    assert_eq!(state, "pass");
    assert!(found.starts_with("weir-node/"), "{found}");
    assert!(found.ends_with(", for root alone"), "{found}");
    assert_eq!(answer.state("keys", "checkpoint"), "pass");

    let key = settings.store.join("node.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let answer = Answer::of(&mut doctor(&config));
    assert_eq!(answer.code, Some(5));
    let remedy = format!(
        "chmod 600 {} and take another with `weir run --rotate-key`: this one may be known",
        key.display()
    );
    assert_eq!(
        answer.check("keys", "node key"),
        (
            "fail",
            "others can read it (mode 0644)",
            Some(remedy.as_str())
        )
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    let long_ago = clock::at("2025-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let answer = Answer::of(&mut behind(&long_ago, &config));
    assert_eq!(answer.code, Some(5));
    let (state, found, remedy) = answer.check("clock", "time of day");
    assert_eq!(state, "fail");
    assert!(found.starts_with("it is 2025-01-01T00:00:0"), "{found}");
    assert!(
        found.contains("and the ledger has entries of 20"),
        "{found}"
    );
    assert_eq!(
        remedy,
        Some("set the clock; the record has the step as a gap")
    );
}
