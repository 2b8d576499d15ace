//! The story's headings, which also hold what is done to columns, and the facts in the pane's header.

use egui::{Align2, CursorIcon, Rangef, Rect, Sense, Ui, WidgetInfo, WidgetType, vec2};
use fabula_core::store::Snapshot;

use super::Story;
use super::columns::{self, NARROWEST, Place, Placed};
use super::rows_ui::BAR;
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::panes::canvas::Dragged;
use crate::state::{Column, Order, State};
use crate::theme::icon::Icon;
use crate::theme::{font, size, tokens, widgets};

/// Paints the headings and says where the columns stand.
pub(super) fn head_ui(ui: &mut Ui, story: &mut Story, context: &Context<'_>) -> Vec<Placed> {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let x = Rangef::new(rect.left() + size::INSET, rect.right() - BAR - 6.0);
    let placed = columns::layout(&context.state.document.columns, &story.widths, x);
    for column in &placed {
        let cell = Rect::from_x_y_ranges(column.x, rect.y_range());
        heading_ui(ui, column, cell, story, context);
        border_ui(ui, column, cell, story);
    }
    let plus = Rect::from_center_size(egui::pos2(rect.right() - 12.0, rect.center().y), vec2(20.0, 20.0));
    let mut corner = ui.new_child(egui::UiBuilder::new().max_rect(plus));
    let add = widgets::icon_button(&mut corner, Icon::Plus, "Add a column");
    egui::Popup::menu(&add).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        add_column_ui(ui, context);
    });
    widgets::hairline_h(ui, rect.x_range(), rect.bottom() - 1.0);
    placed
}

fn heading_ui(ui: &mut Ui, column: &Placed, cell: Rect, story: &mut Story, context: &Context<'_>) {
    let tokens = tokens(ui);
    let response = ui.interact(cell, ui.id().with(("heading", &column.place)), Sense::CLICK | Sense::DRAG);
    let name = column.place.heading();
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Column {name}")));
    let top = story.at_hand.as_ref().and_then(|at_hand| at_hand.row(story.turned(story.scroll.top)));
    let text = match (&column.place, top.and_then(|row| row.time_ns)) {
        (Place::Time, Some(ns)) => format!("time {}", context.state.clock.date(ns)),
        (Place::Chosen(Column::Field(field)), _) => field.strip_prefix("value.").unwrap_or(field).to_owned(),
        _ => name.to_owned(),
    };
    let align = if column.place == Place::Since { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
    let color = if response.hovered() { tokens.text } else { tokens.text_second };
    widgets::text_in(ui.painter(), cell, align, &text, font::small(), color);
    let response = match &column.place {
        Place::Since => response.on_hover_text("How long after the event before it in time"),
        Place::Chosen(Column::Field(field)) => response.on_hover_text(field),
        _ => response,
    };
    let Place::Chosen(chosen) = &column.place else { return };
    Dragged::Field(None, chosen.name().to_owned()).begin(&response, context);
    response.context_menu(|ui| {
        for (name, command) in [
            ("Move left", Command::MoveColumn(chosen.clone(), -1)),
            ("Move right", Command::MoveColumn(chosen.clone(), 1)),
            ("Remove the column", Command::RemoveColumn(chosen.clone())),
        ] {
            if ui.button(name).clicked() {
                context.send(command);
                ui.close();
            }
        }
        if story.widths.contains_key(&column.place) && ui.button("Usual width").clicked() {
            story.widths.remove(&column.place);
            ui.close();
        }
    });
}

/// The edge between two headings can be dragged; a double click gives the column its usual width again.
fn border_ui(ui: &mut Ui, column: &Placed, cell: Rect, story: &mut Story) {
    if column.place == Place::Chosen(Column::Value) {
        return;
    }
    let edge = Rect::from_x_y_ranges(Rangef::new(cell.right() + 2.0, cell.right() + 9.0), cell.y_range());
    let response = ui.interact(edge, ui.id().with(("edge", &column.place)), Sense::DRAG | Sense::CLICK);
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
        widgets::hairline_v(ui, edge.center().x, cell.y_range().shrink(4.0));
    }
    if response.dragged() {
        let width = (cell.width() + response.drag_delta().x).clamp(NARROWEST, 800.0);
        story.widths.insert(column.place.clone(), width);
    } else if response.double_clicked() {
        story.widths.remove(&column.place);
    }
}

