//! `weir config`: is the config file right, and what is in force?

mod check;
mod example;
mod in_force;
mod schema;
mod show;

#[cfg(test)]
mod tests;

use std::{io, io::Write as _, path::PathBuf, process::ExitCode};

pub(super) use check::named::warnings;

use super::{check::CheckFormat, configured::Asked, run::RunArgs};

/// What `weir config` is asked.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Report every error of the config file and of the environment, and what they name
    /// that is not there.
    Check(CheckArgs),
    /// Show the value of every key, and where it comes from; takes the options of
    /// `weir run`.
    Show(Box<ShowArgs>),
    /// Print the JSON Schema of the config file, for editors.
    Schema,
    /// Print a config file with every key, explained and commented out.
    Example,
}

/// What `weir config check` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// The file; the one that `weir run` would take, without it.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Refuse a file with warnings, too.
    #[arg(long)]
    deny_warnings: bool,

    /// How to answer: text (errors and warnings on standard error), or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// What `weir config show` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    run: RunArgs,
}

/// Answers.
///
/// # Errors
/// If the answer cannot be written; a file that is refused is exit code 3, no error.
pub(super) fn run(args: &ConfigArgs, asked: &Asked) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Check(args) => check::run(args, asked.cli.config.as_deref()),
        Command::Show(args) => show::run(&args.run, asked),
        Command::Schema => {
            write!(io::stdout(), "{}", schema::text())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Example => {
            write!(io::stdout(), "{}", example::text())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
