//! From a pipeline as data to operators that run.
//!
//! Nodes are planned in the order in which rows flow. An expression that names a field asks the wire that it reads, which
//! asks the wire before it, and so on back to the topic; so when all is planned every wire knows the columns that it
//! carries, and only then are the operators made.

mod build;
mod node;
mod traced;
mod wire;

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::codec::Path;
use crate::event::TopicName;
use crate::expr::{Expr, Source, Type};
use crate::pipeline::{Flow, NodeKind, Pipeline, Problem, check, flow, order, sound};
use crate::schema::TopicShape;

use super::operator::Operator;
pub(super) use node::Recipe;
pub(super) use traced::TracedPlan;
use wire::{InputScope, Own, Place, Space, Wire, Wires};

/// A pipeline that can run.
pub struct Plan {
    /// The nodes, each behind those that it takes rows from.
    pub nodes: Vec<PlannedNode>,
    /// What is read.
    pub sources: Vec<PlannedSource>,
    /// What is shown: the view nodes, or where there are none the nodes that nobody takes rows from.
    pub views: Vec<PlannedView>,
}

/// One node of a plan.
pub struct PlannedNode {
    /// Its name.
    pub name: String,
    /// Its kind, as in a file.
    pub kind: &'static str,
    /// Whether it gives a stream or a table.
    pub flow: Flow,
    /// Where its rows come from: places in [`Plan::nodes`]; for a source none.
    pub inputs: Vec<usize>,
    /// What it does; `None` for a stream of a topic, whose rows come from outside.
    pub operator: Option<Box<dyn Operator>>,
    /// How the columns of its wire come of those that its operator gives.
    pub columns: Vec<ColumnOf>,
    /// What the columns of its wire are called: name, place among them, what is known of the values.
    pub carried: Vec<(String, usize, Type)>,
}

/// Where a column of a wire comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnOf {
    /// A column that the operator gives.
    Given(usize),
    /// What stands inside of an earlier column of the same wire.
    Inside(usize, Path),
}

/// A topic that is read.
#[derive(Debug, Clone)]
pub struct PlannedSource {
    /// The node that takes its events: a place in [`Plan::nodes`].
    pub node: usize,
    /// The topic.
    pub topic: TopicName,
    /// Whether its events are taken as they come, or as the rows of a table.
    pub flow: Flow,
    /// The fields that are decoded, a column each.
    pub fields: Vec<Source>,
    /// What the event's time is, where it is not the record's timestamp.
    pub time: Option<Expr>,
}

/// A node that is shown.
#[derive(Debug, Clone)]
pub struct PlannedView {
    /// The node: a place in [`Plan::nodes`].
    pub node: usize,
    /// Its name.
    pub name: String,
    /// Whether it is a stream or a table.
    pub flow: Flow,
    /// What is shown: name, place among the wire's columns, and what is known of the values.
    pub columns: Vec<(String, usize, Type)>,
    /// The columns that tell the rows of a table apart.
    pub id: Vec<usize>,
}

/// What a node gives, for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The node's name.
    pub node: String,
    /// Its kind.
    pub kind: &'static str,
    /// Whether it gives a stream or a table.
    pub flow: Flow,
    /// Its columns' names and types.
    pub columns: Vec<(String, Type)>,
}

/// A field that an expression names and that no event was seen to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The topic.
    pub topic: TopicName,
    /// The field, as it is written.
    pub field: String,
    /// A similar field that was seen.
    pub similar: Option<String>,
}

/// The planning of one pipeline.
struct Planning<'p> {
    pipeline: &'p Pipeline,
    /// What the topics' samples show, where types are to be held against it.
    shapes: Option<&'p BTreeMap<TopicName, TopicShape>>,
    wires: RefCell<Wires>,
    /// For each node of the order: what its operator is made of.
    recipes: Vec<Recipe>,
    /// Places in the order, by name.
    places: BTreeMap<&'p str, usize>,
    problems: Vec<Problem>,
}

