//! The catalogue: the log's topics and groups.

use egui::Ui;

use super::{Context, Pane};
use crate::theme::widgets;

/// The catalogue: the log's topics and groups.
#[derive(Default)]
pub struct Catalogue {}

impl Pane for Catalogue {
    fn ui(&mut self, ui: &mut Ui, _context: &Context<'_>) {
        widgets::empty_state(
            ui,
            "No log is open",
            "Connect to a cluster, open a recording or look at the sample",
            None,
        );
    }
}
