//! A segment's file: an Arrow IPC file with one uncompressed record batch.
//!
//! Written so that a map of the file *is* the arrays (64-byte alignment, no compression), and readable by pyarrow,
//! Polars, R and everything else that knows Arrow. The schema's metadata says which partition and which range of
//! offsets the file accounts for, so that a recording whose manifest is lost can be put together again.
//!
//! Reading trusts nothing: a file may be damaged, or made by somebody who wishes us ill. Arrow checks what it builds
//! (offsets within buffers, UTF-8), but asserts where a message points outside its body; those places are checked here
//! first, so that a hostile file gives an error and never a panic.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_ipc::{Block, MetadataVersion, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, Schema};

use crate::event::{EventBatch, TopicPartition, batch_schema};
use crate::log::Origin;

/// The format written to, and understood in, a file's metadata.
const FORMAT: &str = "1";
const FORMAT_KEY: &str = "fabula.format";
const TOPIC_KEY: &str = "fabula.topic";
const PARTITION_KEY: &str = "fabula.partition";
const COVERS_KEY: &str = "fabula.covers";
const ORIGIN_KEY: &str = "fabula.origin";
/// Buffers begin at multiples of this, as Arrow recommends.
const ALIGNMENT: usize = 64;
const MAGIC: &[u8] = b"ARROW1";
/// Magic, padded to eight bytes, at a file's start; a footer's length and magic at its end.
const HEAD: usize = 8;
const TAIL: usize = 10;

/// What a segment's file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// The partition of every event in the file.
    pub partition: TopicPartition,
    /// The offsets that the file accounts for: the first, one past the last. Offsets without an event are gaps.
    pub covers: (i64, i64),
    /// The log that the events came from, where the file says so.
    pub origin: Option<Origin>,
}

/// Writes events as a segment's file.
pub(super) fn encode(
    events: &EventBatch,
    covers: (i64, i64),
    origin: &Origin,
    out: impl Write,
) -> Result<(), ArrowError> {
    let origin = serde_json::to_string(origin).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    let metadata = HashMap::from([
        (FORMAT_KEY.to_owned(), FORMAT.to_owned()),
        (TOPIC_KEY.to_owned(), events.topic().to_string()),
        (PARTITION_KEY.to_owned(), events.partition().to_string()),
        (COVERS_KEY.to_owned(), format!("{} {}", covers.0, covers.1)),
        (ORIGIN_KEY.to_owned(), origin),
    ]);
    let schema = Schema::new_with_metadata(batch_schema().fields().clone(), metadata);
    let rows = events.to_record_batch().map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    let rows = rows.with_schema(Arc::new(schema.clone()))?;
    let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?;
    let mut writer = FileWriter::try_new_with_options(out, &schema, options)?;
    writer.write(&rows)?;
    writer.finish()
}

/// Reads what a segment's file says about itself, without looking at its events.
pub(super) fn label(file: &Buffer) -> Result<Label, String> {
    Ok(open(file)?.label)
}

/// Reads a segment's file; the columns point into `file`.
pub(super) fn decode(file: &Buffer) -> Result<(Label, EventBatch), String> {
    let Opened { label, schema, version, block } = open(file)?;
    let (at, metadata_len, body_len) = block_span(&block, file.len())?;
    let data = file.slice_with_length(at, metadata_len + body_len);
    let body_rows = check_message(&data.as_slice()[..metadata_len], body_len)?;
    let decoder = FileDecoder::new(Arc::new(schema), version).with_require_alignment(true);
    let rows = decoder
        .read_record_batch(&block, &data)
        .map_err(|error| format!("its events cannot be read ({error})"))?
        .ok_or("it holds no record batch")?;
    if rows.num_rows() == 0 || rows.num_rows() != body_rows {
        return Err("it holds no events".to_owned());
    }
    let events = EventBatch::from_record_batch(label.partition.topic.clone(), label.partition.partition, &rows)
        .map_err(|error| error.to_string())?;
    let within = |offset: &i64| label.covers.0 <= *offset && *offset < label.covers.1;
    if !events.offsets().first().is_some_and(within) || !events.offsets().last().is_some_and(within) {
        return Err("its events lie outside the range of offsets that it says it holds".to_owned());
    }
    Ok((label, events))
}

struct Opened {
    label: Label,
    schema: Schema,
    version: MetadataVersion,
    block: Block,
}

