//! What has been seen of a column's values, and the type that holds them all.

use crate::codec::{Cell, Fault, number_in_least_digits};
use crate::event::time::NS_PER_MS;
use crate::expr::Type;

/// How many digits a decimal of a file may have.
pub(crate) const DIGITS: usize = 38;

/// Integers up to here are exact as floats.
const EXACT_AS_FLOAT: u64 = 1 << 53;

/// So many places before and behind the point databases keep of a number, and more.
const FAR: i64 = 16_000;

/// The type of a column in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    /// With so many digits behind the point.
    Decimal {
        scale: u32,
    },
    Float,
    Bool,
    /// A moment in milliseconds.
    Ms,
    /// A moment in nanoseconds.
    Ns,
    Text,
    Bytes,
    /// Arrays and objects, as their JSON.
    Json,
}

/// What has been seen of a column's values.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// What the pipeline says, where no value says anything.
    known: Type,
    ints: bool,
    /// An integer that a float does not hold.
    large_ints: bool,
    decimals: bool,
    /// The most digits before the point, and behind it.
    digits: (u32, u32),
    floats: bool,
    /// A float beyond all numbers.
    infinite: bool,
    /// A number of more digits than a decimal has.
    long: bool,
    /// A number that is no float's shortest decimal.
    inexact: bool,
    /// A number with more places than databases keep.
    far: bool,
    bools: bool,
    times: bool,
    /// A time that is no whole number of milliseconds.
    fine_times: bool,
    /// A time that is no whole number of microseconds.
    finest_times: bool,
    texts: bool,
    /// Arrays and objects.
    nested: bool,
    bytes: bool,
    /// How many values could not be decoded, and how many not calculated.
    failed: (u64, u64),
}

/// Values of a column that are null in what was written, because there is no telling what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The column.
    pub column: String,
    /// How many are fields of payloads that could not be decoded, or such payloads.
    pub undecodable: u64,
    /// How many could not be calculated.
    pub uncalculated: u64,
}

impl Untold {
    /// How many there are for which reason, in words; reasons that there are none for are left out.
    pub fn reasons(&self) -> impl Iterator<Item = (u64, &'static str)> {
        let all = [(self.undecodable, "could not be decoded"), (self.uncalculated, "could not be calculated")];
        all.into_iter().filter(|(count, _)| *count > 0)
    }
}

impl Seen {
    pub(crate) fn new(known: Type) -> Self {
        Self {
            known,
            ints: false,
            large_ints: false,
            decimals: false,
            digits: (0, 0),
            floats: false,
            infinite: false,
            long: false,
            inexact: false,
            far: false,
            bools: false,
            times: false,
            fine_times: false,
            finest_times: false,
            texts: false,
            nested: false,
            bytes: false,
            failed: (0, 0),
        }
    }

