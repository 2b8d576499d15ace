//! Where nodes and notes stand on the canvas: put in order, lined up, moved, and told where there is room.

use std::collections::BTreeSet;

use fabula_core::pipeline::{Note, Pipeline, arrange};

/// How far a node stands from the one before it.
pub(super) const COLUMN: f32 = 244.0;
/// How far apart nodes stand below each other.
const ROW: f32 = 120.0;
/// Nodes and notes stand on a grid of so many points, so that they line up without care.
const GRID: f32 = 4.0;

/// Puts nodes that have no place yet where there is room, and all of them where that is asked for.
pub(super) fn arranged(pipeline: &Pipeline, all: bool) -> Pipeline {
    let mut pipeline = pipeline.clone();
    let places = arrange(&pipeline);
    if all || pipeline.layout.is_empty() {
        pipeline.layout = places;
        return pipeline;
    }
    let below = pipeline.layout.values().map(|place| place[1]).fold(0.0_f32, f32::max);
    let mut missing = 0.0;
    for node in &pipeline.nodes {
        if !pipeline.layout.contains_key(&node.name) {
            let x = places.get(&node.name).map_or(32.0, |place| place[0]);
            pipeline.layout.insert(node.name.clone(), [x, below + 120.0 + missing]);
            missing += 24.0;
        }
    }
    pipeline
}

/// A place near the one that is wanted where no node stands: that one, or one below it.
pub(super) fn free_beside(pipeline: &Pipeline, wanted: [f32; 2]) -> [f32; 2] {
    let taken = |at: [f32; 2]| {
        pipeline.layout.values().any(|other| (other[0] - at[0]).abs() < 190.0 && (other[1] - at[1]).abs() < ROW - 20.0)
    };
    (0..1_000).map(|row| [wanted[0], wanted[1] + row as f32 * ROW]).find(|at| !taken(*at)).unwrap_or(wanted)
}

/// On the grid.
pub(super) fn snapped(at: [f32; 2]) -> [f32; 2] {
    at.map(|part| (part / GRID).round() * GRID)
}

/// Moves some nodes and notes by the same way.
pub(super) fn moved(pipeline: &Pipeline, chosen: &Chosen, by: [f32; 2]) -> Pipeline {
    let mut pipeline = pipeline.clone();
    let further = |at: [f32; 2]| snapped([at[0] + by[0], at[1] + by[1]]);
    for name in &chosen.nodes {
        if let Some(at) = pipeline.layout.get_mut(name) {
            *at = further(*at);
        }
    }
    for (at, note) in pipeline.notes.iter_mut().enumerate() {
        if chosen.notes.contains(&at) {
            note.at = further(note.at);
        }
    }
    pipeline
}

/// Nodes and notes that are chosen together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Nodes, by name.
    pub nodes: BTreeSet<String>,
    /// Notes, by their place in the pipeline.
    pub notes: BTreeSet<usize>,
}

impl Chosen {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.notes.is_empty()
    }

    /// How many are.
    pub fn len(&self) -> usize {
        self.nodes.len() + self.notes.len()
    }

    /// Lets go of what the pipeline no longer has.
    pub(super) fn keep_known(&mut self, pipeline: &Pipeline) {
        self.nodes.retain(|name| pipeline.node(name).is_some());
        self.notes.retain(|at| *at < pipeline.notes.len());
    }
}

/// How chosen nodes are lined up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Their left edges.
    Left,
    /// Their upper edges.
    Top,
    /// From left to right, the same way from each to the next.
    Across,
    /// From top to bottom, the same way from each to the next.
    Down,
}

