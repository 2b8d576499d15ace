//! Names by number.

use std::sync::Arc;

/// Names by number, in the order in which they were first said.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    names: Vec<Arc<str>>,
    numbers: rustc_hash::FxHashMap<Arc<str>, u16>,
}

impl Names {
    /// The number of a name. When all numbers are taken, further names share the last.
    pub(super) fn number(&mut self, name: &str) -> u16 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let full = self.names.len() >= usize::from(u16::MAX);
        let name: Arc<str> = if full { "(others)".into() } else { name.into() };
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        let number = self.names.len() as u16;
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    pub(super) fn all(&self) -> &[Arc<str>] {
        &self.names
    }
}
