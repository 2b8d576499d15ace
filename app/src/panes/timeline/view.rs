//! How the timeline stands, and what an action makes of it.
//!
//! What is in view and what is marked is the window's state, shared by all panes; this is the timeline's side of it:
//! where the view is on its way to it, how lanes are drawn, what the pointer holds. Actions that concern the shared
//! state become commands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fabula_core::event::TopicName;

use super::axis::{Folds, SHORTEST, Stretch};
use super::bars::Heights;
use super::brush::Grip;
use super::lanes::{LaneKey, LanesBy};
use super::motion::Motion;
use crate::command::Command;
use crate::state::{State, TimeRange};

/// How the timeline stands: what is in view, which lanes, what is marked.
#[derive(Debug, Clone)]
pub struct View {
    /// The whole story, on the axis (idle time taken out where it is folded); `None` while nothing has a time.
    pub whole: Option<Stretch>,
    /// What is in view, on the axis.
    pub motion: Motion,
    /// The range that is marked, in time.
    pub range: Option<Stretch>,
    /// How far the lanes are scrolled, in pixels.
    pub scroll: f64,
    /// How the story is cut into lanes.
    pub lanes_by: LanesBy,
    /// Topics whose lanes stay above.
    pub pinned: BTreeSet<TopicName>,
    /// How each lane's density becomes height; lanes that are not in here are linear.
    pub heights: BTreeMap<LaneKey, Heights>,
    /// Idle time that is folded.
    pub folds: Arc<Folds>,
    /// Whether idle time shall be folded.
    pub folding: bool,
    /// What the pointer holds.
    pub held: Option<Held>,
    /// Whether a node's windows are shown above the lanes.
    pub has_windows: bool,
    /// The shared view that the motion goes to.
    asked: Option<TimeRange>,
    /// Whether the next change of the view comes from the hand, and is followed at once.
    by_hand: bool,
}

/// What a drag that has begun is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Held {
    /// It marks a range that began at this moment.
    Range {
        /// Where it began.
        from_ns: i64,
    },
    /// It moves or draws the minimap's brush.
    Brush {
        /// What of it.
        grip: Grip,
        /// The view when it began.
        view: Stretch,
        /// Where the pointer was.
        start_x: f32,
    },
    /// It moves the view.
    Pan,
}

/// Something a person did on the timeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Show this stretch of the axis, easing towards it.
    Show(Stretch),
    /// Show this stretch of the axis at once: the hand is the motion.
    ShowNow(Stretch),
    /// Show everything.
    ShowAll,
    /// Mark a range of time, or none.
    Range(Option<Stretch>),
    /// Scroll the lanes to this place.
    Scroll(f64),
    /// A drag began, or ended.
    Hold(Option<Held>),
    /// Keep a topic's lanes above the others, or let them go.
    Pin(TopicName),
    /// Draw a lane's density so.
    Heights(LaneKey, Heights),
}

impl Default for View {
    fn default() -> Self {
        Self {
            whole: None,
            motion: Motion::still(Stretch { from_ns: 0, to_ns: 1 }),
            range: None,
            scroll: 0.0,
            lanes_by: LanesBy::default(),
            pinned: BTreeSet::new(),
            heights: BTreeMap::new(),
            folds: Arc::default(),
            folding: false,
            held: None,
            has_windows: false,
            asked: None,
            by_hand: false,
        }
    }
}

impl From<TimeRange> for Stretch {
    fn from(range: TimeRange) -> Self {
        Self { from_ns: range.start_ns, to_ns: range.end_ns }
    }
}

impl From<Stretch> for TimeRange {
    fn from(stretch: Stretch) -> Self {
        Self::new(stretch.from_ns, stretch.to_ns)
    }
}

