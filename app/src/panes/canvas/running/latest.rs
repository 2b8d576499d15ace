//! The last rows that every node gave, for somebody who looks at them in passing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fabula_core::engine::{NodeWire, Rows, Running, Sign};

use crate::state::NodeRows;

/// So many of the last rows are kept of each node. They are copied out of their batch, in the columns that the pipeline asks
/// for anyway, so what is kept goes by the nodes and not by the log.
const KEPT: usize = 20;

/// The last rows of every node.
pub(super) struct Latest {
    nodes: Vec<(NodeWire, VecDeque<Rows>, u64)>,
}

impl Latest {
    pub(super) fn new(running: &Running) -> Self {
        Self { nodes: running.wires().into_iter().map(|wire| (wire, VecDeque::new(), 0)).collect() }
    }

    /// Takes rows that a node gives. Of a table those are what holds from now on, not what it takes the place of.
    pub(super) fn given(&mut self, node: usize, rows: &Rows) {
        let Some((_, kept, count)) = self.nodes.get_mut(node) else { return };
        *count += rows.len() as u64;
        let holds = (0..rows.len() as u32).rev().filter(|row| rows.sign(*row as usize) == Sign::Plus);
        let mut places: Vec<u32> = holds.take(KEPT).collect();
        if places.is_empty() {
            return;
        }
        places.reverse();
        kept.push_back(rows.take(&places));
        let mut held: usize = kept.iter().map(Rows::len).sum();
        while let Some(oldest) = kept.front().filter(|oldest| held - oldest.len() >= KEPT) {
            held -= oldest.len();
            kept.pop_front();
        }
    }

    /// What is kept by now, oldest first, of every node.
    pub(super) fn so_far(&self) -> BTreeMap<String, Arc<NodeRows>> {
        let rows = |(wire, kept, count): &(NodeWire, VecDeque<Rows>, u64)| {
            let all = Rows::concat(kept.iter().cloned().collect());
            let last: Vec<u32> = (all.len().saturating_sub(KEPT) as u32..all.len() as u32).collect();
            let rows = NodeRows {
                flow: wire.flow,
                columns: wire.columns.clone(),
                id: Vec::new(),
                rows: all.take(&last),
                count: *count,
            };
            (wire.name.clone(), Arc::new(rows))
        };
        self.nodes.iter().filter(|(_, kept, _)| !kept.is_empty()).map(rows).collect()
    }
}
