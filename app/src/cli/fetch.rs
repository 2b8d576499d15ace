//! Reading a log into a store, with a bar for a person who waits.

use std::time::Duration;

use fabula_core::log::plan::Plan;
use fabula_core::log::{Connection, Log};
use fabula_core::store::Store;
use fabula_core::store::record::{RecordProgress, RecordReport, record};
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::say;

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Records a plan into a store, and shows how far that is: by a bar on a terminal. A lost connection is said anywhere.
pub async fn fetch(
    log: &dyn Log,
    plan: Plan,
    store: &Store,
    cancel: &CancellationToken,
) -> anyhow::Result<RecordReport> {
    let progress = RecordProgress::default();
    let recording = record(log, plan, store, &progress, cancel.clone());
    tokio::pin!(recording);
    let mut shown = Shown::new();
    let mut ticks = tokio::time::interval(TICK);
    let report = loop {
        tokio::select! {
            report = &mut recording => break report,
            _ = ticks.tick() => shown.update(&progress),
        }
    };
    // What changed since the last tick is said too.
    shown.update(&progress);
    shown.bar.finish_and_clear();
    Ok(report?)
}

struct Shown {
    bar: ProgressBar,
    connection: Option<Connection>,
}

impl Shown {
    /// The bar draws nothing where stderr is no terminal.
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = "{bar:32} {percent:>3} %  {human_pos} of {human_len} offsets  {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar, connection: None }
    }

    fn update(&mut self, progress: &RecordProgress) {
        self.bar.set_length(progress.offsets_total());
        self.bar.set_position(progress.offsets_done());
        self.bar.set_message(format!("{}/s", indicatif::HumanCount(self.bar.per_sec() as u64)));
        let connection = progress.connection();
        if connection != self.connection {
            match (&connection, &self.connection) {
                (Some(Connection::Reconnecting { why }), _) => {
                    self.bar.suspend(|| say(&format!("connection lost, trying again: {why}")));
                }
                (Some(Connection::Up), Some(Connection::Reconnecting { .. })) => {
                    self.bar.suspend(|| say("connected again"));
                }
                _ => {}
            }
            self.connection = connection;
        }
    }
}
