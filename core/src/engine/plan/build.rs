//! Making the operators, when every wire knows its columns.

use super::node::Recipe;
use super::wire::{Place, Space, Wire};
use super::{ColumnOf, Plan, PlannedNode, PlannedSource, PlannedView, Planning, Problem, is_shown, shown};
use crate::engine::aggregate::{AggregateSpec, aggregate, goes_by_order};
use crate::engine::join::{
    StreamJoinSpec, StreamTableJoinSpec, TableJoinSpec, join_stream_with_table, join_streams, join_tables,
};
use crate::engine::operator::Operator;
use crate::engine::rank::{DeduplicateSpec, TopNSpec, deduplicate, top_n};
use crate::engine::simple::{extend, filter, flatten, merge};
use crate::engine::source::{TableSourceSpec, table_source};
use crate::expr::{Formula, Source, Type};
use crate::pipeline::Flow;

impl Planning<'_> {
    /// The column that is missing where a row is an event without a value; `None` where rows are no events.
    pub(super) fn value_column(&self, wire: usize) -> Option<usize> {
        let space = self.wires.borrow().list[wire].space.clone();
        let place = match space {
            Space::Event(_) => Place::Field(Source::ValueSize),
            Space::Through(input) => Place::Input(vec![Some(self.value_column(input)?)]),
            Space::Merged(inputs) => {
                Place::Input(inputs.into_iter().map(|input| self.value_column(input).map(Some)).collect::<Option<_>>()?)
            }
            Space::Own | Space::Sides(_) => return None,
        };
        let of = Source::ValueSize.type_of();
        Some(self.wires.borrow_mut().column(wire, place, of).0)
    }

    /// The columns that tell the rows of a table apart; none where nothing does.
    pub(super) fn id_columns(&self, wire: usize) -> Vec<usize> {
        let through = |input: usize, columns: Vec<usize>| -> Vec<usize> {
            let types = self.wires.borrow().list[input].types.clone();
            let pass =
                |column: usize| self.wires.borrow_mut().column(wire, Place::Input(vec![Some(column)]), types[column]).0;
            columns.into_iter().map(pass).collect()
        };
        match &self.recipes[wire] {
            Recipe::Table { key, .. } => vec![*key],
            Recipe::Filter { input, .. } | Recipe::Pass { input } | Recipe::Extend { input, .. } => {
                through(*input, self.id_columns(*input))
            }
            Recipe::Aggregate { by, window, .. } => {
                let count = by.len() + if window.is_some() { 2 } else { 0 };
                (0..count).map(|own| self.own_column(wire, own)).collect()
            }
            Recipe::Deduplicate { input, by, .. } => match columns_of(by) {
                Some(columns) => through(*input, columns),
                None => Vec::new(),
            },
            Recipe::TopN { input, by, .. } => match columns_of(by) {
                Some(columns) => {
                    let mut id = through(*input, columns);
                    id.push(self.own_column(wire, 0));
                    id
                }
                None => Vec::new(),
            },
            Recipe::JoinTables { sides, ids, .. } => {
                let mut id = Vec::new();
                for (at, columns) in ids.iter().enumerate() {
                    let types = self.wires.borrow().list[sides[at]].types.clone();
                    for &column in columns {
                        let mut places = vec![None; 2];
                        places[at] = Some(column);
                        id.push(self.wires.borrow_mut().column(wire, Place::Input(places), types[column]).0);
                    }
                }
                id
            }
            _ => Vec::new(),
        }
    }

    fn own_column(&self, wire: usize, own: usize) -> usize {
        let mut wires = self.wires.borrow_mut();
        let of = wires.list[wire].own[own].of;
        wires.column(wire, Place::Own(own), of).0
    }

    /// Makes the operators, of which each carries so many columns of every input along that no wire has. The nodes in `also`
    /// are shown beside the views; of the one with a past every event's changes are given.
    pub(super) fn finish(self, carried: usize, also: &[&str], past: Option<&str>) -> Result<Plan, Vec<Problem>> {
        let mut views = Vec::new();
        for node in 0..self.recipes.len() {
            let name = self.wires.borrow().list[node].name.clone();
            if !is_shown(self.pipeline, &name) && !also.contains(&name.as_str()) {
                continue;
            }
            let flow = self.wires.borrow().list[node].flow;
            let columns = shown(&mut self.wires.borrow_mut(), node);
            let id = if flow == Flow::Table { self.id_columns(node) } else { Vec::new() };
            views.push(PlannedView { node, name, flow, columns, id });
        }
        let wires = self.wires.into_inner().list;
        let (by_event, versions) = (by_event(&self.recipes, &wires, past), asked_for_versions(&self.recipes));
        let mut nodes = Vec::with_capacity(wires.len());
        let mut sources = Vec::new();
        for (at, recipe) in self.recipes.into_iter().enumerate() {
            let wire = &wires[at];
            if let Recipe::Stream { topic, time } | Recipe::Table { topic, time, .. } = &recipe {
                let fields = wire.places.iter().filter_map(|place| match place {
                    Place::Field(source) => Some(source.clone()),
                    _ => None,
                });
                let (topic, time) = (topic.clone(), time.clone());
                let flow = if matches!(recipe, Recipe::Table { .. }) { Flow::Table } else { Flow::Stream };
                sources.push(PlannedSource { node: at, topic, flow, fields: fields.collect(), time });
            }
            let columns = layout(wire, &recipe, &wires);
            let inputs = inputs_of(&recipe);
            let carried_names = carried_names(at, &wires);
            let operator = operator_of(recipe, wire, &wires, carried, by_event[at], versions[at]);
            let kind = self.pipeline.node(&wire.name).map_or("", |node| node.kind.name());
            nodes.push(PlannedNode {
                name: wire.name.clone(),
                kind,
                flow: wire.flow,
                inputs,
                operator,
                columns,
                carried: carried_names,
            });
        }
        Ok(Plan { nodes, sources, views })
    }
}

