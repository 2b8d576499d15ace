//! The timeline: every event of the chosen topics over time, a lane for each topic or partition.
//!
//! Logic that can be tested without a screen stands in files of its own: [`axis`] (time and pixels), [`ticks`] (the
//! ruler), [`lanes`] (which lane where), [`bars`] (density), [`marks`] (single events), [`brush`] (the minimap),
//! [`motion`] (easing), [`view`] (what an action does). The `_ui` files paint what those say. Everything that is drawn
//! was fetched by a job into a [`picture::Picture`]: a frame reads no segment.

pub mod axis;
pub mod bars;
pub mod brush;
mod fetch;
mod findings_ui;
mod flow;
mod flow_ui;
mod hover_ui;
mod input;
mod lane_ui;
pub mod lanes;
pub mod marks;
mod minimap_ui;
pub mod motion;
mod pane;
pub mod picture;
mod plot_ui;
mod range_ui;
mod ruler_ui;
pub mod ticks;
mod unread;
pub mod view;
pub mod windows;
pub mod windows_ui;

use std::sync::Arc;

use egui::{Rect, Sense, Ui, WidgetInfo, WidgetType, pos2};
use fabula_core::event::Coordinates;

use crate::command::Command;
use crate::figures;
use crate::theme::{tokens, widgets};
use crate::zone::Clock;

use axis::{Scale, Stretch};
use bars::Bins;
use lanes::{Column, LABEL_WIDTH, LaneKey, Placed};
use picture::{EventMark, Picture};
use view::{Action, View};
use windows::Windows;

pub use pane::Timeline;

/// Heights of the parts above the lanes.
const MINIMAP_HEIGHT: f32 = 30.0;
const RULER_HEIGHT: f32 = 26.0;
const WINDOWS_HEIGHT: f32 = 22.0;

/// Everything that a frame of the timeline is drawn from.
pub struct Model<'a> {
    /// How times are written.
    pub clock: &'a Clock,
    /// How the timeline stands.
    pub view: &'a View,
    /// The lanes, pinned ones first.
    pub lanes: &'a [LaneKey],
    /// How many of them are pinned.
    pub pinned: usize,
    /// The number of a topic's colour.
    pub series: &'a dyn Fn(&str) -> usize,
    /// What was fetched for about this view; may be of the view before.
    pub picture: Option<&'a Picture>,
    /// The density of the whole story, for the minimap.
    pub overview: Option<&'a Bins>,
    /// The selected event and its time.
    pub selected: Option<Selected<'a>>,
    /// Events that were pointed out, with their times where these are known.
    pub pointed_out: &'a crate::state::PointedOut,
    /// Counts of the marked range, one for each of `lanes`, once they are known.
    pub range_counts: Option<&'a [u64]>,
    /// The chosen node's windows.
    pub windows: Option<&'a Windows>,
    /// The moment at which history is cut for the pipeline.
    pub cut: Option<i64>,
    /// The thread that is looked at, over the lanes.
    flow: Option<&'a flow::Flow>,
    /// When something unusual was found.
    pub findings: Option<&'a crate::state::Moments>,
    /// The time in seconds.
    pub now: f64,
}

/// The selected event, as far as the timeline shows it.
#[derive(Debug, Clone, Copy)]
pub struct Selected<'a> {
    /// Where it stands in the log.
    pub coordinates: &'a Coordinates,
    /// Its time.
    pub time_ns: Option<i64>,
}

/// What came of a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Something that concerns the timeline alone.
    View(Action),
    /// Something that concerns the whole window.
    Command(Command),
    /// An event was chosen.
    Select {
        /// The lane it stands on.
        lane: LaneKey,
        /// The event.
        event: EventMark,
    },
    /// A moment was pointed at in a lane that is too dense for single events.
    GoTo {
        /// The moment.
        time_ns: i64,
        /// The lane.
        lane: LaneKey,
    },
}

/// The rectangles of the timeline's parts.
struct Parts {
    minimap: Rect,
    ruler: Rect,
    /// Where the chosen node's windows are; empty when there are none.
    windows: Rect,
    lanes: Rect,
}

impl Parts {
    fn of(rect: Rect, has_windows: bool) -> Self {
        let minimap = rect.with_max_y(rect.top() + MINIMAP_HEIGHT);
        let ruler = Rect::from_min_max(
            pos2(rect.left(), minimap.bottom()),
            pos2(rect.right(), minimap.bottom() + RULER_HEIGHT),
        );
        let height = if has_windows { WINDOWS_HEIGHT } else { 0.0 };
        let windows = Rect::from_min_size(ruler.left_bottom(), egui::vec2(rect.width(), height));
        let lanes = Rect::from_min_max(pos2(rect.left(), windows.bottom()), rect.max);
        Self { minimap, ruler, windows, lanes }
    }

    /// Where marks and bars are drawn: the lanes without their labels.
    fn plot(&self) -> Rect {
        self.lanes.with_min_x(self.lanes.left() + LABEL_WIDTH)
    }
}

/// What the painters share in one frame.
struct Frame<'a> {
    model: &'a Model<'a>,
    scale: Scale,
    parts: Parts,
    column: Column,
    placed: Vec<Placed>,
}

impl Frame<'_> {
    /// The lane that is at a height.
    fn lane_at(&self, y: f32) -> Option<&Placed> {
        // Pinned lanes are drawn above the others, and are first in the list.
        self.placed.iter().find(|lane| lane.top <= y && y < lane.top + lane.height)
    }
}

