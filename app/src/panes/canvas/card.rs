//! What stands on the cards of the canvas, and where the cards are.

use egui::{Color32, Pos2, Rect, Vec2, pos2, vec2};
use fabula_core::pipeline::{Flow, Node, NodeKind, Note, Window};

use super::edits;
use crate::figures;
use crate::state::{Journey, Pace, State, Visit};
use crate::theme::Tokens;

/// How wide a card is, in points of the pipeline.
pub(super) const WIDTH: f32 = 188.0;
const HEAD: f32 = 26.0;
const LINE: f32 = 16.0;
const FOOT: f32 = 8.0;

/// A node as it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) at: [f32; 2],
    pub(super) lines: Vec<(Line, String)>,
    pub(super) flow: Option<Flow>,
    /// The nodes at its inputs; an input without one is `None`.
    pub(super) inputs: Vec<Option<String>>,
    pub(super) mark: Mark,
    /// Whether it is the node whose settings and rows the other panes show.
    pub(super) looked_at: bool,
    pub(super) health: Health,
    /// How far the run is, while one is under way.
    pub(super) running: Option<f32>,
    /// Rows given so far.
    pub(super) given: Option<u64>,
    /// What became of the chosen event here.
    pub(super) visited: Option<Visit>,
    /// Rows given in a second, while the run goes through history or follows the log.
    pub(super) pace: Option<f64>,
}

/// How a line of a card is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// What the node is set to.
    Setting,
    /// What has gone through it.
    Figures,
    /// Rows that were late or dropped.
    Warning,
    /// What it waits for.
    Hint,
    /// What is wrong with it.
    Error,
}

/// Whether a node can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Sound,
    /// A wire is missing.
    Unconfigured,
    Failing,
}

/// So many letters of what is wrong with a node stand on a line, and so many lines.
const ERROR_LETTERS: usize = 30;
const ERROR_LINES: usize = 3;

/// A text cut into lines between words, as many as there may be.
fn in_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < ERROR_LETTERS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > ERROR_LINES {
        let rest = lines.split_off(ERROR_LINES - 1).join(" ");
        lines.push(rest);
    }
    lines
}

/// What the bar at a card's left says: a topic's own colour, or what kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Topic(usize),
    Step,
    Join,
    Window,
    Choice,
    View,
}

impl Mark {
    pub(super) fn color(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Topic(number) => tokens.series(number),
            Self::Step => tokens.text_faint,
            Self::Join => tokens.value_bool,
            Self::Window => tokens.good,
            Self::Choice => tokens.warning,
            Self::View => tokens.accent,
        }
    }
}

impl Card {
    pub(super) fn size(&self) -> Vec2 {
        vec2(WIDTH, HEAD + self.lines.len() as f32 * LINE + FOOT)
    }

    /// Where it is, in points of the pipeline.
    pub(super) fn rect(&self) -> Rect {
        Rect::from_min_size(pos2(self.at[0], self.at[1]), self.size())
    }

    /// Where its rows leave it.
    pub(super) fn output(&self) -> [f32; 2] {
        let rect = self.rect();
        [rect.right(), rect.center().y]
    }

    /// Where an input is.
    pub(super) fn input(&self, port: usize) -> [f32; 2] {
        let rect = self.rect();
        let share = (port as f32 + 1.0) / (self.inputs.len() as f32 + 1.0);
        [rect.left(), rect.top() + rect.height() * share]
    }

