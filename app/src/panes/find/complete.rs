//! What the find field offers while a condition is written: the fields that events have, and the language's words.

use fabula_core::event::TopicName;
use fabula_core::expr::{self, Query};
use fabula_core::schema::TopicShape;
use fabula_core::store::Snapshot;

use crate::formats::Formats;

/// How many events of a topic are looked at, and from how many of its segments.
const SAMPLES: usize = 64;
const SEGMENTS: usize = 8;
/// How many offers are shown.
const OFFERED: usize = 9;

/// The shapes of the topics that are searched: which fields there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    shapes: Vec<TopicShape>,
}

impl Fields {
    /// The fields of some topics, as their events show them. Belongs in a job.
    pub(super) fn of(topics: &[TopicName], snapshot: &Snapshot, formats: &Formats) -> Self {
        Self { shapes: topics.iter().filter_map(|topic| shape_of(topic, snapshot, formats)).collect() }
    }

    /// What looks mistaken in a condition that can be read: fields that no event was seen to have.
    pub(super) fn advice(&self, text: &str) -> Vec<String> {
        match Query::parse(text) {
            Ok(Query::Condition(condition)) => condition.advice(&self.shapes.iter().collect::<Vec<_>>()),
            _ => Vec::new(),
        }
    }
}

/// A topic's shape; none if its events can't be read: nothing is offered then, and nothing else is lost.
fn shape_of(topic: &TopicName, snapshot: &Snapshot, formats: &Formats) -> Option<TopicShape> {
    let formats = formats.of(topic, snapshot).ok()?;
    let mut shape = TopicShape::default();
    for segment in snapshot.topic(topic)?.segments().take(SEGMENTS) {
        let Ok(batch) = segment.events() else { continue };
        batch.events().take(SAMPLES / SEGMENTS).for_each(|event| shape.add(event, &formats.codecs));
    }
    Some(shape)
}

/// What is offered for the word that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Completion {
    /// What can be written.
    pub(super) offers: Vec<expr::Completion>,
    /// Which one is chosen; `None` leaves Enter to the search.
    pub(super) chosen: Option<usize>,
}

impl Completion {
    /// The offers for a text with the cursor at a byte.
    pub(super) fn of(text: &str, cursor: usize, fields: &Fields) -> Self {
        let is_word = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
        if !text[..cursor].ends_with(is_word) {
            return Self::default();
        }
        let shapes: Vec<&TopicShape> = fields.shapes.iter().collect();
        Self { offers: expr::complete(text, cursor, &shapes, OFFERED), chosen: None }
    }

    /// The text with an offer in it, and where the cursor stands then.
    pub(super) fn taken(&self, text: &str, offer: usize) -> Option<(String, usize)> {
        let offer = self.offers.get(offer)?;
        let before = text.get(..offer.replaces.start)?;
        let after = text.get(offer.replaces.end..)?;
        Some((format!("{before}{}{after}", offer.text), before.len() + offer.text.len()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_an_offer_replaces_the_word_alone() {
        let text = "value.amount > 5 AND parti = 3";
        let cursor = text.find(" = ").unwrap();
        let completion = Completion::of(text, cursor, &Fields::default());
        let (taken, at) = completion.taken(text, 0).unwrap();
        assert_eq!(taken, "value.amount > 5 AND partition = 3");
        assert_eq!(&taken[at..], " = 3");
    }

    #[test]
    fn nothing_is_offered_between_words() {
        assert_eq!(Completion::of("value.amount > ", 15, &Fields::default()), Completion::default());
    }

    #[test]
    fn the_choice_goes_round() {
        let mut completion = Completion::of("t", 1, &Fields::default());
        let count = completion.offers.len();
        assert!(count >= 2);
        completion.step(false);
        assert_eq!(completion.chosen, Some(count - 1));
        completion.step(true);
        assert_eq!(completion.chosen, Some(0));
    }
}
