//! `collect_list(x)`, and how values are written into an array.

use super::per_slot::{check, fill_with, grown, pick_owned};
use super::{Accumulator, Part};
use crate::codec::{Cell, Value, json};
use crate::engine::{Sign, StateError, StateReader, StateWriter};

/// Every value, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct List {
    slots: Vec<Values>,
    /// Values and bytes of all slots.
    values: usize,
    bytes: usize,
}

/// The values of a slot, already written.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Values {
    text: String,
    /// For each value the number of its row, and where its text ends.
    values: Vec<(u64, usize)>,
}

impl Values {
    fn text(&self, at: usize) -> &str {
        &self.text[self.start(at)..self.values[at].1]
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.values[before].1)
    }

    fn push(&mut self, ordinal: u64, text: &str) {
        self.text.push_str(text);
        self.values.push((ordinal, self.text.len()));
    }

    fn remove(&mut self, at: usize) -> usize {
        let (start, end) = (self.start(at), self.values[at].1);
        self.text.drain(start..end);
        self.values.remove(at);
        self.values[at..].iter_mut().for_each(|(_, later)| *later -= end - start);
        end - start
    }

    /// Whether every value's text is there.
    fn is_sound(&self) -> bool {
        let ends = || self.values.iter().map(|&(_, end)| end);
        ends().is_sorted()
            && ends().all(|end| self.text.is_char_boundary(end))
            && self.values.last().map_or(0, |last| last.1) == self.text.len()
    }
}

impl List {
    fn count(&mut self) {
        self.values = self.slots.iter().map(|slot| slot.values.len()).sum();
        self.bytes = self.slots.iter().map(|slot| slot.text.len()).sum();
    }
}

impl Accumulator for List {
    fn grow(&mut self, slots: usize) {
        fill_with(&mut self.slots, slots, Values::default);
    }

    fn take(&mut self, part: &Part<'_>) -> u64 {
        let mut text = String::new();
        part.each(|taken| {
            let slot = &mut self.slots[taken.slot as usize];
            if taken.sign == Sign::Plus {
                text.clear();
                write_json(&taken.cell, &mut text);
                self.values += 1;
                self.bytes += text.len();
                slot.push(taken.ordinal, &text);
            } else if let Ok(at) = slot.values.binary_search_by_key(&taken.ordinal, |&(ordinal, _)| ordinal) {
                self.values -= 1;
                self.bytes -= slot.remove(at);
            }
        });
        0
    }

    fn merge(&mut self, into: u32, from: u32) {
        let (a, b) = (std::mem::take(&mut self.slots[into as usize]), std::mem::take(&mut self.slots[from as usize]));
        let merged = &mut self.slots[into as usize];
        let (mut at_a, mut at_b) = (0, 0);
        while at_a < a.values.len() || at_b < b.values.len() {
            let ordinal = |values: &Values, at: usize| values.values.get(at).map_or(u64::MAX, |&(ordinal, _)| ordinal);
            let (values, at) = match ordinal(&a, at_a) <= ordinal(&b, at_b) && at_a < a.values.len() {
                true => (&a, &mut at_a),
                false => (&b, &mut at_b),
            };
            merged.push(values.values[*at].0, values.text(*at));
            *at += 1;
        }
    }

    fn keep(&mut self, slots: &[u32]) {
        self.slots = pick_owned(&mut self.slots, slots);
        self.count();
    }

    fn result(&self, slot: u32) -> Cell<'_> {
        let slot = &self.slots[slot as usize];
        let mut array = String::with_capacity(slot.text.len() + slot.values.len() + 2);
        array.push('[');
        for at in 0..slot.values.len() {
            if at > 0 {
                array.push(',');
            }
            array.push_str(slot.text(at));
        }
        array.push(']');
        Cell::Array(array.into())
    }

    fn bytes(&self) -> usize {
        grown(self.slots.len()) * size_of::<Values>() + self.values * 24 + self.bytes * 3 / 2
    }

    fn save(&self, state: &mut StateWriter) {
        state.put(&self.slots);
    }

    fn load(&mut self, slots: usize, state: &mut StateReader<'_>) -> Result<(), StateError> {
        self.slots = state.take()?;
        check(self.slots.len() == slots && self.slots.iter().all(Values::is_sound))?;
        self.count();
        Ok(())
    }
}

/// Writes values as an array of JSON.
pub(super) fn json_array<'c>(cells: impl IntoIterator<Item = &'c Cell<'c>>) -> Cell<'static> {
    let mut array = String::from("[");
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            array.push(',');
        }
        write_json(cell, &mut array);
    }
    array.push(']');
    Cell::Array(array.into())
}

/// Writes a value as JSON: a number with the digits that it has, a time as ISO 8601.
fn write_json(cell: &Cell<'_>, out: &mut String) {
    match cell {
        Cell::Text(text) => json::write_string(out, text),
        Cell::Time(_) => json::write_string(out, &cell.to_string()),
        Cell::Float(float) => out.push_str(&json::compact(&Value::Float(*float))),
        Cell::Bytes(bytes) => out.push_str(&json::compact(&Value::Bytes(bytes.to_vec()))),
        Cell::Missing | Cell::Null | Cell::Failed(_) => out.push_str("null"),
        // Numbers, conditions, and what is JSON already.
        cell => out.push_str(&cell.to_string()),
    }
}
