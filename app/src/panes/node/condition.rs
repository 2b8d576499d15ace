//! Conditions of one comparison, taken apart for a form and put together again.

use crate::state::Name;

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Is,
    IsNot,
    Over,
    AtLeast,
    Under,
    AtMost,
    Like,
    Null,
    NotNull,
}

impl Compare {
    pub(super) const ALL: [Self; 9] = [
        Self::Is,
        Self::IsNot,
        Self::Over,
        Self::AtLeast,
        Self::Under,
        Self::AtMost,
        Self::Like,
        Self::NotNull,
        Self::Null,
    ];

    /// As the form says it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::Over => "is over",
            Self::AtLeast => "is at least",
            Self::Under => "is under",
            Self::AtMost => "is at most",
            Self::Like => "is like",
            Self::Null => "is missing",
            Self::NotNull => "is there",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Is => "=",
            Self::IsNot => "<>",
            Self::Over => ">",
            Self::AtLeast => ">=",
            Self::Under => "<",
            Self::AtMost => "<=",
            Self::Like => "LIKE",
            Self::Null => "IS NULL",
            Self::NotNull => "IS NOT NULL",
        }
    }

    /// Whether it compares with a value.
    pub(super) fn takes_value(self) -> bool {
        !matches!(self, Self::Null | Self::NotNull)
    }
}

/// A field, how it is compared, and with what.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) field: String,
    pub(super) compare: Compare,
    pub(super) value: String,
}

impl Condition {
    /// Takes a condition apart if it is one comparison of a known field with a literal.
    pub(super) fn of(text: &str, names: &[Name]) -> Option<Self> {
        let text = text.trim();
        let rest_of = |name: &str| text.strip_prefix(name).filter(|rest| rest.starts_with([' ', '=', '<', '>']));
        let (field, rest) = names
            .iter()
            .filter_map(|name| Some((name.text.clone(), rest_of(&name.text)?.trim())))
            .max_by_key(|(name, _)| name.len())?;
        let signs = [
            ("<>", Compare::IsNot),
            ("!=", Compare::IsNot),
            (">=", Compare::AtLeast),
            ("<=", Compare::AtMost),
            ("=", Compare::Is),
            (">", Compare::Over),
            ("<", Compare::Under),
        ];
        let upper = rest.to_uppercase();
        if matches!(upper.as_str(), "IS NULL" | "IS NOT NULL") {
            let compare = if upper == "IS NULL" { Compare::Null } else { Compare::NotNull };
            return Some(Self { field, compare, value: String::new() });
        }
        let (compare, value) = match rest.get(..5).filter(|word| word.eq_ignore_ascii_case("LIKE ")) {
            Some(_) => (Compare::Like, rest[5..].trim()),
            None => signs.iter().find_map(|(sign, compare)| Some((*compare, rest.strip_prefix(sign)?.trim())))?,
        };
        is_literal(value).then(|| Self { field, compare, value: value.to_owned() })
    }

    /// As an expression says it.
    pub(super) fn text(&self) -> String {
        if self.compare.takes_value() {
            format!("{} {} {}", self.field, self.compare.sign(), self.value)
        } else {
            format!("{} {}", self.field, self.compare.sign())
        }
    }
}

/// Whether a text is a number, a truth, or one text in quotes.
fn is_literal(text: &str) -> bool {
    if let Some(inside) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return !inside.replace("''", "").contains('\'');
    }
    text.parse::<f64>().is_ok() || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// A literal as a person reads it: a text without its quotes.
pub(super) fn as_read(literal: &str) -> String {
    match literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inside) => inside.replace("''", "'"),
        None => literal.to_owned(),
    }
}

/// What a person wrote as a value, as an expression writes it: a text gets its quotes.
pub(super) fn as_literal(written: &str, of: Option<&Name>) -> String {
    let written = written.trim();
    let is_number = of.is_some_and(|name| name.is_number) && written.parse::<f64>().is_ok();
    if is_number || (written.len() > 1 && written.starts_with('\'') && is_literal(written)) {
        return written.to_owned();
    }
    if written.eq_ignore_ascii_case("true") || written.eq_ignore_ascii_case("false") {
        return written.to_lowercase();
    }
    format!("'{}'", written.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<Name> {
        crate::state::Names::plain_for_tests(&["key", "value.status", "value.status_at", "headers.ce_type"])
    }

    #[test]
    fn a_condition_of_one_comparison_comes_apart_and_together() {
        let cases = [
            "value.status = 'CAPTURED'",
            "value.status_at >= 5",
            "headers.ce_type <> 'it''s'",
            "key IS NOT NULL",
            "key IS NULL",
            "value.status LIKE 'CAP%'",
        ];
        for text in cases {
            let condition = Condition::of(text, &names());
            assert_eq!(condition.map(|condition| condition.text()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_more_than_that_is_left_alone() {
        for text in
            ["value.status = 'A' OR key = 'b'", "value.amount > 5", "lower(key) = 'a'", "key = value.status", ""]
        {
            assert_eq!(Condition::of(text, &names()), None, "{text}");
        }
    }

    #[test]
    fn a_value_is_read_without_its_quotes_and_written_as_it_was() {
        for literal in ["'it''s'", "''", "'plain'", "true", "''''"] {
            let read = as_read(literal);
            assert_eq!(as_literal(&read, None), literal, "{read}");
        }
        assert_eq!(as_read("'it''s'"), "it's");
    }

    #[test]
    fn a_value_gets_its_quotes() {
        assert_eq!(as_literal("it's", None), "'it''s'");
        assert_eq!(as_literal("'x'", None), "'x'");
        assert_eq!(as_literal("true", None), "true");
        assert_eq!(as_literal("5", None), "'5'");
    }
}
