//! The one place where a command changes the state.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use fabula_core::event::TopicName;
use fabula_core::pipeline::{self, Pipeline, placed};

use super::{Column, Document, State, TimeRange};
use crate::command::Command;
use crate::formats::Chosen;
use crate::zone::Zone;

/// How much one step of the keyboard moves or zooms the timeline.
const PAN_STEP: f64 = 0.2;
const ZOOM_STEP: f64 = 1.5;
/// Kafka's timestamps are milliseconds: there is nothing to see below two of them.
const SHORTEST_VIEW_NS: i64 = 2_000_000;

impl State {
    /// Applies a command as far as it is about the state alone. What needs the log, a file or a pane's own knowledge
    /// (which event comes next) is done by the window and the panes, which send a plainer command in turn.
    pub fn apply(&mut self, command: &Command) {
        self.change(command);
        self.follow_document();
    }

    /// Takes up what a document says that was changed or has been restored.
    pub fn follow_document(&mut self) {
        self.design.follow(self.document.pipeline.as_deref());
        // Undo, too, can bring back another choice of formats.
        if *self.formats.chosen() != self.document.formats {
            self.formats = self.formats.with_chosen(&self.document.formats);
        }
    }

    fn change(&mut self, command: &Command) {
        match command {
            Command::Undo => drop(self.history.undo(&mut self.document)),
            Command::Redo => drop(self.history.redo(&mut self.document)),
            Command::Search(text) => self.search.text = text.trim().into(),
            Command::ClearSearch => self.search.text = "".into(),
            Command::ToggleFilter => self.search.filters = !self.search.filters,
            Command::ChooseNode(node) => {
                let known = |name: &String| self.design.pipeline.node(name).is_some();
                self.design.chosen = node.clone().filter(known);
            }
            Command::LookBack(moment_ms) => self.moment_ms = *moment_ms,
            Command::CutHistory(at) => {
                self.cut = *at;
                // Without an end there is no beginning; nor where the end comes before it.
                self.begins = self.begins.filter(|begins| at.is_some_and(|at| *begins <= at));
            }
            Command::RunOverRange(range) => {
                (self.begins, self.cut) = (Some(range.start_ns), Some(range.end_ns));
            }
            Command::RunOverMarked => {
                if let Some(marked) = self.marked {
                    (self.begins, self.cut) = (Some(marked.start_ns), Some(marked.end_ns));
                }
            }
            Command::Select(selection) => self.selection.clone_from(selection),
            Command::MarkEvents(events) => self.pointed_out = Arc::clone(events),
            Command::View(range) => self.view = Some(*range),
            Command::ResetView => self.view = None,
            Command::ZoomIn => self.zoom(1.0 / ZOOM_STEP),
            Command::ZoomOut => self.zoom(ZOOM_STEP),
            Command::PanLeft => self.change_view(|view| view.panned(-PAN_STEP)),
            Command::PanRight => self.change_view(|view| view.panned(PAN_STEP)),
            Command::FitSelection => self.fit_selection(),
            Command::MarkRange(range) => self.marked = *range,
            Command::ToggleOrder => self.order = self.order.other(),
            Command::ToggleFollow => self.follow = !self.follow,
            Command::ToggleTheme => self.theme = self.theme.other(),
            Command::ToggleZone => {
                let other = if self.clock.zone() == Zone::Utc { Zone::Local } else { Zone::Utc };
                self.clock = self.clock.in_zone(other);
            }
            Command::Scale(0) => self.scale_percent = 100,
            Command::Scale(step) => {
                self.scale_percent = self.scale_percent.saturating_add_signed(i16::from(*step) * 10).clamp(60, 240);
            }
            Command::ToggleInternal => self.internal_shown = !self.internal_shown,
            Command::ToggleDetails(topic) => toggle(&mut self.details, topic),
            Command::ToggleGroup(group) => toggle(&mut self.open_groups, group),
            Command::ShowGroup(group) => _ = self.open_groups.insert(group.clone()),
            Command::ReadAtFirst(depth) => self.first_read = *depth,
            Command::AddColumn(_)
            | Command::RemoveColumn(_)
            | Command::MoveColumn(..)
            | Command::TogglePin(_)
            | Command::SetFormats(..)
            | Command::ToggleTopic(_)
            | Command::OnlyTopic(_)
            | Command::ShowAllTopics
            | Command::HideAllTopics
            | Command::SetPipeline(_)
            | Command::WritePipeline(..)
            | Command::PutPipeline(..)
            | Command::NewPipeline
            | Command::TieBy(..)
            | Command::SetStep(..)
            | Command::KeepOut(..)
            | Command::TieAsSuggested(_)
            | Command::ToggleBookmark => self.edit(command),
            _ => {}
        }
    }

