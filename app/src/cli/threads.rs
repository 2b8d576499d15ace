//! `fabula threads`: the events that belong together, across topics.

mod written;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::{Context as _, bail};
use clap::Args;
use fabula_core::codec::{Choice, TopicCodecs};
use fabula_core::event::TopicName;
use fabula_core::event::time::Moment;
use fabula_core::expr::{Expr, Source as Place};
use fabula_core::log::{Log, LogError};
use fabula_core::narrative::threads::diagnose::{Diagnosed, Extent, Kind, shape_changes};
use fabula_core::narrative::threads::{Correlator, Field, Profile, Settings, StepNames, Threads as Tied, suggest};
use fabula_core::store::record::RecordReport;
use fabula_core::store::{RecordingLog, Snapshot, Store};
use tokio_util::sync::CancellationToken;

use super::coverage::{say_held, say_recorded};
use super::fetch::fetch;
use super::pipeline::{BUDGET_BYTES, say_unseen};
use super::run::with_bar;
use super::source::{LogArgs, Source};
use super::span::{Span, SpanArgs};
use super::{Usage, interrupt, say};
use crate::figures;
use written::Writer;

/// Tie events into threads: the events of one order, one request, across topics.
///
/// By which fields, is found out by looking at names and data (--fields shows it), unless --by says. Without --map,
/// --variants, --diagnose or --id the threads are listed.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["map", "variants", "diagnose", "id", "fields"]))]
pub struct Threads {
    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    span: SpanArgs,

    /// Where to stop, in the forms of --from.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    to: Option<Moment>,

    /// Tie by this field and no other: key, value.order_id, headers.correlationid. Several tie where any is equal, those with
    /// a + between only where all are: value.tenant+value.order_id.
    #[arg(long, value_name = "FIELD", num_args = 1..)]
    by: Vec<String>,

    /// What a step is: an expression, such as value.status. Unless it is said, the event's type, else its topic.
    #[arg(long, value_name = "EXPR")]
    step: Option<String>,

    /// The process map: which step directly follows which, how often, how fast.
    #[arg(long)]
    map: bool,

    /// The ways that threads go, the most frequent first.
    #[arg(long)]
    variants: bool,

    /// What is unusual, with its evidence and how sure it is.
    #[arg(long)]
    diagnose: bool,

    /// The thread of an order's number, a trace's id or header, an event's identity, or topic/partition/offset; where
    /// nothing ties by it, of whatever has it in an event. Of several a list.
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// By which fields events are tied, and why.
    #[arg(long)]
    fields: bool,

    /// At most so many threads, variants or findings.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Write JSON.
    #[arg(long, short = 'J')]
    json: bool,

    /// Decode keys as this format: json, text, short, int, long, float, double, uuid or bytes.
    #[arg(long, value_name = "FORMAT")]
    key_codec: Option<Choice>,

    /// Decode values as this format.
    #[arg(long, value_name = "FORMAT")]
    value_codec: Option<Choice>,
}

/// What a log holds of the topics, and what is to be said of that.
pub(super) struct Held {
    pub(super) store: Store,
    pub(super) topics: Vec<TopicName>,
    pub(super) range_ms: Option<(i64, i64)>,
    covered: Covered,
}

enum Covered {
    Recorded(RecordReport),
    Recording(fabula_core::log::plan::Plan),
}

