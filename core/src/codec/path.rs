//! Where a field stands inside a payload: `customer.address[0].city`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// One step into a payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Into an object's field.
    Field(Arc<str>),
    /// Into an array's element, from 0.
    Index(usize),
}

/// The way to a field from the top of a payload. Empty is the payload itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Path(Vec<Step>);

/// A text that is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a path: write field.field[0].\"any name\"")]
pub struct PathError(String);

impl Path {
    /// The payload itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// From its steps.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().collect())
    }

    /// The path one field further in.
    pub fn field(&self, name: impl Into<Arc<str>>) -> Self {
        self.step(Step::Field(name.into()))
    }

    /// The path one array element further in.
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the payload itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a name can stand in a path, and in an expression, without quotes.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Field(name) => {
                    if at > 0 {
                        f.write_str(".")?;
                    }
                    if is_plain_name(name) {
                        f.write_str(name)?;
                    } else {
                        write!(f, "\"{}\"", name.replace('"', "\"\""))?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let refused = || PathError(text.to_owned());
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let close = inside.find(']').ok_or_else(refused)?;
                steps.push(Step::Index(inside[..close].parse().map_err(|_| refused())?));
                rest = &inside[close + 1..];
                continue;
            }
            if !steps.is_empty() {
                rest = rest.strip_prefix('.').ok_or_else(refused)?;
            }
            let (name, after) = take_name(rest).ok_or_else(refused)?;
            steps.push(Step::Field(name.into()));
            rest = after;
        }
        Ok(Self(steps))
    }
}

fn take_name(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', '[', '"']).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        if char != '"' {
            name.push(char);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            return Some((name, &quoted[at + 1..]));
        }
    }
    None
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.to_string()
    }
}

impl TryFrom<String> for Path {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_written_as_in_an_expression() {
        let path = Path::root().field("items").index(0).field("net price");
        assert_eq!(path.to_string(), "items[0].\"net price\"");
        assert!("a..b".parse::<Path>().is_err());
        assert!("a[x]".parse::<Path>().is_err());
        assert!("\"open".parse::<Path>().is_err());
    }

    proptest! {
        #[test]
        fn every_path_reads_back(steps in prop::collection::vec(
            prop_oneof![".{1,8}".prop_map(|name| Step::Field(name.into())), any::<usize>().prop_map(Step::Index)], 0..6
        )) {
            let path = Path::new(steps);
            prop_assert_eq!(path.to_string().parse::<Path>(), Ok(path));
        }
    }
}
