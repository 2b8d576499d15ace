//! Inter for people's words, JetBrains Mono for the machine's.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, FontId};

const MEDIUM: &str = "medium";
const SEMIBOLD: &str = "semibold";
const MONO_BOLD: &str = "mono bold";

/// The fonts of the window, by what they are for.
pub mod font {
    use super::{FontFamily, FontId, MEDIUM, MONO_BOLD, SEMIBOLD};

    /// Text that is read.
    pub fn body() -> FontId {
        FontId::new(12.5, FontFamily::Proportional)
    }

    /// Captions, column heads, facts beside a title.
    pub fn small() -> FontId {
        FontId::new(11.0, FontFamily::Proportional)
    }

    /// Buttons and tabs.
    pub fn medium() -> FontId {
        FontId::new(12.0, FontFamily::Name(MEDIUM.into()))
    }

    /// The heads of panes and sections.
    pub fn strong() -> FontId {
        FontId::new(11.5, FontFamily::Name(SEMIBOLD.into()))
    }

    /// The title of a dialog or of the event that is looked at.
    pub fn title() -> FontId {
        FontId::new(15.0, FontFamily::Name(SEMIBOLD.into()))
    }

    /// Times, offsets, keys and values.
    pub fn mono() -> FontId {
        FontId::new(12.0, FontFamily::Monospace)
    }

    /// Mono beside small text.
    pub fn mono_small() -> FontId {
        FontId::new(11.0, FontFamily::Monospace)
    }

    /// A mono text that stands out.
    pub fn mono_strong() -> FontId {
        FontId::new(12.0, FontFamily::Name(MONO_BOLD.into()))
    }
}

/// Every family of the window.
pub(super) fn families() -> [FontFamily; 5] {
    let named = |name: &str| FontFamily::Name(name.into());
    [FontFamily::Proportional, FontFamily::Monospace, named(MEDIUM), named(SEMIBOLD), named(MONO_BOLD)]
}

/// The fonts' files and families.
pub(super) fn definitions() -> FontDefinitions {
    let files: [(&str, &'static [u8]); 5] = [
        ("Inter", include_bytes!("../../../assets/fonts/Inter-Regular.otf")),
        ("Inter Medium", include_bytes!("../../../assets/fonts/Inter-Medium.otf")),
        ("Inter SemiBold", include_bytes!("../../../assets/fonts/Inter-SemiBold.otf")),
        ("JetBrains Mono", include_bytes!("../../../assets/fonts/JetBrainsMono-Regular.ttf")),
        ("JetBrains Mono Bold", include_bytes!("../../../assets/fonts/JetBrainsMono-Bold.ttf")),
    ];
    let families: [(FontFamily, [&str; 2]); 5] = [
        (FontFamily::Proportional, ["Inter", "JetBrains Mono"]),
        (FontFamily::Monospace, ["JetBrains Mono", "Inter"]),
        (FontFamily::Name(MEDIUM.into()), ["Inter Medium", "JetBrains Mono"]),
        (FontFamily::Name(SEMIBOLD.into()), ["Inter SemiBold", "JetBrains Mono"]),
        (FontFamily::Name(MONO_BOLD.into()), ["JetBrains Mono Bold", "Inter"]),
    ];
    let mut definitions = FontDefinitions::empty();
    for (name, bytes) in files {
        definitions.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    for (family, names) in families {
        definitions.families.insert(family, names.map(str::to_owned).to_vec());
    }
    definitions
}
