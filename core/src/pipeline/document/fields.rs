//! The settings in a table, read by type; what is wrong with one is told with its name and its line.

use std::ops::Range;

use toml_edit::{Item, TableLike};

use super::lines::span;
use super::read::{Reading, entries};
use crate::pipeline::name::{did_you_mean, shown};
use crate::pipeline::{Problem, Span};

/// How many entries a list may have.
const MOST_ENTRIES: usize = 1_000;

/// The settings in a node's table, or in a table inside it.
pub(super) struct Fields<'r, 'd> {
    reading: &'r mut Reading,
    node: &'d str,
    /// What stands before the names of these settings: `window.`.
    prefix: &'static str,
    /// Whose settings they are: `a filter`.
    owner: String,
    table: &'d dyn TableLike,
    /// Where the table begins.
    at: Option<Range<usize>>,
}

/// A word with its article.
pub(super) fn with_article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// What an item is, in TOML's terms.
pub(super) fn named(item: &Item) -> &'static str {
    match item.type_name() {
        "string" => "a text",
        "integer" => "a whole number",
        "float" => "a number",
        "boolean" => "true or false",
        "datetime" => "a time",
        "array" => "a list",
        "array of tables" => "a list of tables",
        _ => "a table",
    }
}

impl<'r, 'd> Fields<'r, 'd> {
    pub(super) fn of_node(
        reading: &'r mut Reading,
        node: &'d str,
        table: &'d dyn TableLike,
        at: Option<Range<usize>>,
    ) -> Self {
        Self { reading, node, prefix: "", owner: "a node".to_owned(), table, at }
    }

