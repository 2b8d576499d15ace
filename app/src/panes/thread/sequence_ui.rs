//! Paints the sequence: only the steps in sight.

use egui::{
    Align2, Color32, Painter, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo, WidgetType,
    pos2, vec2,
};
use fabula_core::event::time::format_span_ns;
use fabula_core::narrative::threads::diagnose::Certainty;

use super::sequence::{Drawn, Places, STEP};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::panes::threads::kind_color;
use crate::state::{Missing, Tale};
use crate::theme::{Tokens, font, names, size, tokens, widgets};

const NS: i64 = 1_000_000;
/// The width of the times at the left.
const TIMES: f32 = 104.0;
/// The least and the most that participants are apart.
const NARROW: f32 = 104.0;
const WIDE: f32 = 190.0;
const HEAD: f32 = 26.0;

/// What the painters of one frame share.
struct Drawing<'a> {
    tale: &'a Tale,
    places: &'a Places,
    context: &'a Context<'a>,
    tokens: &'a Tokens,
    corner: Pos2,
    apart: f32,
}

impl Drawing<'_> {
    fn x(&self, participant: usize) -> f32 {
        self.corner.x + TIMES + self.apart * (participant as f32 + 0.5)
    }

    fn y(&self, place: usize) -> f32 {
        self.corner.y + self.places.ys[place]
    }

    fn color(&self, place: usize) -> Color32 {
        self.tokens.series(self.context.state.series.number(&self.tale.steps[place].at.topic))
    }
}

/// Paints a thread and takes what is done to it.
pub(super) fn sequence_ui(
    ui: &mut Ui,
    rect: Rect,
    (tale, places): (&Tale, &Places),
    selected: Option<usize>,
    reveal: bool,
    context: &Context<'_>,
) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let count = tale.participants.len().max(1) as f32;
    let apart = ((rect.width() - TIMES - 16.0) / count).clamp(NARROW, WIDE);
    let width = (TIMES + apart * count + 16.0).max(rect.width());
    let body = rect.with_min_y(rect.top() + HEAD);
    let height = places.foot + tale.missing.len() as f32 * STEP + 16.0;
    let mut child = ui.new_child(UiBuilder::new().max_rect(body).id_salt("sequence"));
    let response = child.interact(body, child.id().with("all"), Sense::HOVER | Sense::FOCUSABLE);
    let spoken = format!("Sequence of {}, {} steps, {} services", tale.name, tale.steps.len(), tale.participants.len());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, &spoken));
    if let Some(next) = keys(&child, &response, selected, tale.steps.len()) {
        context.send(Command::GoToEvent(tale.steps[next].at.clone()));
    }
    let mut area = ScrollArea::both().id_salt("sequence").auto_shrink(false);
    if let (true, Some(place)) = (reveal, selected) {
        let known = egui::scroll_area::State::load(child.ctx(), child.make_persistent_id("sequence"));
        let (top, y) = (known.map_or(0.0, |state| state.offset.y), places.ys[place]);
        // What is in sight stays where it is.
        if y < top + STEP / 2.0 || y > top + body.height() - STEP / 2.0 {
            area = area.vertical_scroll_offset((y - body.height() / 2.0).clamp(0.0, (height - body.height()).max(0.0)));
        }
    }
    let shown = area.show_viewport(&mut child, |ui, viewport| {
        ui.set_width(width);
        ui.set_height(height);
        let corner = ui.max_rect().min;
        let drawing = Drawing { tale, places, context, tokens, corner, apart };
        lifelines(ui.painter(), &drawing, viewport);
        let mut pressed = false;
        for drawn in places.within(viewport.top() - STEP, viewport.bottom() + STEP) {
            match places.steps(drawn) {
                [place] => {
                    let place = *place as usize;
                    pressed |= step_ui(ui, &drawing, place, drawn.worded, selected == Some(place), width);
                }
                steps => pressed |= burst_ui(ui, &drawing, drawn, steps, selected, width),
            }
        }
        if pressed {
            response.request_focus();
        }
        for (nth, missing) in tale.missing.iter().enumerate() {
            ghost_ui(ui, &drawing, nth, missing, width);
        }
    });
    if response.has_focus() {
        let stroke = Stroke::new(1.0, tokens.accent);
        ui.painter().rect_stroke(body.shrink(0.5), 0.0, stroke, egui::StrokeKind::Inside);
    }
    heads_ui(ui, rect.with_max_y(body.top()), tale, apart, -shown.state.offset.x);
}

