//! A node's settings, each kind with its own.

use egui::{RichText, Ui};
use fabula_core::pipeline::{Emit, JoinHow, Keep, Node, NodeKind, OrderBy, Problem, Select, Span, Within};

use super::field::{self, Texts};
use super::window_ui;
use crate::panes::Context;
use crate::theme::icon::Icon;
use crate::theme::{font, tokens, widgets};

/// Draws the form; says whether a setting was changed for good.
pub(super) fn form_ui(ui: &mut Ui, node: &mut Node, texts: &mut Texts, context: &Context<'_>) -> bool {
    let design = &context.state.design;
    let problems: Vec<Problem> = design.problems_of(&node.name).cloned().collect();
    ui.label(RichText::new(about(&node.kind)).font(font::small()).color(tokens(ui).text_faint));
    field::label(ui, "Name");
    let mut done = field::line(ui, "Name", &mut node.name, "a name");
    for problem in problems.iter().filter(|problem| problem.setting.is_none()) {
        widgets::error_line(ui, &problem.message);
    }
    done |= kind_ui(ui, &mut node.kind, texts, &problems, context);
    done
}

fn about(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Stream { .. } => "The events of a topic, one row each",
        NodeKind::Table { .. } => "The latest event of each key; a tombstone takes its key away",
        NodeKind::Filter { .. } => "The rows for which a condition holds",
        NodeKind::Project { .. } => "Other columns in place of those that there are",
        NodeKind::Rekey { .. } => "The same rows under another key",
        NodeKind::Flatten { .. } => "A row for each element of an array",
        NodeKind::Merge { .. } => "The rows of several nodes, as they come",
        NodeKind::Aggregate { .. } => "Rows put together by group, and by window of time",
        NodeKind::Join { .. } => "Rows of two nodes put together where they match",
        NodeKind::Deduplicate { .. } => "The first row of each key, or the last",
        NodeKind::TopN { .. } => "The first rows of each group in an order",
        NodeKind::View { .. } => "A result to look at, keep and export",
    }
}

fn kind_ui(ui: &mut Ui, kind: &mut NodeKind, texts: &mut Texts, problems: &[Problem], context: &Context<'_>) -> bool {
    let mut done = false;
    match kind {
        NodeKind::Stream { topic, time } | NodeKind::Table { topic, time } => {
            field::label(ui, "Topic");
            done |= field::line(ui, "Topic", topic, "orders");
            field::problems(ui, problems, "topic");
            field::label(ui, "Time");
            let mut text = time.clone().unwrap_or_default();
            done |= field::expression(ui, "Time", &mut text, "the record's timestamp");
            *time = Some(text).filter(|text| !text.trim().is_empty());
            field::problems(ui, problems, "time");
        }
        NodeKind::Filter { condition, .. } => {
            field::label(ui, "Where");
            done |= field::expression(ui, "Where", condition, "value.amount > 100");
            field::problems(ui, problems, "where");
        }
        NodeKind::Project { select, .. } => done |= select_ui(ui, select, problems, "value.amount"),
        NodeKind::Rekey { by, .. } => {
            field::label(ui, "Key");
            done |= field::expressions(ui, "key", by, "value.order_id");
            field::problems(ui, problems, "by");
        }
        NodeKind::Flatten { field: of, name, outer, .. } => {
            field::label(ui, "Array");
            done |= field::expression(ui, "Array", of, "value.items");
            field::problems(ui, problems, "field");
            field::label(ui, "The element's column");
            done |= field::line(ui, "The element's column", name, "item");
            done |= ui.checkbox(outer, "Keep rows without elements").changed();
        }
        NodeKind::Merge { inputs } => {
            field::label(ui, "Takes the rows of");
            ui.label(inputs.join(", "));
            field::problems(ui, problems, "inputs");
        }
        NodeKind::Aggregate { by, window, grace, select, emit, .. } => {
            field::label(ui, "Group by");
            if by.is_empty() {
                widgets::caption(ui, "the row's key");
            }
            done |= field::expressions(ui, "field", by, "value.region");
            field::problems(ui, problems, "by");
            field::label(ui, "Window");
            done |= window_ui::window_ui(ui, window, grace, texts);
            field::problems(ui, problems, "window");
            field::problems(ui, problems, "grace");
            done |= select_ui(ui, select, problems, "count(*)");
            field::label(ui, "Gives");
            let words = [(Emit::Updates, "Updates, as they come"), (Emit::Final, "Finals, when a window closes")];
            done |= field::choice(ui, emit, &words);
            field::problems(ui, problems, "emit");
        }
        NodeKind::Join { how, left, right, on, within, grace } => {
            field::label(ui, "Rows without a partner");
            let words = [
                (JoinHow::Inner, "Left out"),
                (JoinHow::Left, "Left kept"),
                (JoinHow::Right, "Right kept"),
                (JoinHow::Full, "Both kept"),
            ];
            done |= field::choice(ui, how, &words);
            field::problems(ui, problems, "how");
            field::label(ui, "Equal");
            let hint = format!("{left}.key = {right}.key");
            done |= field::expressions(ui, "equality", on, &hint);
            field::problems(ui, problems, "on");
            done |= within_ui(ui, (left, right), within, grace, texts, context);
            field::problems(ui, problems, "within");
            field::problems(ui, problems, "grace");
        }
        NodeKind::Deduplicate { by, within, keep, .. } => {
            field::label(ui, "The same when equal in");
            done |= field::expressions(ui, "field", by, "value.order_id");
            field::problems(ui, problems, "by");
            field::label(ui, "Keeps");
            done |= field::choice(ui, keep, &[(Keep::First, "The first"), (Keep::Last, "The last")]);
            done |= field::optional_span(ui, texts, "Forget after", within, Span::of_ms(3_600_000));
            field::problems(ui, problems, "within");
        }
        NodeKind::TopN { by, order, n, .. } => {
            field::label(ui, "How many");
            let mut count = i64::from(*n);
            let drag = ui.add(egui::DragValue::new(&mut count).range(1..=100_000));
            *n = u32::try_from(count).unwrap_or(1);
            done |= drag.lost_focus() || drag.drag_stopped();
            field::label(ui, "In the order of");
            done |= order_ui(ui, order);
            field::problems(ui, problems, "order");
            field::label(ui, "In each");
            if by.is_empty() {
                widgets::caption(ui, "all rows are one group");
            }
            done |= field::expressions(ui, "field", by, "value.region");
            field::problems(ui, problems, "by");
        }
        NodeKind::View { input } => {
            field::label(ui, "Shows");
            ui.label(input.as_str());
            field::problems(ui, problems, "input");
        }
    }
    if !matches!(kind, NodeKind::View { .. }) {
        for setting in ["input", "left", "right"] {
            field::problems(ui, problems, setting);
        }
    }
    done
}

