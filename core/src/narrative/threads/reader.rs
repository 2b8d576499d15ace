//! What one topic's events say of their stories, read as a profile asks.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::Role;
use super::dead_letter::{DeadLetterHeaders, Origin};
use super::field::Field;
use super::profile::{StepField, TopicProfile};
use super::text;
use crate::codec::{Cell, Fault, Path, Payloads, TopicCodecs};
use crate::event::{EventBatch, TimestampType, TopicName};

/// How many rows' payloads are looked at at a time.
const CHUNK: usize = 2_048;

/// Names the steps of some rows of a batch, where a person says what a step is; `None` leaves a row its topic's name.
pub type StepNames = Arc<dyn Fn(&EventBatch, &[u32], &TopicCodecs) -> Vec<Option<String>> + Send + Sync>;

/// A value that ties, as one event says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Where it stands.
    pub field: Field,
    /// What it means.
    pub role: Role,
    /// What ties: the value, or of a trace header the trace's id.
    pub text: String,
    pub(super) hash: u64,
}

/// What is known of one event beside its values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags(pub(super) u8);

impl Flags {
    pub(super) const UNDECODABLE: u8 = 1;
    pub(super) const ASKS_REPLY: u8 = 1 << 1;
    pub(super) const DEAD_LETTER: u8 = 1 << 2;
    pub(super) const UNTIMED: u8 = 1 << 3;

    pub(super) fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

/// Where a use's text comes from.
#[derive(Debug, Clone, Copy)]
enum Place {
    Header(usize),
    Key(usize),
    Value(usize),
}

struct Use {
    place: Place,
    field: Field,
    role: Role,
    about: u64,
    within_topic: bool,
}

enum StepPlace {
    Type(Place),
    Change { op: Place, table: Place },
}

/// Reads the events of one topic.
pub(super) struct Reader {
    topic: TopicName,
    codecs: TopicCodecs,
    headers: Vec<String>,
    key_paths: Vec<Path>,
    value_paths: Vec<Path>,
    uses: Vec<Use>,
    steps: Vec<StepPlace>,
    participants: Vec<Place>,
    reply_topic: usize,
    dead_letter: DeadLetterHeaders,
    asked_steps: Option<StepNames>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// A batch as its events say it: columns, and what the numbers in them stand for.
#[derive(Debug, Default)]
pub(super) struct Extracted {
    pub(super) topic: Option<TopicName>,
    pub(super) partition: i32,
    pub(super) offsets: Vec<i64>,
    pub(super) times_ms: Vec<i64>,
    pub(super) steps: Vec<u16>,
    pub(super) participants: Vec<u16>,
    pub(super) flags: Vec<u8>,
    /// Where each event's links end.
    pub(super) ends: Vec<u32>,
    pub(super) links: Vec<(u64, Role)>,
    pub(super) step_names: Names,
    pub(super) participant_names: Names,
    pub(super) origins: Vec<(u32, Origin)>,
}

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

impl Reader {
    pub(super) fn new(
        topic: &TopicName,
        profile: Option<&TopicProfile>,
        codecs: TopicCodecs,
        asked_steps: Option<StepNames>,
    ) -> Self {
        let mut reader = Self {
            topic: topic.clone(),
            codecs,
            headers: Vec::new(),
            key_paths: Vec::new(),
            value_paths: Vec::new(),
            uses: Vec::new(),
            steps: Vec::new(),
            participants: Vec::new(),
            reply_topic: 0,
            dead_letter: DeadLetterHeaders::default(),
            asked_steps,
        };
        reader.reply_topic = reader.header("kafka_replyTopic");
        reader.dead_letter = DeadLetterHeaders::new(|name| reader.header(name));
        for wanted in profile.into_iter().flat_map(|profile| &profile.fields).filter(|wanted| wanted.ties) {
            let place = reader.place(&wanted.field);
            let about = match wanted.within_topic {
                true => text::about(&format!("{topic}/{}", wanted.about)),
                false => text::about(&wanted.about),
            };
            let (field, role, within_topic) = (wanted.field.clone(), wanted.role, wanted.within_topic);
            reader.uses.push(Use { place, field, role, about, within_topic });
        }
        if reader.asked_steps.is_none() {
            for step in profile.into_iter().flat_map(|profile| &profile.step) {
                let step = match step {
                    StepField::Type(field) => StepPlace::Type(reader.place(field)),
                    StepField::Change(root) => StepPlace::Change {
                        op: reader.place(&inside(root, &["op"])),
                        table: reader.place(&inside(root, &["source", "table"])),
                    },
                };
                reader.steps.push(step);
            }
        }
        for field in profile.into_iter().flat_map(|profile| &profile.participant) {
            let place = reader.place(field);
            reader.participants.push(place);
        }
        reader
    }

