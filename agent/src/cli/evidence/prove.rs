//! `weir evidence prove`: one entry of a bundle, to be shown alone.

use std::{fs, io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use crate::evidence;

/// What `weir evidence prove` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct ProveArgs {
    /// The bundle.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,

    /// Number of the entry, as column `seq` of the log has it.
    #[arg(long, value_name = "N")]
    entry: u64,

    /// The file that is to be, without this entry-N.tlog-proof here.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes the proof, and says where.
///
/// # Errors
/// The bundle does not show the entry, or the file cannot be written.
pub(super) fn run(args: &ProveArgs) -> anyhow::Result<ExitCode> {
    let named = || PathBuf::from(format!("entry-{}.tlog-proof", args.entry));
    let path = args.out.clone().unwrap_or_else(named);
    let proof = evidence::prove(&args.bundle, args.entry, &path)?;
    let unwritten = || {
        let path = path.display();
        format!("{path} cannot be written: name another file with --out")
    };
    fs::write(&path, proof).with_context(unwritten)?;
    writeln!(anstream::stdout().lock(), "{}", path.display())?;
    Ok(ExitCode::SUCCESS)
}
