//! `weir diff`: what a change of allowlists means: key by key, and in recorded flows.

mod page;
#[cfg(test)]
mod tests;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;

use super::{WrongCommandLine, changes::Changes, check::CheckFormat, period::PeriodArgs};
use crate::{
    daemon::Failure,
    history,
    policy::{Policy, Set},
    replay::{
        Differences, Replay,
        structure::{PartChange, compare},
    },
};

/// What `weir diff` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct DiffArgs {
    /// The first set of allowlists.
    #[arg(value_name = "A")]
    before: PathBuf,

    /// The second.
    #[arg(value_name = "B")]
    after: PathBuf,

    /// Show which flows of this store the second set judges otherwise than the first.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,

    #[command(flatten)]
    period: PeriodArgs,

    /// How to answer: text or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// A set, valid and as text.
struct Valid {
    text: Set,
    policy: Policy,
}

impl Valid {
    fn load(directory: &Path) -> Result<Self, Failure> {
        let text = Set::read(directory);
        let policy = text.compile()?;
        Ok(Self { text, policy })
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "diff")]
struct Object<'a> {
    before: Named<'a>,
    after: Named<'a>,
    structure: &'a [PartChange],
    /// `None` without a store.
    flows: Option<&'a Changes<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    directory: &'a Path,
    digest: &'a str,
}

impl<'a> From<&'a Valid> for Named<'a> {
    fn from(set: &'a Valid) -> Self {
        Self {
            directory: set.text.directory(),
            digest: set.policy.digest(),
        }
    }
}

/// Compares and prints.
///
/// # Errors
/// A set or the store cannot be used, or the answer cannot be written.
pub(super) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    if args.store.is_none() && args.period.is_given() {
        let message = "a period is of a record: add --store DIR, or leave it out";
        return Err(WrongCommandLine(message.to_owned()).into());
    }
    let (before, after) = (Valid::load(&args.before)?, Valid::load(&args.after)?);
    let structure = compare(before.text.sources(), after.text.sources());
    let mut differences = Differences::default();
    let changes = match &args.store {
        Some(store) => {
            let span = args.period.span()?;
            let [mut first, mut second] =
                [&before, &after].map(|set| Replay::new(&set.policy, None));
            let from = first
                .needs_from(span.from)
                .min(second.needs_from(span.from));
            let reading = history::intervals_from(store, &span, from, |interval| {
                let (first, second) = (first.judge(&interval), second.judge(&interval));
                if span.contains(interval.time) {
                    differences.take(&interval, &first, &second);
                }
            });
            let reading = reading.map_err(Failure::from)?;
            Some(Changes::new(span, &reading, &differences))
        }
        None => None,
    };
    let mut out = anstream::stdout().lock();
    match args.format {
        CheckFormat::Json => {
            let object = Object {
                before: (&before).into(),
                after: (&after).into(),
                structure: &structure,
                flows: changes.as_ref(),
            };
            writeln!(out, "{}", serde_json::to_string(&object)?)?;
        }
        CheckFormat::Text => {
            page::print(&structure, &mut out)?;
            if let Some(changes) = &changes {
                writeln!(out)?;
                changes.print(&mut out)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
