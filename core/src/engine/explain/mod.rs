//! Why a row of a view is there, and what became of an event.
//!
//! [`Explainer::row`] tells the events that made a row; [`Explainer::events`] how far one or two events came, where and
//! why they stopped, and whether they met. Both replay the pipeline over what the log holds, through the operators that
//! run it: nothing here decides what is late, what matches or what is in a window. Rows carry a number through the
//! operators ([`trace`]), so each is known again wherever it comes out ([`identity`]); a number leads to the events that
//! made the row ([`lineage`]). What went into an aggregate's window is told by another aggregate that counts rows
//! ([`groups`]). Reasons come of what an operator counts when it takes a row by itself ([`judge`]); only how much a row was
//! late, or outside of what a join allows, is worked out from the settings.
//!
//! All events are replayed, because all of them move time; only what is asked about is followed one by one.

mod groups;
mod identity;
mod journey;
mod judge;
mod lineage;
mod meeting;
mod names;
mod partners;
mod row;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod trace;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::AtomicU64;

use tokio_util::sync::CancellationToken;

use groups::Followed;
use identity::Identity;
use journey::EventWatch;
use partners::PartnerWatch;
use row::RowWatch;
use trace::{Replay, Watcher};

use super::feed::Feed;
use super::history::each_step;
use super::operator::{Dropped, Stop};
use super::plan::{PlannedSource, PlannedView, TracedPlan};
use crate::codec::{Cell, TopicCodecs};
use crate::event::time::format_iso_ms;
use crate::event::{Coordinates, EventRef, TopicName};
use crate::pipeline::{Pipeline, Problem};
use crate::store::Snapshot;

pub use row::RowName;
pub use told::{
    Apart, EventList, EventsExplanation, Journey, LateWindow, Meeting, NAMED_EVENTS, Named, NamedEvent, Near,
    NodeVisit, RowExplanation, TakenWindow, Verdict,
};

/// Of a row that is made of no more events than this, the journeys of these are told too.
const FEW: usize = 3;

/// Hands every event that an explanation names to what it is given.
type EachEvent<'e> = &'e mut dyn FnMut(&mut dyn FnMut(&mut NamedEvent));

/// So many events are replayed in a step.
const STEP: usize = 1 << 13;

/// Why there is no explanation.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExplainError {
    /// The pipeline does not run.
    #[error("the pipeline has {} problems; the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Pipeline(Vec<Problem>),
    /// There is no such view, or it was not said which.
    #[error("{0}")]
    View(String),
    /// The row was not named as a row of this view is.
    #[error("{0}")]
    RowName(String),
    /// There is no such row.
    #[error("{view} has no row {sought}{}", instead(.near))]
    NoRow {
        /// The view.
        view: String,
        /// What was looked for.
        sought: String,
        /// The nearest that there are: windows of the key, or other keys.
        near: Vec<String>,
    },
    /// There are several.
    #[error("{view} has {count} rows {sought}: name one, such as {sought}{}", .times.join(" or "))]
    ManyRows {
        /// The view.
        view: String,
        /// What was looked for.
        sought: String,
        /// How many there are.
        count: u64,
        /// The windows, or the times, of the first of them.
        times: Vec<String>,
    },
    /// There is no such event.
    #[error("there is no event {event}: {why}")]
    NoEvent {
        /// Where it was looked for.
        event: Coordinates,
        /// What there is instead.
        why: String,
    },
    /// No source reads the event's topic.
    #[error("the pipeline does not read {topic}; it reads {}", .read.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    NotRead {
        /// The topic.
        topic: TopicName,
        /// The topics that it reads.
        read: Vec<TopicName>,
    },
    /// One event or two can be looked into.
    #[error("one event or two can be explained, not {0}")]
    Count(usize),
    /// It was stopped.
    #[error("{0}")]
    Stopped(#[from] Stop),
}

fn instead(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; the nearest are {}", near.join(", ")) }
}

/// Explains a pipeline over what a log holds.
pub struct Explainer<'l> {
    /// The pipeline.
    pub pipeline: &'l Pipeline,
    /// What the log holds.
    pub snapshot: &'l Snapshot,
    /// How each topic's payloads are decoded.
    pub codecs: &'l dyn Fn(&TopicName) -> TopicCodecs,
    /// Where the stretch of history begins, in milliseconds: what comes before it in each partition does not count.
    pub from_ms: Option<i64>,
    /// As of this time, in milliseconds: only events up to it count.
    pub until_ms: Option<i64>,
    /// Ends it early.
    pub cancel: &'l CancellationToken,
    /// Counts the events that were replayed. The log is gone through twice or more.
    pub done: &'l AtomicU64,
}

