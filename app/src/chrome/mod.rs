//! What stands around the panes: bars, palette, dialogs.

pub mod status_bar;
pub mod top_bar;
