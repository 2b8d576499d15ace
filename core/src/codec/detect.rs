//! Which format a topic's keys or values are in, judged by samples.

use super::json::{self, JsonProblem};
use super::{Choice, framed_schema_id};

/// How many samples are enough: more are not looked at.
pub const SAMPLES: usize = 64;
/// How much of a sample is looked at.
const SAMPLE_BYTES: usize = 1 << 20;

/// What samples were judged to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// The format.
    pub choice: Choice,
    /// From 0 (nothing to go by) to 1 (every sample says so).
    pub confidence: f32,
    /// Why, in a line for a person.
    pub why: String,
}

/// Judges samples of one side (keys or values) of one topic. Nulls and empty payloads say nothing. The format that
/// most samples are in wins; ties go to the one with more structure.
pub fn detect(samples: &[Option<&[u8]>]) -> Detection {
    let payloads: Vec<&[u8]> =
        samples.iter().flatten().copied().filter(|payload| !payload.is_empty()).take(SAMPLES).collect();
    if payloads.is_empty() {
        let why = if samples.is_empty() { "no events to go by" } else { "only null or empty payloads" };
        return Detection { choice: Choice::Text, confidence: 0.0, why: why.to_owned() };
    }
    let of = payloads.len();
    let count = |is: fn(&[u8]) -> bool| payloads.iter().filter(|payload| is(payload)).count();
    let found = |choice, count: usize, why: String| Detection { choice, confidence: count as f32 / of as f32, why };
    let framed = count(|payload| framed_schema_id(payload).is_some());
    let structured = count(|payload| matches!(payload.trim_ascii_start(), [b'{' | b'[', ..]) && is_json(payload));
    let json = count(is_json);
    let text = count(is_text);
    // A text of digits is JSON too, but calling keys like 00123 and 42 numbers would help nobody.
    if structured * 2 > of {
        return found(Choice::Json, json, format!("{json} of {of} samples are JSON"));
    }
    if text * 2 > of {
        let other = if structured > 0 { format!(" ({structured} are JSON)") } else { String::new() };
        return found(Choice::Text, text, format!("{text} of {of} samples are UTF-8 text{other}"));
    }
    // Longs also begin with zero bytes, so a fixed length is asked for first.
    if let Some(primitive) = detect_primitive(&payloads) {
        return primitive;
    }
    if framed * 2 > of {
        let why = format!(
            "{framed} of {of} samples begin with a zero byte and a schema id, as Confluent's serializers write"
        );
        return found(Choice::Framed, framed, why);
    }
    found(Choice::Bytes, of, format!("{of} samples are neither text nor of one fixed length"))
}

fn is_json(payload: &[u8]) -> bool {
    if payload.len() <= SAMPLE_BYTES {
        return json::check(payload).is_ok();
    }
    // Of a huge payload only the beginning is looked at; it then must end in the middle.
    let head = &payload[..SAMPLE_BYTES];
    let whole_chars = match std::str::from_utf8(head) {
        Ok(_) => head,
        Err(error) => &head[..error.valid_up_to()],
    };
    matches!(json::check(whole_chars), Err(error) if error.problem == JsonProblem::Truncated)
}

