//! Proofs of what a ledger keeps.

use tlog_tiles::{Hash, check_record, check_tree, record_hash};

use super::*;
use crate::{Leaf, Proofs, root_of, sidecar::segment_path};

fn leaves(count: u64) -> Vec<Vec<u8>> {
    (1..=count)
        .map(|n| Leaf::of(n, time(n), entry(n)).bytes)
        .collect()
}

fn root(leaves: &[Vec<u8>], size: u64) -> Hash {
    let size = usize::try_from(size).unwrap();
    Hash(root_of(leaves[..size].iter().map(Vec::as_slice)))
}

/// Segments of these sizes, and five entries in the tail.
fn ledger(sizes: &[u64]) -> (tempfile::TempDir, u64) {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    let mut n = 0;
    for size in sizes.iter().chain(&[5]) {
        for _ in 0..*size {
            n += 1;
            append(&mut log, n);
        }
        log.flush().unwrap();
        if n < sizes.iter().sum::<u64>() + 5 {
            log.seal().unwrap();
        }
    }
    (directory, n)
}

#[test]
fn every_entry_is_proven_in_every_tree() {
    let (directory, count) = ledger(&[1, 6, 2, 11, 3]);
    let leaves = leaves(count);
    let proofs = Proofs::open(directory.path()).unwrap();
    assert_eq!(proofs.size(), count);
    for size in 1..=count {
        let whole = root(&leaves, size);
        for seq in 1..=size {
            let proof = proofs.inclusion(seq, size).unwrap();
            let proof = proof.into_iter().map(Hash).collect();
            let leaf = &leaves[usize::try_from(seq - 1).unwrap()];
            check_record(&proof, size, whole, seq - 1, record_hash(leaf)).unwrap();
        }
        for old in 1..=size {
            let proof = proofs.consistency(old, size).unwrap();
            let proof = proof.into_iter().map(Hash).collect();
            check_tree(&proof, size, whole, old, root(&leaves, old)).unwrap();
        }
    }
    assert_eq!(proofs.inclusion(count + 1, count + 1), None);
    assert_eq!(proofs.inclusion(0, 1), None);
}

#[test]
fn checkpoints_of_pruned_segments_are_still_proven_consistent() {
    let sizes = [5, 6, 2, 11];
    let (directory, count) = ledger(&sizes);
    let leaves = leaves(count);
    for first in [1, 6, 12] {
        std::fs::remove_file(segment_path(directory.path(), first)).unwrap();
    }
    let proofs = Proofs::open(directory.path()).unwrap();
    let ends: Vec<u64> = sizes
        .iter()
        .scan(0, |end, size| {
            *end += size;
            Some(*end)
        })
        .collect();
    for (old, size) in ends.iter().flat_map(|old| {
        ends.iter()
            .chain([&count])
            .filter(move |size| *size >= old)
            .map(move |size| (*old, *size))
    }) {
        let proof = proofs.consistency(old, size).unwrap();
        let proof = proof.into_iter().map(Hash).collect();
        check_tree(&proof, size, root(&leaves, size), old, root(&leaves, old)).unwrap();
    }
    // What is there is still proven; what is pruned is left to whoever holds it.
    let proof = proofs.inclusion(20, count).unwrap();
    let proof = proof.into_iter().map(Hash).collect();
    check_record(
        &proof,
        count,
        root(&leaves, count),
        19,
        record_hash(&leaves[19]),
    )
    .unwrap();
    assert_eq!(proofs.inclusion(3, count), None);
}
