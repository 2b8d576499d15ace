//! The replay: the plan's own operators, with rows that can be told wherever they come.
//!
//! Every operator is the one that runs the pipeline. Rows have a column more, their number, which operators give along
//! with the others. A step is cut around the rows that are followed, so that what comes of one of them stands alone: a
//! result never depends on the cut.

use std::ops::Range;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::identity::Identity;
use super::lineage::{Lineage, Marks, NOBODY, RowId};
use crate::engine::operator::{Metrics, Operator, Output};
use crate::engine::plan::{ColumnOf, PlannedSource, PlannedView, Recipe, TracedPlan};
use crate::engine::run::laid_out;
use crate::engine::{Column, Rows, Sign, Stop};
use crate::expr::Type;

/// Rows, each with its number.
#[derive(Debug, Clone, Default)]
pub(super) struct Traced {
    pub(super) rows: Rows,
    pub(super) ids: Vec<RowId>,
}

impl Traced {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn part(&self, part: Range<usize>) -> Self {
        if part == (0..self.len()) {
            return self.clone();
        }
        let places: Vec<u32> = part.clone().map(|row| row as u32).collect();
        Self { rows: self.rows.take(&places), ids: self.ids[part].to_vec() }
    }

    /// The rows with their numbers as the last column.
    fn numbered(&self) -> Rows {
        let mut rows = self.rows.clone();
        if !rows.is_empty() {
            rows.columns.push(Arc::new(Column::of_ints(self.ids.clone())));
        }
        rows
    }

    pub(super) fn concat(parts: Vec<Self>) -> Self {
        let ids = parts.iter().flat_map(|part| part.ids.iter().copied()).collect();
        Self { rows: Rows::concat(parts.into_iter().map(|part| part.rows).collect()), ids }
    }
}

/// A node of the pipeline.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) inputs: Vec<usize>,
    pub(super) recipe: Recipe,
    /// The names of its wire's columns.
    pub(super) names: Vec<String>,
    /// What a person sees of it, if it is shown.
    pub(super) shown: Vec<(String, usize, Type)>,
    pub(super) columns: Vec<ColumnOf>,
    /// `None` of a topic's stream.
    operator: Option<Box<dyn Operator>>,
    pub(super) identity: Identity,
}

impl Node {
    /// What has gone through, and how far time is.
    pub(super) fn metrics(&self) -> Metrics {
        self.operator.as_ref().map(|operator| operator.metrics()).unwrap_or_default()
    }
}

/// What a part of a step came to at a node.
pub(super) struct Taken<'t> {
    /// The node's place.
    pub(super) node: usize,
    /// What the node is.
    pub(super) of: &'t Node,
    /// The rows of each input.
    pub(super) inputs: &'t [Traced],
    /// The rows that it gave.
    pub(super) given: &'t Traced,
    /// What was counted before and after, where one row that is followed was taken by itself.
    pub(super) metrics: Option<[Metrics; 2]>,
    /// The windows (start and end in milliseconds) that the row that is followed went into.
    pub(super) windows: &'t [(i64, i64)],
    pub(super) lineage: &'t Lineage,
}

/// Looks on while a pipeline is replayed.
pub(super) trait Watcher {
    /// Which of the events that are looked into this one is: a bit, or none.
    fn marks(&self, source: &PlannedSource, partition: i64, offset: i64) -> Marks {
        let _ = (source, partition, offset);
        0
    }

    /// Whether rows of marked events are to be taken one by one.
    fn is_close(&self) -> bool {
        false
    }