impl View {
    /// Takes over what the window's state says: how long the story is, what is in view, what is marked.
    ///
    /// A story that grows is kept in view as a whole when all of it was; otherwise the view stays where it is.
    pub fn follow_state(&mut self, state: &State, now: f64) {
        self.range = state.marked.map(Stretch::from);
        if self.pinned != state.document.pinned {
            self.pinned.clone_from(&state.document.pinned);
        }
        let Some(extent) = state.extent.map(Stretch::from) else {
            self.whole = None;
            return;
        };
        let first = self.whole.is_none();
        let whole = self.axis_of(extent);
        let grown = self.whole.replace(whole) != Some(whole);
        let changed = self.asked != state.view;
        let by_hand = std::mem::take(&mut self.by_hand);
        self.asked = state.view;
        match state.view {
            None if first || grown && !changed => self.motion.jump(all_of(whole)),
            None if changed => self.motion.go(all_of(whole), now),
            Some(view) if first || by_hand => self.motion.jump(self.held_in(view, whole)),
            Some(view) if changed => self.motion.go(self.held_in(view, whole), now),
            _ => {}
        }
    }

    fn axis_of(&self, time: Stretch) -> Stretch {
        Stretch::between(self.folds.to_axis(time.from_ns), self.folds.to_axis(time.to_ns))
    }

    /// A range of time as a view of the axis, neither shorter nor further off than can be shown.
    fn held_in(&self, view: TimeRange, whole: Stretch) -> Stretch {
        let axis = self.axis_of(view.into());
        let middle = axis.from_ns.saturating_add(axis.len_ns() / 2);
        axis.zoomed(1.0, middle, whole)
    }

    /// What is in view once it has come to rest, on the axis.
    pub fn target(&self) -> Stretch {
        self.motion.target()
    }

    /// What is in view once it has come to rest, in time.
    pub fn target_time(&self) -> Stretch {
        self.time_of(self.target())
    }

    fn time_of(&self, axis: Stretch) -> Stretch {
        Stretch::between(self.folds.to_time(axis.from_ns), self.folds.to_time(axis.to_ns))
    }

    /// How a lane's density becomes height.
    pub fn heights_of(&self, lane: &LaneKey) -> Heights {
        self.heights.get(lane).copied().unwrap_or_default()
    }

    /// Folds these idle stretches (none unfolds); the time in view stays in view.
    pub fn fold(&mut self, idle: Vec<Stretch>, extent: Stretch) {
        let in_view = self.target_time();
        let folds = Folds::new(idle, extent.len_ns() / 60);
        if folds == *self.folds {
            return;
        }
        self.folds = Arc::new(folds);
        let whole = self.axis_of(extent);
        self.whole = Some(whole);
        self.motion.jump(if self.asked.is_none() { all_of(whole) } else { self.axis_of(in_view) });
    }

    /// The view that shows a moment, if the moment is not in view: as long as before, the moment in its middle, or as
    /// near to it as the ends of the story let it.
    pub fn revealing(&self, ns: i64) -> Option<Stretch> {
        let whole = self.whole?;
        let axis = self.folds.to_axis(ns);
        let target = self.target();
        if target.contains(axis) {
            return None;
        }
        let (all, len) = (all_of(whole), target.len_ns());
        let last = all.to_ns.saturating_sub(len).max(all.from_ns);
        let from_ns = axis.saturating_sub(len / 2).clamp(all.from_ns, last);
        Some(self.time_of(Stretch { from_ns, to_ns: from_ns.saturating_add(len) }))
    }

    /// Does what a person did as far as it is the timeline's own; what concerns all panes comes back as a command.
    pub fn apply(&mut self, action: Action) -> Option<Command> {
        match action {
            Action::Show(axis) => return self.show(axis),
            Action::ShowNow(axis) => {
                self.by_hand = true;
                return self.show(axis);
            }
            Action::ShowAll => return Some(Command::ResetView),
            Action::Range(range) => return Some(Command::MarkRange(range.map(TimeRange::from))),
            Action::Pin(topic) => return Some(Command::TogglePin(topic)),
            Action::Scroll(to) => self.scroll = to,
            Action::Hold(held) => self.held = held,
            Action::Heights(lane, heights) => drop(self.heights.insert(lane, heights)),
        }
        None
    }

    fn show(&self, axis: Stretch) -> Option<Command> {
        let whole = self.whole?;
        let middle = axis.from_ns.saturating_add(axis.len_ns() / 2);
        let held = if axis.len_ns() < SHORTEST { axis.zoomed(1.0, middle, whole) } else { axis };
        Some(Command::View(self.time_of(held).into()))
    }
}

