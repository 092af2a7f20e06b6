//! Two months of a host, as a reviewer has them.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    env,
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;
use weir_tests::{
    agent::Settings,
    demo::{Progress, play_months},
    evidence::{member, object, verify, wait_for, weir_evidence},
    ledger,
    stage::{self, Stage},
    tool::{self, said},
};

#[test]
fn two_months_are_written_by_themselves_and_say_what_they_lack() {
    let stage = Stage::new().unwrap();
    let out = stage.run.directory().join("bundles");
    let months = play_months(&Progress::without_signals(), &stage, &out).unwrap();
    let (october, november) = (&months.october, &months.november);

    // The flows of November are those of both agents.
    let image = |bundle| {
        let summary = object(bundle, "summary.json").unwrap();
        let products = summary["products"].as_array().unwrap().clone();
        let of = products.into_iter().find(|one| one["product"] == "image");
        of.unwrap()["external_bytes"].as_u64().unwrap()
    };
    let entries = ledger::entries(&months.store).unwrap();
    let path = stage.unit("image-worker.service").unwrap();
    let path = path.keep().cgroup_path();
    let sent = |to: &str| ledger::exchanged(&entries, &path, to.parse().unwrap());
    let all = sent(stage::GERMANY).egress.bytes + sent(stage::OVERSEAS).egress.bytes;
    assert!(image(october) > 370_000);
    assert!(image(november) > 70_900);
    assert_eq!(image(october) + image(november), all);

    // Before its birth the node was nobody's to examine; after it, October is whole.
    let coverage = object(october, "coverage.json").unwrap();
    assert_eq!(
        coverage["complete"], false,
        "of the whole month it is some seconds"
    );
    assert_eq!(coverage["unexamined"], json!([]));
    assert_eq!(coverage["eligible"][0]["to"], "2026-11-01T00:00:00Z");

    // The host lived through seconds of November only; the rest was skipped.
    let coverage = object(november, "coverage.json").unwrap();
    assert_eq!(coverage["complete"], false);
    let unexamined = coverage["unexamined"].as_array().unwrap();
    assert_eq!(unexamined.len(), 1, "{unexamined:?}");
    assert_eq!(unexamined[0]["disposition"], "clock_fault");

    assert_eq!(
        pages(october),
        [page("image", "undeclared", true, &["on call"])]
    );
    // What was acknowledged closed in November; what opened then nobody knows of.
    assert_eq!(
        pages(november),
        [
            page("image", "undeclared", false, &["on call"]),
            page("llm-inference", "undeclared", true, &[]),
        ]
    );
    let outcome = |bundle, id: &str| {
        let claims = object(bundle, "claims.json").unwrap();
        let claims = claims.as_array().unwrap().clone();
        let of = claims.into_iter().find(|one| one["id"] == id);
        of.unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome(october, "llm-inside"), "unproven");
    assert_eq!(outcome(november, "llm-inside"), "contradicted");
    assert_eq!(outcome(october, "providers-disclosed"), "contradicted");
    for bundle in [october, november] {
        let page = member(bundle, "report.html").unwrap();
        assert!(page.contains("<h2 id=\"findings-h\">"), "no report");
    }

    assert_eq!(
        checks(october, None),
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
        checks(november, Some(october))[..7],
        checks(october, None)[..7]
    );
    own(october, None);
    own(november, Some(october));
    let store = months.store.to_string_lossy();
    let refused = weir_evidence(&["export", "--store", &store, "--period", "2026-12"]).unwrap();
    assert_eq!(refused.0, Some(8), "{}", refused.2);

    // Whoever follows the walk has the same bytes, and the same answers.
    let walked = stage.run.directory().join("walk");
    walk(&months.store, october, &walked);
    for bundle in [october, november] {
        let again = walked.join(bundle.file_name().unwrap());
        assert!(fs::read(bundle).unwrap() == fs::read(again).unwrap());
    }
    assert_eq!(
        fs::read(walked.join("node.pem")).unwrap(),
        fs::read(&months.key).unwrap()
    );
    late(&stage, &months.store, october);
}

