//! Functions of texts.

use std::borrow::Cow;

use super::{Function, function, int_of, text_of};
use crate::codec::{Cell, Fault, json};
use crate::expr::node::Type::{Any, Bool, Number, Text};

pub(super) const FUNCTIONS: &[Function] = &[
    function("lower", &[Text], Text, |a| owned(text_of(a[0]).to_lowercase()), "the text in lower case"),
    function("upper", &[Text], Text, |a| owned(text_of(a[0]).to_uppercase()), "the text in upper case"),
    function("length", &[Text], Number, |a| count(text_of(a[0]).chars().count()), "how many characters a text has"),
    function("reverse", &[Text], Text, |a| owned(text_of(a[0]).chars().rev().collect()), "the text from its end"),
    Function {
        optional: 1,
        ..function(
            "trim",
            &[Text, Text],
            Text,
            trim,
            "the text without these characters (else white space) at its ends",
        )
    },
    Function { optional: 1, ..function("ltrim", &[Text, Text], Text, trim_start, "as trim, at the beginning only") },
    Function { optional: 1, ..function("rtrim", &[Text, Text], Text, trim_end, "as trim, at the end only") },
    Function {
        optional: 1,
        ..function(
            "substring",
            &[Text, Number, Number],
            Text,
            substring,
            "characters from a place (1 is the first), at most so many",
        )
    },
    function("left", &[Text, Number], Text, left, "the first so many characters"),
    function("right", &[Text, Number], Text, right, "the last so many characters"),
    function(
        "replace",
        &[Text, Text, Text],
        Text,
        replace,
        "the text with every occurrence of one text replaced by another",
    ),
    function(
        "starts_with",
        &[Text, Text],
        Bool,
        |a| Cell::Bool(text_of(a[0]).starts_with(text_of(a[1]))),
        "whether a text begins with another",
    ),
    function(
        "ends_with",
        &[Text, Text],
        Bool,
        |a| Cell::Bool(text_of(a[0]).ends_with(text_of(a[1]))),
        "whether a text ends with another",
    ),
    function(
        "contains",
        &[Text, Text],
        Bool,
        |a| Cell::Bool(text_of(a[0]).contains(text_of(a[1]))),
        "whether a text holds another",
    ),
    function(
        "position",
        &[Text, Text],
        Number,
        position,
        "where a text first holds another (1 is the first character), 0 if nowhere",
    ),
    function(
        "split_part",
        &[Text, Text, Number],
        Text,
        split_part,
        "the so manieth part of a text cut at a separator; from the end if negative",
    ),
    Function {
        repeats: true,
        sees_nulls: true,
        ..function("concat", &[Any], Text, concat, "all arguments as one text; null adds nothing")
    },
    Function {
        sees_nulls: true,
        ..function(
            "typeof",
            &[Any],
            Text,
            |a| Cell::Text(a[0].kind().into()),
            "the kind of a value: missing, null, boolean, integer, decimal, float, timestamp, text, bytes, array, object",
        )
    },
    function("array_length", &[Any], Number, array_length, "how many elements an array has"),
];

fn owned<'a>(text: String) -> Cell<'a> {
    Cell::Text(Cow::Owned(text))
}

fn count<'a>(count: usize) -> Cell<'a> {
    Cell::Int(count as i64)
}

fn trimmed<'a>(a: &[&Cell<'a>], trim: for<'t> fn(&'t str, &dyn Fn(char) -> bool) -> &'t str) -> Cell<'a> {
    let text = text_of(a[0]);
    let trimmed = match a.get(1) {
        Some(chars) => trim(text, &|c| text_of(chars).contains(c)),
        None => trim(text, &char::is_whitespace),
    };
    owned(trimmed.to_owned())
}

fn trim<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    trimmed(a, |text, strip| text.trim_matches(strip))
}

fn trim_start<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    trimmed(a, |text, strip| text.trim_start_matches(strip))
}

fn trim_end<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    trimmed(a, |text, strip| text.trim_end_matches(strip))
}

/// As the standard has it: characters at places `from <= place < from + length` that exist.
fn substring<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let length = a.get(2).map(|length| int_of(length)).transpose();
    let (Ok(from), Ok(length)) = (int_of(a[1]), length) else { return out_of_range() };
    if length.is_some_and(|length| length < 0) {
        return Cell::Failed(Fault::Argument("substring of a negative length"));
    }
    let end = length.map_or(i64::MAX, |length| from.saturating_add(length));
    let skip = from.saturating_sub(1).max(0);
    let take = end.saturating_sub(from.max(1)).max(0);
    owned(text_of(a[0]).chars().skip(skip as usize).take(take as usize).collect())
}

fn out_of_range<'a>() -> Cell<'a> {
    Cell::Failed(Fault::Argument("a whole number is out of range"))
}

/// The first so many characters; all but the last so many if negative.
fn left<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let Ok(wanted) = int_of(a[1]) else { return out_of_range() };
    let text = text_of(a[0]);
    let keep =
        if wanted < 0 { text.chars().count().saturating_sub(wanted.unsigned_abs() as usize) } else { wanted as usize };
    owned(text.chars().take(keep).collect())
}

/// The last so many characters; all but the first so many if negative.
fn right<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let Ok(wanted) = int_of(a[1]) else { return out_of_range() };
    let text = text_of(a[0]);
    let skip =
        if wanted < 0 { wanted.unsigned_abs() as usize } else { text.chars().count().saturating_sub(wanted as usize) };
    owned(text.chars().skip(skip).collect())
}

fn replace<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let (text, from) = (text_of(a[0]), text_of(a[1]));
    owned(if from.is_empty() { text.to_owned() } else { text.replace(from, text_of(a[2])) })
}

fn position<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let (text, wanted) = (text_of(a[0]), text_of(a[1]));
    count(text.find(wanted).map_or(0, |at| text[..at].chars().count() + 1))
}

fn split_part<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    let Ok(wanted) = int_of(a[2]) else { return out_of_range() };
    let (text, separator) = (text_of(a[0]), text_of(a[1]));
    let parts: Vec<&str> = if separator.is_empty() { vec![text] } else { text.split(separator).collect() };
    let at = match wanted {
        0 => return Cell::Failed(Fault::Argument("split_part counts from 1, or from -1 at the end")),
        1.. => usize::try_from(wanted - 1).ok(),
        _ => usize::try_from(wanted.unsigned_abs()).ok().and_then(|back| parts.len().checked_sub(back)),
    };
    owned(at.and_then(|at| parts.get(at)).map_or_else(String::new, |part| (*part).to_owned()))
}

fn concat<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    owned(a.iter().map(|cell| cell.to_string()).collect())
}

fn array_length<'a>(a: &[&Cell<'a>]) -> Cell<'a> {
    match a[0] {
        Cell::Array(text) => match json::parse(text.as_bytes()) {
            Ok(crate::codec::Value::Array(elements)) => count(elements.len()),
            _ => Cell::Null,
        },
        _ => Cell::Null,
    }
}
