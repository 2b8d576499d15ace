//! The consumer groups of the shop's services, as they stand when the sample's day is over.

use super::day::DAY_START_MS;
use super::shop::TopicPlan;
use crate::event::{TopicPartition, Watermarks};
use crate::log::{ConsumerGroup, GroupMember, GroupPosition, Groups};

/// When the groups are looked at: the last stories have ended by then.
const AT_MS: i64 = DAY_START_MS + 27 * 3_600_000;

/// What a group is like.
pub(super) struct GroupPlan {
    name: &'static str,
    pub(super) topic: &'static str,
    members: usize,
    /// How far it is behind, in thousandths of each partition.
    behind_per_mille: i64,
    /// The partition that it has never committed in, if there is one.
    uncommitted: Option<i32>,
}

const fn plan(name: &'static str, topic: &'static str, members: usize, behind_per_mille: i64) -> GroupPlan {
    GroupPlan { name, topic, members, behind_per_mille, uncommitted: None }
}

/// Every group, by name.
pub(super) const GROUPS: [GroupPlan; 5] = [
    plan("clickstream-sink", "web-clicks", 4, 38),
    GroupPlan { uncommitted: Some(1), ..plan("fraud-model-training", "fraud-requests", 0, 1000) },
    plan("mailer", "notifications", 2, 0),
    plan("payments", "orders", 3, 1),
    plan("shipping", "payments", 2, 6),
];

impl GroupPlan {
    /// The partitions of its topic.
    pub(super) fn partitions(&self, topic: &TopicPlan) -> Vec<TopicPartition> {
        (0..i32::from(topic.partitions)).map(|number| TopicPartition::new(self.topic, number)).collect()
    }

    /// The group over its topic's partitions.
    pub(super) fn group(&self, marks: Vec<(TopicPartition, Watermarks)>) -> ConsumerGroup {
        // Partitions are shared out in ranges, as Kafka's first assignor does.
        let share = marks.len().div_ceil(self.members.max(1));
        let member = |number: usize| GroupMember {
            client_id: format!("{}-{}", self.name, number + 1),
            host: format!("/10.4.{}.{}", self.name.len(), 11 + number),
            assigned: Some(marks.iter().skip(number * share).take(share).map(|(at, _)| at.clone()).collect()),
        };
        let members = (0..self.members).map(member).collect();
        let position = |(partition, marks): (TopicPartition, Watermarks)| GroupPosition {
            committed: (self.uncommitted != Some(partition.partition))
                .then(|| marks.high - marks.high * self.behind_per_mille / 1000),
            watermarks: Some(marks),
            partition,
        };
        ConsumerGroup {
            name: self.name.to_owned(),
            state: Some(if self.members > 0 { "Stable" } else { "Empty" }.to_owned()),
            protocol: "consumer".to_owned(),
            members: Some(members),
            positions: marks.into_iter().map(position).collect(),
            error: None,
        }
    }
}

/// All groups, of which nothing is left out.
pub(super) fn all(groups: Vec<ConsumerGroup>) -> Groups {
    Groups { at_ms: AT_MS, groups }
}
