//! Flow intervals of a period, and what else its record says.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Span, belongs};
use crate::{
    coverage::Gap,
    kernel::Clock,
    ledger::{Entry, FlowInterval, LedgerError, Source},
};

/// Gaps that a [`Reading`] keeps at most.
pub const MOST_GAPS: usize = 4096;

/// Recordings of which the clock is remembered. Each boot of a host makes one.
const MOST_RECORDINGS: usize = 4096;

/// Counts of one flow over one interval, with its times.
#[derive(Clone, Copy, Debug)]
pub struct Interval<'a> {
    /// When it was written: the end of the interval.
    pub time: Timestamp,
    /// First sight of the flow, which may be before the period.
    pub first_seen: Timestamp,
    /// Last sight of the flow up to `time`.
    pub last_seen: Timestamp,
    /// The flow as it was judged, and its counts within the interval.
    pub flow: &'a FlowInterval,
}

/// An agent began to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// When.
    pub time: Timestamp,
    /// Number of the recording.
    pub recording: String,
    /// Whether it went on with what an earlier agent began.
    pub adopted: bool,
}

/// An agent ended in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// When.
    pub time: Timestamp,
    /// Whether the kernel goes on recording without it.
    pub continues: bool,
}

/// A set of allowlists in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// From when on.
    pub from: Timestamp,
    /// SHA-256 of the set.
    pub digest: String,
}

/// What the record of a period says beside its flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// When the first entry of the whole record was written, but for the node's key; `None`
    /// if it is empty.
    pub record_from: Option<Timestamp>,
    /// When the last one was.
    pub record_to: Option<Timestamp>,
    /// How many flow intervals the period has.
    pub intervals: u64,
    /// Gaps that touch the period, in the order of the record.
    pub gaps: Vec<Gap>,
    /// Gaps beyond [`MOST_GAPS`], which are not listed.
    pub more_gaps: u64,
    /// Starts within the period.
    pub starts: Vec<Start>,
    /// Stops within the period.
    pub stops: Vec<Stop>,
    /// Sets of allowlists in force, the first from before the period if one was.
    pub policies: Vec<InForce>,
}

impl Reading {
    /// Takes any entry of the record, of the period or not.
    fn take(&mut self, span: &Span, time: Timestamp, entry: &Entry) {
        // The node's key is there before anything is recorded.
        if !matches!(entry, Entry::NodeKey { .. }) {
            self.record_from = self.record_from.or(Some(time));
        }
        self.record_to = Some(time);
        match entry {
            Entry::Started {
                recording,
                adopted,
                allowlists,
                ..
            } => {
                self.in_force(span, time, allowlists);
                if span.contains(time) {
                    self.starts.push(Start {
                        time,
                        recording: recording.clone(),
                        adopted: *adopted,
                    });
                }
            }
            Entry::AllowlistsLoaded { digest, .. } => self.in_force(span, time, digest),
            Entry::Stopped { continues, .. } if span.contains(time) => self.stops.push(Stop {
                time,
                continues: *continues,
            }),
            Entry::Gap(gap) if belongs(span, time, entry) => {
                if self.gaps.len() < MOST_GAPS {
                    self.gaps.push(gap.clone());
                } else {
                    self.more_gaps += 1;
                }
            }
            Entry::Flow(_) if span.contains(time) => self.intervals += 1,
            _ => {}
        }
    }

    /// A set came into force.
    fn in_force(&mut self, span: &Span, from: Timestamp, digest: &str) {
        if from >= span.to {
            return;
        }
        if from < span.from {
            self.policies.clear();
        }
        if self
            .policies
            .last()
            .is_none_or(|last| last.digest != digest)
        {
            self.policies.push(InForce {
                from,
                digest: digest.to_owned(),
            });
        }
    }
}

/// Gives the flow intervals of a period in order, one at a time in memory, and says what
/// else its record has.
///
/// # Errors
/// When the source cannot be read.
pub fn intervals(
    source: &(impl Source + ?Sized),
    span: &Span,
    take: impl FnMut(Interval<'_>),
) -> Result<Reading, LedgerError> {
    intervals_from(source, span, span.from, take)
}

/// As [`intervals`], with those since an earlier moment before them, which are not of the
/// period but what is judged in it may hang on them.
///
/// # Errors
/// As [`intervals`].
pub fn intervals_from(
    source: &(impl Source + ?Sized),
    span: &Span,
    from: Timestamp,
    mut take: impl FnMut(Interval<'_>),
) -> Result<Reading, LedgerError> {
    let mut reader = Reader::new(*span);
    source.each(&mut |_, time, entry| {
        if let Some(interval) = reader.take(time, entry)
            && from <= time
            && time < span.to
        {
            take(interval);
        }
    })?;
    Ok(reader.reading)
}

/// Takes a record entry by entry, from its beginning.
#[derive(Debug)]
pub(crate) struct Reader {
    span: Span,
    /// What it has said so far.
    pub(crate) reading: Reading,
    clocks: HashMap<String, Clock>,
}

impl Reader {
    /// Of a period.
    pub(crate) fn new(span: Span) -> Self {
        Self {
            span,
            reading: Reading::default(),
            clocks: HashMap::new(),
        }
    }

    /// Takes any entry, of the period or not; the flow interval that it is, with its
    /// times.
    pub(crate) fn take<'e>(&mut self, time: Timestamp, entry: &'e Entry) -> Option<Interval<'e>> {
        self.reading.take(&self.span, time, entry);
        match entry {
            Entry::Started {
                recording,
                boot_ns: Some(boot_ns),
                ..
            } => {
                if self.clocks.len() >= MOST_RECORDINGS {
                    self.clocks.clear();
                }
                let clock = Clock::at(*boot_ns, time);
                self.clocks.insert(recording.clone(), clock);
                None
            }
            Entry::Flow(flow) => {
                let record = &flow.judged.flow.flow.flow.record;
                let clock = self.clocks.get(&flow.recording);
                // Without a clock, the time of writing is the nearest to it.
                let seen = |ns| clock.map_or(time, |clock| clock.time_of(ns)).min(time);
                Some(Interval {
                    time,
                    first_seen: seen(record.first_ns),
                    last_seen: seen(record.last_ns),
                    flow,
                })
            }
            _ => None,
        }
    }
}
