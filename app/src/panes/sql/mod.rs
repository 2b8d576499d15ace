//! Views asked in SQL.

use egui::{FontSelection, Frame, Key, Margin, Modifiers, RichText, TextEdit, Ui, vec2};
use fabula_core::codec::Cell;

use super::as_of::AsOf;
use super::grid_ui::Grid;
use super::made_of::MadeOf;
use super::{Context, Pane, form};
use crate::asking::{Answer, Loaded, ask};
use crate::command::Command;
use crate::figures;
use crate::jobs::{Job, Title, Unit};
use crate::theme::{font, size, tokens, widgets};
use crate::whole_run::{Ended, shown_node, told};
use crate::zone::Clock;

/// A question to the views, and its answer.
#[derive(Default)]
pub struct SqlPane {
    /// What is being written; `None` until somebody writes.
    text: Option<String>,
    loaded: Option<Loaded>,
    job: Option<(Job<Answered>, MadeOf)>,
    answer: Option<(Shown, MadeOf)>,
    /// The row of the answer that is looked at.
    chosen: Option<usize>,
    as_of: AsOf,
    failure: Option<String>,
}

/// The views, to be asked again, and the answer as it is drawn.
type Answered = (Option<Loaded>, Result<Shown, Ended>);

/// An answer as it is drawn.
struct Shown {
    grid: Grid,
    told: String,
    notes: Vec<String>,
}

impl Shown {
    fn of(answer: &Answer, clock: &Clock) -> Self {
        let number = |at: usize| {
            let first = answer.rows.iter().map(|row| &row[at]).find(|cell| !cell.is_null());
            first.is_some_and(Cell::is_number)
        };
        let columns = answer.columns.iter().enumerate().map(|(at, name)| (name.clone(), number(at))).collect();
        let rows = answer.rows.iter().map(|row| row.iter().map(|cell| Grid::text(cell, clock)).collect()).collect();
        let count = figures::of(answer.rows.len() as u64, "row");
        let more = if answer.more { "the first " } else { "" };
        let told = format!("{more}{count}, over {}", told(answer.events, answer.stretch));
        let values = |count: &u64| figures::of(*count, "value");
        let rounded = answer
            .rounded
            .iter()
            .map(|(column, count)| format!("{column}: {} rounded, of more than 15 digits", values(count)));
        let nulled = answer.nulled.iter().map(|(column, count)| {
            format!("{column}: {} null here: not decoded, not calculated, or not a number", values(count))
        });
        Self {
            grid: Grid { columns, rows },
            told,
            notes: rounded.chain(nulled).chain(answer.left_out.iter().cloned()).collect(),
        }
    }
}

impl SqlPane {
    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        self.job.is_none()
    }

    fn begin(&mut self, text: &str, context: &Context<'_>) {
        self.failure = None;
        let Some(run) = self.as_of.run(context.state) else {
            self.failure = Some("the pipeline does not run: the canvas says why".to_owned());
            return;
        };
        let made_of = MadeOf::new(run.clone(), context.state);
        let (known, text, clock) = (self.loaded.take(), text.to_owned(), context.state.clock.clone());
        let title = Title::listed("Asking the views", Unit::Events);
        let job = context.jobs.spawn_blocking(title, move |progress| {
            let (loaded, answer) = ask(&run, known, &text, progress);
            (loaded, answer.map(|answer| Shown::of(&answer, &clock)))
        });
        self.job = Some((job, made_of));
    }
}

impl Pane for SqlPane {
    fn update(&mut self, context: &Context<'_>) {
        let Some((job, _)) = &mut self.job else { return };
        let answer = match job.poll() {
            Some((loaded, answer)) => {
                self.loaded = loaded;
                answer
            }
            None if job.is_lost() => Err(Ended::Failed("the question came to no end".to_owned())),
            None => return,
        };
        let made_of = self.job.take().map(|(_, made_of)| made_of);
        match answer {
            Ok(answer) => {
                let was = std::mem::replace(&mut self.answer, made_of.map(|made_of| (answer, made_of)));
                context.jobs.drop_aside(was);
                self.chosen = None;
            }
            Err(Ended::Cancelled) => self.failure = Some("cancelled".to_owned()),
            Err(Ended::Failed(why) | Ended::Password(why)) => self.failure = Some(why),
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if let Some((answer, made_of)) = &self.answer {
            let outdated = made_of.outdated(context.state).map(|why| format!(" · {why}")).unwrap_or_default();
            widgets::caption(ui, format!("{}{outdated}", answer.told));
        }
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(node) = shown_node(context.state) else {
            let hint = "A pipeline's views can be asked here; draw one on the canvas";
            if widgets::empty_state(ui, "No views yet", hint, Some("Open the canvas")) {
                context.send(Command::ShowPane(super::PaneKind::Canvas));
            }
            return;
        };
        let first = || format!("SELECT * FROM \"{}\" LIMIT 100", first_view(context).unwrap_or(node));
        let mut text = self.text.clone().unwrap_or_else(first);
        let mut go = false;
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 6));
        frame.show(ui, |ui| {
            let edit = TextEdit::multiline(&mut text)
                .font(FontSelection::FontId(font::mono()))
                .hint_text(RichText::new("SELECT …").color(tokens(ui).text_faint))
                .margin(vec2(8.0, 4.0))
                .desired_rows(2)
                .desired_width(f32::INFINITY);
            let response = ui.add(edit);
            form::named(ui, &response, "Question in SQL");
            if response.changed() {
                self.text = Some(text.clone());
            }
            go |= response.has_focus() && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
            match &self.job {
                Some((job, _)) => form::job_ui(ui, job, context),
                None => {
                    ui.horizontal(|ui| {
                        go |= widgets::primary_button(ui, "Ask").on_hover_text("Ctrl+Enter").clicked();
                        self.as_of.ui(ui, context);
                        widgets::caption(ui, "· views are tables of their names, and can be read");
                    });
                }
            }
            if let Some(why) = &self.failure {
                widgets::error_line(ui, why);
            }
            if let Some((answer, made_of)) = &self.answer {
                made_of.outdated_ui(ui, "The answer", context.state);
                answer.notes.iter().for_each(|note| drop(widgets::caption(ui, note)));
            }
        });
        if go && self.job.is_none() {
            self.begin(&text, context);
        }
        if let Some((answer, _)) = &self.answer {
            self.chosen = answer.grid.ui(ui, "Answer", self.chosen).or(self.chosen);
        }
    }
}

/// The first view of the pipeline: those can be asked.
fn first_view(context: &Context<'_>) -> Option<String> {
    use fabula_core::pipeline::NodeKind;
    let pipeline = &context.state.design.pipeline;
    let views = pipeline.nodes.iter().filter(|node| matches!(node.kind, NodeKind::View { .. }));
    views.chain(pipeline.ends()).map(|node| node.name.clone()).next()
}
