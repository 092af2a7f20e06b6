//! `weir top`: what leaves this host at present, and how it is judged.
//!
//! ```text
//! control socket ─> Snapshot ─┬─> State (keys) ─> view (a terminal)
//!                             └─> plain (text), JSON
//! ```

mod cells;
mod detail;
mod live;
#[cfg(test)]
mod picture;
mod plain;
mod state;
mod tables;
#[cfg(test)]
mod tests;
mod view;

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use self::state::State;
use super::WrongCommandLine;
use crate::{
    config::Time,
    control::{self, Answer, ControlError, Question},
    now::{MOST_OF_FILTER, Order, Snapshot, Wanted},
};

/// What `weir top` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct TopArgs {
    /// Directory of the socket of the agent that runs.
    #[arg(long, value_name = "DIR", default_value = "/run/weir")]
    runtime_dir: PathBuf,

    /// Only what has all these words: of workload, product, destination, operator, country,
    /// verdict or entry.
    #[arg(long, value_name = "WORDS", default_value = "")]
    filter: String,

    /// What comes first.
    #[arg(long, value_enum, default_value_t)]
    sort: Order,

    /// How often to ask the agent, such as 1s.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    interval: Time,

    /// Print what is so now, and end; as does an output that is no terminal.
    #[arg(long)]
    once: bool,

    /// How to print it once: text, or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Allowlists: explain flows by their entries, too.
    #[arg(long, value_name = "DIR")]
    allowlists: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people, within 80 columns.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// Shows what is so, until it is left or once.
///
/// # Errors
/// No agent runs, or it cannot be asked; the allowlists cannot be used; the terminal cannot.
pub(super) fn run(args: &TopArgs) -> anyhow::Result<ExitCode> {
    let wanted = Wanted {
        filter: args.filter.clone(),
        order: args.sort,
    };
    if wanted.filter.len() > MOST_OF_FILTER {
        let why = format!("--filter takes at most {MOST_OF_FILTER} bytes");
        return Err(WrongCommandLine(why).into());
    }
    let allowlists = match &args.allowlists {
        Some(directory) => Some(super::explain::Allowlists::load(directory)?),
        None => None,
    };
    let socket = args.runtime_dir.join(control::SOCKET);
    let snapshot = now(&socket, &wanted)?;
    if args.once || args.format == Format::Json || !io::stdout().is_terminal() {
        let mut out = io::stdout().lock();
        match args.format {
            Format::Json => writeln!(out, "{}", serde_json::to_string(&snapshot)?)?,
            Format::Text => plain::print(&snapshot, &mut out)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    // An agreement of terminal programs: https://no-color.org
    let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let state = State::new(wanted, snapshot, colours);
    live::run(state, &socket, args.interval.0, allowlists)?;
    Ok(ExitCode::SUCCESS)
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
enum NowError {
    /// None runs, or another directory is its own.
    #[error(
        "no agent listens at {}: start one with `weir run`, or name its --runtime-dir; what is \
         recorded is shown by `weir flows` and `weir findings` without one",
        .0.display()
    )]
    NoAgent(PathBuf),
    #[error(transparent)]
    Control(ControlError),
    /// It answers something else.
    #[error("the agent does not say what is so now ({0})")]
    Refused(String),
}

/// Asks the agent what is so now.
fn now(socket: &Path, wanted: &Wanted) -> Result<Snapshot, NowError> {
    match control::ask(socket, &Question::Now(wanted.clone())) {
        Ok(Answer::Now(snapshot)) => Ok(*snapshot),
        Ok(Answer::Refused { why }) => Err(NowError::Refused(why)),
        Ok(_) => Err(NowError::Refused(
            "it answers something else: use its own version of weir".to_owned(),
        )),
        Err(ControlError::NoAgent(path)) => Err(NowError::NoAgent(path)),
        Err(error) => Err(NowError::Control(error)),
    }
}
