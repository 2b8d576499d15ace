//! Runs the pipeline on the canvas over what has been read: first a stretch of it, with every node's rows, then all of it,
//! then what comes. An edit ends the run that is under way and begins another; a log that grows is gone on with.
//!
//! What runs is the sound part of the pipeline. The rows of a node that is looked at and is no view come of a run of their
//! own, of that node and those before it, so that to look at a node runs nothing else again.

mod aside;
mod gather;
mod lane;
mod latest;
mod run;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use fabula_core::pipeline::{NodeKind, Pipeline};

use crate::formats::Formats;
use crate::panes::Context;
use crate::state::{Outcome, State};

use lane::Lane;
use run::Shapes;

/// The run of the pipeline on the canvas.
#[derive(Default)]
pub(super) struct Runs {
    asked: Option<Asked>,
    /// What was asked for last as it runs.
    ran: Arc<Pipeline>,
    main: Lane,
    /// The run of the node that is looked at, where that is no view.
    inner: Option<Inner>,
    outcome: Option<Arc<Outcome>>,
    again: bool,
    shapes: Shapes,
}

/// The run of one node and of those before it.
struct Inner {
    asked: Asked,
    node: String,
    pipeline: Arc<Pipeline>,
    lane: Lane,
}

/// What a run was started for.
#[derive(Clone, PartialEq)]
struct Asked {
    generation: u64,
    design: u64,
    begins: Option<i64>,
    cut: Option<i64>,
    formats: SameFormats,
}

impl Asked {
    fn of(state: &State) -> Self {
        Self {
            generation: state.log.generation,
            design: state.design.version,
            begins: state.begins,
            cut: state.cut,
            formats: SameFormats(state.formats.clone()),
        }
    }

    /// Whether the same events were run over, decoded the same way.
    fn is_of_same_log(&self, other: &Self) -> bool {
        self.generation == other.generation && self.formats == other.formats
    }

    /// Whether this is the same with history cut earlier.
    fn comes_before(&self, other: &Self) -> bool {
        let later = self.cut.is_some_and(|cut| other.cut.is_none_or(|other| cut < other));
        later && self.is_of_same_log(other) && self.begins == other.begins
    }

    fn is_of_same_events(&self, other: &Self) -> bool {
        self.is_of_same_log(other) && (self.begins, self.cut) == (other.begins, other.cut)
    }
}

/// Formats compare by what they answer.
#[derive(Clone)]
struct SameFormats(Formats);

impl PartialEq for SameFormats {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

impl Runs {
    /// What the pipeline came to so far.
    pub(super) fn outcome(&self) -> Option<&Arc<Outcome>> {
        self.outcome.as_ref()
    }

    /// Whether nothing is under way.
    pub(super) fn is_settled(&self) -> bool {
        self.main.is_settled() && self.inner.as_ref().is_none_or(|inner| inner.lane.is_settled())
    }

    /// Runs again over all that the log holds.
    pub(super) fn run_again(&mut self) {
        self.again = true;
    }

    /// Takes in what came out, ends what is stale, starts what is missing.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        let mut news = self.main.take_in();
        if let Some(inner) = &mut self.inner {
            news |= inner.lane.take_in();
        }
        news |= self.start(context);
        news |= self.look_inside(context);
        if news {
            self.outcome = self.together();
        }
    }

    /// Starts or goes on with the run of everything; says whether its outcome is another.
    fn start(&mut self, context: &Context<'_>) -> bool {
        let state = context.state;
        let Some(snapshot) = state.log.snapshot.clone().filter(|_| !state.design.runs.nodes.is_empty()) else {
            let news = self.asked.take().is_some();
            self.main.end(context);
            (self.inner, self.ran) = (None, Arc::default());
            return news;
        };
        let asked = Asked::of(state);
        let known = self.asked.as_ref().filter(|_| !self.again);
        if known == Some(&asked) && self.main.goes_on(&snapshot, context) {
            return false;
        }
        if known.is_some_and(|known| known.design == asked.design && known.comes_before(&asked)) {
            // What was run over is run over once: history goes on from where it was cut.
            if !self.main.is_settled() {
                return false;
            }
            if self.main.reaches(context) {
                self.asked = Some(asked);
                return true;
            }
        }
        self.begin(asked, context);
        true
    }

