//! What flows along each wire: the names that expressions may use, and the columns that they come to.
//!
//! A wire carries only the columns that somebody asks for. Asking is resolving a name: a node asks its input for what it
//! passes on, and so back to the topic, where a field is decoded only if a name led there.

use std::cell::RefCell;
use std::sync::Arc;

use crate::codec::{Path, Step};
use crate::expr::{NameError, Scope, Source, Type, most_similar};
use crate::pipeline::{Flow, quoted};
use crate::schema::{Kinds, TopicShape};

/// One column of a wire, by where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// A field of the topic's events.
    Field(Source),
    /// A column that the node makes, by its number.
    Own(usize),
    /// A column of the node's input, by its number in the list of inputs and its place there; of several inputs one each.
    Input(Vec<Option<usize>>),
    /// What stands inside of another column of the same wire.
    Inside(usize, Path),
}

/// A column that a node makes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Own {
    /// Its name as a person wrote it.
    pub(super) name: String,
    /// The name in steps, where it is a path.
    pub(super) path: Vec<Step>,
    /// What is known of its values.
    pub(super) of: Type,
}

impl Own {
    pub(super) fn new(name: &str, of: Type) -> Self {
        let path = match name.parse::<Path>() {
            Ok(path) if !path.is_root() => path.steps().to_vec(),
            _ => vec![Step::Field(name.into())],
        };
        Self { name: name.to_owned(), path, of }
    }
}

/// What the names on a wire are.
#[derive(Debug, Clone)]
pub(super) enum Space {
    /// An event's own; what the topic's samples show tells their types, where that is wanted.
    Event(Option<Arc<TopicShape>>),
    /// Those of the columns that the node makes, and behind them those of its input.
    Through(usize),
    /// Those of the columns that the node makes, and no others.
    Own,
    /// Two inputs', each behind its name.
    Sides([usize; 2]),
    /// Those that any of the inputs has.
    Merged(Vec<usize>),
}

/// One wire: what a node gives.
#[derive(Debug)]
pub(super) struct Wire {
    /// The node's name.
    pub(super) name: String,
    /// Whether it carries a stream or a table.
    pub(super) flow: Flow,
    pub(super) space: Space,
    pub(super) own: Vec<Own>,
    /// The columns that were asked for, in the order in which they were.
    pub(super) places: Vec<Place>,
    pub(super) types: Vec<Type>,
}

/// Every wire, in the order in which rows flow.
#[derive(Debug, Default)]
pub(super) struct Wires {
    pub(super) list: Vec<Wire>,
}

/// The roots of an event's names.
const EVENT_ROOTS: [&str; 9] =
    ["topic", "partition", "offset", "timestamp", "timestamp_type", "key", "value", "headers", "headers_all"];

impl Wires {
    /// The column that a name stands for on a wire.
    pub(super) fn resolve(&mut self, wire: usize, name: &[Step]) -> Result<(usize, Type), NameError> {
        if let Some(found) = self.own(wire, name) {
            return Ok(found);
        }
        match self.list[wire].space.clone() {
            Space::Event(shape) => {
                let source = event_field(name)?;
                let of = shape.as_deref().map_or_else(|| source.type_of(), |shape| type_in(shape, &source));
                Ok(self.column(wire, Place::Field(source), of))
            }
            Space::Through(input) => {
                let (column, of) = self.of_input(input, name)?;
                Ok(self.column(wire, Place::Input(vec![Some(column)]), of))
            }
            Space::Own => Err(self.unknown(wire, name)),
            Space::Sides(sides) => self.of_sides(wire, sides, name),
            Space::Merged(inputs) => {
                let found: Vec<_> = inputs.iter().map(|&input| self.resolve(input, name)).collect();
                let columns: Vec<Option<usize>> = found.iter().map(|found| found.as_ref().ok().map(|f| f.0)).collect();
                let mut types = found.iter().filter_map(|found| found.as_ref().ok().map(|(_, of)| *of));
                match types.next() {
                    None => found.into_iter().next().unwrap_or_else(|| Err(self.unknown(wire, name))),
                    Some(first) => {
                        let of = if types.all(|of| of == first) { first } else { Type::Any };
                        Ok(self.column(wire, Place::Input(columns), of))
                    }
                }
            }
        }
    }

    /// A name on the wire into a node: the input's names, which may also stand behind the input's own name.
    pub(super) fn of_input(&mut self, input: usize, name: &[Step]) -> Result<(usize, Type), NameError> {
        let found = self.resolve(input, name);
        match (&found, name) {
            (Err(_), [Step::Field(first), rest @ ..]) if **first == *self.list[input].name && !rest.is_empty() => {
                self.resolve(input, rest)
            }
            _ => found,
        }
    }

