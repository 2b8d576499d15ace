//! Rows that wait for partners, in the order in which they came, until all rows of their slice have expired.

use std::collections::VecDeque;

use crate::engine::operator::Stop;

/// How many rows a slice holds. As many at most are kept although they have expired.
const SLICE: usize = 256;
const SLICE_BITS: u32 = SLICE.trailing_zeros();

/// Rows in slices. A row's number is that of its arrival (it wraps around, there are never 2³² rows at a time).
#[derive(Debug, Default)]
pub(crate) struct RowStore {
    /// The number of the first row of the first slice.
    first: u32,
    slices: VecDeque<Slice>,
    /// Bytes of memory of the slices that take no more rows.
    full_bytes: usize,
    /// Whether the place of each row among those of both sides is kept.
    keeps_arrivals: bool,
}

#[derive(Debug)]
struct Slice {
    /// The largest time of its rows.
    latest_ms: i64,
    /// What the owner says of each row.
    tags: Vec<u32>,
    /// Where each row's bytes end.
    ends: Vec<u32>,
    bytes: Vec<u8>,
    /// Which rows are marked.
    marked: [u64; SLICE / 64],
    arrivals: Vec<u64>,
}

/// A row to be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewRow {
    /// Its time in milliseconds.
    pub(crate) time_ms: i64,
    /// What the owner wants to know of it again.
    pub(crate) tag: u32,
    /// Its place among the rows of both sides.
    pub(crate) arrival: u64,
    /// Whether it is marked from the beginning.
    pub(crate) marked: bool,
}

impl RowStore {
    /// A store that keeps the place of each row among those of both sides, or not.
    pub(crate) fn new(keeps_arrivals: bool) -> Self {
        Self { keeps_arrivals, ..Self::default() }
    }

    /// Keeps a row, whose bytes `write` adds to what it is given; tells its number.
    ///
    /// # Errors
    /// [`Stop::Bound`] when a slice would come to 4 GiB, or the rows to 2³².
    #[inline]
    pub(crate) fn push(&mut self, row: NewRow, write: impl FnOnce(&mut Vec<u8>)) -> Result<u32, Stop> {
        if self.slices.back().is_none_or(|slice| slice.ends.len() == SLICE) {
            self.begin_slice()?;
        }
        let before = (self.slices.len() - 1) << SLICE_BITS;
        let Some(slice) = self.slices.back_mut() else { return Err(Stop::Bound("no room for rows".into())) };
        write(&mut slice.bytes);
        let Ok(end) = u32::try_from(slice.bytes.len()) else {
            return Err(Stop::Bound(format!("{SLICE} rows of a join come to more than 4 GiB")));
        };
        let place = slice.ends.len();
        slice.ends.push(end);
        slice.tags.push(row.tag);
        slice.latest_ms = slice.latest_ms.max(row.time_ms);
        if self.keeps_arrivals {
            slice.arrivals.push(row.arrival);
        }
        if row.marked {
            slice.marked[place / 64] |= 1 << (place % 64);
        }
        Ok(self.first.wrapping_add((before + place) as u32))
    }

    fn begin_slice(&mut self) -> Result<(), Stop> {
        if self.slices.len() << SLICE_BITS > u32::MAX as usize - 2 * SLICE {
            return Err(Stop::Bound("a join keeps more than four thousand million rows of a side".into()));
        }
        let mut room = 0;
        if let Some(full) = self.slices.back_mut() {
            full.bytes.shrink_to_fit();
            room = full.bytes.len() + full.bytes.len() / 8;
            self.full_bytes += full.memory();
        }
        self.slices.push_back(Slice {
            latest_ms: i64::MIN,
            tags: Vec::with_capacity(SLICE),
            ends: Vec::with_capacity(SLICE),
            bytes: Vec::with_capacity(room),
            marked: [0; SLICE / 64],
            arrivals: Vec::with_capacity(if self.keeps_arrivals { SLICE } else { 0 }),
        });
        Ok(())
    }

    #[inline]
    fn place(&self, row: u32) -> (&Slice, usize) {
        let index = row.wrapping_sub(self.first) as usize;
        (&self.slices[index >> SLICE_BITS], index % SLICE)
    }

    /// The bytes of a row.
    ///
    /// # Panics
    /// If it is not kept any more; so do the others that take a row's number.
    #[inline]
    pub(crate) fn bytes(&self, row: u32) -> &[u8] {
        let (slice, place) = self.place(row);
        slice.bytes(place)
    }

    /// What the owner said of a row.
    #[inline]
    pub(crate) fn tag(&self, row: u32) -> u32 {
        let (slice, place) = self.place(row);
        slice.tags[place]
    }

