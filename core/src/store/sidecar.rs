//! A segment's sidecar: its index in a file of its own, so that opening a recording need not look at events.
//!
//! Everything in it can be made again from the segment: a sidecar that is missing, damaged or of another segment is
//! simply not used.
//!
//! ```text
//! 0    magic, 8 bytes
//! 8    xxh3 of everything after these 16 bytes
//! 16   checksum of the segment's file
//! 24   rows, blocks, whether there is a time order, bytes of the histogram: u64 each
//! 64   blocks: min_ms i64, max_ms i64, untimed u64, time_start i64
//! …    at the next multiple of 64: the time order, u32 a row
//! …    the histogram
//! ```
//! All numbers are little-endian.

use arrow_buffer::{Buffer, ScalarBuffer};
use xxhash_rust::xxh3::xxh3_64;

use super::histogram::Histogram;
use super::index::{BLOCK_ROWS, Block, BlockIndex, Index};

const MAGIC: &[u8; 8] = b"FABIDX01";
const CHECKED_FROM: usize = 16;
const HEADER: usize = 64;
const BLOCK_BYTES: usize = 32;

/// Writes a sidecar for a segment's file with the given checksum.
pub(super) fn encode(segment_checksum: u64, rows: usize, index: &Index, histogram: &Histogram) -> Vec<u8> {
    let histogram = histogram.to_bytes();
    let blocks = index.blocks.blocks();
    let mut bytes = Vec::with_capacity(HEADER + blocks.len() * BLOCK_BYTES + rows * 4 + histogram.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[0; 8]);
    let numbers =
        [segment_checksum, rows as u64, blocks.len() as u64, u64::from(index.order.is_some()), histogram.len() as u64];
    bytes.extend(numbers.into_iter().flat_map(u64::to_le_bytes));
    bytes.resize(HEADER, 0);
    for (block, &start) in blocks.iter().zip(index.blocks.time_starts()) {
        let numbers = [block.min_ms, block.max_ms, i64::from(block.untimed), start];
        bytes.extend(numbers.into_iter().flat_map(i64::to_le_bytes));
    }
    bytes.resize(bytes.len().next_multiple_of(HEADER), 0);
    if let Some(order) = &index.order {
        bytes.extend(order.iter().copied().flat_map(u32::to_le_bytes));
    }
    bytes.extend_from_slice(&histogram);
    let checksum = xxh3_64(&bytes[CHECKED_FROM..]);
    bytes[8..CHECKED_FROM].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The checksum of the segment that a sidecar belongs to, if the sidecar is sound.
pub(super) fn segment_checksum(file: &Buffer) -> Option<u64> {
    let bytes = file.as_slice();
    let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let sound = bytes.len() >= HEADER && bytes.starts_with(MAGIC) && number(8)? == xxh3_64(&bytes[CHECKED_FROM..]);
    if sound { number(16) } else { None }
}

/// Where the parts of a sidecar begin.
struct Layout {
    blocks_end: usize,
    order: usize,
    order_bytes: usize,
    histogram: usize,
}

/// `None` unless the sidecar is sound and belongs to the segment.
fn layout(file: &Buffer, segment_checksum: u64, rows: usize) -> Option<Layout> {
    let bytes = file.as_slice();
    let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let block_count = rows.div_ceil(BLOCK_ROWS);
    let sound = self::segment_checksum(file)? == segment_checksum
        && number(24)? == rows as u64
        && number(32)? == block_count as u64;
    if !sound {
        return None;
    }
    let blocks_end = block_count.checked_mul(BLOCK_BYTES)?.checked_add(HEADER)?;
    let order = blocks_end.checked_next_multiple_of(HEADER)?;
    let order_bytes = if number(40)? == 0 { 0 } else { rows.checked_mul(4)? };
    let histogram = order.checked_add(order_bytes)?;
    let histogram_bytes = usize::try_from(number(48)?).ok()?;
    let whole = histogram.checked_add(histogram_bytes)? == bytes.len();
    whole.then_some(Layout { blocks_end, order, order_bytes, histogram })
}

/// Reads a sidecar; the time order points into `file`. `None` unless it is sound and belongs to the segment.
pub(super) fn decode(file: &Buffer, segment_checksum: u64, rows: usize) -> Option<Index> {
    let layout = layout(file, segment_checksum, rows)?;
    let number = |at: usize| Some(u64::from_le_bytes(file.get(at..at + 8)?.try_into().ok()?));
    let block_count = rows.div_ceil(BLOCK_ROWS);
    let (mut blocks, mut time_starts) = (Vec::with_capacity(block_count), Vec::with_capacity(block_count));
    for at in (HEADER..layout.blocks_end).step_by(BLOCK_BYTES) {
        let signed = |at: usize| number(at).map(|number| number as i64);
        let untimed = u32::try_from(number(at + 16)?).ok()?;
        blocks.push(Block { min_ms: signed(at)?, max_ms: signed(at + 8)?, untimed });
        time_starts.push(signed(at + 24)?);
    }
    let order = if layout.order_bytes == 0 { None } else { Some(read_order(file, layout.order, rows)?) };
    let blocks = BlockIndex::from_parts(blocks, time_starts)?;
    Some(Index { blocks, order })
}

/// Reads the counts by time from a sidecar. `None` unless it is sound and belongs to the segment.
pub(super) fn histogram(file: &Buffer, segment_checksum: u64, rows: usize) -> Option<Histogram> {
    let layout = layout(file, segment_checksum, rows)?;
    let histogram = Histogram::from_bytes(file.get(layout.histogram..)?).ok()?;
    (histogram.total() == rows as u64).then_some(histogram)
}

/// The time order, if it names every row once.
fn read_order(file: &Buffer, start: usize, rows: usize) -> Option<ScalarBuffer<u32>> {
    let bytes = file.slice_with_length(start, rows * 4);
    if bytes.as_ptr().align_offset(align_of::<u32>()) != 0 {
        return None;
    }
    let order = ScalarBuffer::<u32>::new(bytes, 0, rows);
    let mut seen = vec![false; rows];
    for &row in order.iter() {
        if std::mem::replace(seen.get_mut(row as usize)?, true) {
            return None;
        }
    }
    Some(order)
}
