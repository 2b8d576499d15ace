//! A place in an event whose value may tie it to others.

use std::fmt;
use std::str::FromStr;

use crate::codec::{Path, is_plain_name};

/// A place in an event, written as in an expression: `key`, `value.order_id`, `headers.correlationid`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Field {
    /// A header's value; names are told apart without regard to case.
    Header(String),
    /// The key, or a field of it.
    Key(Path),
    /// The value, or a field of it.
    Value(Path),
}

/// A text that names no place in an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” names no field: write key, key.field, value.field, headers.name or headers['any name']")]
pub struct FieldError(String);

impl Field {
    /// The last name on the way to the field; empty for a whole key or value.
    pub fn name(&self) -> &str {
        match self {
            Self::Header(name) => name,
            Self::Key(path) | Self::Value(path) => match path.steps().last() {
                Some(crate::codec::Step::Field(name)) => name,
                _ => "",
            },
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = |f: &mut fmt::Formatter<'_>, root: &str, path: &Path| match path.to_string() {
            path if path.is_empty() || path.starts_with('[') => write!(f, "{root}{path}"),
            path => write!(f, "{root}.{path}"),
        };
        match self {
            Self::Header(name) if is_plain_name(name) => write!(f, "headers.{name}"),
            Self::Header(name) => write!(f, "headers['{}']", name.replace('\'', "''")),
            Self::Key(path) => inside(f, "key", path),
            Self::Value(path) => inside(f, "value", path),
        }
    }
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let refused = || FieldError(text.to_owned());
        let inside = |rest: &str| -> Result<Path, FieldError> {
            let rest = match rest.strip_prefix('.') {
                Some("") => return Err(refused()),
                Some(path) => path,
                None if rest.is_empty() || rest.starts_with('[') => rest,
                None => return Err(refused()),
            };
            rest.parse().map_err(|_| refused())
        };
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("headers") {
            let quoted = rest.strip_prefix("['").and_then(|rest| rest.strip_suffix("']"));
            return match (quoted, rest.strip_prefix('.')) {
                (Some(name), _) if !name.is_empty() => Ok(Self::Header(name.replace("''", "'"))),
                (None, Some(name)) if !name.is_empty() => Ok(Self::Header(name.trim_matches('"').to_owned())),
                _ => Err(refused()),
            };
        }
        match (text.strip_prefix("key"), text.strip_prefix("value")) {
            (Some(rest), _) => Ok(Self::Key(inside(rest)?)),
            (_, Some(rest)) => Ok(Self::Value(inside(rest)?)),
            _ => Err(refused()),
        }
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.to_string()
    }
}

impl TryFrom<String> for Field {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_written_as_in_an_expression_and_reads_back() {
        let written = ["key", "key.id", "value.a.b", "headers.correlationid", "headers['x-id']", "value.\"a b\".c"];
        for text in written {
            assert_eq!(text.parse::<Field>().map(|field| field.to_string()), Ok(text.to_owned()));
        }
        for wrong in ["", "keys", "value.", "order_id", "headers", "headers.", "values.x"] {
            assert!(wrong.parse::<Field>().is_err(), "{wrong}");
        }
    }
}
