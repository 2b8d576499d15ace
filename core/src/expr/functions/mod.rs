//! The functions that an expression can call.
//!
//! Unless its table says otherwise, a function of null is null, and a function of something of another kind than it
//! takes is null too, and counted as a mismatch.

mod number;
mod text;
mod time;

use super::node::Type;
use crate::codec::{Cell, Fault};

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What it takes.
    pub parameters: &'static [Type],
    /// How many of the last parameters may be left out.
    pub optional: usize,
    /// Whether the last parameter may be repeated.
    pub repeats: bool,
    /// What it gives.
    pub result: Type,
    /// Whether it wants to see nulls.
    pub(crate) sees_nulls: bool,
    pub(crate) run: Run,
    /// What it is for, in a line.
    pub about: &'static str,
}

pub(crate) type Run = for<'a> fn(&[&Cell<'a>]) -> Cell<'a>;

/// A function that takes all that it lists, and no null.
const fn function(
    name: &'static str,
    parameters: &'static [Type],
    result: Type,
    run: Run,
    about: &'static str,
) -> Function {
    Function { name, parameters, optional: 0, repeats: false, result, sees_nulls: false, run, about }
}

impl Function {
    /// Every function, by name.
    pub fn all() -> Vec<&'static Self> {
        let mut all: Vec<&Self> = text::FUNCTIONS.iter().chain(number::FUNCTIONS).chain(time::FUNCTIONS).collect();
        all.sort_by_key(|function| function.name);
        all
    }

    /// The function of a name, in whatever case.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        let name = name.to_ascii_lowercase();
        let name = SYNONYMS.iter().find(|(synonym, _)| *synonym == name).map_or(&*name, |(_, name)| name);
        text::FUNCTIONS.iter().chain(number::FUNCTIONS).chain(time::FUNCTIONS).find(|function| function.name == name)
    }

    /// How it is called: `substring(text, number[, number])`.
    pub fn signature(&self) -> String {
        let kind = |of: &Type| match of {
            Type::Any | Type::Null => "any",
            Type::Bool => "condition",
            Type::Number => "number",
            Type::Text => "text",
            Type::Time => "timestamp",
        };
        let required = self.parameters.len() - self.optional;
        let mut list = self.parameters[..required].iter().map(kind).collect::<Vec<_>>().join(", ");
        for optional in &self.parameters[required..] {
            list.push_str(&format!("[, {}]", kind(optional)));
        }
        format!("{}({list}{})", self.name, if self.repeats { ", …" } else { "" })
    }

    /// Whether it takes so many arguments.
    pub(crate) fn takes(&self, arguments: usize) -> bool {
        arguments >= self.parameters.len() - self.optional && (self.repeats || arguments <= self.parameters.len())
    }

    /// What the parameter at a place takes.
    pub(crate) fn parameter(&self, at: usize) -> Type {
        self.parameters.get(at).or(self.parameters.last()).copied().unwrap_or(Type::Any)
    }

    /// Calls it for one row. `mismatched` is set if an argument is of a kind that it does not take.
    pub(crate) fn call<'a>(&self, arguments: &[&Cell<'a>], mismatched: &mut bool) -> Cell<'a> {
        for (at, argument) in arguments.iter().enumerate() {
            match argument {
                Cell::Failed(fault) => return Cell::Failed(*fault),
                null if null.is_null() => {
                    if !self.sees_nulls {
                        return Cell::Null;
                    }
                }
                cell => {
                    if !self.parameter(at).holds(cell) {
                        *mismatched = true;
                        return Cell::Null;
                    }
                }
            }
        }
        (self.run)(arguments)
    }
}

const SYNONYMS: [(&str, &str); 13] = [
    ("char_length", "length"),
    ("character_length", "length"),
    ("len", "length"),
    ("lcase", "lower"),
    ("ucase", "upper"),
    ("substr", "substring"),
    ("strpos", "position"),
    ("pow", "power"),
    ("ceiling", "ceil"),
    ("prefix", "starts_with"),
    ("suffix", "ends_with"),
    ("datetrunc", "date_trunc"),
    ("datepart", "date_part"),
];

/// A text argument. (What is no text never gets here.)
fn text_of<'c>(cell: &'c Cell<'_>) -> &'c str {
    cell.as_text().unwrap_or_default()
}

/// A whole number as an argument, held at the ends of i64.
fn int_of(cell: &Cell<'_>) -> Result<i64, Fault> {
    match cell {
        Cell::Int(int) => Ok(*int),
        number => match super::cast::to_integer(number) {
            Cell::Int(int) => Ok(int),
            _ => Err(Fault::Argument("a whole number is out of range")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_every_synonym_leads_somewhere() {
        let names: Vec<_> = Function::all().iter().map(|function| function.name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        assert!(SYNONYMS.iter().all(|(synonym, name)| !names.contains(synonym) && names.contains(name)));
    }
}
