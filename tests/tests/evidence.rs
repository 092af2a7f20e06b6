//! Two months of a host, as a reviewer has them.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::json;
use weir_tests::{
    agent::Settings,
    evidence::{object, verify, wait_for, weir_evidence},
    ledger,
    stage::{self, Stage, ended_well},
};

const UNIT: &str = "image-generation.service";

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn send(stage: &Stage, bytes: u64) {
    let to = SocketAddr::new(stage::GERMANY.parse().unwrap(), 443);
    let unit = stage.unit(UNIT).unwrap().keep();
    unit.traffic(&stage.app, &format!("tcp --to {to} --bytes {bytes}"))
        .unwrap();
}

/// As `settings`, on a host whose clock stands there, with bundles written to `bundles`.
fn at(settings: &Settings, clock: &str, bundles: &Path) -> Settings {
    let directory = bundles.to_string_lossy().into_owned();
    Settings {
        time: time(clock),
        extra: vec!["--evidence-dir".to_owned(), directory],
        ..settings.clone()
    }
}

/// The agent is born in the last seconds of October, so that October is whole from its birth
/// on. In November it ends, the kernel goes on counting, and another agent adopts the
/// recording in the last seconds of November.
#[test]
fn two_months_are_written_by_themselves_and_say_what_they_lack() {
    let stage = Stage::new().unwrap();
    let settings = stage.pinned_settings().unwrap();
    let bundles = stage.run.directory().join("bundles");
    fs::create_dir_all(&bundles).unwrap();

    let first = stage
        .agent_with(&at(&settings, "2026-10-31T23:59:50Z", &bundles))
        .unwrap();
    send(&stage, 5000);
    let october = wait_for(&bundles, "2026-10").unwrap();
    send(&stage, 70_000);
    ended_well(&first.stop().unwrap()).unwrap();
    send(&stage, 900);
    let second = stage
        .agent_with(&at(&settings, "2026-11-30T23:59:50Z", &bundles))
        .unwrap();
    assert!(second.started().adopted);
    let november = wait_for(&bundles, "2026-11").unwrap();
    // Its flows are those of both agents, its sums its own.
    assert_eq!(second.stop().unwrap().code, Some(0));
    unload(&stage, &at(&settings, "2026-12-01T00:02:00Z", &bundles));

    // Whoever exports again has the same bytes.
    let again = stage.run.directory().join("again");
    fs::create_dir_all(&again).unwrap();
    for (line, bundle) in walk(&settings.store, &again)
        .iter()
        .zip([&october, &november])
    {
        let words: Vec<&str> = line.iter().map(String::as_str).collect();
        let (code, path, error) = weir_evidence(&words).unwrap();
        assert_eq!(code, Some(0), "{error}");
        assert!(
            fs::read(bundle).unwrap() == fs::read(path.trim()).unwrap(),
            "{line:?}"
        );
    }
    let image = |bundle| {
        let summary = object(bundle, "summary.json").unwrap();
        let products = summary["products"].as_array().unwrap().clone();
        let of = products
            .into_iter()
            .find(|one| one["product"] == "image-generation");
        of.unwrap()["external_bytes"].as_u64().unwrap()
    };
    let entries = ledger::entries(&settings.store).unwrap();
    let path = stage.unit(UNIT).unwrap().keep().cgroup_path();
    let all = ledger::exchanged(&entries, &path, stage::GERMANY.parse().unwrap());
    assert!(image(&october) > 5000);
    assert_eq!(image(&october) + image(&november), all.egress.bytes);

    // Before its birth the node was nobody's to examine; after it, October is whole.
    let coverage = object(&october, "coverage.json").unwrap();
    assert_eq!(coverage["complete"], false, "of the whole month it is 10 s");
    assert_eq!(coverage["unexamined"], json!([]));
    assert_eq!(coverage["eligible"][0]["to"], "2026-11-01T00:00:00Z");

    // The host lived through seconds of November only; the rest was skipped.
    let coverage = object(&november, "coverage.json").unwrap();
    assert_eq!(coverage["complete"], false);
    let unexamined = coverage["unexamined"].as_array().unwrap();
    assert_eq!(unexamined.len(), 1, "{unexamined:?}");
    assert_eq!(unexamined[0]["disposition"], "clock_fault");

    assert_eq!(
        checks(&october, None),
        [
            "archive ok",
            "sums ok",
            "statement ok",
            "trust ok",
            "checkpoint ok",
            "log ok",
            "consistency ok",
            "heartbeats ok",
            "coverage incomplete",
            "inventory skipped",
            "policy ok",
            "judgement incomplete",
            "findings incomplete",
            "claims incomplete",
            "derived incomplete",
            "incomplete",
        ]
    );
    assert_eq!(
        checks(&november, Some(&october))[..7],
        checks(&october, None)[..7]
    );
    own(&october, None);
    own(&november, Some(&october));
    let store = settings.store.to_string_lossy();
    let refused = weir_evidence(&["export", "--store", &store, "--period", "2026-12"]).unwrap();
    assert_eq!(refused.0, Some(8), "{}", refused.2);
}

