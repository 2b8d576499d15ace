//! A value as text: as databases take and give it.

use jiff::Timestamp;

use crate::codec::{Cell, number_cell};
use crate::event::time::parse_iso_ms;

/// A moment that is written as a date and a time, in nanoseconds: `T` or a space between them, an offset such as `Z`,
/// `+00` or `+01:00`; without one it is UTC. A text without a time of day is none.
pub(super) fn moment(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 16 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-';
    if !dated || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return i64::try_from(moment.as_nanosecond()).ok();
    }
    // Nine digits, but without an offset: a calendar's date and time.
    let civil = text.parse::<jiff::civil::DateTime>().ok();
    let moment = civil.and_then(|civil| jiff::tz::TimeZone::UTC.to_timestamp(civil).ok());
    let ns = moment.and_then(|moment| i64::try_from(moment.as_nanosecond()).ok());
    // A time zone that only the wider reading knows loses nothing where there are no more than three digits.
    ns.or_else(|| parse_iso_ms(text).and_then(|ms| ms.checked_mul(crate::event::time::NS_PER_MS)))
}

/// A number that is written as JSON writes numbers: no zeros before it, no sign but a minus.
pub(super) fn number(text: &str) -> Option<Cell<'_>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut bytes = digits.bytes();
    let first = bytes.next()?;
    let plain = first.is_ascii_digit() && !(first == b'0' && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit));
    let all = || digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !plain || !all() {
        return None;
    }
    let cell = number_cell(text);
    // What is too long to calculate with is a number only if its text is one.
    match &cell {
        Cell::Number(written) if crate::codec::number_in_least_digits(written).is_none() => None,
        _ => Some(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_databases_and_people_write_them() {
        let expected = Some(1_773_479_647_482_000_000);
        for text in [
            "2026-03-14T09:14:07.482Z",
            "2026-03-14T09:14:07.482000000Z",
            "2026-03-14 09:14:07.482+00",
            "2026-03-14 09:14:07.482+00:00",
            "2026-03-14T10:14:07.482+01:00",
            "2026-03-14 09:14:07.482",
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
        assert_eq!(moment("2026-03-14T09:14:07.482000001Z"), expected.map(|ns| ns + 1));
        for text in ["2026-03-14", "20260314", "A-10355", "2026-03-14x09:14:07", ""] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_one_only_if_it_is_written_as_one() {
        for text in ["0", "-1.50", "1e3", "123456789012345678901234567890123", "0.10"] {
            assert!(number(text).is_some(), "{text}");
        }
        for text in ["", "-", "007", "1.2.3", "1e", "+1", " 1", "0x1", "1-2", "NaN", "Infinity"] {
            assert!(number(text).is_none(), "{text}");
        }
    }
}
