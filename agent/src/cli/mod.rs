//! The subcommands of `weir`.

mod changes;
pub mod check;
mod claims;
mod diff;
mod doctor;
mod explain;
mod flows;
mod geo;
mod ip_data;
mod learn;
mod nearest;
mod period;
mod replay;
mod run;
mod text;

use std::process::ExitCode;

use clap::Parser;

use crate::{canary, daemon::Failure};

/// Exit code where the record does not have what is asked for.
const NOT_RECORDED: u8 = 8;
/// Exit code where flows would be judged worse than they were.
const WORSE: u8 = 9;

/// Records and judges every outbound flow of every workload of this host.
#[derive(Debug, Parser)]
#[command(name = "weir", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Record flows and judge them, until SIGINT or SIGTERM.
    Run(Box<run::RunArgs>),
    /// Check allowlists; report every error at once.
    Check(check::CheckArgs),
    /// Say how each claim of a report stands over a period, by what was recorded.
    Claims(claims::ClaimsArgs),
    /// Say whether this host can be covered, and what cannot.
    Doctor(doctor::DoctorArgs),
    /// Say why a recorded flow got its verdict, with everything that is known of it.
    Explain(explain::ExplainArgs),
    /// Show what was recorded, added up by workload, destination and verdict.
    Flows(flows::FlowsArgs),
    /// Propose entries for what was recorded and is not declared; declares nothing.
    Learn(learn::LearnArgs),
    /// Judge the record again, by other allowlists or newer IP data, and show what differs.
    Replay(Box<replay::ReplayArgs>),
    /// Show what a change of allowlists means, key by key and in recorded flows.
    Diff(diff::DiffArgs),
    /// Ask, install and compare IP databases.
    Geo(geo::GeoArgs),
    /// Send by every way, in a namespace of its own, to be recorded.
    #[command(hide = true)]
    Canary(canary::ChildArgs),
}

/// Does what the command line asks.
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("WEIR_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => or_failure(check::run(&args)),
        Command::Claims(args) => or_exit_code(claims::run(&args)),
        Command::Doctor(args) => or_failure(doctor::run(&args)),
        Command::Explain(args) => or_exit_code(explain::run(&args)),
        Command::Flows(args) => or_exit_code(flows::run(&args)),
        Command::Learn(args) => or_exit_code(learn::run(&args)),
        Command::Replay(args) => or_exit_code(replay::run(&args)),
        Command::Diff(args) => or_exit_code(diff::run(&args)),
        Command::Geo(args) => or_exit_code(geo::run(&args)),
        Command::Canary(args) => or_failure(canary::child(&args)),
    }
}

fn or_failure(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        anstream::eprintln!("weir: {error:#}");
        ExitCode::FAILURE
    })
}

/// As [`or_failure`], with the exit code that `docs/exit-codes.md` has for it.
fn or_exit_code(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        anstream::eprintln!("weir: {error:#}");
        let failure = error.downcast_ref::<Failure>();
        ExitCode::from(failure.map_or(1, Failure::exit_code))
    })
}