    /// As it is told to those who don't see it.
    pub(super) fn spoken(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|(_, line)| line.as_str()).collect();
        format!("{} ({}): {}; {}", self.name, self.kind, lines.join(", "), self.state_in_words())
    }

    /// How it is, in words: what its outline says to the eye.
    fn state_in_words(&self) -> String {
        let mut words = match (self.health, self.running) {
            (Health::Unconfigured, _) => "not wired yet".to_owned(),
            (Health::Failing, _) => "failing".to_owned(),
            (Health::Sound, Some(share)) => format!("running, {:.0} %", share * 100.0),
            (Health::Sound, None) if self.given.is_some() => "run".to_owned(),
            (Health::Sound, None) => "not run yet".to_owned(),
        };
        if self.lines.iter().any(|(line, _)| *line == Line::Warning) {
            words.push_str(", with late rows or rows set aside");
        }
        if self.looked_at {
            words.push_str(", looked at");
        }
        match &self.visited {
            Some(visit) if visit.went_on => words.push_str(", the chosen event went through it"),
            Some(visit) => words.push_str(&format!(", the chosen event stops here: {}", visit.words)),
            None => {}
        }
        words
    }
}

/// Where a node's card is, in points of the pipeline, without what a run adds to it.
pub(super) fn rect_of(kind: &NodeKind, at: [f32; 2]) -> Rect {
    Rect::from_min_size(pos2(at[0], at[1]), vec2(WIDTH, HEAD + settings(kind).len() as f32 * LINE + FOOT))
}

/// Where a note is, in points of the pipeline.
pub(super) fn note_rect(note: &Note) -> Rect {
    Rect::from_min_size(pos2(note.at[0], note.at[1]), vec2(note.size[0], note.size[1]))
}

/// What all cards cover.
pub(super) fn bounds(cards: &[Card]) -> Rect {
    cards.iter().fold(Rect::NOTHING, |all, card| all.union(card.rect()))
}

/// A place on the left below the sources.
pub(super) fn free_place(state: &State) -> [f32; 2] {
    let lowest =
        cards(state).iter().filter(|card| card.at[0] < 200.0).map(|card| card.rect().bottom()).fold(8.0, f32::max);
    [32.0, lowest + 32.0]
}

pub(super) fn cards(state: &State) -> Vec<Card> {
    let design = &state.design;
    let places = &design.pipeline.layout;
    let place = |(at, node): (usize, &Node)| {
        let at = places.get(&node.name).copied().unwrap_or([32.0, 40.0 + 120.0 * at as f32]);
        card(node, at, state)
    };
    design.pipeline.nodes.iter().enumerate().map(place).collect()
}

/// The way of the chosen event through the pipeline as it stands.
pub(super) fn journey(state: &State) -> Option<&Journey> {
    let chosen = &state.selection.as_ref()?.coordinates;
    state.journey.as_deref().filter(|journey| journey.event == *chosen && journey.design == state.design.version)
}

