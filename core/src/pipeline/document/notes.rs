//! What is written on the canvas around the nodes: boxes with words, `[[notes]]`.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::change::replace;
use super::fields::named;
use super::fresh;
use super::lines::span;
use super::read::{Reading, entries, of_top, read_place};
use crate::pipeline::Note;
use crate::pipeline::name::{did_you_mean, shown};

/// The settings of a note.
const SETTINGS: [&str; 3] = ["text", "at", "size"];

/// How many notes a pipeline may have.
const MOST_NOTES: usize = 1_000;

/// Reads `[[notes]]`; whatever is wrong is told.
pub(super) fn read_notes(reading: &mut Reading, root: &dyn TableLike) -> Vec<Note> {
    let Some((key, item)) = root.get_key_value("notes") else { return Vec::new() };
    let tables: Option<Vec<&dyn TableLike>> = match item {
        Item::ArrayOfTables(tables) => Some(tables.iter().map(|table| table as &dyn TableLike).collect()),
        Item::Value(Value::Array(list)) => {
            list.iter().map(|value| value.as_inline_table().map(|table| table as &dyn TableLike)).collect()
        }
        _ => None,
    };
    let at = span(key, item);
    let Some(tables) = tables else {
        let message = || format!("`notes` takes a table for each note, [[notes]], and this is {}", named(item));
        reading.report(at, || of_top("notes", message()));
        return Vec::new();
    };
    if tables.len() > MOST_NOTES {
        let message = format!("{} notes: a pipeline has at most {MOST_NOTES}", tables.len());
        reading.report(at, || of_top("notes", message));
        return Vec::new();
    }
    let mut notes = Vec::with_capacity(tables.len());
    for table in tables {
        notes.extend(read_note(reading, table, at.clone()));
    }
    notes
}

fn read_note(reading: &mut Reading, table: &dyn TableLike, at: Option<std::ops::Range<usize>>) -> Option<Note> {
    for (key, item) in entries(table).filter(|(key, _)| !SETTINGS.contains(&key.get())) {
        reading.report(span(key, item), || {
            let problem = of_top(format!("notes.{}", key.get()), format!("a note has no setting “{}”", shown(key)));
            let all = || format!("it has {}", SETTINGS.join(", "));
            problem.hint(did_you_mean(key, SETTINGS).unwrap_or_else(all))
        });
    }
    let mut place = |name: &str| {
        let (item, place) = (table.get(name), table.get(name).and_then(read_place));
        if place.is_none() {
            let at = item.and_then(Item::span).or_else(|| at.clone());
            let message = format!("a note needs `{name}`, two numbers");
            reading.report(at, || of_top(format!("notes.{name}"), message).hint("write [40, 60]"));
        }
        place
    };
    let (corner, size) = (place("at"), place("size"));
    let text = match table.get("text") {
        None => Some(String::new()),
        Some(item) => {
            let text = item.as_str().map(str::to_owned);
            if text.is_none() {
                let message = format!("`text` takes a text in quotes, and this is {}", named(item));
                reading.report(item.span().or(at), || of_top("notes.text", message));
            }
            text
        }
    };
    Some(Note { text: text?, at: corner?, size: size? })
}

/// Makes a file that holds the old notes hold the new ones. A note that only changed stays where it is in the file.
pub(super) fn edit_notes(document: &mut DocumentMut, old: &[Note], new: &[Note]) {
    // Those before the first that differs and behind the last that differs stay as they are.
    let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - same;
    let behind = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
    let (gone, come) = (same..old.len() - behind, same..new.len() - behind);
    let kept = gone.len().min(come.len());
    if !matches!(document.get("notes"), Some(Item::ArrayOfTables(_) | Item::Value(Value::Array(_)))) {
        document.insert("notes", Item::ArrayOfTables(ArrayOfTables::new()));
    }
    match document.get_mut("notes") {
        Some(Item::ArrayOfTables(tables)) => {
            let mut all: Vec<Table> = std::mem::take(tables).into_iter().collect();
            for at in 0..kept {
                change_note(&mut all[gone.start + at], &old[gone.start + at], &new[come.start + at]);
            }
            all.drain(gone.start + kept..gone.end);
            // New ones stand behind the table before them; where there is none they stand at the end of the file.
            let position = all.last().and_then(Table::position);
            let fresh = new[come.start + kept..come.end].iter().map(|note| {
                let mut table: Table = inline(note).into_table();
                table.decor_mut().set_prefix("\n");
                table.set_position(position);
                table
            });
            all.splice(come.start + kept..come.start + kept, fresh.collect::<Vec<_>>());
            let mut positions: Vec<_> = all.iter().map(Table::position).collect();
            positions.sort_unstable();
            all.iter_mut().zip(positions).for_each(|(table, position)| table.set_position(position));
            tables.extend(all);
        }
        Some(Item::Value(Value::Array(list))) => {
            for at in 0..kept {
                if let Some(Value::InlineTable(table)) = list.get_mut(gone.start + at) {
                    change_note(table, &old[gone.start + at], &new[come.start + at]);
                }
            }
            (gone.start + kept..gone.end).rev().for_each(|at| drop(list.remove(at)));
            for (at, note) in new[come.start + kept..come.end].iter().enumerate() {
                list.insert(come.start + kept + at, inline(note));
            }
        }
        _ => {}
    }
    if new.is_empty() {
        document.remove("notes");
    }
}

fn inline(note: &Note) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("text", Value::from(&note.text));
    table.insert("at", Value::Array(fresh::place(note.at)));
    table.insert("size", Value::Array(fresh::place(note.size)));
    table
}

fn change_note(table: &mut dyn TableLike, old: &Note, new: &Note) {
    if old.text != new.text {
        set(table, "text", Value::from(&new.text));
    }
    for (name, old, new) in [("at", old.at, new.at), ("size", old.size, new.size)] {
        if old != new {
            set(table, name, Value::Array(fresh::place(new)));
        }
    }
}

fn set(table: &mut dyn TableLike, name: &str, new: Value) {
    match table.get_mut(name) {
        Some(Item::Value(Value::Array(list))) if new.as_array().is_some_and(|new| new.len() == list.len()) => {
            let numbers: Array = new.as_array().cloned().unwrap_or_default();
            list.iter_mut().zip(numbers.iter()).for_each(|(value, number)| replace(value, number.clone()));
        }
        Some(Item::Value(value)) => replace(value, new),
        _ => drop(table.insert(name, Item::Value(new))),
    }
}
