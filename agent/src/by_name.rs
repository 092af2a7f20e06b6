//! What is found by a name, or by the part of a name below which it lies.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Octets of the longest name, and of the longest text whose length is told apart.
const LONGEST: usize = 255;

/// A map of names that is asked for many more than it has.
///
/// It knows how long its names are, so that most that it does not have are not even
/// hashed: the parents of a name that is asked for are of all lengths.
#[derive(Clone, Debug)]
pub(crate) struct ByName<V> {
    values: HashMap<Box<str>, V, RandomState>,
    /// A bit for each length.
    lengths: [u64; 4],
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self {
            values: HashMap::default(),
            lengths: [0; 4],
        }
    }
}

impl<V> ByName<V> {
    /// The value of a name, made if there is none.
    pub(crate) fn or_insert_with(&mut self, name: &str, make: impl FnOnce() -> V) -> &mut V {
        let (word, bit) = place(name);
        if let Some(word) = self.lengths.get_mut(word) {
            *word |= bit;
        }
        self.values.entry(name.into()).or_insert_with(make)
    }

    /// Whether it has no name at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a name.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        let (word, bit) = place(name);
        if self.lengths.get(word).is_none_or(|word| word & bit == 0) {
            return None;
        }
        self.values.get(name)
    }
}

/// Word and bit of a length. What is too long for a name shares the last.
fn place(name: &str) -> (usize, u64) {
    let length = name.len().min(LONGEST);
    (length / 64, 1 << (length % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_length() {
        let mut map = ByName::default();
        let name = "a".repeat(300);
        for length in (0..300).step_by(3) {
            map.or_insert_with(&name[..length], || length);
        }
        for length in 0..300_usize {
            let wanted = length.is_multiple_of(3).then_some(length);
            assert_eq!(map.get(&name[..length]).copied(), wanted, "{length}");
        }
    }
}
