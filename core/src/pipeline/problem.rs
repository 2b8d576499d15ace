//! What is wrong with a pipeline, and where.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong with a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The node that it concerns; `None` for the file as a whole.
    pub node: Option<String>,
    /// The setting of the node, as in the file: `where`, `select.revenue`, `window.size`, `on[0]`.
    pub setting: Option<String>,
    /// What is wrong, in a line.
    pub message: String,
    /// What to do about it, where there is an idea.
    pub hint: Option<String>,
    /// The part of the setting's text that is wrong, in bytes.
    pub within: Option<Range<usize>>,
    /// The line of the file, from 1, where it is known.
    pub line: Option<usize>,
}

impl Problem {
    /// Something that is wrong with a node.
    pub fn of_node(node: &str, message: impl Into<String>) -> Self {
        Self { node: Some(node.to_owned()), ..Self::of_file(message) }
    }

    /// Something that is wrong with a setting of a node.
    pub fn of_setting(node: &str, setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self { setting: Some(setting.into()), ..Self::of_node(node, message) }
    }

    /// Something that is wrong with the whole.
    pub fn of_file(message: impl Into<String>) -> Self {
        Self { node: None, setting: None, message: message.into(), hint: None, within: None, line: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Problem {
    /// `line 12, settled.where: unknown name “amont” (did you mean amount?)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
        }
        let separator = if self.line.is_some() { ", " } else { "" };
        match (&self.node, &self.setting) {
            (Some(node), Some(setting)) => write!(f, "{separator}{node}.{setting}: ")?,
            (Some(node), None) => write!(f, "{separator}{node}: ")?,
            (None, _) if self.line.is_some() => f.write_str(": ")?,
            (None, _) => {}
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}
