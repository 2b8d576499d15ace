//! What a node may be called, and which name was meant.

use crate::expr::most_similar;

/// Words that a node can't be called: in an expression they are the parts of an event, and the bounds of a window.
const RESERVED: [&str; 11] = [
    "topic",
    "partition",
    "offset",
    "timestamp",
    "timestamp_type",
    "key",
    "value",
    "headers",
    "headers_all",
    WINDOW_COLUMNS[0],
    WINDOW_COLUMNS[1],
];

/// The columns that every windowed aggregate has of itself.
pub(super) const WINDOW_COLUMNS: [&str; 2] = ["window_start", "window_end"];

/// The longest name, in characters.
const LONGEST: usize = 64;

/// What is wrong with a node's name, in a line; `None` when nothing is.
///
/// A name is made of letters, digits, `_` and `-`, begins with a letter or `_`, and is none of the words that an
/// expression needs for the parts of an event and the bounds of a window.
pub fn name_fault(name: &str) -> Option<String> {
    let Some(first) = name.chars().next() else { return Some("a node needs a name".to_owned()) };
    if name.chars().count() > LONGEST {
        return Some(format!("a node's name has at most {LONGEST} characters"));
    }
    if let Some(strange) = name.chars().find(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-')) {
        return Some(format!("“{strange}” can't stand in a node's name: it is made of letters, digits, _ and -"));
    }
    if !first.is_alphabetic() && first != '_' {
        return Some("a node's name begins with a letter or _".to_owned());
    }
    RESERVED.contains(&name).then(|| {
        let of = if WINDOW_COLUMNS.contains(&name) { "a window" } else { "an event" };
        format!("no node can be called “{name}”: in an expression that is a part of {of}")
    })
}

/// `did you mean …?`, if one of some names is similar enough to have been meant.
pub(super) fn did_you_mean<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    if name.len() > 4 * LONGEST {
        return None;
    }
    most_similar(name, names).map(|similar| format!("did you mean {similar}?"))
}

/// A text that a message can hold: cut short where it is long, without line breaks.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_letters_digits_underscores_and_dashes() {
        for name in ["orders", "per_minute", "per-minute", "_x", "o2", "größe", "Value", "注文"] {
            assert_eq!(name_fault(name), None, "{name}");
        }
        let longest = "x".repeat(65);
        for name in ["", "2nd", "-x", "a b", "a.b", "a\"b", "a\n", "value", "headers", "window_end", &longest] {
            assert!(name_fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_long_text_is_cut_short_in_a_message() {
        assert_eq!(shown("a\nb"), "a b");
        assert_eq!(shown(&"é".repeat(100)).chars().count(), 65);
    }
}
