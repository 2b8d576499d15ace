//! How expressions name nodes, and how they follow when a node is called otherwise or gives its place to another.

use std::collections::BTreeMap;

use fabula_core::pipeline::{NodeKind, Pipeline, quoted, split_name};

/// Lets the expressions of some nodes, and of those behind them, name one node where they named another. Those nodes took
/// the rows of `from` in `before`; in `after` they are wired anew already, and no expression has been changed.
pub(super) fn follow(before: &Pipeline, after: &mut Pipeline, takers: &[String], from: &[&str], to: &str) {
    // By node, what its own expressions and those behind it write by now.
    let mut written: BTreeMap<String, String> = BTreeMap::new();
    // A node knows when those before it do: as many rounds as there are nodes are enough, in whatever order they stand.
    for _ in 0..before.nodes.len() {
        let known = written.len();
        for node in before.nodes.iter().filter(|node| after.node(&node.name).is_some()) {
            if !written.contains_key(&node.name)
                && let Some(now) = written_at(before, after, takers, from, to, &node.name, &written)
            {
                written.insert(node.name.clone(), now);
            }
        }
        if written.len() == known {
            break;
        }
    }
    for node in &mut after.nodes {
        if let Some(now) = written.get(&node.name) {
            let behind = |name: &str| written.get(name).map(String::as_str);
            each_expression(&mut node.kind, &mut |text| *text = renamed_path(text, from, now, &behind));
        }
    }
}

/// What a node writes for the name; `None` where the name means something else there, or nothing.
fn written_at(
    before: &Pipeline,
    after: &Pipeline,
    takers: &[String],
    from: &[&str],
    to: &str,
    name: &str,
    written: &BTreeMap<String, String>,
) -> Option<String> {
    let root = *from.first()?;
    let is_taker = takers.iter().any(|taker| taker == name);
    let handed_on = |input: &str| written.get(input).filter(|_| hands_on(before, input, from)).cloned();
    match (&before.node(name)?.kind, &after.node(name)?.kind) {
        (NodeKind::Join { left, right, .. }, NodeKind::Join { left: new_left, right: new_right, .. }) => {
            if left == root || right == root {
                return is_taker.then(|| to.to_owned());
            }
            let (now, side, other) = match (handed_on(left), handed_on(right)) {
                (Some(now), _) => (now, new_left, new_right),
                (None, Some(now)) => (now, new_right, new_left),
                (None, None) => return None,
            };
            // Where the other side has that name as well, this one's is put before it.
            let is_unclear = quoted(other) == now || other_names(after, other).iter().any(|name| quoted(name) == now);
            Some(if is_unclear { format!("{}.{now}", quoted(side)) } else { now })
        }
        (kind, _) => kind.inputs().into_iter().find_map(|(_, input)| match input == root {
            true => is_taker.then(|| to.to_owned()),
            false => handed_on(input),
        }),
    }
}

/// Whether what stands behind a node that writes a name can write it too: not where columns have names of their own, unless
/// those hold it.
fn hands_on(pipeline: &Pipeline, node: &str, name: &[&str]) -> bool {
    match pipeline.node(node).map(|node| &node.kind) {
        Some(NodeKind::Project { select, .. }) => {
            select.iter().any(|column| column.name == column.expr && mentions(&column.expr, name))
        }
        Some(NodeKind::Aggregate { by, select, .. }) => {
            by.iter().any(|entry| split_name(entry).1.is_none() && mentions(entry, name))
                || select.iter().any(|column| column.name == column.expr && mentions(&column.expr, name))
        }
        _ => true,
    }
}

/// The names of nodes that expressions behind a node can use: of those whose rows it passes on as they are.
pub(super) fn other_names(pipeline: &Pipeline, node: &str) -> Vec<String> {
    let (mut names, mut waiting) = (Vec::new(), vec![node.to_owned()]);
    while let Some(node) = waiting.pop().and_then(|name| pipeline.node(&name)) {
        if matches!(node.kind, NodeKind::Project { .. } | NodeKind::Aggregate { .. }) {
            continue;
        }
        for (_, input) in node.kind.inputs() {
            if !names.iter().any(|known| known == input) {
                names.push(input.to_owned());
                waiting.push(input.to_owned());
            }
        }
    }
    names
}

/// What names the key of a node's rows, or of what came before them: a column that there is, whatever they are.
pub(super) fn key_behind(pipeline: &Pipeline, node: &str) -> String {
    key_within(pipeline, node, pipeline.nodes.len())
}

