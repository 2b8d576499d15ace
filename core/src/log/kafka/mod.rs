//! A Kafka cluster as a log.
//!
//! The cluster is only ever read. Partitions are assigned, never subscribed to; nothing is committed, and no group is
//! joined or left behind. librdkafka wants a name for a group before it assigns anything, and looks for that group's
//! coordinator without ever using it: being refused there is of no consequence, so a principal that may only Describe
//! and Read the topics is enough.
//!
//! Two kinds of clients are at work: one [`link`] for questions (catalogue, offsets, groups), and one [`reader`] for
//! each read. What librdkafka reports aside from its answers goes through [`context`], and [`fault`] puts it into the
//! words of [`LogError`].

mod assignment;
mod catalogue;
pub mod config;
mod context;
mod fault;
mod groups;
mod link;
mod oauth;
mod offsets;
mod reader;

use std::sync::OnceLock;

use async_trait::async_trait;

use super::{Groups, Log, LogError, Origin, PartitionRange, ReadOptions, Reading, TopicConfig, TopicInfo, plan};
use crate::event::{TopicPartition, Watermarks};
use catalogue::Configurations;
pub use config::{Secret, Settings, kcat_command};
use link::Link;

/// A Kafka cluster, or anything that speaks its protocol.
pub struct KafkaLog {
    settings: Settings,
    link: std::sync::Arc<Link>,
    configurations: OnceLock<Configurations>,
    cluster_id: OnceLock<String>,
}

impl KafkaLog {
    /// Takes the settings and begins to connect in the background: whether the cluster can be reached and lets one in
    /// is known when the first question is answered.
    ///
    /// # Errors
    /// [`LogError::Configuration`] when a setting makes no sense.
    pub fn open(settings: Settings) -> Result<Self, LogError> {
        settings.check()?;
        let link = std::sync::Arc::new(Link::new(&settings, None)?);
        Ok(Self { settings, link, configurations: OnceLock::new(), cluster_id: OnceLock::new() })
    }

    /// What the log was opened with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn configurations(&self) -> Result<&Configurations, LogError> {
        if let Some(client) = self.configurations.get() {
            return Ok(client);
        }
        let made = Configurations::new(&self.settings, &self.link)?;
        Ok(self.configurations.get_or_init(|| made))
    }
}

#[async_trait]
impl Log for KafkaLog {
    fn origin(&self) -> Origin {
        Origin::Kafka {
            brokers: self.settings.brokers().to_owned(),
            cluster_id: self.cluster_id.get().cloned(),
            isolation: self.settings.isolation(),
        }
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        let (topics, cluster_id) = catalogue::topics(&self.link).await?;
        if let Some(id) = cluster_id {
            self.cluster_id.get_or_init(|| id);
        }
        Ok(topics)
    }

    async fn topic(&self, name: &str) -> Result<TopicInfo, LogError> {
        match catalogue::topic(&self.link, name).await? {
            Some(topic) => Ok(topic),
            None => {
                // Not there: the catalogue knows which name may have been meant.
                let catalogue = self.topics().await?;
                let found = plan::find_topics(&catalogue, &[name.to_owned()])?;
                let unknown = || LogError::UnknownTopic { topic: name.into(), suggestion: None };
                found.first().map(|&topic| topic.clone()).ok_or_else(unknown)
            }
        }
    }

    async fn watermarks(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<Watermarks, LogError>)>, LogError> {
        offsets::watermarks(&self.link, partitions).await
    }

    async fn offsets_at(
        &self,
        time_ms: i64,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<i64, LogError>)>, LogError> {
        offsets::at_time(&self.link, time_ms, partitions).await
    }

    async fn topic_config(&self, topic: &str) -> Result<TopicConfig, LogError> {
        self.configurations()?.of_topic(&self.link, topic).await
    }

    async fn groups(&self) -> Result<Option<Groups>, LogError> {
        let topics = self.topics().await?;
        groups::groups(&self.link, &self.settings, &topics).await.map(Some)
    }

    fn read(&self, ranges: Vec<PartitionRange>, options: ReadOptions) -> Reading {
        reader::start(self.link.clone(), &self.settings, ranges, options)
    }
}

#[cfg(test)]
mod tests;
