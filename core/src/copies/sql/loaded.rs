//! A view being loaded into SQLite, and what its values have to be made of there.

use rusqlite::types::Value;

use crate::codec::{Cell, number_in_least_digits};
use crate::copies::table::{list, quoted};
use crate::engine::{Materialised, PlannedView};
use crate::event::time::{NS_PER_MS, format_iso, format_iso_ns};

/// Texts that are moments in milliseconds.
const IN_MS: &str = "'????-??-??T??:??:??.???Z'";

/// A view being loaded.
pub(super) struct Loaded {
    pub(super) view: PlannedView,
    /// Where a table's rows are kept until they are final.
    pub(super) table: Materialised,
    pub(super) insert: String,
    columns: Vec<Column>,
}

/// What has come of a column's values.
#[derive(Debug, Clone, Default)]
struct Column {
    ints: bool,
    /// Integers that no float holds.
    large_ints: u64,
    /// A float, or a number with digits behind its point.
    broken: bool,
    /// Times of whole milliseconds, and such that need more digits.
    ms: bool,
    ns: bool,
    texts: bool,
    /// Numbers of more digits than floats hold.
    rounded: u64,
    /// What could not be decoded or calculated, or is not a number: it is null there.
    nulls: u64,
}

impl Loaded {
    pub(super) fn new(view: &PlannedView) -> Self {
        let marks = vec!["?"; view.columns.len()].join(", ");
        Self {
            insert: format!("INSERT INTO {} VALUES ({marks})", quoted(&view.name)),
            table: Materialised::new(view.id.clone()),
            columns: vec![Column::default(); view.columns.len()],
            view: view.clone(),
        }
    }

    /// The statement that makes its table.
    pub(super) fn create(&self) -> String {
        let names: Vec<&str> = self.view.columns.iter().map(|(name, ..)| name.as_str()).collect();
        format!("CREATE TABLE {} ({})", quoted(&self.view.name), list(&names))
    }

    /// A row as SQLite keeps it.
    pub(super) fn values(&mut self, cell: impl Fn(usize) -> Cell<'static>) -> Vec<Value> {
        let Self { view, columns, .. } = self;
        view.columns.iter().zip(columns).map(|((_, at, _), column)| column.value(cell(*at))).collect()
    }

    /// Whether a time came that needs more than milliseconds.
    pub(super) fn needs_nanoseconds(&self) -> bool {
        self.columns.iter().any(|column| column.ns)
    }

    /// The statement that makes the values of each column such that they can be calculated with and compared: where floats
    /// stand beside integers, a whole number is a float too, because SQLite divides integers without a rest; where a time
    /// of any view has nine digits, all have, because texts are compared from the left.
    pub(super) fn evened(&mut self, nanoseconds: bool) -> Option<String> {
        let mut sets = Vec::new();
        for ((name, ..), column) in self.view.columns.iter().zip(&mut self.columns) {
            let name = quoted(name);
            let mut cases = String::new();
            if column.ints && column.broken {
                column.rounded += column.large_ints;
                cases.push_str(&format!(" WHEN typeof({name}) = 'integer' THEN CAST({name} AS REAL)"));
            }
            // A text that only looks like a time stays as it is.
            if nanoseconds && column.ms && !column.texts {
                let longer = format!("substr({name}, 1, 23) || '000000Z'");
                cases.push_str(&format!(" WHEN {name} GLOB {IN_MS} THEN {longer}"));
            }
            if !cases.is_empty() {
                sets.push(format!("{name} = CASE{cases} ELSE {name} END"));
            }
        }
        (!sets.is_empty()).then(|| format!("UPDATE {} SET {}", quoted(&self.view.name), sets.join(", ")))
    }

    /// Its columns with numbers that were rounded, and how many.
    pub(super) fn rounded(&self) -> Vec<(String, u64)> {
        self.counted(|column| column.rounded)
    }

    /// Its columns with values that are null only there, and how many.
    pub(super) fn nulled(&self) -> Vec<(String, u64)> {
        self.counted(|column| column.nulls)
    }

    fn counted(&self, count: impl Fn(&Column) -> u64) -> Vec<(String, u64)> {
        let columns = self.view.columns.iter().zip(&self.columns);
        let counts = columns.map(|((name, ..), column)| (format!("{}.{name}", self.view.name), count(column)));
        let mut counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
        counts.sort();
        counts
    }
}

impl Column {
    fn value(&mut self, cell: Cell<'static>) -> Value {
        match cell {
            Cell::Missing | Cell::Null => Value::Null,
            Cell::Failed(_) => self.null(),
            Cell::Bool(truth) => Value::Integer(i64::from(truth)),
            Cell::Int(int) => {
                self.ints = true;
                self.large_ints += u64::from(i128::from(int) != (int as f64) as i128);
                Value::Integer(int)
            }
            // Not a number is no number to SQLite either.
            Cell::Float(float) if float.is_nan() => self.null(),
            Cell::Float(float) => {
                self.broken = true;
                Value::Real(float)
            }
            number @ (Cell::Decimal(_) | Cell::Number(_)) => {
                let text = number.to_string();
                let float: f64 = text.parse().unwrap_or(f64::NAN);
                self.broken |= text.contains(['.', 'e', 'E']);
                let same = number_in_least_digits(&text) == number_in_least_digits(&format!("{float:e}"));
                self.rounded += u64::from(!same);
                Value::Real(float)
            }
            Cell::Time(ns) if ns % NS_PER_MS == 0 => {
                self.ms = true;
                Value::Text(format_iso(ns))
            }
            Cell::Time(ns) => {
                self.ns = true;
                Value::Text(format_iso_ns(ns))
            }
            Cell::Bytes(bytes) => Value::Blob(bytes.into_owned()),
            Cell::Text(text) | Cell::Array(text) | Cell::Object(text) => {
                self.texts = true;
                Value::Text(text.into_owned())
            }
        }
    }

    fn null(&mut self) -> Value {
        self.nulls += 1;
        Value::Null
    }
}