    /// What came of a part of a step.
    ///
    /// # Errors
    /// [`Stop`] when it wants no more.
    fn taken(&mut self, taken: &Taken<'_>) -> Result<(), Stop>;
}

/// A pipeline that is replayed.
pub(super) struct Replay {
    pub(super) nodes: Vec<Node>,
    pub(super) views: Vec<PlannedView>,
    pub(super) sources: Vec<PlannedSource>,
    pub(super) lineage: Lineage,
}

impl Replay {
    /// The pipeline before its first event. With `ahead` a row with a rank is also made of those that are ahead of it.
    pub(super) fn new(traced: TracedPlan, ahead: bool) -> Self {
        let TracedPlan { plan, recipes, names, shown } = traced;
        let widths: Vec<usize> = plan.nodes.iter().map(|node| node.columns.len()).collect();
        let parts = plan.nodes.into_iter().zip(recipes).zip(names.into_iter().zip(shown));
        let nodes = parts.map(|((node, recipe), (names, shown))| Node {
            identity: Identity::of(&recipe, &node.columns, &widths, ahead),
            name: node.name,
            kind: node.kind,
            inputs: node.inputs,
            columns: node.columns,
            operator: node.operator,
            recipe,
            names,
            shown,
        });
        Self { nodes: nodes.collect(), views: plan.views, sources: plan.sources, lineage: Lineage::default() }
    }

    /// Takes the rows of a step, one batch a source.
    ///
    /// # Errors
    /// [`Stop`] as of any operator, or of the watcher.
    pub(super) fn step(
        &mut self,
        rows: Vec<Rows>,
        watcher: &mut dyn Watcher,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        let mut given: Vec<Traced> = vec![Traced::default(); self.nodes.len()];
        for (source, mut rows) in rows.into_iter().enumerate() {
            if rows.is_empty() {
                continue;
            }
            let source = &self.sources[source];
            if let (Some(offsets), Some(partitions)) = (rows.columns.pop(), rows.columns.pop()) {
                let coordinates = |row| Some((id_in(&partitions, row)?, id_in(&offsets, row)?));
                for row in (0..rows.len()).filter(|_| watcher.is_close()) {
                    let marks =
                        coordinates(row).map_or(0, |(partition, offset)| watcher.marks(source, partition, offset));
                    if marks != 0 {
                        self.lineage.mark(rows.seq[row], marks);
                    }
                }
            }
            let ids = rows.seq.iter().map(|&seq| seq as RowId).collect();
            given[source.node] = Traced { rows, ids };
        }
        for node in 0..self.nodes.len() {
            let inputs: Vec<Traced> = match self.nodes[node].inputs.as_slice() {
                [] => vec![std::mem::take(&mut given[node])],
                inputs => inputs.iter().map(|&input| given[input].clone()).collect(),
            };
            if inputs.iter().any(|rows| !rows.is_empty()) {
                given[node] = self.take(node, inputs, watcher, cancel)?;
            }
        }
        Ok(())
    }

    /// Takes the rows of a node's inputs, part by part.
    fn take(
        &mut self,
        node: usize,
        inputs: Vec<Traced>,
        watcher: &mut dyn Watcher,
        cancel: &CancellationToken,
    ) -> Result<Traced, Stop> {
        let followed = self.followed(node, &inputs, watcher);
        let mut given = Vec::new();
        for (part, close) in parts(&inputs, &followed) {
            let inputs: Vec<Traced> = inputs.iter().zip(part).map(|(rows, part)| rows.part(part)).collect();
            given.push(self.take_part(node, &inputs, close, watcher, cancel)?);
        }
        Ok(Traced::concat(given))
    }

    /// Which rows of each input are to be taken one by one.
    fn followed(&mut self, node: usize, inputs: &[Traced], watcher: &dyn Watcher) -> Vec<Vec<bool>> {
        let Self { nodes, lineage, .. } = self;
        let close = watcher.is_close();
        let mut followed: Vec<Vec<bool>> =
            inputs.iter().map(|rows| rows.ids.iter().map(|&id| close && lineage.marks(id) != 0).collect()).collect();
        if let (Identity::Groups(groups), [rows], [followed]) =
            (&mut nodes[node].identity, inputs, followed.as_mut_slice())
        {
            groups.follow(&rows.rows, followed);
        }
        followed
    }

