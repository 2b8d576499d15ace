//! The versions of a table's rows: for each key which row held from when on.

use std::collections::VecDeque;

use super::run::{Chunks, Entry};
use crate::engine::operator::{StateError, StateReader, StateWriter, Stop};
use crate::engine::recycled::RecycledKeys;
use crate::engine::stored::{ALLOCATION, take_stored_row};

/// A table with its past.
///
/// Without an end to the history nothing is forgotten. With one, a version is forgotten as soon as the one that took
/// its place did so at `T - history` or before; and a key with its last version, if that says that there is no row.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    keys: RecycledKeys,
    of_key: Vec<OfKey>,
    /// The time of each version with the number of its key: once that has passed, older ones are forgotten. Empty
    /// where the history has no end.
    passing: Chunks,
    /// How far back the past is known, in milliseconds; for ever if `None`.
    history_ms: Option<i64>,
    /// Bytes of memory of rows and lists.
    heap_bytes: usize,
}

/// The versions of a key, if it has any: the latest apart, because most keys have no other.
#[derive(Debug, Default)]
struct OfKey {
    latest: Option<Version>,
    /// By time, all before the latest.
    older: VecDeque<Version>,
}

/// What holds from a time on: a row's values, or none.
#[derive(Debug)]
struct Version {
    time_ms: i64,
    row: Option<Box<[u8]>>,
}

impl Version {
    fn heap_bytes(&self) -> usize {
        self.row.as_ref().map_or(0, |row| row.len() + ALLOCATION)
    }
}

impl Versions {
    /// A table whose past is known for so long, or for ever.
    pub(crate) fn new(history_ms: Option<i64>) -> Self {
        Self { history_ms, ..Self::default() }
    }

    /// Whether versions of a time are not taken any more when the stream's time is `now_ms`.
    pub(crate) fn is_past(&self, time_ms: i64, now_ms: i64) -> bool {
        self.history_ms.is_some_and(|history| time_ms < now_ms.saturating_sub(history))
    }

    /// Takes a version of a key: from its time on, and until the next one's, these are the row's values, or there is
    /// no row. It takes the place of one of the same time.
    ///
    /// # Errors
    /// [`Stop::Bound`] when the keys come to 4 GiB.
    pub(crate) fn insert(&mut self, key: &[u8], time_ms: i64, row: Option<Box<[u8]>>) -> Result<(), Stop> {
        let (number, _) = self.keys.insert(key)?;
        if number as usize == self.of_key.len() {
            self.of_key.push(OfKey::default());
        }
        if self.history_ms.is_some() {
            self.passing.insert(Entry { time_ms, row: number });
        }
        let version = Version { time_ms, row };
        let of_key = &mut self.of_key[number as usize];
        let before = of_key.room();
        self.heap_bytes += version.heap_bytes();
        let replaced = of_key.insert(version);
        self.heap_bytes -= replaced.map_or(0, |version| version.heap_bytes());
        self.heap_bytes = self.heap_bytes + of_key.room() - before;
        Ok(())
    }

    /// The row of a key at a time.
    pub(crate) fn at(&self, key: &[u8], time_ms: i64) -> Option<&[u8]> {
        let of_key = &self.of_key[self.keys.find(key)? as usize];
        let latest = of_key.latest.as_ref()?;
        let version = if latest.time_ms <= time_ms {
            latest
        } else {
            let after = of_key.older.partition_point(|version| version.time_ms <= time_ms);
            of_key.older.get(after.checked_sub(1)?)?
        };
        version.row.as_deref()
    }

    /// Forgets what is past when the stream's time is `now_ms`.
    pub(crate) fn forget(&mut self, now_ms: i64) {
        let Some(history) = self.history_ms else { return };
        let until = now_ms.saturating_sub(history);
        while self.passing.first().is_some_and(|entry| entry.time_ms <= until) {
            let Some(Entry { row: number, .. }) = self.passing.pop_first() else { return };
            let of_key = &mut self.of_key[number as usize];
            let Some(latest) = &of_key.latest else { continue };
            let next = of_key.older.iter().skip(1).chain([latest]);
            let gone = next.take_while(|next| next.time_ms <= until).count().min(of_key.older.len());
            let room = of_key.room();
            self.heap_bytes -= of_key.older.drain(..gone).map(|version| version.heap_bytes()).sum::<usize>();
            let nothing_left = of_key.older.is_empty() && latest.row.is_none() && latest.time_ms <= until;
            if of_key.older.is_empty() {
                of_key.older = VecDeque::new();
            }
            self.heap_bytes = self.heap_bytes + of_key.room() - room;
            if nothing_left {
                of_key.latest = None;
                self.keys.remove(number);
            }
        }
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        let lists = self.of_key.len() * size_of::<OfKey>() + self.passing.heap_bytes();
        self.keys.bytes() + lists + self.heap_bytes
    }

    /// Writes all versions down.
    pub(crate) fn save(&self, state: &mut StateWriter) {
        state.put(&self.keys.len());
        for (number, key) in self.keys.iter() {
            let of_key = &self.of_key[number as usize];
            state.put_bytes(key);
            state.put(&(of_key.older.len() + usize::from(of_key.latest.is_some())));
            for version in of_key.older.iter().chain(&of_key.latest) {
                state.put(&(version.time_ms, version.row.is_some()));
                if let Some(row) = &version.row {
                    state.put_bytes(row);
                }
            }
        }
    }

    /// Takes up what [`Versions::save`] wrote, of rows of so many columns; the stream's time is `now_ms`.
    ///
    /// # Errors
    /// [`StateError`] when that is not what stands there.
    pub(crate) fn load(&mut self, columns: usize, now_ms: i64, state: &mut StateReader<'_>) -> Result<(), StateError> {
        *self = Self::new(self.history_ms);
        for _ in 0..state.take::<usize>()? {
            let key: &[u8] = state.take()?;
            for _ in 0..state.take::<usize>()? {
                let (time_ms, holds) = state.take::<(i64, bool)>()?;
                let row = if holds { Some(take_stored_row(state, columns)?.into()) } else { None };
                self.insert(key, time_ms, row).map_err(|stop| StateError(stop.to_string()))?;
            }
        }
        self.forget(now_ms);
        Ok(())
    }
}

impl OfKey {
    /// Takes a version; gives the one whose place it took.
    fn insert(&mut self, version: Version) -> Option<Version> {
        let Some(latest) = &mut self.latest else {
            self.latest = Some(version);
            return None;
        };
        if version.time_ms == latest.time_ms {
            return Some(std::mem::replace(latest, version));
        }
        if version.time_ms > latest.time_ms {
            self.older.push_back(std::mem::replace(latest, version));
            return None;
        }
        let at = self.older.partition_point(|older| older.time_ms < version.time_ms);
        match self.older.get_mut(at) {
            Some(same) if same.time_ms == version.time_ms => Some(std::mem::replace(same, version)),
            _ => {
                self.older.insert(at, version);
                None
            }
        }
    }

    fn room(&self) -> usize {
        self.older.capacity() * size_of::<Version>()
    }
}