/// The names of the columns that a wire carries, each with its place and its type; what no name leads to is left out.
fn carried_names(wire: usize, wires: &[Wire]) -> Vec<(String, usize, Type)> {
    let named = |column: usize| Some((column_name(wire, column, wires)?, column, wires[wire].types[column]));
    (0..wires[wire].places.len()).filter_map(named).collect()
}

fn column_name(wire: usize, column: usize, wires: &[Wire]) -> Option<String> {
    let Wire { space, own, places, .. } = &wires[wire];
    match &places[column] {
        Place::Field(Source::ValueSize) => None,
        Place::Field(source) => Some(source.to_string()),
        Place::Own(at) => own.get(*at).map(|own| own.name.clone()),
        Place::Inside(outer, path) => Some(format!("{}.{path}", column_name(wire, *outer, wires)?)),
        Place::Input(columns) => {
            let (at, column) = columns.iter().enumerate().find_map(|(at, column)| Some((at, (*column)?)))?;
            match space {
                Space::Through(input) => column_name(*input, column, wires),
                Space::Merged(inputs) => column_name(*inputs.get(at)?, column, wires),
                Space::Sides(sides) => {
                    let side = *sides.get(at)?;
                    let name = column_name(side, column, wires)?;
                    let joined = matches!(wires[side].space, Space::Sides(_));
                    Some(if joined { name } else { format!("{}.{name}", wires[side].name) })
                }
                Space::Event(_) | Space::Own => None,
            }
        }
    }
}

/// The columns that formulas are, if each is one and nothing else.
fn columns_of(formulas: &[Formula]) -> Option<Vec<usize>> {
    formulas.iter().map(Formula::as_column).collect()
}

pub(super) fn inputs_of(recipe: &Recipe) -> Vec<usize> {
    match recipe {
        Recipe::Stream { .. } | Recipe::Table { .. } => Vec::new(),
        Recipe::Filter { input, .. }
        | Recipe::Extend { input, .. }
        | Recipe::Flatten { input, .. }
        | Recipe::Pass { input }
        | Recipe::Aggregate { input, .. }
        | Recipe::Deduplicate { input, .. }
        | Recipe::TopN { input, .. } => vec![*input],
        Recipe::Merge { inputs } => inputs.clone(),
        Recipe::JoinStreams { sides, .. }
        | Recipe::JoinStreamWithTable { sides, .. }
        | Recipe::JoinTables { sides, .. } => sides.to_vec(),
    }
}

/// The nodes whose every change somebody behind them goes by: a join as of, which asks what held at a moment, and what
/// orders a table's rows by when they came, and the one node with a past. All other tables come to the same with the changes of a batch put together.
fn by_event(recipes: &[Recipe], wires: &[Wire], past: Option<&str>) -> Vec<bool> {
    let is_table = |wire: usize| wires[wire].flow == Flow::Table;
    let mut by_event: Vec<bool> =
        wires.iter().map(|wire| wire.flow == Flow::Table && past == Some(wire.name.as_str())).collect();
    // Nodes stand behind those that they take rows from.
    for (at, recipe) in recipes.iter().enumerate().rev() {
        for input in inputs_of(recipe) {
            let asks = match recipe {
                Recipe::JoinStreamWithTable { sides, .. } => sides[1] == input,
                Recipe::TopN { .. } => true,
                Recipe::Aggregate { calls, .. } => calls.iter().any(|call| goes_by_order(call.function)),
                _ => false,
            };
            by_event[input] |= is_table(input) && (asks || is_table(at) && by_event[at]);
        }
    }
    by_event
}

