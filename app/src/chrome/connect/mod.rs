//! The dialog that connects to a cluster: profiles left, how to reach the cluster right, what went wrong in place.

mod form;
pub mod keychain;
mod profile;

use egui::{Align, Align2, Layout, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};

use super::dialog::title_ui;
use crate::command::Command;
use crate::files;
use crate::jobs::{Job, Title, Unit};
use crate::panes::Context;
use crate::source;
use crate::theme::{font, icon::Icon, size, tokens, widgets};

pub use profile::{Login, Profile, Secrets, Security, is_secret};

/// The dialog that connects to a cluster.
#[derive(Default)]
pub struct Connect {
    profile: Profile,
    secrets: Secrets,
    /// Which saved profile is being looked at.
    saved: Option<String>,
    tested: Option<Result<String, String>>,
    test: Option<Job<Result<source::Answer, String>>>,
    import: Option<Job<Option<Result<files::Properties, String>>>>,
    recall: Option<Job<Secrets>>,
}

impl Connect {
    /// The dialog with a profile in it.
    pub fn with(profile: Profile, secrets: Secrets) -> Self {
        let saved = Some(profile.title().to_owned()).filter(|title| !title.is_empty());
        Self { profile, secrets, saved, ..Self::default() }
    }

    /// The dialog with a profile in it that could not be reached, or that needs a secret.
    pub fn with_error(profile: Profile, secrets: Secrets, error: String) -> Self {
        Self { tested: Some(Err(error)), ..Self::with(profile, secrets) }
    }