    /// The settings of a table inside this one.
    pub(super) fn inside<'s>(
        &'s mut self,
        prefix: &'static str,
        owner: &str,
        table: &'d dyn TableLike,
        at: Option<Range<usize>>,
    ) -> Fields<'s, 'd> {
        Fields { reading: self.reading, node: self.node, prefix, owner: owner.to_owned(), table, at }
    }

    /// Says whose settings they are, once that is known.
    pub(super) fn belong_to(&mut self, owner: String) {
        self.owner = owner;
    }

    /// Where a setting stands.
    fn place(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).and_then(|(key, item)| span(key, item)).or_else(|| self.at.clone())
    }

    /// Takes up what is wrong with a setting.
    pub(super) fn wrong(&mut self, key: &str, message: impl Into<String>, hint: Option<String>) {
        let at = self.place(key);
        self.wrong_at(at, key, message, hint);
    }

    fn wrong_at(&mut self, at: Option<Range<usize>>, key: &str, message: impl Into<String>, hint: Option<String>) {
        let (node, prefix) = (self.node, self.prefix);
        self.reading
            .report(at, || Problem { hint, ..Problem::of_setting(node, format!("{prefix}{}", shown(key)), message) });
    }

    fn mistyped(&mut self, key: &str, item: &Item, wanted: &str) {
        let at = item.span().or_else(|| self.place(key));
        self.wrong_at(at, key, format!("{wanted} is expected, and this is {}", named(item)), None);
    }

    /// Takes up every setting that is none of those known.
    pub(super) fn refuse_others(&mut self, known: &[&str]) {
        let table = self.table;
        for (key, item) in entries(table).filter(|(key, _)| !known.contains(&key.get())) {
            let (node, prefix, owner) = (self.node, self.prefix, &self.owner);
            self.reading.report(span(key, item), || {
                let message = format!("{owner} has no setting “{}”", shown(key));
                let hint = did_you_mean(key, known.iter().copied());
                let all = || format!("it has {}", known.join(", "));
                Problem::of_setting(node, format!("{prefix}{}", shown(key)), message).hint(hint.unwrap_or_else(all))
            });
        }
    }

    /// A setting that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self, &str, &'d Item) -> Option<T>,
    ) -> Option<T> {
        match self.table.get(key) {
            Some(item) => read(self, key, item),
            None => {
                let message = format!("{} needs `{key}`", self.owner);
                self.wrong(key, message, None);
                None
            }
        }
    }

    /// A setting that may be left out; the outer `None` is one that can't be read.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self, &str, &'d Item) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.table.get(key) {
            Some(item) => read(self, key, item).map(Some),
            None => Some(None),
        }
    }

    pub(super) fn text(&mut self, key: &str, item: &Item) -> Option<String> {
        let text = item.as_str().map(str::to_owned);
        if text.is_none() {
            self.mistyped(key, item, "a text in quotes");
        }
        text
    }

    pub(super) fn flag(&mut self, key: &str, item: &Item) -> Option<bool> {
        let flag = item.as_bool();
        if flag.is_none() {
            self.mistyped(key, item, "true or false");
        }
        flag
    }

    pub(super) fn count(&mut self, key: &str, item: &Item) -> Option<u32> {
        let Some(number) = item.as_integer() else {
            self.mistyped(key, item, "a whole number");
            return None;
        };
        let count = u32::try_from(number).ok();
        if count.is_none() {
            self.wrong(key, format!("{number} is out of bounds: a number from 1 to {} is expected", u32::MAX), None);
        }
        count
    }

    pub(super) fn span(&mut self, key: &str, item: &Item) -> Option<Span> {
        let Some(text) = item.as_str() else {
            self.mistyped(key, item, "a length of time such as \"10m\"");
            return None;
        };
        match text.parse() {
            Ok(span) => Some(span),
            Err(_) => {
                let hint = "write 500ms, 30s, 10m, 1h30m or 7d".to_owned();
                self.wrong(key, format!("“{}” is not a length of time", shown(text)), Some(hint));
                None
            }
        }
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, item: &Item, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key, item)?;
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, chosen)| *chosen);
        if chosen.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let message = format!("“{}” is none of {}", shown(&text), names.join(", "));
            self.wrong(key, message, did_you_mean(&text, names));
        }
        chosen
    }

    /// A text, or a list of texts.
    pub(super) fn texts(&mut self, key: &str, item: &Item) -> Option<Vec<String>> {
        if let Some(text) = item.as_str() {
            return Some(vec![text.to_owned()]);
        }
        let Some(list) = item.as_array() else {
            self.mistyped(key, item, "a list of texts");
            return None;
        };
        if list.len() > MOST_ENTRIES {
            self.wrong(key, format!("{} entries: at most {MOST_ENTRIES} are taken", list.len()), None);
            return None;
        }
        let mut texts = Some(Vec::with_capacity(list.len()));
        for (index, entry) in list.iter().enumerate() {
            match (entry.as_str(), &mut texts) {
                (Some(text), Some(texts)) => texts.push(text.to_owned()),
                (Some(_), None) => {}
                (None, _) => {
                    texts = None;
                    let message = format!("a text in quotes is expected, and this is {}", of_type(entry));
                    self.wrong_at(entry.span(), &format!("{key}[{index}]"), message, None);
                }
            }
        }
        texts
    }

    /// A table with the settings in it.
    pub(super) fn table(&mut self, key: &str, item: &'d Item) -> Option<&'d dyn TableLike> {
        let table = item.as_table_like();
        if table.is_none() {
            self.mistyped(key, item, "a table");
        }
        table.filter(|table| {
            let many = table.len() > MOST_ENTRIES;
            if many {
                self.wrong(key, format!("{} entries: at most {MOST_ENTRIES} are taken", table.len()), None);
            }
            !many
        })
    }

    /// Where a setting stands, for those inside it.
    pub(super) fn place_of(&self, key: &str) -> Option<Range<usize>> {
        self.place(key)
    }
}

fn of_type(value: &toml_edit::Value) -> &'static str {
    match value {
        toml_edit::Value::String(_) => "a text",
        toml_edit::Value::Integer(_) => "a whole number",
        toml_edit::Value::Float(_) => "a number",
        toml_edit::Value::Boolean(_) => "true or false",
        toml_edit::Value::Datetime(_) => "a time",
        toml_edit::Value::Array(_) => "a list",
        toml_edit::Value::InlineTable(_) => "a table",
    }
}
