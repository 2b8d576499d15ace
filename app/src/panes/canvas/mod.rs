//! The canvas: the pipeline as cards and wires, with what goes through them.
//!
//! It draws from [`crate::state::Design`] and sends a changed text for every edit, so that undo, the workspace and the text
//! beside the cards all hold the same thing. Its own are the view (where one looks, how near), what is being dragged, and
//! the run of the pipeline.

mod add_ui;
mod card;
mod card_ui;
mod edits;
mod running;
mod text_ui;
mod wire_ui;

use std::sync::Arc;

use egui::{Pos2, Rect, Response, Sense, Ui, Vec2, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::pipeline::{Document, Pipeline};

use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::state::Outcome;
use crate::theme::{size, tokens, widgets};

use add_ui::Adding;
use card::Card;
use running::Runs;
use text_ui::TextSide;

/// The pipelines that come with the program: their names and texts.
pub const SAMPLES: [(&str, &str); 6] = [
    ("Revenue per minute", include_str!("../../../../assets/pipelines/revenue-per-minute.toml")),
    ("Orders without a payment", include_str!("../../../../assets/pipelines/orders-without-payment.toml")),
    ("Sessions per customer", include_str!("../../../../assets/pipelines/sessions-per-customer.toml")),
    ("Error rate per service", include_str!("../../../../assets/pipelines/error-rate-per-service.toml")),
    ("Orders with customers", include_str!("../../../../assets/pipelines/orders-with-customers.toml")),
    ("Payment latency", include_str!("../../../../assets/pipelines/payment-latency.toml")),
];

/// How near one may look, and how far away.
const ZOOM: std::ops::RangeInclusive<f32> = 0.25..=2.0;

/// The canvas.
#[derive(Default)]
pub struct Canvas {
    runs: Runs,
    view: View,
    drag: Option<Drag>,
    adding: Option<Adding>,
    text: Option<TextSide>,
    /// The pipeline that was brought into sight as a whole.
    fitted: Option<String>,
    /// Why the last wire could not be drawn, and where that is said.
    refused: Option<(Pos2, String)>,
}

/// Where one looks: a point of the pipeline is drawn at `offset + point * zoom` from the pane's corner.
#[derive(Debug, Clone, Copy)]
struct View {
    offset: Vec2,
    zoom: f32,
    corner: Pos2,
}

impl Default for View {
    fn default() -> Self {
        Self { offset: Vec2::ZERO, zoom: 1.0, corner: Pos2::ZERO }
    }
}

impl View {
    fn to_screen(self, point: [f32; 2]) -> Pos2 {
        self.corner + self.offset + vec2(point[0], point[1]) * self.zoom
    }

    fn to_scene(self, at: Pos2) -> [f32; 2] {
        let point = (at - self.corner - self.offset) / self.zoom;
        [point.x, point.y]
    }

    /// Looks nearer, or from further away, with what is at a place staying there.
    fn zoom_at(&mut self, at: Pos2, factor: f32) {
        let held = self.to_scene(at);
        self.zoom = (self.zoom * factor).clamp(*ZOOM.start(), *ZOOM.end());
        self.offset = at - self.corner - vec2(held[0], held[1]) * self.zoom;
    }

    /// Brings a part of the pipeline into the middle, not larger than life.
    fn fit(&mut self, pane: Rect, part: Rect) {
        let room = pane.shrink(36.0);
        let zoom = (room.width() / part.width().max(1.0)).min(room.height() / part.height().max(1.0));
        self.zoom = zoom.clamp(*ZOOM.start(), 1.0);
        self.offset = pane.center() - pane.min - part.center().to_vec2() * self.zoom;
    }
}

/// What is being dragged.
#[derive(Debug, Clone, PartialEq)]
enum Drag {
    /// A card, with where it is by now.
    Card(String, [f32; 2]),
    /// A wire, from the node that gives its rows.
    Wire(String),
}

impl Canvas {
    /// What the pipeline comes to, for the other panes.
    pub fn outcome(&self) -> Option<Arc<Outcome>> {
        self.runs.outcome().cloned()
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        self.runs.is_settled()
    }

    fn cards(&self, context: &Context<'_>) -> Vec<Card> {
        let mut cards = card::cards(context.state);
        if let Some(Drag::Card(name, at)) = &self.drag
            && let Some(card) = cards.iter_mut().find(|card| card.name == *name)
        {
            card.at = *at;
        }
        cards
    }

    /// Brings everything into sight when another pipeline is shown for the first time.
    fn fit_new(&mut self, pane: Rect, cards: &[Card], context: &Context<'_>) {
        let name = &context.state.design.pipeline.name;
        if cards.is_empty() {
            self.fitted = None;
        } else if self.fitted.as_ref() != Some(name) {
            self.fitted = Some(name.clone());
            self.view.fit(pane, card::bounds(cards));
        }
    }

    /// The ground: dragging it moves the view, the wheel looks nearer, a click lets go of the chosen node, a double click or
    /// the second button offers what can be added.
    fn ground_ui(&mut self, ui: &mut Ui, rect: Rect, context: &Context<'_>) -> Response {
        let response = ui.interact(rect, ui.id().with("ground"), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, "Canvas"));
        if response.dragged() && self.drag.is_none() {
            self.view.offset += response.drag_delta();
        }
        if response.clicked() {
            self.adding = None;
            self.refused = None;
            context.send(Command::ChooseNode(None));
        }
        if let Some(at) = response.interact_pointer_pos()
            && (response.double_clicked() || response.secondary_clicked())
        {
            self.adding = Some(Adding::at(at, self.view.to_scene(at), None));
        }
        if let Some(at) = ui.input(|input| input.pointer.hover_pos()).filter(|at| rect.contains(*at))
            && self.adding.is_none()
            && response.contains_pointer()
        {
            let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
            if (pinch - 1.0).abs() > f32::EPSILON {
                self.view.zoom_at(at, pinch);
            } else if scroll != Vec2::ZERO {
                self.view.offset += scroll;
            }
        }
        self.grid(ui, rect);
        response
    }

    fn grid(&self, ui: &Ui, rect: Rect) {
        let tokens = tokens(ui);
        ui.painter().rect_filled(rect, 0.0, tokens.window);
        let step = 24.0 * self.view.zoom * if self.view.zoom < 0.6 { 2.0 } else { 1.0 };
        let origin = rect.min + self.view.offset;
        let first = |origin: f32, start: f32| origin - ((origin - start) / step).floor() * step;
        let mut y = first(origin.y, rect.top());
        while y < rect.bottom() {
            let mut x = first(origin.x, rect.left());
            while x < rect.right() {
                ui.painter().circle_filled(pos2(x, y), 0.8, tokens.hairline);
                x += step;
            }
            y += step;
        }
    }

    fn empty_ui(&mut self, ui: &mut Ui, rect: Rect, context: &Context<'_>) {
        let tokens = tokens(ui);
        let middle = Rect::from_center_size(rect.center(), vec2(380.0_f32.min(rect.width() - 24.0), 300.0));
        ui.scope_builder(egui::UiBuilder::new().max_rect(middle), |ui| {
            ui.vertical_centered(|ui| {
                ui.label(egui::RichText::new("No pipeline yet").font(crate::theme::font::medium()).size(13.0).color(tokens.text));
                ui.add_space(2.0);
                let hint = "Streams are joined, counted and summed here, with their rows at every step. Begin with a topic, or \
                            with one of these:";
                ui.label(egui::RichText::new(hint).color(tokens.text_second));
                ui.add_space(8.0);
                for (name, text) in SAMPLES {
                    if widgets::link(ui, name).clicked() {
                        context.send(Command::SetPipeline(Some(text.to_owned())));
                    }
                }
                ui.add_space(10.0);
                if widgets::primary_button(ui, "Add a topic…").clicked() {
                    let at = pos2(rect.left() + 48.0, rect.top() + 48.0);
                    self.adding = Some(Adding::at(at, [48.0, 72.0], None));
                }
                if widgets::button(ui, "Open a pipeline…").clicked() {
                    context.send(Command::OpenPipeline);
                }
            });
        });
    }

    /// Where the last run stands, in words.
    fn run_in_words(&self, context: &Context<'_>) -> String {
        let design = &context.state.design;
        if !design.problems.is_empty() {
            return figures::of(design.problems.len() as u64, "problem");
        }
        let Some(outcome) = self.runs.outcome() else { return String::new() };
        if outcome.failure.is_some() {
            return "stopped".to_owned();
        }
        let (done, total) = outcome.done;
        if outcome.whole {
            format!("{} run", figures::of(done, "event"))
        } else {
            format!("{} of {}", figures::short(done as f64), figures::of(total, "event"))
        }
    }

    fn menu_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        ui.menu_button("Pipeline", |ui| {
            for command in [Command::NewPipeline, Command::OpenPipeline, Command::SavePipeline, Command::SavePipelineAs]
            {
                if ui.button(command.info().name).clicked() {
                    context.send(command);
                    ui.close();
                }
            }
            ui.separator();
            for (name, text) in SAMPLES {
                if ui.button(name).clicked() {
                    context.send(Command::SetPipeline(Some(text.to_owned())));
                    ui.close();
                }
            }
        });
    }
}