    fn begin(&mut self, asked: Asked, context: &Context<'_>) {
        let design = &context.state.design;
        let same_log = self.asked.as_ref().is_some_and(|known| known.is_of_same_log(&asked));
        if !same_log {
            self.shapes = Shapes::default();
        }
        let before = self.main.outcome().filter(|_| same_log).and_then(|before| {
            let known = self.asked.as_ref()?;
            if known.design == asked.design {
                // The same once more, or cut elsewhere: what there was stands until there is something newer.
                return Some(Arc::new(Outcome { whole: false, ..(**before).clone() }));
            }
            let above = known.is_of_same_events(&asked).then(|| before.above(&self.ran, &design.runs, asked.design))?;
            (!above.kept.is_empty()).then(|| Arc::new(above))
        });
        self.again = false;
        self.ran = Arc::clone(&design.runs);
        self.asked = Some(asked);
        self.main.begin(&self.ran, None, &self.shapes, before, context);
    }

    /// Starts or goes on with the run of the node that is looked at; says whether what it shows is another.
    fn look_inside(&mut self, context: &Context<'_>) -> bool {
        let state = context.state;
        let (Some(asked), Some(snapshot)) = (self.asked.clone(), state.log.snapshot.clone()) else { return false };
        let shown = |name: &str| self.main.outcome().is_some_and(|outcome| outcome.views.contains_key(name));
        let inner = state.design.chosen.as_ref().and_then(|name| self.ran.node(name));
        let inner = inner.filter(|node| !matches!(node.kind, NodeKind::View { .. }) && !shown(&node.name));
        // What was looked at last stays until something else is, for as long as it is there.
        let last = || self.inner.as_ref().and_then(|inner| self.ran.node(&inner.node));
        let Some(node) = inner.or_else(last).map(|node| node.name.clone()) else {
            return self.inner.take().is_some();
        };
        let pipeline = self.ran.up_to(&node);
        let same = |inner: &&mut Inner| inner.node == node && inner.pipeline.nodes == pipeline.nodes;
        if let Some(inner) = self.inner.as_mut().filter(same) {
            if inner.asked.is_of_same_events(&asked) && inner.lane.goes_on(&snapshot, context) {
                return false;
            }
            if inner.asked.comes_before(&asked) {
                if !inner.lane.is_settled() {
                    return false;
                }
                if inner.lane.reaches(context) {
                    inner.asked = asked;
                    return true;
                }
            }
        }
        if let Some(mut inner) = self.inner.take() {
            inner.lane.end(context);
        }
        let mut inner = Inner { asked, node, pipeline: Arc::new(pipeline), lane: Lane::default() };
        inner.lane.begin(&inner.pipeline, Some(&inner.node), &self.shapes, None, context);
        self.inner = Some(inner);
        true
    }

    /// What both runs came to.
    fn together(&self) -> Option<Arc<Outcome>> {
        let main = self.main.outcome()?;
        // Rows that are not all there yet would pass for all; until they are, the first ones are shown.
        let rows = self.inner.as_ref().and_then(|inner| {
            let rows = inner.lane.outcome().filter(|_| inner.lane.has_been_through())?.views.get(&inner.node)?;
            (!main.views.contains_key(&inner.node)).then(|| (inner.node.clone(), Arc::clone(rows)))
        });
        let Some((node, rows)) = rows else { return Some(Arc::clone(main)) };
        let mut outcome = (**main).clone();
        outcome.views.insert(node, rows);
        Some(Arc::new(outcome))
    }
}