fn card(node: &Node, at: [f32; 2], state: &State) -> Card {
    let design = &state.design;
    let outcome = state.outcome.as_ref().filter(|outcome| outcome.version == design.version);
    let report = outcome.and_then(|outcome| outcome.report(&node.name));
    let mut lines: Vec<(Line, String)> = settings(&node.kind).into_iter().map(|line| (Line::Setting, line)).collect();
    let problem = design.problems_of(&node.name).next();
    let inputs: Vec<Option<String>> =
        (0..edits::ports(&node.kind)).map(|port| edits::input_at(&node.kind, port).map(str::to_owned)).collect();
    let is_merge = matches!(node.kind, NodeKind::Merge { .. });
    let waits = if is_merge { inputs.len() == 1 } else { inputs.iter().any(Option::is_none) };
    let failure = outcome
        .filter(|outcome| outcome.failed.as_ref() == Some(&node.name))
        .and_then(|outcome| outcome.failure.as_deref());
    let unread = |name: &str| outcome.and_then(|outcome| outcome.unread.get(name));
    let topic = unread(&node.name).map(|topic| format!("nothing of {topic} has been read"));
    let failure = topic.as_deref().or(failure);
    let waits_for =
        design.waits_for(&node.name).or_else(|| design.nearest_before(&node.name, |name| unread(name).is_some()));
    let health = match problem {
        _ if waits => Health::Unconfigured,
        Some(_) => Health::Failing,
        None if failure.is_some() => Health::Failing,
        None if waits_for.is_some() => Health::Unconfigured,
        None => Health::Sound,
    };
    let kept = outcome.is_some_and(|outcome| outcome.kept.contains_key(&node.name));
    let under_way = outcome.filter(|outcome| !outcome.whole && outcome.failure.is_none() && !kept);
    if waits {
        let side = match (&node.kind, inputs.first().is_some_and(Option::is_some)) {
            (NodeKind::Join { .. }, true) => "draw a wire to its second port",
            _ => "draw a wire to its left",
        };
        lines.push((Line::Hint, side.to_owned()));
    } else if let Some(problem) = problem {
        lines.extend(in_lines(&problem.message).into_iter().map(|line| (Line::Error, line)));
        let hint = problem.hint.as_deref().map(in_lines).unwrap_or_default();
        lines.extend(hint.into_iter().map(|line| (Line::Hint, line)));
    } else if let Some(failure) = failure {
        lines.extend(in_lines(failure).into_iter().map(|line| (Line::Error, line)));
        if topic.is_some() {
            lines.push((Line::Hint, "show the topic in the catalogue".to_owned()));
        }
    } else if let Some(before) = waits_for {
        lines.push((Line::Hint, format!("waits for {before}")));
    } else if report.is_none() && state.log.snapshot.is_some() {
        // What was there is of another node than this one is by now.
        let stopped = outcome.is_some_and(|outcome| outcome.failure.is_some());
        lines.push((Line::Figures, if stopped { "did not run" } else { "recomputing…" }.to_owned()));
    } else if let Some(report) = report {
        let metrics = &report.metrics;
        let mut figures = match (report.flow, &node.kind) {
            (Flow::Table, NodeKind::View { .. }) | (_, NodeKind::Stream { .. } | NodeKind::Table { .. }) => {
                figures::of(metrics.rows_out, "row")
            }
            _ if metrics.rows_in == metrics.rows_out => figures::of(metrics.rows_out, "row"),
            _ => format!("{} of {}", figures::count(metrics.rows_out), figures::of(metrics.rows_in, "row")),
        };
        if metrics.open_windows > 0 {
            figures.push_str(&format!(" · {} open", figures::count(metrics.open_windows)));
        }
        lines.push((Line::Figures, figures));
        let late = metrics.late();
        let dropped: u64 = metrics.dropped.values().sum::<u64>() - metrics.late();
        let is_filter = matches!(node.kind, NodeKind::Filter { .. });
        let mut notes = Vec::new();
        if late > 0 {
            notes.push(format!("{} late", figures::count(late)));
        }
        if let Some(untimed) = outcome.and_then(|outcome| outcome.untimed.get(&node.name)) {
            notes.push(format!("{} without a time", figures::count(untimed.count)));
        }
        if dropped > 0 && !is_filter {
            notes.push(format!("{} set aside", figures::count(dropped)));
        }
        if !notes.is_empty() {
            lines.push((Line::Warning, notes.join(" · ")));
        }
        if metrics.late_windows > 0 {
            // A row may be late for several windows and in time for others: these are no rows.
            lines.push((Line::Warning, format!("{} missed rows", figures::of(metrics.late_windows, "window"))));
        }
    }
    let mark = match &node.kind {
        NodeKind::Stream { topic, .. } | NodeKind::Table { topic, .. } => Mark::Topic(state.series.number(topic)),
        NodeKind::Filter { .. } | NodeKind::Project { .. } | NodeKind::Rekey { .. } | NodeKind::Flatten { .. } => {
            Mark::Step
        }
        NodeKind::Merge { .. } => Mark::Step,
        NodeKind::Join { .. } => Mark::Join,
        NodeKind::Aggregate { .. } => Mark::Window,
        NodeKind::Deduplicate { .. } | NodeKind::TopN { .. } => Mark::Choice,
        NodeKind::View { .. } => Mark::View,
    };
    Card {
        name: node.name.clone(),
        kind: node.kind.name(),
        at,
        lines,
        flow: design.flows.get(&node.name).copied(),
        inputs,
        mark,
        looked_at: design.chosen.as_deref() == Some(&node.name),
        health,
        running: under_way.filter(|_| health == Health::Sound).map(|outcome| {
            let (done, total) = outcome.done;
            done as f32 / total.max(1) as f32
        }),
        given: report.map(|report| report.metrics.rows_out),
        visited: journey(state).and_then(|journey| journey.at(&node.name)).cloned(),
        pace: outcome
            .and_then(|outcome| outcome.pace.as_ref())
            .filter(|pace| pace.at.elapsed() < Pace::LASTS)
            .map(|pace| pace.rows_per_second.get(&node.name).copied().unwrap_or(0.0)),
    }
}

