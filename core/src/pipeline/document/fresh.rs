//! Settings that a file doesn't hold yet, written pleasantly.

use toml_edit::{Array, InlineTable, Item, Table, Value};

use super::setting::{Content, Setting, are_keys, settings};
use crate::pipeline::entry::write_select;
use crate::pipeline::{NodeKind, Within};

/// The longest line that is written; what is longer is cut into several.
const LONGEST_LINE: usize = 100;

/// The table of a node.
pub(super) fn node_table(kind: &NodeKind) -> Table {
    let mut table = Table::new();
    for setting in settings(kind).into_iter().filter(Setting::is_worth_saying) {
        table.insert(setting.key, item(setting.key, &setting.content));
    }
    table
}

/// A node in one line, for where there are no tables of their own.
pub(super) fn inline_node(kind: &NodeKind) -> InlineTable {
    let said = settings(kind).into_iter().filter(Setting::is_worth_saying);
    said.map(|setting| (setting.key, value(&setting.content))).collect()
}

/// What a setting is set to, as it stands in a node's own table: in several lines where one would be too long.
pub(super) fn item(key: &str, content: &Content) -> Item {
    let value = value(content);
    let fits = key.len() + " = ".len() + value.to_string().chars().count() <= LONGEST_LINE;
    match value {
        Value::InlineTable(parts) if !fits => Item::Table(parts.into_table()),
        Value::Array(mut list) if !fits => {
            for entry in list.iter_mut() {
                entry.decor_mut().set_prefix("\n    ");
            }
            list.set_trailing_comma(true);
            list.set_trailing("\n");
            Item::Value(Value::Array(list))
        }
        value => Item::Value(value),
    }
}

/// What a setting is set to, in one line.
pub(super) fn value(content: &Content) -> Value {
    match content {
        Content::Text(text) => Value::from(text),
        Content::Flag(flag) => Value::from(*flag),
        Content::Number(number) => Value::from(i64::from(*number)),
        Content::List(texts) => Value::Array(texts.iter().collect::<Array>()),
        Content::Parts(parts) => Value::InlineTable(parts.iter().map(|(key, text)| (*key, text)).collect()),
        Content::Within(Within { before, after }) if before == after => Value::from(before.to_string()),
        Content::Within(within) => Value::InlineTable(within_parts(within).into_iter().collect()),
        Content::Columns(columns) if are_keys(columns) => {
            Value::InlineTable(columns.iter().map(|column| (&column.name, &column.expr)).collect())
        }
        Content::Columns(columns) => Value::Array(columns.iter().map(write_select).collect::<Array>()),
    }
}

/// The two sides of a `within`.
pub(super) fn within_parts(within: &Within) -> [(&'static str, String); 2] {
    [("before", within.before.to_string()), ("after", within.after.to_string())]
}

/// The place of a node on the canvas.
pub(super) fn place(place: [f32; 2]) -> Array {
    place.into_iter().map(coordinate).collect()
}

/// A coordinate in as few digits as tell it from its neighbours.
pub(super) fn coordinate(number: f32) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e9 {
        return Value::from(number as i64);
    }
    let exact = f64::from(number);
    let short = number.to_string().parse().unwrap_or(exact);
    Value::from(if short as f32 == number { short } else { exact })
}
