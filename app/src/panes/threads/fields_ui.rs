//! By which fields events are tied, topic by topic: why, and the means to change it.

use std::borrow::Cow;

use egui::{Align, Align2, Checkbox, Layout, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, WidgetType, vec2};
use fabula_core::event::TopicName;
use fabula_core::narrative::threads::{Field, FieldUse, Profile, Role, StepField};

use super::ThreadsPane;
use super::pick_ui::{Offer, pick};
use crate::command::Command;
use crate::panes::{Context, form};
use crate::state::{Tied, Ties, ties};
use crate::theme::{font, size, tokens, widgets};

/// How high a row is: it holds fields to choose from.
const ROW: f32 = 28.0;
const TIES: f32 = 30.0;
const FIELD: f32 = 250.0;
const ROLE: f32 = 120.0;

/// What the panel shows.
#[derive(Default)]
pub(super) struct Fields {
    /// Of which threads, and with which changes.
    of: Option<(u64, Ties, Vec<TopicName>)>,
    profile: Profile,
    rows: Vec<Row>,
    /// A field that is to tie too, as it is written.
    written: String,
    topic: Option<TopicName>,
    mistake: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Row {
    Topic(TopicName),
    Field(TopicName, FieldUse),
}

impl Fields {
    /// Brings the rows up to date with what was tied and what a person changed since.
    fn update(&mut self, tied: Option<&Tied>, context: &Context<'_>) {
        let document = &context.state.document;
        let shown: Vec<TopicName> = document.shown.iter().cloned().collect();
        let of = (tied.map_or(0, |tied| tied.number), document.ties.clone(), shown);
        if self.of.as_ref() == Some(&of) {
            return;
        }
        self.profile = tied.map(|tied| (*tied.profile).clone()).unwrap_or_default();
        ties::lay_over(&document.ties, &mut self.profile);
        self.rows.clear();
        for topic in &of.2 {
            self.rows.push(Row::Topic(topic.clone()));
            let fields = self.profile.topic(topic).map(|known| known.fields.as_slice()).unwrap_or_default();
            self.rows.extend(fields.iter().map(|wanted| Row::Field(topic.clone(), wanted.clone())));
        }
        self.of = Some(of);
    }
}

impl ThreadsPane {
    /// Paints the panel.
    pub(super) fn fields_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let tied = self.tying.tied();
        let fields = &mut self.fields;
        fields.update(tied.as_deref(), context);
        let rect = ui.available_rect_before_wrap();
        ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect.shrink2(vec2(size::INSET, 4.0))).id_salt("fields"));
        let response = child.interact(rect, child.id().with("all"), Sense::hover());
        let spoken = format!("Fields that tie, {} rows", fields.rows.len());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, &spoken));
        add_ui(&mut child, fields, context);
        let Fields { rows, profile, .. } = fields;
        let area = ScrollArea::vertical().id_salt("rows").auto_shrink(false);
        child.spacing_mut().item_spacing.y = 0.0;
        area.show_rows(&mut child, ROW, rows.len(), |ui, seen| {
            for at in seen {
                let Some(row) = rows.get(at) else { continue };
                let (place, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
                let layout = Layout::left_to_right(Align::Center);
                let mut line = ui.new_child(UiBuilder::new().max_rect(place).layout(layout).id_salt(at));
                match row {
                    Row::Topic(topic) => topic_ui(&mut line, place, topic, profile, context),
                    Row::Field(topic, wanted) => field_ui(&mut line, place, topic, wanted, context),
                }
            }
        });
    }
}

/// The line that adds a field of which nothing was suggested.
fn add_ui(ui: &mut Ui, fields: &mut Fields, context: &Context<'_>) {
    ui.horizontal(|ui| {
        form::name(ui, "Tie by");
        let hint = "value.order_id, headers.trace";
        let entered = form::line(ui, "Another field that ties", &mut fields.written, hint, 200.0);
        form::name(ui, "of");
        let topics: Vec<&TopicName> = context.state.document.shown.iter().collect();
        let shown = fields.topic.as_deref().unwrap_or("every topic").to_owned();
        let offer = |at: usize| -> Offer<'_> {
            match at.checked_sub(1).and_then(|at| topics.get(at)) {
                Some(topic) => (Cow::Borrowed(&***topic), Cow::Borrowed("")),
                None => (Cow::Borrowed("every topic"), Cow::Borrowed("")),
            }
        };
        if let Some(at) = pick(ui, "Topic of the field", &shown, 160.0, topics.len() + 1, &offer) {
            fields.topic = at.checked_sub(1).and_then(|at| topics.get(at)).map(|topic| (*topic).clone());
        }
        if widgets::button(ui, "Tie by it").clicked() || entered {
            match fields.written.parse::<Field>() {
                Ok(field) => {
                    for topic in
                        topics.into_iter().filter(|topic| fields.topic.as_ref().is_none_or(|own| own == *topic))
                    {
                        let wanted = ties::use_of(Some(&fields.profile), topic, &field, true);
                        context.send(Command::TieBy(topic.clone(), wanted));
                    }
                    fields.written.clear();
                    fields.mistake = None;
                }
                Err(error) => fields.mistake = Some(error.to_string()),
            }
        }
    });
    if let Some(mistake) = &fields.mistake {
        widgets::error_line(ui, mistake);
    }
}

