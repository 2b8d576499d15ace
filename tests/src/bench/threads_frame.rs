//! Frames of the thread list with every thread of the recording, scrolled; and of one thread of 20,000 events, in steps and
//! in time, scrolled.
//!
//! As in [`frame`](super::frame) it is the processor time of the window's own thread that counts.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use egui::{Event, Modifiers, MouseWheelUnit, TouchPhase, pos2, vec2};
use egui_kittest::Harness;
use fabula::command::Command;
use fabula::panes::PaneKind;

use super::frame::{Measured, tessellate, window_at, window_on};
use super::{Data, Durations, Line, Table, span};
use crate::program;

/// Frames of each.
const FRAMES: usize = 300;
/// What a frame may take at most, but for one in a hundred.
const LIMIT: Duration = Duration::from_millis(8);
/// The events of the long thread.
const LONG: u64 = 20_000;

/// Measures the frames.
///
/// # Errors
/// When the data cannot be made, or events are not tied.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let (mut harness, _) = window_on(data)?;
    let threads = tie(&mut harness)?;
    let list = scrolled(&mut harness, |_| {})?;
    add(table, &format!("list of {:.2} M threads, scrolled", threads as f64 / 1e6), list);
    drop(harness);
    long_thread(table)
}

/// A thread as long as few are: services that answer each other, with bursts and pauses.
fn long_thread(table: &mut Table) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (file, recording) = (folder.path().join("long.json"), folder.path().join("long"));
    let mut lines = std::io::BufWriter::new(std::fs::File::create(&file)?);
    let mut at = 1_770_000_000_000_u64;
    for nth in 0..LONG {
        at += if nth % 50 == 0 { 4_000 } else { nth % 3 };
        let event = serde_json::json!({
            "topic": "batches", "partition": 0, "offset": nth, "timestamp_ms": at, "timestamp_type": "create",
            "key": "B-1", "value": format!("{{\"batch_id\":\"B-1\",\"number\":{nth}}}"),
            "headers": [
                ["ce_id", format!("e-{nth}")], ["ce_type", format!("Step{}", nth % 40)],
                ["ce_source", format!("service-{}", nth * 7 % 30)], ["ce_correlationid", "B-1"],
            ],
        });
        writeln!(lines, "{event}")?;
    }
    lines.into_inner().context("the events are not written")?;
    let (file, to) = (file.display().to_string(), recording.display().to_string());
    program::run(["import", &file, "--to", &to]).ok();
    let (mut harness, _) = window_at(recording, LONG)?;
    tie(&mut harness)?;
    let tied = harness.state().window.state().tied.clone().context("events are tied")?;
    let longest = (0..tied.threads.len() as u32).max_by_key(|thread| tied.threads.events_of(*thread).len());
    let longest = longest.context("there is a thread")?;
    ensure!(tied.threads.events_of(longest).len() as u64 == LONG, "the long thread is cut");
    let first = tied.first_of(longest).context("it has a first event")?;
    harness.state().window.commands().send(Command::OpenThread(first));
    until(&mut harness, "the thread is open", |harness| {
        harness.state().window.state().tale.as_ref().is_some_and(|tale| tale.steps.len() as u64 == LONG)
    })?;
    let steps = scrolled(&mut harness, |_| {})?;
    add(table, "a thread of 20,000 events in steps, scrolled", steps);
    harness.state().window.commands().send(Command::ToggleDistances);
    harness.run_steps(3);
    let time = scrolled(&mut harness, |_| {})?;
    add(table, "a thread of 20,000 events in time, scrolled", time);
    harness.state().window.commands().send(Command::ShowThreadValues);
    harness.run_steps(3);
    let values = scrolled(&mut harness, |_| {})?;
    add(table, "a thread of 20,000 events with its values", values);
    harness.state().window.commands().send(Command::ShowPane(PaneKind::Timeline));
    harness.run_steps(3);
    let flow = scrolled(&mut harness, |harness| harness.state().window.commands().send(Command::PanRight))?;
    add(table, "a thread of 20,000 events on the timeline", flow);
    Ok(())
}

fn add(table: &mut Table, what: &str, mut frames: Durations) {
    table.add(Line::figure(format!("{what}, p50"), span(frames.quantile(0.5))));
    table.add(Line::below(format!("{what}, p99"), frames.quantile(0.99), LIMIT));
}

/// Ties all events and shows the list of threads; says how many there are.
fn tie(harness: &mut Harness<'_, Measured>) -> Result<usize> {
    harness.state().window.commands().send(Command::TieThreads);
    until(harness, "events are tied", |harness| harness.state().window.state().tied.is_some())?;
    until(harness, "the list is there", |harness| !harness.state().window.jobs().is_busy())?;
    Ok(harness.state().window.state().tied.as_ref().map_or(0, |tied| tied.threads.len()))
}

/// Frames while the wheel turns over the pane in the middle.
fn scrolled(harness: &mut Harness<'_, Measured>, each: impl Fn(&Harness<'_, Measured>)) -> Result<Durations> {
    let mut frames = Durations::default();
    // Letters and rows of a first frame are not what scrolling costs.
    harness.run_steps(5);
    for frame in 0..FRAMES {
        each(harness);
        harness.event(Event::PointerMoved(pos2(560.0 + (frame % 50) as f32 * 8.0, 320.0)));
        harness.event(Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, -220.0),
            modifiers: Modifiers::NONE,
            phase: TouchPhase::Move,
        });
        harness.step();
        let triangles = tessellate(harness)?;
        frames.push(harness.state().last + triangles);
    }
    Ok(frames)
}

fn until(
    harness: &mut Harness<'_, Measured>,
    what: &str,
    holds: impl Fn(&Harness<'_, Measured>) -> bool,
) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(600);
    loop {
        harness.step();
        if holds(harness) {
            return Ok(());
        }
        ensure!(Instant::now() < patience, "{what}: not within ten minutes");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
