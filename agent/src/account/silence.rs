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
    over: bool,
    found: Vec<(Timestamp, Timestamp)>,
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
            // The kernel went on recording, and this agent has read what it counted.
            let went_on = matches!(entry, Entry::Started { adopted: true, .. });
            if !went_on && to.duration_since(from) > QUIET {
                let full = self.found.len() >= MOST;
                match self.found.last_mut() {
                    Some(kept) if full => kept.1 = to,
                    _ => self.found.push((from, to)),
                }
            }
        }
        self.over = time >= span.to;
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
    }

    /// What of it no gap explains, as gaps.
    pub(super) fn finish(self, known: &[(Timestamp, Timestamp)]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (from, to) in self.found {
            for (from, to) in without((from, to), known) {
                if to.duration_since(from) > QUIET {
                    gaps.push(Gap {
                        from,
                        to,
                        reason: Reason::NotRecording,
                        detail: "nothing was written, and nothing says why".to_owned(),
                        repaired: false,
                        losses: [].into(),
                    });
                }
            }
        }
        gaps
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
