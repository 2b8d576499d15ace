//! Reading topics of a log into the store: in groups, each a job of its own, so that a topic that is shown later does
//! not disturb those that are being followed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fabula_core::event::TopicName;
use fabula_core::event::time::Moment;
use fabula_core::log::plan::{Plan, Request, plan};
use fabula_core::log::{Connection, Log, LogError, RangeEnd};
use fabula_core::store::Store;
use fabula_core::store::record::{RecordProgress, RecordReport, record};

use crate::figures;
use crate::jobs::{Job, Jobs, Progress, Title, Unit, Waker};

/// How far back a topic is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// So many offsets before its end, over all its partitions.
    Last(u64),
    /// From its first offset.
    All,
}

impl Default for Depth {
    fn default() -> Self {
        Self::Last(100_000)
    }
}

impl Depth {
    /// What can be chosen to be read of a topic when it is first shown.
    pub const CHOICES: [Self; 4] = [Self::Last(10_000), Self::Last(100_000), Self::Last(1_000_000), Self::All];

    /// As it is written: `100 k`, `All`.
    pub fn name(self) -> String {
        match self {
            Self::Last(offsets) => figures::short(offsets as f64).replace(".0", ""),
            Self::All => "All".to_owned(),
        }
    }

    /// Further back than this.
    pub fn deeper(self) -> Self {
        match self {
            Self::Last(offsets) if offsets < 100_000_000 => Self::Last(offsets * 10),
            _ => Self::All,
        }
    }
}

/// What reads from where.
#[derive(Clone)]
pub struct Source {
    /// The log.
    pub log: Arc<dyn Log>,
    /// The store that it is read into.
    pub store: Arc<Store>,
    /// Whether the log grows: what is read is then followed.
    pub grows: bool,
    /// How far back a topic is read at first.
    pub first: Depth,
}

/// The groups of topics that are being read.
#[derive(Default)]
pub struct Readings {
    groups: Vec<Group>,
    depths: BTreeMap<TopicName, Depth>,
    /// Topics that were read to the end they had, or that could not be read.
    ended: BTreeSet<TopicName>,
}

struct Group {
    topics: BTreeSet<TopicName>,
    recorded: Arc<RecordProgress>,
    job: Job<Result<RecordReport, String>>,
}

impl Readings {
    /// Reads the topics that are shown and are not being read, and lets go of groups of which none is shown any more.
    pub fn want(&mut self, source: &Source, shown: &BTreeSet<TopicName>, jobs: &Jobs) {
        self.groups.retain(|group| group.topics.iter().any(|topic| shown.contains(topic)));
        if source.grows {
            // What was let go of must be read again when it is shown again: the log went on.
            self.ended.retain(|topic| shown.contains(topic));
        }
        let read = |topic: &TopicName| {
            self.ended.contains(topic) || self.groups.iter().any(|group| group.topics.contains(topic))
        };
        let new: BTreeSet<TopicName> = shown.iter().filter(|topic| !read(topic)).cloned().collect();
        if !new.is_empty() {
            let depths = new.iter().map(|topic| (topic.clone(), self.depth(source, topic))).collect();
            self.start(source, depths, source.grows, jobs);
        }
    }

    /// Reads further back in a topic, beside what is being read of it.
    pub fn deepen(&mut self, source: &Source, topic: &TopicName, all: bool, jobs: &Jobs) {
        let depth = if all { Depth::All } else { self.depth(source, topic).deeper() };
        self.depths.insert(topic.clone(), depth);
        self.start(source, [(topic.clone(), depth)].into(), false, jobs);
    }

    /// Takes in what came to an end. Gives what went wrong, in one line each.
    pub fn poll(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        self.groups.retain_mut(|group| match group.job.poll() {
            None => !group.job.is_lost(),
            Some(result) => {
                self.ended.extend(group.topics.iter().cloned());
                failures.extend(result.err());
                false
            }
        });
        failures
    }

    /// The worst that the groups know about the connection.
    pub fn connection(&self) -> Option<Connection> {
        let known = self.groups.iter().filter_map(|group| group.recorded.connection());
        known.reduce(|one, other| if one == Connection::Up { other } else { one })
    }

    /// Reads those topics again that came to an end: after a failure was mended, or to see what is new.
    pub fn again(&mut self) {
        self.ended.clear();
    }

    fn depth(&self, source: &Source, topic: &TopicName) -> Depth {
        self.depths.get(topic).copied().unwrap_or(source.first)
    }