    /// The place of a row among those of both sides; zero if it is not kept.
    pub(crate) fn arrival(&self, row: u32) -> u64 {
        let (slice, place) = self.place(row);
        slice.arrivals.get(place).copied().unwrap_or(0)
    }

    /// Whether a row is marked.
    #[inline]
    pub(crate) fn is_marked(&self, row: u32) -> bool {
        let (slice, place) = self.place(row);
        slice.marked[place / 64] & 1 << (place % 64) != 0
    }

    /// Marks a row; tells whether it was not.
    #[inline]
    pub(crate) fn mark(&mut self, row: u32) -> bool {
        let index = row.wrapping_sub(self.first) as usize;
        let place = index % SLICE;
        let word = &mut self.slices[index >> SLICE_BITS].marked[place / 64];
        let bit = 1 << (place % 64);
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }

    /// How many rows are kept, those that have expired included.
    pub(crate) fn len(&self) -> usize {
        let last = self.slices.back().map_or(0, |slice| slice.ends.len());
        (self.slices.len().saturating_sub(1) << SLICE_BITS) + last
    }

    /// The number of the row at a place, the first one's being 0.
    pub(crate) fn number(&self, place: usize) -> u32 {
        self.first.wrapping_add(place as u32)
    }

    /// The place of a row, the first one's being 0.
    #[inline]
    pub(crate) fn place_of(&self, row: u32) -> usize {
        row.wrapping_sub(self.first) as usize
    }

    /// Drops the slices at the front all of whose rows are earlier than `from`; tells `gone` the tag of each row.
    #[inline]
    pub(crate) fn drop_before(&mut self, from: i64, mut gone: impl FnMut(u32)) {
        while let Some(slice) = self.slices.front() {
            if slice.ends.len() < SLICE || slice.latest_ms >= from {
                break;
            }
            slice.tags.iter().for_each(|&tag| gone(tag));
            if self.slices.len() > 1 {
                self.full_bytes -= slice.memory();
            }
            self.slices.pop_front();
            self.first = self.first.wrapping_add(SLICE as u32);
        }
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        let open = self.slices.back().map_or(0, Slice::memory);
        self.full_bytes + open + (self.slices.capacity() - self.slices.len()) * size_of::<Slice>()
    }
}

impl Slice {
    #[inline]
    fn bytes(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[place] as usize]
    }

    fn memory(&self) -> usize {
        let rows = (self.tags.capacity() + self.ends.capacity()) * size_of::<u32>() + self.arrivals.capacity() * 8;
        size_of::<Self>() + rows + self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn rows_are_kept_until_all_of_their_slice_have_expired(
            ahead in prop::collection::vec(0..50_i64, 0..2_000),
            wait in 0..600_i64,
            first in prop_oneof![Just(0), Just(u32::MAX - 300)],
        ) {
            let mut store = RowStore { first, ..RowStore::new(true) };
            let mut rows = VecDeque::new();
            let mut dropped = 0;
            for (index, ahead) in ahead.into_iter().enumerate() {
                let (time_ms, tag) = (index as i64 + ahead, index as u32);
                let text = format!("{index}");
                let row = NewRow { time_ms, tag, arrival: 7 * u64::from(tag), marked: index % 3 == 0 };
                let number = store.push(row, |bytes| bytes.extend_from_slice(text.as_bytes())).expect("room");
                rows.push_back((number, tag, time_ms));
                prop_assert_eq!(store.place_of(number), rows.len() - 1);
                prop_assert_eq!(store.number(rows.len() - 1), number);
                let from = index as i64 - wait;
                store.drop_before(from, |tag| {
                    assert_eq!(tag, dropped);
                    dropped += 1;
                    let (_, _, time_ms) = rows.pop_front().expect("a row");
                    assert!(time_ms < from);
                });
                prop_assert_eq!(store.len(), rows.len());
                prop_assert!(store.len() <= SLICE + 1 + 50 + wait as usize);
            }
            for (number, tag, _) in rows {
                prop_assert_eq!(store.tag(number), tag);
                prop_assert_eq!(store.bytes(number).to_vec(), tag.to_string().into_bytes());
                prop_assert_eq!(store.arrival(number), 7 * u64::from(tag));
                prop_assert_eq!(store.is_marked(number), tag % 3 == 0);
                prop_assert_eq!(store.mark(number), tag % 3 != 0);
                prop_assert!(store.is_marked(number) && !store.mark(number));
            }
            let memory: usize = store.slices.iter().map(Slice::memory).sum();
            let free = (store.slices.capacity() - store.slices.len()) * size_of::<Slice>();
            prop_assert_eq!(store.memory(), memory + free);
        }
    }
}
