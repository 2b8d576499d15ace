//! From TOML to one node.

use toml_edit::{Item, Key};

use super::fields::{Fields, named, with_article};
use super::lines::span;
use super::read::{Reading, entries};
use super::setting::{EMITS, HOWS, KEEPS, KINDS, WINDOWS};
use crate::pipeline::entry::{read_order, read_select};
use crate::pipeline::name::shown;
use crate::pipeline::{Node, NodeKind, Problem, Select, Span, Window, Within};

/// Reads a node; `None` if something in it is wrong, which was told then.
pub(super) fn read_node(reading: &mut Reading, key: &Key, item: &Item) -> Option<Node> {
    let at = span(key, item);
    let Some(table) = item.as_table_like() else {
        let message = || format!("a node is a table, [nodes.{}], and this is {}", shown(key), named(item));
        reading.report(at, || Problem::of_node(&shown(key), message()));
        return None;
    };
    let mut fields = Fields::of_node(reading, key.get(), table, at);
    let kinds: Vec<(&str, (&str, &[&str]))> = KINDS.iter().map(|kind| (kind.0, *kind)).collect();
    let (kind, settings) = fields.required("kind", |fields, key, item| fields.choice(key, item, &kinds))?;
    fields.belong_to(with_article(kind));
    let known: Vec<&str> = std::iter::once("kind").chain(settings.iter().copied()).collect();
    fields.refuse_others(&known);
    let kind = read_kind(&mut fields, kind)?;
    Some(Node { name: key.get().to_owned(), kind })
}

fn read_kind(fields: &mut Fields<'_, '_>, kind: &str) -> Option<NodeKind> {
    // Each setting is read before the first that can't be ends the reading: all that is wrong is to be told.
    if kind == "stream" || kind == "table" {
        let topic = fields.required("topic", Fields::text);
        let (time, topic) = (fields.optional("time", Fields::text)?, topic?);
        let stream = kind == "stream";
        return Some(if stream { NodeKind::Stream { topic, time } } else { NodeKind::Table { topic, time } });
    }
    if kind == "merge" {
        return Some(NodeKind::Merge { inputs: fields.required("inputs", Fields::texts)? });
    }
    if kind == "join" {
        return read_join(fields);
    }
    let input = fields.required("input", Fields::text);
    match kind {
        "filter" => {
            let condition = fields.required("where", Fields::text);
            Some(NodeKind::Filter { input: input?, condition: condition? })
        }
        "project" => {
            let select = fields.required("select", read_columns);
            Some(NodeKind::Project { input: input?, select: select? })
        }
        "rekey" => {
            let by = fields.required("by", Fields::texts);
            Some(NodeKind::Rekey { input: input?, by: by? })
        }
        "flatten" => {
            let field = fields.required("field", Fields::text);
            let name = fields.required("as", Fields::text);
            let outer = fields.optional("outer", Fields::flag);
            Some(NodeKind::Flatten { input: input?, field: field?, name: name?, outer: outer?.unwrap_or(false) })
        }
        "aggregate" => read_aggregate(fields, input),
        "deduplicate" => {
            let by = fields.optional("by", Fields::texts);
            let within = fields.optional("within", Fields::span);
            let keep = fields.optional("keep", |fields, key, item| fields.choice(key, item, &KEEPS));
            let (by, keep) = (by?.unwrap_or_default(), keep?.unwrap_or_default());
            Some(NodeKind::Deduplicate { input: input?, by, within: within?, keep })
        }
        "top-n" => {
            let by = fields.optional("by", Fields::texts);
            let order = fields.required("order", Fields::texts);
            let n = fields.required("n", Fields::count);
            let order = order?.iter().map(|entry| read_order(entry)).collect();
            Some(NodeKind::TopN { input: input?, by: by?.unwrap_or_default(), order, n: n? })
        }
        _ => Some(NodeKind::View { input: input? }),
    }
}

fn read_aggregate(fields: &mut Fields<'_, '_>, input: Option<String>) -> Option<NodeKind> {
    let by = fields.optional("by", Fields::texts);
    let window = fields.optional("window", read_window);
    let grace = fields.optional("grace", Fields::span);
    let select = fields.optional("select", read_columns);
    let emit = fields.optional("emit", |fields, key, item| fields.choice(key, item, &EMITS));
    Some(NodeKind::Aggregate {
        input: input?,
        by: by?.unwrap_or_default(),
        window: window?,
        grace: grace?,
        select: select?.unwrap_or_default(),
        emit: emit?.unwrap_or_default(),
    })
}

