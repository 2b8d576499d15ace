//! Which partitions have something to hand over.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The partitions whose queues have something in them, in the order in which they got it. librdkafka's threads mark,
/// the reader takes.
#[derive(Debug)]
pub(super) struct Ready {
    order: Mutex<VecDeque<usize>>,
    marked: Box<[AtomicBool]>,
    events: AtomicBool,
    news: Notify,
}

impl Ready {
    pub fn new(partitions: usize) -> Self {
        Self {
            order: Mutex::new(VecDeque::new()),
            marked: (0..partitions).map(|_| AtomicBool::new(false)).collect(),
            events: AtomicBool::new(false),
            news: Notify::new(),
        }
    }

    /// Something is in a partition's queue.
    pub fn mark(&self, partition: usize) {
        if !self.marked[partition].swap(true, Ordering::AcqRel) {
            self.order.lock().push_back(partition);
            self.news.notify_one();
        }
    }

    /// Something that belongs to no partition has happened.
    pub fn mark_events(&self) {
        self.events.store(true, Ordering::Release);
        self.news.notify_one();
    }

    /// The next partition to read from. What comes in while it is being read marks it again.
    pub fn take(&self) -> Option<usize> {
        let partition = self.order.lock().pop_front()?;
        self.marked[partition].store(false, Ordering::Release);
        Some(partition)
    }

    /// Whether something that belongs to no partition has happened since this was asked last.
    pub fn take_events(&self) -> bool {
        self.events.swap(false, Ordering::AcqRel)
    }

    /// Waits until something is marked; returns at once if something was since the last wait.
    pub async fn wait(&self) {
        self.news.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_waits_once_however_often_it_is_marked() {
        let ready = Ready::new(3);
        for partition in [2, 0, 2, 2] {
            ready.mark(partition);
        }
        assert_eq!([ready.take(), ready.take(), ready.take()], [Some(2), Some(0), None]);
        ready.mark(2);
        assert_eq!(ready.take(), Some(2));
    }
}
