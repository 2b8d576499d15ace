//! The inspector: the chosen event.

use egui::Ui;

use super::{Context, Pane};
use crate::theme::widgets;

/// The inspector: the chosen event.
#[derive(Default)]
pub struct Inspector {}

impl Pane for Inspector {
    fn ui(&mut self, ui: &mut Ui, _context: &Context<'_>) {
        widgets::empty_state(
            ui,
            "No event chosen",
            "Choose an event in the story or on the timeline to see its value, key and headers",
            None,
        );
    }
}
