//! What stands in the search bar: words to look for, or a condition.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::functions::Function;
use super::node::Type;
use super::source::ROOTS;
use super::{Expr, ExprError, parse};

/// What stands in the search bar.
///
/// The rule: text within quotes is searched for as it stands. Text that is a condition and names a field of the event
/// (`value.amount > 100`) is one. Text that begins like a condition but is none is an error, and says where. Anything
/// else is searched for as it stands.
#[derive(Debug, Clone)]
pub enum Query {
    /// Nothing: every event.
    Everything,
    /// Events that hold this text in their key, value or headers.
    Literal(String),
    /// Events for which this condition holds.
    Condition(Expr),
}

impl Query {
    /// The rule in a line, for a tooltip.
    pub const RULE: &str = "A text is searched for as it stands, a condition such as value.amount > 100 is evaluated; put a text in quotes if it looks like a condition";

    /// Reads the search bar's text.
    ///
    /// # Errors
    /// [`ExprError`] if the text begins like a condition but is none.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(Self::Everything);
        }
        if let Some(quoted) = unquote(trimmed) {
            return Ok(Self::Literal(quoted));
        }
        match Expr::condition(trimmed) {
            Ok(expr) if expr.type_of() == Type::Bool && !expr.sources().is_empty() => Ok(Self::Condition(expr)),
            Err(error) if begins_like_a_condition(trimmed) => Err(error),
            _ => Ok(Self::Literal(trimmed.to_owned())),
        }
    }
}

/// What stands between quotes that begin and end the text and occur nowhere else in it.
fn unquote(text: &str) -> Option<String> {
    ['"', '\''].into_iter().find_map(|quote| {
        let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inside.is_empty() && !inside.contains(quote)).then(|| inside.to_owned())
    })
}

/// A name of the language followed by what only an expression has there.
fn begins_like_a_condition(text: &str) -> bool {
    let source = parse::Source::of_event(text);
    // A text that is not closed is no reason to doubt what stands before it.
    let tokens = source.tokens().or_else(|error| parse::Source::of_event(&text[..error.at.start]).tokens());
    let Ok(tokens) = tokens else { return false };
    let mut tokens =
        tokens.into_iter().map(|token| token.token).filter(|token| !matches!(token, Token::Whitespace(_))).skip_while(
            |token| match token {
                Token::LParen => true,
                Token::Word(word) => word.quote_style.is_none() && word.keyword == Keyword::NOT,
                _ => false,
            },
        );
    let (Some(Token::Word(first)), Some(second)) = (tokens.next(), tokens.next()) else { return false };
    if first.quote_style.is_some() {
        return false;
    }
    let called = second == Token::LParen && (Function::named(&first.value).is_some() || first.value == "coalesce");
    called || (ROOTS.contains(&&*first.value) && continues_a_condition(&second))
}

fn continues_a_condition(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            use Keyword::{BETWEEN, ILIKE, IN, IS, LIKE, NOT};
            matches!(word.keyword, IS | IN | LIKE | ILIKE | BETWEEN | NOT)
        }
        Token::Period | Token::LBracket | Token::Eq | Token::DoubleEq | Token::Neq | Token::Lt | Token::LtEq => true,
        Token::Gt | Token::GtEq | Token::Plus | Token::Mul | Token::Div | Token::Mod | Token::StringConcat => true,
        Token::Tilde | Token::TildeAsterisk | Token::ExclamationMarkTilde | Token::DoubleColon => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        match Query::parse(text) {
            Ok(Query::Everything) => "everything",
            Ok(Query::Literal(_)) => "literal",
            Ok(Query::Condition(_)) => "condition",
            Err(_) => "error",
        }
    }

    #[test]
    fn conditions_literals_and_mistakes_are_told_apart() {
        for (text, expected) in [
            ("  ", "everything"),
            ("order-1234", "literal"),
            ("payment failed", "literal"),
            ("value", "literal"),
            ("key missing", "literal"),
            ("{\"status\":\"FAILED\"}", "literal"),
            ("1 = 1", "literal"),
            ("a = b", "literal"),
            ("it's", "literal"),
            ("'value.x = 1'", "literal"),
            ("\"value.x = 1\"", "literal"),
            ("value.amount > 100", "condition"),
            ("NOT (key = 'a')", "condition"),
            ("contains(value.note, 'x')", "condition"),
            ("headers.x-id = '7'", "condition"),
            ("value.amount >", "error"),
            ("value.amount > 'open", "error"),
            ("value.status = FAILED", "error"),
            ("offset = 'seven'", "error"),
            ("(key = 'a'", "error"),
            ("upper(value.x, 1) = 'A'", "error"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
