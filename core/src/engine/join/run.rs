//! Rows of one key in the order of their times.
//!
//! Most keys have one row or two; one may have ten million. Rows come nearly in order, now and then far out of it.
//! So a run is nothing, one row, a sorted vector, or a sorted list of sorted chunks: adding in order costs a push,
//! adding out of order moves a chunk at most, and those that have expired go from the front.

use std::collections::VecDeque;

/// How many rows a chunk holds: few enough to be moved at no cost worth the name.
const CHUNK: usize = 512;

/// A row in a run: its time in milliseconds, and its number in the store of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) time_ms: i64,
    pub(crate) row: u32,
}

/// Rows by time; those of one time in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) enum Run {
    /// No row.
    #[default]
    Empty,
    /// One row, without memory of its own.
    One(Entry),
    /// A chunk's worth of rows at most.
    Flat(Vec<Entry>),
    /// More rows.
    Chunked(Box<Chunks>),
}

impl Run {
    /// Adds a row behind those that are not later.
    pub(crate) fn insert(&mut self, entry: Entry) {
        match self {
            Self::Empty => *self = Self::One(entry),
            Self::One(first) => {
                let first = *first;
                let later = entry.time_ms < first.time_ms;
                *self = Self::Flat(if later { vec![entry, first] } else { vec![first, entry] });
            }
            Self::Flat(entries) if entries.len() < CHUNK => insert_sorted(entries, entry),
            Self::Flat(entries) => {
                let mut chunks = Chunks::of(std::mem::take(entries));
                chunks.insert(entry);
                *self = Self::Chunked(Box::new(chunks));
            }
            Self::Chunked(chunks) => chunks.insert(entry),
        }
    }

    /// Hands the rows with times from `from` to `to`, both included, to `take`, in pieces.
    ///
    /// # Errors
    /// The first that `take` gives.
    #[inline]
    pub(crate) fn between<E>(
        &self,
        from: i64,
        to: i64,
        mut take: impl FnMut(&[Entry]) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Empty => Ok(()),
            Self::One(entry) if from <= entry.time_ms && entry.time_ms <= to => take(std::slice::from_ref(entry)),
            Self::One(_) => Ok(()),
            Self::Flat(entries) => take(part(entries, from, to)),
            Self::Chunked(chunks) => chunks.between(from, to, take),
        }
    }

    /// Forgets rows earlier than `from`, not necessarily all: few may stay until it is worth moving the others.
    #[inline]
    pub(crate) fn forget_before(&mut self, from: i64) {
        match self {
            Self::Empty => {}
            Self::One(entry) => {
                if entry.time_ms < from {
                    *self = Self::Empty;
                }
            }
            Self::Flat(entries) => {
                let gone = entries.partition_point(|entry| entry.time_ms < from);
                if gone == entries.len() {
                    *self = Self::Empty;
                } else if gone * 2 >= entries.len() {
                    *entries = entries[gone..].to_vec();
                }
            }
            Self::Chunked(chunks) => {
                chunks.forget_before(from);
                if chunks.is_empty() {
                    *self = Self::Empty;
                }
            }
        }
    }

    /// Reads what will be looked at when a row of about the latest time comes.
    #[inline]
    pub(crate) fn touch(&self) -> i64 {
        match self {
            Self::Flat(entries) => entries[entries.len() / 2].time_ms ^ entries[entries.len() - 1].time_ms,
            _ => 0,
        }
    }

    /// Bytes of memory beside the run itself.
    #[inline]
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Empty | Self::One(_) => 0,
            Self::Flat(entries) => entries.capacity() * size_of::<Entry>(),
            Self::Chunked(chunks) => size_of::<Chunks>() + chunks.heap_bytes(),
        }
    }
}

/// Rows by time, in chunks.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    /// No chunk is empty; each is sorted, and no later than the next.
    chunks: VecDeque<Vec<Entry>>,
    /// How many rows of the first chunk are gone.
    gone: usize,
    /// Room for rows in all chunks together.
    room: usize,
}

impl Chunks {
    fn of(entries: Vec<Entry>) -> Self {
        Self { room: entries.capacity(), chunks: VecDeque::from([entries]), gone: 0 }
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Adds a row behind those that are not later.
    pub(crate) fn insert(&mut self, entry: Entry) {
        let at = match self.chunks.back() {
            None => return self.append(vec![entry]),
            Some(last) if last[last.len() - 1].time_ms <= entry.time_ms => {
                if last.len() >= CHUNK {
                    let mut next = Vec::with_capacity(CHUNK);
                    next.push(entry);
                    return self.append(next);
                }
                self.chunks.len() - 1
            }
            Some(_) => self.chunks.partition_point(|chunk| chunk[0].time_ms <= entry.time_ms).saturating_sub(1),
        };
        let chunk = &mut self.chunks[at];
        if chunk.len() < CHUNK {
            let before = chunk.capacity();
            insert_sorted(chunk, entry);
            self.room += chunk.capacity() - before;
        } else {
            self.split(at, entry);
        }
    }

    fn append(&mut self, chunk: Vec<Entry>) {
        self.room += chunk.capacity();
        self.chunks.push_back(chunk);
    }

    /// Makes two chunks of a full one, and adds a row to that to which it belongs.
    fn split(&mut self, at: usize, entry: Entry) {
        // The first chunk's rows that are gone stay with it.
        let middle = if at == 0 { self.gone.max(CHUNK / 2) } else { CHUNK / 2 };
        let chunk = &mut self.chunks[at];
        let mut next = Vec::with_capacity(CHUNK);
        next.extend(chunk.drain(middle..));
        let belongs_to_next = next.first().is_some_and(|first| first.time_ms <= entry.time_ms);
        insert_sorted(if belongs_to_next { &mut next } else { chunk }, entry);
        let only_gone = at == 0 && chunk.len() == self.gone;
        self.room += next.capacity();
        self.chunks.insert(at + 1, next);
        if only_gone {
            self.drop_first_chunk();
        }
    }

    /// The first row.
    #[inline]
    pub(crate) fn first(&self) -> Option<Entry> {
        self.chunks.front().and_then(|chunk| chunk.get(self.gone)).copied()
    }

    /// Takes the first row away.
    pub(crate) fn pop_first(&mut self) -> Option<Entry> {
        let first = self.first()?;
        self.gone += 1;
        if self.chunks.front().is_some_and(|chunk| chunk.len() == self.gone) {
            self.drop_first_chunk();
        }
        Some(first)
    }

    /// The rows, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entry> {
        self.chunks.iter().flatten().skip(self.gone).copied()
    }

