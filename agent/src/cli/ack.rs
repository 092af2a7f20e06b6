//! `weir ack`: somebody knows of a finding.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use jiff::civil::Date;

use super::NOT_RECORDED;
use crate::{
    control::{self, Answer, ControlError, Question},
    daemon,
};

/// What `weir ack` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct AckArgs {
    /// Id of an open finding, as `weir findings` shows it.
    #[arg(value_name = "FINDING")]
    finding: String,

    /// Why it may stay for now, such as a ticket.
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Last day on which that counts (UTC), such as 2026-12-01.
    #[arg(long, value_name = "DATE")]
    until: Date,

    /// Who says so; the user of this process unless given.
    #[arg(long, value_name = "WHO")]
    by: Option<String>,

    /// Directory of the store, written while no agent runs.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// Directory of the socket and the lock of the agent that runs.
    #[arg(long, value_name = "DIR", default_value = "/run/weir")]
    runtime_dir: PathBuf,

    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line for people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// The user that runs this, also behind `sudo`.
fn user() -> String {
    let behind = std::env::var("SUDO_USER").ok();
    let own = || {
        let user = nix::unistd::User::from_uid(nix::unistd::Uid::current());
        user.ok().flatten().map(|user| user.name)
    };
    behind
        .filter(|name| !name.is_empty())
        .or_else(own)
        .unwrap_or_else(|| format!("uid {}", nix::unistd::Uid::current()))
}

/// Asks the agent, or writes the ledger where none runs.
///
/// # Errors
/// The agent cannot be asked, or the store cannot be written.
pub(super) fn run(args: &AckArgs) -> anyhow::Result<ExitCode> {
    let question = Question::Acknowledge {
        finding: args.finding.trim().to_ascii_lowercase(),
        reason: args.reason.clone(),
        until: args.until,
        by: args.by.clone().unwrap_or_else(user),
    };
    let socket = args.runtime_dir.join(control::SOCKET);
    let answer = match control::ask(&socket, &question) {
        Ok(answer) => answer,
        Err(ControlError::NoAgent(_)) => {
            let uid = nix::unistd::Uid::effective().as_raw();
            daemon::acknowledge(&args.runtime_dir, &args.store, question, uid)?
        }
        Err(error) => return Err(error.into()),
    };
    match answer {
        Answer::Acknowledged(one) => {
            let out = &mut io::stdout().lock();
            match args.format {
                Format::Json => writeln!(out, "{}", serde_json::to_string(&one)?)?,
                Format::Text => writeln!(
                    out,
                    "{} is acknowledged until {}; it stays open",
                    one.finding, one.until
                )?,
            }
            Ok(ExitCode::SUCCESS)
        }
        Answer::NotOpen { open } => {
            let choice = if open.is_empty() {
                "none is open".to_owned()
            } else {
                format!("these are, see `weir findings`: {}", open.join(", "))
            };
            anstream::eprintln!("weir: no finding {} is open; {choice}", args.finding);
            Ok(ExitCode::from(NOT_RECORDED))
        }
        Answer::Refused { why } => Err(super::WrongCommandLine(why).into()),
        Answer::Now(_) | Answer::Flow(_) | Answer::Ended => {
            anyhow::bail!("the agent answers something else: use its own version of weir")
        }
    }
}
