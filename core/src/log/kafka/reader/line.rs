//! Whether the brokers that are read from can be reached.

use super::super::context::Reports;
use crate::log::Connection;

/// Watches the state of a reader's connections. librdkafka reconnects by itself; this is what people see of it.
#[derive(Debug)]
pub(super) struct Line {
    up: bool,
    errors_seen: u64,
    states_seen: u64,
}

impl Line {
    pub fn new() -> Self {
        Self { up: true, errors_seen: 0, states_seen: 0 }
    }

    /// The connection's new state, if it has changed.
    ///
    /// A broken connection to a broker that leads nothing here is of no concern, so an error alone counts only when
    /// all brokers are down: otherwise librdkafka's regular word on each connection decides.
    pub fn change(&mut self, reports: &Reports) -> Option<Connection> {
        let (errors, (states, reachable)) = (reports.error_count(), reports.reachability());
        let news = (errors != self.errors_seen, states != self.states_seen);
        (self.errors_seen, self.states_seen) = (errors, states);
        let all_down = news.0 && reports.latest().is_some_and(|report| report.all_down || report.is_final());
        if self.up && (all_down || (news.1 && !reachable)) {
            self.up = false;
            let why = match reports.latest() {
                Some(report) => report.error.to_string(),
                None => format!("a broker at {} does not answer", reports.brokers()),
            };
            return Some(Connection::Reconnecting { why: why.into() });
        }
        if !self.up && news.1 && reachable {
            self.up = true;
            reports.clear();
            return Some(Connection::Up);
        }
        None
    }
}
