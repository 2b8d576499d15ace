//! Tables of a file, in whatever form they were written: their entries taken out, put back and renamed.

use toml_edit::{InlineTable, Item, Key, RawString, Table, TableLike, Value};

use super::inline::Around;

/// The entries of a table, with a header of its own, of dotted keys, or between braces.
pub(super) struct Entries<'t> {
    form: Form<'t>,
    /// What stands around the entries of a table between braces while they are taken out.
    around: Around,
}

enum Form<'t> {
    Table(&'t mut Table),
    Inline(&'t mut InlineTable),
}

impl<'t> From<&'t mut Table> for Entries<'t> {
    fn from(table: &'t mut Table) -> Self {
        Self { form: Form::Table(table), around: Around::default() }
    }
}

impl<'t> Entries<'t> {
    pub(super) fn of(item: &'t mut Item) -> Option<Self> {
        let form = match item {
            Item::Table(table) => Form::Table(table),
            Item::Value(Value::InlineTable(table)) => Form::Inline(table),
            _ => return None,
        };
        Some(Self { form, around: Around::default() })
    }

    fn like(&self) -> &dyn TableLike {
        match &self.form {
            Form::Table(table) => *table,
            Form::Inline(table) => *table,
        }
    }

    fn like_mut(&mut self) -> &mut dyn TableLike {
        match &mut self.form {
            Form::Table(table) => *table,
            Form::Inline(table) => *table,
        }
    }

    pub(super) fn is_inline(&self) -> bool {
        matches!(self.form, Form::Inline(_))
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Item> {
        self.like_mut().get_mut(key)
    }

    /// Takes every entry out, in order; what is said behind one stays with it.
    pub(super) fn take(&mut self) -> Vec<(Key, Item)> {
        let keys: Vec<String> = self.like().iter().map(|(key, _)| key.to_owned()).collect();
        let mut taken = Vec::with_capacity(keys.len());
        for key in keys {
            taken.extend(match &mut self.form {
                Form::Table(table) => table.remove_entry(&key),
                Form::Inline(table) => table.remove_entry(&key).map(|(key, value)| (key, Item::Value(value))),
            });
        }
        if let Form::Inline(table) = &self.form {
            self.around = Around::detach(table, &mut taken);
        }
        taken
    }

    /// Puts entries in place of those that were taken out.
    pub(super) fn put(&mut self, mut entries: Vec<(Key, Item)>) {
        if let Form::Inline(table) = &mut self.form {
            std::mem::take(&mut self.around).attach(table, &mut entries);
        }
        for (key, item) in entries {
            match &mut self.form {
                Form::Table(table) => drop(table.insert_formatted(&key, item)),
                Form::Inline(table) => {
                    if let Ok(value) = item.into_value() {
                        table.insert_formatted(&key, value);
                    }
                }
            }
        }
    }

    /// Leaves out entries.
    pub(super) fn remove(&mut self, gone: impl Fn(&str) -> bool) -> Vec<Item> {
        if !self.like().iter().any(|(key, _)| gone(key)) {
            return Vec::new();
        }
        let (gone, left): (Vec<_>, Vec<_>) = self.take().into_iter().partition(|(key, _)| gone(key));
        self.put(left);
        gone.into_iter().map(|(_, item)| item).collect()
    }

    /// Spaces out a table between braces that was changed, unless it is written over several lines.
    pub(super) fn tidy(&mut self) {
        if let Form::Inline(table) = &mut self.form {
            if table.is_dotted() || !is_plain(&table.to_string()) {
                return;
            }
            table.fmt();
            table.set_trailing_comma(false);
            table.set_trailing("");
        }
    }
}

/// Whether a value stands in one line without a comment.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains(['\n', '#'])
}

/// What stands in a piece of white space and comments.
pub(super) fn raw(text: Option<&RawString>) -> &str {
    text.and_then(RawString::as_str).unwrap_or_default()
}

/// Indents a key as another is.
pub(super) fn indent(key: &mut Key, as_is: &Key) {
    let before = raw(as_is.leaf_decor().prefix());
    let last = before.rsplit('\n').next().unwrap_or_default();
    if !last.is_empty() && last.chars().all(char::is_whitespace) {
        key.leaf_decor_mut().set_prefix(last);
    }
}

/// A key with another name, and the same white space and comments around it.
pub(super) fn renamed(key: &Key, name: &str) -> Key {
    if key.get() == name {
        return key.clone();
    }
    Key::new(name).with_leaf_decor(key.leaf_decor().clone()).with_dotted_decor(key.dotted_decor().clone())
}

/// The rest of a line, its end included, and what follows; of a single line all of it follows.
pub(super) fn split_line(text: &str) -> (String, String) {
    let (line, rest) = text.split_at(text.find('\n').map_or(0, |at| at + 1));
    (line.to_owned(), rest.to_owned())
}
