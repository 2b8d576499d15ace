//! A node's settings as data: which there are, and what a pipeline's node has them set to.

use std::collections::HashSet;

use crate::pipeline::entry::write_order;
use crate::pipeline::{Emit, JoinHow, Keep, NodeKind, Select, Span, Window, Within};

/// The kinds of nodes, and the settings of each besides `kind`, in the order in which they are written.
pub(super) const KINDS: [(&str, &[&str]); 12] = [
    ("stream", &["topic", "time"]),
    ("table", &["topic", "time"]),
    ("filter", &["input", "where"]),
    ("project", &["input", "select"]),
    ("rekey", &["input", "by"]),
    ("flatten", &["input", "field", "as", "outer"]),
    ("merge", &["inputs"]),
    ("aggregate", &["input", "by", "window", "grace", "select", "emit"]),
    ("join", &["how", "left", "right", "on", "within", "grace"]),
    ("deduplicate", &["input", "by", "within", "keep"]),
    ("top-n", &["input", "by", "order", "n"]),
    ("view", &["input"]),
];

/// The kinds of windows, and the settings of each besides `kind`.
pub(super) const WINDOWS: [(&str, &[&str]); 4] =
    [("tumbling", &["size"]), ("hopping", &["size", "advance"]), ("sliding", &["size"]), ("session", &["gap"])];

/// The names that `how` takes.
pub(super) const HOWS: [(&str, JoinHow); 4] =
    [("inner", JoinHow::Inner), ("left", JoinHow::Left), ("right", JoinHow::Right), ("full", JoinHow::Full)];

/// The names that `emit` takes.
pub(super) const EMITS: [(&str, Emit); 2] = [("updates", Emit::Updates), ("final", Emit::Final)];

/// The names that `keep` takes.
pub(super) const KEEPS: [(&str, Keep); 2] = [("first", Keep::First), ("last", Keep::Last)];

/// What a setting is set to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Text(String),
    Flag(bool),
    Number(u32),
    List(Vec<String>),
    /// A table of texts.
    Parts(Vec<(&'static str, String)>),
    Within(Within),
    Columns(Vec<Select>),
}

/// One setting of a node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) content: Content,
    /// Whether it is so as well where the file doesn't say it.
    pub(super) implied: bool,
}

impl Setting {
    /// Whether a new file says it: what can be left out, unless a reader would wonder.
    pub(super) fn is_worth_saying(&self) -> bool {
        !self.implied || matches!(self.key, "how" | "keep")
    }
}

fn said(key: &'static str, content: Content) -> Option<Setting> {
    Some(Setting { key, content, implied: false })
}

fn text(key: &'static str, text: &str) -> Option<Setting> {
    said(key, Content::Text(text.to_owned()))
}

fn list(key: &'static str, texts: &[String]) -> Option<Setting> {
    said(key, Content::List(texts.to_vec()))
}

fn span(key: &'static str, span: Option<Span>) -> Option<Setting> {
    span.and_then(|span| text(key, &span.to_string()))
}

fn implied_if(implied: bool, setting: Option<Setting>) -> Option<Setting> {
    setting.map(|setting| Setting { implied, ..setting })
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], of: &T) -> &'static str {
    names.iter().find(|(_, known)| known == of).map_or("", |(name, _)| name)
}

fn parts_of(window: Window) -> Vec<(&'static str, String)> {
    let mut parts = vec![("kind", window.name().to_owned())];
    match window {
        Window::Tumbling { size } | Window::Sliding { size } => parts.push(("size", size.to_string())),
        Window::Hopping { size, advance } => {
            parts.extend([("size", size.to_string()), ("advance", advance.to_string())]);
        }
        Window::Session { gap } => parts.push(("gap", gap.to_string())),
    }
    parts
}

/// What a node's settings are set to, in the order in which they are written.
pub(super) fn settings(kind: &NodeKind) -> Vec<Setting> {
    let columns = |select: &[Select]| Content::Columns(select.to_vec());
    let of_kind: Vec<Option<Setting>> = match kind {
        NodeKind::Stream { topic, time } | NodeKind::Table { topic, time } => {
            vec![text("topic", topic), time.as_deref().and_then(|time| text("time", time))]
        }
        NodeKind::Filter { input, condition } => vec![text("input", input), text("where", condition)],
        NodeKind::Project { input, select } => vec![text("input", input), said("select", columns(select))],
        NodeKind::Rekey { input, by } => vec![text("input", input), list("by", by)],
        NodeKind::Flatten { input, field, name, outer } => vec![
            text("input", input),
            text("field", field),
            text("as", name),
            implied_if(!outer, said("outer", Content::Flag(*outer))),
        ],
        NodeKind::Merge { inputs } => vec![list("inputs", inputs)],
        NodeKind::Aggregate { input, by, window, grace, select, emit } => vec![
            text("input", input),
            implied_if(by.is_empty(), list("by", by)),
            window.and_then(|window| said("window", Content::Parts(parts_of(window)))),
            span("grace", *grace),
            implied_if(select.is_empty(), said("select", columns(select))),
            implied_if(*emit == Emit::default(), text("emit", name_of(&EMITS, emit))),
        ],
        NodeKind::Join { how, left, right, on, within, grace } => vec![
            implied_if(*how == JoinHow::default(), text("how", name_of(&HOWS, how))),
            text("left", left),
            text("right", right),
            list("on", on),
            within.and_then(|within| said("within", Content::Within(within))),
            span("grace", *grace),
        ],
        NodeKind::Deduplicate { input, by, within, keep } => vec![
            text("input", input),
            implied_if(by.is_empty(), list("by", by)),
            span("within", *within),
            implied_if(*keep == Keep::default(), text("keep", name_of(&KEEPS, keep))),
        ],
        NodeKind::TopN { input, by, order, n } => vec![
            text("input", input),
            implied_if(by.is_empty(), list("by", by)),
            said("order", Content::List(order.iter().map(write_order).collect())),
            said("n", Content::Number(*n)),
        ],
        NodeKind::View { input } => vec![text("input", input)],
    };
    text("kind", kind.name()).into_iter().chain(of_kind.into_iter().flatten()).collect()
}

/// Whether columns can be the keys of a table: whether no two have one name.
pub(super) fn are_keys(select: &[Select]) -> bool {
    let mut names = HashSet::new();
    select.iter().all(|column| names.insert(column.name.as_str()))
}
