//! The shape of a topic's events, as the events show it.
//!
//! A [`TopicShape`] is grown from samples: which fields keys and values have, of which kinds, and in how many of the
//! events; and which headers there are. It serves completion in the search bar, advice on expressions, and the choice
//! of columns. It is a picture of what was seen, never a promise about what will come.

mod sample;

use crate::codec::{Decoded, Path, Step, TopicCodecs, Value};
use crate::event::EventRef;

pub use sample::{Sample, codecs_of};

/// How deep a payload is looked into.
const MAX_DEPTH: usize = 16;
/// How many different fields of one object are told apart; an object with more is a map, whose keys are data.
const MAX_FIELDS: usize = 200;
/// How many fields a shape has at most.
const MAX_PATHS: usize = 4_000;
/// How many elements of an array are looked at.
const MAX_ELEMENTS: usize = 8;

/// The kinds of value that a field was seen with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u16);

impl Kinds {
    /// JSON's null.
    pub const NULL: Self = Self(1);
    /// True or false.
    pub const BOOL: Self = Self(1 << 1);
    /// An integer.
    pub const INTEGER: Self = Self(1 << 2);
    /// A number with a fraction or an exponent, or too long for an integer of 64 bits.
    pub const DECIMAL: Self = Self(1 << 3);
    /// A binary float.
    pub const FLOAT: Self = Self(1 << 4);
    /// Text.
    pub const TEXT: Self = Self(1 << 5);
    /// Bytes.
    pub const BYTES: Self = Self(1 << 6);
    /// An array.
    pub const ARRAY: Self = Self(1 << 7);
    /// An object.
    pub const OBJECT: Self = Self(1 << 8);

    const NAMES: [&'static str; 9] =
        ["null", "boolean", "integer", "decimal", "float", "text", "bytes", "array", "object"];

    /// The kind of one value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOL,
            Value::Int(_) => Self::INTEGER,
            Value::Number(_) => Self::DECIMAL,
            Value::Float(_) => Self::FLOAT,
            Value::String(_) => Self::TEXT,
            Value::Bytes(_) => Self::BYTES,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// The kinds of both.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any kind of `other` is among these.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds without those of `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds' names, simplest first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| name)
    }
}

impl std::fmt::Display for Kinds {
    /// `integer`, `integer or text`, `null, integer or text`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.names().collect();
        match names.split_last() {
            None => Ok(()),
            Some((last, [])) => f.write_str(last),
            Some((last, others)) => write!(f, "{} or {last}", others.join(", ")),
        }
    }
}

/// What was seen at one place of a payload.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    step: Step,
    kinds: Kinds,
    present: u64,
    /// The last sample that showed the place, so that several elements of one array count once.
    seen_in: u64,
    places: Vec<Place>,
}

/// One field of a shape.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldShape {
    /// Where it stands. An array's elements are all described at `[0]`.
    pub path: Path,
    /// The kinds that it was seen with.
    pub kinds: Kinds,
    /// In how many of the samples it was there, null or not.
    pub present: u64,
}

/// The fields of one side (keys or values) of a topic.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    root: Vec<Place>,
    kinds: Kinds,
    samples: u64,
    nulls: u64,
    undecodable: u64,
    paths: usize,
    cut: bool,
}

impl Shape {
    /// Takes in one payload.
    pub fn add(&mut self, payload: &Decoded) {
        self.samples += 1;
        match payload {
            Decoded::Null => self.nulls += 1,
            Decoded::Empty => self.kinds = self.kinds.union(Kinds::TEXT),
            Decoded::Undecodable(_) => self.undecodable += 1,
            Decoded::Value(value) => {
                self.kinds = self.kinds.union(Kinds::of(value));
                let mut growth = Growth { sample: self.samples, paths: &mut self.paths, cut: &mut self.cut };
                growth.look_into(&mut self.root, value, 0);
            }
        }
    }

    /// How many payloads were taken in.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// How many of them were null.
    pub fn nulls(&self) -> u64 {
        self.nulls
    }

    /// How many of them were not of their format.
    pub fn undecodable(&self) -> u64 {
        self.undecodable
    }

    /// The kinds that whole payloads were.
    pub fn kinds(&self) -> Kinds {
        self.kinds
    }

    /// Whether there were more fields than a shape holds, so that some are not described.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Every field, in the order in which they were first seen, outer before inner.
    pub fn fields(&self) -> Vec<FieldShape> {
        fn walk(places: &[Place], parent: &Path, fields: &mut Vec<FieldShape>) {
            for place in places {
                let path = match &place.step {
                    Step::Field(name) => parent.field(name.clone()),
                    Step::Index(index) => parent.index(*index),
                };
                fields.push(FieldShape { path: path.clone(), kinds: place.kinds, present: place.present });
                walk(&place.places, &path, fields);
            }
        }
        let mut fields = Vec::new();
        walk(&self.root, &Path::root(), &mut fields);
        fields
    }

