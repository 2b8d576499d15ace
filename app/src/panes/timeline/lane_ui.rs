//! Paints the lanes' labels, and the line under each.

use egui::{Align2, Color32, Painter, Rangef, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::bars::Heights;
use super::lanes::{DENSE_LANE_HEIGHT, LABEL_WIDTH, LaneKey, Placed};
use super::picture::LanePicture;
use super::plot_ui::PlotLane;
use super::view::Action;
use super::{Frame, Outcome};
use crate::command::Command;
use crate::figures;
use crate::theme::{Tokens, font, names, size, tokens, widgets};

/// So many of the events that were pointed out are drawn on a lane.
const POINTED_OUT: usize = 500;

/// Paints every lane on the screen.
pub(super) fn lanes_ui(ui: &mut Ui, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
    let scrolled = frame.parts.lanes.with_min_y(frame.column.scrolled_top());
    for placed in &frame.placed {
        let clip = if placed.pinned { frame.parts.lanes } else { scrolled };
        let lane = Lane::new(frame, placed, clip, ui);
        lane.label_ui(ui, frame, outcomes);
        lane.plot_ui(ui, frame);
        lane.chosen_ui(ui, frame);
        lane.pointed_out_ui(ui, frame, outcomes);
    }
    scroll_ui(ui, frame);
    let last = frame.placed.iter().rev().find(|placed| placed.pinned);
    if let Some(last) = last {
        let y = last.top + last.height - 1.0;
        ui.painter().hline(frame.parts.lanes.x_range(), y, Stroke::new(1.0, tokens(ui).outline));
    }
}

/// How far the lanes are scrolled: a thin thumb at the edge of the labels, where there are more than fit.
fn scroll_ui(ui: &Ui, frame: &Frame<'_>) {
    let (column, lanes) = (&frame.column, frame.parts.lanes);
    let furthest = column.furthest();
    if furthest <= 0.0 {
        return;
    }
    let track = Rangef::new(column.scrolled_top(), lanes.bottom());
    let all = furthest as f32 + lanes.height();
    let thumb = (track.span() * lanes.height() / all).max(20.0);
    let share = (frame.model.view.scroll.clamp(0.0, furthest) / furthest) as f32;
    let top = track.min + (track.span() - thumb) * share;
    let x = lanes.left() + LABEL_WIDTH;
    let rect = Rect::from_x_y_ranges(Rangef::new(x - 4.0, x - 1.0), Rangef::new(top + 1.0, top + thumb - 1.0));
    ui.painter().rect_filled(rect, 1.5, tokens(ui).outline);
}

/// One lane of one frame.
struct Lane<'a> {
    key: &'a LaneKey,
    nth: usize,
    rect: Rect,
    clip: Rect,
    color: Color32,
    fill: Color32,
    picture: Option<&'a LanePicture>,
    pinned: bool,
}

impl<'a> Lane<'a> {
    fn new(frame: &Frame<'a>, placed: &Placed, clip: Rect, ui: &Ui) -> Self {
        let key = &frame.model.lanes[placed.lane];
        let series = (frame.model.series)(key.topic());
        let lanes = frame.parts.lanes;
        Self {
            key,
            nth: placed.lane,
            rect: Rect::from_min_size(pos2(lanes.left(), placed.top), vec2(lanes.width(), placed.height)),
            clip,
            color: tokens(ui).series(series),
            fill: tokens(ui).series_fill(series),
            picture: frame.model.picture.and_then(|picture| picture.lane(key)),
            pinned: placed.pinned,
        }
    }

    /// What is said below the name: how many events, and how they are drawn.
    fn caption(&self, frame: &Frame<'_>) -> String {
        if let Some(marked) = self.marked(frame) {
            return format!("{} marked", figures::count(marked));
        }
        match self.picture {
            None => "…".to_owned(),
            Some(picture) if picture.events.is_some() => figures::of(picture.in_view, "event"),
            Some(picture) => format!("{} · density", figures::count(picture.in_view)),
        }
    }

