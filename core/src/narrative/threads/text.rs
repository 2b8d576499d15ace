//! Values as they are compared: what two services write differently but mean alike is one text, and one hash.

use std::borrow::Cow;

use uuid::Uuid;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::Role;
use super::field::Field;
use crate::codec::Cell;

/// The text of a header's bytes. Sixteen bytes that are no text are a UUID, as Spring writes its correlation ids; other
/// bytes are shown in hexadecimal digits. Quotes that a JSON header mapper left are taken off.
pub(super) fn of_bytes(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if bytes.is_empty() {
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(|c: char| c.is_control()) => {
            let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
            (!text.is_empty()).then_some(Cow::Borrowed(text))
        }
        _ => Some(match <[u8; 16]>::try_from(bytes) {
            Ok(bytes) => Cow::Owned(Uuid::from_bytes(bytes).to_string()),
            Err(_) => Cow::Owned(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }),
    }
}

/// The text of a payload's field; `None` where there is nothing to tie by.
pub(super) fn of_cell<'c>(cell: &'c Cell<'_>) -> Option<Cow<'c, str>> {
    match cell {
        Cell::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(Cow::Borrowed),
        Cell::Int(int) => Some(Cow::Owned(int.to_string())),
        Cell::Decimal(_) | Cell::Number(_) | Cell::Float(_) | Cell::Time(_) => Some(Cow::Owned(cell.to_string())),
        Cell::Bytes(bytes) => of_bytes(bytes),
        _ => None,
    }
}

/// What of a value ties: of a trace header the trace's id, of everything else all.
pub(super) fn tying<'t>(field: &Field, role: Role, text: Cow<'t, str>) -> Option<Cow<'t, str>> {
    if is_placeholder(&text) {
        return None;
    }
    if role != Role::Trace {
        return Some(text);
    }
    let name = field.name();
    let of = |text: &str| -> Option<String> {
        let id = match () {
            () if ends(name, "traceparent") => text.split('-').nth(1)?,
            () if name.eq_ignore_ascii_case("b3") => text.split('-').next()?,
            () if name.eq_ignore_ascii_case("uber-trace-id") => text.split([':', '%']).next()?,
            () => text,
        };
        let id = id.trim_start_matches('0');
        (!id.is_empty()).then(|| id.to_ascii_lowercase())
    };
    // A trace's id mostly lies in the middle of its text and needs no copy.
    if ends(name, "traceparent")
        && let Cow::Borrowed(text) = text
    {
        let id = text.split('-').nth(1)?.trim_start_matches('0');
        return match id.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Some(Cow::Owned(id.to_ascii_lowercase())),
            false => (!id.is_empty()).then_some(Cow::Borrowed(id)),
        };
    }
    of(&text).map(Cow::Owned)
}

/// The trace's id, where a text is a whole header of a trace: of W3C, of Zipkin's b3, of Jaeger. An id alone is itself,
/// in small letters and without leading zeros.
pub(super) fn trace_in(text: &str) -> Option<String> {
    let hex = |part: &str| part.len() >= 16 && part.len() <= 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let colon = text.replace("%3A", ":").replace("%3a", ":");
    let parts: Vec<&str> = if colon.contains(':') { colon.split(':').collect() } else { text.split('-').collect() };
    let trace = match parts.as_slice() {
        [version, trace, span, _flags, ..] if version.len() == 2 && trace.len() == 32 && hex(span) => trace,
        [trace, span, ..] if hex(trace) && hex(span) => trace,
        // Jaeger leaves leading zeros out.
        [trace, _span, _parent, flags] if colon.contains(':') && flags.len() <= 2 => trace,
        [trace] if hex(trace) => trace,
        _ => return None,
    };
    let trace = trace.trim_start_matches('0');
    let is_hex = trace.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!trace.is_empty() && is_hex).then(|| trace.to_ascii_lowercase())
}

/// Whether a text stands where there is no value: it would tie whatever has none.
fn is_placeholder(text: &str) -> bool {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    match text.len() {
        0 => true,
        1 => is("-"),
        3 => is("n/a") || is("nil"),
        4 => is("null") || is("none"),
        7 => is("unknown"),
        9 => is("undefined"),
        // A UUID of zeros, with and without dashes.
        32 | 36 => text.bytes().all(|byte| matches!(byte, b'0' | b'-')),
        _ => false,
    }
}

