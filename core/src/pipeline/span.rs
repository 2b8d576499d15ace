//! A length of time as a person writes it: `10m`, `1h30m`, `500ms`.

use std::fmt;
use std::str::FromStr;

/// A length of time in milliseconds, which is as fine as a log's times are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Milliseconds, zero or more.
    pub ms: i64,
}

/// The longest span: a thousand years, so that no sum of a time and a few spans leaves what can be counted.
const LONGEST_MS: i64 = 1_000 * 366 * 86_400_000;

/// The units, longest first, with their milliseconds.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Span {
    /// So many milliseconds.
    pub const fn of_ms(ms: i64) -> Self {
        Self { ms }
    }
}

/// A text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a length of time: write 500ms, 30s, 10m, 1h30m or 7d")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let refused = || SpanError(text.to_owned());
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(refused());
        }
        let mut ms = 0_i64;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
            let number: i64 = rest[..digits].parse().map_err(|_| refused())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let unit = UNITS.iter().find(|(name, _)| *name == &rest[..letters]).ok_or_else(refused)?;
            ms = number.checked_mul(unit.1).and_then(|part| ms.checked_add(part)).ok_or_else(refused)?;
            rest = rest[letters..].trim_start();
        }
        if ms > LONGEST_MS { Err(refused()) } else { Ok(Self { ms }) }
    }
}

impl fmt::Display for Span {
    /// In the fewest units that say it exactly: `1h30m`, `500ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ms == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.ms;
        for (name, ms) in UNITS {
            if rest / ms > 0 {
                write!(f, "{}{name}", rest / ms)?;
            }
            rest %= ms;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, ms) in
            [("0s", 0), ("10m", 600_000), ("1h30m", 5_400_000), ("1h 30m", 5_400_000), ("7d", 604_800_000)]
        {
            assert_eq!(text.parse::<Span>(), Ok(Span { ms }), "{text}");
        }
        for text in ["", "5", "m", "5 minutes", "-5m", "5.5s", "1y", "99999999999999999999d", "400000d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ms in 0..=LONGEST_MS) {
            prop_assert_eq!(Span { ms }.to_string().parse(), Ok(Span { ms }));
        }
    }
}
