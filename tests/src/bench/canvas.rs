//! The canvas on all the data: quick edits of a pipeline of six nodes, each of which makes all that is behind it anew.
//!
//! Measured are the window's own processor time while history is recomputed, how long it takes from an edit to the first
//! rows of the last node, how soon a run that an edit has made stale is gone, and how long a run over everything takes
//! beside the command line's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use egui_kittest::Harness;
use fabula::command::Command;
use fabula::jobs::Progress;
use fabula::panes::PaneKind;

use super::frame::{Measured, tessellate, window_on};
use super::{Data, Durations, Line, Table, resident, span, timed};
use crate::program;

/// How many edits.
const EDITS: usize = 100;
/// How long each is left running behind its first rows.
const BETWEEN: Duration = Duration::from_millis(60);
/// What a frame may take, but for one in a hundred; what is to be seen of an edit, and gone of the one before, by then.
const FRAME: Duration = Duration::from_millis(8);
const FIRST_ROWS: Duration = Duration::from_millis(150);
const STALE: Duration = Duration::from_millis(100);
/// A run on the canvas is to be as fast as the command line, though it shows what it comes to on the way.
const AS_FAST: f64 = 1.0;
/// How much memory the edits may take beyond what the first run took.
const MEMORY: u64 = 512 << 20;

/// Six nodes over the topic that has the most events.
fn pipeline(edit: usize) -> String {
    format!(
        "version = 1\nname = \"clicks\"\n[nodes.clicks]\nkind = \"stream\"\ntopic = \"web-clicks\"\n\
         [nodes.some]\nkind = \"filter\"\ninput = \"clicks\"\nwhere = \"value.type <> 'edit {edit}'\"\n\
         [nodes.columns]\nkind = \"project\"\ninput = \"some\"\nselect = {{ type = \"value.type\", device = \"value.device\" }}\n\
         [nodes.totals]\nkind = \"aggregate\"\ninput = \"columns\"\nby = [\"type\"]\n\
         window = {{ kind = \"tumbling\", size = \"5m\" }}\ngrace = \"30s\"\nselect = {{ events = \"count(*)\" }}\n\
         [nodes.many]\nkind = \"filter\"\ninput = \"totals\"\nwhere = \"events > 0\"\n\
         [nodes.result]\nkind = \"view\"\ninput = \"many\"\n\
         [layout]\nclicks = [40, 60]\nsome = [284, 60]\ncolumns = [528, 60]\ntotals = [772, 60]\nmany = [1016, 60]\n\
         result = [1260, 60]\n"
    )
}

