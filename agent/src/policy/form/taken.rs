//! What belongs to one owner only.

use std::collections::{BTreeMap, btree_map::Entry};

/// A table of a file, as the owner of values.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// The byte where the table starts, which tells it from others.
    pub(super) table: usize,
    /// What messages call it.
    pub(super) name: String,
}

/// Values that are in use, each with its owner and the byte where it stands.
pub(super) struct Taken<T>(BTreeMap<T, (Owner, usize)>);

impl<T> Default for Taken<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Taken<T> {
    /// Takes the value for the owner, or says who has it and where.
    pub(super) fn take(&mut self, value: T, owner: &Owner, at: usize) -> Option<&(Owner, usize)> {
        match self.0.entry(value) {
            Entry::Occupied(first) => Some(first.into_mut()),
            Entry::Vacant(free) => {
                free.insert((owner.clone(), at));
                None
            }
        }
    }
}
