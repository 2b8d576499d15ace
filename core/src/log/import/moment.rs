//! When a row happened, from whatever its time field holds.

use crate::event::time::parse_iso_ms;

/// Milliseconds since the epoch of a time as files write it, rounded down.
///
/// ISO 8601 with or without an offset (without one it is UTC), with a space for the `T` if it must be, with `UTC` behind
/// it if it must be. A number is time since the epoch in the unit that its magnitude says: below 10^11 seconds (up to the
/// year 5138), below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds. Seconds may have a fraction.
///
/// ```
/// use fabula_core::log::import::parse_moment;
///
/// assert_eq!(parse_moment("2011-10-11 13:45:40.276000+02:00"), Some(1_318_333_540_276));
/// assert_eq!(parse_moment("1318333540.276"), Some(1_318_333_540_276));
/// assert_eq!(parse_moment("1318333540276"), Some(1_318_333_540_276));
/// assert_eq!(parse_moment("1318333540276000"), Some(1_318_333_540_276));
/// assert_eq!(parse_moment("soon"), None);
/// ```
pub fn parse_moment(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i128>() {
        return epoch_ms(number);
    }
    if let Some((seconds, fraction)) = text.split_once('.')
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(whole) = seconds.parse::<i64>()
    {
        let digits = format!("{fraction:0<3}");
        let rounded = i64::from(seconds.starts_with('-') && digits.bytes().skip(3).any(|digit| digit != b'0'));
        let ms: i64 = digits[..3].parse().ok()?;
        let whole_ms = whole.checked_mul(1000).filter(|_| whole.unsigned_abs() < SECONDS_BELOW as u64)?;
        return Some(if seconds.starts_with('-') { whole_ms - ms - rounded } else { whole_ms + ms });
    }
    let civil = text.strip_suffix("UTC").map_or(text, str::trim_end);
    parse_iso_ms(civil)
}

const SECONDS_BELOW: u128 = 100_000_000_000;

fn epoch_ms(number: i128) -> Option<i64> {
    let ms = match number.unsigned_abs() {
        0..SECONDS_BELOW => number * 1000,
        SECONDS_BELOW..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number.div_euclid(1000),
        _ => number.div_euclid(1_000_000),
    };
    i64::try_from(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_every_form() {
        let cases = [
            ("2011-10-11 13:45:40.276000+02:00", 1_318_333_540_276),
            ("2011-10-11T11:45:40.276Z", 1_318_333_540_276),
            ("2011-10-11T11:45:40.276", 1_318_333_540_276),
            ("2011-10-11 11:45:40.276999 UTC", 1_318_333_540_276),
            ("2011-10-11 11:45:40.276+00", 1_318_333_540_276),
            ("2011-10-11 13:45:40.276+0200", 1_318_333_540_276),
            ("2011-10-11", 1_318_291_200_000),
            ("1318333540", 1_318_333_540_000),
            ("1318333540276999", 1_318_333_540_276),
            ("1318333540276999999", 1_318_333_540_276),
            ("1318333540.2769", 1_318_333_540_276),
            ("1318333540.2", 1_318_333_540_200),
            ("0", 0),
            ("-1", -1000),
            ("-0.5", -500),
            ("-1.0001", -1001),
        ];
        for (text, ms) in cases {
            assert_eq!(parse_moment(text), Some(ms), "{text}");
        }
        for text in ["", "soon", "1.", ".5.", "1e9", "2011-13-01", "99999999999999999999999999", "12:30"] {
            assert_eq!(parse_moment(text), None, "{text}");
        }
    }
}
