//! Databases as their owners wrote them, and others.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::io::Write as _;

use proptest::prelude::*;

use super::*;

/// Of containerd 1.6, with three containers made by `ctr`.
const CONTAINERD: &[u8] = include_bytes!("../../fixtures/containerd-1.6-meta.db");
const PATH: [&str; 5] = ["v1", "default", "containers", "batch-1", "labels"];

fn labels(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let pairs = read(&file, |bolt| bolt.pairs(bolt.bucket(&PATH)?))?;
    let text = |bytes| String::from_utf8(bytes).ok();
    let pairs = pairs.into_iter();
    pairs
        .map(|(key, value)| Some((text(key)?, text(value)?)))
        .collect()
}

fn expected() -> Option<Vec<(String, String)>> {
    let pairs = [("tier", "gpu")];
    Some(
        pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
    )
}

#[test]
fn labels_as_containerd_wrote_them() {
    assert_eq!(labels(CONTAINERD), expected());
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(CONTAINERD).unwrap();
    let found = |path: &[&str]| read(&file, |bolt| bolt.bucket(path).map(drop)).is_some();
    assert!(found(&["v1", "k8s.io"]));
    assert!(!found(&["v1", "other"]));
}

#[test]
fn one_meta_page_suffices_and_none_does_not() {
    let torn = |pages: &[usize]| {
        let mut bytes = CONTAINERD.to_vec();
        for page in pages {
            bytes[page * 4096 + HEADER + 20] ^= 1;
        }
        labels(&bytes)
    };
    // One of them is of the last transaction, and the other of the one before.
    assert!([torn(&[0]), torn(&[1])].contains(&expected()));
    assert_eq!(torn(&[0, 1]), None);
    assert_eq!(labels(&[]), None);
    assert_eq!(labels(&CONTAINERD[..8192]), None);
}

#[test]
fn what_changes_while_it_is_read_is_read_again() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(CONTAINERD).unwrap();
    // A transaction after each look, as bbolt notes it.
    let commit = || {
        let newest = newest(&file).unwrap().transaction + 1;
        let at = u64::from(newest % 2 == 1) * 4096;
        let other = 4096 - at;
        let mut page = vec![0; HEADER + CHECKED + 8];
        file.read_exact_at(&mut page, other).unwrap();
        page[HEADER + 48..HEADER + 56].copy_from_slice(&newest.to_le_bytes());
        let sum = fnv1a(&page[HEADER..HEADER + CHECKED]);
        page[HEADER + CHECKED..].copy_from_slice(&sum.to_le_bytes());
        file.write_all_at(&page, at).unwrap();
    };
    let looks = Cell::new(0);
    let look = |times: usize| {
        looks.set(0);
        read(&file, |_| {
            looks.set(looks.get() + 1);
            if looks.get() <= times {
                commit();
            }
            Some(looks.get())
        })
    };
    assert_eq!(look(0), Some(1));
    assert_eq!(look(1), Some(2));
    assert_eq!(look(9), None);
    assert_eq!(looks.get(), TRIES);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is changed, the reader ends, within its bounds.
    #[test]
    fn no_bytes_break_it(changes in prop::collection::vec((0..CONTAINERD.len(), any::<u8>()), 1..64)) {
        let mut bytes = CONTAINERD.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        labels(&bytes);
    }
}