    /// How many of the lane's events are in the marked range, where one is marked.
    fn marked(&self, frame: &Frame<'_>) -> Option<u64> {
        frame.model.view.range?;
        frame.model.range_counts?.get(self.nth).copied()
    }

    fn label_ui(&self, ui: &mut Ui, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
        let tokens = tokens(ui);
        let rect = self.rect.with_max_x(self.rect.left() + LABEL_WIDTH).intersect(self.clip);
        let response = ui.interact(rect, ui.id().with(("lane", self.key)), Sense::click());
        let caption = self.caption(frame);
        response.widget_info(|| {
            WidgetInfo::labeled(WidgetType::Label, true, format!("Lane {}, {caption}", self.key.label()))
        });
        let painter = ui.painter().with_clip_rect(self.clip);
        if response.hovered() {
            painter.rect_filled(rect, 0.0, tokens.hovered);
        }
        let dense = self.rect.height() <= DENSE_LANE_HEIGHT;
        let middle = self.rect.center().y;
        let name_y = if dense { middle } else { middle - 7.0 };
        widgets::chip(
            &painter,
            tokens,
            pos2(self.rect.left() + size::INSET + size::CHIP / 2.0, name_y),
            self.color,
            true,
        );
        let cut = self.words_ui(&painter, tokens, frame, &caption);
        self.menu(&response, frame, outcomes);
        if cut || dense {
            response.on_hover_text(format!("{}\n{caption}", self.key.label()));
        }
    }

    /// The name, and how many events: below it where there is room, else at the right. Says whether the name was cut.
    fn words_ui(&self, painter: &Painter, tokens: &Tokens, frame: &Frame<'_>, caption: &str) -> bool {
        let text = Rect::from_min_max(
            pos2(self.rect.left() + size::INSET + size::CHIP + 8.0, self.rect.top()),
            pos2(self.rect.left() + LABEL_WIDTH - 8.0, self.rect.bottom()),
        );
        let marked = self.marked(frame);
        let color = if marked.is_some() { tokens.accent } else { tokens.text_faint };
        if self.rect.height() <= DENSE_LANE_HEIGHT {
            let count = marked.or(self.picture.map(|picture| picture.in_view)).map_or_else(String::new, short_count);
            let width = widgets::line(painter, &count, font::small(), color, text.width()).size().x;
            widgets::text_in(painter, text, Align2::RIGHT_CENTER, &count, font::small(), color);
            return self.name_ui(painter, tokens, text.with_max_x(text.right() - width - 6.0));
        }
        let middle = self.rect.center().y;
        let half = |y: f32| Rect::from_center_size(pos2(text.center().x, y), vec2(text.width(), 14.0));
        widgets::text_in(painter, half(middle + 8.0), Align2::LEFT_CENTER, caption, font::small(), color);
        self.name_ui(painter, tokens, half(middle - 7.0))
    }

    /// The topic, cut where it is too long, and the partition's number, which tells lanes of a topic apart, never.
    fn name_ui(&self, painter: &Painter, tokens: &Tokens, rect: Rect) -> bool {
        let number = match self.key {
            LaneKey::Topic(_) => String::new(),
            LaneKey::Partition(partition) => format!(" · {}", partition.partition),
        };
        let number = widgets::line(painter, &number, font::body(), tokens.text_second, rect.width());
        let room = rect.width() - number.size().x;
        let (name, cut) = names::line(painter, self.key.topic(), font::body(), tokens.text, room);
        let y = |galley: &egui::Galley| rect.center().y - galley.size().y / 2.0;
        let after = pos2(rect.left() + name.size().x, y(&number));
        painter.galley(pos2(rect.left(), y(&name)), name, tokens.text);
        painter.galley(after, number, tokens.text_second);
        cut
    }

    fn menu(&self, response: &egui::Response, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
        response.context_menu(|ui| {
            let mut chosen = None;
            let pin = if self.pinned { "Unpin lane" } else { "Pin lane" };
            if ui.button(pin).clicked() {
                chosen = Some(Action::Pin(self.key.topic().clone()));
            }
            let (other, name) = match frame.model.view.heights_of(self.key) {
                Heights::Linear => (Heights::Log, "Density on a logarithmic scale"),
                Heights::Log => (Heights::Linear, "Density on a linear scale"),
            };
            if ui.button(name).clicked() {
                chosen = Some(Action::Heights(self.key.clone(), other));
            }
            if let Some(action) = chosen {
                outcomes.push(Outcome::View(action));
                ui.close();
            }
        });
    }

