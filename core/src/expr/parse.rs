//! From text to the parser's tree: the dialect, limits, and errors with their place.
//!
//! The grammar is `sqlparser`'s; what Fabula adds is how a field is written (`value.items[0].sku`, `headers.x-id`),
//! which no SQL dialect has in this form and which must not stumble over field names that are SQL's own words
//! (`value.order`, `value.from`).

use std::any::TypeId;
use std::ops::Range;

use sqlparser::ast::{Expr as Sql, Ident, SelectItem};
use sqlparser::dialect::{Dialect, GenericDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::error::ExprError;
use super::source::ROOTS;

/// The longest text that is read as an expression.
const MAX_TEXT: usize = 1 << 20;
/// How many operators and brackets an expression may have: they nest, and nesting costs stack.
const MAX_NESTING: usize = 400;
/// How deep the parser itself may go.
const PARSER_DEPTH: usize = 100;
/// The quote that marks an identifier as an array's index.
pub(crate) const INDEX_QUOTE: char = '[';

#[derive(Debug)]
struct FabulaDialect {
    /// The words that begin a name, where names are not those of an event.
    roots: Option<Vec<String>>,
}

impl FabulaDialect {
    fn begins_name(&self, word: &str) -> bool {
        match &self.roots {
            Some(roots) => roots.iter().any(|root| root == word),
            None => ROOTS.contains(&word) || word == "headers_all",
        }
    }
}

impl Dialect for FabulaDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_' || ch == '$'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    /// `count(*) FILTER (WHERE …)`.
    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Sql, ParserError>> {
        let token = parser.peek_token();
        let Token::Word(word) = &token.token else { return None };
        let next = parser.peek_nth_token(1).token;
        if word.keyword == Keyword::EXISTS && next == Token::LParen {
            return Some(parse_exists(parser));
        }
        let plain = word.quote_style.is_none() || self.roots.is_some();
        let root = plain && self.begins_name(&word.value);
        let typed_text = word.value == "timestamp" && matches!(next, Token::SingleQuotedString(_));
        (root && next != Token::LParen && !typed_text).then(|| parse_field(parser))
    }
}

/// `exists(value.x)`, which SQL would take for a subquery.
fn parse_exists(parser: &mut Parser<'_>) -> Result<Sql, ParserError> {
    let word = parser.next_token();
    parser.expect_token(&Token::LParen)?;
    let of = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    let mut name = Ident::new("exists");
    name.span = word.span;
    Ok(Sql::Named { expr: Box::new(of), name })
}

/// A root and the steps behind it. White space ends a field.
fn parse_field(parser: &mut Parser<'_>) -> Result<Sql, ParserError> {
    let mut steps = Vec::new();
    let root = parser.next_token();
    let header = matches!(&root.token, Token::Word(word) if word.value.starts_with("headers"));
    push_word(&mut steps, root);
    loop {
        match parser.peek_token_no_skip().token {
            Token::Period => {
                parser.next_token();
                let name = parser.next_token();
                if !push_word(&mut steps, name.clone()) {
                    return parser.expected("a field's name", name);
                }
                while header && take_dashed_part(parser, &mut steps) {}
            }
            Token::LBracket => {
                parser.next_token();
                let inside = parser.next_token();
                let (quote, text) = match &inside.token {
                    Token::Number(digits, _) if digits.bytes().all(|b| b.is_ascii_digit()) => (INDEX_QUOTE, digits),
                    Token::SingleQuotedString(name) => ('"', name),
                    _ => return parser.expected("an index from 0, or a name in single quotes", inside),
                };
                steps.push(Ident::with_quote_and_span(quote, inside.span, text));
                parser.expect_token(&Token::RBracket)?;
            }
            _ => break,
        }
    }
    Ok(if steps.len() == 1 { Sql::Identifier(steps.remove(0)) } else { Sql::CompoundIdentifier(steps) })
}

fn push_word(steps: &mut Vec<Ident>, token: TokenWithSpan) -> bool {
    let Token::Word(word) = token.token else { return false };
    let mut ident = Ident::new(word.value);
    ident.quote_style = word.quote_style;
    ident.span = token.span;
    steps.push(ident);
    true
}

/// `-id` directly behind `headers.x`: header names are full of dashes, and a header is never subtracted from.
fn take_dashed_part(parser: &mut Parser<'_>, steps: &mut [Ident]) -> bool {
    let (dash, part) = (parser.peek_token_no_skip(), parser.peek_nth_token_no_skip(1));
    let (Token::Minus, Token::Word(word), Some(name)) = (dash.token, part.token, steps.last_mut()) else {
        return false;
    };
    if word.quote_style.is_some() {
        return false;
    }
    name.value = format!("{}-{}", name.value, word.value);
    name.span = name.span.union(&part.span);
    parser.next_token();
    parser.next_token();
    true
}

/// A text being read, and where things stand in it.
pub(crate) struct Source<'t> {
    pub(crate) text: &'t str,
    /// The words that begin a name, where names are not those of an event.
    roots: Option<Vec<String>>,
}

impl<'t> Source<'t> {
    /// A text about an event.
    pub(crate) fn of_event(text: &'t str) -> Self {
        Self { text, roots: None }
    }

    /// A text about columns whose names begin with these words.
    pub(crate) fn of_columns(text: &'t str, roots: Vec<String>) -> Self {
        Self { text, roots: Some(roots) }
    }

    fn dialect(&self) -> FabulaDialect {
        FabulaDialect { roots: self.roots.clone() }
    }