    fn take_part(
        &mut self,
        node: usize,
        inputs: &[Traced],
        close: bool,
        watcher: &mut dyn Watcher,
        cancel: &CancellationToken,
    ) -> Result<Traced, Stop> {
        let Self { nodes, lineage, .. } = self;
        let of = &mut nodes[node];
        let before = (close && watcher.is_close()).then(|| of.metrics());
        let mut windows = Vec::new();
        if let (Identity::Groups(groups), [rows]) = (&mut of.identity, inputs) {
            windows = groups.take(rows, close, lineage, cancel)?;
        }
        let raw = match &mut of.operator {
            None => inputs.first().map(|rows| rows.rows.clone()).unwrap_or_default(),
            Some(operator) => {
                let carries = of.identity.carries();
                let rows =
                    inputs.iter().map(|rows| if carries { rows.numbered() } else { rows.rows.clone() }).collect();
                processed(operator.as_mut(), rows, cancel)?
            }
        };
        let known = of.identity.identify(raw, inputs, lineage)?;
        let given = if known.is_empty() {
            Traced::default()
        } else {
            Traced { rows: laid_out(known.rows, &of.columns), ids: known.ids }
        };
        let metrics = before.map(|before| [before, of.metrics()]);
        let taken = Taken { node, of, inputs, given: &given, metrics, windows: &windows, lineage };
        watcher.taken(&taken)?;
        Ok(given)
    }
}

/// What an operator gives for some rows.
pub(super) fn processed(
    operator: &mut dyn Operator,
    rows: Vec<Rows>,
    cancel: &CancellationToken,
) -> Result<Rows, Stop> {
    let mut given = Vec::new();
    let mut take = |rows: Rows| {
        given.push(rows);
        Ok(())
    };
    operator.process(rows, &mut Output::new(&mut take, cancel))?;
    Ok(Rows::concat(given))
}

/// Cuts inputs, in the order in which their rows are taken, around the rows that are followed. A table's row that goes
/// and the one that takes its place stay together. Gives a range of each input, and whether it is followed.
fn parts(inputs: &[Traced], followed: &[Vec<bool>]) -> Vec<(Vec<Range<usize>>, bool)> {
    if !followed.iter().flatten().any(|&followed| followed) {
        return vec![(inputs.iter().map(|rows| 0..rows.len()).collect(), false)];
    }
    let mut parts = Vec::new();
    let mut start = vec![0; inputs.len()];
    let mut next = start.clone();
    // Of rows of one event those of the first input come first.
    let first = |next: &[usize]| {
        let heads = inputs.iter().zip(next).enumerate();
        heads.filter_map(|(at, (rows, &row))| Some((*rows.rows.seq.get(row)?, at))).min()
    };
    let mut cut = |start: &mut Vec<usize>, end: &[usize], close: bool| {
        if start.iter().zip(end).any(|(start, end)| start < end) {
            parts.push((start.iter().zip(end).map(|(&start, &end)| start..end).collect(), close));
            *start = end.to_vec();
        }
    };
    while let Some((_, at)) = first(&next) {
        let (rows, row) = (&inputs[at].rows, next[at]);
        let pair = is_pair(rows, row);
        let end = row + 1 + usize::from(pair);
        if followed[at][row..end].iter().any(|&followed| followed) {
            cut(&mut start, &next, false);
            next[at] = end;
            cut(&mut start, &next, true);
        } else {
            next[at] = end;
        }
    }
    cut(&mut start, &next, false);
    parts
}

/// Whether a row goes and the next one takes its place.
pub(super) fn is_pair(rows: &Rows, row: usize) -> bool {
    rows.sign(row) == Sign::Minus
        && row + 1 < rows.len()
        && rows.sign(row + 1) == Sign::Plus
        && rows.seq[row] == rows.seq[row + 1]
}

/// The number that stands in a column.
pub(super) fn id_in(column: &Column, row: usize) -> Option<RowId> {
    match column.cell(row) {
        crate::codec::Cell::Int(id) => Some(id),
        _ => None,
    }
}

/// Takes the numbers out of a column that an operator gave along.
pub(super) fn taken_out(rows: &mut Rows, at: usize) -> Vec<Option<RowId>> {
    if at >= rows.columns.len() {
        return vec![Some(NOBODY); rows.len()];
    }
    let column = rows.columns.remove(at);
    (0..column.len()).map(|row| id_in(&column, row)).collect()
}