/// An agent that is confined, and has the real time, writes what an earlier one left undone.
fn late(stage: &Stage, store: &Path, october: &Path) {
    let out = stage.run.directory().join("late");
    let settings = Settings {
        store: store.to_owned(),
        extra: vec![
            "--evidence-dir".to_owned(),
            out.to_string_lossy().into_owned(),
        ],
        ..stage.settings().unwrap()
    };
    fs::create_dir_all(&out).unwrap();
    let agent = stage.agent_with(&settings).unwrap();
    let confinement = agent.started().confinement.clone().unwrap();
    assert_eq!((&*confinement.mode, confinement.seccomp), ("on", true));
    let written = wait_for(&out, "2026-10").unwrap();
    assert!(fs::read(written).unwrap() == fs::read(october).unwrap());
    drop(agent.stop().unwrap());
}

/// A finding that called somebody: product, kind, whether it is open at the end, who knew.
type Page = (String, String, bool, Vec<String>);

fn page(product: &str, kind: &str, open: bool, by: &[&str]) -> Page {
    let by = by.iter().map(|&by| by.to_owned()).collect();
    (product.to_owned(), kind.to_owned(), open, by)
}

/// The findings of a bundle that called somebody, by product.
fn pages(bundle: &Path) -> Vec<Page> {
    let findings = object(bundle, "findings.json").unwrap();
    let all = findings["findings"].as_array().unwrap();
    let of = all.iter().filter(|one| one["worst"] == "page");
    let mut pages: Vec<Page> = of
        .map(|one| {
            let known = one["acknowledgements"].as_array().unwrap().iter();
            let by: Vec<&str> = known.map(|known| known["by"].as_str().unwrap()).collect();
            let text = |key: &str| one[key].as_str().unwrap();
            let open = one["open_after"].as_bool().unwrap();
            page(text("product"), text("kind"), open, &by)
        })
        .collect();
    pages.sort();
    pages
}

/// Runs the commands of the walk in `docs/evidence.md` as they stand there, in a directory.
fn walk(store: &Path, october: &Path, directory: &Path) {
    let programs = directory.join("bin");
    fs::create_dir_all(&programs).unwrap();
    let weir = tool::sibling("XTASK_AGENT", "weir").unwrap();
    symlink(weir, programs.join("weir")).unwrap();
    let python = format!("#!/bin/sh\nexec {} \"$@\"\n", tool::python().display());
    fs::write(programs.join("python3"), python).unwrap();
    fs::set_permissions(programs.join("python3"), Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap());

    let name = october.file_name().unwrap().to_string_lossy();
    let node = name.strip_prefix("weir-").unwrap();
    let node = node.strip_suffix("-2026-10.tar").unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/evidence.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("## A walk through two months").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("    "));
    let commands: Vec<&str> = lines.filter(|line| !line.starts_with("cargo ")).collect();
    assert_eq!(commands.len(), 10, "{commands:#?}");
    for command in commands {
        let line = command
            .replace("STORE", &store.to_string_lossy())
            .replace("NODE", node);
        let mut shell = Command::new("sh");
        shell.args(["-ec", &line]).env("PATH", &path);
        let (code, text, error) = said(shell.current_dir(directory)).unwrap();
        let checks = line.contains(" verify ") || line.contains("verify.py --trust");
        let expected = if checks { 12 } else { 0 };
        assert_eq!(code, Some(expected), "{line}\n{text}\n{error}");
        // Before December 2026, tar says that the files are of the future.
        assert!(error.is_empty() || line.starts_with("tar "), "{error}");
        assert_eq!(text.ends_with("\nincomplete\n"), checks, "{line}\n{text}");
    }
    assert!(directory.join("entry-1.tlog-proof").is_file());
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
