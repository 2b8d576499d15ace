//! The built-in sample: an online shop on one day, told by nine services in fourteen topics.
//!
//! It is what a newcomer sees first, and at other sizes the data of tests and benchmarks. Everything follows from a
//! number of events and a seed, byte for byte, on any platform. From about 1 000 events on it has every planted incident
//! (a slow payment provider, dead letters, duplicates, events out of order and late, a schema change, a skewed clock, a
//! lost step, a hot key, undecodable payloads); [`SampleLog::truth`] lists them.
//!
//! How it is made, from the outside in:
//!
//! | file | subject |
//! |---|---|
//! | `plot` | the day in chapters, each with its exact share of the events |
//! | `order`, `visit` | stories: which steps there are, and when |
//! | `outline` | where each chapter begins in each partition, so that any offset is found at once |
//! | `walk` | chapters in the order of appending; offsets |
//! | `render`, `payload` | a step's bytes, written only when it is read |
//! | `groups` | who reads the topics, and how far |
//! | `reading` | ranges of partitions into batches |
//!
//! A story may reach past its chapter (a parcel leaves minutes after the order), so a chapter's partitions hold steps of
//! earlier chapters too. Such a reach is bounded, so a read from the middle begins a few chapters earlier, without
//! writing a byte of them.

mod day;
mod dice;
mod groups;
mod ink;
mod order;
mod outline;
mod partitioner;
mod payload;
mod plot;
mod reading;
mod render;
mod shop;
mod step;
mod truth;
mod visit;
mod walk;

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tokio::sync::mpsc;

use self::day::DAY_START_MS;
use self::outline::Outline;
use self::plot::Plot;
use self::reading::Reader;
use self::shop::{LANES, TOPICS, TopicPlan};
use self::step::Step;
use self::walk::Walk;
use super::{
    Groups, Log, LogError, Origin, PartitionInfo, PartitionRange, ReadItem, ReadOptions, Reading, TopicConfig,
    TopicInfo,
};
use crate::event::{TopicPartition, Watermarks};

pub use self::day::IncidentKind;
pub use self::truth::{Incident, MOST_LISTED, PlantedEvent, Truth};

/// How many events the sample has unless it is said.
pub const DEFAULT_EVENTS: u64 = 200_000;

/// What the sample is grown from unless it is said.
pub const DEFAULT_SEED: u64 = 1;

/// The built-in sample. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SampleLog {
    shop: Arc<Shop>,
}

#[derive(Debug)]
struct Shop {
    plot: Plot,
    outline: OnceLock<Outline>,
}

impl Shop {
    /// Where everything lies. Worked out when first needed: a moment for thousands of events, seconds for a hundred
    /// million.
    fn outline(&self) -> &Outline {
        self.outline.get_or_init(|| Outline::of(&self.plot))
    }
}

impl Default for SampleLog {
    fn default() -> Self {
        Self::new(DEFAULT_EVENTS, DEFAULT_SEED)
    }
}

impl SampleLog {
    /// A sample of exactly so many events. Two samples of the same events and seed are the same.
    pub fn new(events: u64, seed: u64) -> Self {
        Self { shop: Arc::new(Shop { plot: Plot::new(events, seed), outline: OnceLock::new() }) }
    }

    /// What was planted, and where. Goes through the whole sample: seconds for a hundred million events.
    pub fn truth(&self) -> Truth {
        truth::truth(&self.shop.plot, self.shop.outline())
    }

    /// [`SampleLog::truth`] as the text of `sample-truth.json`.
    ///
    /// # Errors
    /// Only if the JSON can't be put together, which would be a defect here.
    pub fn truth_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(&self.truth()).map(|text| text + "\n")
    }

    /// Asks about partitions what needs the outline, away from the threads that must not wait.
    async fn ask<T: Send + 'static>(
        &self,
        partitions: &[TopicPartition],
        answer: impl Fn(&Shop, usize) -> T + Send + 'static,
    ) -> Result<Vec<(TopicPartition, Result<T, LogError>)>, LogError> {
        let shop = Arc::clone(&self.shop);
        let partitions = partitions.to_vec();
        let answered = tokio::task::spawn_blocking(move || {
            let answer = |partition: TopicPartition| {
                let answered = match lane_of(&partition) {
                    Some(lane) => Ok(answer(&shop, lane)),
                    None => Err(LogError::UnknownPartition { partition: partition.clone() }),
                };
                (partition, answered)
            };
            partitions.into_iter().map(answer).collect()
        });
        answered
            .await
            .map_err(|stopped| LogError::Other { what: "growing the sample".to_owned(), reason: stopped.to_string() })
    }
}