/// Checks magic, footer and schema.
fn open(file: &Buffer) -> Result<Opened, String> {
    let bytes = file.as_slice();
    if bytes.len() < HEAD + TAIL || !bytes.starts_with(MAGIC) {
        return Err("it is not an Arrow file".to_owned());
    }
    let mut tail = [0; TAIL];
    tail.copy_from_slice(&bytes[bytes.len() - TAIL..]);
    let footer_len =
        read_footer_length(tail).map_err(|_| "its end is missing: it was cut short or never finished".to_owned())?;
    let footer_end = bytes.len() - TAIL;
    let footer_start = footer_end
        .checked_sub(footer_len)
        .filter(|&start| start >= HEAD)
        .ok_or("its footer is longer than the file")?;
    let footer = root_as_footer(&bytes[footer_start..footer_end])
        .map_err(|error| format!("its footer cannot be read ({error})"))?;

    let schema = footer.schema().ok_or("its footer has no schema")?;
    if !schema.endianness().equals_to_target_endianness() {
        return Err("its byte order is not this machine's".to_owned());
    }
    let schema = try_fb_to_schema(schema).map_err(|error| format!("its schema cannot be read ({error})"))?;
    if schema.fields() != batch_schema().fields() {
        return Err("its columns are not those of a segment".to_owned());
    }
    if footer.dictionaries().is_some_and(|dictionaries| !dictionaries.is_empty()) {
        return Err("it holds dictionaries, which a segment does not".to_owned());
    }
    let blocks = footer.recordBatches().ok_or("its footer names no record batch")?;
    if blocks.len() != 1 {
        return Err(format!("it holds {} record batches rather than one", blocks.len()));
    }
    Ok(Opened { label: read_label(&schema)?, version: footer.version(), block: *blocks.get(0), schema })
}

fn read_label(schema: &Schema) -> Result<Label, String> {
    let entry = |key: &str| schema.metadata.get(key).ok_or(format!("its metadata lack {key}"));
    let format = entry(FORMAT_KEY)?;
    if format != FORMAT {
        return Err(format!("its format is {format}, and this version reads format {FORMAT}"));
    }
    let partition: i32 = entry(PARTITION_KEY)?.parse().map_err(|_| format!("its {PARTITION_KEY} is no number"))?;
    let covers = entry(COVERS_KEY)?
        .split_once(' ')
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)))
        .filter(|(from, to)| from < to)
        .ok_or(format!("its {COVERS_KEY} is no range"))?;
    if partition < 0 {
        return Err("its partition is negative".to_owned());
    }
    let origin = schema.metadata.get(ORIGIN_KEY).and_then(|text| serde_json::from_str(text).ok());
    Ok(Label { partition: TopicPartition::new(entry(TOPIC_KEY)?.as_str(), partition), covers, origin })
}

/// Where a block lies in the file: its start, and the lengths of its message and of its body.
fn block_span(block: &Block, file_len: usize) -> Result<(usize, usize, usize), String> {
    let span = || {
        let at = usize::try_from(block.offset()).ok()?;
        let metadata = usize::try_from(block.metaDataLength()).ok()?;
        let body = usize::try_from(block.bodyLength()).ok()?;
        let end = at.checked_add(metadata)?.checked_add(body)?;
        let aligned = (at + metadata).is_multiple_of(WIDEST);
        (at >= HEAD && end <= file_len && aligned).then_some((at, metadata, body))
    };
    span().ok_or_else(|| "its record batch lies outside the file".to_owned())
}

/// The columns' nodes in the order of a message; for each the width in bytes of its buffers' items, validity first.
const NODES: [&[usize]; 9] = [&[1, 8], &[1, 8], &[1, 1], &[1, 8, 1], &[1, 8, 1], &[1, 4], &[1], &[1, 4, 1], &[1, 4, 1]];
/// Every buffer begins at a multiple of this within the file, so that its items lie where the machine wants them.
const WIDEST: usize = 8;

/// Checks that everything a message points at lies within its body; gives the number of rows.
fn check_message(bytes: &[u8], body_len: usize) -> Result<usize, String> {
    // A message begins with a continuation marker and its length, or (before version 0.15 of the format) its length.
    let body = match bytes {
        [0xff, 0xff, 0xff, 0xff, _, _, _, _, message @ ..] => message,
        [_, _, _, _, message @ ..] => message,
        _ => return Err("its record batch has no message".to_owned()),
    };
    let message = root_as_message(body).map_err(|error| format!("its record batch cannot be read ({error})"))?;
    let batch = message.header_as_record_batch().ok_or("its block is no record batch")?;
    if batch.compression().is_some() {
        return Err("it is compressed, which a segment is not".to_owned());
    }
    let rows = usize::try_from(batch.length()).map_err(|_| "its number of rows is negative")?;
    let nodes = batch.nodes().ok_or("its record batch has no columns")?;
    let buffers = batch.buffers().ok_or("its record batch has no buffers")?;
    let widths = || NODES.into_iter().flatten();
    if nodes.len() != NODES.len() || buffers.len() != widths().count() {
        return Err("its record batch has not a segment's columns".to_owned());
    }
    for (buffer, width) in buffers.iter().zip(widths()) {
        let span = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let within = |&(offset, length): &(usize, usize)| offset.checked_add(length).is_some_and(|end| end <= body_len);
        let Some((offset, length)) = span.filter(within) else {
            return Err("a column lies outside its record batch".to_owned());
        };
        if !offset.is_multiple_of(WIDEST) || !length.is_multiple_of(*width) {
            return Err("a column does not lie where its items would fit".to_owned());
        }
    }
    let mut validity = 0;
    for (node, widths) in nodes.iter().zip(NODES) {
        let sound = usize::try_from(node.length())
            .ok()
            .filter(|&length| length <= body_len && (0..=node.length()).contains(&node.null_count()))
            .is_some_and(|length| {
                node.null_count() == 0 || buffers.get(validity).length() as usize >= length.div_ceil(8)
            });
        if !sound {
            return Err("a column's length does not fit its record batch".to_owned());
        }
        validity += widths.len();
    }
    Ok(rows)
}
