//! Lines of `kcat -J`.
//!
//! `{"topic","partition","offset","tstype","ts","broker","headers":[name,value,…],"key","payload"}`; strings are the
//! record's bytes, whatever they are. With a deserializer (`-s`) key and payload may be JSON instead: their text is kept.

use std::borrow::Cow;

use super::gather::{Header, Record};
use super::json::{check, fields, find, integer, items, string, text};
use crate::event::TimestampType;

/// A whole record, taken from a line.
#[derive(Debug)]
pub(super) struct Dumped<'l> {
    pub(super) topic: Cow<'l, str>,
    pub(super) partition: i32,
    pub(super) offset: Option<i64>,
    pub(super) timestamp: Option<(i64, TimestampType)>,
    pub(super) key: Option<Cow<'l, [u8]>>,
    pub(super) value: Option<Cow<'l, [u8]>>,
    pub(super) headers: Vec<Header<'l>>,
    /// Why the timestamp could not be understood.
    pub(super) untimed_because: Option<String>,
}

impl Dumped<'_> {
    pub(super) fn record(&self) -> Record<'_> {
        Record {
            topic: &self.topic,
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &self.headers,
        }
    }
}

/// The topic that a record names.
pub(super) fn topic<'l>(fields: &[(&'l [u8], &'l [u8])]) -> Result<Cow<'l, str>, String> {
    match find(fields, "topic").and_then(string) {
        Some(topic) if !topic.is_empty() => into_text(topic).ok_or_else(|| "the topic is no text".to_owned()),
        _ => Err("no topic".to_owned()),
    }
}

pub(super) fn into_text(bytes: Cow<'_, [u8]>) -> Option<Cow<'_, str>> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// The partition that a record names: 0 where it names none.
pub(super) fn partition(fields: &[(&[u8], &[u8])]) -> Result<i32, String> {
    let Some(written) = find(fields, "partition").filter(|&written| written != b"null") else { return Ok(0) };
    integer(written)
        .and_then(|number| i32::try_from(number).ok())
        .filter(|&number| number >= 0)
        .ok_or_else(|| format!("{} is no partition", String::from_utf8_lossy(written)))
}

/// The offset that a record names, where it names one.
pub(super) fn offset(fields: &[(&[u8], &[u8])]) -> Result<Option<i64>, String> {
    let Some(written) = find(fields, "offset").filter(|&written| written != b"null") else { return Ok(None) };
    let number = integer(written).filter(|&offset| offset >= 0);
    number.map(Some).ok_or_else(|| format!("{} is no offset", String::from_utf8_lossy(written)))
}

/// One line as a record.
pub(super) fn parse(line: &[u8]) -> Result<Dumped<'_>, String> {
    check(line)?;
    let fields = fields(line);
    if fields.is_empty() {
        return Err("no record: not a JSON object with fields".to_owned());
    }
    let kind = match find(&fields, "tstype").and_then(string).as_deref() {
        Some(b"unknown" | b"none") => TimestampType::None,
        Some(b"logappend") => TimestampType::LogAppend,
        _ => TimestampType::Create,
    };
    let written = find(&fields, "ts").filter(|&written| written != b"null");
    let at_ms = written.map(|written| {
        integer(written).ok_or_else(|| format!("ts {} is no timestamp", String::from_utf8_lossy(written)))
    });
    let (timestamp, untimed_because) = match at_ms {
        Some(Ok(at_ms)) if kind != TimestampType::None && at_ms != -1 => (Some((at_ms, kind)), None),
        Some(Err(reason)) => (None, Some(reason)),
        _ => (None, None),
    };
    Ok(Dumped {
        topic: topic(&fields)?,
        partition: partition(&fields)?,
        offset: offset(&fields)?,
        timestamp,
        key: find(&fields, "key").and_then(text),
        value: find(&fields, "payload").and_then(text),
        headers: headers(find(&fields, "headers"))?,
        untimed_because,
    })
}

fn headers(written: Option<&[u8]>) -> Result<Vec<Header<'_>>, String> {
    let items = items(written.unwrap_or_default());
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("headers: a name without a value".to_owned());
    }
    pairs.iter().map(|&[name, value]| header(name, value)).collect()
}

fn header<'l>(name: &'l [u8], value: &'l [u8]) -> Result<Header<'l>, String> {
    let name = string(name).and_then(into_text).ok_or("headers: a name that is no text")?;
    Ok((name, text(value)))
}
