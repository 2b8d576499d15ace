//! The narrative: ranks, times and rows of a snapshot's events in one order.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use super::merge::{Cursor, Merge, Row};
use super::select;
use super::strand::{OpenStrands, Strand};
use crate::event::TopicName;
use crate::store::{Chosen, Damage, EventId, Matches, PartitionSnapshot, Run, SegmentId, Snapshot, joined_span};

/// In which order events are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By time, topic, partition and offset; events without a timestamp come first.
    #[default]
    Time,
    /// By topic, partition and offset: each partition in its own order, one after the other.
    Log,
}

/// Events of chosen topics in one order. Immutable, cheap to make and to clone.
#[derive(Debug, Clone)]
pub struct Narrative {
    order: Order,
    strands: Arc<[Strand]>,
    /// Rows before each strand in log order, and at the end all.
    starts: Arc<[u64]>,
    /// Where each segment's strand is, sorted by segment.
    places: Arc<[(SegmentId, usize)]>,
    /// The ranks that are told, of all that there are.
    window: Range<u64>,
    span_ns: Option<(i64, i64)>,
}

impl Narrative {
    /// Tells the events of some topics, or those of them that match, in time order. Topics that the snapshot does not
    /// have are left out.
    pub fn new(snapshot: &Snapshot, topics: &[TopicName], matches: Option<&Matches>) -> Self {
        let mut topics: Vec<_> = topics.iter().filter_map(|name| snapshot.topic(name)).collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        topics.dedup_by(|one, other| one.name == other.name);
        Self::of_partitions(topics.into_iter().flat_map(|topic| &topic.partitions), matches)
    }

    /// Tells every event of a snapshot, or all that match, in time order.
    pub fn of_all(snapshot: &Snapshot, matches: Option<&Matches>) -> Self {
        Self::of_partitions(snapshot.topics.iter().flat_map(|topic| &topic.partitions), matches)
    }

