//! A bounded memory that forgets what has been unused longest, a generation at a time.

use std::{collections::HashMap, hash::Hash};

/// Entries in each of two generations.
const GENERATION: usize = 262_144;

/// What was used since the young generation began, and what was used in the one before.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Generations<K, V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash, V: Copy> Generations<K, V> {
    /// What is remembered, without noting that it was used; and whether it is about to be forgotten.
    pub(crate) fn peek(&self, key: &K) -> Option<(V, bool)> {
        let young = self.young.get(key).map(|value| (*value, false));
        young.or_else(|| self.old.get(key).map(|value| (*value, true)))
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(*value);
        }
        let value = self.old.remove(key)?;
        self.put(*key, value);
        Some(value)
    }

    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(crate) fn forget(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_is_forgotten() {
        let mut known = Generations::default();
        let (used, unused) = (usize::MAX, usize::MAX - 1);
        known.put(used, 'a');
        known.put(unused, 'b');

        for n in 0..2 * GENERATION + 2 {
            known.put(n, 'c');
            if n % 1_000 == 0 {
                assert_eq!(known.get(&used), Some('a'));
            }
        }

        assert_eq!(known.get(&unused), None);
        assert!(known.young.len() <= GENERATION && known.old.len() <= GENERATION);
    }

    #[test]
    fn what_was_put_last_counts_and_nothing_once_it_was_forgotten() {
        let mut known = Generations::default();
        known.put(1, 'a');
        known.put(1, 'b');
        assert_eq!(known.get(&1), Some('b'));

        known.forget(&1);

        assert_eq!(known.get(&1), None);
    }

    #[test]
    fn a_look_tells_what_is_about_to_be_forgotten() {
        let mut known = Generations::default();
        for n in 0..=GENERATION {
            known.put(n, 'a');
        }

        assert_eq!(known.peek(&0), Some(('a', true)));
        assert_eq!(known.peek(&GENERATION), Some(('a', false)));
        assert_eq!(known.get(&0), Some('a'));
        assert_eq!(known.peek(&0), Some(('a', false)));
    }
}
