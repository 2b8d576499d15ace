//! Why a row went no further, or how: what its node says to it, and the values that it was about.

use super::told::{LateWindow, Named, Verdict};
use super::trace::{Node, Taken, Traced};
use crate::codec::Cell;
use crate::engine::evaluated::Evaluated;
use crate::engine::plan::Recipe;
use crate::engine::{Dropped, Metrics, Rows};
use crate::expr::{Formula, Input};
use crate::pipeline::Window;

/// What formulas come to in a row, under the texts that they were written as.
pub(super) fn values(formulas: &[Formula], rows: &Rows, row: usize) -> Vec<Named> {
    let evaluated = Evaluated::of(formulas, rows, &mut 0);
    let columns = formulas.iter().zip(evaluated.columns());
    columns.map(|(formula, column)| Named::new(formula.text(), column.cell(row))).collect()
}

/// The columns that a formula reads, as they stand in a row.
fn operands(formula: &Formula, names: &[String], rows: &Rows, row: usize) -> Vec<Named> {
    let column = |input: &Input| match input {
        Input::Column(column) => Some(Named::new(names.get(*column)?.as_str(), rows.columns.get(*column)?.cell(row))),
        Input::Aggregate(_) => None,
    };
    formula.inputs().iter().filter_map(column).collect()
}

/// Which reason was counted once more.
pub(super) fn dropped(metrics: &[Metrics; 2]) -> Option<Dropped> {
    let [before, after] = metrics;
    let count = |metrics: &Metrics, why| metrics.dropped.get(why).copied().unwrap_or(0);
    // A row that is counted for a failed argument is in its group all the same.
    let mut reasons = after.dropped.keys().filter(|why| count(after, why) > count(before, why));
    reasons.next().copied()
}

/// The formulas that a node tells rows apart by; of a join those of a side.
pub(super) fn key_of(recipe: &Recipe, side: usize) -> &[Formula] {
    match recipe {
        Recipe::Aggregate { by, .. } | Recipe::Deduplicate { by, .. } | Recipe::TopN { by, .. } => by,
        Recipe::JoinStreams { on, .. } | Recipe::JoinStreamWithTable { on, .. } | Recipe::JoinTables { on, .. } => {
            on.get(side).map_or(&[], Vec::as_slice)
        }
        _ => &[],
    }
}

/// What a node that is no join says to a row that it took by itself; nothing if the row went on. `names` are those of the
/// columns of its input.
pub(super) fn verdict(taken: &Taken<'_>, rows: &Traced, row: usize, names: &[String]) -> Option<Verdict> {
    let metrics = taken.metrics.as_ref()?;
    let Node { recipe, .. } = taken.of;
    let marks = taken.lineage.marks(rows.ids[row]);
    let went_on = taken.given.ids.iter().any(|&id| taken.lineage.marks(id) & marks != 0);
    let stream_time_ms = metrics[1].stream_time_ms;
    let drop = |why| Verdict::Dropped { why, key: values(key_of(recipe, 0), &rows.rows, row), stream_time_ms };
    let why = dropped(metrics);
    match recipe {
        Recipe::Filter { condition, .. } if !went_on => {
            let came_to = values(std::slice::from_ref(condition), &rows.rows, row).into_iter().next();
            Some(Verdict::Filtered {
                condition: condition.text().to_owned(),
                came_to: came_to.map_or(Cell::Null, |named| named.cell),
                operands: operands(condition, names, &rows.rows, row),
            })
        }
        Recipe::Flatten { array, .. } if !went_on => {
            let array = values(std::slice::from_ref(array), &rows.rows, row).into_iter().next()?;
            Some(Verdict::NoElements { array })
        }
        Recipe::Table { key, value, .. } => {
            let tombstone = rows.rows.cell(*value, row).is_null();
            match why {
                Some(why @ (Dropped::NullKey | Dropped::FailedKey)) => {
                    let key = vec![Named::new("key", rows.rows.cell(*key, row))];
                    Some(Verdict::Dropped { why, key, stream_time_ms })
                }
                _ if tombstone => Some(Verdict::Tombstone { of: None }),
                Some(why) => Some(Verdict::Dropped { why, key: Vec::new(), stream_time_ms }),
                None => None,
            }
        }
        Recipe::Aggregate { window, grace_ms, .. } => {
            let late_windows = metrics[1].late_windows > metrics[0].late_windows;
            let late = why == Some(Dropped::Late);
            match (why, *window, stream_time_ms) {
                (_, Some(window), Some(now_ms)) if late || late_windows => {
                    Some(late_for(window, *grace_ms, rows.rows.time_ms[row], now_ms, taken.windows))
                }
                (Some(why), ..) => Some(drop(why)),
                _ => None,
            }
        }
        Recipe::Deduplicate { .. } if went_on => None,
        Recipe::Deduplicate { within_ms, .. } => {
            let key = values(key_of(recipe, 0), &rows.rows, row);
            let told = metrics[1].rows_out > metrics[0].rows_out;
            Some(match (why, within_ms, stream_time_ms) {
                (Some(Dropped::Late), Some(within), Some(now_ms)) => {
                    let time_ms = rows.rows.time_ms[row];
                    let late_by_ms = now_ms.saturating_sub(time_ms).saturating_sub(*within);
                    let (windows, stream_time_ms) = (Vec::new(), now_ms);
                    Verdict::Late { windows, late_by_ms, time_ms, stream_time_ms, grace_ms: *within }
                }
                (Some(why), ..) => drop(why),
                (None, ..) if told => drop(Dropped::Unchanged),
                (None, ..) => match taken.of.identity {
                    super::identity::Identity::Latest { .. } => Verdict::Older { key },
                    _ => Verdict::Duplicate { of: None, key },
                },
            })
        }
        Recipe::TopN { .. } if went_on => None,
        Recipe::TopN { n, by, order, .. } => Some(match why {
            Some(why) => drop(why),
            None => {
                let formulas: Vec<Formula> = order.iter().map(|(formula, _)| formula.clone()).collect();
                let order = values(&formulas, &rows.rows, row);
                Verdict::BeyondRank { n: *n, key: values(by, &rows.rows, row), order }
            }
        }),
        _ => None,
    }
}

