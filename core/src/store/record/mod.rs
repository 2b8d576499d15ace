//! Recording: what a log holds goes into a store. The one way for the command line and for the window.

mod report;
mod rounds;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio_util::sync::CancellationToken;

use super::damage::StoreError;
use super::handle::{Store, VerifyProgress};
use crate::event::{EventBatch, TopicName, TopicPartition, Watermarks};
use crate::log::plan::Plan;
use crate::log::{Connection, Log, LogError, Origin, RangeEnd, ReadItem, ReadOptions, Reading};

pub use report::{PartitionReport, RecordReport, Stopped};
use rounds::Rounds;

/// How far a recording is, for whoever looks on from another thread.
#[derive(Debug, Default)]
pub struct RecordProgress {
    offsets_total: AtomicU64,
    offsets_done: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
    connection: Mutex<Option<Connection>>,
}

impl RecordProgress {
    /// How many offsets are to be accounted for; those that are followed do not count.
    pub fn offsets_total(&self) -> u64 {
        self.offsets_total.load(Ordering::Relaxed)
    }

    /// How many offsets have been accounted for; more than the total once a log is followed.
    pub fn offsets_done(&self) -> u64 {
        self.offsets_done.load(Ordering::Relaxed)
    }

    /// How many events have come in.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// How many bytes of keys, values and headers have come in.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The state of the log's connection, once it said.
    pub fn connection(&self) -> Option<Connection> {
        self.connection.lock().clone()
    }
}

/// Records a plan into a store: of each range only what the store does not account for yet, so that recording again
/// adds what is new and fills holes, those of damage too. A plan that follows the log goes on until it is cancelled.
///
/// Whole ranges of offsets are kept, whatever the timestamps in them: a plan's times only choose the ranges. A
/// recording is then true to the log, and what is shown of it can be cut by time at every reading.
///
/// A partition that fails does not hold the others up; the report says so. When cancelled, everything that has come in
/// is sealed first, so that the recording is sound and can be gone on with.
///
/// # Errors
/// When the store is of another log or cannot be written (such as when the disk is full). What was sealed stays sound.
pub async fn record(
    log: &dyn Log,
    plan: Plan,
    store: &Store,
    progress: &RecordProgress,
    cancel: CancellationToken,
) -> Result<RecordReport, StoreError> {
    check_origin(store, &log.origin())?;
    let now_ms = now_ms();
    for (partition, marks) in &plan.watermarks {
        store.set_watermarks(partition, *marks, now_ms)?;
    }
    for (partition, error) in &plan.failed {
        store.set_failure(partition, Some(error.clone()))?;
    }
    verify(&plan, store, &cancel).await?;
    let rounds = Rounds::new(&plan, &store.snapshot());
    progress.offsets_total.store(rounds.finite_offsets(), Ordering::Relaxed);
    let mut recorder = Recorder {
        store,
        progress,
        follows: plan.ranges.iter().any(|range| range.end == RangeEnd::Follow),
        at: FxHashMap::default(),
        report: RecordReport {
            of_recording: matches!(log.origin(), Origin::Recording { .. }),
            ..RecordReport::default()
        },
        watermarks: plan.watermarks.iter().cloned().collect(),
        failed: plan.failed.iter().cloned().collect(),
    };
    // Configurations and groups are asked for meanwhile: a cluster of many topics takes its time over them.
    let (recorded, (), ()) = tokio::join!(
        recorder.run(log, rounds, &cancel),
        keep_configs(log, &plan, store, &cancel),
        keep_groups(log, &plan, store, &cancel)
    );
    let flushed = match store.is_temporary() {
        true => Ok(()),
        false => blocking(store, |store| store.flush()).await,
    };
    recorded.and(flushed)?;
    Ok(recorder.into_report(&plan))
}

struct Recorder<'a> {
    store: &'a Store,
    progress: &'a RecordProgress,
    follows: bool,
    /// One past the last offset accounted for, of the range being read.
    at: FxHashMap<TopicPartition, i64>,
    report: RecordReport,
    watermarks: FxHashMap<TopicPartition, Watermarks>,
    failed: FxHashMap<TopicPartition, LogError>,
}

