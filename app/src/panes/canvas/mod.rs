//! The canvas: the pipeline as cards and wires, with what goes through them.
//!
//! It draws from [`crate::state::Design`] and sends a changed text for every edit, so that undo, the workspace and the text
//! beside the cards all hold the same thing. Its own are the view (where one looks, how near), what is being dragged, and
//! the run of the pipeline.

mod acts;
mod add_ui;
mod card;
mod card_ui;
mod clip;
mod dropped;
mod edits;
mod ground_ui;
mod keys_ui;
mod naming;
mod note_ui;
mod pieces;
mod places;
mod running;
mod strip_ui;
mod text_ui;
mod view;
mod wire_ui;

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{Pos2, Rect, Ui, pos2, vec2};
use fabula_core::pipeline::{Document, Pipeline, Problem};

use super::timeline::windows::Windows;
use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::state::{Names, Outcome};
use crate::theme::{size, tokens, widgets};

use add_ui::Adding;
use card::Card;
use naming::Naming;
use note_ui::Writing;
use places::Chosen;
use running::Runs;
use text_ui::TextSide;
use view::View;

pub use dropped::Dragged;
pub use places::Align;
pub use view::Look;

/// The pipelines that come with the program: their names and texts.
pub const SAMPLES: [(&str, &str); 6] = [
    ("Revenue per minute", include_str!("../../../../assets/pipelines/revenue-per-minute.toml")),
    ("Orders without a payment", include_str!("../../../../assets/pipelines/orders-without-payment.toml")),
    ("Sessions per customer", include_str!("../../../../assets/pipelines/sessions-per-customer.toml")),
    ("Error rate per service", include_str!("../../../../assets/pipelines/error-rate-per-service.toml")),
    ("Orders with customers", include_str!("../../../../assets/pipelines/orders-with-customers.toml")),
    ("Payment latency", include_str!("../../../../assets/pipelines/payment-latency.toml")),
];

/// What puts nodes in order and runs them, as the pipeline's menu lists it.
const ARRANGING: [Command; 10] = [
    Command::RunOverMarked,
    Command::CutHistory(None),
    Command::RunAgain,
    Command::AddNote,
    Command::ArrangePipeline,
    Command::AlignNodes(Align::Left),
    Command::AlignNodes(Align::Top),
    Command::AlignNodes(Align::Across),
    Command::AlignNodes(Align::Down),
    Command::FitCanvas,
];

/// How much ground is brought into sight behind a card that was just added, in points of the pipeline.
const ROOM: f32 = 200.0;

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
    /// What is chosen together; the chosen node is among it.
    chosen: Chosen,
    naming: Naming,
    /// The note whose words are being written.
    writing: Option<Writing>,
    /// What waits for the edit that was sent.
    after: AfterEdit,
    /// The card that is to be brought into sight.
    reveal: Option<String>,
    /// The card that was just added, and the names of those that were drawn last.
    fresh: Option<String>,
    drawn: BTreeSet<String>,
    /// The card that is to have the keyboard.
    focus: Option<String>,
    /// Whether the keyboard is the canvas's: it was clicked last, or something on it has the focus.
    attention: bool,
    /// Whether something on it has the focus in this frame.
    attended: bool,
    /// What has it instead.
    elsewhere: Option<egui::Id>,
    /// The wire that has the focus: the node that takes its rows, and as which input.
    wire: Option<(String, usize)>,
    /// The wire that the pointer is near, and the one that a card is held over.
    near: Option<(String, usize)>,
    over: Option<(String, usize)>,
    /// Whether history is played.
    playing: Option<f64>,
    /// The windows under the canvas, and what they were made of.
    windows_of: Option<(usize, Option<String>, Option<Windows>)>,
    /// Where it was drawn last; `None` while it is not in sight.
    rect: Option<Rect>,
}

/// What is being dragged.
#[derive(Debug, Clone, PartialEq)]
enum Drag {
    /// What is chosen, by so much, held by one of it.
    Chosen { by: [f32; 2], held: String },
    /// A wire, from the node that gives its rows.
    Wire(String),
    /// A frame around what is to be chosen, from where it began on the screen.
    Band(Pos2),
    /// The corner of a note, by so much.
    NoteSize(usize, [f32; 2]),
}

/// What is done when an edit that was sent has been made: until then there is nothing that it could be done to.
#[derive(Default)]
struct AfterEdit {
    /// What is chosen then.
    chosen: Option<Chosen>,
    /// The note that is written then.
    writing: Option<Writing>,
    /// Whether everything is brought into sight then.
    fit: bool,
}

