//! The order in which nodes hand rows on, the rings that forbid one, and what each node gives.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

use super::model::{Emit, Keep, NodeKind, Pipeline};

/// What a node gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flow {
    /// Facts, one after the other, which stay true.
    Stream,
    /// The latest fact for each key.
    Table,
}

impl Flow {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Table => "table",
        }
    }
}

/// What each node gives, by its name; nothing of a node whose inputs don't say, or don't fit.
///
/// | node | gives |
/// |---|---|
/// | stream, table | itself |
/// | filter, project, flatten, merge, view | what it takes; a merge, if all its inputs are alike |
/// | rekey | a stream, of a stream |
/// | aggregate | a table; with `emit = "final"` a stream |
/// | join | a stream, if the left side is one; a table of two tables |
/// | deduplicate | a stream of the first rows, a table of the last |
/// | top-n | a table |
pub fn flow(pipeline: &Pipeline) -> BTreeMap<String, Flow> {
    let mut flows = BTreeMap::new();
    for at in settled(pipeline) {
        let node = &pipeline.nodes[at];
        if let Some(flow) = flow_of(&node.kind, &flows) {
            flows.entry(node.name.clone()).or_insert(flow);
        }
    }
    flows
}

fn flow_of(kind: &NodeKind, flows: &BTreeMap<String, Flow>) -> Option<Flow> {
    let of = |input: &String| flows.get(input).copied();
    match kind {
        NodeKind::Stream { .. } => Some(Flow::Stream),
        NodeKind::Table { .. } | NodeKind::TopN { .. } => Some(Flow::Table),
        NodeKind::Filter { input, .. }
        | NodeKind::Project { input, .. }
        | NodeKind::Flatten { input, .. }
        | NodeKind::View { input } => of(input),
        NodeKind::Rekey { input, .. } => of(input).filter(|flow| *flow == Flow::Stream),
        NodeKind::Merge { inputs } => {
            let first = of(inputs.first()?)?;
            inputs.iter().all(|input| of(input) == Some(first)).then_some(first)
        }
        NodeKind::Aggregate { emit: Emit::Final, .. } => Some(Flow::Stream),
        NodeKind::Aggregate { emit: Emit::Updates, .. } => Some(Flow::Table),
        NodeKind::Join { left, right, .. } => match (of(left)?, of(right)?) {
            (Flow::Stream, _) => Some(Flow::Stream),
            (Flow::Table, Flow::Table) => Some(Flow::Table),
            (Flow::Table, Flow::Stream) => None,
        },
        NodeKind::Deduplicate { keep: Keep::First, .. } => Some(Flow::Stream),
        NodeKind::Deduplicate { keep: Keep::Last, .. } => Some(Flow::Table),
    }
}

/// The places of the nodes so that each stands behind its inputs, otherwise in the order of the file; `None` where
/// nodes take rows from each other in a ring.
pub fn order(pipeline: &Pipeline) -> Option<Vec<usize>> {
    Some(settled(pipeline)).filter(|order| order.len() == pipeline.nodes.len())
}

/// The places of the nodes that each node takes rows from. An input that isn't there is left out; of nodes with one
/// name the first is meant.
fn inputs(pipeline: &Pipeline) -> Vec<Vec<usize>> {
    let mut places = HashMap::new();
    for (at, node) in pipeline.nodes.iter().enumerate() {
        places.entry(node.name.as_str()).or_insert(at);
    }
    let of = |kind: &NodeKind| kind.inputs().iter().filter_map(|(_, input)| places.get(input).copied()).collect();
    pipeline.nodes.iter().map(|node| of(&node.kind)).collect()
}

/// The places of the nodes that neither stand in a ring nor behind one, each behind its inputs.
fn settled(pipeline: &Pipeline) -> Vec<usize> {
    let inputs = inputs(pipeline);
    let mut takers: Vec<Vec<usize>> = vec![Vec::new(); inputs.len()];
    for (at, inputs) in inputs.iter().enumerate() {
        inputs.iter().for_each(|&input| takers[input].push(at));
    }
    let mut open: Vec<usize> = inputs.iter().map(Vec::len).collect();
    let is_ready = |at: &usize| inputs[*at].is_empty();
    let mut ready: BinaryHeap<Reverse<usize>> = (0..inputs.len()).filter(is_ready).map(Reverse).collect();
    let mut order = Vec::with_capacity(inputs.len());
    while let Some(Reverse(at)) = ready.pop() {
        order.push(at);
        for &taker in &takers[at] {
            open[taker] -= 1;
            if open[taker] == 0 {
                ready.push(Reverse(taker));
            }
        }
    }
    order
}

