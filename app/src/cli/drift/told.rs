//! Drift as text, and as a JSON object.

use fabula_core::codec::Cell;
use fabula_core::copies::{Drift, DriftKind, DriftRow, Events};
use fabula_core::engine::NamedEvent;
use fabula_core::event::Coordinates;

use crate::cli::output::{IsoClock, push_json, push_string};
use crate::figures;

/// So many events are named of a row.
const NAMED: usize = 3;

/// For a person.
pub fn text(drift: &Drift, view: &str, copy: &str) -> String {
    let mut text = format!(
        "{view}: {}; {copy}: {}; matched by {}\n",
        figures::of(drift.view_rows, "row"),
        figures::of(drift.copy_rows, "row"),
        drift.key.join(", ")
    );
    let count = figures::count;
    let (missing, extra, different) = (count(drift.missing), count(drift.extra), count(drift.different));
    text.push_str(&format!("{} equal, {missing} missing, {extra} extra, {different} different", count(drift.equal)));
    let differing = drift.by_column.iter().filter(|(_, rows)| *rows > 0);
    let differing: Vec<String> = differing.map(|(column, rows)| format!("{column} in {}", count(*rows))).collect();
    if !differing.is_empty() {
        text.push_str(&format!(" ({})", differing.join(", ")));
    }
    text.push('\n');
    for (columns, side) in [(&drift.only_view, "view"), (&drift.only_copy, "copy")] {
        if !columns.is_empty() {
            text.push_str(&format!("only in the {side}, and not compared: {}\n", columns.join(", ")));
        }
    }
    for row in &drift.rows {
        text.push_str(&format!("\n{:<9}  {}\n", row.kind.name(), key(drift, row)));
        match row.kind {
            DriftKind::Different => {
                for &at in &row.differs {
                    let (view, copy) = (shown(&row.view[at]), shown(&row.copy[at]));
                    text.push_str(&format!(
                        "           {}: {view} in the view, {copy} in the copy\n",
                        drift.compared[at]
                    ));
                }
            }
            DriftKind::Missing | DriftKind::Extra => {
                let cells = if row.kind == DriftKind::Missing { &row.view } else { &row.copy };
                let others = drift.compared.iter().zip(cells).filter(|(name, _)| !drift.key.contains(name));
                let others: Vec<String> = others.map(|(name, cell)| format!("{name} {}", shown(cell))).collect();
                if !others.is_empty() {
                    text.push_str(&format!("           {}\n", others.join(", ")));
                }
            }
        }
        match &row.events {
            None => {}
            Some(Events::Unknown(why)) => {
                text.push_str(&format!("           which events made it is not known: {why}\n"))
            }
            Some(Events::MadeBy { count, named: events, came_with }) => {
                let first: Vec<String> = events.iter().take(NAMED).map(event).collect();
                let more = if *count > first.len() as u64 { ", …" } else { "" };
                let made = figures::of(*count, "event");
                text.push_str(&format!("           made by {made}: {}{more}\n", first.join(", ")));
                text.push_str(&format!("           came with {}\n", event(came_with)));
            }
        }
    }
    let left_out = left_out(drift);
    if left_out > 0 {
        text.push_str(&format!("\n{} not told; --limit tells more\n", figures::of(left_out, "more row")));
    }
    text
}

fn left_out(drift: &Drift) -> u64 {
    drift.missing + drift.extra + drift.different - drift.rows.len() as u64
}

fn event(event: &NamedEvent) -> String {
    event.coordinates.as_ref().map_or_else(|| "an event".to_owned(), named)
}

/// An event as `fabula explain --events` takes it.
fn named(at: &Coordinates) -> String {
    format!("{}/{}/{}", at.topic, at.partition, at.offset)
}

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null | Cell::Missing => "∅".to_owned(),
        Cell::Text(text) if text.is_empty() => "\"\"".to_owned(),
        cell => cell.to_string().replace(['\n', '\r', '\t'], " "),
    }
}