    /// Changes the document and remembers how it was.
    fn edit(&mut self, command: &Command) {
        let before = self.document.clone();
        let document = &mut self.document;
        match command {
            Command::AddColumn(column) => add_column(document, column),
            Command::RemoveColumn(column) => document.columns.retain(|shown| shown != column),
            Command::MoveColumn(column, by) => move_column(document, column, *by),
            Command::TogglePin(topic) => toggle(&mut document.pinned, topic),
            Command::SetFormats(topic, chosen) if *chosen == Chosen::default() => {
                document.formats.remove(topic);
            }
            Command::SetFormats(topic, chosen) => drop(document.formats.insert(topic.clone(), *chosen)),
            Command::ToggleTopic(topic) => toggle(&mut document.shown, topic),
            Command::OnlyTopic(topic) => document.shown = [topic.clone()].into(),
            Command::SetPipeline(text) => document.pipeline = text.as_deref().map(with_places),
            Command::WritePipeline(text, _) => document.pipeline = Some(with_kept_places(text, &self.design.pipeline)),
            Command::PutPipeline(text, file) => {
                document.pipeline = Some(with_places(text));
                document.pipeline_file.clone_from(file);
            }
            Command::NewPipeline => (document.pipeline, document.pipeline_file) = (None, None),
            Command::HideAllTopics => document.shown.clear(),
            Command::TieBy(topic, wanted) => document.ties.entry(topic.clone()).or_default().set(wanted.clone()),
            Command::SetStep(topic, step) => document.ties.entry(topic.clone()).or_default().step.clone_from(step),
            Command::KeepOut(topic, out) => document.ties.entry(topic.clone()).or_default().out = *out,
            Command::TieAsSuggested(topic) => drop(document.ties.remove(topic)),
            Command::ToggleBookmark => {
                if let Some(at) = self.selection.as_ref().map(|selection| &selection.coordinates)
                    && document.notes.remove(at).is_none()
                {
                    document.notes.insert(at.clone(), String::new());
                }
            }
            Command::ShowAllTopics => {
                let listed = self.log.topics.iter().filter(|topic| self.internal_shown || !topic.internal);
                document.shown = listed.map(|topic| topic.name.clone()).collect();
            }
            _ => {}
        }
        document.ties.retain(|_, ties| !ties.is_empty());
        if self.document == before {
            return;
        }
        match command {
            Command::WritePipeline(_, stretch) => self.history.remember_writing(&before, *stretch),
            _ => self.history.remember(&before),
        }
    }

    /// The pipeline is in this file from now on.
    pub fn pipeline_saved_in(&mut self, file: &Path) {
        if let Some(before) = self.document.pipeline_file.replace(file.to_path_buf()) {
            self.history.move_pipeline(&before, file);
        }
    }

    fn change_view(&mut self, change: impl FnOnce(TimeRange) -> TimeRange) {
        if let Some(view) = self.view_or_all() {
            self.view = Some(change(view));
        }
    }

    /// Zooms around the chosen event where it is in view, else around the middle; not further in than there is
    /// something to see, nor further out than twice of all there is.
    fn zoom(&mut self, factor: f64) {
        let (Some(view), Some(extent)) = (self.view_or_all(), self.extent) else { return };
        let chosen = self.selection.as_ref().and_then(|selection| selection.time_ns).filter(|ns| view.contains(*ns));
        let share = chosen.map_or(0.5, |ns| (ns - view.start_ns) as f64 / view.span_ns() as f64);
        let zoomed = view.zoomed(factor, share);
        let longest = extent.span_ns().saturating_mul(2).max(SHORTEST_VIEW_NS);
        if (SHORTEST_VIEW_NS..=longest).contains(&zoomed.span_ns()) {
            self.view = Some(zoomed);
        }
    }

