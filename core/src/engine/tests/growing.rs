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
        Self::cut(None)
    }

    /// The same, with what comes after a time cut off.
    fn cut(until_ms: Option<i64>) -> Self {
        let store = Store::temporary(Origin::Sample { events: 0, seed: 0 }, 1 << 30).unwrap();
        (0..2).for_each(|partition| store.set_watermarks(&orders(partition), Watermarks::default(), 0).unwrap());
        let plan = Plan::of(Document::parse(ORDERS).unwrap().pipeline()).ok().unwrap();
        let codecs = |_: &_| TopicCodecs::new(Choice::Text, Choice::Json);
        let feed = Feed::new(&store.snapshot(), &plan.sources, codecs, until_ms);
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
fn a_partition_that_has_come_to_the_cut_holds_nobody_back() {
    let mut log = Log::cut(Some(40));
    log.comes(0, 0, 10, true);
    log.comes(0, 1, 35, true);
    log.comes(1, 0, 20, false);
    assert_eq!(log.taken(), [10, 20], "before 35 there may come 25");
    log.comes(1, 1, 50, false);
    assert_eq!(log.taken(), [35], "what comes after 50 is beyond the cut");
}

#[test]
fn a_cut_that_moves_on_takes_what_follows_as_if_it_had_been_there_from_the_first() {
    let log = Log::new();
    let times = [[10, 60, 30, 70, 90], [20, 40, 65, 5, 80]];
    for (partition, times) in times.iter().enumerate() {
        for (offset, &time) in times.iter().enumerate() {
            log.comes(partition as i32, offset as i64, time, offset == 4);
        }
    }
    let snapshot = log.store.snapshot();
    let plan = Plan::of(Document::parse(ORDERS).unwrap().pipeline()).ok().unwrap();
    let feed = |until| Feed::new(&snapshot, &plan.sources, |_| TopicCodecs::new(Choice::Text, Choice::Json), until);
    let rest = |feed: &mut Feed| {
        let rows = std::iter::from_fn(|| feed.step(3)).map(|mut step| step.rows.remove(0));
        rows.flat_map(|rows| rows.seq.iter().copied().zip(rows.time_ms.clone()).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let ends = [0, 5, 20, 45, 60, 65, 80, 200];
    for first in ends {
        for second in ends.into_iter().filter(|second| *second >= first) {
            let mut moved = feed(Some(first));
            let mut taken = rest(&mut moved);
            moved.reach(Some(second));
            taken.extend(rest(&mut moved));
            assert_eq!(taken, rest(&mut feed(Some(second))), "{first} {second}");
            moved.reach(None);
            taken.extend(rest(&mut moved));
            assert_eq!(taken, rest(&mut feed(None)), "{first} {second}");
        }
    }
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