/// The commands of the walk in `docs/evidence.md`, with what stands for their places.
fn walk(store: &Path, out: &Path) -> Vec<Vec<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/evidence.md");
    let page = fs::read_to_string(page).unwrap();
    let lines = page
        .lines()
        .filter_map(|line| line.strip_prefix("    weir evidence "));
    let lines = lines.filter(|line| line.contains("--store STORE"));
    let word = |word: &str| match word {
        "STORE" => store.to_string_lossy().into_owned(),
        "OUT" => out.to_string_lossy().into_owned(),
        word => word.to_owned(),
    };
    let commands: Vec<Vec<String>> = lines
        .map(|line| line.split_whitespace().map(word).collect())
        .collect();
    assert_eq!(commands.len(), 2);
    commands
}

/// Each check of `verify.py` with its word, and the last word.
fn checks(bundle: &Path, previous: Option<&PathBuf>) -> Vec<String> {
    let (_, said, error) = verify(bundle, previous).unwrap();
    assert_eq!(error, "");
    let lines = said.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| {
            line.split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

/// What `weir evidence verify` says: all holds, and not all of the period was examined.
fn own(bundle: &Path, previous: Option<&PathBuf>) {
    let key = bundle.with_file_name("node.pem");
    let (bundle, key) = (bundle.to_string_lossy(), key.to_string_lossy());
    let mut words = vec!["verify", &*bundle, "--trust", &*key];
    let previous = previous.map(|previous| previous.to_string_lossy());
    if let Some(previous) = &previous {
        words.extend(["--previous", &**previous]);
    }
    let (code, said, error) = weir_evidence(&words).unwrap();
    assert_eq!(error, "");
    let begins: Vec<_> = said
        .lines()
        .map(|line| {
            let two: Vec<_> = line.split_whitespace().take(2).collect();
            two.join(" ")
        })
        .collect();
    assert_eq!(
        begins,
        [
            "archive ok",
            "sums ok",
            "statement ok",
            "trust ok",
            "checkpoint ok",
            "log ok",
            "consistency ok",
            "heartbeats ok",
            "coverage incomplete",
            "inventory skipped",
            "policy ok",
            "judgement ok",
            "findings ok",
            "claims ok",
            "derived ok",
            "incomplete",
        ],
        "{said}"
    );
    assert_eq!(code, Some(12));
}

/// Drains and ends the recording; nothing is left pinned.
fn unload(stage: &Stage, settings: &Settings) {
    let settings = Settings {
        extra: vec!["--unload".into()],
        ..settings.clone()
    };
    let mut agent = stage.agent_with(&settings).unwrap();
    let ended = agent.ended().unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!Path::new(&settings.pin).exists());
}
