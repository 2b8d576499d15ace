//! Functions of times.

use super::{Function, function, text_of};
use crate::codec::{Cell, Fault, time_in_ms};
use crate::expr::arithmetic::calculate;
use crate::expr::date_format::date_format;
use crate::expr::node::Arithmetic;
use crate::expr::node::Type::{Any, Number, Text, Time};
use crate::expr::time::{Unit, parse_time, part, truncate};

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "to_timestamp",
        &[Any],
        Time,
        to_timestamp,
        "the time that an ISO 8601 text, or a number of milliseconds since the epoch, stands for",
    ),
    function("epoch_ms", &[Time], Number, |a| in_ms(a[0]), "milliseconds since the epoch"),
    function(
        "age_ms",
        &[Time, Time],
        Number,
        |a| calculate(Arithmetic::Subtract, a[0], a[1]),
        "milliseconds from the second time to the first",
    ),
    function(
        "date_trunc",
        &[Text, Time],
        Time,
        date_trunc,
        "the beginning of the second, minute, hour, day, week, month, quarter or year that a time lies in (UTC)",
    ),
    function(
        "date_part",
        &[Text, Time],
        Number,
        date_part,
        "the second, minute, hour, day, week, month, quarter, year, dow, doy or epoch of a time (UTC)",
    ),
    function(
        "date_format",
        &[Time, Text],
        Text,
        format,
        "a time (UTC) as a text, by a pattern such as 'yyyy-MM-dd HH:mm:ss.SSS'",
    ),
];

fn in_ms<'a>(cell: &Cell<'a>) -> Cell<'a> {
    match cell {
        Cell::Time(ns) => time_in_ms(*ns),
        _ => Cell::Null,
    }
}

pub(super) fn to_timestamp<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    match a[0] {
        Cell::Time(ns) => Cell::Time(*ns),
        Cell::Text(text) => parse_time(text).map_or(Cell::Failed(Fault::Cast("a timestamp")), Cell::Time),
        number if number.is_number() => calculate(Arithmetic::Add, &Cell::Time(0), number),
        _ => Cell::Failed(Fault::Cast("a timestamp")),
    }
}

fn date_trunc<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let Cell::Time(ns) = a[1] else { return Cell::Null };
    let start = Unit::named(text_of(a[0])).and_then(|unit| truncate(*ns, unit));
    start.map_or(Cell::Failed(Fault::Argument("not a unit that date_trunc knows")), Cell::Time)
}

fn format<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let Cell::Time(ns) = a[0] else { return Cell::Null };
    match date_format(*ns, text_of(a[1])) {
        Ok(text) => Cell::Text(text.into()),
        Err(_) => Cell::Failed(Fault::Argument("not a pattern that date_format knows")),
    }
}

fn date_part<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let Cell::Time(ns) = a[1] else { return Cell::Null };
    match Unit::named(text_of(a[0])) {
        Some(unit) => part(*ns, unit),
        None => Cell::Failed(Fault::Argument("not a unit that date_part knows")),
    }
}
