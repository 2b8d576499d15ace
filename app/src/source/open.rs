//! Opening a log, and asking a cluster whether it could be opened.

use std::fmt;
use std::sync::Arc;

use fabula_core::log::kafka::{KafkaLog, Settings};
use fabula_core::log::sample::SampleLog;
use fabula_core::log::{Log, LogError, PartitionInfo, TopicInfo};
use fabula_core::store::{Damage, Snapshot, Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::Opening;
use crate::figures;

/// How much of the disk what is read from a cluster may take.
const BUDGET_BYTES: u64 = 8 << 30;

/// A log that is open.
pub struct Opened {
    /// Where more can be read from; a recording is all there is.
    pub log: Option<Arc<dyn Log>>,
    /// What has been read.
    pub store: Arc<Store>,
    /// Its topics, sorted by name.
    pub topics: Vec<TopicInfo>,
    /// What is damaged in a recording.
    pub damages: Vec<Damage>,
    /// What a cluster was connected to with; for the kcat command.
    pub settings: Option<Settings>,
}

/// Why a log could not be opened.
#[derive(Debug, Clone)]
pub enum OpenError {
    /// The log said so.
    Log(LogError),
    /// The store could not be made or opened.
    Store(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(error) => error.fmt(f),
            Self::Store(error) => f.write_str(error),
        }
    }
}

impl From<LogError> for OpenError {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Opens a log. The answer to the first question, for the topics, is waited for: until then nobody knows whether a
/// cluster can be reached.
pub async fn open(opening: Opening, cancel: &CancellationToken) -> Result<Opened, OpenError> {
    let work = async {
        match opening {
            Opening::Recording(path) => {
                let (store, damages) = blocking(move || Store::open(&path)).await??;
                let store = Arc::new(store);
                let topics = topics_of(&store.snapshot());
                Ok(Opened { log: None, store, topics, damages, settings: None })
            }
            Opening::Sample { events, seed } => {
                let log = blocking(move || SampleLog::new(events, seed)).await?;
                over(Arc::new(log), None).await
            }
            Opening::Cluster { profile, secrets } => cluster(&profile.properties(&secrets)).await,
            Opening::Settings(settings) => connected(*settings).await,
        }
    };
    tokio::select! {
        opened = work => opened,
        () = cancel.cancelled() => Err(LogError::Cancelled.into()),
    }
}

async fn cluster(properties: &[(String, String)]) -> Result<Opened, OpenError> {
    connected(settings(properties)?).await
}

async fn connected(settings: Settings) -> Result<Opened, OpenError> {
    let log = KafkaLog::open(settings.clone())?;
    over(Arc::new(log), Some(settings)).await
}

async fn over(log: Arc<dyn Log>, settings: Option<Settings>) -> Result<Opened, OpenError> {
    let topics = log.topics().await?;
    let origin = log.origin();
    let store = blocking(move || Store::temporary(origin, BUDGET_BYTES)).await??;
    Ok(Opened { log: Some(log), store: Arc::new(store), topics, damages: Vec::new(), settings })
}

/// librdkafka's properties as settings.
pub(super) fn settings(properties: &[(String, String)]) -> Result<Settings, LogError> {
    let brokers = properties.iter().find(|(name, _)| name == "bootstrap.servers");
    let mut settings = Settings::new(brokers.map_or("", |(_, value)| value));
    for (name, value) in properties {
        settings.set(name, value)?;
    }
    Ok(settings)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, OpenError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| OpenError::Store(format!("it ended early: {error}")))
}

/// A recording's topics as a log would list them.
pub fn topics_of(snapshot: &Snapshot) -> Vec<TopicInfo> {
    let partitions = |topic: &fabula_core::store::TopicSnapshot| {
        topic.partitions.iter().map(|partition| PartitionInfo { id: partition.partition, available: true }).collect()
    };
    snapshot
        .topics
        .iter()
        .map(|topic| TopicInfo { name: topic.name.clone(), partitions: partitions(topic), error: None })
        .collect()
}

/// What a cluster says when it is asked for its topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How many topics it lists.
    pub topics: usize,
    /// How many partitions they have.
    pub partitions: usize,
    /// How long it took.
    pub millis: u128,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let topics = figures::of(self.topics as u64, "topic");
        let partitions = figures::of(self.partitions as u64, "partition");
        write!(f, "It answers: {topics}, {partitions}, in {} ms", self.millis)
    }
}

/// Asks a cluster for its topics and lets go of it.
///
/// # Errors
/// What the cluster, or the attempt to reach it, said.
pub async fn test(properties: &[(String, String)], cancel: &CancellationToken) -> Result<Answer, LogError> {
    let started = std::time::Instant::now();
    let log = KafkaLog::open(settings(properties)?)?;
    let topics = tokio::select! {
        topics = log.topics() => topics?,
        () = cancel.cancelled() => return Err(LogError::Cancelled),
    };
    let partitions = topics.iter().map(|topic| topic.partitions.len()).sum();
    Ok(Answer { topics: topics.len(), partitions, millis: started.elapsed().as_millis() })
}
