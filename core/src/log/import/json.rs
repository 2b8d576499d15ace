//! Just enough JSON to take a line apart without changing a byte of what is in it.
//!
//! A dump's payloads may be any bytes, and a row's numbers any size, so lines are cut into the ranges of their fields
//! rather than parsed into values.

use std::borrow::Cow;

use base64::Engine as _;
use serde::de::IgnoredAny;

/// Whether a line is one JSON value; bytes within its strings are not looked at.
pub(super) fn check(line: &[u8]) -> Result<(), String> {
    serde_json::from_slice::<IgnoredAny>(line).map(|_| ()).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        format!("no JSON: {what} at character {}", error.column())
    })
}

/// The fields of a JSON object that was checked: names as they are written, values as they are written. Empty for any
/// other JSON value.
pub(super) fn fields(object: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut parts = Parts { bytes: object, at: 0 };
    let mut fields = Vec::new();
    if parts.step() != Some(b'{') {
        return fields;
    }
    while let Some(name) = parts.value() {
        parts.step(); // the colon
        let Some(value) = parts.value() else { break };
        fields.push((name, value));
        if parts.step() != Some(b',') {
            break;
        }
    }
    fields
}

/// The items of a JSON array that was checked, as they are written. Empty for any other JSON value.
pub(super) fn items(array: &[u8]) -> Vec<&[u8]> {
    let mut parts = Parts { bytes: array, at: 0 };
    let mut items = Vec::new();
    if parts.step() != Some(b'[') {
        return items;
    }
    while let Some(item) = parts.value() {
        items.push(item);
        if parts.step() != Some(b',') {
            break;
        }
    }
    items
}

/// The value of a field: the last of that name, as most readers of JSON take it.
pub(super) fn find<'j>(fields: &[(&'j [u8], &'j [u8])], name: &str) -> Option<&'j [u8]> {
    fields
        .iter()
        .rev()
        .find(|(written, _)| string(written).is_some_and(|found| &*found == name.as_bytes()))
        .map(|(_, value)| *value)
}

/// The value at a path: a field of that very name, or else a field of a nested object (`order.customer.id`).
pub(super) fn find_path<'j>(fields: &[(&'j [u8], &'j [u8])], path: &str) -> Option<&'j [u8]> {
    find(fields, path).or_else(|| {
        path.match_indices('.').find_map(|(dot, _)| {
            let inner = find(fields, &path[..dot])?;
            find_path(&self::fields(inner), &path[dot + 1..])
        })
    })
}

/// The bytes that a JSON string stands for; `None` if it is no string.
pub(super) fn string(written: &[u8]) -> Option<Cow<'_, [u8]>> {
    let inner = written.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inner).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        bytes.extend_from_slice(&rest[..at]);
        rest = unescape(&rest[at + 1..], &mut bytes)?;
    }
    bytes.extend_from_slice(rest);
    Some(Cow::Owned(bytes))
}

/// Reads what follows a backslash; gives what follows that.
fn unescape<'j>(rest: &'j [u8], bytes: &mut Vec<u8>) -> Option<&'j [u8]> {
    let (&escape, rest) = rest.split_first()?;
    match escape {
        b'n' => bytes.push(b'\n'),
        b't' => bytes.push(b'\t'),
        b'r' => bytes.push(b'\r'),
        b'b' => bytes.push(8),
        b'f' => bytes.push(12),
        b'u' => {
            let (first, rest) = code_unit(rest)?;
            if let Some((second, rest)) = rest.strip_prefix(b"\\u").and_then(code_unit)
                && let (0xD800..0xDC00, 0xDC00..0xE000) = (first, second)
            {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                push_char(code, bytes)?;
                return Some(rest);
            }
            push_char(first, bytes)?;
            return Some(rest);
        }
        other => bytes.push(other),
    }
    Some(rest)
}

fn code_unit(rest: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = rest.split_at_checked(4)?;
    Some((u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?, rest))
}

/// Appends a character. Half of a surrogate pair is no character: its three bytes are kept as they would be, so that it
/// is shown as what it is.
fn push_char(code: u32, bytes: &mut Vec<u8>) -> Option<()> {
    match char::from_u32(code) {
        Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => bytes.extend_from_slice(&[
            0xE0 | u8::try_from(code >> 12).ok()?,
            0x80 | (code >> 6 & 0x3F) as u8,
            0x80 | (code & 0x3F) as u8,
        ]),
    }
    Some(())
}

