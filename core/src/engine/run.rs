//! A pipeline running: rows of its sources in, rows of its views out.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::column::Column;
use super::mark::{Mark, StepTimes};
use super::operator::{Aside, Metrics, Operator, Output, StateError, StateReader, StateWriter, Stop};
use super::plan::{ColumnOf, Plan, PlannedView};
use super::rows::Rows;
use super::simple::inside;
use crate::expr::Type;
use crate::pipeline::Flow;

/// Takes what the views come to.
pub trait Sink {
    /// A step begins: these are its events.
    ///
    /// # Errors
    /// [`Stop`] when no more steps are wanted.
    fn begins(&mut self, _times: &StepTimes) -> Result<(), Stop> {
        Ok(())
    }

    /// Rows reach a node's operator, by its place in [`Plan::nodes`]: a batch for each input.
    ///
    /// # Errors
    /// [`Stop`] when no more are wanted.
    fn reached(&mut self, _node: usize, _inputs: &[Rows]) -> Result<(), Stop> {
        Ok(())
    }

    /// Rows that a node gives, by its place in [`Plan::nodes`]; their columns are those of its wire ([`Running::wires`]).
    fn given(&mut self, _node: usize, _rows: &Rows) {}

    /// Rows of a view, by its place in [`Plan::views`]; their columns are those of the view's wire.
    ///
    /// # Errors
    /// [`Stop`] when no more are wanted.
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop>;

    /// A step is done: the operators stand at `mark`, and everything that comes of the events before it was given.
    ///
    /// # Errors
    /// [`Stop`] when no more steps are wanted.
    fn stepped(&mut self, _running: &Running, _mark: &Mark) -> Result<(), Stop> {
        Ok(())
    }
}

/// A pipeline whose operators remember what they have seen.
pub struct Running {
    nodes: Vec<Node>,
    views: Vec<PlannedView>,
    /// For each source the node that takes its rows.
    sources: Vec<usize>,
    /// The node that could not go on, or nothing inside where it was whoever takes the rows.
    failed: Option<Option<usize>>,
}

/// What a node's rows carry, for somebody who looks at them in passing.
#[derive(Debug, Clone)]
pub struct NodeWire {
    /// The node's name.
    pub name: String,
    /// Whether it gives a stream or a table.
    pub flow: Flow,
    /// The columns that somebody behind it, or a view, asked for: name, place among the columns, what is known of the
    /// values.
    pub columns: Vec<(String, usize, Type)>,
}

struct Node {
    name: String,
    kind: &'static str,
    flow: Flow,
    /// `None` for the stream of a topic, and while the operator is at work.
    operator: Option<Box<dyn Operator>>,
    columns: Vec<ColumnOf>,
    carried: Vec<(String, usize, Type)>,
    /// The nodes that take its rows, and as which of their inputs.
    takers: Vec<(usize, usize)>,
    /// Rows that wait until those of the other inputs have come; empty for nodes with one input.
    waiting: Vec<Vec<Rows>>,
    view: Option<usize>,
    /// Of a topic's stream: what has gone through.
    passed: Metrics,
}

/// What has gone through a node, for a person.
#[derive(Debug, Clone)]
pub struct NodeReport {
    /// The node's name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Whether it gives a stream or a table.
    pub flow: Flow,
    /// The figures.
    pub metrics: Metrics,
}

impl Running {
    /// Starts a plan from nothing.
    pub fn new(plan: Plan) -> Self {
        let Plan { nodes, sources, views } = plan;
        let inputs: Vec<Vec<usize>> = nodes.iter().map(|node| node.inputs.clone()).collect();
        let nodes = nodes.into_iter().enumerate().map(|(at, node)| {
            let takers = inputs.iter().enumerate().flat_map(|(taker, inputs)| {
                inputs.iter().enumerate().filter(move |(_, input)| **input == at).map(move |(port, _)| (taker, port))
            });
            Node {
                takers: takers.collect(),
                waiting: if node.inputs.len() > 1 { vec![Vec::new(); node.inputs.len()] } else { Vec::new() },
                view: views.iter().position(|view| view.node == at),
                name: node.name,
                kind: node.kind,
                flow: node.flow,
                operator: node.operator,
                columns: node.columns,
                carried: node.carried,
                passed: Metrics::default(),
            }
        });
        Self {
            nodes: nodes.collect(),
            views,
            sources: sources.iter().map(|source| source.node).collect(),
            failed: None,
        }
    }

    /// What is shown.
    pub fn views(&self) -> &[PlannedView] {
        &self.views
    }

