//! Events in columns.
//!
//! One [`EventBatch`] holds events of one topic partition, in offset order. Its columns are Arrow arrays, so a batch
//! that was just read from a broker and one that is a view into a mapped segment are the same thing to every reader.

mod builder;

use std::sync::Arc;

use arrow_array::types::{Int8Type, Int64Type, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, BinaryArray, LargeBinaryArray, ListArray, PrimitiveArray, RecordBatch, StringArray, StructArray,
};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::{Coordinates, TimestampType, TopicName};

pub use builder::EventBatchBuilder;

/// Why a record batch is not a batch of events.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A column is missing or of another type than [`batch_schema`] says.
    #[error("column {column} is missing or not of the expected type")]
    Column {
        /// The column's name.
        column: &'static str,
    },
    /// A column that must not hold nulls does.
    #[error("column {column} holds nulls")]
    Nulls {
        /// The column's name.
        column: &'static str,
    },
    /// Offsets must grow from row to row.
    #[error("offsets do not grow: row {row}")]
    Order {
        /// The first row whose offset is not greater than the one before.
        row: usize,
    },
    /// Arrow refused to put the columns together.
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
}

fn header_fields() -> Fields {
    Fields::from(vec![Field::new("name", DataType::Utf8, false), Field::new("value", DataType::Binary, true)])
}

fn headers_item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(header_fields()), false))
}

/// The columns of a batch, and of a segment's file:
///
/// | column | type | |
/// |---|---|---|
/// | `offset` | int64 | grows from row to row |
/// | `timestamp` | timestamp\[ms, UTC\] | as the log has it; -1 where there is none |
/// | `timestamp_type` | int8 | -1 none, 0 create, 1 log append |
/// | `key`, `value` | large binary | null is null; empty is empty |
/// | `headers` | list of struct {name: utf8, value: binary} | in the record's order, names may repeat |
pub fn batch_schema() -> SchemaRef {
    static SCHEMA: std::sync::OnceLock<SchemaRef> = std::sync::OnceLock::new();
    SCHEMA
        .get_or_init(|| {
            Arc::new(Schema::new(vec![
                Field::new("offset", DataType::Int64, false),
                Field::new("timestamp", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false),
                Field::new("timestamp_type", DataType::Int8, false),
                Field::new("key", DataType::LargeBinary, true),
                Field::new("value", DataType::LargeBinary, true),
                Field::new("headers", DataType::List(headers_item()), false),
            ]))
        })
        .clone()
}

/// Events of one topic partition, in offset order. Cheap to clone: the columns are shared.
#[derive(Debug, Clone)]
pub struct EventBatch {
    topic: TopicName,
    partition: i32,
    offsets: ScalarBuffer<i64>,
    timestamps: ScalarBuffer<i64>,
    timestamp_types: ScalarBuffer<i8>,
    keys: LargeBinaryArray,
    values: LargeBinaryArray,
    headers: ListArray,
    header_names: StringArray,
    header_values: BinaryArray,
}

