//! What nobody can tell from outside about who writes and who reads.

use std::fmt;

use super::Topology;
use crate::event::TopicName;
use crate::event::figures::{count, of};
use crate::narrative::lag::Standings;
use crate::store::Snapshot;

/// Something that is not known about writers and readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// Events of a topic that name no service.
    Unnamed {
        /// The topic.
        topic: TopicName,
        /// How many.
        events: u64,
        /// Of how many.
        of: u64,
    },
    /// Dead letters of a topic: their headers name who wrote what they were.
    DeadLetters {
        /// The topic.
        topic: TopicName,
        /// How many.
        events: u64,
    },
    /// Offsets of a topic that were not read.
    Unread {
        /// The topic.
        topic: TopicName,
        /// How many.
        offsets: u64,
    },
    /// The log does not tell its groups.
    NoGroups,
    /// No group has committed in a topic.
    NoReader {
        /// The topic.
        topic: TopicName,
    },
    /// A group has committed nothing in some partitions of a topic.
    Uncommitted {
        /// The group.
        group: String,
        /// The topic.
        topic: TopicName,
        /// In how many partitions.
        partitions: usize,
        /// Of how many.
        of: usize,
    },
    /// A group's positions may not be read.
    Shut {
        /// The group.
        group: String,
        /// Why.
        why: String,
    },
    /// A group's members and state are not told.
    Untold {
        /// The group.
        group: String,
    },
    /// A group of Kafka Connect: its connectors are not seen.
    Connect {
        /// The group.
        group: String,
    },
    /// A topic of Kafka Streams' own: the program around it is not seen.
    Streams {
        /// The topic.
        topic: TopicName,
    },
}

impl Unknown {
    /// What it is about, as a word for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unnamed { .. } => "unnamed_writer",
            Self::DeadLetters { .. } => "dead_letters",
            Self::Unread { .. } => "not_read",
            Self::NoGroups => "groups_not_known",
            Self::NoReader { .. } => "no_group",
            Self::Uncommitted { .. } => "no_commit",
            Self::Shut { .. } => "group_not_readable",
            Self::Untold { .. } => "members_not_told",
            Self::Connect { .. } => "connect",
            Self::Streams { .. } => "streams",
        }
    }

    /// The topic that it is about, where it is about one.
    pub fn topic(&self) -> Option<&TopicName> {
        match self {
            Self::Unnamed { topic, .. }
            | Self::DeadLetters { topic, .. }
            | Self::Unread { topic, .. }
            | Self::NoReader { topic }
            | Self::Uncommitted { topic, .. }
            | Self::Streams { topic } => Some(topic),
            Self::NoGroups | Self::Shut { .. } | Self::Untold { .. } | Self::Connect { .. } => None,
        }
    }

    /// The group that it is about, where it is about one.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::Uncommitted { group, .. }
            | Self::Shut { group, .. }
            | Self::Untold { group }
            | Self::Connect { group } => Some(group),
            _ => None,
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed { topic, events, of: all } if events == all => {
                write!(f, "{topic}: who writes it; none of its {} events names a service", count(*all))
            }
            Self::Unnamed { topic, events, of: all } => {
                write!(f, "{topic}: who wrote {} of its {} events; they name no service", count(*events), count(*all))
            }
            Self::DeadLetters { topic, events } => {
                write!(
                    f,
                    "{topic}: who put {} there; their headers name who wrote what they were",
                    of(*events, "dead letter")
                )
            }
            Self::Unread { topic, offsets } => match offsets {
                1 => write!(f, "{topic}: 1 offset was not read"),
                _ => write!(f, "{topic}: {} offsets were not read", count(*offsets)),
            },
            Self::NoGroups => write!(f, "consumer groups: this log does not tell them"),
            Self::NoReader { topic } => write!(
                f,
                "{topic}: who reads it, if anybody; no group has committed there, and a reader without commits is not seen"
            ),
            Self::Uncommitted { group, topic, partitions, of } => {
                write!(
                    f,
                    "{group}: how far it is in {partitions} of {of} partitions of {topic}; it has no commit there"
                )
            }
            Self::Shut { group, why } => write!(f, "{group}: what it reads; {why}"),
            Self::Untold { group } => {
                write!(f, "{group}: its members and state; the broker does not tell them of this kind of group")
            }
            Self::Connect { group } => {
                write!(f, "{group}: which connectors it runs; Kafka Connect keeps that to itself")
            }
            Self::Streams { topic } => write!(
                f,
                "{topic}: what the program around it does; the topic is Kafka Streams' own, for state or for sharing out anew"
            ),
        }
    }
}

/// Everything that is not known, topics first.
pub(super) fn unknown(topology: &Topology, snapshot: &Snapshot, groups: Option<&Standings>) -> Vec<Unknown> {
    let mut found = Vec::new();
    for flow in &topology.topics {
        let topic = &flow.topic;
        let held = snapshot.topic(topic);
        let holes = held.iter().flat_map(|held| &held.partitions).flat_map(|partition| partition.holes());
        let offsets = holes.map(|(from, to)| from.abs_diff(to)).fold(0, u64::saturating_add);
        if offsets > 0 {
            found.push(Unknown::Unread { topic: topic.clone(), offsets });
        }
        if flow.unnamed > 0 {
            let (events, of) = (flow.unnamed, flow.flow.events);
            found.push(Unknown::Unnamed { topic: topic.clone(), events, of });
        }
        if flow.dead_letters > 0 {
            found.push(Unknown::DeadLetters { topic: topic.clone(), events: flow.dead_letters });
        }
        if topic.ends_with("-changelog") || topic.ends_with("-repartition") {
            found.push(Unknown::Streams { topic: topic.clone() });
        }
        if groups.is_some() && !topology.readers.iter().any(|reader| reader.topic == *topic) {
            found.push(Unknown::NoReader { topic: topic.clone() });
        }
    }
    match groups {
        None => found.push(Unknown::NoGroups),
        Some(groups) => of_groups(topology, groups, &mut found),
    }
    found
}

fn of_groups(topology: &Topology, groups: &Standings, found: &mut Vec<Unknown>) {
    for reader in topology.readers.iter().filter(|reader| reader.committed < reader.partitions) {
        found.push(Unknown::Uncommitted {
            group: reader.group.clone(),
            topic: reader.topic.clone(),
            partitions: reader.partitions - reader.committed,
            of: reader.partitions,
        });
    }
    for standing in groups.groups.iter() {
        let group = &standing.group;
        if let Some(why) = &group.error {
            found.push(Unknown::Shut { group: group.name.clone(), why: why.clone() });
        } else if group.protocol == "connect" {
            found.push(Unknown::Connect { group: group.name.clone() });
        } else if group.members.is_none() && topology.readers.iter().any(|reader| reader.group == group.name) {
            found.push(Unknown::Untold { group: group.name.clone() });
        }
    }
}
