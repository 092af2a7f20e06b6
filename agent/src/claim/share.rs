//! Which operator takes how much of what leaves.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use super::evaluated::Share;

/// Bytes that a claim's products sent outside, by operator.
#[derive(Debug, Default)]
pub(super) struct Shares {
    by_operator: BTreeMap<Arc<str>, u64>,
    /// Of flows of which the operator is not known, or whether they count at all.
    unknown: u64,
}

impl Shares {
    pub(super) fn add(&mut self, operator: &Arc<str>, bytes: u64) {
        *self.by_operator.entry(Arc::clone(operator)).or_default() += bytes;
    }

    pub(super) fn add_unknown(&mut self, bytes: u64) {
        self.unknown += bytes;
    }

    fn known(&self) -> u64 {
        self.by_operator.values().sum()
    }

    /// The largest first.
    pub(super) fn listed(&self) -> Vec<Share> {
        let of = self.known();
        let mut shares: Vec<Share> = self
            .by_operator
            .iter()
            .map(|(operator, bytes)| Share {
                operator: Arc::clone(operator),
                bytes: *bytes,
                of,
            })
            .collect();
        shares.sort_by_key(|share| (Reverse(share.bytes), Arc::clone(&share.operator)));
        shares
    }

    /// Operators that take more than so much of a hundred, whoever the unknown bytes
    /// went to: even if all of them went to others.
    pub(super) fn certainly_above(&self, percent: u8) -> Vec<Arc<str>> {
        let all = self.known() + self.unknown;
        let above = self.by_operator.iter();
        above
            .filter(|(_, bytes)| exceeds(**bytes, all, percent))
            .map(|(operator, _)| Arc::clone(operator))
            .collect()
    }

    /// Whether an operator may take more: if all unknown bytes went to it.
    pub(super) fn possibly_above(&self, percent: u8) -> bool {
        let most = self.by_operator.values().max().copied().unwrap_or(0);
        let all = self.known() + self.unknown;
        exceeds(most + self.unknown, all, percent)
    }
}

fn exceeds(bytes: u64, of: u64, percent: u8) -> bool {
    u128::from(bytes) * 100 > u128::from(of) * u128::from(percent)
}
