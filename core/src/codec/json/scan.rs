//! Walking over JSON text without building anything.
//!
//! A payload comes from strangers, and it is read whole: it is JSON (RFC 8259) from its first byte to its last, or it
//! is not. The kept parsers were each found to lack one of: a bound on nesting while skipping (a megabyte of `[` must
//! not end the program), numbers as they were written, duplicate keys, the place of an error. Hence this one. It
//! holds no unsafe code, needs no memory for what it skips, and is held against serde_json by property tests.

use std::fmt;

use super::string::{RawString, plain_until};

/// How deep arrays and objects may stand in each other.
pub const MAX_DEPTH: usize = 256;

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct JsonError {
    /// The byte at which reading stopped, from 0.
    pub at: usize,
    /// What is wrong there.
    pub problem: JsonProblem,
}

/// What is wrong with a text that is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonProblem {
    /// The text is not UTF-8.
    NotUtf8,
    /// The text ends in the middle.
    Truncated,
    /// No value begins here.
    NoValue,
    /// A number is not written as JSON writes it.
    Number,
    /// A text holds a character that must be escaped.
    Control,
    /// A backslash with something after it that JSON has no meaning for.
    Escape,
    /// A comma, colon, quote or bracket was expected.
    Punctuation,
    /// Something follows the value.
    Trailing,
    /// Deeper nesting than [`MAX_DEPTH`].
    TooDeep,
}

impl fmt::Display for JsonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "not UTF-8",
            Self::Truncated => "the text ends in the middle of a value",
            Self::NoValue => "no value begins here",
            Self::Number => "a malformed number",
            Self::Control => "a control character in a text",
            Self::Escape => "an unknown escape",
            Self::Punctuation => "a comma, colon, quote or bracket is missing",
            Self::Trailing => "more text after the value",
            Self::TooDeep => "nested more than 256 deep",
        })
    }
}

