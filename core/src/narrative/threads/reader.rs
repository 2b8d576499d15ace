//! What one topic's events say of their stories, read as a profile asks.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::Role;
use super::dead_letter::{DeadLetterHeaders, Fate, Origin};
use super::field::Field;
use super::names::Names;
use super::profile::{StepField, TopicProfile};
use super::row::{Place, Row, Seat, StepPlace, Use};
use super::spans::Spans;
use super::text;
use crate::codec::{Choice, Fault, Path, Payloads, TopicCodecs};
use crate::event::{EventBatch, TimestampType, TopicName};

/// How many rows' payloads are looked at at a time.
const CHUNK: usize = 2_048;
/// How the content type of a cloud event in the value begins.
const WHOLE: &[u8] = b"application/cloudevents";

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
    /// Put into a topic to be tried again: a copy, as a dead letter is, but not given up.
    pub(super) const RETRY: u8 = 1 << 4;
    /// Its identity counts among the events of its participant only.
    pub(super) const OWN_IDENTITY: u8 = 1 << 5;
    /// A dead letter by its topic's name alone.
    pub(super) const BY_NAME: u8 = 1 << 6;
    /// A copy, whether it says of which event or not.
    pub(super) const COPY: u8 = Self::DEAD_LETTER | Self::RETRY;

    /// Whether it has any of these.
    pub(super) fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

/// Reads the events of one topic.
pub(super) struct Reader {
    pub(super) topic: TopicName,
    codecs: TopicCodecs,
    headers: Vec<String>,
    key_paths: Vec<Path>,
    value_paths: Vec<Path>,
    pub(super) uses: Vec<Use>,
    pub(super) steps: Vec<StepPlace>,
    pub(super) participants: Vec<Seat>,
    pub(super) reply_topic: usize,
    /// Where a cloud event's headers say in which mode it is, in a topic that has structured ones.
    modes: Option<Modes>,
    /// Where the hops of traces stand.
    spans: Option<Spans>,
    /// Where a change's place in its transaction stands.
    total_order: Option<Place>,
    dead_letter: DeadLetterHeaders,
    asked_steps: Option<StepNames>,
}

