//! What is written inside a setting's text: `expr AS name`, `expr desc`, `left = right`.

use super::model::{OrderBy, Select};
use crate::codec::is_plain_name;

/// The expression and the name of an entry such as `sum(value.amount) AS revenue`; the name is `None` where none is
/// given. A name that is not made of letters, digits, `_`, `$`, `.` and `-` stands in double quotes.
///
/// ```
/// use fabula_core::pipeline::split_name;
///
/// assert_eq!(split_name("value.region AS region"), ("value.region", Some("region".to_owned())));
/// assert_eq!(split_name("value.region as \"the region\""), ("value.region", Some("the region".to_owned())));
/// assert_eq!(split_name("CAST(value.n AS DECIMAL)"), ("CAST(value.n AS DECIMAL)", None));
/// ```
pub fn split_name(entry: &str) -> (&str, Option<String>) {
    let entry = entry.trim();
    let named = || {
        let (before, name) = split_last_word(entry)?;
        Some((without_last_word(before, "as")?, Some(name)))
    };
    named().unwrap_or((entry, None))
}

/// A name at the end of a text, and what stands before it.
fn split_last_word(text: &str) -> Option<(&str, String)> {
    let Some(quoted) = text.strip_suffix('"') else {
        let at = text.rfind(char::is_whitespace)?;
        let name = text[at..].trim_start();
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '-');
        return name.chars().all(plain).then(|| (text[..at].trim_end(), name.to_owned()));
    };
    let mut end = quoted.len();
    loop {
        let quote = quoted[..end].rfind('"')?;
        match quoted[..quote].ends_with('"') {
            true => end = quote - 1,
            false => return Some((quoted[..quote].trim_end(), quoted[quote + 1..].replace("\"\"", "\""))),
        }
    }
}

/// What stands before a word, if a text ends in it.
fn without_last_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(word.len())?;
    let (before, last) = (text.get(..at)?, text.get(at..)?);
    let alone = before.is_empty() || before.ends_with(char::is_whitespace);
    (alone && last.eq_ignore_ascii_case(word)).then(|| before.trim_end())
}

/// A column of a list: `expr AS name`, or an expression that is its own name.
pub(super) fn read_select(entry: &str) -> Select {
    let (expr, name) = split_name(entry);
    Select { name: name.unwrap_or_else(|| expr.to_owned()), expr: expr.to_owned() }
}

/// A column as it stands in a list.
pub(super) fn write_select(select: &Select) -> String {
    let Select { name, expr } = select;
    if name == expr && split_name(expr).1.is_none() {
        return expr.clone();
    }
    format!("{expr} AS {}", quoted(name))
}

