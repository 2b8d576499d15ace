//! Consumer groups, looked at from outside.
//!
//! librdkafka reads a group's committed offsets only through a client that bears the group's name. Such a client asks
//! the coordinator for the offsets (OffsetFetch) and does nothing else: it never subscribes, so it never joins, and it
//! never commits. A group that does not exist is not created by being asked for.
//!
//! Members and states come by the question for groups of the first protocol (DescribeGroups). Of a group of the newer one
//! (`group.protocol=consumer`, KIP-848), and of share groups, brokers answer it by `Dead` and no members, although the
//! group lives: that is then not known, and said so. Commits are told of all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rdkafka::consumer::Consumer as _;
use rdkafka::groups::GroupInfo;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::assignment;
use super::config::Settings;
use super::link::Link;
use super::offsets;
use crate::event::{TopicName, TopicPartition, Watermarks};
use crate::log::{ConsumerGroup, GroupMember, GroupPosition, Groups, LogError, TopicInfo};

/// How many groups are asked at the same time: each takes a client with its own connections.
const GROUPS_AT_ONCE: usize = 8;

/// What brokers call a group that they do not know by the question for groups of the first protocol.
const UNTOLD: &str = "Dead";

/// Every group that may be listed, with its positions in the topics given. A group whose positions may not be read has
/// its own error.
pub(super) async fn groups(link: &Link, settings: &Settings, topics: &[TopicInfo]) -> Result<Groups, LogError> {
    let mut groups = list(link).await?;
    let partitions: Arc<[TopicPartition]> = topics
        .iter()
        .filter(|topic| topic.error.is_none() && !topic.name.starts_with("__"))
        .flat_map(TopicInfo::topic_partitions)
        .collect();
    if !partitions.is_empty() {
        let committed = all_committed(settings, &mut groups, &partitions).await?;
        set_positions(link, &mut groups, &partitions, committed).await?;
    }
    Ok(Groups { at_ms: now_ms(), groups })
}

async fn all_committed(
    settings: &Settings,
    groups: &mut [ConsumerGroup],
    partitions: &Arc<[TopicPartition]>,
) -> Result<BTreeMap<usize, BTreeMap<TopicPartition, i64>>, LogError> {
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
    let mut found = BTreeMap::new();
    while let Some(answer) = asked.join_next().await {
        match answer {
            Ok((at, Ok(committed))) => _ = found.insert(at, committed),
            Ok((at, Err(error))) => groups[at].error = Some(error.to_string()),
            Err(stopped) => return Err(LogError::Other { what: "groups".into(), reason: stopped.to_string() }),
        }
    }
    Ok(found)
}

async fn list(link: &Link) -> Result<Vec<ConsumerGroup>, LogError> {
    let answer = link.ask("the list of groups", |consumer, timeout| {
        let list = consumer.fetch_group_list(None, timeout)?;
        let mut groups: Vec<ConsumerGroup> = list.groups().iter().map(listed).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups.dedup_by(|a, b| a.name == b.name);
        Ok(groups)
    });
    answer.await
}

fn listed(group: &GroupInfo) -> ConsumerGroup {
    let told = group.state() != UNTOLD && !group.state().is_empty();
    let is_settled = group.state() == "Stable";
    let member = |member: &rdkafka::groups::GroupMemberInfo| GroupMember {
        client_id: member.client_id().to_owned(),
        host: member.client_host().to_owned(),
        assigned: match member.assignment() {
            Some(bytes) if group.protocol_type() == "consumer" => assignment::decode(bytes),
            None if is_settled => Some(Vec::new()),
            _ => None,
        },
    };
    ConsumerGroup {
        name: group.name().to_owned(),
        state: told.then(|| group.state().to_owned()),
        protocol: group.protocol_type().to_owned(),
        members: told.then(|| group.members().iter().map(member).collect()),
        positions: Vec::new(),
        error: None,
    }
}

async fn committed(
    settings: &Settings,
    group: &str,
    partitions: &Arc<[TopicPartition]>,
) -> Result<BTreeMap<TopicPartition, i64>, LogError> {
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

/// Every partition of the topics that a group has committed in or has been assigned a part of, whether it has committed
/// there or not.
fn partitions_of(
    group: &ConsumerGroup,
    committed: &BTreeMap<TopicPartition, i64>,
    partitions: &[TopicPartition],
) -> Vec<TopicPartition> {
    let assigned = group.members.iter().flatten().flat_map(|member| member.assigned.iter().flatten());
    let topics: BTreeSet<&TopicName> = assigned.chain(committed.keys()).map(|partition| &partition.topic).collect();
    let mut concerned: Vec<TopicPartition> =
        partitions.iter().filter(|partition| topics.contains(&partition.topic)).cloned().collect();
    concerned.sort();
    concerned
}

async fn set_positions(
    link: &Link,
    groups: &mut [ConsumerGroup],
    partitions: &[TopicPartition],
    committed: BTreeMap<usize, BTreeMap<TopicPartition, i64>>,
) -> Result<(), LogError> {
    let concerned: Vec<(usize, Vec<TopicPartition>)> =
        committed.iter().map(|(&at, committed)| (at, partitions_of(&groups[at], committed, partitions))).collect();
    let mut all: Vec<TopicPartition> = concerned.iter().flat_map(|(_, partitions)| partitions.clone()).collect();
    all.sort();
    all.dedup();
    let marks = offsets::watermarks(link, &all).await?;
    let marks: BTreeMap<TopicPartition, Watermarks> =
        marks.into_iter().filter_map(|(partition, marks)| Some((partition, marks.ok()?))).collect();
    for (at, partitions) in concerned {
        let position = |partition: TopicPartition| GroupPosition {
            committed: committed[&at].get(&partition).copied(),
            watermarks: marks.get(&partition).copied(),
            partition,
        };
        groups[at].positions = partitions.into_iter().map(position).collect();
    }
    Ok(())
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
