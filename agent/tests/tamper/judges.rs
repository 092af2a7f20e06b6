//! What both verifiers say of a bundle.

use std::{fs, path::Path, process::Command, sync::LazyLock};

use serde_json::Value;
use weir::evidence::verify::{Line, Outcome, Subject, Word, verify};

use crate::{
    bundle::Files,
    node::{self, Node, PERIODS, honest, python},
};

/// An honest node, made once.
pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) previous: std::path::PathBuf,
    pub(crate) bundle: std::path::PathBuf,
}

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let node = Node::new(honest(), None);
    World {
        previous: node.bundle(PERIODS[1]),
        bundle: node.bundle(PERIODS[2]),
        node,
    }
});

pub(crate) fn own(bundle: &Path, previous: Option<&Path>) -> (Vec<Line>, Word) {
    let subject = Subject {
        bundle: bundle.to_owned(),
        previous: previous.map(Path::to_owned),
        trusted: [WORLD.node.key_id()].into(),
        inventory: None,
    };
    let lines = verify(&subject, |_, _, _| ());
    let word = Word::of(&lines);
    (lines, word)
}

/// Id, outcome and sentence of each check by the script, and its word.
pub(crate) fn script(bundle: &Path, previous: Option<&Path>) -> (Vec<[String; 3]>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../evidence/verify.py");
    let mut command = Command::new(python());
    command.arg(script).args(["--format", "json", "--trust"]);
    command.arg(WORLD.node.key_id()).arg(bundle);
    if let Some(previous) = previous {
        command.arg("--previous").arg(previous);
    }
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: cargo xtask setup", python().display()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(word) = line["word"].as_str() {
            let code = if word == "refused" { 13 } else { 12 };
            assert_eq!(output.status.code(), Some(code));
            return (lines, word.to_owned());
        }
        let field = |name: &str| line[name].as_str().unwrap().to_owned();
        lines.push(["check", "outcome", "detail"].map(field));
    }
    panic!("no word: {text}");
}

/// Both refuse, by this check first, with this in the sentence.
pub(crate) fn refused(
    case: &str,
    bundle: &Path,
    previous: Option<&Path>,
    check: &str,
    says: [&str; 2],
) {
    refused_by_own(case, bundle, previous, check, says[0]);
    let (lines, word) = script(bundle, previous);
    let failed = lines.iter().find(|line| line[1] == "FAILED");
    let [id, _, detail] = failed.unwrap_or_else(|| panic!("{case}: {lines:#?}"));
    assert_eq!(word, "refused", "{case}");
    assert_eq!(id, check, "{case}: verify.py: {detail}");
    assert!(detail.contains(says[1]), "{case}: verify.py: {detail}");
}

pub(crate) fn refused_by_own(
    case: &str,
    bundle: &Path,
    previous: Option<&Path>,
    check: &str,
    says: &str,
) {
    let (lines, word) = own(bundle, previous);
    let failed = lines.iter().find(|line| line.outcome == Outcome::Failed);
    let failed = failed.unwrap_or_else(|| panic!("{case}: {lines:#?}"));
    assert_eq!(word, Word::Refused, "{case}");
    assert_eq!(failed.check.id(), check, "{case}: {}", failed.detail);
    assert!(failed.detail.contains(says), "{case}: {}", failed.detail);
}

/// Only the verifier that judges sees it; the script says that it did not look.
pub(crate) fn refused_by_judging(case: &str, bundle: &Path, check: &str, says: &str) {
    let previous = Some(WORLD.previous.as_path());
    refused_by_own(case, bundle, previous, check, says);
    let (lines, word) = script(bundle, previous);
    assert_eq!(word, "incomplete", "{case}: {lines:#?}");
    let line = lines.iter().find(|line| line[0] == check).unwrap();
    assert_eq!(line[1], "incomplete", "{case}");
    assert!(
        line[2].contains("weir evidence verify"),
        "{case}: {}",
        line[2]
    );
}

/// A changed bundle on disk.
pub(crate) fn written(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = WORLD.node.place(&format!("{name}.tar"));
    fs::write(&path, bytes).unwrap();
    path
}

pub(crate) fn changed(name: &str, change: impl FnOnce(&mut Files)) -> std::path::PathBuf {
    let mut files = Files::read(&WORLD.bundle);
    change(&mut files);
    written(name, &files.pack())
}

/// The bundle of a node that wrote otherwise, with the same key.
pub(crate) fn forged(change: impl FnOnce(&mut Vec<node::Written>)) -> (Node, std::path::PathBuf) {
    let mut entries = honest();
    change(&mut entries);
    let node = Node::new(entries, Some(&WORLD.node));
    let bundle = node.bundle(PERIODS[2]);
    (node, bundle)
}
