//! What was recorded in a period.
//!
//! ```text
//! "2026-10", "7d" ─> Span ─┐
//! store or bundle ─────────┴─> each (entries) ─> intervals (flows) ─┬─> Reading (what else was)
//!                                                                   └─> Groups (sums for people)
//! ```
//!
//! An entry belongs to the period in which it was written; a gap to every period that it
//! touches, whenever it was written.

mod groups;
mod reading;
#[cfg(test)]
pub(crate) mod sample;
mod span;
#[cfg(test)]
mod tests;

pub(crate) use groups::Distinct;
pub use groups::{Folded, Group, Groups, Kind, MOST_GROUPS, To};
pub(crate) use reading::Reader;
pub use reading::{InForce, Interval, MOST_GAPS, Reading, Start, Stop, intervals, intervals_from};
pub use span::{Since, Span, SpanError};

use jiff::Timestamp;

use crate::ledger::{Entry, LedgerError, Source};

/// Gives every entry of the period in order, one at a time in memory: those written in it,
/// and gaps that touch it though they were noticed later.
///
/// # Errors
/// When the source cannot be read.
pub fn each(
    source: &(impl Source + ?Sized),
    span: &Span,
    mut take: impl FnMut(Timestamp, &Entry),
) -> Result<(), LedgerError> {
    source.each(&mut |_, time, entry| {
        if belongs(span, time, entry) {
            take(time, entry);
        }
    })
}

/// Sets of allowlists in force in a period, the first from before it if one was.
///
/// # Errors
/// When the source cannot be read.
pub fn policies(source: &(impl Source + ?Sized), span: &Span) -> Result<Vec<InForce>, LedgerError> {
    let mut reader = Reader::new(*span);
    let says = |_, tag: &str| matches!(tag, "started" | "allowlists_loaded");
    source.each_of(&says, &mut |_, time, entry| {
        reader.take(time, entry);
    })?;
    Ok(reader.reading.policies)
}

/// Whether an entry written at that time is of the period.
fn belongs(span: &Span, time: Timestamp, entry: &Entry) -> bool {
    match entry {
        Entry::Gap(gap) => span.touches(gap.from, gap.to),
        _ => span.contains(time),
    }
}
