//! The subcommands of `weir`.

mod ack;
mod changes;
pub mod check;
mod claims;
mod config;
mod configured;
mod diff;
mod doctor;
mod evidence;
mod explain;
mod findings;
mod flows;
mod geo;
mod ip_data;
mod learn;
mod nearest;
mod notify;
mod period;
mod replay;
mod report;
mod run;
pub(crate) mod text;
mod top;

use std::{env, ffi::OsString, io, path::PathBuf, process::ExitCode};

use clap::Parser;

use crate::{aside, canary, daemon::Failure, evidence::EvidenceError};

/// Exit code of a wrong command line.
const WRONG_COMMAND_LINE: u8 = 2;
/// Exit code where nobody reads the answer any more, as of a program that SIGPIPE ends.
const NOT_READ: u8 = 141;
/// Exit code where the record does not have what is asked for.
const NOT_RECORDED: u8 = 8;
/// Exit code where flows would be judged worse than they were.
const WORSE: u8 = 9;

/// Records and judges every outbound flow of every workload of this host.
#[derive(Debug, Parser)]
#[command(name = "weir", version, arg_required_else_help = true)]
pub struct Cli {
    /// Config file, or `off` for none; /etc/weir/weir.toml if there is one.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Record flows and judge them, until SIGINT or SIGTERM.
    Run(Box<run::RunArgs>),
    /// Say in the record that somebody knows of a finding; it stays open.
    Ack(ack::AckArgs),
    /// Check allowlists; report every error at once.
    Check(check::CheckArgs),
    /// Check the config file, or show what is in force.
    Config(config::ConfigArgs),
    /// Say how each claim of a report stands over a period, by what was recorded.
    Claims(claims::ClaimsArgs),
    /// Say whether this host can be covered, and what cannot.
    Doctor(doctor::DoctorArgs),
    /// Say why a recorded flow got its verdict, with everything that is known of it.
    Explain(explain::ExplainArgs),
    /// Give evidence of a period, and check what was given.
    Evidence(evidence::EvidenceArgs),
    /// List findings: what deviates, and who knows of it.
    Findings(findings::FindingsArgs),
    /// Show what was recorded, added up by workload, destination and verdict.
    Flows(flows::FlowsArgs),
    /// Propose entries for what was recorded and is not declared; declares nothing.
    Learn(learn::LearnArgs),
    /// Judge the record again, by other allowlists or newer IP data, and show what differs.
    Replay(Box<replay::ReplayArgs>),
    /// Show what a change of allowlists means, key by key and in recorded flows.
    Diff(diff::DiffArgs),
    /// Try the ways out for findings.
    Notify(notify::NotifyArgs),
    /// Write the report of a period: a page of HTML, a few lines, or what a product's page says.
    Report(report::ReportArgs),
    /// Show what leaves this host at present, and how it is judged.
    Top(top::TopArgs),
    /// Ask, install and compare IP databases.
    Geo(geo::GeoArgs),
    /// Send by every way, in a namespace of its own, to be recorded.
    #[command(hide = true)]
    Canary(canary::ChildArgs),
    /// Do for a confined agent what it cannot do itself.
    #[command(hide = true)]
    Aside(aside::AsideArgs),
}

/// Does what the command line asks.
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("WEIR_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    let arguments: Vec<OsString> = env::args_os().collect();
    let asked = match configured::ask(&arguments) {
        Ok(asked) => asked,
        Err(unasked) => return unasked.tell(),
    };
    match &asked.cli.command {
        Command::Run(args) => run::run(args, &asked.loaded),
        Command::Config(args) => or_exit_code(config::run(args, &asked)),
        Command::Ack(args) => or_exit_code(ack::run(args)),
        Command::Check(args) => or_failure(check::run(args)),
        Command::Claims(args) => or_exit_code(claims::run(args)),
        Command::Doctor(args) => or_failure(doctor::run(args, asked.cli.config.as_deref())),
        Command::Explain(args) => or_exit_code(explain::run(args)),
        Command::Evidence(args) => or_exit_code(evidence::run(args)),
        Command::Findings(args) => or_exit_code(findings::run(args)),
        Command::Flows(args) => or_exit_code(flows::run(args)),
        Command::Learn(args) => or_exit_code(learn::run(args)),
        Command::Replay(args) => or_exit_code(replay::run(args)),
        Command::Diff(args) => or_exit_code(diff::run(args)),
        Command::Notify(args) => or_exit_code(notify::run(args, &asked)),
        Command::Report(args) => or_exit_code(report::run(args)),
        Command::Top(args) => or_exit_code(top::run(args)),
        Command::Geo(args) => or_exit_code(geo::run(args)),
        Command::Canary(args) => or_failure(canary::child(args)),
        Command::Aside(args) => or_failure(aside::run(args)),
    }
}

/// What only the command itself can tell to be wrong in its command line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
struct WrongCommandLine(String);

fn or_failure(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| ExitCode::from(told(&error, 1)))
}

/// As [`or_failure`], with the exit code that `docs/exit-codes.md` has for it.
fn or_exit_code(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        let failure = error.downcast_ref().map(Failure::exit_code);
        let evidence = error.downcast_ref().map(EvidenceError::exit_code);
        ExitCode::from(told(&error, failure.or(evidence).unwrap_or(1)))
    })
}

/// Says what went wrong; the exit code is that one unless the error has its own. An error
/// of input and output that nothing explains is of the answer's own writing.
fn told(error: &anyhow::Error, code: u8) -> u8 {
    if let Some(unwritten) = error.downcast_ref::<io::Error>() {
        if unwritten.kind() == io::ErrorKind::BrokenPipe {
            return NOT_READ;
        }
        anstream::eprintln!(
            "weir: the answer cannot be written ({unwritten}): see where standard output goes, \
             and whether there is space"
        );
        return code;
    }
    anstream::eprintln!("weir: {error:#}");
    if error.is::<WrongCommandLine>() {
        return WRONG_COMMAND_LINE;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_with_exit_codes_of_their_own() {
        let pipe = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(told(&pipe, 1), 141);
        let full = anyhow::Error::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(told(&full, 1), 1);
        let line = anyhow::Error::from(WrongCommandLine("--since: no".to_owned()));
        assert_eq!(told(&line, 1), 2);
    }
}
