//! How the events of each topic are tied to stories: shown to a person, changed by a person, kept in a workspace.

use super::field::Field;
use super::role::{self, Role};
use crate::event::TopicName;

/// How events are tied, topic by topic.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Profile {
    /// Topics, sorted by name.
    pub topics: Vec<TopicProfile>,
}

/// How the events of one topic are tied.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TopicProfile {
    /// The topic's name.
    pub topic: TopicName,
    /// Fields that tie, or could.
    pub fields: Vec<FieldUse>,
    /// Where an event's type stands: the first of these that has one. Without one the step is the topic's name.
    #[serde(default)]
    pub step: Vec<StepField>,
    /// Where the service that made the event is named: the first of these that says so. Without one the participant is
    /// the topic.
    #[serde(default)]
    pub participant: Vec<Field>,
}

/// Where a step's name comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepField {
    /// A field's text.
    Type(Field),
    /// A change event of Debezium: its table and what was done (created, updated, deleted, read). The path leads to the
    /// object that has `op` and `source`.
    Change(Field),
    /// A change event of Debezium, flattened: the path leads to the object that has `__op`, `__table` or `__deleted`;
    /// a header where headers have them.
    Flat(Field),
}

/// One field of a topic and what it is good for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldUse {
    /// Where it stands.
    pub field: Field,
    /// Fields that tie only together with it: an order's number is one only within its tenant. Their values are told after
    /// its own, with a `+` between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Field>,
    /// What its values mean.
    pub role: Role,
    /// Whether its values tie events.
    pub ties: bool,
    /// Whether its values, though they do not tie, say what led to what: causes, requests, the same event twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tells: bool,
    /// Whether they tie only events of this topic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub within_topic: bool,
    /// What its plain values (numbers) are about: those of two fields are the same only if this is.
    #[serde(default)]
    pub about: String,
    /// Why it ties or does not, for a person.
    #[serde(default)]
    pub because: String,
}

impl FieldUse {
    /// A field that ties.
    pub fn tying(field: Field, role: Role) -> Self {
        let about = role::subject_of(field.name());
        let also = Vec::new();
        Self { field, also, role, ties: true, tells: false, within_topic: false, about, because: String::new() }
    }
}

impl Profile {
    /// Ties by nothing but these fields, in every one of these topics: what a person asks for by name. Each is one field or
    /// several that tie only together. Types of events
    /// are taken from where `like` finds them, and so is what led to what, which ties nothing.
    pub fn by_fields(fields: &[Vec<Field>], topics: &[TopicName], like: &Self) -> Self {
        let mut topics: Vec<TopicProfile> = topics
            .iter()
            .map(|topic| {
                let known = like.topic(topic);
                // One name for all, so that numbers are compared across topics and fields.
                let asked = |fields: &Vec<Field>| {
                    let (field, also) = fields.split_first()?;
                    Some(FieldUse {
                        about: String::new(),
                        because: "asked for".to_owned(),
                        also: also.to_vec(),
                        ..FieldUse::tying(field.clone(), Role::Entity)
                    })
                };
                let says = |known: &&FieldUse| {
                    let tells = [Role::Identity, Role::Causation, Role::Reply, Role::Correlation];
                    known.ties
                        && tells.contains(&known.role)
                        && !fields.iter().flatten().any(|field| *field == known.field)
                };
                let tells = known.into_iter().flat_map(|known| &known.fields).filter(says).map(|known| FieldUse {
                    ties: false,
                    tells: true,
                    because: "not asked for, so it ties nothing; it says what led to what".to_owned(),
                    ..known.clone()
                });
                TopicProfile {
                    topic: topic.clone(),
                    fields: fields.iter().filter_map(asked).chain(tells).collect(),
                    step: known.map(|known| known.step.clone()).unwrap_or_default(),
                    participant: known.map(|known| known.participant.clone()).unwrap_or_default(),
                }
            })
            .collect();
        topics.sort_by(|one, other| one.topic.cmp(&other.topic));
        Self { topics }
    }

    /// The roles whose values tie, a bit each.
    pub(super) fn tying_roles(&self) -> u8 {
        let fields = self.topics.iter().flat_map(|topic| &topic.fields);
        fields.filter(|field| field.ties).fold(0, |roles, field| roles | 1 << field.role as u8)
    }

    /// A topic's part.
    pub fn topic(&self, name: &str) -> Option<&TopicProfile> {
        let at = self.topics.binary_search_by(|topic| (*topic.topic).cmp(name)).ok()?;
        self.topics.get(at)
    }

    /// A topic's part, to be changed.
    pub fn topic_mut(&mut self, name: &str) -> Option<&mut TopicProfile> {
        let at = self.topics.binary_search_by(|topic| (*topic.topic).cmp(name)).ok()?;
        self.topics.get_mut(at)
    }

    /// Sets what a field of a topic is good for, in place of what was known of it.
    pub fn set(&mut self, topic: &str, wanted: FieldUse) {
        let at = match self.topics.binary_search_by(|known| (*known.topic).cmp(topic)) {
            Ok(at) => at,
            Err(at) => {
                let (fields, step, participant) = (Vec::new(), Vec::new(), Vec::new());
                self.topics.insert(at, TopicProfile { topic: topic.into(), fields, step, participant });
                at
            }
        };
        let fields = &mut self.topics[at].fields;
        match fields.iter_mut().find(|known| known.field == wanted.field) {
            Some(known) => *known = wanted,
            None => fields.push(wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_survives_its_file_and_is_changed_by_naming_a_field() {
        let mut profile = Profile::default();
        let field: Field = "value.order_id".parse().unwrap();
        profile.set("orders", FieldUse::tying(field.clone(), Role::Entity));
        profile.set("customers", FieldUse::tying("key".parse().unwrap(), Role::Entity));
        profile.set("orders", FieldUse { ties: false, ..FieldUse::tying(field, Role::Entity) });
        let text = toml::to_string(&profile).unwrap();
        assert_eq!(toml::from_str::<Profile>(&text).unwrap(), profile);
        assert_eq!(profile.topics[0].topic, "customers".into());
        assert_eq!(profile.topic("orders").unwrap().fields.len(), 1);
        assert!(!profile.topic("orders").unwrap().fields[0].ties);
    }
}
