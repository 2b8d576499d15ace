//! The story: making it, jumping about in it, and reading it through.

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Result;
use fabula_core::narrative::Narrative;

use super::{Data, Dice, Durations, Line, Table, timed};

/// Measures a narrative of all topics.
///
/// # Errors
/// When the data cannot be made or read.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let (_store, snapshot) = data.open()?;
    let segments = snapshot.segments().count();
    let mut making = Durations::default();
    for _ in 0..50 {
        making.time(|| Narrative::of_all(&snapshot, None));
    }
    let limit = Duration::from_nanos(100 * segments.max(1000) as u64);
    table.add(Line::below(format!("story: made of {segments} segments, p99"), making.quantile(0.99), limit));

    // The first use of a segment compares it with its checksum; that is measured where a recording is opened.
    snapshot.segments().try_for_each(|segment| segment.verify())?;
    let narrative = Narrative::of_all(&snapshot, None);
    let (mut dice, mut jumps, mut times, mut ranks) =
        (Dice::new(), Durations::default(), Durations::default(), Durations::default());
    for _ in 0..400 {
        let rank = dice.below(narrative.len());
        let rows = jumps.time(|| narrative.rows(rank, 60))?;
        let Some(row) = rows.first() else { break };
        let found = times.time(|| narrative.rank_of_time(row.time_ns.unwrap_or(i64::MIN)))?;
        let own = ranks.time(|| narrative.rank_of(row.id))?;
        anyhow::ensure!(own == Some(rank) && found <= rank, "rank {rank} is not where its row says");
    }
    let limit = Duration::from_millis(1);
    table.add(Line::below("story: 60 rows from any rank, p99", jumps.quantile(0.99), limit));
    table.add(Line::below("story: rank of a time, p99", times.quantile(0.99), limit));
    table.add(Line::below("story: rank of an event, p99", ranks.quantile(0.99), limit));

    let mut cursor = narrative.cursor(0)?;
    let mut bytes = 0;
    let (read, took) = timed(|| {
        cursor.read(u64::MAX, |_, event| {
            bytes += event.value().map_or(0, <[u8]>::len);
            ControlFlow::Continue(())
        })
    });
    let read = read?;
    anyhow::ensure!(read == narrative.len(), "read {read} of {}", narrative.len());
    table.add(Line::figure(
        "story: read through in order",
        format!("{:.1} M/s", read as f64 / took.as_secs_f64() / 1e6),
    ));
    Ok(())
}
