//! What of a pipeline can run although something is wrong with the rest.

use std::collections::{HashMap, HashSet};

use super::model::Pipeline;
use super::problem::Problem;

/// The pipeline without the nodes that something is wrong with, and without those that rows of such nodes come to. What is
/// wrong with the file as a whole takes no node away.
pub fn sound(pipeline: &Pipeline, wrong: &[Problem]) -> Pipeline {
    let mut takers: HashMap<&str, Vec<&str>> = HashMap::new();
    for node in &pipeline.nodes {
        for (_, input) in node.kind.inputs() {
            takers.entry(input).or_default().push(&node.name);
        }
    }
    let mut waiting: Vec<&str> = wrong.iter().filter_map(|problem| problem.node.as_deref()).collect();
    let mut out: HashSet<&str> = waiting.iter().copied().collect();
    while let Some(name) = waiting.pop() {
        let behind = takers.get(name).into_iter().flatten();
        waiting.extend(behind.filter(|taker| out.insert(taker)));
    }
    let mut sound = pipeline.clone();
    sound.nodes.retain(|node| !out.contains(node.name.as_str()));
    sound.layout.retain(|name, _| !out.contains(name.as_str()));
    sound
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::check;
    use crate::pipeline::document::tests::arbitrary;

    proptest! {
        #[test]
        fn what_is_sound_has_no_problems_and_lacks_only_what_has_one_or_stands_behind_one(
            pipeline in arbitrary::pipeline()
        ) {
            let problems = check(&pipeline);
            let sound = sound(&pipeline, &problems);
            if !sound.nodes.is_empty() {
                prop_assert_eq!(check(&sound), []);
            }
            for node in &pipeline.nodes {
                let needed = pipeline.up_to(&node.name);
                let wrong = |name: &str| problems.iter().any(|problem| problem.node.as_deref() == Some(name));
                let expected = !needed.nodes.iter().any(|node| wrong(&node.name));
                prop_assert_eq!(sound.node(&node.name).is_some(), expected, "{}", node.name);
            }
        }
    }
}
