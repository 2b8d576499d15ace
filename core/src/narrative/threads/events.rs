//! Every event that was taken in, in columns: about 40 bytes an event.

use std::sync::Arc;

use super::Role;
use super::column::Column;
use super::reader::Flags;
use crate::event::{Coordinates, TopicPartition};

/// Events as they came from one partition, in offset order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) first: u32,
    pub(super) len: u32,
    pub(super) partition: u32,
    /// The offset that the chunk's offsets are counted from.
    pub(super) base: i64,
}

/// The columns. Cloning shares what is full.
#[derive(Debug, Clone, Default)]
pub(super) struct Events {
    pub(super) times_ms: Column<i64>,
    pub(super) offsets: Column<u32>,
    pub(super) steps: Column<u16>,
    pub(super) participants: Column<u16>,
    pub(super) flags: Column<u8>,
    /// Where each event's links end.
    pub(super) ends: Column<u32>,
    /// Slots of values, with the role in the lowest three bits.
    pub(super) links: Column<u32>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) partitions: Vec<TopicPartition>,
}

/// A link as it is kept.
pub(super) fn link(slot: u32, role: Role) -> u32 {
    slot << 3 | role as u32
}

impl Events {
    pub(super) fn len(&self) -> usize {
        self.times_ms.len()
    }

    /// The slots that an event says, with what they mean to it.
    pub(super) fn links_of(&self, event: u32) -> impl Iterator<Item = (u32, Role)> {
        self.raw_links_of(event).map(|link| (link >> 3, Role::from_code(link as u8 & 7)))
    }

    /// The same as they are kept.
    pub(super) fn raw_links_of(&self, event: u32) -> impl Iterator<Item = u32> {
        let from = if event == 0 { 0 } else { self.ends.get(event as usize - 1) };
        let to = self.ends.get(event as usize);
        self.links.range(from as usize, to as usize)
    }

    pub(super) fn flags_of(&self, event: u32) -> Flags {
        Flags(self.flags.get(event as usize))
    }

    pub(super) fn time_ms(&self, event: u32) -> Option<i64> {
        Some(self.times_ms.get(event as usize)).filter(|&at| at != i64::MIN)
    }

    fn chunk_of(&self, event: u32) -> Chunk {
        let after = self.chunks.partition_point(|chunk| chunk.first <= event);
        self.chunks[after - 1]
    }

    /// The number of the event's partition, and its offset.
    pub(super) fn place(&self, event: u32) -> (u32, i64) {
        let chunk = self.chunk_of(event);
        (chunk.partition, chunk.base + i64::from(self.offsets.get(event as usize)))
    }

    pub(super) fn coordinates(&self, event: u32) -> Coordinates {
        let (partition, offset) = self.place(event);
        let TopicPartition { topic, partition } = self.partitions[partition as usize].clone();
        Coordinates { topic, partition, offset }
    }

    /// The rank of each partition in the narrative's order: by topic, then number.
    pub(super) fn partition_ranks(&self) -> Arc<[u32]> {
        let mut sorted: Vec<usize> = (0..self.partitions.len()).collect();
        sorted.sort_by(|&one, &other| self.partitions[one].cmp(&self.partitions[other]));
        let mut ranks = vec![0; sorted.len()];
        for (rank, at) in sorted.into_iter().enumerate() {
            ranks[at] = rank as u32;
        }
        ranks.into()
    }

    /// Finds events by their coordinates.
    pub(super) fn finder(&self) -> Finder<'_> {
        let mut chunks: Vec<Chunk> = self.chunks.clone();
        chunks.sort_by_key(|chunk| (chunk.partition, chunk.base));
        Finder { events: self, chunks }
    }

    pub(super) fn bytes(&self) -> usize {
        self.times_ms.bytes()
            + self.offsets.bytes()
            + self.steps.bytes()
            + self.participants.bytes()
            + self.flags.bytes()
            + self.ends.bytes()
            + self.links.bytes()
            + self.chunks.capacity() * size_of::<Chunk>()
    }
}

/// Finds events by their coordinates.
pub(super) struct Finder<'e> {
    events: &'e Events,
    chunks: Vec<Chunk>,
}

impl Finder<'_> {
    /// The event there, if it was taken in.
    pub(super) fn find(&self, at: &Coordinates) -> Option<u32> {
        let partition =
            self.events
                .partitions
                .iter()
                .position(|known| known.topic == at.topic && known.partition == at.partition)? as u32;
        let after = self.chunks.partition_point(|chunk| (chunk.partition, chunk.base) <= (partition, at.offset));
        let chunk = self.chunks.get(after.checked_sub(1)?)?;
        if chunk.partition != partition {
            return None;
        }
        let wanted = u32::try_from(at.offset - chunk.base).ok()?;
        let (mut low, mut high) = (chunk.first, chunk.first + chunk.len);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.events.offsets.get(middle as usize).cmp(&wanted) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}
