//! `LIKE` and `ILIKE`.

use memchr::memmem;

/// A pattern that was read: `%` stands for any characters, `_` for one.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// The texts between the `%`s, in order. The first must stand at the beginning, the last at the end.
    pieces: Vec<Piece>,
    ignores_case: bool,
}

/// Characters that follow each other; `None` is any one character.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    chars: Vec<Option<char>>,
    /// The piece as text, if it has no `_`.
    text: Option<String>,
}

/// A pattern ends in its escape character.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OpenEscape;

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn new(pattern: &str, escape: Option<char>, ignores_case: bool) -> Result<Self, OpenEscape> {
        let folded = if ignores_case { pattern.to_lowercase() } else { pattern.to_owned() };
        let mut pieces = vec![Vec::new()];
        let mut chars = folded.chars();
        while let Some(char) = chars.next() {
            let unit = match char {
                '%' if escape != Some('%') => {
                    pieces.push(Vec::new());
                    continue;
                }
                '_' if escape != Some('_') => None,
                char if Some(char) == escape => Some(chars.next().ok_or(OpenEscape)?),
                char => Some(char),
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(unit);
            }
        }
        let pieces = pieces.into_iter().map(Piece::new).collect();
        Ok(Self { pieces, ignores_case })
    }

    /// Whether a text is like the pattern.
    pub(crate) fn matches(&self, text: &str) -> bool {
        if self.ignores_case { self.matches_folded(&text.to_lowercase()) } else { self.matches_folded(text) }
    }

    fn matches_folded(&self, text: &str) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else { return text.is_empty() };
        let Some(after_first) = first.strip_from_start(text) else { return false };
        let Some((last, inner)) = rest.split_last() else { return after_first.is_empty() };
        let mut left = after_first;
        for piece in inner {
            // Taking the earliest place leaves the most for those that follow.
            match piece.find_end(left) {
                Some(end) => left = &left[end..],
                None => return false,
            }
        }
        last.is_at_end(left)
    }

    /// The longest text that must stand in what matches as it is; `None` if case is ignored or there is none.
    pub(crate) fn longest_text(&self) -> Option<String> {
        if self.ignores_case {
            return None;
        }
        let runs = self.pieces.iter().flat_map(|piece| piece.chars.split(Option::is_none));
        let longest = runs.map(|run| run.iter().flatten().collect::<String>()).max_by_key(String::len)?;
        (!longest.is_empty()).then_some(longest)
    }
}

impl Piece {
    fn new(chars: Vec<Option<char>>) -> Self {
        let text = chars.iter().copied().collect::<Option<String>>();
        Self { chars, text }
    }

    /// What follows the piece, if the text begins with it.
    fn strip_from_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let Some(piece) = &self.text {
            return text.strip_prefix(piece.as_str());
        }
        let mut rest = text.chars();
        for wanted in &self.chars {
            let char = rest.next()?;
            if wanted.is_some_and(|wanted| wanted != char) {
                return None;
            }
        }
        Some(rest.as_str())
    }

    /// Where the first occurrence of the piece ends.
    fn find_end(&self, text: &str) -> Option<usize> {
        if let Some(piece) = &self.text {
            return memmem::find(text.as_bytes(), piece.as_bytes()).map(|at| at + piece.len());
        }
        text.char_indices().find_map(|(at, _)| {
            let rest = self.strip_from_start(&text[at..])?;
            Some(text.len() - rest.len())
        })
    }

    fn is_at_end(&self, text: &str) -> bool {
        if let Some(piece) = &self.text {
            return text.ends_with(piece.as_str());
        }
        let mut rest = text.chars().rev();
        self.chars.iter().rev().all(|wanted| rest.next().is_some_and(|c| wanted.is_none_or(|wanted| wanted == c)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What LIKE means, as its definition says it.
    fn naive(pattern: &[char], escape: Option<char>, text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [c, literal, rest @ ..] if Some(*c) == escape => {
                text.first() == Some(literal) && naive(rest, escape, &text[1..])
            }
            ['%', rest @ ..] => (0..=text.len()).any(|at| naive(rest, escape, &text[at..])),
            ['_', rest @ ..] => !text.is_empty() && naive(rest, escape, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && naive(rest, escape, &text[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn like_is_what_its_definition_says(pattern in "[ab%_!é]{0,8}", text in "[ab_é]{0,10}", escapes in any::<bool>()) {
            let escape = escapes.then_some('!');
            let chars: Vec<char> = pattern.chars().collect();
            match Pattern::new(&pattern, escape, false) {
                Ok(read) => {
                    let texts: Vec<char> = text.chars().collect();
                    prop_assert_eq!(read.matches(&text), naive(&chars, escape, &texts), "{} {}", pattern, text);
                    if let (true, Some(piece)) = (read.matches(&text), read.longest_text()) {
                        prop_assert!(text.contains(&piece));
                    }
                }
                Err(OpenEscape) => prop_assert!(escapes && pattern.ends_with('!')),
            }
        }
    }

    #[test]
    fn ilike_ignores_case() {
        let pattern = Pattern::new("%ŽLUTÝ_k%", None, true).unwrap();
        assert!(pattern.matches("příliš žlutý Kůň"));
        assert_eq!(pattern.longest_text(), None);
    }
}
