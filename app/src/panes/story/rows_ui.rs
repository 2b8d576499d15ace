//! Paints the list: its rows, the scroll bar, and takes what is done to them.

use egui::{Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::columns::Placed;
use super::keys::{keys, leave_following};
use super::row_ui::{RowPainter, waiting_ui};
use super::scroll::{Extent, ROW};
pub(super) use super::scroll_bar_ui::BAR;
use super::scroll_bar_ui::scroll_bar_ui;
use super::{Story, selection_of};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::panes::canvas::Dragged;
use crate::theme::tokens;

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
    if let Some(moved) = scroll_bar_ui(ui, "Story", rect.with_min_x(list.right()), story.scroll, story.extent) {
        story.scroll = moved;
        leave_following(story, context);
    }
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
    if !context.state.pointed_out.is_empty() && context.state.pointed_out.contains_key(&selection_of(event).coordinates)
    {
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
            ("Open thread", Command::ThreadOf(selection_of(event).coordinates)),
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
