//! How much of a period was examined.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    coverage::{Gap, Reason},
    history::Span,
};

/// Why a part of a period was not examined, in full or at all. Closed: no other reason is
/// ever given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Nobody recorded.
    AgentDown,
    /// The kernel had more to tell than was taken from it.
    RingBufferLoss,
    /// The kernel had no room to keep flows apart, or to keep what it knew of them.
    MapFull,
    /// A program was not where it counts, or a way out was not recorded.
    AttachFailed,
    /// The operator takes something out of what is examined.
    ExcludedByPolicy,
    /// The time of day was set, so that times do not compare.
    ClockFault,
    /// The store had no room.
    StoreFull,
    /// Somebody else changed what is the agent's own.
    Tampered,
    /// The period had not ended, or what closes it is not there yet.
    NotClosed,
}

impl Disposition {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::AgentDown,
        Self::RingBufferLoss,
        Self::MapFull,
        Self::AttachFailed,
        Self::ExcludedByPolicy,
        Self::ClockFault,
        Self::StoreFull,
        Self::Tampered,
        Self::NotClosed,
    ];

    /// Name in records.
    pub const fn label(self) -> &'static str {
        match self {
            Self::AgentDown => "agent_down",
            Self::RingBufferLoss => "ring_buffer_loss",
            Self::MapFull => "map_full",
            Self::AttachFailed => "attach_failed",
            Self::ExcludedByPolicy => "excluded_by_policy",
            Self::ClockFault => "clock_fault",
            Self::StoreFull => "store_full",
            Self::Tampered => "tampered",
            Self::NotClosed => "not_closed",
        }
    }

    /// What a gap is.
    pub fn of(gap: &Gap) -> Self {
        // Rings that the kernel tells by; everything else it could not keep.
        let of_ring = |kind: &String| kind.starts_with("payload_") || kind.ends_with("_reserve");
        match gap.reason {
            Reason::NotRecording | Reason::Replaced => Self::AgentDown,
            Reason::Loss if gap.losses.keys().all(of_ring) => Self::RingBufferLoss,
            Reason::Loss => Self::MapFull,
            Reason::ProgramDetached
            | Reason::PinRemoved
            | Reason::UplinkUncovered
            | Reason::Residual
            | Reason::SelfTestFailed => Self::AttachFailed,
            Reason::ClockStep => Self::ClockFault,
            Reason::StoreFull => Self::StoreFull,
            Reason::Tampered => Self::Tampered,
        }
    }
}

/// A part of the period that was not examined, in full or at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unexamined {
    /// Its beginning.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Why.
    pub disposition: Disposition,
    /// What exactly.
    pub detail: String,
}

/// How much of a period was examined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// From when on the node keeps a ledger, within the period; `None` where it has
    /// nothing of it.
    pub eligible_from: Option<Timestamp>,
    /// The first moment after the period.
    pub eligible_to: Timestamp,
    /// How long that is.
    #[serde(serialize_with = "seconds")]
    pub eligible: SignedDuration,
    /// How much of it was examined in full.
    #[serde(serialize_with = "seconds")]
    pub examined: SignedDuration,
    /// What was not, by time; parts may overlap.
    pub unexamined: Vec<Unexamined>,
    /// Parts beyond those that are listed; `examined` is without them all the same.
    pub more_unexamined: u64,
}

/// Whole seconds, and their fraction.
fn seconds<S: serde::Serializer>(time: &SignedDuration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

impl Coverage {
    /// Whether the whole period was examined.
    pub fn is_complete(&self, span: &Span) -> bool {
        self.eligible_from == Some(span.from)
            && self.unexamined.is_empty()
            && self.more_unexamined == 0
    }

    /// Share of the eligible time that was examined, in hundredths of a percent, rounded
    /// down; `None` where nothing is eligible.
    pub fn per_myriad(&self) -> Option<u64> {
        let share = (self.examined.as_nanos() * 10_000).checked_div(self.eligible.as_nanos())?;
        u64::try_from(share).ok()
    }
}

/// Intervals of time, merged as they come.
#[derive(Debug, Default)]
pub(super) struct Union(Vec<(Timestamp, Timestamp)>);

impl Union {
    /// Intervals that are kept apart: what comes beyond them goes into one.
    const MOST: usize = 65_536;

    /// Adds what of an interval is in the period; one without length counts nothing.
    pub(super) fn add(&mut self, span: &Span, from: Timestamp, to: Timestamp) {
        let (from, to) = (from.max(span.from), to.min(span.to));
        if from >= to {
            return;
        }
        let full = self.0.len() >= Self::MOST;
        match self.0.last_mut() {
            Some(last) if full || (from <= last.1 && to >= last.0) => {
                *last = (last.0.min(from), last.1.max(to));
            }
            _ => self.0.push((from, to)),
        }
    }

    /// In order, without overlaps.
    pub(super) fn merged(&self) -> Vec<(Timestamp, Timestamp)> {
        let mut all = self.0.clone();
        all.sort();
        let mut merged: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(all.len());
        for (from, to) in all {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        merged
    }
}

/// What is needed to say how much was examined.
pub(super) struct Parts<'a> {
    pub(super) span: Span,
    /// When the first entry of the record was written, and the last.
    pub(super) record: Option<(Timestamp, Timestamp)>,
    /// All gaps, merged; not only those that are listed.
    pub(super) union: Union,
    pub(super) gaps: &'a [Gap],
    pub(super) more_gaps: u64,
}

impl Parts<'_> {
    pub(super) fn coverage(mut self) -> Coverage {
        let span = self.span;
        let of_period = self
            .record
            .filter(|(first, last)| *first < span.to && *last >= span.from);
        let Some((first, last)) = of_period else {
            return Coverage {
                eligible_from: None,
                eligible_to: span.to,
                eligible: SignedDuration::ZERO,
                examined: SignedDuration::ZERO,
                unexamined: Vec::new(),
                more_unexamined: 0,
            };
        };
        let from = first.max(span.from);
        let listed = self.gaps.iter();
        let mut unexamined: Vec<Unexamined> = listed
            .map(|gap| Unexamined {
                from: gap.from.max(span.from),
                to: gap.to.min(span.to),
                disposition: Disposition::of(gap),
                detail: format!("{}: {}", gap.reason.label(), gap.detail),
            })
            .collect();
        if last < span.to {
            self.union.add(&span, last, span.to);
            unexamined.push(Unexamined {
                from: last,
                to: span.to,
                disposition: Disposition::NotClosed,
                detail: "the record ends before the period does".to_owned(),
            });
        }
        unexamined.sort_by_key(|one| (one.from, one.to, one.disposition));
        let eligible = span.to.duration_since(from);
        let missing = self.union.merged().into_iter().map(|(start, end)| {
            let start = start.max(from);
            end.max(start).duration_since(start)
        });
        let missing = missing.fold(SignedDuration::ZERO, |all, one| all.saturating_add(one));
        Coverage {
            eligible_from: Some(from),
            eligible_to: span.to,
            eligible,
            examined: eligible.saturating_sub(missing),
            unexamined,
            more_unexamined: self.more_gaps,
        }
    }
}