impl EventBatch {
    /// Takes a record batch of [`batch_schema`]'s columns.
    ///
    /// # Errors
    /// [`BatchError`] when a column is missing, of another type, holds nulls where it must not, or offsets do not grow.
    pub fn from_record_batch(topic: TopicName, partition: i32, rows: &RecordBatch) -> Result<Self, BatchError> {
        fn column<'a, A: Array + 'static>(rows: &'a RecordBatch, column: &'static str) -> Result<&'a A, BatchError> {
            rows.column_by_name(column)
                .and_then(|array| array.as_any().downcast_ref::<A>())
                .ok_or(BatchError::Column { column })
        }
        fn no_nulls(array: &dyn Array, column: &'static str) -> Result<(), BatchError> {
            if array.null_count() == 0 { Ok(()) } else { Err(BatchError::Nulls { column }) }
        }
        let offsets = column::<PrimitiveArray<Int64Type>>(rows, "offset")?;
        let timestamps = column::<PrimitiveArray<TimestampMillisecondType>>(rows, "timestamp")?;
        let types = column::<PrimitiveArray<Int8Type>>(rows, "timestamp_type")?;
        let headers = column::<ListArray>(rows, "headers")?;
        no_nulls(offsets, "offset")?;
        no_nulls(timestamps, "timestamp")?;
        no_nulls(types, "timestamp_type")?;
        no_nulls(headers, "headers")?;
        if let Some(row) = offsets.values().windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(BatchError::Order { row: row + 1 });
        }
        let (header_names, header_values) = header_columns(headers)?;
        Ok(Self {
            topic,
            partition,
            offsets: offsets.values().clone(),
            timestamps: timestamps.values().clone(),
            timestamp_types: types.values().clone(),
            keys: column::<LargeBinaryArray>(rows, "key")?.clone(),
            values: column::<LargeBinaryArray>(rows, "value")?.clone(),
            headers: headers.clone(),
            header_names,
            header_values,
        })
    }

    /// The batch as an Arrow record batch of [`batch_schema`]; columns are shared, not copied.
    ///
    /// # Errors
    /// Only if Arrow refuses the columns, which would be a defect here.
    pub fn to_record_batch(&self) -> Result<RecordBatch, BatchError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(PrimitiveArray::<Int64Type>::new(self.offsets.clone(), None)),
            Arc::new(
                PrimitiveArray::<TimestampMillisecondType>::new(self.timestamps.clone(), None).with_timezone("UTC"),
            ),
            Arc::new(PrimitiveArray::<Int8Type>::new(self.timestamp_types.clone(), None)),
            Arc::new(self.keys.clone()),
            Arc::new(self.values.clone()),
            Arc::new(self.headers.clone()),
        ];
        Ok(RecordBatch::try_new(batch_schema(), columns)?)
    }

    /// The topic of every event in the batch.
    pub fn topic(&self) -> &TopicName {
        &self.topic
    }

    /// The partition of every event in the batch.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// How many events the batch holds.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether the batch holds no event.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Offsets, one a row, growing.
    pub fn offsets(&self) -> &[i64] {
        &self.offsets
    }

    /// Timestamps in milliseconds since the epoch, one a row; see [`EventBatch::timestamp_types`] for rows without one.
    pub fn timestamps_ms(&self) -> &[i64] {
        &self.timestamps
    }

    /// [`TimestampType`] codes, one a row.
    pub fn timestamp_types(&self) -> &[i8] {
        &self.timestamp_types
    }

    /// The key column.
    pub fn keys(&self) -> &LargeBinaryArray {
        &self.keys
    }

    /// The value column: all values in one buffer, which is what makes searching fast.
    pub fn values(&self) -> &LargeBinaryArray {
        &self.values
    }

    /// Every header name of the batch, in order of rows; [`EventBatch::header_range`] says which are a row's.
    pub fn header_names(&self) -> &StringArray {
        &self.header_names
    }

    /// Every header value of the batch, in order of rows; [`EventBatch::header_range`] says which are a row's.
    pub fn header_values(&self) -> &BinaryArray {
        &self.header_values
    }

    /// Where each row's entries of the header columns begin, and at the end where the last row's end.
    pub fn header_offsets(&self) -> &[i32] {
        self.headers.value_offsets()
    }

    /// Which entries of the header columns belong to a row.
    pub fn header_range(&self, row: usize) -> std::ops::Range<usize> {
        let offsets = self.headers.value_offsets();
        offsets[row] as usize..offsets[row + 1] as usize
    }

    /// One event of the batch.
    ///
    /// # Panics
    /// If `row` is not less than [`EventBatch::len`].
    pub fn event(&self, row: usize) -> EventRef<'_> {
        assert!(row < self.len(), "row {row} of a batch of {}", self.len());
        EventRef { batch: self, row }
    }

    /// Every event in offset order.
    pub fn events(&self) -> impl ExactSizeIterator<Item = EventRef<'_>> {
        (0..self.len()).map(|row| EventRef { batch: self, row })
    }

    /// Rows `from..from + len` as a batch that shares these columns.
    pub fn slice(&self, from: usize, len: usize) -> Self {
        Self {
            topic: self.topic.clone(),
            partition: self.partition,
            offsets: self.offsets.slice(from, len),
            timestamps: self.timestamps.slice(from, len),
            timestamp_types: self.timestamp_types.slice(from, len),
            keys: self.keys.slice(from, len),
            values: self.values.slice(from, len),
            headers: self.headers.slice(from, len),
            header_names: self.header_names.clone(),
            header_values: self.header_values.clone(),
        }
    }

    /// Bytes of keys, values and headers in the batch, near enough for budgets.
    pub fn payload_bytes(&self) -> usize {
        fn spread<T: Copy + Into<i64>>(offsets: &[T]) -> usize {
            match (offsets.first(), offsets.last()) {
                (Some(&first), Some(&last)) => (last.into() - first.into()) as usize,
                _ => 0,
            }
        }
        let headers = self.header_range(0).start..self.headers.value_offsets()[self.len()] as usize;
        let header_bytes = if headers.is_empty() {
            0
        } else {
            spread(&self.header_names.value_offsets()[headers.start..=headers.end])
                + spread(&self.header_values.value_offsets()[headers.start..=headers.end])
        };
        spread(self.keys.value_offsets()) + spread(self.values.value_offsets()) + header_bytes
    }
}

fn header_columns(headers: &ListArray) -> Result<(StringArray, BinaryArray), BatchError> {
    let pairs = headers.values().as_any().downcast_ref::<StructArray>();
    let names = pairs.and_then(|pairs| pairs.column(0).as_any().downcast_ref::<StringArray>());
    let values = pairs.and_then(|pairs| pairs.column(1).as_any().downcast_ref::<BinaryArray>());
    match (names, values) {
        (Some(names), Some(values)) => Ok((names.clone(), values.clone())),
        _ => Err(BatchError::Column { column: "headers" }),
    }
}

