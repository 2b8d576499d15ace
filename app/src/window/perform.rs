//! Doing what a command asks for, as far as it is more than a change of the state.

use std::sync::Arc;

use fabula_core::log::kafka::kcat_command;
use fabula_core::pipeline::Pipeline;

use super::Window;
use crate::chrome::Front;
use crate::command::Command;
use crate::files::Ask;
use crate::layout::Layout;
use crate::panes::Context;
use crate::source::{Opening, Session};

impl Window {
    /// Does all that was asked for since the last frame, in its order.
    pub(super) fn perform_all(&mut self, ctx: &egui::Context) {
        let commands = self.commands.take();
        if commands.iter().any(changes_workspace) {
            self.keeper.changed(ctx.input(|input| input.time));
        }
        for command in commands {
            let before = Arc::clone(&self.state.design.pipeline);
            self.state.apply(&command);
            self.say_replaced(&command, &before, ctx);
            self.perform(&command, ctx);
            let context = Context { state: &self.state, commands: &self.commands, jobs: &self.jobs };
            self.panes.command(&command, &context);
        }
    }

    /// A drawing that went with one click is not lost, and that is said.
    fn say_replaced(&mut self, command: &Command, before: &Pipeline, ctx: &egui::Context) {
        let went = matches!(command, Command::PutPipeline(..) | Command::NewPipeline);
        if went && !before.nodes.is_empty() && *before != *self.state.design.pipeline {
            let name = if before.name.is_empty() { "the pipeline" } else { &before.name };
            let what = if matches!(command, Command::NewPipeline) { "Took away" } else { "Replaced" };
            let keys = Command::Undo.keys().map(|keys| format!(" ({keys})")).unwrap_or_default();
            let said = format!("{what} {name}. Undo{keys} brings it back");
            self.notices.add(ctx.input(|input| input.time), said);
        }
    }

    fn perform(&mut self, command: &Command, ctx: &egui::Context) {
        match command {
            Command::OpenSample => self.open(Opening::sample()),
            Command::Connect => self.ask_to_connect(),
            Command::ConnectTo(how) => self.connect_to(&how.0, &how.1),
            Command::ForgetProfile(title) => self.forget(title),
            Command::OpenRecording => self.ask(Ask::Recording),
            Command::Import => self.ask(Ask::Events),
            Command::ImportFiles(asked) => self.import((**asked).clone()),
            Command::OpenPath(path) => self.look_at(path.clone()),
            Command::KeepRecording if self.state.log.snapshot.is_some() => self.ask(Ask::NewRecording),
            Command::Disconnect => {
                if let Some(session) = self.session.take() {
                    session.close(&mut self.state, &self.jobs);
                }
            }
            Command::Refresh => {
                if let Some(session) = &mut self.session {
                    session.refresh(&mut self.state, &self.jobs);
                }
            }
            Command::ReadMore(topic) | Command::ReadAll(topic) => {
                if let Some(session) = &mut self.session {
                    session.deepen(topic, matches!(command, Command::ReadAll(_)), &self.jobs);
                }
            }
            Command::OpenWorkspace => self.ask(Ask::Workspace),
            Command::SaveWorkspaceAs => self.ask(Ask::NewWorkspace),
            Command::SaveWorkspace if self.keeper.path().is_some() => self.save_workspace(),
            Command::SaveWorkspace => self.ask(Ask::NewWorkspace),
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::CopyCoordinates | Command::CopyKcat => self.copy(command, ctx),
            Command::ShowPane(kind) => self.layout.show(*kind),
            Command::ToggleChart
            | Command::FilterRows
            | Command::ShowDetails
            | Command::ShowColumn
            | Command::ShowPast
            | Command::MarkMoment
            | Command::RowHistory
            | Command::DeriveAgain
            | Command::WhyHere
            | Command::HowFar
            | Command::ExportView => self.layout.show(crate::panes::PaneKind::View),
            Command::ChooseNode(Some(_)) => self.layout.show(crate::panes::PaneKind::Node),
            // Who goes through rows that were set aside keeps their list before them.
            Command::Select(Some(_)) if self.panes.node.chose_aside() => {}
            Command::Select(Some(_)) => self.layout.show(crate::panes::PaneKind::Inspector),
            Command::OpenPipeline => self.ask(Ask::Pipeline),
            Command::SavePipelineAs if self.state.document.pipeline.is_some() => self.ask(Ask::NewPipeline),
            Command::SavePipeline => self.save_pipeline(),
            Command::AddTopicToPipeline(..)
            | Command::AddFilterToPipeline(..)
            | Command::AddToCanvas
            | Command::ConnectNode
            | Command::FocusCanvas
            | Command::AddNote => self.layout.show(crate::panes::PaneKind::Canvas),
            Command::ShowFindings(_)
            | Command::ThreadsOfService(_)
            | Command::TieThreads
            | Command::LookForThread
            | Command::FilterThreads
            | Command::ToggleFindings
            | Command::SortThreads
            | Command::ThreadsInRange
            | Command::ShowTyingFields => self.layout.show(crate::panes::PaneKind::Threads),
            Command::ShowGroup(_) => self.layout.show(crate::panes::PaneKind::Catalogue),
            Command::CompareRanges | Command::CompareFrom | Command::CompareTo => {
                self.layout.show(crate::panes::PaneKind::Map)
            }
            Command::OpenThread(_) | Command::ToggleDistances | Command::ShowThreadValues => {
                self.layout.show(crate::panes::PaneKind::Thread);
            }
            Command::ThreadInStory => self.layout.show(crate::panes::PaneKind::Story),
            Command::EditNode | Command::ShowAside => self.layout.show(crate::panes::PaneKind::Node),
            Command::CopyText(text) => ctx.copy_text(text.clone()),
            Command::ResetLayout => self.layout = Layout::default(),
            Command::CancelJob(id) => self.jobs.cancel(*id),
            Command::Notify(text) => self.notices.add(ctx.input(|input| input.time), text.clone()),
            Command::ShowPalette => self.front = toggled(&self.front, Front::palette()),
            Command::ShowKeys => self.front = toggled(&self.front, Front::keys()),
            Command::ShowSettings => self.front = toggled(&self.front, Front::Settings),
            Command::GoTo => self.front = Front::go_to(),
            Command::Back => self.back(),
            _ => {}
        }
    }

