//! The RFC 6962 tree, kept as the few nodes that cover a range of leaves.
//!
//! Hashes, proofs and their verification are `tlog_tiles`'; it keeps every node,
//! though, and a ledger that keeps 32 bytes of hash for each entry would double.
//! Nodes that cover a range suffice: see decision 9.

use serde::{Deserialize, Serialize};
use tlog_tiles::{EMPTY_HASH, Hash, node_hash, record_hash};

/// Leaves from `begin` up to, but without, `end`, and the roots of the largest
/// whole subtrees that cover just these, from the left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    begin: u64,
    end: u64,
    /// Level (a leaf has 0) and hash.
    nodes: Vec<(u8, [u8; 32])>,
}

impl Range {
    /// No leaf, at a place in the tree.
    pub fn at(begin: u64) -> Self {
        Self {
            begin,
            end: begin,
            nodes: Vec::new(),
        }
    }

    /// The range of these nodes, if that is what they cover.
    pub(crate) fn of(begin: u64, end: u64, nodes: &[(u8, [u8; 32])]) -> Option<Self> {
        let mut range = Self::at(begin);
        for (level, hash) in nodes {
            range.push_node(*level, *hash)?;
        }
        (range.end == end && range.nodes == nodes).then_some(range)
    }

    /// First leaf, counted from 0.
    pub fn begin(&self) -> u64 {
        self.begin
    }

    /// The leaf after the last; of a range from 0, the size of the tree.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Level and hash of each node, from the left.
    pub fn nodes(&self) -> &[(u8, [u8; 32])] {
        &self.nodes
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        self.push_node(0, record_hash(leaf).0);
    }

    /// Adds a whole subtree; `None` where it has no place.
    pub(crate) fn push_node(&mut self, level: u8, hash: [u8; 32]) -> Option<()> {
        let leaves = 1u64.checked_shl(level.into())?;
        if !self.end.is_multiple_of(leaves) {
            return None;
        }
        self.end += leaves;
        self.nodes.push((level, hash));
        while let [.., (left, one), (right, other)] = self.nodes[..] {
            let width = 1u64 << left;
            // Only what stands on one parent is put together.
            if left != right || !((self.end >> left).is_multiple_of(2)) || {
                self.end - 2 * width < self.begin
            } {
                break;
            }
            self.nodes.truncate(self.nodes.len() - 2);
            self.nodes
                .push((left + 1, node_hash(Hash(one), Hash(other)).0));
        }
        Some(())
    }

    /// Adds the range that follows; `None` if it does not.
    pub fn extend(&mut self, next: &Self) -> Option<()> {
        if self.end != next.begin {
            return None;
        }
        for (level, hash) in &next.nodes {
            self.push_node(*level, *hash)?;
        }
        Some(())
    }

    /// Root of the subtree of all leaves of the range: of one from 0, of the tree.
    pub fn root(&self) -> [u8; 32] {
        let mut nodes = self.nodes.iter().rev().map(|(_, hash)| Hash(*hash));
        let Some(last) = nodes.next() else {
            return EMPTY_HASH.0;
        };
        nodes.fold(last, |right, left| node_hash(left, right)).0
    }
}

/// Hash of a leaf.
pub(crate) fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    record_hash(leaf).0
}

/// Root of a tree of these leaves.
pub fn root_of<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut range = Range::at(0);
    for leaf in leaves {
        range.push(leaf);
    }
    range.root()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// RFC 6962, section 2.1, word for word.
    pub(crate) fn naive(leaves: &[Vec<u8>]) -> [u8; 32] {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => Sha256::new()
                .chain_update([0])
                .chain_update(one)
                .finalize()
                .into(),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                Sha256::new()
                    .chain_update([1])
                    .chain_update(naive(&leaves[..split]))
                    .chain_update(naive(&leaves[split..]))
                    .finalize()
                    .into()
            }
        }
    }

    proptest! {
        #[test]
        fn the_root_is_that_of_the_rfc(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..70)) {
            prop_assert_eq!(root_of(leaves.iter().map(Vec::as_slice)), naive(&leaves));
        }

        #[test]
        fn ranges_put_together_are_the_whole(
            leaves in prop::collection::vec(any::<[u8; 2]>(), 0..200),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        ) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(leaves.len() + 1)).collect();
            cuts.extend([0, leaves.len()]);
            cuts.sort_unstable();
            let mut whole = Range::at(0);
            for part in cuts.windows(2) {
                let mut range = Range::at(part[0] as u64);
                for leaf in &leaves[part[0]..part[1]] {
                    range.push(leaf);
                }
                let again = Range::of(range.begin, range.end, &range.nodes);
                prop_assert_eq!(again.as_ref(), Some(&range));
                whole.extend(&range).unwrap();
            }
            let leaves: Vec<_> = leaves.iter().map(|leaf| leaf.to_vec()).collect();
            prop_assert_eq!(whole.root(), naive(&leaves));
            prop_assert!(whole.nodes.len() <= 8);
        }
    }

    #[test]
    fn a_range_that_does_not_follow_is_refused() {
        assert_eq!(Range::at(3).extend(&Range::at(4)), None);
        assert_eq!(Range::of(1, 3, &[(1, [0; 32])]), None);
    }
}
