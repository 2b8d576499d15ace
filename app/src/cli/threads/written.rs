//! Threads, maps, variants and findings as tables and as JSON.

use std::io::{Stdout, Write as _};

use fabula_core::codec::Cell;
use fabula_core::event::Coordinates;
use fabula_core::event::time::{format_iso_ms, format_span_ns};
use fabula_core::narrative::threads::diagnose::{Diagnosed, Diagnosis, Kind};
use fabula_core::narrative::threads::{ProcessMap, Profile, Threads, Variant};
use fabula_core::store::Snapshot;
use serde_json::{Value, json};

use crate::cli::output::{Format, ViewRows};

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
    fn array(&mut self, entries: impl Iterator<Item = anyhow::Result<Value>>) -> anyhow::Result<()> {
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
            let span = |ms: Option<f64>| ms.map(|ms| format_span_ns((ms * 1e6) as i64));
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
        let limit = self.limit;
        if self.json {
            let entry = |variant: &Variant| Ok(json!({ "steps": names(variant), "count": variant.count }));
            return self.array(variants.iter().take(limit).map(entry));
        }
        let all: u64 = variants.iter().map(|variant| variant.count).sum();
        let mut text = String::from("   COUNT   SHARE  STEPS\n");
        for variant in variants.iter().take(limit) {
            let share = variant.count as f64 * 100.0 / all.max(1) as f64;
            text += &format!("{:>8}  {share:>5.1}%  {}\n", variant.count, names(variant).join(" → "));
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
            let entry = |thread| Ok(summary(threads, snapshot, thread, diagnosed)?);
            return self.array(numbers.map(entry));
        }
        let mut rows =
            self.table(&["thread", "start", "duration", "events", "participants", "last", "outcome", "findings"]);
        for thread in numbers {
            let summary = threads.summary(thread);
            let duration = summary.start_ms.zip(summary.end_ms).map(|(start, end)| end - start);
            let kinds = kinds(diagnosed.of(thread));
            rows.row(texts([
                Some(threads.label(thread, snapshot)?),
                summary.start_ms.map(format_iso_ms),
                duration.map(|ms| format_span_ns(ms * 1_000_000)),
                Some(summary.events.to_string()),
                Some(summary.participants.len().to_string()),
                Some(threads.step_name(summary.last).to_string()),
                Some(diagnosed.outcome(thread).name().to_owned()),
                Some(kinds.join(", ")),
            ]))?;
        }
        Ok(rows.flush()?)
    }

    /// What was found.
    pub fn findings(&mut self, threads: &Threads, snapshot: &Snapshot, diagnosed: &Diagnosed) -> anyhow::Result<()> {
        let limit = self.limit;
        if self.json {
            let entry = |finding| Ok(finding_json(threads, snapshot, finding)?);
            return self.array(diagnosed.findings.iter().take(limit).map(entry));
        }
        let mut text = String::new();
        for finding in diagnosed.findings.iter().take(limit) {
            let thread = finding.thread.map(|thread| threads.label(thread, snapshot)).transpose()?;
            let at = finding.at_ms.map(format_iso_ms).unwrap_or_default();
            text += &format!(
                "{at:<24}  {:<19}  {:>3.0} %  {}{}\n",
                finding.kind.title(),
                finding.sureness * 100.0,
                thread.map(|thread| format!("{thread}: ")).unwrap_or_default(),
                what(threads, snapshot, finding)?
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
        let events = threads.events_of(thread);
        let edges = threads.edges(thread);
        if self.json {
            let mut told = summary(threads, snapshot, thread, diagnosed)?;
            told["findings"] = diagnosed
                .of(thread)
                .iter()
                .map(|finding| finding_json(threads, snapshot, finding))
                .collect::<Result<_, _>>()?;
            told["events"] = events.iter().map(|&event| event_json(threads, event)).collect();
            let edge = |edge: &fabula_core::narrative::threads::Edge| {
                json!({
                    "from": edge.from, "to": edge.to, "kind": edge.kind.name(), "exact": edge.kind.is_exact(),
                    "latency_ms": edge.latency_ms,
                })
            };
            told["edges"] = edges.iter().map(edge).collect();
            writeln!(self.to, "{told}")?;
            return Ok(());
        }
        let mut rows = self.table(&["#", "time", "step", "participant", "event", "after", "caused by"]);
        for (place, &event) in events.iter().enumerate() {
            let edge = edges.iter().find(|edge| edge.to as usize == place);
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
                edge.and_then(|edge| edge.latency_ms).map(|ms| format_span_ns(ms.saturating_mul(1_000_000))),
                cause,
            ]))?;
        }
        rows.flush()?;
        for finding in diagnosed.of(thread) {
            let what = what(threads, snapshot, finding)?;
            writeln!(self.to, "{} ({:.0} % sure): {what}", finding.kind.title(), finding.sureness * 100.0)?;
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

fn kinds(findings: &[Diagnosis]) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = findings.iter().map(|finding| finding.kind.name()).collect();
    kinds.dedup();
    kinds
}

