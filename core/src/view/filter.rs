//! A condition over a view's columns, in the one expression language.

use std::cell::RefCell;

use crate::codec::{Cell, Path, Step};
use crate::engine::{Column, Rows, inside};
use crate::expr::{ExprError, Formula, Input, NameError, Scope, Truth, Type};

/// A condition over a view's columns.
#[derive(Debug, Clone)]
pub struct RowFilter {
    formula: Formula,
    /// What it reads: a column of the rows, and the way to what stands inside of it.
    reads: Vec<(usize, Path)>,
}

/// The rows that a condition lets pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filtered {
    /// Their places.
    pub places: Vec<u32>,
    /// How many rows it can't be told of: a division by zero, say. They do not pass.
    pub failed: u64,
    /// How often a value was of another kind than what it was compared or calculated with.
    pub mismatched: u64,
}

/// The names of a view's columns.
struct Columns<'c> {
    columns: &'c [(String, usize, Type)],
    reads: RefCell<Vec<(usize, Path)>>,
}

impl Columns<'_> {
    /// A column's name as the steps of a name: `orders.value.region` has three.
    fn steps(name: &str) -> Vec<&str> {
        name.split('.').collect()
    }

    fn read(&self, column: usize, rest: &[Step]) -> usize {
        let mut reads = self.reads.borrow_mut();
        let read = (column, Path::new(rest.to_vec()));
        reads.iter().position(|known| *known == read).unwrap_or_else(|| {
            reads.push(read);
            reads.len() - 1
        })
    }
}

impl Scope for Columns<'_> {
    fn roots(&self) -> Vec<String> {
        let roots = |(name, ..): &(String, usize, Type)| [name.clone(), Self::steps(name)[0].to_owned()];
        let mut roots: Vec<String> = self.columns.iter().flat_map(roots).collect();
        // The last word of a long name is enough where it is the only one.
        roots
            .extend(self.columns.iter().filter_map(|(name, ..)| Self::steps(name).last().map(|&last| last.to_owned())));
        roots.sort();
        roots.dedup();
        roots
    }

    fn column(&self, name: &[Step]) -> Result<(usize, Type), NameError> {
        let word = |step: &Step| match step {
            Step::Field(field) => Some(field.to_string()),
            Step::Index(_) => None,
        };
        // The longest column of which the name begins with all words; what is left leads into it.
        let whole = |column: &str| -> Option<usize> {
            if name.first().and_then(word).as_deref() == Some(column) {
                return Some(1);
            }
            let steps = Self::steps(column);
            let same = steps.len() <= name.len()
                && steps.iter().zip(name).all(|(own, step)| word(step).as_deref() == Some(*own));
            same.then_some(steps.len())
        };
        let named = self.columns.iter().filter_map(|column| whole(&column.0).map(|words| (words, column)));
        let mut found = named.max_by_key(|(words, _)| *words);
        if found.is_none() {
            let first = name.first().and_then(word);
            let mut ends =
                self.columns.iter().filter(|(name, ..)| Self::steps(name).last().copied() == first.as_deref());
            found = ends.next().filter(|_| ends.next().is_none()).map(|column| (1, column));
        }
        match found {
            Some((words, (_, column, of))) if words == name.len() => Ok((self.read(*column, &[]), *of)),
            Some((words, (_, column, _))) => Ok((self.read(*column, &name[words..]), Type::Any)),
            None => {
                let names: Vec<&str> = self.columns.iter().map(|(name, ..)| name.as_str()).collect();
                let written = Path::new(name.to_vec()).to_string();
                let similar = crate::expr::most_similar(&written, names.iter().copied());
                let hint = similar
                    .map_or_else(|| format!("there are {}", names.join(", ")), |name| format!("did you mean {name}?"));
                Err(NameError { message: format!("unknown column “{written}”"), hint: Some(hint) })
            }
        }
    }
}

