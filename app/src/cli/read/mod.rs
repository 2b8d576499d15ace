//! `fabula read`: events in the narrative's order.
//!
//! A recording is read where it lies. Any other log is first recorded into a temporary store, as far as the answer
//! needs, and told from there; `--follow` then goes on with what comes.

mod follow;
mod gather;
mod question;
mod told;

use std::collections::BTreeMap;

use anyhow::ensure;
use clap::Args;
use fabula_core::codec::Choice;
use fabula_core::event::time::Moment;
use fabula_core::log::plan::Plan;
use fabula_core::log::{Log, LogError};
use fabula_core::store::{RecordingLog, Store};
use tokio_util::sync::CancellationToken;

use super::coverage::{say_held, say_recorded};
use super::output::{Decoding, Form, Format, Output};
use super::source::{LogArgs, Source};
use super::span::{Span, SpanArgs};
use super::{Usage, interrupt, say};
use crate::figures;
use gather::Gathered;
use question::Question;
use told::{Answer, Damages, Part, Take};

/// How much of the disk a temporary copy may take.
const BUDGET_BYTES: u64 = 32 << 30;

/// Read events of one or more topics, merged by time.
///
/// The order is time, topic, partition, offset. What was read, and whether that is all, is said on stderr.
#[derive(Debug, Args)]
pub struct Read {
    #[command(flatten)]
    log: LogArgs,

    #[command(flatten)]
    span: SpanArgs,

    /// Where to stop, in the forms of --from.
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    to: Option<Moment>,

    /// Stop after so many matching events, the oldest ones. With `--from latest`: the newest ones.
    #[arg(short = 'c', long, visible_alias = "count", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// The newest so many matching events: a window of time without gaps, whatever the partitions.
    #[arg(long, value_name = "N", conflicts_with = "limit", value_parser = clap::value_parser!(u64).range(1..))]
    last: Option<u64>,

    /// Only events for which this holds, such as "value.amount > 100 AND headers.source = 'web'".
    #[arg(long = "where", value_name = "EXPR")]
    condition: Option<String>,

    /// Expressions to show beside key and value, such as value.amount (tables and CSV).
    #[arg(long, value_name = "FIELD", num_args = 1..)]
    columns: Vec<String>,

    /// Go on with what comes, until Ctrl+C (or until --limit).
    #[arg(short, long, conflicts_with = "to")]
    follow: bool,

    /// The form of the output.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// The same as --format json.
    #[arg(short = 'J', conflicts_with = "format")]
    json: bool,

    /// Decode keys as this format: json, text, short, int, long, float, double, uuid or bytes.
    #[arg(long, value_name = "FORMAT")]
    key_codec: Option<Choice>,

    /// Decode values as this format.
    #[arg(long, value_name = "FORMAT")]
    value_codec: Option<Choice>,
}

impl Read {
    /// Reads, writes and says what that covers.
    pub fn run(self) -> anyhow::Result<()> {
        let span = self.span.span(self.to)?;
        let source = self.log.source()?;
        let is_recording = matches!(source, Source::Recording(_));
        ensure!(!(self.follow && is_recording), Usage::new("a recording does not grow: leave --follow out"));
        let is_json = self.json || self.format == Format::Json;
        let no_columns = "--format json has every field already: --columns is for tables and CSV";
        ensure!(!is_json || self.columns.is_empty(), Usage::new(no_columns));
        let mut question = Question::new(self.condition.as_deref(), &self.columns, self.key_codec, self.value_codec)?;
        let cancel = interrupt::cancelled_by_ctrl_c()?;
        match source {
            Source::Recording(dir) => {
                let (store, _) = Store::open(&dir)?;
                self.recording(&store, span, &mut question, &cancel)
            }
            source => {
                let log = source.log()?;
                super::runtime()?.block_on(self.log(log.as_ref(), span, &mut question, &cancel))
            }
        }
    }

