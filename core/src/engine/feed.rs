//! What the log holds, as the rows of a pipeline's sources.
//!
//! Partitions are merged by the smallest time at their heads (ties: topic, partition); within a partition events stay in
//! the order of their offsets, always. So an event's place goes by the largest time that its partition has come to, and
//! that is what is compared. Every event has a number in this order, whatever its topic, by which operators with
//! several inputs know which row came first.
//!
//! A feed may grow ([`Feed::grow`]): a lane without a head then holds the others back until it is known to have reached
//! the end of its partition. What comes to a lane later than others have passed its time is taken when it comes, and
//! counted ([`Feed::behind`]).

mod lane;

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::column::Column;
use super::mark::{Gap, LaneMark, Mark, StepTimes};
use super::operator::Dropped;
use super::plan::PlannedSource;
use super::rows::Rows;
use crate::codec::{Cell, TopicCodecs};
use crate::event::time::{is_in_range_ms, ns_to_ms};
use crate::event::{Coordinates, EventBatch, TopicName, TopicPartition};
use crate::expr::event_columns;
use crate::pipeline::Flow;
use crate::store::{Damage, Segment, Snapshot};
use lane::{Lane, time_of};

/// How many events a step of history takes.
pub const HISTORY_STEP: usize = 1 << 15;

/// What comes next: the rows of each source, and how far the log has been read.
#[derive(Debug, Default)]
pub struct Step {
    /// For each source, by its place in the plan, the rows.
    pub rows: Vec<Rows>,
    /// How many events were taken.
    pub events: usize,
    /// When they are told.
    pub times: StepTimes,
}

impl Step {
    /// The rows of events that come one after the other as they are given, each a batch and a row of it; the first has the
    /// number `first_seq`. `codecs` has those of each source. A source leaves out events that have no time for it.
    ///
    /// A [`Feed`] brings events into the order of their times; here whoever gives them has an order of their own.
    pub fn of_events(
        sources: &[PlannedSource],
        codecs: &[TopicCodecs],
        events: &[(&EventBatch, u32)],
        first_seq: u64,
    ) -> Self {
        let read = |(source, codecs): (&PlannedSource, &TopicCodecs)| {
            let wanted = vec![true; source.fields.len()];
            let mut rows = Rows { columns: vec![Arc::default(); source.fields.len()], ..Rows::default() };
            let own = events.iter().zip(first_seq..).filter(|((batch, _), _)| *batch.topic() == source.topic);
            for ((batch, row), seq) in own {
                let [Ok(time)] = times_of(source, batch, &[*row], codecs)[..] else { continue };
                rows.seq.push(seq);
                rows.time_ms.push(time);
                let one = [*row];
                let cells = event_columns(&source.fields, &wanted, batch, &one, codecs);
                for (column, cells) in rows.columns.iter_mut().zip(&cells) {
                    let column = Arc::make_mut(column);
                    cells.iter().for_each(|cell| column.push_ref(cell));
                }
            }
            rows
        };
        Self { rows: sources.iter().zip(codecs).map(read).collect(), events: events.len(), times: StepTimes::default() }
    }
}

/// Events that a source could not take, because they have no time.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Untimed {
    /// How many.
    pub count: u64,
    /// The first of them, for inspection.
    pub first: Vec<Coordinates>,
}

/// How many events without a time are named.
const UNTIMED_NAMED: usize = 100;

/// Reads sources from a snapshot, step by step.
pub struct Feed {
    sources: Vec<PlannedSource>,
    codecs: Vec<TopicCodecs>,
    lanes: Vec<Lane>,
    next_seq: u64,
    untimed: Vec<Untimed>,
    damages: Vec<Damage>,
    /// How far the merge has come.
    furthest: Option<Head>,
    behind: u64,
}

/// Where the head of a lane stands: its time in milliseconds, and the lane.
type Head = (i64, usize);

/// Rows of one lane that follow each other in the order of all.
struct Stretch {
    part: usize,
    rows: Range<usize>,
    first_seq: u64,
}