/// The headers that tell a cloud event in headers from one in the value.
#[derive(Debug, Clone, Copy)]
struct Modes {
    id: usize,
    content_type: usize,
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
    /// Places of changes in their transactions.
    pub(super) orders: Vec<(u32, u32)>,
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
            modes: None,
            spans: None,
            total_order: None,
            dead_letter: DeadLetterHeaders::default(),
            asked_steps,
        };
        reader.reply_topic = reader.header("kafka_replyTopic");
        reader.dead_letter = DeadLetterHeaders::new(topic, |name| reader.header(name));
        let attribute = |field: &Field, name: &str| *field == Field::Value(Path::root().field(name));
        let is_event_id = |field: &Field| attribute(field, "id");
        let fields = || profile.into_iter().flat_map(|profile| &profile.fields);
        // A topic with whole cloud events in its values may have others whose headers are the event.
        let structured = fields().any(|wanted| wanted.role == Role::Identity && is_event_id(&wanted.field));
        if structured {
            reader.modes = Some(Modes { id: reader.header("ce_id"), content_type: reader.header("content-type") });
        }
        let of_structured =
            |field: &Field, names: &[&str]| structured && names.iter().any(|name| attribute(field, name));
        for wanted in fields().filter(|wanted| wanted.ties || wanted.tells) {
            let structured = match wanted.role {
                Role::Identity => of_structured(&wanted.field, &["id"]),
                Role::Entity => of_structured(&wanted.field, &["subject", "partitionkey"]),
                _ => false,
            };
            let seat = Seat { place: reader.place(&wanted.field), structured };
            let about = match wanted.within_topic {
                true => text::about(&format!("{topic}/{}", wanted.about)),
                false => text::about(&wanted.about),
            };
            let (field, role, within_topic) = (wanted.field.clone(), wanted.role, wanted.within_topic);
            let also = wanted.also.iter();
            let also = also.map(|field| Seat { place: reader.place(field), structured: false }).collect();
            reader.uses.push(Use { seat, also, field, role, about, within_topic });
        }
        let traces = fields().filter(|wanted| wanted.ties && wanted.role == Role::Trace).map(|wanted| &wanted.field);
        reader.spans = Spans::of(traces, |name| Place::Header(reader.header(name)));
        for step in profile.into_iter().flat_map(|profile| &profile.step) {
            reader.step(step, &of_structured);
        }
        if reader.asked_steps.is_some() {
            reader.steps.clear();
        }
        for field in profile.into_iter().flat_map(|profile| &profile.participant) {
            let seat = Seat { place: reader.place(field), structured: of_structured(field, &["source"]) };
            reader.participants.push(seat);
        }
        reader.look_at_every_value();
        reader
    }

    fn step(&mut self, step: &StepField, of_structured: &dyn Fn(&Field, &[&str]) -> bool) {
        let step = match step {
            StepField::Type(field) => {
                StepPlace::Type(Seat { place: self.place(field), structured: of_structured(field, &["type"]) })
            }
            StepField::Change(root) => {
                let order = self.place(&inside(root, &["transaction", "total_order"]));
                self.total_order.get_or_insert(order);
                StepPlace::Change {
                    op: self.place(&inside(root, &["op"])),
                    tables: [["source", "table"], ["source", "collection"]]
                        .map(|names| self.place(&inside(root, &names))),
                    deleted: None,
                }
            }
            StepField::Flat(root) => {
                let flat = |name: &str| match root {
                    Field::Header(_) => Field::Header(name.to_owned()),
                    root => inside(root, &[name]),
                };
                StepPlace::Change {
                    op: self.place(&flat("__op")),
                    tables: ["__table", "__collection"].map(|name| self.place(&flat(name))),
                    deleted: Some(self.place(&flat("__deleted"))),
                }
            }
        };
        self.steps.push(step);
    }

    /// A value that cannot be decoded is told, though no field of it may be wanted.
    fn look_at_every_value(&mut self) {
        if !self.value_paths.is_empty() {
            return;
        }
        match self.codecs.value.choice() {
            Choice::Text | Choice::Bytes | Choice::Framed => {}
            // A field that is not there: all is looked through, and nothing is taken out.
            Choice::Json => self.value_paths.push(Path::root().field("")),
            _ => self.value_paths.push(Path::root()),
        }
    }

    /// Adds the hashes that a text has in the fields that tie. A trace's id is written in several ways.
    pub(super) fn hashes_of(&self, text: &str, hashes: &mut Vec<u64>) {
        let trace = text::trace_in(text);
        let short = text.trim_start_matches('0').to_ascii_lowercase();
        for wanted in &self.uses {
            hashes.push(wanted.hash(text));
            hashes.extend(trace.iter().map(|trace| wanted.hash(trace)));
            if wanted.role == Role::Trace && !short.is_empty() {
                hashes.push(wanted.hash(&short));
            }
        }
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
                let mut flags = row.flags();
                for (wanted, tie) in row.ties() {
                    let link = (wanted.hash(&tie), wanted.role);
                    if wanted.is_own(&tie) {
                        flags |= Flags::OWN_IDENTITY;
                    }
                    if !out.links[from..].contains(&link) {
                        out.links.push(link);
                    }
                }
                if let Some(spans) = self.spans {
                    spans.add(row, &mut out.links);
                }
                if let Some(fate) = self.dead_letter.fate(&row.headers) {
                    flags |= match fate {
                        Fate::Retry => Flags::RETRY,
                        Fate::Dead => Flags::DEAD_LETTER,
                        Fate::Named => Flags::DEAD_LETTER | Flags::BY_NAME,
                    };
                    out.origins.extend(self.dead_letter.origin(&row.headers).map(|origin| (rows[at], origin)));
                }
                if let Some(order) = self.total_order.and_then(|place| row.number(place)) {
                    out.orders.push((rows[at], order));
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
                    if let Some(tie) = row.tie(wanted) {
                        visit(part * CHUNK + at, number, wanted.hash(&tie), &tie);
                    }
                }
            });
        }
    }

    /// Whether an event's headers are the cloud event, though the topic has others whose value is.
    pub(super) fn is_in_headers(&self, headers: &[Option<&[u8]>]) -> bool {
        self.modes.is_some_and(|modes| {
            let whole = |kind: &[u8]| kind.len() >= WHOLE.len() && kind[..WHOLE.len()].eq_ignore_ascii_case(WHOLE);
            headers[modes.id].is_some() && !headers[modes.content_type].is_some_and(whole)
        })
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
        let mut row = Row {
            reader: self,
            headers: vec![None; self.headers.len()],
            keys: &keys,
            values: &values,
            at: 0,
            is_null: false,
        };
        let (names, contents) = (batch.header_names(), batch.header_values());
        for (at, &number) in rows.iter().enumerate() {
            row.headers.fill(None);
            row.at = at;
            row.is_null = arrow_array::Array::is_null(batch.values(), number as usize);
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