impl Plan {
    /// Plans a pipeline.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn of(pipeline: &Pipeline) -> Result<Self, Vec<Problem>> {
        Planning::of(pipeline, None)?.finish(0, &[], None)
    }

    /// Plans a pipeline of which some nodes more are shown than its views, for somebody who looks at them. What is shown of
    /// a node is decoded for it, so a plan that shows more does more.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn showing(pipeline: &Pipeline, also: &[&str]) -> Result<Self, Vec<Problem>> {
        Planning::of(pipeline, None)?.finish(0, also, None)
    }

    /// Plans what a node needs and nothing else; the node is shown, and every event's changes of it are given as they are,
    /// for somebody who goes by what held at a moment.
    ///
    /// # Errors
    /// Everything that is wrong with the pipeline.
    pub fn with_past(pipeline: &Pipeline, node: &str) -> Result<Self, Vec<Problem>> {
        let needed = pipeline.up_to(node);
        Planning::of(&needed, None)?.finish(0, &[node], Some(node))
    }

    /// What of a pipeline can run, and everything that is wrong with the rest, in the order of the nodes. A node runs when
    /// nothing is wrong with it and with all that its rows come through.
    pub fn sound_part(pipeline: &Pipeline) -> (Pipeline, Vec<Problem>) {
        let mut problems = check(pipeline);
        let mut part = sound(pipeline, &problems);
        while !part.nodes.is_empty()
            && let Err(found) = Self::of(&part)
        {
            let before = part.nodes.len();
            part = sound(&part, &found);
            if part.nodes.len() == before {
                // What is wrong is of no node: nothing can run.
                part.nodes.clear();
            }
            problems.extend(found);
        }
        let place = |problem: &Problem| {
            let at = pipeline.nodes.iter().position(|node| problem.node.as_ref() == Some(&node.name));
            at.unwrap_or(usize::MAX)
        };
        problems.sort_by_cached_key(place);
        (part, problems)
    }

    /// What each node gives. With what the topics' samples show, types are told and held against it; a plan that runs
    /// takes every event as it is, since the next may be of another shape.
    ///
    /// # Errors
    /// Everything that is wrong with the pipeline.
    pub fn describe(
        pipeline: &Pipeline,
        shapes: Option<&BTreeMap<TopicName, TopicShape>>,
    ) -> Result<Vec<Description>, Vec<Problem>> {
        let planning = Planning::of(pipeline, shapes)?;
        Ok((0..planning.recipes.len()).map(|node| planning.description(node)).collect())
    }

    /// The topics that are read, each once, sorted.
    pub fn topics(&self) -> Vec<TopicName> {
        let mut topics: Vec<_> = self.sources.iter().map(|source| source.topic.clone()).collect();
        topics.sort();
        topics.dedup();
        topics
    }

    /// Fields that expressions name and that no event of the samples has. Not an error: the next event may have it.
    pub fn unseen(&self, shapes: &BTreeMap<TopicName, TopicShape>) -> Vec<Unseen> {
        let mut unseen = Vec::new();
        for source in &self.sources {
            let Some(shape) = shapes.get(&source.topic) else { continue };
            for field in &source.fields {
                let Some(similar) = unseen_in(shape, field) else { continue };
                let found = Unseen { topic: source.topic.clone(), field: field.to_string(), similar };
                if !unseen.contains(&found) {
                    unseen.push(found);
                }
            }
        }
        unseen
    }
}

/// Whether samples of a topic have shown events and none that has a field of a key or a value; then with a similar field
/// that they have. `None` where the field was seen, or that can't be told.
pub fn unseen_in(shape: &TopicShape, field: &Source) -> Option<Option<String>> {
    let (side, path) = match field {
        Source::Key(path) => (&shape.key, path),
        Source::Value(path) => (&shape.value, path),
        _ => return None,
    };
    let known = path.is_root() || side.is_cut() || side.samples() == side.nulls() || side.field(path).is_some();
    if known || side.fields().is_empty() {
        return None;
    }
    let names: Vec<String> = side.fields().iter().map(|field| field.path.to_string()).collect();
    Some(crate::expr::most_similar(&path.to_string(), names.iter().map(String::as_str)).map(str::to_owned))
}

impl<'p> Planning<'p> {
    fn of(pipeline: &'p Pipeline, shapes: Option<&'p BTreeMap<TopicName, TopicShape>>) -> Result<Self, Vec<Problem>> {
        let problems = check(pipeline);
        let Some(order) = order(pipeline).filter(|_| problems.is_empty()) else { return Err(problems) };
        let flows = flow(pipeline);
        let mut planning = Self {
            pipeline,
            shapes,
            wires: RefCell::default(),
            recipes: Vec::new(),
            places: BTreeMap::new(),
            problems: Vec::new(),
        };
        for (place, &at) in order.iter().enumerate() {
            let node = &pipeline.nodes[at];
            let Some(&flow) = flows.get(&node.name) else { continue };
            planning.plan_node(node, flow);
            planning.places.insert(&node.name, place);
        }
        if planning.problems.is_empty() { Ok(planning) } else { Err(planning.problems) }
    }

