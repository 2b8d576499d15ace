//! Changes of a pipeline that a hand makes on the canvas. Each gives the pipeline as it is afterwards.

use std::collections::BTreeMap;

use fabula_core::pipeline::{
    Flow, JoinHow, Node, NodeKind, Pipeline, Problem, Span, Within, check, flow, split_equality,
};

use super::pieces::Piece;
use super::places;
use crate::state::Names;

/// A name that no node has yet: the stem, else the stem with a number.
pub(in crate::panes) fn free_name(pipeline: &Pipeline, stem: &str) -> String {
    let plain: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_matches('_').to_owned();
    let plain = match plain.chars().next() {
        None => "node".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{plain}"),
        Some(_) => plain,
    };
    let numbered = (2..).map(|number| format!("{plain}_{number}"));
    std::iter::once(plain.clone()).chain(numbered).find(|name| pipeline.node(name).is_none()).unwrap_or(plain)
}

/// Adds a topic's stream or table; gives its name too.
pub(super) fn add_topic(pipeline: &Pipeline, topic: &str, table: bool, at: [f32; 2]) -> (Pipeline, String) {
    let (name, topic) = (free_name(pipeline, topic), topic.to_owned());
    let kind = if table { NodeKind::Table { topic, time: None } } else { NodeKind::Stream { topic, time: None } };
    (added(pipeline, &name, kind, at), name)
}

/// Adds a node, behind another where one is named; gives its name too.
pub(super) fn add_piece(pipeline: &Pipeline, piece: Piece, input: Option<&str>, at: [f32; 2]) -> (Pipeline, String) {
    let name = free_name(pipeline, piece.stem());
    let flow = input.and_then(|input| flow(pipeline).get(input).copied());
    (added(pipeline, &name, piece.kind(input.unwrap_or_default(), flow), at), name)
}

fn added(pipeline: &Pipeline, name: &str, kind: NodeKind, at: [f32; 2]) -> Pipeline {
    let mut pipeline = pipeline.clone();
    pipeline.nodes.push(Node { name: name.to_owned(), kind });
    pipeline.layout.insert(name.to_owned(), places::snapped(at));
    pipeline
}

/// Takes nodes away, one after the other.
pub(super) fn remove_all<'n>(pipeline: &Pipeline, names: impl IntoIterator<Item = &'n String>) -> Pipeline {
    names.into_iter().fold(pipeline.clone(), |pipeline, name| remove(&pipeline, name))
}

/// Takes a node away. What took its rows takes those of its first input, where it has one.
pub(super) fn remove(pipeline: &Pipeline, name: &str) -> Pipeline {
    let before = pipeline.node(name).and_then(|node| {
        let inputs = node.kind.inputs();
        inputs.first().map(|(_, input)| (*input).to_owned())
    });
    let mut pipeline = pipeline.clone();
    pipeline.nodes.retain(|node| node.name != name);
    pipeline.layout.remove(name);
    let instead = before.unwrap_or_default();
    for node in &mut pipeline.nodes {
        rewire(&mut node.kind, name, &instead);
    }
    pipeline
}

/// Gives a node another name; what takes its rows follows, and so do the expressions behind it that name it.
pub(in crate::panes) fn rename(pipeline: &Pipeline, name: &str, new: &str) -> Pipeline {
    let mut changed = pipeline.clone();
    for node in &mut changed.nodes {
        if is_behind(pipeline, &node.name, name) && node.name != name {
            each_expression(&mut node.kind, &mut |text| *text = renamed_root(text, name, new));
        }
        if node.name == name {
            node.name = new.to_owned();
        }
        rewire(&mut node.kind, name, new);
    }
    if let Some(place) = changed.layout.remove(name) {
        changed.layout.insert(new.to_owned(), place);
    }
    changed
}

/// Hands over every expression that a node is set to.
fn each_expression(kind: &mut NodeKind, change: &mut dyn FnMut(&mut String)) {
    match kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } | NodeKind::Merge { .. } | NodeKind::View { .. } => {}
        NodeKind::Filter { condition, .. } => change(condition),
        NodeKind::Project { select, .. } => select.iter_mut().for_each(|column| change(&mut column.expr)),
        NodeKind::Rekey { by, .. } | NodeKind::Deduplicate { by, .. } => by.iter_mut().for_each(change),
        NodeKind::Flatten { field, .. } => change(field),
        NodeKind::Aggregate { by, select, .. } => {
            by.iter_mut().for_each(&mut *change);
            select.iter_mut().for_each(|column| change(&mut column.expr));
        }
        NodeKind::Join { on, .. } => on.iter_mut().for_each(change),
        NodeKind::TopN { by, order, .. } => {
            by.iter_mut().for_each(&mut *change);
            order.iter_mut().for_each(|order| change(&mut order.expr));
        }
    }
}

