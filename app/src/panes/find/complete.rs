//! What the find field offers while a condition is written: the fields that events have, and the language's words.

use std::collections::BTreeMap;

use fabula_core::event::TopicName;
use fabula_core::schema::TopicShape;
use fabula_core::store::Snapshot;

use crate::formats::Formats;

/// How many events of a topic are looked at.
const SAMPLES: usize = 64;
/// How many offers are shown.
const OFFERED: usize = 9;

/// Words that stand between fields.
const WORDS: [(&str, &str); 12] = [
    ("AND", "both hold"),
    ("OR", "one of them holds"),
    ("NOT", "does not hold"),
    ("IS NULL", "null or not there"),
    ("IS NOT NULL", "there, and not null"),
    ("LIKE", "a pattern with % and _"),
    ("IN", "one of a list"),
    ("BETWEEN", "from … to …, both included"),
    ("topic", "the topic's name"),
    ("partition", "the partition's number"),
    ("offset", "the offset"),
    ("timestamp", "the record's time"),
];

/// The fields that can be named, each with what is known of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    fields: Vec<(String, String)>,
}

impl Fields {
    /// The fields of some topics, as their events show them.
    pub(super) fn of(topics: &[TopicName], snapshot: &Snapshot, formats: &Formats) -> Self {
        let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for topic in topics {
            for (field, kinds) in fields_of(topic, snapshot, formats) {
                known.entry(field).or_default().push(format!("{kinds} in {topic}"));
            }
        }
        let fields = known.into_iter().map(|(field, mut places)| {
            let more = places.len().saturating_sub(1);
            let first = places.swap_remove(0);
            let about = if more > 0 { format!("{first} and {more} more") } else { first };
            (field, about)
        });
        Self { fields: fields.collect() }
    }
}

/// A topic's fields, or none if its events can't be read: nothing is offered then, and nothing else is lost.
fn fields_of(topic: &TopicName, snapshot: &Snapshot, formats: &Formats) -> Vec<(String, String)> {
    let Ok(formats) = formats.of(topic, snapshot) else { return Vec::new() };
    let mut shape = TopicShape::default();
    let segments = snapshot.topic(topic).into_iter().flat_map(|topic| topic.segments());
    for segment in segments.take(8) {
        let Ok(batch) = segment.events() else { continue };
        for event in batch.events().take(SAMPLES / 8) {
            shape.add(event, &formats.codecs);
        }
    }
    let value =
        shape.value.fields().into_iter().map(|field| (field_name("value", &field.path), field.kinds.to_string()));
    let key = shape.key.fields().into_iter().map(|field| (field_name("key", &field.path), field.kinds.to_string()));
    let headers = shape.headers.iter().map(|(name, _)| (header_name(name), "header".to_owned()));
    let own = [("key".to_owned(), "the key".to_owned()), ("value".to_owned(), "the value".to_owned())];
    value.chain(key).chain(headers).chain(own).collect()
}

fn field_name(root: &str, path: &fabula_core::codec::Path) -> String {
    match path.to_string() {
        path if path.is_empty() || path.starts_with('[') => format!("{root}{path}"),
        path => format!("{root}.{path}"),
    }
}

fn header_name(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { format!("headers.{name}") } else { format!("headers['{}']", name.replace('\'', "''")) }
}

/// What is offered for the word that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Completion {
    /// What can be written, with a word about it.
    pub(super) offers: Vec<(String, String)>,
    /// Which one is chosen; `None` leaves Enter to the search.
    pub(super) chosen: Option<usize>,
    /// The part of the text that an offer replaces, in bytes.
    pub(super) replaces: std::ops::Range<usize>,
}

impl Completion {
    /// The offers for a text with the cursor at a byte.
    pub(super) fn of(text: &str, cursor: usize, fields: &Fields) -> Self {
        let start = word_start(text, cursor);
        let word = text[start..cursor].to_lowercase();
        if word.is_empty() || inside_quotes(&text[..start]) {
            return Self::default();
        }
        let own = fields.fields.iter().map(|(name, about)| (name.as_str(), about.as_str()));
        let mut offers: Vec<(u8, &str, &str)> = own
            .chain(WORDS)
            .filter_map(|(name, about)| {
                let lower = name.to_lowercase();
                let last = lower.rsplit('.').next().unwrap_or(&lower);
                let rank = match () {
                    () if lower == word => return None,
                    () if lower.starts_with(&word) => 0,
                    () if last.starts_with(&word) => 1,
                    () if word.len() > 2 && lower.contains(&word) => 2,
                    () => return None,
                };
                Some((rank, name, about))
            })
            .collect();
        offers.sort();
        offers.truncate(OFFERED);
        let offers = offers.into_iter().map(|(_, name, about)| (name.to_owned(), about.to_owned())).collect();
        Self { offers, chosen: None, replaces: start..cursor }
    }

    /// The text with the chosen offer in it, and where the cursor stands then.
    pub(super) fn taken(&self, text: &str, offer: usize) -> Option<(String, usize)> {
        let (name, _) = self.offers.get(offer)?;
        let before = text.get(..self.replaces.start)?;
        let after = text.get(self.replaces.end..)?;
        let cursor = before.len() + name.len();
        Some((format!("{before}{name}{after}"), cursor))
    }

    /// Moves the choice, round and round.
    pub(super) fn step(&mut self, down: bool) {
        let count = self.offers.len();
        if count == 0 {
            return;
        }
        self.chosen = Some(match (self.chosen, down) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
        });
    }
}

fn word_start(text: &str, cursor: usize) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || "._$[]".contains(c);
    text[..cursor].char_indices().rev().take_while(|(_, c)| is_word(*c)).last().map_or(cursor, |(at, _)| at)
}

/// Whether a text in quotes has begun and not ended.
fn inside_quotes(before: &str) -> bool {
    before.matches('\'').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let fields = ["headers.source", "value.amount", "value.customer.name", "value.order_id"];
        Fields { fields: fields.map(|name| (name.to_owned(), "text in orders".to_owned())).into() }
    }

    fn names(text: &str) -> Vec<String> {
        Completion::of(text, text.len(), &fields()).offers.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_field_is_found_by_its_beginning_and_by_its_own_name() {
        assert_eq!(names("value.am"), ["value.amount"]);
        assert_eq!(names("ord"), ["value.order_id"]);
        assert_eq!(names("value.amount > 5 AND sou"), ["headers.source"]);
        assert_eq!(names("value.order_id = 'val"), Vec::<String>::new());
        assert_eq!(names(""), Vec::<String>::new());
    }

    #[test]
    fn taking_an_offer_replaces_the_word_alone() {
        let text = "value.amount > 5 AND ord = 'A'";
        let cursor = text.find(" = ").unwrap();
        let completion = Completion::of(text, cursor, &fields());
        let (taken, at) = completion.taken(text, 0).unwrap();
        assert_eq!(taken, "value.amount > 5 AND value.order_id = 'A'");
        assert_eq!(&taken[at..], " = 'A'");
    }

    #[test]
    fn the_choice_goes_round() {
        let mut completion = Completion::of("value", 5, &fields());
        let count = completion.offers.len();
        assert!(count >= 3);
        completion.step(false);
        assert_eq!(completion.chosen, Some(count - 1));
        completion.step(true);
        assert_eq!(completion.chosen, Some(0));
    }
}
