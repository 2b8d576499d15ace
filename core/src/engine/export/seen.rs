//! What has been seen of a column's values, and the type that holds them all.

use crate::codec::Cell;
use crate::event::time::NS_PER_MS;
use crate::expr::Type;

/// How many digits a decimal of a file may have.
pub(crate) const DIGITS: usize = 38;

/// Integers up to here are exact as floats.
const EXACT_AS_FLOAT: u64 = 1 << 53;

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
    /// How many values could not be calculated.
    pub failed: u64,
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
            bools: false,
            times: false,
            fine_times: false,
            finest_times: false,
            texts: false,
            nested: false,
            bytes: false,
            failed: 0,
        }
    }

    /// Looks at a value.
    pub(crate) fn add(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Missing | Cell::Null => {}
            Cell::Failed(_) => self.failed += 1,
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
            }
            Cell::Float(_) => self.floats = true,
            Cell::Bool(_) => self.bools = true,
            Cell::Time(ns) => {
                self.times = true;
                self.fine_times |= ns % NS_PER_MS != 0;
                self.finest_times |= ns % 1_000 != 0;
            }
            // A number of more digits than a decimal has can only be written out.
            Cell::Number(_) | Cell::Text(_) => self.texts = true,
            Cell::Array(_) | Cell::Object(_) => self.nested = true,
            Cell::Bytes(_) => self.bytes = true,
        }
    }

    /// The type that holds every value.
    pub(crate) fn kind(&self) -> Kind {
        let numbers = self.ints || self.decimals || self.floats;
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
        let numbers = self.ints || self.decimals || self.floats;
        !(numbers || self.bools || self.times || self.texts || self.nested || self.bytes)
    }

    /// Whether a time needs more than microseconds.
    pub(crate) fn needs_nanoseconds(&self) -> bool {
        self.finest_times
    }

    /// Whether floats hold every integer that came.
    pub(crate) fn is_exact_as_float(&self) -> bool {
        !self.large_ints
    }

    fn number(&self) -> Kind {
        match (self.decimals, self.floats) {
            (false, false) => Kind::Int,
            (false, true) if !self.large_ints => Kind::Float,
            (true, false) if (self.digits.0 + self.digits.1) as usize <= DIGITS => {
                Kind::Decimal { scale: self.digits.1 }
            }
            // Neither type holds both exactly.
            _ => Kind::Text,
        }
    }
}