impl Threads {
    /// Ties, writes what was asked for, says what that covers.
    pub fn run(self) -> anyhow::Result<()> {
        let span = self.span.span(self.to)?;
        let by = self.by.iter().map(|by| fields(by)).collect::<Result<Vec<Vec<Field>>, Usage>>()?;
        let step = self.step.as_deref().map(parsed_step).transpose()?;
        let steps = step.clone().map(steps);
        let source = self.log.source()?;
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        let held = Held::of(source, span, &cancel)?;
        let snapshot = held.store.snapshot();
        let named = |topic: &TopicName| self.codecs(&snapshot, topic);
        let (mut profile, codecs) =
            suggest(&snapshot, &held.topics, named).context("the log could not be looked at")?;
        let fields =
            by.iter().flatten().map(place).chain(step.iter().flat_map(Expr::sources).cloned()).collect::<Vec<_>>();
        say_unseen(&snapshot, &held.topics, &fields, (self.key_codec, self.value_codec));
        let asked = !by.is_empty();
        if asked {
            profile = Profile::by_fields(&by, &held.topics, &profile);
        }
        let mut writer = Writer::new(self.json, self.limit);
        if self.fields {
            writer.fields(&profile)?;
            return held.say(&snapshot, None);
        }
        let settings = Settings { profile, codecs, steps, range_ms: held.range_ms, keep_hubs: asked };
        let threads = self.tie(&held, &snapshot, settings, &cancel)?;
        let diagnosed = self.write(&held, &snapshot, &threads, &mut writer, &cancel)?;
        self.tell(&threads, &snapshot)?;
        if self.diagnose {
            tell_findings(&diagnosed);
        }
        held.say(&snapshot, Some(&threads))
    }

    fn codecs(&self, snapshot: &Snapshot, topic: &TopicName) -> Option<TopicCodecs> {
        (self.key_codec.is_some() || self.value_codec.is_some()).then_some(())?;
        fabula_core::schema::codecs_of(snapshot.topic(topic)?, self.key_codec, self.value_codec)
    }

