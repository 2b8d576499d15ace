//! The events that made the rows of a view that drifted.

use super::{Drift, DriftKind, DriftRow, Events};
use crate::codec::Cell;
use crate::copies::CopyError;
use crate::engine::{ExplainError, Explainer, RowName, Stop};
use crate::event::time::ns_to_ms;

/// Finds the events that made the first rows that differ or that the copy lacks, so many of them; the log is replayed
/// for each. A row that only the copy has was made by no event.
///
/// # Errors
/// [`CopyError::Stopped`] when it was cancelled. What else is in the way is told with the row.
pub fn explain_drift(drift: &mut Drift, explainer: &Explainer<'_>, view: &str, most: usize) -> Result<(), CopyError> {
    let Drift { key, compared, rows, .. } = drift;
    // What differs comes first: there somebody wrote something else.
    for kind in [DriftKind::Different, DriftKind::Missing] {
        let known = rows.iter().filter(|row| row.events.is_some()).count();
        let of_kind = rows.iter_mut().filter(|row| row.kind == kind);
        for row in of_kind.take(most.saturating_sub(known)) {
            row.events = Some(match explainer.row(Some(view), &name(row, key, compared)) {
                Ok(told) => {
                    Events::MadeBy { count: told.made_by.count, named: told.made_by.events, came_with: told.came_with }
                }
                Err(ExplainError::Stopped(Stop::Cancelled)) => return Err(Stop::Cancelled.into()),
                Err(error) => Events::Unknown(error.to_string()),
            });
        }
    }
    Ok(())
}

/// A row's name, as explanations take it.
fn name(row: &DriftRow, key: &[String], compared: &[String]) -> RowName {
    let window = |name: &str| matches!(name, "window_start" | "window_end");
    let value = |name: &String| compared.iter().position(|known| known == name).and_then(|at| row.view.get(at));
    let of_key = |name: &&String| !window(name);
    let parts: Vec<String> = key
        .iter()
        .filter(of_key)
        .map(|name| format!("{name}={}", value(name).map(ToString::to_string).unwrap_or_default()))
        .collect();
    let at_ms = match value(&"window_start".to_owned()) {
        Some(Cell::Time(ns)) => Some(ns_to_ms(*ns)),
        _ => None,
    };
    RowName { key: parts.join(","), at_ms }
}