/// `orders.key = paid.key` with one side's name replaced, where it stands as a whole word before a point and in no text.
fn renamed_root(text: &str, name: &str, new: &str) -> String {
    let parts = text.split('\'').enumerate().map(|(at, part)| match at % 2 {
        0 => renamed_outside_text(part, name, new),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("'")
}

fn renamed_outside_text(text: &str, name: &str, new: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let before = rest[..at].chars().next_back().or_else(|| out.chars().next_back().filter(|_| at == 0));
        let starts = !before.is_some_and(word);
        let after = &rest[at + name.len()..];
        out.push_str(&rest[..at]);
        out.push_str(if starts && after.starts_with('.') { new } else { name });
        rest = after;
    }
    out + rest
}

fn rewire(kind: &mut NodeKind, from: &str, to: &str) {
    let replace = |input: &mut String| {
        if input == from {
            to.clone_into(input);
        }
    };
    match kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } => {}
        NodeKind::Filter { input, .. }
        | NodeKind::Project { input, .. }
        | NodeKind::Rekey { input, .. }
        | NodeKind::Flatten { input, .. }
        | NodeKind::Aggregate { input, .. }
        | NodeKind::Deduplicate { input, .. }
        | NodeKind::TopN { input, .. }
        | NodeKind::View { input } => replace(input),
        NodeKind::Merge { inputs } => {
            inputs.iter_mut().for_each(replace);
            inputs.retain(|input| !input.is_empty());
        }
        NodeKind::Join { left, right, .. } => {
            replace(left);
            replace(right);
        }
    }
}

/// The same nodes without the wires that come from none of them, unless they are known elsewhere.
pub(super) fn without_inputs(pipeline: &Pipeline, known_elsewhere: impl Fn(&str) -> bool) -> Pipeline {
    let mut changed = pipeline.clone();
    for node in &mut changed.nodes {
        let inputs: Vec<String> = node.kind.inputs().into_iter().map(|(_, input)| input.to_owned()).collect();
        for input in inputs.iter().filter(|input| pipeline.node(input).is_none() && !known_elsewhere(input)) {
            rewire(&mut node.kind, input, "");
        }
    }
    changed
}

/// How many inputs a node shows: a merge always has room for one more.
pub(super) fn ports(kind: &NodeKind) -> usize {
    match kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } => 0,
        NodeKind::Merge { inputs } => inputs.len() + 1,
        NodeKind::Join { .. } => 2,
        _ => 1,
    }
}

/// The node at an input, if there is one.
pub(super) fn input_at(kind: &NodeKind, port: usize) -> Option<&str> {
    let inputs = kind.inputs();
    inputs.get(port).map(|(_, input)| *input).filter(|input| !input.is_empty())
}

