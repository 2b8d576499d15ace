//! The rows of two inputs in the order of the events that caused them.

use crate::engine::rows::Rows;

/// Walks through two batches by `seq`, the left one's rows first where both have the same.
#[derive(Debug)]
pub(crate) struct Merged {
    next: [usize; 2],
}

impl Merged {
    /// From the beginning of both.
    pub(crate) fn new() -> Self {
        Self { next: [0, 0] }
    }

    /// The side (0 left, 1 right) and the place of the next row.
    #[inline]
    pub(crate) fn next(&mut self, inputs: &[Rows; 2]) -> Option<(usize, usize)> {
        let [left, right] = self.next;
        let side = match (inputs[0].seq.get(left), inputs[1].seq.get(right)) {
            (Some(left), Some(right)) => usize::from(right < left),
            (Some(_), None) => 0,
            (None, Some(_)) => 1,
            (None, None) => return None,
        };
        let row = self.next[side];
        self.next[side] += 1;
        Some((side, row))
    }
}

/// The batches of a node with two inputs; one that is not there is empty.
pub(crate) fn both(inputs: Vec<Rows>) -> [Rows; 2] {
    let mut inputs = inputs.into_iter();
    [inputs.next().unwrap_or_default(), inputs.next().unwrap_or_default()]
}
