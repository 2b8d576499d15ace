//! `fabula check`: what is wrong with a pipeline, or what its nodes give.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use fabula_core::engine::Description;
use fabula_core::expr::Type;
use serde_json::{Value, json};

use super::source::LogArgs;
use super::{interrupt, pipeline, say};

/// Check a pipeline: every problem it has, or else the columns that each of its nodes gives.
///
/// With a log, types come from what its topics hold, and fields that no event has are problems too.
#[derive(Debug, Args)]
pub struct Check {
    /// The pipeline's file.
    #[arg(value_name = "PIPELINE")]
    pipeline: PathBuf,

    #[command(flatten)]
    log: LogArgs,

    /// Write a JSON array, an object a node.
    #[arg(long, short = 'J')]
    json: bool,
}

impl Check {
    /// Checks, and writes what the nodes give.
    pub fn run(self) -> anyhow::Result<()> {
        let (document, plan) = pipeline::read(&self.pipeline)?;
        let shapes = if self.log.is_empty() {
            None
        } else {
            let cancel = interrupt::cancelled_by_ctrl_c()?;
            let held = pipeline::Held::of(self.log.source()?, &plan, &cancel)?;
            let shapes = pipeline::shapes(&pipeline::samples(&held.store.snapshot(), &plan.topics()));
            let unseen = plan.unseen(&shapes);
            unseen.iter().for_each(|unseen| say(&pipeline::unseen_line(unseen)));
            if !unseen.is_empty() {
                pipeline::typed(&self.pipeline, &document, Some(&shapes))?;
                let count = crate::figures::of(unseen.len() as u64, "field");
                anyhow::bail!("{}: {count} that no event has", self.pipeline.display());
            }
            Some((shapes, held.lacking()))
        };
        let (shapes, lacking) = shapes.unzip();
        let nodes = pipeline::typed(&self.pipeline, &document, shapes.as_ref())?;
        let text = if self.json { in_json(&nodes) } else { in_lines(&nodes) };
        std::io::stdout().write_all(text.as_bytes())?;
        match lacking.flatten() {
            Some(what) => anyhow::bail!("types are of what could be read; something is missing: {what}"),
            None => Ok(()),
        }
    }
}

fn type_name(of: Type) -> &'static str {
    match of {
        Type::Any | Type::Null => "any",
        Type::Bool => "boolean",
        Type::Number => "number",
        Type::Text => "text",
        Type::Time => "timestamp",
    }
}

fn in_json(nodes: &[Description]) -> String {
    let column = |(name, of): &(String, Type)| json!({"name": name, "type": type_name(*of)});
    let node = |node: &Description| {
        let columns: Vec<Value> = node.columns.iter().map(column).collect();
        json!({"node": node.node, "kind": node.kind, "gives": node.flow.name(), "columns": columns})
    };
    format!("{}\n", Value::Array(nodes.iter().map(node).collect()))
}

fn in_lines(nodes: &[Description]) -> String {
    let mut text = String::new();
    for node in nodes {
        text.push_str(&format!("{} ({}) gives a {}\n", node.node, node.kind, node.flow.name()));
        let widest = node.columns.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, of) in &node.columns {
            text.push_str(&format!("  {name:widest$}  {}\n", type_name(*of)));
        }
    }
    text
}
