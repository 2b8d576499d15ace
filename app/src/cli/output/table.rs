//! Events as an aligned table for a person at a terminal.

use std::borrow::Cow;

use fabula_core::event::EventRef;
use fabula_core::event::time::format_iso_ms;
use unicode_width::UnicodeWidthChar as _;

use super::payload::{Decoding, Payload, Shown};

/// What stands for a null key or field: never what an event's own text could look like, since that is quoted then.
const NULL: &str = "∅";
/// What stands for a null value.
const TOMBSTONE: &str = "⊘ tombstone";
const EMPTY: &str = "\"\"";

/// Writes one event after the other as a row of a table whose columns stay where they are.
#[derive(Debug)]
pub struct Table {
    decoding: Decoding,
    columns: Vec<Column>,
    /// Rows are cut to this many terminal cells; `None` leaves them whole.
    width: Option<usize>,
}

#[derive(Debug)]
struct Column {
    title: String,
    width: usize,
}

impl Table {
    /// A table for events of the named topics, with columns of the person's choice before the value.
    pub fn new<'a>(
        decoding: Decoding,
        topics: impl Iterator<Item = &'a str>,
        chosen: &[String],
        width: Option<usize>,
    ) -> Self {
        let topic_width = topics.map(cells).max().unwrap_or(0).clamp(5, 28);
        let column = |title: &str, width: usize| Column { title: title.to_owned(), width };
        let mut columns = vec![
            column("TIME", 24),
            column("TOPIC", topic_width),
            column("PART", 4),
            column("OFFSET", 10),
            column("KEY", 20),
        ];
        columns.extend(chosen.iter().map(|title| column(title, cells(title).clamp(12, 28))));
        columns.push(column("VALUE", 0));
        Self { decoding, columns, width }
    }

    /// Appends the row of titles.
    pub fn header(&self, line: &mut Vec<u8>) {
        let titles: Vec<Cow<'_, str>> = self.columns.iter().map(|column| column.title.as_str().into()).collect();
        self.row(&titles, line);
    }

    /// Appends one event's row; `chosen` are its chosen columns, `None` where a field is null or absent.
    pub fn event(&self, event: EventRef<'_>, chosen: &[Option<Cow<'_, str>>], line: &mut Vec<u8>) {
        let time = event.time_ns().map_or(NULL.into(), |_| Cow::Owned(format_iso_ms(event.timestamp_ms())));
        let mut row = vec![
            time,
            plain(event.topic()),
            event.partition().to_string().into(),
            event.offset().to_string().into(),
            shown(self.decoding.key.show(event.key()), NULL),
        ];
        row.extend(chosen.iter().map(|cell| cell.as_deref().map_or(NULL.into(), plain)));
        row.push(shown(self.decoding.value.show(event.value()), TOMBSTONE));
        self.row(&row, line);
    }

    fn row(&self, row: &[Cow<'_, str>], line: &mut Vec<u8>) {
        let mut left = self.width.unwrap_or(usize::MAX);
        let last = row.len() - 1;
        for (at, (text, column)) in row.iter().zip(&self.columns).enumerate() {
            let numeric = matches!(column.title.as_str(), "PART" | "OFFSET");
            let width =
                if at == last { left } else { column.width.max(if numeric { cells(text) } else { 0 }).min(left) };
            let (cut, taken) = cut(text, width);
            let padding = if at == last { 0 } else { width - taken };
            let (before, after) = if numeric { (padding, 0) } else { (0, padding) };
            line.extend(std::iter::repeat_n(b' ', before));
            line.extend_from_slice(cut.as_bytes());
            line.extend(std::iter::repeat_n(b' ', after));
            left = left.saturating_sub(width);
            if at < last && left > 2 {
                line.extend_from_slice(b"  ");
                left -= 2;
            } else if at < last {
                break;
            }
        }
        while line.last() == Some(&b' ') {
            line.pop();
        }
        line.push(b'\n');
    }
}

