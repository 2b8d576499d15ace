//! Where nodes and notes stand on the canvas: put in order, lined up, moved, and told where there is room.

use std::collections::{BTreeMap, BTreeSet};

use egui::{Rect, Vec2};
pub(super) use fabula_core::pipeline::COLUMN;
use fabula_core::pipeline::{Note, Pipeline, arrange, placed};

use super::card;

/// At most so much room a frame keeps on each side of what it holds when that is put in order.
const FRAME_ROOM: f32 = 64.0;
/// How far apart nodes stand below each other.
const ROW: f32 = 120.0;
/// Nodes and notes stand on a grid of so many points, so that they line up without care.
const GRID: f32 = 4.0;

/// Puts nodes that have no place yet where there is room, and all of them where that is asked for: then a frame goes with
/// what stands in it.
pub(super) fn arranged(pipeline: &Pipeline, all: bool) -> Pipeline {
    if !all {
        return placed(pipeline).unwrap_or_else(|| pipeline.clone());
    }
    laid_out(pipeline, arrange(pipeline))
}

/// Moves some nodes to the right, and frames with what they hold.
pub(super) fn made_room(pipeline: &Pipeline, moves: impl Fn(&str) -> bool, by: f32) -> Pipeline {
    let mut layout = pipeline.layout.clone();
    for (_, at) in layout.iter_mut().filter(|(name, _)| moves(name)) {
        *at = snapped([at[0] + by, at[1]]);
    }
    laid_out(pipeline, layout)
}

/// The pipeline with other places for its nodes; a frame goes with what stands in it.
fn laid_out(pipeline: &Pipeline, layout: BTreeMap<String, [f32; 2]>) -> Pipeline {
    let moved = |note: &Note| match around_held(pipeline, &layout, note) {
        Some((at, size)) => Note { at, size, ..note.clone() },
        None => note.clone(),
    };
    let notes = pipeline.notes.iter().map(moved).collect();
    Pipeline { layout, notes, ..pipeline.clone() }
}

/// Where a frame stands and how large it is when the nodes that it held have moved; `None` for one that held none.
fn around_held(before: &Pipeline, after: &BTreeMap<String, [f32; 2]>, note: &Note) -> Option<([f32; 2], [f32; 2])> {
    let frame = card::note_rect(note);
    let held = before.nodes.iter().filter(|node| {
        let at = before.layout.get(&node.name);
        at.is_some_and(|at| frame.contains_rect(card::rect_of(&node.kind, *at)))
    });
    let (mut was, mut is) = (Rect::NOTHING, Rect::NOTHING);
    for node in held {
        was |= card::rect_of(&node.kind, before.layout[&node.name]);
        is |= card::rect_of(&node.kind, *after.get(&node.name)?);
    }
    if !was.is_positive() {
        return None;
    }
    // The same room around them on each side, so that the frame's words stay free.
    let low = is.min - (was.min - frame.min).min(Vec2::splat(FRAME_ROOM));
    let high = is.max + (frame.max - was.max).min(Vec2::splat(FRAME_ROOM));
    Some((snapped(low.into()), snapped((high - low).into())))
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
    fn a_frame_goes_with_what_it_holds_when_nodes_are_put_in_order() {
        let stream = |name: &str| fabula_core::pipeline::Node {
            name: name.to_owned(),
            kind: fabula_core::pipeline::NodeKind::Stream { topic: name.to_owned(), time: None },
        };
        let mut pipeline = Pipeline { nodes: vec![stream("a"), stream("b")], ..Pipeline::default() };
        pipeline.layout = [("a".to_owned(), [900.0, 500.0]), ("b".to_owned(), [0.0, 0.0])].into();
        let (pipeline, frame) = add_note(&pipeline, "frame", [880.0, 460.0], [240.0, 120.0]);
        let (pipeline, words) = add_note(&pipeline, "words", [400.0, 300.0], [100.0, 50.0]);
        let arranged = arranged(&pipeline, true);
        let (at, note) = (arranged.layout["a"], &arranged.notes[frame]);
        assert_ne!(at, [900.0, 500.0]);
        assert_eq!(note.at, [at[0] - 20.0, at[1] - 40.0]);
        assert!(card::note_rect(note).contains_rect(card::rect_of(&arranged.nodes[0].kind, at)));
        assert!(!card::note_rect(note).intersects(card::rect_of(&arranged.nodes[1].kind, arranged.layout["b"])));
        assert_eq!(arranged.notes[words], pipeline.notes[words], "words that hold nothing stay");
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
