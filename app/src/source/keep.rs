//! Keeping what has been read: the store is recorded into a folder, as from the log it was read from.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use fabula_core::event::time::Moment;
use fabula_core::event::{TopicPartition, Watermarks};
use fabula_core::log::plan::{Request, plan};
use fabula_core::log::{Groups, Log, LogError, Origin, PartitionRange, ReadOptions, Reading, TopicConfig, TopicInfo};
use fabula_core::store::record::{RecordProgress, record};
use fabula_core::store::{RecordingLog, Store};

use crate::jobs::{Job, Jobs, Progress, Title, Unit};

/// Copies a store into a folder.
pub fn keep(store: Arc<Store>, folder: PathBuf, jobs: &Jobs) -> Job<Result<Store, String>> {
    jobs.spawn(Title::listed("Keeping the recording", Unit::Events), |progress| async move {
        let recorded = RecordProgress::default();
        let copy = copy(&store, folder, &recorded, &progress);
        let show = async {
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                progress.set(recorded.offsets_done(), recorded.offsets_total());
            }
        };
        tokio::select! {
            kept = copy => kept,
            () = show => Err(LogError::Cancelled.to_string()),
        }
    })
}

async fn copy(
    store: &Arc<Store>,
    folder: PathBuf,
    recorded: &RecordProgress,
    progress: &Progress,
) -> Result<Store, String> {
    let log = Copied { recording: RecordingLog::new((**store).clone()), origin: store.origin().clone() };
    let origin = log.origin();
    let made = tokio::task::spawn_blocking(move || Store::create(&folder, origin)).await;
    let kept = made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    let topics = log.topics().await.map_err(|error| error.to_string())?;
    let request = Request {
        topics: topics.iter().map(|topic| topic.name.to_string()).collect(),
        from: Moment::Earliest,
        to: Some(Moment::Latest),
        lateness_ms: Request::DEFAULT_LATENESS_MS,
    };
    let planned = plan(&log, &request).await.map_err(|error| error.to_string())?;
    record(&log, planned, &kept, recorded, progress.token().clone()).await.map_err(|error| error.to_string())?;
    Ok(kept)
}

/// A store read as the log that it was read from, so that its copy can go on reading from there.
struct Copied {
    recording: RecordingLog,
    origin: Origin,
}

#[async_trait]
impl Log for Copied {
    fn origin(&self) -> Origin {
        self.origin.clone()
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        self.recording.topics().await
    }

    async fn watermarks(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<Watermarks, LogError>)>, LogError> {
        self.recording.watermarks(partitions).await
    }

    async fn offsets_at(
        &self,
        time_ms: i64,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<i64, LogError>)>, LogError> {
        self.recording.offsets_at(time_ms, partitions).await
    }

    async fn topic_config(&self, topic: &str) -> Result<TopicConfig, LogError> {
        self.recording.topic_config(topic).await
    }

    async fn groups(&self) -> Result<Option<Groups>, LogError> {
        self.recording.groups().await
    }

    fn read(&self, ranges: Vec<PartitionRange>, options: ReadOptions) -> Reading {
        self.recording.read(ranges, options)
    }
}
