//! Which events numbers stand for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;

use tokio_util::sync::CancellationToken;

use super::told::NamedEvent;
use crate::codec::{Cell, Path};
use crate::engine::Stop;
use crate::engine::feed::{Feed, HISTORY_STEP, Step};
use crate::engine::history::each_step;
use crate::engine::plan::PlannedSource;
use crate::event::time::ns_to_ms;
use crate::event::{Coordinates, TopicName};
use crate::expr::{Expr, Source};
use crate::pipeline::Flow;

/// Reads events again whose numbers are known: a feed of the same topics gives each the number that it had.
///
/// # Errors
/// [`Stop::Cancelled`].
pub(super) fn named(
    topics: &[TopicName],
    feed: &dyn Fn(&[PlannedSource]) -> Feed,
    wanted: &BTreeSet<u64>,
    cancel: &CancellationToken,
) -> Result<BTreeMap<u64, NamedEvent>, Stop> {
    let (mut found, Some(&last)) = (BTreeMap::new(), wanted.last()) else { return Ok(BTreeMap::new()) };
    // An event's time is of no matter here, so it is something that every event has.
    let time = Expr::parse("offset").ok();
    let fields = vec![Source::Partition, Source::Offset, Source::Timestamp, Source::Key(Path::default())];
    let source = |topic: &TopicName| PlannedSource {
        node: 0,
        topic: topic.clone(),
        flow: Flow::Stream,
        fields: fields.clone(),
        time: time.clone(),
    };
    let sources: Vec<PlannedSource> = topics.iter().map(source).collect();
    let mut feed = feed(&sources);
    let done = CancellationToken::new();
    let take = &mut |step: Step| {
        for (source, rows) in sources.iter().zip(&step.rows) {
            for row in (0..rows.len()).filter(|&row| wanted.contains(&rows.seq[row])) {
                let number = |column| match rows.cell(column, row) {
                    Cell::Int(number) => number,
                    _ => -1,
                };
                let coordinates =
                    Coordinates { topic: source.topic.clone(), partition: number(0) as i32, offset: number(1) };
                let timestamp_ms = match rows.cell(2, row) {
                    Cell::Time(ns) => Some(ns_to_ms(ns)),
                    _ => None,
                };
                let (seq, key) = (rows.seq[row], rows.cell(3, row).into_owned());
                found.insert(seq, NamedEvent { seq, coordinates: Some(coordinates), timestamp_ms, key });
            }
            if rows.seq.last().is_some_and(|&seq| seq >= last) {
                done.cancel();
            }
        }
        if cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    };
    match each_step(&mut feed, HISTORY_STEP, &done, &AtomicU64::new(0), take) {
        Err(Stop::Cancelled) if !cancel.is_cancelled() => Ok(found),
        other => other.map(|()| found),
    }
}
