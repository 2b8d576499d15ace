//! The timeline as one of the window's panes: keeps what was fetched, and fetches what is missing.

use std::sync::Arc;

use egui::{Rect, Ui};
use fabula_core::event::Coordinates;

use super::axis::{Stretch, idle_stretches};
use super::bars::level_for;
use super::fetch::{Ask, CountKey, Counted, count, picture};
use super::flow::Flow;
use super::lanes::{LaneKey, LanesBy, pinned_first};
use super::picture::{EventMark, Picture};
use super::view::View;
use super::windows::Windows;
use super::{Model, Outcome, Selected, header_facts, lanes_in, plot_width, timeline_ui};
use crate::command::Command;
use crate::jobs::{Job, Title};
use crate::panes::{Context, Pane};
use crate::state::{Density, Selection, State};
use crate::theme::widgets;

/// The timeline: lanes over time.
#[derive(Default)]
pub struct Timeline {
    view: View,
    lanes: Vec<LaneKey>,
    pinned: usize,
    counted: Option<Arc<Counted>>,
    density: Option<Arc<Density>>,
    counting: Option<Job<Counted>>,
    drawn: Option<(Ask, Picture)>,
    drawing: Option<(Ask, Job<Picture>)>,
    range: Option<(CountKey, Stretch, Vec<u64>)>,
    ranging: Option<Job<(CountKey, Stretch, Vec<u64>)>>,
    /// An event that was pointed at in a lane's density, and the moment to go to if there is none.
    pointing: Option<(LaneKey, i64, Job<Option<EventMark>>)>,
    /// The chosen node's windows.
    windows: Option<Windows>,
    /// What they were made of: the design, the chosen node, and what the pipeline came to.
    windows_of: Option<(u64, Option<String>, usize)>,
    /// The thread that is looked at, over these lanes.
    flow: Option<Flow>,
    /// Where it was drawn in the last frame.
    rect: Option<Rect>,
    now: f64,
}

impl Timeline {
    /// Whether everything that is drawn is up to date: nothing is being fetched.
    pub fn is_settled(&self) -> bool {
        self.counting.is_none() && self.drawing.is_none() && self.drawn.as_ref().is_some_and(|(ask, _)| ask.exact)
    }

    /// How many events there were when, over the whole story.
    pub fn density(&self) -> Option<Arc<Density>> {
        self.density.clone()
    }

    fn look_at_windows(&mut self, state: &State) {
        let outcome = state.outcome.as_ref().map_or(0, |outcome| Arc::as_ptr(outcome) as usize);
        let of = (state.design.version, state.design.chosen.clone(), outcome);
        if self.windows_of.as_ref() != Some(&of) {
            self.windows_of = Some(of);
            self.windows = Windows::of(state);
            self.view.has_windows = self.windows.is_some() || state.cut.is_some();
        }
    }

    fn count_key(&self, state: &State) -> Option<CountKey> {
        let snapshot = state.log.snapshot.as_ref()?;
        Some(CountKey {
            generation: state.log.generation,
            version: snapshot.version,
            by: self.view.lanes_by,
            topics: state.document.shown.iter().cloned().collect(),
            found: state.search.found.as_ref().map(|found| found.version),
        })
    }

    fn count(&mut self, context: &Context<'_>) {
        if let Some(job) = &mut self.counting {
            if let Some(counted) = job.poll() {
                self.take_counted(counted, context.state);
            } else if !job.is_lost() {
                return;
            }
            self.counting = None;
        }
        let state = context.state;
        let (Some(key), Some(snapshot)) = (self.count_key(state), state.log.snapshot.clone()) else {
            *self = Self { view: std::mem::take(&mut self.view), rect: self.rect, ..Self::default() };
            return;
        };
        if self.counted.as_ref().is_some_and(|counted| counted.key == key) {
            return;
        }
        let before = self.counted.clone().filter(|before| before.key.generation == key.generation);
        let matches = state.search.found.as_ref().map(|found| Arc::clone(&found.matches));
        let job = move |_: &crate::jobs::Progress| count(key, snapshot, matches, before.as_deref());
        self.counting = Some(context.jobs.spawn_blocking(Title::quiet("Timeline"), job));
    }

    fn take_counted(&mut self, counted: Counted, state: &State) {
        if counted.key.generation != state.log.generation {
            return;
        }
        let keys = |counted: &Counted| counted.lanes.iter().map(|lane| &lane.key).eq(counted_keys(&self.counted));
        let same_lanes = keys(&counted);
        let counted = self.counted.insert(Arc::new(counted));
        // Events come in many times a second, lanes hardly ever: thousands of them are not sorted for nothing.
        if !same_lanes {
            self.lanes = counted.lanes.iter().map(|lane| lane.key.clone()).collect();
            self.sort_lanes();
        }
        let bins = self.counted.as_ref().and_then(|counted| counted.overview.as_ref());
        self.density = bins.map(|bins| {
            let of = |(bin, count): (usize, &u64)| (bins.stretch(bin).from_ns, *count);
            Arc::new(Density { counts: bins.counts.iter().enumerate().map(of).collect() })
        });
        self.fold(state);
    }

