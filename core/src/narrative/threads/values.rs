//! The distinct values that tie events, by number.

use super::column::{Column, Counters};

/// Values by their hashes; each has a number (a slot) and a count of the events that say it. About 21 bytes a value.
#[derive(Debug, Default)]
pub(super) struct Values {
    hashes: Column<u64>,
    counts: Counters,
    /// Open addressing over slots; a power of two, at most four fifths full.
    index: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

/// How many values there can be: a link keeps its role in three bits beside the slot.
pub(super) const MOST_VALUES: usize = 1 << 29;

impl Values {
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn hashes(&self) -> &Column<u64> {
        &self.hashes
    }

    pub(super) fn count(&self, slot: u32) -> u32 {
        self.counts.get(slot as usize)
    }

    /// One more event says the value.
    pub(super) fn counted(&mut self, slot: u32) {
        self.counts.add(slot as usize);
    }

    pub(super) fn bytes(&self) -> usize {
        self.hashes.bytes() + self.counts.bytes() + self.index.capacity() * size_of::<u32>()
    }

    /// The slot of a value, a new one for a new value. `None` when there are too many values.
    pub(super) fn slot(&mut self, hash: u64) -> Option<u32> {
        if (self.len() + 1) * 5 > self.index.len() * 4 {
            self.grow();
        }
        let mask = self.index.len() - 1;
        let mut at = place(hash, mask);
        loop {
            match self.index[at] {
                EMPTY => break,
                slot if self.hashes.get(slot as usize) == hash => return Some(slot),
                _ => at = (at + 1) & mask,
            }
        }
        if self.len() >= MOST_VALUES {
            return None;
        }
        let slot = self.len() as u32;
        self.hashes.push(hash);
        self.counts.push(0);
        self.index[at] = slot;
        Some(slot)
    }

    fn grow(&mut self) {
        let size = (self.index.len() * 2).max(1024);
        let mask = size - 1;
        self.index = vec![EMPTY; size];
        let mut slot = 0;
        for page in self.hashes.pages() {
            for &hash in page {
                let mut at = place(hash, mask);
                while self.index[at] != EMPTY {
                    at = (at + 1) & mask;
                }
                self.index[at] = slot;
                slot += 1;
            }
        }
    }
}

fn place(hash: u64, mask: usize) -> usize {
    (hash >> 7) as usize & mask
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_has_one_slot_however_many_there_are(hashes in prop::collection::vec(0_u64..5_000, 0..12_000)) {
            let mut values = Values::default();
            let mut naive: HashMap<u64, (u32, u32)> = HashMap::new();
            for hash in hashes {
                let hash = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let slot = values.slot(hash).unwrap();
                values.counted(slot);
                let next = naive.len() as u32;
                let known = naive.entry(hash).or_insert((next, 0));
                known.1 += 1;
                prop_assert_eq!(known.0, slot);
                prop_assert_eq!(known.1, values.count(slot));
            }
            prop_assert_eq!(values.len(), naive.len());
        }
    }
}
