//! Settings of a node that are set to something else, whatever form they were written in.

use toml_edit::{Item, Key, Value};

use super::comment::Comments;
use super::fresh::{self, within_parts};
use super::list::change_list;
use super::setting::{Content, are_keys, settings};
use super::table::{Entries, indent, renamed};
use crate::pipeline::entry::write_select;
use crate::pipeline::{NodeKind, Select};

/// Sets a node's settings to those of another, and touches none that are alike.
pub(super) fn change_node(node: &mut Item, old: &NodeKind, new: &NodeKind, comments: &mut Comments) {
    if old == new {
        return;
    }
    let in_lines = matches!(node, Item::Table(table) if !table.is_dotted());
    let (old, new) = (settings(old), settings(new));
    let Some(mut table) = Entries::of(node) else { return };
    let keys: Vec<&str> = new.iter().map(|setting| setting.key).collect();
    table.remove(|key| !keys.contains(&key)).into_iter().for_each(|gone| comments.leave(gone));
    for setting in &new {
        match table.get_mut(setting.key) {
            Some(_) if old.iter().any(|old| old.key == setting.key && old.content == setting.content) => {}
            Some(item) => change_setting(item, &setting.content, comments),
            None if setting.implied => {}
            None => {
                let item = match in_lines {
                    true => fresh::item(setting.key, &setting.content),
                    false => Item::Value(fresh::value(&setting.content)),
                };
                insert_in_order(&mut table, setting.key, item, &keys);
            }
        }
    }
    table.tidy();
}

/// Puts a new key into a table behind those that come before it in an order.
pub(super) fn insert_in_order(table: &mut Entries<'_>, key: &str, item: Item, order: &[&str]) {
    let mut entries = table.take();
    let rank = |key: &str| order.iter().position(|known| *known == key);
    let behind = entries.iter().rposition(|(other, _)| rank(other) < rank(key));
    let mut key = Key::new(key);
    if let Some((sibling, _)) = entries.first() {
        indent(&mut key, sibling);
    }
    entries.insert(behind.map_or(0, |at| at + 1), (key, item));
    table.put(entries);
}

fn change_setting(item: &mut Item, content: &Content, comments: &mut Comments) {
    // Of dotted keys nothing would be left where there are none.
    let can_be_empty = item.as_table_like().is_some_and(|table| !table.is_dotted());
    match (content, &mut *item) {
        (Content::List(texts), Item::Value(Value::Array(list))) => change_list(list, texts),
        (Content::List(texts), Item::Value(value @ Value::String(_))) if texts.len() == 1 => {
            replace(value, Value::from(&texts[0]));
        }
        (Content::Columns(columns), Item::Value(Value::Array(list))) => {
            change_list(list, &columns.iter().map(write_select).collect::<Vec<_>>());
        }
        (Content::Columns(columns), item)
            if item.is_table_like() && are_keys(columns) && (can_be_empty || !columns.is_empty()) =>
        {
            change_columns(item, columns);
        }
        (Content::Parts(parts), item) if item.is_table_like() => change_parts(item, parts),
        (Content::Within(within), item) if item.is_table_like() => change_parts(item, &within_parts(within)),
        (content, Item::Value(value)) => replace(value, fresh::value(content)),
        (content, item) => comments.leave(std::mem::replace(item, Item::Value(fresh::value(content)))),
    }
}

/// Puts a value in place of another, with the white space and the comments around it.
pub(super) fn replace(value: &mut Value, new: Value) {
    let decor = value.decor().clone();
    *value = new;
    *value.decor_mut() = decor;
}

fn change_text(item: &mut Item, text: &str) {
    match item {
        Item::Value(value) if value.as_str() == Some(text) => {}
        Item::Value(value) => replace(value, Value::from(text)),
        item => *item = Item::Value(Value::from(text)),
    }
}

fn change_parts(item: &mut Item, parts: &[(&'static str, String)]) {
    let Some(mut table) = Entries::of(item) else { return };
    let order: Vec<&str> = parts.iter().map(|(key, _)| *key).collect();
    table.remove(|key| !order.contains(&key));
    for (key, text) in parts {
        match table.get_mut(key) {
            Some(item) => change_text(item, text),
            None => insert_in_order(&mut table, key, Item::Value(Value::from(text)), &order),
        }
    }
    table.tidy();
}

/// Changes columns that stand as keys. One that was given another name keeps its line and its comments.
fn change_columns(item: &mut Item, columns: &[Select]) {
    let Some(mut table) = Entries::of(item) else { return };
    let mut old: Vec<Option<(Key, Item)>> = table.take().into_iter().map(Some).collect();
    let sibling = old.first().and_then(|entry| entry.as_ref().map(|(key, _)| key.clone()));
    let named = |name: &str| columns.iter().any(|column| column.name == name);
    let mut entries = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        let of_name = |entry: &Option<(Key, Item)>| entry.as_ref().is_some_and(|(key, _)| *key == column.name);
        let same_expr = |entry: &Option<(Key, Item)>| {
            entry.as_ref().is_some_and(|(key, item)| !named(key) && item.as_str().map(str::trim) == Some(&*column.expr))
        };
        let in_place = || old.get(at)?.as_ref().filter(|(key, _)| !named(key)).map(|_| at);
        let found = old.iter().position(of_name).or_else(|| old.iter().position(same_expr)).or_else(in_place);
        let (key, mut item) = match found.and_then(|found| old[found].take()) {
            Some((key, item)) => (renamed(&key, &column.name), item),
            None => {
                let mut key = Key::new(&column.name);
                sibling.iter().for_each(|sibling| indent(&mut key, sibling));
                (key, Item::Value(Value::from(&column.expr)))
            }
        };
        if item.as_str().map(str::trim) != Some(&*column.expr) {
            change_text(&mut item, &column.expr);
        }
        entries.push((key, item));
    }
    table.put(entries);
    table.tidy();
}
