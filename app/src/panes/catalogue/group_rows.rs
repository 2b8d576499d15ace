//! Consumer groups: name, state, lag; unfolded, their partitions, members and when they were asked for.

use egui::{Align2, Color32, Rect, Response, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::event::Coordinates;
use fabula_core::event::time::ms_to_ns;
use fabula_core::narrative::lag::{EventsBehind, GroupStanding, TimeBehind};

use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::standing;
use crate::state::Readers;
use crate::theme::{Tokens, font, icon, size, tokens, widgets};

/// How high what is said of an unfolded group as a whole is.
pub const FACTS_HEIGHT: f32 = 3.0 * LINE + 8.0;

const LINE: f32 = 17.0;

/// Where the words of an unfolded group begin.
const INSIDE: f32 = 29.0;

/// Draws the head of the groups and says whether it was clicked.
pub fn head_ui(ui: &mut Ui, rect: Rect, readers: &Readers, shut: bool) -> bool {
    let line = rect.with_min_y(rect.bottom() - size::PANE_HEADER);
    let response = ui.allocate_rect(line, Sense::click());
    let tokens = tokens(ui);
    response.widget_info(|| WidgetInfo::selected(WidgetType::CollapsingHeader, true, !shut, "Groups"));
    let inner = line.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, "Groups", font::strong(), tokens.text_second);
    let count = match readers {
        Readers::Told(standings) => figures::count(standings.groups.len() as u64),
        Readers::NotAsked | Readers::NotTold(_) => "not known".to_owned(),
    };
    widgets::text_in(ui.painter(), inner, Align2::RIGHT_CENTER, &count, font::small(), tokens.text_second);
    let mark = Rect::from_center_size(pos2(inner.left() + 52.0, line.center().y), vec2(16.0, 16.0));
    if response.hovered() || response.has_focus() || shut {
        let shape = if shut { icon::Icon::Shut } else { icon::Icon::Open };
        icon::paint(ui.painter(), mark, shape, tokens.text_faint);
    }
    widgets::hairline_h(ui, line.x_range(), line.bottom() - 1.0);
    response.clicked()
}

/// Draws why groups are not known.
pub fn not_told_ui(ui: &mut Ui, rect: Rect, why: &str) {
    let response = ui.allocate_rect(rect, Sense::hover());
    let spoken = format!("Groups are not known: {why}");
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &spoken));
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    let color = tokens(ui).text_second;
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, &spoken, font::small(), color);
    response.on_hover_text(spoken);
}

/// The words of a group's lag in one line, and whether it is any.
fn lag(standing: &GroupStanding) -> (String, bool) {
    if standing.group.error.is_some() {
        return ("not readable".to_owned(), false);
    }
    match standing.events {
        None => (no_lag(standing).to_owned(), false),
        Some(events) if events.number() == 0 => ("0".to_owned(), false),
        Some(events) => (both(events, standing.time), true),
    }
}

fn no_lag(standing: &GroupStanding) -> &'static str {
    standing::no_lag(standing.group.positions.len() - standing.uncommitted())
}

/// A lag in events and in time: `12 · 2 m`, `at most 12`.
fn both(events: EventsBehind, time: Option<TimeBehind>) -> String {
    match time {
        Some(time) if time.ns().is_some() => format!("{} · {}", standing::number(events), standing::time(time)),
        _ => standing::number(events),
    }
}

fn dot(tokens: &Tokens, state: Option<&str>) -> Color32 {
    match state {
        Some("Stable") => tokens.good,
        Some("Empty") | None => tokens.text_faint,
        Some("Dead") => tokens.error,
        Some(_) => tokens.warning,
    }
}

