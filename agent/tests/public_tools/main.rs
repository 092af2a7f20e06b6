//! What public tools make of bundles of evidence. `cargo xtask setup` installs them; one that
//! is missing fails.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bundle;
mod views;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Starts a script of `tests/python`, with the Python of set-up or the one that the variable
/// names.
fn run(script: &str, given: &[&Path]) -> Output {
    let python = std::env::var_os("XTASK_PYTHON")
        .map_or_else(|| here("../target/tools/python/bin/python"), PathBuf::from);
    let mut command = Command::new(&python);
    command
        .arg(here("../tests/python").join(script))
        .args(given);
    command
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: cargo xtask setup", python.display()))
}

/// Its last line, if it found no fault.
fn holds(script: &str, given: &[&Path]) -> String {
    let output = run(script, given);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{script} {given:?}:\n{text}{errors}"
    );
    text.lines().last().unwrap_or_default().to_owned()
}
