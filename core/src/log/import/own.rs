//! Lines of `fabula read --format json`.
//!
//! `{"topic","partition","offset","timestamp","timestamp_ms","timestamp_type","key","value","headers":[[name,value],…]}`.
//! A value that was shown as JSON comes back as its text, one shown as text as its bytes, and one that was neither, as
//! `{"$base64": "…"}`, byte for byte. Numbers that a codec showed come back as their text.

use std::borrow::Cow;

use super::gather::Header;
use super::json::{base64, check, fields, find, integer, items, string, text};
use super::kcat::{Dumped, into_text, offset, partition, topic};
use crate::event::TimestampType;
use crate::event::time::parse_iso_ms;

/// One line as a record.
pub(super) fn parse(line: &[u8]) -> Result<Dumped<'_>, String> {
    check(line)?;
    let fields = fields(line);
    if fields.is_empty() {
        return Err("no record: not a JSON object with fields".to_owned());
    }
    let kind = match find(&fields, "timestamp_type").and_then(string).as_deref() {
        Some(b"none") => TimestampType::None,
        Some(b"log_append") => TimestampType::LogAppend,
        _ => TimestampType::Create,
    };
    let (at_ms, untimed_because) = match timestamp_ms(&fields) {
        Ok(at_ms) => (at_ms, None),
        Err(reason) => (None, Some(reason)),
    };
    Ok(Dumped {
        topic: topic(&fields)?,
        partition: partition(&fields)?,
        offset: offset(&fields)?,
        timestamp: at_ms.filter(|_| kind != TimestampType::None).map(|at_ms| (at_ms, kind)),
        key: find(&fields, "key").map_or(Ok(None), payload)?,
        value: find(&fields, "value").map_or(Ok(None), payload)?,
        headers: items(find(&fields, "headers").unwrap_or_default())
            .into_iter()
            .map(header)
            .collect::<Result<_, _>>()?,
        untimed_because,
    })
}

fn timestamp_ms(fields: &[(&[u8], &[u8])]) -> Result<Option<i64>, String> {
    let not_null = |name: &str| find(fields, name).filter(|&written| written != b"null");
    let Some(written) = not_null("timestamp_ms").or_else(|| not_null("timestamp")) else { return Ok(None) };
    let iso = || string(written).and_then(into_text).and_then(|text| parse_iso_ms(&text));
    let at_ms = integer(written).or_else(iso);
    at_ms.map(Some).ok_or_else(|| format!("{} is no timestamp", String::from_utf8_lossy(written)))
}

fn payload(written: &[u8]) -> Result<Option<Cow<'_, [u8]>>, String> {
    match base64(written) {
        Some(bytes) => bytes.map(|bytes| Some(Cow::Owned(bytes))),
        None => Ok(text(written)),
    }
}

fn header(written: &[u8]) -> Result<Header<'_>, String> {
    let pair = items(written);
    let [name, value] = pair.as_slice() else { return Err("headers: not a list of [name, value]".to_owned()) };
    let name = string(name).and_then(into_text).ok_or("headers: a name that is no text")?;
    Ok((name, payload(value)?))
}