impl Explainer<'_> {
    /// The events that made a row of a view, and how. The view may be left out where there is only one.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub fn row(&self, view: Option<&str>, name: &RowName) -> Result<RowExplanation, ExplainError> {
        let mut replay = self.replay(true)?;
        let view = chosen(&replay.views, view)?;
        let mut watch = RowWatch::new(&replay, &view, name).map_err(ExplainError::RowName)?;
        watch.narrow(&mut replay);
        self.run(&mut replay, &mut watch)?;
        let at = name.at_ms.map(|ms| format!("@{}", format_iso_ms(ms))).unwrap_or_default();
        let (rows, more) = watch.found();
        let Some(row) = rows.first() else {
            let near = watch.instead();
            return Err(ExplainError::NoRow { view: view.name, sought: format!("{}{at}", name.key), near });
        };
        let times: BTreeSet<i64> = rows.iter().map(|row| watch.time_of(row)).collect();
        if times.len() > 1 {
            let times = times.into_iter().take(2).map(|time| format!("@{}", format_iso_ms(time))).collect();
            let (count, sought) = (rows.len() as u64 + more, name.key.clone());
            return Err(ExplainError::ManyRows { view: view.name, sought, count, times });
        }
        let events = replay.lineage.events(row.id);
        let shown = |(name, column, _): &(String, usize, _)| {
            Named::new(name.as_str(), row.cells.get(*column).cloned().unwrap_or(Cell::Missing))
        };
        let mut explanation = RowExplanation {
            row: view.columns.iter().map(shown).collect(),
            view: view.name,
            time_ms: row.time_ms,
            made_by: EventList::of(&events),
            came_with: NamedEvent::of(row.seq),
            others: rows.len() as u64 - 1 + more,
            journeys: Vec::new(),
        };
        self.name(&replay, &mut |each| explanation.each_event(each))?;
        if events.len() <= FEW {
            let made_by = &explanation.made_by.events;
            let events: Vec<Coordinates> = made_by.iter().filter_map(|event| event.coordinates.clone()).collect();
            explanation.journeys = self.journeys(&events)?.0;
        }
        Ok(explanation)
    }

    /// How far one event or two came, and of two where they met or why not.
    ///
    /// # Errors
    /// [`ExplainError`].
    pub fn events(&self, events: &[Coordinates]) -> Result<EventsExplanation, ExplainError> {
        if events.is_empty() || events.len() > 2 {
            return Err(ExplainError::Count(events.len()));
        }
        let (journeys, meetings) = self.journeys(events)?;
        Ok(EventsExplanation { journeys, meetings })
    }

    fn journeys(&self, events: &[Coordinates]) -> Result<(Vec<Journey>, Vec<Meeting>), ExplainError> {
        let mut replay = self.replay(false)?;
        let told = events.iter().map(|event| self.event(event, &replay)).collect::<Result<Vec<_>, _>>()?;
        follow_marked(&mut replay);
        let mut watch = EventWatch::new(events, &replay);
        self.run(&mut replay, &mut watch)?;
        let near = self.near(&watch)?;
        let mut journeys = Vec::with_capacity(events.len());
        for (at, event) in told.into_iter().enumerate() {
            let mut nodes = watch.visits(&replay, at, &near);
            if nodes.is_empty() {
                nodes.push(self.unseen(&event, &replay)?);
            }
            journeys.push(Journey { event, shown: watch.is_shown(at), nodes });
        }
        self.name(&replay, &mut |each| journeys.iter_mut().for_each(|journey| journey.each_event(each)))?;
        let sources = |event: &Coordinates| {
            let own = replay.sources.iter().filter(|source| source.topic == event.topic);
            own.map(|source| source.node).collect::<Vec<_>>()
        };
        let meetings = match events {
            [one, other] => meeting::meetings(&watch, &replay, [sources(one), sources(other)]),
            _ => Vec::new(),
        };
        Ok((journeys, meetings))
    }

    /// Rows that nearly fitted those that have no partner.
    fn near(&self, watch: &EventWatch<'_>) -> Result<BTreeMap<usize, partners::Found>, ExplainError> {
        let mut partners = PartnerWatch::new(&watch.lonely);
        if partners.is_idle() {
            return Ok(BTreeMap::new());
        }
        let mut replay = self.replay(false)?;
        follow_marked(&mut replay);
        self.run(&mut replay, &mut partners)?;
        Ok(partners.finish(&replay))
    }

    fn replay(&self, ahead: bool) -> Result<Replay, ExplainError> {
        Ok(Replay::new(TracedPlan::of(self.pipeline).map_err(ExplainError::Pipeline)?, ahead))
    }

    /// The log, as far as it counts.
    fn feed(&self, sources: &[PlannedSource]) -> Feed {
        let mut feed = Feed::new(self.snapshot, sources, self.codecs, self.until_ms);
        if let Some(from) = self.from_ms {
            feed.begin_at_time(from);
        }
        feed
    }

    fn run(&self, replay: &mut Replay, watcher: &mut dyn Watcher) -> Result<(), ExplainError> {
        let mut feed = self.feed(&replay.sources);
        let take = &mut |step: super::Step| replay.step(step.rows, watcher, self.cancel);
        Ok(each_step(&mut feed, STEP, self.cancel, self.done, take)?)
    }

    /// Gives the events of an explanation, of which the numbers are known, their coordinates and keys.
    fn name(&self, replay: &Replay, each: EachEvent<'_>) -> Result<(), ExplainError> {
        let mut wanted = BTreeSet::new();
        each(&mut |event| {
            wanted.insert(event.seq);
        });
        let topics: BTreeSet<TopicName> = replay.sources.iter().map(|source| source.topic.clone()).collect();
        let topics: Vec<TopicName> = topics.into_iter().collect();
        let named = names::named(&topics, &|sources| self.feed(sources), &wanted, self.cancel)?;
        each(&mut |event| {
            if let Some(known) = named.get(&event.seq) {
                *event = known.clone();
            }
        });
        Ok(())
    }

    /// An event of the log.
    fn event(&self, at: &Coordinates, replay: &Replay) -> Result<NamedEvent, ExplainError> {
        let missing = |why: String| ExplainError::NoEvent { event: at.clone(), why };
        let mut read: Vec<TopicName> = replay.sources.iter().map(|source| source.topic.clone()).collect();
        read.sort();
        read.dedup();
        if !read.contains(&at.topic) {
            return Err(ExplainError::NotRead { topic: at.topic.clone(), read });
        }
        let topic = self.snapshot.topic(&at.topic).ok_or_else(|| missing(format!("{} is not there", at.topic)))?;
        let partition = topic.partitions.iter().find(|partition| partition.partition == at.partition);
        let partition =
            partition.ok_or_else(|| missing(format!("{} has {} partitions", at.topic, topic.partitions.len())))?;
        let inside = |segment: &&std::sync::Arc<crate::store::Segment>| {
            segment.first_offset() <= at.offset && at.offset <= segment.last_offset()
        };
        let events = match partition.segments.iter().find(inside).map(|segment| segment.events()) {
            Some(Ok(events)) => events,
            Some(Err(damage)) => return Err(missing(damage.to_string())),
            None => {
                let ends = partition.segments.first().zip(partition.segments.last());
                return Err(missing(match ends {
                    Some((first, last)) => format!(
                        "the partition's events have offsets from {} to {}",
                        first.first_offset(),
                        last.last_offset()
                    ),
                    None => "the partition is empty".to_owned(),
                }));
            }
        };
        let row = events.offsets().binary_search(&at.offset);
        let row = row.map_err(|_| missing("the log has no event at this offset".to_owned()))?;
        let event: EventRef<'_> = events.event(row);
        let codecs = (self.codecs)(&at.topic);
        let key = match codecs.key.decode(event.key()) {
            crate::codec::Decoded::Value(value) => value.cell().into_owned(),
            _ => Cell::Missing,
        };
        let timestamp_ms = event.time_ns().map(|_| event.timestamp_ms());
        Ok(NamedEvent { seq: 0, coordinates: Some(at.clone()), timestamp_ms, key })
    }

    /// What is to be said of an event that no source gave.
    fn unseen(&self, event: &NamedEvent, replay: &Replay) -> Result<NodeVisit, ExplainError> {
        if let (Some(until), Some(time), Some(coordinates)) = (self.until_ms, event.timestamp_ms, &event.coordinates)
            && time > until
        {
            let why = format!("it is later than {}", format_iso_ms(until));
            return Err(ExplainError::NoEvent { event: coordinates.clone(), why });
        }
        if let (Some(from), Some(time), Some(coordinates)) = (self.from_ms, event.timestamp_ms, &event.coordinates)
            && time < from
        {
            let why = format!("it is earlier than {}", format_iso_ms(from));
            return Err(ExplainError::NoEvent { event: coordinates.clone(), why });
        }
        let topic = event.coordinates.as_ref().map(|coordinates| &coordinates.topic);
        let source = replay.sources.iter().find(|source| Some(&source.topic) == topic);
        let node = source.map(|source| &replay.nodes[source.node]);
        let dropped = Verdict::Dropped { why: Dropped::Untimed, key: Vec::new(), stream_time_ms: None };
        Ok(NodeVisit {
            node: node.map(|node| node.name.clone()).unwrap_or_default(),
            kind: node.map_or("", |node| node.kind),
            went_on: false,
            verdicts: vec![dropped],
            left_out: 0,
        })
    }
}

/// Has the groups followed that an event comes to, and no others.
fn follow_marked(replay: &mut Replay) {
    for node in &mut replay.nodes {
        if let Identity::Groups(groups) = &mut node.identity {
            groups.followed = Followed::Marked(HashSet::new());
        }
    }
}

/// The view that is meant.
fn chosen(views: &[PlannedView], name: Option<&str>) -> Result<PlannedView, ExplainError> {
    let names: Vec<&str> = views.iter().map(|view| view.name.as_str()).collect();
    match (name, views) {
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(ExplainError::View(format!("which view? there are {}", names.join(", ")))),
        (Some(name), _) => views
            .iter()
            .find(|view| view.name == name)
            .cloned()
            .ok_or_else(|| ExplainError::View(format!("there is no view “{name}”; there are {}", names.join(", ")))),
    }
}
