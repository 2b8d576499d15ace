//! `fabula groups`: who reads a log, how far behind, and whether an event has been passed.

mod ends;
mod written;

use anyhow::{anyhow, bail, ensure};
use clap::Args;
use fabula_core::event::time::format_iso_ms;
use fabula_core::event::{Coordinates, TopicPartition, Watermarks};
use fabula_core::log::{Groups as Told, Log, LogError};
use fabula_core::narrative::lag::{Passed, Standings};
use fabula_core::store::{RecordingLog, Store};

use super::source::{LogArgs, Source};
use super::{interrupt, say};
use crate::figures;
use ends::Ends;
use written::Writer;

pub(super) use written::put_lags;

/// List consumer groups: how far behind in events and in time, or whether each has passed an event.
///
/// To tell times, the events at the commits and at the ends are read, a hundred of each partition. The log is only looked
/// at: no group is joined and nothing is committed.
#[derive(Debug, Args)]
pub struct Groups {
    #[command(flatten)]
    log: LogArgs,

    /// Only these groups.
    #[arg(short, long = "group", value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    groups: Vec<String>,

    /// Say for each group that reads the event's topic whether it has passed the event: topic/partition/offset.
    #[arg(long, value_name = "TOPIC/PARTITION/OFFSET")]
    event: Option<Coordinates>,

    /// A line for each partition.
    #[arg(long, conflicts_with = "event")]
    partitions: bool,

    /// Write JSON.
    #[arg(long, short = 'J')]
    json: bool,
}

impl Groups {
    /// Asks, reads what tells times, writes what was asked for.
    pub fn run(self) -> anyhow::Result<()> {
        let source = self.log.source()?;
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        let runtime = super::runtime()?;
        if let Source::Recording(dir) = source {
            let (store, damages) = Store::open(&dir)?;
            damages.iter().for_each(|damage| say(&damage.to_string()));
            let log = RecordingLog::new(store.clone());
            let told = runtime.block_on(async {
                self.event_is_there(&log).await?;
                anyhow::Ok(log.groups().await?)
            })?;
            let told = self.chosen(told)?;
            let snapshot = store.snapshot();
            return self.write(&Standings::of(&told, &snapshot), &snapshot, None);
        }
        let (told, ends) = runtime.block_on(async {
            let log = source.log()?;
            let asked = async {
                self.event_is_there(log.as_ref()).await?;
                anyhow::Ok(log.groups().await?)
            };
            let told = tokio::select! {
                told = asked => self.chosen(told?)?,
                () = cancel.cancelled() => return Err(LogError::Cancelled.into()),
            };
            let ends = Ends::read(log.as_ref(), &told, &cancel).await?;
            anyhow::Ok((told, ends))
        })?;
        let snapshot = ends.store.snapshot();
        self.write(&Standings::of(&told, &snapshot), &snapshot, Some(&ends))
    }

    /// Makes sure that there is the event that is asked about, as far as the log's ends tell.
    async fn event_is_there(&self, log: &dyn Log) -> anyhow::Result<()> {
        let Some(event) = &self.event else { return Ok(()) };
        let missing = |why: String| anyhow!("there is no event {event}: {why}");
        let topic = log.topic(&event.topic).await?;
        let count = topic.partitions.len() as u64;
        let there = topic.partitions.iter().any(|partition| partition.id == event.partition);
        ensure!(there, missing(format!("{} has {}", event.topic, figures::of(count, "partition"))));
        let partition = TopicPartition::new(event.topic.clone(), event.partition);
        for (_, marks) in log.watermarks(std::slice::from_ref(&partition)).await? {
            let Watermarks { low, high } = marks?;
            // What the log has deleted was there, and may have been passed.
            ensure!(high > low || event.offset < high, missing("the partition is empty".to_owned()));
            let last = high - 1;
            ensure!(event.offset < high, missing(format!("the partition's events have offsets from {low} to {last}")));
        }
        Ok(())
    }

    fn chosen(&self, told: Option<Told>) -> anyhow::Result<Told> {
        let Some(mut told) = told else {
            bail!(
                "this recording does not know the groups of its log: it was made without them, or of files; record it again \
                 from its cluster to keep them"
            );
        };
        if let Some(missing) = self.groups.iter().find(|name| !told.groups.iter().any(|group| group.name == ***name)) {
            bail!("no group “{missing}” may be listed; there are {}", figures::of(told.groups.len() as u64, "group"));
        }
        told.groups.retain(|group| self.groups.is_empty() || self.groups.contains(&group.name));
        Ok(told)
    }

    fn write(
        &self,
        standings: &Standings,
        snapshot: &fabula_core::store::Snapshot,
        ends: Option<&Ends>,
    ) -> anyhow::Result<()> {
        let writer = Writer::new(self.json);
        match &self.event {
            Some(event) => {
                let passed = standings.passed(event, snapshot);
                writer.passed(standings, event, &passed)?;
                tell_passed(event, &passed);
            }
            None if self.partitions => writer.partitions(standings)?,
            None => writer.groups(standings)?,
        }
        let read = ends.map(Ends::told).unwrap_or_default();
        say(&format!(
            "{} as of {}{read}",
            figures::of(standings.groups.len() as u64, "group"),
            format_iso_ms(standings.at_ms)
        ));
        for standing in standings.groups.iter() {
            if let Some(error) = &standing.group.error {
                say(&format!("{}: {error}", standing.group.name));
            }
        }
        Ok(())
    }
}

fn tell_passed(event: &Coordinates, passed: &[(&fabula_core::narrative::lag::GroupStanding, Passed)]) {
    if passed.is_empty() {
        let topic = &event.topic;
        say(&format!(
            "no group has committed in {topic} or been assigned a part of it; who commits nowhere is not seen"
        ));
    }
}
