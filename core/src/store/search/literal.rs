//! Literals: bytes that an event must hold, found in the columns' buffers.

use std::ops::Range;

use arrow_array::types::ByteArrayType;
use arrow_array::{Array, GenericByteArray};
use arrow_buffer::ArrowNativeType;
use memchr::memmem;

use crate::event::EventBatch;
use crate::store::matches::{intersection, union};
use crate::store::pyramid::galloping;

/// Which parts of an event are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Places {
    /// The key.
    pub key: bool,
    /// The value.
    pub value: bool,
    /// The names of headers.
    pub header_names: bool,
    /// The values of headers.
    pub header_values: bool,
}

impl Places {
    /// Every part of an event.
    pub const ALL: Self = Self { key: true, value: true, header_names: true, header_values: true };
    /// The key alone.
    pub const KEY: Self = Self { key: true, ..Self::NONE };
    /// The value alone.
    pub const VALUE: Self = Self { value: true, ..Self::NONE };
    /// Names and values of headers.
    pub const HEADERS: Self = Self { header_names: true, header_values: true, ..Self::NONE };
    const NONE: Self = Self { key: false, value: false, header_names: false, header_values: false };
}

/// Bytes that an event must hold in one of some places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Literal {
    /// The bytes. None at all are held by every event.
    pub bytes: Vec<u8>,
    /// Whether the letters A to Z stand for their small ones too.
    pub ignore_ascii_case: bool,
    /// Where the bytes may be.
    pub places: Places,
}

/// What is known of every event that can match, so that the others need not be judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Prefilter {
    /// Nothing: every event may match.
    #[default]
    Nothing,
    /// It holds a literal.
    Holds(Literal),
    /// All of these are so.
    And(Vec<Self>),
    /// One of these is so. None of none can be, so that an empty list excludes every event.
    Or(Vec<Self>),
}

/// A [`Prefilter`] made ready to look through batches.
#[derive(Debug)]
pub(super) enum Sieve {
    Everything,
    Holds(Needle),
    And(Vec<Sieve>),
    Or(Vec<Sieve>),
}

/// A [`Literal`] made ready to be found.
#[derive(Debug)]
pub(super) struct Needle {
    finder: Finder,
    places: Places,
}

#[derive(Debug)]
enum Finder {
    Exact(memmem::Finder<'static>),
    /// A pattern that is one literal in any case: all its matches are equally long.
    AnyCase(regex::bytes::Regex),
}

impl Finder {
    /// Where the bytes are first: start and end.
    fn find(&self, bytes: &[u8]) -> Option<Range<usize>> {
        match self {
            Self::Exact(finder) => finder.find(bytes).map(|at| at..at + finder.needle().len()),
            Self::AnyCase(pattern) => pattern.find(bytes).map(|hit| hit.range()),
        }
    }
}

impl Needle {
    /// `None` where every event holds the literal.
    fn new(literal: &Literal) -> Result<Option<Self>, regex::Error> {
        if literal.bytes.is_empty() {
            return Ok(None);
        }
        let finder = if literal.ignore_ascii_case && literal.bytes.iter().any(u8::is_ascii_alphabetic) {
            let pattern: String = literal.bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            let pattern = regex::bytes::RegexBuilder::new(&pattern).unicode(false).case_insensitive(true).build()?;
            Finder::AnyCase(pattern)
        } else {
            Finder::Exact(memmem::Finder::new(&literal.bytes).into_owned())
        };
        Ok(Some(Self { finder, places: literal.places }))
    }

    /// The rows of a range that hold the literal.
    fn rows(&self, events: &EventBatch, rows: &Range<usize>) -> Vec<u32> {
        let mut found = Vec::new();
        if self.places.value {
            self.entries(events.values(), rows.clone(), |row| found.push(row as u32));
        }
        if self.places.key {
            let mut in_keys = Vec::new();
            self.entries(events.keys(), rows.clone(), |row| in_keys.push(row as u32));
            found = union(&found, &in_keys);
        }
        if self.places.header_names {
            found = union(&found, &self.rows_of_headers(events, events.header_names(), rows));
        }
        if self.places.header_values {
            found = union(&found, &self.rows_of_headers(events, events.header_values(), rows));
        }
        found
    }

