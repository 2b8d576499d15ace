//! An order of all values, and which of them can be compared.

use std::cmp::Ordering;

use crate::codec::Cell;

/// Values that can be compared with each other are of one kind; a time and a number are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine::aggregate) enum Kind {
    Bool,
    Number,
    Text,
    Bytes,
    Array,
    Object,
}

impl Kind {
    /// The kind of a value; `None` of what is none.
    pub(super) fn of(cell: &Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Missing | Cell::Null | Cell::Failed(_) => None,
            Cell::Bool(_) => Some(Self::Bool),
            Cell::Int(_) | Cell::Decimal(_) | Cell::Number(_) | Cell::Float(_) | Cell::Time(_) => Some(Self::Number),
            Cell::Text(_) => Some(Self::Text),
            Cell::Bytes(_) => Some(Self::Bytes),
            Cell::Array(_) => Some(Self::Array),
            Cell::Object(_) => Some(Self::Object),
        }
    }
}

/// Orders values: by kind, by worth, and those of one worth by how they are written, so that of several equal ones it
/// is always the same that comes first.
pub(in crate::engine::aggregate) fn order(a: &Cell<'_>, b: &Cell<'_>) -> Ordering {
    if let (Cell::Int(a), Cell::Int(b)) = (a, b) {
        return a.cmp(b);
    }
    let by_worth = || a.compare(b).unwrap_or(Ordering::Equal);
    Kind::of(a).cmp(&Kind::of(b)).then_with(by_worth).then_with(|| by_form(a, b))
}

fn by_form(a: &Cell<'_>, b: &Cell<'_>) -> Ordering {
    let rank = |cell: &Cell<'_>| match cell {
        Cell::Missing => 0,
        Cell::Null => 1,
        Cell::Int(_) => 2,
        Cell::Decimal(_) => 3,
        Cell::Number(_) => 4,
        Cell::Float(_) => 5,
        Cell::Time(_) => 6,
        Cell::Failed(_) => 7,
        _ => 8,
    };
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Cell::Decimal(a), Cell::Decimal(b)) => a.scale().cmp(&b.scale()),
        (Cell::Number(a), Cell::Number(b)) => a.cmp(b),
        (Cell::Float(a), Cell::Float(b)) => a.to_bits().cmp(&b.to_bits()),
        (Cell::Failed(a), Cell::Failed(b)) => a.cmp(b),
        _ => Ordering::Equal,
    })
}

/// Whether two values are the same, and written in the same way.
pub(in crate::engine::aggregate) fn identical(a: &Cell<'_>, b: &Cell<'_>) -> bool {
    order(a, b).is_eq()
}

/// Whether two values are one as keys: numbers of one worth are, a time and a number are not.
pub(super) fn same_worth(a: &Cell<'_>, b: &Cell<'_>) -> bool {
    let time = |cell: &Cell<'_>| matches!(cell, Cell::Time(_));
    time(a) == time(b) && a.compare(b).is_some_and(Ordering::is_eq)
}

/// A value in this order.
#[derive(Debug, Clone)]
pub(super) struct Ordered(pub(super) Cell<'static>);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0, &other.0)
    }
}