    fn start(&mut self, source: &Source, depths: BTreeMap<TopicName, Depth>, follow: bool, jobs: &Jobs) {
        let topics: BTreeSet<TopicName> = depths.keys().cloned().collect();
        let name = match topics.first() {
            Some(only) if topics.len() == 1 => format!("Reading {only}"),
            _ => format!("Reading {}", figures::of(topics.len() as u64, "topic")),
        };
        let title = Title::listed(name, Unit::Events);
        let title = if follow { title.endless() } else { title };
        let recorded = Arc::new(RecordProgress::default());
        let (source, seen, wake) = (source.clone(), recorded.clone(), jobs.waker().clone());
        let job = jobs.spawn(title, |progress| async move {
            tokio::select! {
                result = read(&source, &depths, follow, &seen, &progress) => result,
                () = show(&seen, &progress, &wake) => Ok(RecordReport::default()),
            }
        });
        self.groups.push(Group { topics, recorded, job });
    }
}

async fn read(
    source: &Source,
    depths: &BTreeMap<TopicName, Depth>,
    follow: bool,
    recorded: &RecordProgress,
    progress: &Progress,
) -> Result<RecordReport, String> {
    let planned = tokio::select! {
        planned = plan_tail(&*source.log, depths, follow) => planned.map_err(|error| error.to_string())?,
        () = progress.token().cancelled() => return Err(LogError::Cancelled.to_string()),
    };
    let cancel = progress.token().clone();
    record(&*source.log, planned, &source.store, recorded, cancel).await.map_err(|error| error.to_string())
}

/// Shows how far a recording is, for as long as it goes on; does not end by itself.
async fn show(recorded: &RecordProgress, progress: &Progress, wake: &Waker) {
    let mut shown = None;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (done, total) = (recorded.offsets_done(), recorded.offsets_total());
        progress.set(done, total);
        // What is only followed is not on its way anywhere: the coverage says what there is.
        let listed = !progress.title().endless || total > 0 && done < total;
        progress.list(listed);
        // Events wake the window by themselves; a connection that is lost brings none.
        let now = Some((listed, recorded.connection()));
        if shown != now {
            shown = now;
            wake.wake();
        }
    }
}

/// The ranges that end where the log ends, or follow it, and begin as far back as each topic's depth says.
async fn plan_tail(log: &dyn Log, depths: &BTreeMap<TopicName, Depth>, follow: bool) -> Result<Plan, LogError> {
    let request = Request {
        topics: depths.keys().map(|topic| topic.to_string()).collect(),
        from: Moment::Earliest,
        to: (!follow).then_some(Moment::Latest),
        lateness_ms: Request::DEFAULT_LATENESS_MS,
    };
    let mut planned = plan(log, &request).await?;
    cut(&mut planned, depths);
    Ok(planned)
}

/// Lets each range begin no further back than its topic's depth, shared among the partitions by their size.
fn cut(planned: &mut Plan, depths: &BTreeMap<TopicName, Depth>) {
    let mut spans: BTreeMap<TopicName, u64> = BTreeMap::new();
    for (partition, marks) in &planned.watermarks {
        *spans.entry(partition.topic.clone()).or_default() += marks.span();
    }
    for range in &mut planned.ranges {
        let topic = &range.partition.topic;
        let (Some(Depth::Last(wanted)), Some(&all)) = (depths.get(topic), spans.get(topic)) else { continue };
        let marks = planned.watermarks.iter().find(|(partition, _)| *partition == range.partition);
        let Some((_, marks)) = marks.filter(|_| all > *wanted) else { continue };
        let share = (marks.span() as f64 * *wanted as f64 / all as f64).ceil() as i64;
        range.from = range.from.max(marks.high.saturating_sub(share));
        if let RangeEnd::Before(end) = range.end {
            range.end = RangeEnd::Before(end.max(range.from));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabula_core::event::{TopicPartition, Watermarks};
    use fabula_core::log::PartitionRange;

    fn planned(highs: &[i64]) -> Plan {
        let partition = |at: usize| TopicPartition::new("orders", at as i32);
        Plan {
            ranges: (0..highs.len())
                .map(|at| PartitionRange { partition: partition(at), from: 0, end: RangeEnd::Follow })
                .collect(),
            watermarks: highs
                .iter()
                .enumerate()
                .map(|(at, &high)| (partition(at), Watermarks { low: 0, high }))
                .collect(),
            from_ms: None,
            to_ms: None,
            failed: Vec::new(),
        }
    }

    #[test]
    fn a_tail_is_shared_among_partitions_by_their_size() {
        let mut skewed = planned(&[900, 100, 0]);
        cut(&mut skewed, &[("orders".into(), Depth::Last(100))].into());
        let begins: Vec<i64> = skewed.ranges.iter().map(|range| range.from).collect();
        assert_eq!(begins, [810, 90, 0]);
    }

    #[test]
    fn what_fits_is_read_whole() {
        for depth in [Depth::All, Depth::Last(2_000)] {
            let mut small = planned(&[900, 100]);
            cut(&mut small, &[("orders".into(), depth)].into());
            assert!(small.ranges.iter().all(|range| range.from == 0), "{depth:?}");
        }
    }
}