    /// Closes what is in front; then clears the search, the mark, the selection.
    fn back(&mut self) {
        if self.front.is_open() {
            self.front = Front::Nothing;
        } else if !self.state.search.text.is_empty() {
            self.commands.send(Command::ClearSearch);
        } else if self.state.marked.is_some() {
            self.commands.send(Command::MarkRange(None));
        } else if self.state.selection.is_some() {
            self.commands.send(Command::Select(None));
        }
    }

    fn copy(&self, command: &Command, ctx: &egui::Context) {
        let Some(selection) = &self.state.selection else {
            self.commands.send(Command::Notify("Choose an event first".to_owned()));
            return;
        };
        let settings = self.session.as_ref().and_then(Session::settings);
        let (text, said) = match (command, settings) {
            (Command::CopyKcat, Some(settings)) => {
                (kcat_command(settings, &selection.coordinates), "kcat command copied, without secrets")
            }
            (Command::CopyKcat, None) => {
                self.commands.send(Command::Notify("kcat reads clusters: this log is none".to_owned()));
                return;
            }
            _ => (selection.coordinates.to_string(), "Coordinates copied"),
        };
        ctx.copy_text(text);
        self.commands.send(Command::Notify(said.to_owned()));
    }
}

/// The same command that shows something takes it away again.
fn toggled(now: &Front, then: Front) -> Front {
    if std::mem::discriminant(now) == std::mem::discriminant(&then) { Front::Nothing } else { then }
}

/// Whether a command may change what the workspace holds.
fn changes_workspace(command: &Command) -> bool {
    !matches!(
        command,
        Command::Select(_)
            | Command::View(_)
            | Command::MarkRange(_)
            | Command::Search(_)
            | Command::Notify(_)
            | Command::MarkEvents(_)
            | Command::ZoomIn
            | Command::ZoomOut
            | Command::PanLeft
            | Command::PanRight
            | Command::PreviousEvent
            | Command::NextEvent
    )
}