    fn between<E>(&self, from: i64, to: i64, mut take: impl FnMut(&[Entry]) -> Result<(), E>) -> Result<(), E> {
        let start = self.chunks.partition_point(|chunk| chunk[chunk.len() - 1].time_ms < from);
        for (at, chunk) in self.chunks.iter().enumerate().skip(start) {
            let entries = if at == 0 { &chunk[self.gone..] } else { chunk };
            if entries.first().is_some_and(|first| first.time_ms > to) {
                break;
            }
            take(part(entries, from, to))?;
        }
        Ok(())
    }

    fn forget_before(&mut self, from: i64) {
        while let Some(chunk) = self.chunks.front() {
            let gone = chunk.partition_point(|entry| entry.time_ms < from);
            if gone < chunk.len() {
                self.gone = gone;
                break;
            }
            self.drop_first_chunk();
        }
    }

    fn drop_first_chunk(&mut self) {
        self.gone = 0;
        if let Some(chunk) = self.chunks.pop_front() {
            self.room -= chunk.capacity();
        }
    }

    /// Bytes of memory beside the list itself.
    #[inline]
    pub(crate) fn heap_bytes(&self) -> usize {
        self.room * size_of::<Entry>() + self.chunks.capacity() * size_of::<Vec<Entry>>()
    }
}

#[inline]
fn insert_sorted(entries: &mut Vec<Entry>, entry: Entry) {
    if entries.last().is_none_or(|last| last.time_ms <= entry.time_ms) {
        entries.push(entry);
    } else {
        let at = entries.partition_point(|other| other.time_ms <= entry.time_ms);
        entries.insert(at, entry);
    }
}

#[inline]
fn part(entries: &[Entry], from: i64, to: i64) -> &[Entry] {
    let start = entries.partition_point(|entry| entry.time_ms < from);
    let rest = &entries[start..];
    &rest[..rest.partition_point(|entry| entry.time_ms <= to)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(run: &Run, from: i64, to: i64) -> Vec<(i64, u32)> {
        let mut found = Vec::new();
        let take = |entries: &[Entry]| {
            found.extend(entries.iter().map(|entry| (entry.time_ms, entry.row)));
            Ok::<(), ()>(())
        };
        run.between(from, to, take).expect("nothing stops it");
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn a_run_is_sorted_by_time_and_then_as_rows_came(
            times in prop::collection::vec((0..40_i64, 0..30_i64, 0..200_u8), 0..3_000),
            spread in 1..300_i64,
        ) {
            let mut run = Run::default();
            let mut model: Vec<(i64, u32)> = Vec::new();
            let mut bound = 0;
            for (row, (ahead, behind, die)) in times.into_iter().enumerate() {
                let time_ms = (bound + (row as i64 + ahead - behind * spread).max(0)).max(bound);
                run.insert(Entry { time_ms, row: row as u32 });
                model.push((time_ms, row as u32));
                if die == 0 {
                    bound += spread;
                    run.forget_before(bound);
                    model.retain(|(time_ms, _)| *time_ms >= bound);
                }
                if die < 3 {
                    model.sort();
                    prop_assert_eq!(all(&run, bound, i64::MAX), model.clone());
                    let (from, to) = (bound + ahead, bound + ahead + behind);
                    let inside = |(time_ms, _): &&(i64, u32)| from <= *time_ms && *time_ms <= to;
                    prop_assert_eq!(all(&run, from, to), model.iter().filter(inside).copied().collect::<Vec<_>>());
                }
            }
        }

        #[test]
        fn the_first_row_is_taken_first(steps in prop::collection::vec((0..2_000_i64, any::<bool>()), 0..4_000)) {
            let mut chunks = Chunks::default();
            let mut model: Vec<(i64, u32)> = Vec::new();
            let mut bound = 0;
            for (row, (time_ms, takes)) in steps.into_iter().enumerate() {
                if takes && row % 3 == 0 {
                    model.sort();
                    let first = (!model.is_empty()).then(|| model.remove(0));
                    prop_assert_eq!(chunks.pop_first().map(|entry| (entry.time_ms, entry.row)), first);
                    bound = first.map_or(bound, |(time_ms, _)| time_ms);
                } else {
                    let time_ms = time_ms.max(bound);
                    chunks.insert(Entry { time_ms, row: row as u32 });
                    model.push((time_ms, row as u32));
                }
            }
            model.sort();
            prop_assert_eq!(chunks.iter().map(|entry| (entry.time_ms, entry.row)).collect::<Vec<_>>(), model);
            prop_assert_eq!(chunks.room, chunks.chunks.iter().map(Vec::capacity).sum::<usize>());
        }
    }

    #[test]
    fn a_run_takes_three_words() {
        assert_eq!(size_of::<Run>(), 24);
    }
}
