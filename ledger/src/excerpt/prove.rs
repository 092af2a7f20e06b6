//! Proves of one entry of an excerpt that it is in the log, so that it can be shown alone.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::read::Excerpt;
use crate::{LedgerError, Range, again::Again, error::torn};

/// One entry, and what leads from it to the root of the tree (RFC 6962, section 2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// Number of the entry, counted from 1; it is leaf `seq - 1`.
    pub seq: u64,
    /// Its leaf: JSON in canonical form.
    pub leaf: Vec<u8>,
    /// Entries of the tree.
    pub size: u64,
    /// Hashes of the subtrees beside the way to the root, from the leaf on.
    pub path: Vec<[u8; 32]>,
    /// Root of the tree.
    pub root: [u8; 32],
}

impl Inclusion {
    /// Whether a checkpoint is of this tree, whoever signed it.
    pub fn is_of(&self, checkpoint: &str) -> bool {
        let mut lines = checkpoint.lines().skip(1);
        let size = lines.next() == Some(&self.size.to_string());
        size && lines.next() == Some(&STANDARD.encode(self.root))
    }

    /// As C2SP tlog-proof has it (<https://c2sp.org/tlog-proof>): one text with the way to the
    /// root and the checkpoint that signs it. Its extra data are the leaf, so that whoever
    /// gets it needs nothing else but the key of the node.
    pub fn tlog_proof(&self, checkpoint: &str) -> String {
        let mut text = format!(
            "c2sp.org/tlog-proof@v1\nextra {}\nindex {}\n",
            STANDARD.encode(&self.leaf),
            self.seq - 1
        );
        for hash in &self.path {
            text.push_str(&STANDARD.encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(checkpoint);
        text
    }
}

impl Excerpt {
    /// Proves that an entry is in the log; `None` where it is not shown.
    ///
    /// # Errors
    /// The excerpt cannot be read, or is not whole.
    pub fn prove(&self, seq: u64) -> Result<Option<Inclusion>, LedgerError> {
        let size = self.verify()?.end();
        let Some(index) = seq.checked_sub(1).filter(|index| *index < size) else {
            return Ok(None);
        };
        let mut beside = Beside::new(index, size);
        let mut leaf = None;
        let mut walk = self.walk()?;
        self.batches(|path, batch| {
            let again = Again::new(batch, true);
            for row in 0..batch.rows {
                let made = batch.head(row).zip(again.leaf(row));
                let ((number, _), made) = made.ok_or_else(|| torn(path, format!("row {row}")))?;
                walk.reach(path, number, |range| beside.add(range))?;
                if number == seq {
                    leaf = Some(made);
                } else {
                    let mut one = Range::at(number - 1);
                    one.push(&made);
                    beside.add(&one);
                }
            }
            Ok(())
        })?;
        walk.end(|range| beside.add(range))?;
        Ok(leaf.map(|leaf| beside.inclusion(seq, leaf, size)))
    }
}

/// The subtrees beside the way from a leaf to the root.
struct Beside {
    index: u64,
    /// Each with the leaf behind it, from the root down.
    subtrees: Vec<(Range, u64)>,
}

impl Beside {
    fn new(index: u64, size: u64) -> Self {
        let mut subtrees = Vec::new();
        let (mut begin, mut end) = (0, size);
        while end - begin > 1 {
            // The largest power of two below the number of leaves.
            let middle = begin + (end - begin).next_power_of_two() / 2;
            if index < middle {
                subtrees.push((Range::at(middle), end));
                end = middle;
            } else {
                subtrees.push((Range::at(begin), middle));
                begin = middle;
            }
        }
        Self { index, subtrees }
    }

    /// Adds what comes next. A whole subtree that does not hold the leaf lies within one of
    /// those beside its way. One that holds it is passed over: the entry is hidden then.
    fn add(&mut self, range: &Range) -> Option<()> {
        let mut at = range.begin();
        for (level, hash) in range.nodes() {
            let next = at + 1u64.checked_shl((*level).into())?;
            let mut fitting = self.subtrees.iter_mut();
            let fitting = fitting.find(|(beside, end)| beside.end() == at && next <= *end);
            match fitting {
                Some((beside, _)) => beside.push_node(*level, *hash)?,
                None if (at..next).contains(&self.index) => {}
                None => return None,
            }
            at = next;
        }
        Some(())
    }

    fn inclusion(self, seq: u64, leaf: Vec<u8>, size: u64) -> Inclusion {
        let mut whole = self.subtrees.clone();
        whole.sort_by_key(|(beside, _)| beside.begin());
        let mut tree = Range::at(0);
        for (beside, _) in &whole {
            if tree.end() == self.index {
                tree.push(&leaf);
            }
            tree.extend(beside);
        }
        if tree.end() == self.index {
            tree.push(&leaf);
        }
        Inclusion {
            seq,
            leaf,
            size,
            path: self
                .subtrees
                .iter()
                .rev()
                .map(|(one, _)| one.root())
                .collect(),
            root: tree.root(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;
    use tlog_tiles::{Hash, check_record, record_hash};

    use super::*;
    use crate::{Log, Options, Order, Proofs, cut};

    /// An excerpt of a log of `size` entries that hides those of which `hidden` says so.
    fn excerpt(size: u64, hidden: impl Fn(u64) -> bool) -> (tempfile::TempDir, Excerpt) {
        let directory = tempfile::tempdir().unwrap();
        let (store, to) = (directory.path().join("store"), directory.path().join("to"));
        std::fs::create_dir(&to).unwrap();
        let options = Options {
            background: false,
            ..Options::default()
        };
        let (mut log, _) = Log::open(&store, options, |_, _| {}).unwrap();
        // The node's key is the first entry.
        for n in log.seq()..size {
            let time = i64::try_from(n).unwrap();
            log.append(time, json!({ "type": "gap", "detail": n }))
                .unwrap();
        }
        log.flush().unwrap();
        let order = Order {
            first: 1,
            last: size,
            also: &BTreeSet::new(),
            shown: &|row| !hidden(row.seq),
            previous: None,
            veil: None,
        };
        cut(&store, &to, &order, &mut |_| ()).unwrap();
        let excerpt = Excerpt::open(&to).unwrap();
        (directory, excerpt)
    }

    fn holds(one: &Inclusion) -> bool {
        let path: Vec<Hash> = one.path.iter().map(|hash| Hash(*hash)).collect();
        let leaf = record_hash(&one.leaf);
        check_record(&path, one.size, Hash(one.root), one.seq - 1, leaf).is_ok()
    }

    #[test]
    fn the_proof_is_that_of_the_whole_log() {
        let (directory, excerpt) = excerpt(11, |seq| seq == 3 || seq > 8);
        let proofs = Proofs::open(&directory.path().join("store")).unwrap();
        for seq in [1, 2, 4, 5, 6, 7, 8] {
            let one = excerpt.prove(seq).unwrap().unwrap();
            assert!(holds(&one), "{seq}");
            assert_eq!(Some(one.path), proofs.inclusion(seq, 11), "{seq}");
        }
    }

    #[test]
    fn of_what_is_hidden_or_out_of_range_there_is_none() {
        let (_directory, excerpt) = excerpt(11, |seq| seq == 3 || seq > 8);
        for seq in [0, 3, 9, 11, 12, u64::MAX] {
            assert_eq!(excerpt.prove(seq).unwrap(), None, "{seq}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_shown_entry_has_a_proof(size in 2_u64..40, hidden in any::<u64>()) {
            let is_hidden = |seq: u64| hidden >> (seq % 64) & 1 == 1;
            let (_directory, excerpt) = excerpt(size, is_hidden);
            let root = excerpt.verify().unwrap().root();
            for seq in (1..=size).filter(|seq| !is_hidden(*seq)) {
                let one = excerpt.prove(seq).unwrap().unwrap();
                prop_assert!(holds(&one));
                prop_assert_eq!(one.root, root);
            }
        }
    }
}