    /// Puts the open thread over the lanes, when either is another.
    fn put_thread(&mut self, state: &State) {
        let Some(tale) = &state.tale else {
            self.flow = None;
            return;
        };
        if !self.flow.as_ref().is_some_and(|flow| Arc::ptr_eq(&flow.tale, tale)) {
            self.flow = Some(Flow::of(tale, &self.lanes));
        }
    }

    fn sort_lanes(&mut self) {
        self.flow = None;
        self.lanes.sort();
        self.pinned = pinned_first(&mut self.lanes, &self.view.pinned);
    }

    /// Folds idle time, or unfolds it, as the view says.
    fn fold(&mut self, state: &State) {
        let Some(extent) = state.extent.map(Stretch::from) else { return };
        let overview = self.counted.as_ref().and_then(|counted| counted.overview.as_ref());
        let idle = match overview.filter(|_| self.view.folding) {
            Some(overview) => idle_stretches(overview.busy(), extent),
            None => Vec::new(),
        };
        self.view.fold(idle, extent);
    }

    fn ask(&self, counted: &Counted) -> Option<Ask> {
        let rect = self.rect?;
        self.view.whole?;
        let width = plot_width(rect);
        let shown = lanes_in(rect, &self.view, self.lanes.len(), self.pinned);
        let was = self.drawn.as_ref().map(|(_, picture)| picture);
        let mut lanes: Vec<(LaneKey, bool)> = shown
            .into_iter()
            .map(|at| {
                let key = &self.lanes[at];
                let was_far = was.and_then(|was| was.lane(key)).is_some_and(|lane| lane.events.is_none());
                (key.clone(), was_far)
            })
            .collect();
        lanes.sort();
        Some(Ask {
            key: counted.key.clone(),
            view: self.view.target_time(),
            width,
            ns_per_px: self.view.target().len_ns() as f64 / f64::from(width),
            folds: Arc::clone(&self.view.folds),
            lanes,
            exact: true,
        })
    }

    fn draw(&mut self, context: &Context<'_>) {
        if let Some((ask, job)) = &mut self.drawing {
            if let Some(picture) = job.poll() {
                self.drawn = Some((ask.clone(), picture));
            } else if !job.is_lost() {
                return;
            }
            self.drawing = None;
        }
        let Some(counted) = self.counted.clone() else { return };
        let Some(mut ask) = self.ask(&counted) else { return };
        let is_same = |drawn: &Ask| {
            let lanes = drawn.lanes.iter().map(|(key, _)| key).eq(ask.lanes.iter().map(|(key, _)| key));
            lanes && Ask { lanes: Vec::new(), ..drawn.clone() } == Ask { lanes: Vec::new(), ..ask.clone() }
        };
        if self.drawn.as_ref().is_some_and(|(drawn, _)| is_same(drawn)) {
            return;
        }
        // Coarse first: what is at hand tells too little about this view to be drawn until the exact picture is here.
        let useful = self.drawn.as_ref().is_some_and(|(drawn, _)| {
            drawn.view.grown(1.0).covers(ask.view)
                && drawn.ns_per_px < 4.0 * ask.ns_per_px
                && drawn.ns_per_px * 8.0 > ask.ns_per_px
                && drawn.lanes.iter().map(|(key, _)| key).eq(ask.lanes.iter().map(|(key, _)| key))
        });
        ask.exact = useful || self.drawn.as_ref().is_some_and(|(drawn, _)| !drawn.exact);
        let asked = ask.clone();
        let job = context.jobs.spawn_blocking(Title::quiet("Timeline"), move |_| picture(&counted, &asked));
        self.drawing = Some((ask, job));
    }

    fn count_range(&mut self, context: &Context<'_>) {
        if let Some(job) = &mut self.ranging {
            if let Some(range) = job.poll() {
                self.range = Some(range);
            } else if !job.is_lost() {
                return;
            }
            self.ranging = None;
        }
        let (Some(marked), Some(counted)) = (self.view.range, self.counted.clone()) else {
            self.range = None;
            return;
        };
        let known = self.range.as_ref().is_some_and(|(key, range, _)| *key == counted.key && *range == marked);
        if !known {
            let lanes: Vec<LaneKey> = counted.lanes.iter().map(|lane| lane.key.clone()).collect();
            let job = move |_: &crate::jobs::Progress| (counted.key.clone(), marked, counted.count(&lanes, marked));
            self.ranging = Some(context.jobs.spawn_blocking(Title::quiet("Timeline"), job));
        }
    }

    fn point(&mut self, context: &Context<'_>) {
        let Some((lane, time_ns, job)) = &mut self.pointing else { return };
        match job.poll() {
            Some(Some(event)) => context.send(select(lane, &event)),
            Some(None) => context.send(Command::GoToMoment(*time_ns)),
            None if !job.is_lost() => return,
            None => {}
        }
        self.pointing = None;
    }

