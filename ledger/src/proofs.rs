//! Proofs that an entry is in the log, and that one log continues another
//! (RFC 6962, sections 2.1.1 and 2.1.2), of what is kept of it.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use tlog_tiles::{
    Error, Hash, HashReader, check_tree, prove_record, prove_tree, record_hash,
    split_stored_hash_index,
};

use crate::{
    LedgerError, Range, Sidecar,
    error::{damaged, io},
    seal::leaves,
    segment::Segment,
    sidecar::{segment_path, sidecars},
    tail::{self, FrameKind, tails},
};

/// A part of the log whose leaves may be read.
struct Part {
    own: Range,
    /// Where they are made again of, if that is not pruned.
    segment: Option<(PathBuf, Sidecar)>,
    /// Hashes of its leaves, once they are read.
    leaves: RefCell<Option<Vec<[u8; 32]>>>,
}

/// Proves, from sidecars, segments and tails.
pub struct Proofs {
    /// By the end of the part.
    parts: BTreeMap<u64, Part>,
}

impl Proofs {
    /// Of a log.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn open(directory: &Path) -> Result<Self, LedgerError> {
        let mut parts = BTreeMap::new();
        let mut last = 0;
        for (first, path) in sidecars(directory)? {
            let sidecar = Sidecar::read(&path)?;
            let own = sidecar.own().ok_or_else(|| damaged(&path, "its nodes"))?;
            last = own.end();
            let segment = segment_path(directory, first)
                .exists()
                .then(|| (directory.to_owned(), sidecar));
            parts.insert(
                last,
                Part {
                    own,
                    segment,
                    leaves: RefCell::new(None),
                },
            );
        }
        for (first, path) in tails(directory).map_err(io(directory, "read"))? {
            if first <= last {
                continue;
            }
            let mut own = Range::at(first - 1);
            let mut leaves = Vec::new();
            tail::read(&path, first, |kind, content| {
                if kind == FrameKind::Entry {
                    own.push(content);
                    leaves.push(record_hash(content).0);
                }
                Ok(())
            })?;
            if !leaves.is_empty() {
                let leaves = RefCell::new(Some(leaves));
                parts.insert(
                    own.end(),
                    Part {
                        own,
                        segment: None,
                        leaves,
                    },
                );
            }
        }
        Ok(Self { parts })
    }

    /// Entries of the log.
    pub fn size(&self) -> u64 {
        self.parts.last_key_value().map_or(0, |(end, _)| *end)
    }

    /// Hashes that lead from entry `seq`, counted from 1, to the root of the tree of
    /// the first `size` entries; `None` where they are pruned or out of range.
    pub fn inclusion(&self, seq: u64, size: u64) -> Option<Vec<[u8; 32]>> {
        if seq == 0 || seq > size || size > self.size() {
            return None;
        }
        let proof = prove_record(size, seq - 1, self).ok()?;
        Some(proof.into_iter().map(|hash| hash.0).collect())
    }

    /// Hashes that prove that the tree of the first `size` entries continues that of the
    /// first `old`; `None` where they are pruned or out of range.
    pub fn consistency(&self, old: u64, size: u64) -> Option<Vec<[u8; 32]>> {
        if old == 0 || old > size || size > self.size() {
            return None;
        }
        let proof = prove_tree(size, old, self).ok()?;
        Some(proof.into_iter().map(|hash| hash.0).collect())
    }

    /// Root of the subtree of the leaves from `begin` up to `end`.
    fn subtree(&self, begin: u64, end: u64) -> Option<[u8; 32]> {
        let mut range = Range::at(begin);
        for part in self.parts.range(begin + 1..).map(|(_, part)| part) {
            let mut at = part.own.begin();
            for (level, hash) in part.own.nodes() {
                let next = at + (1u64 << level);
                if next <= range.end() || at >= end {
                } else if at >= range.end() && next <= end {
                    range.push_node(*level, *hash)?;
                } else {
                    // Within a node: of the leaves themselves.
                    let (from, to) = (range.end().max(at), next.min(end));
                    for leaf in self.leaves(part, from, to)? {
                        range.push_node(0, leaf)?;
                    }
                }
                at = next;
            }
            if range.end() >= end {
                break;
            }
        }
        (range.end() == end).then(|| range.root())
    }

    fn leaves(&self, part: &Part, from: u64, to: u64) -> Option<Vec<[u8; 32]>> {
        let mut known = part.leaves.borrow_mut();
        if known.is_none() {
            let (directory, sidecar) = part.segment.as_ref()?;
            let mut hashes = Vec::new();
            let segment = Segment::open(directory, sidecar).ok()?;
            let path = segment_path(directory, sidecar.first);
            leaves(&path, &segment, |leaf| hashes.push(record_hash(leaf).0)).ok()?;
            *known = Some(hashes);
        }
        let place = |leaf: u64| usize::try_from(leaf - part.own.begin()).ok();
        Some(known.as_ref()?.get(place(from)?..place(to)?)?.to_vec())
    }
}

/// Nodes of two trees, of which one continues the other.
struct Nodes(BTreeMap<(u8, u64), [u8; 32]>);

impl HashReader for Nodes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let hash = |index: &u64| {
            let (level, n) = split_stored_hash_index(*index);
            let hash = self.0.get(&(level, n)).copied();
            hash.map(Hash)
                .ok_or_else(|| Error::InvalidInput("no such node".into()))
        };
        indexes.iter().map(hash).collect()
    }
}

/// Hashes that prove that `before` and `since` are a tree that continues that of `before`.
pub(crate) fn consistency(before: &Range, since: &Range) -> Option<Vec<[u8; 32]>> {
    let mut nodes = BTreeMap::new();
    for range in [before, since] {
        let mut at = range.begin();
        for (level, hash) in range.nodes() {
            nodes.insert((*level, at >> level), *hash);
            at += 1u64 << level;
        }
    }
    let proof = prove_tree(since.end(), before.end(), &Nodes(nodes)).ok()?;
    Some(proof.into_iter().map(|hash| hash.0).collect())
}

/// Whether hashes prove that the tree of this size and root continues the other (RFC 6962,
/// section 2.1.2). A tree continues itself, and the empty one.
pub fn continues(
    proof: &[[u8; 32]],
    (size, root): (u64, [u8; 32]),
    (old, old_root): (u64, [u8; 32]),
) -> bool {
    let proof = proof.iter().copied().map(Hash).collect();
    check_tree(&proof, size, Hash(root), old, Hash(old_root)).is_ok()
}

impl HashReader for Proofs {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        indexes
            .iter()
            .map(|index| {
                let (level, n) = split_stored_hash_index(*index);
                self.subtree(n << level, (n + 1) << level)
                    .map(Hash)
                    .ok_or_else(|| Error::InvalidInput("leaves are pruned".into()))
            })
            .collect()
    }
}