    /// Shows the marked range; without one the chosen event in the middle of a tenth of the view.
    fn fit_selection(&mut self) {
        if let Some(marked) = self.marked {
            self.view = Some(marked.with_margin(0.05));
            return;
        }
        let time = self.selection.as_ref().and_then(|selection| selection.time_ns);
        if let (Some(time_ns), Some(view)) = (time, self.view_or_all()) {
            let half = (view.span_ns() / 20).max(TimeRange::SHORTEST_NS);
            self.view = Some(TimeRange::new(time_ns.saturating_sub(half), time_ns.saturating_add(half)));
        }
    }
}

/// A pipeline's text with a place for every node; one that can't be read as it is.
fn with_places(text: &str) -> String {
    let with_places = pipeline::Document::parse(text).ok().and_then(|mut document| {
        let all = placed(document.pipeline())?;
        document.set_pipeline(&all).ok()?;
        Some(document.text().to_owned())
    });
    with_places.unwrap_or_else(|| text.to_owned())
}

/// A text that a person is writing, with a place for every node and for nothing else: one that was just given another name
/// stays where it was.
fn with_kept_places(text: &str, before: &Pipeline) -> String {
    let kept = pipeline::Document::parse(text).ok().and_then(|mut document| {
        document.keep_places(before).ok()?;
        Some(document.text().to_owned())
    });
    kept.unwrap_or_else(|| text.to_owned())
}

/// Takes a topic out of a set, or puts it in.
fn toggle(topics: &mut BTreeSet<TopicName>, topic: &TopicName) {
    if !topics.remove(topic) {
        topics.insert(topic.clone());
    }
}

/// Moves a column by so many places, as far as there are any.
fn move_column(document: &mut Document, column: &Column, by: isize) {
    let Some(from) = document.columns.iter().position(|shown| shown == column) else { return };
    let to = from.saturating_add_signed(by).min(document.columns.len() - 1);
    let moved = document.columns.remove(from);
    document.columns.insert(to, moved);
}

