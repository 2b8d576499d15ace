//! Comments that stand on their own before something that is taken out: they stay.

use toml_edit::{DocumentMut, Item, Key, KeyMut, Table, Value};

use super::read::entries;
use super::table::raw;

/// Comments whose place went away, until they are given another.
#[derive(Debug, Default)]
pub(super) struct Comments {
    /// Each with the position of the table before which it stood.
    kept: Vec<(isize, String)>,
}

impl Comments {
    /// Takes up what is not about an item that leaves, from before its headers.
    pub(super) fn leave(&mut self, item: Item) {
        if let Item::Table(table) = item {
            self.leave_table(&table);
        }
    }

    fn leave_table(&mut self, table: &Table) {
        let kept = standing_alone(raw(table.decor().prefix()));
        if let (Some(position), false) = (table.position(), kept.is_empty()) {
            self.kept.push((position, kept));
        }
        for (_, item) in table {
            if let Item::Table(inside) = item {
                self.leave_table(inside);
            }
        }
    }

    /// Takes up a comment that stood before the table at a position.
    pub(super) fn keep(&mut self, position: isize, comment: String) {
        if !comment.is_empty() {
            self.kept.push((position, comment));
        }
    }

    /// Puts each comment before what comes next, a node or the layout, or at the end.
    pub(super) fn settle(mut self, document: &mut DocumentMut) {
        self.kept.sort_by_key(|(position, _)| *position);
        for (position, comment) in self.kept.into_iter().rev() {
            let behind = |table: &&mut Table| table.position().is_some_and(|other| other > position);
            let next = headed(document.as_table_mut()).into_iter().filter(behind).min_by_key(|table| table.position());
            match next {
                Some(table) => {
                    let before = raw(table.decor().prefix()).to_owned();
                    table.decor_mut().set_prefix(join(&comment, &before));
                }
                None => {
                    let before = raw(Some(document.trailing())).to_owned();
                    document.set_trailing(join(&comment, &before));
                }
            }
        }
    }
}

/// The tables of nodes and of the layout.
fn headed(root: &mut Table) -> Vec<&mut Table> {
    let mut found = Vec::new();
    for (key, item) in root.iter_mut() {
        let Item::Table(table) = item else { continue };
        match key.get() {
            "nodes" => found.extend(table.iter_mut().filter_map(|(_, node)| node.as_table_mut())),
            _ => found.push(table),
        }
    }
    found
}

/// A comment with a blank line behind it, and what follows.
fn join(comment: &str, rest: &str) -> String {
    let blank = if rest.is_empty() || rest.starts_with('\n') { "" } else { "\n" };
    format!("{}\n{blank}{rest}", comment.trim_end_matches('\n'))
}

/// What stands before something up to the last blank line, if there is a comment in it: that is about something else.
pub(super) fn standing_alone(before: &str) -> String {
    let mut end = 0;
    let mut at = 0;
    for line in before.split_inclusive('\n') {
        at += line.len();
        if line.ends_with('\n') && line.trim().is_empty() {
            end = at;
        }
    }
    let alone = &before[..end];
    if alone.contains('#') { alone.to_owned() } else { String::new() }
}

/// The positions of all tables in a table, those of its own entries included.
pub(super) fn positions(table: &Table) -> Vec<isize> {
    let mut found = Vec::new();
    for (_, item) in table {
        if let Item::Table(inside) = item {
            found.extend(inside.position());
            found.extend(positions(inside));
        }
    }
    found
}

/// What stands before the first key of an entry that has no header of its own.
pub(super) fn before(key: &Key, item: &Item) -> String {
    let dotted = item.as_table_like().filter(|table| table.is_dotted());
    let first = dotted.and_then(|table| entries(table).next());
    first.map_or_else(|| raw(key.leaf_decor().prefix()).to_owned(), |(key, item)| before(key, item))
}

/// Puts something before the first key of an entry that has no header of its own.
pub(super) fn set_before(mut key: KeyMut<'_>, item: &mut Item, text: String) {
    let dotted = item.as_table_like_mut().filter(|table| table.is_dotted());
    match dotted.and_then(|table| table.iter_mut().next()) {
        Some((key, item)) => set_before(key, item, text),
        None => key.leaf_decor_mut().set_prefix(text),
    }
}

/// Every comment inside an item, a line each.
pub(super) fn inside(item: &Item) -> String {
    let mut found = String::new();
    let mut take = |text: &str| {
        for line in text.lines().map(str::trim).filter(|line| line.starts_with('#')) {
            found.push_str(line);
            found.push('\n');
        }
    };
    visit(item, &mut take);
    found
}

fn visit(item: &Item, take: &mut dyn FnMut(&str)) {
    match item {
        Item::Value(value) => {
            take(raw(value.decor().prefix()));
            match value {
                Value::Array(list) => {
                    for value in list.iter() {
                        take(raw(value.decor().prefix()));
                        take(raw(value.decor().suffix()));
                    }
                    take(raw(Some(list.trailing())));
                }
                Value::InlineTable(table) => {
                    for (key, item) in entries(table) {
                        take(raw(key.leaf_decor().prefix()));
                        visit(item, take);
                    }
                    take(raw(Some(table.trailing())));
                }
                _ => {}
            }
            take(raw(value.decor().suffix()));
        }
        Item::Table(table) => {
            for (key, item) in entries(table) {
                take(raw(key.leaf_decor().prefix()));
                visit(item, take);
            }
        }
        _ => {}
    }
}