    /// Looks at a value.
    pub(crate) fn add(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Missing | Cell::Null => {}
            Cell::Failed(Fault::UndecodableValue | Fault::UndecodableKey) => self.failed.0 += 1,
            Cell::Failed(_) => self.failed.1 += 1,
            Cell::Int(int) => {
                self.ints = true;
                let size = int.unsigned_abs();
                self.large_ints |= size > EXACT_AS_FLOAT;
                self.digits.0 = self.digits.0.max(size.checked_ilog10().map_or(1, |digits| digits + 1));
            }
            Cell::Decimal(decimal) => {
                self.decimals = true;
                let digits = decimal.mantissa().unsigned_abs().checked_ilog10().map_or(1, |digits| digits + 1);
                let before = digits.saturating_sub(decimal.scale());
                self.digits = (self.digits.0.max(before), self.digits.1.max(decimal.scale()));
                // Every decimal of 15 digits is some float's.
                if !self.inexact && digits > 15 {
                    self.inexact = float_of(cell).is_none_or(|float| is_inexact(&decimal.to_string(), float));
                }
            }
            Cell::Float(float) => {
                self.floats = true;
                self.infinite |= float.is_infinite();
            }
            Cell::Number(text) => {
                self.long = true;
                self.inexact |= float_of(cell).is_none_or(|float| is_inexact(text, float));
                self.far |= number_in_least_digits(text)
                    .is_none_or(|(_, digits, exponent)| exponent < -FAR || exponent + digits.len() as i64 > FAR);
            }
            Cell::Bool(_) => self.bools = true,
            Cell::Time(ns) => {
                self.times = true;
                self.fine_times |= ns % NS_PER_MS != 0;
                self.finest_times |= ns % 1_000 != 0;
            }
            Cell::Text(_) => self.texts = true,
            Cell::Array(_) | Cell::Object(_) => self.nested = true,
            Cell::Bytes(_) => self.bytes = true,
        }
    }

    /// The type that holds every value.
    pub(crate) fn kind(&self) -> Kind {
        let numbers = self.has_numbers();
        if self.nested {
            let alone = !(numbers || self.bools || self.times || self.texts || self.bytes);
            return if alone { Kind::Json } else { Kind::Text };
        }
        match (numbers, self.bools, self.times, self.texts, self.bytes) {
            (false, false, false, false, false) => match self.known {
                Type::Bool => Kind::Bool,
                Type::Number => Kind::Int,
                Type::Time => Kind::Ms,
                Type::Any | Type::Null | Type::Text => Kind::Text,
            },
            (true, false, false, false, false) => self.number(),
            (false, true, false, false, false) => Kind::Bool,
            (false, false, true, false, false) if self.fine_times => Kind::Ns,
            (false, false, true, false, false) => Kind::Ms,
            (false, false, false, false, true) => Kind::Bytes,
            _ => Kind::Text,
        }
    }

    /// Whether no value has come.
    pub(crate) fn is_empty(&self) -> bool {
        !(self.has_numbers() || self.bools || self.times || self.texts || self.nested || self.bytes)
    }

    /// Whether a time needs more than microseconds.
    pub(crate) fn needs_nanoseconds(&self) -> bool {
        self.finest_times
    }

    /// Whether floats hold every integer that came.
    pub(crate) fn is_exact_as_float(&self) -> bool {
        !self.large_ints
    }

    /// Whether a number came that is written with its digits, and is no binary float.
    pub(crate) fn has_decimals(&self) -> bool {
        self.decimals || self.long
    }

    /// Whether only numbers came, and a database's numbers of any length hold each of them.
    pub(crate) fn is_numeric(&self) -> bool {
        let others = self.bools || self.times || self.texts || self.nested || self.bytes;
        self.has_numbers() && !others && !self.infinite && !self.far
    }

    /// The values of this column that are told as null.
    pub(crate) fn untold(&self, column: &str) -> Option<Untold> {
        let (undecodable, uncalculated) = self.failed;
        (undecodable + uncalculated > 0).then(|| Untold { column: column.to_owned(), undecodable, uncalculated })
    }

    fn has_numbers(&self) -> bool {
        self.ints || self.has_decimals() || self.floats
    }

    fn number(&self) -> Kind {
        let places = (self.digits.0 + self.digits.1) as usize;
        match (self.decimals, self.floats || self.long) {
            (false, false) => Kind::Int,
            (true, false) if places <= DIGITS => Kind::Decimal { scale: self.digits.1 },
            // A float is read as the shortest decimal that it is the nearest to.
            _ if !self.large_ints && !self.inexact => Kind::Float,
            // No type holds all exactly.
            _ => Kind::Text,
        }
    }
}

/// The float nearest to a number.
pub(crate) fn float_of(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Int(int) => Some(*int as f64),
        Cell::Float(float) => Some(*float),
        Cell::Decimal(_) | Cell::Number(_) => cell.to_string().parse().ok(),
        _ => None,
    }
}

/// Whether a number is worth something else than the shortest decimal of the float that is nearest to it.
fn is_inexact(text: &str, float: f64) -> bool {
    number_in_least_digits(text) != number_in_least_digits(&format!("{float:e}"))
}
