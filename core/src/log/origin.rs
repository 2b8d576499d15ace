//! What a log is, in words, and whether two are the same one.

use std::fmt;

use super::Origin;

impl Origin {
    /// Whether offsets of both mean the same events: a cluster is known by its id, or where it told none by its address,
    /// and is read alike.
    pub fn is_same_log(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Kafka { brokers, cluster_id, isolation },
                Self::Kafka { brokers: other_brokers, cluster_id: other_id, isolation: other_isolation },
            ) => {
                let cluster = match (cluster_id, other_id) {
                    (Some(id), Some(other)) => id == other,
                    _ => brokers == other_brokers,
                };
                cluster && isolation == other_isolation
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for Origin {
    /// In a few words: `Kafka at localhost:9092 (read_committed)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kafka { brokers, isolation, .. } => write!(f, "Kafka at {brokers} ({})", isolation.name()),
            Self::Recording { path } => write!(f, "the recording {}", path.display()),
            Self::Sample { events, seed } => write!(f, "the sample of {events} events (seed {seed})"),
            Self::Import { files } => write!(f, "files ({})", files.join(", ")),
        }
    }
}
