//! The order of rows in a ranking.

use std::cmp::Ordering;

use crate::codec::Cell;

/// Where a row stands among others: by the values that it is ordered by, then as it came.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) by: Box<[Ordered]>,
    pub(super) arrival: u64,
}

/// One of the values that rows are ordered by.
#[derive(Debug, Clone)]
pub(super) struct Ordered {
    pub(super) value: Cell<'static>,
    /// Whether the largest comes first.
    pub(super) descending: bool,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.by.cmp(&other.by).then(self.arrival.cmp(&other.arrival))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.value, &other.value, self.descending)
    }
}

/// Which of two values comes first. Null comes last whichever way the order goes. Of different kinds: truths, numbers
/// and times, texts, bytes, arrays, objects.
pub(super) fn compare(one: &Cell<'_>, other: &Cell<'_>, descending: bool) -> Ordering {
    if let (Cell::Int(one), Cell::Int(other)) = (one, other) {
        return if descending { other.cmp(one) } else { one.cmp(other) };
    }
    match (one.is_null(), other.is_null()) {
        (true, true) => return Ordering::Equal,
        (one, other) if one != other => return one.cmp(&other),
        _ => {}
    }
    let same_kind = || one.compare(other).unwrap_or_else(|| one.to_string().cmp(&other.to_string()));
    let order = kind(one).cmp(&kind(other)).then_with(same_kind);
    if descending { order.reverse() } else { order }
}

fn kind(cell: &Cell<'_>) -> u8 {
    match cell {
        Cell::Missing | Cell::Null | Cell::Failed(_) => 0,
        Cell::Bool(_) => 1,
        Cell::Int(_) | Cell::Decimal(_) | Cell::Number(_) | Cell::Float(_) | Cell::Time(_) => 2,
        Cell::Text(_) => 3,
        Cell::Bytes(_) => 4,
        Cell::Array(_) => 5,
        Cell::Object(_) => 6,
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Place {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl Place {
    /// Bytes of memory beside the place itself.
    pub(super) fn heap_bytes(&self) -> usize {
        let text = |ordered: &Ordered| match &ordered.value {
            Cell::Number(text) | Cell::Text(text) | Cell::Array(text) | Cell::Object(text) => text.len(),
            Cell::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        self.by.len() * size_of::<Ordered>() + self.by.iter().map(text).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    fn any_value() -> impl Strategy<Value = Cell<'static>> {
        prop_oneof![
            Just(Cell::Null),
            Just(Cell::Missing),
            any::<bool>().prop_map(Cell::Bool),
            (-3..3_i64).prop_map(Cell::Int),
            (-3..3_i64).prop_map(|ms| Cell::Time(ms * 1_000_000)),
            "-?[0-3]\\.[05]".prop_map(|text| number_cell(&text).into_owned()),
            prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(0.5), Just(-2.0)].prop_map(Cell::Float),
            "[ab]{0,2}".prop_map(|text| Cell::Text(text.into())),
        ]
    }

    proptest! {
        #[test]
        fn the_order_is_total(values in prop::collection::vec(any_value(), 3), descending: bool) {
            let order = |a: usize, b: usize| {
                let ordered = |at: usize| Ordered { value: values[at].clone(), descending };
                ordered(a).cmp(&ordered(b))
            };
            prop_assert_eq!(order(0, 1), order(1, 0).reverse());
            if order(0, 1).is_le() && order(1, 2).is_le() {
                prop_assert!(order(0, 2).is_le());
            }
            prop_assert!(!values[0].is_null() || order(0, 1).is_ge(), "nulls last");
        }
    }
}
