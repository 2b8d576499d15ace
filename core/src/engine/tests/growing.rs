//! A feed that grows: who holds whom back, and what is said of what came too late for its place.

use crate::codec::{Choice, TopicCodecs};
use crate::engine::{Feed, Plan};
use crate::event::{EventBatchBuilder, TimestampType, TopicPartition, Watermarks};
use crate::log::Origin;
use crate::pipeline::Document;
use crate::store::Store;

const ORDERS: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n";

struct Log {
    store: Store,
    feed: Feed,
}

impl Log {
    /// Two partitions, of which nothing is known to come.
    fn new() -> Self {
        let store = Store::temporary(Origin::Sample { events: 0, seed: 0 }, 1 << 30).unwrap();
        (0..2).for_each(|partition| store.set_watermarks(&orders(partition), Watermarks::default(), 0).unwrap());
        let plan = Plan::of(Document::parse(ORDERS).unwrap().pipeline()).ok().unwrap();
        let codecs = |_: &_| TopicCodecs::new(Choice::Text, Choice::Json);
        let feed = Feed::new(&store.snapshot(), &plan.sources, codecs, None);
        Self { store, feed }
    }

    /// An event comes to a partition; the log says that it has no more, or not.
    fn comes(&self, partition: i32, offset: i64, time_ms: i64, is_last: bool) {
        let mut builder = EventBatchBuilder::new("orders", partition);
        builder.push(offset, time_ms, TimestampType::Create, None, Some(b"{}"), []);
        self.store.append(&builder.finish(), offset, offset + 1).unwrap();
        if is_last {
            self.store.set_watermarks(&orders(partition), Watermarks { low: 0, high: offset + 1 }, 0).unwrap();
        }
    }

    /// The times of the events that may be taken.
    fn taken(&mut self) -> Vec<i64> {
        self.feed.grow(&self.store.snapshot()).unwrap();
        let mut times = Vec::new();
        while let Some(step) = self.feed.step(100) {
            times.extend(&step.rows[0].time_ms);
        }
        times
    }
}

fn orders(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

#[test]
fn a_partition_that_is_not_known_to_be_at_its_end_holds_the_others_back() {
    let mut log = Log::new();
    log.comes(0, 0, 10, true);
    assert_eq!(log.taken(), [10], "the other is at its end");
    log.comes(1, 0, 20, false);
    log.comes(0, 1, 30, true);
    assert_eq!(log.taken(), [20], "after 20 there may come 25");
    log.comes(1, 1, 25, true);
    assert_eq!(log.taken(), [25, 30]);
    assert_eq!(log.feed.behind(), 0);
}

#[test]
fn what_comes_after_others_have_passed_its_place_is_taken_when_it_comes_and_counted() {
    let mut log = Log::new();
    log.comes(0, 0, 10, true);
    log.comes(0, 1, 50, true);
    assert_eq!(log.taken(), [10, 50]);
    log.comes(1, 0, 20, true);
    log.comes(1, 1, 60, true);
    assert_eq!(log.taken(), [20, 60]);
    assert_eq!(log.feed.behind(), 1);
    let mark = log.feed.mark();
    assert_eq!((mark.next_seq, mark.behind, mark.furthest), (4, 1, Some((60, orders(1)))));
}

#[test]
fn offsets_that_are_gone_before_they_were_taken_are_a_gap() {
    let mut log = Log::new();
    log.comes(0, 0, 10, true);
    assert_eq!(log.taken(), [10]);
    log.comes(0, 5, 20, true);
    let gap = log.feed.grow(&log.store.snapshot()).unwrap_err();
    assert_eq!((gap.from, gap.to), (1, 5));
    assert!(gap.to_string().contains("the offsets 1 to 4 of orders [0]"), "{gap}");
}
