//! Fields of a topic that could tie its events, by what its samples' shape and the names in it say.

use super::field::Field;
use super::profile::{FieldUse, StepField, TopicProfile};
use super::role::{self, Role};
use crate::codec::{Path, Step};
use crate::event::TopicName;
use crate::schema::{FieldShape, Kinds, Shape, TopicShape};

/// How many fields without a telling name are looked at in a topic.
const MOST_UNNAMED: usize = 40;

/// Names of an event's type, the most telling first.
const TYPES: [&str; 5] = ["eventType", "event_type", "messageType", "message_type", "type"];

/// Parts of a value that say what the event is, and those that may hold the whole of it too.
const ENVELOPE: [&str; 6] = ["metadata", "meta", "header", "headers", "envelope", "payload"];
const CONTENT: [&str; 7] = ["metadata", "meta", "header", "headers", "envelope", "payload", "data"];

/// What could tie the events of a topic.
pub(super) struct Candidates {
    /// Every candidate, as if it tied; steps and participants as found.
    pub(super) profile: TopicProfile,
    /// For each field of the profile whether its name or its place makes it a candidate; the others are candidates only
    /// if their values are found in other topics.
    pub(super) named: Vec<bool>,
}

impl Candidates {
    pub(super) fn of(topic: &TopicName, shape: &TopicShape) -> Self {
        let (fields, step, participant) = (Vec::new(), Vec::new(), Vec::new());
        let profile = TopicProfile { topic: topic.clone(), fields, step, participant };
        let mut found = Self { profile, named: Vec::new() };
        for (name, _) in &shape.headers {
            found.header(name);
        }
        if shape.headers.iter().any(|(name, _)| matches!(name.as_str(), "__op" | "__deleted")) {
            found.profile.step.push(StepField::Flat(Field::Header("__op".to_owned())));
        }
        found.key(topic, &shape.key);
        found.value(topic, &shape.value);
        found
    }

    fn add(&mut self, field: Field, role: Role, about: String, named: bool) {
        if self.profile.fields.iter().any(|known| known.field == field) {
            return;
        }
        self.profile.fields.push(FieldUse { about, ..FieldUse::tying(field, role) });
        self.named.push(named);
    }

    fn header(&mut self, name: &str) {
        let field = Field::Header(name.to_owned());
        if let Some(role) = role::of_header(name) {
            let about = match role {
                Role::Identity | Role::Causation => "identity".to_owned(),
                Role::Entity => role::subject_of_topic(&self.profile.topic),
                _ => role::subject_of(name),
            };
            self.add(field.clone(), role, about, true);
        }
        if role::is_type_header(name) {
            self.profile.step.push(StepField::Type(field.clone()));
        }
        if role::is_service_header(name) {
            self.profile.participant.push(field);
        }
    }

    fn key(&mut self, topic: &TopicName, key: &Shape) {
        let scalar = Kinds::OBJECT.union(Kinds::ARRAY);
        if key.samples() > key.nulls() && !key.kinds().without(scalar).is_empty() {
            self.add(Field::Key(Path::root()), Role::Entity, role::subject_of_topic(topic), true);
        }
        for field in key.fields().iter().filter(|field| is_scalar(field) && in_no_array(&field.path)) {
            let name = last_name(&field.path);
            if role::is_id(name) {
                self.add(Field::Key(field.path.clone()), Role::Entity, about(topic, &field.path, name), true);
            }
        }
    }

