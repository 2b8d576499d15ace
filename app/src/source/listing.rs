//! The catalogue's rows, worked out beside the window: what the log lists, joined with what the store holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::event::{TopicName, TopicPartition, Watermarks};
use fabula_core::log::{Log, TopicConfig, TopicInfo};
use fabula_core::store::Snapshot;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::summary::summarise;
use crate::jobs::Waker;
use crate::state::{CoverageTotals, Topic, TopicTotals};

/// The log's topics as it lists them, with what was known `before` about those that were listed then.
pub fn listed(topics: &[TopicInfo], before: &[Topic]) -> Arc<[Topic]> {
    let topic = |info: &TopicInfo| {
        let known = before.binary_search_by(|topic| topic.name.cmp(&info.name)).ok().map(|at| &before[at]);
        Topic {
            name: info.name.clone(),
            internal: info.is_internal(),
            partitions: info.partitions.len(),
            error: info.error.clone(),
            totals: known.map_or_else(TopicTotals::default, |known| known.totals.clone()),
            config: known.and_then(|known| known.config.clone()),
        }
    };
    topics.iter().map(topic).collect()
}

/// What the log told about topics that are not read: their watermarks and configurations.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// By topic: watermarks by partition.
    pub watermarks: BTreeMap<TopicName, Vec<(i32, Watermarks)>>,
    /// By topic.
    pub configs: BTreeMap<TopicName, Arc<TopicConfig>>,
}

/// The rows brought up to date, and all sums.
pub struct Refreshed {
    /// The rows that were brought up to date.
    pub from: Arc<[Topic]>,
    /// As they are now.
    pub topics: Arc<[Topic]>,
    /// All together.
    pub coverage: CoverageTotals,
    /// The version of the snapshot that was summed.
    pub version: u64,
}

/// Joins rows with what the store holds and what the log told. For a job.
pub fn refreshed(from: Arc<[Topic]>, snapshot: &Snapshot, told: &Told) -> Refreshed {
    let mut summary = summarise(snapshot);
    let topic = |topic: &Topic| {
        let mut topic = topic.clone();
        if let Some(totals) = summary.topics.remove(&topic.name) {
            topic.totals = totals;
        }
        if let Some(marks) = told.watermarks.get(&topic.name)
            && topic.totals.watermarks.len() < marks.len()
        {
            topic.totals.watermarks.clone_from(marks);
            topic.totals.offsets = marks.iter().map(|(_, marks)| marks.span()).sum();
        }
        let kept = snapshot.topic(&topic.name).filter(|kept| !kept.config.0.is_empty());
        let kept = kept.map(|kept| Arc::new(kept.config.clone()));
        topic.config = kept.or_else(|| told.configs.get(&topic.name).cloned()).or(topic.config);
        topic
    };
    let topics = from.iter().map(topic).collect();
    Refreshed { from, topics, coverage: summary.coverage, version: summary.version }
}

/// Asks a log for the watermarks of all its topics, a few hundred partitions at a time, and puts them where the window
/// finds them. What the log would not tell stays unknown.
pub async fn ask_sizes(
    log: Arc<dyn Log>,
    topics: Arc<[TopicInfo]>,
    told: Arc<Mutex<Told>>,
    wake: Waker,
    cancel: CancellationToken,
) {
    const AT_ONCE: usize = 400;
    let partitions: Vec<TopicPartition> =
        topics.iter().filter(|topic| topic.error.is_none()).flat_map(TopicInfo::topic_partitions).collect();
    for chunk in partitions.chunks(AT_ONCE) {
        let answer = tokio::select! {
            answer = log.watermarks(chunk) => answer,
            () = cancel.cancelled() => return,
        };
        let Ok(answer) = answer else { continue };
        let mut told = told.lock();
        for (partition, marks) in answer {
            if let Ok(marks) = marks {
                told.watermarks.entry(partition.topic).or_default().push((partition.partition, marks));
            }
        }
        drop(told);
        wake.wake();
    }
}
