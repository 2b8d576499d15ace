//! `fabula topology`: who writes and who reads which topic, and what nobody can tell.

use std::io::Write as _;
use std::sync::atomic::AtomicU64;

use anyhow::{Context as _, bail};
use clap::Args;
use fabula_core::codec::Cell;
use fabula_core::event::time::{Moment, format_iso_ms};
use fabula_core::log::LogError;
use fabula_core::narrative::lag::Standings;
use fabula_core::narrative::threads::topology::{Flow, Topology as Known};
use fabula_core::narrative::threads::{Correlator, Settings, suggest};
use fabula_core::store::Snapshot;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::groups::put_lags;
use super::output::{Format, ViewRows};
use super::run::with_bar;
use super::source::{LogArgs, Source};
use super::span::{Span, SpanArgs};
use super::threads::Held;
use super::{interrupt, say};
use crate::{figures, standing};

/// Show who writes and who reads which topic, and what nobody can tell.
///
/// Writers are services that name themselves in a header, readers are consumer groups, and services whose events name those
/// of a topic as their cause (inferred).
#[derive(Debug, Args)]
pub struct Topology {
    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    span: SpanArgs,

    /// Where to stop, in the forms of --from.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    to: Option<Moment>,

    /// Write JSON.
    #[arg(long, short = 'J')]
    json: bool,
}

impl Topology {
    /// Reads, puts together, writes.
    pub fn run(self) -> anyhow::Result<()> {
        let span = self.span.span(self.to)?;
        let source = self.log.source()?;
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        let (held, groups) = held(source, span, &cancel)?;
        let snapshot = held.store.snapshot();
        let standings = groups.map(|groups| Standings::of(&groups, &snapshot));
        let known = put_together(&held, &snapshot, standings.as_ref(), &cancel)?;
        match self.json {
            true => writeln!(std::io::stdout(), "{}", to_json(&known))?,
            false => tables(&known)?,
        }
        if let Some(at_ms) = known.groups_at_ms {
            say(&format!("groups as of {}", format_iso_ms(at_ms)));
        }
        held.say(&snapshot, None)
    }
}

/// What the log holds, and its groups where it tells them.
fn held(
    source: Source,
    span: Span,
    cancel: &CancellationToken,
) -> anyhow::Result<(Held, Option<fabula_core::log::Groups>)> {
    if let Source::Recording(_) = source {
        let held = Held::of(source, span, cancel)?;
        let groups = held.store.groups().map(|groups| (*groups).clone());
        return Ok((held, groups));
    }
    super::runtime()?.block_on(async {
        let log = source.log()?;
        let held = Held::fetched(log.as_ref(), &span, cancel).await?;
        let groups = tokio::select! {
            groups = log.groups() => groups.context("the groups could not be listed")?,
            () = cancel.cancelled() => return Err(LogError::Cancelled.into()),
        };
        Ok((held, groups))
    })
}

fn put_together(
    held: &Held,
    snapshot: &Snapshot,
    standings: Option<&Standings>,
    cancel: &CancellationToken,
) -> anyhow::Result<Known> {
    let (profile, codecs) = suggest(snapshot, &held.topics, |_| None).context("the log could not be looked at")?;
    let mut correlator = Correlator::new(Settings { profile, codecs, range_ms: held.range_ms, ..Settings::default() });
    let topics = held.topics.iter().filter_map(|name| snapshot.topic(name));
    let events: u64 = topics.map(|topic| topic.events()).sum();
    let done = AtomicU64::new(0);
    let cancelled = || cancel.is_cancelled();
    let damages =
        with_bar(events, "events", &done, || correlator.take_snapshot(snapshot, &held.topics, &done, &cancelled));
    let known = Known::of(&correlator.threads(), &held.topics, &cancelled).with_groups(snapshot, standings);
    if cancel.is_cancelled() {
        return Err(LogError::Cancelled.into());
    }
    match damages.first() {
        Some(damage) => bail!("part of the recording is damaged, so writers and readers would be missing: {damage}"),
        None => Ok(known),
    }
}

fn table(names: &[&str]) -> ViewRows {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    ViewRows::new(names, Format::Table, Box::new(std::io::stdout()))
}

fn cells<const N: usize>(texts: [String; N]) -> impl Iterator<Item = Cell<'static>> {
    texts.into_iter().map(|text| Cell::Text(if text.is_empty() { "·".into() } else { text.into() }))
}

