//! Module expr.
