//! Consumer groups, looked at from outside.
//!
//! librdkafka reads a group's committed offsets only through a client that bears the group's name. Such a client asks
//! the coordinator for the offsets (OffsetFetch) and does nothing else: it never subscribes, so it never joins, and it
//! never commits. A group that does not exist is not created by being asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::consumer::Consumer as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::config::Settings;
use super::link::Link;
use super::offsets;
use crate::event::TopicPartition;
use crate::log::{ConsumerGroup, GroupPosition, LogError, TopicInfo};

/// How many groups are asked at the same time: each takes a client with its own connections.
const GROUPS_AT_ONCE: usize = 8;

/// Every group that may be listed, with its positions in the topics given. A group whose positions may not be read has
/// its own error.
pub(super) async fn groups(
    link: &Link,
    settings: &Settings,
    topics: &[TopicInfo],
) -> Result<Vec<ConsumerGroup>, LogError> {
    let mut groups = list(link).await?;
    let partitions: Arc<[TopicPartition]> = topics
        .iter()
        .filter(|topic| topic.error.is_none() && !topic.name.starts_with("__"))
        .flat_map(TopicInfo::topic_partitions)
        .collect();
    if partitions.is_empty() {
        return Ok(groups);
    }
    let turn = Arc::new(Semaphore::new(GROUPS_AT_ONCE));
    let mut asked = JoinSet::new();
    for (at, group) in groups.iter().enumerate() {
        let (turn, partitions, settings, name) =
            (turn.clone(), partitions.clone(), settings.clone(), group.name.clone());
        asked.spawn(async move {
            let _turn = turn.acquire().await;
            (at, committed(&settings, &name, &partitions).await)
        });
    }
    let mut positions: Vec<(usize, Vec<(TopicPartition, i64)>)> = Vec::new();
    while let Some(answer) = asked.join_next().await {
        match answer {
            Ok((at, Ok(committed))) => positions.push((at, committed)),
            Ok((at, Err(error))) => groups[at].error = Some(error),
            Err(stopped) => return Err(LogError::Other { what: "groups".into(), reason: stopped.to_string() }),
        }
    }
    set_positions(link, &mut groups, positions).await?;
    Ok(groups)
}

async fn list(link: &Link) -> Result<Vec<ConsumerGroup>, LogError> {
    let answer = link.ask("the list of groups", |consumer, timeout| {
        let list = consumer.fetch_group_list(None, timeout)?;
        let mut groups: Vec<ConsumerGroup> = list
            .groups()
            .iter()
            .map(|group| ConsumerGroup {
                name: group.name().to_owned(),
                state: group.state().to_owned(),
                members: group.members().len(),
                positions: Vec::new(),
                error: None,
            })
            .collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(groups)
    });
    answer.await
}

async fn committed(
    settings: &Settings,
    group: &str,
    partitions: &Arc<[TopicPartition]>,
) -> Result<Vec<(TopicPartition, i64)>, LogError> {
    let link = Link::new(settings, Some(group))?;
    let partitions = partitions.clone();
    let what = format!("group {group}");
    let answer = link.ask(&what, move |consumer, timeout| {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions.iter() {
            list.add_partition(&partition.topic, partition.partition);
        }
        let committed = consumer.committed_offsets(list, timeout)?;
        let positions = partitions.iter().zip(committed.elements()).filter_map(|(partition, element)| {
            match (element.error(), element.offset()) {
                (Ok(()), Offset::Offset(offset)) => Some((partition.clone(), offset)),
                _ => None,
            }
        });
        Ok(positions.collect())
    });
    answer.await
}

async fn set_positions(
    link: &Link,
    groups: &mut [ConsumerGroup],
    positions: Vec<(usize, Vec<(TopicPartition, i64)>)>,
) -> Result<(), LogError> {
    let mut read: Vec<TopicPartition> =
        positions.iter().flat_map(|(_, committed)| committed.iter().map(|(partition, _)| partition.clone())).collect();
    read.sort();
    read.dedup();
    let marks = offsets::watermarks(link, &read).await?;
    let highs: BTreeMap<TopicPartition, i64> =
        marks.into_iter().filter_map(|(partition, marks)| Some((partition, marks.ok()?.high))).collect();
    for (at, committed) in positions {
        groups[at].positions = committed
            .into_iter()
            .map(|(partition, committed)| {
                let high = highs.get(&partition).copied().unwrap_or(committed);
                (partition, GroupPosition { committed, high })
            })
            .collect();
    }
    Ok(())
}
