//! Opening a recording, and the memory that looking around in it takes.

use std::time::Duration;

use anyhow::{Context as _, Result};
use fabula_core::narrative::{Narrative, Row};
use fabula_core::store::{Density, Run, Snapshot};

use super::{Data, Dice, Line, Table, resident, timed};

const SCREEN: usize = 60;

/// Measures opening up to the first screen, and the memory after much jumping about.
///
/// # Errors
/// When the data cannot be made or read.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    data.recording()?;
    let before = resident().unwrap_or(0);
    let (opened, took) = timed(|| -> Result<_> {
        let (store, snapshot) = data.open()?;
        let lanes: Vec<Density> = snapshot
            .topics
            .iter()
            .map(|topic| Density::of(topic.segments().map(|segment| Run::whole(segment.clone())).collect()))
            .collect();
        Ok((store, snapshot, lanes))
    });
    let (store, snapshot, lanes) = opened?;
    table.add(Line::below("open: recording and density of every topic", took, Duration::from_millis(500)));
    let narrative = Narrative::of_all(&snapshot, None);
    let (rows, took) = timed(|| narrative.rows(narrative.len().saturating_sub(60), 60));
    rows?;
    table.add(Line::figure("open: then the last rows of the story", super::span(took)));

    // Somebody who jumps to one place after the other and scrolls on from there, a screen a frame.
    let (mut dice, mut most) = (Dice::new(), 0);
    for _ in 0..20 {
        let place = dice.below(narrative.len());
        for screen in 0..20 {
            look_at(&snapshot, &narrative.rows(place + screen * SCREEN as u64, SCREEN)?)?;
            std::thread::sleep(Duration::from_millis(16));
            most = most.max(resident().unwrap_or(0));
        }
    }
    std::hint::black_box((&lanes, &store));
    table.add(Line::smaller("open: most memory while browsing", most.saturating_sub(before), 300_000_000));
    Ok(())
}

/// Reads everything of some events.
fn look_at(snapshot: &Snapshot, rows: &[Row]) -> Result<()> {
    for row in rows {
        let event = snapshot.event(row.id)?.context("the event of a row is gone")?;
        let bytes = event.get().value().unwrap_or_default().iter();
        std::hint::black_box(bytes.map(|&byte| u64::from(byte)).sum::<u64>());
    }
    Ok(())
}