/// UTF-8 without control characters other than those of ordinary texts.
fn is_text(payload: &[u8]) -> bool {
    let head = &payload[..payload.len().min(SAMPLE_BYTES)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && head.len() < payload.len() => return true,
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{1b}'))
}

/// Fixed lengths: which of the primitives of that length is the likelier one.
fn detect_primitive(payloads: &[&[u8]]) -> Option<Detection> {
    let width = payloads[0].len();
    if payloads.iter().any(|payload| payload.len() != width) {
        return None;
    }
    let of = payloads.len();
    let guess = |choice: Choice, confidence, what: &str| {
        Some(Detection { choice, confidence, why: format!("all {of} samples are {width} bytes long, like {what}") })
    };
    match width {
        2 => guess(Choice::Short, 0.5, "a short"),
        4 if plausible(payloads, |payload| f32::from_be_bytes(first(payload)).into()) => {
            guess(Choice::Float, 0.6, "a float with a usual exponent")
        }
        4 => guess(Choice::Int, 0.7, "an int"),
        8 if plausible(payloads, |payload| f64::from_be_bytes(first(payload))) => {
            guess(Choice::Double, 0.6, "a double with a usual exponent")
        }
        8 => guess(Choice::Long, 0.7, "a long"),
        16 if payloads.iter().all(|payload| is_uuid(payload)) => guess(Choice::Uuid, 0.9, "a UUID of a known version"),
        _ => None,
    }
}

fn first<const N: usize>(payload: &[u8]) -> [u8; N] {
    payload.first_chunk().copied().unwrap_or([0; N])
}

/// Floats of everyday size, of which small integers (nearly all zero bytes) never are.
fn plausible(payloads: &[&[u8]], float: impl Fn(&[u8]) -> f64) -> bool {
    payloads.iter().all(|payload| {
        let float = float(payload);
        float == 0.0 || (1e-9..1e15).contains(&float.abs())
    }) && payloads.iter().any(|payload| float(payload) != 0.0)
}

fn is_uuid(payload: &[u8]) -> bool {
    payload.len() == 16 && matches!(payload[6] >> 4, 1..=8) && payload[8] >> 6 == 0b10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(samples: &[&[u8]]) -> Choice {
        detect(&samples.iter().map(|sample| Some(*sample)).collect::<Vec<_>>()).choice
    }

    #[test]
    fn formats_are_recognised() {
        assert_eq!(detected(&[b"{\"a\":1}", b"[1]"]), Choice::Json);
        assert_eq!(detected(&[b"order-1", b"42"]), Choice::Text);
        assert_eq!(detected(&[b"42", b"17"]), Choice::Text);
        assert_eq!(detected(&[&7_i32.to_be_bytes(), &70_000_i32.to_be_bytes()]), Choice::Int);
        assert_eq!(detected(&[&7_i64.to_be_bytes(), &1_700_000_000_000_i64.to_be_bytes()]), Choice::Long);
        assert_eq!(detected(&[&12.5_f64.to_be_bytes(), &0.1_f64.to_be_bytes()]), Choice::Double);
        assert_eq!(detected(&[&12.5_f32.to_be_bytes(), &0.1_f32.to_be_bytes()]), Choice::Float);
        assert_eq!(detected(&[&[0, 0, 0, 0, 7, 2, 0xff, 0x80], &[0, 0, 0, 0, 7, 2, 0xfe]]), Choice::Framed);
        assert_eq!(detected(&[&[0xff, 1], &[0xff, 1, 2]]), Choice::Bytes);
        assert_eq!(
            detected(&[uuid::Uuid::from_u128(0x0190_aaf5_0b7c_7e45_a1d2_0000_0000_0001).as_bytes()]),
            Choice::Uuid
        );
    }

    #[test]
    fn a_few_broken_payloads_do_not_change_the_format() {
        let detection = detect(&[Some(b"{}"), Some(b"{\"a\":"), None, Some(b""), Some(b"{}")]);
        assert_eq!(detection.choice, Choice::Json);
        assert_eq!(detection.why, "2 of 3 samples are JSON");
    }

    #[test]
    fn nothing_to_go_by_is_said() {
        assert_eq!(detect(&[]).why, "no events to go by");
        assert_eq!(detect(&[None, Some(b"")]).confidence, 0.0);
    }

    #[test]
    fn a_huge_json_value_is_judged_by_its_beginning() {
        let huge = format!("{{\"text\":\"{}\"}}", "ž".repeat(SAMPLE_BYTES));
        assert_eq!(detected(&[huge.as_bytes()]), Choice::Json);
    }
}
