//! One event as a reader sees it: headers found, wanted fields decoded.

use std::borrow::Cow;

use super::Role;
use super::field::Field;
use super::reader::{Flags, Reader};
use super::text;
use crate::codec::{Cell, Fault};

/// Where a text comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Header(usize),
    Key(usize),
    Value(usize),
}

/// A place that may count only where the value is a whole cloud event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) place: Place,
    pub(super) structured: bool,
}

/// A field that ties, or tells what led to what.
pub(super) struct Use {
    pub(super) seat: Seat,
    /// What ties only together with it.
    pub(super) also: Vec<Seat>,
    pub(super) field: Field,
    pub(super) role: Role,
    pub(super) about: u64,
    pub(super) within_topic: bool,
}

/// Where a step's name comes from.
pub(super) enum StepPlace {
    Type(Seat),
    Change { op: Place, tables: [Place; 2], deleted: Option<Place> },
}

impl Use {
    pub(super) fn hash(&self, text: &str) -> u64 {
        if self.within_topic { text::hash_within(self.about, text) } else { text::hash(self.about, text) }
    }

    /// Whether an identity is one only together with who made the event: CloudEvents says so of its ids, and numbers
    /// and short names may be given by anyone.
    pub(super) fn is_own(&self, text: &str) -> bool {
        if self.role != Role::Identity {
            return false;
        }
        match &self.field {
            Field::Header(name) if name.eq_ignore_ascii_case("ce_id") => true,
            Field::Header(name) if name.eq_ignore_ascii_case("id") => !text::is_uuid(text),
            Field::Value(_) => true,
            _ => text::is_plain(text),
        }
    }
}

/// One event, with its headers found and its payloads' fields decoded.
pub(super) struct Row<'r, 'b> {
    pub(super) reader: &'r Reader,
    pub(super) headers: Vec<Option<&'b [u8]>>,
    pub(super) keys: &'r [Vec<Cell<'b>>],
    pub(super) values: &'r [Vec<Cell<'b>>],
    pub(super) at: usize,
    /// Whether it has no value at all.
    pub(super) is_null: bool,
}

impl<'r> Row<'r, '_> {
    pub(super) fn text(&self, place: Place) -> Option<Cow<'_, str>> {
        match place {
            Place::Header(header) => text::of_bytes(self.headers[header]?),
            Place::Key(column) => text::of_cell(&self.keys[column][self.at]),
            Place::Value(column) => text::of_cell(&self.values[column][self.at]),
        }
    }

    pub(super) fn seated(&self, seat: Seat) -> Option<Cow<'_, str>> {
        if seat.structured && self.reader.is_in_headers(&self.headers) {
            return None;
        }
        self.text(seat.place)
    }

    pub(super) fn ties(&self) -> impl Iterator<Item = (&'r Use, Cow<'_, str>)> {
        self.reader.uses.iter().filter_map(|wanted| Some((wanted, self.tie(wanted)?)))
    }

    /// What of a field ties, with the values of those that tie only together with it.
    pub(super) fn tie(&self, wanted: &Use) -> Option<Cow<'_, str>> {
        let of = |seat: Seat| text::tying(&wanted.field, wanted.role, self.seated(seat)?);
        let mut tie = of(wanted.seat)?;
        for seat in &wanted.also {
            tie = Cow::Owned(format!("{tie}+{}", of(*seat)?));
        }
        Some(tie)
    }

    /// A whole number that stands there.
    pub(super) fn number(&self, place: Place) -> Option<u32> {
        match place {
            Place::Value(column) => match self.values[column][self.at] {
                Cell::Int(number) => u32::try_from(number).ok(),
                _ => None,
            },
            place => self.text(place)?.parse().ok(),
        }
    }

    pub(super) fn step(&self) -> Option<Cow<'_, str>> {
        self.reader.steps.iter().find_map(|step| match step {
            StepPlace::Type(seat) => self.seated(*seat),
            StepPlace::Change { op, tables, deleted } => {
                let done = match self.text(*op).as_deref() {
                    Some("c") => "created",
                    Some("u") => "updated",
                    Some("d") => "deleted",
                    Some("r") => "read",
                    Some("t") => "truncated",
                    Some(_) => return None,
                    // What follows a delete, so that compaction takes the row away.
                    None if self.is_null => "tombstone",
                    None => match deleted.and_then(|place| self.said(place)) {
                        Some(true) => "deleted",
                        Some(false) => "changed",
                        None => return None,
                    },
                };
                let table = tables.iter().find_map(|&place| self.text(place));
                let table = table.as_deref().unwrap_or_else(|| short(&self.reader.topic));
                Some(Cow::Owned(format!("{table} {done}")))
            }
        })
    }

    /// Whether a place says true or false, as a text or as it is.
    fn said(&self, place: Place) -> Option<bool> {
        if let Place::Value(column) = place
            && let Cell::Bool(said) = self.values[column][self.at]
        {
            return Some(said);
        }
        self.text(place)?.parse().ok()
    }

    pub(super) fn participant(&self) -> Option<Cow<'_, str>> {
        self.reader.participants.iter().find_map(|&seat| self.seated(seat))
    }

    pub(super) fn flags(&self) -> u8 {
        let failed = |cell: &Cell<'_>| matches!(cell, Cell::Failed(Fault::UndecodableValue));
        let undecodable = self.values.first().is_some_and(|column| failed(&column[self.at]));
        let asks = self.headers[self.reader.reply_topic].is_some();
        (if undecodable { Flags::UNDECODABLE } else { 0 }) | (if asks { Flags::ASKS_REPLY } else { 0 })
    }
}

/// The last part of a topic's name: Debezium's topics are called server.schema.table.
fn short(topic: &str) -> &str {
    topic.rsplit('.').next().unwrap_or(topic)
}
