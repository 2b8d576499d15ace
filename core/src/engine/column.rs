//! A column of a batch: a value for each row, of one kind where the rows allow it.
//!
//! A column says the same about every row however it was cut: a number without a fraction that fits is an integer, in
//! a column of integers as well as in one of decimals; what a column is made of is a matter of speed alone.

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::codec::Cell;

/// Whether a row's value is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum Presence {
    /// There is a value.
    Here,
    /// The value is null.
    Null,
    /// The field is not there.
    Missing,
}

/// A value for each row.
#[derive(Debug, Clone, Default)]
pub struct Column {
    values: Values,
    /// For each row whether its value is there; `None` where all are.
    presence: Option<Vec<Presence>>,
    len: usize,
}

/// The values; a row without one holds anything.
#[derive(Debug, Clone, Default)]
pub enum Values {
    /// No row has a value.
    #[default]
    Nothing,
    /// Integers.
    Ints(Vec<i64>),
    /// Numbers that a decimal holds exactly.
    Decimals(Vec<Decimal>),
    /// Binary floats.
    Floats(Vec<f64>),
    /// True or false.
    Bools(Vec<bool>),
    /// Nanoseconds since the epoch.
    Times(Vec<i64>),
    /// Texts, one after the other.
    Texts(Texts),
    /// Anything.
    Cells(Vec<Cell<'static>>),
}

/// Texts in one piece of memory.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Texts {
    /// The text of a row.
    #[inline]
    pub fn get(&self, row: usize) -> &str {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[row]]
    }

    #[inline]
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }
}

