//! Module narrative.
