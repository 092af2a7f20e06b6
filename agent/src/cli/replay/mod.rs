//! `weir replay`: how the record would be judged by another set of allowlists, or with
//! newer IP data. The record is only read.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use serde::Serialize;

use super::{WORSE, changes::Changes, check::CheckFormat, ip_data::IpDataArgs, period::PeriodArgs};
use crate::{
    daemon::Failure,
    history,
    jurisdiction::{Databases, Description},
    policy::Policy,
    replay::{Differences, Replay},
};

/// What `weir replay` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// Allowlists to judge by.
    #[arg(long, value_name = "DIR", default_value = "/etc/weir/allowlists")]
    allowlists: PathBuf,

    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    #[command(flatten)]
    period: PeriodArgs,

    // Without any, places are as they were recorded.
    #[command(flatten)]
    ip_data: IpDataArgs,

    /// How to answer: text or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "replay")]
struct Object<'a> {
    allowlists: &'a Path,
    digest: &'a str,
    /// `None` where places are as they were recorded.
    databases: Option<Vec<&'a Description>>,
    #[serde(flatten)]
    changes: &'a Changes<'a>,
}

/// Judges the record again and prints what differs.
///
/// # Errors
/// The allowlists, databases or store cannot be used, or the answer cannot be written;
/// that something would be worse is exit code 9, no error.
pub(super) fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let span = args.period.span()?;
    let policy = Policy::load(&args.allowlists).map_err(Failure::from)?;
    let databases = match args.ip_data.given() {
        Some(given) => Some(Arc::new(Databases::load(&given).map_err(Failure::from)?)),
        None => None,
    };
    let mut differences = Differences::default();
    let mut replay = Replay::new(&policy, databases.clone());
    let from = replay.needs_from(span.from);
    let reading = history::intervals_from(&args.store, &span, from, |interval| {
        let again = replay.judge(&interval);
        if span.contains(interval.time) {
            differences.take(&interval, &interval.flow.judged, &again);
        }
    })
    .map_err(Failure::from)?;
    let changes = Changes::new(span, &reading, &differences);
    match args.format {
        CheckFormat::Json => {
            let object = Object {
                allowlists: &args.allowlists,
                digest: policy.digest(),
                databases: databases.as_ref().map(|all| all.describe().collect()),
                changes: &changes,
            };
            writeln!(anstream::stdout(), "{}", serde_json::to_string(&object)?)?;
        }
        CheckFormat::Text => changes.print(&mut anstream::stdout().lock())?,
    }
    Ok(if changes.any_worse() {
        ExitCode::from(WORSE)
    } else {
        ExitCode::SUCCESS
    })
}
