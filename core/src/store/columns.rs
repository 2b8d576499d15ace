//! Batches put together column by column.

use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;

use super::damage::StoreError;
use crate::event::{EventBatch, TopicPartition, batch_schema};

/// Batches of one partition, one after the other, as one. Whole columns are copied, never single events.
pub(super) fn concat(partition: &TopicPartition, batches: &[EventBatch]) -> Result<EventBatch, StoreError> {
    if let [only] = batches {
        return Ok(only.clone());
    }
    let refused = |reason: String| StoreError::Columns { partition: partition.clone(), reason };
    let rows = batches
        .iter()
        .map(EventBatch::to_record_batch)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refused(error.to_string()))?;
    let rows = concat_batches(&batch_schema(), &rows).map_err(|error: ArrowError| refused(error.to_string()))?;
    EventBatch::from_record_batch(partition.topic.clone(), partition.partition, &rows)
        .map_err(|error| refused(error.to_string()))
}
