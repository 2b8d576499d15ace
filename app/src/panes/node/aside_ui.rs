//! The rows that a node set aside, and those that missed some of its windows: each leads to its event.

use egui::{Align2, EventFilter, Key, Modifiers, Rect, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use fabula_core::event::time::ms_to_ns;

use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::AsideLine;
use crate::theme::{font, size, tokens, widgets};

/// How high a row is: the event above, the reason below.
pub(super) const ROW: f32 = 36.0;

/// What is kept of a node's rows that were set aside.
pub(super) fn lines<'c>(node: &str, context: &Context<'c>) -> Option<&'c [AsideLine]> {
    let state = context.state;
    let outcome = state.outcome.as_ref().filter(|outcome| outcome.version == state.design.version)?;
    outcome.aside.get(node).map(|lines| &**lines)
}

/// What was done in the list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Nothing,
    /// A row's event was chosen.
    Chosen,
    /// The settings are wanted back.
    Back,
}

/// All of them.
pub(super) fn aside_ui(ui: &mut Ui, node: &str, context: &Context<'_>) -> Done {
    let mut done = Done::Nothing;
    let lines = lines(node, context).unwrap_or_default();
    egui::Frame::NONE.inner_margin(egui::Margin::symmetric(size::INSET as i8, 6)).show(ui, |ui| {
        ui.horizontal(|ui| {
            if widgets::link(ui, "Back to the settings").clicked() {
                done = Done::Back;
            }
            ui.add_space(8.0);
            widgets::caption(ui, counted(node, lines, context));
        });
    });
    if lines.is_empty() {
        widgets::empty_state(ui, "Nothing set aside", "Rows that are late, or go no further, are listed here", None);
        return done;
    }
    let rect = ui.available_rect_before_wrap();
    let list = ui.interact(rect, ui.id().with("set aside"), Sense::click());
    list.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, format!("Late and set aside of {node}")));
    let chosen = lines.iter().position(|line| is_chosen(line, context));
    let stepped = keys(ui, &list, chosen, lines);
    let mut area = ScrollArea::vertical().id_salt(("set aside", node)).auto_shrink(false);
    if let Some(to) = stepped {
        area = area.vertical_scroll_offset((to as f32 * ROW - rect.height() / 2.0).max(0.0));
    }
    let mut taken = stepped;
    ui.spacing_mut().item_spacing.y = 0.0;
    area.show_rows(ui, ROW, lines.len(), |ui, shown| {
        for at in shown {
            let (place, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
            if row_ui(ui, place, (node, at), &lines[at], Sense::CLICK, context) {
                taken = Some(at);
            }
        }
    });
    if list.has_focus() {
        widgets::focus_ring(ui, rect.shrink(1.0));
    }
    if let Some(selection) = taken.and_then(|at| lines[at].selection()) {
        context.send(Command::Select(Some(selection)));
        done = Done::Chosen;
    }
    done
}

/// How many are listed, and of how many.
fn counted(node: &str, lines: &[AsideLine], context: &Context<'_>) -> String {
    let metrics = context.state.outcome.as_ref().and_then(|outcome| outcome.report(node)).map(|report| &report.metrics);
    let untimed = context.state.outcome.as_ref().and_then(|outcome| outcome.untimed.get(node));
    let dropped =
        metrics.map_or(0, |metrics| metrics.dropped.values().sum::<u64>()) + untimed.map_or(0, |untimed| untimed.count);
    let kept = lines.iter().filter(|line| !line.partly).count() as u64;
    let partly = lines.len() as u64 - kept;
    let mut words = match dropped > kept {
        true if untimed.is_some() => {
            format!("the first {} of {} set aside", figures::count(kept), figures::count(dropped))
        }
        true => format!("the last {} of {} set aside", figures::count(kept), figures::count(dropped)),
        false => format!("{} set aside", figures::count(kept)),
    };
    if partly > 0 {
        words.push_str(&format!(", {} late for some windows", figures::count(partly)));
    }
    words
}

/// The arrows go from row to row while the list has the focus.
fn keys(ui: &Ui, list: &egui::Response, chosen: Option<usize>, lines: &[AsideLine]) -> Option<usize> {
    if !list.has_focus() {
        return None;
    }
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(list.id, filter));
    widgets::take_arrows(ui, list.id);
    let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as isize;
    let page = (list.rect.height() / ROW) as isize;
    let by = pressed(Key::ArrowDown) - pressed(Key::ArrowUp) + page * (pressed(Key::PageDown) - pressed(Key::PageUp));
    (by != 0).then(|| chosen.map_or(0, |at| at.saturating_add_signed(by).min(lines.len() - 1)))
}

fn is_chosen(line: &AsideLine, context: &Context<'_>) -> bool {
    let chosen = context.state.selection.as_ref().map(|selection| &selection.coordinates);
    chosen.is_some() && chosen == line.event.as_ref()
}

/// One row: when, which event, why, and what stood in it. Says whether it was pressed.
pub(super) fn row_ui(
    ui: &Ui,
    place: Rect,
    (node, at): (&str, usize),
    line: &AsideLine,
    sense: Sense,
    context: &Context<'_>,
) -> bool {
    let (tokens, clock) = (tokens(ui), &context.state.clock);
    let response = ui.interact(place, ui.id().with(("set aside", node, at)), sense);
    let time = line.time_ms.map_or_else(|| "no time".to_owned(), |ms| clock.time_of_day(ms_to_ns(ms)));
    let (event, why) = (line.event_name(), line.words(clock));
    let chosen = is_chosen(line, context);
    response.widget_info(|| {
        let words = match line.time_ms {
            Some(_) => format!("{event} {why}, at {time}: {}", line.row),
            None => format!("{event} {why}"),
        };
        WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, words)
    });
    if chosen {
        ui.painter().rect_filled(place, 4.0, tokens.selected);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(place, 4.0, tokens.hovered);
    }
    let inner = place.shrink2(vec2(size::INSET - 4.0, 2.0));
    let (upper, lower) = inner.split_top_bottom_at_fraction(0.5);
    let galley = widgets::line(ui.painter(), &time, font::mono_small(), tokens.text_second, inner.width());
    let beside = upper.with_min_x(upper.left() + galley.size().x + 10.0);
    ui.painter().galley(pos2(upper.left(), upper.center().y - galley.size().y / 2.0), galley, tokens.text_second);
    widgets::text_in(ui.painter(), beside, Align2::LEFT_CENTER, &event, font::body(), tokens.text);
    let galley = widgets::line(ui.painter(), &why, font::small(), tokens.warning, inner.width());
    let beside = lower.with_min_x(lower.left() + galley.size().x + 10.0);
    ui.painter().galley(pos2(lower.left(), lower.center().y - galley.size().y / 2.0), galley, tokens.warning);
    widgets::text_in(ui.painter(), beside, Align2::LEFT_CENTER, &line.row, font::mono_small(), tokens.text_second);
    let pressed = response.clicked();
    let partly = if line.partly { "\nother windows took it" } else { "" };
    response.on_hover_text(format!("{event}\n{why}{partly}\n{}", line.row));
    pressed
}
