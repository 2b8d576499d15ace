//! From TOML to a pipeline: the whole of the file. Whatever is wrong is told, all of it at once.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Item, Key, TableLike};

use super::fields::named;
use super::lines::{Lines, span};
use super::node::read_node;
use super::notes::read_notes;
use crate::pipeline::name::{did_you_mean, name_fault, shown};
use crate::pipeline::{Pipeline, Problem};

/// The keys at the top of a file, in the order in which they are written.
pub(super) const TOP: [&str; 6] = ["version", "name", "description", "nodes", "layout", "notes"];

/// How many problems are told of one file; whoever has so many wants the first of them.
const MOST_PROBLEMS: usize = 100;

/// How many nodes a pipeline may have.
const MOST_NODES: usize = 1_000;

/// What is found wrong while a file is read.
#[derive(Debug)]
pub(super) struct Reading {
    lines: Lines,
    problems: Vec<Problem>,
    untold: usize,
}

impl Reading {
    pub(super) fn new(text: &str) -> Self {
        Self { lines: Lines::of(text), problems: Vec::new(), untold: 0 }
    }

    /// Takes up a problem at a place of the text.
    pub(super) fn report(&mut self, at: Option<Range<usize>>, problem: impl FnOnce() -> Problem) {
        if self.problems.len() == MOST_PROBLEMS {
            self.untold += 1;
            return;
        }
        let line = at.map(|at| self.lines.at(at.start));
        self.problems.push(Problem { line, ..problem() });
    }

    /// The problems in the order of the file, if there are any.
    pub(super) fn finish(mut self) -> Result<(), Vec<Problem>> {
        self.problems.sort_by_key(|problem| problem.line);
        if self.untold > 0 {
            self.problems.push(Problem::of_file(format!("and {} problems more", self.untold)));
        }
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }
}

/// Reads the pipeline of a file of the present version.
pub(super) fn read(toml: &toml_edit::Document<&str>) -> Result<Pipeline, Vec<Problem>> {
    let mut reading = Reading::new(toml.raw());
    let root = toml.as_table();
    let pipeline = read_pipeline(&mut reading, root);
    reading.finish().map(|()| pipeline)
}

fn read_pipeline(reading: &mut Reading, root: &dyn TableLike) -> Pipeline {
    for (key, item) in entries(root).filter(|(key, _)| !TOP.contains(&key.get())) {
        reading.report(span(key, item), || unknown_at_the_top(key));
    }
    Pipeline {
        name: read_text(reading, root, "name"),
        description: read_text(reading, root, "description"),
        nodes: read_nodes(reading, root),
        layout: read_layout(reading, root),
        notes: read_notes(reading, root),
    }
}

/// The keys of a table with what they hold.
pub(super) fn entries(table: &dyn TableLike) -> impl Iterator<Item = (&Key, &Item)> {
    table.iter().filter_map(|(key, _)| table.get_key_value(key))
}

fn unknown_at_the_top(key: &str) -> Problem {
    let problem = Problem {
        setting: Some(key.to_owned()),
        ..Problem::of_file(format!("a pipeline has no setting “{}”", shown(key)))
    };
    match did_you_mean(key, TOP) {
        Some(hint) => problem.hint(hint),
        None => problem.hint("a node is written as a table of its own: [nodes.name]"),
    }
}

/// Something that is wrong with a setting of the whole.
pub(super) fn of_top(setting: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem { setting: Some(setting.into()), ..Problem::of_file(message) }
}

fn read_text(reading: &mut Reading, root: &dyn TableLike, name: &str) -> String {
    let Some((key, item)) = root.get_key_value(name) else { return String::new() };
    item.as_str().map(str::to_owned).unwrap_or_else(|| {
        let message = || format!("`{name}` takes a text in quotes, and this is {}", named(item));
        reading.report(span(key, item), || of_top(name, message()));
        String::new()
    })
}

fn read_nodes(reading: &mut Reading, root: &dyn TableLike) -> Vec<crate::pipeline::Node> {
    let Some((key, item)) = root.get_key_value("nodes") else { return Vec::new() };
    let Some(table) = item.as_table_like() else {
        let message = || format!("`nodes` takes a table for each node, [nodes.name], and this is {}", named(item));
        reading.report(span(key, item), || of_top("nodes", message()));
        return Vec::new();
    };
    if table.len() > MOST_NODES {
        let message = || format!("{} nodes: a pipeline has at most {MOST_NODES}", table.len());
        reading.report(span(key, item), || of_top("nodes", message()));
        return Vec::new();
    }
    let mut nodes = Vec::with_capacity(table.len());
    for (key, item) in entries(table) {
        if let Some(fault) = name_fault(key) {
            reading.report(span(key, item), || Problem::of_node(&shown(key), fault));
        }
        nodes.extend(read_node(reading, key, item));
    }
    nodes
}

fn read_layout(reading: &mut Reading, root: &dyn TableLike) -> BTreeMap<String, [f32; 2]> {
    let Some((key, item)) = root.get_key_value("layout") else { return BTreeMap::new() };
    let Some(table) = item.as_table_like() else {
        let message = || format!("`layout` takes a table of places, and this is {}", named(item));
        reading.report(span(key, item), || of_top("layout", message()));
        return BTreeMap::new();
    };
    let mut layout = BTreeMap::new();
    for (key, item) in entries(table) {
        match read_place(item) {
            Some(place) => drop(layout.insert(key.get().to_owned(), place)),
            None => reading.report(span(key, item), || {
                of_top(format!("layout.{}", key.get()), format!("the place of {} is no place", shown(key)))
                    .hint("write two numbers: [40, 60]")
            }),
        }
    }
    layout
}

pub(super) fn read_place(item: &Item) -> Option<[f32; 2]> {
    let list = item.as_array().filter(|list| list.len() == 2)?;
    let coordinate = |at: usize| {
        let value = list.get(at)?;
        let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))? as f32;
        number.is_finite().then_some(number)
    };
    Some([coordinate(0)?, coordinate(1)?])
}
