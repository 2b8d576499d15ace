//! One thread as a sequence: participants across, time down, what led to what, what is missing.

mod sequence;
mod sequence_ui;
mod values_ui;
mod written;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Frame, Margin, Ui};

use super::asking::{Asking, Same};
use super::threads::{kind_color, outcome_words};
use super::{Context, Pane, PaneKind, form};
use crate::command::{Command, Form};
use crate::figures;
use crate::files;
use crate::jobs::{Job, Title};
use crate::state::{Tale, Tied, TimeRange};
use crate::theme::{font, size, tokens, widgets};
use sequence::{Distances, Places};

/// Shows one thread.
#[derive(Default)]
pub struct ThreadPane {
    wanted: Option<u32>,
    asking: Asking<(Same<Tied>, u32), Result<Arc<Tale>, String>>,
    distances: Distances,
    values_shown: bool,
    places: Option<(Arc<Tale>, Distances, Arc<Places>)>,
    /// Whether the chosen event is to be brought into sight.
    reveal: bool,
    seen: Option<fabula_core::event::Coordinates>,
    saving: Option<Job<Option<Result<PathBuf, String>>>>,
    /// Why the thread could not be saved.
    unsaved: Option<String>,
}

impl ThreadPane {
    /// The thread, as all panes see it.
    pub fn tale(&self) -> Option<Arc<Tale>> {
        self.asking.last().and_then(|(_, tale)| tale.as_ref().ok()).map(Arc::clone)
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        !self.asking.is_busy()
    }

    /// The thread that is shown, and how it is written in a form.
    fn written(&self, form: Form, context: &Context<'_>) -> Option<(Arc<Tale>, String)> {
        let Some(tale) = self.tale() else {
            context.send(Command::Notify("Open a thread first".to_owned()));
            return None;
        };
        let text = match form {
            Form::Markdown => written::markdown(&tale, &context.state.clock),
            Form::Mermaid => written::mermaid(&tale),
            Form::Json => written::json(&tale),
            Form::Svg => written::svg(&tale, context.state.theme, &context.state.clock),
        };
        Some((tale, text))
    }

    fn copy(&self, form: Form, context: &Context<'_>) {
        let Some((tale, text)) = self.written(form, context) else { return };
        context.send(Command::CopyText(text));
        context.send(Command::Notify(format!("Thread {} copied as {}", tale.name, form.name())));
    }

    fn save(&mut self, form: Form, context: &Context<'_>) {
        if self.saving.is_some() {
            return;
        }
        let Some((tale, text)) = self.written(form, context) else { return };
        self.unsaved = None;
        let name = file_name(&tale.name, form);
        self.saving = Some(files::save_new(context.jobs, "Save the thread", name, text));
    }

    fn saved(&mut self, context: &Context<'_>) {
        let Some(job) = &mut self.saving else { return };
        match job.poll() {
            Some(Some(Ok(path))) => context.send(Command::Notify(format!("Thread saved as {}", path.display()))),
            Some(Some(Err(why))) => self.unsaved = Some(why),
            Some(None) => {}
            None if job.is_lost() => self.unsaved = Some("saving came to no end".to_owned()),
            None => return,
        }
        self.saving = None;
    }

    fn places(&mut self, tale: &Arc<Tale>) -> Arc<Places> {
        if let Some((of, distances, places)) = &self.places
            && Arc::ptr_eq(of, tale)
            && *distances == self.distances
        {
            return Arc::clone(places);
        }
        let places = Arc::new(Places::of(tale, self.distances));
        self.places = Some((Arc::clone(tale), self.distances, Arc::clone(&places)));
        places
    }
}

/// A name for the thread's file: letters and digits are kept, whatever a file system may refuse is not.
fn file_name(thread: &str, form: Form) -> String {
    let kept = |letter: char| if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
    let name: String = thread.chars().take(80).map(kept).collect();
    format!("thread-{name}.{}", form.ending())
}

