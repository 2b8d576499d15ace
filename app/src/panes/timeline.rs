//! The timeline: lanes over time.

use egui::Ui;

use super::{Context, Pane};
use crate::theme::widgets;

/// The timeline: lanes over time.
#[derive(Default)]
pub struct Timeline {}

impl Pane for Timeline {
    fn ui(&mut self, ui: &mut Ui, _context: &Context<'_>) {
        widgets::empty_state(
            ui,
            "No topics shown",
            "Choose topics in the catalogue to see their events over time",
            None,
        );
    }
}