/// Rows of one lane and one batch in a step.
struct Part {
    lane: usize,
    events: EventBatch,
    rows: Vec<u32>,
    segment: Arc<Segment>,
}

impl Feed {
    /// Reads these sources from a snapshot. `codecs` says for each topic how its payloads are decoded; `until_ms` cuts each
    /// partition before its first event that is later.
    pub fn new(
        snapshot: &Snapshot,
        sources: &[PlannedSource],
        codecs: impl Fn(&TopicName) -> TopicCodecs,
        until_ms: Option<i64>,
    ) -> Self {
        let mut topics: Vec<&TopicName> = sources.iter().map(|source| &source.topic).collect();
        topics.sort();
        topics.dedup();
        let partitions = topics.into_iter().filter_map(|topic| snapshot.topic(topic)).flat_map(|topic| {
            topic.partitions.iter().map(|partition| {
                let lane = TopicPartition::new(topic.name.clone(), partition.partition);
                Lane::new(lane, partition.clone(), until_ms.unwrap_or(i64::MAX))
            })
        });
        Self {
            lanes: partitions.collect(),
            codecs: sources.iter().map(|source| codecs(&source.topic)).collect(),
            untimed: vec![Untimed::default(); sources.len()],
            sources: sources.to_vec(),
            next_seq: 0,
            damages: Vec::new(),
            furthest: None,
            behind: 0,
        }
    }

    /// Leaves out, of each partition, what comes before its first event that is not earlier than this. What only tables read
    /// is taken from its beginning: a table holds at a moment what was written before.
    pub fn begin_at_time(&mut self, from_ms: i64) {
        for lane in &mut self.lanes {
            let mut readers = self.sources.iter().filter(|source| source.topic == lane.partition.topic);
            if readers.any(|source| source.flow == Flow::Stream) {
                lane.from_ms = Some(from_ms);
            }
        }
    }

    /// Takes events up to a later moment than so far, or all of them: what was cut off follows what was taken.
    pub fn reach(&mut self, until_ms: Option<i64>) {
        self.lanes.iter_mut().for_each(|lane| lane.until_ms = lane.until_ms.max(until_ms.unwrap_or(i64::MAX)));
    }