fn key_within(pipeline: &Pipeline, node: &str, depth: usize) -> String {
    let named = |column: &fabula_core::pipeline::Select| match column.name == column.expr {
        true => column.expr.clone(),
        false => quoted(&column.name),
    };
    let known = match pipeline.node(node).map(|node| &node.kind).filter(|_| depth > 0) {
        None | Some(NodeKind::Stream { .. } | NodeKind::Table { .. }) => None,
        Some(NodeKind::Project { select, .. }) => select.first().map(named),
        Some(NodeKind::Aggregate { by, .. }) if !by.is_empty() => by.first().map(|entry| match split_name(entry) {
            (_, Some(name)) => quoted(&name),
            (expr, None) => expr.to_owned(),
        }),
        Some(NodeKind::Join { left, .. }) => {
            let key = key_within(pipeline, left, depth - 1);
            // Behind another join it has the name of that one's side before it already.
            let is_named = first_name(&key).is_some_and(|first| pipeline.node(first).is_some());
            Some(if is_named || left.is_empty() { key } else { format!("{}.{key}", quoted(left)) })
        }
        Some(kind) => kind.inputs().first().map(|(_, input)| key_within(pipeline, input, depth - 1)),
    };
    known.unwrap_or_else(|| super::super::pieces::KEY.to_owned())
}

/// Hands over every expression that a node is set to. A column that is called as its expression reads stays so.
fn each_expression(kind: &mut NodeKind, change: &mut dyn FnMut(&mut String)) {
    let column = |column: &mut fabula_core::pipeline::Select, change: &mut dyn FnMut(&mut String)| {
        let is_its_name = column.name == column.expr;
        change(&mut column.expr);
        if is_its_name {
            column.name.clone_from(&column.expr);
        }
    };
    match kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } | NodeKind::Merge { .. } | NodeKind::View { .. } => {}
        NodeKind::Filter { condition, .. } => change(condition),
        NodeKind::Project { select, .. } => select.iter_mut().for_each(|select| column(select, change)),
        NodeKind::Rekey { by, .. } | NodeKind::Deduplicate { by, .. } => by.iter_mut().for_each(change),
        NodeKind::Flatten { field, .. } => change(field),
        NodeKind::Aggregate { by, select, .. } => {
            by.iter_mut().for_each(&mut *change);
            select.iter_mut().for_each(|select| column(select, change));
        }
        NodeKind::Join { on, .. } => on.iter_mut().for_each(change),
        NodeKind::TopN { by, order, .. } => {
            by.iter_mut().for_each(&mut *change);
            order.iter_mut().for_each(|order| change(&mut order.expr));
        }
    }
}

/// `orders.key = paid.key` with one side's name replaced: where it begins a field, quoted or not, and in no text; and where
/// it stands behind the name of a node, by what is written there.
pub(super) fn renamed_path<'w>(
    text: &str,
    from: &[&str],
    to: &'w str,
    behind: &dyn Fn(&str) -> Option<&'w str>,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut now = Some(to);
    while !rest.is_empty() {
        let (length, found) = match (now, path_at(rest, from)) {
            (Some(now), Some(length)) => (length, Some(now)),
            _ => (token(rest), None),
        };
        let word = &rest[..length];
        out.push_str(found.unwrap_or(word));
        // A point keeps what stands before it in mind; any other sign begins something new.
        now = match () {
            () if word == "." => now,
            () if !rest[length..].starts_with('.') => Some(to),
            () if found.is_some() || now.is_none() => None,
            () => behind(unquoted(word)),
        };
        rest = &rest[length..];
    }
    out
}

/// Whether an expression names a field of a node.
fn mentions(text: &str, name: &[&str]) -> bool {
    renamed_path(text, name, "", &|_| Some("")) != text
}

/// How long the names of some nodes are, one behind the other, where a text begins with them and a field follows.
fn path_at(text: &str, path: &[&str]) -> Option<usize> {
    let mut at = 0;
    for (number, name) in path.iter().enumerate() {
        if number > 0 {
            at += text[at..].starts_with('.').then_some(1)?;
        }
        let length = token(&text[at..]);
        if unquoted(&text[at..at + length]) != *name {
            return None;
        }
        at += length;
    }
    text[at..].starts_with(['.', '[']).then_some(at)
}

/// How long the word, the text or the name in quotes is that a text begins with; a sign stands for itself.
fn token(text: &str) -> usize {
    let Some(first) = text.chars().next() else { return 0 };
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    match first {
        '\'' | '"' => text[1..].find(first).map_or(text.len(), |end| end + 2),
        first if word(first) => text.find(|c| !word(c)).unwrap_or(text.len()),
        first => first.len_utf8(),
    }
}

/// The node that an expression begins with a field of, where it does.
pub(super) fn first_name(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let length = token(text);
    text[length..].starts_with(['.', '[']).then_some(unquoted(&text[..length]))
}

fn unquoted(word: &str) -> &str {
    word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word)
}
