//! What stands around the panes: bars, palette, dialogs.

pub mod connect;
mod dialog;
mod fields;
mod fuzzy;
mod go_to;
pub mod import;
mod keys_sheet;
pub mod menu;
mod notices;
mod palette;
mod settings;
pub mod status_bar;
pub mod top_bar;

pub use dialog::{Front, dialog_ui};
pub use notices::Notices;
