//! JSON's strings: where they end, and what their escapes mean.

use std::borrow::Cow;

/// A string as it stands between its quotes, escapes and all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawString<'a> {
    /// What stands between the quotes.
    pub(crate) raw: &'a str,
    /// Whether there is a backslash in it.
    pub(crate) escaped: bool,
}

impl<'a> RawString<'a> {
    /// The text it means.
    pub(crate) fn text(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }

    #[inline(never)]
    fn is_escaped(self, text: &str) -> bool {
        unescape(self.raw) == text
    }

    /// Whether it means this text.
    #[inline(always)]
    pub(crate) fn is(self, text: &str) -> bool {
        if self.escaped {
            return self.is_escaped(text);
        }
        // Names of one length mostly differ in their first letter already.
        self.raw.as_bytes().first() == text.as_bytes().first() && self.raw == text
    }
}

/// The first place at or after `at` of a quote, a backslash or a control character, or the end.
#[inline(always)]
pub(super) fn plain_until(bytes: &[u8], mut at: usize) -> usize {
    // Sixteen bytes at a time, which compilers make one comparison of.
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
        let mut odd = [0_u8; 16];
        for (odd, &byte) in odd.iter_mut().zip(chunk) {
            *odd = u8::from((byte == b'"') | (byte == b'\\') | (byte < 0x20)).wrapping_neg();
        }
        let odd = u128::from_le_bytes(odd);
        if odd != 0 {
            return at + (odd.trailing_zeros() / 8) as usize;
        }
        at += 16;
    }
    plain_until_near_end(bytes, at)
}

/// As [`plain_until`], with fewer than sixteen bytes left.
#[inline(never)]
fn plain_until_near_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        at += 1;
    }
    at
}

/// What an escaped string means. Half of a surrogate pair, which no text can hold, becomes U+FFFD.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let escape = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        if escape != b'u' {
            text.push(match escape {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                other => char::from(other),
            });
            rest = rest.get(at + 2..).unwrap_or_default();
            continue;
        }
        let first = hex_unit(rest, at);
        rest = rest.get(at + 6..).unwrap_or_default();
        let pair = (0xD800..0xDC00).contains(&first) && rest.starts_with("\\u");
        let second = if pair { hex_unit(rest, 0) } else { 0 };
        if (0xDC00..0xE000).contains(&second) {
            rest = rest.get(6..).unwrap_or_default();
            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        } else {
            text.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    text.push_str(rest);
    text
}

fn hex_unit(text: &str, backslash: usize) -> u32 {
    let digits = text.get(backslash + 2..backslash + 6).unwrap_or_default();
    u32::from_str_radix(digits, 16).unwrap_or(u32::from(char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_mean_what_json_says() {
        for (raw, text) in [
            (r#"a\"b\\c\/d\n\t\r\b\f"#, "a\"b\\c/d\n\t\r\u{8}\u{c}"),
            (r"\u0041\u00e9\ud83d\ude00!", "Aé😀!"),
            (r"\ud83d!\ude00", "\u{fffd}!\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
        ] {
            assert_eq!(unescape(raw), text, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_ends_where_a_search_byte_by_byte_finds_it(
            bytes in prop::collection::vec(prop_oneof![9 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'\\')], 0..80),
            at in 0..80_usize,
        ) {
            let at = at.min(bytes.len());
            let odd = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
            let by_hand = bytes[at..].iter().position(odd).map_or(bytes.len(), |found| at + found);
            prop_assert_eq!(plain_until(&bytes, at), by_hand);
        }
    }
}
