//! Time in which nobody wrote.
//!
//! A running agent writes at least a heartbeat each minute. Where nothing was written for
//! much longer, and nothing says that the kernel went on recording, nobody examined.

use jiff::{SignedDuration, Timestamp};

use crate::{
    coverage::{Gap, Reason},
    history::Span,
    ledger::Entry,
};

/// Time between two entries that is still no silence: three heartbeats.
const QUIET: SignedDuration = SignedDuration::from_secs(180);

/// Stretches of silence that are kept.
const MOST: usize = 4096;

/// Watches the times of entries.
#[derive(Debug, Default)]
pub(super) struct Silence {
    last: Option<Timestamp>,
    /// The last reading of both clocks: time of day, and nanoseconds since boot.
    clocks: Option<(Timestamp, u64)>,
    over: bool,
    found: Vec<Silent>,
}

/// A stretch in which nothing was written.
#[derive(Clone, Copy, Debug)]
struct Silent {
    from: Timestamp,
    to: Timestamp,
    /// By how much the time of day was set meanwhile, where that is why.
    set_by: Option<SignedDuration>,
}

impl Silence {
    pub(super) fn take(&mut self, span: &Span, time: Timestamp, entry: &Entry) {
        if self.over {
            return;
        }
        if let Some(last) = self.last
            && time >= span.from
        {
            let (from, to) = (last.max(span.from), time.min(span.to));
            // The kernel went on recording, and this agent has read what it counted; over
            // as much time as passed, and not as was skipped.
            let went_on = matches!(entry, Entry::Started { adopted: true, .. });
            let set_by = self.set_by(time, entry).filter(|_| went_on);
            if (!went_on || set_by.is_some()) && to.duration_since(from) > QUIET {
                let full = self.found.len() >= MOST;
                match self.found.last_mut() {
                    Some(kept) if full => kept.to = to,
                    _ => self.found.push(Silent { from, to, set_by }),
                }
            }
        }
        self.over = time >= span.to;
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.clocks = boot_ns(entry).map_or(self.clocks, |boot_ns| Some((time, boot_ns)));
    }

    /// By how much the time of day was set since both clocks were read, if that is more than
    /// a silence.
    fn set_by(&self, time: Timestamp, entry: &Entry) -> Option<SignedDuration> {
        let (before, then) = self.clocks?;
        let passed = i64::try_from(boot_ns(entry)?.checked_sub(then)?).ok()?;
        let passed = SignedDuration::from_nanos(passed);
        let by = time.duration_since(before).checked_sub(passed)?;
        (by > QUIET).then_some(by)
    }

    /// What of it no gap explains, as gaps.
    pub(super) fn finish(self, known: &[(Timestamp, Timestamp)]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for silent in self.found {
            let (reason, detail) = match silent.set_by {
                None => (
                    Reason::NotRecording,
                    "nothing was written, and nothing says why".to_owned(),
                ),
                Some(by) => (
                    Reason::ClockStep,
                    format!(
                        "the time of day was set by {:+} s while no agent ran",
                        by.as_secs()
                    ),
                ),
            };
            for (from, to) in without((silent.from, silent.to), known) {
                if to.duration_since(from) > QUIET {
                    gaps.push(Gap {
                        from,
                        to,
                        reason,
                        detail: detail.clone(),
                        repaired: false,
                        losses: [].into(),
                    });
                }
            }
        }
        gaps
    }
}

/// Nanoseconds since boot, of entries that read both clocks. An adopted recording is of the
/// same boot.
fn boot_ns(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Started { boot_ns, .. } => *boot_ns,
        Entry::Heartbeat { boot_ns, .. } => Some(*boot_ns),
        _ => None,
    }
}

/// What of an interval is outside others, which are in order and do not overlap.
fn without(
    (mut from, to): (Timestamp, Timestamp),
    others: &[(Timestamp, Timestamp)],
) -> Vec<(Timestamp, Timestamp)> {
    let mut left = Vec::new();
    for (start, end) in others {
        if *end <= from || *start >= to {
            continue;
        }
        if *start > from {
            left.push((from, *start));
        }
        from = from.max(*end);
    }
    if from < to {
        left.push((from, to));
    }
    left
}
