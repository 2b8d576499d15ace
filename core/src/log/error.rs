//! What can go wrong with a log, each in one line: what failed, on what, what to do.

use crate::event::TopicPartition;

/// Why a log could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// No broker answered.
    #[error("no broker answers at {brokers}: {reason}; check the address, and that the cluster is up")]
    Unreachable {
        /// The bootstrap servers.
        brokers: String,
        /// What the connection said.
        reason: String,
    },
    /// The cluster refused the user or password.
    #[error("{brokers} refused the login: {reason}; check user, password and sasl.mechanism")]
    Authentication {
        /// The broker or bootstrap servers.
        brokers: String,
        /// What the cluster said.
        reason: String,
    },
    /// The TLS handshake failed.
    #[error("no trusted connection to {brokers}: {reason}; check ssl.ca.location and the broker's certificate")]
    Certificate {
        /// The broker or bootstrap servers.
        brokers: String,
        /// What TLS said.
        reason: String,
    },
    /// The principal may not do this.
    #[error("not allowed: {what}; the principal needs Describe and Read there")]
    Unauthorised {
        /// What was refused, e.g. `topic payments`.
        what: String,
    },
    /// The topic is not in the log.
    #[error("no topic “{topic}” in this log{}", suggestion.as_ref().map(|name| format!("; did you mean “{name}”?")).unwrap_or_default())]
    UnknownTopic {
        /// The name asked for.
        topic: String,
        /// A topic with a similar name.
        suggestion: Option<String>,
    },
    /// The partition is not in the topic.
    #[error("no partition {partition} in this log")]
    UnknownPartition {
        /// The partition asked for.
        partition: TopicPartition,
    },
    /// The range asked for is not in the log any more.
    #[error(
        "{partition}: offset {offset} is not in the log any more (it begins at {low}); read from there, or from earliest"
    )]
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// The offset asked for.
        offset: i64,
        /// The first offset that can be read.
        low: i64,
    },
    /// A setting makes no sense.
    #[error("setting {name}: {reason}")]
    Configuration {
        /// The setting's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A file is not what it should be.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It took too long.
    #[error("{what} took longer than {seconds} s; the log may be slow or unreachable, try again")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// A person cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// Anything else the log said.
    #[error("{what}: {reason}")]
    Other {
        /// What was being done.
        what: String,
        /// What the log said.
        reason: String,
    },
}
