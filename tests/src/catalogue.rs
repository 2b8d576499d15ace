//! Recordings with a great many topics, for tests of what must not grow with their number.

use std::path::{Path, PathBuf};

use fabula_core::event::EventBatchBuilder;
use fabula_core::log::Origin;
use fabula_core::store::Store;

/// Makes a recording with so many topics (`topic-00000` …) of one event each.
///
/// # Errors
/// If it cannot be written.
pub fn recording(folder: &Path, topics: usize) -> anyhow::Result<PathBuf> {
    let dir = folder.join("many-topics");
    let store = Store::create(&dir, Origin::Import { files: Vec::new() })?;
    for number in 0..topics {
        let partition = fabula_core::event::TopicPartition::new(format!("topic-{number:05}"), 0);
        // A topic of which nothing is left is listed all the same; an event each would make as many files.
        if number > 0 {
            store.account(&partition, 0, 1)?;
            continue;
        }
        let mut events = EventBatchBuilder::new(partition.topic.clone(), 0);
        events.push(0, 1_773_446_400_000, fabula_core::event::TimestampType::Create, None, Some(b"{}"), []);
        store.append(&events.finish(), 0, 1)?;
    }
    store.flush()?;
    Ok(dir)
}
