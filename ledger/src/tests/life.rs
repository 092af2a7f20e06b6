//! Opening, sealing, pruning, and what is refused.

use std::fs;

use super::*;
use crate::{LedgerError, Node, disk::fault, log::CHECKPOINT};

#[test]
fn entries_come_back_over_restarts_and_segments() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for n in 1..=20 {
        let mut log = open(path);
        assert_eq!(log.seq(), n - 1);
        append(&mut log, n);
        log.flush().unwrap();
        if n % 6 == 0 {
            log.seal().unwrap();
        }
        log.checkpoint().unwrap();
    }
    assert_eq!(all(path), expected(20));
}

#[test]
fn what_is_not_sealed_is_given_on_opening() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for n in 1..=5 {
        append(&mut log, n);
        log.flush().unwrap();
        if n == 3 {
            log.seal().unwrap();
        }
    }
    drop(log);
    let mut given = Vec::new();
    Log::open(directory.path(), options(), |seq, leaf| {
        given.push((
            seq,
            serde_json::from_slice::<Value>(leaf).unwrap()["time_ns"].clone(),
        ));
    })
    .unwrap();
    assert_eq!(given, [(4, json!(time(4))), (5, json!(time(5)))]);
}

#[test]
fn what_was_signed_has_to_be_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut log = open(path);
    let tail = log.tail.path.clone();
    append(&mut log, 1);
    log.flush().unwrap();
    let before = fs::read(&tail).unwrap();
    append(&mut log, 2);
    log.flush().unwrap();
    log.checkpoint().unwrap();
    drop(log);
    fs::write(&tail, before).unwrap();
    let error = Log::open(path, options(), |_, _| {}).unwrap_err();
    assert!(
        matches!(
            error,
            LedgerError::RolledBack {
                size: 1,
                signed: 2,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn another_history_under_the_checkpoint_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut log = open(path);
    append(&mut log, 1);
    log.flush().unwrap();
    log.checkpoint().unwrap();
    let signed = fs::read(path.join(CHECKPOINT)).unwrap();
    let tail = log.tail.path.clone();
    drop(log);
    fs::remove_file(tail).unwrap();
    fs::remove_file(path.join(CHECKPOINT)).unwrap();
    let mut log = open(path);
    append(&mut log, 2);
    log.flush().unwrap();
    drop(log);
    fs::write(path.join(CHECKPOINT), signed).unwrap();
    let error = Log::open(path, options(), |_, _| {}).unwrap_err();
    assert!(
        error.to_string().contains("the root that was signed"),
        "{error}"
    );
}

#[test]
fn a_checkpoint_of_another_node_is_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    open(one.path()).checkpoint().unwrap();
    open(other.path()).checkpoint().unwrap();
    fs::copy(one.path().join(CHECKPOINT), other.path().join(CHECKPOINT)).unwrap();
    let error = Log::open(other.path(), options(), |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("its signature"), "{error}");
}

#[test]
fn an_earlier_format_is_refused_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("segment-1.weirlog"), "").unwrap();
    let opened = Log::open(directory.path(), options(), |_, _| {}).unwrap_err();
    let read = for_each(directory.path(), |_, _, _| {}).unwrap_err();
    for error in [opened.to_string(), read.to_string()] {
        assert!(
            error.contains("(segment-1.weirlog): move *.weirlog aside"),
            "{error}"
        );
    }
}

#[test]
fn a_key_is_rotated_and_the_log_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut log = open(path);
    append(&mut log, 1);
    log.flush().unwrap();
    log.checkpoint().unwrap();
    drop(log);
    Node::prepare_rotation(path).unwrap();
    let (mut log, opened) = Log::open(path, options(), |_, _| {}).unwrap();
    let rotation = opened.rotation.unwrap();
    assert_eq!(log.node().public(), rotation.old);
    append(&mut log, 2);
    log.flush().unwrap();
    log.rotate_key().unwrap();
    assert_eq!(log.node().public(), rotation.new);
    drop(log);
    let (log, opened) = Log::open(path, options(), |_, _| {}).unwrap();
    assert_eq!((log.seq(), opened.rotation), (2, None));
}

#[test]
fn pruned_segments_leave_their_proof() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let by_age = Options {
        keep_ns: Some(time(5)),
        ..options()
    };
    let (mut log, _) = Log::open(path, by_age, |_, _| {}).unwrap();
    for n in 1..=9 {
        append(&mut log, n);
        log.flush().unwrap();
        if n % 3 == 0 {
            log.seal().unwrap();
        }
    }
    let pruned = log.to_prune(time(10));
    assert_eq!(
        pruned
            .iter()
            .map(|p| (p.first, p.last, p.for_age))
            .collect::<Vec<_>>(),
        [(1, 3, true)]
    );
    log.prune(&pruned).unwrap();
    assert_eq!(log.to_prune(time(10)), []);
    drop(log);
    assert_eq!(all_from(path, 4), expected(9)[3..]);
    assert!(crate::sidecar::sidecar_path(path, 1).exists());
    let room = Options {
        keep_bytes: Some(1),
        ..options()
    };
    let (log, _) = Log::open(path, room, |_, _| {}).unwrap();
    assert_eq!(log.seq(), 9);
    assert_eq!(
        log.to_prune(time(10))
            .iter()
            .map(|p| (p.first, p.for_age))
            .collect::<Vec<_>>(),
        [(4, false), (7, false)]
    );
}

#[test]
fn without_room_entries_wait_and_then_are_refused_until_there_is_some() {
    let directory = tempfile::tempdir().unwrap();
    let little = Options {
        waiting_bytes: 3000,
        ..options()
    };
    let (mut log, _) = Log::open(directory.path(), little, |_, _| {}).unwrap();
    append(&mut log, 1);
    log.flush().unwrap();
    fault::full(true);
    let mut kept = 1;
    for n in 2..=20 {
        if log.append(time(n), entry(n)).unwrap() == Appended::Kept {
            kept = n;
        }
        log.flush().unwrap();
        assert!(!log.is_synced());
        log.checkpoint().unwrap();
        log.seal().unwrap();
    }
    assert!((2..20).contains(&kept), "{kept}");
    assert_eq!(log.relieved(), None);
    assert_eq!(all(directory.path()), expected(1));
    fault::full(false);
    log.flush().unwrap();
    let shortage = log.relieved().unwrap();
    assert_eq!((shortage.since_ns, shortage.refused), (time(2), 20 - kept));
    assert_eq!(log.relieved(), None);
    assert_eq!(all(directory.path()), expected(kept));
}

#[test]
fn a_full_disk_keeps_the_tail_until_a_segment_has_room() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for n in 1..=3 {
        append(&mut log, n);
    }
    log.flush().unwrap();
    // Room for the next tail, and not for the segment.
    fault::full_after(1);
    log.seal().unwrap();
    assert_eq!(log.waiting.len(), 1);
    fault::full(false);
    assert_eq!(all(directory.path()), expected(3));
    for _ in 0..60 {
        log.flush().unwrap();
    }
    assert_eq!((log.waiting.len(), log.kept.len()), (0, 1));
    assert_eq!(all(directory.path()), expected(3));
}
