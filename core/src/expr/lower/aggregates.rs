//! Calls of aggregates.

use std::ops::Range;

use sqlparser::ast::{
    DuplicateTreatment, Expr as Sql, Function as SqlFunction, FunctionArg, FunctionArgExpr, FunctionArguments,
};

use super::{Lowering, Names, Typed};
use crate::expr::aggregate::{AggregateCall, AggregateFunction};
use crate::expr::arithmetic::float_of;
use crate::expr::error::ExprError;
use crate::expr::formula::Formula;
use crate::expr::node::{Node, Type};
use crate::expr::source::Source;

impl Lowering<'_> {
    /// A call of an aggregate: the field of its result.
    pub(super) fn aggregate(
        &mut self,
        function: AggregateFunction,
        call: &SqlFunction,
        at: &Range<usize>,
    ) -> Result<(Node, Type), ExprError> {
        let name = function.name();
        let extras = call.over.is_some() || call.null_treatment.is_some() || !call.within_group.is_empty();
        if extras || !matches!(call.parameters, FunctionArguments::None) {
            return self.error(at, format!("{name} is called with its arguments only"));
        }
        let FunctionArguments::List(list) = &call.args else {
            return self.error(at, format!("{name} needs something to work on"));
        };
        if !list.clauses.is_empty() {
            return self.error(at, format!("{name} is called with its arguments only"));
        }
        let distinct = matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct));
        if distinct && function != AggregateFunction::Count {
            return self.hinted(at, format!("DISTINCT changes nothing that {name} could use"), "count(DISTINCT x)");
        }
        let mut arguments = list.args.iter().map(|argument| match argument {
            FunctionArg::Unnamed(argument) => Ok(argument),
            other => self.error(at, format!("“{other}” can't be an argument")),
        });
        let Some(first) = arguments.next().transpose()? else {
            return self.error(at, format!("{name} needs something to work on"));
        };
        let second = arguments.next().transpose()?;
        if arguments.next().is_some() {
            return self.error(at, format!("{name} takes fewer arguments"));
        }
        let (argument, of) = self.aggregated(function, first, distinct, at)?;
        let constant = self.constant_of(function, second, at)?;
        let filter = call.filter.as_deref().map(|filter| self.of_rows(filter, Type::Bool, "FILTER")).transpose()?;
        let filter = filter.map(|(formula, _)| formula);
        let result = function.result(of);
        let Names::Groups { calls, .. } = &mut self.names else {
            return self.error(at, format!("{name} is over many rows; this is about one"));
        };
        calls.push(AggregateCall { function, argument, distinct, constant, filter });
        let index = calls.len() - 1;
        Ok(self.source(Source::Aggregate(index, result)))
    }

    fn aggregated(
        &self,
        function: AggregateFunction,
        argument: &FunctionArgExpr,
        distinct: bool,
        at: &Range<usize>,
    ) -> Result<(Option<Formula>, Type), ExprError> {
        match argument {
            FunctionArgExpr::Wildcard if function == AggregateFunction::Count && !distinct => Ok((None, Type::Number)),
            FunctionArgExpr::Expr(sql) => {
                self.of_rows(sql, function.takes(), function.name()).map(|(formula, of)| (Some(formula), of))
            }
            _ => self.error(at, format!("{} needs a field or an expression", function.name())),
        }
    }

    fn constant_of(
        &mut self,
        function: AggregateFunction,
        argument: Option<&FunctionArgExpr>,
        at: &Range<usize>,
    ) -> Result<Option<f64>, ExprError> {
        let name = function.name();
        let constant = match argument {
            None if function.takes_constant() => {
                let hint = if function == AggregateFunction::Top { "top(x, 3)" } else { "quantile(x, 0.95)" };
                return self.hinted(at, format!("{name} takes two arguments"), hint);
            }
            None => return Ok(None),
            Some(_) if !function.takes_constant() => {
                return self.error(at, format!("{name} takes one argument"));
            }
            Some(FunctionArgExpr::Expr(sql)) => self.argument(sql)?.0,
            Some(other) => return self.error(at, format!("“{other}” is no number")),
        };
        let number = match &constant {
            Node::Constant(cell) => float_of(cell),
            _ => None,
        };
        match (function, number) {
            (AggregateFunction::Quantile, Some(share)) if (0.0..=1.0).contains(&share) => Ok(Some(share)),
            (AggregateFunction::Quantile, _) => self.hinted(at, "a share is from 0 to 1", "quantile(x, 0.95)"),
            (_, Some(n)) if n.fract() == 0.0 && (1.0..=10_000.0).contains(&n) => Ok(Some(n)),
            _ => self.error(at, format!("{name} takes a constant number of values, from 1 to 10000")),
        }
    }

    /// An expression over the rows that are grouped, which must be of a type.
    fn of_rows(&self, sql: &Sql, wanted: Type, who: &str) -> Result<(Formula, Type), ExprError> {
        let Names::Groups { rows, .. } = &self.names else {
            return self.error(&self.at(sql), "this is not over many rows");
        };
        let mut lowering = Lowering::with_names(self.text, Names::Columns(*rows));
        let Typed { node, of, at } = lowering.lower(sql)?;
        if !of.may_be(wanted) {
            return self.error(&at, format!("{who} takes {}, and this is {}", wanted.named(), of.named()));
        }
        let text = self.text.text.get(at.clone()).unwrap_or(self.text.text);
        Ok((Formula::of(text, Typed { node, of, at }, lowering.sources), of))
    }
}