impl Canvas {
    /// What the pipeline comes to, for the other panes.
    pub fn outcome(&self) -> Option<Arc<Outcome>> {
        self.runs.outcome().cloned()
    }

    /// What can be named at each node, for the forms.
    pub fn names(&self) -> Names {
        self.naming.names().clone()
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        self.runs.is_settled() && self.naming.is_settled()
    }

    /// Whether the keyboard is the canvas's.
    pub fn has_attention(&self) -> bool {
        self.attention && self.rect.is_some()
    }

    /// Whether it was drawn in the last frame.
    pub fn is_in_sight(&self) -> bool {
        self.rect.is_some()
    }

    /// What a key that means this means on the canvas.
    pub fn meant(&self, command: Command) -> Command {
        match (command, &self.wire) {
            (Command::RemoveNode, Some((to, port))) => Command::CutWire(to.clone(), *port),
            (Command::AddToCanvas | Command::ConnectNode, Some((to, port))) => Command::AddToWire(to.clone(), *port),
            (command, _) => command.on_canvas(),
        }
    }

    /// The keyboard is the canvas's while something on it has the focus, and no longer when something else has got it.
    fn follow_focus(&mut self, ui: &Ui) {
        let focused = ui.memory(|memory| memory.focused());
        let elsewhere = focused.filter(|_| !self.attended);
        if self.attended {
            self.attention = true;
        } else if elsewhere.is_some() && self.elsewhere == elsewhere {
            // What has just gone, such as a wire that was cut, still has the focus for a frame.
            self.attention = false;
        }
        self.elsewhere = elsewhere;
    }

    fn cards(&self, context: &Context<'_>) -> Vec<Card> {
        let mut cards = card::cards(context.state);
        if let Some(Drag::Chosen { by, .. }) = &self.drag {
            for card in cards.iter_mut().filter(|card| self.chosen.nodes.contains(&card.name)) {
                card.at = [card.at[0] + by[0], card.at[1] + by[1]];
            }
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
                        context.send(Command::PutPipeline(text.to_owned(), None));
                    }
                }
                ui.add_space(10.0);
                if widgets::primary_button(ui, "Add a topic…").clicked() {
                    self.open_adding(None, &[]);
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
        let problems = match design.problems.len() as u64 {
            0 => String::new(),
            count => figures::of(count, "problem"),
        };
        let Some(outcome) = self.runs.outcome() else { return problems };
        if !problems.is_empty() {
            // The part that nothing is wrong with runs all the same.
            let done = figures::of(outcome.done.0, "event");
            return format!("{problems} · {done} run through the rest");
        }
        if outcome.failure.is_some() {
            return "stopped".to_owned();
        }
        let (done, total) = outcome.done;
        let mut more = String::new();
        if !outcome.unread.is_empty() {
            more = format!(" · {} not read", figures::of(outcome.unread.len() as u64, "source"));
        }
        if outcome.behind > 0 {
            more.push_str(&format!(" · {} came after their turn", figures::count(outcome.behind)));
        }
        let clock = &context.state.clock;
        let cut = match (context.state.begins, context.state.cut) {
            (Some(begins), Some(cut)) => format!(", from {} to {}", clock.time_of_day(begins), clock.time_of_day(cut)),
            (_, Some(_)) => ", up to the cut".to_owned(),
            _ => String::new(),
        };
        if let Some(waits) = &outcome.waits {
            format!("{} run · {waits}{more}", figures::of(done, "event"))
        } else if outcome.whole && self.playing.is_none() {
            format!("{} run{cut}{more}", figures::of(done, "event"))
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
            for command in ARRANGING {
                crate::chrome::menu::command_ui(ui, context, &command);
            }
            ui.separator();
            for (name, text) in SAMPLES {
                if ui.button(name).clicked() {
                    context.send(Command::PutPipeline(text.to_owned(), None));
                    ui.close();
                }
            }
        });
    }
}

/// The pipeline with another name for a node, which what names it follows.
pub(in crate::panes) use edits::{equalities, free_name, only_unmatched, rename as renamed, stem_of_type};

/// A text that holds this pipeline: the one that is there, changed only where it differs.
///
/// # Errors
/// What can't be written, or is wrong with the text that is there: it may hold what somebody is about to mend.
fn written(text: Option<&str>, pipeline: &Pipeline) -> Result<String, Vec<Problem>> {
    match text {
        Some(text) => {
            let mut document = Document::parse(text)?;
            document.set_pipeline(pipeline)?;
            Ok(document.text().to_owned())
        }
        None => Ok(Document::of(pipeline)?.text().to_owned()),
    }
}