    fn rows_of_headers<T: ByteArrayType>(
        &self,
        events: &EventBatch,
        column: &GenericByteArray<T>,
        rows: &Range<usize>,
    ) -> Vec<u32> {
        let starts = events.header_offsets();
        let entries = starts[rows.start] as usize..starts[rows.end] as usize;
        let mut found = Vec::new();
        let mut row = rows.start;
        self.entries(column, entries, |entry| {
            row += galloping(&starts[row + 1..=rows.end], |&start| start as usize <= entry);
            if found.last() != Some(&(row as u32)) {
                found.push(row as u32);
            }
        });
        found
    }

    /// The entries of a column that hold the literal, in order. A hit that begins in one entry and ends in another is none;
    /// as all hits are equally long, none that begins later in the same entry can end within it either.
    fn entries<T: ByteArrayType>(
        &self,
        column: &GenericByteArray<T>,
        entries: Range<usize>,
        mut hold: impl FnMut(usize),
    ) {
        let offsets: &[T::Offset] = column.value_offsets();
        let (bytes, end) = (column.value_data(), offsets[entries.end].as_usize());
        let mut entry = entries.start;
        let mut from = offsets[entry].as_usize();
        while let Some(hit) = self.finder.find(&bytes[from..end]) {
            let (start, stop) = (from + hit.start, from + hit.end);
            entry += galloping(&offsets[entry + 1..=entries.end], |offset| offset.as_usize() <= start);
            from = offsets[entry + 1].as_usize();
            if stop <= from && column.is_valid(entry) {
                hold(entry);
            }
        }
    }

    /// Whether one row holds the literal.
    fn is_in(&self, events: &EventBatch, row: u32) -> bool {
        let event = events.event(row as usize);
        let held = |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| self.finder.find(bytes).is_some());
        (self.places.value && held(event.value()))
            || (self.places.key && held(event.key()))
            || event.headers().any(|(name, value)| {
                (self.places.header_names && held(Some(name.as_bytes()))) || (self.places.header_values && held(value))
            })
    }
}

impl Sieve {
    pub(super) fn new(prefilter: &Prefilter) -> Result<Self, regex::Error> {
        let all = |parts: &[Prefilter]| parts.iter().map(Self::new).collect::<Result<Vec<_>, _>>();
        Ok(match prefilter {
            Prefilter::Nothing => Self::Everything,
            Prefilter::Holds(literal) => Needle::new(literal)?.map_or(Self::Everything, Self::Holds),
            Prefilter::And(parts) => Self::And(all(parts)?),
            Prefilter::Or(parts) => Self::Or(all(parts)?),
        })
    }

    /// The rows of a range that pass, in order.
    pub(super) fn rows(&self, events: &EventBatch, rows: &Range<usize>) -> Vec<u32> {
        self.sift(events, rows).unwrap_or_else(|| (rows.start as u32..rows.end as u32).collect())
    }

    /// As [`Sieve::rows`]; `None` where all pass.
    fn sift(&self, events: &EventBatch, rows: &Range<usize>) -> Option<Vec<u32>> {
        match self {
            Self::Everything => None,
            Self::Holds(needle) => Some(needle.rows(events, rows)),
            Self::Or(parts) => {
                parts.iter().try_fold(Vec::new(), |found, part| Some(union(&found, &part.sift(events, rows)?)))
            }
            Self::And(parts) => parts.iter().fold(None, |found: Option<Vec<u32>>, part| match found {
                None => part.sift(events, rows),
                // Where few rows are left it is quicker to look at each than to look through everything again.
                Some(found) if found.len() < rows.len() / 16 => {
                    Some(found.into_iter().filter(|&row| part.passes(events, row)).collect())
                }
                Some(found) => Some(match part.sift(events, rows) {
                    Some(others) => intersection(&found, &others),
                    None => found,
                }),
            }),
        }
    }

    fn passes(&self, events: &EventBatch, row: u32) -> bool {
        match self {
            Self::Everything => true,
            Self::Holds(needle) => needle.is_in(events, row),
            Self::And(parts) => parts.iter().all(|part| part.passes(events, row)),
            Self::Or(parts) => parts.iter().any(|part| part.passes(events, row)),
        }
    }
}
