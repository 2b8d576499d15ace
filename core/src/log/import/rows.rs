//! Rows: events that say in fields of theirs which topic, key and time they have. And JSON lines, which are such rows.

use std::borrow::Cow;
use std::path::Path;

use super::array::array_in;
use super::gather::{Gathering, Record};
use super::json::{check, fields, find_path, items, text};
use super::kcat::into_text;
use super::lines::each_line;
use super::moment::parse_moment;
use super::report::Place;
use super::{ImportError, ImportOptions, topic_of};
use crate::event::TimestampType;

/// A row, taken apart as far as the options ask.
pub(super) struct Row<'r> {
    /// What the topic field holds, where one is asked for.
    pub(super) topic: Option<Cow<'r, str>>,
    pub(super) key: Option<Cow<'r, [u8]>>,
    /// What the time field holds, where one is asked for.
    pub(super) time: RowTime<'r>,
    pub(super) value: &'r [u8],
}

/// What a row's time field holds.
pub(super) enum RowTime<'r> {
    /// Nothing, or no field was asked for.
    None,
    /// A text or number to be understood.
    Text(Cow<'r, str>),
    /// A time that the file has as such, in milliseconds since the epoch.
    At(i64),
}

/// Takes one row as a record of partition 0; `Err` says why it is left out.
pub(super) fn take(
    gathering: &mut Gathering<'_>,
    place: Place,
    default_topic: &str,
    options: &ImportOptions,
    row: &Row<'_>,
) -> Result<Result<(), String>, ImportError> {
    let topic = match (&options.topic_field, &row.topic) {
        (None, _) => default_topic,
        (Some(_), Some(topic)) if !topic.is_empty() => topic,
        (Some(field), _) => return Ok(Err(format!("no topic: {field} is missing, null or empty"))),
    };
    let at_ms = match (&row.time, &options.time_field) {
        (RowTime::At(at_ms), _) => Some(*at_ms),
        (RowTime::Text(text), Some(field)) => {
            let at_ms = parse_moment(text);
            if at_ms.is_none() {
                gathering.keep_without(place, format!("{field}: “{text}” is no time; kept without a timestamp"));
            }
            at_ms
        }
        (RowTime::None, Some(field)) => {
            gathering.keep_without(place, format!("{field} is missing, null or empty; kept without a timestamp"));
            None
        }
        (_, None) => None,
    };
    let record = Record {
        topic,
        partition: 0,
        offset: None,
        timestamp: at_ms.map(|at_ms| (at_ms, TimestampType::Create)),
        key: row.key.as_deref(),
        value: Some(row.value),
        headers: &[],
    };
    gathering.take(place, &record).map(Ok)
}

/// Reads JSON lines, or the elements of an array: each value as it is written.
pub(super) fn read(path: &Path, options: &ImportOptions, gathering: &mut Gathering<'_>) -> Result<(), ImportError> {
    let default_topic = options.topic.clone().unwrap_or_else(|| topic_of(path));
    let take_value = |gathering: &mut Gathering<'_>, place, line: &[u8]| {
        if let Err(reason) = check(line) {
            return Ok(Err(reason));
        }
        let fields = if options.fields().next().is_some() { fields(line) } else { Vec::new() };
        let field = |name: &Option<String>| {
            name.as_deref().and_then(|name| find_path(&fields, name)).and_then(text).filter(|text| !text.is_empty())
        };
        let row = Row {
            topic: field(&options.topic_field).and_then(into_text),
            key: options.key_field.as_deref().and_then(|name| find_path(&fields, name)).and_then(text),
            time: field(&options.time_field).and_then(into_text).map_or(RowTime::None, RowTime::Text),
            value: line,
        };
        take(gathering, place, &default_topic, options, &row)
    };
    let Some(array) = array_in(path)? else { return each_line(path, gathering, take_value) };
    for (number, value) in (1..).zip(items(&array)) {
        gathering.read_bytes(value.len());
        if let Err(reason) = take_value(gathering, Place::Row(number), value)? {
            gathering.leave_out(Some(Place::Row(number)), reason);
        }
    }
    Ok(())
}
