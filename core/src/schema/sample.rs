//! What some of a topic's events show of all: in which formats they are, and their shape.

use super::TopicShape;
use crate::codec::{Choice, SAMPLES, TopicCodecs, detect};
use crate::event::EventBatch;
use crate::store::TopicSnapshot;

/// How many events of a topic a shape is grown from.
const SHAPED: usize = 4_000;

/// What a topic's events are.
#[derive(Debug, Clone)]
pub struct Sample {
    /// How their keys and values are decoded.
    pub codecs: TopicCodecs,
    /// Which fields they have.
    pub shape: TopicShape,
}

impl Sample {
    /// Looks at events from every part of a topic: formats as named, else as they show. `None` where there is no event.
    pub fn of(topic: &TopicSnapshot, key: Option<Choice>, value: Option<Choice>) -> Option<Self> {
        let codecs = codecs_of(topic, key, value)?;
        let mut shape = TopicShape::default();
        let segments: Vec<_> = topic.segments().collect();
        // Segments are looked at from end to end, since a shape changes in time; of each, events from end to end.
        let step = segments.len().div_ceil(64).max(1);
        let looked_at = segments.len().div_ceil(step).max(1);
        for segment in segments.iter().step_by(step) {
            let Ok(events) = segment.events() else { continue };
            let every = (events.len() * looked_at).div_ceil(SHAPED).max(1);
            events.events().step_by(every).for_each(|event| shape.add(event, &codecs));
            segment.release();
        }
        Some(Self { codecs, shape })
    }
}

/// The formats of a topic: as named, else as its first events show; `None` where there is no event yet.
pub fn codecs_of(topic: &TopicSnapshot, key: Option<Choice>, value: Option<Choice>) -> Option<TopicCodecs> {
    let segments = topic.partitions.iter().filter_map(|partition| partition.segments.first());
    let batches: Vec<EventBatch> = segments.filter_map(|segment| segment.events().ok()).take(SAMPLES).collect();
    let each = SAMPLES.div_ceil(batches.len().max(1));
    let samples: Vec<_> = batches.iter().flat_map(|batch| batch.events().take(each)).collect();
    if samples.is_empty() {
        return None;
    }
    let keys: Vec<_> = samples.iter().map(|event| event.key()).collect();
    let values: Vec<_> = samples.iter().map(|event| event.value()).collect();
    Some(TopicCodecs::new(key.unwrap_or_else(|| detect(&keys).choice), value.unwrap_or_else(|| detect(&values).choice)))
}
