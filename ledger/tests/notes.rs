//! Checkpoints, as Sigstore's client reads those of its own log, and proofs of single entries,
//! as proofbundle does. `cargo xtask setup` installs both.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::json;
use weir_ledger::{Excerpt, Log, Options, Order, cut};

/// Opens a checkpoint or a proof with a key as signed notes have it.
fn open(script: &str, file: &Path, key: &str) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("XTASK_PYTHON").map_or_else(
        || here.join("../target/tools/python/bin/python"),
        PathBuf::from,
    );
    let mut command = Command::new(&python);
    command.arg(here.join("../tests/python").join(script));
    command
        .arg(file)
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
    let output = open("checkpoint.py", &directory.path().join("checkpoint"), &key);
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
    let output = open("checkpoint.py", &checkpoint, &wrong);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("Signature not found"), "{said}");
    let text = fs::read_to_string(&checkpoint).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = "3";
    fs::write(&checkpoint, lines.join("\n") + "\n").unwrap();
    let output = open("checkpoint.py", &checkpoint, &key);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("invalid signature"), "{said}");
}

#[test]
fn an_entry_is_proved_alone() {
    let (directory, log, key) = store();
    let into = tempfile::tempdir().unwrap();
    let order = Order {
        first: 1,
        last: log.seq(),
        also: &BTreeSet::new(),
        shown: &|row| row.seq != 2,
        previous: None,
        veil: None,
    };
    cut(directory.path(), into.path(), &order, |_| ()).unwrap();
    let one = Excerpt::open(into.path())
        .unwrap()
        .prove(4)
        .unwrap()
        .unwrap();
    let checkpoint = fs::read_to_string(directory.path().join("checkpoint")).unwrap();
    let proof = one.tlog_proof(&checkpoint);
    let file = into.path().join("entry.tlog-proof");
    fs::write(&file, &proof).unwrap();
    let output = open("proof.py", &file, &key);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(said, String::from_utf8(one.leaf).unwrap() + "\n");
    // At another place than it has.
    fs::write(&file, proof.replace("index 3", "index 2")).unwrap();
    let output = open("proof.py", &file, &key);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.ends_with("refused: inclusion_ok\n"), "{said}");
}