impl Column {
    /// The column of some values.
    pub fn from_cells<'a>(cells: impl IntoIterator<Item = Cell<'a>>) -> Self {
        let mut column = Self::default();
        for cell in cells {
            column.push(cell);
        }
        column
    }

    /// The same value in every row.
    pub fn of_one(cell: &Cell<'_>, len: usize) -> Self {
        Self::from_cells((0..len).map(|_| cell.clone()))
    }

    /// A column of integers.
    pub fn of_ints(values: Vec<i64>) -> Self {
        Self { len: values.len(), values: Values::Ints(values), presence: None }
    }

    /// A column of times, in nanoseconds.
    pub fn of_times(values: Vec<i64>) -> Self {
        Self { len: values.len(), values: Values::Times(values), presence: None }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values as they lie; only rows that are [`Presence::Here`] mean anything.
    #[inline]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Whether a row has a value.
    #[inline]
    pub fn presence(&self, row: usize) -> Presence {
        self.presence.as_ref().map_or(Presence::Here, |presence| presence[row])
    }

    /// Whether every row has a value.
    #[inline]
    pub fn is_all_here(&self) -> bool {
        self.presence.is_none()
    }

    /// The value of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self.presence(row) {
            Presence::Null => return Cell::Null,
            Presence::Missing => return Cell::Missing,
            Presence::Here => {}
        }
        match &self.values {
            Values::Nothing => Cell::Null,
            Values::Ints(values) => Cell::Int(values[row]),
            Values::Decimals(values) => canonical(values[row]),
            Values::Floats(values) => Cell::Float(values[row]),
            Values::Bools(values) => Cell::Bool(values[row]),
            Values::Times(values) => Cell::Time(values[row]),
            Values::Texts(texts) => Cell::Text(Cow::Borrowed(texts.get(row))),
            Values::Cells(cells) => borrowed(&cells[row]),
        }
    }

    /// Every row's value.
    pub fn cells(&self) -> Vec<Cell<'_>> {
        (0..self.len).map(|row| self.cell(row)).collect()
    }

    /// The text of a row, if it is one.
    pub fn text(&self, row: usize) -> Option<&str> {
        match (&self.values, self.presence(row)) {
            (Values::Texts(texts), Presence::Here) => Some(texts.get(row)),
            _ => None,
        }
    }

    /// Adds a row.
    pub fn push(&mut self, cell: Cell<'_>) {
        let here = match cell {
            Cell::Null => Presence::Null,
            Cell::Missing => Presence::Missing,
            _ => Presence::Here,
        };
        if here != Presence::Here && self.presence.is_none() {
            self.presence = Some(vec![Presence::Here; self.len]);
        }
        if let Some(presence) = &mut self.presence {
            presence.push(here);
        }
        if here == Presence::Here {
            self.push_value(cell);
        } else {
            self.values.push_nothing();
        }
        self.len += 1;
    }

    /// Adds a row, without taking the value.
    #[inline]
    pub fn push_ref(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Int(int) => self.push_int(*int),
            Cell::Text(text) => self.push_text(text),
            Cell::Time(ns) => self.push_time(*ns),
            cell => self.push(borrowed(cell)),
        }
    }

    fn push_value(&mut self, cell: Cell<'_>) {
        let cell = match cell {
            Cell::Decimal(decimal) => canonical(decimal),
            cell => cell,
        };
        if matches!(self.values, Values::Nothing) {
            self.values = Values::for_kind_of(&cell, self.len);
        }
        match (&mut self.values, cell) {
            (Values::Ints(values), Cell::Int(value)) => values.push(value),
            (Values::Decimals(values), Cell::Decimal(value)) => values.push(value),
            (Values::Decimals(values), Cell::Int(value)) => values.push(Decimal::from(value)),
            (Values::Floats(values), Cell::Float(value)) => values.push(value),
            (Values::Bools(values), Cell::Bool(value)) => values.push(value),
            (Values::Times(values), Cell::Time(value)) => values.push(value),
            (Values::Texts(values), Cell::Text(value)) => values.push(&value),
            (Values::Cells(cells), cell) => cells.push(cell.into_owned()),
            (Values::Ints(values), Cell::Decimal(value)) => {
                let mut decimals: Vec<Decimal> = values.iter().map(|&int| Decimal::from(int)).collect();
                decimals.push(value);
                self.values = Values::Decimals(decimals);
            }
            (_, cell) => {
                let mut cells: Vec<Cell<'static>> = (0..self.len).map(|row| self.cell(row).into_owned()).collect();
                cells.push(cell.into_owned());
                self.values = Values::Cells(cells);
            }
        }
    }

    /// Adds an integer.
    #[inline]
    pub(crate) fn push_int(&mut self, int: i64) {
        match &mut self.values {
            Values::Ints(values) => {
                values.push(int);
                self.one_more_is_here();
            }
            _ => self.push(Cell::Int(int)),
        }
    }

    /// Adds a time, in nanoseconds.
    #[inline]
    pub(crate) fn push_time(&mut self, ns: i64) {
        match &mut self.values {
            Values::Times(values) => {
                values.push(ns);
                self.one_more_is_here();
            }
            _ => self.push(Cell::Time(ns)),
        }
    }

    /// Adds a text.
    #[inline]
    pub(crate) fn push_text(&mut self, text: &str) {
        match &mut self.values {
            Values::Texts(values) => {
                values.push(text);
                self.one_more_is_here();
            }
            _ => self.push(Cell::Text(Cow::Borrowed(text))),
        }
    }

    /// Adds what stands in a row of another column.
    #[inline]
    pub(crate) fn push_row(&mut self, other: &Self, row: usize) {
        match (&other.values, other.presence(row)) {
            (Values::Ints(values), Presence::Here) => self.push_int(values[row]),
            (Values::Times(values), Presence::Here) => self.push_time(values[row]),
            (Values::Texts(texts), Presence::Here) => self.push_text(texts.get(row)),
            _ => self.push(other.cell(row)),
        }
    }

    #[inline]
    fn one_more_is_here(&mut self) {
        if let Some(presence) = &mut self.presence {
            presence.push(Presence::Here);
        }
        self.len += 1;
    }

    /// The rows at some places, in that order.
    pub fn take(&self, rows: &[u32]) -> Self {
        fn pick<T: Clone>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|&row| values[row as usize].clone()).collect()
        }
        let values = match &self.values {
            Values::Nothing => Values::Nothing,
            Values::Ints(values) => Values::Ints(pick(values, rows)),
            Values::Decimals(values) => Values::Decimals(pick(values, rows)),
            Values::Floats(values) => Values::Floats(pick(values, rows)),
            Values::Bools(values) => Values::Bools(pick(values, rows)),
            Values::Times(values) => Values::Times(pick(values, rows)),
            Values::Cells(values) => Values::Cells(pick(values, rows)),
            Values::Texts(texts) => {
                let mut taken = Texts { text: String::new(), ends: Vec::with_capacity(rows.len()) };
                rows.iter().for_each(|&row| taken.push(texts.get(row as usize)));
                Values::Texts(taken)
            }
        };
        Self { values, presence: self.presence.as_ref().map(|presence| pick(presence, rows)), len: rows.len() }
    }

    /// Adds the rows of another column.
    pub fn append(&mut self, other: &Self) {
        if self.is_empty() {
            *self = other.clone();
            return;
        }
        match (&mut self.values, &other.values, self.presence.is_none() && other.presence.is_none()) {
            (Values::Ints(values), Values::Ints(more), true) => values.extend_from_slice(more),
            (Values::Times(values), Values::Times(more), true) => values.extend_from_slice(more),
            (Values::Floats(values), Values::Floats(more), true) => values.extend_from_slice(more),
            (Values::Decimals(values), Values::Decimals(more), true) => values.extend_from_slice(more),
            _ => {
                (0..other.len).for_each(|row| self.push(other.cell(row)));
                return;
            }
        }
        self.len += other.len;
    }

    /// Bytes of memory, near enough for a budget.
    pub fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::Nothing => 0,
            Values::Ints(values) | Values::Times(values) => values.capacity() * 8,
            Values::Floats(values) => values.capacity() * 8,
            Values::Decimals(values) => values.capacity() * size_of::<Decimal>(),
            Values::Bools(values) => values.capacity(),
            Values::Texts(texts) => texts.text.capacity() + texts.ends.capacity() * size_of::<usize>(),
            Values::Cells(cells) => {
                let inside = |cell: &Cell<'_>| match cell {
                    Cell::Bytes(bytes) => bytes.len(),
                    Cell::Number(text) | Cell::Text(text) | Cell::Array(text) | Cell::Object(text) => text.len(),
                    _ => 0,
                };
                cells.capacity() * size_of::<Cell<'_>>() + cells.iter().map(inside).sum::<usize>()
            }
        };
        values + self.presence.as_ref().map_or(0, Vec::capacity)
    }
}

