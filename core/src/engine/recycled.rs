//! Keys that come and go: the number of a key that was let go is given to another one.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::key::hash_key;
use super::operator::Stop;

/// Keys, each with a small number for as long as it is kept; tables of what belongs to a key are indexed by it.
///
/// As a [`KeyTable`](super::KeyTable), but what it takes follows the keys that there are, not those that ever were.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecycledKeys {
    table: HashTable<u32>,
    bytes: Vec<u8>,
    /// Where each number's key lies.
    spans: Vec<Span>,
    /// Numbers that were let go.
    free: Vec<u32>,
    /// Bytes of keys that were let go.
    garbage: usize,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    length: u32,
}

/// The start of a number without a key.
const NOWHERE: u32 = u32::MAX;

/// So many bytes of garbage are not worth the cleaning.
const CLEANED_FROM: usize = 1 << 14;

impl RecycledKeys {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.spans.len() - self.free.len()
    }

    /// How many numbers there are, those that were let go included.
    pub(crate) fn numbers(&self) -> usize {
        self.spans.len()
    }

    /// The keys with their numbers, in the order of the numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        let living = self.spans.iter().enumerate().filter(|(_, span)| span.start != NOWHERE);
        living.map(|(number, span)| (number as u32, bytes_of(&self.bytes, *span)))
    }

    /// The key of a number.
    ///
    /// # Panics
    /// If no key has it.
    pub(crate) fn key(&self, number: u32) -> &[u8] {
        bytes_of(&self.bytes, self.spans[number as usize])
    }

    /// The number of a key, if it is there.
    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        self.table.find(hash_key(key), |&number| self.key(number) == key).copied()
    }

    /// The number of a key, and whether it is new.
    ///
    /// # Errors
    /// [`Stop::Bound`] when the keys together would come to 4 GiB.
    pub(crate) fn insert(&mut self, key: &[u8]) -> Result<(u32, bool), Stop> {
        let Self { table, bytes, spans, free, .. } = self;
        let entry = table.entry(
            hash_key(key),
            |&number| bytes_of(bytes, spans[number as usize]) == key,
            |&number| hash_key(bytes_of(bytes, spans[number as usize])),
        );
        match entry {
            Entry::Occupied(entry) => Ok((*entry.get(), false)),
            Entry::Vacant(entry) => {
                let span = match (u32::try_from(bytes.len()), u32::try_from(key.len())) {
                    (Ok(start), Ok(length)) if start.checked_add(length).is_some_and(|end| end < NOWHERE) => {
                        Span { start, length }
                    }
                    _ => return Err(Stop::Bound("the keys that are kept come to more than 4 GiB".into())),
                };
                bytes.extend_from_slice(key);
                let number = match free.pop() {
                    Some(number) => {
                        spans[number as usize] = span;
                        number
                    }
                    None => {
                        spans.push(span);
                        (spans.len() - 1) as u32
                    }
                };
                entry.insert(number);
                Ok((number, true))
            }
        }
    }

    /// Lets a key go. Its number is given to another one later.
    ///
    /// # Panics
    /// If no key has the number.
    pub(crate) fn remove(&mut self, number: u32) {
        let hash = hash_key(self.key(number));
        if let Ok(entry) = self.table.find_entry(hash, |&other| other == number) {
            entry.remove();
            let span = &mut self.spans[number as usize];
            self.garbage += span.length as usize;
            span.start = NOWHERE;
            self.free.push(number);
        }
        if self.garbage >= CLEANED_FROM && self.garbage * 2 > self.bytes.len() {
            self.clean();
        }
    }

    /// Gives back the bytes of keys that were let go.
    fn clean(&mut self) {
        let mut kept = Vec::with_capacity((self.bytes.len() - self.garbage) * 5 / 4);
        for span in self.spans.iter_mut().filter(|span| span.start != NOWHERE) {
            let start = kept.len() as u32;
            kept.extend_from_slice(bytes_of(&self.bytes, *span));
            span.start = start;
        }
        self.bytes = kept;
        self.garbage = 0;
        let Self { table, bytes, spans, .. } = self;
        if table.capacity() / 4 > table.len() {
            table.shrink_to(table.len() * 2, |&number| hash_key(bytes_of(bytes, spans[number as usize])));
        }
    }

    /// Bytes of memory that were touched: a list's room that was never used takes none.
    pub(crate) fn bytes(&self) -> usize {
        let numbers = self.spans.len() * size_of::<Span>() + self.free.len() * size_of::<u32>();
        self.table.allocation_size() + self.bytes.len() + numbers
    }
}

fn bytes_of(bytes: &[u8], span: Span) -> &[u8] {
    let start = span.start as usize;
    &bytes[start..start + span.length as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_has_its_number_until_it_is_let_go(steps in prop::collection::vec(("[a-f]{0,2}", any::<bool>()), 0..120)) {
            let mut keys = RecycledKeys::default();
            let mut model: BTreeMap<String, u32> = BTreeMap::new();
            for (key, goes) in steps {
                if goes {
                    if let Some(number) = model.remove(&key) {
                        keys.remove(number);
                    }
                } else {
                    let (number, new) = keys.insert(key.as_bytes()).expect("room");
                    prop_assert_eq!(new, !model.contains_key(&key));
                    prop_assert!(new || model[&key] == number);
                    prop_assert!(!new || !model.values().any(|&other| other == number), "a number of one key");
                    model.insert(key, number);
                }
                prop_assert_eq!(keys.len(), model.len());
                let mut all: Vec<(Vec<u8>, u32)> = keys.iter().map(|(number, key)| (key.to_vec(), number)).collect();
                all.sort();
                prop_assert_eq!(all, model.iter().map(|(key, &number)| (key.clone().into_bytes(), number)).collect::<Vec<_>>());
                for (key, &number) in &model {
                    prop_assert_eq!(keys.find(key.as_bytes()), Some(number));
                }
            }
        }
    }

    #[test]
    fn ever_new_keys_take_no_more_than_those_that_are_kept() {
        let mut keys = RecycledKeys::default();
        let mut kept = std::collections::VecDeque::new();
        let mut most = 0;
        for number in 0..200_000_u64 {
            kept.push_back(keys.insert(&number.to_le_bytes()).expect("room").0);
            if kept.len() > 1_000 {
                keys.remove(kept.pop_front().expect("one"));
            }
            most = most.max(keys.bytes());
        }
        assert_eq!(keys.len(), 1_000);
        assert!(keys.numbers() <= 1_001);
        assert!(most < 150_000, "{most} bytes for 1000 keys of 8 bytes");
    }
}
