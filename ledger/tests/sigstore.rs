//! Checkpoints, as Sigstore's client reads those of its own log. `cargo xtask setup` installs
//! it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::json;
use weir_ledger::{Log, Options};

/// Opens a checkpoint with a key as signed notes have it.
fn open(checkpoint: &Path, key: &str) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("WEIR_PYTHON").map_or_else(
        || here.join("../target/tools/python/bin/python"),
        PathBuf::from,
    );
    let mut command = Command::new(&python);
    command.arg(here.join("../tests/python/checkpoint.py"));
    command
        .arg(checkpoint)
        .arg(key)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: cargo xtask setup", python.display()))
}

/// A store with some entries and its checkpoint; the last of its keys.
fn store() -> (tempfile::TempDir, Log, String) {
    let directory = tempfile::tempdir().unwrap();
    let (mut log, _) = Log::open(directory.path(), Options::default(), |_, _| {}).unwrap();
    for n in 0..5_i64 {
        let entry = json!({ "type": "gap", "detail": n });
        log.append(1_790_812_800_000_000_000 + n, entry).unwrap();
    }
    log.flush().unwrap();
    log.checkpoint().unwrap();
    let keys = fs::read_to_string(directory.path().join("node.pub")).unwrap();
    let key = keys.lines().last().unwrap().to_owned();
    (directory, log, key)
}

#[test]
fn a_checkpoint_is_opened() {
    let (directory, log, key) = store();
    let output = open(&directory.path().join("checkpoint"), &key);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let root: String = log
        .root()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let name = key.split('+').next().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{name} {} {root}\n", log.seq())
    );
}

#[test]
fn another_key_or_tree_is_refused() {
    let (directory, _log, key) = store();
    let checkpoint = directory.path().join("checkpoint");
    let (_other, _, wrong) = store();
    let output = open(&checkpoint, &wrong);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("Signature not found"), "{said}");
    let text = fs::read_to_string(&checkpoint).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = "3";
    fs::write(&checkpoint, lines.join("\n") + "\n").unwrap();
    let output = open(&checkpoint, &key);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("invalid signature"), "{said}");
}
