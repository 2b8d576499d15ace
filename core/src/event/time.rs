//! Time: nanoseconds since the epoch inside, ISO 8601 in UTC outside, and the ways a person may name a moment.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// Nanoseconds in a millisecond.
pub const NS_PER_MS: i64 = 1_000_000;

/// Milliseconds to nanoseconds, held at the ends of what nanoseconds can say (the years 1677 to 2262). The largest number
/// stays free: a range that ends with it holds every time.
pub fn ms_to_ns(ms: i64) -> i64 {
    ms.saturating_mul(NS_PER_MS).min(i64::MAX - 1)
}

/// Whether nanoseconds can say a moment given in milliseconds. A producer that writes microseconds where milliseconds are
/// meant gives times that they can't.
pub fn is_in_range_ms(ms: i64) -> bool {
    ms.checked_mul(NS_PER_MS).is_some()
}

/// Nanoseconds to the millisecond they lie in, rounding down.
pub fn ns_to_ms(ns: i64) -> i64 {
    ns.div_euclid(NS_PER_MS)
}

/// ISO 8601 in UTC with milliseconds, e.g. `2026-03-14T09:14:07.482Z`.
///
/// A year beyond four digits has a sign and at least six, as ISO 8601 has it: `+058168-04-12T00:00:00.000Z`.
pub fn format_iso_ms(timestamp_ms: i64) -> String {
    match Timestamp::from_millisecond(timestamp_ms) {
        Ok(moment) if timestamp_ms >= YEAR_0_MS => format!("{moment:.3}"),
        _ => {
            // The calendar is the same again after 400 years.
            let eras = timestamp_ms.div_euclid(ERA_MS);
            let text =
                Timestamp::from_millisecond(timestamp_ms.rem_euclid(ERA_MS)).map(|moment| format!("{moment:.3}"));
            let text = text.unwrap_or_default();
            let (year, rest) = text.split_once('-').unwrap_or_default();
            let year = year.parse::<i64>().unwrap_or(0) + eras * 400;
            match year {
                0..=9_999 => format!("{year:04}-{rest}"),
                _ => format!("{}{:06}-{rest}", if year < 0 { '-' } else { '+' }, year.unsigned_abs()),
            }
        }
    }
}

/// So many milliseconds are in 400 years, after which the calendar begins anew.
const ERA_MS: i64 = 146_097 * 86_400_000;

/// The beginning of the year 0, in milliseconds.
const YEAR_0_MS: i64 = -62_167_219_200_000;

/// A time with the year of [`format_iso_ms`] beyond four digits.
fn parse_far_iso_ms(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (year, rest) = rest.split_once('-').filter(|(year, _)| (6..=9).contains(&year.len()))?;
    let year = sign * year.parse::<i64>().ok()?;
    let (era, within) = (year.div_euclid(400), year.rem_euclid(400));
    // A year of the same place in its era, in which every date is one.
    let near = format!("{:04}-{rest}", 2000 + within).parse::<Timestamp>().ok()?.as_millisecond();
    i64::try_from(i128::from(near) + i128::from(era - 5) * i128::from(ERA_MS)).ok()
}

/// ISO 8601 in UTC with as many digits as a moment needs: milliseconds where it is a whole number of them, as
/// [`format_iso_ms`] writes it, else nine digits, e.g. `2026-03-14T09:14:07.482000001Z`.
pub fn format_iso(ns: i64) -> String {
    if ns % NS_PER_MS == 0 { format_iso_ms(ns_to_ms(ns)) } else { format_iso_ns(ns) }
}

/// ISO 8601 in UTC with nine digits behind the second.
pub fn format_iso_ns(ns: i64) -> String {
    Timestamp::from_nanosecond(i128::from(ns)).map_or_else(|_| ns.to_string(), |moment| format!("{moment:.9}"))
}

/// A moment as a person names it: `earliest`, `latest`, ISO 8601, milliseconds since the epoch, or a span before the
/// end of the log such as `-15m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The beginning of the log.
    Earliest,
    /// The end of the log.
    Latest,
    /// A time in milliseconds since the epoch.
    At(i64),
    /// So many milliseconds before the end.
    BeforeEnd(i64),
}

/// A text that names no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is not a time: write earliest, latest, an ISO 8601 time (2026-03-14T09:00:00Z), milliseconds since the epoch, or a span before the end (-15m)"
)]
pub struct MomentError(String);

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let refused = || MomentError(text.to_owned());
        let trimmed = text.trim();
        match trimmed {
            "earliest" | "beginning" => return Ok(Self::Earliest),
            "latest" | "end" => return Ok(Self::Latest),
            _ => {}
        }
        if let Some(span) = trimmed.strip_prefix('-').and_then(parse_span_ms) {
            return Ok(Self::BeforeEnd(span));
        }
        // A span that lacks its unit is more likely meant than a time before 1970.
        if let Ok(ms) = trimmed.parse::<i64>() {
            return if ms < 0 { Err(refused()) } else { Ok(Self::At(ms)) };
        }
        parse_iso_ms(trimmed).map(Self::At).ok_or_else(refused)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::At(ms) => f.write_str(&format_iso_ms(*ms)),
            Self::BeforeEnd(ms) => write!(f, "-{ms}ms"),
        }
    }
}

/// An ISO 8601 time in milliseconds since the epoch. Without an offset it is UTC; a space may stand for the `T`; a date
/// alone is its midnight.
pub fn parse_iso_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    if let Some(far) = parse_far_iso_ms(text) {
        return Some(far);
    }
    let civil = text
        .parse::<jiff::civil::DateTime>()
        .ok()
        .or_else(|| text.parse::<jiff::civil::Date>().ok().map(|date| date.at(0, 0, 0, 0)))?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok().map(|moment| moment.as_millisecond())
}

