//! The find field of the top bar: a text or a condition over all chosen topics, its answer as it comes, and how much of
//! what was read has been looked through.

mod complete;
mod drop_ui;
mod field_ui;
mod question;
mod searching;

use std::sync::Arc;
use std::time::Instant;

use egui::Ui;
use fabula_core::expr::ExprError;

use super::Context;
use crate::command::Command;
use crate::jobs::{Job, Title};
use crate::state::Found;

use complete::{Completion, Fields};
use question::Question;
use searching::{Scope, Searching};

/// How many searches are remembered.
const REMEMBERED: usize = 50;

/// The find field of the top bar.
#[derive(Default)]
pub struct FindField {
    text: String,
    focus: bool,
    asked: Arc<str>,
    searching: Option<Searching>,
    misunderstood: Option<ExprError>,
    /// Since when the text has stood as it is: a half-written condition is no mistake yet.
    edited: Option<Instant>,
    /// What looks mistaken in a text that can be read.
    advice: Vec<String>,
    history: Vec<String>,
    completion: Completion,
    fields: Arc<Fields>,
    learning: Option<Job<Fields>>,
    /// Which log and topics the fields are of.
    learned: Option<(u64, Vec<fabula_core::event::TopicName>)>,
}

impl FindField {
    /// Takes in results of the search under way, and starts the one that is asked for.
    pub fn update(&mut self, context: &Context<'_>) {
        let state = context.state;
        if self.asked != state.search.text {
            self.asked = Arc::clone(&state.search.text);
            self.text = state.search.text.to_string();
            self.misunderstood = None;
        }
        let Some(snapshot) = state.log.snapshot.as_ref().filter(|_| !self.asked.is_empty()) else {
            if let Some(searching) = self.searching.take() {
                context.jobs.drop_aside(searching);
            }
            return;
        };
        let scope = Scope {
            generation: state.log.generation,
            topics: state.document.shown.iter().cloned().collect(),
            formats: state.formats.clone(),
        };
        if let Some(searching) = self.searching.as_mut().filter(|searching| searching.answers(&self.asked, &scope)) {
            searching.keep_up(snapshot, context.jobs);
            return;
        }
        if self.misunderstood.is_some() {
            return;
        }
        let before = match Question::parse(&self.asked) {
            Ok(Some(question)) => self.searching.replace(Searching::begin(question, scope, snapshot, context.jobs)),
            Ok(None) => self.searching.take(),
            Err(misunderstood) => {
                self.misunderstood = Some(misunderstood);
                self.searching.take()
            }
        };
        if let Some(before) = before {
            context.jobs.drop_aside(before);
        }
    }

    /// What was found so far.
    pub fn found(&self) -> Option<Found> {
        self.searching.as_ref().map(Searching::found)
    }

    /// Whether something is still to be looked through.
    pub fn is_searching(&self) -> bool {
        self.searching.as_ref().is_some_and(Searching::is_running)
    }

    /// Hears a command that was sent, after the state has taken it.
    pub fn command(&mut self, command: &Command, _context: &Context<'_>) {
        match command {
            Command::Find => self.focus = true,
            Command::ClearSearch => {
                self.text.clear();
                self.misunderstood = None;
            }
            Command::Search(text) if !text.trim().is_empty() => self.remember(text.trim()),
            _ => {}
        }
    }

    fn remember(&mut self, text: &str) {
        self.history.retain(|known| known != text);
        self.history.push(text.to_owned());
        if self.history.len() > REMEMBERED {
            self.history.remove(0);
        }
    }

    /// Sends the text off, if it can be understood.
    fn ask(&mut self, context: &Context<'_>) {
        match Question::parse(&self.text) {
            Ok(Some(_)) => {
                self.misunderstood = None;
                context.send(Command::Search(self.text.clone()));
            }
            Ok(None) => context.send(Command::ClearSearch),
            Err(misunderstood) => self.misunderstood = Some(misunderstood),
        }
    }

    /// Learns which fields there are to be offered, when the field is used.
    fn learn(&mut self, context: &Context<'_>) {
        if let Some(fields) = self.learning.as_mut().and_then(Job::poll) {
            self.fields = Arc::new(fields);
            self.learning = None;
        }
        let state = context.state;
        let Some(snapshot) = state.log.snapshot.clone() else { return };
        let topics: Vec<_> = state.document.shown.iter().cloned().collect();
        let of = (state.log.generation, topics.clone());
        if self.learned.as_ref() != Some(&of) && self.learning.is_none() {
            self.learned = Some(of);
            let formats = state.formats.clone();
            let job = move |_: &crate::jobs::Progress| Fields::of(&topics, &snapshot, &formats);
            self.learning = Some(context.jobs.spawn_blocking(Title::quiet("Fields"), job));
        }
    }

    /// Draws the field in the space there is.
    pub fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        field_ui::field_ui(ui, self, context);
    }
}
