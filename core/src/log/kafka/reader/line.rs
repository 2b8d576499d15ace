//! Whether the brokers that are read from can be reached.

use super::super::context::Reports;
use crate::log::Connection;

/// Watches the state of a reader's connections. librdkafka reconnects by itself; this is what people see of it.
#[derive(Debug)]
pub(super) struct Line {
    state: State,
    errors_seen: u64,
    states_seen: u64,
    /// Partitions whose queues were seen empty since all brokers were lost: what comes there now has come anew.
    dry: Vec<bool>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Up,
    /// Some broker that is read from is out of reach.
    Broken,
    /// All brokers are.
    Cut,
}

impl Line {
    pub fn new(partitions: usize) -> Self {
        Self { state: State::Up, errors_seen: 0, states_seen: 0, dry: vec![false; partitions] }
    }

    /// The connection's new state, if it has changed.
    ///
    /// A broken connection to a broker that leads nothing here is of no concern, so an error alone counts only when
    /// all brokers are down: otherwise librdkafka's regular word on each connection decides.
    pub fn change(&mut self, reports: &Reports) -> Option<Connection> {
        let (errors, (states, reachable)) = (reports.error_count(), reports.reachability());
        let (new_error, new_states) = (errors != self.errors_seen, states != self.states_seen);
        (self.errors_seen, self.states_seen) = (errors, states);
        let cut = new_error && reports.latest().is_some_and(|report| report.all_down || report.is_final());
        if cut && self.state == State::Broken {
            self.state = State::Cut;
            self.dry.fill(false);
        }
        if self.state == State::Up && (cut || (new_states && !reachable)) {
            self.state = if cut { State::Cut } else { State::Broken };
            self.dry.fill(false);
            let why = match reports.latest() {
                Some(report) => report.error.to_string(),
                None => format!("a broker at {} does not answer", reports.brokers()),
            };
            return Some(Connection::Reconnecting { why: why.into() });
        }
        (self.state != State::Up && new_states && reachable).then(|| self.up(reports))
    }

    /// A partition's queue is empty.
    pub fn is_dry(&mut self, partition: usize) {
        if self.state != State::Up {
            self.dry[partition] = true;
        }
    }

    /// Something came from a partition: where its queue was empty after all brokers were lost, one of them is back.
    pub fn came(&mut self, partition: usize, reports: &Reports) -> Option<Connection> {
        (self.state == State::Cut && self.dry[partition]).then(|| self.up(reports))
    }

    fn up(&mut self, reports: &Reports) -> Connection {
        self.state = State::Up;
        reports.clear();
        Connection::Up
    }
}
