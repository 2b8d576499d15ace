//! The few widgets that the toolkit has not, or not in this look.

use egui::text::LayoutJob;
use egui::{
    Align2, Button, Color32, CornerRadius, Galley, Painter, Rect, Response, RichText, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, WidgetType, pos2, vec2,
};
use std::sync::Arc;

use super::icon::{self, Icon};
use super::{Tokens, font, size, tokens};

/// Lays out one line of text, cut with an ellipsis where it does not fit.
pub fn line(painter: &Painter, text: &str, font: egui::FontId, color: Color32, max_width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(max_width.max(0.0));
    painter.layout_job(job)
}

/// Paints one line of text within a rectangle, cut with an ellipsis, and says whether it was cut.
pub fn text_in(painter: &Painter, rect: Rect, align: Align2, text: &str, font: egui::FontId, color: Color32) -> bool {
    let galley = line(painter, text, font, color, rect.width());
    let elided = galley.elided;
    let at = align.align_size_within_rect(galley.size(), rect).min;
    painter.galley(at, galley, color);
    elided
}

/// A line between two surfaces, exactly one pixel wide on any screen.
pub fn hairline_h(ui: &Ui, x: egui::Rangef, y: f32) {
    let width = 1.0 / ui.pixels_per_point();
    let y = (y * ui.pixels_per_point()).floor() / ui.pixels_per_point() + width / 2.0;
    ui.painter().hline(x, y, Stroke::new(width.max(0.75), tokens(ui).hairline));
}

/// A line between two surfaces, standing.
pub fn hairline_v(ui: &Ui, x: f32, y: egui::Rangef) {
    let width = 1.0 / ui.pixels_per_point();
    let x = (x * ui.pixels_per_point()).floor() / ui.pixels_per_point() + width / 2.0;
    ui.painter().vline(x, y, Stroke::new(width.max(0.75), tokens(ui).hairline));
}

/// The coloured square that stands for a topic: filled when its events are shown, an outline when they are not.
pub fn chip(painter: &Painter, tokens: &Tokens, center: egui::Pos2, color: Color32, shown: bool) {
    let rect = Rect::from_center_size(center, vec2(size::CHIP, size::CHIP));
    if shown {
        painter.rect_filled(rect, 2.0, color);
    } else {
        painter.rect_stroke(rect, 2.0, Stroke::new(1.0, tokens.text_faint), StrokeKind::Inside);
    }
}

/// The one button of a place that a person most likely wants.
pub fn primary_button(ui: &mut Ui, text: &str) -> Response {
    let tokens = tokens(ui);
    ui.add(
        Button::new(RichText::new(text).font(font::medium()).color(tokens.on_accent))
            .fill(tokens.accent)
            .stroke(Stroke::NONE)
            .min_size(vec2(0.0, 26.0)),
    )
}

/// An ordinary button.
pub fn button(ui: &mut Ui, text: &str) -> Response {
    ui.add(Button::new(RichText::new(text).font(font::medium())).min_size(vec2(0.0, 26.0)))
}

/// A button in a bar that can be on: flat, lit with the accent when it is.
pub fn bar_toggle(ui: &mut Ui, text: &str, on: bool) -> Response {
    let tokens = tokens(ui);
    let color = if on { tokens.accent } else { tokens.text };
    let fill = if on { tokens.selected } else { tokens.raised };
    let response = ui.add(
        Button::new(RichText::new(text).font(font::medium()).color(color))
            .fill(fill)
            .stroke(Stroke::NONE)
            .min_size(vec2(0.0, 24.0)),
    );
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, on, text));
    response
}

/// A small button that is a mark; its name is for the tooltip and for those who cannot see it.
pub fn icon_button(ui: &mut Ui, mark: Icon, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, ui.is_enabled(), name));
    let tokens = tokens(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(4), tokens.raised_hover);
    }
    let color = if response.hovered() { tokens.text } else { tokens.text_second };
    icon::paint(ui.painter(), rect, mark, color);
    response.on_hover_text(name)
}

/// A label that links: the accent's colour, underlined under the pointer.
pub fn link(ui: &mut Ui, text: &str) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font::medium(), tokens(ui).accent);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x, 20.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Link, ui.is_enabled(), text));
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect).min;
    if response.hovered() || response.has_focus() {
        let y = at.y + galley.size().y - 1.0;
        ui.painter().hline(rect.x_range(), y, Stroke::new(1.0, tokens(ui).accent));
    }
    if response.has_focus() {
        focus_ring(ui, rect.expand2(vec2(3.0, 0.0)));
    }
    ui.painter().galley(at, galley, tokens(ui).accent);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// The line around what has the keyboard.