    /// The subjects of values that are looked for by text: `true` where they count within the topic.
    pub(super) fn subjects(&self) -> impl Iterator<Item = (u64, bool)> {
        self.uses.iter().map(|wanted| (wanted.about, wanted.within_topic))
    }

    /// How the topic's payloads are decoded.
    pub(super) fn codecs(&self) -> &TopicCodecs {
        &self.codecs
    }

    fn header(&mut self, name: &str) -> usize {
        match self.headers.iter().position(|known| known.eq_ignore_ascii_case(name)) {
            Some(at) => at,
            None => {
                self.headers.push(name.to_ascii_lowercase());
                self.headers.len() - 1
            }
        }
    }

    fn place(&mut self, field: &Field) -> Place {
        fn number(paths: &mut Vec<Path>, path: &Path) -> usize {
            paths.iter().position(|known| known == path).unwrap_or_else(|| {
                paths.push(path.clone());
                paths.len() - 1
            })
        }
        match field {
            Field::Header(name) => Place::Header(self.header(name)),
            Field::Key(path) => Place::Key(number(&mut self.key_paths, path)),
            Field::Value(path) => Place::Value(number(&mut self.value_paths, path)),
        }
    }

    /// Everything that a batch says.
    pub(super) fn extract(&self, batch: &EventBatch) -> Extracted {
        let events = batch.len();
        let mut out = Extracted {
            topic: Some(batch.topic().clone()),
            partition: batch.partition(),
            offsets: batch.offsets().to_vec(),
            times_ms: Vec::with_capacity(events),
            steps: Vec::with_capacity(events),
            participants: Vec::with_capacity(events),
            flags: Vec::with_capacity(events),
            ends: Vec::with_capacity(events),
            links: Vec::with_capacity(events * self.uses.len().min(6)),
            ..Extracted::default()
        };
        let rows: Vec<u32> = (0..events as u32).collect();
        for rows in rows.chunks(CHUNK) {
            let asked = self.asked_steps.as_ref().map(|names| names(batch, rows, &self.codecs));
            self.each(batch, rows, |at, row| {
                let from = out.links.len();
                for (wanted, tie) in row.ties() {
                    let link = (wanted.hash(&tie), wanted.role);
                    if !out.links[from..].contains(&link) {
                        out.links.push(link);
                    }
                }
                let mut flags = row.flags();
                if let Some(origin) = self.dead_letter.origin(&row.headers) {
                    flags |= Flags::DEAD_LETTER;
                    out.origins.push((rows[at], origin));
                } else if self.dead_letter.says_failed(&row.headers) {
                    flags |= Flags::DEAD_LETTER;
                }
                let at_ms = batch.timestamps_ms()[rows[at] as usize];
                let untimed =
                    TimestampType::from_code(batch.timestamp_types()[rows[at] as usize]) == TimestampType::None;
                out.times_ms.push(if untimed { i64::MIN } else { at_ms });
                out.flags.push(flags | if untimed { Flags::UNTIMED } else { 0 });
                let step = match &asked {
                    Some(asked) => asked.get(at).cloned().flatten().map(Cow::Owned),
                    None => row.step(),
                };
                out.steps.push(out.step_names.number(step.as_deref().unwrap_or(&self.topic)));
                let participant = row.participant();
                out.participants.push(out.participant_names.number(participant.as_deref().unwrap_or(&self.topic)));
                out.ends.push(out.links.len() as u32);
            });
        }
        out
    }

    /// The tying values of one event, with their texts.
    pub(super) fn said(&self, batch: &EventBatch, row: usize) -> Vec<Said> {
        let mut said = Vec::new();
        self.each(batch, &[row as u32], |_, row| {
            for (wanted, tie) in row.ties() {
                let hash = wanted.hash(&tie);
                said.push(Said { field: wanted.field.clone(), role: wanted.role, text: tie.into_owned(), hash });
            }
        });
        said
    }

    /// What every field of the profile says in some rows of a batch: the row's place among `rows`, the field's place in
    /// the profile (of those that tie), the value's hash and its text.
    pub(super) fn each_tie(&self, batch: &EventBatch, rows: &[u32], mut visit: impl FnMut(usize, usize, u64, &str)) {
        for (part, rows) in rows.chunks(CHUNK).enumerate() {
            self.each(batch, rows, |at, row| {
                for (number, wanted) in self.uses.iter().enumerate() {
                    let tie = row.text(wanted.place).and_then(|text| text::tying(&wanted.field, wanted.role, text));
                    if let Some(tie) = tie {
                        visit(part * CHUNK + at, number, wanted.hash(&tie), &tie);
                    }
                }
            });
        }
    }