/// Draws one group.
pub fn group_row_ui(ui: &mut Ui, rect: Rect, standing: &GroupStanding, open: bool, context: &Context<'_>) {
    let group = &standing.group;
    let response = ui.allocate_rect(rect, Sense::click());
    let (fact, behind) = lag(standing);
    let spoken = format!("Group {} {} lag {fact}", group.name, standing::state(group));
    response.widget_info(|| WidgetInfo::selected(WidgetType::CollapsingHeader, true, open, &spoken));
    let tokens = tokens(ui);
    mark_ui(ui, rect, &response);
    let center = pos2(rect.left() + size::INSET + 4.0, rect.center().y);
    if response.hovered() || response.has_focus() || open {
        let shape = if open { icon::Icon::Open } else { icon::Icon::Shut };
        icon::paint(ui.painter(), Rect::from_center_size(center, vec2(16.0, 16.0)), shape, tokens.text_faint);
    } else {
        ui.painter().circle_filled(center, 3.5, dot(tokens, group.state.as_deref()));
    }
    let inner = rect.with_min_x(rect.left() + INSIDE).with_max_x(rect.right() - size::INSET);
    let color = if behind { tokens.warning } else { tokens.text_second };
    pair_ui(ui, inner, (&group.name, font::body(), tokens.text), (&fact, color));
    if response.clicked() {
        context.send(Command::ToggleGroup(group.name.as_str().into()));
    }
    response.on_hover_ui(|ui| {
        ui.label(egui::RichText::new(&group.name).font(font::medium()));
        let known = group.error.clone();
        let lag = known.unwrap_or_else(|| summary(standing));
        widgets::caption(ui, format!("{} · {} · {lag}", standing::state(group), standing::members(group)));
    });
}

fn summary(standing: &GroupStanding) -> String {
    match standing.events {
        None => no_lag(standing).to_owned(),
        Some(events) => {
            let time = standing.time.map_or_else(String::new, |time| format!(", {}", standing::time(time)));
            format!("{} behind{time}", standing::events(events))
        }
    }
}

/// Draws what is said of an unfolded group as a whole.
pub fn facts_ui(ui: &mut Ui, rect: Rect, standing: &GroupStanding, context: &Context<'_>) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let group = &standing.group;
    let at = context.state.log.readers.standings().map_or(0, |standings| standings.at_ms);
    let lag = group.error.clone().unwrap_or_else(|| summary(standing));
    let uncommitted = match standing.uncommitted() {
        0 => String::new(),
        none => format!(" · no commit in {}", figures::of(none as u64, "partition")),
    };
    let lines = [
        ("state", format!("{} · {}", standing::state(group), standing::members(group))),
        ("behind", format!("{lag}{uncommitted}")),
        ("as of", format!("{} {}", context.state.clock.full(ms_to_ns(at)), context.state.clock.name())),
    ];
    for (nth, (name, fact)) in lines.into_iter().enumerate() {
        let top = rect.top() + 4.0 + nth as f32 * LINE;
        let line = Rect::from_min_max(pos2(rect.left() + INSIDE, top), pos2(rect.right() - size::INSET, top + LINE));
        let (label, text) = line.split_left_right_at_x(line.left() + 52.0);
        widgets::text_in(ui.painter(), label, Align2::LEFT_CENTER, name, font::small(), tokens.text_faint);
        let cut = widgets::text_in(ui.painter(), text, Align2::LEFT_CENTER, &fact, font::small(), tokens.text_second);
        let response = ui.interact(line, ui.id().with(nth), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{} {name} {fact}", group.name)));
        if cut {
            response.on_hover_text(fact);
        }
    }
}

/// Draws how far a group is in one partition: pressed, it leads to the first event that the group has not read.
pub fn partition_ui(ui: &mut Ui, rect: Rect, standing: &GroupStanding, nth: usize, context: &Context<'_>) {
    let (Some(position), Some(known)) = (standing.group.positions.get(nth), standing.partitions.get(nth)) else {
        return;
    };
    let response = ui.allocate_rect(rect, Sense::click());
    let behind = known.events.is_some_and(|events| events.number() > 0);
    let fact = match (position.committed, known.events) {
        (None, _) => "no commit".to_owned(),
        (Some(_), None) => "end not known".to_owned(),
        (Some(_), Some(events)) if behind => both(events, known.time),
        _ => "0".to_owned(),
    };
    let name = position.partition.to_string();
    let spoken = format!("Group {} in {name} lag {fact}", standing.group.name);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &spoken));
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    mark_ui(ui, rect, &response);
    let inner = rect.with_min_x(rect.left() + INSIDE).with_max_x(rect.right() - size::INSET);
    let color = if behind { tokens.warning } else { tokens.text_second };
    pair_ui(ui, inner, (&name, font::small(), tokens.text_second), (&fact, color));
    if response.clicked()
        && let Some(committed) = position.committed.filter(|_| behind)
    {
        let low = position.watermarks.map_or(committed, |marks| marks.low);
        let at = &position.partition;
        let next = Coordinates { topic: at.topic.clone(), partition: at.partition, offset: committed.max(low) };
        context.send(Command::GoToEvent(next));
    }
    response.on_hover_ui(|ui| {
        ui.label(egui::RichText::new(format!("{} in {name}", standing.group.name)).font(font::medium()));
        for line in told(standing, nth, context) {
            widgets::caption(ui, line);
        }
    });
}

