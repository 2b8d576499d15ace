//! Who reads the log, as far as it tells.

use std::sync::Arc;

use fabula_core::narrative::lag::{GroupStanding, Standings};

/// What is known of a log's consumer groups.
#[derive(Debug, Clone, Default)]
pub enum Readers {
    /// Nobody has asked yet.
    #[default]
    NotAsked,
    /// The log does not tell, for this reason: that is not the same as none.
    NotTold(Arc<str>),
    /// The groups as they stood at a moment, and how far each is behind.
    Told(Standings),
}

impl Readers {
    /// The groups, where they are told.
    pub fn standings(&self) -> Option<&Standings> {
        match self {
            Self::Told(standings) => Some(standings),
            Self::NotAsked | Self::NotTold(_) => None,
        }
    }

    /// The groups by name; none where they are not told.
    pub fn groups(&self) -> &[GroupStanding] {
        self.standings().map_or(&[], |standings| &standings.groups)
    }
}
