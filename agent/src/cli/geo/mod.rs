//! `weir geo`: IP databases, without the daemon.

mod address;
mod compare;
mod lookup;
mod name;
mod tally;
mod update;

use std::process::ExitCode;

use jiff::{civil::Date, tz::TimeZone};

use crate::{daemon::Failure, kernel::Clock};

/// What `weir geo` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct GeoArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what every database says of an address, or of those recorded for a name.
    Lookup(lookup::LookupArgs),
    /// Install databases that are on this machine already; nothing is fetched.
    Update(update::UpdateArgs),
    /// Measure how far the databases disagree over the recorded destinations.
    Compare(compare::CompareArgs),
}

/// Does what is asked.
///
/// # Errors
/// What is needed cannot be used, or the answer cannot be written.
pub(super) fn run(args: &GeoArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Lookup(args) => lookup::run(args),
        Command::Update(args) => update::run(args),
        Command::Compare(args) => compare::run(args),
    }
}

/// As everything that is dated: in UTC.
fn today() -> Result<Date, Failure> {
    let now = Clock::read().map_err(Failure::Clock)?.now();
    Ok(now.to_zoned(TimeZone::UTC).date())
}
