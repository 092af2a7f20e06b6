//! A map that forgets.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    mem,
};

/// A map of at most `capacity` entries that keeps those used lately.
///
/// Two generations: when the younger is full it becomes the older, and what the
/// older still held is forgotten. An entry read from the older moves back to
/// the younger. Every operation is O(1) and needs no clock.
#[derive(Debug)]
pub(crate) struct Bounded<K, V, S = RandomState> {
    half: usize,
    young: HashMap<K, V, S>,
    old: HashMap<K, V, S>,
}

impl<K: Eq + Hash, V, S: BuildHasher + Default> Bounded<K, V, S> {
    /// An empty map of at most `capacity` entries, two at least.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            half: (capacity / 2).max(1),
            young: HashMap::default(),
            old: HashMap::default(),
        }
    }

    /// The value of `key`, which counts as use.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        if !self.young.contains_key(key) {
            let (key, value) = self.old.remove_entry(key)?;
            self.insert(key, value);
        }
        self.young.get_mut(key)
    }

    /// What `take` makes of the value of `key`, which counts as use.
    pub(crate) fn with<R>(&mut self, key: &K, take: impl FnOnce(&V) -> R) -> Option<R> {
        if let Some(value) = self.young.get(key) {
            return Some(take(value));
        }
        self.get_mut(key).map(|value| take(value))
    }

    /// Every entry, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.young.iter().chain(&self.old)
    }

    /// A copy of the value of `key`, which counts as use.
    pub(crate) fn get_clone(&mut self, key: &K) -> Option<V>
    where
        V: Clone,
    {
        self.with(key, V::clone)
    }

    /// Puts `value` in the place of any earlier one.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            // The room of the older is used again.
            mem::swap(&mut self.old, &mut self.young);
            self.young.clear();
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_outgrows_its_capacity_and_keeps_what_is_used() {
        let mut map: Bounded<i32, i32> = Bounded::new(8);
        for number in 0..1000 {
            map.insert(number, number);
            assert!(map.young.len() + map.old.len() <= 8);
            if number >= 1 {
                assert_eq!(map.get_mut(&0), Some(&mut 0), "used each time, at {number}");
            }
        }
        assert_eq!(map.get_mut(&500), None);
        assert_eq!(map.get_mut(&999), Some(&mut 999));
        map.insert(999, 1);
        assert_eq!(map.get_mut(&999), Some(&mut 1));
    }
}
