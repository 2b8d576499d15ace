//! Topics and their configurations.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::consumer::Consumer as _;
use rdkafka::metadata::MetadataTopic;

use super::config::Settings;
use super::context::Context;
use super::fault;
use super::link::Link;
use crate::log::{LogError, PartitionInfo, TopicConfig, TopicInfo};

/// Every topic that may be listed, and the cluster's id.
pub(super) async fn topics(link: &Link) -> Result<(Vec<TopicInfo>, Option<String>), LogError> {
    let answer = link.ask("the list of topics", |consumer, timeout| {
        let metadata = consumer.fetch_metadata(None, timeout)?;
        let mut topics: Vec<TopicInfo> = metadata.topics().iter().map(topic_info).collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        // The id came with the metadata: this asks nobody.
        Ok((topics, consumer.client().fetch_cluster_id(Duration::ZERO)))
    });
    answer.await
}

/// One topic, which need not be listed.
pub(super) async fn topic(link: &Link, name: &str) -> Result<Option<TopicInfo>, LogError> {
    let asked = name.to_owned();
    let what = format!("topic {name}");
    let answer = link.ask(&what, move |consumer, timeout| {
        let metadata = consumer.fetch_metadata(Some(&asked), timeout)?;
        Ok(metadata.topics().iter().find(|topic| topic.name() == asked).map(topic_info))
    });
    match answer.await? {
        Some(TopicInfo { error: Some(LogError::UnknownTopic { .. }), .. }) | None => Ok(None),
        Some(TopicInfo { error: Some(error), .. }) => Err(error),
        found => Ok(found),
    }
}

fn topic_info(topic: &MetadataTopic) -> TopicInfo {
    let mut partitions: Vec<PartitionInfo> = topic
        .partitions()
        .iter()
        .map(|partition| PartitionInfo { id: partition.id(), available: partition.leader() >= 0 })
        .collect();
    partitions.sort_by_key(|partition| partition.id);
    TopicInfo {
        name: topic.name().into(),
        partitions,
        error: topic.error().map(|error| fault::topic(error, topic.name())),
    }
}

/// The client that librdkafka wants for questions about configurations.
pub(super) struct Configurations {
    client: AdminClient<Context>,
    /// rdkafka never hands this kind of client the token that it waits for.
    is_without_token: bool,
}

impl Configurations {
    /// Makes the client; connects in the background.
    pub fn new(settings: &Settings, link: &Link) -> Result<Self, LogError> {
        let client = settings
            .client_config()
            .create_with_context(Context::new(settings, Arc::clone(link.reports())))
            .map_err(|error| fault::answer(&error, "settings", link.reports(), 0))?;
        let is_without_token = settings.token_source().is_some_and(|source| source.is_asked());
        Ok(Self { client, is_without_token })
    }

    /// What is set for a topic and may be seen.
    pub async fn of_topic(&self, link: &Link, topic: &str) -> Result<TopicConfig, LogError> {
        let what = format!("configuration of topic {topic}");
        if self.is_without_token {
            let reason = "with a token's login they cannot be asked for".to_owned();
            return Err(LogError::Other { what, reason });
        }
        let options = AdminOptions::new().request_timeout(Some(link.timeout()));
        let answer = self.client.describe_configs(&[ResourceSpecifier::Topic(topic)], &options).await;
        let resources =
            answer.map_err(|error| fault::answer(&error, &what, link.reports(), link.timeout().as_secs()))?;
        let mut config = TopicConfig::default();
        for resource in resources {
            let resource = resource.map_err(|code| {
                let error = rdkafka::error::KafkaError::AdminOp(code);
                fault::answer(&error, &what, link.reports(), link.timeout().as_secs())
            })?;
            config
                .0
                .extend(resource.entries.into_iter().filter_map(|entry| entry.value.map(|value| (entry.name, value))));
        }
        if config.0.is_empty() {
            // Every topic has a configuration; one without is how a refusal comes through.
            let reason = "the cluster does not tell; it takes the permission DescribeConfigs".to_owned();
            return Err(LogError::Other { what, reason });
        }
        Ok(config)
    }
}
