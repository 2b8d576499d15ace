//! Which parts the inspector's sheet has for an event.

use super::Form;
use super::lines::Rows;
use super::load::{Body, Detail};
use super::sheet::Part;
use super::tree::Tree;
use fabula_core::codec::hex::HexView;

/// What stands where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The event's kind, topic and place.
    Title,
    /// A line between sections.
    Rule,
    /// The key.
    Key,
    /// The value's heading: its size, its format, how it is looked at.
    ValueHead,
    /// Why the value could not be decoded.
    Refusal,
    /// What the value is when it has nothing to lay out: a tombstone, empty, or still being decoded.
    ValueNote,
    /// A line of the value's tree.
    TreeRow,
    /// A row of the value's text.
    TextRow,
    /// A row of the value's bytes.
    HexRow,
    /// The headers' heading.
    HeadersHead,
    /// A header.
    Header,
    /// The groups' heading.
    ReadersHead,
    /// Whether a group has passed the event.
    Reader,
    /// The coordinates' heading.
    PlaceHead,
    /// A line about where and when.
    Place,
}

/// How many lines there are about where and when.
pub(super) const PLACES: usize = 5;

/// The parts for an event, looked at in a form, with so many lines about its readers.
pub(super) fn parts(detail: &Detail, tree: &Tree, rows: &Rows, form: Form, readers: usize) -> Vec<Part<Kind>> {
    let part = |kind, rows, height| Part { kind, rows, height };
    let mut parts = vec![part(Kind::Title, 1, 60.0), part(Kind::Key, 1, 28.0), part(Kind::Rule, 1, 9.0)];
    parts.push(part(Kind::ValueHead, 1, 28.0));
    match &detail.body {
        Body::Beginning(_) => parts.push(part(Kind::ValueNote, 1, 132.0)),
        Body::Whole(whole) => {
            if matches!(whole.decoded, fabula_core::codec::Decoded::Undecodable(_)) {
                parts.push(part(Kind::Refusal, 1, 30.0));
            }
            let has_text = whole.lines.is_some();
            match form {
                _ if whole.bytes.is_empty() => parts.push(part(Kind::ValueNote, 1, 26.0)),
                Form::Tree => parts.push(part(Kind::TreeRow, tree.rows().len(), 20.0)),
                Form::Text if has_text => parts.push(part(Kind::TextRow, rows.len(), 17.0)),
                Form::Text | Form::Hex => parts.push(part(Kind::HexRow, HexView::new(&whole.bytes).len(), 17.0)),
            }
        }
    }
    parts.push(part(Kind::Rule, 1, 13.0));
    parts.push(part(Kind::HeadersHead, 1, 26.0));
    parts.push(part(Kind::Header, detail.headers.len(), 20.0));
    parts.push(part(Kind::Rule, 1, 13.0));
    parts.push(part(Kind::ReadersHead, 1, 26.0));
    parts.push(part(Kind::Reader, readers, 20.0));
    parts.push(part(Kind::Rule, 1, 13.0));
    parts.push(part(Kind::PlaceHead, 1, 26.0));
    parts.push(part(Kind::Place, PLACES, 20.0));
    parts.push(part(Kind::Rule, 1, 24.0));
    parts
}