impl Recorder<'_> {
    async fn run(&mut self, log: &dyn Log, mut rounds: Rounds, cancel: &CancellationToken) -> Result<(), StoreError> {
        while let Some(ranges) = rounds.next(|partition| self.failed.contains_key(partition)) {
            for range in &ranges {
                self.at.insert(range.partition.clone(), range.from);
                self.store.set_failure(&range.partition, None)?;
            }
            // Whatever ends the reading early ends the log's work too.
            let reading_cancel = cancel.child_token();
            let _stop_reading = reading_cancel.clone().drop_guard();
            let options = ReadOptions { cancel: reading_cancel, ..ReadOptions::default() };
            self.take(log.read(ranges, options), cancel).await?;
            if cancel.is_cancelled() {
                self.report.stopped.get_or_insert(Stopped::Cancelled);
            }
            if self.report.stopped.is_some() {
                break;
            }
        }
        Ok(())
    }

    async fn take(&mut self, mut reading: Reading, cancel: &CancellationToken) -> Result<(), StoreError> {
        loop {
            let item = tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(()),
                item = reading.next() => item,
            };
            match item {
                None => return Ok(()),
                Some(ReadItem::Batch { events, next }) => {
                    self.take_batch(events, next).await?;
                    if self.store.is_over_budget() && !self.make_room().await? {
                        return Ok(());
                    }
                }
                Some(ReadItem::CaughtUp { partition, next, watermarks, .. }) => {
                    self.account(&partition, next).await?;
                    self.store.set_watermarks(&partition, watermarks, now_ms())?;
                    self.watermarks.insert(partition, watermarks);
                }
                Some(ReadItem::Gone { partition, from, to }) => {
                    self.account(&partition, from).await?;
                    self.report.gone.push((partition.clone(), from, to));
                    self.at.insert(partition, to);
                }
                Some(ReadItem::Failed { partition, next, error }) => {
                    self.account(&partition, next).await?;
                    if error != LogError::Cancelled {
                        self.store.set_failure(&partition, Some(error.clone()))?;
                        self.failed.insert(partition, error);
                    }
                }
                Some(ReadItem::Connection(connection)) => *self.progress.connection.lock() = Some(connection),
            }
        }
    }

    async fn take_batch(&mut self, events: EventBatch, next: i64) -> Result<(), StoreError> {
        let partition = TopicPartition::new(events.topic().clone(), events.partition());
        let from = self.advance(&partition, next);
        let bytes = if events.is_empty() { 0 } else { events.payload_bytes() };
        let added = blocking(self.store, move |store| store.append(&events, from, next)).await?;
        self.report.added += added;
        self.progress.events.fetch_add(added, Ordering::Relaxed);
        self.progress.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(())
    }

    async fn account(&mut self, partition: &TopicPartition, next: i64) -> Result<(), StoreError> {
        let from = self.advance(partition, next);
        if from >= next {
            return Ok(());
        }
        let partition = partition.clone();
        blocking(self.store, move |store| store.account(&partition, from, next)).await
    }

    /// Moves on to `next`; gives where the partition stood.
    fn advance(&mut self, partition: &TopicPartition, next: i64) -> i64 {
        let at = self.at.entry(partition.clone()).or_insert(next);
        let from = *at;
        *at = from.max(next);
        self.progress.offsets_done.fetch_add(u64::try_from(next.saturating_sub(from)).unwrap_or(0), Ordering::Relaxed);
        from
    }

    /// Keeps to the store's budget: following lets go of what is oldest, anything else stops.
    async fn make_room(&mut self) -> Result<bool, StoreError> {
        let Some(budget) = self.store.budget() else { return Ok(true) };
        if !self.follows {
            self.report.stopped = Some(Stopped::Budget { bytes: budget });
            return Ok(false);
        }
        while self.store.is_over_budget() {
            match blocking(self.store, |store| store.drop_oldest()).await? {
                Some(segment) => self.report.let_go += segment.len() as u64,
                // All of it is in memory still: room can be made once some is sealed.
                None => break,
            }
        }
        Ok(true)
    }

    fn into_report(self, plan: &Plan) -> RecordReport {
        let snapshot = self.store.snapshot();
        let mut report = self.report;
        report.partitions = plan
            .ranges
            .iter()
            .map(|range| {
                let marks = self.watermarks.get(&range.partition).copied().unwrap_or_default();
                let end = match range.end {
                    RangeEnd::Before(end) => end,
                    RangeEnd::Follow => marks.high,
                };
                PartitionReport::new(&snapshot, range, end, self.failed.get(&range.partition).cloned())
            })
            .chain(plan.failed.iter().map(|(partition, error)| PartitionReport::unplanned(partition, error)))
            .collect();
        report.partitions.sort_by(|a, b| a.partition.cmp(&b.partition));
        report
    }
}

