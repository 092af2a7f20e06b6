//! Which periods get a bundle by themselves.

use std::path::Path;

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use weir_ledger::Node;

use super::{EvidenceError, Order, export, name};
use crate::{history::Span, ledger::LedgerError};

/// How long the periods are. Days are those of UTC.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    clap::ValueEnum,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Schedule {
    /// Calendar months.
    #[default]
    Month,
    /// Weeks from Monday on.
    Week,
    /// Days.
    Day,
}

impl Schedule {
    /// Name on a command line.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
        }
    }

    /// The period that a moment is in; `None` beyond the calendar.
    pub fn period(self, time: Timestamp) -> Option<Span> {
        let day = time.to_zoned(TimeZone::UTC).date();
        let (from, next) = match self {
            Self::Month => {
                let from = day.first_of_month();
                (from, from.checked_add(1.month()).ok()?)
            }
            Self::Week => {
                let since = day.weekday().since(Weekday::Monday);
                let from = day.checked_sub(i32::from(since).days()).ok()?;
                (from, from.checked_add(7.days()).ok()?)
            }
            Self::Day => (day, day.tomorrow().ok()?),
        };
        Span::new(midnight(from)?, midnight(next)?).ok()
    }

    /// The periods that are over, from the one of a moment on.
    fn over(self, since: Timestamp, now: Timestamp) -> Vec<Span> {
        let mut periods = Vec::new();
        let mut at = since;
        while let Some(span) = self.period(at).filter(|span| span.to <= now) {
            periods.push(span);
            at = span.to;
        }
        periods
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// What became of the bundles that were due.
#[derive(Debug, Default)]
pub struct Written {
    /// Names of those that were written.
    pub bundles: Vec<String>,
    /// Periods that are over, and that the agent has not closed yet.
    pub waiting: Vec<Span>,
    /// Periods of which the store no longer has all.
    pub lost: Vec<(Span, EvidenceError)>,
}

/// Writes the bundle of each period that is over and of which a directory has none.
///
/// # Errors
/// One cannot be written.
pub fn write_due(
    store: &Path,
    directory: &Path,
    schedule: Schedule,
    now: Timestamp,
) -> Result<Written, EvidenceError> {
    let mut written = Written::default();
    let Some(begins) = weir_ledger::begins(store)? else {
        return Ok(written);
    };
    let begins = Timestamp::from_nanosecond(begins.into())
        .map_err(|error| EvidenceError::Defect(error.to_string()))?;
    let node = Node::existing(store)?;
    for span in schedule.over(begins, now) {
        let order = Order::of(store, span);
        let name = name(node.name(), &order);
        let path = directory.join(&name);
        if path
            .try_exists()
            .map_err(EvidenceError::io(&path, "read"))?
        {
            continue;
        }
        match export(&order, &path, |_| ()) {
            Ok(_) => written.bundles.push(name),
            Err(EvidenceError::NotClosed { .. }) => written.waiting.push(span),
            Err(
                error @ (EvidenceError::Ledger(LedgerError::Pruned { .. })
                | EvidenceError::NoPolicy(_)
                | EvidenceError::NotRecorded { .. }),
            ) => written.lost.push((span, error)),
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn periods(schedule: Schedule, since: &str, now: &str) -> Vec<String> {
        let spans = schedule.over(since.parse().unwrap(), now.parse().unwrap());
        spans.iter().map(Span::to_string).collect()
    }

    #[test]
    fn periods_that_are_over() {
        let (since, now) = ("2026-10-31T23:59:00Z", "2026-12-01T00:00:00Z");
        assert_eq!(periods(Schedule::Month, since, now), ["2026-10", "2026-11"]);
        let before = "2026-11-30T23:59:59Z";
        assert_eq!(periods(Schedule::Month, since, before), ["2026-10"]);
        assert_eq!(
            periods(Schedule::Week, since, "2026-11-09T00:00:01Z"),
            ["2026-10-26..2026-11-02", "2026-11-02..2026-11-09"]
        );
        assert_eq!(
            periods(Schedule::Day, since, "2026-11-02T12:00:00Z"),
            ["2026-10-31", "2026-11-01"]
        );
    }
}
