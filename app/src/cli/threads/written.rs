//! Threads, maps, variants and findings as tables and as JSON.

use std::io::{Stdout, Write as _};

use fabula_core::codec::Cell;
use fabula_core::event::time::{format_iso_ms, format_span_ms, format_span_ns};
use fabula_core::narrative::threads::diagnose::Diagnosed;
use fabula_core::narrative::threads::{Listed, ProcessMap, Profile, Threads, Variant};
use fabula_core::store::Snapshot;
use serde_json::json;

use crate::cli::output::{Format, ViewRows, plain};

/// Writes to stdout, as JSON or for a person.
pub struct Writer {
    json: bool,
    limit: usize,
    to: Stdout,
}

impl Writer {
    /// A writer of at most so many entries.
    pub fn new(json: bool, limit: Option<usize>) -> Self {
        Self { json, limit: limit.unwrap_or(usize::MAX), to: std::io::stdout() }
    }

    fn table(&self, names: &[&str]) -> ViewRows {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        ViewRows::new(names, Format::Table, Box::new(std::io::stdout()))
    }

    /// One JSON array, an entry a line.
    fn array<T: serde::Serialize>(&mut self, entries: impl Iterator<Item = anyhow::Result<T>>) -> anyhow::Result<()> {
        let mut to = std::io::BufWriter::new(self.to.lock());
        let mut any = false;
        for entry in entries {
            to.write_all(if any { b",\n" } else { b"[\n" })?;
            serde_json::to_writer(&mut to, &entry?)?;
            any = true;
        }
        to.write_all(if any { b"\n]\n" } else { b"[]\n" })?;
        Ok(to.flush()?)
    }

    /// The process map.
    pub fn map(&mut self, map: &ProcessMap) -> anyhow::Result<()> {
        if self.json {
            writeln!(self.to, "{}", serde_json::to_string(map)?)?;
            return Ok(());
        }
        let mut rows = self.table(&["from", "to", "count", "median", "p95"]);
        for start in &map.starts {
            rows.row(texts([
                Some("(start)".into()),
                Some(start.step.to_string()),
                Some(start.count.to_string()),
                None,
                None,
            ]))?;
        }
        for edge in map.edges.iter().take(self.limit) {
            let span = |ms: Option<f64>| {
                ms.map(|ms| if ms < 1e9 { format_span_ns((ms * 1e6) as i64) } else { format_span_ms(ms as i64) })
            };
            rows.row(texts([
                Some(edge.from.to_string()),
                Some(edge.to.to_string()),
                Some(edge.count.to_string()),
                span(edge.median_ms),
                span(edge.p95_ms),
            ]))?;
        }
        for end in &map.ends {
            rows.row(texts([
                Some(end.step.to_string()),
                Some("(end)".into()),
                Some(end.count.to_string()),
                None,
                None,
            ]))?;
        }
        Ok(rows.flush()?)
    }

    /// The ways that threads go.
    pub fn variants(&mut self, threads: &Threads, variants: &[Variant]) -> anyhow::Result<()> {
        let names = |variant: &Variant| -> Vec<String> {
            variant.steps.iter().map(|&step| threads.step_name(step).to_string()).collect()
        };
        let shown = |variant: &Variant| -> Vec<String> {
            variant.steps.iter().map(|&step| plain(threads.step_name(step)).into_owned()).collect()
        };
        let limit = self.limit;
        if self.json {
            let entry = |variant: &Variant| Ok(json!({ "steps": names(variant), "count": variant.count }));
            return self.array(variants.iter().take(limit).map(entry));
        }
        let all: u64 = variants.iter().map(|variant| variant.count).sum();
        let mut text = String::from("   COUNT   SHARE  STEPS\n");
        for variant in variants.iter().take(limit) {
            let share = variant.count as f64 * 100.0 / all.max(1) as f64;
            text += &format!("{:>8}  {share:>5.1}%  {}\n", variant.count, shown(variant).join(" → "));
        }
        Ok(self.to.write_all(text.as_bytes())?)
    }

    /// The fields by which events are tied.
    pub fn fields(&mut self, profile: &Profile) -> anyhow::Result<()> {
        if self.json {
            writeln!(self.to, "{}", serde_json::to_string(profile)?)?;
            return Ok(());
        }
        let mut rows = self.table(&["topic", "field", "role", "ties", "because"]);
        for topic in &profile.topics {
            for field in &topic.fields {
                let ties = match (field.ties, field.within_topic) {
                    (false, _) => "no",
                    (true, true) => "within the topic",
                    (true, false) => "yes",
                };
                rows.row(texts([
                    Some(topic.topic.to_string()),
                    Some(field.field.to_string()),
                    Some(field.role.to_string()),
                    Some(ties.to_owned()),
                    Some(field.because.clone()),
                ]))?;
            }
        }
        Ok(rows.flush()?)
    }