fn coordinates(at: &Coordinates) -> Value {
    json!({ "topic": &*at.topic, "partition": at.partition, "offset": at.offset })
}

fn event_json(threads: &Threads, event: u32) -> Value {
    let mut told = coordinates(&threads.coordinates(event));
    let at = threads.time_ms(event);
    told["timestamp"] = at.map(format_iso_ms).into();
    told["timestamp_ms"] = at.into();
    told["step"] = threads.step_name(threads.step(event)).to_string().into();
    told["participant"] = threads.participant_name(threads.participant(event)).to_string().into();
    told
}

fn summary(
    threads: &Threads,
    snapshot: &Snapshot,
    thread: u32,
    diagnosed: &Diagnosed,
) -> Result<Value, fabula_core::store::Damage> {
    let summary = threads.summary(thread);
    let participants: Vec<&str> = summary.participants.iter().map(|&who| &**threads.participant_name(who)).collect();
    Ok(json!({
        "thread": threads.label(thread, snapshot)?,
        "start": summary.start_ms.map(format_iso_ms),
        "start_ms": summary.start_ms,
        "end": summary.end_ms.map(format_iso_ms),
        "end_ms": summary.end_ms,
        "duration_ms": summary.start_ms.zip(summary.end_ms).map(|(start, end)| end - start),
        "event_count": summary.events,
        "participants": participants,
        "first": &**threads.step_name(summary.first),
        "last": &**threads.step_name(summary.last),
        "outcome": diagnosed.outcome(thread).name(),
        "findings": kinds(diagnosed.of(thread)),
    }))
}

/// A finding's words; of a dead letter with the reason that its headers give.
fn what(threads: &Threads, snapshot: &Snapshot, finding: &Diagnosis) -> Result<String, fabula_core::store::Damage> {
    let reason = match (finding.kind, finding.evidence.first()) {
        (Kind::DeadLettered, Some(at)) => threads.reason(at, snapshot)?,
        _ => None,
    };
    Ok(match reason {
        Some(reason) => format!("{}: {reason}", finding.what),
        None => finding.what.clone(),
    })
}

fn finding_json(
    threads: &Threads,
    snapshot: &Snapshot,
    finding: &Diagnosis,
) -> Result<Value, fabula_core::store::Damage> {
    let evidence: Vec<Value> = finding.evidence.iter().map(coordinates).collect();
    Ok(json!({
        "kind": finding.kind.name(),
        "thread": finding.thread.map(|thread| threads.label(thread, snapshot)).transpose()?,
        "what": what(threads, snapshot, finding)?,
        "sureness": (finding.sureness * 1000.0).round() / 1000.0,
        "may_still_come": finding.may_still_come,
        "certainty": finding.certainty.name(),
        "missing": finding.missing.iter().map(|&step| &**threads.step_name(step)).collect::<Vec<&str>>(),
        "participant": finding.skew.as_ref().map(|skew| &*skew.participant),
        "skew_ms": finding.skew.as_ref().map(|skew| skew.ms),
        "skew_within_ms": finding.skew.as_ref().and_then(|skew| skew.within_ms),
        "timestamp": finding.at_ms.map(format_iso_ms),
        "timestamp_ms": finding.at_ms,
        "evidence": evidence,
    }))
}