/// Measures edits of a pipeline over the recording.
///
/// # Errors
/// When the data cannot be made, or an edit comes to nothing.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let (mut harness, _) = window_on(data)?;
    for pane in [PaneKind::Canvas, PaneKind::View] {
        harness.state().window.commands().send(Command::ShowPane(pane));
    }
    edit(&harness, pipeline(0));
    until(&mut harness, "the first run", None, |harness| rows_of_last(harness) && is_whole(harness))?;
    let (mut frames, mut first, mut gone) = (Durations::default(), Durations::default(), Durations::default());
    let before = resident().unwrap_or(0);
    let mut most = before;
    for nth in 1..=EDITS {
        let stale: Vec<Arc<Progress>> = harness.state().window.jobs().listed();
        ensure!(
            nth == 1 || !stale.is_empty(),
            "edit {nth}: the run before it had ended, so there is nothing to measure"
        );
        let began = Instant::now();
        edit(&harness, pipeline(nth));
        let mut watch = Watch { frames: &mut frames, stale, began, gone: None };
        until(&mut harness, "the first rows", Some(&mut watch), rows_of_last)?;
        first.push(began.elapsed());
        let rest = Instant::now();
        until(&mut harness, "the run", Some(&mut watch), |_| rest.elapsed() >= BETWEEN)?;
        until(&mut harness, "the end of what is stale", Some(&mut watch), |_| true)?;
        while watch.gone.is_none() {
            until(&mut harness, "the end of what is stale", Some(&mut watch), |_| true)?;
        }
        if nth > 1 {
            gone.push(watch.gone.unwrap_or_default());
        }
        most = most.max(resident().unwrap_or(0));
    }
    table.add(Line::figure("canvas: frame while recomputing, p50", span(frames.quantile(0.5))));
    table.add(Line::below("canvas: frame while recomputing, p99", frames.quantile(0.99), FRAME));
    table.add(Line::figure("canvas: edit to first rows of the sixth node, p50", span(first.quantile(0.5))));
    table.add(Line::below("canvas: edit to first rows of the sixth node, p95", first.quantile(0.95), FIRST_ROWS));
    table.add(Line::below("canvas: edit to the end of the stale run, longest", gone.quantile(1.0), STALE));
    table.add(Line::smaller("canvas: memory that 100 edits take", most.saturating_sub(before), MEMORY));

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("clicks.toml");
    std::fs::write(&file, pipeline(EDITS + 1))?;
    let (ended, whole) = timed(|| {
        edit(&harness, pipeline(EDITS + 1));
        until(&mut harness, "all of it", None, is_whole)
    });
    ended?;
    let recording = data.recording()?.display().to_string();
    let arguments = ["run", &file.display().to_string(), "--recording", &recording, "-J"];
    let (ran, theirs) = timed(|| program::run(arguments).ok());
    let shown = outcome(&harness).map_or(0, |outcome| outcome.views.get("result").map_or(0, |rows| rows.count));
    ensure!(shown == ran.json_lines().len() as u64, "the canvas has {shown} rows, the command line another number");
    table.add(Line::beside("canvas: edit to the whole", whole, "fabula run", theirs, AS_FAST));
    Ok(())
}

/// What is measured in every frame.
struct Watch<'d> {
    frames: &'d mut Durations,
    stale: Vec<Arc<Progress>>,
    began: Instant,
    /// When the last of what is stale was gone.
    gone: Option<Duration>,
}

fn edit(harness: &Harness<'_, Measured>, text: String) {
    harness.state().window.commands().send(Command::SetPipeline(Some(text)));
}

fn outcome<'h>(harness: &'h Harness<'_, Measured>) -> Option<&'h fabula::state::Outcome> {
    let state = harness.state().window.state();
    state.outcome.as_deref().filter(|outcome| outcome.version == state.design.version)
}

/// Whether the last node has rows, of the pipeline as it was last edited.
fn rows_of_last(harness: &Harness<'_, Measured>) -> bool {
    harness.state().window.commands().is_empty()
        && outcome(harness).is_some_and(|outcome| {
            let has = |rows: &fabula::state::NodeRows| !rows.rows.is_empty();
            outcome.first.get("result").is_some_and(|rows| has(rows))
                || outcome.views.get("result").is_some_and(|rows| has(rows))
        })
}

fn is_whole(harness: &Harness<'_, Measured>) -> bool {
    harness.state().window.commands().is_empty() && outcome(harness).is_some_and(|outcome| outcome.whole)
}

/// Draws frames until something holds, and looks at each.
fn until(
    harness: &mut Harness<'_, Measured>,
    what: &str,
    mut watch: Option<&mut Watch<'_>>,
    holds: impl Fn(&Harness<'_, Measured>) -> bool,
) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(300);
    loop {
        harness.step();
        if let Some(watch) = &mut watch {
            let triangles = tessellate(harness)?;
            watch.frames.push(harness.state().last + triangles);
            if watch.gone.is_none() && watch.stale.iter().all(|job| job.is_finished()) {
                watch.gone = Some(watch.began.elapsed());
            }
        }
        if holds(harness) {
            return Ok(());
        }
        ensure!(Instant::now() < patience, "{what}: not within five minutes");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
