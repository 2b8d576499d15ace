//! What a person changed about how events are tied: kept in the document, and laid over what the data suggests.

use std::collections::BTreeMap;

use fabula_core::event::TopicName;
use fabula_core::narrative::threads::{Field, FieldUse, Profile, Role, StepField};

/// Why a field ties or does not, where a person said so.
pub const CHOSEN: &str = "chosen by hand";

/// What a person changed, topic by topic.
pub type Ties = BTreeMap<TopicName, TopicTies>;

/// What a person changed about one topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct TopicTies {
    /// Whether its events are kept out of threads though they are shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub out: bool,
    /// Fields that tie or do not, in place of what is suggested for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldUse>,
    /// The field that an event's step is taken from; an empty list takes the topic's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Vec<StepField>>,
}

impl TopicTies {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Puts in what a field is good for, in place of what was said of it before.
    pub fn set(&mut self, wanted: FieldUse) {
        let wanted = FieldUse { because: CHOSEN.to_owned(), ..wanted };
        match self.fields.iter_mut().find(|known| known.field == wanted.field) {
            Some(known) => *known = wanted,
            None => self.fields.push(wanted),
        }
    }
}

/// Lays what a person changed over what is suggested.
pub fn lay_over(ties: &Ties, profile: &mut Profile) {
    for (topic, own) in ties {
        for wanted in &own.fields {
            profile.set(topic, wanted.clone());
        }
        if let Some(step) = &own.step
            && let Some(known) = profile.topic_mut(topic)
        {
            known.step.clone_from(step);
        }
    }
}

/// A field as it is tied by, or no longer, where nothing is known of it: as its name says.
pub fn use_of(profile: Option<&Profile>, topic: &str, field: &Field, ties: bool) -> FieldUse {
    let known = profile.and_then(|profile| profile.topic(topic)?.fields.iter().find(|known| known.field == *field));
    match known {
        Some(known) => FieldUse { ties, ..known.clone() },
        None => FieldUse { ties, ..FieldUse::tying(field.clone(), Role::Entity) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_says_replaces_what_is_suggested() {
        let field = |text: &str| text.parse::<Field>().expect("a field");
        let mut profile = Profile::default();
        profile.set("orders", FieldUse::tying(field("key"), Role::Entity));
        profile.set("orders", FieldUse::tying(field("headers.trace"), Role::Trace));
        let mut ties = Ties::default();
        let own = ties.entry("orders".into()).or_default();
        own.set(use_of(Some(&profile), "orders", &field("headers.trace"), false));
        own.set(use_of(Some(&profile), "orders", &field("value.basket"), true));
        own.step = Some(vec![StepField::Type(field("value.kind"))]);
        lay_over(&ties, &mut profile);
        let known = profile.topic("orders").expect("it is there");
        let says: Vec<(String, Role, bool)> =
            known.fields.iter().map(|known| (known.field.to_string(), known.role, known.ties)).collect();
        let wanted =
            [("key", Role::Entity, true), ("headers.trace", Role::Trace, false), ("value.basket", Role::Entity, true)];
        assert_eq!(says, wanted.map(|(name, role, ties)| (name.to_owned(), role, ties)));
        assert_eq!(known.step.len(), 1);
        assert_eq!(known.fields[1].because, CHOSEN);
    }
}
