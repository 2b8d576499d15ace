//! A rare literal: Fabula's search of the recording beside ripgrep's of the same events as JSON lines.

use std::process::Command;

use anyhow::{Context as _, Result};
use fabula_core::narrative::Narrative;
use fabula_core::store::Snapshot;
use fabula_core::store::search::{Literal, Places, SearchOptions, search_literal};

use super::{Data, Line, Table, megabytes, race};

const RUNS: usize = 5;

/// Measures both, reading from the system's cache and not from the disk. The first time a recording is searched it is
/// also compared with its checksums; that is measured apart.
///
/// # Errors
/// When the data cannot be made or read, or ripgrep cannot be run.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let lines = data.json_lines()?;
    let literal = rare_literal(data)?;
    let rg = |flags: &str| -> Result<u64> {
        let found = Command::new("rg").args([flags, "--"]).arg(&literal).arg(&lines).output();
        let found = found.context("cannot run rg; install ripgrep")?;
        Ok(String::from_utf8_lossy(&found.stdout).trim().parse().unwrap_or(0))
    };
    rg("-cF")?;

    let (_store, snapshot) = data.open()?;
    snapshot.segments().try_for_each(|segment| segment.verify())?;
    let ((found, took), (theirs, rg_took)) = race(RUNS, || find(&snapshot, &literal, false), || rg("-cF"))?;
    anyhow::ensure!(found.0 == theirs && theirs > 0, "{} matches, and {theirs} lines by ripgrep", found.0);
    table.add(Line::beside("search: find a rare literal", took, "ripgrep", rg_took, 1.0));
    let rate = format!("{:.2} GB/s", found.1 as f64 / took.as_secs_f64() / 1e9);
    table.add(Line::figure(format!("search: through {} of payload", megabytes(found.1)), rate));

    let ((_, took), (_, rg_took)) = race(RUNS, || find(&snapshot, &literal, true), || rg("-ciF"))?;
    table.add(Line::beside("search: the same in any case", took, "ripgrep -i", rg_took, 1.0));

    let first = || {
        let (_store, snapshot) = data.open()?;
        find(&snapshot, &literal, false)
    };
    let ((_, took), (_, rg_took)) = race(RUNS, first, || rg("-cF"))?;
    table.add(Line::beside("search: open, compare with checksums, and find it", took, "ripgrep", rg_took, 1.0));
    Ok(())
}

/// How many events hold a literal, and how many bytes were looked through.
fn find(snapshot: &Snapshot, literal: &str, ignore_ascii_case: bool) -> Result<(u64, u64)> {
    let literal = Literal { bytes: literal.as_bytes().to_vec(), ignore_ascii_case, places: Places::ALL };
    let search = search_literal(snapshot.segments().cloned().collect(), literal, SearchOptions::default())?;
    let (matches, report) = search.finish();
    anyhow::ensure!(report.is_complete(), "{report}");
    Ok((matches.count(), report.bytes))
}

/// Something that few events hold: the middle of the key, or of the value, of an event in the middle of the story.
fn rare_literal(data: &Data) -> Result<String> {
    let (_store, snapshot) = data.open()?;
    let narrative = Narrative::of_all(&snapshot, None);
    for rank in narrative.len() / 2..narrative.len() {
        let Some(row) = narrative.row(rank)? else { break };
        let event = snapshot.event(row.id)?.context("the event of a row is gone")?;
        let key = event.get().key().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
        if key.len() >= 8 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Ok(key.to_owned());
        }
    }
    anyhow::bail!("no event has a key to look for")
}