    /// The names of the nodes that take the rows of the sources, in their order.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|&node| &*self.nodes[node].name)
    }

    /// The node whose rows stand in a view: the one before it, or the node itself where it is none that only shows.
    pub fn shown_of(&self, view: &PlannedView) -> usize {
        if self.nodes[view.node].kind != "view" {
            return view.node;
        }
        let before = |node: &Node| node.takers.iter().any(|(taker, _)| *taker == view.node);
        self.nodes.iter().position(before).unwrap_or(view.node)
    }

    /// What each node's rows carry, in the order of [`Plan::nodes`].
    pub fn wires(&self) -> Vec<NodeWire> {
        let wire = |node: &Node| NodeWire { name: node.name.clone(), flow: node.flow, columns: node.carried.clone() };
        self.nodes.iter().map(wire).collect()
    }

    /// The node that could not go on, where a step came to a bound and that was a node's.
    pub fn failed(&self) -> Option<&str> {
        Some(&*self.nodes[self.failed??].name)
    }

    /// Takes the rows of a step, one batch a source, and hands what they come to to `sink`.
    ///
    /// # Errors
    /// [`Stop`] when it was cancelled or went beyond a bound; the pipeline is not to be used any more then.
    pub fn step(&mut self, rows: Vec<Rows>, sink: &mut dyn Sink, cancel: &CancellationToken) -> Result<(), Stop> {
        let mut given: Vec<Option<Rows>> = (0..self.nodes.len()).map(|_| None).collect();
        for (&node, rows) in self.sources.iter().zip(rows) {
            given[node] = Some(rows);
        }
        for (node, given) in given.into_iter().enumerate() {
            if let Some(rows) = given.filter(|rows| !rows.is_empty()) {
                match self.nodes[node].operator {
                    Some(_) => self.run(node, vec![rows], sink, cancel)?,
                    None => {
                        let passed = &mut self.nodes[node].passed;
                        passed.rows_in += rows.len() as u64;
                        passed.rows_out += rows.len() as u64;
                        passed.stream_time_ms = passed.stream_time_ms.max(rows.time_ms.iter().copied().max());
                        self.hand_on(node, rows, sink, cancel)?;
                    }
                }
            }
            // Nodes stand behind those they take from, so all that this one waits for has come.
            if self.nodes[node].waiting.iter().any(|rows| !rows.is_empty()) {
                let inputs = self.nodes[node].waiting.iter_mut().map(|rows| Rows::concat(std::mem::take(rows)));
                let inputs = inputs.collect();
                self.run(node, inputs, sink, cancel)?;
            }
        }
        Ok(())
    }

    fn run(
        &mut self,
        node: usize,
        inputs: Vec<Rows>,
        sink: &mut dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        sink.reached(node, &inputs)?;
        let Some(mut operator) = self.nodes[node].operator.take() else { return Ok(()) };
        let mut take = |rows: Rows| self.hand_on(node, rows, sink, cancel);
        let done = operator.process(inputs, &mut Output::new(&mut take, cancel));
        self.nodes[node].operator = Some(operator);
        if done.is_err() {
            // What fails behind this node comes through it, and was told already.
            self.failed.get_or_insert(Some(node));
        }
        done
    }

    /// Hands what a node gives to the nodes that take it. Those with one input work it off at once, so that rows never
    /// pile up between nodes.
    fn hand_on(
        &mut self,
        node: usize,
        given: Rows,
        sink: &mut dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<(), Stop> {
        let rows = laid_out(given, &self.nodes[node].columns);
        sink.given(node, &rows);
        if let Some(view) = self.nodes[node].view
            && let Err(stop) = sink.rows(view, &rows)
        {
            self.failed.get_or_insert(None);
            return Err(stop);
        }
        for at in 0..self.nodes[node].takers.len() {
            let (taker, port) = self.nodes[node].takers[at];
            match self.nodes[taker].waiting.get_mut(port) {
                Some(waiting) => waiting.push(rows.clone()),
                None => self.run(taker, vec![rows.clone()], sink, cancel)?,
            }
        }
        Ok(())
    }

    /// What has gone through each node, and what it keeps.
    pub fn report(&self) -> Vec<NodeReport> {
        let report = |node: &Node| NodeReport {
            name: node.name.clone(),
            kind: node.kind,
            flow: node.flow,
            metrics: node.operator.as_ref().map_or_else(|| node.passed.clone(), |operator| operator.metrics()),
        };
        self.nodes.iter().map(report).collect()
    }

    /// The last rows that a node set aside.
    pub fn aside(&self, node: &str) -> Option<&Aside> {
        self.nodes.iter().find(|known| known.name == node)?.operator.as_ref()?.aside()
    }

    /// How many results each node holds back, in the order of [`Plan::nodes`]: of windows that are open, and of rows that
    /// wait for a partner.
    pub fn held_back(&self) -> Vec<u64> {
        let held = |node: &Node| node.operator.as_ref().map_or(0, |operator| operator.open_rows().len() as u64);
        self.nodes.iter().map(held).collect()
    }

    /// Writes all that the operators remember.
    pub fn save(&self, state: &mut StateWriter) {
        for node in &self.nodes {
            state.put(&node.name);
            state.put(&node.passed);
            if let Some(operator) = &node.operator {
                operator.save(state);
            }
        }
    }

    /// Takes up what [`Running::save`] has written.
    ///
    /// # Errors
    /// [`StateError`] when that was another pipeline, or is no state.
    pub fn load(&mut self, state: &mut StateReader<'_>) -> Result<(), StateError> {
        for node in &mut self.nodes {
            let name: String = state.take()?;
            if name != node.name {
                return Err(StateError(format!("it holds {name} where {} is expected", node.name)));
            }
            node.passed = state.take()?;
            if let Some(operator) = &mut node.operator {
                operator.load(state)?;
            }
        }
        Ok(())
    }
}

/// The columns of a wire, from those that its operator gives.
pub(super) fn laid_out(given: Rows, columns: &[ColumnOf]) -> Rows {
    let same = columns.len() == given.columns.len()
        && columns.iter().enumerate().all(|(at, column)| *column == ColumnOf::Given(at));
    if same {
        return given;
    }
    let mut laid: Vec<Arc<Column>> = Vec::with_capacity(columns.len());
    for column in columns {
        let column = match column {
            ColumnOf::Given(at) => given.columns[*at].clone(),
            ColumnOf::Inside(outer, path) => Arc::new(inside(&laid[*outer], path)),
        };
        laid.push(column);
    }
    Rows { columns: laid, ..given }
}
