//! Paints the list: its rows, the scroll bar, and takes what is done to them.

use egui::{CornerRadius, Rangef, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::columns::Placed;
use super::keys::{keys, leave_following};
use super::row_ui::{RowPainter, waiting_ui};
use super::scroll::{Extent, ROW, Scroll};
use super::{Story, selection_of};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::panes::canvas::Dragged;
use crate::theme::tokens;

/// The room that the scroll bar takes.
pub(super) const BAR: f32 = 10.0;

/// Paints the list in what is left of `ui`.
pub(super) fn rows_ui(ui: &mut Ui, story: &mut Story, placed: &[Placed], context: &Context<'_>) {
    let rect = ui.available_rect_before_wrap();
    story.extent = Extent { rows: story.len(), height: rect.height() };
    story.scroll = if context.state.follow { story.newest() } else { story.scroll.held(story.extent) };
    let response = ui.allocate_rect(rect, Sense::HOVER);
    ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
    response.widget_info(|| {
        WidgetInfo::labeled(WidgetType::Other, true, format!("Story, {}", figures::of(story.len(), "event")))
    });
    keys(ui, story, context);
    let wheel = ui.input(|input| input.smooth_scroll_delta().y);
    if response.contains_pointer() && wheel != 0.0 {
        story.scroll = story.scroll.by_pixels(-wheel, story.extent);
        leave_following(story, context);
    }
    let list = rect.with_max_x(rect.right() - BAR);
    let mut ui_rows = ui.new_child(egui::UiBuilder::new().max_rect(list));
    ui_rows.set_clip_rect(list.intersect(ui.clip_rect()));
    let mut chosen = None;
    for row in story.scroll.rows(story.extent) {
        let top = list.top() + story.scroll.y_of(row);
        let at = Rect::from_min_size(pos2(list.left(), top), vec2(list.width(), ROW));
        if let Some(rank) = row_ui(&mut ui_rows, story, placed, context, row, at) {
            chosen = Some(rank);
        }
    }
    if let Some((rank, event)) = chosen.and_then(|rank| Some((rank, selection_of(story.at_hand.as_ref()?.row(rank)?))))
    {
        story.choose(rank, event, context);
        leave_following(story, context);
    }
    bar_ui(ui, story, rect.with_min_x(list.right()), context);
}

/// One row: painted, or a placeholder while it is fetched. Says the rank if it was chosen.
fn row_ui(ui: &mut Ui, story: &Story, placed: &[Placed], context: &Context<'_>, row: u64, at: Rect) -> Option<u64> {
    let rank = story.turned(row);
    let at_hand = story.at_hand.as_ref()?;
    let Some(event) = at_hand.row(rank) else {
        waiting_ui(ui, placed, at, row);
        return None;
    };
    let before = rank.checked_sub(1).and_then(|before| at_hand.row(before));
    let selected = story.selected.as_ref().is_some_and(|(_, selected)| *selected == rank);
    // Not focusable: the arrows move the selection, not the toolkit's focus from row to row.
    let response = ui.interact(at, ui.id().with(("row", row - story.scroll.top)), Sense::CLICK | Sense::DRAG);
    Dragged::topic(&event.topic, context.state).begin(&response, context);
    let painter = RowPainter { ui, tokens: tokens(ui), clock: &context.state.clock, at, placed };
    painter.ground(selected, response.hovered());
    if !context.state.pointed_out.is_empty() && context.state.pointed_out.contains(&selection_of(event).coordinates) {
        painter.pointed_out();
    }
    painter.row(event, before, &at_hand.dress.columns, context.state.series.number(&event.topic));
    response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, selected, painter.spoken(event)));
    if response.double_clicked() {
        context.send(Command::OpenChosen);
    }
    let asked = response.secondary_clicked();
    response.context_menu(|ui| {
        for (name, command) in [
            ("Copy as JSON", Command::CopyJson),
            ("Copy value", Command::CopyValue),
            ("Copy key", Command::CopyKey),
            ("Copy coordinates", Command::CopyCoordinates),
            ("How far did this get?", Command::HowFar),
            ("Show only this topic", Command::OnlyTopic(event.topic.clone())),
        ] {
            if ui.button(name).clicked() {
                context.send(command);
                ui.close();
            }
        }
    });
    (response.clicked() || asked).then_some(rank)
}

/// The scroll bar: its thumb stands for what is on the screen, and never gets too small to be held.
fn bar_ui(ui: &mut Ui, story: &mut Story, rect: Rect, context: &Context<'_>) {
    const LEAST: f32 = 28.0;
    let rows = story.len() as f64 * f64::from(ROW);
    if rows <= f64::from(rect.height()) {
        return;
    }
    let tokens = tokens(ui);
    let response = ui.interact(rect, ui.id().with("scroll bar"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::ScrollBar, true, "Story"));
    let thumb = (f64::from(rect.height()) / rows * f64::from(rect.height())).max(f64::from(LEAST)) as f32;
    let way = rect.height() - thumb;
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        let share = f64::from((pointer.y - rect.top() - thumb / 2.0) / way.max(1.0));
        story.scroll = Scroll::at_share(share, story.extent);
        leave_following(story, context);
    }
    let top = rect.top() + (story.scroll.share(story.extent) * f64::from(way)) as f32;
    let held = response.hovered() || response.dragged();
    let width = if held { 6.0 } else { 4.0 };
    let x = Rangef::new(rect.right() - 2.0 - width, rect.right() - 2.0);
    let color = if held { tokens.text_faint } else { tokens.outline };
    let thumb = Rect::from_x_y_ranges(x, Rangef::new(top + 1.0, top + thumb - 1.0));
    ui.painter().rect_filled(thumb, CornerRadius::same(3), color);
}
