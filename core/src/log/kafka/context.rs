//! What librdkafka says aside from its answers: errors, log lines, the state of its connections.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use tokio::sync::watch;

use super::config::Settings;
use super::fault;
use super::oauth::TokenSource;
use crate::log::LogError;

/// An error of a client as a whole, as opposed to one of a topic or partition.
#[derive(Debug, Clone)]
pub(super) struct Report {
    /// What it comes to.
    pub error: LogError,
    /// Whether every broker is known to be out of reach.
    pub all_down: bool,
}

impl Report {
    /// Whether trying again with the same settings would only fail again.
    pub fn is_final(&self) -> bool {
        matches!(self.error, LogError::Authentication { .. } | LogError::Certificate { .. })
    }
}

/// Collects what a client reports, for whoever waits on that client.
#[derive(Debug)]
pub(super) struct Reports {
    brokers: String,
    latest: watch::Sender<Option<Report>>,
    errors: AtomicU64,
    last_reason: Mutex<String>,
    states: AtomicU64,
    reachable: AtomicBool,
}

impl Reports {
    pub fn new(brokers: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            latest: watch::Sender::new(None),
            errors: AtomicU64::new(0),
            last_reason: Mutex::new(String::new()),
            states: AtomicU64::new(0),
            reachable: AtomicBool::new(true),
        }
    }

    /// The bootstrap servers, for messages.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The newest report since the last [`Reports::clear`], and news of each further one.
    pub fn subscribe(&self) -> watch::Receiver<Option<Report>> {
        self.latest.subscribe()
    }

    /// The newest report since the last [`Reports::clear`].
    pub fn latest(&self) -> Option<Report> {
        self.latest.borrow().clone()
    }

    /// Forgets the newest report: the cluster has answered since.
    pub fn clear(&self) {
        self.latest.send_if_modified(|report| report.take().is_some());
    }

    /// How many errors were reported so far: cheap to ask for after each poll.
    pub fn error_count(&self) -> u64 {
        self.errors.load(Ordering::Acquire)
    }

    /// librdkafka's words for the event that the last poll returned. Events are handed to the thread that polls, so
    /// that thread finds here what belongs to the error it has just been given.
    pub fn last_reason(&self) -> String {
        self.last_reason.lock().clone()
    }

    /// How many times the connections' states were told, and whether all brokers that are read from were up then.
    pub fn reachability(&self) -> (u64, bool) {
        (self.states.load(Ordering::Acquire), self.reachable.load(Ordering::Acquire))
    }

    fn report(&self, error: &KafkaError, reason: &str) {
        reason.clone_into(&mut self.last_reason.lock());
        let Some(code) = error.rdkafka_error_code() else { return };
        let Some(mut report) = fault::report(code, reason, &self.brokers) else { return };
        self.latest.send_modify(|latest| {
            if report.all_down {
                // "1/1 brokers are down" says less than what was reported of the last of them.
                let lost = || LogError::Unreachable {
                    brokers: self.brokers.clone(),
                    reason: "every connection is lost".to_owned(),
                };
                report.error = latest.as_ref().map_or_else(lost, |before| before.error.clone());
            }
            // Down until somebody answers, whatever else is reported meanwhile.
            report.all_down |= latest.as_ref().is_some_and(|before| before.all_down);
            *latest = Some(report);
        });
        self.errors.fetch_add(1, Ordering::Release);
    }

    fn connections(&self, statistics: &Statistics) {
        let up = |id: i32| statistics.brokers.values().any(|broker| broker.nodeid == id && broker.state == "UP");
        let reachable = statistics
            .topics
            .values()
            .flat_map(|topic| topic.partitions.values())
            .filter(|partition| partition.desired && partition.leader >= 0)
            .all(|partition| up(partition.leader));
        self.reachable.store(reachable, Ordering::Release);
        self.states.fetch_add(1, Ordering::Release);
    }
}

/// The part of librdkafka's statistics that tells which brokers are connected.
#[derive(Debug, serde::Deserialize)]
struct Statistics {
    brokers: BTreeMap<String, BrokerState>,
    topics: BTreeMap<String, TopicState>,
}

#[derive(Debug, serde::Deserialize)]
struct BrokerState {
    nodeid: i32,
    state: String,
}

#[derive(Debug, serde::Deserialize)]
struct TopicState {
    partitions: BTreeMap<i32, PartitionState>,
}

#[derive(Debug, serde::Deserialize)]
struct PartitionState {
    leader: i32,
    desired: bool,
}

/// Hands a client's events to its [`Reports`].
#[derive(Debug, Clone)]
pub(super) struct Context {
    reports: Arc<Reports>,
    tokens: Option<Arc<TokenSource>>,
}

impl Context {
    pub fn new(settings: &Settings, reports: Arc<Reports>) -> Self {
        Self { reports, tokens: settings.token_source() }
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let tokens = self.tokens.as_ref().ok_or("sasl.oauthbearer.method=oidc and its endpoint are not set")?;
        Ok(tokens.token()?)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(target: "librdkafka", "{facility}: {line}");
            }
            _ => tracing::debug!(target: "librdkafka", "{facility}: {line}"),
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match serde_json::from_slice(statistics) {
            Ok(statistics) => self.reports.connections(&statistics),
            Err(error) => tracing::debug!(target: "librdkafka", "statistics not understood: {error}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.report(&error, reason);
    }
}

impl ConsumerContext for Context {}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::types::RDKafkaErrorCode;

    #[test]
    fn all_brokers_down_keeps_the_reason_of_the_last() {
        let reports = Reports::new("127.0.0.1:1");
        reports.report(&KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure), "127.0.0.1:1/bootstrap: refused");
        reports.report(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        let report = reports.latest().unwrap();
        assert!(report.all_down && report.error.to_string().contains("refused"), "{report:?}");
    }

    #[test]
    fn the_end_of_a_partition_is_no_error() {
        let reports = Reports::new("b");
        reports.report(&KafkaError::Global(RDKafkaErrorCode::PartitionEOF), "reached end of partition at offset 7");
        assert!(reports.latest().is_none());
        assert_eq!(reports.last_reason(), "reached end of partition at offset 7");
    }

    #[test]
    fn a_cluster_is_reachable_when_the_leaders_of_what_is_read_are_up() {
        let state = |leader: &str| {
            format!(
                r#"{{"brokers":{{"a":{{"nodeid":1,"state":"UP"}},"b":{{"nodeid":2,"state":"TRY_CONNECT"}}}},
                    "topics":{{"t":{{"partitions":{{"0":{{"leader":{leader},"desired":true}},
                    "1":{{"leader":2,"desired":false}}}}}}}}}}"#
            )
        };
        let reports = Arc::new(Reports::new("b"));
        let context = Context::new(&Settings::new("b"), reports.clone());
        context.stats_raw(state("1").as_bytes());
        assert_eq!(reports.reachability(), (1, true));
        context.stats_raw(state("2").as_bytes());
        assert_eq!(reports.reachability(), (2, false));
    }
}
