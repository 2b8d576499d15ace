//! A node's settings, each kind with its own.

use egui::{RichText, Ui};
use fabula_core::pipeline::{Emit, JoinHow, Keep, Node, NodeKind, OrderBy, Problem, Select, Span, Within, quoted};

use super::complete_ui::Help;
use super::condition_ui;
use super::field::{self, Texts};
use super::pick::{self, Offer};
use super::{window_ui, within_ui};
use crate::command::Command;
use crate::panes::{Context, canvas};
use crate::state::Name;
use crate::theme::icon::Icon;
use crate::theme::{font, tokens, widgets};

/// Draws the form; says whether a setting was changed for good.
pub(super) fn form_ui(
    ui: &mut Ui,
    node: &mut Node,
    texts: &mut Texts,
    focus: &mut bool,
    context: &Context<'_>,
) -> bool {
    let design = &context.state.design;
    let problems: Vec<Problem> = design.problems_of(&node.name).cloned().collect();
    ui.label(RichText::new(about(&node.kind)).font(font::small()).color(tokens(ui).text_faint));
    field::label(ui, "Name");
    let mut done = field::line_with(ui, "Name", &mut node.name, "a name", std::mem::take(focus));
    for problem in problems.iter().filter(|problem| problem.setting.is_none()) {
        widgets::error_line(ui, &problem.message);
    }
    let names = context.state.names.for_node(&design.pipeline, &node.name);
    if let NodeKind::Filter { condition, .. } = &mut node.kind {
        field::label(ui, "Where");
        done |= condition_ui::condition_ui(ui, (&mut node.name, condition), &names, &problems, context);
    }
    let around = Around { name: &node.name, names: &names, problems: &problems, context };
    done |= kind_ui(ui, &mut node.kind, texts, &around);
    done
}

/// What a form needs to know beside the node's settings.
struct Around<'a, 'c> {
    name: &'a str,
    names: &'a [Name],
    problems: &'a [Problem],
    context: &'a Context<'c>,
}

impl<'a> Around<'a, '_> {
    fn help(&self) -> Help<'a> {
        Help { names: self.names, aggregates: false }
    }

    fn offers(&self) -> Vec<Offer> {
        Offer::of_names(self.names)
    }
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

