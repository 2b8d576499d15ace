//! Calls of functions, and what SQL writes like them.

use std::ops::Range;

use sqlparser::ast::{
    CastKind, CeilFloorKind, DataType, DateTimeField, ExactNumberInfo, Expr as Sql, Function as SqlFunction,
    FunctionArg, FunctionArgExpr, FunctionArguments, Interval, Spanned as _, TrimWhereField, Value as SqlValue,
};

use super::{Lowering, Names, Typed};
use crate::codec::{Cell, Fault, Path, json, number_cell};
use crate::expr::aggregate::AggregateFunction;
use crate::expr::arithmetic::calculate;
use crate::expr::date_format::date_format;
use crate::expr::error::{ExprError, most_similar};
use crate::expr::functions::Function;
use crate::expr::node::{Arithmetic, CastTo, Comparison, Node, Type};
use crate::expr::source::Source;
use crate::expr::time::{Unit, now};

/// Calls that are not in the table of functions, because they are more than functions of values.
const SPECIAL: [&str; 11] = [
    "coalesce",
    "nullif",
    "size",
    "is_missing",
    "exists",
    "now",
    "current_timestamp",
    "regexp_like",
    "regexp_matches",
    "regexp_extract",
    "extract",
];

impl Lowering<'_> {
    /// Everything that is written as a call, or nearly so.
    pub(super) fn call_like(&mut self, sql: &Sql, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        match sql {
            Sql::Function(function) => self.call(function, at),
            Sql::Cast { kind, expr, data_type, .. } => self.cast(kind, expr, data_type, at),
            Sql::Ceil { expr, field } => self.rounding("ceil", expr, field, at),
            Sql::Floor { expr, field } => self.rounding("floor", expr, field, at),
            Sql::Extract { field, expr, .. } => {
                let unit = Node::Constant(Cell::Text(self.unit(&field.to_string(), at)?.into()));
                let of = self.expect(expr, Type::Time, "EXTRACT")?;
                self.function("date_part", vec![(unit, Type::Text), (of, Type::Time)], at)
            }
            Sql::Position { expr, r#in } => {
                let (wanted, text) = (self.lower(expr)?, self.lower(r#in)?);
                self.function("position", vec![(text.node, text.of), (wanted.node, wanted.of)], at)
            }
            Sql::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments = vec![self.argument(expr)?];
                match (substring_from, substring_for) {
                    (Some(from), _) => arguments.push(self.argument(from)?),
                    (None, Some(_)) => arguments.push((Node::Constant(Cell::Int(1)), Type::Number)),
                    (None, None) => {}
                }
                if let Some(length) = substring_for {
                    arguments.push(self.argument(length)?);
                }
                self.function("substring", arguments, at)
            }
            Sql::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    _ => "trim",
                };
                let mut arguments = vec![self.argument(expr)?];
                let listed = trim_characters.iter().flatten();
                for characters in trim_what.as_deref().into_iter().chain(listed) {
                    arguments.push(self.argument(characters)?);
                }
                self.function(name, arguments, at)
            }
            Sql::CompoundFieldAccess { root, .. } => {
                self.hinted(at, "only fields of key and value have elements", format!("“{root}” is not one"))
            }
            Sql::Subquery(_) | Sql::Exists { .. } => self.error(at, "there are no queries within an expression"),
            other => self.error(at, format!("“{other}” is not known here")),
        }
    }

    pub(super) fn argument(&mut self, sql: &Sql) -> Result<(Node, Type), ExprError> {
        self.lower(sql).map(|typed| (typed.node, typed.of))
    }

    fn call(&mut self, call: &SqlFunction, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        let name = call.name.to_string().to_ascii_lowercase();
        if let (Some(function), Names::Groups { .. }) = (AggregateFunction::named(&name), &self.names) {
            return self.aggregate(function, call, at);
        }
        if Function::named(&name).is_none() && !SPECIAL.contains(&&*name) {
            return self.unknown_function(&name, &self.text.range(call.name.span()));
        }
        let extras = call.filter.is_some() || call.over.is_some() || call.null_treatment.is_some();
        if extras || !call.within_group.is_empty() || !matches!(call.parameters, FunctionArguments::None) {
            return self.error(at, format!("{name} is called with its arguments only"));
        }
        let arguments = self.plain_arguments(call, &name, at)?;
        match (name.as_str(), arguments.as_slice()) {
            ("coalesce", [_, ..]) => self.coalesce(&arguments),
            ("nullif", [of, null]) => self.null_if(of, null),
            ("size", [of]) => self.size(of),
            ("is_missing", [of]) => Ok((self.is_missing(of)?, Type::Bool)),
            ("exists", [of]) => Ok((Node::Not(Box::new(self.is_missing(of)?)), Type::Bool)),
            ("now" | "current_timestamp", []) if !matches!(self.names, Names::Event) => {
                self.hinted(at, "a pipeline has no now", "its results depend on the log alone: use a row's own time")
            }
            ("now" | "current_timestamp", []) => Ok((Node::Constant(Cell::Time(now())), Type::Time)),
            ("regexp_like" | "regexp_matches", [of, pattern]) => {
                Ok((self.regex(of, pattern, false, false)?, Type::Bool))
            }
            ("regexp_extract", [of, pattern]) => Ok((self.extract(of, pattern, None)?, Type::Text)),
            ("regexp_extract", [of, pattern, group]) => Ok((self.extract(of, pattern, Some(group))?, Type::Text)),
            _ if Function::named(&name).is_none() => {
                self.error(at, format!("{name} is called with other arguments than these"))
            }
            _ => {
                let arguments: Result<Vec<_>, _> = arguments.iter().map(|sql| self.argument(sql)).collect();
                self.function(&name, arguments?, at)
            }
        }
    }

    fn plain_arguments(&self, call: &SqlFunction, name: &str, at: &Range<usize>) -> Result<Vec<Sql>, ExprError> {
        let list = match &call.args {
            FunctionArguments::None => return Ok(Vec::new()),
            FunctionArguments::List(list) if list.clauses.is_empty() && list.duplicate_treatment.is_none() => {
                &list.args
            }
            _ => return self.error(at, format!("{name} is called with its arguments only")),
        };
        list.iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(sql)) => Ok(sql.clone()),
                other => self.error(at, format!("“{other}” can't be an argument")),
            })
            .collect()
    }

    fn unknown_function<T>(&self, name: &str, at: &Range<usize>) -> Result<T, ExprError> {
        if AggregateFunction::named(name).is_some() {
            return self.error(at, format!("{name} is over many events; an expression is about one"));
        }
        let names: Vec<&str> = Function::all().iter().map(|function| function.name).chain(SPECIAL).collect();
        let message = format!("unknown function “{name}”");
        match most_similar(name, names) {
            Some(similar) => self.hinted(at, message, format!("did you mean {similar}?")),
            None => self.error(at, message),
        }
    }

    /// A call of a function of the table.
    fn function(&self, name: &str, arguments: Vec<(Node, Type)>, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        let Some(function) = Function::named(name) else { return self.unknown_function(name, at) };
        if !function.takes(arguments.len()) {
            return self.hinted(
                at,
                format!("{} arguments are not what it takes", arguments.len()),
                function.signature(),
            );
        }
        for (place, (_, of)) in arguments.iter().enumerate() {
            let wanted = function.parameter(place);
            if !of.may_be(wanted) {
                let message = format!("argument {} is {}, not {}", place + 1, of.named(), wanted.named());
                return self.hinted(at, message, function.signature());
            }
        }
        self.check_unit(function, &arguments, at)?;
        let arguments = arguments.into_iter().map(|(node, _)| node).collect();
        Ok((Node::Call { function, arguments }, function.result))
    }

    /// A unit of time or a pattern that is a constant is looked at before anything runs.
    fn check_unit(&self, function: &Function, arguments: &[(Node, Type)], at: &Range<usize>) -> Result<(), ExprError> {
        match arguments {
            [(Node::Constant(Cell::Text(unit)), _), ..] if matches!(function.name, "date_trunc" | "date_part") => {
                self.unit(unit, at).map(drop)
            }
            [_, (Node::Constant(Cell::Text(pattern)), _)] if function.name == "date_format" => {
                match date_format(0, pattern) {
                    Ok(_) => Ok(()),
                    Err(letter) => self.hinted(
                        at,
                        format!("“{letter}” stands for no part of a time"),
                        "such as yyyy-MM-dd HH:mm:ss.SSS; other letters stand in quotes, which are doubled in SQL",
                    ),
                }
            }
            _ => Ok(()),
        }
    }

    fn unit(&self, name: &str, at: &Range<usize>) -> Result<String, ExprError> {
        match Unit::named(name) {
            Some(_) => Ok(name.to_ascii_lowercase()),
            None => self.hinted(
                at,
                format!("“{name}” is no part of a time"),
                "millisecond, second, minute, hour, day, week, month, quarter, year, dow, doy, epoch",
            ),
        }
    }

    fn coalesce(&mut self, arguments: &[Sql]) -> Result<(Node, Type), ExprError> {
        let mut nodes = Vec::with_capacity(arguments.len());
        let mut of = Type::Null;
        for argument in arguments {
            let typed = self.lower(argument)?;
            of = self.common_type(of, &typed)?;
            nodes.push(typed.node);
        }
        Ok((Node::Coalesce(nodes), of))
    }

    fn null_if(&mut self, of: &Sql, null: &Sql) -> Result<(Node, Type), ExprError> {
        let equal = self.compare(of, Comparison::Equal, null)?;
        let Typed { node, of, .. } = self.lower(of)?;
        let arms = vec![(equal, Node::Constant(Cell::Null))];
        Ok((Node::Case { arms, otherwise: Box::new(node) }, of))
    }

    fn size(&mut self, of: &Sql) -> Result<(Node, Type), ExprError> {
        let typed = self.lower(of)?;
        match typed.node.source(&self.sources) {
            Some(Source::Key(path)) if *path == Path::root() => Ok(self.source(Source::KeySize)),
            Some(Source::Value(path)) if *path == Path::root() => Ok(self.source(Source::ValueSize)),
            _ => self.hinted(&typed.at, "size is that of a whole payload", "write size(value) or size(key)"),
        }
    }

    fn rounding(
        &mut self,
        name: &str,
        of: &Sql,
        field: &CeilFloorKind,
        at: &Range<usize>,
    ) -> Result<(Node, Type), ExprError> {
        match field {
            CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => {
                let argument = self.argument(of)?;
                self.function(name, vec![argument], at)
            }
            _ => self.error(at, format!("{name} takes a number only")),
        }
    }

    fn cast(&mut self, kind: &CastKind, of: &Sql, to: &DataType, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        let (to, result) = match to {
            DataType::Text
            | DataType::String(_)
            | DataType::Varchar(_)
            | DataType::Char(_)
            | DataType::CharVarying(_) => (CastTo::Text, Type::Text),
            DataType::BigInt(_)
            | DataType::Int(_)
            | DataType::Integer(_)
            | DataType::SmallInt(_)
            | DataType::Int64
            | DataType::Int32
            | DataType::Int8(_)
            | DataType::Int4(_) => (CastTo::Integer, Type::Number),
            DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
                (CastTo::Decimal(self.scale(info, at)?), Type::Number)
            }
            DataType::Double(_)
            | DataType::DoublePrecision
            | DataType::Float(_)
            | DataType::Real
            | DataType::Float64
            | DataType::Float8 => (CastTo::Float, Type::Number),
            DataType::Boolean | DataType::Bool => (CastTo::Bool, Type::Bool),
            DataType::Timestamp(..) | DataType::Datetime(_) | DataType::Date => (CastTo::Time, Type::Time),
            other => {
                return self.hinted(
                    at,
                    format!("there is no type {other} here"),
                    "TEXT, BIGINT, DECIMAL, DECIMAL(p, s), DOUBLE, BOOLEAN, TIMESTAMP",
                );
            }
        };
        let of = Box::new(self.lower(of)?.node);
        let tries = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
        Ok((Node::Cast { of, to, tries }, result))
    }

    fn scale(&self, info: &ExactNumberInfo, at: &Range<usize>) -> Result<Option<u32>, ExprError> {
        let (precision, scale) = match info {
            ExactNumberInfo::None => return Ok(None),
            ExactNumberInfo::Precision(precision) => (*precision, 0),
            ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
        };
        match u32::try_from(scale) {
            Ok(scale) if scale <= 28 && precision <= 28 => Ok(Some(scale)),
            _ => self.error(at, "a decimal has up to 28 digits here"),
        }
    }

    /// `INTERVAL '5 minutes'` or `INTERVAL '5' MINUTE`: a number of milliseconds.
    pub(super) fn interval(&self, interval: &Interval, at: &Range<usize>) -> Result<(Node, Type), ExprError> {
        let text = match &*interval.value {
            Sql::Value(value) => match &value.value {
                SqlValue::SingleQuotedString(text) | SqlValue::Number(text, _) => text.clone(),
                other => return self.error(at, format!("“{other}” is no interval")),
            },
            other => return self.error(at, format!("“{other}” is no interval")),
        };
        let unit = interval.leading_field.as_ref().map(ToString::to_string).unwrap_or_default();
        let text = format!("{text} {unit}");
        let ms = interval_ms(&text);
        match ms {
            Some(ms) if interval.last_field.is_none() => Ok((Node::Constant(ms), Type::Number)),
            _ => self.hinted(
                at,
                format!("“{}” is no interval", text.trim()),
                "write INTERVAL '5 minutes', in weeks, days, hours, minutes, seconds or milliseconds",
            ),
        }
    }
}

/// Pairs of a number and a unit, added up.
fn interval_ms(text: &str) -> Option<Cell<'static>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return None;
    }
    let mut sum = Cell::Int(0);
    for pair in words.chunks(2) {
        json::parse(pair[0].as_bytes()).ok().filter(|value| value.cell().is_number())?;
        let ms = Cell::Int(Unit::named(pair[1])?.millis()?);
        let part = calculate(Arithmetic::Multiply, &number_cell(pair[0]), &ms);
        sum = calculate(Arithmetic::Add, &sum, &part);
    }
    match sum {
        Cell::Failed(Fault::Overflow) => None,
        sum if sum.is_number() => Some(sum),
        _ => None,
    }
}
