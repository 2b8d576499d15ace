//! How far consumer groups are behind, in events and in time, and whether one has passed an event.
//!
//! A commit is an offset: the next that the group would read. How many events lie between it and the log's end, and how
//! old the first of them is, only the events tell, so both are worked out from what a store holds. Offsets that the log
//! itself does not have (compaction, transaction markers) are no events; where the store does not cover the range, the
//! figure is a bound and says so.
//!
//! | figure | what it is |
//! |---|---|
//! | lag in events | events from the commit to the log's end; offsets that retention has taken are not waited for |
//! | lag in time | from the time of the first unread event to the largest time of an unread event |
//! | passed | whether the commit stands behind the event: the group says that it has read it |

mod count;

use std::sync::Arc;

use crate::event::Coordinates;
use crate::log::{ConsumerGroup, GroupPosition, Groups};
use crate::store::Snapshot;

pub use count::{EventsBehind, TimeBehind};
use count::{count, unread};

/// A log's groups as they stood at one moment, with how far each is behind. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Standings {
    /// When the groups were asked for, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The groups, sorted by name.
    pub groups: Arc<[GroupStanding]>,
}

/// A group and how far it is behind.
#[derive(Debug, Clone)]
pub struct GroupStanding {
    /// The group.
    pub group: ConsumerGroup,
    /// How far it is behind in each of its positions, in their order.
    pub partitions: Vec<PartitionStanding>,
    /// Events behind in all partitions with a commit; `None` where there is none of those.
    pub events: Option<EventsBehind>,
    /// The longest lag in time of any partition; `None` where no partition has a commit. It is at least so long when
    /// that of another partition is not known.
    pub time: Option<TimeBehind>,
}

/// How far a group is behind in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionStanding {
    /// Unread events; `None` without a commit, or where the partition's end is not known.
    pub events: Option<EventsBehind>,
    /// The lag in time.
    pub time: Option<TimeBehind>,
    /// The time of the first unread event, in nanoseconds since the epoch, where it has been read and has one.
    pub next_ns: Option<i64>,
    /// How many offsets behind the commit retention has taken before the group read them.
    pub lost: u64,
}

/// Whether a group has passed an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// Its commit stands behind the event, so many events further.
    Yes(EventsBehind),
    /// It reads so many events before it comes to this one.
    No(EventsBehind),
    /// The event lies before the log's beginning, and the group had not read it when it went.
    Gone,
    /// Nobody can say, for this reason.
    NotKnown(String),
}

impl Standings {
    /// Works out how far groups are behind, by what a store holds. Looks into at most two segments a partition.
    pub fn of(groups: &Groups, snapshot: &Snapshot) -> Self {
        let groups_now = groups.groups.iter().map(|group| GroupStanding::of(group, snapshot)).collect();
        Self { at_ms: groups.at_ms, groups: groups_now }
    }

    /// A group by its name.
    pub fn group(&self, name: &str) -> Option<&GroupStanding> {
        self.groups.iter().find(|standing| standing.group.name == name)
    }

    /// For each group that has to do with the event's topic, whether it has passed the event. A group whose positions
    /// are not known may read it too, and is among them.
    pub fn passed(&self, at: &Coordinates, snapshot: &Snapshot) -> Vec<(&GroupStanding, Passed)> {
        let of = |standing| Some((standing, GroupStanding::passed(standing, at, snapshot)?));
        self.groups.iter().filter_map(of).collect()
    }
}

impl GroupStanding {
    fn of(group: &ConsumerGroup, snapshot: &Snapshot) -> Self {
        let partitions: Vec<PartitionStanding> =
            group.positions.iter().map(|position| PartitionStanding::of(position, snapshot)).collect();
        let positions = group.positions.iter().zip(&partitions);
        let committed: Vec<&PartitionStanding> =
            positions.filter(|(position, _)| position.committed.is_some()).map(|(_, standing)| standing).collect();
        let (events, time) = summed(&committed);
        Self { events, time, group: group.clone(), partitions }
    }

    /// How far the group is behind in the partitions of one topic that it has committed in.
    pub fn within(&self, topic: &str) -> (Option<EventsBehind>, Option<TimeBehind>) {
        let positions = self.group.positions.iter().zip(&self.partitions);
        let of_topic: Vec<&PartitionStanding> = positions
            .filter(|(position, _)| *position.partition.topic == *topic && position.committed.is_some())
            .map(|(_, standing)| standing)
            .collect();
        summed(&of_topic)
    }

    /// In how many of its partitions the group has committed nothing.
    pub fn uncommitted(&self) -> usize {
        self.group.positions.iter().filter(|position| position.committed.is_none()).count()
    }

    /// Whether the group has passed an event; `None` where it has nothing to do with its topic.
    pub fn passed(&self, at: &Coordinates, snapshot: &Snapshot) -> Option<Passed> {
        if let Some(error) = &self.group.error {
            return Some(Passed::NotKnown(error.clone()));
        }
        let Some(position) = self.group.position(&at.topic, at.partition) else {
            let reads = self.group.topics().iter().any(|topic| **topic == at.topic);
            return reads.then(|| Passed::NotKnown(format!("it knows no partition {}", at.partition)));
        };
        let Some(committed) = position.committed else {
            return Some(Passed::NotKnown("no commit in this partition".to_owned()));
        };
        let held = snapshot.partition(&position.partition).map(|held| &**held);
        if at.offset < committed {
            return Some(Passed::Yes(count(held, at.offset.saturating_add(1), committed)));
        }
        let low = position.watermarks.map_or(i64::MIN, |marks| marks.low);
        if at.offset < low {
            return Some(Passed::Gone);
        }
        Some(Passed::No(count(held, committed.max(low), at.offset)))
    }
}

/// Events of all, and the longest time of any. An end that is not known makes a bound of nothing, so then there is no sum.
fn summed(partitions: &[&PartitionStanding]) -> (Option<EventsBehind>, Option<TimeBehind>) {
    let events: Option<Vec<EventsBehind>> = partitions.iter().map(|standing| standing.events).collect();
    let times = partitions.iter().map(|standing| standing.time.unwrap_or(TimeBehind::NotRead));
    (events.and_then(|events| events.into_iter().reduce(EventsBehind::plus)), times.reduce(TimeBehind::or_longer))
}

impl PartitionStanding {
    fn of(position: &GroupPosition, snapshot: &Snapshot) -> Self {
        let (Some(committed), Some(marks)) = (position.committed, position.watermarks) else {
            return Self { events: None, time: None, next_ns: None, lost: 0 };
        };
        let held = snapshot.partition(&position.partition).map(|held| &**held);
        let lost = marks.low.saturating_sub(committed).max(0) as u64;
        let unread = unread(held, committed.max(marks.low), marks.high);
        Self { events: Some(unread.events), time: Some(unread.time), next_ns: unread.next_ns, lost }
    }
}

#[cfg(test)]
mod tests;