fn kind_ui(ui: &mut Ui, kind: &mut NodeKind, texts: &mut Texts, around: &Around<'_, '_>) -> bool {
    let Around { names, problems, context, .. } = *around;
    let (help, offers) = (around.help(), around.offers());
    let mut done = false;
    match kind {
        NodeKind::Stream { topic, time } | NodeKind::Table { topic, time } => {
            field::label(ui, "Topic");
            let listed = context.state.log.topics.iter().filter(|topic| !topic.internal);
            let topics: Vec<Offer> = listed.map(|topic| Offer::new(&*topic.name, "")).collect();
            if topics.is_empty() {
                done |= field::line(ui, "Topic", topic, "orders");
            } else if let Some(picked) = pick::pick(ui, "Topic", topic, ui.available_width(), &topics) {
                *topic = picked;
                done = true;
            }
            field::problems(ui, problems, "topic");
            field::label(ui, "Time");
            let mut text = time.clone().unwrap_or_default();
            let hint = "the record's timestamp";
            done |= field::checked_expression(ui, "Time", &mut text, hint, help, (problems, "time"));
            *time = Some(text).filter(|text| !text.trim().is_empty());
        }
        NodeKind::Filter { .. } => {}
        NodeKind::Project { select, .. } => done |= select_ui(ui, select, &offers, around, false),
        NodeKind::Rekey { by, .. } => {
            field::label(ui, "Key");
            done |= field::expressions(ui, "key", by, "value.order_id", &offers, help, (problems, "by"));
        }
        NodeKind::Flatten { field: of, name, outer, .. } => {
            field::label(ui, "Array");
            done |= field::checked_expression(ui, "Array", of, "value.items", help, (problems, "field"));
            field::label(ui, "The element's column");
            done |= field::line(ui, "The element's column", name, "item");
            field::problems(ui, problems, "as");
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
            done |= field::expressions(ui, "field", by, "value.region", &offers, help, (problems, "by"));
            field::label(ui, "Window");
            done |= window_ui::window_ui(ui, window, grace, texts);
            field::problems(ui, problems, "window");
            field::problems(ui, problems, "grace");
            done |= select_ui(ui, select, &aggregates(names), around, true);
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
            if !right.is_empty() && widgets::link(ui, "Only those without a partner").clicked() {
                match canvas::only_unmatched(&context.state.design.pipeline, around.name) {
                    Ok((pipeline, unmatched)) => {
                        canvas::send_edit(&pipeline, context);
                        context.send(Command::ChooseNode(Some(unmatched)));
                    }
                    Err(why) => context.send(Command::Notify(why)),
                }
            }
            field::label(ui, "Equal");
            let hint = format!("{}.key = {}.key", quoted(left), quoted(right));
            let equal: Vec<Offer> =
                canvas::equalities(&context.state.design.pipeline, left, right, &context.state.names)
                    .into_iter()
                    .map(|text| Offer::new(text, ""))
                    .collect();
            done |= field::expressions(ui, "equality", on, &hint, &equal, help, (problems, "on"));
            done |= within_ui(ui, (left, right), within, grace, texts, context);
            field::problems(ui, problems, "within");
            field::problems(ui, problems, "grace");
        }
        NodeKind::Deduplicate { by, within, keep, .. } => {
            field::label(ui, "The same when equal in");
            done |= field::expressions(ui, "field", by, "value.order_id", &offers, help, (problems, "by"));
            field::label(ui, "Keeps");
            done |= field::choice(ui, keep, &[(Keep::First, "The first"), (Keep::Last, "The last")]);
            done |= field::optional_span(ui, texts, "Forget after", within, Span::of_ms(3_600_000));
            field::problems(ui, problems, "within");
        }
        NodeKind::TopN { by, order, n, .. } => {
            field::label(ui, "How many");
            let mut count = i64::from(*n);
            let drag = ui.add(egui::DragValue::new(&mut count).range(1..=100_000));
            ui.ctx().accesskit_node_builder(drag.id, |node| node.set_label("How many"));
            *n = u32::try_from(count).unwrap_or(1);
            done |= field::is_done(ui, &drag) || drag.drag_stopped();
            field::problems(ui, problems, "n");
            field::label(ui, "In the order of");
            done |= order_ui(ui, order, around);
            field::problems_of_all(ui, problems, "order");
            field::label(ui, "In each");
            if by.is_empty() {
                widgets::caption(ui, "all rows are one group");
            }
            done |= field::expressions(ui, "field", by, "value.region", &offers, help, (problems, "by"));
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

/// What can be worked out of many rows, for the columns that there are.
fn aggregates(names: &[Name]) -> Vec<Offer> {
    let mut offers = vec![Offer::new("count(*)", "rows")];
    for name in names.iter().filter(|name| name.is_number) {
        let of = |function: &str, about: &str| Offer::new(format!("{function}({})", name.text), about);
        offers.extend([of("sum", "sum"), of("avg", "mean"), of("max", "largest")]);
    }
    for name in names.iter().filter(|name| !name.is_number) {
        offers.push(Offer::new(format!("count(DISTINCT {})", name.text), "different values"));
    }
    offers
}

/// A name for a column that is worked out so.
fn column_name(expr: &str, select: &[Select]) -> String {
    let parts: Vec<&str> = expr
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|part| !part.is_empty() && *part != "DISTINCT")
        .collect();
    let stem = match (expr, parts.first(), parts.last()) {
        ("count(*)", ..) => "events".to_owned(),
        (_, Some(first), Some(last)) if expr.contains('(') && first != last => format!("{first}_{last}"),
        (_, _, Some(last)) => (*last).to_owned(),
        _ => "column".to_owned(),
    };
    let numbered = (2..).map(|number| format!("{stem}_{number}"));
    let mut names = std::iter::once(stem.clone()).chain(numbered);
    names.find(|name| select.iter().all(|known| known.name != *name)).unwrap_or(stem)
}

/// Columns that are worked out: a name and an expression each.
fn select_ui(ui: &mut Ui, select: &mut Vec<Select>, offers: &[Offer], around: &Around<'_, '_>, many: bool) -> bool {
    let help = Help { names: around.names, aggregates: many };
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
                let of = (around.problems, &*format!("select.{}", column.name));
                let name = format!("Column {}", at + 1);
                done |= field::underlined_expression(ui, &name, &mut column.expr, "an expression", help, of);
            });
            if widgets::icon_button(ui, Icon::Close, &format!("Remove {}", column.name)).clicked() {
                gone = Some(at);
            }
        });
        field::problems(ui, around.problems, &format!("select.{}", column.name));
    }
    if let Some(at) = gone {
        select.remove(at);
        done = true;
    }
    if let Some(expr) = pick::add(ui, "Add column", offers) {
        select.push(Select { name: column_name(&expr, select), expr });
        done = true;
    }
    for problem in around.problems.iter().filter(|problem| problem.setting.as_deref() == Some("select")) {
        widgets::error_line(ui, &problem.message);
    }
    done
}

fn order_ui(ui: &mut Ui, order: &mut Vec<OrderBy>, around: &Around<'_, '_>) -> bool {
    let (mut done, mut gone) = (false, None);
    for (at, by) in order.iter_mut().enumerate() {
        ui.horizontal(|ui| {
            let room = ui.available_width() - 130.0;
            ui.scope(|ui| {
                ui.set_width(room);
                let of = (around.problems, &*format!("order[{at}]"));
                let name = format!("Order {}", at + 1);
                done |= field::underlined_expression(ui, &name, &mut by.expr, "value.amount", around.help(), of);
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
        field::problems(ui, around.problems, &format!("order[{at}]"));
    }
    if let Some(at) = gone {
        order.remove(at);
        done = true;
    }
    if let Some(expr) = pick::add(ui, "Add order", &around.offers()) {
        order.push(OrderBy { expr, descending: true });
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
        done |= field::presets(ui, "Later by", &mut span.after, &window_ui::LENGTHS);
        done |= within_ui::picture(ui, span, grace);
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
