//! Expressions over a pipeline's columns instead of an event.

use super::aggregate::AggregateCall;
use super::error::ExprError;
use super::evaluate::Evaluation;
use super::lower::{Lowering, Names, Typed};
use super::node::{Node, Type};
use super::parse;
use super::source::Source;
use super::truth::Truth;
use crate::codec::{Cell, Step};

/// What the names in a formula stand for.
pub trait Scope {
    /// The words that may begin a name.
    fn roots(&self) -> Vec<String>;

    /// The column that a name stands for, and what is known of its values.
    ///
    /// # Errors
    /// [`NameError`] when there is none, or more than one.
    fn column(&self, name: &[Step]) -> Result<(usize, Type), NameError>;
}

/// Why a name stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    /// What is wrong, in a line.
    pub message: String,
    /// What to write instead, where there is an idea.
    pub hint: Option<String>,
}

/// What a formula reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// A column, by the place that its scope gave.
    Column(usize),
    /// The result of an aggregate, by its place among the calls.
    Aggregate(usize),
}

/// An expression over columns that was read and found to be well typed.
#[derive(Debug, Clone)]
pub struct Formula {
    text: String,
    node: Node,
    of: Type,
    inputs: Vec<Input>,
}

impl Formula {
    /// Reads an expression of any type.
    ///
    /// # Errors
    /// [`ExprError`] with the place, if it is not one or is not well typed.
    pub fn parse(text: &str, scope: &dyn Scope) -> Result<Self, ExprError> {
        let source = parse::Source::of_columns(text, scope.roots());
        let sql = source.parse()?;
        let mut lowering = Lowering::with_names(&source, Names::Columns(scope));
        let typed = lowering.lower(&sql)?;
        Ok(Self::of(text, typed, lowering.sources))
    }

    /// Reads a condition: an expression that is true or false, or may be.
    ///
    /// # Errors
    /// As [`Formula::parse`], and if the expression can never be true or false.
    pub fn condition(text: &str, scope: &dyn Scope) -> Result<Self, ExprError> {
        let formula = Self::parse(text, scope)?;
        if formula.of.may_be(Type::Bool) {
            return Ok(formula);
        }
        let message = format!("this is {}, not a condition", formula.of.named());
        let hint = Some("compare it with something".to_owned());
        Err(ExprError { message, hint, at: 0..text.len(), text: text.to_owned() })
    }

    /// Reads an expression over groups: over their own columns (`by`), and over aggregates of the rows in them, whose
    /// calls are added to `calls`.
    ///
    /// # Errors
    /// As [`Formula::parse`].
    pub fn of_groups(
        text: &str,
        by: &dyn Scope,
        rows: &dyn Scope,
        calls: &mut Vec<AggregateCall>,
    ) -> Result<Self, ExprError> {
        let mut roots = by.roots();
        roots.extend(rows.roots());
        let source = parse::Source::of_columns(text, roots);
        let sql = source.parse()?;
        let mut lowering = Lowering::with_names(&source, Names::Groups { by, rows, calls });
        let typed = lowering.lower(&sql)?;
        Ok(Self::of(text, typed, lowering.sources))
    }

    pub(super) fn of(text: &str, typed: Typed, sources: Vec<Source>) -> Self {
        let inputs = sources.iter().map(|source| match source {
            Source::Aggregate(index, _) => Input::Aggregate(*index),
            Source::Column(index, _) => Input::Column(*index),
            // A scope's names are columns; no other source comes of them.
            _ => Input::Column(usize::MAX),
        });
        Self { text: text.to_owned(), inputs: inputs.collect(), node: typed.node, of: typed.of }
    }

    /// A formula that is a column and nothing else.
    pub fn of_column(name: &str, column: usize, of: Type) -> Self {
        Self { text: name.to_owned(), node: Node::Field(0), of, inputs: vec![Input::Column(column)] }
    }

    /// The formula as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is known of its values.
    pub fn type_of(&self) -> Type {
        self.of
    }

    /// What it reads, each once; [`Formula::evaluate`] takes their values in this order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Reads other columns instead: each by what `place` says of its place.
    pub fn map_columns(&mut self, mut place: impl FnMut(usize) -> usize) {
        for input in &mut self.inputs {
            if let Input::Column(column) = input {
                *column = place(*column);
            }
        }
    }

    /// What it reads, if it is that and nothing else.
    pub fn as_input(&self) -> Option<Input> {
        match (&self.node, self.inputs.as_slice()) {
            (Node::Field(0), [input]) => Some(*input),
            _ => None,
        }
    }

    /// The column that it is, if it is one and nothing else.
    pub fn as_column(&self) -> Option<usize> {
        match self.as_input() {
            Some(Input::Column(column)) => Some(column),
            _ => None,
        }
    }

    /// What it comes to for each row; `inputs` are the values of what it reads, a cell a row. Adds to `mismatched` how
    /// often a value was of another kind than what it was compared or calculated with.
    pub fn evaluate<'a>(&self, inputs: &[Vec<Cell<'a>>], rows: usize, mismatched: &mut u64) -> Vec<Cell<'a>> {
        let mut evaluation = Evaluation { sources: inputs, rows, mismatched: 0 };
        let cells = evaluation.cells(&self.node).into_cells(rows);
        *mismatched += evaluation.mismatched;
        cells
    }

    /// Whether it holds, for each row; as [`Formula::evaluate`].
    pub fn truths(&self, inputs: &[Vec<Cell<'_>>], rows: usize, mismatched: &mut u64) -> Vec<Truth> {
        let mut evaluation = Evaluation { sources: inputs, rows, mismatched: 0 };
        let truths = evaluation.truths(&self.node);
        *mismatched += evaluation.mismatched;
        truths
    }
}