/// Lets a node take another's rows at one of its inputs.
///
/// # Errors
/// Why that can't be, in a line.
pub(super) fn connect(
    pipeline: &Pipeline,
    from: &str,
    to: &str,
    port: usize,
    names: &Names,
) -> Result<Pipeline, String> {
    if from == to {
        return Err(format!("{from} can't take its own rows"));
    }
    if is_behind(pipeline, from, to) {
        return Err(format!("{from} takes rows of {to} already: that would be a ring"));
    }
    let flows = flow(pipeline);
    let given = flows.get(from).copied();
    let mut changed = pipeline.clone();
    let Some(node) = changed.nodes.iter_mut().find(|node| node.name == to) else {
        return Err(format!("there is no node {to}"));
    };
    match &mut node.kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } => {
            return Err(format!("{to} reads a topic: it takes no rows"));
        }
        NodeKind::Rekey { .. } if given == Some(Flow::Table) => {
            return Err("a table has the key that it has: rekey takes a stream".to_owned());
        }
        NodeKind::Filter { input, .. }
        | NodeKind::Project { input, .. }
        | NodeKind::Rekey { input, .. }
        | NodeKind::Flatten { input, .. }
        | NodeKind::Aggregate { input, .. }
        | NodeKind::Deduplicate { input, .. }
        | NodeKind::TopN { input, .. }
        | NodeKind::View { input } => from.clone_into(input),
        NodeKind::Merge { inputs } => {
            if inputs.iter().any(|input| input == from) {
                return Err(format!("{to} takes the rows of {from} already"));
            }
            let other = inputs.first().and_then(|first| flows.get(first.as_str()).copied());
            if let (Some(given), Some(other)) = (given, other)
                && given != other
                && port != 0
            {
                return Err(format!("{from} is a {}, and the others are {}s", given.name(), other.name()));
            }
            match inputs.get_mut(port) {
                Some(input) => from.clone_into(input),
                None => inputs.push(from.to_owned()),
            }
        }
        NodeKind::Join { left, right, on, within, grace, .. } => {
            let side = if port == 0 { &mut *left } else { &mut *right };
            let before = std::mem::replace(side, from.to_owned());
            for equality in on.iter_mut().filter(|_| !before.is_empty()) {
                *equality = renamed_root(equality, &before, from);
            }
            complete_join(pipeline, &flows, (left, right), (on, within, grace), names)?;
        }
    }
    match faults(pipeline, &changed, to).first() {
        Some(problem) => Err(in_a_line(problem)),
        None => Ok(changed),
    }
}

/// Whether a step does something sensible behind a node: nothing is wrong with it there but that it is not yet set up.
pub(super) fn fits(pipeline: &Pipeline, piece: Piece, behind: &str) -> bool {
    let (added, name) = add_piece(pipeline, piece, Some(behind), [0.0, 0.0]);
    faults(pipeline, &added, &name).is_empty()
}

/// What is wrong with a node after a change that was not before; that something is still missing is nothing wrong.
fn faults(before: &Pipeline, after: &Pipeline, name: &str) -> Vec<Problem> {
    let of = |pipeline: &Pipeline| {
        let mut problems = check(pipeline);
        problems.retain(|problem| problem.node.as_deref() == Some(name));
        problems
    };
    let known = of(before);
    let kind = after.node(name).map(|node| &node.kind);
    let mut faults = of(after);
    faults.retain(|problem| !known.contains(problem) && !kind.is_some_and(|kind| is_to_be_set_up(kind, problem)));
    faults
}

/// Whether a problem is that a wire is missing, or what follows from that.
fn is_to_be_set_up(kind: &NodeKind, problem: &Problem) -> bool {
    let setting = problem.setting.as_deref().unwrap_or_default();
    match kind {
        NodeKind::Merge { inputs } if setting == "inputs" => inputs.is_empty(),
        NodeKind::Join { left, right, .. } if setting == "on" => left.is_empty() || right.is_empty(),
        _ => kind.inputs().iter().any(|(of, input)| *of == setting && input.is_empty()),
    }
}

/// A problem with what to do about it.
fn in_a_line(problem: &Problem) -> String {
    match &problem.hint {
        Some(hint) => format!("{}: {hint}", problem.message),
        None => problem.message.clone(),
    }
}

/// A join that has both its sides is given what it can't do without: fields that hold the same things, and for two streams
/// how far apart they may be.
fn complete_join(
    pipeline: &Pipeline,
    flows: &BTreeMap<String, Flow>,
    (left, right): (&str, &str),
    (on, within, grace): (&mut Vec<String>, &mut Option<Within>, &mut Option<Span>),
    names: &Names,
) -> Result<(), String> {
    let of = |side: &str| flows.get(side).copied();
    let (left_flow, right_flow) = (of(left), of(right));
    if left_flow == Some(Flow::Table) && right_flow == Some(Flow::Stream) {
        return Err("a table on the left needs a table on the right: put the stream on the left".to_owned());
    }
    if left.is_empty() || right.is_empty() {
        return Ok(());
    }
    if on.is_empty() {
        let first = equalities(pipeline, left, right, names).into_iter().next();
        on.push(first.unwrap_or_else(|| format!("{left}.key = {right}.key")));
    }
    let streams = left_flow == Some(Flow::Stream) && right_flow == Some(Flow::Stream);
    if streams && within.is_none() {
        *within = Some(Within { before: Span::of_ms(0), after: Span::of_ms(600_000) });
    } else if !streams {
        *within = None;
        if left_flow == Some(Flow::Table) {
            *grace = None;
        }
    }
    Ok(())
}

