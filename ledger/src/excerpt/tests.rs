//! Excerpts of made-up logs.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::Path};

use proptest::prelude::*;

use super::*;
use crate::{LedgerError, Log, tests as made};

fn log(directory: &Path, count: u64, seals: &BTreeSet<u64>) -> Log {
    let mut log = made::open(directory);
    for n in 1..=count {
        made::append(&mut log, n);
        if seals.contains(&n) {
            log.flush().unwrap();
            log.seal().unwrap();
        }
    }
    log.flush().unwrap();
    log.checkpoint().unwrap();
    log
}

fn cut_into(store: &Path, order: &Order<'_>) -> (tempfile::TempDir, Cut) {
    let into = tempfile::tempdir().unwrap();
    let cut = cut(store, into.path(), order, |_| ()).unwrap();
    (into, cut)
}

fn bytes(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is shown and however the log is kept, the tree is the log's, rows are those that
    /// were asked for, and the files are the same.
    #[test]
    fn any_choice_gives_the_same_root(
        count in 2_u64..60,
        seals in prop::collection::btree_set(1_u64..60, 0..4),
        others in prop::collection::btree_set(1_u64..60, 0..4),
        shown in prop::collection::btree_set(1_u64..60, 0..40),
        (first, previous) in (1_u64..60, 1_u64..60),
    ) {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let whole = log(one.path(), count, &seals);
        drop(log(other.path(), count, &others));
        // The same node, so that the files can be the same.
        fs::copy(one.path().join("node.pub"), other.path().join("node.pub")).unwrap();
        fs::remove_file(other.path().join("checkpoint")).unwrap();
        let first = first.min(count);
        let order = Order {
            first,
            last: count,
            also: &shown.iter().copied().filter(|seq| *seq < first).collect(),
            shown: &|row| shown.contains(&row.seq),
            previous: Some(previous.min(count)),
            veil: None,
        };
        let (directory, cut) = cut_into(one.path(), &order);
        prop_assert_eq!(cut.root, whole.root());
        let mut rows = Vec::new();
        let excerpt = Excerpt::open(directory.path()).unwrap();
        let tree = excerpt.verify_rows(|row| rows.push((row.seq, row.entry().unwrap()))).unwrap();
        prop_assert_eq!((tree.end(), tree.root()), (count, whole.root()));
        let wanted: Vec<_> = shown.range(..=count).map(|n| (*n, made::entry(*n))).collect();
        prop_assert_eq!(&rows, &wanted);
        let (again, same) = cut_into(other.path(), &order);
        prop_assert_eq!(&cut, &same);
        prop_assert_eq!(bytes(directory.path()), bytes(again.path()));
        let old = cut.previous.map(|root| (previous.min(count), root)).unwrap();
        prop_assert!(crate::continues(&cut.consistency, (count, cut.root), old));
    }
}

fn order(first: u64, last: u64) -> Order<'static> {
    static NONE: BTreeSet<u64> = BTreeSet::new();
    Order {
        first,
        last,
        also: &NONE,
        shown: &|_| true,
        previous: None,
        veil: None,
    }
}

#[test]
fn what_is_pruned_is_hidden_and_what_is_wanted_of_it_is_missed() {
    let store = tempfile::tempdir().unwrap();
    let whole = log(store.path(), 30, &[10, 20].into());
    fs::remove_file(store.path().join("segment-00000000000000000001.parquet")).unwrap();
    let (directory, cut) = cut_into(store.path(), &order(11, 30));
    assert_eq!((cut.root, cut.shown), (whole.root(), 20));
    let hidden = fs::read_to_string(directory.path().join("hidden.jsonl")).unwrap();
    assert!(
        hidden.starts_with("{\"first\":1,\"last\":10,\"nodes\":[[3,\""),
        "{hidden}"
    );
    assert_eq!(hidden.lines().count(), 1);
    let into = tempfile::tempdir().unwrap();
    let error = super::cut(store.path(), into.path(), &order(9, 30), |_| ()).unwrap_err();
    assert!(
        matches!(
            error,
            LedgerError::Pruned {
                first: 9,
                last: 10,
                ..
            }
        ),
        "{error}"
    );
}

/// Ranges that overlap, leave a hole, or stand for rows that are there, too.
#[test]
fn an_excerpt_that_is_not_whole_is_refused() {
    let store = tempfile::tempdir().unwrap();
    drop(log(store.path(), 30, &[10].into()));
    let (directory, _) = cut_into(store.path(), &order(8, 30));
    let excerpt = Excerpt::open(directory.path()).unwrap();
    let path = directory.path().join("hidden.jsonl");
    let line = fs::read_to_string(&path).unwrap();
    let refused = |text: &str| {
        fs::write(&path, text).unwrap();
        excerpt.verify().unwrap_err().to_string()
    };
    for (text, wanted) in [
        (String::new(), "entry 1, which is neither shown nor hidden"),
        (
            line.repeat(2),
            "entry 31, which is neither shown nor hidden",
        ),
        (
            line.replace("\"last\":7", "\"last\":8"),
            "line 1: its nodes do not cover its entries",
        ),
        (
            line.replace(',', ", "),
            "line 1: written otherwise than ranges are",
        ),
        (
            line.trim_end().to_owned(),
            "line 1: written otherwise than ranges are",
        ),
    ] {
        let error = refused(&text);
        assert!(error.contains(wanted), "{error}");
    }
    fs::write(&path, &line).unwrap();
    assert_eq!(excerpt.verify().unwrap().end(), 30);
}