    /// Adds a wire, and what its node is made of.
    fn add(&mut self, name: &str, flow: Flow, space: Space, own: Vec<Own>, recipe: Recipe) -> usize {
        let mut wires = self.wires.borrow_mut();
        wires.list.push(Wire { name: name.to_owned(), flow, space, own, places: Vec::new(), types: Vec::new() });
        self.recipes.push(recipe);
        wires.list.len() - 1
    }

    fn scope(&self, wire: usize) -> InputScope<'_> {
        InputScope { wires: &self.wires, wire }
    }

    /// The columns of a wire that a person sees: their names, and where they are.
    fn shown(&self, wire: usize) -> Vec<(String, usize, Type)> {
        let mut wires = self.wires.borrow_mut();
        shown(&mut wires, wire)
    }

    fn description(&self, node: usize) -> Description {
        let columns = self.shown(node).into_iter().map(|(name, _, of)| (name, of)).collect();
        let wires = self.wires.borrow();
        let Wire { name, flow, .. } = &wires.list[node];
        let kind = self.pipeline.node(name).map_or("", |node| node.kind.name());
        Description { node: name.clone(), kind, flow: *flow, columns }
    }
}

/// What is shown of an event: a stream's coordinates too, since they tell its rows apart.
fn event_columns(flow: Flow, side: bool) -> &'static [&'static str] {
    match (flow, side) {
        (Flow::Stream, false) => &["timestamp", "topic", "partition", "offset", "key", "value"],
        (Flow::Stream, true) | (Flow::Table, _) => &["timestamp", "key", "value"],
    }
}

fn shown(wires: &mut Wires, wire: usize) -> Vec<(String, usize, Type)> {
    shown_as(wires, wire, false)
}

fn shown_as(wires: &mut Wires, wire: usize, side: bool) -> Vec<(String, usize, Type)> {
    let (space, own, flow) = {
        let Wire { space, own, flow, .. } = &wires.list[wire];
        (space.clone(), own.clone(), *flow)
    };
    let mut columns: Vec<(String, usize, Type)> = Vec::new();
    let inner: Vec<(String, Vec<crate::codec::Step>)> = match space {
        Space::Own => Vec::new(),
        Space::Event(_) => {
            let named = |name: &&str| ((*name).to_owned(), vec![crate::codec::Step::Field((*name).into())]);
            event_columns(flow, side).iter().map(named).collect()
        }
        Space::Through(input) => {
            for (name, column, of) in shown_as(wires, input, side) {
                if !own.iter().any(|own| own.name == name) {
                    let (column, of) = wires.column(wire, Place::Input(vec![Some(column)]), of);
                    columns.push((name, column, of));
                }
            }
            Vec::new()
        }
        Space::Sides(sides) => {
            for (at, input) in sides.into_iter().enumerate() {
                let joined = matches!(wires.list[input].space, Space::Sides(_));
                let prefix = wires.list[input].name.clone();
                for (name, column, of) in shown_as(wires, input, true) {
                    let mut places = vec![None; 2];
                    places[at] = Some(column);
                    let (column, of) = wires.column(wire, Place::Input(places), of);
                    columns.push((if joined { name } else { format!("{prefix}.{name}") }, column, of));
                }
            }
            Vec::new()
        }
        Space::Merged(inputs) => {
            let mut names: Vec<String> = Vec::new();
            for input in inputs {
                for (name, ..) in shown_as(wires, input, side) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            names.into_iter().map(|name| (name.clone(), Own::new(&name, Type::Any).path)).collect()
        }
    };
    for (name, path) in inner {
        // What is shown of a wire resolves on it.
        if let Ok((column, of)) = wires.resolve(wire, &path) {
            columns.push((name, column, of));
        }
    }
    for (at, own) in own.iter().enumerate() {
        let (column, of) = wires.column(wire, Place::Own(at), own.of);
        columns.push((own.name.clone(), column, of));
    }
    columns
}

/// Whether a node is a view, or stands for one because the pipeline has none.
fn is_shown(pipeline: &Pipeline, name: &str) -> bool {
    let has_views = pipeline.nodes.iter().any(|node| matches!(node.kind, NodeKind::View { .. }));
    match has_views {
        true => pipeline.node(name).is_some_and(|node| matches!(node.kind, NodeKind::View { .. })),
        false => pipeline.ends().iter().any(|node| node.name == name),
    }
}
