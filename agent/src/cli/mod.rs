//! The subcommands of `weir`.

pub mod check;
mod doctor;
mod geo;
mod ip_data;
mod run;

use std::process::ExitCode;

use clap::Parser;

use crate::canary;

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
    /// Say whether this host can be covered, and what cannot.
    Doctor(doctor::DoctorArgs),
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
        Command::Doctor(args) => or_failure(doctor::run(&args)),
        Command::Geo(args) => geo::run(&args),
        Command::Canary(args) => or_failure(canary::child(&args)),
    }
}

fn or_failure(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        anstream::eprintln!("weir: {error:#}");
        ExitCode::FAILURE
    })
}
