//! `weir doctor`: can this host be covered, and what cannot?

mod self_test;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};

use super::check::CheckFormat;
use crate::{
    config::Hook,
    coverage::{State, examine},
};

/// Exit code for a host that cannot be covered, as of `weir run`.
const UNFIT: u8 = 5;

/// What `weir doctor` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// How to answer: text or one JSON array.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,

    /// Send by every way from a namespace of Weir's own, and compare the record
    /// with what was sent: that of the recording at work, or of one made for
    /// this.
    #[arg(long)]
    self_test: bool,

    /// Where the recording at work is pinned, unless it is where `weir run`
    /// pins by default.
    #[arg(long, value_name = "DIR", requires = "self_test")]
    pin: Option<PathBuf>,

    /// How to attach at uplinks, for a recording made for this.
    #[arg(long, value_enum, requires = "self_test")]
    uplink_hook: Option<Hook>,
}

/// Examines the host and prints what was found.
///
/// # Errors
/// If the answer cannot be written; an unfit host is exit code 5, no error.
pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if args.self_test {
        return self_test::run(args);
    }
    let all = examine();
    match args.format {
        CheckFormat::Json => writeln!(io::stdout(), "{}", serde_json::to_string(&all)?)?,
        CheckFormat::Text => {
            let mut out = anstream::stdout().lock();
            for one in &all {
                let (word, colour) = match one.state {
                    State::Ok => ("ok", AnsiColor::Green),
                    State::NotCovered => ("not covered", AnsiColor::Yellow),
                    State::Missing => ("MISSING", AnsiColor::Red),
                };
                let style = Style::new().fg_color(Some(colour.into()));
                writeln!(
                    out,
                    "{style}{word:<12}{style:#} {:<18} {}",
                    one.what, one.found
                )?;
            }
        }
    }
    let unfit = all.iter().any(|one| one.state == State::Missing);
    Ok(if unfit {
        ExitCode::from(UNFIT)
    } else {
        ExitCode::SUCCESS
    })
}
