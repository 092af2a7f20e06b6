//! A month of records: what a row takes on disk, and how long it takes to ask for it.
//!
//! Asked by the agent's own command line, as an operator does; absolute times, since
//! that is what is waited for.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use weir_bench::judging;

use crate::{
    agent::Places,
    report::{Goal, Row},
    stop::Stop,
};

const GROUP: &str = "A month of records";
/// Bytes that a row may take.
const BYTES: f64 = 40.0;
/// Seconds in which it is answered.
const SECONDS: f64 = 1.0;

/// What is written.
#[derive(Debug, clap::Args)]
pub(crate) struct MonthArguments {
    /// Flow intervals: 230 a minute, so 10 million are a month.
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    rows: u64,

    /// Where the store is made, or stands already; else one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

pub(crate) fn measure(arguments: &MonthArguments, stop: &Stop) -> Result<Vec<Row>> {
    let made = tempfile::tempdir().context("cannot make a directory")?;
    let directory = arguments.store.as_deref().unwrap_or(made.path());
    let (store, allowlists) = (directory.join("store"), directory.join("allowlists"));
    let mut rows = Vec::new();
    if !store.exists() {
        let begun = Instant::now();
        judging::write_store(&store, &allowlists, arguments.rows)?;
        let thousands = u32::try_from(arguments.rows / 1000).unwrap_or(u32::MAX);
        let rate = f64::from(thousands) / begun.elapsed().as_secs_f64();
        rows.push(row("appended", "k/s", rate, vec![]));
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a size, printed with three digits"
    )]
    let bytes = size(&store)? as f64 / arguments.rows as f64;
    rows.push(row(
        "a row, proof included",
        "B",
        bytes,
        vec![Goal::AtMost(BYTES)],
    ));
    let agent = Places::find()?.program().to_owned();
    // First what was just written, or not read for long.
    let all: [(&str, &[&str]); 6] = [
        ("weir flows, everything", &[]),
        ("everything once more", &[]),
        ("of one verdict", &["--verdict", "undeclared"]),
        ("of one workload", &["--workload", "product-0-3.service"]),
        ("to one country", &["--country", "DE"]),
        ("to one name", &["--destination", "api-7.provider.example"]),
    ];
    for (what, filter) in all {
        stop.check()?;
        let seconds = seconds(
            Command::new(&agent)
                .arg("flows")
                .arg("--store")
                .arg(&store)
                .args(["--period", "2026-10", "--format", "json"])
                .args(filter),
        )?;
        rows.push(row(what, "s", seconds, vec![Goal::AtMost(SECONDS)]));
    }
    Ok(rows)
}

fn row(what: &str, unit: &'static str, with: f64, goals: Vec<Goal>) -> Row {
    Row {
        group: GROUP,
        what: what.to_owned(),
        unit,
        with,
        without: None,
        ratio: None,
        goals,
    }
}

/// Segments and sidecars.
fn size(store: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(store).context("cannot read the store")? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("segment-") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

fn seconds(command: &mut Command) -> Result<f64> {
    let begun = Instant::now();
    let ended = command
        .stdout(Stdio::null())
        .status()
        .context("the agent does not start")?;
    if !ended.success() {
        bail!("{command:?} ended with {ended}");
    }
    Ok(begun.elapsed().as_secs_f64())
}