/// Sends a pipeline as the text that it is in now, changed only where it differs; says why where that can't be. Whether it
/// was sent.
pub(in crate::panes) fn send_edit(pipeline: &Pipeline, context: &Context<'_>) -> bool {
    match written(context.state.design.text(), pipeline) {
        Ok(text) => {
            context.send(Command::SetPipeline(Some(text)));
            true
        }
        Err(problems) => {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            context.send(Command::Notify(first));
            false
        }
    }
}

impl Pane for Canvas {
    fn update(&mut self, context: &Context<'_>) {
        self.runs.update(context);
        self.naming.update(context);
        // It is drawn again if it is in sight.
        self.rect = None;
        self.chosen.keep_known(&context.state.design.pipeline);
        if let Some(text) = &mut self.text {
            text.follow(context.state.design.text());
        }
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        self.act(command, context);
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        self.menu_ui(ui, context);
        if widgets::bar_toggle(ui, "Text", self.text.is_some()).clicked() {
            self.text = match self.text {
                None => Some(TextSide::of(context.state.design.text())),
                Some(_) => None,
            };
        }
        if widgets::bar_toggle(ui, "Add", self.adding.is_some())
            .on_hover_text(Command::AddToCanvas.info().tooltip)
            .clicked()
        {
            context.send(Command::AddToCanvas);
        }
        if !context.state.design.pipeline.nodes.is_empty() && widgets::bar_toggle(ui, "Arrange", false).clicked() {
            context.send(Command::ArrangePipeline);
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
        let strip = rect.with_min_y(rect.bottom() - strip_ui::HEIGHT);
        if !context.state.design.pipeline.nodes.is_empty() && rect.height() > 3.0 * strip_ui::HEIGHT {
            rect.max.y = strip.top();
            strip_ui::strip_ui(ui, self, strip, context);
        }
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        self.view.corner = rect.min;
        self.rect = Some(rect);
        if let Some(at) = ui.input(|input| input.pointer.any_pressed().then(|| input.pointer.interact_pos()).flatten())
        {
            self.attention = rect.contains(at);
        }
        let cards = self.cards(context);
        self.fit_new(rect, &cards, context);
        if let Some(card) = self.reveal.as_ref().and_then(|name| cards.iter().find(|card| card.name == *name)) {
            // Behind what was just added there is ground on which its wire can be let go.
            let is_fresh = self.fresh.take_if(|name| *name == card.name).is_some();
            let room = if is_fresh { ROOM } else { 0.0 };
            self.view.reveal(rect, card.rect().with_max_x(card.rect().right() + room));
            self.reveal = None;
        }
        self.wire = None;
        self.attended = false;
        self.drawn = cards.iter().map(|card| card.name.clone()).collect();
        // Where a drag ended unseen, as when what was held has gone, nothing is held any more.
        if ui.input(|input| !input.pointer.any_down() && !input.pointer.any_released()) {
            (self.drag, self.over) = (None, None);
        }
        self.ground_ui(ui, rect, &cards, context);
        note_ui::notes_ui(ui, self, &cards, context);
        if cards.is_empty() {
            self.empty_ui(ui, rect, context);
        } else {
            wire_ui::wires_ui(ui, self, &cards, context);
            card_ui::cards_ui(ui, self, &cards, context);
        }
        if let Some((at, why)) = &self.refused {
            let at = egui::pos2(at.x.min(rect.right() - 340.0), at.y.min(rect.bottom() - 40.0));
            let area = egui::Area::new(ui.id().with("refused")).order(egui::Order::Tooltip).interactable(false);
            area.fixed_pos(at + vec2(14.0, 10.0)).show(ui.ctx(), |ui| {
                ui.set_max_width(320.0);
                widgets::error_line(ui, why);
            });
        }
        // What one node could not do stands on its card.
        let failure = self.runs.outcome().filter(|outcome| outcome.failed.is_none());
        if let Some(failure) = failure.and_then(|outcome| outcome.failure.as_ref()) {
            let place = Rect::from_min_max(pos2(rect.left() + 12.0, rect.bottom() - 44.0), rect.max - vec2(12.0, 8.0));
            ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| widgets::error_line(ui, failure));
        }
        add_ui::adding_ui(ui, self, context);
        self.follow_focus(ui);
    }
}
