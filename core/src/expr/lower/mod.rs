//! From the parser's tree to the typed one: names are found, types are checked, constants are read.

mod aggregates;
mod calls;
mod fields;

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use sqlparser::ast::{
    BinaryOperator, CaseWhen, DataType, Expr as Sql, InTarget, Spanned as _, TypedString, UnaryOperator,
    Value as SqlValue,
};

use super::aggregate::AggregateCall;
use super::error::ExprError;
use super::formula::Scope;
use super::like::Pattern;
use super::membership::Members;
use super::node::{Arithmetic, Comparison, Node, Type};
use super::parse;
use super::source::Source;
use super::time::parse_time;
use crate::codec::{Cell, number_cell};

/// A node with what is known of it.
pub(crate) struct Typed {
    pub(crate) node: Node,
    pub(crate) of: Type,
    pub(crate) at: Range<usize>,
}

/// What the names in a text stand for.
pub(crate) enum Names<'n> {
    /// An event's coordinates, key, value and headers.
    Event,
    /// Columns.
    Columns(&'n dyn Scope),
    /// Columns of groups, and aggregates over the columns of the rows that are grouped.
    Groups { by: &'n dyn Scope, rows: &'n dyn Scope, calls: &'n mut Vec<AggregateCall> },
}

/// Turns trees of one text into nodes, collecting the sources they name.
pub(crate) struct Lowering<'t> {
    text: &'t parse::Source<'t>,
    /// What names stand for.
    names: Names<'t>,
    /// The fields named so far, each once.
    pub(crate) sources: Vec<Source>,
}

impl<'t> Lowering<'t> {
    pub(crate) fn new(text: &'t parse::Source<'t>) -> Self {
        Self { text, names: Names::Event, sources: Vec::new() }
    }

    /// Turns a text about something else than an event into nodes.
    pub(crate) fn with_names(text: &'t parse::Source<'t>, names: Names<'t>) -> Self {
        Self { text, names, sources: Vec::new() }
    }

    fn error<T>(&self, at: &Range<usize>, message: impl Into<String>) -> Result<T, ExprError> {
        Err(self.text.error(at.clone(), message))
    }

