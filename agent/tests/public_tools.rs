//! What public tools make of the views of a bundle: those that `src/evidence/views/tests.rs`
//! compares to the byte. `cargo xtask setup` installs the tools.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const CASES: [&str; 3] = ["full", "whole", "empty"];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file of a case.
fn expected(case: &str, view: &str) -> PathBuf {
    here("src/evidence/views/expected").join(case).join(view)
}

/// Starts a script of `tests/python`, with the Python of set-up or the one that the variable
/// names.
fn run(script: &str, file: &Path) -> Output {
    let python = std::env::var_os("WEIR_PYTHON")
        .map_or_else(|| here("../target/tools/python/bin/python"), PathBuf::from);
    let mut command = Command::new(&python);
    command.arg(here("../tests/python").join(script)).arg(file);
    command
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: cargo xtask setup", python.display()))
}

/// Its last line, if it found no fault.
fn holds(script: &str, file: &Path) -> String {
    let output = run(script, file);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{script} {}:\n{text}{errors}",
        file.display()
    );
    text.lines().last().unwrap_or_default().to_owned()
}

/// What it finds in a file where `from` is changed to `to`.
fn refuses(script: &str, file: &Path, from: &str, to: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from}");
    let directory = tempfile::tempdir().unwrap();
    let changed = directory.path().join("changed");
    fs::write(&changed, text.replacen(from, to, 1)).unwrap();
    let output = run(script, &changed);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let first = text.lines().next().unwrap();
    first.split_once(": ").unwrap().1.to_owned()
}

#[test]
fn events_are_ocsf() {
    let file = |case| expected(case, "views/flows.ocsf.jsonl");
    let said = CASES.map(|case| holds("ocsf.py", &file(case)));
    assert_eq!(
        said,
        [
            "7 events, 0 faults",
            "2 events, 0 faults",
            "0 events, 0 faults"
        ]
    );
    let refuses = |from, to| refuses("ocsf.py", &file("whole"), from, to);
    assert_eq!(
        refuses(r#""direction_id":2"#, r#""direction_id":5"#),
        "$.connection_info.direction_id: 5 is not one of [0, 1, 2, 3, 4, 99]"
    );
    assert_eq!(
        refuses(r#""initiator_id":1"#, r#""initiator_id":3"#),
        "$.initiator_id: 3 is not one of [0, 1, 2, 99]"
    );
    assert_eq!(
        refuses(r#""count":"#, r#""counted":"#),
        "$: Additional properties are not allowed ('counted' was unexpected)"
    );
    assert_eq!(
        refuses(r#""severity":"Informational""#, r#""severity":"High""#),
        "severity is 'High', and severity_id 1 is 'Informational'"
    );
    assert_eq!(
        refuses(r#""type_uid":400106"#, r#""type_uid":400101"#),
        "type_uid is not class_uid * 100 + activity_id"
    );
    assert_eq!(
        refuses(r#""version":"1.9.0""#, r#""version":"1.8.0""#),
        "metadata.version is not 1.9.0"
    );
}

#[test]
fn results_are_oscal() {
    let file = |case| expected(case, "views/oscal-assessment-results.json");
    let said = CASES.map(|case| holds("oscal.py", &file(case)));
    assert_eq!(
        said,
        [
            "3 findings, 5 observations",
            "3 findings, 3 observations",
            "3 findings, 4 observations",
        ]
    );
    let refuses = |from, to| refuses("oscal.py", &file("whole"), from, to);
    assert_eq!(
        refuses(r#""state": "satisfied""#, r#""state": "unproven""#),
        "$['assessment-results'].results[0].findings[0].target.status.state: 'unproven' is not \
         one of ['satisfied', 'not-satisfied']"
    );
    let missing = refuses(
        r#""observation-uuid": ""#,
        r#""observation-uuid": "f0000000-0000-5000-8000-000000000000", "remarks": ""#,
    );
    assert_eq!(
        missing,
        "uuid f0000000-0000-5000-8000-000000000000 is not declared"
    );
}

/// Sums that DuckDB makes of the tables are those of the events.
#[test]
fn tables_are_read() {
    for case in CASES {
        let events = fs::read_to_string(expected(case, "views/flows.ocsf.jsonl")).unwrap();
        let events: Vec<serde_json::Value> = events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let carried = |event: &serde_json::Value| event["traffic"]["bytes"].as_u64().unwrap();
        let said = holds("tables.py", &expected(case, "views/flows.csv"));
        let all: u64 = events.iter().map(carried).sum();
        assert_eq!(
            said,
            format!("{} rows, {all} bytes", events.len()),
            "{case}"
        );
    }
    let said = holds("tables.py", &expected("full", "views/providers.csv"));
    assert_eq!(said, "6 rows, 11141 bytes");
}