    /// Says where the chosen event's ring is, for those who can't see it.
    fn chosen_ui(&self, ui: &Ui, frame: &Frame<'_>) {
        let Some(selected) = frame.model.selected else { return };
        let Some(ns) = selected.time_ns.filter(|_| self.holds(selected.coordinates)) else { return };
        let ring = Rect::from_center_size(pos2(frame.scale.x(ns), self.rect.center().y), vec2(18.0, 18.0));
        if frame.parts.plot().intersects(ring) && self.clip.intersects(ring) {
            let response = ui.interact(ring, ui.id().with("chosen"), Sense::HOVER);
            let words = format!("Chosen event {}, lane {}", selected.coordinates, self.key.label());
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, &words));
        }
    }

    /// Events that were pointed out, such as those that made a row: a square around each, which chooses it.
    fn pointed_out_ui(&self, ui: &Ui, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
        let plot = frame.parts.plot();
        let near = self.picture.and_then(|picture| picture.events.as_deref()).unwrap_or_default();
        let events = frame.model.pointed_out.iter().filter(|(at, _)| self.holds(at));
        let mut last = f32::NEG_INFINITY;
        for (at, time) in events.take(POINTED_OUT) {
            let of = |event: &&super::picture::EventMark| (event.partition, event.offset) == (at.partition, at.offset);
            let Some(ns) = time.or_else(|| near.iter().find(of).map(|event| event.time_ns)) else { continue };
            let place = Rect::from_center_size(pos2(frame.scale.x(ns), self.rect.center().y), vec2(13.0, 13.0));
            let is_chosen = frame.model.selected.is_some_and(|selected| selected.coordinates == at);
            // One in the place of another adds nothing that could be seen or pressed.
            if is_chosen || !plot.intersects(place) || !self.clip.intersects(place) || (place.left() - last).abs() < 1.0
            {
                continue;
            }
            last = place.left();
            let painter = ui.painter().with_clip_rect(self.clip.intersect(plot));
            let stroke = Stroke::new(1.5, tokens(ui).accent);
            painter.rect_stroke(place, 3.0, stroke, egui::StrokeKind::Inside);
            let response = ui.interact(place.intersect(plot), ui.id().with(("pointed out", at)), Sense::CLICK);
            response.widget_info(|| {
                let words = format!("Pointed out: {at}, lane {}", self.key.label());
                WidgetInfo::labeled(WidgetType::Button, true, words)
            });
            if response.clicked() {
                let selection = crate::state::Selection { coordinates: at.clone(), time_ns: Some(ns) };
                outcomes.push(Outcome::Command(Command::Select(Some(selection))));
            }
        }
    }

    fn holds(&self, at: &fabula_core::event::Coordinates) -> bool {
        self.key.holds(&at.topic, at.partition)
    }

    fn plot_ui(&self, ui: &Ui, frame: &Frame<'_>) {
        let painter = ui.painter().with_clip_rect(self.clip);
        let line = 1.0 / ui.pixels_per_point();
        let foot = painter.round_to_pixel_center(self.rect.bottom() - line);
        painter.hline(self.rect.x_range(), foot, Stroke::new(line, tokens(ui).hairline));
        let Some(picture) = self.picture else { return };
        let painter = ui.painter().with_clip_rect(self.clip.intersect(frame.parts.plot()));
        let lane = PlotLane { key: self.key, rect: self.rect, color: self.color, fill: self.fill };
        lane.paint(&painter, tokens(ui), frame, picture);
    }
}

/// A count that fits beside a name: whole up to five figures, then in thousands or millions.
fn short_count(count: u64) -> String {
    if count < 100_000 { figures::count(count) } else { figures::short(count as f64) }
}