    /// Reads one expression.
    pub(crate) fn parse(&self) -> Result<Sql, ExprError> {
        self.parse_with(|parser| parser.parse_expr())
    }

    /// Reads expressions with commas between them, each of which may be named with `AS`.
    pub(crate) fn parse_list(&self) -> Result<Vec<SelectItem>, ExprError> {
        self.parse_with(|parser| parser.parse_comma_separated(|parser| parser.parse_select_item()))
    }

    fn parse_with<T>(&self, parse: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>) -> Result<T, ExprError> {
        if self.text.len() > MAX_TEXT {
            return Err(self.error(0..0, "the expression is longer than a megabyte"));
        }
        let tokens = self.tokens()?;
        self.check_nesting(&tokens)?;
        let dialect = self.dialect();
        let mut parser = Parser::new(&dialect).with_recursion_limit(PARSER_DEPTH).with_tokens_with_locations(tokens);
        let parsed = parse(&mut parser).map_err(|error| self.parser_error(&parser, &error))?;
        let rest = parser.peek_token();
        match rest.token {
            Token::EOF => Ok(parsed),
            token => Err(self.error(self.range(rest.span), format!("“{token}” does not belong here"))),
        }
    }

    /// The text's tokens.
    pub(crate) fn tokens(&self) -> Result<Vec<TokenWithSpan>, ExprError> {
        Tokenizer::new(&self.dialect(), self.text).tokenize_with_location().map_err(|error| {
            let at = self.offset(error.location);
            let message = error.message.trim_end_matches(" at").to_owned();
            let message = match message.as_str() {
                "Unterminated string literal" => "a text is not closed: a ' is missing".to_owned(),
                _ => lower_first(&message),
            };
            self.error(at..at, message)
        })
    }

    fn check_nesting(&self, tokens: &[TokenWithSpan]) -> Result<(), ExprError> {
        let nests = |token: &&TokenWithSpan| match &token.token {
            Token::Word(word) => {
                word.quote_style.is_none()
                    && matches!(
                        word.keyword,
                        Keyword::AND
                            | Keyword::OR
                            | Keyword::NOT
                            | Keyword::CASE
                            | Keyword::IS
                            | Keyword::LIKE
                            | Keyword::ILIKE
                            | Keyword::BETWEEN
                            | Keyword::IN
                            | Keyword::CAST
                            | Keyword::TRY_CAST
                            | Keyword::INTERVAL
                            | Keyword::COLLATE
                            | Keyword::AT
                            | Keyword::XOR
                            | Keyword::DIV
                            | Keyword::RLIKE
                            | Keyword::REGEXP
                            | Keyword::SIMILAR
                            | Keyword::PRIOR
                            | Keyword::NOTNULL
                            | Keyword::OVERLAPS
                    )
            }
            Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Comma
            | Token::Period
            | Token::Whitespace(_)
            | Token::RParen
            | Token::RBracket => false,
            _ => true,
        };
        match tokens.iter().filter(nests).nth(MAX_NESTING) {
            Some(token) => Err(self.error(self.range(token.span), format!("more than {MAX_NESTING} operators"))),
            None => Ok(()),
        }
    }

    fn parser_error(&self, parser: &Parser<'_>, error: &ParserError) -> ExprError {
        let message = match error {
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.as_str(),
            ParserError::RecursionLimitExceeded => "the expression is nested too deep",
        };
        let (message, place) = message.rsplit_once(" at Line: ").unwrap_or((message, ""));
        let at = place
            .split_once(", Column: ")
            .and_then(|(line, column)| Some(Location { line: line.parse().ok()?, column: column.parse().ok()? }))
            .map(|location| self.offset(location));
        let at = match at {
            Some(at) => self.word_at(at),
            None if message.ends_with("found: EOF") => self.text.len()..self.text.len(),
            None => self.range(parser.peek_token().span),
        };
        let message = match message.strip_prefix("Expected: ").and_then(|rest| rest.split_once(", found: ")) {
            Some((expected, "EOF")) => format!("{expected} is missing"),
            Some((expected, found)) => format!("{expected} is expected where “{found}” stands"),
            None if message.starts_with("No infix parser") => "this is no operator between two values".to_owned(),
            None => lower_first(message),
        };
        self.error(at, message)
    }

    /// The word that begins at a place.
    fn word_at(&self, at: usize) -> Range<usize> {
        let rest = self.text.get(at..).unwrap_or_default();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        at..at + length
    }

    pub(crate) fn error(&self, at: Range<usize>, message: impl Into<String>) -> ExprError {
        ExprError { message: message.into(), hint: None, at, text: self.text.to_owned() }
    }

    /// Where a location stands in the text, in bytes.
    fn offset(&self, location: Location) -> usize {
        if location.line == 0 {
            return self.text.len();
        }
        let line_start = match location.line {
            1 => 0,
            line => match self.text.match_indices('\n').nth(line as usize - 2) {
                Some((newline, _)) => newline + 1,
                None => return self.text.len(),
            },
        };
        let line = &self.text[line_start..];
        let column = (location.column as usize).saturating_sub(1);
        line_start + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
    }

    /// Where a span stands in the text, in bytes; the whole text if the parser doesn't know.
    pub(crate) fn range(&self, span: Span) -> Range<usize> {
        if span == Span::empty() {
            return if self.text.is_empty() { 0..0 } else { 0..self.text.len() };
        }
        let start = self.offset(span.start);
        start..self.offset(span.end).max(start)
    }
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
