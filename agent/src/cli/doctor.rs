//! `weir doctor`: can this host be covered, by an agent as it is configured, and what is to
//! be done where not?

mod agent;
mod check;
mod clock;
mod databases;
mod host;
mod policy;
mod self_test;
mod store;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use jiff::tz::TimeZone;

use self::check::{Check, State};
use super::{check::CheckFormat, run, text};
use crate::{
    config::{Hook, Wanted},
    coverage::ConfineMode,
    kernel::Clock,
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

/// Examines the host, and the agent as file and environment configure it; prints what was
/// found.
///
/// # Errors
/// If the answer cannot be written, or the time not be read; an unfit host is exit code 5, no
/// error.
pub(super) fn run(args: &DoctorArgs, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    if args.self_test {
        return self_test::run(args);
    }
    let checks = checks(&Wanted::of(config))?;
    match args.format {
        CheckFormat::Json => writeln!(io::stdout(), "{}", serde_json::to_string(&checks)?)?,
        CheckFormat::Text => print(&checks, &mut anstream::stdout().lock())?,
    }
    let unfit = checks.iter().any(|one| one.state == State::Fail);
    Ok(if unfit {
        ExitCode::from(UNFIT)
    } else {
        ExitCode::SUCCESS
    })
}

/// Looks at everything; changes nothing.
fn checks(wanted: &Wanted) -> anyhow::Result<Vec<Check>> {
    let clock = Clock::read().context("the clock cannot be read")?;
    let today = clock.now().to_zoned(TimeZone::UTC).date();
    let (config, loaded) = policy::config(wanted);
    let options = loaded.as_ref().map(run::by_config).transpose()?;
    let confine = options
        .as_ref()
        .map_or(ConfineMode::On, |options| options.confine);
    let mut checks = host::checks(confine);
    checks.push(config);
    // Without a config file that holds, nobody knows where the rest is.
    if let Some(options) = options {
        checks.push(policy::allowlists(&options.allowlists, today));
        checks.extend(databases::checks(&options.ip_data, today));
        checks.extend(clock::checks(&clock, &options.store));
        checks.extend(store::checks(&options.store, options.ledger.keep_bytes));
        checks.extend(agent::checks(&options.runtime));
    }
    Ok(checks)
}

/// A heading for each area, a line for each check, the remedy below it.
fn print(checks: &[Check], out: &mut impl Write) -> io::Result<()> {
    let mut area = "";
    for one in checks {
        if one.area != area {
            area = one.area;
            writeln!(out, "{area}")?;
        }
        let (word, colour) = match one.state {
            State::Pass => ("pass", AnsiColor::Green),
            State::Warn => ("warn", AnsiColor::Yellow),
            State::Fail => ("FAIL", AnsiColor::Red),
        };
        let style = Style::new().fg_color(Some(colour.into()));
        let what = text::harmless(&one.what);
        write!(out, "  {style}{word}{style:#}  {what:<18} ")?;
        text::wrapped_behind(9 + what.chars().count().max(18), &one.found, out)?;
        if let Some(remedy) = &one.remedy {
            text::wrapped(&format!("{:8}-> ", ""), remedy, out)?;
        }
    }
    let of = |state| checks.iter().filter(|one| one.state == state).count();
    writeln!(
        out,
        "\n{} pass, {} warn, {} fail",
        of(State::Pass),
        of(State::Warn),
        of(State::Fail)
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{check::Area, *};

    #[test]
    fn areas_are_headings_and_remedies_stand_below() {
        let (mounts, clock) = (Area("mounts"), Area("clock"));
        let checks = [
            mounts.pass("cgroup v2", "/sys/fs/cgroup"),
            mounts.refused("other", "it is\u{1b}broken: mend it"),
            clock.warn(
                "time service",
                "none keeps the clock of this host, which is so long a sentence that it wraps",
                "run one",
            ),
        ];
        let mut out = Vec::new();
        print(&checks, &mut out).unwrap();
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "\
mounts
  pass  cgroup v2          /sys/fs/cgroup
  FAIL  other              it is\\u{1b}broken
        -> mend it
clock
  warn  time service       none keeps the clock of this host, which is so long a
                           sentence that it wraps
        -> run one

1 pass, 1 warn, 1 fail
"
        );
    }
}