/// Asks for an expression whose value becomes a column; offers those that stand in no column yet.
fn add_column_ui(ui: &mut Ui, context: &Context<'_>) {
    ui.set_min_width(240.0);
    let id = ui.id().with("field");
    let mut field: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let edit = egui::TextEdit::singleline(&mut field)
        .hint_text("value.order_id, headers.source, …")
        .font(egui::FontSelection::FontId(font::mono()))
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    if field.is_empty() {
        response.request_focus();
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let name = field.trim().to_owned();
    if let Err(problem) = super::fields::check(&name)
        && !name.is_empty()
    {
        widgets::error_line(ui, &problem);
    } else if entered && !name.is_empty() {
        context.send(Command::AddColumn(Column::Field(name)));
        field.clear();
        ui.close();
    }
    ui.data_mut(|data| data.insert_temp(id, field));
    for column in [Column::Key, Column::Value] {
        let shown = context.state.document.columns.contains(&column);
        if !shown && ui.button(column.name()).clicked() {
            context.send(Command::AddColumn(column));
            ui.close();
        }
    }
}

/// The facts at the right of the header: the order, how many events, and how complete they are.
pub(super) fn facts_ui(ui: &mut Ui, story: &Story, context: &Context<'_>) {
    let state = context.state;
    let Some(snapshot) = &state.log.snapshot else { return };
    let order = match story.order {
        Order::OldestFirst => "time order",
        Order::NewestFirst => "newest first",
    };
    let found = state.search.found.as_ref().filter(|_| state.search.filters);
    let events = match found {
        Some(_) => figures::of(story.len(), "match").replace("matchs", "matches"),
        None => figures::of(story.len(), "event"),
    };
    let (complete, all) = (state.log.coverage.complete, state.log.coverage.partitions);
    let coverage = format!("{complete} of {all} partitions complete");
    ui.spacing_mut().item_spacing.x = 3.0;
    let response = widgets::caption(ui, format!("· {events} · {coverage}"));
    // A space at a line's end takes no room; the spacing between the two stands for it.
    let words = egui::RichText::new(order).font(font::small()).color(tokens(ui).text_second);
    let turn = ui
        .add(egui::Label::new(words).sense(Sense::CLICK))
        .on_hover_cursor(CursorIcon::PointingHand)
        .on_hover_text("Turn the story around (O)");
    if turn.clicked() {
        context.send(Command::ToggleOrder);
    }
    if complete < all {
        response.on_hover_ui(|ui| {
            for line in unread_in_words(snapshot, state) {
                ui.label(line);
            }
        });
    }
}

/// What is missing, a line a partition, the first dozen.
fn unread_in_words(snapshot: &Snapshot, state: &State) -> Vec<String> {
    const LINES: usize = 12;
    let mut lines = Vec::new();
    for topic in snapshot.topics.iter().filter(|topic| state.is_shown(&topic.name)) {
        for partition in &topic.partitions {
            let missing: i64 = partition.holes().iter().map(|(from, to)| to - from).sum();
            let at = format!("{} · {}", topic.name, partition.partition);
            match (&partition.failure, partition.watermarks) {
                (Some(failure), _) => lines.push(format!("{at}: {failure}")),
                (None, None) => lines.push(format!("{at}: not read yet")),
                (None, Some(_)) if missing > 0 => {
                    lines.push(format!("{at}: {} not read", figures::of(missing.unsigned_abs(), "offset")));
                }
                _ => {}
            }
        }
    }
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    if more > 0 {
        lines.push(format!("and {} more", figures::of(more as u64, "partition")));
    }
    lines
}
