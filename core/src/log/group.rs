//! Consumer groups: who reads a log, and how far each has come.

use serde::{Deserialize, Serialize};

use crate::event::{TopicName, TopicPartition, Watermarks};

/// The consumer groups of a log as they stood at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// When they were asked for, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The groups, sorted by name.
    pub groups: Vec<ConsumerGroup>,
}

/// A consumer group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerGroup {
    /// The group's name.
    pub name: String,
    /// Its state in Kafka's words, e.g. `Stable`, `Empty`; `None` where the broker does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What kind of clients it has, in their own word: `consumer`, `connect`; empty where that was never said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub protocol: String,
    /// Its members; `None` where the broker does not tell them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<GroupMember>>,
    /// Where it stands in each partition of every topic that it has committed in or has been assigned a part of, sorted
    /// by partition.
    pub positions: Vec<GroupPosition>,
    /// Why its positions are not known, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A member of a consumer group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// What the client calls itself.
    pub client_id: String,
    /// Where it connects from, as the broker sees it: `/10.0.0.7`.
    pub host: String,
    /// The partitions that it reads, sorted; `None` where that is not known: while the group shares them out anew, or
    /// when its clients say it in words of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Vec<TopicPartition>>,
}

/// Where a group stands in a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPosition {
    /// The partition.
    pub partition: TopicPartition,
    /// The committed offset: the next that the group would read. `None` where it has committed nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<i64>,
    /// The partition's watermarks at the time, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermarks: Option<Watermarks>,
}

impl GroupPosition {
    /// How many offsets the group is behind, as Kafka's own tools count; `None` without a commit or an end.
    pub fn lag(&self) -> Option<u64> {
        let (committed, marks) = (self.committed?, self.watermarks?);
        Some(marks.high.saturating_sub(committed).max(0) as u64)
    }
}

impl ConsumerGroup {
    /// Where the group stands in a partition; `None` where it has nothing to do with its topic.
    pub fn position(&self, topic: &str, partition: i32) -> Option<&GroupPosition> {
        let key = |position: &GroupPosition| {
            (*position.partition.topic).cmp(topic).then(position.partition.partition.cmp(&partition))
        };
        self.positions.binary_search_by(key).ok().map(|at| &self.positions[at])
    }

    /// The member that reads a partition.
    pub fn reader_of(&self, partition: &TopicPartition) -> Option<&GroupMember> {
        let reads = |member: &&GroupMember| {
            member.assigned.as_ref().is_some_and(|assigned| assigned.binary_search(partition).is_ok())
        };
        self.members.iter().flatten().find(reads)
    }

    /// The topics that the group has committed in or has been assigned a part of, sorted.
    pub fn topics(&self) -> Vec<&TopicName> {
        let mut topics: Vec<&TopicName> = self.positions.iter().map(|position| &position.partition.topic).collect();
        topics.dedup();
        topics
    }

    /// How many offsets the group is behind in all partitions with a commit.
    pub fn lag(&self) -> u64 {
        self.positions.iter().filter_map(GroupPosition::lag).fold(0, u64::saturating_add)
    }
}

impl Groups {
    /// Only what concerns these topics (sorted): groups that have to do with any of them, and those whose positions are
    /// not known.
    #[must_use]
    pub fn within(&self, topics: &[TopicName]) -> Self {
        let is_of = |partition: &TopicPartition| topics.binary_search(&partition.topic).is_ok();
        let cut = |group: &ConsumerGroup| {
            let mut group = group.clone();
            group.positions.retain(|position| is_of(&position.partition));
            for member in group.members.iter_mut().flatten() {
                if let Some(assigned) = &mut member.assigned {
                    assigned.retain(is_of);
                }
            }
            (!group.positions.is_empty() || group.error.is_some()).then_some(group)
        };
        Self { at_ms: self.at_ms, groups: self.groups.iter().filter_map(cut).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(topic: &str, partition: i32, committed: Option<i64>, high: i64) -> GroupPosition {
        let watermarks = Some(Watermarks { low: 0, high });
        GroupPosition { partition: TopicPartition::new(topic, partition), committed, watermarks }
    }

    fn group() -> ConsumerGroup {
        let member = GroupMember {
            client_id: "web-1".to_owned(),
            host: "/10.0.0.7".to_owned(),
            assigned: Some(vec![TopicPartition::new("orders", 1)]),
        };
        ConsumerGroup {
            name: "web".to_owned(),
            members: Some(vec![member]),
            positions: vec![
                position("carts", 0, Some(9), 5),
                position("orders", 0, Some(3), 10),
                position("orders", 1, None, 7),
            ],
            ..ConsumerGroup::default()
        }
    }

    #[test]
    fn a_partition_without_a_commit_has_no_lag_and_is_not_left_out() {
        let group = group();
        assert_eq!(group.position("orders", 1).map(GroupPosition::lag), Some(None));
        assert_eq!(group.position("orders", 2), None);
        assert_eq!(group.lag(), 7, "a commit beyond the end is no lag below zero");
        assert_eq!(group.topics().len(), 2);
        let reader = group.reader_of(&TopicPartition::new("orders", 1));
        assert_eq!(reader.map(|member| member.client_id.as_str()), Some("web-1"));
        assert_eq!(group.reader_of(&TopicPartition::new("orders", 0)), None);
    }

    #[test]
    fn groups_are_cut_to_topics_and_one_that_is_not_known_stays() {
        let shut = ConsumerGroup { name: "z".to_owned(), error: Some("not allowed".to_owned()), ..Default::default() };
        let groups = Groups { at_ms: 7, groups: vec![group(), shut] };
        let cut = groups.within(&["carts".into()]);
        assert_eq!((cut.at_ms, cut.groups.len(), cut.groups[0].positions.len()), (7, 2, 1));
        assert_eq!(cut.groups[0].members.as_ref().unwrap()[0].assigned, Some(Vec::new()));
        assert_eq!(groups.within(&["payments".into()]).groups.len(), 1);
        let text = serde_json::to_string(&groups).unwrap();
        assert_eq!(serde_json::from_str::<Groups>(&text).unwrap(), groups);
    }
}
