//! A payload on one line of a list, whatever it is and however large.

/// The beginning of a payload on one line of at most `max_chars` characters, the last of which is `…` if more
/// follows. Control characters are drawn as their pictures (`␊`); bytes that are not text are written in hex. The cost
/// depends on `max_chars`, not on the payload.
pub fn preview(payload: &[u8], max_chars: usize) -> String {
    // A character takes at most four bytes; a few more tell whether something follows.
    let head = &payload[..payload.len().min(max_chars.saturating_add(1).saturating_mul(4))];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && head.len() < payload.len() => valid_part(head, error),
        Err(_) => return hex_preview(head, payload.len(), max_chars),
    };
    bounded(text.chars().map(picture), text.len() < payload.len(), max_chars)
}

fn valid_part(head: &[u8], error: std::str::Utf8Error) -> &str {
    std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
}

/// A character that can stand in a line: a control character becomes its picture.
fn picture(char: char) -> char {
    match u32::from(char) {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or(char),
        0x7F => '\u{2421}',
        // What breaks lines or turns the writing direction of its neighbours.
        0x80..0xA0 | 0x2028..=0x202E | 0x2066..=0x2069 | 0x200E | 0x200F => '\u{FFFD}',
        _ => char,
    }
}

fn hex_preview(head: &[u8], len: usize, max_chars: usize) -> String {
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('?'));
    let spaced = head.iter().enumerate().flat_map(|(at, &byte)| {
        let space = (at > 0).then_some(' ');
        space.into_iter().chain(digits(byte))
    });
    bounded(spaced, head.len() < len, max_chars)
}

fn bounded(mut chars: impl Iterator<Item = char>, more: bool, max_chars: usize) -> String {
    let mut line: String = chars.by_ref().take(max_chars).collect();
    if more || chars.next().is_some() {
        if line.chars().count() == max_chars {
            line.pop();
        }
        if max_chars > 0 {
            line.push('…');
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_preview_is_one_line() {
        assert_eq!(preview(b"a\nb\tc", 10), "a␊b␉c");
        assert_eq!(preview("žluťoučký".as_bytes(), 5), "žluť…");
        assert_eq!(preview(b"abcde", 5), "abcde");
        assert_eq!(preview(&[0xff, 0x00, 0x10], 80), "ff 00 10");
        assert_eq!(preview(&[0xff, 0x00, 0x10], 4), "ff …");
        assert_eq!(preview(b"", 5), "");
        assert_eq!(preview(b"abc", 0), "");
    }

    proptest! {
        #[test]
        fn a_preview_is_bounded_and_begins_as_the_text_does(text in "\\PC{0,60}", max in 0_usize..40) {
            let line = preview(text.as_bytes(), max);
            prop_assert!(line.chars().count() <= max);
            prop_assert_eq!(line.ends_with('…') && !text.starts_with(&line), text.chars().count() > max && max > 0);
        }

        #[test]
        fn any_bytes_have_a_preview(bytes in prop::collection::vec(any::<u8>(), 0..200), max in 0_usize..60) {
            let line = preview(&bytes, max);
            prop_assert!(line.chars().count() <= max);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