/// What is known of a group in a partition, in lines.
fn told(standing: &GroupStanding, nth: usize, context: &Context<'_>) -> Vec<String> {
    let (position, known) = (&standing.group.positions[nth], &standing.partitions[nth]);
    let mut lines = Vec::new();
    let end = position.watermarks.map_or_else(|| "not known".to_owned(), |marks| figures::signed(marks.high));
    match position.committed {
        Some(committed) => lines.push(format!("committed {} · end {end}", figures::signed(committed))),
        None => lines.push(format!("it has committed nothing here · end {end}")),
    }
    if let (Some(events), Some(time)) = (known.events, known.time) {
        lines.push(format!("{} behind · in time: {}", standing::events(events), standing::time(time)));
    }
    if let Some(next) = known.next_ns {
        lines.push(format!("the next is of {}", context.state.clock.full(next)));
    }
    if known.lost > 0 {
        lines.push(format!("{} went by retention before it read them", figures::of(known.lost, "offset")));
    }
    match (standing.group.reader_of(&position.partition), &standing.group.members) {
        (Some(member), _) => lines.push(format!("read by {} from {}", member.client_id, member.host)),
        (None, Some(_)) => lines.push("no member reads it now".to_owned()),
        (None, None) => lines.push("who reads it is not told".to_owned()),
    }
    if known.events.is_some_and(|events| events.number() > 0) {
        lines.push("Press to go to the first event that it has not read".to_owned());
    }
    lines
}

/// Draws a member of a group.
pub fn member_ui(ui: &mut Ui, rect: Rect, standing: &GroupStanding, nth: usize) {
    let Some(member) = standing.group.members.as_ref().and_then(|members| members.get(nth)) else { return };
    let response = ui.allocate_rect(rect, Sense::hover());
    let fact = match &member.assigned {
        Some(assigned) => figures::of(assigned.len() as u64, "partition"),
        None => "partitions not told".to_owned(),
    };
    let name = format!("{} {}", member.client_id, member.host);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Member {name} {fact}")));
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let inner = rect.with_min_x(rect.left() + INSIDE).with_max_x(rect.right() - size::INSET);
    pair_ui(ui, inner, (&name, font::small(), tokens.text_faint), (&fact, tokens.text_faint));
    let read = member.assigned.iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    response.on_hover_text(format!("{name}\n{}", if read.is_empty() { &fact } else { &read }));
}

/// A name at the left and a fact at the right, the name cut where both do not fit.
fn pair_ui(
    ui: &Ui,
    inner: Rect,
    (name, name_font, name_color): (&str, egui::FontId, Color32),
    (fact, color): (&str, Color32),
) {
    let galley = widgets::line(ui.painter(), fact, font::small(), color, inner.width() * 0.66);
    let at = Align2::RIGHT_CENTER.align_size_within_rect(galley.size(), inner).min;
    ui.painter().galley(at, galley, color);
    let place = inner.with_max_x(at.x - 8.0);
    widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, name, name_font, name_color);
}

/// Marks a row that is pointed at or has the keyboard.
fn mark_ui(ui: &Ui, rect: Rect, response: &Response) {
    let tokens = tokens(ui);
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hovered);
    }
    if response.has_focus() {
        let stroke = egui::Stroke::new(1.0, tokens.accent);
        ui.painter().rect_stroke(rect.shrink(1.0), 3.0, stroke, egui::StrokeKind::Inside);
    }
}