fn rate(flow: Flow) -> String {
    flow.per_second().map_or_else(String::new, figures::rate)
}

fn tables(known: &Known) -> anyhow::Result<()> {
    let at = |ms: Option<i64>| ms.map_or_else(String::new, format_iso_ms);
    let mut rows = table(&["writer", "topic", "events", "rate", "first", "last"]);
    for writer in &known.writers {
        let flow = writer.flow;
        rows.row(cells([
            writer.service.to_string(),
            writer.topic.to_string(),
            flow.events.to_string(),
            rate(flow),
            at(flow.first_ms),
            at(flow.last_ms),
        ]))?;
    }
    rows.flush()?;
    writeln!(std::io::stdout())?;
    let mut rows = table(&["reader", "topic", "by", "clients", "lag in events", "lag in time"]);
    for reader in &known.readers {
        let clients = reader.clients.as_ref().map_or_else(
            || "not told".to_owned(),
            |clients| clients.iter().map(|(client, host)| format!("{client} {host}")).collect::<Vec<_>>().join(", "),
        );
        rows.row(cells([
            reader.group.clone(),
            reader.topic.to_string(),
            "group".to_owned(),
            clients,
            reader.events.map_or_else(String::new, standing::number),
            reader.time.map_or_else(String::new, standing::time),
        ]))?;
    }
    for inferred in &known.inferred {
        let events = format!("{} caused by it", figures::of(inferred.events, "event"));
        rows.row(cells([
            inferred.service.to_string(),
            inferred.topic.to_string(),
            "inferred".to_owned(),
            events,
            String::new(),
            String::new(),
        ]))?;
    }
    rows.flush()?;
    writeln!(std::io::stdout(), "\nNOT KNOWN")?;
    for unknown in &known.unknown {
        writeln!(std::io::stdout(), "{unknown}")?;
    }
    if known.unknown.is_empty() {
        writeln!(std::io::stdout(), "readers that commit nowhere")?;
    }
    Ok(())
}

fn put_flow(object: &mut Value, flow: Flow) {
    object["events"] = flow.events.into();
    object["per_second"] = flow.per_second().into();
    object["first"] = flow.first_ms.map(format_iso_ms).into();
    object["first_ms"] = flow.first_ms.into();
    object["last"] = flow.last_ms.map(format_iso_ms).into();
    object["last_ms"] = flow.last_ms.into();
}

fn to_json(known: &Known) -> Value {
    let topics = known.topics.iter().map(|topic| {
        let mut told = json!({ "topic": &*topic.topic, "unnamed": topic.unnamed, "dead_letters": topic.dead_letters });
        put_flow(&mut told, topic.flow);
        told
    });
    let writers = known.writers.iter().map(|writer| {
        let mut told = json!({ "service": &*writer.service, "topic": &*writer.topic });
        put_flow(&mut told, writer.flow);
        told
    });
    let readers = known.readers.iter().map(|reader| {
        let clients = reader.clients.as_ref().map(|clients| {
            let client = |(id, host): &(String, String)| json!({ "client_id": id, "host": host });
            clients.iter().map(client).collect::<Vec<Value>>()
        });
        let mut told = json!({
            "group": reader.group,
            "topic": &*reader.topic,
            "state": reader.state,
            "clients": clients,
            "committed_partitions": reader.committed,
            "partitions": reader.partitions,
        });
        put_lags(&mut told, reader.events, reader.time);
        told
    });
    let inferred = known.inferred.iter().map(|inferred| {
        let at = &inferred.example;
        json!({
            "service": &*inferred.service,
            "topic": &*inferred.topic,
            "events": inferred.events,
            "example": { "topic": &*at.topic, "partition": at.partition, "offset": at.offset },
        })
    });
    let unknown = known.unknown.iter().map(|unknown| {
        json!({
            "what": unknown.name(),
            "topic": unknown.topic().map(|topic| topic.to_string()),
            "group": unknown.group(),
            "text": unknown.to_string(),
        })
    });
    json!({
        "topics": topics.collect::<Vec<Value>>(),
        "writers": writers.collect::<Vec<Value>>(),
        "readers": readers.collect::<Vec<Value>>(),
        "inferred": inferred.collect::<Vec<Value>>(),
        "not_known": unknown.collect::<Vec<Value>>(),
        "groups_as_of": known.groups_at_ms.map(format_iso_ms),
        "groups_as_of_ms": known.groups_at_ms,
    })
}
