//! The sample pipelines in `assets/pipelines`: what a newcomer reads first must hold.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::codec::Step;
use crate::expr::{Formula, NameError, Scope, Type};

fn samples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/pipelines");
    let files =
        std::fs::read_dir(folder).expect("the folder of the samples").map(|entry| entry.expect("a file").path());
    let mut samples: Vec<(String, String)> = files
        .map(|file| {
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(file).expect("a text"))
        })
        .collect();
    samples.sort();
    samples
}

fn document(name: &str, text: &str) -> Document {
    Document::parse(text).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"))
}

#[test]
fn every_sample_is_read_and_nothing_is_wrong_with_it() {
    let samples = samples();
    assert_eq!(samples.len(), 6);
    for (name, text) in &samples {
        let document = document(name, text);
        assert_eq!((document.check(), notes(document.pipeline())), (Vec::new(), Vec::new()), "{name}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{name} has a long line");
        let placed: BTreeSet<&str> = document.pipeline().layout.keys().map(String::as_str).collect();
        assert!(
            document.pipeline().nodes.iter().all(|node| placed.contains(&*node.name)),
            "{name} has no place for a node"
        );
        assert!(document.pipeline().nodes.iter().any(|node| matches!(node.kind, NodeKind::View { .. })), "{name}");
    }
}

#[test]
fn a_sample_that_is_written_anew_says_the_same() {
    for (name, text) in samples() {
        let pipeline = document(&name, &text).pipeline().clone();
        assert_eq!(Document::of(&pipeline).expect("it can be written").pipeline(), &pipeline, "{name}");
    }
}

/// Names that begin with one of some words, whatever follows.
struct Roots(Vec<String>);

impl Scope for Roots {
    fn roots(&self) -> Vec<String> {
        self.0.clone()
    }

    fn column(&self, name: &[Step]) -> Result<(usize, Type), NameError> {
        let known = matches!(name.first(), Some(Step::Field(root)) if self.0.iter().any(|known| **known == **root));
        let message = || NameError { message: format!("{name:?} is unknown"), hint: None };
        if known { Ok((0, Type::Any)) } else { Err(message()) }
    }
}

/// The words that names begin with in the rows of a node.
fn roots(pipeline: &Pipeline, name: &str) -> Vec<String> {
    let node = pipeline.node(name).expect("an input");
    let selected = |select: &[Select]| select.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    match &node.kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } => {
            ["topic", "partition", "offset", "timestamp", "key", "value", "headers"].map(str::to_owned).into()
        }
        NodeKind::Project { select, .. } => selected(select),
        NodeKind::Aggregate { by, select, .. } => {
            let groups = by.iter().map(|entry| split_name(entry)).map(|(expr, name)| name.unwrap_or(expr.to_owned()));
            let window = ["window_start", "window_end"].map(str::to_owned);
            groups.chain(window).chain(selected(select)).collect()
        }
        NodeKind::Join { left, right, .. } => vec![left.clone(), right.clone()],
        other => roots(pipeline, other.inputs()[0].1),
    }
}

#[test]
fn every_expression_of_a_sample_is_well_formed_and_names_what_is_there() {
    for (file, text) in samples() {
        let pipeline = document(&file, &text).pipeline().clone();
        for node in &pipeline.nodes {
            let place = |text: &str| format!("{file}, {}: {text}", node.name);
            let row = |input: &str| Roots(roots(&pipeline, input));
            let holds = |text: &str, scope: &Roots| {
                Formula::parse(text, scope).unwrap_or_else(|error| panic!("{} {error}", place(text)));
            };
            match &node.kind {
                NodeKind::Filter { input, condition } => {
                    Formula::condition(condition, &row(input))
                        .unwrap_or_else(|error| panic!("{} {error}", place(condition)));
                }
                NodeKind::Project { input, select } => {
                    select.iter().for_each(|column| holds(&column.expr, &row(input)));
                }
                NodeKind::Deduplicate { input, by, .. } => by.iter().for_each(|by| holds(by, &row(input))),
                NodeKind::Join { left, right, on, .. } => {
                    let names = |side: &String| Roots(vec![side.clone()]);
                    for (one, other) in on.iter().map(|on| split_equality(on).expect("two sides")) {
                        holds(one, &names(left));
                        holds(other, &names(right));
                    }
                }
                NodeKind::Aggregate { input, by, select, .. } => {
                    by.iter().for_each(|entry| holds(split_name(entry).0, &row(input)));
                    for column in select {
                        let mut calls = Vec::new();
                        Formula::of_groups(&column.expr, &Roots(Vec::new()), &row(input), &mut calls)
                            .unwrap_or_else(|error| panic!("{} {error}", place(&column.expr)));
                        assert!(!calls.is_empty(), "{}", place(&column.expr));
                    }
                }
                _ => {}
            }
        }
    }
}
