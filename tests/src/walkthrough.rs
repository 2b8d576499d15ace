//! Two walks with the mouse alone, from the program's first start: building “orders without a payment within ten minutes, per
//! region, per five minutes”, and finding out why an order was never shipped. The same steps are tests in a window without
//! a screen and, on a virtual display, the pictures of the README.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use egui::{Pos2, Vec2, vec2};
use egui_kittest::kittest::Queryable as _;
use fabula::window::Start;
use fabula::workspace::{ENDING, Workspace};
use fabula_core::log::sample::DEFAULT_EVENTS;

use crate::pane::Pane;
use crate::window::{Display, Opened, Picture};

/// One thing that a hand does.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// A click on what has this name.
    Click(&'static str),
    /// A click on the first thing whose name holds this.
    ClickOn(&'static str),
    /// A wire drawn from a node's rows to empty ground, so far away.
    Wire(&'static str, Vec2),
    /// A wire drawn from a node's rows to another node.
    Connect(&'static str, &'static str),
    /// A picture is taken of what has come of it: its file's name.
    Picture(&'static str),
}

const BESIDE: Vec2 = vec2(60.0, 0.0);

/// Why was order A-16864 never shipped? Four clicks from the symptom to the last that happened.
pub const INCIDENT: [Step; 8] = [
    Step::Click("Look for what is unusual"),
    Step::Picture("incident-1-findings.png"),
    Step::ClickOn("Diagnosis Missing step"),
    Step::Picture("incident-2-missing.png"),
    Step::ClickOn("| Missing step | A-16864 |"),
    Step::Picture("incident-3-thread.png"),
    Step::ClickOn("OrderConfirmed by "),
    Step::Picture("incident-4-cause.png"),
];

/// Every step of building the pipeline, in order.
pub const STEPS: [Step; 28] = [
    Step::Click("Canvas"),
    Step::Click("View"),
    Step::Click("Add a topic…"),
    Step::Picture("walk-1-topic.png"),
    Step::Click("Add orders"),
    Step::Wire("orders", BESIDE),
    Step::Picture("walk-2-type.png"),
    Step::Click("Add Only OrderPlaced"),
    Step::Click("Add"),
    Step::Click("Add payments"),
    Step::Wire("payments", BESIDE),
    Step::Click("Add Only PaymentCaptured"),
    Step::Picture("walk-3-both.png"),
    Step::Wire("order_placed", vec2(60.0, 60.0)),
    Step::Click("Add Join"),
    Step::Connect("payment_captured", "joined"),
    Step::Picture("walk-4-join.png"),
    Step::Click("Only those without a partner"),
    Step::Wire("unmatched", BESIDE),
    Step::Click("Add Aggregate"),
    Step::Click("Add field"),
    Step::Picture("walk-5-region.png"),
    Step::Click("Choose order_placed.value.region"),
    Step::Click("Size 5m"),
    Step::Wire("totals", BESIDE),
    Step::Click("Add View"),
    Step::Click("Arrange"),
    Step::Picture("walk-6-result.png"),
];

/// Opens the program as it starts for the first time, with what the question is about read.
///
/// # Errors
/// When the system gives no threads.
pub fn first_start() -> Result<Pane> {
    let mut pane = Pane::open(Start::Last)?;
    pane.until("the sample is read", |harness| {
        let log = &harness.state().state().log;
        log.snapshot.as_ref().is_some_and(|snapshot| {
            let read = |topic: &str| snapshot.topic(topic).is_some_and(|topic| topic.events() > 10_000);
            read("orders") && read("payments") && snapshot.events() >= DEFAULT_EVENTS
        })
    });
    pane.settle();
    Ok(pane)
}

/// Does a step in a window without a screen; gives where the pointer was pressed and let go.
///
/// # Panics
/// When what the step names is not there.
pub fn walk(pane: &mut Pane, step: Step) -> Option<(Pos2, Pos2)> {
    let (from, to) = match step {
        Step::Click(name) => {
            let at = pane.harness.get_by_label(name).rect().center();
            pane.click(name);
            return Some((at, at));
        }
        Step::ClickOn(part) => {
            // Names are read in the background.
            pane.until(part, |harness| harness.query_all_by_label_contains(part).next().is_some());
            let found = pane.harness.query_all_by_label_contains(part).next().expect(part);
            let at = found.rect().center();
            found.click();
            pane.settle();
            pane.settle();
            return Some((at, at));
        }
        Step::Wire(node, by) => (pane.output(node), pane.output(node) + by),
        Step::Connect(node, to) => (pane.output(node), pane.card(to).center()),
        Step::Picture(_) => return None,
    };
    pane.drag(from, to);
    Some((from, to))
}

/// Walks through all steps in a real window, and takes the pictures.
///
/// # Errors
/// If a window, the display or a picture fails.
pub fn take_pictures(folder: &Path, steps: &[Step]) -> Result<()> {
    walk_for_real(steps, &|picture, file| picture.save_small(&folder.join(file))).map(drop)
}

/// What came of a walk.
#[derive(Debug)]
pub struct Walked {
    /// The pipeline's text that the real window saved in its workspace.
    pub saved: Option<String>,
    /// The pipeline's text in the window without a screen.
    pub built: Option<String>,
    /// How long the real window took from its first picture to its last.
    pub took: Duration,
}

/// Walks through all steps in a real window, hands over the pictures, and closes it. Where things are is asked of a window
/// without a screen that takes the same steps.
///
/// # Errors
/// If a window or the display fails, or what a picture is handed to.
pub fn walk_for_real(steps: &[Step], picture: &dyn Fn(&Picture, &str) -> Result<()>) -> Result<Walked> {
    let (display, home) = (Display::start(1600, 1000)?, tempfile::tempdir()?);
    let window = Opened::start(&display, home.path(), &[])?;
    let mut pane = first_start()?;
    window.picture_at_rest()?;
    let began = Instant::now();
    for &step in steps {
        match (step, walk(&mut pane, step)) {
            (Step::Picture(file), _) => {
                // What runs has to come to its end, in both.
                pane.settle();
                picture(&window.picture_at_rest()?, file)?;
            }
            (_, Some((from, to))) if from == to => window.click(from.x as u32, from.y as u32)?,
            (_, Some((from, to))) => window.drag((from.x as u32, from.y as u32), (to.x as u32, to.y as u32))?,
            (_, None) => {}
        }
        window.picture_at_rest()?;
    }
    let took = began.elapsed();
    window.press("ctrl+s")?;
    window.close()?;
    let file = workspace_in(home.path())?.context("the window saved no workspace")?;
    let saved = Workspace::read(&file).map_err(anyhow::Error::msg)?.document.pipeline;
    Ok(Walked { saved, built: pane.state().document.pipeline.clone(), took })
}

/// The workspace's file somewhere in a folder.
fn workspace_in(folder: &Path) -> Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let found = match path.is_dir() {
            true => workspace_in(&path)?,
            false => Some(path).filter(|path| path.extension().is_some_and(|ending| ending == ENDING)),
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
