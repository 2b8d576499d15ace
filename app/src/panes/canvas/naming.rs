//! Looks at the pipeline's topics, so that forms know which columns there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::event::TopicName;
use fabula_core::pipeline::{NodeKind, Pipeline};
use fabula_core::schema::Sample;

use crate::formats::Formats;
use crate::jobs::{Job, Title};
use crate::panes::Context;
use crate::state::{Names, TopicNames};

/// What is known of the topics, and what can be named at each node.
#[derive(Default)]
pub(super) struct Naming {
    topics: BTreeMap<TopicName, TopicNames>,
    looking: Option<Job<BTreeMap<TopicName, TopicNames>>>,
    /// Of which log and formats that is, and of which pipeline the names are.
    generation: u64,
    formats: Formats,
    design: Option<Arc<Pipeline>>,
    names: Names,
}

impl Naming {
    /// What can be named where, as far as it is known.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Whether nothing is under way.
    pub(super) fn is_settled(&self) -> bool {
        self.looking.is_none()
    }

    /// Takes in what was seen, and looks at topics that are new to the pipeline.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        let state = context.state;
        if self.generation != state.log.generation || !self.formats.is_same(&state.formats) {
            (self.generation, self.formats) = (state.log.generation, state.formats.clone());
            (self.topics, self.looking, self.design) = (BTreeMap::new(), None, None);
        }
        if let Some(job) = &mut self.looking {
            if let Some(found) = job.poll() {
                self.topics.extend(found);
                (self.looking, self.design) = (None, None);
            } else if job.is_lost() {
                self.looking = None;
            }
        }
        if self.design.as_ref().is_none_or(|design| !Arc::ptr_eq(design, &state.design.pipeline)) {
            self.design = Some(Arc::clone(&state.design.pipeline));
            self.names = Names::of(&state.design.pipeline, &self.topics);
        }
        self.look(context);
    }

    fn look(&mut self, context: &Context<'_>) {
        let state = context.state;
        let (None, Some(snapshot)) = (&self.looking, &state.log.snapshot) else { return };
        let mut missing: Vec<TopicName> = Vec::new();
        for node in &state.design.pipeline.nodes {
            if let NodeKind::Stream { topic, .. } | NodeKind::Table { topic, .. } = &node.kind
                && let Some(held) = snapshot.topic(topic)
                && held.events() > 0
                && self.topics.get(topic.as_str()).is_none_or(|known| known.is_outgrown(held))
            {
                missing.push(held.name.clone());
            }
        }
        if missing.is_empty() {
            return;
        }
        let (snapshot, formats) = (snapshot.clone(), state.formats.clone());
        let chosen = move |topic: &TopicName| formats.chosen().get(topic).copied().unwrap_or_default();
        let job = move |_: &crate::jobs::Progress| {
            let seen = |topic: TopicName| {
                let held = snapshot.topic(&topic)?;
                let chosen = chosen(&topic);
                let names = match Sample::of(held, chosen.key, chosen.value) {
                    Some(sample) => TopicNames::of(held, &sample.shape, &sample.codecs),
                    None => TopicNames::unknown(held),
                };
                Some((topic, names))
            };
            missing.into_iter().filter_map(seen).collect()
        };
        self.looking = Some(context.jobs.spawn_blocking(Title::quiet("Looking at columns"), job));
    }
}