    /// Tells the events of partitions, or those of them that match, in time order. The partitions come sorted by topic
    /// and number.
    pub fn of_partitions<'a>(
        partitions: impl IntoIterator<Item = &'a Arc<PartitionSnapshot>>,
        matches: Option<&Matches>,
    ) -> Self {
        let strands = partitions.into_iter().flat_map(|partition| {
            partition.segments.iter().enumerate().filter_map(move |(at, segment)| {
                let run = match matches {
                    None => Run::whole(segment.clone()),
                    Some(matches) => Run::chosen(segment.clone(), matches.of(segment.id())?.clone()),
                };
                let previous = at.checked_sub(1).map(|before| partition.segments[before].clone());
                Strand::new(run, previous)
            })
        });
        Self::of_strands(strands.collect())
    }

    fn of_strands(strands: Arc<[Strand]>) -> Self {
        let mut total = 0;
        let mut starts = Vec::with_capacity(strands.len() + 1);
        let mut places = Vec::with_capacity(strands.len());
        let mut span_ns = None;
        for (place, strand) in strands.iter().enumerate() {
            starts.push(total);
            total += strand.run.len() as u64;
            places.push((strand.run.segment().id(), place));
            span_ns = joined_span(span_ns, strand.run.span_ns());
        }
        starts.push(total);
        places.sort_unstable();
        let (starts, places) = (starts.into(), places.into());
        Self { order: Order::Time, strands, starts, places, window: 0..total, span_ns }
    }

    /// The same events, in each partition's own order.
    #[must_use]
    pub fn in_log_order(self) -> Self {
        Self { order: Order::Log, ..Self::of_strands(self.strands) }
    }

    /// Only the events with a time at or after `from_ns` and before `to_ns`, in the same order.
    ///
    /// # Errors
    /// When a segment at the edge of the range turns out to be damaged.
    pub fn between(self, from_ns: i64, to_ns: i64) -> Result<Self, Damage> {
        match self.order {
            Order::Time => {
                let mut open = OpenStrands::new(self.strands.clone());
                let from = select::rank_of_time(&mut open, from_ns)?.max(self.window.start);
                let to = select::rank_of_time(&mut open, to_ns)?.min(self.window.end).max(from);
                let mut narrower = Self { window: from..to, ..self };
                let first = narrower.row(0)?.and_then(|row| row.time_ns);
                let last = narrower.row(narrower.len().saturating_sub(1))?.and_then(|row| row.time_ns);
                narrower.span_ns = first.zip(last);
                Ok(narrower)
            }
            Order::Log => {
                let kept = self.strands.iter().map(|strand| strand.between(from_ns, to_ns));
                let kept: Result<Vec<_>, Damage> = kept.filter_map(Result::transpose).collect();
                Ok(Self::of_strands(kept?.into()).in_log_order())
            }
        }
    }

    /// The order in which events are told.
    pub fn order(&self) -> Order {
        self.order
    }

    /// How many events are told.
    pub fn len(&self) -> u64 {
        self.window.end - self.window.start
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The smallest and the largest time in nanoseconds; `None` where no event has a timestamp.
    pub fn span_ns(&self) -> Option<(i64, i64)> {
        self.span_ns
    }

    /// The rank of the first event at or after a time: in time order all before it are earlier (or have no timestamp);
    /// in log order it is the first as the partitions stand. The narrative's length if there is none.
    ///
    /// # Errors
    /// When a segment that spans the time turns out to be damaged.
    pub fn rank_of_time(&self, time_ns: i64) -> Result<u64, Damage> {
        let rank = match self.order {
            Order::Time => select::rank_of_time(&mut OpenStrands::new(self.strands.clone()), time_ns)?,
            Order::Log => self.first_in_log_order(time_ns)?,
        };
        Ok(rank.clamp(self.window.start, self.window.end) - self.window.start)
    }

    fn first_in_log_order(&self, time_ns: i64) -> Result<u64, Damage> {
        let reaching = |strand: &&Strand| strand.run.span_ns().is_some_and(|(_, max)| max >= time_ns);
        let Some(at) = self.strands.iter().position(|strand| reaching(&strand)) else { return Ok(self.window.end) };
        let place = self.strands[at].first_row_at(time_ns)?;
        Ok(self.starts[at] + place as u64)
    }

    /// The rank of an event: how many are told before it. `None` if it is not told.
    ///
    /// # Errors
    /// When a segment that must be looked into turns out to be damaged.
    pub fn rank_of(&self, event: EventId) -> Result<Option<u64>, Damage> {
        let Ok(place) = self.places.binary_search_by_key(&event.segment, |&(segment, _)| segment) else {
            return Ok(None);
        };
        let at = self.places[place].1;
        let rank = match self.order {
            Order::Log => self.strands[at].run.place_of(event.row).map(|place| self.starts[at] + place as u64),
            Order::Time => {
                let mut open = OpenStrands::new(self.strands.clone());
                let (events, keys) = open.get(at)?;
                match keys.position_of(events, event.row) {
                    Some(position) => Some(select::rank_of(&mut open, at, position)?),
                    None => None,
                }
            }
        };
        Ok(rank.filter(|rank| self.window.contains(rank)).map(|rank| rank - self.window.start))
    }

    /// Rows from a rank on, up to `count`; fewer only at the end. The rows before a rank are those from an earlier one, at
    /// the same cost.
    ///
    /// # Errors
    /// When a segment turns out to be damaged; the narrative of a new snapshot leaves it out.
    pub fn rows(&self, from_rank: u64, count: usize) -> Result<Vec<Row>, Damage> {
        let count = self.len().saturating_sub(from_rank).min(count as u64);
        let mut rows = Vec::with_capacity(count as usize);
        if count > 0 {
            self.merge_from(from_rank)?.advance(count, &mut |row, _| {
                rows.push(row);
                ControlFlow::Continue(())
            })?;
        }
        Ok(rows)
    }

    /// The row at a rank; `None` at or after the end.
    ///
    /// # Errors
    /// When a segment turns out to be damaged.
    pub fn row(&self, rank: u64) -> Result<Option<Row>, Damage> {
        Ok(self.rows(rank, 1)?.pop())
    }

    /// Reads on from a rank to the end.
    ///
    /// # Errors
    /// When a segment turns out to be damaged.
    pub fn cursor(&self, from_rank: u64) -> Result<Cursor, Damage> {
        let from_rank = from_rank.min(self.len());
        Ok(Cursor::new(self.merge_from(from_rank)?, self.len() - from_rank))
    }

    fn merge_from(&self, from_rank: u64) -> Result<Merge, Damage> {
        let rank = self.window.start + from_rank;
        let mut open = OpenStrands::new(self.strands.clone());
        let positions = match self.order {
            Order::Time => select::cut(&mut open, rank)?,
            Order::Log => {
                let place = |(at, strand): (usize, &Strand)| {
                    rank.saturating_sub(self.starts[at]).min(strand.run.len() as u64) as usize
                };
                self.strands.iter().enumerate().map(place).collect()
            }
        };
        Merge::new(open, self.order, positions)
    }
}

impl Strand {
    /// `None` if the run is empty.
    fn new(run: Run, previous: Option<Arc<crate::store::Segment>>) -> Option<Self> {
        let (first_key, last_key) = (run.first_key()?, run.last_key()?);
        Some(Self { run, first_key, last_key, previous })
    }

    /// The strand's rows of a range of time; `None` if there are none.
    fn between(&self, from_ns: i64, to_ns: i64) -> Result<Option<Self>, Damage> {
        let Some((min, max)) = self.run.span_ns().filter(|&(min, max)| min < to_ns && from_ns <= max) else {
            return Ok(None);
        };
        if from_ns <= min && max < to_ns && self.run.untimed() == 0 {
            return Ok(Self::new(self.run.clone(), self.previous.clone()));
        }
        let open = self.run.open()?;
        let keys = open.keys()?;
        let from_ns = from_ns.max(crate::store::UNTIMED + 1);
        let mut rows: Vec<u32> =
            (keys.before(from_ns)..keys.before(to_ns)).map(|position| keys.row(position)).collect();
        rows.sort_unstable();
        let run = Run::chosen(self.run.segment().clone(), Arc::new(Chosen::new(open.events(), rows)));
        Ok(Self::new(run, self.previous.clone()))
    }

    /// The place in log order of the first row at or after a time, or the strand's length.
    fn first_row_at(&self, time_ns: i64) -> Result<usize, Damage> {
        let open = self.run.open()?;
        let keys = open.keys()?;
        let first = keys.before(time_ns.max(crate::store::UNTIMED + 1));
        let first_row = (first..keys.len()).map(|position| keys.row(position)).min();
        Ok(first_row.and_then(|row| self.run.place_of(row)).unwrap_or(self.run.len()))
    }
}