impl Pane for ThreadPane {
    fn update(&mut self, context: &Context<'_>) {
        self.asking.update();
        self.saved(context);
        let Some(tied) = &context.state.tied else {
            self.wanted = None;
            self.asking.forget();
            return;
        };
        // Threads have other numbers once more has been tied: the one that is looked at is found by its first event.
        if let Some(tale) = self.tale()
            && tale.of != tied.number
            && !self.asking.is_busy()
        {
            self.wanted = tale.steps.first().and_then(|first| tied.threads.thread_at(&first.at));
        }
        let Some(thread) = self.wanted else { return };
        let (of, formats) = (Arc::clone(tied), context.state.formats.clone());
        let work = move |_: &crate::jobs::Progress| crate::tying::tale(&of, thread, &formats).map(Arc::new);
        self.asking.ask((Same(Arc::clone(tied)), thread), context.jobs, Title::quiet("Thread"), work);
        let selected = context.state.selection.as_ref().map(|selection| &selection.coordinates);
        if selected != self.seen.as_ref() {
            self.seen = selected.cloned();
            self.reveal = true;
        }
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::OpenThread(thread) => {
                self.wanted = Some(*thread);
                self.unsaved = None;
                self.reveal = true;
            }
            Command::CopyThread(form) => self.copy(*form, context),
            Command::SaveThread(form) => self.save(*form, context),
            Command::ToggleDistances => self.distances = self.distances.other(),
            Command::ShowThreadValues => self.values_shown = !self.values_shown,
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, _context: &Context<'_>) {
        let Some(tale) = self.tale() else { return };
        let span = tale.span_ms().map(|(from, to)| {
            format!(" · {}", fabula_core::event::time::format_span_ns((to - from).saturating_mul(1_000_000)))
        });
        let events = figures::of(tale.steps.len() as u64, "event");
        let services = figures::of(tale.participants.len() as u64, "service");
        widgets::caption(ui, format!("{events} · {services}{}", span.unwrap_or_default()));
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let tale = match self.asking.last() {
            Some((_, Ok(tale))) => Arc::clone(tale),
            Some((_, Err(why))) => {
                let why = why.clone();
                widgets::error_line(ui, &why);
                return;
            }
            None => {
                let hint = "Choose an event and open its thread (Y), or choose a thread in the list of all";
                if widgets::empty_state(ui, "No thread is open", hint, Some("Show all threads")) {
                    context.send(Command::ShowPane(PaneKind::Threads));
                }
                return;
            }
        };
        self.bar_ui(ui, &tale, context);
        let rect = ui.available_rect_before_wrap();
        let places = self.places(&tale);
        let split = rect.left() + rect.width() * 0.56;
        let left = if self.values_shown { rect.with_max_x(split) } else { rect };
        let reveal = std::mem::take(&mut self.reveal);
        sequence_ui::sequence_ui(ui, left, &tale, &places, reveal, context);
        if self.values_shown {
            widgets::hairline_v(ui, split, rect.y_range());
            values_ui::values_ui(ui, rect.with_min_x(split + 1.0), &tale, context);
        }
    }
}

impl ThreadPane {
    fn bar_ui(&mut self, ui: &mut Ui, tale: &Tale, context: &Context<'_>) {
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 3));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                let name = egui::RichText::new(&tale.name).font(font::mono_strong());
                let shown = ui.add(egui::Label::new(name).truncate());
                form::named(ui, &shown, &format!("Thread {}", tale.name));
                widgets::caption(ui, outcome_words(tale.outcome));
                let words = [(Distances::Steps, "Steps"), (Distances::Time, "Time")];
                form::choice(ui, &mut self.distances, &words);
                if widgets::bar_toggle(ui, "Values", self.values_shown).clicked() {
                    self.values_shown = !self.values_shown;
                }
                if widgets::bar_toggle(ui, "On the timeline", false)
                    .on_hover_text("Show the thread's time on the timeline")
                    .clicked()
                    && let Some((from, to)) = tale.span_ms()
                {
                    let ns = |ms: i64| ms.saturating_mul(1_000_000);
                    // Some time before and after it: what happened around it is a part of the story.
                    let around = ((to - from) / 8).max(5);
                    context.send(Command::View(TimeRange::new(ns(from - around), ns(to + around))));
                    context.send(Command::ShowPane(PaneKind::Timeline));
                }
                ui.menu_button("Copy as", |ui| {
                    for form in Form::ALL {
                        if ui.button(form.name()).clicked() {
                            context.send(Command::CopyThread(form));
                            ui.close();
                        }
                    }
                });
                ui.menu_button("Save as", |ui| {
                    for form in Form::ALL {
                        if ui.button(format!("{}…", form.name())).clicked() {
                            context.send(Command::SaveThread(form));
                            ui.close();
                        }
                    }
                });
            });
            if let Some(why) = &self.unsaved {
                widgets::error_line(ui, why);
            }
            for finding in &tale.findings {
                let text =
                    format!("{}: {} ({:.0} % sure)", finding.kind.title(), finding.what, finding.sureness * 100.0);
                let color = kind_color(tokens(ui), finding);
                let label = egui::Label::new(egui::RichText::new(&text).font(font::body()).color(color));
                let response = ui.add(label.truncate().sense(egui::Sense::click())).on_hover_text(&text);
                if response.clicked()
                    && let Some(at) = finding.evidence.first()
                {
                    context.send(Command::GoToEvent(at.clone()));
                }
            }
        });
        let rect = ui.min_rect();
        widgets::hairline_h(ui, rect.x_range(), rect.bottom());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_thread() {
        assert_eq!(file_name("A-16864", Form::Svg), "thread-A-16864.svg");
        assert_eq!(file_name("../etc/pass wd", Form::Json), "thread-..-etc-pass-wd.json");
    }
}
