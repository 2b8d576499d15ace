//! Nodes on the clipboard: as the text of a pipeline, which any other program can take as well.

use fabula_core::pipeline::{Document, Pipeline};

use super::edits;
use super::places::{self, Chosen};

/// How far beside the original what is pasted stands.
const BESIDE: f32 = 32.0;

/// The chosen nodes and notes as a pipeline's text; nothing where none are chosen.
///
/// # Errors
/// What keeps them from being written, in a line.
pub(super) fn copied(pipeline: &Pipeline, chosen: &Chosen) -> Result<Option<String>, String> {
    if chosen.is_empty() {
        return Ok(None);
    }
    let is_chosen = |name: &String| chosen.nodes.contains(name);
    let notes = pipeline.notes.iter().enumerate().filter(|(at, _)| chosen.notes.contains(at));
    let part = Pipeline {
        nodes: pipeline.nodes.iter().filter(|node| is_chosen(&node.name)).cloned().collect(),
        layout: pipeline
            .layout
            .iter()
            .filter(|(name, _)| is_chosen(name))
            .map(|(name, at)| (name.clone(), *at))
            .collect(),
        notes: notes.map(|(_, note)| note.clone()).collect(),
        ..Pipeline::default()
    };
    let document = Document::of(&part).map_err(|problems| first(&problems))?;
    Ok(Some(document.text().to_owned()))
}

fn first(problems: &[fabula_core::pipeline::Problem]) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}

/// The pipeline with the nodes and notes of a text beside its own, and which those are. Names that are taken get a number;
/// an input that neither has is left open.
///
/// # Errors
/// Why the text is no pipeline, in a line.
pub(super) fn pasted(pipeline: &Pipeline, text: &str) -> Result<(Pipeline, Chosen), String> {
    let document = Document::parse(text).map_err(|problems| format!("this can't be pasted: {}", first(&problems)))?;
    let mut part = document.pipeline().clone();
    if part.nodes.is_empty() && part.notes.is_empty() {
        return Err("this can't be pasted: the pipeline has no nodes".to_owned());
    }
    part = edits::without_inputs(&part, |name| pipeline.node(name).is_some());
    for name in part.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>() {
        if pipeline.node(&name).is_some() {
            // The name must be free in both, or a later node of the part would lose its own.
            let both =
                Pipeline { nodes: pipeline.nodes.iter().chain(&part.nodes).cloned().collect(), ..Pipeline::default() };
            part = edits::rename(&part, &name, &edits::free_name(&both, &name));
        }
    }
    part = places::arranged(&part, false);
    let mut changed = pipeline.clone();
    let mut chosen = Chosen::default();
    let beside = |at: [f32; 2]| places::snapped([at[0] + BESIDE, at[1] + BESIDE]);
    chosen.notes = (changed.notes.len()..changed.notes.len() + part.notes.len()).collect();
    changed
        .notes
        .extend(part.notes.into_iter().map(|note| fabula_core::pipeline::Note { at: beside(note.at), ..note }));
    chosen.nodes = part.nodes.iter().map(|node| node.name.clone()).collect();
    changed.layout.extend(part.layout.into_iter().map(|(name, at)| (name, beside(at))));
    changed.nodes.extend(part.nodes);
    Ok((changed, chosen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panes::canvas::pieces::Piece;

    fn two() -> (Pipeline, Chosen) {
        let (pipeline, orders) = edits::add_topic(&Pipeline::default(), "orders", false, [0.0, 0.0]);
        let (pipeline, some) = edits::add_piece(&pipeline, Piece::Filter, Some(&orders), [200.0, 0.0]);
        (pipeline, Chosen { nodes: [orders, some].into(), ..Chosen::default() })
    }

    #[test]
    fn what_is_copied_is_pasted_beside_it_under_names_of_its_own() {
        let (pipeline, chosen) = two();
        let text = copied(&pipeline, &chosen).expect("two nodes can be written").expect("something is chosen");
        let (both, new) = pasted(&pipeline, &text).expect("it is a pipeline");
        assert_eq!(new.nodes, ["orders_2".to_owned(), "some_2".to_owned()].into());
        assert_eq!(both.node("some_2").expect("it is there").kind.inputs(), [("input", "orders_2")]);
        assert_eq!(both.layout["orders_2"], [32.0, 32.0]);
        let (elsewhere, _) = pasted(&Pipeline::default(), &text).expect("it is a pipeline");
        assert_eq!(elsewhere.nodes, pipeline.nodes);
    }

    #[test]
    fn a_node_alone_keeps_its_input_only_where_that_is() {
        let (pipeline, _) = two();
        let chosen = Chosen { nodes: ["some".to_owned()].into(), ..Chosen::default() };
        let text = copied(&pipeline, &chosen).expect("a node can be written").expect("something is chosen");
        let (beside, _) = pasted(&pipeline, &text).expect("it is a pipeline");
        assert_eq!(beside.node("some_2").expect("it is there").kind.inputs(), [("input", "orders")]);
        let (elsewhere, _) = pasted(&Pipeline::default(), &text).expect("it is a pipeline");
        assert_eq!(elsewhere.node("some").expect("it is there").kind.inputs(), [("input", "")]);
    }

    #[test]
    fn other_text_is_refused_with_a_reason() {
        assert!(pasted(&Pipeline::default(), "SELECT 1").expect_err("no pipeline").contains("can't be pasted"));
    }
}
