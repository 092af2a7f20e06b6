//! The clock: periods of evidence and days of declarations are the host's time.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use weir_ledger::CHECKPOINT;

use super::check::{Area, Check};
use crate::{
    kernel::{Clock, is_synchronised},
    ledger::Ledger,
};

const AREA: Area = Area("clock");
/// How far entries may lie ahead of another look at the clock.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// Looks at the time of day, and at what the ledger says of it.
pub(super) fn checks(clock: &Clock, store: &Path) -> Vec<Check> {
    let now = clock.now();
    let service = if is_synchronised() {
        AREA.pass("time service", "keeps the clock")
    } else {
        AREA.warn(
            "time service",
            "none keeps the clock",
            "run chrony or systemd-timesyncd, so that periods of evidence are of true time",
        )
    };
    let mut checks = vec![service];
    checks.extend(against_ledger(now, store));
    checks
}

/// Entries from the future say that the clock was moved back.
fn against_ledger(now: Timestamp, store: &Path) -> Option<Check> {
    const WHAT: &str = "time of day";
    if !store.join(CHECKPOINT).exists() {
        return Some(AREA.pass(WHAT, format_args!("{now:.0}")));
    }
    let from = now.checked_add(TOLERANCE).ok()?;
    let mut last: Option<Timestamp> = None;
    let read = Ledger::each_since(store, from, |_, time, _| {
        last = last.max((time > from).then_some(time));
    });
    if let Err(error) = read {
        return Some(AREA.refused(WHAT, error));
    }
    Some(match last {
        None => AREA.pass(WHAT, format_args!("{now:.0}")),
        Some(last) => AREA.fail(
            WHAT,
            format_args!("it is {now:.0}, and the ledger has entries of {last:.0}"),
            "set the clock; the record has the step as a gap",
        ),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A ledger that cannot be read says nothing of the time, and that is said.
    #[test]
    fn a_ledger_that_is_not_whole_fails() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(CHECKPOINT), "not signed").unwrap();
        let check = against_ledger(Timestamp::UNIX_EPOCH, directory.path()).unwrap();
        assert_eq!(check.state, super::super::check::State::Fail, "{check:?}");
    }

    #[test]
    fn without_a_ledger_the_time_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
        let check = against_ledger(now, directory.path()).unwrap();
        assert_eq!(check, AREA.pass("time of day", "2026-11-30T10:00:00Z"));
    }
}
