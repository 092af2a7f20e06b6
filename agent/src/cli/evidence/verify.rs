//! `weir evidence verify`: whether a bundle is to be believed.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::progress::Bar;
use crate::{
    cli::{WrongCommandLine, check::CheckFormat},
    evidence::verify::{Line, Outcome, Subject, Word, key_id_of, verify},
};

/// What `weir evidence verify` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// The archive, or the directory that it was unpacked into.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,

    /// The bundle of the period before: this one has to continue it.
    #[arg(long, value_name = "BUNDLE")]
    previous: Option<PathBuf>,

    /// The node's public key (PEM), or its id, as the operator gave it by another way than
    /// the bundle. May be given several times.
    #[arg(long, value_name = "KEY")]
    trust: Vec<String>,

    /// A list of nodes (TOML: [[node]] with name, from and to): this one has to be in it.
    #[arg(long, value_name = "FILE")]
    inventory: Option<PathBuf>,

    /// How to answer: text, or JSON objects on a line each.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Object<'a> {
    Check(&'a Line),
    Word { word: Word },
}

/// Checks and prints.
///
/// # Errors
/// A key is none, or the answer cannot be written; what is wrong with the bundle is the
/// exit code, no error.
pub(super) fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let trusted = args.trust.iter().map(|key| key_id_of(key));
    let trusted: Result<_, _> = trusted.collect();
    let subject = Subject {
        bundle: args.bundle.clone(),
        previous: args.previous.clone(),
        trusted: trusted.map_err(|error| WrongCommandLine(format!("--trust: {error}")))?,
        inventory: args.inventory.clone(),
    };
    let bar = Bar::new();
    let lines = verify(&subject, |check, reached, of| bar.check(check, reached, of));
    drop(bar);
    let word = Word::of(&lines);
    let mut out = anstream::stdout().lock();
    match args.format {
        CheckFormat::Json => {
            let checks = lines.iter().map(Object::Check);
            for object in checks.chain([Object::Word { word }]) {
                writeln!(out, "{}", serde_json::to_string(&object)?)?;
            }
        }
        CheckFormat::Text => {
            for line in &lines {
                let style = style(line.outcome);
                let (id, outcome) = (line.check.id(), line.outcome.label());
                writeln!(
                    out,
                    "{id:<12} {style}{outcome:<11}{style:#} {}",
                    line.detail
                )?;
            }
            writeln!(out, "{}", word.label())?;
        }
    }
    Ok(ExitCode::from(word.exit_code()))
}

fn style(outcome: Outcome) -> Style {
    let color = match outcome {
        Outcome::Ok => AnsiColor::Green,
        Outcome::Skipped => return Style::new(),
        Outcome::Incomplete => AnsiColor::Yellow,
        Outcome::Failed => AnsiColor::Red,
    };
    color.on_default()
}
