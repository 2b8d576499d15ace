//! Putting a batch together, event by event.

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder as _, BinaryBuilder, Int8Builder, Int64Builder, LargeBinaryBuilder, StringBuilder,
    TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};

use super::{EventBatch, EventRef, header_fields, headers_item};
use crate::event::{TimestampType, TopicName};

/// Collects events of one topic partition into an [`EventBatch`].
#[derive(Debug)]
pub struct EventBatchBuilder {
    topic: TopicName,
    partition: i32,
    offsets: Int64Builder,
    timestamps: TimestampMillisecondBuilder,
    timestamp_types: Int8Builder,
    keys: LargeBinaryBuilder,
    values: LargeBinaryBuilder,
    header_offsets: Vec<i32>,
    header_names: StringBuilder,
    header_values: BinaryBuilder,
    bytes: usize,
    last_offset: Option<i64>,
}

impl EventBatchBuilder {
    /// Starts an empty batch.
    pub fn new(topic: impl Into<TopicName>, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition,
            offsets: Int64Builder::new(),
            timestamps: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            timestamp_types: Int8Builder::new(),
            keys: LargeBinaryBuilder::new(),
            values: LargeBinaryBuilder::new(),
            header_offsets: vec![0],
            header_names: StringBuilder::new(),
            header_values: BinaryBuilder::new(),
            bytes: 0,
            last_offset: None,
        }
    }

    /// Adds one event.
    ///
    /// # Panics
    /// If `offset` is not greater than that of the event before: a log's reader hands events over in offset order.
    pub fn push<'h>(
        &mut self,
        offset: i64,
        timestamp_ms: i64,
        timestamp_type: TimestampType,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl IntoIterator<Item = (&'h str, Option<&'h [u8]>)>,
    ) {
        assert!(self.last_offset.is_none_or(|last| last < offset), "offset {offset} after {:?}", self.last_offset);
        self.last_offset = Some(offset);
        self.offsets.append_value(offset);
        self.timestamps.append_value(timestamp_ms);
        self.timestamp_types.append_value(timestamp_type as i8);
        self.keys.append_option(key);
        self.values.append_option(value);
        self.bytes += key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len) + 32;
        for (name, value) in headers {
            self.header_names.append_value(name);
            self.header_values.append_option(value);
            self.bytes += name.len() + value.map_or(0, <[u8]>::len) + 8;
        }
        self.header_offsets.push(self.header_names.len() as i32);
    }

    /// Adds a copy of an event of another batch, of whatever topic and partition.
    pub fn push_event(&mut self, event: EventRef<'_>) {
        self.push(
            event.offset(),
            event.timestamp_ms(),
            event.timestamp_type(),
            event.key(),
            event.value(),
            event.headers(),
        );
    }

    /// How many events were added.
    pub fn len(&self) -> usize {
        self.header_offsets.len() - 1
    }

    /// Whether nothing was added yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how much memory the events take, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The offset of the event added last.
    pub fn last_offset(&self) -> Option<i64> {
        self.last_offset
    }

    /// The batch; the builder is empty afterwards and can be used again.
    pub fn finish(&mut self) -> EventBatch {
        let header_names = self.header_names.finish();
        let header_values = self.header_values.finish();
        let pairs = StructArray::new(
            header_fields(),
            vec![Arc::new(header_names.clone()) as ArrayRef, Arc::new(header_values.clone()) as ArrayRef],
            None,
        );
        let offsets = std::mem::replace(&mut self.header_offsets, vec![0]);
        let headers =
            ListArray::new(headers_item(), OffsetBuffer::new(ScalarBuffer::from(offsets)), Arc::new(pairs), None);
        self.bytes = 0;
        self.last_offset = None;
        EventBatch {
            topic: self.topic.clone(),
            partition: self.partition,
            offsets: self.offsets.finish().values().clone(),
            timestamps: self.timestamps.finish().values().clone(),
            timestamp_types: self.timestamp_types.finish().values().clone(),
            keys: self.keys.finish(),
            values: self.values.finish(),
            headers,
            header_names,
            header_values,
        }
    }
}
