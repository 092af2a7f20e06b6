//! What is found by a name, or by the part of a name below which it lies.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// Octets of the longest name, and of the longest text whose length is told apart.
const LONGEST: usize = 255;

/// A map of names that is asked for many more than it has.
///
/// It knows of what lengths its names are, and of each length some bits of their letters,
/// so that most that it does not have are not even hashed: the parents of a name that is
/// asked for are of all lengths.
#[derive(Clone, Debug)]
pub(crate) struct ByName<V> {
    values: HashMap<Box<str>, V, RandomState>,
    /// For each length, a bit for each [`trace`] of its names.
    traces: Box<[u64; LONGEST + 1]>,
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self {
            values: HashMap::default(),
            traces: Box::new([0; LONGEST + 1]),
        }
    }
}

impl<V> ByName<V> {
    /// The value of a name, made if there is none.
    pub(crate) fn or_insert_with(&mut self, name: &str, make: impl FnOnce() -> V) -> &mut V {
        let (length, bit) = trace(name);
        if let Some(traces) = self.traces.get_mut(length) {
            *traces |= bit;
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
        let (length, bit) = trace(name);
        if self
            .traces
            .get(length)
            .is_none_or(|traces| traces & bit == 0)
        {
            return None;
        }
        self.values.get(name)
    }
}

/// The length of a name, at which what is too long for one shares the last, and a bit by
/// its first letter and the one in its middle.
#[inline]
fn trace(name: &str) -> (usize, u64) {
    let bytes = name.as_bytes();
    let letter = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let mixed = letter(0).wrapping_mul(5) ^ letter(bytes.len() / 2);
    (bytes.len().min(LONGEST), 1 << (mixed % 64))
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
            let other = "b".repeat(length);
            assert_eq!(map.get(&other).copied(), wanted.filter(|_| length == 0));
        }
    }
}