/// What is there already is compared with its checksums first: nothing may count as recorded that is damaged. What this
/// program wrote or verified itself is not read again.
async fn verify(plan: &Plan, store: &Store, cancel: &CancellationToken) -> Result<(), StoreError> {
    let wanted: FxHashSet<TopicPartition> = plan.ranges.iter().map(|range| range.partition.clone()).collect();
    let cancel = cancel.clone();
    let verified = blocking(store, move |store| {
        let progress = VerifyProgress::default();
        Ok(store.verify_those(|partition| wanted.contains(partition), &progress, &cancel))
    });
    for damage in verified.await? {
        tracing::warn!(%damage, "to be recorded again");
    }
    Ok(())
}

/// Runs what may wait for the disk where waiting holds nobody up.
async fn blocking<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = store.clone();
    let dir = store.dir().to_owned();
    match tokio::task::spawn_blocking(move || work(&store)).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::Io { doing: "write", path: dir, reason: error.to_string() }),
    }
}

async fn keep_configs(log: &dyn Log, plan: &Plan, store: &Store, cancel: &CancellationToken) {
    let mut topics: Vec<TopicName> = plan.ranges.iter().map(|range| range.partition.topic.clone()).collect();
    topics.dedup();
    for topic in topics {
        let config = tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            config = log.topic_config(&topic) => config,
        };
        // Configurations are a courtesy: not every principal may see them, and reading does not need them. A store
        // that cannot be written says so where events are taken in.
        if let Ok(config) = config
            && store.snapshot().topic(&topic).is_none_or(|known| known.config != config)
        {
            let _ = store.set_config(&topic, config);
        }
    }
}

/// A recording keeps how far consumer groups had come when it was begun: nobody can be asked later. A temporary store is
/// asked through its log.
async fn keep_groups(log: &dyn Log, plan: &Plan, store: &Store, cancel: &CancellationToken) {
    if store.is_temporary() {
        return;
    }
    let groups = tokio::select! {
        biased;
        () = cancel.cancelled() => return,
        groups = log.groups() => groups,
    };
    let planned = plan.ranges.iter().map(|range| range.partition.topic.clone());
    let mut topics: Vec<TopicName> = planned.chain(store.snapshot().topics.iter().map(|it| it.name.clone())).collect();
    topics.sort();
    topics.dedup();
    // Groups are a courtesy too: who may not see them records without them, and what was known before stays.
    if let Ok(Some(groups)) = groups {
        let _ = store.set_groups(groups.within(&topics));
    }
}

/// Events of two logs must not be mixed in one store: offsets would mean two things.
fn check_origin(store: &Store, offered: &Origin) -> Result<(), StoreError> {
    let recorded = store.origin();
    let same = recorded.is_same_log(offered);
    let refused = || StoreError::OtherLog {
        dir: store.dir().to_owned(),
        recorded: recorded.to_string(),
        offered: offered.to_string(),
    };
    same.then_some(()).ok_or_else(refused)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
