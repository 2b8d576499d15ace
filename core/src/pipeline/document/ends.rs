//! How a text's lines end. Whatever reads and writes TOML knows one way only.

use std::borrow::Cow;

const MARK: char = '\u{feff}';

/// What an editor does to a text besides what is written in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ends {
    /// Whether a byte order mark stands before it.
    mark: bool,
    /// Whether its lines end in `\r\n`.
    crlf: bool,
}

impl Ends {
    /// The text with lines that end in `\n`, and how it was.
    pub(super) fn plain(text: &str) -> (Self, Cow<'_, str>) {
        let unmarked = text.strip_prefix(MARK);
        let plain = unmarked.unwrap_or(text);
        let first = plain.find('\n');
        let crlf = first.is_some_and(|at| plain[..at].ends_with('\r'));
        let ends = Self { mark: unmarked.is_some(), crlf };
        (ends, if plain.contains("\r\n") { Cow::Owned(plain.replace("\r\n", "\n")) } else { Cow::Borrowed(plain) })
    }

    /// A text as it was, its lines ending as the first did.
    pub(super) fn restore(self, plain: String) -> String {
        let text = if self.crlf { plain.replace('\n', "\r\n") } else { plain };
        if self.mark { format!("{MARK}{text}") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_did() {
        for text in ["", "a\nb\n", "a\r\nb\r\n", "\u{feff}a\r\nb", "a"] {
            let (ends, plain) = Ends::plain(text);
            assert!(!plain.contains('\r'));
            assert_eq!(ends.restore(plain.into_owned()), text);
        }
        let (ends, plain) = Ends::plain("a\r\nb\n");
        assert_eq!(ends.restore(plain.into_owned()), "a\r\nb\r\n", "made alike");
    }
}
