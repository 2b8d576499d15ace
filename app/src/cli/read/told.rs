//! Writing out what a store holds, in the narrative's order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::Context as _;
use fabula_core::event::time::ms_to_ns;
use fabula_core::event::{TopicName, TopicPartition};
use fabula_core::narrative::Narrative;
use fabula_core::store::{Matches, PartitionSnapshot, Snapshot, Store};
use tokio_util::sync::CancellationToken;

use super::question::{Question, Searched};
use crate::cli::output::Output;
use crate::cli::say;
use crate::cli::span::Span;

/// Which events of a store are told.
#[derive(Debug, Clone)]
pub struct Part {
    /// The topics.
    pub topics: Vec<TopicName>,
    /// Which partitions.
    pub span: Span,
    /// Where offsets were named: the first wanted of each partition.
    pub first_offsets: BTreeMap<TopicPartition, i64>,
    /// Events at or after this time (milliseconds since the epoch).
    pub from_ms: Option<i64>,
    /// Events before this time (milliseconds since the epoch).
    pub to_ms: Option<i64>,
}

/// How many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Every one.
    All,
    /// The first so many.
    First(u64),
    /// The last so many.
    Last(u64),
}

/// The events of a store that a question asks for, found but not yet written.
pub struct Answer<'a> {
    store: &'a Store,
    part: &'a Part,
    matches: Option<Matches>,
    narrative: Narrative,
    /// What the search came to, where there was one.
    pub searched: Option<Searched>,
}

impl Part {
    fn narrative(&self, snapshot: &Snapshot, matches: Option<&Matches>) -> anyhow::Result<Narrative> {
        let narrative = Narrative::of_partitions(self.partitions(snapshot), matches);
        if self.from_ms.is_none() && self.to_ms.is_none() {
            return Ok(narrative);
        }
        Ok(narrative.between(self.from_ms.map_or(i64::MIN, ms_to_ns), self.to_ms.map_or(i64::MAX, ms_to_ns))?)
    }

    /// The partitions that are told, by topic and number.
    pub fn partitions<'s>(&'s self, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s Arc<PartitionSnapshot>> {
        let topics = self.topics.iter().filter_map(|name| snapshot.topic(name));
        topics.flat_map(|topic| &topic.partitions).filter(|partition| self.span.has_partition(partition.partition))
    }
}

impl<'a> Answer<'a> {
    /// Finds the events of the store that the question asks for.
    pub fn find(
        store: &'a Store,
        part: &'a Part,
        question: &mut Question,
        cancel: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let snapshot = store.snapshot();
        question.learn(&snapshot, &part.topics);
        let found = question.search(part, &snapshot, cancel)?;
        let (matches, searched) = found.unzip();
        // A segment at the edge may turn out to be damaged; the next snapshot is without it.
        let narrative = match part.narrative(&snapshot, matches.as_ref()) {
            Ok(narrative) => narrative,
            Err(_) => part.narrative(&store.snapshot(), matches.as_ref())?,
        };
        Ok(Self { store, part, matches, narrative, searched })
    }

    /// How many events there are.
    pub fn len(&self) -> u64 {
        self.narrative.len()
    }

    /// Writes them; gives how many. Ends early, without an error, when cancelled.
    pub fn write(
        mut self,
        take: Take,
        question: &Question,
        output: &mut Output,
        cancel: &CancellationToken,
    ) -> anyhow::Result<u64> {
        let (mut rank, mut left) = match take {
            Take::All => (0, self.len()),
            Take::First(count) => (0, count.min(self.len())),
            Take::Last(count) => (self.len().saturating_sub(count), count.min(self.len())),
        };
        let (mut written, mut last) = (0, None);
        loop {
            let mut failed = Ok(());
            let read = self.narrative.cursor(rank).and_then(|mut cursor| {
                cursor.read(left, |row, event| {
                    failed = output.event(event, &question.cells(event));
                    written += 1;
                    left -= 1;
                    last = Some(row.id);
                    if failed.is_err() || (written % 4_096 == 0 && cancel.is_cancelled()) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                })
            });
            failed.context("writing to stdout")?;
            // What is damaged is said when all is told.
            let Err(_) = read else { return Ok(written) };
            self.narrative = self.part.narrative(&self.store.snapshot(), self.matches.as_ref())?;
            rank = match last {
                Some(last) => self.narrative.rank_of(last)?.map_or(rank, |rank| rank + 1),
                None => rank.min(self.len()),
            };
        }
    }
}

/// The names of a store's damaged files, said once each.
#[derive(Debug, Default)]
pub struct Damages(BTreeSet<String>);

impl Damages {
    /// Says what was not said yet; gives how many there are in all.
    pub fn say_new(&mut self, store: &Store) -> usize {
        for damage in store.damages() {
            let text = damage.to_string();
            if self.0.insert(text.clone()) {
                say(&text);
            }
        }
        self.0.len()
    }
}