/// What a node is set to, in a line or two.
fn settings(kind: &NodeKind) -> Vec<String> {
    let short = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    match kind {
        NodeKind::Stream { topic, time } | NodeKind::Table { topic, time } => {
            let mut lines = vec![format!("topic {topic}")];
            lines.extend(time.as_ref().map(|time| format!("time {}", short(time))));
            lines
        }
        NodeKind::Filter { condition, .. } => vec![short(condition)],
        NodeKind::Project { select, .. } => {
            vec![select.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")]
        }
        NodeKind::Rekey { by, .. } => vec![format!("by {}", by.join(", "))],
        NodeKind::Flatten { field, name, .. } => vec![format!("{name} in {field}")],
        NodeKind::Merge { inputs } => vec![format!("{} inputs", inputs.len())],
        NodeKind::Aggregate { by, window, grace, select, .. } => {
            let mut lines = vec![select.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")];
            let group = if by.is_empty() { "by key".to_owned() } else { format!("by {}", short(&by.join(", "))) };
            lines.push(group);
            if let Some(window) = window {
                let grace = grace.map(|grace| format!(", grace {grace}")).unwrap_or_default();
                lines.push(format!("{}{grace}", window_in_words(*window)));
            }
            lines
        }
        NodeKind::Join { how, on, within, .. } => {
            let mut lines = vec![on.first().map_or_else(|| "on …".to_owned(), |on| short(on))];
            let span = within.map(|within| {
                if within.before.ms == 0 {
                    format!(", within {}", within.after)
                } else {
                    format!(", -{} to +{}", within.before, within.after)
                }
            });
            lines.push(format!("{}{}", how.name(), span.unwrap_or_default()));
            lines
        }
        NodeKind::Deduplicate { by, .. } => {
            vec![if by.is_empty() { "by key".to_owned() } else { format!("by {}", by.join(", ")) }]
        }
        NodeKind::TopN { n, order, .. } => {
            let order: Vec<String> = order
                .iter()
                .map(|by| format!("{}{}", short(&by.expr), if by.descending { " desc" } else { "" }))
                .collect();
            vec![format!("{n} by {}", order.join(", "))]
        }
        NodeKind::View { .. } => Vec::new(),
    }
}

/// `tumbling 5m`, `hopping 5m every 1m`.
pub(super) fn window_in_words(window: Window) -> String {
    match window {
        Window::Tumbling { size } => format!("tumbling {size}"),
        Window::Hopping { size, advance } => format!("hopping {size} every {advance}"),
        Window::Sliding { size } => format!("sliding {size}"),
        Window::Session { gap } => format!("session, gap {gap}"),
    }
}

/// The line that a wire takes between two places.
pub(super) fn curve(from: Pos2, to: Pos2, zoom: f32) -> [Pos2; 4] {
    let reach = ((to.x - from.x).abs() * 0.5).clamp(28.0 * zoom, 140.0 * zoom);
    [from, from + vec2(reach, 0.0), to - vec2(reach, 0.0), to]
}
