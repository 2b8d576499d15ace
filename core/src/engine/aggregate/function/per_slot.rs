//! What is kept for each slot, in columns: how it is kept, counted and saved.

use std::collections::BTreeMap;

use crate::codec::Cell;
use crate::engine::{StateError, StateReader, StateWriter, StoredCells, store_cell};

/// Lengthens a column. It grows by a quarter at a time, so that little room is left empty.
pub(in crate::engine::aggregate) fn fill<T: Clone>(values: &mut Vec<T>, slots: usize, value: T) {
    make_room(values, slots);
    values.resize(slots, value);
}

/// As [`fill`], with a new value for each.
pub(in crate::engine::aggregate) fn fill_with<T>(values: &mut Vec<T>, slots: usize, value: impl FnMut() -> T) {
    make_room(values, slots);
    values.resize_with(slots, value);
}

fn make_room<T>(values: &mut Vec<T>, slots: usize) {
    if slots > values.capacity() {
        values.reserve_exact((slots - values.len()).max(values.len() / 4).max(4));
    }
}

/// The room that a column of so many slots takes, on average. Reckoned from what is in it, so that a loaded state counts
/// as much as the saved one.
pub(in crate::engine::aggregate) fn grown(slots: usize) -> usize {
    slots + slots / 8
}

/// The values of some slots, in this order.
pub(in crate::engine::aggregate) fn pick<T: Copy>(values: &[T], slots: &[u32]) -> Vec<T> {
    slots.iter().map(|&slot| values[slot as usize]).collect()
}

/// As [`pick`], of values that are moved rather than copied.
pub(in crate::engine::aggregate) fn pick_owned<T: Default>(values: &mut [T], slots: &[u32]) -> Vec<T> {
    slots.iter().map(|&slot| std::mem::take(&mut values[slot as usize])).collect()
}

/// As [`pick`], of cells.
pub(super) fn pick_cells(cells: &mut [Cell<'static>], slots: &[u32]) -> Vec<Cell<'static>> {
    slots.iter().map(|&slot| std::mem::replace(&mut cells[slot as usize], Cell::Null)).collect()
}

/// As [`pick`], of values that only some slots have.
pub(super) fn keep_sparse<T>(values: &mut BTreeMap<u32, T>, slots: &[u32]) {
    if values.is_empty() {
        return;
    }
    let moved = slots.iter().zip(0_u32..).filter_map(|(slot, number)| Some((number, values.remove(slot)?)));
    *values = moved.collect();
}

/// Bytes of memory that a value takes beside its cell.
pub(in crate::engine::aggregate) fn heap_of(cell: &Cell<'_>) -> usize {
    match cell {
        Cell::Number(text) | Cell::Text(text) | Cell::Array(text) | Cell::Object(text) => text.len(),
        Cell::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

/// Puts a value in the place of another; a text goes where the other's was.
pub(super) fn replace(place: &mut Cell<'static>, cell: Cell<'_>) {
    match (place, cell) {
        (Cell::Text(std::borrow::Cow::Owned(old)), Cell::Text(new)) => {
            old.clear();
            old.push_str(&new);
        }
        (place, cell) => *place = cell.into_owned(),
    }
}

/// What is wrong with a state that is not what was written.
///
/// # Errors
/// [`StateError`] unless it is sound.
pub(in crate::engine::aggregate) fn check(sound: bool) -> Result<(), StateError> {
    if sound { Ok(()) } else { Err(StateError("the aggregates in it contradict each other".into())) }
}

/// Whether a column has a value for each slot.
///
/// # Errors
/// [`StateError`] if it does not.
pub(in crate::engine::aggregate) fn as_many(values: usize, slots: usize) -> Result<(), StateError> {
    check(values == slots)
}

pub(super) fn save_sparse<T>(values: &BTreeMap<u32, T>, state: &mut StateWriter, save: impl Fn(&T, &mut StateWriter)) {
    state.put(&values.len());
    for (slot, value) in values {
        state.put(slot);
        save(value, state);
    }
}

pub(super) fn load_sparse<T>(
    slots: usize,
    state: &mut StateReader<'_>,
    load: impl Fn(&mut StateReader<'_>) -> Result<T, StateError>,
) -> Result<BTreeMap<u32, T>, StateError> {
    let mut values = BTreeMap::new();
    for _ in 0..state.take::<usize>()? {
        let slot: u32 = state.take()?;
        check((slot as usize) < slots)?;
        values.insert(slot, load(state)?);
    }
    Ok(values)
}

/// Writes cells, one after the other.
pub(in crate::engine::aggregate) fn save_cells<'c>(
    cells: impl IntoIterator<Item = &'c Cell<'c>>,
    state: &mut StateWriter,
) {
    let mut bytes = Vec::new();
    cells.into_iter().for_each(|cell| store_cell(cell, &mut bytes));
    state.put_bytes(&bytes);
}

/// Reads what [`save_cells`] wrote.
///
/// # Errors
/// [`StateError`] when something else stands there.
pub(in crate::engine::aggregate) fn load_cells(state: &mut StateReader<'_>) -> Result<Vec<Cell<'static>>, StateError> {
    let mut stored = StoredCells::new(state.take()?);
    let mut cells = Vec::new();
    while !stored.is_at_end() {
        cells.push(stored.take()?.into_owned());
    }
    Ok(cells)
}