/// A topic: whether it takes part, and where its steps are named.
fn topic_ui(ui: &mut Ui, place: Rect, topic: &TopicName, profile: &Profile, context: &Context<'_>) {
    let own = context.state.document.ties.get(topic);
    let mut takes_part = !own.is_some_and(|own| own.out);
    widgets::hairline_h(ui, place.x_range(), place.top());
    let part = ui.add(Checkbox::without_text(&mut takes_part));
    form::named(ui, &part, &format!("{topic} takes part in threads"));
    if part.on_hover_text("Whether the topic's events take part in threads").changed() {
        context.send(Command::KeepOut(topic.clone(), !takes_part));
    }
    let color = tokens(ui).series(context.state.series.number(topic));
    let (name, _) = ui.allocate_exact_size(vec2(FIELD, ROW), Sense::hover());
    widgets::chip(ui.painter(), tokens(ui), name.left_center() + vec2(5.0, 0.0), color, takes_part);
    let words = name.with_min_x(name.left() + 16.0).with_max_x(name.right() - 8.0);
    widgets::text_in(ui.painter(), words, Align2::LEFT_CENTER, topic, font::strong(), tokens(ui).text);
    if !takes_part {
        widgets::whole_caption(ui, "takes no part");
    } else {
        step_ui(ui, topic, profile, context);
    }
    if own.is_some() && widgets::link(ui, "As suggested").on_hover_text("Take these changes back").clicked() {
        context.send(Command::TieAsSuggested(topic.clone()));
    }
}

/// Where the names of a topic's steps stand.
fn step_ui(ui: &mut Ui, topic: &TopicName, profile: &Profile, context: &Context<'_>) {
    let known = profile.topic(topic);
    let words = |step: &[StepField]| match step {
        [] => "the topic's name".to_owned(),
        steps => steps.iter().map(step_words).collect::<Vec<_>>().join(", else "),
    };
    let now = known.map(|known| words(&known.step)).unwrap_or_else(|| words(&[]));
    let mut choices: Vec<(Option<Vec<StepField>>, String)> =
        vec![(None, "as suggested".to_owned()), (Some(Vec::new()), words(&[]))];
    if let Some(known) = known {
        choices.extend(known.step.iter().map(|step| (Some(vec![step.clone()]), step_words(step))));
        let named = known.fields.iter().map(|wanted| StepField::Type(wanted.field.clone()));
        choices.extend(named.map(|step| (Some(vec![step.clone()]), step_words(&step))));
    }
    form::name(ui, "steps from");
    let offer = |at: usize| -> Offer<'_> {
        (Cow::Borrowed(choices.get(at).map_or("", |(_, words)| words.as_str())), Cow::Borrowed(""))
    };
    if let Some(at) = pick(ui, &format!("Steps of {topic}"), &now, 200.0, choices.len(), &offer)
        && let Some((step, _)) = choices.get(at)
    {
        context.send(Command::SetStep(topic.clone(), step.clone()));
    }
}

fn step_words(step: &StepField) -> String {
    match step {
        StepField::Type(field) => field.to_string(),
        StepField::Change(field) => format!("the change of {field}"),
        StepField::Flat(field) => format!("the flattened change of {field}"),
    }
}

/// A field: whether it ties, what it means, and why.
fn field_ui(ui: &mut Ui, place: Rect, topic: &TopicName, wanted: &FieldUse, context: &Context<'_>) {
    ui.add_space(TIES - 8.0);
    let mut on = wanted.ties;
    let ties = ui.add(Checkbox::without_text(&mut on));
    form::named(ui, &ties, &format!("Tie {topic} by {}", wanted.field));
    if ties.changed() {
        context.send(Command::TieBy(topic.clone(), FieldUse { ties: on, ..wanted.clone() }));
    }
    let tokens = tokens(ui);
    let color = if wanted.ties { tokens.text } else { tokens.text_second };
    let (name, response) = ui.allocate_exact_size(vec2(FIELD - TIES, ROW), Sense::hover());
    let field = wanted.field.to_string();
    let words = name.with_max_x(name.right() - 8.0);
    if widgets::text_in(ui.painter(), words, Align2::LEFT_CENTER, &field, font::mono(), color) {
        response.on_hover_text(&field);
    }
    let offer = |at: usize| -> Offer<'_> {
        (Cow::Borrowed(Role::ALL.get(at).map_or("", |role| role.name())), Cow::Borrowed(""))
    };
    let named = format!("Role of {field} of {topic}");
    if let Some(role) = pick(ui, &named, wanted.role.name(), ROLE, Role::ALL.len(), &offer)
        .and_then(|at| Role::ALL.get(at))
        .filter(|role| **role != wanted.role)
    {
        context.send(Command::TieBy(topic.clone(), FieldUse { role: *role, ..wanted.clone() }));
    }
    let within = if wanted.within_topic { ", within the topic only" } else { "" };
    let why = format!("{}{within}", wanted.because);
    let rest = place.with_min_x(ui.cursor().left() + 8.0);
    let told = ui.interact(rest, ui.id().with("why"), Sense::hover());
    told.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{field} of {topic}: {why}")));
    if widgets::text_in(ui.painter(), rest, Align2::LEFT_CENTER, &why, font::small(), tokens.text_second) {
        told.on_hover_text(&why);
    }
}