    fn hinted<T>(
        &self,
        at: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Result<T, ExprError> {
        Err(ExprError { hint: Some(hint.into()), ..self.text.error(at.clone(), message) })
    }

    fn at(&self, sql: &Sql) -> Range<usize> {
        self.text.range(sql.span())
    }

    /// Lowers any expression.
    pub(crate) fn lower(&mut self, sql: &Sql) -> Result<Typed, ExprError> {
        let at = self.at(sql);
        let (node, of) = self.node(sql, &at)?;
        Ok(Typed { node, of, at })
    }

    fn node(&mut self, sql: &Sql, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        Ok(match sql {
            Sql::Nested(inner) => return self.node(inner, &self.at(inner)),
            Sql::Identifier(name) => return self.field(std::slice::from_ref(name), at),
            Sql::CompoundIdentifier(names) => return self.field(names, at),
            Sql::Value(value) => return self.constant(&value.value, at),
            Sql::TypedString(typed) => self.typed_text(typed, at)?,
            Sql::Interval(interval) => self.interval(interval, at)?,
            Sql::UnaryOp { op, expr } => return self.unary(*op, expr, at),
            Sql::BinaryOp { left, op, right } => return self.binary(left, op, right, at),
            Sql::IsNull(of) => (self.is_null(of, false)?, Type::Bool),
            Sql::IsNotNull(of) => (self.is_null(of, true)?, Type::Bool),
            Sql::IsTrue(of) => (self.is(of, Some(true), false)?, Type::Bool),
            Sql::IsNotTrue(of) => (self.is(of, Some(true), true)?, Type::Bool),
            Sql::IsFalse(of) => (self.is(of, Some(false), false)?, Type::Bool),
            Sql::IsNotFalse(of) => (self.is(of, Some(false), true)?, Type::Bool),
            Sql::IsUnknown(of) => (self.is(of, None, false)?, Type::Bool),
            Sql::IsNotUnknown(of) => (self.is(of, None, true)?, Type::Bool),
            Sql::IsDistinctFrom(left, right) => (self.distinct(left, right, false)?, Type::Bool),
            Sql::IsNotDistinctFrom(left, right) => (self.distinct(left, right, true)?, Type::Bool),
            Sql::In { expr, target, negated, .. } => (self.membership(expr, target, *negated, at)?, Type::Bool),
            Sql::Between { expr, negated, low, high } => (self.between(expr, low, high, *negated)?, Type::Bool),
            Sql::Like { negated, any: false, expr, pattern, escape_char } => {
                (self.like(expr, pattern, escape_char.as_deref(), false, *negated)?, Type::Bool)
            }
            Sql::ILike { negated, any: false, expr, pattern, escape_char } => {
                (self.like(expr, pattern, escape_char.as_deref(), true, *negated)?, Type::Bool)
            }
            Sql::RLike { negated, expr, pattern, .. } => (self.regex(expr, pattern, false, *negated)?, Type::Bool),
            Sql::Case { operand, conditions, else_result, .. } => {
                return self.case(operand.as_deref(), conditions, else_result.as_deref());
            }
            Sql::Named { expr, name } if name.value == "exists" => {
                let missing = self.is_missing(expr)?;
                (Node::Not(Box::new(missing)), Type::Bool)
            }
            other => return self.call_like(other, at),
        })
    }

    /// Lowers an expression that must be (or may turn out to be) of a type.
    fn expect(&mut self, sql: &Sql, wanted: Type, place: &str) -> Result<Node, ExprError> {
        let typed = self.lower(sql)?;
        if typed.of.may_be(wanted) {
            return Ok(typed.node);
        }
        self.error(&typed.at, format!("{place} takes {}, and this is {}", wanted.named(), typed.of.named()))
    }

    fn boxed(&mut self, sql: &Sql, wanted: Type, place: &str) -> Result<Box<Node>, ExprError> {
        self.expect(sql, wanted, place).map(Box::new)
    }

    fn constant(&self, value: &SqlValue, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        let (cell, of) = match value {
            SqlValue::Null => (Cell::Null, Type::Null),
            SqlValue::Boolean(b) => (Cell::Bool(*b), Type::Bool),
            SqlValue::SingleQuotedString(text) => (Cell::Text(text.clone().into()), Type::Text),
            SqlValue::Number(text, _) => {
                // SQL also writes .5 and 5.
                let digits = text.strip_suffix('.').unwrap_or(text);
                let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits.replace(".e", "e") };
                if crate::codec::json::parse(digits.as_bytes()).is_err() && !digits.bytes().all(|b| b.is_ascii_digit())
                {
                    return self.error(at, format!("“{text}” is not a number"));
                }
                (number_cell(&digits).into_owned(), Type::Number)
            }
            SqlValue::DoubleQuotedString(text) => {
                return self.hinted(at, "double quotes are for names", format!("write '{text}' for a text"));
            }
            other => return self.error(at, format!("“{other}” is a kind of constant that is not known here")),
        };
        Ok((Node::Constant(cell), of))
    }

    fn typed_text(&self, typed: &TypedString, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        let is_time = matches!(typed.data_type, DataType::Timestamp(..) | DataType::Date | DataType::Datetime(_));
        match (&typed.value.value, is_time) {
            (SqlValue::SingleQuotedString(text), true) => self.time_constant(text, at).map(|node| (node, Type::Time)),
            _ => self.error(at, "only TIMESTAMP '…' and DATE '…' are known as typed constants"),
        }
    }

    fn time_constant(&self, text: &str, at: &Range<usize>) -> Result<Node, ExprError> {
        match parse_time(text) {
            Some(ns) => Ok(Node::Constant(Cell::Time(ns))),
            None => self.hinted(
                at,
                format!("“{text}” is not a time"),
                "write it as 2026-03-14T09:00:00Z, or with another offset than Z",
            ),
        }
    }