/// Which windows a row came too late for, by how much. It went into those of `taken`.
fn late_for(window: Window, grace_ms: i64, time_ms: i64, stream_time_ms: i64, taken: &[(i64, i64)]) -> Verdict {
    // Windows whose end is before this are closed; those that end there too where the end is exclusive.
    let closed = stream_time_ms.saturating_sub(grace_ms);
    let late = |start_ms: i64, end_ms: i64, late_by_ms: i64| LateWindow { start_ms, end_ms, late_by_ms };
    let mut windows = match window {
        Window::Tumbling { size } => hops(size.ms, size.ms, time_ms, closed),
        Window::Hopping { size, advance } => hops(size.ms, advance.ms, time_ms, closed),
        Window::Session { gap } => vec![late(time_ms, time_ms, closed.saturating_sub(gap.ms).saturating_sub(time_ms))],
        Window::Sliding { size } => {
            let start = time_ms.saturating_sub(size.ms).max(0);
            [start, time_ms.saturating_add(1)].map(|start| {
                let end = start.saturating_add(size.ms);
                late(start, end, closed.saturating_sub(end))
            })
        }
        .to_vec(),
    };
    windows.retain(|window| window.late_by_ms > 0 && !taken.contains(&(window.start_ms, window.end_ms)));
    let least = windows.iter().map(|window| window.late_by_ms).min().unwrap_or(0);
    let late_by_ms = match window {
        // Such a row is kept for as long as a window could begin behind it and hold it.
        Window::Sliding { size } if taken.is_empty() => closed.saturating_sub(time_ms.saturating_add(size.ms)),
        _ => least,
    };
    Verdict::Late { windows, late_by_ms, time_ms, stream_time_ms, grace_ms }
}

/// The windows that a time falls into, and by how much those are closed.
fn hops(size: i64, advance: i64, time_ms: i64, closed: i64) -> Vec<LateWindow> {
    let (size, advance) = (size.max(1), advance.clamp(1, size.max(1)));
    let newest = time_ms - time_ms.rem_euclid(advance);
    let starts = std::iter::successors(Some(newest), |start| start.checked_sub(advance));
    let inside = starts.take_while(|start| *start >= 0 && start.saturating_add(size) > time_ms);
    let mut windows: Vec<LateWindow> = inside
        .map(|start_ms| {
            let end_ms = start_ms.saturating_add(size);
            LateWindow { start_ms, end_ms, late_by_ms: closed.saturating_sub(end_ms).saturating_add(1) }
        })
        .collect();
    windows.reverse();
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Span;

    #[test]
    fn a_row_is_late_for_the_windows_that_are_closed_and_no_others() {
        let window = Window::Hopping { size: Span::of_ms(30), advance: Span::of_ms(10) };
        let Verdict::Late { windows, late_by_ms, .. } = late_for(window, 5, 25, 46, &[(20, 50)]) else {
            panic!("late")
        };
        let late: Vec<_> = windows.iter().map(|window| (window.start_ms, window.late_by_ms)).collect();
        assert_eq!(late, [(0, 12), (10, 2)]);
        assert_eq!(late_by_ms, 2, "with a grace of 7 the second would have taken it");
    }
}
