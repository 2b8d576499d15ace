//! The colours by name, dark and light.

use egui::Color32;

/// The colours of one look. Names are roles, never hues.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// Whether surfaces are dark.
    pub dark: bool,
    /// The surface behind everything: lanes, rows, fields.
    pub window: Color32,
    /// The surface of bars, headers and side panes.
    pub pane: Color32,
    /// The surface of buttons, chips and menus.
    pub raised: Color32,
    /// A raised surface under the pointer.
    pub raised_hover: Color32,
    /// The line between two surfaces.
    pub hairline: Color32,
    /// A line that outlines a field or a button.
    pub outline: Color32,
    /// Text that is read.
    pub text: Color32,
    /// Text that helps to read the rest.
    pub text_second: Color32,
    /// Text that is there when looked for.
    pub text_faint: Color32,
    /// Selection, focus and the one primary button.
    pub accent: Color32,
    /// Text upon the accent.
    pub on_accent: Color32,
    /// The row that is selected.
    pub selected: Color32,
    /// The row under the pointer.
    pub hovered: Color32,
    /// A range marked on the timeline, selected text.
    pub marked: Color32,
    /// Behind the part of a text that a search found.
    pub found: Color32,
    /// Late events, warnings, unusual waits.
    pub warning: Color32,
    /// Errors and dead letters.
    pub error: Color32,
    /// Connected, complete, done.
    pub good: Color32,
    /// Strings in a value's tree.
    pub value_text: Color32,
    /// Numbers in a value's tree.
    pub value_number: Color32,
    /// Booleans in a value's tree.
    pub value_bool: Color32,
    /// What lies around a dialog.
    pub scrim: Color32,
    /// The shadow under menus and dialogs.
    pub shadow: Color32,
    /// Eight colours for topics, told apart by people who see colours differently.
    pub palette: [Color32; 8],
}

impl Tokens {
    /// A topic's colour by its number (see [`crate::state::Lanes`]): eight hues, then the same ones in other shades.
    pub fn series(&self, number: usize) -> Color32 {
        let base = self.palette[number % self.palette.len()];
        match number / self.palette.len() % 3 {
            0 => base,
            1 => mix(base, self.text, 0.35),
            _ => mix(base, self.window, 0.35),
        }
    }

    /// A topic's colour as a quiet fill, for pills behind a figure.
    pub fn series_fill(&self, number: usize) -> Color32 {
        mix(self.series(number), self.window, if self.dark { 0.68 } else { 0.70 })
    }
}

/// The tokens of the look that a `Ui` is drawn in.
pub fn tokens(ui: &egui::Ui) -> &'static Tokens {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// A colour between two: `share` 0 is the first, 1 the second.
pub fn mix(from: Color32, to: Color32, share: f32) -> Color32 {
    from.lerp_to_gamma(to, share)
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Light text on dark surfaces.
pub const DARK: Tokens = Tokens {
    dark: true,
    window: rgb(0x0E1116),
    pane: rgb(0x14181F),
    raised: rgb(0x1B212B),
    raised_hover: rgb(0x232B37),
    hairline: rgb(0x262D38),
    outline: rgb(0x323B49),
    text: rgb(0xE6EAF0),
    text_second: rgb(0x9AA5B4),
    text_faint: rgb(0x647082),
    accent: rgb(0x5B9DFF),
    on_accent: rgb(0x0B1524),
    selected: rgb(0x1C2B45),
    hovered: rgb(0x1A2029),
    marked: rgb(0x24406B),
    found: rgb(0x5A431C),
    warning: rgb(0xF2A33A),
    error: rgb(0xFF6B5E),
    good: rgb(0x3CC8A0),
    value_text: rgb(0x3CC8A0),
    value_number: rgb(0xF2A33A),
    value_bool: rgb(0xA98BFA),
    scrim: Color32::from_rgba_premultiplied(4, 5, 7, 150),
    shadow: Color32::from_black_alpha(120),
    palette: [
        rgb(0x5B9DFF),
        rgb(0xF2A33A),
        rgb(0x3CC8A0),
        rgb(0xE5698C),
        rgb(0xA98BFA),
        rgb(0xC9D14B),
        rgb(0x46C5EA),
        rgb(0xD98C5F),
    ],
};

/// Dark text on light surfaces.
pub const LIGHT: Tokens = Tokens {
    dark: false,
    window: rgb(0xF3F5F8),
    pane: rgb(0xFFFFFF),
    raised: rgb(0xEAEEF4),
    raised_hover: rgb(0xDFE5ED),
    hairline: rgb(0xDCE2EA),
    outline: rgb(0xC9D1DC),
    text: rgb(0x17202C),
    text_second: rgb(0x536071),
    text_faint: rgb(0x8A95A5),
    accent: rgb(0x1F6FEB),
    on_accent: rgb(0xFFFFFF),
    selected: rgb(0xD5E4FA),
    hovered: rgb(0xEBF0F6),
    marked: rgb(0xB9D3F8),
    found: rgb(0xF3D9AE),
    warning: rgb(0xB86E00),
    error: rgb(0xC9372C),
    good: rgb(0x12906C),
    value_text: rgb(0x0F7A5C),
    value_number: rgb(0xA35F00),
    value_bool: rgb(0x6A48C9),
    scrim: Color32::from_rgba_premultiplied(20, 26, 36, 90),
    shadow: Color32::from_black_alpha(40),
    palette: [
        rgb(0x2F74D8),
        rgb(0xC47A0A),
        rgb(0x12906C),
        rgb(0xC23F68),
        rgb(0x7757D6),
        rgb(0x858C0E),
        rgb(0x0E8FB3),
        rgb(0xA9622F),
    ],
};