/// The whole number that a JSON value is.
pub(super) fn integer(written: &[u8]) -> Option<i64> {
    std::str::from_utf8(written).ok()?.parse().ok()
}

/// The text of a field as a key: a string without its quotes, null as nothing, anything else as it is written.
pub(super) fn text(written: &[u8]) -> Option<Cow<'_, [u8]>> {
    if written == b"null" { None } else { Some(string(written).unwrap_or(Cow::Borrowed(written))) }
}

/// Bytes written as `{"$base64": "…"}`, where a value is that and nothing else.
pub(super) fn base64(written: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let fields = fields(written);
    let [(name, value)] = fields.as_slice() else { return None };
    if *name != b"\"$base64\"" {
        return None;
    }
    let decoded = string(value).ok_or("$base64 is no text".to_owned()).and_then(|text| {
        base64::engine::general_purpose::STANDARD.decode(&*text).map_err(|error| format!("$base64: {error}"))
    });
    Some(decoded)
}

/// Appends a text as a JSON string.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => b"",
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        plain = at + 1;
        if escape.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escape);
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

/// Goes through JSON that was checked, part by part.
struct Parts<'j> {
    bytes: &'j [u8],
    at: usize,
}

impl<'j> Parts<'j> {
    fn skip_space(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// The next byte that is no space.
    fn step(&mut self) -> Option<u8> {
        self.skip_space();
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte
    }

    /// The next value as it is written; `None` where there is none.
    fn value(&mut self) -> Option<&'j [u8]> {
        self.skip_space();
        let from = self.at;
        match self.bytes.get(from)? {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_nested(),
            b'}' | b']' | b',' | b':' => return None,
            _ => {
                let ends = |byte: &u8| byte.is_ascii_whitespace() || b",:]}".contains(byte);
                let length = self.bytes[from..].iter().position(ends);
                self.at = length.map_or(self.bytes.len(), |length| from + length);
            }
        }
        self.bytes.get(from..self.at)
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(found) = memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..).unwrap_or_default()) {
            self.at += found + 1;
            if self.bytes[self.at - 1] == b'"' {
                return;
            }
            self.at += 1; // what is escaped
        }
        self.at = self.bytes.len();
    }

    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_cut_without_changing_a_byte() {
        let line =
            br#" {"a" : 12345678901234567890.10 , "b":{"c":"}\"]","d":[1,{}]},"a":null, "e":"x\u00e4\ud83d\ude00\n"}"#;
        check(line).unwrap();
        let fields = fields(line);
        assert_eq!(fields.len(), 4);
        assert_eq!(find(&fields, "a"), Some(&b"null"[..]));
        assert_eq!(fields[0].1, b"12345678901234567890.10");
        assert_eq!(find_path(&fields, "b.c").and_then(string).unwrap(), &b"}\"]"[..]);
        assert_eq!(items(find_path(&fields, "b.d").unwrap()), [&b"1"[..], b"{}"]);
        assert_eq!(&*find(&fields, "e").and_then(string).unwrap(), "xä😀\n".as_bytes());
    }

    #[test]
    fn what_is_no_json_says_where() {
        assert_eq!(check(b"{\"a\" 1}").unwrap_err(), "no JSON: expected `:` at character 6");
        assert!(check(b"{\"a\":").is_err() && check(b"").is_err() && check(b"{} {}").is_err());
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let line = b"{\"payload\":\"\xFF\x80\"}";
        check(line).unwrap();
        assert_eq!(&*find(&fields(line), "payload").and_then(string).unwrap(), b"\xFF\x80");
        assert_eq!(string(br#""\ud800""#).unwrap(), &b"\xED\xA0\x80"[..]);
        assert_eq!(base64(br#"{"$base64":"/w=="}"#).unwrap().unwrap(), [0xFF]);
        assert!(base64(br#"{"$base64":"/w==","b":1}"#).is_none());
    }

    proptest! {
        #[test]
        fn any_text_survives_being_written_and_read(text in ".*") {
            let mut written = Vec::new();
            push_string(&mut written, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&written).unwrap(), text.clone());
            prop_assert_eq!(&*string(&written).unwrap(), text.as_bytes());
        }

        #[test]
        fn taking_apart_never_fails(bytes in proptest::collection::vec(proptest::sample::select(
            br#"{}[]",:\u0d8 1ntx"#.to_vec()), 0..40)) {
            let _ = (fields(&bytes), items(&bytes), string(&bytes), text(&bytes), base64(&bytes), check(&bytes));
        }
    }
}