/// A span such as `250ms`, `15m`, `1h30m` or `2d` in milliseconds. A number without a unit is not a span.
pub fn parse_span_ms(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|&at| at > 0)?;
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(rest.len());
        let unit_ms = match &rest[..unit_end] {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit_ms)?)?;
        rest = rest[unit_end..].trim_start();
    }
    Some(total)
}

/// A duration in the two units that matter: `41.9 s`, `3.204 s`, `5 m 30 s`, `12 ms`.
pub fn format_span_ns(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    let ms = ns / 1_000_000;
    let (seconds, minutes, hours, days) = (ms / 1_000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    let body = if ns > 0 && ns < 1_000 {
        format!("{ns} ns")
    } else if ns > 0 && ns < 1_000_000 {
        format!("{} µs", ns / 1_000)
    } else if ms < 1_000 {
        format!("{ms} ms")
    } else if seconds < 60 {
        format!("{}.{:03} s", seconds, ms % 1_000)
    } else if minutes < 60 {
        format!("{minutes} m {} s", seconds % 60)
    } else if hours < 24 {
        format!("{hours} h {} m", minutes % 60)
    } else {
        format!("{days} d {} h", hours % 24)
    };
    format!("{sign}{body}")
}

/// A span of milliseconds as a person reads it, also one that is too long in nanoseconds: in days.
pub fn format_span_ms(ms: i64) -> String {
    match ms.checked_mul(1_000_000) {
        Some(ns) => format_span_ns(ns),
        None => format!("{} d", ms / 86_400_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_that_is_too_long_in_nanoseconds_is_told_in_days() {
        assert_eq!(format_span_ms(-1_500), "-1.500 s");
        assert_eq!(format_span_ms(9_000_000_000_000_000), "104166666 d");
        assert_eq!(format_span_ms(i64::MIN), "-106751991167 d");
    }

    #[test]
    fn a_moment_is_read_in_every_form() {
        let cases = [
            ("earliest", Moment::Earliest),
            ("latest", Moment::Latest),
            ("-15m", Moment::BeforeEnd(900_000)),
            ("-1h30m", Moment::BeforeEnd(5_400_000)),
            ("1700000000123", Moment::At(1_700_000_000_123)),
            ("+058168-04-12T00:00:00.000Z", Moment::At(1_773_446_400_000_000)),
            ("1970-01-01T00:00:01Z", Moment::At(1_000)),
            ("1970-01-01 01:00:01+01:00", Moment::At(1_000)),
            ("1970-01-01T00:00:01.250", Moment::At(1_250)),
            ("1970-01-02", Moment::At(86_400_000)),
        ];
        for (text, moment) in cases {
            assert_eq!(text.parse::<Moment>(), Ok(moment), "{text}");
        }
        assert!("yesterday-ish".parse::<Moment>().is_err());
        assert!("-15".parse::<Moment>().is_err(), "a span needs its unit");
        assert!("-15 bananas".parse::<Moment>().is_err());
    }

    #[test]
    fn iso_has_milliseconds_always() {
        assert_eq!(format_iso_ms(1_000), "1970-01-01T00:00:01.000Z");
        assert_eq!(format_iso_ms(-1), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_year_beyond_four_digits_has_a_sign_and_six_and_is_read_back() {
        assert_eq!(format_iso_ms(253_402_300_799_999), "9999-12-31T23:59:59.999Z");
        assert_eq!(format_iso_ms(253_402_300_800_000), "+010000-01-01T00:00:00.000Z");
        assert_eq!(format_iso_ms(YEAR_0_MS), "0000-01-01T00:00:00.000Z");
        assert_eq!(format_iso_ms(YEAR_0_MS - 1), "-000001-12-31T23:59:59.999Z");
        assert_eq!(format_iso_ms(1_773_446_418_424_000), "+058168-04-12T05:07:04.000Z");
        assert_eq!(format_iso_ms(i64::MAX), "+292278994-08-17T07:12:55.807Z");
        assert_eq!(format_iso_ms(i64::MIN), "-292275055-05-16T16:47:04.192Z");
        let far = [i64::MAX, i64::MIN, YEAR_0_MS - 1, 253_402_300_800_000, 1_773_446_418_424_000, -70_000_000_000_000];
        for ms in far {
            assert_eq!(parse_iso_ms(&format_iso_ms(ms)), Some(ms), "{ms}");
        }
    }

    #[test]
    fn iso_has_nine_digits_where_milliseconds_are_too_few() {
        assert_eq!(format_iso(1_000_000), "1970-01-01T00:00:00.001Z");
        assert_eq!(format_iso(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(format_iso(1_001_000), "1970-01-01T00:00:00.001001000Z");
        assert_eq!(format_iso_ns(1), "1970-01-01T00:00:00.000000001Z");
        for ns in [i64::MIN, i64::MAX] {
            assert!(format_iso(ns).ends_with('Z'), "every nanosecond has a date");
        }
    }

    #[test]
    fn spans_read_well() {
        let cases =
            [(12_000_000, "12 ms"), (3_204_000_000, "3.204 s"), (330_000_000_000, "5 m 30 s"), (-1_000_000, "-1 ms")];
        for (ns, text) in cases {
            assert_eq!(format_span_ns(ns), text);
        }
    }
}
