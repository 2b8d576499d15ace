//! The windows of the chosen node over time: which are open, which still wait for late rows, which are closed; and what
//! came too late for them.

use fabula_core::pipeline::{NodeKind, Pipeline, Window};

use crate::state::{AsideLine, State};

/// So many windows are drawn one by one; more of them are a band.
const MOST: i64 = 600;

/// So many rows are asked for the windows that they stand for: the last ones.
const NAMED: usize = 5_000;

/// How far a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Rows of its time come.
    Open,
    /// Its time is over, and it waits for late rows.
    Waiting,
    /// It takes no more rows.
    Closed,
}

/// One window: its time, and until when it waits, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Its first millisecond.
    pub from_ms: i64,
    /// Behind its last millisecond.
    pub to_ms: i64,
    /// When it closes.
    pub until_ms: i64,
    /// How far it is.
    pub phase: Phase,
}

/// The windows of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// The node.
    pub node: String,
    /// How it cuts time.
    window: Option<Window>,
    grace_ms: i64,
    /// The largest time that it has seen.
    pub stream_time_ms: Option<i64>,
    /// Windows that go by the rows, as its rows name them.
    named: Vec<(i64, i64)>,
    /// Rows that went no further, or missed some of the windows; by their times.
    pub aside: Vec<AsideLine>,
}

impl Windows {
    /// Of the node that is chosen, or of the aggregate whose rows it shows; without a choice, of the pipeline's last aggregate.
    pub fn of(state: &State) -> Option<Self> {
        let pipeline: &Pipeline = &state.design.pipeline;
        let outcome = state.outcome.as_ref().filter(|outcome| outcome.version == state.design.version)?;
        let last = || {
            pipeline.nodes.iter().rev().find(|node| matches!(node.kind, NodeKind::Aggregate { window: Some(_), .. }))
        };
        let mut at = state.design.chosen_node().or_else(last)?;
        for _ in 0..pipeline.nodes.len() {
            match &at.kind {
                NodeKind::View { input } | NodeKind::Filter { input, .. } | NodeKind::Project { input, .. }
                    if !outcome.aside.contains_key(&at.name) =>
                {
                    at = pipeline.node(input)?;
                }
                _ => break,
            }
        }
        let (window, grace) = match &at.kind {
            NodeKind::Aggregate { window, grace, .. } => (*window, *grace),
            NodeKind::Join { grace, .. } => (None, *grace),
            _ => (None, None),
        };
        let mut aside = outcome.aside.get(&at.name).map(|aside| aside.to_vec()).unwrap_or_default();
        aside.retain(|line| line.time_ms.is_some());
        aside.sort_by_key(|line| line.time_ms);
        let stream_time_ms = outcome.report(&at.name).and_then(|report| report.metrics.stream_time_ms);
        if window.is_none() && aside.is_empty() {
            return None;
        }
        let by_rows = matches!(window, Some(Window::Session { .. } | Window::Sliding { .. }));
        let named = if by_rows { named(&at.name, state) } else { Vec::new() };
        let grace_ms = grace.map_or(0, |grace| grace.ms);
        Some(Self { node: at.name.clone(), window, grace_ms, stream_time_ms, named, aside })
    }

    fn band(&self, from_ms: i64, to_ms: i64) -> Band {
        let until_ms = to_ms.saturating_add(self.grace_ms);
        let phase = match self.stream_time_ms {
            Some(time) if time >= until_ms => Phase::Closed,
            Some(time) if time >= to_ms => Phase::Waiting,
            _ => Phase::Open,
        };
        Band { from_ms, to_ms, until_ms, phase }
    }

