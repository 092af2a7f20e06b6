//! The subcommands of `weir`.

pub mod check;
mod run;

use std::process::ExitCode;

use clap::Parser;

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
        Command::Check(args) => check::run(&args).unwrap_or_else(|error| {
            anstream::eprintln!("weir: {error:#}");
            ExitCode::FAILURE
        }),
    }
}