/// What can be equal where two nodes are joined, best first.
pub(in crate::panes) fn equalities(pipeline: &Pipeline, left: &str, right: &str, names: &Names) -> Vec<String> {
    let side = |node: &str, name: &str| match pipeline.node(node).map(|node| &node.kind) {
        Some(NodeKind::Join { .. }) => name.to_owned(),
        _ => format!("{node}.{name}"),
    };
    let shared = names.shared(left, right);
    shared.iter().map(|(one, other)| format!("{} = {}", side(left, one), side(right, other))).collect()
}

/// Puts a filter behind a join that lets through only what has no partner on the other side; gives its name too. The join
/// keeps such rows from then on.
///
/// # Errors
/// Why that can't be, in a line.
pub(in crate::panes) fn only_unmatched(pipeline: &Pipeline, join: &str) -> Result<(Pipeline, String), String> {
    let mut changed = pipeline.clone();
    let node = changed.nodes.iter_mut().find(|node| node.name == join);
    let Some(NodeKind::Join { how, on, left, right, .. }) = node.map(|node| &mut node.kind) else {
        return Err(format!("{join} joins nothing"));
    };
    let Some((one, other)) = on.first().and_then(|on| split_equality(on)) else {
        return Err(format!("{join} says of no field that it is equal"));
    };
    // Of the two expressions the right side's is null where there was no partner: a key that is null never meets one.
    let of_right = |expr: &str| expr.trim().starts_with(&format!("{right}."));
    let missing = if of_right(one) && !of_right(other) { one } else { other };
    let condition = format!("{} IS NULL", missing.trim());
    if left.is_empty() || right.is_empty() {
        return Err(format!("{join} needs two sides"));
    }
    *how = if how.keeps_right() { JoinHow::Full } else { JoinHow::Left };
    let beside = changed.layout.get(join).copied().unwrap_or_default();
    let at = places::free_beside(&changed, [beside[0] + places::COLUMN, beside[1]]);
    Ok(add_filter(&changed, join, &condition, "unmatched", at))
}

/// Adds a filter with a condition behind a node; gives its name too.
pub(in crate::panes) fn add_filter(
    pipeline: &Pipeline,
    input: &str,
    condition: &str,
    stem: &str,
    at: [f32; 2],
) -> (Pipeline, String) {
    let name = free_name(pipeline, stem);
    let kind = NodeKind::Filter { input: input.to_owned(), condition: condition.to_owned() };
    (added(pipeline, &name, kind, at), name)
}

/// A name for rows of one type: `OrderPlaced` gives `order_placed`.
pub(in crate::panes) fn stem_of_type(literal: &str) -> String {
    let mut stem = String::new();
    let mut before = ' ';
    for c in literal.trim_matches('\'').chars() {
        if c.is_uppercase() && before.is_lowercase() {
            stem.push('_');
        }
        stem.extend(c.to_lowercase());
        before = c;
    }
    stem
}

/// Whether rows of `first` come to `then`, over however many nodes.
fn is_behind(pipeline: &Pipeline, then: &str, first: &str) -> bool {
    let mut waiting = vec![then];
    let mut seen = Vec::new();
    while let Some(name) = waiting.pop() {
        if name == first {
            return true;
        }
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        if let Some(node) = pipeline.node(name) {
            waiting.extend(node.kind.inputs().into_iter().map(|(_, input)| input));
        }
    }
    false
}

/// Takes the wire away that comes to an input.
pub(super) fn disconnect(pipeline: &Pipeline, to: &str, port: usize) -> Pipeline {
    let mut pipeline = pipeline.clone();
    if let Some(node) = pipeline.nodes.iter_mut().find(|node| node.name == to) {
        match &mut node.kind {
            NodeKind::Merge { inputs } if port < inputs.len() => drop(inputs.remove(port)),
            NodeKind::Join { left, right, .. } => if port == 0 { left } else { right }.clear(),
            kind => {
                let input = input_at(kind, port).map(str::to_owned);
                if let Some(input) = input {
                    rewire(kind, &input, "");
                }
            }
        }
    }
    pipeline
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