    /// The windows that lie in a stretch of time and have begun; `None` where there are too many to be told apart.
    pub fn bands(&self, from_ms: i64, to_ms: i64) -> Option<Vec<Band>> {
        let begun = self.stream_time_ms.map_or(i64::MIN, |time| time.saturating_add(1)).min(to_ms);
        let (size, advance) = match self.window {
            Some(Window::Tumbling { size }) => (size.ms, size.ms),
            Some(Window::Hopping { size, advance }) => (size.ms, advance.ms),
            Some(Window::Sliding { .. } | Window::Session { .. }) => {
                let seen = self.named.iter().filter(|(from, to)| *from < to_ms && *to > from_ms);
                let bands: Vec<Band> = seen.map(|(from, to)| self.band(*from, *to)).collect();
                return (bands.len() as i64 <= MOST).then_some(bands);
            }
            None => return Some(Vec::new()),
        };
        let (size, advance) = (size.max(1), advance.max(1));
        let first = from_ms.saturating_sub(size).div_euclid(advance).saturating_add(1);
        let last = begun.saturating_sub(1).div_euclid(advance);
        if last.saturating_sub(first) >= MOST {
            return None;
        }
        Some((first..=last).map(|nth| self.band(nth * advance, nth * advance + size)).collect())
    }

    /// How many windows stand above each other.
    pub fn rows(&self) -> usize {
        match self.window {
            Some(Window::Hopping { size, advance }) => (size.ms / advance.ms.max(1)).clamp(1, 3) as usize,
            Some(Window::Sliding { .. }) => 3,
            _ => 1,
        }
    }

    /// From where on windows may still change, in milliseconds.
    pub fn closed_until_ms(&self) -> Option<i64> {
        Some(self.stream_time_ms?.saturating_sub(self.grace_ms))
    }
}

/// The windows that a node's rows name, or the rows of what shows them.
fn named(node: &str, state: &State) -> Vec<(i64, i64)> {
    let Some(outcome) = &state.outcome else { return Vec::new() };
    let views = outcome.views.get(node).or_else(|| {
        let shows = |name: &&String| {
            state.design.pipeline.node(name).is_some_and(|shown| shown.kind.inputs().iter().any(|(_, of)| *of == node))
        };
        outcome.views.keys().find(shows).and_then(|name| outcome.views.get(name))
    });
    let Some(rows) = views.or_else(|| outcome.first.get(node)) else { return Vec::new() };
    let column = |wanted: &str| rows.columns.iter().find(|(name, ..)| name == wanted).map(|(_, column, _)| *column);
    let (Some(start), Some(end)) = (column("window_start"), column("window_end")) else { return Vec::new() };
    let ms = |column: usize, row: usize| match rows.rows.cell(column, row) {
        fabula_core::codec::Cell::Time(ns) => Some(ns.div_euclid(1_000_000)),
        _ => None,
    };
    let first = rows.rows.len().saturating_sub(NAMED);
    let mut all: Vec<(i64, i64)> =
        (first..rows.rows.len()).filter_map(|row| Some((ms(start, row)?, ms(end, row)?))).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabula_core::pipeline::Span;

    fn windows(window: Window, grace_ms: i64, stream_time_ms: i64) -> Windows {
        Windows {
            node: "totals".to_owned(),
            window: Some(window),
            grace_ms,
            stream_time_ms: Some(stream_time_ms),
            named: Vec::new(),
            aside: Vec::new(),
        }
    }

    #[test]
    fn a_window_is_open_then_waits_then_is_closed() {
        let windows = windows(Window::Tumbling { size: Span::of_ms(100) }, 30, 320);
        let phases: Vec<_> = windows
            .bands(0, 1_000)
            .expect("a few windows")
            .into_iter()
            .map(|band| (band.from_ms, band.phase))
            .collect();
        assert_eq!(
            phases,
            [(0, Phase::Closed), (100, Phase::Closed), (200, Phase::Waiting), (300, Phase::Open)],
            "the one from 400 on has not begun"
        );
        assert_eq!(windows.closed_until_ms(), Some(290));
    }

    #[test]
    fn windows_that_hop_overlap_and_too_many_are_not_told_apart() {
        let hopping = Window::Hopping { size: Span::of_ms(100), advance: Span::of_ms(50) };
        let bands = windows(hopping, 0, 120).bands(100, 1_000).expect("a few windows");
        assert_eq!(bands.iter().map(|band| band.from_ms).collect::<Vec<_>>(), [50, 100]);
        assert_eq!(windows(Window::Tumbling { size: Span::of_ms(1) }, 0, 1_000_000).bands(0, 1_000_000), None);
    }
}
