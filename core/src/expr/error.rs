//! What is wrong with an expression, and where in its text.

use std::fmt;
use std::ops::Range;

/// What is wrong with an expression, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprError {
    /// What is wrong, in a line.
    pub message: String,
    /// What to write instead, where there is an idea.
    pub hint: Option<String>,
    /// The part of the text that is wrong, in bytes; empty at a place where something is missing.
    pub at: Range<usize>,
    /// The whole text.
    pub text: String,
}

impl std::error::Error for ExprError {}

impl ExprError {
    /// The column of the line in which the error stands, in characters from 1.
    pub fn column(&self) -> usize {
        self.text[self.line().start..self.at.start].chars().count() + 1
    }

    fn line(&self) -> Range<usize> {
        let start = self.text[..self.at.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[start..].find('\n').map_or(self.text.len(), |length| start + length);
        start..end
    }

    /// The line of the text, with carets under the wrong part.
    pub fn pointed(&self) -> String {
        let line = self.line();
        let wrong = self.at.start..self.at.end.clamp(self.at.start, line.end.max(self.at.start));
        let carets = self.text[wrong].chars().count().max(1);
        let text = self.text[line].replace(['\t', '\r'], " ");
        format!("{text}\n{}{}", " ".repeat(self.column() - 1), "^".repeat(carets))
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at column {}", self.message, self.column())?;
        match &self.hint {
            Some(hint) => write!(f, ": {hint}"),
            None => Ok(()),
        }
    }
}

/// The most similar of some names, if one is similar enough to have been meant.
pub(crate) fn most_similar<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let furthest = name.chars().count() / 3 + 1;
    let distance = |candidate: &str| crate::log::plan::edit_distance(&candidate.to_lowercase(), &name.to_lowercase());
    names
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance <= furthest && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}
