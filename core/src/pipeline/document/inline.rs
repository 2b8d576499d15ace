//! Tables between braces that are written over several lines: which comment is about which entry.

use toml_edit::{InlineTable, Item, Key, Value};

use super::comment::{before, set_before};
use super::table::{raw, split_line};

/// What stands around the entries of a table between braces.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Behind the opening brace, to the end of the line.
    opening: String,
    /// Before the closing brace.
    closing: String,
}

impl Around {
    /// Gives each entry that was taken out of a table what stands behind it in its line, which TOML's grammar holds to
    /// be before the next.
    pub(super) fn detach(table: &InlineTable, entries: &mut [(Key, Item)]) -> Self {
        let behind_comma = raw(Some(table.trailing()));
        let last = entries.last_mut().and_then(|(_, item)| last_value(item));
        let end = match last {
            Some(last) if !table.trailing_comma() => raw(last.decor().suffix()).to_owned() + behind_comma,
            _ => behind_comma.to_owned(),
        };
        let (mut behind, closing) = split_line(&end);
        for (key, item) in entries.iter_mut().rev() {
            let (line, own) = split_line(&before(key, item));
            set_before(key.as_mut(), item, own);
            if let Some(value) = last_value(item) {
                value.decor_mut().set_suffix(std::mem::replace(&mut behind, line));
            }
        }
        Self { opening: behind, closing }
    }

    /// Undoes [`Around::detach`], for entries of which some may be others.
    pub(super) fn attach(self, table: &mut InlineTable, entries: &mut [(Key, Item)]) {
        let in_lines = self.opening.ends_with('\n');
        let mut margins = entries.iter().filter(|(_, item)| !is_fresh(item)).map(|(key, item)| {
            let before = before(key, item);
            before.rsplit('\n').next().unwrap_or_default().to_owned()
        });
        let margin = margins.next_back().unwrap_or_else(|| "    ".to_owned());
        let mut line = self.opening;
        for (key, item) in entries.iter_mut() {
            let fresh = in_lines && is_fresh(item);
            let own = if fresh { margin.clone() } else { before(key, item) };
            set_before(key.as_mut(), item, line + &own);
            line = if fresh { "\n".to_owned() } else { String::new() };
            if let Some(value) = last_value(item) {
                line += raw(value.decor().suffix());
                value.decor_mut().set_suffix("");
            }
        }
        table.set_trailing(line + &self.closing);
        table.set_trailing_comma(table.trailing_comma() && !entries.is_empty());
    }
}

/// Whether an entry was never part of a file.
fn is_fresh(item: &Item) -> bool {
    let dotted = item.as_inline_table().is_some_and(InlineTable::is_dotted);
    !dotted && item.as_value().is_some_and(|value| value.decor().prefix().is_none())
}

/// The value of an entry, or the last of those that dotted keys make one of.
fn last_value(item: &mut Item) -> Option<&mut Value> {
    if item.as_inline_table().is_some_and(InlineTable::is_dotted) {
        return item.as_table_like_mut()?.iter_mut().last().and_then(|(_, item)| last_value(item));
    }
    item.as_value_mut()
}