    fn unary(&mut self, op: UnaryOperator, of: &Sql, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        match op {
            UnaryOperator::Not => Ok((Node::Not(self.boxed(of, Type::Bool, "NOT")?), Type::Bool)),
            UnaryOperator::Plus => Ok((self.expect(of, Type::Number, "+")?, Type::Number)),
            UnaryOperator::Minus => {
                // -9223372036854775808 is an integer, though 9223372036854775808 is none.
                if let Sql::Value(value) = of
                    && let SqlValue::Number(text, _) = &value.value
                    && let Ok(int) = format!("-{text}").parse::<i64>()
                {
                    return Ok((Node::Constant(Cell::Int(int)), Type::Number));
                }
                let of = self.boxed(of, Type::Number, "-")?;
                let zero = Box::new(Node::Constant(Cell::Int(0)));
                Ok((Node::Calculate { op: Arithmetic::Subtract, left: zero, right: of }, Type::Number))
            }
            other => self.error(at, format!("the operator {other} is not known here")),
        }
    }

    fn binary(
        &mut self,
        left: &Sql,
        op: &BinaryOperator,
        right: &Sql,
        at: &Range<usize>,
    ) -> Result<(Node, Type), ExprError> {
        use BinaryOperator as Op;
        let node = match op {
            Op::And | Op::Or => self.junction(left, op, right)?,
            Op::Eq => self.compare(left, Comparison::Equal, right)?,
            Op::NotEq => self.compare(left, Comparison::NotEqual, right)?,
            Op::Lt => self.compare(left, Comparison::Less, right)?,
            Op::LtEq => self.compare(left, Comparison::LessOrEqual, right)?,
            Op::Gt => self.compare(left, Comparison::Greater, right)?,
            Op::GtEq => self.compare(left, Comparison::GreaterOrEqual, right)?,
            Op::PGRegexMatch => self.regex(left, right, false, false)?,
            Op::PGRegexIMatch => self.regex(left, right, true, false)?,
            Op::PGRegexNotMatch => self.regex(left, right, false, true)?,
            Op::PGRegexNotIMatch => self.regex(left, right, true, true)?,
            Op::StringConcat => {
                let (left, right) = (self.lower(left)?, self.lower(right)?);
                return Ok((Node::Concat(Box::new(left.node), Box::new(right.node)), Type::Text));
            }
            Op::Plus => return self.calculate(left, Arithmetic::Add, right),
            Op::Minus => return self.calculate(left, Arithmetic::Subtract, right),
            Op::Multiply => return self.calculate(left, Arithmetic::Multiply, right),
            Op::Divide => return self.calculate(left, Arithmetic::Divide, right),
            Op::Modulo => return self.calculate(left, Arithmetic::Modulo, right),
            other => return self.error(at, format!("the operator {other} is not known here")),
        };
        Ok((node, Type::Bool))
    }

    /// Chains of one operator become one flat node.
    fn junction(&mut self, left: &Sql, op: &BinaryOperator, right: &Sql) -> Result<Node, ExprError> {
        let place = if *op == BinaryOperator::And { "AND" } else { "OR" };
        let left = self.expect(left, Type::Bool, place)?;
        let right = self.expect(right, Type::Bool, place)?;
        Ok(match (op, left) {
            (BinaryOperator::And, Node::And(mut nodes)) => {
                nodes.push(right);
                Node::And(nodes)
            }
            (BinaryOperator::Or, Node::Or(mut nodes)) => {
                nodes.push(right);
                Node::Or(nodes)
            }
            (BinaryOperator::And, left) => Node::And(vec![left, right]),
            (_, left) => Node::Or(vec![left, right]),
        })
    }

    /// Two sides that are compared: a constant text beside a timestamp is read as a time.
    fn pair(&mut self, left: &Sql, right: &Sql) -> Result<(Box<Node>, Box<Node>), ExprError> {
        let (left, right) = (self.lower(left)?, self.lower(right)?);
        self.comparable(left, right)
    }