fn shown<'a>(shown: Shown<'a>, null: &'static str) -> Cow<'a, str> {
    match shown {
        Shown::Payload(Payload::Null) => null.into(),
        Shown::Payload(Payload::Text(text)) | Shown::Json(text) => plain(text),
        Shown::Payload(Payload::Bytes(bytes)) => {
            let hex: String = bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
            format!("0x{hex}{}", if bytes.len() > 64 { "…" } else { "" }).into()
        }
        Shown::Number(text) | Shown::Word(text) => text.into(),
    }
}

/// Text as a cell of one line: as it is, or quoted where it would break the line or pass for something else.
pub fn plain(text: &str) -> Cow<'_, str> {
    /// More than any terminal shows; a value of megabytes is not escaped for nothing.
    const MOST: usize = 4_096;
    if text.is_empty() {
        return EMPTY.into();
    }
    let cut = text.char_indices().nth(MOST).map_or(text, |(at, _)| &text[..at]);
    let mistakable = text == NULL || text == TOMBSTONE || cut.starts_with('"') || is_hex(cut);
    if !mistakable && !cut.contains(char::is_control) {
        return if cut.len() == text.len() { text.into() } else { format!("{cut}…").into() };
    }
    if !mistakable && cut.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')) {
        return cut.split(['\n', '\r', '\t']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ").into();
    }
    format!("{cut:?}").into()
}

fn is_hex(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn cells(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// As much of a text as fits, with an ellipsis where something is missing; and how wide that is.
fn cut(text: &str, width: usize) -> (Cow<'_, str>, usize) {
    let mut taken = 0;
    let mut room_for_ellipsis = (0, 0);
    for (at, c) in text.char_indices() {
        let wide = c.width().unwrap_or(0);
        if taken + wide > width {
            let (end, taken) = room_for_ellipsis;
            return if width == 0 { ("".into(), 0) } else { (format!("{}…", &text[..end]).into(), taken + 1) };
        }
        taken += wide;
        if taken < width {
            room_for_ellipsis = (at + c.len_utf8(), taken);
        }
    }
    (text.into(), taken)
}

#[cfg(test)]
mod tests {
    use fabula_core::event::{EventBatchBuilder, TimestampType};

    use super::*;

    fn rendered(width: Option<usize>) -> Vec<String> {
        let mut batch = EventBatchBuilder::new("orders", 2);
        batch.push(0, 0, TimestampType::Create, None, None, []);
        batch.push(1, 1, TimestampType::Create, Some(b""), Some(b""), []);
        batch.push(2, 2, TimestampType::Create, Some("∅".as_bytes()), Some("⊘ tombstone".as_bytes()), []);
        batch.push(3, 3, TimestampType::Create, Some(b"\xff\x00"), Some(b"0xff00"), []);
        batch.push(4, -1, TimestampType::None, Some(b"a-key-that-is-far-too-long"), Some(b"{\n  \"a\": 1\n}"), []);
        let batch = batch.finish();
        let table = Table::new(Decoding::default(), ["orders"].into_iter(), &[], width);
        let mut text = Vec::new();
        table.header(&mut text);
        for event in batch.events() {
            table.event(event, &[], &mut text);
        }
        String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn null_empty_tombstone_bytes_and_text_that_looks_like_them_differ() {
        let lines = rendered(None);
        let rows: Vec<&str> = lines.iter().map(|line| line.get(52..).unwrap_or("")).collect();
        let expected = [
            "KEY                   VALUE",
            "∅                     ⊘ tombstone",
            "\"\"                    \"\"",
            "\"∅\"                   \"⊘ tombstone\"",
            "0xff00                \"0xff00\"",
        ];
        assert_eq!(rows[..5], expected);
        assert!(lines[5].ends_with("a-key-that-is-far-t…  {   \"a\": 1 }"), "{}", lines[5]);
    }

    #[test]
    fn no_row_is_wider_than_the_terminal() {
        for width in 1..120 {
            for line in rendered(Some(width)) {
                assert!(cells(&line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn wide_characters_count_as_two_cells() {
        assert_eq!(cut("日本語", 6), ("日本語".into(), 6));
        assert_eq!(cut("日本語", 5), ("日本…".into(), 5));
        assert_eq!(cut("日本語", 4), ("日…".into(), 3));
    }
}