    /// A list of threads.
    pub fn list(
        &mut self,
        threads: &Threads,
        snapshot: &Snapshot,
        numbers: impl Iterator<Item = u32>,
        diagnosed: &Diagnosed,
    ) -> anyhow::Result<()> {
        let numbers = numbers.take(self.limit);
        if self.json {
            let entry = |thread| Ok(threads.listed(thread, diagnosed, snapshot)?);
            return self.array(numbers.map(entry));
        }
        let mut rows =
            self.table(&["thread", "start", "duration", "events", "participants", "last", "outcome", "findings"]);
        for thread in numbers {
            let Listed { glance, findings } = threads.listed(thread, diagnosed, snapshot)?;
            rows.row(texts([
                Some(glance.thread),
                glance.start,
                glance.duration_ms.map(format_span_ms),
                Some(glance.event_count.to_string()),
                Some(glance.participants.len().to_string()),
                Some(glance.last.to_string()),
                Some(glance.outcome.to_owned()),
                Some(findings.join(", ")),
            ]))?;
        }
        Ok(rows.flush()?)
    }

    /// What was found.
    pub fn findings(&mut self, threads: &Threads, snapshot: &Snapshot, diagnosed: &Diagnosed) -> anyhow::Result<()> {
        let limit = self.limit;
        if self.json {
            let entry = |finding| Ok(threads.finding(finding, snapshot)?);
            return self.array(diagnosed.findings.iter().take(limit).map(entry));
        }
        let mut text = String::new();
        for finding in diagnosed.findings.iter().take(limit) {
            let thread = finding.thread.map(|thread| threads.label(thread, snapshot)).transpose()?;
            let at = finding.at_ms.map(format_iso_ms).unwrap_or_default();
            text += &format!(
                "{at:<24}  {:<19}  {:>5}  {}{}\n",
                finding.kind.title(),
                finding.sure(),
                thread.map(|thread| format!("{}: ", plain(&thread))).unwrap_or_default(),
                plain(&threads.words(finding, snapshot)?)
            );
        }
        Ok(self.to.write_all(text.as_bytes())?)
    }

    /// The threads that an id names: one event by event; several as a list, or event by event as an object a line.
    pub fn named(
        &mut self,
        threads: &Threads,
        snapshot: &Snapshot,
        named: &[u32],
        diagnosed: &Diagnosed,
    ) -> anyhow::Result<()> {
        if named.len() > 1 && !self.json {
            return self.list(threads, snapshot, named.iter().copied(), diagnosed);
        }
        named.iter().take(self.limit).try_for_each(|&thread| self.thread(threads, snapshot, thread, diagnosed))
    }

    /// One thread, event by event.
    fn thread(
        &mut self,
        threads: &Threads,
        snapshot: &Snapshot,
        thread: u32,
        diagnosed: &Diagnosed,
    ) -> anyhow::Result<()> {
        if self.json {
            writeln!(self.to, "{}", serde_json::to_string(&threads.story(thread, diagnosed, snapshot)?)?)?;
            return Ok(());
        }
        let events = threads.events_of(thread);
        // In the order of their effects.
        let mut edges = threads.edges(thread).into_iter().peekable();
        let mut rows = self.table(&["#", "time", "step", "participant", "event", "after", "caused by"]);
        for (place, &event) in events.iter().enumerate() {
            let edge = edges.next_if(|edge| edge.to as usize == place);
            let cause = edge.map(|edge| match edge.kind.is_exact() {
                true => format!("# {} ({})", edge.from + 1, edge.kind.name()),
                false => String::from("follows"),
            });
            rows.row(texts([
                Some((place + 1).to_string()),
                threads.time_ms(event).map(format_iso_ms),
                Some(threads.step_name(threads.step(event)).to_string()),
                Some(threads.participant_name(threads.participant(event)).to_string()),
                Some(threads.coordinates(event).to_string()),
                edge.and_then(|edge| edge.latency_ms).map(format_span_ms),
                cause,
            ]))?;
        }
        rows.flush()?;
        for finding in diagnosed.of(thread) {
            let what = threads.words(finding, snapshot)?;
            writeln!(self.to, "{} ({} sure): {}", finding.kind.title(), finding.sure(), plain(&what))?;
        }
        Ok(())
    }
}

fn texts<const N: usize>(texts: [Option<String>; N]) -> impl Iterator<Item = Cell<'static>> {
    texts.into_iter().map(|text| text.map_or(Cell::Text("".into()), |text| Cell::Text(text.into()))).map(|cell| {
        // An empty place in these tables is no empty text.
        if matches!(&cell, Cell::Text(text) if text.is_empty()) { Cell::Text("·".into()) } else { cell }
    })
}
