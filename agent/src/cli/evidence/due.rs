//! `weir evidence due`: writes bundles that are due. `weir run` starts it.

use std::{path::PathBuf, process::ExitCode};

use crate::{
    cli::NOT_RECORDED,
    daemon::Failure,
    evidence::{Schedule, write_due},
    kernel::{Clock, give_way},
};

/// What `weir evidence due` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct DueArgs {
    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// Directory of the bundles.
    #[arg(long, value_name = "DIR")]
    evidence_dir: PathBuf,

    /// How long the periods are.
    #[arg(long, value_enum, default_value_t)]
    evidence_schedule: Schedule,
}

/// Writes them; the exit code says whether one could not be written yet.
///
/// # Errors
/// One cannot be written.
pub(super) fn run(args: &DueArgs) -> anyhow::Result<ExitCode> {
    if let Err(error) = give_way() {
        tracing::warn!(%error, "bundles are written at the priority of everything else");
    }
    let now = Clock::read().map_err(Failure::Clock)?.now();
    let (directory, schedule) = (&args.evidence_dir, args.evidence_schedule);
    let written = write_due(&args.store, directory, schedule, now)?;
    for bundle in &written.bundles {
        anstream::println!("{}", directory.join(bundle).display());
    }
    for (period, error) in &written.lost {
        anstream::eprintln!("weir: no bundle of {period} can be made: {error}");
    }
    if written.waiting.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::from(NOT_RECORDED))
    }
}
