//! A condition over threads, in the one expression language.

use std::sync::Arc;

use egui::Ui;
use fabula_core::codec::{Cell, Path, Step};
use fabula_core::expr::{ExprError, Formula, Input, NameError, Scope, Truth, Type};
use fabula_core::narrative::threads::Summary;

use super::bar_ui::outcome_words;
use crate::figures;
use crate::panes::form;
use crate::state::Tied;
use crate::theme::icon::Icon;
use crate::theme::widgets;

const NS: i64 = 1_000_000;
/// So many threads are looked at together.
const TOGETHER: usize = 4096;

/// What can be asked of a thread.
const NAMES: [(&str, Type); 12] = [
    ("started", Type::Time),
    ("ended", Type::Time),
    ("duration_ms", Type::Number),
    ("events", Type::Number),
    ("services", Type::Number),
    ("service_names", Type::Text),
    ("first_step", Type::Text),
    ("last_step", Type::Text),
    ("steps", Type::Text),
    ("outcome", Type::Text),
    ("findings", Type::Number),
    ("kinds", Type::Text),
];

/// A condition that threads must pass.
#[derive(Debug, Clone)]
pub(super) struct Condition(Formula);

/// The threads that pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Passing {
    pub(super) threads: Vec<u32>,
    /// Of how many it can't be told.
    pub(super) failed: u64,
    /// How often a value was of another kind than what it was compared with.
    pub(super) mismatched: u64,
}

struct Names;

impl Scope for Names {
    fn roots(&self) -> Vec<String> {
        NAMES.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn column(&self, name: &[Step]) -> Result<(usize, Type), NameError> {
        let at = match name {
            [Step::Field(word)] => NAMES.iter().position(|(name, _)| **word == **name),
            _ => None,
        };
        at.map(|at| (at, NAMES[at].1)).ok_or_else(|| NameError {
            message: format!("threads have no “{}”", Path::new(name.to_vec())),
            hint: Some(format!("they have {}", NAMES.map(|(name, _)| name).join(", "))),
        })
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, ExprError> {
        Formula::condition(text, &Names).map(Self)
    }

    /// Those of some threads for which it holds, in their order; of a part of them where the work is ended.
    pub(super) fn of(&self, tied: &Tied, threads: &[u32], ended: &dyn Fn() -> bool) -> Passing {
        let mut passing = Passing::default();
        for threads in threads.chunks(TOGETHER) {
            if ended() {
                break;
            }
            let summaries: Vec<Summary> = threads.iter().map(|&thread| tied.threads.summary(thread)).collect();
            let cells = |input: &Input| -> Vec<Cell<'_>> {
                let Input::Column(column) = input else { return vec![Cell::Missing; threads.len()] };
                summaries.iter().map(|summary| cell(tied, summary, NAMES[*column].0)).collect()
            };
            let inputs: Vec<Vec<Cell<'_>>> = self.0.inputs().iter().map(cells).collect();
            let truths = self.0.truths(&inputs, threads.len(), &mut passing.mismatched);
            for (&thread, truth) in threads.iter().zip(truths) {
                match truth {
                    Truth::True => passing.threads.push(thread),
                    Truth::Failed(_) => passing.failed += 1,
                    _ => {}
                }
            }
        }
        passing
    }
}

fn cell<'t>(tied: &'t Tied, summary: &Summary, name: &str) -> Cell<'t> {
    let threads = &tied.threads;
    let moment = |ms: Option<i64>| ms.map_or(Cell::Null, |ms| Cell::Time(ms.saturating_mul(NS)));
    let step = |step: u16| Cell::Text(threads.step_name(step).as_ref().into());
    let findings = || tied.diagnosed.of(summary.thread);
    match name {
        "started" => moment(summary.start_ms),
        "ended" => moment(summary.end_ms),
        "duration_ms" => {
            let span = summary.start_ms.zip(summary.end_ms);
            span.map_or(Cell::Null, |(start, end)| Cell::Int(end.saturating_sub(start)))
        }
        "events" => Cell::Int(summary.events.into()),
        "services" => Cell::Int(summary.participants.len() as i64),
        "service_names" => {
            let names: Vec<&str> = summary.participants.iter().map(|&who| &**threads.participant_name(who)).collect();
            Cell::Text(names.join(", ").into())
        }
        "first_step" => step(summary.first),
        "last_step" => step(summary.last),
        "steps" => {
            let events = threads.events_of(summary.thread).iter();
            let names: Vec<&str> = events.map(|&event| &**threads.step_name(threads.step(event))).collect();
            Cell::Text(names.join(", ").into())
        }
        "outcome" => Cell::Text(outcome_words(tied.diagnosed.outcome(summary.thread)).into()),
        "findings" => Cell::Int(findings().len() as i64),
        "kinds" => {
            let mut kinds: Vec<&str> = findings().iter().map(|finding| finding.kind.title()).collect();
            kinds.dedup();
            Cell::Text(kinds.join(", ").into())
        }
        _ => Cell::Missing,
    }
}

/// The field with the condition: as it is written, and as it was understood.
#[derive(Default)]
pub(super) struct Filter {
    text: String,
    read: String,
    pub(super) condition: Option<Arc<Condition>>,
    error: Option<ExprError>,
    /// Whether the cursor is to be put into the field.
    focus: bool,
}

impl Filter {
    /// Lets everything pass.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Puts the cursor into the field at the next frame.
    pub(super) fn focus(&mut self) {
        self.focus = true;
    }

    /// Reads what is written, if it is another than before. A mistake leaves the condition that was there.
    fn read(&mut self) {
        if self.read == self.text {
            return;
        }
        self.read.clone_from(&self.text);
        self.error = None;
        if self.text.trim().is_empty() {
            self.condition = None;
            return;
        }
        match Condition::parse(&self.text) {
            Ok(condition) => self.condition = Some(Arc::new(condition)),
            Err(error) => self.error = Some(error),
        }
    }

    /// Paints the field; says what came of it and what is wrong with it.
    pub(super) fn ui(&mut self, ui: &mut Ui, failed: u64, mismatched: u64) {
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 240.0).clamp(160.0, 640.0);
            let hint = "Filter: duration_ms > 60000 AND steps LIKE '%Refund%'";
            form::line_to_focus(ui, "Filter threads", &mut self.text, hint, width, std::mem::take(&mut self.focus));
            if !self.text.is_empty() && widgets::icon_button(ui, Icon::Close, "Clear the filter").clicked() {
                self.clear();
            }
            let mut told = Vec::new();
            if failed > 0 {
                told.push(format!("{} can't be told", figures::count(failed)));
            }
            if mismatched > 0 {
                told.push(format!("{} of another kind", figures::count(mismatched)));
            }
            if !told.is_empty() {
                widgets::caption(ui, told.join(" · "));
            }
        });
        self.read();
        if let Some(error) = &self.error {
            form::mistake(ui, error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_names_what_threads_have() {
        for (name, _) in NAMES {
            assert!(Condition::parse(&format!("{name} IS NULL")).is_ok(), "{name}");
        }
        let wrong = Condition::parse("events > 2 AND order_id = 'A'").expect_err("threads have no such field");
        assert_eq!(&wrong.text[wrong.at.clone()], "order_id");
        assert!(Condition::parse("events").is_err(), "a number is no condition");
    }
}