    /// What is to be taken of the matches, and from where, where that is the end.
    fn take(&self, span: &mut Span) -> Take {
        match (self.last, self.limit) {
            (Some(count), _) => Take::Last(count),
            (None, Some(count)) if span.from == Moment::Latest && !self.follow => {
                span.from = Moment::Earliest;
                Take::Last(count)
            }
            (None, Some(count)) => Take::First(count),
            (None, None) => Take::All,
        }
    }

    fn output(&self, part: &Part, question: &Question) -> Output {
        let format = if self.json { Format::Json } else { self.format };
        let decoding = Decoding { key: Form::new(self.key_codec), value: Form::new(self.value_codec) };
        Output::new(format, decoding, part.topics.iter().map(|name| &**name), question.column_names())
    }

    fn recording(
        &self,
        store: &Store,
        mut span: Span,
        question: &mut Question,
        cancel: &CancellationToken,
    ) -> anyhow::Result<()> {
        let mut damages = Damages::default();
        damages.say_new(store);
        let take = self.take(&mut span);
        let log = RecordingLog::new(store.clone());
        let (part, plan) = super::runtime()?.block_on(part(&log, span))?;
        let mut output = self.output(&part, question);
        let mut answer = Answer::find(store, &part, question, cancel)?;
        let searched = answer.searched.take();
        let written = answer.write(take, question, &mut output, cancel)?;
        output.flush()?;
        let damaged = damages.say_new(store);
        question.say_unseen(&store.snapshot(), &part.topics);
        question.say(searched.as_ref());
        ensure!(!cancel.is_cancelled(), "stopped before it was done, after {written} events");
        let covered = say_held(&store.snapshot(), &plan, written);
        let are = if damaged == 1 { "is" } else { "are" };
        let parts = figures::of(damaged as u64, "part");
        ensure!(damaged == 0, "{parts} of the recording {are} damaged; what is sound was read");
        covered
    }

    async fn log(
        &self,
        log: &dyn Log,
        mut span: Span,
        question: &mut Question,
        cancel: &CancellationToken,
    ) -> anyhow::Result<()> {
        let take = self.take(&mut span);
        let (mut part, plan) = tokio::select! {
            planned = part(log, span) => planned?,
            () = cancel.cancelled() => return Err(LogError::Cancelled.into()),
        };
        let store = Store::temporary(log.origin(), BUDGET_BYTES)?;
        let mut output = self.output(&part, question);
        let Gathered { narrowed, report, whole } =
            gather::gather(log, &plan, &store, &mut part, take, question, cancel).await?;
        if cancel.is_cancelled() {
            // What has come so far has holes in time: writing it would tell a wrong story.
            return say_recorded(&report, false);
        }
        let mut answer = Answer::find(&store, &part, question, cancel)?;
        let searched = answer.searched.take();
        let written = answer.write(take, question, &mut output, cancel)?;
        output.flush()?;
        let damaged = Damages::default().say_new(&store);
        question.say_unseen(&store.snapshot(), &part.topics);
        question.say(searched.as_ref());
        if !whole {
            say(&gather::reach(&narrowed, take));
        }
        if self.follow && !cancel.is_cancelled() {
            let left = self.limit.map(|limit| limit.saturating_sub(written));
            return follow::follow(log, &plan, &store, question, &mut output, (written, left), cancel).await;
        }
        let covered = say_recorded(&report, false);
        ensure!(damaged == 0, "the temporary copy was damaged; read again");
        covered
    }
}

/// Finds out which part of a log is meant.
async fn part(log: &dyn Log, span: Span) -> anyhow::Result<(Part, Plan)> {
    let topics = span.topic_names(log).await?;
    let plan = span.plan(log).await?;
    let first_offsets = match span.names_offsets() {
        true => plan.ranges.iter().map(|range| (range.partition.clone(), range.from)).collect(),
        false => BTreeMap::new(),
    };
    Ok((Part { topics, span, first_offsets, from_ms: plan.from_ms, to_ms: plan.to_ms }, plan))
}
