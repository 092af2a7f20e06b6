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

/// Words of a command line, in mounts of its own that a script has changed.
fn where_mounts_are(script: &str, store: &Path) -> Vec<String> {
    let script = format!("{script} && shift && exec \"$@\"");
    let words = ["unshare", "--mount", "sh", "-c", &script, "sh"];
    let store = store.display().to_string();
    words
        .into_iter()
        .map(str::to_owned)
        .chain([store])
        .collect()
}

#[test]
fn mounts_that_are_missing_are_said() {
    let (_stage, settings, config) = configured();
    let without = where_mounts_are("umount -l /sys/fs/cgroup", &settings.store);
    let answer = Answer::of(&mut behind(&without, &config));
    assert_eq!(answer.code, Some(5));
    assert_eq!(
        answer.check("mounts", "cgroup v2"),
        (
            "fail",
            "no cgroup v2 hierarchy is mounted",
            Some(
                "mount one with `mount -t cgroup2 none /sys/fs/cgroup/unified`, \
                 or name it with --cgroup-root"
            )
        )
    );
    let without = where_mounts_are("umount -l /sys/fs/bpf", &settings.store);
    let answer = Answer::of(&mut behind(&without, &config));
    assert_eq!(
        answer.check("mounts", "BPF filesystem"),
        (
            "pass",
            "not mounted; `weir run` mounts one at /sys/fs/bpf",
            None
        )
    );
}

#[test]
fn a_disk_without_room_is_said() {
    let (_stage, settings, config) = configured();
    let store = settings.store.display().to_string();
    let small = "mount -t tmpfs -o size=1M none \"$1\"";
    let answer = Answer::of(&mut behind(
        &where_mounts_are(small, &settings.store),
        &config,
    ));
    assert_eq!(answer.code, Some(0));
    assert_eq!(
        answer.check("disk", "store"),
        (
            "warn",
            format!("1.0 MiB free for {store}").as_str(),
            Some(
                "make room for 1.0 GiB, or keep less with ledger.keep or ledger.keep_size: \
                 without room, detail is recorded in memory alone"
            )
        )
    );
    let read_only = "mount -t tmpfs -o ro none \"$1\"";
    let words = where_mounts_are(read_only, &settings.store);
    let answer = Answer::of(&mut behind(&words, &config));
    assert_eq!(answer.code, Some(5));
    assert_eq!(
        answer.check("disk", "store"),
        (
            "fail",
            format!("{store} is on a file system that is read-only").as_str(),
            Some("mount it for writing, or name another directory with paths.store")
        )
    );
}

/// In a network namespace that nothing leads out of.
#[test]
fn a_host_without_a_way_off_it_is_told_to_name_one() {
    let (_stage, _, config) = configured();
    let answer = Answer::of(&mut behind(&words("unshare --net"), &config));
    assert_eq!(answer.code, Some(0));
    assert_eq!(
        answer.check("interfaces", "uplinks"),
        (
            "warn",
            "no interface leads off the host",
            Some("name what leads off with --uplink")
        )
    );
    assert_eq!(answer.check("hooks", "second layer"), ("pass", "tcx", None));
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
    assert_eq!(
        answer.check("agent", "losses"),
        ("pass", "none since the recording began", None)
    );
    assert_eq!(answer.state("agent", "gaps"), "pass");
    assert_eq!(answer.state("agent", "heartbeat"), "pass");

    // Nothing was pinned: while none ran, none recorded. The next says so.
    agent.kill().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let answer = Answer::of(&mut doctor(&config));
    assert_eq!(answer.code, Some(0), "{:?}", answer.checks);
    assert_eq!(
        answer.check("agent", "gaps"),
        (
            "warn",
            "1 gap since it began: not_recording",
            Some("docs/runbooks/WeirEvidenceGap.md says what each means")
        )
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
