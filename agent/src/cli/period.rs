//! Which period of the record a command looks at.

use anyhow::Context as _;

use crate::{
    daemon::Failure,
    history::{Reading, Since, Span},
    kernel::Clock,
};

/// Options of every command that looks at a period of the record.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PeriodArgs {
    /// From then until now: how long ago (7d, 24h, 90m), a day (UTC) or a time
    /// (2026-11-01T12:00:00Z).
    #[arg(
        long,
        value_name = "TIME",
        default_value = "7d",
        conflicts_with = "period"
    )]
    since: Since,

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
        self.since.until(now).context("--since")
    }
}

/// Why a period may have more than its record shows; nothing if it is whole.
pub(super) fn incomplete(span: &Span, reading: &Reading) -> Vec<String> {
    let mut why = Vec::new();
    match (reading.record_from, reading.record_to) {
        (Some(from), _) if from > span.from => {
            why.push(format!("the record begins only at {from:.0}"));
        }
        (Some(_), _) => {}
        (None, _) => why.push("the store has no record".to_owned()),
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
