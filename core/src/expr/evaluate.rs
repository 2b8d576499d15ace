//! Running an expression over columns.

use regex::Regex;

use super::arithmetic::{calculate, fits};
use super::cast::cast;
use super::membership::Members;
use super::node::{Arithmetic, Comparison, Node};
use super::truth::Truth;
use crate::codec::Cell;

/// A value for each row.
pub(crate) enum Column<'c, 'a> {
    /// The same for every row.
    Same(&'c Cell<'a>),
    /// A field's.
    Field(&'c [Cell<'a>]),
    /// Worked out.
    Own(Vec<Cell<'a>>),
}

impl<'a> Column<'_, 'a> {
    fn at(&self, row: usize) -> &Cell<'a> {
        match self {
            Self::Same(cell) => cell,
            Self::Field(cells) => &cells[row],
            Self::Own(cells) => &cells[row],
        }
    }

    /// A cell a row.
    pub(crate) fn into_cells(self, rows: usize) -> Vec<Cell<'a>> {
        match self {
            Self::Same(cell) => vec![cell.clone(); rows],
            Self::Field(cells) => cells.to_vec(),
            Self::Own(cells) => cells,
        }
    }
}

/// Runs nodes over the columns of their sources.
pub(crate) struct Evaluation<'c, 'a> {
    /// A column a source, a cell a row.
    pub(crate) sources: &'c [Vec<Cell<'a>>],
    /// How many rows there are.
    pub(crate) rows: usize,
    /// How often a value was of another kind than what it was compared with or given to.
    pub(crate) mismatched: u64,
}

impl<'c, 'a> Evaluation<'c, 'a> {
    /// A node's value for each row.
    pub(crate) fn cells(&mut self, node: &'c Node) -> Column<'c, 'a> {
        match node {
            Node::Constant(cell) => Column::Same(cell),
            Node::Field(source) => Column::Field(&self.sources[*source]),
            Node::Calculate { op, left, right } => self.calculate(*op, left, right),
            Node::Concat(left, right) => self.concat(left, right),
            Node::Case { arms, otherwise } => self.case(arms, otherwise),
            Node::Coalesce(nodes) => self.coalesce(nodes),
            Node::Cast { of, to, tries } => {
                let of = self.cells(of);
                let cast = |row| match (cast(of.at(row), *to), of.at(row)) {
                    (Cell::Failed(_), cell) if *tries && !matches!(cell, Cell::Failed(_)) => Cell::Null,
                    (result, _) => result,
                };
                Column::Own((0..self.rows).map(cast).collect())
            }
            Node::Call { function, arguments } => {
                let columns: Vec<Column<'c, 'a>> = arguments.iter().map(|node| self.cells(node)).collect();
                let mut row_arguments: Vec<&Cell<'a>> = Vec::with_capacity(columns.len());
                let mut results = Vec::with_capacity(self.rows);
                for row in 0..self.rows {
                    row_arguments.clear();
                    row_arguments.extend(columns.iter().map(|column| column.at(row)));
                    let mut mismatched = false;
                    results.push(function.call(&row_arguments, &mut mismatched));
                    self.mismatched += u64::from(mismatched);
                }
                Column::Own(results)
            }
            Node::Extract { of, regex, group } => self.extract(of, regex, *group),
            condition => Column::Own(self.truths(condition).into_iter().map(Truth::cell).collect()),
        }
    }

    /// A condition's truth for each row.
    pub(crate) fn truths(&mut self, node: &'c Node) -> Vec<Truth> {
        match node {
            Node::Not(of) => self.truths(of).into_iter().map(|truth| !truth).collect(),
            Node::And(nodes) => self.fold(nodes, Truth::True, Truth::and),
            Node::Or(nodes) => self.fold(nodes, Truth::False, Truth::or),
            Node::Compare { op, left, right } => self.compare(*op, left, right),
            Node::Distinct { negated, left, right } => self.distinct(left, right, *negated),
            Node::IsNull { negated, of } => self.each(of, |cell| Truth::from(cell.is_null()).negated_if(*negated)),
            Node::IsMissing(of) => self.each(of, |cell| Truth::from(matches!(cell, Cell::Missing))),
            Node::Is { truth, negated, of } => {
                let wanted = truth.map_or(Truth::Unknown, Truth::from);
                let is = |found| match found {
                    failed @ Truth::Failed(_) => failed,
                    found => Truth::from(found == wanted).negated_if(*negated),
                };
                self.truths(of).into_iter().map(is).collect()
            }
            Node::In { of, negated, members } => self.membership(of, *negated, members),
            Node::Like { of, negated, pattern } => {
                self.each_text(of, |text| Truth::from(pattern.matches(text)).negated_if(*negated))
            }
            Node::Matches { of, negated, regex } => {
                self.each_text(of, |text| Truth::from(regex.is_match(text)).negated_if(*negated))
            }
            value => {
                let cells = self.cells(value);
                (0..self.rows)
                    .map(|row| match cells.at(row) {
                        Cell::Bool(b) => Truth::from(*b),
                        Cell::Failed(fault) => Truth::Failed(*fault),
                        cell => {
                            self.mismatched += u64::from(!cell.is_null());
                            Truth::Unknown
                        }
                    })
                    .collect()
            }
        }
    }

