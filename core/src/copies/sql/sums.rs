//! `sum`, `avg` and `total` over what decimals became, exact as far as decimals go.

use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};

use crate::codec::Cell;

/// Puts them in the place of SQLite's own, which add binary floats.
pub(super) fn add(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, of) in [("sum", Of::Sum), ("avg", Of::Average), ("total", Of::Total)] {
        connection.create_window_function(name, 1, flags, Sums(of))?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Of {
    Sum,
    Average,
    Total,
}

struct Sums(Of);

/// What has been added up.
#[derive(Default)]
struct Sum {
    count: i64,
    /// How many of them are no integers.
    broken: i64,
    ints: i128,
    decimals: Decimal,
    /// What no decimal holds: how many, and their sum.
    beyond: (i64, f64),
}

impl Sum {
    fn change(&mut self, value: ValueRef<'_>, by: i64) {
        match value {
            ValueRef::Null => return,
            ValueRef::Integer(int) => self.ints += i128::from(int) * i128::from(by),
            ValueRef::Real(float) => self.change_float(float, by),
            ValueRef::Text(text) => {
                let (number, is_all) = leading(text);
                match number.parse::<i64>().ok().filter(|_| is_all) {
                    Some(int) => self.ints += i128::from(int) * i128::from(by),
                    None => self.change_float(number.parse().unwrap_or_default(), by),
                }
            }
            ValueRef::Blob(bytes) => self.change_float(leading(bytes).0.parse().unwrap_or_default(), by),
        }
        self.count += by;
    }

    /// A float counts as the shortest decimal that reads back to it.
    fn change_float(&mut self, float: f64, by: i64) {
        self.broken += by;
        let text = Cell::Float(float).to_string();
        let decimal = match crate::copies::value::number(&text) {
            Some(Cell::Decimal(decimal)) => Some(decimal),
            Some(Cell::Int(int)) => Some(Decimal::from(int)),
            _ => None,
        };
        // Where digits would be lost the sum goes on in floats.
        let signed = decimal.map(|decimal| if by < 0 { -decimal } else { decimal });
        let sum = signed.and_then(|decimal| {
            let sum = self.decimals.checked_add(decimal)?;
            (sum.checked_sub(decimal)? == self.decimals && sum.scale() >= decimal.scale()).then_some(sum)
        });
        match sum {
            Some(sum) => self.decimals = sum,
            None => {
                self.beyond.0 += by;
                self.beyond.1 = if self.beyond.0 == 0 { 0.0 } else { self.beyond.1 + float * by as f64 };
            }
        }
    }

    /// The sum as the nearest float; integers and decimals are added first.
    fn float(&self) -> f64 {
        let exact = Decimal::from_i128(self.ints).and_then(|ints| ints.checked_add(self.decimals));
        let exact =
            exact.map_or_else(|| self.ints as f64 + self.decimals.to_f64().unwrap_or_default(), |sum| nearest(&sum));
        exact + self.beyond.1
    }

    fn average(&self) -> f64 {
        let exact = Decimal::from_i128(self.ints).and_then(|ints| ints.checked_add(self.decimals));
        match exact.and_then(|sum| sum.checked_div(Decimal::from(self.count))) {
            Some(average) if self.beyond.0 == 0 => nearest(&average),
            _ => self.float() / self.count as f64,
        }
    }
}

/// The number that a text begins with, as SQLite takes it, and whether nothing but spaces stands behind it.
fn leading(text: &[u8]) -> (&str, bool) {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\x0b' | b'\x0c' | b'\r');
    let text = &text[text.iter().take_while(|byte| space(byte)).count()..];
    let digits = |from: usize| text[from.min(text.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let whole = digits(sign);
    let mut end = sign + whole;
    if text.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        end = if whole + fraction > 0 { end + 1 + fraction } else { 0 };
    } else if whole == 0 {
        end = 0;
    }
    if end > 0 && matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    (std::str::from_utf8(&text[..end]).unwrap_or_default(), text[end..].iter().all(space))
}

fn nearest(decimal: &Decimal) -> f64 {
    decimal.to_string().parse().unwrap_or(f64::NAN)
}

impl Sums {
    fn told(&self, sum: Option<&Sum>) -> Result<Value> {
        let sum = sum.filter(|sum| sum.count > 0);
        Ok(match (self.0, sum) {
            (Of::Total, None) => Value::Real(0.0),
            (_, None) => Value::Null,
            (Of::Total, Some(sum)) => Value::Real(sum.float()),
            (Of::Average, Some(sum)) => Value::Real(sum.average()),
            (Of::Sum, Some(sum)) if sum.broken == 0 => {
                let int = i64::try_from(sum.ints);
                Value::Integer(int.map_err(|_| Error::UserFunctionError("integer overflow".into()))?)
            }
            (Of::Sum, Some(sum)) => Value::Real(sum.float()),
        })
    }
}

impl Aggregate<Sum, Value> for Sums {
    fn init(&self, _: &mut Context<'_>) -> Result<Sum> {
        Ok(Sum::default())
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        sum.change(context.get_raw(0), 1);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sum: Option<Sum>) -> Result<Value> {
        self.told(sum.as_ref())
    }
}

impl WindowAggregate<Sum, Value> for Sums {
    fn value(&self, sum: Option<&mut Sum>) -> Result<Value> {
        self.told(sum.map(|sum| &*sum))
    }

    fn inverse(&self, context: &mut Context<'_>, sum: &mut Sum) -> Result<()> {
        sum.change(context.get_raw(0), -1);
        Ok(())
    }
}
