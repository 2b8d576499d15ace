//! What holds of any pipeline that hands can build on the canvas.

use std::collections::BTreeSet;

use fabula_core::pipeline::Document;
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::{clip, places, written};
use super::*;
use crate::command::Command;
use crate::state::State;
use crate::theme::Theme;
use crate::zone::{Clock, Zone};

const TOPICS: [&str; 5] = ["orders", "payments", "customers", "web-clicks", "größe.v2"];
const CONDITIONS: [&str; 3] = ["value.status = 'A'", "key IS NULL", "orders.value.x > 5"];

/// Something that a hand does on the canvas.
#[derive(Debug, Clone)]
enum Edit {
    Topic(usize, bool, [i16; 2]),
    Piece(usize, Option<Index>, [i16; 2]),
    Only(Index, usize),
    Unmatched(Index),
    Connect(Index, Index, usize),
    Disconnect(Index, usize),
    Remove(Vec<Index>),
    Rename(Index, String),
    Move(Vec<Index>, [i16; 2]),
    Align(Vec<Index>, usize),
    Arrange,
    Note(String, [i16; 2]),
    WriteNote(Index, String),
    RemoveNote(Index),
    Duplicate(Vec<Index>),
    Into(usize, Index, usize),
    Put(Index, Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = || any::<[i16; 2]>();
    let some = || prop::collection::vec(any::<Index>(), 1..4);
    prop_oneof![
        3 => (0..TOPICS.len(), any::<bool>(), at()).prop_map(|(topic, table, at)| Edit::Topic(topic, table, at)),
        6 => (0..Piece::ALL.len(), any::<Option<Index>>(), at()).prop_map(|(piece, on, at)| Edit::Piece(piece, on, at)),
        2 => (any::<Index>(), 0..CONDITIONS.len()).prop_map(|(on, condition)| Edit::Only(on, condition)),
        2 => any::<Index>().prop_map(Edit::Unmatched),
        6 => (any::<Index>(), any::<Index>(), 0..3_usize).prop_map(|(from, to, port)| Edit::Connect(from, to, port)),
        2 => (any::<Index>(), 0..3_usize).prop_map(|(to, port)| Edit::Disconnect(to, port)),
        1 => some().prop_map(Edit::Remove),
        2 => (any::<Index>(), "[a-z_ö][a-z_ö-]{0,5}").prop_map(|(node, name)| Edit::Rename(node, name)),
        2 => (some(), at()).prop_map(|(nodes, by)| Edit::Move(nodes, by)),
        1 => (some(), 0..4_usize).prop_map(|(nodes, how)| Edit::Align(nodes, how)),
        1 => Just(Edit::Arrange),
        2 => ("\\PC{0,12}", at()).prop_map(|(text, at)| Edit::Note(text, at)),
        1 => (any::<Index>(), "\\PC{0,12}").prop_map(|(note, text)| Edit::WriteNote(note, text)),
        1 => any::<Index>().prop_map(Edit::RemoveNote),
        2 => some().prop_map(Edit::Duplicate),
        4 => (0..Piece::ALL.len(), any::<Index>(), 0..3_usize).prop_map(|(piece, to, port)| Edit::Into(piece, to, port)),
        2 => (any::<Index>(), any::<Index>(), 0..3_usize).prop_map(|(node, to, port)| Edit::Put(node, to, port)),
    ]
}

/// The pipeline after an edit; `None` where it can't be made, as the canvas would say.
fn edited(pipeline: &Pipeline, edit: &Edit) -> Option<Pipeline> {
    let name = |index: &Index| {
        (!pipeline.nodes.is_empty()).then(|| pipeline.nodes[index.index(pipeline.nodes.len())].name.clone())
    };
    let names = |indices: &[Index]| indices.iter().filter_map(name).collect::<BTreeSet<String>>();
    let note = |index: &Index| (!pipeline.notes.is_empty()).then(|| index.index(pipeline.notes.len()));
    let point = |at: &[i16; 2]| at.map(f32::from);
    let known = Names::default();
    Some(match edit {
        Edit::Topic(topic, table, at) => add_topic(pipeline, TOPICS[*topic], *table, point(at)).0,
        Edit::Piece(piece, on, at) => {
            let behind = on.as_ref().and_then(name);
            add_piece(pipeline, Piece::ALL[*piece], behind.as_deref(), point(at)).0
        }
        Edit::Only(on, condition) => add_filter(pipeline, &name(on)?, CONDITIONS[*condition], "only", [0.0, 0.0]).0,
        Edit::Unmatched(on) => only_unmatched(pipeline, &name(on)?).ok()?.0,
        Edit::Connect(from, to, port) => {
            let to = name(to)?;
            let ports = ports(&pipeline.node(&to)?.kind);
            connect(pipeline, &name(from)?, &to, (*port).min(ports.checked_sub(1)?), &known).ok()?
        }
        Edit::Disconnect(to, port) => disconnect(pipeline, &name(to)?, *port),
        Edit::Remove(nodes) => remove_all(pipeline, &names(nodes)),
        Edit::Rename(node, new) => {
            let fault = fabula_core::pipeline::name_fault(new).is_some() || pipeline.node(new).is_some();
            rename(pipeline, &name(node).filter(|_| !fault)?, new)
        }
        Edit::Move(nodes, by) => {
            let chosen = places::Chosen { nodes: names(nodes), notes: (0..pipeline.notes.len()).collect() };
            places::moved(pipeline, &chosen, point(by))
        }
        Edit::Align(nodes, how) => {
            let how = [places::Align::Left, places::Align::Top, places::Align::Across, places::Align::Down][*how];
            places::aligned(pipeline, &names(nodes), how)
        }
        Edit::Arrange => places::arranged(pipeline, true),
        Edit::Note(text, at) => places::add_note(pipeline, text, point(at), [120.0, 40.0]).0,
        Edit::WriteNote(number, text) => {
            places::change_note(pipeline, note(number)?, |note| note.text.clone_from(text))
        }
        Edit::RemoveNote(number) => places::remove_notes(pipeline, &[note(number)?].into()),
        Edit::Duplicate(nodes) => {
            let chosen = places::Chosen { nodes: names(nodes), ..places::Chosen::default() };
            clip::pasted(pipeline, &clip::copied(pipeline, &chosen).ok()??).ok()?.0
        }
        Edit::Into(piece, to, port) => {
            let piece = Piece::ALL[*piece];
            add_between(pipeline, piece.stem(), |given, key| piece.kind("", given, key), &name(to)?, *port).ok()?.0
        }
        Edit::Put(node, to, port) => put_between(pipeline, &name(node)?, &name(to)?, *port).ok()?,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_step_that_lets_rows_through_changes_nothing_else_and_goes_without_a_trace(
        edits in prop::collection::vec(edit(), 1..40), to: Index, port in 0..2_usize, piece in 0..3_usize
    ) {
        let drawn = edits.iter().fold(Pipeline::default(), |drawn, edit| edited(&drawn, edit).unwrap_or(drawn));
        let piece = [Piece::Filter, Piece::TopN, Piece::Rekey][piece];
        let kind = |given, key: &str| match piece.kind("", given, key) {
            // What the rows have nobody knows here.
            NodeKind::Filter { input, .. } => NodeKind::Filter { input, condition: "true".to_owned() },
            other => other,
        };
        let wrong = |pipeline: &Pipeline| {
            let problems = fabula_core::engine::Plan::sound_part(pipeline).1;
            problems.into_iter().map(|problem| (problem.node, problem.setting)).collect::<Vec<_>>()
        };
        let taker = (!drawn.nodes.is_empty()).then(|| drawn.nodes[to.index(drawn.nodes.len())].name.clone());
        let put = taker.and_then(|to| add_between(&drawn, piece.stem(), kind, &to, port).ok());
        if let Some((put, name)) = put {
            prop_assert_eq!(&remove(&put, &name).nodes, &drawn.nodes);
            if piece == Piece::Filter {
                prop_assert_eq!(wrong(&put), wrong(&drawn), "{:#?}", put.nodes);
            }
        }
    }

    #[test]
    fn what_is_drawn_is_what_is_written_and_every_step_can_be_taken_back(
        edits in prop::collection::vec(edit(), 1..40), commented: bool
    ) {
        let mut state = State::new(Clock::new(Zone::Utc, jiff::tz::TimeZone::UTC), Theme::Dark);
        if commented {
            let text = "# Mine.\nversion = 1 # the first\nname = \"x\"\n\n# Where it begins.\n[nodes.start]\nkind = \"stream\"\n\
                        topic = \"orders\" # all of them\n\n[layout]\nstart = [8, 16] # left\n";
            state.apply(&Command::SetPipeline(Some(text.to_owned())));
            state.history = crate::state::History::default();
        }
        let first = state.document.clone();
        let mut steps = 0;
        for edit in &edits {
            let pipeline = (*state.design.pipeline).clone();
            let Some(changed) = edited(&pipeline, edit) else { continue };
            // Canvas to text …
            let text = written(state.design.text(), &changed);
            prop_assert!(text.is_ok(), "{edit:?}: {text:?}");
            let text = text.unwrap_or_default();
            let before = state.document.clone();
            state.apply(&Command::SetPipeline(Some(text.clone())));
            steps += usize::from(state.document != before);
            // … and back.
            prop_assert_eq!(&*state.design.pipeline, &changed, "{:?}\n{}", edit, text);
            let afresh = Document::of(&changed).map(|document| document.pipeline().clone());
            prop_assert_eq!(afresh.as_ref().ok(), Some(&changed));
            if commented {
                prop_assert!(text.starts_with("# Mine.\nversion = 1 # the first\n"), "{text}");
                let untouched = changed.node("start") == Some(&fabula_core::pipeline::Node {
                    name: "start".to_owned(),
                    kind: NodeKind::Stream { topic: "orders".to_owned(), time: None },
                });
                prop_assert!(!untouched || text.contains("topic = \"orders\" # all of them"), "{text}");
            }
        }
        let last = state.document.clone();
        (0..steps).for_each(|_| state.apply(&Command::Undo));
        prop_assert_eq!(&state.document, &first);
        prop_assert_eq!(state.design.text(), first.pipeline.as_deref());
        (0..steps).for_each(|_| state.apply(&Command::Redo));
        prop_assert_eq!(&state.document, &last);
    }
}