    fn each(&self, batch: &EventBatch, rows: &[u32], mut visit: impl FnMut(usize, &Row<'_, '_>)) {
        let side = |codec: &crate::codec::Codec, column, paths: &[Path], fault| match paths.is_empty() {
            true => Vec::new(),
            false => codec.columns(&Payloads::new(column, rows), paths, fault),
        };
        let keys = side(&self.codecs.key, batch.keys(), &self.key_paths, Fault::UndecodableKey);
        let values = side(&self.codecs.value, batch.values(), &self.value_paths, Fault::UndecodableValue);
        // Headers come in the same order from event to event mostly, so what a place's name was tells what it is.
        let mut seen: Vec<(&str, Option<usize>)> = Vec::new();
        let mut row =
            Row { reader: self, headers: vec![None; self.headers.len()], keys: &keys, values: &values, at: 0 };
        let (names, contents) = (batch.header_names(), batch.header_values());
        for (at, &number) in rows.iter().enumerate() {
            row.headers.fill(None);
            row.at = at;
            for (place, entry) in batch.header_range(number as usize).enumerate() {
                let name = names.value(entry);
                let known = match seen.get(place) {
                    Some((before, known)) if *before == name => *known,
                    _ => {
                        let known = self.headers.iter().position(|header| header.eq_ignore_ascii_case(name));
                        if seen.len() <= place {
                            seen.resize(place + 1, ("", None));
                        }
                        seen[place] = (name, known);
                        known
                    }
                };
                // Of a name that is repeated the first counts.
                if let Some(known) = known.filter(|&known| row.headers[known].is_none())
                    && arrow_array::Array::is_valid(contents, entry)
                {
                    row.headers[known] = Some(contents.value(entry));
                }
            }
            visit(at, &row);
        }
    }
}

fn inside(field: &Field, names: &[&str]) -> Field {
    let path = |path: &Path| names.iter().fold(path.clone(), |path, name| path.field(*name));
    match field {
        Field::Header(name) => Field::Header(name.clone()),
        Field::Key(root) => Field::Key(path(root)),
        Field::Value(root) => Field::Value(path(root)),
    }
}

impl Use {
    fn hash(&self, text: &str) -> u64 {
        if self.within_topic { text::hash_within(self.about, text) } else { text::hash(self.about, text) }
    }
}

/// One event, with its headers found and its payloads' fields decoded.
struct Row<'r, 'b> {
    reader: &'r Reader,
    headers: Vec<Option<&'b [u8]>>,
    keys: &'r [Vec<Cell<'b>>],
    values: &'r [Vec<Cell<'b>>],
    at: usize,
}

impl<'r> Row<'r, '_> {
    fn text(&self, place: Place) -> Option<Cow<'_, str>> {
        match place {
            Place::Header(header) => text::of_bytes(self.headers[header]?),
            Place::Key(column) => text::of_cell(&self.keys[column][self.at]),
            Place::Value(column) => text::of_cell(&self.values[column][self.at]),
        }
    }

    fn ties(&self) -> impl Iterator<Item = (&'r Use, Cow<'_, str>)> {
        self.reader.uses.iter().filter_map(|wanted| {
            let text = self.text(wanted.place)?;
            Some((wanted, text::tying(&wanted.field, wanted.role, text)?))
        })
    }

    fn step(&self) -> Option<Cow<'_, str>> {
        self.reader.steps.iter().find_map(|step| match step {
            StepPlace::Type(place) => self.text(*place),
            StepPlace::Change { op, table } => {
                let done = match &*self.text(*op)? {
                    "c" => "created",
                    "u" => "updated",
                    "d" => "deleted",
                    "r" => "read",
                    "t" => "truncated",
                    _ => return None,
                };
                let table = self.text(*table);
                let table = table.as_deref().unwrap_or(&self.reader.topic);
                Some(Cow::Owned(format!("{table} {done}")))
            }
        })
    }

    fn participant(&self) -> Option<Cow<'_, str>> {
        self.reader.participants.iter().find_map(|place| self.text(*place))
    }

    fn flags(&self) -> u8 {
        let failed = |cell: &Cell<'_>| matches!(cell, Cell::Failed(Fault::UndecodableValue));
        let undecodable = self.values.first().is_some_and(|column| failed(&column[self.at]));
        let asks = self.headers[self.reader.reply_topic].is_some();
        (if undecodable { Flags::UNDECODABLE } else { 0 }) | (if asks { Flags::ASKS_REPLY } else { 0 })
    }
}
