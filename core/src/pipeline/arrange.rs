//! Places for nodes on a canvas: columns from left to right as rows flow, few wires that cross.

use std::collections::{BTreeMap, HashMap};

use super::graph::order;
use super::model::Pipeline;

/// How far apart the columns are, in points: a card, and room for its wires and what is said on them.
pub const COLUMN: f32 = 252.0;
/// How far apart cards of a column are.
const ROW: f32 = 120.0;
/// Where the first card stands.
const CORNER: [f32; 2] = [32.0, 40.0];
/// How often the order within columns is improved.
const SWEEPS: usize = 8;

/// A place for every node: each stands to the right of all that it takes rows from, as near to them as it can, and close
/// to their height. The same pipeline gives the same places. Nodes in a ring, which has no left and right, stand in the
/// order of the file.
pub fn arrange(pipeline: &Pipeline) -> BTreeMap<String, [f32; 2]> {
    let places: HashMap<&str, usize> =
        pipeline.nodes.iter().enumerate().map(|(at, node)| (node.name.as_str(), at)).collect();
    let inputs: Vec<Vec<usize>> = pipeline
        .nodes
        .iter()
        .map(|node| node.kind.inputs().iter().filter_map(|(_, input)| places.get(input).copied()).collect())
        .collect();
    let mut columns = columns(&inputs, &order(pipeline).unwrap_or_else(|| (0..inputs.len()).collect()));
    let mut takers: Vec<Vec<usize>> = vec![Vec::new(); inputs.len()];
    for (at, inputs) in inputs.iter().enumerate() {
        inputs.iter().for_each(|&input| takers[input].push(at));
    }
    for sweep in 0..SWEEPS {
        // Forth along the inputs, then back along the takers: each column goes by the one before, as that stands by now.
        let forth = sweep % 2 == 0;
        let neighbours = if forth { &inputs } else { &takers };
        for step in 0..columns.len() {
            let heights = heights(&columns);
            let wish = |at: usize| middle(&neighbours[at], &heights).unwrap_or(heights[&at]);
            let column = if forth { step } else { columns.len() - 1 - step };
            columns[column].sort_by(|&one, &other| wish(one).total_cmp(&wish(other)).then(one.cmp(&other)));
        }
    }
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let mut arranged = BTreeMap::new();
    for (x, column) in columns.iter().enumerate() {
        let above = (tallest - column.len()) as f32 / 2.0;
        for (y, &at) in column.iter().enumerate() {
            let place = [CORNER[0] + x as f32 * COLUMN, CORNER[1] + (above + y as f32) * ROW];
            arranged.insert(pipeline.nodes[at].name.clone(), place);
        }
    }
    arranged
}

/// The pipeline with a place for those nodes that have none, below all others; `None` where every node has one.
pub fn placed(pipeline: &Pipeline) -> Option<Pipeline> {
    let without = |node: &&super::Node| !pipeline.layout.contains_key(&node.name);
    pipeline.nodes.iter().find(without)?;
    let mut all = pipeline.clone();
    let places = arrange(pipeline);
    if pipeline.layout.is_empty() {
        all.layout = places;
        return Some(all);
    }
    let below = pipeline.layout.values().map(|place| place[1]).fold(0.0_f32, f32::max);
    for (row, node) in pipeline.nodes.iter().filter(without).enumerate() {
        let x = places.get(&node.name).map_or(CORNER[0], |place| place[0]);
        all.layout.insert(node.name.clone(), [x, below + ROW + 24.0 * row as f32]);
    }
    Some(all)
}

/// The nodes by column: a source stands just before the first that takes its rows, others just behind their inputs.
fn columns(inputs: &[Vec<usize>], order: &[usize]) -> Vec<Vec<usize>> {
    let mut column = vec![0; inputs.len()];
    for &at in order {
        // In a ring an input may stand behind: it does not count, or nothing would come to an end.
        column[at] = inputs[at].iter().filter(|&&input| input != at).map(|&input| column[input] + 1).max().unwrap_or(0);
        column[at] = column[at].min(inputs.len());
    }
    for at in 0..inputs.len() {
        if inputs[at].is_empty() {
            let takers = (0..inputs.len()).filter(|&taker| inputs[taker].contains(&at));
            let first: Option<usize> = takers.map(|taker| column[taker]).min();
            column[at] = first.map_or(0, |first| first.saturating_sub(1));
        }
    }
    let last = column.iter().copied().max().unwrap_or(0);
    let mut columns = vec![Vec::new(); last + 1];
    (0..inputs.len()).for_each(|at| columns[column[at]].push(at));
    columns
}

/// Each node's height, in rows from the middle of its column.
fn heights(columns: &[Vec<usize>]) -> HashMap<usize, f32> {
    let of_column = |column: &Vec<usize>| {
        let middle = (column.len() as f32 - 1.0) / 2.0;
        column.iter().enumerate().map(|(y, &at)| (at, y as f32 - middle)).collect::<Vec<_>>()
    };
    columns.iter().flat_map(of_column).collect()
}

fn middle(of: &[usize], heights: &HashMap<usize, f32>) -> Option<f32> {
    (!of.is_empty()).then(|| of.iter().map(|at| heights[at]).sum::<f32>() / of.len() as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::{Node, NodeKind};

    fn merges(inputs: &[Vec<usize>]) -> Pipeline {
        let node = |(at, inputs): (usize, &Vec<usize>)| Node {
            name: format!("n{at}"),
            kind: NodeKind::Merge { inputs: inputs.iter().map(|input| format!("n{input}")).collect() },
        };
        Pipeline { nodes: inputs.iter().enumerate().map(node).collect(), ..Pipeline::default() }
    }

    #[test]
    fn wires_that_need_not_cross_do_not() {
        let places = arrange(&merges(&[vec![], vec![], vec![1], vec![0], vec![3], vec![2]]));
        let above = |one: &str, other: &str| places[one][1] < places[other][1];
        assert_eq!(above("n0", "n1"), above("n3", "n2"));
        assert_eq!(above("n3", "n2"), above("n4", "n5"));
    }

    proptest! {
        #[test]
        fn every_node_has_a_place_of_its_own_behind_its_inputs(
            inputs in prop::collection::vec(prop::collection::vec(0..8_usize, 0..3), 0..8)
        ) {
            let pipeline = merges(&inputs);
            let places = arrange(&pipeline);
            prop_assert_eq!(places.len(), inputs.len());
            let mut taken: Vec<_> = places.values().map(|[x, y]| (x.to_bits(), y.to_bits())).collect();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), inputs.len());
            if order(&pipeline).is_some() {
                for (at, inputs) in inputs.iter().enumerate() {
                    let own = places[&format!("n{at}")];
                    for input in inputs.iter().filter_map(|input| places.get(&format!("n{input}"))) {
                        prop_assert!(input[0] < own[0]);
                    }
                }
            }
        }
    }
}
