//! Nexmark: an auction house as events, and queries over them, which are a known measure of stream engines.
//!
//! The events are those of the crate `nexmark`, in three topics, `person`, `auction` and `bid`, each a file of JSON lines
//! that every engine can read. The queries are the pipelines in `tests/nexmark`; left out are q4, q6, q9, q10 (writes
//! files) and q13 (joins a file).

mod sql;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use ::nexmark::EventGenerator;
use ::nexmark::config::NexmarkConfig;
use ::nexmark::event::Event;
use anyhow::Result;
use fabula_core::event::EventBatch;
use fabula_core::log::import::{ImportOptions, ImportProgress, import, origin};
use fabula_core::store::Store;
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub use sql::sql;

/// The topics, in the order of their names, each with the field that is an event's key.
const TOPICS: [(&str, &str); 3] = [("auction", "id"), ("bid", "auction"), ("person", "id")];

/// Nexmark's events: how many, and how they lie in time.
#[derive(Debug, Clone, Copy)]
pub struct Nexmark {
    /// How many events: of fifty, one is a person, three are auctions, and the others bids.
    pub events: usize,
    /// How many of them in a second of event time.
    pub per_second: usize,
    /// Within groups of so many, the events come out of order.
    pub disorder: usize,
    /// The first event's time in milliseconds since the epoch.
    pub start_ms: u64,
}

impl Nexmark {
    /// The events in their order.
    pub fn events(self) -> impl Iterator<Item = Event> {
        let config = NexmarkConfig {
            base_time: self.start_ms,
            first_rate: self.per_second,
            next_rate: self.per_second,
            out_of_order_group_size: self.disorder,
            ..NexmarkConfig::default()
        };
        EventGenerator::new(config).take(self.events)
    }

    /// Writes the events down: a file of JSON lines for each topic, named after it.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let create = |topic| File::create(file(folder, topic)).map(BufWriter::new);
        let (mut auctions, mut bids, mut people) = (create("auction")?, create("bid")?, create("person")?);
        for event in self.events() {
            match event {
                Event::Person(person) => {
                    let line = json!({
                        "id": person.id, "name": person.name, "email_address": person.email_address,
                        "credit_card": person.credit_card, "city": person.city, "state": person.state,
                        "date_time": person.date_time, "extra": person.extra,
                    });
                    writeln!(people, "{line}")?;
                }
                Event::Auction(auction) => {
                    let line = json!({
                        "id": auction.id, "item_name": auction.item_name, "description": auction.description,
                        "initial_bid": auction.initial_bid, "reserve": auction.reserve,
                        "date_time": auction.date_time, "expires": auction.expires, "seller": auction.seller,
                        "category": auction.category, "extra": auction.extra,
                    });
                    writeln!(auctions, "{line}")?;
                }
                Event::Bid(bid) => {
                    let line = json!({
                        "auction": bid.auction, "bidder": bid.bidder, "price": bid.price, "channel": bid.channel,
                        "url": bid.url, "date_time": bid.date_time, "extra": bid.extra,
                    });
                    writeln!(bids, "{line}")?;
                }
            }
        }
        [&mut auctions, &mut bids, &mut people].into_iter().try_for_each(|out| out.flush().map_err(Into::into))
    }
}

/// The file of a topic's events.
pub fn file(folder: &Path, topic: &str) -> PathBuf {
    folder.join(format!("{topic}.jsonl"))
}

/// Makes a recording of the events that were written to a folder.
///
/// # Errors
/// When an event cannot be read, or the recording cannot be written.
pub fn record(events: &Path, to: &Path) -> Result<Store> {
    let files = TOPICS.map(|(topic, _)| file(events, topic));
    let store = Store::create(to, origin(&files))?;
    for ((_, key), file) in TOPICS.into_iter().zip(files) {
        let options = ImportOptions {
            key_field: Some(key.to_owned()),
            time_field: Some("date_time".to_owned()),
            ..ImportOptions::default()
        };
        let mut sink = |events: EventBatch, from, next| Ok(store.append(&events, from, next).map(drop)?);
        let progress = ImportProgress::default();
        let report = import(&[file], &options, &progress, &CancellationToken::new(), &mut sink)?;
        anyhow::ensure!(report.unread == 0 && report.untimed == 0, "not every event of Nexmark was taken");
        for imported in &report.partitions {
            store.set_watermarks(&imported.partition, imported.watermarks, 0)?;
        }
    }
    store.flush()?;
    Ok(store)
}

/// The file of a query's pipeline.
pub fn pipeline(query: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("nexmark").join(format!("{query}.toml"))
}

/// The columns of a topic's events, as Flink SQL has them.
///
/// # Panics
/// If there is no such topic.
pub fn columns(topic: &str) -> &'static [&'static str] {
    match topic {
        "person" => &[
            "id BIGINT",
            "name STRING",
            "email_address STRING",
            "credit_card STRING",
            "city STRING",
            "state STRING",
            "date_time BIGINT",
            "extra STRING",
        ],
        "auction" => &[
            "id BIGINT",
            "item_name STRING",
            "description STRING",
            "initial_bid BIGINT",
            "reserve BIGINT",
            "date_time BIGINT",
            "expires BIGINT",
            "seller BIGINT",
            "category BIGINT",
            "extra STRING",
        ],
        "bid" => &[
            "auction BIGINT",
            "bidder BIGINT",
            "price BIGINT",
            "channel STRING",
            "url STRING",
            "date_time BIGINT",
            "extra STRING",
        ],
        other => panic!("Nexmark has no topic {other}"),
    }
}
