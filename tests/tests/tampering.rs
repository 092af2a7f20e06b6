//! Somebody with root's rights touches what is the agent's own; each is found, told of and
//! recorded.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use weir_tests::{
    agent::{Agent, Settings},
    ledger,
    record::Gap,
    stage::{self, Stage, ended_well},
    tool::tool,
};

/// An agent that seals a segment each second.
fn sealing(stage: &Stage) -> (Settings, Agent) {
    let settings = Settings {
        extra: vec!["--seal-after".into(), "1s".into()],
        ..stage.pinned_settings().unwrap()
    };
    let agent = stage.agent_with(&settings).unwrap();
    (settings, agent)
}

/// Ends the agent; its ledger has the gap that it told of, and a finding.
fn recorded(agent: Agent, settings: &Settings, gap: &Gap) {
    let finding = agent
        .wait_for_finding("opened", |one| {
            one.kind == "evidence_gap" && one.rule.as_deref() == Some(gap.reason.as_str())
        })
        .unwrap();
    assert_eq!(finding.severity, "ticket");
    drop(agent.stop().unwrap());
    let entries = ledger::entries(&settings.store).unwrap();
    let mut gaps = entries.iter().filter(|entry| entry["type"] == "gap");
    assert!(gaps.any(|entry| entry["reason"] == gap.reason && entry["detail"] == gap.detail));
}

fn pin(settings: &Settings, name: &str) -> String {
    Path::new(&settings.pin)
        .join("current")
        .join(name)
        .to_string_lossy()
        .into_owned()
}

#[test]
fn a_key_that_others_may_read_is_told_of() {
    let stage = Stage::new().unwrap();
    let (settings, agent) = sealing(&stage);
    let key = settings.store.join("node.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let gap = agent.wait_for_gap("tampered").unwrap();
    assert_eq!(
        gap.detail,
        "node.key has mode 0644 and owner 0: others may sign in the node's name"
    );
    assert!(!gap.repaired);
    recorded(agent, &settings, &gap);
}

#[test]
fn a_key_that_is_replaced_is_told_of() {
    let stage = Stage::new().unwrap();
    let (settings, agent) = sealing(&stage);
    let key = settings.store.join("node.key");
    let text = fs::read(&key).unwrap();
    // The same again changes nothing.
    let copy = settings.store.join("node.key.copy");
    fs::write(&copy, &text).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&copy, &key).unwrap();
    let another = text.iter().rev().copied().collect::<Vec<_>>();
    fs::write(&copy, another).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&copy, &key).unwrap();
    let gap = agent.wait_for_gap("tampered").unwrap();
    assert_eq!(gap.detail, "node.key was changed");
    fs::write(&key, text).unwrap();
    recorded(agent, &settings, &gap);
}

/// The first sealed segment.
fn segment(settings: &Settings) -> PathBuf {
    loop {
        let names = fs::read_dir(&settings.store).unwrap();
        let mut paths: Vec<PathBuf> = names.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let sealed = paths.into_iter().find(|path| {
            let ending = path.extension().is_some_and(|ending| ending == "parquet");
            ending && path.with_extension("json").exists()
        });
        if let Some(path) = sealed {
            return path;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Waits until the agent has looked at the files once more: it puts a pin back.
fn looked(agent: &Agent, settings: &Settings) {
    let pin = pin(settings, "LOSS");
    fs::remove_file(&pin).unwrap();
    agent.wait_for_gap("pin_removed").unwrap();
}

#[test]
fn a_segment_that_is_changed_or_taken_away_is_told_of() {
    for (what, detail) in [("changed", "was changed"), ("removed", "was taken away")] {
        let stage = Stage::new().unwrap();
        let (settings, agent) = sealing(&stage);
        let path = segment(&settings);
        looked(&agent, &settings);
        let bytes = fs::read(&path).unwrap();
        if what == "changed" {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(b"x").unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let gap = agent.wait_for_gap("tampered").unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(gap.detail, format!("{name} {detail}"));
        fs::write(&path, bytes).unwrap();
        recorded(agent, &settings, &gap);
    }
}

#[test]
fn a_checkpoint_that_is_set_back_is_told_of() {
    let stage = Stage::new().unwrap();
    // Where nothing is sealed meanwhile: each segment has a checkpoint of its own.
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    // The first heartbeat has one, too.
    looked(&agent, &settings);
    let path = settings.store.join("checkpoint");
    let before = fs::read_to_string(&path).unwrap();
    let lines = before.lines().nth(1).unwrap().to_owned();
    fs::write(&path, before.replacen(&lines, "1", 1)).unwrap();
    let gap = agent.wait_for_gap("tampered").unwrap();
    assert_eq!(
        gap.detail,
        "the checkpoint is not one that this node signed"
    );
    recorded(agent, &settings, &gap);
}

#[test]
fn a_tail_that_is_taken_away_is_told_of() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let names = fs::read_dir(&settings.store).unwrap();
    let tail = names
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "weirtail"))
        .unwrap();
    fs::rename(&tail, tail.with_extension("away")).unwrap();
    let gap = agent.wait_for_gap("tampered").unwrap();
    let name = tail.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(
        gap.detail,
        format!("{name} is not where it is written (No such file or directory (os error 2))")
    );
    fs::rename(tail.with_extension("away"), &tail).unwrap();
    recorded(agent, &settings, &gap);
}

#[test]
fn a_pin_that_names_another_map_is_given_back() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let (losses, next) = (pin(&settings, "LOSS"), pin(&settings, "NEXT_SLOT"));
    let number = |path: &str| {
        let shown = tool("bpftool", &["-j", "map", "show", "pinned", path]).unwrap();
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        shown["id"].as_u64().unwrap()
    };
    let own = number(&losses);
    fs::remove_file(&losses).unwrap();
    tool("bpftool", &["map", "pin", "pinned", &next, &losses]).unwrap();
    assert_ne!(number(&losses), own);
    let gap = agent.wait_for_gap("tampered").unwrap();
    assert_eq!(
        gap.detail,
        "pinned again in the place of something else: LOSS"
    );
    assert!(gap.repaired);
    assert_eq!(number(&losses), own);
    recorded(agent, &settings, &gap);
}

#[test]
fn what_a_recording_says_of_itself_cannot_be_written_again() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let meta = pin(&settings, "META");
    let shown = tool("bpftool", &["-j", "map", "show", "pinned", &meta]).unwrap();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["frozen"], 1, "{shown}");
    ended_well(&agent.stop().unwrap()).unwrap();
}

#[test]
fn a_count_of_the_kernels_that_falls_is_told_of() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    let line = format!("udp --to {}:53 --bytes 100", stage::OVERSEAS);
    unit.traffic(&stage.app, &line).unwrap();
    looked(&agent, &settings);
    let next = pin(&settings, "NEXT_SLOT");
    let zero = [
        "map", "update", "pinned", &next, "key", "0", "0", "0", "0", "value", "0", "0", "0", "0",
    ];
    tool("bpftool", &zero).unwrap();
    let gap = agent.wait_for_gap("tampered").unwrap();
    assert!(
        gap.detail.starts_with("NEXT_SLOT fell from ") && gap.detail.ends_with(" to 1"),
        "{}",
        gap.detail
    );
    recorded(agent, &settings, &gap);
}