    fn value(&mut self, topic: &TopicName, value: &Shape) {
        let fields = value.fields();
        let has = |path: &Path| fields.iter().any(|field| field.path == *path);
        let root = Path::root();
        let cloud_event = ["specversion", "id", "type", "source"].iter().all(|name| has(&root.field(*name)));
        // Debezium's change events, bare or with their schema beside them.
        for change in [root.clone(), root.field("payload")] {
            let is_text =
                |path: &Path| fields.iter().any(|field| field.path == *path && field.kinds.intersects(Kinds::TEXT));
            let source = change.field("source");
            let comes_from = ["table", "collection"].iter().any(|name| has(&source.field(*name)));
            if is_text(&change.field("op")) && comes_from {
                self.profile.step.push(StepField::Change(Field::Value(change.clone())));
                let transaction = change.field("transaction").field("id");
                if has(&transaction) {
                    self.add(Field::Value(transaction), Role::Transaction, "transaction".to_owned(), true);
                }
            }
            // Debezium's change events without their envelope.
            if ["__op", "__deleted"].iter().any(|name| has(&change.field(*name))) {
                self.profile.step.push(StepField::Flat(Field::Value(change)));
            }
        }
        let mut unnamed = 0;
        let mut types: Vec<(usize, usize, Field)> = Vec::new();
        for field in fields.iter().filter(|field| is_scalar(field) && in_no_array(&field.path)) {
            let (name, path) = (last_name(&field.path), &field.path);
            let place = Field::Value(path.clone());
            let at_top = path.steps().len() == 1;
            if cloud_event && at_top {
                match name {
                    "id" => self.add(place, Role::Identity, "identity".to_owned(), true),
                    "subject" | "partitionkey" => self.add(place, Role::Entity, role::subject_of_topic(topic), true),
                    "type" => self.profile.step.push(StepField::Type(place)),
                    "source" => self.profile.participant.push(place),
                    "specversion" | "datacontenttype" | "dataschema" | "time" => {}
                    _ => self.by_name(topic, field, &mut unnamed),
                }
                continue;
            }
            let everywhere = field.present * 10 >= value.samples() * 3;
            let rank = TYPES.iter().position(|known| *known == name).filter(|_| everywhere && path.steps().len() <= 2);
            match rank.filter(|_| field.kinds.intersects(Kinds::TEXT)) {
                // That of an address or a card is not the event's.
                Some(rank) if in_envelope(path, &CONTENT) => types.push((rank, path.steps().len(), place)),
                Some(_) => {}
                None => self.by_name(topic, field, &mut unnamed),
            }
        }
        types.sort();
        self.profile.step.extend(types.into_iter().map(|(.., place)| StepField::Type(place)));
    }

    fn by_name(&mut self, topic: &TopicName, field: &FieldShape, unnamed: &mut usize) {
        let (name, place) = (last_name(&field.path), Field::Value(field.path.clone()));
        let about = about(topic, &field.path, name);
        match role::of_payload_field(name) {
            Some(Role::Causation) => self.add(place, Role::Causation, "identity".to_owned(), true),
            Some(role) => self.add(place, role, about, true),
            None if role::may_be_identity(name) && in_envelope(&field.path, &ENVELOPE) => {
                self.add(place, Role::Identity, "identity".to_owned(), true);
            }
            // Debezium says where a change comes from in `source`, with ids of its own.
            None if in_change_source(&field.path) => {}
            None if name.starts_with("__") => {}
            None if role::is_id(name) => self.add(place, Role::Entity, about, true),
            None if field.kinds.intersects(Kinds::TEXT) && *unnamed < MOST_UNNAMED => {
                *unnamed += 1;
                self.add(place, Role::Entity, about, false);
            }
            None => {}
        }
    }
}

/// Whether a field stands at the top, or in one of these parts.
fn in_envelope(path: &Path, parts: &[&str]) -> bool {
    match path.steps() {
        [_] => true,
        [Step::Field(outer), _] => parts.iter().any(|part| outer.eq_ignore_ascii_case(part)),
        _ => false,
    }
}

/// `id` is the id of what it stands in, at the top of what the topic is about.
fn about(topic: &TopicName, path: &Path, name: &str) -> String {
    if !matches!(name, "id" | "uuid" | "_id") {
        return role::subject_of(name);
    }
    let outer = path.steps().iter().rev().nth(1);
    match outer {
        Some(Step::Field(outer)) if !matches!(&**outer, "after" | "before" | "payload" | "data") => {
            role::subject_of(outer)
        }
        _ => role::subject_of_topic(topic),
    }
}

fn last_name(path: &Path) -> &str {
    match path.steps().last() {
        Some(Step::Field(name)) => name,
        _ => "",
    }
}

fn in_no_array(path: &Path) -> bool {
    path.steps().iter().all(|step| matches!(step, Step::Field(_)))
}

fn in_change_source(path: &Path) -> bool {
    path.steps().iter().any(|step| matches!(step, Step::Field(name) if matches!(&**name, "source" | "schema")))
}

fn is_scalar(field: &FieldShape) -> bool {
    field.kinds.intersects(Kinds::TEXT.union(Kinds::INTEGER))
        && !field.kinds.intersects(Kinds::OBJECT.union(Kinds::ARRAY))
}