/// The lanes that will be on the screen in a rectangle: what a picture must hold.
pub fn lanes_in(rect: Rect, view: &View, lanes: usize, pinned: usize) -> Vec<usize> {
    let parts = Parts::of(rect, view.has_windows);
    let column = Column { lanes, pinned, top: parts.lanes.top(), height: parts.lanes.height(), scroll: view.scroll };
    column.placed().into_iter().map(|lane| lane.lane).collect()
}

/// The width in pixels that time is drawn over in a rectangle.
pub fn plot_width(rect: Rect) -> f32 {
    (rect.width() - LABEL_WIDTH).max(1.0)
}

/// Draws the timeline in what is left of `ui` and says what a person did.
pub fn timeline_ui(ui: &mut Ui, model: &Model<'_>) -> Vec<Outcome> {
    let rect = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(rect, Sense::click_and_drag());
    let mut outcomes = Vec::new();
    let Some(whole) = model.view.whole else { return outcomes };
    let parts = Parts::of(rect, model.view.has_windows);
    let plot = parts.plot();
    let scale = Scale {
        view: model.view.motion.at(model.now),
        left: plot.left(),
        width: plot.width(),
        folds: Arc::clone(&model.view.folds),
    };
    let column = Column {
        lanes: model.lanes.len(),
        pinned: model.pinned,
        top: parts.lanes.top(),
        height: parts.lanes.height(),
        scroll: model.view.scroll,
    };
    let placed = column.placed();
    let frame = Frame { model, scale, parts, column, placed };
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, spoken(&frame)));

    ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
    minimap_ui::minimap_ui(ui, &frame, whole, &mut outcomes);
    ruler_ui::ruler_ui(ui, &frame);
    lane_ui::lanes_ui(ui, &frame, &mut outcomes);
    flow_ui::flow_ui(ui, &frame);
    findings_ui::findings_ui(ui, &frame, &mut outcomes);
    range_ui::range_ui(ui, &frame);
    ruler_ui::cursor_ui(ui, &frame);
    if model.view.has_windows {
        strip_ui(ui, &frame, &mut outcomes);
    }
    input::input(ui, &response, &frame, whole, &mut outcomes);
    if model.view.held.is_none() {
        hover_ui::hover_ui(ui, &response, &frame);
    }
    widgets::hairline_h(ui, rect.x_range(), frame.parts.minimap.bottom());
    if model.view.motion.is_moving(model.now) {
        ui.ctx().request_repaint();
    }
    outcomes
}

/// The chosen node's windows, with its name where the lanes have theirs.
fn strip_ui(ui: &mut Ui, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
    let (rect, model) = (frame.parts.windows, frame.model);
    let plot = rect.with_min_x(frame.parts.plot().left());
    ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
    if let Some(windows) = model.windows {
        let label = rect.with_max_x(plot.left() - 6.0).with_min_x(rect.left() + crate::theme::size::INSET);
        let (font, color) = (crate::theme::font::small(), tokens(ui).text_second);
        widgets::text_in(ui.painter(), label, egui::Align2::LEFT_CENTER, &windows.node, font, color);
    }
    let Some(whole) = model.view.whole else { return };
    let shown = windows_ui::Strip {
        scale: &frame.scale,
        whole,
        windows: model.windows,
        cut: model.cut,
        clock: model.clock,
        chosen: model.selected.map(|selected| selected.coordinates),
    };
    let command = windows_ui::windows_ui(ui, plot, &shown);
    outcomes.extend(command.map(Outcome::Command));
    widgets::hairline_h(ui, rect.x_range(), rect.bottom());
}

/// The facts at the right of the pane's header: what is in view, or what is marked.
pub fn header_facts(model: &Model<'_>) -> String {
    let Some(whole) = model.view.whole else { return String::new() };
    if let Some(range) = model.view.range {
        let counted = match model.range_counts {
            Some(counts) => {
                let events: u64 = counts.iter().sum();
                let seconds = range.len_ns() as f64 / axis::SECOND as f64;
                format!("{} · {}/s", figures::of(events, "event"), rate(events as f64 / seconds.max(1e-9)))
            }
            None => "counting…".to_owned(),
        };
        return format!("marked {} · {counted}", spell(model.clock, range));
    }
    let target = model.view.target();
    let held = Stretch::between(
        model.view.folds.to_time(target.from_ns.max(whole.from_ns)),
        model.view.folds.to_time(target.to_ns.min(whole.to_ns)),
    );
    match model.picture {
        Some(picture) => {
            let about = if picture.exact { "" } else { "about " };
            format!("{} · {about}{}", spell(model.clock, held), figures::of(picture.in_view, "event"))
        }
        None => spell(model.clock, held),
    }
}

/// How many in a second, in three figures: few are worth their fractions.
fn rate(per_second: f64) -> String {
    match per_second {
        few if few < 10.0 => format!("{few:.2}"),
        some if some < 100.0 => format!("{some:.1}"),
        many => figures::short(many),
    }
}

/// A stretch as a person reads it, the date once if it is the same: `2026-03-14 09:12:00.000 – 09:17:30.000 · 5 m 30 s`.
pub fn spell(clock: &Clock, stretch: Stretch) -> String {
    let (from, to) = (stretch.from_ns, stretch.to_ns);
    let end = if clock.date(from) == clock.date(to) { clock.time_of_day(to) } else { clock.full(to) };
    format!("{} – {end} · {}", clock.full(from), fabula_core::event::time::format_span_ns(stretch.len_ns()))
}

fn spoken(frame: &Frame<'_>) -> String {
    format!("Timeline, {}", spell(frame.model.clock, frame.scale.shown()))
}
