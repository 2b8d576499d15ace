//! A plan whose rows carry a number of their own through the operators, so that each can be told wherever it comes.

use super::build::inputs_of;
use super::wire::{Place, Space, Wire};
use super::{Plan, Planning, Problem, Recipe, shown};
use crate::codec::Path;
use crate::expr::{Source, Type};
use crate::pipeline::Pipeline;

/// A plan to be followed.
pub(in crate::engine) struct TracedPlan {
    /// The plan. Its operators take one column more of every input, behind the wire's, and give it along with their own;
    /// tables' sources and aggregates do not. Its sources read the event's partition and offset behind all else.
    pub(in crate::engine) plan: Plan,
    /// What each node's operator was made of.
    pub(in crate::engine) recipes: Vec<Recipe>,
    /// For each node the names of its wire's columns.
    pub(in crate::engine) names: Vec<Vec<String>>,
    /// For each node the columns that a person sees: their names and places.
    pub(in crate::engine) shown: Vec<Vec<(String, usize, Type)>>,
}

impl TracedPlan {
    /// Plans a pipeline.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(in crate::engine) fn of(pipeline: &Pipeline) -> Result<Self, Vec<Problem>> {
        let planning = Planning::of(pipeline, None)?;
        let recipes = planning.recipes.clone();
        // Views ask for their columns when the plan is finished; asking before, in the same order, changes nothing.
        let views = (0..recipes.len()).filter(|&node| {
            let name = planning.wires.borrow().list[node].name.clone();
            super::is_shown(pipeline, &name)
        });
        let mut columns = vec![Vec::new(); recipes.len()];
        for node in views {
            columns[node] = shown(&mut planning.wires.borrow_mut(), node);
            planning.id_columns(node);
        }
        let names = {
            let wires = &planning.wires.borrow().list;
            let names =
                |wire: usize| (0..wires[wire].places.len()).map(|at| name_of(wires, &recipes, wire, at)).collect();
            (0..wires.len()).map(names).collect()
        };
        let mut plan = planning.finish(1, &[], None)?;
        for source in &mut plan.sources {
            source.fields.extend([Source::Partition, Source::Offset]);
        }
        Ok(Self { plan, recipes, names, shown: columns })
    }
}

/// What a person calls a column of a wire.
fn name_of(wires: &[Wire], recipes: &[Recipe], wire: usize, column: usize) -> String {
    let Wire { space, own, places, .. } = &wires[wire];
    match &places[column] {
        Place::Field(source) => source.to_string(),
        Place::Own(at) => own[*at].name.clone(),
        Place::Inside(outer, path) => inside(&name_of(wires, recipes, wire, *outer), path),
        Place::Input(columns) => {
            let found = columns.iter().enumerate().find_map(|(at, column)| column.map(|column| (at, column)));
            let (at, column) = found.unwrap_or((0, 0));
            let Some(&input) = inputs_of(&recipes[wire]).get(at) else { return String::new() };
            let name = name_of(wires, recipes, input, column);
            match space {
                Space::Sides(_) if !matches!(wires[input].space, Space::Sides(_)) => {
                    format!("{}.{name}", wires[input].name)
                }
                _ => name,
            }
        }
    }
}

fn inside(outer: &str, path: &Path) -> String {
    match path.to_string() {
        path if path.starts_with('[') => format!("{outer}{path}"),
        path => format!("{outer}.{path}"),
    }
}
