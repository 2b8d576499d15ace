//! A value as a tree: which of its nodes are seen, opened or shut, without laying out the others.

use std::collections::{BTreeMap, BTreeSet};

use fabula_core::codec::{Path, Step, Value};

/// How many children of a container are shown before a person asks for more.
const FIRST_SHOWN: usize = 200;
/// How many more are shown then.
const MORE_SHOWN: usize = 2_000;
/// Containers up to this depth, and with no more children than this, are open at first.
const OPEN_DEPTH: usize = 2;
const OPEN_CHILDREN: usize = 40;

/// The way to a node: which child of the root, which child of that, and so on.
pub type NodePath = Vec<u32>;

/// One line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeRow {
    /// A node.
    Node {
        /// The way to it.
        path: NodePath,
        /// Whether its children are shown below; `None` if it has none to show.
        open: Option<bool>,
    },
    /// There are more children than are shown.
    More {
        /// The way to their parent.
        parent: NodePath,
        /// How many are not shown.
        hidden: usize,
    },
}

/// What a person opened and shut.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    toggled: BTreeSet<NodePath>,
    shown: BTreeMap<NodePath, usize>,
    rows: Vec<TreeRow>,
}

impl Tree {
    /// A tree as it is first seen.
    pub fn of(value: &Value) -> Self {
        let mut tree = Self::default();
        tree.lay_out(value);
        tree
    }

    /// The lines, from the root down.
    pub fn rows(&self) -> &[TreeRow] {
        &self.rows
    }

    /// Opens a shut node, shuts an open one.
    pub fn toggle(&mut self, value: &Value, path: &NodePath) {
        if !self.toggled.remove(path) {
            self.toggled.insert(path.clone());
        }
        self.lay_out(value);
    }

    /// Shows more of a container's children.
    pub fn show_more(&mut self, value: &Value, parent: &NodePath) {
        *self.shown.entry(parent.clone()).or_insert(FIRST_SHOWN) += MORE_SHOWN;
        self.lay_out(value);
    }

    fn lay_out(&mut self, value: &Value) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        self.add(value, Vec::new(), &mut rows);
        self.rows = rows;
    }

    fn add(&self, value: &Value, path: NodePath, rows: &mut Vec<TreeRow>) {
        let children = child_count(value);
        let open = (children > 0).then(|| {
            let at_first = path.is_empty() || path.len() < OPEN_DEPTH && children <= OPEN_CHILDREN;
            at_first != self.toggled.contains(&path)
        });
        // The root is open or shut by its own heading, and has no line.
        if !path.is_empty() || children == 0 {
            rows.push(TreeRow::Node { path: path.clone(), open });
        }
        if open != Some(true) {
            return;
        }
        let shown = self.shown.get(&path).copied().unwrap_or(FIRST_SHOWN).min(children);
        for nth in 0..shown {
            if let Some(child) = child(value, nth) {
                let mut below = path.clone();
                below.push(nth as u32);
                self.add(child, below, rows);
            }
        }
        if shown < children {
            rows.push(TreeRow::More { parent: path, hidden: children - shown });
        }
    }
}

/// How many children a value has.
pub fn child_count(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.len(),
        Value::Object(entries) => entries.len(),
        _ => 0,
    }
}

fn child(value: &Value, nth: usize) -> Option<&Value> {
    match value {
        Value::Array(elements) => elements.get(nth),
        Value::Object(entries) => entries.get(nth).map(|(_, value)| value),
        _ => None,
    }
}

/// The node at the end of a way.
pub fn node<'v>(root: &'v Value, path: &[u32]) -> Option<&'v Value> {
    path.iter().try_fold(root, |value, nth| child(value, *nth as usize))
}

/// The name under which a node stands in its parent: a field's name, an element's number.
pub fn label(root: &Value, path: &[u32]) -> String {
    let Some((last, parent)) = path.split_last() else { return String::new() };
    match node(root, parent) {
        Some(Value::Object(entries)) => entries.get(*last as usize).map(|(name, _)| name.clone()).unwrap_or_default(),
        _ => last.to_string(),
    }
}

/// The way to a node as an expression names it.
pub fn field_path(root: &Value, path: &[u32]) -> Path {
    Path::new((1..=path.len()).map(|depth| match node(root, &path[..depth - 1]) {
        Some(Value::Object(_)) => Step::Field(label(root, &path[..depth]).into()),
        _ => Step::Index(path[depth - 1] as usize),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabula_core::codec::json::parse;

    fn value() -> Value {
        parse(br#"{"a": 1, "b": {"c": [10, 20], "d": {}}, "e": null}"#).unwrap()
    }

    fn lines(tree: &Tree, value: &Value) -> Vec<String> {
        tree.rows()
            .iter()
            .map(|row| match row {
                TreeRow::Node { path, .. } => field_path(value, path).to_string(),
                TreeRow::More { hidden, .. } => format!("{hidden} more"),
            })
            .collect()
    }

    #[test]
    fn a_tree_opens_and_shuts() {
        let value = value();
        let mut tree = Tree::of(&value);
        assert_eq!(lines(&tree, &value), ["a", "b", "b.c", "b.d", "e"]);
        tree.toggle(&value, &vec![1, 0]);
        assert_eq!(lines(&tree, &value), ["a", "b", "b.c", "b.c[0]", "b.c[1]", "b.d", "e"]);
        tree.toggle(&value, &vec![1]);
        assert_eq!(lines(&tree, &value), ["a", "b", "e"]);
    }

    #[test]
    fn a_huge_array_is_laid_out_bit_by_bit() {
        let value = Value::Array(vec![Value::Int(1); 1_000_000]);
        let mut tree = Tree::of(&value);
        assert_eq!(tree.rows().len(), FIRST_SHOWN + 1);
        tree.show_more(&value, &Vec::new());
        assert_eq!(tree.rows().len(), FIRST_SHOWN + MORE_SHOWN + 1);
        assert_eq!(
            tree.rows().last(),
            Some(&TreeRow::More { parent: Vec::new(), hidden: 1_000_000 - FIRST_SHOWN - MORE_SHOWN })
        );
    }

    #[test]
    fn a_scalar_is_a_tree_of_one_line() {
        assert_eq!(Tree::of(&Value::Int(5)).rows().len(), 1);
    }
}