    /// Sets where partitions begin, where that is not at their first offset.
    pub fn start_at(&mut self, positions: &[(TopicPartition, i64)]) {
        for (partition, from) in positions {
            if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.partition == *partition) {
                lane.next_offset = lane.next_offset.max(*from);
            }
        }
    }

    /// Goes on from where another feed of the same sources was; partitions that it did not know begin at their beginning.
    pub fn resume(&mut self, mark: &Mark) {
        for from in &mark.lanes {
            if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.partition == from.partition) {
                (lane.next_offset, lane.time_ms) = (from.next_offset, from.time_ms);
            }
        }
        let place = |partition: &TopicPartition| self.lanes.iter().position(|lane| lane.partition == *partition);
        self.furthest = mark.furthest.as_ref().and_then(|(time, partition)| Some((*time, place(partition)?)));
        self.next_seq = mark.next_seq;
        self.behind = mark.behind;
        self.untimed.iter_mut().zip(&mark.untimed).for_each(|(untimed, were)| untimed.clone_from(were));
    }

    /// Where the feed is, to be gone on from.
    pub fn mark(&self) -> Mark {
        let lane = |lane: &Lane| LaneMark {
            partition: lane.partition.clone(),
            next_offset: lane.position(),
            time_ms: lane.time_ms,
        };
        Mark {
            lanes: self.lanes.iter().map(lane).collect(),
            next_seq: self.next_seq,
            furthest: self.furthest.map(|(time, lane)| (time, self.lanes[lane].partition.clone())),
            behind: self.behind,
            untimed: self.untimed.clone(),
        }
    }

    /// Takes up what the store holds beyond what it held before. A partition has reached its end when everything before
    /// its high watermark is accounted for, and nothing beyond.
    ///
    /// # Errors
    /// [`Gap`] when the store has lost, or never got, offsets that were not taken yet.
    pub fn grow(&mut self, snapshot: &Snapshot) -> Result<(), Gap> {
        for lane in &mut self.lanes {
            if let Some(held) = snapshot.partition(&lane.partition) {
                lane.grow(held)?;
            }
        }
        Ok(())
    }

    /// Sets how the payloads of a topic are decoded from now on.
    pub fn set_codecs(&mut self, topic: &TopicName, codecs: &TopicCodecs) {
        for (source, own) in self.sources.iter().zip(&mut self.codecs) {
            if source.topic == *topic {
                own.clone_from(codecs);
            }
        }
    }

    /// How many events came to the merge after others had passed their place.
    pub fn behind(&self) -> u64 {
        self.behind
    }

    /// Events that had no time, for each source.
    pub fn untimed(&self) -> &[Untimed] {
        &self.untimed
    }

    /// Parts of the store that could not be read.
    pub fn damages(&self) -> &[Damage] {
        &self.damages
    }

    /// The next events, up to so many; `None` when there are none left, or those that there are have to wait for a
    /// partition that has not reached its end.
    pub fn step(&mut self, limit: usize) -> Option<Step> {
        let mut parts: Vec<Part> = Vec::new();
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut open: Vec<Option<usize>> = vec![None; self.lanes.len()];
        let partitions = self.lanes.iter().map(|lane| lane.partition.clone()).collect();
        let mut times = StepTimes::new(self.next_seq, partitions, limit.min(HISTORY_STEP));
        let mut events = 0;
        while events < limit {
            let Some((lane, until)) = self.next_lane() else { break };
            let reached = self.lanes[lane].time_ms;
            let other = until.map(|(time, other)| (time, other > lane));
            let taken = self.lanes[lane].take(limit - events, other, lane as u32, &mut times);
            let Some((batch, segment, rows)) = taken else { continue };
            self.count_behind(lane, reached, &batch, rows.clone());
            let part = match open[lane] {
                // A lane goes on in its batch until that is used up.
                Some(part) if parts[part].rows.last().is_some_and(|&last| last as usize + 1 == rows.start) => part,
                _ => {
                    parts.push(Part { lane, events: batch, rows: Vec::new(), segment });
                    open[lane] = Some(parts.len() - 1);
                    parts.len() - 1
                }
            };
            let start = parts[part].rows.len();
            parts[part].rows.extend(rows.clone().map(|row| row as u32));
            stretches.push(Stretch { part, rows: start..start + rows.len(), first_seq: self.next_seq });
            self.next_seq += rows.len() as u64;
            events += rows.len();
        }
        if events == 0 {
            return None;
        }
        let read = |(at, source): (usize, &PlannedSource)| self.read(at, source, &parts, &stretches);
        let read: Vec<(Rows, Untimed)> = self.sources.par_iter().enumerate().map(read).collect();
        let mut rows = Vec::with_capacity(read.len());
        for ((source, untimed), all) in read.into_iter().zip(&mut self.untimed) {
            all.count += untimed.count;
            let room = UNTIMED_NAMED.saturating_sub(all.first.len());
            all.first.extend(untimed.first.into_iter().take(room));
            rows.push(source);
        }
        parts.iter().for_each(|part| part.segment.release());
        Some(Step { rows, events, times })
    }

    /// Counts the rows of a lane that had `reached` a time whose place others have passed.
    fn count_behind(&mut self, lane: usize, reached: i64, events: &EventBatch, rows: Range<usize>) {
        if let Some(furthest) = self.furthest {
            let mut time = reached;
            for row in rows {
                time = time.max(time_of(events, row));
                if (time, lane) >= furthest {
                    break;
                }
                self.behind += u64::from(time != i64::MIN);
            }
        }
        self.furthest = self.furthest.max(Some((self.lanes[lane].time_ms, lane)));
    }

    /// The lane whose head comes next, and the time and number of the one after it; `None` when there is no head, or a
    /// lane without one may still get an earlier one.
    fn next_lane(&mut self) -> Option<(usize, Option<Head>)> {
        let (mut best, mut second): (Option<Head>, Option<Head>) = (None, None);
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            if let Some(time) = lane.head(&mut self.damages) {
                let this = Some((time, at));
                if best.is_none_or(|best| (time, at) < best) {
                    second = best;
                    best = this;
                } else if second.is_none_or(|second| (time, at) < second) {
                    second = this;
                }
            } else if !lane.at_end && !lane.is_cut() {
                return None;
            }
        }
        best.map(|(_, lane)| (lane, second))
    }

    /// The rows of one source.
    fn read(&self, at: usize, source: &PlannedSource, parts: &[Part], stretches: &[Stretch]) -> (Rows, Untimed) {
        let codecs = &self.codecs[at];
        let own: Vec<bool> = parts.iter().map(|part| self.lanes[part.lane].partition.topic == source.topic).collect();
        let wanted = vec![true; source.fields.len()];
        // Decoding is what takes long; parts are as many as partitions.
        let decoded: Vec<Option<Decoded<'_>>> = parts
            .par_iter()
            .zip(own.par_iter())
            .map(|(part, own)| {
                own.then(|| Decoded {
                    columns: event_columns(&source.fields, &wanted, &part.events, &part.rows, codecs),
                    times: times_of(source, &part.events, &part.rows, codecs),
                })
            })
            .collect();
        let (mut seq, mut time_ms, mut untimed) = (Vec::new(), Vec::new(), Untimed::default());
        let mut taken: Vec<(usize, Range<usize>)> = Vec::new();
        for stretch in stretches {
            let Some(part) = &decoded[stretch.part] else { continue };
            for (number, row) in stretch.rows.clone().enumerate() {
                match part.times[row] {
                    Ok(time) => {
                        seq.push(stretch.first_seq + number as u64);
                        time_ms.push(time);
                        match taken.last_mut() {
                            Some((last, rows)) if *last == stretch.part && rows.end == row => rows.end += 1,
                            _ => taken.push((stretch.part, row..row + 1)),
                        }
                    }
                    Err(_) => {
                        untimed.count += 1;
                        if untimed.first.len() < UNTIMED_NAMED {
                            let part = &parts[stretch.part];
                            untimed.first.push(part.events.event(part.rows[row] as usize).coordinates());
                        }
                    }
                }
            }
        }
        let columns = (0..source.fields.len()).into_par_iter().map(|field| {
            let mut column = Column::default();
            for (part, rows) in &taken {
                let Some(decoded) = &decoded[*part] else { continue };
                decoded.columns[field][rows.clone()].iter().for_each(|cell| column.push_ref(cell));
            }
            Arc::new(column)
        });
        (Rows { seq, time_ms, sign: Vec::new(), columns: columns.collect() }, untimed)
    }
}

struct Decoded<'p> {
    columns: Vec<Vec<Cell<'p>>>,
    times: Vec<Result<i64, Dropped>>,
}

/// Each row's time in milliseconds.
fn times_of(
    source: &PlannedSource,
    events: &EventBatch,
    rows: &[u32],
    codecs: &TopicCodecs,
) -> Vec<Result<i64, Dropped>> {
    let Some(expr) = &source.time else {
        let (types, times) = (events.timestamp_types(), events.timestamps_ms());
        let time = |&row: &u32| match times[row as usize] {
            time if types[row as usize] >= 0 && is_in_range_ms(time) => Ok(time),
            _ => Err(Dropped::Untimed),
        };
        return rows.iter().map(time).collect();
    };
    let cells = expr.evaluate(events, rows, codecs);
    let time = |cell: Cell<'_>| match cell {
        Cell::Time(ns) => Ok(ns_to_ms(ns)),
        Cell::Int(ms) if is_in_range_ms(ms) => Ok(ms),
        Cell::Text(text) => crate::expr::time_of_text(&text).map(ns_to_ms).ok_or(Dropped::Untimed),
        _ => Err(Dropped::Untimed),
    };
    cells.into_iter().map(time).collect()
}
