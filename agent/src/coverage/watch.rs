//! Looks, every few seconds, for whatever makes the record incomplete, and
//! repairs what can be repaired.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{Gap, Reason};
use crate::kernel::{Capture, CaptureError, CgroupDirectory, Clock};

/// How often to look: half of the ten seconds within which a gap must be known.
pub const CHECK_EVERY: Duration = Duration::from_secs(5);

/// A clock that moved by more than this against the time since boot was set,
/// not adjusted: adjtimex(2) slews by 0.5 ms each second.
const STEP: Duration = Duration::from_millis(500);

/// Remembers what it saw last.
#[derive(Debug)]
pub struct Watch {
    root: CgroupDirectory,
    last: Clock,
    losses: BTreeMap<String, u64>,
}

impl Watch {
    /// Begins to watch a recording; `losses` are those that are recorded
    /// already.
    pub fn new(root: CgroupDirectory, now: Clock, losses: BTreeMap<String, u64>) -> Self {
        Self {
            root,
            last: now,
            losses,
        }
    }

    /// When it last looked.
    pub fn last(&self) -> Clock {
        self.last
    }

    /// Whether it is time to look again.
    pub fn is_due(&self, now: &Clock) -> bool {
        now.since(&self.last) >= CHECK_EVERY
    }

    /// Looks at everything, and repairs.
    ///
    /// # Errors
    /// The kernel's, if its counts cannot be read.
    pub fn look(&mut self, capture: &mut Capture, now: Clock) -> Result<Vec<Gap>, CaptureError> {
        let before = std::mem::replace(&mut self.last, now);
        let mut found = self.programs(capture);
        found.extend(pins(capture));
        found.extend(self.new_losses(capture)?);
        found.extend(step(&before, &now));
        // What was repaired ended only now.
        let to = Clock::read().map_or(now.now(), |clock| clock.now());
        for gap in &mut found {
            (gap.from, gap.to) = (before.now(), to);
        }
        Ok(found)
    }

    fn programs(&self, capture: &mut Capture) -> Vec<Gap> {
        capture
            .mend_programs(&self.root)
            .into_iter()
            .map(|(name, outcome)| match outcome {
                Ok(()) => {
                    let detail = format!("{name} was off its hook and has been attached again");
                    gap(Reason::ProgramDetached, detail, true)
                }
                Err(error) => gap(Reason::ProgramDetached, error.to_string(), false),
            })
            .collect()
    }

    fn new_losses(&mut self, capture: &Capture) -> Result<Option<Gap>, CaptureError> {
        let mut new = BTreeMap::new();
        for (kind, total) in capture.losses()? {
            let known = self.losses.insert(kind.label().to_owned(), total);
            let more = total.saturating_sub(known.unwrap_or(0));
            if more > 0 {
                new.insert(kind.label().to_owned(), more);
            }
        }
        if new.is_empty() {
            return Ok(None);
        }
        let detail: Vec<_> = new.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        Ok(Some(Gap {
            losses: new,
            ..gap(Reason::Loss, detail.join(", "), false)
        }))
    }
}

/// A gap whose interval is not filled in yet.
fn gap(reason: Reason, detail: String, repaired: bool) -> Gap {
    Gap {
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::UNIX_EPOCH,
        reason,
        detail,
        repaired,
        losses: BTreeMap::new(),
    }
}

fn pins(capture: &mut Capture) -> Option<Gap> {
    match capture.mend_pins() {
        Ok(names) if names.is_empty() => None,
        Ok(names) => {
            let detail = format!("pinned again: {}", names.join(", "));
            Some(gap(Reason::PinRemoved, detail, true))
        }
        Err(error) => Some(gap(Reason::PinRemoved, error.to_string(), false)),
    }
}

fn step(before: &Clock, now: &Clock) -> Option<Gap> {
    let by = now.stepped_since(before);
    (by.unsigned_abs() > STEP).then(|| {
        let detail = format!("the time of day was set by {:+.3} s", by.as_secs_f64());
        gap(Reason::ClockStep, detail, false)
    })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_was_adjusted() {
        let before = Clock::at(5_000_000_000, Timestamp::UNIX_EPOCH);
        let later = |milliseconds: i64| {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(milliseconds);
            step(&before, &Clock::at(10_000_000_000, now)).map(|gap| gap.detail)
        };
        assert_eq!(later(5_000), None);
        assert_eq!(later(5_400), None);
        assert_eq!(
            later(65_250),
            Some("the time of day was set by +60.250 s".to_owned())
        );
        assert_eq!(
            later(-55_000),
            Some("the time of day was set by -60.000 s".to_owned())
        );
    }
}
