//! A frame of the window on all the data: how much processor time drawing takes at far, middle and near zoom.
//!
//! What is measured is the window's own thread, from taking in what jobs brought to the triangles that are handed to
//! the graphics card; what the jobs do meanwhile is theirs. It is processor time, not the clock's, so that a busy machine
//! does not count.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use egui_kittest::Harness;
use fabula::command::Command;
use fabula::state::TimeRange;
use fabula::window::{Options, Start, Window};

use super::{Data, Durations, Line, Table};

/// Frames at each zoom.
const FRAMES: usize = 300;
/// What a frame may take at most, but for one in a hundred.
const LIMIT: Duration = Duration::from_millis(4);

/// A window, and how much processor time its last frame took.
pub(super) struct Measured {
    pub(super) window: Window,
    pub(super) last: Duration,
}

/// A window without a screen on the recording, with everything open and drawn; says from when to when the story is.
///
/// # Errors
/// When the data cannot be made or the system does not say how much time a thread has had.
pub(super) fn window_on(data: &Data) -> Result<(Harness<'static, Measured>, TimeRange)> {
    window_at(data.recording()?, data.events())
}

/// As [`window_on`], on any recording with so many events.
///
/// # Errors
/// When the recording cannot be opened or the system does not say how much time a thread has had.
pub(super) fn window_at(recording: PathBuf, events: u64) -> Result<(Harness<'static, Measured>, TimeRange)> {
    processor_time().context("the system does not say how much time a thread has had")?;
    let options = Options { start: Start::Path(recording), workspace: None, ..Options::default() };
    let measured = Measured { window: Window::new(options)?, last: Duration::ZERO };
    let mut harness = Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(
        |ui, measured: &mut Measured| {
            let before = processor_time().unwrap_or_default();
            measured.window.ui(ui);
            measured.last = processor_time().unwrap_or_default().saturating_sub(before);
        },
        measured,
    );
    let all = open(&mut harness, events)?;
    Ok((harness, all))
}

/// Measures frames of a window on the recording.
///
/// # Errors
/// When the data cannot be made, or the system does not say how much time a thread has had.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let (mut harness, all) = window_on(data)?;
    for (name, share) in [("far", 1), ("middle", 400), ("near", 200_000)] {
        let mut frames = Durations::default();
        let span = (all.span_ns() / share).max(TimeRange::SHORTEST_NS);
        let way = all.span_ns() - span;
        for frame in 0..FRAMES {
            // The view wanders over the story, the list scrolls, and the pointer moves over marks and bars.
            let start_ns = all.start_ns + way / 2 + span / 40 * frame as i64 % way.max(1);
            let view = TimeRange::new(start_ns, start_ns.saturating_add(span));
            harness.state().window.commands().send(Command::View(view));
            move_pointer(&mut harness, frame);
            harness.step();
            let triangles = tessellate(&harness)?;
            frames.push(harness.state().last + triangles);
        }
        let p50 = frames.quantile(0.5);
        table.add(Line::figure(format!("frame: {name}, p50"), super::span(p50)));
        table.add(Line::below(format!("frame: {name}, p99"), frames.quantile(0.99), LIMIT));
    }
    Ok(())
}

/// Waits until the recording is open and everything is drawn; says from when to when it is.
fn open(harness: &mut Harness<'_, Measured>, events: u64) -> Result<TimeRange> {
    let until = Instant::now() + Duration::from_secs(300);
    loop {
        harness.step();
        let state = harness.state().window.state();
        let held = state.log.snapshot.as_ref().map_or(0, |snapshot| snapshot.events());
        if held >= events && state.document.shown.is_empty() {
            harness.state().window.commands().send(Command::ShowAllTopics);
        } else if let Some(extent) = state.extent.filter(|_| held >= events && !harness.state().window.jobs().is_busy())
        {
            harness.run_steps(10);
            return Ok(extent);
        }
        anyhow::ensure!(Instant::now() < until, "the recording was not open within five minutes");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn move_pointer(harness: &mut Harness<'_, Measured>, frame: usize) {
    let over_story = frame.is_multiple_of(2);
    let y = if over_story { 780.0 } else { 300.0 };
    let x = 420.0 + (frame % 70) as f32 * 10.0;
    harness.event(egui::Event::PointerMoved(egui::pos2(x, y)));
    if over_story {
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -180.0),
            modifiers: egui::Modifiers::NONE,
            phase: egui::TouchPhase::Move,
        });
    }
}

/// Turns a frame's shapes into triangles, as the window does, and says how long that took.
pub(super) fn tessellate(harness: &Harness<'_, Measured>) -> Result<Duration> {
    let shapes = harness.output().shapes.clone();
    let before = processor_time()?;
    let triangles = harness.ctx.tessellate(shapes, harness.ctx.pixels_per_point());
    let took = processor_time()?.saturating_sub(before);
    anyhow::ensure!(!triangles.is_empty(), "nothing was drawn");
    Ok(took)
}

/// How long this thread has had a processor. The kernel brings the figure up to date when the thread offers its place.
fn processor_time() -> Result<Duration> {
    std::thread::yield_now();
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let on_processor = schedule.split_whitespace().next().context("an empty line")?;
    Ok(Duration::from_nanos(on_processor.parse()?))
}
