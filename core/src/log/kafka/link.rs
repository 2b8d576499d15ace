//! The client that asks: for the catalogue, for offsets, for groups. It fetches no records.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::BaseConsumer;
use rdkafka::error::{KafkaError, KafkaResult};
use tokio::time::Instant;

use super::config::Settings;
use super::context::{Context, Reports};
use super::fault;
use crate::log::LogError;

/// How long to go on trying when all brokers are known to be out of reach, or have refused the login before: they may
/// be starting, or have been told better meanwhile. Longer than librdkafka waits before it connects again.
const GRACE: Duration = Duration::from_secs(3);

/// How long to wait before a question is put again after the connection broke under it.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// How often the thread that serves the client's events looks whether it is still wanted.
const EVENT_POLL: Duration = Duration::from_millis(100);

/// A client for questions, with a thread that serves its events, so that the reason of a failure is known the moment
/// librdkafka knows it.
pub(super) struct Link {
    consumer: Arc<BaseConsumer<Context>>,
    reports: Arc<Reports>,
    timeout: Duration,
    stop: Arc<AtomicBool>,
}

impl Link {
    /// Makes the client; connects in the background. `group` is needed only to ask for that group's offsets.
    pub fn new(settings: &Settings, group: Option<&str>) -> Result<Self, LogError> {
        let mut config = settings.client_config();
        if let Some(group) = group {
            config.set("group.id", group);
        }
        let reports = Arc::new(Reports::new(settings.brokers()));
        let consumer: BaseConsumer<Context> = config
            .create_with_context(Context::new(settings, reports.clone()))
            .map_err(|error| fault::answer(&error, "settings", &reports, 0))?;
        let (consumer, stop) = (Arc::new(consumer), Arc::new(AtomicBool::new(false)));
        let (served, stopped) = (consumer.clone(), stop.clone());
        std::thread::Builder::new()
            .name("fabula-kafka-link".into())
            .spawn(move || serve_events(&served, &stopped))
            .map_err(|error| LogError::Other { what: "starting a thread".into(), reason: error.to_string() })?;
        Ok(Self { consumer, reports, timeout: settings.connect_timeout(), stop })
    }

    /// What the client has reported.
    pub fn reports(&self) -> &Arc<Reports> {
        &self.reports
    }

    /// How long an answer may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Puts a question that blocks, and waits for its answer, for the client's report that there will be none, or for
    /// the time to run out. `what` names the question in errors. A question whose connection breaks is put again.
    pub async fn ask<T, F>(&self, what: &str, question: F) -> Result<T, LogError>
    where
        T: Send + 'static,
        F: Fn(&BaseConsumer<Context>, Duration) -> KafkaResult<T> + Send + 'static,
    {
        let mut reports = self.reports.subscribe();
        let (mut deadline, until) = (Instant::now() + self.timeout, Instant::now() + self.timeout);
        if reports.borrow_and_update().as_ref().is_some_and(|report| report.all_down || report.is_final()) {
            deadline = deadline.min(Instant::now() + GRACE);
        }
        let consumer = self.consumer.clone();
        let mut answer = tokio::task::spawn_blocking(move || ask_until(&consumer, until, &question));
        loop {
            tokio::select! {
                answer = &mut answer => return self.settle(what, answer),
                changed = reports.changed() => {
                    let report = reports.borrow_and_update().clone();
                    match report {
                        Some(report) if changed.is_ok() && report.is_final() => return Err(report.error),
                        Some(report) if changed.is_ok() && report.all_down => {
                            deadline = deadline.min(Instant::now() + GRACE);
                        }
                        _ => {}
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    let timed_out = KafkaError::Global(rdkafka::types::RDKafkaErrorCode::OperationTimedOut);
                    return Err(fault::answer(&timed_out, what, &self.reports, self.timeout.as_secs()));
                }
            }
        }
    }

    fn settle<T>(&self, what: &str, answer: Result<KafkaResult<T>, tokio::task::JoinError>) -> Result<T, LogError> {
        match answer {
            Ok(Ok(answer)) => {
                self.reports.clear();
                Ok(answer)
            }
            Ok(Err(error)) => Err(fault::answer(&error, what, &self.reports, self.timeout.as_secs())),
            Err(error) => Err(LogError::Other { what: what.to_owned(), reason: error.to_string() }),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The thread lets go of the client last, so that whoever drops the link does not wait for its connections.
        self.stop.store(true, Ordering::Release);
    }
}

fn serve_events(consumer: &BaseConsumer<Context>, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        // Without an assignment there are no records: what comes are events, and the context has taken them.
        let _ = consumer.poll(EVENT_POLL);
    }
}

fn ask_until<T>(
    consumer: &BaseConsumer<Context>,
    deadline: Instant,
    question: &impl Fn(&BaseConsumer<Context>, Duration) -> KafkaResult<T>,
) -> KafkaResult<T> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = question(consumer, left);
        let again = answer.as_ref().is_err_and(|error| error.rdkafka_error_code().is_some_and(fault::is_connection));
        if !again || deadline.saturating_duration_since(Instant::now()) <= RETRY_AFTER {
            return answer;
        }
        std::thread::sleep(RETRY_AFTER);
    }
}