pub fn focus_ring(ui: &Ui, rect: Rect) {
    let stroke = Stroke::new(1.0, tokens(ui).accent);
    ui.painter().rect_stroke(rect, CornerRadius::same(4), stroke, StrokeKind::Outside);
}

/// Gives a name to what the toolkit can be used by and says nothing of: the edges of panes, the axes of charts.
pub fn name_unnamed(ctx: &egui::Context, name: &str, is_it: impl Fn(&egui::WidgetRect) -> bool) {
    let ids: Vec<egui::Id> = ctx.viewport(|viewport| {
        let all = viewport.this_pass.widgets.layers().flat_map(|(_, widgets)| widgets);
        all.filter(|widget| widget.sense.is_focusable() && is_it(widget)).map(|widget| widget.id).collect()
    });
    for id in ids {
        ctx.accesskit_node_builder(id, |node| {
            if node.label().is_none() && node.value().is_none() {
                node.set_label(name);
            }
        });
    }
}

/// A fact in one line, small and quiet.
pub fn caption(ui: &mut Ui, text: impl Into<String>) -> Response {
    let color = tokens(ui).text_second;
    ui.add(egui::Label::new(RichText::new(text).font(font::small()).color(color)).truncate())
}

/// As [`caption`], never cut: for a bar that wraps.
pub fn whole_caption(ui: &mut Ui, text: &str) -> Response {
    let color = tokens(ui).text_second;
    ui.add(egui::Label::new(RichText::new(text).font(font::small()).color(color)).extend())
}

/// The head of a section within a pane: its name left, a figure right, a hairline below.
pub fn section_head(ui: &mut Ui, name: &str, figure: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::PANE_HEADER), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{name} {figure}")));
    let tokens = tokens(ui);
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    let figure_width = line(ui.painter(), figure, font::small(), tokens.text_second, inner.width()).size().x;
    let name_rect = inner.with_max_x(inner.right() - figure_width - 8.0);
    text_in(ui.painter(), name_rect, Align2::LEFT_CENTER, name, font::strong(), tokens.text_second);
    text_in(ui.painter(), inner, Align2::RIGHT_CENTER, figure, font::small(), tokens.text_second);
    hairline_h(ui, rect.x_range(), rect.bottom() - 1.0);
    response
}

/// An error where it happened: one line that can be read in full under the pointer and copied with a click.
pub fn error_line(ui: &mut Ui, message: &str) -> Response {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let galley = {
        let job = LayoutJob::simple(message.to_owned(), font::body(), tokens.error, (width - 52.0).max(40.0));
        ui.painter().layout_job(job)
    };
    let height = (galley.size().y + 10.0).max(26.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, message));
    ui.painter().rect_filled(rect, CornerRadius::same(size::RADIUS), super::mix(tokens.error, tokens.pane, 0.88));
    let mark = Rect::from_center_size(pos2(rect.left() + 14.0, rect.center().y), vec2(16.0, 16.0));
    icon::paint(ui.painter(), mark, Icon::Error, tokens.error);
    let at = pos2(rect.left() + 28.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, tokens.error);
    let copy = Rect::from_center_size(pos2(rect.right() - 13.0, rect.center().y), vec2(16.0, 16.0));
    if response.hovered() {
        icon::paint(ui.painter(), copy, Icon::Copy, tokens.error);
    }
    if response.clicked() {
        ui.ctx().copy_text(message.to_owned());
    }
    response.on_hover_text("Copy this message")
}

/// A field for one line without a frame of its own, for places that are one field: palette, filter, find.
pub fn bare_field<'t>(ui: &Ui, text: &'t mut String, hint: &str, left: i8) -> egui::TextEdit<'t> {
    egui::TextEdit::singleline(text)
        .hint_text(RichText::new(hint).color(tokens(ui).text_faint))
        .frame(egui::Frame::NONE.inner_margin(egui::Margin { left, right: 8, top: 0, bottom: 0 }))
        .vertical_align(egui::Align::Center)
        .desired_width(f32::INFINITY)
}

/// Keeps the arrows for a widget that has the focus: lists that take them without having it leave them then.
pub fn take_arrows(ui: &Ui, widget: egui::Id) {
    ui.data_mut(|data| data.insert_temp(arrows_id(), widget));
}

/// Whether a widget that has the focus keeps the arrows for itself.
pub fn arrows_are_taken(ctx: &egui::Context) -> bool {
    let taker: Option<egui::Id> = ctx.data(|data| data.get_temp(arrows_id()));
    taker.is_some_and(|taker| ctx.memory(|memory| memory.has_focus(taker)))
}

/// Keeps some keys for a widget that has the focus: they are no shortcuts then.
pub fn keep_keys(ui: &Ui, widget: egui::Id, keys: &'static [egui::Key]) {
    ui.data_mut(|data| data.insert_temp(egui::Id::new("kept keys"), (widget, keys)));
}