/// A field comes before the value, which takes what width is left.
fn add_column(document: &mut Document, column: &Column) {
    if document.columns.contains(column) {
        return;
    }
    let at = match column {
        Column::Value => document.columns.len(),
        _ => document.columns.iter().position(|shown| *shown == Column::Value).unwrap_or(document.columns.len()),
    };
    document.columns.insert(at, column.clone());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Theme;
    use crate::zone::Clock;

    fn state() -> State {
        State::new(Clock::new(Zone::Utc, jiff::tz::TimeZone::UTC), Theme::Dark)
    }

    #[test]
    fn undo_is_for_the_document_and_not_for_the_viewport() {
        let mut state = state();
        state.extent = Some(TimeRange::new(0, 1_000_000_000));
        state.apply(&Command::ToggleTopic("orders".into()));
        state.apply(&Command::ZoomIn);
        let view = state.view;
        state.apply(&Command::Undo);
        assert!(!state.is_shown("orders"));
        assert_eq!(state.view, view);
    }

    #[test]
    fn zooming_keeps_the_chosen_event_in_its_place() {
        let mut state = state();
        state.extent = Some(TimeRange::new(0, 1_000_000_000));
        let coordinates = fabula_core::event::Coordinates { topic: "orders".into(), partition: 0, offset: 0 };
        state.selection = Some(crate::state::Selection { coordinates, time_ns: Some(250_000_000) });
        for _ in 0..40 {
            state.apply(&Command::ZoomIn);
            let view = state.view.unwrap();
            let share = (250_000_000 - view.start_ns) as f64 / view.span_ns() as f64;
            assert!((share - 0.25).abs() < 1e-3, "{share}");
        }
        assert!(state.view.unwrap().span_ns() >= SHORTEST_VIEW_NS);
    }

    #[test]
    fn a_field_stands_before_the_value() {
        let mut state = state();
        let field = Column::Field("value.order_id".to_owned());
        state.apply(&Command::AddColumn(field.clone()));
        state.apply(&Command::AddColumn(field.clone()));
        assert_eq!(state.document.columns, [Column::Key, field, Column::Value]);
    }

    #[test]
    fn a_bookmark_comes_and_goes_with_the_same_command() {
        let mut state = state();
        let coordinates = fabula_core::event::Coordinates { topic: "orders".into(), partition: 1, offset: 7 };
        state.apply(&Command::ToggleBookmark);
        assert!(state.document.notes.is_empty());
        state.selection = Some(crate::state::Selection { coordinates: coordinates.clone(), time_ns: None });
        state.apply(&Command::ToggleBookmark);
        assert!(state.document.notes.contains_key(&coordinates));
        state.apply(&Command::ToggleBookmark);
        assert!(state.document.notes.is_empty());
    }

    #[test]
    fn a_node_that_is_called_otherwise_letter_by_letter_stays_where_it_was() {
        let mut state = state();
        let text = "version = 1\n[nodes.a]\nkind = 'stream'\ntopic = 'a'\n[nodes.b]\nkind = 'view'\ninput = 'a'\n\
                    [layout]\na = [8, 16]\nb = [400, 120]\n";
        state.apply(&Command::PutPipeline(text.to_owned(), None));
        for (before, name) in [("b", ""), ("", "r"), ("r", "re"), ("re", "res")] {
            let header = |name: &str| format!("[nodes.{name}]");
            let written = state.design.text().unwrap().replace(&header(before), &header(name));
            state.apply(&Command::WritePipeline(written, 1));
        }
        let layout = &state.design.pipeline.layout;
        assert_eq!(
            layout.iter().collect::<Vec<_>>(),
            [(&"a".to_owned(), &[8.0, 16.0]), (&"res".to_owned(), &[400.0, 120.0])]
        );
        assert!(!state.design.text().unwrap().contains("r = "), "{}", state.design.text().unwrap());
    }

    #[test]
    fn what_is_written_in_one_go_is_one_step() {
        let mut state = state();
        state.apply(&Command::ToggleTopic("orders".into()));
        let whole = "version = 1\n[nodes.a]\nkind = 'stream'\ntopic = 'a'\n[nodes.b]\nkind = 'view'\ninput = 'a'\n";
        let write = |state: &mut State, stretch| {
            (1..=whole.len()).for_each(|end| state.apply(&Command::WritePipeline(whole[..end].to_owned(), stretch)));
        };
        write(&mut state, 1);
        assert!(state.design.text().unwrap().contains("[layout]"), "places are of the same step");
        state.apply(&Command::Undo);
        assert_eq!(state.design.text(), None);
        assert!(state.is_shown("orders"), "more than a hundred letters push nothing else out");
        state.apply(&Command::Redo);
        assert_eq!(state.design.pipeline.nodes.len(), 2);
        // Another stretch is another step, and so is one that was taken back between.
        write(&mut state, 2);
        state.apply(&Command::Undo);
        assert_eq!(state.design.pipeline.nodes.len(), 2);
        write(&mut state, 2);
        state.apply(&Command::Undo);
        assert_eq!(state.design.pipeline.nodes.len(), 2);
    }

    #[test]
    fn a_pipeline_is_saved_only_over_the_file_that_it_is_of() {
        let mut state = state();
        let put = |text: &str, file: Option<&str>| Command::PutPipeline(text.to_owned(), file.map(Into::into));
        let file = |state: &State| state.document.pipeline_file.clone();
        state.apply(&put("version = 1\nname = 'mine'\n", Some("mine.toml")));
        state.apply(&Command::SetPipeline(Some("version = 1\nname = 'changed'\n".to_owned())));
        assert_eq!(file(&state), Some("mine.toml".into()));
        state.apply(&put("version = 1\nname = 'sample'\n", None));
        assert_eq!(file(&state), None, "another pipeline is of no file");
        state.apply(&Command::Undo);
        assert_eq!(file(&state), Some("mine.toml".into()), "what comes back is of its own file");
        state.pipeline_saved_in(Path::new("other.toml"));
        state.apply(&Command::Undo);
        assert_eq!(file(&state), Some("other.toml".into()), "a step back is not saved over the old file");
    }

    #[test]
    fn a_change_that_changes_nothing_is_no_step() {
        let mut state = state();
        state.apply(&Command::AddColumn(Column::Key));
        state.apply(&Command::ToggleTopic("orders".into()));
        state.apply(&Command::Undo);
        state.apply(&Command::Undo);
        state.apply(&Command::Redo);
        assert!(state.is_shown("orders"));
    }
}