    fn fold(&mut self, nodes: &'c [Node], empty: Truth, join: fn(Truth, Truth) -> Truth) -> Vec<Truth> {
        let mut joined = vec![empty; self.rows];
        for node in nodes {
            for (so_far, next) in joined.iter_mut().zip(self.truths(node)) {
                *so_far = join(*so_far, next);
            }
        }
        joined
    }

    /// A condition of every value, null or not; a failed one stays failed.
    fn each(&mut self, of: &'c Node, condition: impl Fn(&Cell<'a>) -> Truth) -> Vec<Truth> {
        let cells = self.cells(of);
        let judge = |cell: &Cell<'a>| match cell {
            Cell::Failed(fault) => Truth::Failed(*fault),
            cell => condition(cell),
        };
        (0..self.rows).map(|row| judge(cells.at(row))).collect()
    }

    fn each_text(&mut self, of: &'c Node, condition: impl Fn(&str) -> Truth) -> Vec<Truth> {
        let cells = self.cells(of);
        let mut truths = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            truths.push(match cells.at(row) {
                Cell::Failed(fault) => Truth::Failed(*fault),
                cell => match cell.as_text() {
                    Some(text) => condition(text),
                    None => {
                        self.mismatched += u64::from(!cell.is_null());
                        Truth::Unknown
                    }
                },
            });
        }
        truths
    }

    fn extract(&mut self, of: &'c Node, regex: &Regex, group: usize) -> Column<'c, 'a> {
        let cells = self.cells(of);
        let mut results = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            results.push(match cells.at(row) {
                Cell::Failed(fault) => Cell::Failed(*fault),
                cell => match cell.as_text() {
                    Some(text) => match regex.captures(text).and_then(|found| found.get(group)) {
                        Some(found) => Cell::Text(found.as_str().to_owned().into()),
                        None => Cell::Null,
                    },
                    None => {
                        self.mismatched += u64::from(!cell.is_null());
                        Cell::Null
                    }
                },
            });
        }
        Column::Own(results)
    }

    fn compare(&mut self, op: Comparison, left: &'c Node, right: &'c Node) -> Vec<Truth> {
        let (left, right) = (self.cells(left), self.cells(right));
        let mut truths = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            truths.push(self.compare_cells(op, left.at(row), right.at(row)));
        }
        truths
    }

    fn compare_cells(&mut self, op: Comparison, left: &Cell<'a>, right: &Cell<'a>) -> Truth {
        match left.compare(right) {
            Some(order) => Truth::from(op.holds(order)),
            None => match (left, right) {
                (Cell::Failed(fault), _) | (_, Cell::Failed(fault)) => Truth::Failed(*fault),
                (left, right) => {
                    self.mismatched += u64::from(!left.is_null() && !right.is_null());
                    Truth::Unknown
                }
            },
        }
    }

    /// Null is a value here, and what is of another kind is simply another.
    fn distinct(&mut self, left: &'c Node, right: &'c Node, negated: bool) -> Vec<Truth> {
        let (left, right) = (self.cells(left), self.cells(right));
        let judge = |row| match (left.at(row), right.at(row)) {
            (Cell::Failed(fault), _) | (_, Cell::Failed(fault)) => Truth::Failed(*fault),
            (a, b) if a.is_null() || b.is_null() => Truth::from(a.is_null() != b.is_null()).negated_if(negated),
            (a, b) => Truth::from(a.compare(b).is_none_or(|order| order.is_ne())).negated_if(negated),
        };
        (0..self.rows).map(judge).collect()
    }

    fn membership(&mut self, of: &'c Node, negated: bool, members: &'c Members) -> Vec<Truth> {
        let of = self.cells(of);
        let truths: Vec<Truth> = match members {
            Members::Nodes(nodes) => {
                let mut joined = vec![Truth::False; self.rows];
                for node in nodes {
                    let member = self.cells(node);
                    for (row, so_far) in joined.iter_mut().enumerate() {
                        *so_far = so_far.or(self.compare_cells(Comparison::Equal, of.at(row), member.at(row)));
                    }
                }
                joined
            }
            Members::Texts(texts) => (0..self.rows)
                .map(|row| match of.at(row) {
                    Cell::Text(text) => Truth::from(texts.contains(&**text)),
                    other => self.not_among(other),
                })
                .collect(),
            Members::Integers(integers) => (0..self.rows)
                .map(|row| match of.at(row) {
                    Cell::Int(int) => Truth::from(integers.contains(int)),
                    cell if cell.is_number() || matches!(cell, Cell::Time(_)) => Truth::from(
                        integers.iter().any(|int| cell.compare(&Cell::Int(*int)).is_some_and(|o| o.is_eq())),
                    ),
                    other => self.not_among(other),
                })
                .collect(),
        };
        truths.into_iter().map(|truth| truth.negated_if(negated)).collect()
    }

    /// What is of another kind than all members is as little comparable with the list as with each of them.
    fn not_among(&mut self, cell: &Cell<'a>) -> Truth {
        match cell {
            Cell::Failed(fault) => Truth::Failed(*fault),
            cell => {
                self.mismatched += u64::from(!cell.is_null());
                Truth::Unknown
            }
        }
    }

    fn calculate(&mut self, op: Arithmetic, left: &'c Node, right: &'c Node) -> Column<'c, 'a> {
        let (left, right) = (self.cells(left), self.cells(right));
        let mut results = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            results.push(match (left.at(row), right.at(row)) {
                (Cell::Failed(fault), _) | (_, Cell::Failed(fault)) => Cell::Failed(*fault),
                (a, b) if a.is_null() || b.is_null() => Cell::Null,
                (a, b) if fits(op, a, b) => calculate(op, a, b),
                _ => {
                    self.mismatched += 1;
                    Cell::Null
                }
            });
        }
        Column::Own(results)
    }

    fn concat(&mut self, left: &'c Node, right: &'c Node) -> Column<'c, 'a> {
        let (left, right) = (self.cells(left), self.cells(right));
        let join = |row| match (left.at(row), right.at(row)) {
            (Cell::Failed(fault), _) | (_, Cell::Failed(fault)) => Cell::Failed(*fault),
            (a, b) if a.is_null() || b.is_null() => Cell::Null,
            (a, b) => Cell::Text(format!("{a}{b}").into()),
        };
        Column::Own((0..self.rows).map(join).collect())
    }

    /// Each row takes the first arm whose condition holds; what the other arms come to, failures too, is not looked at.
    fn case(&mut self, arms: &'c [(Node, Node)], otherwise: &'c Node) -> Column<'c, 'a> {
        let mut chosen: Vec<Option<Cell<'a>>> = vec![None; self.rows];
        for (condition, result) in arms {
            let truths = self.truths(condition);
            let results = self.cells(result);
            for (row, truth) in truths.into_iter().enumerate() {
                match (&chosen[row], truth) {
                    (None, Truth::True) => chosen[row] = Some(results.at(row).clone()),
                    (None, Truth::Failed(fault)) => chosen[row] = Some(Cell::Failed(fault)),
                    _ => {}
                }
            }
        }
        let otherwise = self.cells(otherwise);
        let result = |(row, chosen): (usize, Option<Cell<'a>>)| chosen.unwrap_or_else(|| otherwise.at(row).clone());
        Column::Own(chosen.into_iter().enumerate().map(result).collect())
    }

    fn coalesce(&mut self, nodes: &'c [Node]) -> Column<'c, 'a> {
        let mut found: Vec<Cell<'a>> = vec![Cell::Null; self.rows];
        for node in nodes {
            let cells = self.cells(node);
            for (row, found) in found.iter_mut().enumerate().filter(|(_, found)| found.is_null()) {
                *found = cells.at(row).clone();
            }
        }
        Column::Own(found)
    }
}
