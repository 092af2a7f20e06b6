//! `weir evidence`: bundles of evidence.

mod due;
mod export;
mod key;
mod progress;
mod prove;
mod verify;

use std::process::ExitCode;

use self::{due::DueArgs, export::ExportArgs, key::KeyArgs, prove::ProveArgs, verify::VerifyArgs};

/// What `weir evidence` is asked.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct EvidenceArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write the bundle of a period: what a reviewer receives.
    Export(ExportArgs),
    /// Print the node's public key, which a reviewer needs by another way than a bundle.
    Key(KeyArgs),
    /// Write one entry of a bundle with the proof that it is in the log.
    Prove(ProveArgs),
    /// Check a bundle: a line for each check, then one word.
    Verify(VerifyArgs),
    /// Write the bundles that are due, and give way to everything else.
    #[command(hide = true)]
    Due(DueArgs),
}

/// Does what is asked.
///
/// # Errors
/// Those of the subcommands.
pub(super) fn run(args: &EvidenceArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Export(args) => export::run(args),
        Command::Key(args) => key::run(args),
        Command::Prove(args) => prove::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Due(args) => due::run(args),
    }
}
