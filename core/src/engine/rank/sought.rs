//! Finding a row of a ranking by all that stands in it.

use std::hash::Hasher as _;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// For each row of all groups where it stands: rows of a table's changelog go by their values alone, and many may
/// stand in one place of the order.
#[derive(Debug, Default)]
pub(super) struct Sought {
    table: HashTable<Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    hash: u64,
    arrival: u64,
}

impl Sought {
    /// The arrivals of rows that may be this one of a group.
    pub(super) fn candidates(&self, group: u32, values: &[u8]) -> impl Iterator<Item = u64> {
        let hash = hash(group, values);
        self.table.iter_hash(hash).filter(move |known| known.hash == hash).map(|known| known.arrival)
    }

    pub(super) fn insert(&mut self, group: u32, values: &[u8], arrival: u64) {
        let hash = hash(group, values);
        self.table.insert_unique(hash, Known { hash, arrival }, |known| known.hash);
    }

    pub(super) fn remove(&mut self, group: u32, values: &[u8], arrival: u64) {
        if let Ok(entry) = self.table.find_entry(hash(group, values), |known| known.arrival == arrival) {
            entry.remove();
        }
    }

    /// Bytes of memory.
    pub(super) fn memory(&self) -> usize {
        self.table.allocation_size()
    }
}

fn hash(group: u32, values: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(group);
    hasher.write(values);
    hasher.finish()
}
