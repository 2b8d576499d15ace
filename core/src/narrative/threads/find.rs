//! Threads by a value that somebody has at hand.

use super::resolve::NONE;
use super::text;
use super::threads::Threads;
use crate::event::{Coordinates, TopicName};
use crate::store::Snapshot;
use crate::store::search::{Literal, Places, SearchError, SearchOptions, search_literal};

/// Threads that have a text somewhere in an event of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mentions {
    /// The threads, in the order of their first events.
    pub threads: Vec<u32>,
    /// How many events have the text.
    pub events: u64,
    /// How many of those are in no thread.
    pub loose: u64,
    /// How many parts of the store could not be looked through, since they are damaged.
    pub damaged: usize,
}

impl Threads {
    /// The first thread that a value leads to.
    pub fn find(&self, id: &str) -> Option<u32> {
        self.find_all(id).first().copied()
    }

    /// The threads that a value leads to, in the order of their first events: an order's number, a trace's id, an event's
    /// identity, an event's place. A whole header of a trace is taken for its trace. They are several where a number is
    /// that of several things.
    pub fn find_all(&self, id: &str) -> Vec<u32> {
        let id = id.trim().trim_matches('"');
        if let Ok(at) = id.parse::<Coordinates>()
            && let Some(thread) = self.thread_at(&at)
        {
            return vec![thread];
        }
        if id.is_empty() {
            return Vec::new();
        }
        let mut wanted: Vec<u64> = Vec::new();
        self.readers().for_each(|reader| reader.hashes_of(id, &mut wanted));
        wanted.sort_unstable();
        wanted.dedup();
        let resolved = self.resolved();
        let (mut slot, mut found) = (0, Vec::new());
        for page in self.hashes().pages() {
            for hash in page {
                if wanted.binary_search(hash).is_ok() {
                    found.push(resolved.thread_of_slot[slot as usize]);
                    found.extend(resolved.shared.get(&slot).into_iter().flatten());
                }
                slot += 1;
            }
        }
        found.retain(|&thread| thread != NONE);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The threads of events that have a text anywhere: in the key, the value, a header; letters large or small. This
    /// finds what [`Threads::find_all`] does not: values that do not tie. It looks through every event of some topics.
    ///
    /// # Errors
    /// When the text is too long to be looked for, or no thread of the processor can be started.
    pub fn mentioning(&self, text: &str, snapshot: &Snapshot, topics: &[TopicName]) -> Result<Mentions, SearchError> {
        self.mentioning_beside(text, &[], snapshot, topics)
    }

    /// The same of events that are not in some threads: those that a value leads to may not be all that have it. `None`
    /// for a number or a few letters, which stand in much that has nothing to do with it.
    ///
    /// # Errors
    /// As [`Threads::mentioning`].
    pub fn mentioned_beside(
        &self,
        text: &str,
        threads: &[u32],
        snapshot: &Snapshot,
        topics: &[TopicName],
    ) -> Result<Option<Mentions>, SearchError> {
        if text::is_plain(text.trim()) || text.trim().parse::<Coordinates>().is_ok() {
            return Ok(None);
        }
        self.mentioning_beside(text, threads, snapshot, topics).map(Some)
    }

    fn mentioning_beside(
        &self,
        text: &str,
        beside: &[u32],
        snapshot: &Snapshot,
        topics: &[TopicName],
    ) -> Result<Mentions, SearchError> {
        let literal = Literal { bytes: text.trim().into(), ignore_ascii_case: true, places: Places::ALL };
        let topics = topics.iter().filter_map(|name| snapshot.topic(name));
        let segments = topics.flat_map(|topic| topic.segments().cloned()).collect();
        let search = search_literal(segments, literal, SearchOptions::default())?;
        let mut mentions = Mentions::default();
        while let Some(found) = search.next() {
            if found.chosen.is_empty() {
                continue;
            }
            let Ok(batch) = found.segment.events() else {
                mentions.damaged += 1;
                continue;
            };
            for &row in found.chosen.rows() {
                let (topic, partition) = (batch.topic().clone(), batch.partition());
                let at = Coordinates { topic, partition, offset: batch.offsets()[row as usize] };
                // What is not of the range that was asked for was not taken in.
                let Some(event) = self.event_at(&at) else { continue };
                let thread = self.thread_of(event);
                if thread.is_some_and(|thread| beside.contains(&thread)) {
                    continue;
                }
                mentions.events += 1;
                match thread {
                    Some(thread) => mentions.threads.push(thread),
                    None => mentions.loose += 1,
                }
            }
        }
        mentions.damaged += search.report().left_out.len();
        mentions.threads.sort_unstable();
        mentions.threads.dedup();
        Ok(mentions)
    }
}
