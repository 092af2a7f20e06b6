//! The end at any change that is made on disk.

use super::*;
use crate::{LedgerError, disk::fault};

/// What was confirmed: entries that a flush has returned for.
fn live(directory: &Path, synced: &mut u64) -> Result<(), LedgerError> {
    let (mut log, _) = Log::open(directory, options(), |_, _| {})?;
    for n in log.seq() + 1..=14 {
        log.append(time(n), entry(n))?;
        if n.is_multiple_of(2) {
            log.flush()?;
            *synced = n;
        }
        if n.is_multiple_of(4) {
            log.checkpoint()?;
        }
        if n.is_multiple_of(6) {
            log.seal()?;
        }
    }
    let segments = log.to_prune(time(100));
    log.prune(&segments)
}

/// Ends at each change in turn; `after` is what the disk makes of it.
fn at_every_change(after: impl Fn()) {
    let mut changes = 0;
    loop {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut synced = 0;
        fault::begin(Some(changes));
        let outcome = live(path, &mut synced);
        after();
        let (log, opened) = Log::open(path, options(), |_, _| {})
            .unwrap_or_else(|error| panic!("after {changes} changes: {error}"));
        let there = log.seq();
        assert!(
            there >= synced,
            "after {changes} changes: {there} of {synced}"
        );
        // Nothing but whole entries that were appended, in their order.
        assert_eq!(all(path), expected(there), "after {changes} changes");
        if there < synced + 2 && outcome.is_ok() {
            assert_eq!(opened.torn, 0);
        }
        drop(log);
        // And it goes on from there to the end.
        let mut again = 0;
        live(path, &mut again).unwrap();
        assert_eq!(all(path), expected(14), "after {changes} changes");
        if outcome.is_ok() {
            break;
        }
        changes += 1;
    }
    assert!(changes > 60, "{changes}");
}

#[test]
fn a_process_killed_at_any_change_loses_nothing_that_was_confirmed() {
    at_every_change(|| {
        fault::end();
    });
}

#[test]
fn a_power_cut_at_any_change_loses_nothing_that_was_confirmed() {
    for keep in [0, 2] {
        at_every_change(|| fault::cut_power(keep));
    }
}

#[test]
fn the_end_while_repairing_is_repaired_too() {
    let mut changes = 0;
    loop {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let mut log = open(path);
        for n in 1..=3 {
            append(&mut log, n);
            log.flush().unwrap();
        }
        let tail = log.tail.path.clone();
        drop(log);
        let bytes = std::fs::read(&tail).unwrap();
        std::fs::write(&tail, &bytes[..bytes.len() - 5]).unwrap();
        fault::begin(Some(changes));
        let outcome = Log::open(path, options(), |_, _| {}).map(|(log, _)| drop(log));
        fault::cut_power(0);
        let (log, opened) = Log::open(path, options(), |_, _| {}).unwrap();
        assert_eq!(log.seq(), 2, "after {changes} changes");
        assert!(opened.torn > 0, "after {changes} changes");
        let mut log = log;
        log.told_of_repair().unwrap();
        drop(log);
        let (_, opened) = Log::open(path, options(), |_, _| {}).unwrap();
        assert_eq!(opened.torn, 0, "it is said once");
        if outcome.is_ok() {
            break;
        }
        changes += 1;
    }
    assert!(changes > 4, "{changes}");
}
