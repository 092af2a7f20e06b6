//! Which period of the record a command looks at.

use jiff::{SignedDuration, Timestamp};

use super::WrongCommandLine;
use crate::{
    daemon::Failure,
    history::{Reading, Since, Span},
    kernel::Clock,
};

/// Options of every command that looks at a period of the record.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PeriodArgs {
    /// From then until now: how long ago (7d, 24h, 90m), a day (UTC) or a time
    /// (2026-11-01T12:00:00Z); 7d without it and without a period.
    #[arg(long, value_name = "TIME", conflicts_with = "period")]
    since: Option<Since>,

    /// A period: a month (2026-10), a day (2026-10-05), or FROM..TO, days or times, where
    /// TO is not in it. Days are those of UTC.
    #[arg(long, value_name = "PERIOD")]
    period: Option<Span>,
}

impl PeriodArgs {
    /// The period that is asked for.
    ///
    /// # Errors
    /// When it is not in the past, or the time cannot be read.
    pub(super) fn span(&self) -> anyhow::Result<Span> {
        if let Some(span) = self.period {
            return Ok(span);
        }
        let now = Clock::read().map_err(Failure::Clock)?.now();
        let since = self.since.unwrap_or(Since::Ago(USUAL));
        let span = since.until(now);
        Ok(span.map_err(|error| WrongCommandLine(format!("--since: {error}")))?)
    }

    /// Whether a period is asked for, rather than the usual one.
    pub(super) fn is_given(&self) -> bool {
        self.since.is_some() || self.period.is_some()
    }
}

/// The period without an option: the last seven days.
const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);

/// For how long a running agent may write nothing: two heartbeats.
const QUIET: SignedDuration = SignedDuration::from_secs(120);

/// Why a period may have more than its record shows; nothing if it is whole.
pub(super) fn incomplete(span: &Span, reading: &Reading) -> Vec<String> {
    let mut why = Vec::new();
    match reading.record_from.zip(reading.record_to) {
        Some((first, last)) => why.extend(outside(span, first, last)),
        None => why.push("the store has no record".to_owned()),
    }
    let gaps = reading.gaps.len() as u64 + reading.more_gaps;
    if gaps > 0 {
        let gaps = if gaps == 1 {
            "1 gap touches".to_owned()
        } else {
            format!("{gaps} gaps touch")
        };
        why.push(format!("{gaps} the period"));
    }
    why
}

/// What of a period a record from a first to a last entry leaves out. That the last entry
/// is a little older than a period's end is how a running agent writes.
fn outside(span: &Span, first: Timestamp, last: Timestamp) -> Vec<String> {
    if first >= span.to || last < span.from {
        return vec![format!(
            "the record goes from {first:.0} to {last:.0} and has nothing of the period"
        )];
    }
    let begins = (first > span.from).then(|| format!("the record begins only at {first:.0}"));
    let ends = last
        .saturating_add(QUIET)
        .is_ok_and(|quiet| quiet < span.to);
    let ends = ends.then(|| format!("the record ends at {last:.0}"));
    begins.into_iter().chain(ends).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn outside_of(period: &str) -> Vec<String> {
        let time = |text: &str| text.parse().unwrap();
        outside(
            &period.parse().unwrap(),
            time("2026-11-03T00:00:00Z"),
            time("2026-11-10T12:00:00Z"),
        )
    }

    #[test]
    fn where_the_record_begins_and_ends_is_said() {
        assert_eq!(
            outside_of("2026-11"),
            [
                "the record begins only at 2026-11-03T00:00:00Z",
                "the record ends at 2026-11-10T12:00:00Z"
            ]
        );
        let none = "the record goes from 2026-11-03T00:00:00Z to 2026-11-10T12:00:00Z and has \
                    nothing of the period";
        assert_eq!(outside_of("2026-12"), [none]);
        assert_eq!(outside_of("2026-10"), [none]);
        assert_eq!(outside_of("2026-11-04"), [""; 0]);
    }

    /// A running agent writes once a minute, so that the last entry is a little old.
    #[test]
    fn a_record_that_is_being_written_is_whole() {
        let until = |end: &str| outside_of(&format!("2026-11-05..{end}"));
        assert_eq!(until("2026-11-10T12:02:00Z"), [""; 0]);
        assert_eq!(
            until("2026-11-10T12:02:01Z"),
            ["the record ends at 2026-11-10T12:00:00Z"]
        );
    }
}