impl RowFilter {
    /// Reads a condition over these columns: names, places among the cells, and types.
    ///
    /// # Errors
    /// [`ExprError`] with the place.
    pub fn parse(text: &str, columns: &[(String, usize, Type)]) -> Result<Self, ExprError> {
        let scope = Columns { columns, reads: RefCell::default() };
        let formula = Formula::condition(text, &scope)?;
        Ok(Self { formula, reads: scope.reads.into_inner() })
    }

    /// The rows for which it holds.
    pub fn of(&self, rows: &Rows) -> Filtered {
        let mut filtered = Filtered::default();
        // Rows that there are none of need not have columns.
        if rows.is_empty() {
            return filtered;
        }
        let columns: Vec<Option<Column>> = self
            .reads
            .iter()
            .map(|(column, path)| (!path.is_root()).then(|| inside(&rows.columns[*column], path)))
            .collect();
        let cells = |input: &Input| -> Vec<Cell<'_>> {
            let Input::Column(read) = input else { return vec![Cell::Missing; rows.len()] };
            match columns.get(*read) {
                Some(Some(column)) => column.cells(),
                Some(None) => rows.columns[self.reads[*read].0].cells(),
                None => vec![Cell::Missing; rows.len()],
            }
        };
        let inputs: Vec<Vec<Cell<'_>>> = self.formula.inputs().iter().map(cells).collect();
        let truths = self.formula.truths(&inputs, rows.len(), &mut filtered.mismatched);
        for (row, truth) in truths.into_iter().enumerate() {
            match truth {
                Truth::True => filtered.places.push(row as u32),
                Truth::Failed(_) => filtered.failed += 1,
                _ => {}
            }
        }
        filtered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{RowsBuilder, Sign};

    fn columns() -> Vec<(String, usize, Type)> {
        let names = [("orders.value.region", 0, Type::Any), ("total", 1, Type::Number), ("value", 2, Type::Any)];
        names.map(|(name, column, of)| (name.to_owned(), column, of)).to_vec()
    }

    fn rows() -> Rows {
        let mut rows = RowsBuilder::new(3, false);
        for (region, total, value) in
            [("north", 0, r#"{"sku":"x"}"#), ("south", 5, r#"{"sku":"y"}"#), ("north", 9, "{}")]
        {
            let cells = [Cell::Text(region.into()), Cell::Int(total), Cell::Object(value.into())];
            rows.push(0, 0, Sign::Plus, cells);
        }
        rows.finish()
    }

    fn places(text: &str) -> Vec<u32> {
        RowFilter::parse(text, &columns()).unwrap().of(&rows()).places
    }

    #[test]
    fn a_column_is_named_in_full_or_by_its_last_word() {
        assert_eq!(places("orders.value.region = 'north'"), [0, 2]);
        assert_eq!(places("region = 'south' OR total > 5"), [1, 2]);
        assert_eq!(places("\"orders.value.region\" LIKE 'n%' AND total < 5"), [0]);
    }

    #[test]
    fn what_stands_inside_of_a_column_is_named_behind_it() {
        assert_eq!(places("value.sku = 'y'"), [1]);
        assert_eq!(places("value.sku IS NULL"), [2]);
    }

    #[test]
    fn what_can_not_be_told_does_not_pass_and_is_counted() {
        let filtered = RowFilter::parse("10 / total > 1", &columns()).unwrap().of(&rows());
        assert_eq!((filtered.places, filtered.failed), (vec![1, 2], 1));
    }

    #[test]
    fn of_no_rows_none_passes() {
        let filter = RowFilter::parse("value.sku = 'y' OR total > 5", &columns()).unwrap();
        assert_eq!(filter.of(&RowsBuilder::new(0, false).finish()), Filtered::default());
    }

    #[test]
    fn an_error_has_its_place_and_a_hint() {
        let error = RowFilter::parse("totl > 1", &columns()).unwrap_err();
        assert_eq!((error.column(), error.hint.as_deref()), (1, Some("did you mean total?")));
        assert!(RowFilter::parse("total + 1", &columns()).unwrap_err().message.contains("not a condition"));
    }
}