/// Rings of nodes that take rows from each other, each in the direction in which the rows go, beginning with the one
/// that stands first in the file. Of rings that share nodes one is given. A node that takes itself is a ring of one.
pub(super) fn rings(pipeline: &Pipeline) -> Vec<Vec<usize>> {
    let inputs = inputs(pipeline);
    let mut suspect = vec![true; inputs.len()];
    settled(pipeline).into_iter().for_each(|at| suspect[at] = false);
    let mut rings = Vec::new();
    for at in 0..inputs.len() {
        if suspect[at]
            && let Some(ring) = shortest_ring(at, &inputs, &suspect)
        {
            ring.iter().for_each(|&at| suspect[at] = false);
            rings.push(ring);
        }
    }
    rings
}

fn shortest_ring(start: usize, inputs: &[Vec<usize>], suspect: &[bool]) -> Option<Vec<usize>> {
    let mut taker = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for &input in inputs[at].iter().filter(|&&input| suspect[input]) {
            if input == start {
                let mut ring = vec![start];
                let mut next = at;
                while next != start {
                    ring.push(next);
                    next = *taker.get(&next)?;
                }
                return Some(ring);
            }
            if let std::collections::hash_map::Entry::Vacant(entry) = taker.entry(input) {
                entry.insert(at);
                queue.push_back(input);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::Node;

    /// A pipeline of merges, each of the nodes at some places.
    fn merges(inputs: &[Vec<usize>]) -> Pipeline {
        let node = |(at, inputs): (usize, &Vec<usize>)| Node {
            name: format!("n{at}"),
            kind: NodeKind::Merge { inputs: inputs.iter().map(|input| format!("n{input}")).collect() },
        };
        Pipeline { nodes: inputs.iter().enumerate().map(node).collect(), ..Pipeline::default() }
    }

    #[test]
    fn nodes_stand_behind_their_inputs_and_otherwise_as_in_the_file() {
        assert_eq!(order(&merges(&[vec![2], vec![], vec![], vec![0, 1]])), Some(vec![1, 2, 0, 3]));
        assert_eq!(order(&merges(&[])), Some(vec![]));
        assert_eq!(order(&merges(&[vec![1], vec![0]])), None);
        assert_eq!(order(&merges(&[vec![7]])), Some(vec![0]), "an input that isn't there holds nobody back");
    }

    #[test]
    fn a_ring_is_told_in_the_direction_of_the_rows() {
        // 0 → 1 → 2 → 0, and 3 behind it.
        assert_eq!(rings(&merges(&[vec![2], vec![0], vec![1], vec![2]])), [[0, 1, 2]]);
        assert_eq!(rings(&merges(&[vec![0], vec![2], vec![1]])), [vec![0], vec![1, 2]]);
        assert_eq!(rings(&merges(&[vec![], vec![0]])), Vec::<Vec<usize>>::new());
    }

    proptest! {
        #[test]
        fn there_is_an_order_unless_there_is_a_ring(
            inputs in prop::collection::vec(prop::collection::vec(0..8_usize, 0..3), 0..8)
        ) {
            let pipeline = merges(&inputs);
            match order(&pipeline) {
                Some(order) => {
                    prop_assert!(rings(&pipeline).is_empty());
                    let place = |at: usize| order.iter().position(|other| *other == at);
                    for (at, inputs) in inputs.iter().enumerate() {
                        prop_assert!(place(at).is_some());
                        prop_assert!(inputs.iter().filter(|input| **input < order.len()).all(|input| place(*input) < place(at)));
                    }
                }
                None => {
                    let rings = rings(&pipeline);
                    prop_assert!(!rings.is_empty());
                    for ring in rings {
                        for (from, to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                            prop_assert!(inputs[*to].contains(from), "{ring:?}");
                        }
                    }
                }
            }
        }
    }
}
