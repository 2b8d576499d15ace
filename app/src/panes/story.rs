//! The story: the merged events, one a row.

use egui::Ui;

use super::{Context, Pane};
use crate::theme::widgets;

/// The story: the merged events, one a row.
#[derive(Default)]
pub struct Story {}

impl Pane for Story {
    fn ui(&mut self, ui: &mut Ui, _context: &Context<'_>) {
        widgets::empty_state(
            ui,
            "No events to show",
            "Choose topics in the catalogue; their events are merged here in time order",
            None,
        );
    }
}
