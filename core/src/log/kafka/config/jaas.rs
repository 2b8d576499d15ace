//! `sasl.jaas.config`: a login module with its options, as Java clients have it.

use std::collections::BTreeMap;

use crate::log::LogError;

/// The first entry of a JAAS configuration.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Login {
    /// The login module's class without its package.
    pub module: String,
    pub options: BTreeMap<String, String>,
}

/// Reads `a.b.Module required name="value" …;`. Values may be quoted with either quote, with backslash escapes within.
pub(super) fn parse(text: &str) -> Result<Login, LogError> {
    let mut words = Words { rest: text };
    let module = words.next_word()?.ok_or_else(|| refused("it is empty"))?;
    let module = module.rsplit('.').next().unwrap_or_default().to_owned();
    let flag = words.next_word()?.unwrap_or_default();
    if !["required", "requisite", "sufficient", "optional"].contains(&flag.to_ascii_lowercase().as_str()) {
        return Err(refused("the login module must be followed by “required”"));
    }
    let mut options = BTreeMap::new();
    while let Some(name) = words.next_word()? {
        if !words.takes('=') {
            return Err(refused(&format!("option {name} has no value")));
        }
        let value = words.next_word()?.ok_or_else(|| refused(&format!("option {name} has no value")))?;
        options.insert(name, value);
    }
    Ok(Login { module, options })
}

fn refused(reason: &str) -> LogError {
    LogError::Configuration { name: "sasl.jaas.config".into(), reason: reason.to_owned() }
}

struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// The next word or quoted text; `None` at the semicolon or the end.
    fn next_word(&mut self) -> Result<Option<String>, LogError> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next() {
            None | Some(';') => Ok(None),
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(Some),
            Some(_) => {
                let end = self.rest.find(|char: char| char.is_whitespace() || char == '=' || char == ';');
                let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                self.rest = rest;
                Ok(Some(word.to_owned()))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, LogError> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, char)) = chars.next() {
            match char {
                '\\' => text.push(match chars.next().map(|(_, escaped)| escaped) {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some(other) => other,
                    None => break,
                }),
                char if char == quote => {
                    self.rest = &self.rest[at + char.len_utf8()..];
                    return Ok(text);
                }
                char => text.push(char),
            }
        }
        Err(refused("a quote is not closed"))
    }

    fn takes(&mut self, char: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(char) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(options: &[(&str, &str)]) -> BTreeMap<String, String> {
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn quotes_and_escapes_are_read() {
        let text = r#"org.apache.kafka.common.security.plain.PlainLoginModule required
                      username="al;ice" password='p"\\=\'w' ;"#;
        let login = parse(text).unwrap();
        assert_eq!(login.module, "PlainLoginModule");
        assert_eq!(login.options, options(&[("username", "al;ice"), ("password", r#"p"\='w"#)]));
    }

    #[test]
    fn what_is_not_jaas_is_refused_with_a_reason_that_shows_no_value() {
        for text in ["", "Module", "Module required password", "Module required password=\"open"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("setting sasl.jaas.config: ") && !error.contains("open\""), "{error}");
        }
    }
}