/// A place in a JSON text.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// At the beginning of a payload.
    pub(crate) fn new(payload: &'a [u8]) -> Result<Self, JsonError> {
        match std::str::from_utf8(payload) {
            Ok(text) => Ok(Self { text, at: 0 }),
            Err(error) => Err(JsonError { at: error.valid_up_to(), problem: JsonProblem::NotUtf8 }),
        }
    }

    /// At the beginning of a text.
    #[cfg(test)]
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The text from a place to here.
    #[inline(always)]
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn fail<T>(&self, problem: JsonProblem) -> Result<T, JsonError> {
        let problem = if self.at >= self.text.len() { JsonProblem::Truncated } else { problem };
        Err(JsonError { at: self.at.min(self.text.len()), problem })
    }

    /// The next byte that is no white space, without taking it; 0 at the end.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return byte;
            }
            self.at += 1;
        }
        0
    }

    /// Takes the next byte if it is this one.
    #[inline(always)]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte;
        self.at += usize::from(there);
        there
    }

    /// Takes this byte, or fails.
    #[inline(always)]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { self.fail(JsonProblem::Punctuation) }
    }

    /// Makes sure that nothing is left.
    pub(crate) fn finish(&mut self) -> Result<(), JsonError> {
        self.peek();
        if self.at == self.text.len() { Ok(()) } else { self.fail(JsonProblem::Trailing) }
    }

    /// Takes an object's key and the colon after it.
    #[inline(always)]
    pub(crate) fn key(&mut self) -> Result<RawString<'a>, JsonError> {
        self.expect(b'"')?;
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    #[inline(always)]
    fn skip_key(&mut self) -> Result<(), JsonError> {
        self.expect(b'"')?;
        self.skip_string()?;
        self.expect(b':')
    }

    /// Takes the rest of a string whose opening quote was taken.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<RawString<'a>, JsonError> {
        let start = self.at;
        let escaped = !self.skip_plain();
        if escaped {
            self.skip_odd()?;
        }
        Ok(RawString { raw: self.text.get(start..self.at - 1).unwrap_or_default(), escaped })
    }

    /// As [`Scanner::string`], for a string that nobody wants.
    #[inline(always)]
    fn skip_string(&mut self) -> Result<(), JsonError> {
        if self.skip_plain() { Ok(()) } else { self.skip_odd() }
    }

    /// Takes what is plain in a string, and its closing quote if that comes next.
    #[inline(always)]
    fn skip_plain(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        self.at = plain_until(bytes, self.at);
        let ended = bytes.get(self.at) == Some(&b'"');
        self.at += usize::from(ended);
        ended
    }

    /// Takes the rest of a string from something in it that is not plain.
    #[inline(never)]
    fn skip_odd(&mut self) -> Result<(), JsonError> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'\\') => self.escape()?,
                Some(_) => return self.fail(JsonProblem::Control),
                None => return self.fail(JsonProblem::Truncated),
            }
            if self.skip_plain() {
                return Ok(());
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        match bytes.get(self.at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                for _ in 0..4 {
                    self.at += 1;
                    if !bytes.get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                        return self.fail(JsonProblem::Escape);
                    }
                }
                self.at += 1;
            }
            _ => return self.fail(JsonProblem::Escape),
        }
        Ok(())
    }

    /// Takes a number and hands back how it is written.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<&'a str, JsonError> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let digits = |at: &mut usize| {
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at > from
        };
        let mut at = self.at + usize::from(bytes.get(self.at) == Some(&b'-'));
        let leading_zero = bytes.get(at) == Some(&b'0');
        let whole_from = at;
        let mut sound = digits(&mut at) && !(leading_zero && at - whole_from > 1);
        if sound && bytes.get(at) == Some(&b'.') {
            at += 1;
            sound = digits(&mut at);
        }
        if sound && matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            sound = digits(&mut at);
        }
        self.at = at;
        if sound { Ok(self.since(start)) } else { self.fail(JsonProblem::Number) }
    }

    /// Takes `true`, `false` or `null`.
    #[inline]
    pub(crate) fn word(&mut self, word: &str) -> Result<(), JsonError> {
        let bytes = self.text.as_bytes();
        for expected in word.bytes() {
            if bytes.get(self.at) != Some(&expected) {
                return self.fail(JsonProblem::NoValue);
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Takes a value that is neither array nor object; `false` (and nothing taken) if it is one of those.
    #[inline(always)]
    fn skip_scalar(&mut self) -> Result<bool, JsonError> {
        match self.peek() {
            b'{' | b'[' => return Ok(false),
            b'"' => {
                self.at += 1;
                self.skip_string()?;
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
            }
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => return self.fail(JsonProblem::NoValue),
        }
        Ok(true)
    }

    /// Takes a whole value that stands `depth` deep. Needs no stack, however deep the value is.
    #[inline(always)]
    pub(crate) fn skip(&mut self, depth: usize) -> Result<(), JsonError> {
        if self.skip_scalar()? { Ok(()) } else { self.skip_nested(depth) }
    }

    #[inline(never)]
    fn skip_nested(&mut self, depth: usize) -> Result<(), JsonError> {
        let mut open = Nesting { depth, objects: [0; MAX_DEPTH / 64] };
        loop {
            if !self.skip_scalar()? {
                let object = self.peek() == b'{';
                if !open.push(object) {
                    return self.fail(JsonProblem::TooDeep);
                }
                self.at += 1;
                if !self.take(if object { b'}' } else { b']' }) {
                    if object {
                        self.skip_key()?;
                    }
                    continue;
                }
                open.depth -= 1;
            }
            // A value has ended: close what ends with it, until something goes on.
            loop {
                if open.depth == depth {
                    return Ok(());
                }
                let object = open.in_object();
                if self.take(b',') {
                    if object {
                        self.skip_key()?;
                    }
                    break;
                }
                self.expect(if object { b'}' } else { b']' })?;
                open.depth -= 1;
            }
        }
    }
}

/// Which of the open brackets are objects': a bit each.
struct Nesting {
    depth: usize,
    objects: [u64; MAX_DEPTH / 64],
}

impl Nesting {
    fn push(&mut self, object: bool) -> bool {
        if self.depth >= MAX_DEPTH {
            return false;
        }
        let bit = 1 << (self.depth % 64);
        let word = &mut self.objects[self.depth / 64];
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        true
    }

    fn in_object(&self) -> bool {
        let at = self.depth - 1;
        self.objects[at / 64] >> (at % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) -> Result<(), JsonError> {
        let mut scanner = Scanner::of(text);
        scanner.skip(0)?;
        scanner.finish()
    }

    #[test]
    fn nesting_is_bounded_and_needs_no_stack() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)).map_err(|e| e.problem), Err(JsonProblem::TooDeep));
        assert_eq!(check(&"[".repeat(10_000_000)).map_err(|e| e.problem), Err(JsonProblem::TooDeep));
        assert_eq!(check(&"{\"a\":".repeat(1_000_000)).map_err(|e| e.problem), Err(JsonProblem::TooDeep));
    }

    #[test]
    fn an_error_says_where_and_why() {
        for (text, at, problem) in [
            ("", 0, JsonProblem::Truncated),
            ("{\"a\": tru", 9, JsonProblem::Truncated),
            ("{\"a\": nope}", 7, JsonProblem::NoValue),
            ("NaN", 0, JsonProblem::NoValue),
            ("[1,]", 3, JsonProblem::NoValue),
            ("{\"a\" 1}", 5, JsonProblem::Punctuation),
            ("{} {}", 3, JsonProblem::Trailing),
            ("\"\\x\"", 2, JsonProblem::Escape),
            ("\"a\u{1}\"", 2, JsonProblem::Control),
            ("01", 2, JsonProblem::Truncated),
            ("[01]", 3, JsonProblem::Number),
            ("[1.]", 3, JsonProblem::Number),
        ] {
            assert_eq!(check(text), Err(JsonError { at, problem }), "{text}");
        }
    }

    /// Texts that are JSON or nearly so.
    fn nearly_json() -> impl Strategy<Value = String> {
        let token = prop_oneof![
            Just("{"),
            Just("}"),
            Just("["),
            Just("]"),
            Just(","),
            Just(":"),
            Just("\"a\""),
            Just("\"\\u00e9\""),
            Just("1"),
            Just("-0.5e+3"),
            Just("00"),
            Just("1."),
            Just("true"),
            Just("nul"),
            Just("null"),
            Just(" "),
            Just("\"\\q\""),
            Just("é"),
        ];
        prop_oneof![prop::collection::vec(token, 0..14).prop_map(|tokens| tokens.concat()), "[ -~]{0,20}",]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn what_is_json_is_what_serde_json_calls_json(text in nearly_json()) {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(check(&text).is_ok(), theirs, "{}", text);
        }

        #[test]
        fn a_string_is_read_as_serde_json_reads_it(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let mut scanner = Scanner::of(&json);
            prop_assert!(scanner.take(b'"'));
            prop_assert_eq!(scanner.string().unwrap().text(), text);
        }
    }
}