/// What a row is known by.
fn key(drift: &Drift, row: &DriftRow) -> String {
    let cells = if row.view.is_empty() { &row.copy } else { &row.view };
    let of_key = drift.compared.iter().zip(cells).filter(|(name, _)| drift.key.contains(name));
    of_key.map(|(name, cell)| format!("{name} {}", shown(cell))).collect::<Vec<_>>().join(", ")
}

/// For programs: one object on a line.
pub fn json(drift: &Drift, view: &str, copy: &str) -> Vec<u8> {
    let mut out = Json { line: Vec::new(), clock: IsoClock::default() };
    out.open(b'{');
    out.name("view").text(view);
    out.name("copy").text(copy);
    out.name("key").texts(&drift.key);
    for (name, count) in [
        ("view_rows", drift.view_rows),
        ("copy_rows", drift.copy_rows),
        ("equal", drift.equal),
        ("missing", drift.missing),
        ("extra", drift.extra),
        ("different", drift.different),
    ] {
        out.name(name).cell(&Cell::Int(count as i64));
    }
    out.name("columns").open(b'{');
    drift.by_column.iter().for_each(|(column, rows)| out.name(column).cell(&Cell::Int(*rows as i64)));
    out.close(b'}');
    out.name("only_view").texts(&drift.only_view);
    out.name("only_copy").texts(&drift.only_copy);
    out.name("rows").open(b'[');
    drift.rows.iter().for_each(|row| out.row(drift, row));
    out.close(b']');
    out.name("left_out").cell(&Cell::Int(left_out(drift) as i64));
    out.close(b'}');
    out.line.push(b'\n');
    out.line
}

/// JSON being written.
struct Json {
    line: Vec<u8>,
    clock: IsoClock,
}

impl Json {
    /// A comma, unless it is the first of an object or array.
    fn next(&mut self) {
        if !matches!(self.line.last(), None | Some(b'{' | b'[' | b':')) {
            self.line.push(b',');
        }
    }

    fn name(&mut self, name: &str) -> &mut Self {
        self.next();
        push_string(&mut self.line, name);
        self.line.push(b':');
        self
    }

    fn open(&mut self, bracket: u8) {
        self.next();
        self.line.push(bracket);
    }

    fn close(&mut self, bracket: u8) {
        self.line.push(bracket);
    }

    fn text(&mut self, text: &str) {
        self.next();
        push_string(&mut self.line, text);
    }

    fn texts(&mut self, texts: &[String]) {
        self.open(b'[');
        texts.iter().for_each(|text| self.text(text));
        self.close(b']');
    }

    fn cell(&mut self, cell: &Cell<'_>) {
        self.next();
        push_json(&mut self.line, &mut self.clock, cell);
    }

    fn row(&mut self, drift: &Drift, row: &DriftRow) {
        self.open(b'{');
        self.name("drift").text(row.kind.name());
        let cells = if row.view.is_empty() { &row.copy } else { &row.view };
        if row.kind == DriftKind::Different {
            self.name("key").open(b'{');
            let of_key = drift.compared.iter().zip(cells).filter(|(name, _)| drift.key.contains(name));
            of_key.for_each(|(name, cell)| self.name(name).cell(cell));
            self.close(b'}');
            self.name("columns").open(b'{');
            for &at in &row.differs {
                self.name(&drift.compared[at]).open(b'{');
                self.name("view").cell(&row.view[at]);
                self.name("copy").cell(&row.copy[at]);
                self.close(b'}');
            }
        } else {
            self.name("row").open(b'{');
            drift.compared.iter().zip(cells).for_each(|(name, cell)| self.name(name).cell(cell));
        }
        self.close(b'}');
        match &row.events {
            None => {}
            Some(Events::Unknown(why)) => self.name("events_unknown").text(why),
            Some(Events::MadeBy { count, named: events, came_with }) => {
                self.name("events").open(b'{');
                self.name("count").cell(&Cell::Int(*count as i64));
                self.name("made_by").open(b'[');
                events.iter().filter_map(|event| event.coordinates.as_ref()).for_each(|at| self.text(&named(at)));
                self.close(b']');
                if let Some(at) = &came_with.coordinates {
                    self.name("came_with").text(&named(at));
                }
                self.close(b'}');
            }
        }
        self.close(b'}');
    }
}