fn find_topic(name: &str) -> Option<&'static TopicPlan> {
    TOPICS.iter().find(|topic| topic.name == name)
}

fn lane_of(partition: &TopicPartition) -> Option<usize> {
    let topic = find_topic(&partition.topic)?;
    let number = u8::try_from(partition.partition).ok().filter(|&number| number < topic.partitions)?;
    Some(usize::from(topic.first_lane + number))
}

/// The first offset of a lane with a timestamp at or after a time, or its end.
fn first_offset_at(shop: &Shop, lane: usize, time_ms: i64) -> i64 {
    let outline = shop.outline();
    let stamp_ms = time_ms.saturating_sub(DAY_START_MS).clamp(i64::from(i32::MIN) + 1, i64::from(i32::MAX)) as i32;
    let Some(chapter) = outline.chapter_reaching(lane, stamp_ms) else { return outline.end(lane) };
    let mut lanes = [false; LANES];
    lanes[lane] = true;
    let mut found = None;
    Walk::from(&shop.plot, outline, chapter, lanes).next_chapter(|walked, placed| {
        if walked == lane && placed.step.stamp_ms >= stamp_ms {
            found.get_or_insert(placed.offset);
        }
    });
    found.unwrap_or_else(|| outline.end(lane))
}

#[async_trait]
impl Log for SampleLog {
    fn origin(&self) -> Origin {
        Origin::Sample { events: self.shop.plot.events, seed: self.shop.plot.seed }
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        let mut topics: Vec<TopicInfo> = TOPICS
            .iter()
            .map(|topic| TopicInfo {
                name: topic.name.into(),
                partitions: (0..i32::from(topic.partitions)).map(|id| PartitionInfo { id, available: true }).collect(),
                error: None,
            })
            .collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    }

    async fn watermarks(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<Watermarks, LogError>)>, LogError> {
        self.ask(partitions, |shop, lane| Watermarks { low: 0, high: shop.outline().end(lane) }).await
    }

    async fn offsets_at(
        &self,
        time_ms: i64,
        partitions: &[TopicPartition],
    ) -> Result<Vec<(TopicPartition, Result<i64, LogError>)>, LogError> {
        self.ask(partitions, move |shop, lane| first_offset_at(shop, lane, time_ms)).await
    }

    async fn topic_config(&self, topic: &str) -> Result<TopicConfig, LogError> {
        let known = self.topic(topic).await?;
        Ok(find_topic(&known.name).map(TopicPlan::config).unwrap_or_default())
    }

    async fn groups(&self) -> Result<Option<Groups>, LogError> {
        let mut all = Vec::new();
        for plan in &groups::GROUPS {
            let Some(topic) = find_topic(plan.topic) else { continue };
            let mut marks = Vec::new();
            for (partition, known) in self.watermarks(&plan.partitions(topic)).await? {
                marks.push((partition, known?));
            }
            all.push(plan.group(marks));
        }
        Ok(Some(groups::all(all)))
    }

    fn read(&self, ranges: Vec<PartitionRange>, options: ReadOptions) -> Reading {
        let (sender, items) = mpsc::channel::<ReadItem>(options.queued_batches.max(1));
        let shop = Arc::clone(&self.shop);
        let failing = (ranges.clone(), sender.clone());
        let spawned = std::thread::Builder::new().name("sample reader".to_owned()).spawn(move || {
            Reader::new(&shop.plot, shop.outline(), options, sender).read(ranges, lane_of);
        });
        if let Err(refused) = spawned {
            let (ranges, sender) = failing;
            for range in ranges {
                let error =
                    LogError::Other { what: "starting to read the sample".to_owned(), reason: refused.to_string() };
                // With a full queue the taker has been told often enough.
                let _ = sender.try_send(ReadItem::Failed { partition: range.partition, next: range.from, error });
            }
        }
        Reading { items }
    }
}

/// Keeps the size of a step in mind: a hundred million of them are thought up at the largest scale.
const _: () = assert!(size_of::<Step>() == 24);