    fn comparable(&self, left: Typed, right: Typed) -> Result<(Box<Node>, Box<Node>), ExprError> {
        let at = left.at.start.min(right.at.start)..left.at.end.max(right.at.end);
        let (left, right) = match (left, right) {
            (time @ Typed { of: Type::Time, .. }, Typed { node: Node::Constant(Cell::Text(text)), at, .. }) => {
                (time.node, self.time_constant(&text, &at)?)
            }
            (Typed { node: Node::Constant(Cell::Text(text)), at, .. }, time @ Typed { of: Type::Time, .. }) => {
                (self.time_constant(&text, &at)?, time.node)
            }
            (left, right) => {
                let times = matches!((left.of, right.of), (Type::Time, Type::Number) | (Type::Number, Type::Time));
                if !times && !left.of.may_be(right.of) {
                    let hint = match (left.of, right.of) {
                        (Type::Time, Type::Text) | (Type::Text, Type::Time) => "to_timestamp(…) makes a time of a text",
                        (Type::Number, Type::Text) | (Type::Text, Type::Number) => {
                            "CAST(… AS DECIMAL) makes a number of a text, CAST(… AS TEXT) a text of a number"
                        }
                        _ => "the two sides must be of one type",
                    };
                    let message = format!("{} can't be compared with {}", left.of.named(), right.of.named());
                    return self.hinted(&at, message, hint);
                }
                (left.node, right.node)
            }
        };
        Ok((Box::new(left), Box::new(right)))
    }

    fn compare(&mut self, left: &Sql, op: Comparison, right: &Sql) -> Result<Node, ExprError> {
        let (left, right) = self.pair(left, right)?;
        Ok(Node::Compare { op, left, right })
    }

    fn distinct(&mut self, left: &Sql, right: &Sql, negated: bool) -> Result<Node, ExprError> {
        let (left, right) = self.pair(left, right)?;
        Ok(Node::Distinct { negated, left, right })
    }

    fn between(&mut self, of: &Sql, low: &Sql, high: &Sql, negated: bool) -> Result<Node, ExprError> {
        let above = self.compare(of, Comparison::GreaterOrEqual, low)?;
        let below = self.compare(of, Comparison::LessOrEqual, high)?;
        let within = Node::And(vec![above, below]);
        Ok(if negated { Node::Not(Box::new(within)) } else { within })
    }

    fn membership(&mut self, of: &Sql, target: &InTarget, negated: bool, at: &Range<usize>) -> Result<Node, ExprError> {
        let InTarget::List(list) = target else { return self.error(at, "IN takes a list of values") };
        let node = self.lower(of)?.node;
        let mut members = Vec::with_capacity(list.len());
        for member in list {
            // Typed against the left side each time; that side itself is lowered once.
            members.push(*self.pair(of, member)?.1);
        }
        Ok(Node::In { of: Box::new(node), negated, members: Members::new(members) })
    }

    fn is_null(&mut self, of: &Sql, negated: bool) -> Result<Node, ExprError> {
        let of = Box::new(self.lower(of)?.node);
        Ok(Node::IsNull { negated, of })
    }

    fn is(&mut self, of: &Sql, truth: Option<bool>, negated: bool) -> Result<Node, ExprError> {
        let of = self.boxed(of, Type::Bool, "IS TRUE, IS FALSE or IS UNKNOWN")?;
        Ok(Node::Is { truth, negated, of })
    }

    fn like(
        &mut self,
        of: &Sql,
        pattern: &Sql,
        escape: Option<&Sql>,
        ignores_case: bool,
        negated: bool,
    ) -> Result<Node, ExprError> {
        let of = self.boxed(of, Type::Text, "LIKE")?;
        let at = self.at(pattern);
        let text = self.constant_text(pattern, "the pattern of LIKE")?;
        let escape = match escape {
            None => None,
            Some(escape) => {
                let text = self.constant_text(escape, "ESCAPE")?;
                let mut chars = text.chars();
                match (chars.next(), chars.next()) {
                    (Some(char), None) => Some(char),
                    _ => return self.error(&self.at(escape), "ESCAPE takes one character"),
                }
            }
        };
        match Pattern::new(&text, escape, ignores_case) {
            Ok(pattern) => Ok(Node::Like { of, negated, pattern }),
            Err(_) => self.error(&at, "the pattern ends in its escape character"),
        }
    }

    fn regex(&mut self, of: &Sql, pattern: &Sql, ignores_case: bool, negated: bool) -> Result<Node, ExprError> {
        let of = self.boxed(of, Type::Text, "a regular expression")?;
        Ok(Node::Matches { of, negated, regex: self.regular_expression(pattern, ignores_case)? })
    }

