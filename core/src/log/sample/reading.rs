//! Reading ranges of the sample: a thread of its own tells the chapters that hold them and hands over batches.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use tokio::sync::mpsc;

use super::outline::Outline;
use super::plot::Plot;
use super::render::Pen;
use super::shop::LANES;
use super::walk::{Placed, Walk};
use crate::event::{EventBatchBuilder, TopicPartition, Watermarks};
use crate::log::{LogError, PartitionRange, RangeEnd, ReadItem, ReadOptions};

/// Reads ranges into a channel until they are at their end, the reading is cancelled or nobody takes any more.
pub(super) struct Reader<'p> {
    plot: &'p Plot,
    outline: &'p Outline,
    options: ReadOptions,
    items: mpsc::Sender<ReadItem>,
    cursors: Vec<Cursor>,
    pen: Pen<'p>,
}

/// One range under way.
struct Cursor {
    partition: TopicPartition,
    lane: usize,
    next: i64,
    /// One past the last offset to read.
    end: i64,
    follows: bool,
    batch: EventBatchBuilder,
    done: bool,
}

impl<'p> Reader<'p> {
    pub(super) fn new(
        plot: &'p Plot,
        outline: &'p Outline,
        options: ReadOptions,
        items: mpsc::Sender<ReadItem>,
    ) -> Self {
        Self { plot, outline, options, items, cursors: Vec::new(), pen: Pen::new(plot) }
    }

    /// Reads the ranges. `lane_of` finds a partition's lane.
    pub(super) fn read(mut self, ranges: Vec<PartitionRange>, lane_of: impl Fn(&TopicPartition) -> Option<usize>) {
        for range in ranges {
            if self.open(range, &lane_of).is_break() {
                return;
            }
        }
        if self.tell().is_continue() && self.cursors.iter().any(|cursor| cursor.follows) {
            // The day is over, so nothing new will come: a follower waits like on any quiet topic.
            wait_for(async {
                tokio::select! {
                    () = self.options.cancel.cancelled() => {}
                    () = self.items.closed() => {}
                }
            });
        }
    }

    fn open(&mut self, range: PartitionRange, lane_of: impl Fn(&TopicPartition) -> Option<usize>) -> ControlFlow<()> {
        let PartitionRange { partition, from, end } = range;
        let Some(lane) = lane_of(&partition) else {
            let error = LogError::UnknownPartition { partition: partition.clone() };
            return self.send(ReadItem::Failed { partition, next: from, error });
        };
        if from < 0 {
            let error = LogError::OutOfRange { partition: partition.clone(), offset: from, low: 0 };
            return self.send(ReadItem::Failed { partition, next: from, error });
        }
        let high = self.outline.end(lane);
        let (end, follows) = match end {
            RangeEnd::Before(end) => (end.min(high), false),
            RangeEnd::Follow => (high, true),
        };
        let batch = EventBatchBuilder::new(partition.topic.clone(), partition.partition);
        self.cursors.push(Cursor { partition, lane, next: from, end, follows, batch, done: false });
        ControlFlow::Continue(())
    }

    /// Goes through the chapters that hold what is wanted, and over those that don't.
    fn tell(&mut self) -> ControlFlow<()> {
        self.finish_ended()?;
        while let Some(first) = self.next_wanted() {
            let mut lanes = [false; LANES];
            self.cursors.iter().filter(|cursor| !cursor.done).for_each(|cursor| lanes[cursor.lane] = true);
            let mut walk = Walk::from(self.plot, self.outline, first, lanes);
            while let Some(chapter) = walk.chapter() {
                self.chapter(&mut walk)?;
                match self.next_wanted() {
                    Some(next) if next <= chapter + 1 => {}
                    _ => break,
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The first chapter that holds an offset which is still wanted.
    fn next_wanted(&self) -> Option<u32> {
        let open = self.cursors.iter().filter(|cursor| !cursor.done);
        open.map(|cursor| self.outline.chapter_of(cursor.lane, cursor.next)).min()
    }

    fn chapter(&mut self, walk: &mut Walk<'_>) -> ControlFlow<()> {
        let mut by_lane: [Option<usize>; LANES] = [None; LANES];
        for (at, cursor) in self.cursors.iter().enumerate().filter(|(_, cursor)| !cursor.done) {
            by_lane[cursor.lane].get_or_insert(at);
        }
        let mut flow = ControlFlow::Continue(());
        walk.next_chapter(|lane, placed| {
            if let (Some(at), ControlFlow::Continue(())) = (by_lane[lane], flow) {
                flow = self.take(at, &placed);
            }
        });
        flow?;
        let held: usize = self.cursors.iter().map(|cursor| cursor.batch.bytes()).sum();
        if held > self.options.batch_bytes.saturating_mul(self.options.queued_batches.max(1)) {
            for at in 0..self.cursors.len() {
                self.hand_over(at)?;
            }
        }
        self.finish_ended()
    }

    fn take(&mut self, at: usize, placed: &Placed) -> ControlFlow<()> {
        let cursor = &mut self.cursors[at];
        if placed.offset < cursor.next || placed.offset >= cursor.end {
            return ControlFlow::Continue(());
        }
        self.pen.write(placed, &mut cursor.batch);
        cursor.next = placed.offset + 1;
        if cursor.batch.bytes() >= self.options.batch_bytes { self.hand_over(at) } else { ControlFlow::Continue(()) }
    }

    fn hand_over(&mut self, at: usize) -> ControlFlow<()> {
        let cursor = &mut self.cursors[at];
        if cursor.batch.is_empty() {
            return ControlFlow::Continue(());
        }
        let item = ReadItem::Batch { events: cursor.batch.finish(), next: cursor.next };
        self.send(item)
    }

    fn finish_ended(&mut self) -> ControlFlow<()> {
        for at in 0..self.cursors.len() {
            if self.cursors[at].done || self.cursors[at].next < self.cursors[at].end {
                continue;
            }
            self.hand_over(at)?;
            let cursor = &mut self.cursors[at];
            cursor.done = true;
            let item = ReadItem::CaughtUp {
                partition: cursor.partition.clone(),
                next: cursor.next,
                watermarks: Watermarks { low: 0, high: self.outline.end(cursor.lane) },
                done: !cursor.follows,
            };
            self.send(item)?;
        }
        ControlFlow::Continue(())
    }

    /// Hands something over, waiting for the taker; breaks when cancelled or when nobody takes any more.
    fn send(&self, item: ReadItem) -> ControlFlow<()> {
        wait_for(async {
            tokio::select! {
                biased;
                () = self.options.cancel.cancelled() => ControlFlow::Break(()),
                sent = self.items.send(item) => match sent {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                },
            }
        })
    }
}

/// Waits for a future on a thread that has nothing else to do.
fn wait_for<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