    /// A column that the node makes: by its whole name, or by its last part where no other ends so; or inside of one.
    fn own(&mut self, wire: usize, name: &[Step]) -> Option<(usize, Type)> {
        let own = &self.list[wire].own;
        let whole = own.iter().position(|own| own.path == name);
        let at = whole.or_else(|| {
            let mut ends = own.iter().enumerate().filter(|(_, own)| name.len() == 1 && own.path.last() == name.last());
            let first = ends.next().map(|(at, _)| at);
            first.filter(|_| ends.next().is_none())
        });
        if let Some(at) = at {
            let of = own[at].of;
            return Some(self.column(wire, Place::Own(at), of));
        }
        let (at, outer) = own.iter().enumerate().find(|(_, own)| name.starts_with(&own.path))?;
        let (inside, of) = (Path::new(name[outer.path.len()..].to_vec()), outer.of);
        let (outer, _) = self.column(wire, Place::Own(at), of);
        Some(self.column(wire, Place::Inside(outer, inside), Type::Any))
    }

    fn of_sides(&mut self, wire: usize, sides: [usize; 2], name: &[Step]) -> Result<(usize, Type), NameError> {
        let place = |side: usize, column: usize| {
            let mut columns = vec![None; 2];
            columns[side] = Some(column);
            Place::Input(columns)
        };
        let names = sides.map(|side| self.list[side].name.clone());
        if let [Step::Field(first), rest @ ..] = name
            && let Some(side) = names.iter().position(|known| **known == **first)
        {
            if rest.is_empty() {
                let message = format!("{first} is a whole row");
                return Err(NameError {
                    message,
                    hint: Some(format!("name a column of it, such as {}.key", quoted(first))),
                });
            }
            let (column, of) = self.resolve(sides[side], rest)?;
            return Ok(self.column(wire, place(side, column), of));
        }
        let found = sides.map(|side| self.resolve(side, name));
        match found {
            [Ok(_), Ok(_)] => Err(NameError {
                message: format!("both sides have “{}”", shown(name)),
                hint: Some(format!("write {}.{1} or {2}.{1}", quoted(&names[0]), shown(name), quoted(&names[1]))),
            }),
            [Ok((column, of)), Err(_)] => Ok(self.column(wire, place(0, column), of)),
            [Err(_), Ok((column, of))] => Ok(self.column(wire, place(1, column), of)),
            [Err(_), Err(_)] => Err(self.unknown(wire, name)),
        }
    }

    fn unknown(&self, wire: usize, name: &[Step]) -> NameError {
        let known = self.known(wire);
        let written = shown(name);
        let hint = match most_similar(&written, known.iter().map(String::as_str)) {
            Some(similar) => Some(format!("did you mean {similar}?")),
            None if known.is_empty() => None,
            None => Some(format!("there are {}", known.join(", "))),
        };
        NameError { message: format!("unknown name “{written}”"), hint }
    }

    /// Names that a person may have meant.
    fn known(&self, wire: usize) -> Vec<String> {
        let Wire { space, own, .. } = &self.list[wire];
        let mut known: Vec<String> = own.iter().map(|own| own.name.clone()).collect();
        match space {
            Space::Event(_) => known.extend(EVENT_ROOTS.map(str::to_owned)),
            Space::Through(input) => known.extend(self.known(*input)),
            Space::Own => {}
            Space::Sides(sides) => {
                for &side in sides {
                    let name = quoted(&self.list[side].name);
                    known.extend(self.known(side).into_iter().map(|inner| format!("{name}.{inner}")));
                }
            }
            Space::Merged(inputs) => inputs.iter().for_each(|&input| known.extend(self.known(input))),
        }
        known
    }

    /// The words that may begin a name on a wire.
    fn roots(&self, wire: usize) -> Vec<String> {
        let Wire { name, space, own, .. } = &self.list[wire];
        let mut roots = vec![name.clone()];
        for path in own.iter().map(|own| &own.path) {
            roots.extend([path.first(), path.last()].into_iter().flatten().filter_map(|step| match step {
                Step::Field(name) => Some(name.to_string()),
                Step::Index(_) => None,
            }));
        }
        match space {
            Space::Event(_) => roots.extend(EVENT_ROOTS.map(str::to_owned)),
            Space::Through(input) => roots.extend(self.roots(*input)),
            Space::Own => {}
            Space::Sides(sides) => sides.iter().for_each(|&side| roots.extend(self.roots(side))),
            Space::Merged(inputs) => inputs.iter().for_each(|&input| roots.extend(self.roots(input))),
        }
        roots
    }