/// One event, borrowed from its batch.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    batch: &'a EventBatch,
    row: usize,
}

impl<'a> EventRef<'a> {
    /// Where the event stands.
    pub fn coordinates(self) -> Coordinates {
        Coordinates { topic: self.batch.topic.clone(), partition: self.batch.partition, offset: self.offset() }
    }

    /// The topic's name.
    pub fn topic(self) -> &'a TopicName {
        &self.batch.topic
    }

    /// The partition's number.
    pub fn partition(self) -> i32 {
        self.batch.partition
    }

    /// The offset within the partition.
    pub fn offset(self) -> i64 {
        self.batch.offsets[self.row]
    }

    /// The record's timestamp in milliseconds since the epoch, as the log has it (-1 where there is none).
    pub fn timestamp_ms(self) -> i64 {
        self.batch.timestamps[self.row]
    }

    /// What the timestamp means.
    pub fn timestamp_type(self) -> TimestampType {
        TimestampType::from_code(self.batch.timestamp_types[self.row])
    }

    /// The event's time in nanoseconds since the epoch; `None` where the record has no timestamp.
    pub fn time_ns(self) -> Option<i64> {
        (self.timestamp_type() != TimestampType::None).then(|| super::time::ms_to_ns(self.timestamp_ms()))
    }

    /// The key's bytes; `None` is null, which is not the same as empty.
    pub fn key(self) -> Option<&'a [u8]> {
        self.batch.keys.is_valid(self.row).then(|| self.batch.keys.value(self.row))
    }

    /// The value's bytes; `None` makes the event a tombstone.
    pub fn value(self) -> Option<&'a [u8]> {
        self.batch.values.is_valid(self.row).then(|| self.batch.values.value(self.row))
    }

    /// The headers, in the record's order.
    pub fn headers(self) -> Headers<'a> {
        Headers { batch: self.batch, range: self.batch.header_range(self.row) }
    }

    /// The batch that holds the event.
    pub fn batch(self) -> &'a EventBatch {
        self.batch
    }

    /// The event's row in [`EventRef::batch`].
    pub fn row(self) -> usize {
        self.row
    }
}

/// The headers of one event: pairs of a name and a value, in the record's order; names may repeat.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    batch: &'a EventBatch,
    range: std::ops::Range<usize>,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.range.next()?;
        let values = &self.batch.header_values;
        Some((self.batch.header_names.value(entry), values.is_valid(entry).then(|| values.value(entry))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl ExactSizeIterator for Headers<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> EventBatch {
        let mut builder = EventBatchBuilder::new("orders", 3);
        builder.push(5, 1_000, TimestampType::Create, Some(b"a"), Some(b"{}"), [("x", Some(&b"1"[..])), ("x", None)]);
        builder.push(6, 999, TimestampType::LogAppend, None, None, []);
        builder.push(9, -1, TimestampType::None, Some(b""), Some(b""), [("y", Some(&b""[..]))]);
        builder.finish()
    }

    #[test]
    fn null_and_empty_and_repeated_headers_survive_a_round_trip() {
        let batch = three();
        let again = EventBatch::from_record_batch("orders".into(), 3, &batch.to_record_batch().unwrap()).unwrap();
        for batch in [&batch, &again] {
            assert_eq!(batch.offsets(), [5, 6, 9]);
            assert_eq!(batch.event(0).headers().collect::<Vec<_>>(), [("x", Some(&b"1"[..])), ("x", None)]);
            assert_eq!((batch.event(1).key(), batch.event(1).value()), (None, None));
            assert_eq!((batch.event(2).key(), batch.event(2).value()), (Some(&b""[..]), Some(&b""[..])));
            assert_eq!(batch.event(2).time_ns(), None);
            assert_eq!(batch.event(0).time_ns(), Some(1_000_000_000));
        }
    }

    #[test]
    fn a_slice_keeps_its_own_headers() {
        let batch = three().slice(2, 1);
        assert_eq!(batch.event(0).headers().collect::<Vec<_>>(), [("y", Some(&b""[..]))]);
        assert_eq!(batch.payload_bytes(), 1);
    }

    #[test]
    fn offsets_that_do_not_grow_are_refused() {
        let rows = three().to_record_batch().unwrap();
        let backwards = arrow_array::Int64Array::from(vec![5, 4, 9]);
        let mut columns = rows.columns().to_vec();
        columns[0] = Arc::new(backwards);
        let rows = RecordBatch::try_new(batch_schema(), columns).unwrap();
        let refused = EventBatch::from_record_batch("orders".into(), 3, &rows);
        assert!(matches!(refused, Err(BatchError::Order { row: 1 })));
    }
}
