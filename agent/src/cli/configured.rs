//! The command line, with the config file and the environment behind it.
//!
//! What they say takes the place of the options' defaults: an option of the command line
//! is nearer, and each value is read by the option's own reader.

use std::{env, ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _, parser::ValueSource};

use super::{
    Cli,
    check::{INVALID, print_rejected},
};
use crate::{
    config::{Loaded, Wanted, keys_of},
    policy::Rejected,
};

/// What is asked, by everything that says so.
pub(super) struct Asked {
    pub(super) cli: Cli,
    /// Of the command itself, below its parents.
    pub(super) matches: ArgMatches,
    pub(super) loaded: Loaded,
}

/// Why nothing is done.
pub(super) enum Unasked {
    /// The command line is wrong, or asks for help.
    CommandLine(clap::Error),
    /// File or environment are refused.
    Config(Rejected),
}

impl From<clap::Error> for Unasked {
    fn from(error: clap::Error) -> Self {
        Self::CommandLine(error)
    }
}

impl Unasked {
    /// Says so.
    pub(super) fn tell(self) -> ExitCode {
        match self {
            Self::CommandLine(error) => error.exit(),
            Self::Config(rejected) => refuse(&rejected),
        }
    }
}

/// Says what is wrong with file or environment.
pub(super) fn refuse(rejected: &Rejected) -> ExitCode {
    // Nobody is left to tell of what standard error does not take.
    let _ = print_rejected(rejected);
    ExitCode::from(INVALID)
}

/// Reads the command line, and file and environment if the command takes anything of them
/// that the command line does not say.
pub(super) fn ask(arguments: &[OsString]) -> Result<Asked, Unasked> {
    let variables = env::vars_os();
    ask_with(arguments, variables)
}

fn ask_with(
    arguments: &[OsString],
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Asked, Unasked> {
    let first = Cli::command().try_get_matches_from(arguments)?;
    let (path, below) = innermost(&first);
    let name = path.join(" ");
    let said = |option: &str| below.value_source(option) == Some(ValueSource::CommandLine);
    // Ways out for findings have no option: the daemon always reads.
    let needed =
        name == "run" || keys_of(&name).any(|key| has(below, key.option) && !said(key.option));
    if !needed {
        return Ok(Asked {
            cli: Cli::from_arg_matches(&first)?,
            matches: below.clone(),
            loaded: Loaded::default(),
        });
    }
    let wanted = Wanted::of(first.get_one::<PathBuf>("config").map(PathBuf::as_path));
    let loaded = Loaded::read(&wanted, variables).map_err(Unasked::Config)?;
    let command = with_defaults(Cli::command(), &path, &name, &loaded);
    let matches = command.try_get_matches_from(arguments)?;
    Ok(Asked {
        cli: Cli::from_arg_matches(&matches)?,
        matches: innermost(&matches).1.clone(),
        loaded,
    })
}

/// What `weir run` comes to with these defaults and no option.
pub(super) fn matches_of_run(loaded: &Loaded) -> Result<ArgMatches, clap::Error> {
    let path = ["run".to_owned()];
    let command = with_defaults(Cli::command(), &path, "run", loaded);
    let matches = command.try_get_matches_from(["weir", "run"])?;
    Ok(innermost(&matches).1.clone())
}

/// The subcommand that is asked for, with the names that lead to it.
fn innermost(matches: &ArgMatches) -> (Vec<String>, &ArgMatches) {
    let (mut path, mut at) = (Vec::new(), matches);
    while let Some((name, below)) = at.subcommand() {
        path.push(name.to_owned());
        at = below;
    }
    (path, at)
}

/// Whether a command has an option.
fn has(matches: &ArgMatches, option: &str) -> bool {
    matches.try_contains_id(option).is_ok()
}

/// The command with what is loaded in the place of its options' defaults.
fn with_defaults(command: Command, path: &[String], name: &str, loaded: &Loaded) -> Command {
    if let [first, rest @ ..] = path {
        return command.mut_subcommand(first, |below| with_defaults(below, rest, name, loaded));
    }
    keys_of(name).fold(command, |command, key| {
        let there = command
            .get_arguments()
            .any(|argument| argument.get_id() == key.option);
        match loaded.texts(key.path) {
            Some(texts) if there => command.mut_arg(key.option, |argument| {
                argument.default_values(texts).required(false)
            }),
            _ => command,
        }
    })
}

/// For tests: what is asked without this machine's environment.
#[cfg(test)]
pub(super) fn ask_for_test(arguments: &str, variables: &[(&str, &str)]) -> Result<Asked, Unasked> {
    let arguments: Vec<OsString> = arguments.split_whitespace().map(OsString::from).collect();
    let variables: Vec<(OsString, OsString)> = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    ask_with(&arguments, variables.into_iter())
}