    /// A column of a wire, which it has from now on.
    pub(super) fn column(&mut self, wire: usize, place: Place, of: Type) -> (usize, Type) {
        let wire = &mut self.list[wire];
        let at = wire.places.iter().position(|known| *known == place).unwrap_or_else(|| {
            wire.places.push(place);
            wire.types.push(of);
            wire.places.len() - 1
        });
        (at, wire.types[at])
    }
}

fn shown(name: &[Step]) -> String {
    Path::new(name.to_vec()).to_string()
}

/// What the samples of a topic tell about a field.
fn type_in(shape: &TopicShape, source: &Source) -> Type {
    let (side, path) = match source {
        Source::Key(path) => (&shape.key, path),
        Source::Value(path) => (&shape.value, path),
        source => return source.type_of(),
    };
    let kinds = if path.is_root() { Some(side.kinds()) } else { side.field(path).map(|field| field.kinds) };
    let Some(kinds) = kinds.map(|kinds| kinds.without(Kinds::NULL)) else { return Type::Any };
    let numbers = Kinds::INTEGER.union(Kinds::DECIMAL).union(Kinds::FLOAT);
    for (family, of) in [(numbers, Type::Number), (Kinds::TEXT, Type::Text), (Kinds::BOOL, Type::Bool)] {
        if kinds.intersects(family) && kinds.without(family).is_empty() {
            return of;
        }
    }
    Type::Any
}

/// The field of an event that a name stands for.
fn event_field(name: &[Step]) -> Result<Source, NameError> {
    let refused = |message: String, hint: &str| NameError { message, hint: Some(hint.to_owned()) };
    let Some((Step::Field(root), rest)) = name.split_first() else {
        return Err(refused("a name begins with a word".to_owned(), "such as value.amount"));
    };
    let header = |wrap: fn(String) -> Source| match rest {
        [Step::Field(name)] => Ok(wrap(name.to_string())),
        _ => Err(refused("which header?".to_owned(), "write headers.source, or headers['any name']")),
    };
    let plain = match &**root {
        "topic" => Source::Topic,
        "partition" => Source::Partition,
        "offset" => Source::Offset,
        "timestamp" => Source::Timestamp,
        "timestamp_type" => Source::TimestampType,
        "key" => return Ok(Source::Key(Path::new(rest.to_vec()))),
        "value" => return Ok(Source::Value(Path::new(rest.to_vec()))),
        "headers" => return header(Source::Header),
        "headers_all" => return header(Source::Headers),
        _ => {
            let hint = match most_similar(root, EVENT_ROOTS) {
                Some(similar) => format!("did you mean {similar}?"),
                None => format!("a field of the value is written value.{}", shown(name)),
            };
            return Err(NameError { message: format!("unknown name “{}”", shown(name)), hint: Some(hint) });
        }
    };
    if rest.is_empty() { Ok(plain) } else { Err(refused(format!("{plain} has no fields"), "leave the rest out")) }
}

/// The names of the wire into a node.
pub(super) struct InputScope<'w> {
    pub(super) wires: &'w RefCell<Wires>,
    pub(super) wire: usize,
}

impl Scope for InputScope<'_> {
    fn roots(&self) -> Vec<String> {
        self.wires.borrow().roots(self.wire)
    }

    fn column(&self, name: &[Step]) -> Result<(usize, Type), NameError> {
        self.wires.borrow_mut().of_input(self.wire, name)
    }
}

/// The names of an aggregate's groups: its `by` columns, and the window's ends behind them.
pub(super) struct GroupScope<'g> {
    pub(super) columns: &'g [Own],
}

impl Scope for GroupScope<'_> {
    fn roots(&self) -> Vec<String> {
        let first = |own: &Own| match own.path.first() {
            Some(Step::Field(name)) => Some(name.to_string()),
            _ => None,
        };
        self.columns.iter().filter_map(first).collect()
    }

    fn column(&self, name: &[Step]) -> Result<(usize, Type), NameError> {
        let found = self.columns.iter().position(|own| own.path == name);
        let found =
            found.or_else(|| self.columns.iter().position(|own| name.len() == 1 && own.path.last() == name.last()));
        found.map(|at| (at, self.columns[at].of)).ok_or_else(|| NameError {
            message: format!("“{}” is of many rows", shown(name)),
            hint: Some(format!("put it in an aggregate, such as last({0}), or in by", shown(name))),
        })
    }
}
