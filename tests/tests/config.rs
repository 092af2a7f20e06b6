//! An agent that is told everything by its config file.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use weir_tests::{
    agent::{Agent, Settings},
    attached,
    stage::{self, Stage, balances, ended_well},
    traffic::Protocol::Tcp,
};

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

/// The settings of the tests as a file, with further lines.
fn file(stage: &Stage, name: &str, further: &str) -> PathBuf {
    let path = stage.run.directory().join(name);
    stage.settings().unwrap().write(&path, further).unwrap();
    path
}

fn told_by(stage: &Stage, config: PathBuf) -> Settings {
    Settings {
        config: Some(config),
        ..stage.settings().unwrap()
    }
}

fn weir(arguments: &[&str], config: &Path) -> Output {
    Command::new(weir_tests::tool::sibling("XTASK_AGENT", "weir").unwrap())
        .args(arguments)
        .arg("--config")
        .arg(config)
        .output()
        .unwrap()
}

/// Paths, databases and intervals all come from it, and other commands read there what
/// the agent has recorded.
#[test]
fn an_agent_with_a_file_alone_records_and_judges() {
    let stage = Stage::new().unwrap();
    let config = file(&stage, "weir.toml", "");
    let agent = stage.agent_with(&told_by(&stage, config.clone())).unwrap();
    let started = agent.started().clone();
    assert_eq!(started.databases.len(), 1);
    assert_eq!(started.databases[0].name, "test");
    assert!(started.metrics.unwrap().contains("127.0.0.1:"));
    let unit = stage.unit("image-generation.service").unwrap();
    let to = at(stage::GERMANY, 443);
    let report = unit
        .traffic(&stage.app, &format!("tcp --to {to} --bytes 5000"))
        .unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    let ended = agent.stop().unwrap();
    ended_well(&ended).unwrap();
    let flow = ended.only(&unit.cgroup_path(), to, "tcp").unwrap();
    balances(flow, &wire).unwrap();
    assert_eq!(flow.product.as_deref(), Some("image-generation"));
    assert_eq!(flow.hosted_in.value.as_deref(), Some("DE"));

    // The store is the one that the file names.
    let flows = weir(&["flows", "--format", "json"], &config);
    assert_eq!(flows.status.code(), Some(0), "{flows:?}");
    let text = String::from_utf8(flows.stdout).unwrap();
    assert!(text.contains("image-generation"), "{text}");
    let shown = weir(&["config", "show", "--format", "json"], &config);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let keys = shown["keys"].as_array().unwrap();
    let store = keys.iter().find(|key| key["key"] == "paths.store").unwrap();
    assert_eq!(
        (store["origin"].as_str(), store["line"].as_u64()),
        (Some("file"), Some(3))
    );
    let checked = weir(&["config", "check", "--deny-warnings"], &config);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
}

/// The environment is nearer than the file, and the command line nearer than both.
#[test]
fn the_environment_overrides_the_file() {
    let stage = Stage::new().unwrap();
    let directory = stage.run.directory();
    let (other, nearest) = (directory.join("other-runtime"), directory.join("nearest"));
    let store = directory.join("store");
    let unread = directory.join("unread");
    let settings = Settings {
        variables: vec![
            ("WEIR_METRICS_LISTEN".into(), "off".into()),
            (
                "WEIR_PATHS_RUNTIME_DIR".into(),
                other.to_str().unwrap().into(),
            ),
            ("WEIR_PATHS_STORE".into(), unread.to_str().unwrap().into()),
        ],
        extra: vec!["--store".into(), nearest.to_str().unwrap().into()],
        ..told_by(&stage, file(&stage, "weir.toml", ""))
    };
    let agent = stage.agent_with(&settings).unwrap();
    assert_eq!(agent.started().metrics, None);
    assert!(other.join("control.sock").exists());
    assert!(!directory.join("runtime/control.sock").exists());
    ended_well(&agent.stop().unwrap()).unwrap();
    let entries = |path: &Path| fs::read_dir(path).map_or(0, Iterator::count);
    assert!(entries(&nearest) > 0);
    assert_eq!((entries(&store), entries(&unread)), (0, 0));
}

/// A file or an environment with errors is refused with all of them, before anything is
/// attached or written.
#[test]
fn what_is_broken_is_refused_where_it_stands() {
    let stage = Stage::new().unwrap();
    let unit = stage.unit("weir-broken.service").unwrap();
    let before = attached::everywhere();
    let broken = file(
        &stage,
        "broken.toml",
        "lisen = \"off\"\n\n[ledger]\nseal_after = \"soon\"\n",
    );
    let settings = told_by(&stage, broken.clone());
    let (code, stderr) = Agent::refused(&unit, &settings).unwrap();
    assert_eq!(code, Some(3), "{stderr}");
    let path = broken.display();
    for expected in [
        format!("{path}:17:1: error: unknown key `lisen` in [metrics]"),
        "help: did you mean `listen`?".to_owned(),
        format!("{path}:20:14: error: `soon` is no value of `seal_after`"),
        "2 errors in 1 file".to_owned(),
    ] {
        assert!(
            stderr.contains(&expected),
            "{expected} is missing in:\n{stderr}"
        );
    }

    let variables = vec![("WEIR_CAPTURE_MAX_FLOWS".into(), "1".into())];
    let settings = Settings {
        variables,
        ..told_by(&stage, file(&stage, "weir.toml", ""))
    };
    let (code, stderr) = Agent::refused(&unit, &settings).unwrap();
    assert_eq!(code, Some(3), "{stderr}");
    let message = "`WEIR_CAPTURE_MAX_FLOWS` must be from 63 to 16000000";
    assert!(stderr.contains(message), "{stderr}");

    let group = file(
        &stage,
        "group.toml",
        "\n[control]\ngroup = \"no-such-group\"\n",
    );
    let (code, stderr) = Agent::refused(&unit, &told_by(&stage, group.clone())).unwrap();
    assert_eq!(code, Some(3), "{stderr}");
    let place = format!("{}:19:9: error: the group", group.display());
    assert!(stderr.contains(&place), "{stderr}");

    let absent = stage.run.directory().join("absent.toml");
    let (code, stderr) = Agent::refused(&unit, &told_by(&stage, absent)).unwrap();
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("there is no such file"), "{stderr}");

    assert_eq!(attached::everywhere(), before, "something is attached");
    let store = fs::read_dir(stage.run.directory().join("store")).unwrap();
    assert_eq!(store.count(), 0, "something is written");
    let checked = weir(&["config", "check"], &broken);
    assert_eq!(checked.status.code(), Some(3));
}
