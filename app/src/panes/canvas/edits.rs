//! Changes of a pipeline that a hand makes on the canvas. Each gives the pipeline as it is afterwards.

use std::collections::BTreeMap;

use fabula_core::pipeline::{
    Flow, JoinHow, Node, NodeKind, Pipeline, Problem, Span, Within, check, flow, name_fault, quoted, split_equality,
};

use super::pieces::Piece;
use super::places;
use crate::state::Names;

mod between;
mod mention;

pub(super) use between::{add_between, fits_between, is_loose, put_between};

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
    let input = input.unwrap_or_default();
    (added(pipeline, &name, piece.kind(input, flow, &mention::key_behind(pipeline, input)), at), name)
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

/// Takes a node away. What took its rows takes those of its first input, where it has one, and names that instead; but not
/// a second time.
pub(super) fn remove(pipeline: &Pipeline, name: &str) -> Pipeline {
    let removed = pipeline.node(name);
    let instead = removed.and_then(|node| node.kind.inputs().first().map(|(_, input)| (*input).to_owned()));
    let instead = instead.unwrap_or_default();
    let mut changed = pipeline.clone();
    changed.nodes.retain(|node| node.name != name);
    changed.layout.remove(name);
    for node in &mut changed.nodes {
        let twice = node.kind.inputs().iter().any(|(_, input)| *input == instead);
        rewire(&mut node.kind, name, if twice { "" } else { &instead });
    }
    if pipeline.node(&instead).is_some() {
        let takers: Vec<String> =
            takers(pipeline, name).filter(|taker| !takes(pipeline, taker, &instead)).map(str::to_owned).collect();
        let to = quoted(&instead);
        if let Some(NodeKind::Join { .. }) = removed.map(|node| &node.kind) {
            // A join's sides have names behind it, with its own before them or without.
            mention::follow(pipeline, &mut changed, &takers, &[name, &instead], &to);
        }
        mention::follow(pipeline, &mut changed, &takers, &[name], &to);
    }
    changed
}

/// The nodes that take a node's rows.
fn takers<'p>(pipeline: &'p Pipeline, name: &'p str) -> impl Iterator<Item = &'p str> {
    pipeline.nodes.iter().map(|node| node.name.as_str()).filter(move |taker| takes(pipeline, taker, name))
}

fn takes(pipeline: &Pipeline, taker: &str, name: &str) -> bool {
    pipeline.node(taker).is_some_and(|node| node.kind.inputs().iter().any(|(_, input)| *input == name))
}

/// Gives a node another name; what takes its rows follows, and so do the expressions behind it that name it.
pub(in crate::panes) fn rename(pipeline: &Pipeline, name: &str, new: &str) -> Pipeline {
    let mut changed = pipeline.clone();
    for node in &mut changed.nodes {
        if node.name != name {
            rewire(&mut node.kind, name, new);
        }
    }
    let takers: Vec<String> = takers(pipeline, name).map(str::to_owned).collect();
    mention::follow(pipeline, &mut changed, &takers, &[name], &quoted(new));
    for node in changed.nodes.iter_mut().filter(|node| node.name == name) {
        node.name = new.to_owned();
    }
    if let Some(place) = changed.layout.remove(name) {
        changed.layout.insert(new.to_owned(), place);
    }
    changed
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
        }
        _ => {}
    }
    set_input(&mut node.kind, port, from);
    if let NodeKind::Join { left, right, on, within, grace, .. } = &mut node.kind {
        complete_join(pipeline, &flows, (left, right), (on, within, grace), names)?;
    }
    follow_wire(pipeline, &mut changed, from, to, port);
    match faults(pipeline, &changed, to).first() {
        Some(problem) => Err(in_a_line(problem)),
        None => Ok(changed),
    }
}

/// Lets expressions name the node whose rows come to an input by now, where they named the one that they came from before.
fn follow_wire(before: &Pipeline, after: &mut Pipeline, from: &str, to: &str, port: usize) {
    let Some(taker) = before.node(to) else { return };
    let Some(was) = input_at(&taker.kind, port).or_else(|| missed(before, &taker.kind, port)) else { return };
    if was == from || is_joined_in(after, from, was) {
        return;
    }
    // A side whose wire was cut is still named: as if that were there.
    let mut wired = before.clone();
    if let Some(node) = wired.nodes.iter_mut().find(|node| node.name == to) {
        set_input(&mut node.kind, port, was);
    }
    mention::follow(&wired, after, &[to.to_owned()], &[was], &quoted(from));
}

/// The side that a join's equalities name and that has no wire any more.
fn missed<'k>(pipeline: &Pipeline, kind: &'k NodeKind, port: usize) -> Option<&'k str> {
    let NodeKind::Join { left, right, on, .. } = kind else { return None };
    let other = if port == 0 { right } else { left };
    let of_other = mention::other_names(pipeline, other);
    let is_known =
        |name: &str| name == other || of_other.iter().any(|known| known == name) || name_fault(name).is_some();
    let sides = on.iter().filter_map(|on| split_equality(on)).flat_map(|(one, other)| [one, other]);
    let mut missed: Vec<&str> = sides.filter_map(mention::first_name).filter(|name| !is_known(name)).collect();
    missed.dedup();
    // Of two it can't be said which is meant.
    missed.pop().filter(|_| missed.is_empty())
}

/// Whether a node is a side of a join that another's rows come through, so that it keeps its name behind it.
fn is_joined_in(pipeline: &Pipeline, through: &str, name: &str) -> bool {
    let is_join = |name: &str| matches!(pipeline.node(name).map(|node| &node.kind), Some(NodeKind::Join { .. }));
    let passed = mention::other_names(pipeline, through);
    passed.iter().any(|known| known == name)
        && std::iter::once(through)
            .chain(passed.iter().map(String::as_str))
            .any(|node| is_join(node) && is_behind(pipeline, node, name))
}

/// Wires an input of a node; a merge gets one more where it has not so many.
fn set_input(kind: &mut NodeKind, port: usize, from: &str) {
    match kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } => {}
        NodeKind::Filter { input, .. }
        | NodeKind::Project { input, .. }
        | NodeKind::Rekey { input, .. }
        | NodeKind::Flatten { input, .. }
        | NodeKind::Aggregate { input, .. }
        | NodeKind::Deduplicate { input, .. }
        | NodeKind::TopN { input, .. }
        | NodeKind::View { input } => from.clone_into(input),
        NodeKind::Merge { inputs } => match inputs.get_mut(port) {
            Some(input) => from.clone_into(input),
            None => inputs.push(from.to_owned()),
        },
        NodeKind::Join { left, right, .. } => from.clone_into(if port == 0 { left } else { right }),
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
        on.push(first.unwrap_or_else(|| format!("{}.key = {}.key", quoted(left), quoted(right))));
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
        _ => format!("{}.{name}", quoted(node)),
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
    let of_right = |expr: &str| mention::first_name(expr) == Some(right.as_str());
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