/// The keys that the widget with the focus keeps for itself.
pub fn kept_keys(ctx: &egui::Context) -> &'static [egui::Key] {
    let kept: Option<(egui::Id, &'static [egui::Key])> = ctx.data(|data| data.get_temp(egui::Id::new("kept keys")));
    kept.filter(|(widget, _)| ctx.memory(|memory| memory.has_focus(*widget))).map_or(&[], |(_, keys)| keys)
}

/// Says that a widget keeps Home and End for itself while it has the focus: they go to the first and the last event else.
pub fn take_ends(ui: &Ui, widget: egui::Id) {
    ui.data_mut(|data| data.insert_temp(ends_id(), widget));
}

/// Whether a widget that has the focus keeps Home and End for itself.
pub fn ends_are_taken(ctx: &egui::Context) -> bool {
    let taker: Option<egui::Id> = ctx.data(|data| data.get_temp(ends_id()));
    taker.is_some_and(|taker| ctx.memory(|memory| memory.has_focus(taker)))
}

fn ends_id() -> egui::Id {
    egui::Id::new("ends")
}

fn arrows_id() -> egui::Id {
    egui::Id::new("arrows")
}

/// The mark of a field that opens a list.
pub fn list_mark(ui: &Ui, rect: Rect, _visuals: &egui::style::WidgetVisuals, _open: bool) {
    icon::paint(ui.painter(), rect, Icon::Open, tokens(ui).text_second);
}

/// How far something is: a thin bar; where the whole is unknown, a part of it that says only that work goes on.
pub fn progress_bar(ui: &Ui, rect: Rect, share: Option<f32>) {
    let tokens = tokens(ui);
    let rounding = rect.height() / 2.0;
    ui.painter().rect_filled(rect, rounding, tokens.raised_hover);
    let filled = match share {
        Some(share) => rect.with_max_x(rect.left() + rect.width() * share.clamp(0.0, 1.0)),
        None => rect.with_max_x(rect.left() + rect.width() * 0.3),
    };
    ui.painter().rect_filled(filled, rounding, tokens.accent);
}

/// What a pane shows when it has nothing: what to do next, and the button that does it.
pub fn empty_state(ui: &mut Ui, title: &str, hint: &str, button: Option<&str>) -> bool {
    let mut pressed = false;
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.38 - 40.0).max(16.0));
        let tokens = tokens(ui);
        ui.label(RichText::new(title).font(font::medium()).size(13.0).color(tokens.text));
        ui.add_space(2.0);
        ui.scope(|ui| {
            ui.set_max_width(320.0_f32.min(ui.available_width() - 24.0));
            ui.label(RichText::new(hint).font(font::body()).color(tokens.text_second));
        });
        if let Some(text) = button {
            ui.add_space(10.0);
            pressed = self::button(ui, text).clicked();
        }
    });
    pressed
}

/// Keys as caps on the right of a rectangle, ending at `right`; gives where they begin.
pub fn keys_right(ui: &Ui, rect: Rect, right: f32, keys: &str) -> f32 {
    let tokens = tokens(ui);
    let mut right = right;
    // A `+` that stands alone is the key itself.
    let parts: Vec<&str> = match keys.strip_suffix("++") {
        Some(before) => before.split('+').chain(["+"]).collect(),
        None if keys == "+" => vec!["+"],
        None => keys.split('+').collect(),
    };
    for part in parts.iter().rev() {
        let galley = line(ui.painter(), part, font::small(), tokens.text_second, rect.width());
        let width = (galley.size().x + 10.0).max(18.0);
        let cap = Rect::from_min_max(pos2(right - width, rect.center().y - 9.0), pos2(right, rect.center().y + 9.0));
        ui.painter().rect(cap, 4.0, tokens.raised, Stroke::new(1.0, tokens.hairline), StrokeKind::Inside);
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), cap).min;
        ui.painter().galley(at, galley, tokens.text_second);
        right -= width + 3.0;
    }
    right + 3.0
}

/// Something that went well, in one line.
pub fn good_line(ui: &mut Ui, message: &str) -> Response {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, message));
    ui.painter().rect_filled(rect, CornerRadius::same(size::RADIUS), super::mix(tokens.good, tokens.pane, 0.88));
    let mark = Rect::from_center_size(pos2(rect.left() + 14.0, rect.center().y), vec2(16.0, 16.0));
    icon::paint(ui.painter(), mark, Icon::Check, tokens.good);
    let text = rect.with_min_x(rect.left() + 28.0).with_max_x(rect.right() - 8.0);
    text_in(ui.painter(), text, Align2::LEFT_CENTER, message, font::body(), tokens.text);
    response
}