fn ends(name: &str, with: &str) -> bool {
    let from = name.len().wrapping_sub(with.len());
    name.get(from..).is_some_and(|end| end.eq_ignore_ascii_case(with))
}

/// Whether a value is so plain that another thing may well have the same: a number, or a few letters.
pub(super) fn is_plain(text: &str) -> bool {
    text.len() < 4 || (text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a text is a UUID, which nobody gives twice.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.as_bytes()[8] == b'-' && text.as_bytes()[23] == b'-'
}

/// The hash of a value. One that speaks for itself is the same wherever it stands; a plain one only within what it is
/// about, so that order 17 is not customer 17.
pub(super) fn hash(about: u64, text: &str) -> u64 {
    if is_plain(text) {
        return xxh3_64_with_seed(text.as_bytes(), about);
    }
    if is_uuid(text) && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return xxh3_64(text.to_ascii_lowercase().as_bytes());
    }
    xxh3_64(text.as_bytes())
}

/// The hash of a value that counts within one topic only.
pub(super) fn hash_within(about: u64, text: &str) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), about | 1)
}

/// What a value is about, as a number.
pub(super) fn about(subject: &str) -> u64 {
    xxh3_64(subject.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tied(header: &str, text: &str) -> Option<String> {
        tying(&Field::Header(header.to_owned()), Role::Trace, Cow::Borrowed(text)).map(Cow::into_owned)
    }

    #[test]
    fn the_trace_is_found_in_every_form_of_its_header() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let cases = [
            ("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")),
            ("ce_traceparent", format!("00-{}-00f067aa0ba902b7-00", trace.to_uppercase())),
            ("b3", format!("{trace}-00f067aa0ba902b7-1-05e3ac9a4f6e3b90")),
            ("X-B3-TraceId", trace.to_owned()),
            ("uber-trace-id", format!("{trace}:00f067aa0ba902b7:0:1")),
        ];
        for (header, text) in cases {
            assert_eq!(tied(header, &text).as_deref(), Some(trace), "{header}");
        }
        assert_eq!(tied("b3", "0").as_deref(), None, "a b3 header that only says not to sample");
    }

    #[test]
    fn a_trace_is_found_in_a_header_that_was_pasted() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for pasted in [
            trace.to_owned(),
            trace.to_uppercase(),
            format!("00-{trace}-00f067aa0ba902b7-01"),
            format!("{trace}-00f067aa0ba902b7-1-05e3ac9a4f6e3b90"),
            format!("{trace}-00f067aa0ba902b7"),
            format!("{trace}:00f067aa0ba902b7:0:1"),
            format!("{trace}%3A00f067aa0ba902b7%3A0%3A1"),
        ] {
            assert_eq!(trace_in(&pasted).as_deref(), Some(trace), "{pasted}");
        }
        assert_eq!(trace_in("5a3ce929d0e0e47:36a:0:1").as_deref(), Some("5a3ce929d0e0e47"));
        for other in ["A-16864", "order-7", "17", "", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"] {
            assert_eq!(trace_in(other), None, "{other}");
        }
    }

    #[test]
    fn what_stands_for_nothing_ties_nothing() {
        let tied = |role: Role, text: &str| {
            tying(&Field::Header("x-correlation-id".to_owned()), role, Cow::Borrowed(text)).map(Cow::into_owned)
        };
        let nil = Uuid::nil().to_string();
        for text in ["", "-", "null", "NULL", "undefined", "Unknown", "none", "N/A", &nil, &nil.replace('-', "")] {
            assert_eq!(tied(Role::Correlation, text), None, "{text}");
            assert_eq!(tied(Role::Entity, text), None, "{text}");
        }
        for text in ["0", "nulls", "nonesuch", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"] {
            assert_eq!(tied(Role::Entity, text).as_deref(), Some(text));
        }
    }

    #[test]
    fn values_that_mean_the_same_have_one_hash() {
        let upper = "3F2504E0-4F89-11D3-9A0C-0305E82C3301";
        assert_eq!(hash(1, upper), hash(2, &upper.to_lowercase()));
        assert_ne!(hash(about("order"), "17"), hash(about("customer"), "17"));
        assert_eq!(of_bytes(b"\"A-1\"").as_deref(), Some("A-1"));
        let raw = Uuid::parse_str(upper).unwrap().into_bytes();
        assert_eq!(of_bytes(&raw).as_deref(), Some("3f2504e0-4f89-11d3-9a0c-0305e82c3301"));
    }
}