impl Values {
    /// Room for values of a cell's kind, behind rows without any.
    fn for_kind_of(cell: &Cell<'_>, rows: usize) -> Self {
        match cell {
            Cell::Int(_) => Self::Ints(vec![0; rows]),
            Cell::Decimal(_) => Self::Decimals(vec![Decimal::ZERO; rows]),
            Cell::Float(_) => Self::Floats(vec![0.0; rows]),
            Cell::Bool(_) => Self::Bools(vec![false; rows]),
            Cell::Time(_) => Self::Times(vec![0; rows]),
            Cell::Text(_) => Self::Texts(Texts { text: String::new(), ends: vec![0; rows] }),
            _ => Self::Cells(vec![Cell::Null; rows]),
        }
    }

    fn push_nothing(&mut self) {
        match self {
            Self::Nothing => {}
            Self::Ints(values) | Self::Times(values) => values.push(0),
            Self::Decimals(values) => values.push(Decimal::ZERO),
            Self::Floats(values) => values.push(0.0),
            Self::Bools(values) => values.push(false),
            Self::Texts(texts) => texts.push(""),
            Self::Cells(cells) => cells.push(Cell::Null),
        }
    }
}

/// A decimal that is an integer of 64 bits, written without a fraction, is that integer.
pub(crate) fn canonical<'a>(decimal: Decimal) -> Cell<'a> {
    match (decimal.scale(), i64::try_from(decimal)) {
        (0, Ok(int)) => Cell::Int(int),
        _ => Cell::Decimal(decimal),
    }
}

/// The same value, borrowing what the other owns.
pub(crate) fn borrowed<'a>(cell: &'a Cell<'_>) -> Cell<'a> {
    match cell {
        Cell::Missing => Cell::Missing,
        Cell::Null => Cell::Null,
        Cell::Bool(value) => Cell::Bool(*value),
        Cell::Int(value) => Cell::Int(*value),
        Cell::Decimal(value) => Cell::Decimal(*value),
        Cell::Float(value) => Cell::Float(*value),
        Cell::Time(value) => Cell::Time(*value),
        Cell::Number(text) => Cell::Number(Cow::Borrowed(text)),
        Cell::Text(text) => Cell::Text(Cow::Borrowed(text)),
        Cell::Array(text) => Cell::Array(Cow::Borrowed(text)),
        Cell::Object(text) => Cell::Object(Cow::Borrowed(text)),
        Cell::Bytes(bytes) => Cell::Bytes(Cow::Borrowed(bytes)),
        Cell::Failed(fault) => Cell::Failed(*fault),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::number_cell;

    fn any_cell() -> impl Strategy<Value = Cell<'static>> {
        prop_oneof![
            Just(Cell::Null),
            Just(Cell::Missing),
            any::<i64>().prop_map(Cell::Int),
            any::<bool>().prop_map(Cell::Bool),
            any::<i64>().prop_map(Cell::Time),
            (-1000..1000_i64, 0..4_u32).prop_map(|(mantissa, scale)| Cell::Decimal(Decimal::new(mantissa, scale))),
            "[a-c]{0,3}".prop_map(|text| Cell::Text(text.into())),
            Just(Cell::Float(1.5)),
        ]
    }

    proptest! {
        #[test]
        fn a_column_holds_what_was_put_in_however_it_was_cut(cells in prop::collection::vec(any_cell(), 0..40), cut in 0..40_usize) {
            let cut = cut.min(cells.len());
            let whole = Column::from_cells(cells.clone());
            let mut pieces = Column::from_cells(cells[..cut].to_vec());
            pieces.append(&Column::from_cells(cells[cut..].to_vec()));
            prop_assert_eq!(whole.cells(), pieces.cells());
            for (row, cell) in cells.iter().enumerate() {
                let same = whole.cell(row).compare(cell).is_some_and(|order| order.is_eq()) || whole.cell(row) == *cell;
                prop_assert!(same, "{:?} became {:?}", cell, whole.cell(row));
            }
            let backwards: Vec<u32> = (0..cells.len() as u32).rev().collect();
            let taken = whole.take(&backwards);
            prop_assert_eq!(taken.cells(), backwards.iter().map(|&row| whole.cell(row as usize)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_integer_is_one_among_decimals_too() {
        let column = Column::from_cells([number_cell("5"), number_cell("5.50"), number_cell("5.0")]);
        assert_eq!(column.cell(0), Cell::Int(5));
        assert_eq!(column.cell(1).to_string(), "5.50");
        assert_eq!(column.cell(2).to_string(), "5.0");
    }
}
