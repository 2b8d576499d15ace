//! Which groups have passed the chosen event: counted by a job, painted a line a group.

use std::sync::Arc;

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, WidgetType, vec2};
use fabula_core::event::Coordinates;
use fabula_core::event::time::ms_to_ns;
use fabula_core::narrative::lag::{GroupStanding, Passed, Standings};

use crate::command::Command;
use crate::jobs::Title;
use crate::panes::Context;
use crate::panes::asking::Asking;
use crate::standing;
use crate::state::Readers as Known;
use crate::theme::{font, size, tokens, widgets};

/// What is known of the chosen event's readers.
#[derive(Default)]
pub(super) struct Readers {
    passing: Asking<Question, Arc<[Line]>>,
}

/// An event, and the groups as they stood at a moment.
#[derive(Clone)]
struct Question {
    at: Coordinates,
    groups: Arc<[GroupStanding]>,
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && Arc::ptr_eq(&self.groups, &other.groups)
    }
}

/// One group and whether it has passed the event.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    group: Arc<str>,
    passed: Passed,
}

impl Readers {
    /// Asks again when another event is chosen, or the groups have come further.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        self.passing.update();
        let state = context.state;
        let (Some(selection), Some(snapshot)) = (&state.selection, &state.log.snapshot) else { return };
        let Known::Told(standings) = &state.log.readers else { return };
        let (at, standings, snapshot) = (selection.coordinates.clone(), standings.clone(), Arc::clone(snapshot));
        let question = Question { at: at.clone(), groups: standings.groups.clone() };
        let work = move |_: &crate::jobs::Progress| lines(&standings, &at, &snapshot);
        self.passing.ask(question, context.jobs, Title::quiet("Read by"), work);
    }

    pub(super) fn is_busy(&self) -> bool {
        self.passing.is_busy()
    }

    /// The lines of an event; those of the moment before while they are counted anew.
    fn lines(&self, at: &Coordinates) -> Option<&Arc<[Line]>> {
        self.passing.last().filter(|(question, _)| question.at == *at).map(|(_, lines)| lines)
    }

    /// How many rows there are below the heading.
    pub(super) fn rows(&self, at: &Coordinates) -> usize {
        self.lines(at).map_or(1, |lines| lines.len().max(1))
    }

    /// When the groups stood so, for the heading.
    pub(super) fn as_of(context: &Context<'_>) -> String {
        match &context.state.log.readers {
            Known::Told(standings) => {
                let clock = &context.state.clock;
                format!("as of {} {}", clock.full(ms_to_ns(standings.at_ms)), clock.name())
            }
            Known::NotAsked | Known::NotTold(_) => String::new(),
        }
    }

    /// Paints a row.
    pub(super) fn row_ui(&self, ui: &mut Ui, at: &Coordinates, nth: usize, rect: Rect, context: &Context<'_>) {
        let line = self.lines(at).and_then(|lines| lines.get(nth));
        match (line, &context.state.log.readers) {
            (Some(line), Known::Told(_)) => line_ui(ui, line, nth, rect, context),
            (_, Known::NotTold(why)) => note_ui(ui, &format!("Not known: {why}"), rect),
            (None, Known::Told(_)) if self.lines(at).is_some() => {
                note_ui(ui, "No group has committed in this topic; who commits nowhere is not seen", rect);
            }
            _ => note_ui(ui, "Not known yet", rect),
        }
    }
}

fn lines(standings: &Standings, at: &Coordinates, snapshot: &fabula_core::store::Snapshot) -> Arc<[Line]> {
    let line =
        |(standing, passed): (&GroupStanding, Passed)| Line { group: standing.group.name.as_str().into(), passed };
    standings.passed(at, snapshot).into_iter().map(line).collect()
}

fn note_ui(ui: &Ui, words: &str, rect: Rect) {
    let response = ui.interact(rect, ui.id().with("no readers"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Read by: {words}")));
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, words, font::small(), tokens(ui).text_second);
    response.on_hover_text(words);
}

fn line_ui(ui: &Ui, line: &Line, nth: usize, rect: Rect, context: &Context<'_>) {
    let tokens = tokens(ui);
    let response = ui.interact(rect, ui.id().with(("reader", nth)), Sense::click());
    let words = standing::passed(&line.passed);
    let spoken = format!("Read by {}: {words}", line.group);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &spoken));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 0.0, tokens.hovered);
    }
    let (sign, color) = match &line.passed {
        Passed::Yes(_) => ("✓", tokens.good),
        Passed::No(_) => ("…", tokens.warning),
        Passed::Gone => ("×", tokens.error),
        Passed::NotKnown(_) => ("?", tokens.text_second),
    };
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, sign, font::mono(), color);
    let name = inner.with_min_x(inner.left() + 16.0).with_max_x(inner.left() + inner.width() * 0.48);
    widgets::text_in(ui.painter(), name, Align2::LEFT_CENTER, &line.group, font::body(), tokens.text);
    let told = inner.with_min_x(name.right() + 8.0);
    widgets::text_in(ui.painter(), told, Align2::LEFT_CENTER, &words, font::small(), color);
    if response.clicked() {
        context.send(Command::ShowGroup(line.group.clone()));
    }
    response.on_hover_text(format!("{spoken}\n{}", Readers::as_of(context)));
}
