//! Chosen fields of many JSON payloads as columns, in one walk over each payload and without building it.

use super::super::number::number_cell;
use super::super::{Cell, Path, Step};
use super::scan::{JsonError, JsonProblem, MAX_DEPTH, Scanner};

/// The fields wanted, as a tree that is walked along with the payload.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Which column takes the value that stands here.
    column: Option<usize>,
    fields: Vec<(Box<str>, Wanted)>,
    elements: Vec<(usize, Wanted)>,
}

impl Wanted {
    /// The tree of paths; the column of a path is its place in the list. Paths must differ from each other.
    pub(crate) fn new(paths: &[Path]) -> Self {
        let mut root = Self::default();
        for (column, path) in paths.iter().enumerate() {
            let mut node = &mut root;
            for step in path.steps() {
                node = match step {
                    Step::Field(name) => child(&mut node.fields, |known| **known == **name, || (**name).into()),
                    Step::Index(index) => child(&mut node.elements, |known| known == index, || *index),
                };
            }
            node.column = Some(column);
        }
        root
    }

    fn is_leaf(&self) -> bool {
        self.fields.is_empty() && self.elements.is_empty()
    }

    /// Reads one payload into `row`, which holds a cell a column, all missing.
    pub(crate) fn read<'a>(&self, payload: &'a [u8], row: &mut [Cell<'a>]) -> Result<(), JsonError> {
        let mut scanner = Scanner::new(payload)?;
        self.walk(&mut scanner, 0, row)?;
        scanner.finish()
    }

    fn walk<'a>(&self, scanner: &mut Scanner<'a>, depth: usize, row: &mut [Cell<'a>]) -> Result<(), JsonError> {
        if self.is_leaf() {
            return match self.column {
                Some(column) => take_cell(scanner, depth).map(|cell| row[column] = cell),
                None => scanner.skip(depth),
            };
        }
        let first = scanner.peek();
        let start = scanner.at();
        match first {
            b'{' | b'[' if depth >= MAX_DEPTH => return scanner.fail(JsonProblem::TooDeep),
            b'{' => self.walk_object(scanner, depth + 1, row)?,
            b'[' => self.walk_array(scanner, depth + 1, row)?,
            _ => {
                let cell = take_cell(scanner, depth)?;
                if let Some(column) = self.column {
                    row[column] = cell;
                }
                return Ok(());
            }
        }
        if let Some(column) = self.column {
            let text = scanner.since(start).into();
            row[column] = if first == b'{' { Cell::Object(text) } else { Cell::Array(text) };
        }
        Ok(())
    }

    fn walk_object<'a>(&self, scanner: &mut Scanner<'a>, depth: usize, row: &mut [Cell<'a>]) -> Result<(), JsonError> {
        scanner.expect(b'{')?;
        if scanner.take(b'}') {
            return Ok(());
        }
        loop {
            let key = scanner.key()?;
            match self.fields.iter().find(|(name, _)| key.is(name)) {
                Some((_, wanted)) => {
                    // Of a repeated key the last counts, so what an earlier one left must go.
                    match wanted.column.filter(|_| wanted.is_leaf()) {
                        Some(column) => row[column] = take_cell(scanner, depth)?,
                        None => {
                            wanted.forget(row);
                            wanted.walk(scanner, depth, row)?;
                        }
                    }
                }
                None => scanner.skip(depth)?,
            }
            if !scanner.take(b',') {
                return scanner.expect(b'}');
            }
        }
    }

    fn walk_array<'a>(&self, scanner: &mut Scanner<'a>, depth: usize, row: &mut [Cell<'a>]) -> Result<(), JsonError> {
        scanner.expect(b'[')?;
        if scanner.take(b']') {
            return Ok(());
        }
        for index in 0.. {
            match self.elements.iter().find(|(wanted, _)| *wanted == index) {
                Some((_, wanted)) => wanted.walk(scanner, depth, row)?,
                None => scanner.skip(depth)?,
            }
            if !scanner.take(b',') {
                break;
            }
        }
        scanner.expect(b']')
    }

    fn forget(&self, row: &mut [Cell<'_>]) {
        if let Some(column) = self.column {
            row[column] = Cell::Missing;
        }
        self.fields.iter().for_each(|(_, wanted)| wanted.forget(row));
        self.elements.iter().for_each(|(_, wanted)| wanted.forget(row));
    }
}

fn child<K>(children: &mut Vec<(K, Wanted)>, is_it: impl Fn(&K) -> bool, name: impl FnOnce() -> K) -> &mut Wanted {
    let at = children.iter().position(|(known, _)| is_it(known)).unwrap_or_else(|| {
        children.push((name(), Wanted::default()));
        children.len() - 1
    });
    &mut children[at].1
}

/// Takes a whole value as a cell; an array or object as its text.
fn take_cell<'a>(scanner: &mut Scanner<'a>, depth: usize) -> Result<Cell<'a>, JsonError> {
    match scanner.peek() {
        b'"' => {
            scanner.expect(b'"')?;
            Ok(Cell::Text(scanner.string()?.text()))
        }
        b'-' | b'0'..=b'9' => Ok(number_cell(scanner.number()?)),
        b't' => scanner.word("true").map(|()| Cell::Bool(true)),
        b'f' => scanner.word("false").map(|()| Cell::Bool(false)),
        b'n' => scanner.word("null").map(|()| Cell::Null),
        first => {
            let start = scanner.at();
            scanner.skip(depth)?;
            let text = scanner.since(start).into();
            Ok(if first == b'{' { Cell::Object(text) } else { Cell::Array(text) })
        }
    }
}
