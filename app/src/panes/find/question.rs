//! What a person asks in the find field: a text that stands somewhere in an event, or a condition.

use std::sync::Arc;

use fabula_core::event::TopicName;
use fabula_core::expr::{Codecs, ConditionSearch, ExprError, Need, Query, search};
use fabula_core::store::search::SearchOptions;
use fabula_core::store::{Segment, Snapshot};

use crate::formats::Formats;

/// A question, understood.
#[derive(Debug, Clone)]
pub(super) struct Question {
    text: Arc<str>,
    query: Query,
}

impl Question {
    /// Understands a text; `None` asks for nothing.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, ExprError> {
        let query = Query::parse(text)?;
        let asks = !matches!(query, Query::Everything);
        Ok(asks.then(|| Self { text: text.trim().into(), query }))
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Starts to look for the answer; says also which texts to mark in what is found. Belongs in a job: formats may
    /// have to be detected.
    pub(super) fn ask(
        &self,
        segments: Vec<Arc<Segment>>,
        topics: &[TopicName],
        formats: &Formats,
        snapshot: &Snapshot,
    ) -> Result<(ConditionSearch, Vec<String>), String> {
        let mut codecs = Codecs::default();
        for topic in topics {
            let formats = formats.of(topic, snapshot).map_err(|damage| damage.to_string())?;
            codecs.insert(topic.clone(), formats.codecs);
        }
        let literals = self.literals(topics, &codecs);
        let search = search(segments, &self.query, &Arc::new(codecs), SearchOptions::default());
        search.map(|search| (search, literals)).map_err(|error| error.to_string())
    }

    fn literals(&self, topics: &[TopicName], codecs: &Codecs) -> Vec<String> {
        let mut texts = Vec::new();
        match &self.query {
            Query::Everything => {}
            Query::Literal(text) => texts.push(text.clone()),
            Query::Condition(condition) => {
                for topic in topics {
                    collect_texts(&condition.need(codecs.of(topic)), &mut texts);
                }
            }
        }
        texts
    }
}

/// The texts that must stand in what is found, which are worth marking there. Single characters and the beginnings of
/// escapes are not.
fn collect_texts(need: &Need, texts: &mut Vec<String>) {
    match need {
        Need::Nothing => {}
        Need::Bytes(_, bytes) => {
            let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() > 1 && !text.starts_with('\\'));
            if let Some(text) = text.filter(|text| !texts.iter().any(|known| known == text)) {
                texts.push(text.to_owned());
            }
        }
        Need::All(needs) | Need::Any(needs) => needs.iter().for_each(|need| collect_texts(need, texts)),
    }
}
