//! The window.

/// Opens the window on the built-in sample.
pub fn sample() -> anyhow::Result<()> {
    crate::run_window(crate::window::Options::default())
}
