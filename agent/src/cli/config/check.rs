//! `weir config check`: everything that is wrong, and what is named and not there.

pub(super) mod named;
pub(super) mod reach;

use std::{
    env,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use serde_json::json;

use super::CheckArgs;
use crate::{
    cli::{
        check::{CheckFormat, INVALID, print_lints, print_rejected},
        configured,
    },
    config::{CONFIG, Loaded, Wanted},
    policy::{Lints, Rejected},
};

/// Checks the file and the environment.
///
/// # Errors
/// If the answer cannot be written; a file that is refused is exit code 3, no error.
pub(super) fn run(args: &CheckArgs, option: Option<&Path>) -> anyhow::Result<ExitCode> {
    let wanted = Wanted::of(args.file.as_deref().or(option));
    let outcome = look(&wanted);
    match args.format {
        CheckFormat::Text => text(&outcome)?,
        CheckFormat::Json => writeln!(io::stdout(), "{}", object(&wanted, &outcome))?,
    }
    let good = match &outcome {
        Ok((_, warnings)) => warnings.is_empty() || !args.deny_warnings,
        Err(_) => false,
    };
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(INVALID)
    })
}

fn look(wanted: &Wanted) -> Result<(Loaded, Lints), Rejected> {
    let loaded = Loaded::read(wanted, env::vars_os())?;
    let warnings = named::warnings(&loaded)?;
    let warnings = Lints::new(&loaded.directory(), warnings);
    Ok((loaded, warnings))
}

fn text(outcome: &Result<(Loaded, Lints), Rejected>) -> io::Result<()> {
    let (loaded, warnings) = match outcome {
        Ok(found) => found,
        Err(rejected) => return print_rejected(rejected),
    };
    print_lints(warnings)?;
    let mut out = io::stdout().lock();
    match loaded.file() {
        Some(file) => writeln!(out, "{}: valid", file.display()),
        None => writeln!(out, "no file: the defaults hold"),
    }
}

fn object(wanted: &Wanted, outcome: &Result<(Loaded, Lints), Rejected>) -> serde_json::Value {
    match outcome {
        Ok((loaded, warnings)) => json!({
            "type": "config_check",
            "valid": true,
            "file": loaded.file().map(Path::to_string_lossy),
            "errors": [],
            "warnings": warnings.diagnostics(),
        }),
        Err(rejected) => {
            let file = match wanted {
                Wanted::At(path) => Some(path.as_path()),
                Wanted::Usual => Some(Path::new(CONFIG)),
                Wanted::None => None,
            };
            json!({
                "type": "config_check",
                "valid": false,
                "file": file.map(Path::to_string_lossy),
                "summary": rejected.summary(),
                "errors": rejected.diagnostics(),
                "warnings": [],
            })
        }
    }
}

/// What `weir run` would come to with this file and this environment, and no option.
fn as_run(loaded: &Loaded) -> Result<clap::ArgMatches, Rejected> {
    configured::matches_of_run(loaded).map_err(|error| {
        let help = "see docs/config.md for what the keys may be";
        loaded.refusal("", error.to_string(), help)
    })
}