/// The pipeline with another name for a node, which what names it follows.
pub(in crate::panes) use edits::rename as renamed;

/// Sends a pipeline as the text that it is in now, changed only where it differs; says why where that can't be.
pub(super) fn send_edit(pipeline: &Pipeline, context: &Context<'_>) {
    let text = context.state.design.text();
    let written = match text.map(Document::parse) {
        Some(Ok(mut document)) => document.set_pipeline(pipeline).map(|()| document.text().to_owned()),
        // A text that can't be read is not written over: it may hold what somebody is about to mend.
        Some(Err(problems)) => Err(problems),
        None => Document::of(pipeline).map(|document| document.text().to_owned()),
    };
    match written {
        Ok(text) => context.send(Command::SetPipeline(Some(text))),
        Err(problems) => {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            context.send(Command::Notify(first));
        }
    }
}

impl Pane for Canvas {
    fn update(&mut self, context: &Context<'_>) {
        self.runs.update(context);
        if let Some(text) = &mut self.text {
            text.follow(context.state.design.text());
        }
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        let design = &context.state.design;
        match command {
            Command::RemoveNode => {
                if let Some(node) = design.chosen_node() {
                    send_edit(&edits::remove(&design.pipeline, &node.name), context);
                }
            }
            Command::ArrangePipeline => {
                self.fitted = None;
                send_edit(&edits::arranged(&design.pipeline, true), context);
            }
            Command::RunAgain => self.runs.run_again(),
            Command::AddTopicToPipeline(topic, table) => {
                let at = card::free_place(context.state);
                let (pipeline, name) = edits::add_topic(&design.pipeline, topic, *table, at);
                send_edit(&pipeline, context);
                context.send(Command::ChooseNode(Some(name)));
            }
            Command::SetPipeline(_) => {
                let missing = design.pipeline.nodes.iter().any(|node| !design.pipeline.layout.contains_key(&node.name));
                if missing && design.readable {
                    send_edit(&edits::arranged(&design.pipeline, false), context);
                }
            }
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        self.menu_ui(ui, context);
        if widgets::bar_toggle(ui, "Text", self.text.is_some()).clicked() {
            self.text = match self.text {
                None => Some(TextSide::of(context.state.design.text())),
                Some(_) => None,
            };
        }
        if !context.state.design.pipeline.nodes.is_empty() {
            if widgets::bar_toggle(ui, "Arrange", false).clicked() {
                context.send(Command::ArrangePipeline);
            }
            if self.runs.is_behind(context) && widgets::bar_toggle(ui, "Run again", false).clicked() {
                context.send(Command::RunAgain);
            }
        }
        ui.add_space(size::GRID);
        let name = &context.state.design.pipeline.name;
        let run = self.run_in_words(context);
        let words = match (name.is_empty(), run.is_empty()) {
            (_, true) => name.clone(),
            (true, false) => run,
            (false, false) => format!("{name} · {run}"),
        };
        widgets::caption(ui, words);
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let mut rect = ui.max_rect();
        if let Some(text) = &mut self.text {
            let side = rect.with_min_x(rect.right() - (rect.width() * 0.42).clamp(240.0, 560.0));
            rect = rect.with_max_x(side.left() - 1.0);
            widgets::hairline_v(ui, rect.right(), rect.y_range());
            text.ui(ui, side, context);
        }
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        self.view.corner = rect.min;
        let cards = self.cards(context);
        self.fit_new(rect, &cards, context);
        self.ground_ui(ui, rect, context);
        if cards.is_empty() {
            self.empty_ui(ui, rect, context);
        } else {
            wire_ui::wires_ui(ui, self, &cards, context);
            card_ui::cards_ui(ui, self, &cards, context);
        }
        if let Some((at, why)) = &self.refused {
            let place = Rect::from_min_size(*at + vec2(12.0, 4.0), vec2(320.0, 30.0));
            ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| widgets::error_line(ui, why));
        }
        if let Some(failure) = self.runs.outcome().and_then(|outcome| outcome.failure.as_ref()) {
            let place = Rect::from_min_max(pos2(rect.left() + 12.0, rect.bottom() - 44.0), rect.max - vec2(12.0, 8.0));
            ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| widgets::error_line(ui, failure));
        }
        add_ui::adding_ui(ui, self, context);
    }
}
