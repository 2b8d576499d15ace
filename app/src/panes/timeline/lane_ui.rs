//! Paints the lanes' labels, and the line under each.

use egui::{Align2, Color32, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::bars::Heights;
use super::lanes::{DENSE_LANE_HEIGHT, LABEL_WIDTH, LaneKey, Placed};
use super::picture::LanePicture;
use super::plot_ui::PlotLane;
use super::view::Action;
use super::{Frame, Outcome};
use crate::figures;
use crate::theme::{font, size, tokens, widgets};

/// Paints every lane on the screen.
pub(super) fn lanes_ui(ui: &mut Ui, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
    let scrolled = frame.parts.lanes.with_min_y(frame.column.scrolled_top());
    for placed in &frame.placed {
        let clip = if placed.pinned { frame.parts.lanes } else { scrolled };
        let lane = Lane::new(frame, placed, clip, ui);
        lane.label_ui(ui, frame, outcomes);
        lane.plot_ui(ui, frame);
        lane.chosen_ui(ui, frame);
    }
    let last = frame.placed.iter().rev().find(|placed| placed.pinned);
    if let Some(last) = last {
        let y = last.top + last.height - 1.0;
        ui.painter().hline(frame.parts.lanes.x_range(), y, Stroke::new(1.0, tokens(ui).outline));
    }
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
        let text = Rect::from_min_max(
            pos2(self.rect.left() + size::INSET + size::CHIP + 8.0, self.rect.top()),
            pos2(self.rect.left() + LABEL_WIDTH - 8.0, self.rect.bottom()),
        );
        let name = self.key.label();
        let (name_rect, caption_rect) = if dense {
            let marked = self.marked(frame);
            let color = if marked.is_some() { tokens.accent } else { tokens.text_faint };
            let count = marked.or(self.picture.map(|picture| picture.in_view)).map_or_else(String::new, short_count);
            let width = widgets::line(&painter, &count, font::small(), color, text.width()).size().x;
            widgets::text_in(&painter, text, Align2::RIGHT_CENTER, &count, font::small(), color);
            (text.with_max_x(text.right() - width - 6.0), None)
        } else {
            let half = |y: f32| Rect::from_center_size(pos2(text.center().x, y), vec2(text.width(), 14.0));
            (half(middle - 7.0), Some(half(middle + 8.0)))
        };
        let cut = widgets::text_in(&painter, name_rect, Align2::LEFT_CENTER, &name, font::body(), tokens.text);
        if let Some(rect) = caption_rect {
            widgets::text_in(&painter, rect, Align2::LEFT_CENTER, &caption, font::small(), tokens.text_faint);
        }
        self.menu(&response, frame, outcomes);
        if cut || dense {
            response.on_hover_text(format!("{name}\n{caption}"));
        }
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
