//! `fabula topics`: the catalogue of a log.

use std::io::Write as _;

use anyhow::{Context as _, ensure};
use clap::Args;
use fabula_core::event::{TopicPartition, Watermarks};
use fabula_core::log::{Log, LogError, TopicConfig, TopicInfo};
use fabula_core::store::{RecordingLog, Store};
use serde_json::{Value, json};

use super::source::{LogArgs, Source};
use crate::figures;

/// List the topics of a log: partitions, offsets, retention.
#[derive(Debug, Args)]
pub struct Topics {
    #[command(flatten)]
    log: LogArgs,

    /// Write a JSON array, an object a topic.
    #[arg(long, short = 'J')]
    json: bool,

    /// List the topics of tools too: __*, *-changelog, *-repartition.
    #[arg(long)]
    internal: bool,
}

/// A topic with everything that is listed of it.
struct Listed {
    topic: TopicInfo,
    config: Result<TopicConfig, LogError>,
    marks: Vec<(TopicPartition, Result<Watermarks, LogError>)>,
}

impl Topics {
    /// Writes the catalogue.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = super::runtime()?;
        let source = self.log.source()?;
        let mut damaged = 0;
        let (listed, hidden) = runtime.block_on(async {
            let log: Box<dyn Log> = match source {
                Source::Recording(dir) => {
                    let (store, damages) = Store::open(&dir)?;
                    damages.iter().for_each(|damage| super::say(&damage.to_string()));
                    damaged = damages.len() as u64;
                    Box::new(RecordingLog::new(store))
                }
                source => source.log()?,
            };
            list(log.as_ref(), self.internal).await
        })?;
        let mut text = Vec::new();
        if self.json {
            write_json(&listed, &mut text)?;
        } else {
            write_table(&listed, &mut text)?;
        }
        std::io::stdout().write_all(&text)?;
        if hidden > 0 {
            let are = if hidden == 1 { "topic of tools is" } else { "topics of tools are" };
            super::say(&format!("{hidden} {are} not listed; --internal lists them too"));
        }
        for listed in &listed {
            if let Some(error) = listed.failure() {
                super::say(&format!("{}: {error}", listed.topic.name));
            }
        }
        let are = if damaged == 1 { "is" } else { "are" };
        ensure!(damaged == 0, "{} of the recording {are} damaged", figures::of(damaged, "part"));
        Ok(())
    }
}

async fn list(log: &dyn Log, internal: bool) -> anyhow::Result<(Vec<Listed>, usize)> {
    let all = log.topics().await.context("the topics could not be listed")?;
    let (topics, hidden): (Vec<_>, Vec<_>) = all.into_iter().partition(|topic| internal || !topic.is_internal());
    let partitions: Vec<TopicPartition> = topics.iter().flat_map(TopicInfo::topic_partitions).collect();
    let mut marks = log.watermarks(&partitions).await.context("the watermarks could not be asked for")?;
    marks.sort_by(|a, b| a.0.cmp(&b.0));
    let mut listed = Vec::with_capacity(topics.len());
    for topic in topics {
        let config = log.topic_config(&topic.name).await;
        let (first, last) = (
            marks.partition_point(|(at, _)| at.topic < topic.name),
            marks.partition_point(|(at, _)| at.topic <= topic.name),
        );
        listed.push(Listed { config, marks: marks[first..last].to_vec(), topic });
    }
    Ok((listed, hidden.len()))
}

impl Listed {
    fn offsets(&self) -> u64 {
        self.marks.iter().filter_map(|(_, marks)| marks.as_ref().ok()).map(|marks| marks.span()).sum()
    }

    fn failure(&self) -> Option<&LogError> {
        self.topic.error.as_ref().or_else(|| self.marks.iter().find_map(|(_, marks)| marks.as_ref().err()))
    }

    fn cleanup(&self) -> &str {
        let policy = self.config.as_ref().ok().and_then(|config| config.0.get("cleanup.policy"));
        policy.map_or("", String::as_str)
    }

    fn json(&self) -> Value {
        let partitions = self.topic.partitions.iter().map(|partition| {
            let marks = self.marks.iter().find(|(at, _)| at.partition == partition.id).map(|(_, marks)| marks);
            let mut entry = json!({ "partition": partition.id, "available": partition.available });
            match marks {
                Some(Ok(marks)) => {
                    entry["low"] = marks.low.into();
                    entry["high"] = marks.high.into();
                }
                Some(Err(error)) => entry["error"] = error.to_string().into(),
                None => {}
            }
            entry
        });
        let mut topic = json!({
            "topic": &*self.topic.name,
            "partitions": partitions.collect::<Vec<_>>(),
            "offsets": self.offsets(),
            "internal": self.topic.is_internal(),
        });
        match &self.config {
            Ok(config) => topic["config"] = json!(config),
            Err(error) => topic["config_error"] = error.to_string().into(),
        }
        if let Some(error) = &self.topic.error {
            topic["error"] = error.to_string().into();
        }
        topic
    }
}

fn write_json(listed: &[Listed], text: &mut Vec<u8>) -> anyhow::Result<()> {
    for (at, listed) in listed.iter().enumerate() {
        text.extend_from_slice(if at == 0 { b"[\n" } else { b",\n" });
        serde_json::to_writer(&mut *text, &listed.json())?;
    }
    text.extend_from_slice(if listed.is_empty() { b"[]\n" } else { b"\n]\n" });
    Ok(())
}

fn write_table(listed: &[Listed], text: &mut Vec<u8>) -> std::io::Result<()> {
    let width = listed.iter().map(|listed| listed.topic.name.len()).max().unwrap_or(0).max("TOPIC".len());
    writeln!(text, "{:<width$}  {:>10}  {:>14}  {:<14}  RETENTION", "TOPIC", "PARTITIONS", "OFFSETS", "CLEANUP")?;
    for listed in listed {
        let (name, partitions) = (&listed.topic.name, listed.topic.partitions.len());
        let offsets = figures::count(listed.offsets());
        let retention = match &listed.config {
            Ok(config) => config.retention_ms().map_or("for ever".to_owned(), days),
            Err(_) => "unknown".to_owned(),
        };
        let line = format!("{name:<width$}  {partitions:>10}  {offsets:>14}  {:<14}  {retention}", listed.cleanup());
        writeln!(text, "{}", line.trim_end())?;
    }
    Ok(())
}

fn days(ms: i64) -> String {
    fabula_core::event::time::format_span_ns(ms.saturating_mul(1_000_000))
}