/// Lines up some nodes: by an edge, or spread evenly between the first and the last.
pub(super) fn aligned(pipeline: &Pipeline, nodes: &BTreeSet<String>, how: Align) -> Pipeline {
    let mut pipeline = pipeline.clone();
    let mut places: Vec<(String, [f32; 2])> =
        nodes.iter().filter_map(|name| Some((name.clone(), *pipeline.layout.get(name)?))).collect();
    let axis = usize::from(matches!(how, Align::Top | Align::Down));
    places.sort_by(|one, other| one.1[axis].total_cmp(&other.1[axis]));
    let (Some(first), Some(last)) = (places.first().map(|place| place.1), places.last().map(|place| place.1)) else {
        return pipeline;
    };
    let step = (last[axis] - first[axis]) / (places.len().max(2) - 1) as f32;
    for (nth, (name, at)) in places.into_iter().enumerate() {
        let mut at = at;
        at[axis] = match how {
            Align::Left | Align::Top => first[axis],
            Align::Across | Align::Down => (first[axis] + step * nth as f32).round(),
        };
        pipeline.layout.insert(name, at);
    }
    pipeline
}

/// Adds a note, around some nodes or at a place; gives its number too.
pub(super) fn add_note(pipeline: &Pipeline, text: &str, at: [f32; 2], size: [f32; 2]) -> (Pipeline, usize) {
    let mut pipeline = pipeline.clone();
    pipeline.notes.push(Note { text: text.to_owned(), at: snapped(at), size: snapped(size) });
    let number = pipeline.notes.len() - 1;
    (pipeline, number)
}

/// Takes notes away.
pub(super) fn remove_notes(pipeline: &Pipeline, notes: &BTreeSet<usize>) -> Pipeline {
    let mut pipeline = pipeline.clone();
    let mut at = 0;
    pipeline.notes.retain(|_| {
        at += 1;
        !notes.contains(&(at - 1))
    });
    pipeline
}

/// A note with other words, or of another size.
pub(super) fn change_note(pipeline: &Pipeline, number: usize, change: impl FnOnce(&mut Note)) -> Pipeline {
    let mut pipeline = pipeline.clone();
    if let Some(note) = pipeline.notes.get_mut(number) {
        change(note);
    }
    pipeline
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Pipeline {
        let mut pipeline = Pipeline::default();
        for (name, at) in [("a", [0.0, 40.0]), ("b", [300.0, 0.0]), ("c", [100.0, 80.0])] {
            pipeline.layout.insert(name.to_owned(), at);
        }
        pipeline
    }

    #[test]
    fn nodes_are_lined_up_by_an_edge_or_spread_evenly() {
        let all: BTreeSet<String> = ["a", "b", "c"].map(str::to_owned).into();
        let xs = |pipeline: &Pipeline| pipeline.layout.values().map(|at| at[0]).collect::<Vec<_>>();
        assert_eq!(xs(&aligned(&three(), &all, Align::Left)), [0.0, 0.0, 0.0]);
        assert_eq!(xs(&aligned(&three(), &all, Align::Across)), [0.0, 300.0, 150.0]);
        let down = aligned(&three(), &all, Align::Down);
        assert_eq!(down.layout.values().map(|at| at[1]).collect::<Vec<_>>(), [40.0, 0.0, 80.0]);
    }

    #[test]
    fn a_free_place_is_one_where_nothing_stands() {
        assert_eq!(free_beside(&three(), [600.0, 0.0]), [600.0, 0.0]);
        let at = free_beside(&three(), [110.0, 80.0]);
        assert!(at[1] > 160.0, "{at:?}");
    }

    #[test]
    fn notes_are_moved_with_nodes_and_taken_away_by_number() {
        let (pipeline, one) = add_note(&three(), "one", [1.0, 1.0], [100.0, 50.0]);
        let (pipeline, two) = add_note(&pipeline, "two", [8.0, 8.0], [100.0, 50.0]);
        let chosen = Chosen { nodes: ["a".to_owned()].into(), notes: [two].into() };
        let pipeline = moved(&pipeline, &chosen, [4.0, 8.0]);
        assert_eq!((pipeline.layout["a"], pipeline.layout["b"]), ([4.0, 48.0], [300.0, 0.0]));
        assert_eq!(pipeline.notes[two].at, [12.0, 16.0]);
        let pipeline = remove_notes(&pipeline, &[one].into());
        assert_eq!(pipeline.notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["two"]);
    }
}