    /// Keeps the newest event at the right edge while following.
    fn follow(&self, context: &Context<'_>) {
        let state = context.state;
        let (true, Some(view), Some(extent)) = (state.follow, state.view, state.extent) else { return };
        let end = extent.end_ns.saturating_add(view.span_ns() / 50);
        if extent.end_ns > view.end_ns {
            let by = end.saturating_sub(view.end_ns);
            let moved = crate::state::TimeRange::new(view.start_ns.saturating_add(by), end);
            context.send(Command::View(moved));
        }
    }

    /// Counts of the marked range in the order of the lanes, once they are known.
    fn range_counts(&self) -> Option<Vec<u64>> {
        let (_, range, counts) = self.range.as_ref()?;
        let counted = self.counted.as_ref()?;
        (Some(*range) == self.view.range && counts.len() == counted.lanes.len()).then(|| {
            let of = |key: &LaneKey| counted.lanes.binary_search_by(|lane| lane.key.cmp(key)).ok().map(|at| counts[at]);
            self.lanes.iter().map(|key| of(key).unwrap_or(0)).collect()
        })
    }

    fn with_model<R>(&self, state: &State, now: f64, then: impl FnOnce(&Model<'_>) -> R) -> R {
        let counts = self.range_counts();
        let overview = self.counted.as_ref().and_then(|counted| counted.overview.as_ref());
        then(&Model {
            clock: &state.clock,
            view: &self.view,
            lanes: &self.lanes,
            pinned: self.pinned,
            series: &|topic| state.series.number(topic),
            picture: self.drawn.as_ref().map(|(_, picture)| picture),
            overview,
            selected: state
                .selection
                .as_ref()
                .map(|selection| Selected { coordinates: &selection.coordinates, time_ns: selection.time_ns }),
            pointed_out: &state.pointed_out,
            range_counts: counts.as_deref(),
            windows: self.windows.as_ref(),
            cut: state.cut,
            flow: self.flow.as_ref().filter(|_| state.tale.is_some()),
            findings: state.tied.as_ref().map(|tied| &*tied.moments),
            now,
        })
    }

    fn take(&mut self, outcome: Outcome, context: &Context<'_>) {
        match outcome {
            Outcome::View(action) => {
                if let Some(command) = self.view.apply(action) {
                    context.send(command);
                }
            }
            Outcome::Command(command) => context.send(command),
            Outcome::Select { lane, event } => context.send(select(&lane, &event)),
            Outcome::GoTo { time_ns, lane } => {
                let Some(counted) = self.counted.clone() else { return };
                let level = level_for(self.view.target().len_ns() as f64 / 800.0) + 2;
                let within = Stretch { from_ns: time_ns, to_ns: time_ns.saturating_add(1_i64 << level) };
                let key = lane.clone();
                let job = move |_: &crate::jobs::Progress| counted.first_in(&key, within);
                self.pointing = Some((lane, time_ns, context.jobs.spawn_blocking(Title::quiet("Timeline"), job)));
            }
        }
    }
}

fn counted_keys(counted: &Option<Arc<Counted>>) -> impl Iterator<Item = &LaneKey> {
    counted.iter().flat_map(|counted| counted.lanes.iter().map(|lane| &lane.key))
}

fn select(lane: &LaneKey, event: &EventMark) -> Command {
    let coordinates = Coordinates { topic: lane.topic().clone(), partition: event.partition, offset: event.offset };
    Command::Select(Some(Selection { coordinates, time_ns: Some(event.time_ns) }))
}

impl Pane for Timeline {
    fn update(&mut self, context: &Context<'_>) {
        let pinned = self.view.pinned.clone();
        self.view.follow_state(context.state, self.now);
        if pinned != self.view.pinned {
            self.sort_lanes();
        }
        self.count(context);
        self.draw(context);
        self.count_range(context);
        self.point(context);
        self.follow(context);
        self.look_at_windows(context.state);
        self.put_thread(context.state);
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::Select(Some(selection)) => {
                if let Some(view) = selection.time_ns.and_then(|ns| self.view.revealing(ns)) {
                    context.send(Command::View(view.into()));
                }
            }
            Command::ToggleFold => {
                self.view.folding = !self.view.folding;
                self.fold(context.state);
            }
            Command::ToggleLanes => {
                self.view.lanes_by = match self.view.lanes_by {
                    LanesBy::Topic => LanesBy::Partition,
                    LanesBy::Partition => LanesBy::Topic,
                };
                self.view.scroll = 0.0;
            }
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let facts = self.with_model(context.state, self.now, header_facts);
        widgets::caption(ui, facts);
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        self.now = ui.input(|input| input.time);
        self.rect = Some(ui.available_rect_before_wrap());
        if context.state.document.shown.is_empty() || context.state.log.snapshot.is_none() {
            let hint = "Choose topics in the catalogue to see their events over time";
            widgets::empty_state(ui, "No topics shown", hint, None);
            return;
        }
        if self.view.whole.is_none() {
            widgets::empty_state(ui, "No events yet", "Lanes appear here as events are read", None);
            return;
        }
        let outcomes = self.with_model(context.state, self.now, |model| timeline_ui(ui, model));
        for outcome in outcomes {
            self.take(outcome, context);
        }
    }
}