fn read_join(fields: &mut Fields<'_, '_>) -> Option<NodeKind> {
    let how = fields.optional("how", |fields, key, item| fields.choice(key, item, &HOWS));
    let left = fields.required("left", Fields::text);
    let right = fields.required("right", Fields::text);
    let on = fields.required("on", Fields::texts);
    let within = fields.optional("within", read_within);
    let grace = fields.optional("grace", Fields::span);
    Some(NodeKind::Join {
        how: how?.unwrap_or_default(),
        left: left?,
        right: right?,
        on: on?,
        within: within?,
        grace: grace?,
    })
}

fn read_window<'d>(fields: &mut Fields<'_, 'd>, key: &str, item: &'d Item) -> Option<Window> {
    let table = fields.table(key, item)?;
    let at = fields.place_of(key);
    let mut fields = fields.inside("window.", "a window", table, at);
    let kinds: Vec<(&str, (&str, &[&str]))> = WINDOWS.iter().map(|kind| (kind.0, *kind)).collect();
    let (kind, settings) = fields.required("kind", |fields, key, item| fields.choice(key, item, &kinds))?;
    fields.belong_to(format!("{} window", with_article(kind)));
    let known: Vec<&str> = std::iter::once("kind").chain(settings.iter().copied()).collect();
    fields.refuse_others(&known);
    let mut spans =
        settings.iter().map(|setting| fields.required(setting, Fields::span)).collect::<Vec<_>>().into_iter();
    let mut next = || spans.next().flatten();
    match kind {
        "tumbling" => Some(Window::Tumbling { size: next()? }),
        "hopping" => Some(Window::Hopping { size: next()?, advance: next()? }),
        "sliding" => Some(Window::Sliding { size: next()? }),
        _ => Some(Window::Session { gap: next()? }),
    }
}

/// `{ before = "5m", after = "10m" }`, or a span for both. One that is left out is zero.
fn read_within<'d>(fields: &mut Fields<'_, 'd>, key: &str, item: &'d Item) -> Option<Within> {
    if !item.is_table_like() {
        let both = fields.span(key, item)?;
        return Some(Within { before: both, after: both });
    }
    let table = fields.table(key, item)?;
    if table.is_empty() {
        fields.wrong(key, "it says neither `before` nor `after`", None);
        return None;
    }
    let at = fields.place_of(key);
    let mut fields = fields.inside("within.", "`within`", table, at);
    fields.refuse_others(&["before", "after"]);
    let before = fields.optional("before", Fields::span);
    let after = fields.optional("after", Fields::span);
    let or_zero = |span: Option<Span>| span.unwrap_or_default();
    Some(Within { before: or_zero(before?), after: or_zero(after?) })
}

/// `{ name = "expr" }`, or a list of `expr AS name`.
fn read_columns<'d>(fields: &mut Fields<'_, 'd>, key: &str, item: &'d Item) -> Option<Vec<Select>> {
    if !item.is_table_like() {
        return Some(fields.texts(key, item)?.iter().map(|entry| read_select(entry)).collect());
    }
    let table = fields.table(key, item)?;
    let at = fields.place_of(key);
    let mut fields = fields.inside("select.", "", table, at);
    let mut columns = Some(Vec::with_capacity(table.len()));
    for (name, item) in entries(table) {
        let dotted = item.as_table_like().is_some_and(toml_edit::TableLike::is_dotted);
        let expr = match dotted {
            true => {
                let hint = format!("a name with a dot in it is written in quotes: \"{}.…\"", shown(name));
                fields.wrong(name, "this is no expression", Some(hint));
                None
            }
            false => fields.text(name, item),
        };
        match (expr, &mut columns) {
            (Some(expr), Some(columns)) => {
                columns.push(Select { name: name.get().to_owned(), expr: expr.trim().to_owned() });
            }
            (Some(_), None) => {}
            (None, _) => columns = None,
        }
    }
    columns
}
