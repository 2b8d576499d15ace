//! Whose a checkpoint is: the pipeline's nodes, the log, and what is written where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::CheckpointError;
use crate::log::Origin;
use crate::pipeline::Pipeline;

/// Whose a checkpoint is. Only a run that is the same in all of this may go on from it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CheckpointOf {
    /// The pipeline's nodes in the order of its file: name and settings. What a pipeline is called, said of it, and where
    /// its nodes stand on the canvas is not in it.
    nodes: Vec<(String, String)>,
    log: Origin,
    /// The view that is written.
    view: String,
    /// The form of the rows.
    form: String,
    /// The file that they are written to; `None` is stdout.
    to: Option<PathBuf>,
}

impl CheckpointOf {
    /// A run of a pipeline over a log, which writes a view in a form to a file (`None`: stdout).
    pub fn new(pipeline: &Pipeline, log: Origin, view: &str, form: &str, to: Option<PathBuf>) -> Self {
        let nodes = pipeline.nodes.iter().map(|node| (node.name.clone(), format!("{:?}", node.kind))).collect();
        Self { nodes, log, view: view.to_owned(), form: form.to_owned(), to }
    }

    /// Refuses a run that is not the one that this checkpoint was made by.
    pub(super) fn refuse_other(&self, run: &Self, path: &Path) -> Result<(), CheckpointError> {
        match self.difference(run) {
            None => Ok(()),
            Some(difference) => Err(CheckpointError::OtherRun { path: path.to_owned(), difference }),
        }
    }

    fn difference(&self, run: &Self) -> Option<String> {
        if let Some(nodes) = self.other_nodes(run) {
            return Some(nodes);
        }
        if !self.log.is_same_log(&run.log) {
            return Some(format!("it was made on {}, not on {}", self.log, run.log));
        }
        if self.view != run.view {
            return Some(format!("it goes with the view {}, not with {}", self.view, run.view));
        }
        if self.to != run.to {
            let named = |to: &Option<PathBuf>| to.as_ref().map_or("stdout".to_owned(), |to| to.display().to_string());
            return Some(format!("its rows went to {}, not to {}", named(&self.to), named(&run.to)));
        }
        (self.form != run.form).then(|| format!("its rows were written as {}, not as {}", self.form, run.form))
    }

    /// Which nodes are not those that they were.
    fn other_nodes(&self, run: &Self) -> Option<String> {
        if self.nodes == run.nodes {
            return None;
        }
        let by_name = |nodes: &[(String, String)]| nodes.iter().cloned().collect::<BTreeMap<String, String>>();
        let (were, are) = (by_name(&self.nodes), by_name(&run.nodes));
        let mut said = Vec::new();
        for (name, settings) in &were {
            match are.get(name) {
                None => said.push(format!("the node {name} is gone")),
                Some(now) if now != settings => said.push(format!("the node {name} was changed")),
                Some(_) => {}
            }
        }
        said.extend(are.keys().filter(|name| !were.contains_key(*name)).map(|name| format!("the node {name} is new")));
        Some(if said.is_empty() { "the nodes stand in another order".to_owned() } else { said.join(", ") })
    }
}
