//! Sizes in points, on a grid of 4.

/// One step of the grid.
pub const GRID: f32 = 4.0;
/// The bar at the top of the window.
pub const TOP_BAR: f32 = 40.0;
/// The header of a pane: tabs left, facts right.
pub const PANE_HEADER: f32 = 28.0;
/// A row of any list.
pub const ROW: f32 = 22.0;
/// The bar at the foot of the window.
pub const STATUS_BAR: f32 = 24.0;
/// The space between a pane's edge and what it holds.
pub const INSET: f32 = 12.0;
/// The side of a topic's colour chip.
pub const CHIP: f32 = 9.0;
/// Corners of buttons, chips and fields.
pub const RADIUS: u8 = 5;
/// Corners of dialogs and menus.
pub const RADIUS_LARGE: u8 = 7;
/// How long anything that eases takes at most, in seconds.
pub const EASE_S: f32 = 0.12;