/// Columns that are worked out: a name and an expression each.
fn select_ui(ui: &mut Ui, select: &mut Vec<Select>, problems: &[Problem], hint: &str) -> bool {
    field::label(ui, "Columns");
    let (mut done, mut gone) = (false, None);
    for (at, column) in select.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            let room = ui.available_width() - 24.0 - ui.spacing().item_spacing.x * 2.0;
            ui.scope(|ui| {
                ui.set_width(room * 0.36);
                done |= field::line(ui, &format!("Name of column {}", at + 1), &mut column.name, "name");
            });
            ui.scope(|ui| {
                ui.set_width(room * 0.64);
                done |= field::expression(ui, &format!("Column {}", at + 1), &mut column.expr, hint);
            });
            if widgets::icon_button(ui, Icon::Close, &format!("Remove {}", column.name)).clicked() {
                gone = Some(at);
            }
        });
        field::problems(ui, problems, &format!("select.{}", column.name));
    }
    if let Some(at) = gone {
        select.remove(at);
        done = true;
    }
    if widgets::link(ui, "Add column").clicked() {
        let names = (select.len() + 1..).map(|number| format!("column_{number}"));
        let free = names.into_iter().find(|name| select.iter().all(|known| known.name != *name));
        select.push(Select { name: free.unwrap_or_default(), expr: hint.to_owned() });
        done = true;
    }
    for problem in problems.iter().filter(|problem| problem.setting.as_deref() == Some("select")) {
        widgets::error_line(ui, &problem.message);
    }
    done
}

fn order_ui(ui: &mut Ui, order: &mut Vec<OrderBy>) -> bool {
    let (mut done, mut gone) = (false, None);
    for (at, by) in order.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            let room = ui.available_width() - 130.0;
            ui.scope(|ui| {
                ui.set_width(room);
                done |= field::expression(ui, &format!("Order {}", at + 1), &mut by.expr, "value.amount");
            });
            let word = if by.descending { "largest first" } else { "smallest first" };
            if widgets::bar_toggle(ui, word, false).clicked() {
                by.descending = !by.descending;
                done = true;
            }
            if widgets::icon_button(ui, Icon::Close, &format!("Remove order {}", at + 1)).clicked() {
                gone = Some(at);
            }
        });
    }
    if let Some(at) = gone {
        order.remove(at);
        done = true;
    }
    if widgets::link(ui, "Add order").clicked() {
        order.push(OrderBy { expr: "timestamp".to_owned(), descending: false });
        done = true;
    }
    done
}

/// How far apart in time two joined rows may be.
fn within_ui(
    ui: &mut Ui,
    (left, right): (&str, &str),
    within: &mut Option<Within>,
    grace: &mut Option<Span>,
    texts: &mut Texts,
    context: &Context<'_>,
) -> bool {
    use fabula_core::pipeline::Flow;
    let flows = &context.state.design.flows;
    let streams = [left, right].iter().all(|side| flows.get(*side) == Some(&Flow::Stream));
    let mut done = false;
    if let Some(span) = within {
        field::label(ui, "Apart in time");
        let of = |side: &str, other: &str| if side.is_empty() { other.to_owned() } else { side.to_owned() };
        ui.horizontal_wrapped(|ui| {
            ui.label(format!("{} may come from", of(right, "the right")));
            done |= field::span(ui, texts, "Earlier by", &mut span.before);
            ui.label("before to");
            done |= field::span(ui, texts, "Later by", &mut span.after);
            ui.label(format!("after {}", of(left, "the left")));
        });
        window_ui::within_picture(ui, *span, *grace);
    } else if streams {
        field::label(ui, "Apart in time");
        if widgets::link(ui, "Say how far apart they may be").clicked() {
            *within = Some(Within { before: Span::of_ms(0), after: Span::of_ms(600_000) });
            done = true;
        }
    }
    if flows.get(left) == Some(&Flow::Stream) {
        done |= field::optional_span(ui, texts, "Grace", grace, Span::of_ms(60_000));
    }
    done
}