    /// Draws the dialog and says whether it is done with.
    pub fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) -> bool {
        self.poll();
        let mut closed = title_ui(ui, "Connect to a cluster");
        let height = (ui.ctx().content_rect().height() - 220.0).clamp(200.0, 470.0);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 20.0;
            ui.allocate_ui_with_layout(vec2(168.0, height), Layout::top_down(Align::Min), |ui| {
                self.profiles_ui(ui, context, height);
            });
            ui.allocate_ui_with_layout(vec2(ui.available_width(), height), Layout::top_down(Align::Min), |ui| {
                ScrollArea::vertical().max_height(height).auto_shrink([false, false]).show(ui, |ui| {
                    ui.set_max_width(ui.available_width() - 10.0);
                    if form::form_ui(ui, &mut self.profile, &mut self.secrets) {
                        // What was said about other settings is no longer true.
                        self.tested = None;
                        self.test = None;
                    }
                });
            });
        });
        ui.add_space(12.0);
        self.said_ui(ui);
        closed |= self.buttons_ui(ui, context);
        closed
    }

    fn poll(&mut self) {
        if let Some(answer) = self.test.as_mut().and_then(Job::poll) {
            self.tested = Some(answer.map(|answer| answer.to_string()));
            self.test = None;
        }
        if let Some(picked) = self.import.as_mut().and_then(Job::poll) {
            self.import = None;
            match picked {
                Some(Ok(file)) => {
                    (self.profile, self.secrets) = Profile::from_properties(&file.name, &file.properties);
                    (self.saved, self.tested) = (None, None);
                }
                Some(Err(error)) => self.tested = Some(Err(error)),
                None => {}
            }
        }
        if let Some(recalled) = self.recall.as_mut().and_then(Job::poll) {
            self.secrets = recalled;
            self.recall = None;
        }
    }

    fn profiles_ui(&mut self, ui: &mut Ui, context: &Context<'_>, height: f32) {
        ui.spacing_mut().item_spacing.y = 2.0;
        ScrollArea::vertical().id_salt("profiles").max_height(height - 64.0).auto_shrink([false, true]).show(
            ui,
            |ui| {
                for profile in context.state.profiles.iter() {
                    let title = profile.title();
                    let (chosen, forget) = profile_row(ui, profile, self.saved.as_deref() == Some(title));
                    if forget {
                        context.send(Command::ForgetProfile(title.to_owned()));
                    } else if chosen {
                        let recall = profile.clone();
                        let title = Title::quiet("Reading the keychain");
                        self.recall = Some(context.jobs.spawn_blocking(title, move |_| keychain::recall(&recall)));
                        *self = Self { recall: self.recall.take(), ..Self::with(profile.clone(), Secrets::default()) };
                    }
                }
            },
        );
        ui.add_space(4.0);
        if widgets::link(ui, "New connection").clicked() {
            *self = Self::default();
        }
        if widgets::link(ui, "From a file…").on_hover_text("kcat.conf, client.properties").clicked() {
            self.import = Some(files::pick_properties(context.jobs));
        }
    }

    /// What the test said, or that it is under way.
    fn said_ui(&mut self, ui: &mut Ui) {
        match &self.tested {
            Some(Err(error)) => drop(widgets::error_line(ui, error)),
            Some(Ok(answer)) => drop(widgets::good_line(ui, answer)),
            None if self.test.is_some() => drop(widgets::caption(ui, "Asking the cluster for its topics …")),
            None => drop(widgets::caption(
                ui,
                "Fabula only reads: it joins no consumer group, commits no offset and writes nothing",
            )),
        }
        ui.add_space(12.0);
    }

    fn buttons_ui(&mut self, ui: &mut Ui, context: &Context<'_>) -> bool {
        let mut done = false;
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let ready = !self.profile.brokers.trim().is_empty();
                ui.add_enabled_ui(ready, |ui| {
                    if widgets::primary_button(ui, "Connect").clicked() {
                        done = self.connect(context);
                    }
                });
                ui.add_enabled_ui(ready && self.test.is_none(), |ui| {
                    if widgets::button(ui, "Test").clicked() {
                        self.start_test(context);
                    }
                });
                if widgets::button(ui, "Cancel").clicked() {
                    done = true;
                }
            });
        });
        done
    }

    fn start_test(&mut self, context: &Context<'_>) {
        self.tested = None;
        let properties = self.profile.properties(&self.secrets);
        let title = Title::listed(format!("Testing {}", self.profile.title()), Unit::None);
        self.test = Some(context.jobs.spawn(title, |progress| async move {
            source::test(&properties, progress.token()).await.map_err(|error| error.to_string())
        }));
    }

    fn connect(&mut self, context: &Context<'_>) -> bool {
        if let Some((_, name)) = self.profile.missing_secrets(&self.secrets).first() {
            self.tested = Some(Err(format!("{} needs the {}", self.profile.title(), name.to_lowercase())));
            return false;
        }
        context.send(Command::ConnectTo(Box::new((self.profile.clone(), self.secrets.clone()))));
        true
    }
}

/// A saved profile in the list: whether it was chosen, and whether it is to be forgotten.
fn profile_row(ui: &mut Ui, profile: &Profile, chosen: bool) -> (bool, bool) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 38.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, chosen, profile.title()));
    let tokens = tokens(ui);
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, size::RADIUS, if chosen { tokens.selected } else { tokens.hovered });
    }
    let text = rect.shrink2(vec2(10.0, 4.0));
    let color = if profile.production { tokens.error } else { tokens.text };
    widgets::text_in(ui.painter(), text, Align2::LEFT_TOP, profile.title(), font::medium(), color);
    widgets::text_in(ui.painter(), text, Align2::LEFT_BOTTOM, &profile.brokers, font::small(), tokens.text_second);
    let mut forget = false;
    if response.hovered() || ui.rect_contains_pointer(rect) {
        let corner = egui::Rect::from_min_size(rect.right_top() + vec2(-24.0, 9.0), vec2(20.0, 20.0));
        let mut over = ui.new_child(egui::UiBuilder::new().max_rect(corner));
        forget = widgets::icon_button(&mut over, Icon::Close, "Forget this connection").clicked();
    }
    (response.clicked(), forget)
}