/// The nodes of whose topics somebody behind them asks for every version: a join as of, at once or behind nodes that look
/// at each row alone.
fn asked_for_versions(recipes: &[Recipe]) -> Vec<bool> {
    let mut asked = vec![false; recipes.len()];
    for (at, recipe) in recipes.iter().enumerate().rev() {
        match recipe {
            Recipe::JoinStreamWithTable { sides, .. } => asked[sides[1]] = true,
            Recipe::Filter { input, .. } | Recipe::Extend { input, .. } | Recipe::Pass { input } => {
                asked[*input] |= asked[at];
            }
            _ => {}
        }
    }
    asked
}

/// How the wire's columns come of the operator's.
fn layout(wire: &Wire, recipe: &Recipe, wires: &[Wire]) -> Vec<ColumnOf> {
    let width = |wire: usize| wires[wire].places.len();
    // Where the columns that the node makes stand among those that its operator gives.
    let own_from = match recipe {
        Recipe::Extend { input, .. } | Recipe::Flatten { input, .. } | Recipe::TopN { input, .. } => width(*input),
        _ => 0,
    };
    let sides_from = |side: usize| match (recipe, wire.space.clone()) {
        (_, Space::Sides([left, _])) if side == 1 => width(left),
        _ => 0,
    };
    let mut merged = 0;
    let place = |place: &Place| match place {
        Place::Field(_) => {
            merged += 1;
            ColumnOf::Given(merged - 1)
        }
        Place::Own(at) => ColumnOf::Given(own_from + at),
        Place::Inside(column, path) => ColumnOf::Inside(*column, path.clone()),
        Place::Input(_) if matches!(recipe, Recipe::Merge { .. }) => {
            merged += 1;
            ColumnOf::Given(merged - 1)
        }
        Place::Input(columns) => {
            let found = columns.iter().enumerate().find_map(|(side, column)| column.map(|column| (side, column)));
            let (side, column) = found.unwrap_or((0, 0));
            ColumnOf::Given(sides_from(side) + column)
        }
    };
    wire.places.iter().map(place).collect()
}

/// Makes an operator. The columns that are carried along stand behind those of the input's wire. A table's source and an
/// aggregate carry none: the one would take every event for a change then, the other gives rows of its own.
fn operator_of(
    recipe: Recipe,
    wire: &Wire,
    wires: &[Wire],
    carried: usize,
    each_event: bool,
    versions: bool,
) -> Option<Box<dyn Operator>> {
    let width = |wire: usize| wires[wire].places.len() + carried;
    let is_table = |wire: usize| wires[wire].flow == Flow::Table;
    Some(match recipe {
        Recipe::Stream { .. } => return None,
        Recipe::Table { key, value, .. } => {
            table_source(TableSourceSpec { key, value, columns: wire.places.len(), versions })
        }
        Recipe::Filter { condition, .. } => filter(condition),
        Recipe::Extend { formulas, .. } => extend(formulas),
        Recipe::Pass { .. } => extend(Vec::new()),
        Recipe::Flatten { array, outer, .. } => flatten(array, outer),
        Recipe::Merge { inputs } => {
            let places = wire.places.iter().filter_map(|place| match place {
                Place::Input(columns) => Some(columns.clone()),
                _ => None,
            });
            let behind = |at| inputs.iter().map(|&input| Some(wires[input].places.len() + at)).collect();
            merge(places.chain((0..carried).map(behind)).collect())
        }
        Recipe::Aggregate { input, by, window, grace_ms, emit, calls, select } => {
            let table_input = is_table(input);
            aggregate(AggregateSpec { by, window, grace_ms, emit, calls, select, table_input, each_event })
        }
        Recipe::JoinStreams { sides, how, on: [left_key, right_key], within, grace_ms, values } => {
            join_streams(StreamJoinSpec {
                how,
                left_key,
                right_key,
                before_ms: within.before.ms,
                after_ms: within.after.ms,
                grace_ms,
                left_columns: width(sides[0]),
                right_columns: width(sides[1]),
                left_value: values[0],
                right_value: values[1],
            })
        }
        Recipe::JoinStreamWithTable { sides, how, on: [stream_key, table_key], grace_ms, value } => {
            join_stream_with_table(StreamTableJoinSpec {
                how,
                stream_key,
                table_key,
                stream_columns: width(sides[0]),
                table_columns: width(sides[1]),
                grace_ms,
                history_ms: None,
                stream_value: value,
            })
        }
        Recipe::JoinTables { sides, how, on: [left_on, right_on], ids: [left_id, right_id] } => {
            join_tables(TableJoinSpec {
                how,
                left_on,
                right_on,
                left_id,
                right_id,
                left_columns: width(sides[0]),
                right_columns: width(sides[1]),
            })
        }
        Recipe::Deduplicate { input, by, within_ms, keep } => {
            deduplicate(DeduplicateSpec { by, within_ms, keep, columns: width(input) })
        }
        Recipe::TopN { input, by, order, n } => {
            top_n(TopNSpec { by, order, n, columns: width(input), table_input: is_table(input) })
        }
    })
}
