//! What nodes set aside, and what came too late for some of their windows, with the events that it was made of.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fabula_core::engine::{AsideRow, Dropped, Running, StepTimes, Untimed};
use fabula_core::event::Coordinates;
use fabula_core::pipeline::Pipeline;

use crate::state::AsideLine;

/// Where the events stand that rows set aside came of. A row knows its event by a number, which only the step knows that
/// takes it.
#[derive(Default)]
pub(super) struct Events {
    step: StepTimes,
    at: HashMap<u64, Coordinates>,
}

impl Events {
    /// A step begins.
    pub(super) fn begins(&mut self, step: &StepTimes) {
        self.step.clone_from(step);
    }

    /// A step is done: notes the events of what was set aside in it.
    pub(super) fn stepped(&mut self, running: &Running, pipeline: &Pipeline) {
        for node in &pipeline.nodes {
            let Some(aside) = running.aside(&node.name) else { continue };
            // The last ones are of this step.
            for rows in [&mut aside.rows().rev() as &mut dyn Iterator<Item = &AsideRow>, &mut aside.partly().rev()] {
                for row in rows.take_while(|row| row.seq >= self.step.first_seq) {
                    if let Some(event) = self.step.event(row.seq) {
                        self.at.insert(row.seq, event);
                    }
                }
            }
        }
    }

    /// Every node's last rows of this kind, newest first; events of rows that are kept no longer are forgotten.
    pub(super) fn lines(&mut self, running: &Running, pipeline: &Pipeline) -> BTreeMap<String, Arc<[AsideLine]>> {
        let mut all = BTreeMap::new();
        let mut known = HashMap::new();
        for node in &pipeline.nodes {
            let Some(aside) = running.aside(&node.name) else { continue };
            let mut rows: Vec<(&AsideRow, bool)> =
                aside.rows().map(|row| (row, false)).chain(aside.partly().map(|row| (row, true))).collect();
            rows.sort_by_key(|(row, _)| std::cmp::Reverse(row.seq));
            let line = |(row, partly): (&AsideRow, bool)| {
                let event = self.at.get(&row.seq).cloned();
                if let Some(event) = &event {
                    known.insert(row.seq, event.clone());
                }
                line(row, partly, event)
            };
            let lines: Arc<[AsideLine]> = rows.into_iter().map(line).collect();
            if !lines.is_empty() {
                all.insert(node.name.clone(), lines);
            }
        }
        self.at = known;
        all
    }
}

/// Events that a source could not take because they have no time.
pub(super) fn untimed(untimed: &Untimed) -> Arc<[AsideLine]> {
    let line = |event: &Coordinates| AsideLine {
        time_ms: None,
        late_by_ms: None,
        missed_ms: None,
        partly: false,
        why: Dropped::Untimed.why(),
        event: Some(event.clone()),
        row: String::new(),
    };
    untimed.first.iter().map(line).collect()
}

fn line(row: &AsideRow, partly: bool, event: Option<Coordinates>) -> AsideLine {
    let behind = row.stream_time_ms.saturating_sub(row.time_ms);
    let late_by_ms = match row.missed {
        Some(missed) => Some(missed.late_by_ms),
        None => (row.why == Dropped::Late).then_some(behind),
    };
    let cells: Vec<String> = row.cells.iter().filter(|cell| !cell.is_null()).map(ToString::to_string).collect();
    AsideLine {
        time_ms: Some(row.time_ms),
        late_by_ms,
        missed_ms: row.missed.map(|missed| [missed.first_ms, missed.last_ms]),
        partly,
        why: row.why.why(),
        event,
        row: cells.join("  "),
    }
}