    fn tie(
        &self,
        held: &Held,
        snapshot: &Snapshot,
        settings: Settings,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Tied> {
        let topics = held.topics.iter().filter_map(|name| snapshot.topic(name));
        let events: u64 = topics.map(|topic| topic.events()).sum();
        let mut correlator = Correlator::new(settings);
        let done = AtomicU64::new(0);
        let damages = with_bar(events, "events", &done, || {
            correlator.take_snapshot(snapshot, &held.topics, &done, &|| cancel.is_cancelled())
        });
        if cancel.is_cancelled() {
            return Err(LogError::Cancelled.into());
        }
        if let Some(damage) = damages.first() {
            bail!(
                "{} of the recording are damaged, so threads would lack events: {damage}",
                figures::of(damages.len() as u64, "part")
            );
        }
        Ok(correlator.threads())
    }

    fn write(
        &self,
        held: &Held,
        snapshot: &Snapshot,
        threads: &Tied,
        writer: &mut Writer,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Diagnosed> {
        if self.map {
            writer.map(&threads.map())?;
            return Ok(Diagnosed::default());
        }
        if self.variants {
            writer.variants(threads, &threads.variants())?;
            return Ok(Diagnosed::default());
        }
        let diagnosed = self.diagnosed(held, snapshot, threads, cancel)?;
        match &self.id {
            Some(id) => {
                let found = named(id, threads, snapshot, &held.topics)?;
                writer.named(threads, snapshot, &found, &diagnosed)?;
            }
            None if self.diagnose => writer.findings(threads, snapshot, &diagnosed)?,
            None => writer.list(threads, snapshot, 0..threads.len() as u32, &diagnosed)?,
        }
        Ok(diagnosed)
    }

    fn diagnosed(
        &self,
        held: &Held,
        snapshot: &Snapshot,
        threads: &Tied,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Diagnosed> {
        let mut extent = Extent::of(snapshot, &held.topics);
        extent.from_ms = held.range_ms.map(|(from, _)| from).filter(|from| *from > i64::MIN);
        extent.cut_ms = held.range_ms.map(|(_, to)| to).filter(|to| *to < i64::MAX);
        let done = AtomicU64::new(0);
        let cancelled = || cancel.is_cancelled();
        let mut diagnosed = threads.diagnose(&extent, &done, &cancelled);
        if self.diagnose {
            diagnosed.add(shape_changes(threads, snapshot, &cancelled)?);
        }
        if cancel.is_cancelled() {
            return Err(LogError::Cancelled.into());
        }
        Ok(diagnosed)
    }

    /// Says what is in no thread, and which values were left out.
    fn tell(&self, threads: &Tied, snapshot: &Snapshot) -> anyhow::Result<()> {
        let tied = threads.events_taken() - threads.loose();
        let loose = match threads.loose() {
            0 => String::new(),
            loose => format!("; {} in no thread: no field of theirs ties", figures::of(loose, "event")),
        };
        say(&format!("{} of {}{loose}", figures::of(threads.len() as u64, "thread"), figures::of(tied, "event")));
        for hub in threads.hubs() {
            let value = threads.hub_value(&hub, snapshot)?;
            let value = value.map(|said| format!("{} = “{}”", said.field, said.text)).unwrap_or_default();
            let events = figures::of(hub.events.into(), "event");
            say(&format!(
                "left out, since it would tie many stories into one: {value} ({events}, such as {})",
                hub.example
            ));
        }
        if threads.has_others() {
            let most = figures::count(u16::MAX.into());
            say(&format!("there are more kinds of steps or services than {most}: the others are one, “(others)”"));
        }
        if threads.refused() > 0 {
            say(&format!("there was no room for {}", figures::of(threads.refused(), "value")));
        }
        Ok(())
    }
}

impl Held {
    /// Gets what is asked for: a recording as it is, any other log into a temporary copy.
    pub(super) fn of(source: Source, span: Span, cancel: &CancellationToken) -> anyhow::Result<Self> {
        let runtime = super::runtime()?;
        match source {
            Source::Recording(dir) => {
                let (store, _) = Store::open(&dir)?;
                let log = RecordingLog::new(store.clone());
                let (topics, plan) =
                    runtime.block_on(async { anyhow::Ok((span.topic_names(&log).await?, span.plan(&log).await?)) })?;
                say_damage(&store, &topics, cancel);
                let range_ms = range(plan.from_ms, plan.to_ms);
                Ok(Self { store, topics, range_ms, covered: Covered::Recording(plan) })
            }
            source => runtime.block_on(async {
                let log = source.log()?;
                Self::fetched(log.as_ref(), &span, cancel).await
            }),
        }
    }

    /// Reads a log into a temporary copy.
    pub(super) async fn fetched(log: &dyn Log, span: &Span, cancel: &CancellationToken) -> anyhow::Result<Self> {
        let asked = async { anyhow::Ok((span.topic_names(log).await?, span.plan(log).await?)) };
        let (topics, plan) = tokio::select! {
            asked = asked => asked?,
            () = cancel.cancelled() => return Err(LogError::Cancelled.into()),
        };
        let range_ms = range(plan.from_ms, plan.to_ms);
        let store = Store::temporary(log.origin(), BUDGET_BYTES)?;
        let report = fetch(log, plan, &store, cancel).await?;
        Ok(Self { store, topics, range_ms, covered: Covered::Recorded(report) })
    }

    pub(super) fn say(&self, snapshot: &Snapshot, threads: Option<&Tied>) -> anyhow::Result<()> {
        match &self.covered {
            Covered::Recorded(report) => say_recorded(report, false),
            Covered::Recording(plan) => {
                let held: u64 =
                    self.topics.iter().filter_map(|name| snapshot.topic(name)).map(|topic| topic.events()).sum();
                say_held(snapshot, plan, threads.map_or(held, Tied::events_taken))
            }
        }
    }
}

/// Holds what a recording has of topics against its checksums, and says what is damaged: that is left out from then on.
fn say_damage(store: &Store, topics: &[TopicName], cancel: &CancellationToken) {
    let snapshot = store.snapshot();
    let segments = topics.iter().filter_map(|name| snapshot.topic(name)).flat_map(|topic| topic.segments());
    for segment in segments.take_while(|_| !cancel.is_cancelled()) {
        // The store keeps what was found.
        let _ = segment.verify();
    }
    store.damages().iter().for_each(|damage| say(&damage.to_string()));
}

/// The threads that an id names: those that it ties, else those that have it anywhere.
fn named(id: &str, threads: &Tied, snapshot: &Snapshot, topics: &[TopicName]) -> anyhow::Result<Vec<u32>> {
    let found = threads.find_all(id);
    if !found.is_empty() {
        if found.len() > 1 {
            say(&format!("“{id}” is said in {}", figures::of(found.len() as u64, "thread")));
        }
        // What does not tie may say it all the same.
        let beside = threads.mentioned_beside(id, &found, snapshot, topics)?;
        if let Some(events) = beside.map(|beside| beside.events).filter(|events| *events > 0) {
            let (more, verb) = (figures::count(events), if events == 1 { "event mentions" } else { "events mention" });
            say(&format!("{more} more {verb} “{id}”, outside of what it ties"));
        }
        return Ok(found);
    }
    let mentions = threads.mentioning(id, snapshot, topics)?;
    if mentions.damaged > 0 {
        bail!("{} damaged, so “{id}” may be there", figures::of(mentions.damaged as u64, "part"));
    }
    let in_threads = figures::of(mentions.threads.len() as u64, "thread");
    match (mentions.threads.is_empty(), mentions.loose) {
        (false, _) => say(&format!("“{id}” ties nothing; {in_threads} have it in an event")),
        (true, 0) => bail!("no thread says “{id}”; there are {}", figures::of(threads.len() as u64, "thread")),
        (true, loose) => bail!("no thread says “{id}”; {} in no thread have it", figures::of(loose, "event")),
    }
    Ok(mentions.threads)
}

fn range(from_ms: Option<i64>, to_ms: Option<i64>) -> Option<(i64, i64)> {
    (from_ms.is_some() || to_ms.is_some()).then(|| (from_ms.unwrap_or(i64::MIN), to_ms.unwrap_or(i64::MAX)))
}

/// Says how much was found of each kind.
fn tell_findings(diagnosed: &Diagnosed) {
    let counts = Kind::ALL.iter().filter_map(|kind| {
        let count = diagnosed.findings.iter().filter(|finding| finding.kind == *kind).count();
        (count > 0).then(|| format!("{} {}", figures::count(count as u64), kind.title().to_lowercase()))
    });
    let counts: Vec<String> = counts.collect();
    match counts.is_empty() {
        true => say("nothing unusual was found"),
        false => say(&format!("found: {}", counts.join(", "))),
    }
}

/// The fields that one entry of --by names: one, or several that tie only together.
fn fields(by: &str) -> Result<Vec<Field>, Usage> {
    // A name in quotes may have a plus of its own.
    if let Ok(one) = field(by) {
        return Ok(vec![one]);
    }
    by.split('+').map(|part| field(part.trim())).collect()
}

/// The field that --by names.
fn field(by: &str) -> Result<Field, Usage> {
    let expr = Expr::parse(by).map_err(|error| Usage::pointing(format!("--by: {error}"), error.pointed()))?;
    match expr.field() {
        Some(Place::Key(path)) => Ok(Field::Key(path.clone())),
        Some(Place::Value(path)) => Ok(Field::Value(path.clone())),
        Some(Place::Header(name)) => Ok(Field::Header(name.clone())),
        _ => Err(Usage::new(format!("--by “{by}” is no field of a key, a value or a header: write value.order_id"))),
    }
}

/// Where a field stands in an event.
fn place(field: &Field) -> Place {
    match field {
        Field::Key(path) => Place::Key(path.clone()),
        Field::Value(path) => Place::Value(path.clone()),
        Field::Header(name) => Place::Header(name.clone()),
    }
}

fn parsed_step(text: &str) -> Result<Expr, Usage> {
    Expr::parse(text).map_err(|error| Usage::pointing(format!("--step: {error}"), error.pointed()))
}

/// What --step makes of an event.
fn steps(expr: Expr) -> StepNames {
    Arc::new(move |batch, rows, codecs| {
        let cells = expr.evaluate(batch, rows, codecs);
        let name = |cell: fabula_core::codec::Cell<'_>| match cell {
            fabula_core::codec::Cell::Missing
            | fabula_core::codec::Cell::Null
            | fabula_core::codec::Cell::Failed(_) => None,
            cell => Some(cell.to_string()),
        };
        cells.into_iter().map(name).collect()
    })
}
