//! What is known of one topic: partitions, counts, sizes, time span, retention, coverage.

use egui::{Align2, Rect, Ui, pos2, vec2};
use fabula_core::event::time::format_span_ns;
use fabula_core::log::TopicConfig;

use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::standing;
use crate::state::{Readers, State, Topic};
use crate::theme::{font, size, tokens, widgets};

const LINE: f32 = 18.0;
const LINES: usize = 7;

/// How high the details are.
pub const HEIGHT: f32 = LINE * LINES as f32 + 38.0;

/// Draws the details.
pub fn details_ui(ui: &mut Ui, rect: Rect, topic: &Topic, context: &Context<'_>) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let left = rect.left() + 29.0;
    for (at, (name, fact)) in facts(topic, context.state).into_iter().enumerate() {
        let top = rect.top() + 6.0 + at as f32 * LINE;
        let line = Rect::from_min_max(pos2(left, top), pos2(rect.right() - size::INSET, top + LINE));
        let (label, text) = line.split_left_right_at_x(left + 74.0);
        widgets::text_in(ui.painter(), label, Align2::LEFT_CENTER, name, font::small(), tokens.text_faint);
        if widgets::text_in(ui.painter(), text, Align2::LEFT_CENTER, &fact, font::small(), tokens.text_second) {
            ui.interact(line, ui.id().with(at), egui::Sense::hover()).on_hover_text(fact);
        }
    }
    let foot = Rect::from_min_size(pos2(left, rect.bottom() - 28.0), vec2(rect.right() - left, 22.0));
    let mut actions =
        ui.new_child(egui::UiBuilder::new().max_rect(foot).layout(egui::Layout::left_to_right(egui::Align::Center)));
    actions.spacing_mut().item_spacing.x = 12.0;
    if widgets::link(&mut actions, "Only this").clicked() {
        context.send(Command::OnlyTopic(topic.name.clone()));
    }
    if topic.totals.covered < topic.totals.offsets && context.state.log.can_read_more {
        for command in [Command::ReadMore(topic.name.clone()), Command::ReadAll(topic.name.clone())] {
            let text = if matches!(command, Command::ReadAll(_)) { "Read all" } else { "Read more" };
            if widgets::link(&mut actions, text).on_hover_text(command.info().tooltip).clicked() {
                context.send(command);
            }
        }
    }
}

fn facts(topic: &Topic, state: &State) -> [(&'static str, String); LINES] {
    let totals = &topic.totals;
    let unknown = || "not known yet".to_owned();
    let covered = match totals.offsets {
        _ if topic.failure().is_some() => topic.failure().unwrap_or_default(),
        0 => unknown(),
        offsets if totals.covered >= offsets => format!("all of {} offsets", figures::count(offsets)),
        offsets => format!("{} of {} offsets", figures::count(totals.covered), figures::count(offsets)),
    };
    let span = totals.extent.map_or_else(unknown, |extent| {
        let (first, last) = (extent.start_ns, extent.end_ns);
        let one_day = state.clock.date(first) == state.clock.date(last);
        let last = state.clock.write(last, if one_day { "%H:%M" } else { "%m-%d %H:%M" });
        let span = format_span_ns(extent.span_ns());
        format!("{span}, {} – {last}", state.clock.write(first, "%m-%d %H:%M"))
    });
    let events = format!("{} · {}", figures::count(totals.events), figures::bytes(totals.bytes));
    [
        ("partitions", partitions(topic)),
        ("read", covered),
        ("events", events),
        ("time", span),
        ("retention", topic.config.as_deref().map_or_else(unknown, retention)),
        ("cleanup", topic.config.as_deref().map_or_else(unknown, cleanup)),
        ("groups", groups(topic, state)),
    ]
}

fn partitions(topic: &Topic) -> String {
    let empty = topic.totals.watermarks.iter().filter(|(_, marks)| marks.span() == 0).count();
    let partitions = figures::count(topic.partitions as u64);
    if empty == 0 { partitions } else { format!("{partitions}, {empty} of them empty") }
}

fn retention(config: &TopicConfig) -> String {
    let time = config.retention_ms().map(|ms| format_span_ns(ms.saturating_mul(1_000_000)));
    let size = config.0.get("retention.bytes").and_then(|text| text.parse::<u64>().ok()).map(figures::bytes);
    match (time, size) {
        (Some(time), Some(size)) => format!("{time}, at most {size} a partition"),
        (Some(time), None) => time,
        (None, Some(size)) => format!("{size} a partition"),
        (None, None) if config.0.is_empty() => "not told".to_owned(),
        (None, None) => "for ever".to_owned(),
    }
}

fn cleanup(config: &TopicConfig) -> String {
    config.0.get("cleanup.policy").cloned().unwrap_or_else(|| "not told".to_owned())
}

/// The groups that read the topic and how far each is behind.
fn groups(topic: &Topic, state: &State) -> String {
    let groups = match &state.log.readers {
        Readers::NotAsked => return "not known yet".to_owned(),
        Readers::NotTold(why) => return format!("not known: {why}"),
        Readers::Told(standings) => &standings.groups,
    };
    let mut lags: Vec<String> = Vec::new();
    for reading in groups.iter() {
        if !reading.group.topics().contains(&&topic.name) {
            continue;
        }
        let lag = match reading.within(&topic.name) {
            (Some(events), Some(time)) if events.number() > 0 && time.ns().is_some() => {
                format!("lag {}, {}", standing::number(events), standing::time(time))
            }
            (Some(events), _) => format!("lag {}", standing::number(events)),
            (None, _) => "no lag known".to_owned(),
        };
        lags.push(format!("{} ({lag})", reading.group.name));
    }
    if lags.is_empty() { "none".to_owned() } else { lags.join(", ") }
}