/// The arrows go from step to step while the sequence has the focus.
fn keys(ui: &Ui, response: &egui::Response, selected: Option<usize>, count: usize) -> Option<usize> {
    if !response.has_focus() || count == 0 {
        return None;
    }
    let filter = egui::EventFilter { vertical_arrows: true, ..egui::EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    widgets::take_arrows(ui, response.id);
    let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(egui::Modifiers::NONE, key)) as isize;
    let by = pressed(egui::Key::ArrowDown) - pressed(egui::Key::ArrowUp);
    (by != 0).then(|| selected.map_or(0, |place| place.saturating_add_signed(by).min(count - 1)))
}

fn heads_ui(ui: &mut Ui, head: Rect, tale: &Tale, apart: f32, shift: f32) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(head, 0.0, tokens.pane);
    let clip = head.with_min_x(head.left() + TIMES - 8.0);
    let painter = ui.painter().with_clip_rect(clip.intersect(ui.clip_rect()));
    for (at, name) in tale.participants.iter().enumerate() {
        let left = head.left() + TIMES + apart * at as f32 + shift;
        let place = Rect::from_min_size(pos2(left + 4.0, head.top()), vec2(apart - 8.0, head.height()));
        if !place.intersects(clip) {
            continue;
        }
        let cut = names::name_in(&painter, place, Align2::CENTER_CENTER, name, font::medium(), tokens.text);
        let response = ui.interact(place.intersect(clip), ui.id().with(("service", at)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Service {name}")));
        if cut {
            response.on_hover_text(&**name);
        }
    }
    widgets::hairline_h(ui, head.x_range(), head.bottom() - 1.0);
}

fn lifelines(painter: &Painter, drawing: &Drawing<'_>, viewport: Rect) {
    let stroke = Stroke::new(1.0, drawing.tokens.hairline);
    for at in 0..drawing.tale.participants.len() {
        let x = painter.round_to_pixel_center(drawing.x(at));
        let y = egui::Rangef::new(drawing.corner.y + viewport.top(), drawing.corner.y + viewport.bottom());
        painter.vline(x, y, stroke);
    }
}

/// A latency as it stands at an edge; against the cause where times contradict it.
fn latency(ms: Option<i64>) -> String {
    match ms {
        None => "no time".to_owned(),
        Some(ms) if ms < 0 => format!("-{}", format_span_ns(ms.saturating_neg().saturating_mul(NS))),
        Some(ms) => format_span_ns(ms.saturating_mul(NS)),
    }
}

/// Paints a step; says whether it was pressed.
fn step_ui(ui: &mut Ui, drawing: &Drawing<'_>, place: usize, has_room: bool, selected: bool, width: f32) -> bool {
    let (tale, tokens) = (drawing.tale, drawing.tokens);
    let step = &tale.steps[place];
    let y = drawing.y(place);
    let worded = has_room || selected;
    let height = if has_room { STEP - 2.0 } else { 10.0 };
    let line = Rect::from_min_size(pos2(drawing.corner.x, y - height / 2.0 - 2.0), vec2(width, height));
    let response = ui.interact(line, ui.id().with(("step", place)), Sense::click());
    let cause = tale.causes[place];
    let finding = fault(tale, place);
    response.widget_info(|| {
        let why =
            cause.map(|edge| format!(", {} after {}", latency(edge.latency_ms), tale.steps[edge.from as usize].step));
        let found = finding.map(|finding| format!(", {}", finding.kind.title())).unwrap_or_default();
        let words = format!(
            "Step {} {} by {}{}{found}",
            place + 1,
            step.step,
            tale.participants[step.participant],
            why.unwrap_or_default()
        );
        WidgetInfo::selected(WidgetType::SelectableLabel, true, selected, words)
    });
    if selected {
        ui.painter().rect_filled(line, 0.0, tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(line, 0.0, tokens.hovered);
    }
    let color = finding.map_or(drawing.color(place), |finding| kind_color(tokens, finding));
    let x = drawing.x(step.participant);
    let from = cause.map(|edge| (drawing.x(tale.steps[edge.from as usize].participant), edge.kind.is_exact()));
    let painter = ui.painter();
    match from.filter(|(from, _)| (from - x).abs() > 1.0) {
        Some((from, exact)) => arrow(painter, pos2(from, y), pos2(x, y), exact, Stroke::new(1.4, color)),
        None => drop(painter.circle_filled(pos2(x, y), 4.0, color)),
    }
    if selected {
        painter.circle_stroke(pos2(x, y), 8.0, Stroke::new(1.75, tokens.accent));
    }
    if worded {
        words_ui(painter, drawing, place, x, y, from.map(|(from, _)| from));
    }
    let time = step
        .time_ms
        .map_or_else(|| "no time".to_owned(), |ms| drawing.context.state.clock.time_of_day(ms.saturating_mul(NS)));
    if worded {
        let left = Rect::from_min_max(pos2(line.left() + size::INSET, y - 8.0), pos2(line.left() + TIMES, y + 8.0));
        widgets::text_in(painter, left, Align2::LEFT_CENTER, &time, font::mono_small(), tokens.text_second);
    }
    let clicked = response.clicked();
    response.on_hover_ui_at_pointer(|ui| {
        ui.label(format!("{} · {} · {}", step.step, step.at, time));
        if let Some(edge) = cause {
            let from = &tale.steps[edge.from as usize].step;
            ui.label(format!("{} after {from}: {}", latency(edge.latency_ms), edge_words(edge.kind)));
        }
        for finding in step.findings.iter().filter_map(|at| tale.findings.get(*at)) {
            ui.label(format!("{}: {}", finding.kind.title(), finding.what));
        }
    });
    if clicked {
        drawing.context.send(Command::GoToEvent(step.at.clone()));
    }
    clicked
}

/// What is unusual about an event itself: what is missing is no fault of the events that show it.
pub(super) fn fault(tale: &Tale, place: usize) -> Option<&fabula_core::narrative::threads::diagnose::Diagnosis> {
    let mut found = tale.steps[place].findings.iter().filter_map(|at| tale.findings.get(*at));
    found.find(|finding| finding.missing.is_empty())
}

/// How it is known that one event led to another.
pub(super) fn edge_words(kind: fabula_core::narrative::threads::EdgeKind) -> &'static str {
    use fabula_core::narrative::threads::EdgeKind as K;
    match kind {
        K::Causation => "it names that event as its cause",
        K::DeadLetter | K::Retry => "its headers say that it was that event",
        K::Reply => "it answers that request",
        K::Follows => "inferred: it comes next in time",
    }
}

/// What happened above the line, how long it took below it.
fn words_ui(painter: &Painter, drawing: &Drawing<'_>, place: usize, x: f32, y: f32, from: Option<f32>) {
    let (tale, tokens) = (drawing.tale, drawing.tokens);
    let step = &tale.steps[place];
    let finding = fault(tale, place);
    let color = finding.map_or(tokens.text, |finding| kind_color(tokens, finding));
    let room = drawing.apart - 12.0;
    let (galley, _) = names::line(painter, &step.step, font::small(), color, room.max(60.0));
    let after = tale.causes[place].map(|edge| latency(edge.latency_ms));
    match from.filter(|from| (from - x).abs() > 1.0) {
        Some(from) => {
            // Beside the arrow's head, where its service's column has the room.
            let middle = if from < x { x - drawing.apart / 2.0 } else { x + drawing.apart / 2.0 };
            let at = pos2(middle - galley.size().x / 2.0, y - galley.size().y - 1.0);
            painter.galley(at, galley, color);
            if let Some(after) = after {
                painter.text(pos2(middle, y + 2.0), Align2::CENTER_TOP, after, font::small(), tokens.text_faint);
            }
        }
        None => {
            // Right of the dot; left of it where nothing stands further right.
            let last = step.participant + 1 == tale.participants.len() && tale.participants.len() > 1;
            let (side, align) = if last { (-9.0, Align2::RIGHT_TOP) } else { (9.0, Align2::LEFT_TOP) };
            let left = if last { x + side - galley.size().x } else { x + side };
            painter.galley(pos2(left, y - galley.size().y - 1.0), galley, color);
            if let Some(after) = after {
                painter.text(pos2(x + side, y + 2.0), align, after, font::small(), tokens.text_faint);
            }
        }
    }
}

fn arrow(painter: &Painter, from: Pos2, to: Pos2, exact: bool, stroke: Stroke) {
    let way = if to.x > from.x { 1.0 } else { -1.0 };
    let end = to - vec2(way * 6.0, 0.0);
    if exact {
        painter.line_segment([from, end], stroke);
    } else {
        painter.extend(Shape::dashed_line(&[from, end], stroke, 4.0, 3.0));
    }
    let head = vec![to, to + vec2(-way * 7.0, -3.5), to + vec2(-way * 7.0, 3.5)];
    painter.add(Shape::convex_polygon(head, stroke.color, Stroke::NONE));
}

/// Steps that are too close to be told apart, as a pill with their number; says whether it was pressed.
fn burst_ui(
    ui: &mut Ui,
    drawing: &Drawing<'_>,
    drawn: &Drawn,
    steps: &[u32],
    selected: Option<usize>,
    width: f32,
) -> bool {
    let (tale, tokens) = (drawing.tale, drawing.tokens);
    let y = drawing.corner.y + drawn.y;
    let chosen = selected.filter(|place| steps.contains(&(*place as u32)));
    let line = Rect::from_min_size(pos2(drawing.corner.x, y - 10.0), vec2(width, 20.0));
    let first = steps[0] as usize;
    let response = ui.interact(line, ui.id().with(("burst", first)), Sense::click());
    let found = steps.iter().filter_map(|place| fault(tale, *place as usize)).next();
    let words = figures::of(steps.len() as u64, "step");
    response.widget_info(|| {
        let found = found.map(|finding| format!(", {} among them", finding.kind.title())).unwrap_or_default();
        let words = format!("{words} close together, from step {}{found}", first + 1);
        WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen.is_some(), words)
    });
    if chosen.is_some() {
        ui.painter().rect_filled(line, 0.0, tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(line, 0.0, tokens.hovered);
    }
    let color = found.map_or(tokens.text, |finding| kind_color(tokens, finding));
    let galley = widgets::line(ui.painter(), &words, font::small(), color, drawing.apart);
    let (left, right) = (drawing.x(drawn.across.0), drawing.x(drawn.across.1));
    let half = (galley.size().x / 2.0 + 8.0).max((right - left) / 2.0 + 5.0);
    let pill = Rect::from_center_size(pos2((left + right) / 2.0, y), vec2(half * 2.0, 17.0));
    let edge = if chosen.is_some() { tokens.accent } else { color };
    ui.painter().rect(pill, 8.0, tokens.raised, Stroke::new(1.0, edge), egui::StrokeKind::Inside);
    ui.painter().galley(pill.center() - galley.size() / 2.0, galley, color);
    let clicked = response.clicked();
    response.on_hover_ui_at_pointer(|ui| {
        for &place in steps.iter().take(12) {
            let step = &tale.steps[place as usize];
            ui.label(format!("{} · {}", step.step, step.at));
        }
        if steps.len() > 12 {
            ui.label(format!("{} more", figures::count(steps.len() as u64 - 12)));
        }
    });
    if clicked {
        drawing.context.send(Command::GoToEvent(tale.steps[first].at.clone()));
    }
    clicked
}

/// A step that peers have and this thread lacks: dashed, at the foot.
fn ghost_ui(ui: &mut Ui, drawing: &Drawing<'_>, nth: usize, missing: &Missing, width: f32) {
    let tokens = drawing.tokens;
    let y = drawing.corner.y + drawing.places.foot + nth as f32 * STEP;
    let line = Rect::from_min_size(pos2(drawing.corner.x, y - STEP / 2.0), vec2(width, STEP - 2.0));
    let color = match missing.absence {
        Certainty::Shown | Certainty::Absent => tokens.error,
        Certainty::MayStillCome | Certainty::NotRead => tokens.text_second,
    };
    let words = format!("{} {}", missing.step, missing.absence.words());
    let response = ui.interact(line, ui.id().with(("missing", nth)), Sense::hover());
    response.widget_info(|| {
        let words = format!("Missing step {}, {}", missing.step, missing.absence.words());
        WidgetInfo::labeled(WidgetType::Label, true, words)
    });
    let place = Rect::from_min_max(
        pos2(drawing.corner.x + TIMES, y - 11.0),
        pos2(drawing.corner.x + TIMES + drawing.apart * drawing.tale.participants.len() as f32, y + 11.0),
    );
    let edge = [place.left_top(), place.right_top(), place.right_bottom(), place.left_bottom(), place.left_top()];
    ui.painter().extend(Shape::dashed_line(&edge, Stroke::new(1.0, color), 4.0, 3.0));
    widgets::text_in(ui.painter(), place, Align2::CENTER_CENTER, &words, font::medium(), color);
    if let Some(finding) = drawing.tale.findings.get(missing.finding) {
        response.on_hover_text(&finding.what);
    }
}