/// Everything, with a little room at both ends so that the first and the last mark are seen whole.
fn all_of(whole: Stretch) -> Stretch {
    const LEAST: i64 = 10_000_000;
    let grown = whole.grown(0.01);
    let missing = (LEAST - grown.len_ns()).max(0) / 2;
    Stretch { from_ns: grown.from_ns.saturating_sub(missing), to_ns: grown.to_ns.saturating_add(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Theme;
    use crate::zone::{Clock, Zone};

    const HOUR: i64 = 3_600_000_000_000;
    const MINUTE: i64 = 60_000_000_000;

    fn state(to_ns: i64) -> State {
        let mut state = State::new(Clock::new(Zone::Utc, jiff::tz::TimeZone::UTC), Theme::Dark);
        state.extent = Some(TimeRange::new(0, to_ns));
        state
    }

    fn view_of(state: &State) -> View {
        let mut view = View::default();
        view.follow_state(state, 0.0);
        view
    }

    #[test]
    fn a_new_story_is_shown_whole() {
        let view = view_of(&state(HOUR));
        assert!(view.target().covers(Stretch { from_ns: 0, to_ns: HOUR }));
        assert!(view.target().len_ns() < HOUR / 10 * 11);
    }

    #[test]
    fn a_growing_story_moves_the_view_only_if_all_of_it_is_shown() {
        let mut state = state(HOUR);
        let mut view = view_of(&state);
        state.extent = Some(TimeRange::new(0, 2 * HOUR));
        view.follow_state(&state, 1.0);
        assert!(view.target().covers(Stretch { from_ns: 0, to_ns: 2 * HOUR }));

        state.view = Some(TimeRange::new(10, MINUTE));
        view.follow_state(&state, 2.0);
        let before = view.target();
        state.extent = Some(TimeRange::new(0, 3 * HOUR));
        view.follow_state(&state, 3.0);
        assert_eq!(view.target(), before);
    }

    #[test]
    fn a_command_eases_and_the_hand_does_not() {
        let mut state = state(HOUR);
        let mut view = view_of(&state);
        state.view = Some(TimeRange::new(0, MINUTE));
        view.follow_state(&state, 1.0);
        assert!(view.motion.is_moving(1.01));

        let to = Stretch { from_ns: MINUTE, to_ns: 2 * MINUTE };
        let Some(Command::View(range)) = view.apply(Action::ShowNow(to)) else { panic!("no view") };
        state.view = Some(range);
        view.follow_state(&state, 2.0);
        assert_eq!(view.motion.at(2.0), to);
    }

    #[test]
    fn the_shortest_view_is_held() {
        let view = view_of(&State { view: Some(TimeRange::new(5, 6)), ..state(HOUR) });
        assert_eq!(view.target().len_ns(), SHORTEST);
    }

    #[test]
    fn revealing_keeps_the_zoom_and_moves_only_if_it_must() {
        let view = view_of(&State { view: Some(TimeRange::new(0, MINUTE)), ..state(HOUR) });
        assert_eq!(view.revealing(MINUTE / 2), None);
        let moved = view.revealing(10 * MINUTE).unwrap();
        assert_eq!(moved.len_ns(), MINUTE);
        assert!(moved.contains(10 * MINUTE));
        let last = view.revealing(HOUR - 1).unwrap();
        assert!(last.contains(HOUR - 1) && last.to_ns < HOUR + MINUTE, "the view ends with the story");
    }

    #[test]
    fn folding_keeps_what_is_in_view() {
        let state = State { view: Some(TimeRange::new(0, MINUTE)), ..state(HOUR) };
        let mut view = view_of(&state);
        view.fold(vec![Stretch { from_ns: 10 * MINUTE, to_ns: 50 * MINUTE }], Stretch { from_ns: 0, to_ns: HOUR });
        assert_eq!(view.target_time(), Stretch { from_ns: 0, to_ns: MINUTE });
        assert!(view.whole.is_some_and(|whole| whole.len_ns() < HOUR / 2));
    }
}
