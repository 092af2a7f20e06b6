//! `weir check`: is a set of allowlists valid, and if not, everything that is
//! wrong with it; if so, what is worth a second look, and whether the tests beside it
//! hold.

mod object;
mod sarif;
mod text;

pub(super) use self::text::{print_lints, print_rejected};

#[cfg(test)]
mod tests;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::builder::PossibleValuesParser;
use jiff::{civil::Date, tz::TimeZone};

use crate::{
    described::noon,
    jurisdiction::Review,
    kernel::Clock,
    policy::{Diagnostic, Lints, Policy, Rejected, cases_of, schema, schema_names},
};

/// Exit code for a set that is refused.
pub(super) const INVALID: u8 = 3;

/// What `weir check` is asked.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Directory with one TOML file for each product.
    #[arg(value_name = "DIR", required_unless_present = "schema")]
    pub directory: Option<PathBuf>,

    /// Print the JSON Schema of a kind of file, for editors, and check nothing.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(schema_names()))]
    pub schema: Option<String>,

    /// Refuse a set with warnings, too.
    #[arg(long)]
    pub deny_warnings: bool,

    /// The day to look at the set on, such as 2026-11-25; today without it.
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub today: Option<Date>,

    /// How to answer: text (errors and warnings on standard error), one JSON object on
    /// standard output, or a SARIF 2.1.0 log there.
    #[arg(long, value_enum, default_value_t)]
    pub format: Answer,
}

/// How `weir check` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Answer {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For programs that show findings beside code.
    Sarif,
}

/// How a command with text and JSON answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CheckFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Checks the set and prints what is to be said of it.
///
/// # Errors
/// If the answer cannot be written or the time not be read; an invalid set is exit code 3,
/// no error.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    if let Some(schema) = args.schema.as_deref().and_then(schema) {
        write!(io::stdout(), "{schema}")?;
        return Ok(ExitCode::SUCCESS);
    }
    // Required by the command line unless there is a schema to print.
    let directory = args.directory.as_deref().unwrap_or(Path::new("."));
    let today = match args.today {
        Some(today) => today,
        None => Clock::read()?.now().to_zoned(TimeZone::UTC).date(),
    };
    let outcome = look(directory, today);
    let mut out = io::stdout().lock();
    match (&outcome, args.format) {
        (Ok(checked), Answer::Text) => {
            print_lints(&checked.lints)?;
            text::print_valid(directory, checked, &mut out)?;
        }
        (Err(rejected), Answer::Text) => print_rejected(rejected)?,
        (Ok(checked), Answer::Json) => writeln!(out, "{}", object::valid(directory, checked))?,
        (Err(rejected), Answer::Json) => writeln!(out, "{}", object::invalid(rejected))?,
        (Ok(checked), Answer::Sarif) => {
            writeln!(out, "{}", sarif::log(checked.lints.diagnostics()))?;
        }
        (Err(rejected), Answer::Sarif) => {
            writeln!(out, "{}", sarif::log(rejected.diagnostics()))?;
        }
    }
    let good = match &outcome {
        Ok(checked) => checked.lints.is_empty() || !args.deny_warnings,
        Err(_) => false,
    };
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(INVALID)
    })
}

/// A valid set with what was looked at.
struct Checked {
    policy: Policy,
    lints: Lints,
    /// How many tests stand beside it, all of which say what is so.
    tests: usize,
}

/// Checks the set and its tests, and what those that are sound expect of it.
fn look(directory: &Path, today: Date) -> Result<Checked, Rejected> {
    let loaded = Policy::load_and_lint(directory, today);
    let (cases, mut problems) = cases_of(directory);
    let (policy, lints) = match loaded {
        Ok(loaded) => loaded,
        Err(rejected) => return Err(rejected.with(problems)),
    };
    match noon(today) {
        Ok(time) => {
            let failures = cases.iter().flat_map(|case| case.failures(&policy, time));
            problems.extend(failures);
        }
        // The command line has refused it.
        Err(far) => {
            let help = "look at the set on another day";
            problems.push(Diagnostic::whole(directory, far.to_string(), help));
        }
    }
    match Rejected::if_any(directory, problems) {
        Some(rejected) => Err(rejected),
        None => Ok(Checked {
            policy,
            lints,
            tests: cases.len(),
        }),
    }
}

/// A day that the clock knows.
fn day(text: &str) -> Result<Date, String> {
    let day: Date = text
        .parse()
        .map_err(|error: jiff::Error| error.to_string())?;
    noon(day).map_err(|error| error.to_string())?;
    Ok(day)
}

/// Providers whose domicile nobody has compared with a source, by id.
fn unreviewed(policy: &Policy) -> Vec<&str> {
    policy
        .providers()
        .iter()
        .filter(|provider| matches!(provider.review, Review::Unreviewed(_)))
        .map(|provider| &*provider.id)
        .collect()
}
