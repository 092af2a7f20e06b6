//! What it takes to read, check and compile a large policy, in a process of its own.

use std::{
    env, fs,
    io::{self, Write as _},
    path::PathBuf,
    process::Command,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use weir::policy::Policy;
use weir_bench::judging;

use crate::{
    judge_cost::processor_time,
    median::median,
    memory,
    report::{Goal, Row},
    stop::Stop,
};

pub(crate) const GROUP: &str = "Compile 10,000 entries, 100,000 prefixes, 10,000 patterns";

/// What was measured of one process.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Cost {
    milliseconds: f64,
    /// `VmHWM`.
    peak_mib: f64,
}

/// A directory of allowlists to compile.
#[derive(Debug, clap::Args)]
pub(crate) struct CompileArguments {
    directory: PathBuf,
}

/// Compiles, and prints what it took.
pub(crate) fn run(arguments: &CompileArguments) -> Result<()> {
    let before = processor_time()?;
    let policy = Policy::load(&arguments.directory).map_err(|rejected| anyhow!("{rejected}"))?;
    let taken = processor_time()?.saturating_sub(before);
    ensure!(policy.entry_count() >= 10_000, "entries are missing");
    let status = fs::read_to_string("/proc/self/status").context("cannot read /proc")?;
    let cost = Cost {
        milliseconds: taken.as_secs_f64() * 1e3,
        peak_mib: memory::mebibytes(memory::field(&status, "VmHWM:")?),
    };
    writeln!(io::stdout(), "{}", serde_json::to_string(&cost)?)?;
    Ok(())
}

/// Compiles the large policy once in each round.
pub(crate) fn measure(rounds: u32, stop: &Stop) -> Result<Vec<Row>> {
    let directory = tempfile::tempdir().context("cannot make a directory for allowlists")?;
    judging::write_policy(directory.path())?;
    let program = env::current_exe().context("cannot find this program")?;
    let (mut times, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        stop.check()?;
        let done = Command::new(&program)
            .arg("compile")
            .arg(directory.path())
            .output()
            .context("cannot start this program once more")?;
        let error = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "cannot compile: {error}");
        let cost: Cost = serde_json::from_slice(&done.stdout)?;
        times.push(cost.milliseconds);
        peaks.push(cost.peak_mib);
    }
    let row = |what: &str, unit, values: &[f64], bound| -> Result<Row> {
        Ok(Row {
            group: GROUP,
            what: what.to_owned(),
            unit,
            with: median(values).context("no round was measured")?,
            without: None,
            ratio: None,
            goals: vec![Goal::AtMost(bound)],
        })
    };
    Ok(vec![
        row("time of one processor", "ms", &times, 1000.0)?,
        row("peak memory", "MiB", &peaks, 200.0)?,
    ])
}