/// A name as an expression writes it: in double quotes unless it is made of letters, digits, `_` and `$`, and begins with
/// no digit.
///
/// ```
/// use fabula_core::pipeline::quoted;
///
/// assert_eq!(quoted("orders"), "orders");
/// assert_eq!(quoted("web-clicks"), "\"web-clicks\"");
/// ```
pub fn quoted(name: &str) -> String {
    match is_plain_name(name) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// One of the things that an order goes by: `expr`, `expr asc`, `expr desc`.
pub(super) fn read_order(entry: &str) -> OrderBy {
    let entry = entry.trim();
    let descending = without_last_word(entry, "desc");
    let expr = descending.or_else(|| without_last_word(entry, "asc")).unwrap_or(entry);
    OrderBy { expr: expr.to_owned(), descending: descending.is_some() }
}

/// One of the things that an order goes by, as it stands in a list.
pub(super) fn write_order(order: &OrderBy) -> String {
    let OrderBy { expr, descending } = order;
    match (descending, read_order(expr).expr == *expr) {
        (true, _) => format!("{expr} desc"),
        (false, true) => expr.clone(),
        (false, false) => format!("{expr} asc"),
    }
}

/// The two sides of `left = right`, without the white space around them; `None` if a text is anything else than one
/// equality. What stands in quotes, brackets and parentheses is no sign.
///
/// ```
/// use fabula_core::pipeline::split_equality;
///
/// assert_eq!(split_equality("orders.key = paid.value['a=b']"), Some(("orders.key", "paid.value['a=b']")));
/// assert_eq!(split_equality("orders.key >= paid.key"), None);
/// ```
pub fn split_equality(text: &str) -> Option<(&str, &str)> {
    let mut sign = None;
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(closing), _) if c == closing => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => open.push(')'),
            (None, '[') => open.push(']'),
            (None, '{') => open.push('}'),
            (None, ')' | ']' | '}') if open.pop() != Some(c) => return None,
            (None, '=') if open.is_empty() => {
                let other = matches!(before, '<' | '>' | '!' | '=') || text[at + 1..].starts_with(['>', '=', '<']);
                if other || sign.replace(at).is_some() {
                    return None;
                }
            }
            _ => {}
        }
        before = c;
    }
    let sign = sign.filter(|_| open.is_empty() && quote.is_none())?;
    let (left, right) = (text[..sign].trim(), text[sign + 1..].trim());
    (!left.is_empty() && !right.is_empty()).then_some((left, right))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_equality_has_two_sides() {
        for (text, sides) in [
            ("orders.value.order_id = paid.value.order_id", ("orders.value.order_id", "paid.value.order_id")),
            ("a=b", ("a", "b")),
            (" a['='] = f(b, c = d) ", ("a['=']", "f(b, c = d)")),
            ("a = 'it''s ='", ("a", "'it''s ='")),
            ("\"a = b\".key = c.key", ("\"a = b\".key", "c.key")),
            ("a[0] = b", ("a[0]", "b")),
        ] {
            assert_eq!(split_equality(text), Some(sides), "{text}");
        }
        for text in [
            "",
            "=",
            "a =",
            "= b",
            "a",
            "a == b",
            "a <= b",
            "a >= b",
            "a != b",
            "a => b",
            "a = b = c",
            "a = (b",
            "a = b)",
            "a = 'b",
            "(a = b)",
            "a = [b)",
            "a = b AND c = d",
        ] {
            assert_eq!(split_equality(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_follows_as() {
        for (entry, expr, name) in [
            ("a AS b", "a", Some("b")),
            ("a as b", "a", Some("b")),
            ("  a\tAs\n b ", "a", Some("b")),
            ("count(*) AS \"the \"\"whole\"\"\"", "count(*)", Some("the \"whole\"")),
            ("a AS \"\"", "a", Some("")),
            ("AS b", "", Some("b")),
            ("a AS b AS c", "a AS b", Some("c")),
            ("CAST(a AS TEXT)", "CAST(a AS TEXT)", None),
            ("TRY_CAST(a AS TEXT) AS b", "TRY_CAST(a AS TEXT)", Some("b")),
            ("\"a AS b\"", "\"a AS b\"", None),
            ("'a AS b'", "'a AS b'", None),
            ("aAS b", "aAS b", None),
            ("a", "a", None),
            ("", "", None),
        ] {
            assert_eq!(split_name(entry), (expr, name.map(str::to_owned)), "{entry}");
        }
    }

    #[test]
    fn an_order_is_ascending_unless_it_says_otherwise() {
        for (entry, expr, descending) in [
            ("a", "a", false),
            ("a desc", "a", true),
            ("a  DESC ", "a", true),
            ("a asc", "a", false),
            ("a.desc", "a.desc", false),
            ("mydesc", "mydesc", false),
            ("desc", "", true),
        ] {
            assert_eq!(read_order(entry), OrderBy { expr: expr.to_owned(), descending }, "{entry}");
        }
    }

    proptest! {
        #[test]
        fn entries_read_back(expr in "[ a-c'\"()]{0,6}( ?(?i:as|asc|desc)( [a-c]|\"b\")?)?", name in "[ a-c\"()\\PC]{0,4}", descending: bool) {
            let expr = expr.trim().to_owned();
            let select = Select { name, expr: expr.clone() };
            prop_assert_eq!(read_select(&write_select(&select)), select);
            let alone = Select { name: expr.clone(), expr: expr.clone() };
            prop_assert_eq!(read_select(&write_select(&alone)), alone);
            let order = OrderBy { expr, descending };
            prop_assert_eq!(read_order(&write_order(&order)), order);
        }

        #[test]
        fn any_text_can_be_split(text in "\\PC{0,12}") {
            split_name(&text);
            read_order(&text);
            if let Some((left, right)) = split_equality(&text) {
                prop_assert!(text.contains(left) && text.contains(right));
            }
        }
    }
}
