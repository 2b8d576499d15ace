//! What was planted in a sample, and where: for tests of whatever diagnoses. Nothing that diagnoses may read it.

use serde::{Deserialize, Serialize};

use super::day::{DAY_START_MS, IncidentKind, WINDOWS};
use super::outline::Outline;
use super::plot::Plot;
use super::render::Pen;
use super::shop::{LANES, lane};
use super::walk::{Place, Placed, Walk, all_lanes};
use crate::event::time::format_iso_ms;
use crate::event::{Coordinates, EventBatchBuilder};

/// How many events of one incident are listed at most. How many there are in all is always said.
pub const MOST_LISTED: usize = 20_000;

/// Everything that was planted in a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// How many events the sample has.
    pub events: u64,
    /// What it was grown from.
    pub seed: u64,
    /// The incidents, in the order of their beginning.
    pub incidents: Vec<Incident>,
}

impl Truth {
    /// The incident of a kind, where the sample is large enough to have one.
    pub fn incident(&self, kind: IncidentKind) -> Option<&Incident> {
        self.incidents.iter().find(|incident| incident.kind == kind)
    }
}

/// Something that went wrong on the sample's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What kind of thing.
    pub kind: IncidentKind,
    /// In a person's words.
    pub what: String,
    /// When it began, in ISO 8601.
    pub from: String,
    /// When it ended, in ISO 8601.
    pub to: String,
    /// How many events show it.
    pub events_total: u64,
    /// Those events in the order of their chapters, the first [`MOST_LISTED`] of them.
    pub events: Vec<PlantedEvent>,
}

/// An event that shows an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlantedEvent {
    /// Where the event lies.
    #[serde(flatten)]
    pub at: Coordinates,
    /// Its key: the order, or the session.
    pub key: Option<String>,
    /// The event that this one repeats, or was put aside from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Coordinates>,
}

/// Goes through the whole sample and lists what was planted.
pub(super) fn truth(plot: &Plot, outline: &Outline) -> Truth {
    let mut found: Vec<(u64, Vec<PlantedEvent>)> = WINDOWS.iter().map(|_| (0, Vec::new())).collect();
    let mut pen = Pen::new(plot);
    let mut walk = Walk::from(plot, outline, 0, all_lanes());
    let mut newest_ms = [i32::MIN; LANES];
    while walk.chapter().is_some() {
        walk.next_chapter(|lane, placed| {
            let newest = &mut newest_ms[lane];
            let backwards = placed.step.stamp_ms < *newest;
            *newest = (*newest).max(placed.step.stamp_ms);
            let Some(incident) = placed.step.mark.incident() else { return };
            // What is late or out of order is so against its own partition, or it is not.
            let in_order =
                matches!(WINDOWS[incident].kind, IncidentKind::OutOfOrder | IncidentKind::Late) && !backwards;
            if in_order {
                return;
            }
            let (total, events) = &mut found[incident];
            *total += 1;
            if events.len() < MOST_LISTED {
                events.push(planted(&mut pen, lane, &placed));
            }
        });
    }
    let iso = |at_ms: i32| format_iso_ms(DAY_START_MS + i64::from(at_ms));
    let incidents = WINDOWS
        .iter()
        .zip(found)
        .filter(|(_, (total, _))| *total > 0)
        .map(|(window, (events_total, events))| Incident {
            kind: window.kind,
            what: window.what.to_owned(),
            from: iso(window.from_ms),
            to: iso(window.to_ms),
            events_total,
            events,
        })
        .collect();
    Truth { events: plot.events, seed: plot.seed, incidents }
}

fn coordinates(at: usize, offset: i64) -> Coordinates {
    let (topic, partition) = lane(at);
    Coordinates { topic: topic.name.into(), partition, offset }
}

fn planted(pen: &mut Pen<'_>, lane: usize, placed: &Placed) -> PlantedEvent {
    let mut one = EventBatchBuilder::new("", 0);
    pen.write(placed, &mut one);
    let key = one.finish().event(0).key().map(|key| String::from_utf8_lossy(key).into_owned());
    let of = placed.origin.map(|Place { lane, offset, .. }| coordinates(usize::from(lane), offset));
    PlantedEvent { at: coordinates(lane, placed.offset), key, of }
}
