//! `weir config show`: what is in force.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::json;

use super::in_force::{self, InForce};
use crate::cli::{
    configured::Asked,
    run::{Format, RunArgs},
    text::{harmless, wrapped},
};

/// Shows every key.
///
/// # Errors
/// If the answer cannot be written.
pub(super) fn run(args: &RunArgs, asked: &Asked) -> anyhow::Result<ExitCode> {
    let mut keys = in_force::options(&asked.matches, &asked.loaded);
    keys.extend(in_force::ways_out(&asked.loaded));
    let file = asked.loaded.file();
    let file = file.map(|file| file.to_string_lossy().into_owned());
    let mut out = io::stdout().lock();
    match args.format {
        Some(Format::Json) => writeln!(out, "{}", object(file.as_deref(), &keys))?,
        _ => page(file.as_deref(), &keys, &mut out)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The answer as one JSON object: `docs/config.md`.
pub(super) fn object(file: Option<&str>, keys: &[InForce]) -> serde_json::Value {
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "key": key.path,
                "value": key.value,
                "origin": in_force::word(&key.origin).replace(' ', "_"),
                "line": in_force::line(&key.origin),
                "option": key.option,
                "variable": key.variable,
            })
        })
        .collect();
    json!({ "type": "config", "file": file, "keys": keys })
}

/// The answer for people, within 80 columns: values come last, and go on below.
pub(super) fn page(file: Option<&str>, keys: &[InForce], out: &mut impl Write) -> io::Result<()> {
    match file {
        Some(file) => wrapped("file: ", file, out)?,
        None => writeln!(out, "file: none")?,
    }
    let width = keys.iter().map(|key| key.path.chars().count()).max();
    let width = width.unwrap_or(0).min(32);
    writeln!(out)?;
    writeln!(out, "{:<width$}  {:<12}  VALUE", "KEY", "FROM")?;
    for key in keys {
        let from = match in_force::line(&key.origin) {
            Some(line) => format!("line {line}"),
            None => in_force::word(&key.origin).to_owned(),
        };
        let value = match key.text() {
            Some(value) => value,
            None if key.unset.is_empty() => "-".to_owned(),
            None => format!("({})", key.unset),
        };
        let path = harmless(&key.path).into_owned();
        wrapped(&format!("{path:<width$}  {from:<12}  "), &value, out)?;
    }
    Ok(())
}