    /// What is known of the field at a path. Any array index finds what is known of its array's elements.
    pub fn field(&self, path: &Path) -> Option<FieldShape> {
        let (mut places, mut found) = (&self.root, None);
        for step in path.steps() {
            let wanted = match step {
                Step::Index(_) => Step::Index(0),
                field => field.clone(),
            };
            let place = places.iter().find(|place| place.step == wanted)?;
            (places, found) = (&place.places, Some(place));
        }
        found.map(|place| FieldShape { path: path.clone(), kinds: place.kinds, present: place.present })
    }
}

/// One sample being looked at.
struct Growth<'s> {
    sample: u64,
    paths: &'s mut usize,
    cut: &'s mut bool,
}

impl Growth<'_> {
    fn look_into(&mut self, places: &mut Vec<Place>, value: &Value, depth: usize) {
        if depth >= MAX_DEPTH {
            *self.cut |= matches!(value, Value::Array(_) | Value::Object(_));
            return;
        }
        match value {
            Value::Object(entries) => {
                for (name, value) in entries {
                    self.see(
                        places,
                        |step| matches!(step, Step::Field(known) if **known == **name),
                        value,
                        depth,
                        || Step::Field(name.as_str().into()),
                    );
                }
            }
            Value::Array(elements) => {
                for value in elements.iter().take(MAX_ELEMENTS) {
                    self.see(places, |step| *step == Step::Index(0), value, depth, || Step::Index(0));
                }
            }
            _ => {}
        }
    }

    fn see(
        &mut self,
        places: &mut Vec<Place>,
        is_it: impl Fn(&Step) -> bool,
        value: &Value,
        depth: usize,
        step: impl FnOnce() -> Step,
    ) {
        let at = match places.iter().position(|place| is_it(&place.step)) {
            Some(at) => at,
            None if places.len() >= MAX_FIELDS || *self.paths >= MAX_PATHS => {
                *self.cut = true;
                return;
            }
            None => {
                *self.paths += 1;
                places.push(Place {
                    step: step(),
                    kinds: Kinds::default(),
                    present: 0,
                    seen_in: 0,
                    places: Vec::new(),
                });
                places.len() - 1
            }
        };
        let place = &mut places[at];
        place.kinds = place.kinds.union(Kinds::of(value));
        place.present += u64::from(place.seen_in != self.sample);
        place.seen_in = self.sample;
        self.look_into(&mut place.places, value, depth + 1);
    }
}

/// The shape of a topic: its keys, its values and its headers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicShape {
    /// Of keys.
    pub key: Shape,
    /// Of values.
    pub value: Shape,
    /// Header names in the order in which they were first seen, and in how many events each was.
    pub headers: Vec<(String, u64)>,
}

impl TopicShape {
    /// Takes in one event.
    pub fn add(&mut self, event: EventRef<'_>, codecs: &TopicCodecs) {
        self.key.add(&codecs.key.decode(event.key()));
        self.value.add(&codecs.value.decode(event.value()));
        let names: Vec<&str> = event.headers().map(|(name, _)| name).collect();
        for (at, &name) in names.iter().enumerate() {
            if names[..at].contains(&name) {
                continue;
            }
            match self.headers.iter().position(|(known, _)| known == name) {
                Some(at) => self.headers[at].1 += 1,
                None if self.headers.len() < MAX_FIELDS => self.headers.push((name.to_owned(), 1)),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Choice, Codec};

    fn shape(payloads: &[&str]) -> Shape {
        let codec = Codec::new(Choice::Json);
        let mut shape = Shape::default();
        payloads.iter().for_each(|payload| shape.add(&codec.decode(Some(payload.as_bytes()))));
        shape
    }

    #[test]
    fn a_shape_tells_kinds_and_presence_in_the_order_of_first_sight() {
        let shape = shape(&[r#"{"id":1,"items":[{"sku":"a"},{"sku":null}]}"#, r#"{"id":"x","total":1.5}"#, "nonsense"]);
        let lines: Vec<String> =
            shape.fields().iter().map(|field| format!("{} {} {}", field.path, field.present, field.kinds)).collect();
        assert_eq!(
            lines,
            [
                "id 2 integer or text",
                "items 1 array",
                "items[0] 1 object",
                "items[0].sku 1 null or text",
                "total 1 decimal"
            ]
        );
        assert_eq!((shape.samples(), shape.undecodable()), (3, 1));
        assert!(shape.field(&"items[7].sku".parse().unwrap()).is_some());
        assert!(shape.field(&"nothing".parse().unwrap()).is_none());
    }

    #[test]
    fn an_object_used_as_a_map_does_not_grow_a_shape_for_ever() {
        let payloads: Vec<String> = (0..500).map(|id| format!("{{\"prices\":{{\"sku-{id}\":1}}}}")).collect();
        let shape = shape(&payloads.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(shape.fields().len(), 1 + MAX_FIELDS);
        assert!(shape.is_cut());
    }
}
