//! The log that is open: opened, listed and read in the background, while the window browses what has been read.
//!
//! Connecting *is* recording: what is read from a cluster goes into a store, a temporary one unless a person keeps it,
//! and every pane reads that store. A recording is a store already.

mod groups;
pub mod import;
mod keep;
mod listing;
mod open;
mod reading;
mod session;
mod summary;

use std::path::PathBuf;

use fabula_core::log::kafka::Settings;

use crate::chrome::connect::{Profile, Secrets};
use crate::workspace::SavedLog;

pub use open::{Answer, test};
pub use reading::Depth;
pub use session::{News, Session};

/// What to open.
#[derive(Clone, Debug)]
pub enum Opening {
    /// The built-in sample.
    Sample {
        /// How many events it has.
        events: u64,
        /// What it is grown from.
        seed: u64,
    },
    /// A recording, by its folder.
    Recording(PathBuf),
    /// A cluster by a connection of the window's own.
    Cluster {
        /// How to reach it.
        profile: Box<Profile>,
        /// Passwords and the like.
        secrets: Secrets,
    },
    /// A cluster by settings from the command line.
    Settings(Box<Settings>),
}

impl Opening {
    /// The sample as a newcomer sees it.
    pub fn sample() -> Self {
        use fabula_core::log::sample::{DEFAULT_EVENTS, DEFAULT_SEED};
        Self::Sample { events: DEFAULT_EVENTS, seed: DEFAULT_SEED }
    }

    /// How a workspace says it, where it can be said without secrets.
    pub fn saved(&self) -> Option<SavedLog> {
        match self {
            Self::Sample { events, seed } => Some(SavedLog::Sample { events: *events, seed: *seed }),
            Self::Recording(path) => Some(SavedLog::Recording { path: path.clone() }),
            Self::Cluster { profile, .. } => Some(SavedLog::Cluster { connection: profile.title().to_owned() }),
            Self::Settings(_) => None,
        }
    }

    /// Whether this is where the business runs.
    pub fn is_production(&self) -> bool {
        matches!(self, Self::Cluster { profile, .. } if profile.production)
    }

    /// What a person calls it.
    pub fn name(&self) -> String {
        match self {
            Self::Sample { .. } => "sample".to_owned(),
            Self::Recording(path) => {
                path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
            }
            Self::Cluster { profile, .. } => profile.title().to_owned(),
            Self::Settings(settings) => settings.brokers().to_owned(),
        }
    }
}