    /// `regexp_extract(text, pattern[, group])`; group 0, and nothing said, is the whole match.
    fn extract(&mut self, of: &Sql, pattern: &Sql, group: Option<&Sql>) -> Result<Node, ExprError> {
        let of = self.boxed(of, Type::Text, "a regular expression")?;
        let regex = self.regular_expression(pattern, false)?;
        let Some(sql) = group else { return Ok(Node::Extract { of, regex, group: 0 }) };
        match self.lower(sql)?.node {
            Node::Constant(Cell::Int(group))
                if usize::try_from(group).is_ok_and(|group| group < regex.captures_len()) =>
            {
                Ok(Node::Extract { of, regex, group: group as usize })
            }
            _ => {
                let last = regex.captures_len() - 1;
                self.error(&self.at(sql), format!("a group is a constant from 0 (the whole match) to {last} here"))
            }
        }
    }

    fn regular_expression(&mut self, pattern: &Sql, ignores_case: bool) -> Result<Regex, ExprError> {
        let text = self.constant_text(pattern, "the regular expression")?;
        RegexBuilder::new(&text).case_insensitive(ignores_case).size_limit(1 << 20).build().or_else(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            self.error(&self.at(pattern), format!("not a regular expression: {why}"))
        })
    }

    fn constant_text(&mut self, sql: &Sql, place: &str) -> Result<String, ExprError> {
        match self.lower(sql)? {
            Typed { node: Node::Constant(Cell::Text(text)), .. } => Ok(text.into_owned()),
            Typed { at, .. } => self.error(&at, format!("{place} must be a text in single quotes")),
        }
    }

    fn case(
        &mut self,
        operand: Option<&Sql>,
        conditions: &[CaseWhen],
        otherwise: Option<&Sql>,
    ) -> Result<(Node, Type), ExprError> {
        let mut arms = Vec::with_capacity(conditions.len());
        let mut of = Type::Null;
        for CaseWhen { condition, result } in conditions {
            let condition = match operand {
                Some(operand) => self.compare(operand, Comparison::Equal, condition)?,
                None => self.expect(condition, Type::Bool, "WHEN")?,
            };
            let result = self.lower(result)?;
            of = self.common_type(of, &result)?;
            arms.push((condition, result.node));
        }
        let otherwise = match otherwise {
            Some(otherwise) => {
                let otherwise = self.lower(otherwise)?;
                of = self.common_type(of, &otherwise)?;
                otherwise.node
            }
            None => Node::Constant(Cell::Null),
        };
        Ok((Node::Case { arms, otherwise: Box::new(otherwise) }, of))
    }

    /// The type of what is either of the former type or of this one's.
    fn common_type(&self, former: Type, next: &Typed) -> Result<Type, ExprError> {
        match (former, next.of) {
            (Type::Null, of) | (of, Type::Null) => Ok(of),
            (Type::Any, _) | (_, Type::Any) => Ok(Type::Any),
            (a, b) if a == b => Ok(a),
            (a, b) => {
                self.error(&next.at, format!("this is {}, and what it stands beside is {}", b.named(), a.named()))
            }
        }
    }

    fn calculate(&mut self, left: &Sql, op: Arithmetic, right: &Sql) -> Result<(Node, Type), ExprError> {
        let (left, right) = (self.lower(left)?, self.lower(right)?);
        let of = match (left.of, op, right.of) {
            (Type::Time, Arithmetic::Subtract, Type::Time) => Type::Number,
            (Type::Time, Arithmetic::Add | Arithmetic::Subtract, of) if of.may_be(Type::Number) => Type::Time,
            (of, Arithmetic::Add, Type::Time) if of.may_be(Type::Number) => Type::Time,
            // A field may hold a time as little as JSON does, so what it is added to decides.
            (Type::Any, Arithmetic::Subtract, Type::Time) => Type::Number,
            (a, _, b) => {
                for side in [&left, &right] {
                    if !side.of.may_be(Type::Number) {
                        let message = format!("this is {}, and can't be calculated with", side.of.named());
                        let hint = match side.of {
                            Type::Text => "CAST(… AS DECIMAL) makes a number of a text, || joins texts",
                            _ => "a number is expected",
                        };
                        return self.hinted(&side.at, message, hint);
                    }
                }
                if a == Type::Null && b == Type::Null { Type::Null } else { Type::Number }
            }
        };
        Ok((Node::Calculate { op, left: Box::new(left.node), right: Box::new(right.node) }, of))
    }
}
