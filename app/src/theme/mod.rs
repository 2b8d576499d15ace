//! The look, as tokens: every colour, text size, distance and mark of the window comes from here.
//!
//! Outside this module no colour is made from numbers; a check in `tests/` holds that. Take a [`Tokens`] with
//! [`tokens`], a font with [`font`], and a topic's colour with [`Tokens::series`].

pub mod fonts;
pub mod icon;
mod letters;
pub mod names;
pub mod size;
mod style;
mod tokens;
pub mod widgets;

pub use fonts::font;
pub use letters::Letters;
pub use style::{install, show};
pub use tokens::{DARK, LIGHT, Tokens, mix, tokens};

/// Which of the two looks is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Light text on dark surfaces.
    #[default]
    Dark,
    /// Dark text on light surfaces.
    Light,
}

impl Theme {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Dark,
        }
    }

    /// Its tokens.
    pub fn tokens(self) -> &'static Tokens {
        match self {
            Self::Dark => &DARK,
            Self::Light => &LIGHT,
        }
    }
}
