//! What stands in a column, in figures.

use std::collections::HashSet;

use rust_decimal::Decimal;

use crate::codec::Cell;
use crate::engine::{order_of, store_cell, write_key};

/// A sum of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sum {
    /// Of integers and decimals, exact.
    Exact(Decimal),
    /// Of numbers among which are floats, or which are too large to be exact.
    Float(f64),
}

/// What stands in a column, in figures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnStats {
    /// How many rows there are.
    pub rows: u64,
    /// In how many the value is null.
    pub nulls: u64,
    /// In how many there is no value.
    pub missing: u64,
    /// In how many it could not be calculated.
    pub failed: u64,
    /// How many different values there are, nulls aside; numbers of one worth are one.
    pub distinct: u64,
    /// The smallest and the largest value, nulls aside, where all are of one kind.
    pub ends: Option<(Cell<'static>, Cell<'static>)>,
    /// How many values are numbers.
    pub numbers: u64,
    /// The sum of those.
    pub sum: Option<Sum>,
}

impl ColumnStats {
    /// Of these values.
    pub fn of<'a>(cells: impl IntoIterator<Item = Cell<'a>>) -> Self {
        let mut stats = Self::default();
        let (mut seen, mut key): (HashSet<Box<[u8]>>, Vec<u8>) = (HashSet::new(), Vec::new());
        let (mut ends, mut one_kind): (Option<(Cell<'a>, Cell<'a>)>, bool) = (None, true);
        for cell in cells {
            stats.rows += 1;
            match &cell {
                Cell::Null => stats.nulls += 1,
                Cell::Missing => stats.missing += 1,
                Cell::Failed(_) => stats.failed += 1,
                _ => {
                    key.clear();
                    if write_key(std::slice::from_ref(&cell), &mut key).is_err() {
                        store_cell(&cell, &mut key);
                    }
                    if !seen.contains(key.as_slice()) {
                        seen.insert(key.as_slice().into());
                    }
                    if let Some(number) = float(&cell) {
                        stats.numbers += 1;
                        stats.sum = Some(added(stats.sum, &cell, number));
                    }
                    ends = Some(match ends {
                        None => (cell.clone(), cell),
                        Some((least, most)) => {
                            one_kind &= least.compare(&cell).is_some();
                            let least = if order_of(&cell, &least).is_lt() { cell.clone() } else { least };
                            let most = if order_of(&cell, &most).is_gt() { cell } else { most };
                            (least, most)
                        }
                    });
                }
            }
        }
        stats.distinct = seen.len() as u64;
        stats.ends = ends.filter(|_| one_kind).map(|(least, most)| (least.into_owned(), most.into_owned()));
        stats
    }

    /// The mean of the numbers.
    pub fn mean(&self) -> Option<Sum> {
        Some(match self.sum? {
            Sum::Exact(sum) => match sum.checked_div(Decimal::from(self.numbers)) {
                Some(mean) => Sum::Exact(mean),
                None => Sum::Float(sum.to_string().parse::<f64>().ok()? / self.numbers as f64),
            },
            Sum::Float(sum) => Sum::Float(sum / self.numbers as f64),
        })
    }
}

/// A number as near as a float has it.
fn float(cell: &Cell<'_>) -> Option<f64> {
    crate::expr::float_of(cell)
}

fn added(sum: Option<Sum>, cell: &Cell<'_>, number: f64) -> Sum {
    let exact = match cell {
        Cell::Int(int) => Some(Decimal::from(*int)),
        Cell::Decimal(decimal) => Some(*decimal),
        _ => None,
    };
    let as_float = |sum: Decimal| sum.to_string().parse::<f64>().unwrap_or(f64::NAN);
    match (sum, exact) {
        (None, Some(exact)) => Sum::Exact(exact),
        (None, None) => Sum::Float(number),
        (Some(Sum::Exact(sum)), Some(exact)) => match sum.checked_add(exact) {
            Some(sum) => Sum::Exact(sum),
            None => Sum::Float(as_float(sum) + number),
        },
        (Some(Sum::Exact(sum)), None) => Sum::Float(as_float(sum) + number),
        (Some(Sum::Float(sum)), _) => Sum::Float(sum + number),
    }
}

/// A bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Where it begins.
    pub from: f64,
    /// Where it ends: the next begins there, and has what stands there; the last has both of its ends.
    pub to: f64,
    /// How many values are in it.
    pub count: u64,
}

/// How values are spread: bars of one width between the least and the largest, at most so many; whole numbers get bars of
/// whole widths. What is no finite number is left out.
pub fn bars(values: &[f64], most: usize) -> Vec<Bar> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (least, largest) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    if least > largest || most == 0 {
        return Vec::new();
    }
    let whole = finite().all(|value| value.fract() == 0.0 && value.abs() < 1e15);
    let span = largest - least;
    let width = match (whole, span > 0.0) {
        (true, _) => ((span + 1.0) / most as f64).ceil().max(1.0),
        (false, true) => span / most as f64,
        (false, false) => 1.0,
    };
    let count = if whole { ((span + 1.0) / width).ceil() } else { (span / width).ceil().max(1.0) };
    let count = (count as usize).clamp(1, most);
    let from = |bar: usize| least + width * bar as f64;
    let mut bars: Vec<Bar> = (0..count).map(|bar| Bar { from: from(bar), to: from(bar + 1), count: 0 }).collect();
    for value in finite() {
        let bar = (((value - least) / width) as usize).min(count - 1);
        bars[bar].count += 1;
    }
    bars
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    #[test]
    fn a_columns_figures_leave_nulls_aside() {
        let cells =
            [Cell::Int(5), Cell::Null, number_cell("5.0"), Cell::Missing, number_cell("2.25"), Cell::Int(i64::MAX)];
        let stats = ColumnStats::of(cells);
        assert_eq!((stats.rows, stats.nulls, stats.missing, stats.distinct, stats.numbers), (6, 1, 1, 3, 4));
        assert_eq!(stats.sum, Some(Sum::Exact("9223372036854775819.25".parse().unwrap())));
        assert_eq!(stats.ends, Some((number_cell("2.25").into_owned(), Cell::Int(i64::MAX))));
        let mixed = ColumnStats::of([Cell::Int(1), Cell::Text("a".into())]);
        assert_eq!((mixed.ends, mixed.numbers), (None, 1), "a number and a text have no order between them");
    }

    #[test]
    fn whole_numbers_have_bars_of_whole_widths() {
        let spread = bars(&[1.0, 2.0, 2.0, 4.0], 30);
        assert_eq!(spread.iter().map(|bar| bar.count).collect::<Vec<_>>(), [1, 2, 0, 1]);
        assert_eq!((spread[0].from, spread[0].to), (1.0, 2.0));
    }

    proptest! {
        #[test]
        fn every_value_is_in_one_bar(values in prop::collection::vec(-1e6..1e6_f64, 1..80), most in 1..40_usize, whole in any::<bool>()) {
            let values: Vec<f64> = values.into_iter().map(|value| if whole { value.trunc() } else { value }).collect();
            let spread = bars(&values, most);
            prop_assert!(spread.len() <= most);
            prop_assert_eq!(spread.iter().map(|bar| bar.count).sum::<u64>(), values.len() as u64);
            let (last, slack) = (spread.len() - 1, 1e-6);
            for (at, bar) in spread.iter().enumerate() {
                let inside = |value: &f64| *value >= bar.from - slack && if at == last { *value <= bar.to + slack } else { *value < bar.to + slack };
                let loosely = values.iter().filter(|value| inside(value)).count() as u64;
                prop_assert!(bar.count <= loosely, "{bar:?}");
            }
        }
    }
}
