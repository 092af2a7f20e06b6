//! Readers refuse what is not whole.

use std::fs;

use super::*;
use crate::{
    Columns, LedgerError, fold,
    log::CHECKPOINT,
    sidecar::{segment_path, sidecar_path},
};

/// Three segments of three entries each, and a tail of one; all signed.
fn four() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for n in 1..=10 {
        append(&mut log, n);
        log.flush().unwrap();
        if n % 3 == 0 {
            log.seal().unwrap();
        }
    }
    log.checkpoint().unwrap();
    directory
}

/// What each of the readers says: the one of entries, and the one of columns.
fn refused(directory: &Path) -> [LedgerError; 2] {
    let columns = Columns {
        first: &["seq"],
        rest: &["rest"],
    };
    let times = (i64::MIN, i64::MAX);
    [
        for_each(directory, |_, _, _| {}).unwrap_err(),
        fold(
            directory,
            columns,
            times,
            || (),
            |(), _| true,
            |(), _| {},
            drop,
        )
        .unwrap_err(),
    ]
}

fn damaged_at(directory: &Path, path: &Path, at: &str) {
    for error in refused(directory) {
        let LedgerError::Damaged {
            path: found,
            at: said,
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!((found.as_path(), said.as_str()), (path, at));
        assert!(error.to_string().contains("from a backup"), "{error}");
    }
}

#[test]
fn a_hole_that_no_sidecar_explains_is_damage() {
    let directory = four();
    let path = directory.path();
    fs::remove_file(segment_path(path, 4)).unwrap();
    let at = "entry 4, which is missing and was not pruned";
    // Its sidecar tells of pruning, and the segment before it is there.
    damaged_at(path, path, at);
    let error = Log::open(path, options(), |_, _| {}).unwrap_err();
    assert!(error.to_string().contains(at), "{error}");
    fs::remove_file(sidecar_path(path, 4)).unwrap();
    damaged_at(path, path, at);
    let error = Log::open(path, options(), |_, _| {}).unwrap_err();
    assert!(error.to_string().contains(at), "{error}");
}

#[test]
fn the_end_of_the_sealed_entries_is_missing() {
    let directory = four();
    let path = directory.path();
    fs::remove_file(segment_path(path, 7)).unwrap();
    fs::remove_file(sidecar_path(path, 7)).unwrap();
    damaged_at(path, path, "entry 7, which is missing and was not pruned");
}

#[test]
fn the_oldest_segments_may_be_pruned() {
    let directory = four();
    let path = directory.path();
    fs::remove_file(segment_path(path, 1)).unwrap();
    fs::remove_file(segment_path(path, 4)).unwrap();
    assert_eq!(all_from(path, 7), expected(10)[6..]);
}

#[test]
fn a_lost_or_odd_sidecar_of_a_segment_is_damage() {
    let directory = four();
    let path = directory.path();
    for first in [1, 4, 7] {
        let sidecar = sidecar_path(path, first);
        let text = fs::read(&sidecar).unwrap();
        fs::remove_file(&sidecar).unwrap();
        let segment = segment_path(path, first);
        damaged_at(path, &segment, "its sidecar, which is missing");
        fs::write(&sidecar, "no JSON").unwrap();
        let said = "expected ident at line 1 column 2";
        damaged_at(path, &sidecar, said);
        fs::write(&sidecar, text).unwrap();
    }
    assert_eq!(all(path), expected(10));
}

#[test]
fn a_segment_is_compared_with_its_sidecar_before_it_is_decoded() {
    let directory = four();
    let path = directory.path();
    let segment = segment_path(path, 4);
    let bytes = fs::read(&segment).unwrap();
    for at in (0..bytes.len()).step_by(97) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        fs::write(&segment, flipped).unwrap();
        let said = "its SHA-256, which its sidecar has otherwise";
        damaged_at(path, &segment, said);
    }
    fs::write(&segment, &bytes[..100]).unwrap();
    let said = format!("its length: 100 bytes instead of {}", bytes.len());
    damaged_at(path, &segment, &said);
}

#[test]
fn no_bytes_make_the_decoder_panic() {
    let directory = four();
    let path = directory.path();
    let bytes = fs::read(segment_path(path, 4)).unwrap();
    let columns: Vec<usize> = (0..crate::COLUMNS.len()).collect();
    for at in (0..bytes.len()).step_by(5) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x55;
        // Either outcome is one; what is flipped may be of no consequence.
        if let Ok(segment) = crate::segment::Segment::of(bytes::Bytes::from(flipped)) {
            for group in 0..segment.groups() {
                drop(segment.read(group, &columns));
            }
        }
    }
}

#[test]
fn a_store_that_was_set_back_behind_its_checkpoint_is_refused() {
    let directory = four();
    let path = directory.path();
    let tail = crate::tail::tail_path(path, 10);
    let whole = fs::read(&tail).unwrap();
    fs::write(&tail, &whole[..whole.len() - 1]).unwrap();
    for missing in [false, true] {
        if missing {
            fs::remove_file(&tail).unwrap();
        }
        for error in refused(path) {
            assert!(
                matches!(
                    error,
                    LedgerError::RolledBack {
                        size: 9,
                        signed: 10,
                        ..
                    }
                ),
                "{error}"
            );
        }
    }
}

#[test]
fn another_history_under_the_checkpoint_is_refused_by_readers() {
    let directory = four();
    let path = directory.path();
    let signed = fs::read(path.join(CHECKPOINT)).unwrap();
    let tail = crate::tail::tail_path(path, 10);
    fs::remove_file(&tail).unwrap();
    fs::remove_file(path.join(CHECKPOINT)).unwrap();
    let mut log = open(path);
    append(&mut log, 11);
    log.flush().unwrap();
    drop(log);
    fs::write(path.join(CHECKPOINT), &signed).unwrap();
    damaged_at(path, &tail, "the root that was signed");
    let mut changed = signed;
    changed[20] ^= 1;
    fs::write(path.join(CHECKPOINT), changed).unwrap();
    damaged_at(path, &path.join(CHECKPOINT), "its signature");
}

/// A reader beside a writer sees a log that ends somewhere, and never a damaged one.
#[test]
fn a_log_that_is_written_meanwhile_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let keep = Options {
        keep_bytes: Some(60_000),
        ..Options::default()
    };
    let (mut log, _) = Log::open(path, keep, |_, _| {}).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for n in 1..=300 {
                append(&mut log, n);
                log.flush().unwrap();
                log.checkpoint().unwrap();
                if n % 5 == 0 {
                    log.seal().unwrap();
                    let old = log.to_prune(time(n));
                    log.prune(&old).unwrap();
                }
            }
        });
        let columns = Columns {
            first: &["seq"],
            rest: &[],
        };
        let times = (i64::MIN, i64::MAX);
        let mut last = 0;
        while !writer.is_finished() {
            let mut end = 0;
            for_each(path, |seq, _, _| end = seq).unwrap();
            assert!(end >= last, "{end} after {last}");
            last = end;
            fold(path, columns, times, || (), |(), _| true, |(), _| {}, drop).unwrap();
        }
    });
}

#[test]
fn errors_of_reading_and_writing_have_remedies_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let none = directory.path().join("none");
    let [error, _] = refused(&none);
    assert_eq!(
        error.to_string(),
        format!(
            "the store {} cannot be read (No such file or directory (os error 2)): check that \
             it is there and may be read by this user, or name another with --store",
            none.display()
        )
    );
    assert!(
        std::error::Error::source(&error).is_none(),
        "the cause is told once"
    );
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Log::open(&file, options(), |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("writable directory"), "{error}");
}
