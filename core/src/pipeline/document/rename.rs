//! Which node of a pipeline goes on as which of another.

use crate::pipeline::{Node, NodeKind, Pipeline, placed};

/// For each node of the new pipeline the place of the old one that it was. A node of another name is the same if it does
/// the same, or if it stands in the same place and is of the same kind.
pub(super) fn former_places(old: &Pipeline, new: &Pipeline) -> Vec<Option<usize>> {
    let place = |node: &Node| old.nodes.iter().position(|former| former.name == node.name);
    let mut places: Vec<Option<usize>> = new.nodes.iter().map(place).collect();
    let mut left: Vec<usize> = (0..old.nodes.len()).filter(|at| !places.contains(&Some(*at))).collect();
    let same: [&dyn Fn(usize, usize) -> bool; 2] =
        [&|before, now| does_the_same(&old.nodes[before].kind, &new.nodes[now].kind), &|before, now| {
            before == now && old.nodes[before].kind.name() == new.nodes[now].kind.name()
        }];
    for same in same {
        for (now, place) in places.iter_mut().enumerate().filter(|(_, place)| place.is_none()) {
            if let Some(found) = left.iter().position(|before| same(*before, now)) {
                *place = Some(left.remove(found));
            }
        }
    }
    places
}

/// The new pipeline with a place for every node and for nothing else. A node that is called otherwise than in the old one
/// stands where it stood there.
pub(super) fn with_places(old: &Pipeline, new: &Pipeline) -> Pipeline {
    let mut changed = new.clone();
    for (node, former) in new.nodes.iter().zip(former_places(old, new)) {
        let Some(former) = former.and_then(|at| old.nodes.get(at)).filter(|former| former.name != node.name) else {
            continue;
        };
        let place = new.layout.get(&former.name).or_else(|| old.layout.get(&former.name));
        if let Some(place) = place.filter(|_| !new.layout.contains_key(&node.name)) {
            changed.layout.insert(node.name.clone(), *place);
        }
    }
    changed.layout.retain(|name, _| new.node(name).is_some());
    placed(&changed).unwrap_or(changed)
}

/// Whether two nodes do the same, whatever the names of those that they take rows from.
fn does_the_same(one: &NodeKind, other: &NodeKind) -> bool {
    let inputs = |kind: &NodeKind| kind.inputs().len();
    let nameless = |kind: &NodeKind| {
        let mut kind = kind.clone();
        match &mut kind {
            NodeKind::Stream { .. } | NodeKind::Table { .. } => {}
            NodeKind::Merge { inputs } => inputs.clear(),
            NodeKind::Join { left, right, .. } => [left, right].into_iter().for_each(String::clear),
            NodeKind::Filter { input, .. }
            | NodeKind::Project { input, .. }
            | NodeKind::Rekey { input, .. }
            | NodeKind::Flatten { input, .. }
            | NodeKind::Aggregate { input, .. }
            | NodeKind::Deduplicate { input, .. }
            | NodeKind::TopN { input, .. }
            | NodeKind::View { input } => input.clear(),
        }
        kind
    };
    inputs(one) == inputs(other) && nameless(one) == nameless(other)
}
