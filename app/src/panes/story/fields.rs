//! The chosen columns that are expressions over the event: evaluated for the rows at hand, and nothing else decoded.

use fabula_core::codec::{self, Cell, TopicCodecs};
use fabula_core::event::EventBatch;
use fabula_core::expr::Expr;

use super::row::RowCell;
use crate::state::Column;

/// How many characters of a field are kept for a row.
const FIELD_CHARS: usize = 200;

/// The expressions that stand in columns. One that can't be read leaves its column empty.
pub(super) struct Fields {
    expressions: Vec<Option<Expr>>,
}

/// Whether a text can be a column.
///
/// # Errors
/// Why it can't, in a line.
pub(super) fn check(text: &str) -> Result<(), String> {
    Expr::parse(text).map(drop).map_err(|error| error.to_string())
}

impl Fields {
    /// The expressions among the chosen columns, in their order.
    pub(super) fn new(columns: &[Column]) -> Self {
        let expressions = columns.iter().filter_map(|column| match column {
            Column::Field(text) => Some(Expr::parse(text).ok()),
            Column::Key | Column::Value => None,
        });
        Self { expressions: expressions.collect() }
    }

    /// For each expression a column of cells, one for each row.
    pub(super) fn read(&self, batch: &EventBatch, rows: &[u32], codecs: &TopicCodecs) -> Vec<Vec<RowCell>> {
        let column = |expression: &Option<Expr>| match expression {
            Some(expression) => expression.evaluate(batch, rows, codecs).iter().map(cell_of).collect(),
            None => vec![RowCell::Absent; rows.len()],
        };
        self.expressions.iter().map(column).collect()
    }
}

fn cell_of(cell: &Cell<'_>) -> RowCell {
    match cell {
        Cell::Missing => RowCell::Absent,
        Cell::Null => RowCell::Null,
        Cell::Failed(fault) => RowCell::Undecodable { text: fault.to_string() },
        number if number.is_number() => RowCell::Text { text: number.to_string(), found: Vec::new(), number: true },
        other => RowCell::text(codec::preview(other.to_string().as_bytes(), FIELD_CHARS), &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_null_is_not_absent() {
        assert!(matches!(cell_of(&Cell::Int(9_007_199_254_740_993)), RowCell::Text { number: true, .. }));
        assert_eq!(cell_of(&Cell::Null), RowCell::Null);
        assert_eq!(cell_of(&Cell::Missing), RowCell::Absent);
        assert_eq!(cell_of(&Cell::Text("".into())), RowCell::Empty);
    }
}
