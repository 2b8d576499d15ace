//! The formats of each topic's keys and values: detected from its events when they are first needed, unless a person
//! chose one.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::codec::{Choice, Codec, Detection, SAMPLES, TopicCodecs, detect};
use fabula_core::event::TopicName;
use fabula_core::store::{Damage, Snapshot};
use parking_lot::RwLock;

/// The formats that a person chose for a topic; what is `None` is detected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Chosen {
    /// Of keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Choice>,
    /// Of values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Choice>,
}

/// How a topic's events are decoded, and why so.
#[derive(Debug, Clone)]
pub struct TopicFormats {
    /// What decodes.
    pub codecs: TopicCodecs,
    /// What the keys were judged to be.
    pub key: Detection,
    /// What the values were judged to be.
    pub value: Detection,
}

/// The formats of an open log's topics. Cheap to clone; clones share what was detected.
#[derive(Debug, Clone, Default)]
pub struct Formats {
    chosen: Arc<BTreeMap<TopicName, Chosen>>,
    detected: Arc<RwLock<BTreeMap<TopicName, Arc<TopicFormats>>>>,
}

impl PartialEq for Formats {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

impl Formats {
    /// The same detections with what a person chose now.
    pub fn with_chosen(&self, chosen: &BTreeMap<TopicName, Chosen>) -> Self {
        Self { chosen: Arc::new(chosen.clone()), detected: Arc::clone(&self.detected) }
    }

    /// What a person chose for each topic.
    pub fn chosen(&self) -> &BTreeMap<TopicName, Chosen> {
        &self.chosen
    }

    /// Whether two give the same answers, now and later.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.detected, &other.detected) && *self.chosen == *other.chosen
    }

    /// A topic's formats. Looks at the topic's events the first time, so it belongs in a job.
    ///
    /// # Errors
    /// When the segment with the samples turns out to be damaged.
    pub fn of(&self, topic: &TopicName, snapshot: &Snapshot) -> Result<TopicFormats, Damage> {
        let known = self.detected.read().get(topic).cloned();
        let detected = match known {
            Some(detected) => detected,
            None => {
                let (formats, sure) = detect_topic(topic, snapshot)?;
                let formats = Arc::new(formats);
                if sure {
                    self.detected.write().insert(topic.clone(), Arc::clone(&formats));
                }
                formats
            }
        };
        let chosen = self.chosen.get(topic).copied().unwrap_or_default();
        let codec = |choice: Option<Choice>, detected: &Codec| choice.map_or_else(|| detected.clone(), Codec::new);
        let codecs = TopicCodecs {
            key: codec(chosen.key, &detected.codecs.key),
            value: codec(chosen.value, &detected.codecs.value),
        };
        Ok(TopicFormats { codecs, ..(*detected).clone() })
    }
}

/// Judges a topic by events from the end of each partition; says also whether there were enough to be sure.
fn detect_topic(topic: &TopicName, snapshot: &Snapshot) -> Result<(TopicFormats, bool), Damage> {
    let mut batches = Vec::new();
    let segments = snapshot.topic(topic).into_iter().flat_map(|topic| topic.segments());
    for segment in segments.take(SAMPLES) {
        batches.push(segment.events()?);
    }
    let each = (SAMPLES / batches.len().max(1)).max(4);
    let events: Vec<_> = batches
        .iter()
        .flat_map(|batch| (batch.len().saturating_sub(each)..batch.len()).map(|row| batch.event(row)))
        .collect();
    let keys: Vec<Option<&[u8]>> = events.iter().map(|event| event.key()).collect();
    let values: Vec<Option<&[u8]>> = events.iter().map(|event| event.value()).collect();
    let (key, value) = (detect(&keys), detect(&values));
    let sure = events.len() >= SAMPLES / 2;
    Ok((TopicFormats { codecs: TopicCodecs::new(key.choice, value.choice), key, value }, sure))
}
