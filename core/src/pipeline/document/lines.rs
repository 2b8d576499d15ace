//! Where things stand in a file: lines, and the settings of nodes.

use std::ops::Range;

use toml_edit::{Item, Key, TableLike};

use crate::pipeline::Problem;
use crate::pipeline::entry::split_name;

/// Where the lines of a text begin.
#[derive(Debug)]
pub(super) struct Lines {
    ends: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self { ends: text.match_indices('\n').map(|(at, _)| at).collect() }
    }

    /// The line that holds a byte, from 1.
    pub(super) fn at(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| *end < byte) + 1
    }
}

/// Gives each problem the line in which its setting stands, or its node where the file doesn't say the setting.
pub(super) fn locate(toml: &toml_edit::Document<&str>, problems: &mut [Problem]) {
    let lines = Lines::of(toml.raw());
    for problem in problems {
        let place = place(toml.as_table(), problem.node.as_deref(), problem.setting.as_deref());
        problem.line = place.map(|at| lines.at(at));
    }
}

fn place(root: &dyn TableLike, node: Option<&str>, setting: Option<&str>) -> Option<usize> {
    let Some(node) = node else { return setting_in(root, setting?) };
    let nodes = root.get("nodes")?.as_table_like()?;
    let (key, item) = nodes.get_key_value(node)?;
    let in_node = setting.and_then(|setting| setting_in(item.as_table_like()?, setting));
    in_node.or_else(|| start(key, item))
}

/// Where a setting stands in a table: `where`, `window.size`, `on[0]`, `select.revenue`.
fn setting_in(table: &dyn TableLike, setting: &str) -> Option<usize> {
    let end = setting.find(['.', '[']).unwrap_or(setting.len());
    let (key, item) = table.get_key_value(&setting[..end])?;
    let inside = match setting.get(end..end + 1) {
        Some("[") => element(item, &setting[end + 1..]),
        Some(_) => part(item, &setting[end + 1..]),
        None => None,
    };
    inside.or_else(|| start(key, item))
}

/// An element of a list: `0]`.
fn element(item: &Item, index: &str) -> Option<usize> {
    let index: usize = index.strip_suffix(']')?.parse().ok()?;
    Some(item.as_array()?.get(index)?.span()?.start)
}

/// A key of a table, or the column of that name in a list.
fn part(item: &Item, name: &str) -> Option<usize> {
    if let Some(list) = item.as_array() {
        let is_it = |text: &str| split_name(text).1.as_deref().unwrap_or(text.trim()) == name;
        return list.iter().find(|entry| entry.as_str().is_some_and(is_it)).and_then(|entry| Some(entry.span()?.start));
    }
    let (key, item) = item.as_table_like()?.get_key_value(name)?;
    start(key, item)
}

fn start(key: &Key, item: &Item) -> Option<usize> {
    span(key, item).map(|span| span.start)
}

/// Where a key stands, or what it holds.
pub(super) fn span(key: &Key, item: &Item) -> Option<Range<usize>> {
    key.span().or_else(|| item.span())
}
