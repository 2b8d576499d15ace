//! A node put into a wire: it takes the rows that come along it, and gives its own to the node that took them.

use fabula_core::pipeline::{Flow, Node, NodeKind, Pipeline, flow};

use super::{follow_wire, free_name, in_a_line, input_at, is_behind, mention, ports, set_input, takers};
use crate::panes::canvas::pieces::Piece;
use crate::panes::canvas::places::{self, COLUMN};

/// Puts a node that is there already, and that is wired to none, into the wire that comes to an input of another.
///
/// # Errors
/// Why that can't be, in a line.
pub(in crate::panes::canvas) fn put_between(
    pipeline: &Pipeline,
    name: &str,
    to: &str,
    port: usize,
) -> Result<Pipeline, String> {
    let no_wire = || format!("no wire comes to {to} there");
    let from = pipeline.node(to).and_then(|taker| input_at(&taker.kind, port)).ok_or_else(no_wire)?;
    if !is_loose(pipeline, name) || name == to {
        return Err(format!("{name} has wires of its own"));
    }
    let mut changed = pipeline.clone();
    for node in &mut changed.nodes {
        if node.name == name {
            set_input(&mut node.kind, 0, from);
        } else if node.name == to {
            set_input(&mut node.kind, port, name);
        }
    }
    follow_wire(pipeline, &mut changed, name, to, port);
    let faults = [name, to].into_iter().flat_map(|node| super::faults(pipeline, &changed, node));
    match faults.into_iter().next() {
        Some(problem) => Err(in_a_line(&problem)),
        None => Ok(changed),
    }
}

/// Whether a node can take rows, and neither takes nor gives any.
pub(in crate::panes::canvas) fn is_loose(pipeline: &Pipeline, name: &str) -> bool {
    let takes_none = pipeline
        .node(name)
        .is_some_and(|node| ports(&node.kind) > 0 && node.kind.inputs().iter().all(|(_, input)| input.is_empty()));
    takes_none && takers(pipeline, name).next().is_none()
}

/// Puts a new node into the wire that comes to an input, and makes room for it; gives its name too.
///
/// # Errors
/// Why that can't be, in a line.
pub(in crate::panes::canvas) fn add_between(
    pipeline: &Pipeline,
    stem: &str,
    kind: impl FnOnce(Option<Flow>, &str) -> NodeKind,
    to: &str,
    port: usize,
) -> Result<(Pipeline, String), String> {
    let name = free_name(pipeline, stem);
    let from = pipeline.node(to).and_then(|taker| input_at(&taker.kind, port)).map(str::to_owned);
    let given = from.as_ref().and_then(|from| flow(pipeline).get(from).copied());
    let key = mention::key_behind(pipeline, from.as_deref().unwrap_or_default());
    let mut changed = pipeline.clone();
    changed.nodes.push(Node { name: name.clone(), kind: kind(given, &key) });
    let mut changed = put_between(&changed, &name, to, port)?;
    let at = |name: &str| pipeline.layout.get(name).copied().unwrap_or_default();
    let (before, behind) = (at(&from.unwrap_or_default()), at(to));
    let missing = before[0] + 2.0 * COLUMN - behind[0];
    if behind[0] > before[0] && missing > 0.0 {
        changed = places::made_room(&changed, |node| is_behind(pipeline, node, to), missing);
    }
    let wanted = [before[0] + COLUMN, (before[1] + behind[1]) / 2.0];
    let place = places::snapped(places::free_beside(&changed, wanted));
    changed.layout.insert(name.clone(), place);
    Ok((changed, name))
}

/// Whether a step does something sensible in a wire.
pub(in crate::panes::canvas) fn fits_between(pipeline: &Pipeline, piece: Piece, to: &str, port: usize) -> bool {
    // A view is what something ends in.
    piece != Piece::View
        && add_between(pipeline, piece.stem(), |given, key| piece.kind("", given, key), to, port).is_ok()
}
