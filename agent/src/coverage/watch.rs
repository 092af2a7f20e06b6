//! Looks, every few seconds, for whatever makes the record incomplete, and
//! repairs what can be repaired.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use weir_common::Loss;

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
    /// Slots that were ever used.
    used: u32,
}

impl Watch {
    /// Begins to watch a recording; `losses` are those that are recorded
    /// already.
    pub fn new(root: CgroupDirectory, now: Clock, losses: BTreeMap<String, u64>) -> Self {
        Self {
            root,
            last: now,
            losses,
            used: 0,
        }
    }

    /// When it last looked.
    pub fn last(&self) -> Clock {
        self.last
    }

    /// Gaps for what was found to be the matter with files as the agent began.
    pub fn began(&self, tampering: Vec<String>) -> impl Iterator<Item = Gap> {
        let now = self.last.now();
        tampering.into_iter().map(move |detail| Gap {
            from: now,
            to: now,
            ..tampered(detail)
        })
    }

    /// Whether it is time to look again.
    pub fn is_due(&self, now: &Clock) -> bool {
        now.since(&self.last) >= CHECK_EVERY
    }

    /// Looks at everything, and repairs. `tampering` is what was found of that elsewhere.
    ///
    /// # Errors
    /// The kernel's, if its counts cannot be read.
    pub fn look(
        &mut self,
        capture: &mut Capture,
        now: Clock,
        tampering: Vec<String>,
    ) -> Result<Vec<Gap>, CaptureError> {
        let before = std::mem::replace(&mut self.last, now);
        let mut found = self.programs(capture);
        found.extend(pins(capture));
        let losses = capture.losses()?;
        found.extend(self.fallen(capture, &losses)?);
        found.extend(self.new_losses(&losses));
        found.extend(tampering.into_iter().map(tampered));
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
            .map(|one| match one.outcome {
                Ok(()) => {
                    let how = match one.replaced_by {
                        Some(id) => format!("had been replaced by program {id}"),
                        None => "was off its hook".to_owned(),
                    };
                    let detail = format!("{} {how} and has been attached again", one.name);
                    gap(Reason::ProgramDetached, detail, true)
                }
                Err(error) => gap(Reason::ProgramDetached, error.to_string(), false),
            })
            .collect()
    }

    /// Counts of the kernel's that can only rise.
    fn fallen(
        &mut self,
        capture: &Capture,
        losses: &[(Loss, u64)],
    ) -> Result<Option<Gap>, CaptureError> {
        let mut fallen: Vec<String> = losses
            .iter()
            .filter_map(|(kind, total)| {
                let known = self.losses.get(kind.label()).copied()?;
                (*total < known)
                    .then(|| format!("LOSS: {} fell from {known} to {total}", kind.label()))
            })
            .collect();
        let used = capture.used_slots()?;
        let before = std::mem::replace(&mut self.used, used);
        if used < before {
            fallen.push(format!("NEXT_SLOT fell from {before} to {used}"));
        }
        let detail = fallen.join("; ");
        Ok((!detail.is_empty()).then(|| gap(Reason::Tampered, detail, false)))
    }

    fn new_losses(&mut self, losses: &[(Loss, u64)]) -> Option<Gap> {
        let mut new = BTreeMap::new();
        for (kind, total) in losses.iter().copied() {
            let known = self.losses.insert(kind.label().to_owned(), total);
            let more = total.saturating_sub(known.unwrap_or(0));
            if more > 0 {
                new.insert(kind.label().to_owned(), more);
            }
        }
        if new.is_empty() {
            return None;
        }
        let detail: Vec<_> = new.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        Some(Gap {
            losses: new,
            ..gap(Reason::Loss, detail.join(", "), false)
        })
    }
}

/// What somebody else has done to the agent's own; the interval is not filled in yet.
fn tampered(detail: String) -> Gap {
    gap(Reason::Tampered, detail, false)
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

fn pins(capture: &mut Capture) -> Vec<Gap> {
    let found = match capture.mend_pins() {
        Ok(found) => found,
        Err(error) => return vec![gap(Reason::PinRemoved, error.to_string(), false)],
    };
    let said = |reason, what: &str, names: Vec<String>| {
        (!names.is_empty()).then(|| gap(reason, format!("{what}: {}", names.join(", ")), true))
    };
    [
        said(Reason::PinRemoved, "pinned again", found.missing),
        said(
            Reason::Tampered,
            "pinned again in the place of something else",
            found.exchanged,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
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
