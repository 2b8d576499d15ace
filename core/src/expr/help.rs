//! Help while an expression is written: what could stand at the cursor, and what looks mistaken.

use std::ops::Range;

use super::error::most_similar;
use super::source::{ROOTS, Source};
use super::{Expr, Function};
use crate::codec::Path;
use crate::schema::{Shape, TopicShape};

/// Something that could stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is put there.
    pub text: String,
    /// Which part of the text it replaces, in bytes.
    pub replaces: Range<usize>,
    /// What it is, in a few words.
    pub about: String,
}

/// What could stand at a place of a text (in bytes), best first: names of fields that the shapes know, then functions.
pub fn complete(text: &str, cursor: usize, shapes: &[&TopicShape], limit: usize) -> Vec<Completion> {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let before = &text[..cursor];
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '[' | ']' | '"');
    let start = before.char_indices().rev().take_while(|(_, c)| part_of_name(*c)).last().map_or(cursor, |(at, _)| at);
    let written = before[start..].to_lowercase();
    let inside_text = before[..start].matches('\'').count() % 2 == 1;
    if inside_text {
        return Vec::new();
    }
    let fits = |name: &str| match written.rsplit_once('.') {
        // Behind a dot anything that holds the last part will do, so that a deep field is found by its own name.
        Some((root, part)) => name.starts_with(root.split('.').next().unwrap_or(root)) && name.contains(part),
        None => name.starts_with(&written),
    };
    let mut found: Vec<Completion> = Vec::new();
    let mut offer = |text: String, about: String| {
        let lower = text.to_lowercase();
        if lower != written && fits(&lower) && !found.iter().any(|known| known.text == text) {
            found.push(Completion { text, replaces: start..cursor, about });
        }
    };
    if !written.contains('.') {
        ROOTS.iter().for_each(|root| offer((*root).to_owned(), "field".to_owned()));
    }
    for shape in shapes {
        offer_fields(&shape.value, Source::Value, &mut offer);
        offer_fields(&shape.key, Source::Key, &mut offer);
        for (name, count) in &shape.headers {
            offer(Source::Header(name.clone()).to_string(), format!("header of {count} events"));
        }
    }
    if !written.contains('.') && !written.is_empty() {
        Function::all().iter().for_each(|function| offer(format!("{}(", function.name), function.about.to_owned()));
    }
    found.sort_by_key(|completion| !completion.text.to_lowercase().starts_with(&written));
    found.truncate(limit);
    found
}

fn offer_fields(shape: &Shape, source: fn(Path) -> Source, offer: &mut impl FnMut(String, String)) {
    for field in shape.fields() {
        let about = format!("{} in {} of {} events", field.kinds, field.present, shape.samples());
        offer(source(field.path).to_string(), about);
    }
}

impl Expr {
    /// What looks mistaken, judged by the shapes of the topics it is meant for: fields that none of them has shown.
    /// Samples are not everything, so this is advice and no error.
    pub fn advice(&self, shapes: &[&TopicShape]) -> Vec<String> {
        self.sources.iter().filter_map(|source| unseen(source, shapes)).collect()
    }
}

fn unseen(source: &Source, shapes: &[&TopicShape]) -> Option<String> {
    let similar = match source {
        Source::Value(path) => unseen_path(path, shapes, |shape| &shape.value)?,
        Source::Key(path) => unseen_path(path, shapes, |shape| &shape.key)?,
        Source::Header(name) | Source::Headers(name) => {
            let names = || shapes.iter().flat_map(|shape| &shape.headers).map(|(name, _)| name.as_str());
            if names().next().is_none() || names().any(|known| known == name) {
                return None;
            }
            most_similar(name, names()).map(|name| Source::Header(name.to_owned()).to_string())
        }
        _ => return None,
    };
    Some(match similar {
        Some(similar) => format!("no event looked at has {source}: did you mean {similar}?"),
        None => format!("no event looked at has {source}"),
    })
}

/// `None` if the path was seen or nothing was; else the name most like it, if any.
fn unseen_path<'s>(
    path: &Path,
    shapes: &[&'s TopicShape],
    side: fn(&'s TopicShape) -> &'s Shape,
) -> Option<Option<String>> {
    let sides: Vec<&Shape> = shapes.iter().map(|shape| side(shape)).collect();
    let nothing_seen = sides.iter().all(|shape| shape.fields().is_empty());
    if path.is_root() || nothing_seen || sides.iter().any(|shape| shape.field(path).is_some()) {
        return None;
    }
    let known: Vec<String> =
        sides.iter().flat_map(|shape| shape.fields()).map(|field| field.path.to_string()).collect();
    let written = path.to_string();
    Some(most_similar(&written, known.iter().map(String::as_str)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Choice, TopicCodecs};
    use crate::event::{EventBatchBuilder, TimestampType};

    fn shape() -> TopicShape {
        let mut builder = EventBatchBuilder::new("orders", 0);
        let value = br#"{"status":"OK","customer":{"city":"Brno"}}"#;
        builder.push(0, 0, TimestampType::Create, Some(b"k"), Some(value), [("x-id", Some(&b"1"[..]))]);
        let batch = builder.finish();
        let mut shape = TopicShape::default();
        shape.add(batch.event(0), &TopicCodecs::new(Choice::Text, Choice::Json));
        shape
    }

    fn offered(text: &str) -> Vec<String> {
        complete(text, text.len(), &[&shape()], 4).into_iter().map(|completion| completion.text).collect()
    }

    #[test]
    fn fields_come_first_then_functions() {
        assert_eq!(offered("val"), ["value", "value.status", "value.customer", "value.customer.city"]);
        assert_eq!(offered("partition = 1 AND value.cit"), ["value.customer.city"]);
        assert_eq!(offered("upp"), ["upper("]);
        assert_eq!(offered("headers."), ["headers['x-id']"]);
        assert_eq!(offered("key = 'val"), Vec::<String>::new());
    }

    #[test]
    fn a_field_that_no_event_has_is_pointed_out() {
        let advice = |text: &str| Expr::parse(text).unwrap().advice(&[&shape()]);
        assert_eq!(advice("value.stauts"), ["no event looked at has value.stauts: did you mean status?"]);
        assert_eq!(advice("value.status || value.customer.city"), Vec::<String>::new());
        assert_eq!(advice("headers.x-ib"), ["no event looked at has headers['x-ib']: did you mean headers['x-id']?"]);
    }
}
