//! What is wrong with a pipeline that can be seen without its columns.

mod join;
mod nodes;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use super::graph::{Flow, flow, rings};
use super::name::{did_you_mean, name_fault, shown};
use super::{Node, Pipeline, Problem};

/// For how many inputs that aren't there a similar name is looked for; it takes time for every pair.
const MOST_SUGGESTIONS: usize = 100;

/// Everything that is wrong with a pipeline and needs no columns to be seen: names, inputs, rings, streams where tables
/// are needed, windows and spans that make no sense, settings that say nothing. In the order of the nodes; lines are not
/// filled in.
pub fn check(pipeline: &Pipeline) -> Vec<Problem> {
    let mut check = Check { flows: flow(pipeline), problems: Vec::new() };
    if pipeline.nodes.is_empty() {
        check.problems.push(Problem::of_file("there is no node").hint("begin with a stream: a topic of the log"));
        return check.problems;
    }
    check.names(pipeline);
    check.inputs(pipeline);
    check.rings(pipeline);
    for node in &pipeline.nodes {
        check.node(node);
    }
    let place = |problem: &Problem| {
        let name = problem.node.as_deref();
        pipeline.nodes.iter().position(|node| Some(&*node.name) == name).unwrap_or(usize::MAX)
    };
    check.problems.sort_by_cached_key(place);
    check.problems
}

/// What is odd about a pipeline, although it can run.
pub fn notes(pipeline: &Pipeline) -> Vec<Problem> {
    let names: HashSet<&str> = pipeline.nodes.iter().map(|node| node.name.as_str()).collect();
    let unknown = pipeline.layout.keys().filter(|name| !names.contains(name.as_str()));
    let stray = unknown.map(|name| Problem {
        setting: Some(format!("layout.{name}")),
        ..Problem::of_file(format!("the layout has a place for “{}”, and there is no such node", shown(name)))
    });
    let mut notes: Vec<Problem> = stray.collect();
    for node in &pipeline.nodes {
        let mut taken = HashSet::new();
        let inputs = node.kind.inputs();
        if let Some((setting, twice)) = inputs.into_iter().find(|(_, input)| !taken.insert(*input)) {
            notes.push(Problem::of_setting(&node.name, setting, format!("it takes every row of {twice} twice")));
        }
    }
    notes
}

/// A pipeline being checked.
struct Check {
    flows: BTreeMap<String, Flow>,
    problems: Vec<Problem>,
}

impl Check {
    fn wrong(&mut self, node: &Node, setting: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::of_setting(&node.name, setting, message));
    }

    fn wrong_with_hint(
        &mut self,
        node: &Node,
        setting: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.problems.push(Problem::of_setting(&node.name, setting, message).hint(hint));
    }

    /// What a node gives, if that is known.
    fn flow_of(&self, input: &str) -> Option<Flow> {
        self.flows.get(input).copied()
    }

    fn names(&mut self, pipeline: &Pipeline) {
        let mut names = HashSet::new();
        for node in &pipeline.nodes {
            self.problems.extend(name_fault(&node.name).map(|fault| Problem::of_node(&node.name, fault)));
            if !names.insert(&node.name) {
                self.problems.push(Problem::of_node(&node.name, "another node has this name"));
            }
        }
    }

    fn inputs(&mut self, pipeline: &Pipeline) {
        let names: HashSet<&str> = pipeline.nodes.iter().map(|node| node.name.as_str()).collect();
        let mut suggestions = 0;
        for node in &pipeline.nodes {
            let list = matches!(node.kind, super::NodeKind::Merge { .. });
            for (at, (setting, input)) in node.kind.inputs().into_iter().enumerate() {
                let setting = if list { format!("{setting}[{at}]") } else { setting.to_owned() };
                if input.is_empty() {
                    self.wrong_with_hint(
                        node,
                        setting,
                        "nothing is connected here",
                        "name the node whose rows it takes",
                    );
                } else if input == node.name {
                    self.wrong(node, setting, "it takes its own rows");
                } else if !names.contains(input) {
                    suggestions += 1;
                    let others = names.iter().copied().filter(|name| *name != node.name);
                    let hint = if suggestions > MOST_SUGGESTIONS { None } else { did_you_mean(input, others) };
                    let message = format!("there is no node “{}”", shown(input));
                    self.problems.push(Problem { hint, ..Problem::of_setting(&node.name, setting, message) });
                }
            }
        }
    }

    fn rings(&mut self, pipeline: &Pipeline) {
        for ring in rings(pipeline).into_iter().filter(|ring| ring.len() > 1) {
            let names: Vec<&str> = ring.iter().chain(&ring[..1]).map(|at| pipeline.nodes[*at].name.as_str()).collect();
            self.problems.push(Problem::of_node(names[0], format!("its rows come back to it: {}", names.join(" → "))));
        }
        if pipeline.ends().is_empty() {
            let message = "nothing comes out: there is no node whose rows no other takes";
            self.problems.push(Problem::of_file(message));
        }
    }

    /// A setting that must not be empty; `what` is what it would say.
    fn said(&mut self, node: &Node, setting: impl Into<String>, text: &str, what: &str) {
        if text.trim().is_empty() {
            self.wrong(node, setting, format!("it doesn't say {what}"));
        }
    }

    /// A list whose entries must say something.
    fn all_said<'t>(&mut self, node: &Node, setting: &str, texts: impl IntoIterator<Item = &'t str>, what: &str) {
        for (at, text) in texts.into_iter().enumerate() {
            self.said(node, format!("{setting}[{at}]"), text, what);
        }
    }
}
