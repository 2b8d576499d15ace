//! Values as `COPY` in text form takes and gives them.

use std::borrow::Cow;

use tokio_postgres::types::Type;

use crate::codec::{Cell, Value, json, number_cell};
use crate::copies::table::Column;
use crate::copies::value::moment;
use crate::engine::Kind;
use crate::event::time::format_iso_ns;

/// What a column is made as.
pub(super) fn column_type(column: &Column) -> &'static str {
    let seen = &column.seen;
    match seen.kind() {
        Kind::Int => "bigint",
        Kind::Decimal { .. } => "numeric",
        // Floats among them are kept as the decimals that they are read as.
        Kind::Float | Kind::Text if seen.is_numeric() && (seen.has_decimals() || seen.kind() == Kind::Text) => {
            "numeric"
        }
        Kind::Float => "double precision",
        Kind::Bool => "boolean",
        // PostgreSQL's times have microseconds.
        Kind::Ns if seen.needs_nanoseconds() => "text",
        Kind::Ms | Kind::Ns => "timestamp with time zone",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
        Kind::Json => "json",
    }
}

/// Whether a column of the database's type keeps the values of a view's column as they are.
pub(super) fn holds(has: &str, column: &Column) -> bool {
    let numeric = has == "numeric" && column.seen.is_numeric();
    if column.seen.is_empty() || has == "text" || has == column_type(column) || numeric {
        return true;
    }
    let varying = has.starts_with("character varying");
    match column.seen.kind() {
        Kind::Int => match has {
            "integer" | "smallint" => true,
            "double precision" => column.seen.is_exact_as_float(),
            // Of fewer places than none the last digits would be rounded in silence.
            has => places(has).is_some_and(|places| places >= 0),
        },
        Kind::Decimal { scale } => {
            // A number of fewer places would be rounded in silence.
            places(has).is_some_and(|places| places >= i64::from(scale))
        }
        Kind::Ms => has == "timestamp without time zone" || has == "timestamp(3) with time zone",
        Kind::Ns => !column.seen.needs_nanoseconds() && has == "timestamp without time zone",
        // A uuid's letters and braces would be written anew.
        Kind::Text => varying,
        Kind::Json => has == "jsonb" || varying,
        Kind::Float => has == "double precision",
        Kind::Bool | Kind::Bytes => false,
    }
}

/// How many places behind the point a number of a type has; fewer than none where digits before it are rounded too.
fn places(has: &str) -> Option<i64> {
    has.strip_prefix("numeric(")?.strip_suffix(')')?.split_once(',')?.1.trim().parse().ok()
}

/// Appends a value as a field of a line.
///
/// # Errors
/// When it has a character that PostgreSQL's texts can't have.
pub(super) fn push(out: &mut Vec<u8>, cell: &Cell<'_>, kind: Kind) -> Result<(), &'static str> {
    let written = match (kind, cell) {
        (Kind::Ns, Cell::Time(ns)) => Some(Cow::Owned(format_iso_ns(*ns))),
        // Bytes in the form of a bytea.
        (_, cell) => cell.written(),
    };
    let Some(written) = written else {
        out.extend_from_slice(b"\\N");
        return Ok(());
    };
    for byte in written.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0 => return Err("a text with a NUL character, which PostgreSQL can't hold"),
            byte => out.push(byte),
        }
    }
    Ok(())
}

/// The fields of a line, `None` where null.
pub(super) fn fields(line: &[u8]) -> Vec<Option<Vec<u8>>> {
    line.split(|byte| *byte == b'\t')
        .map(|field| {
            if field == b"\\N" {
                return None;
            }
            let mut bytes = Vec::with_capacity(field.len());
            let mut rest = field.iter();
            while let Some(&byte) = rest.next() {
                bytes.push(match byte {
                    b'\\' => match rest.next() {
                        Some(b'n') => b'\n',
                        Some(b'r') => b'\r',
                        Some(b't') => b'\t',
                        Some(b'b') => 8,
                        Some(b'f') => 12,
                        Some(b'v') => 11,
                        Some(&other) => other,
                        None => b'\\',
                    },
                    byte => byte,
                });
            }
            Some(bytes)
        })
        .collect()
}

/// A value of a column of the database.
pub(super) fn cell(field: Option<&[u8]>, of: &Type) -> Cell<'static> {
    let Some(field) = field else { return Cell::Null };
    let text = String::from_utf8_lossy(field).into_owned();
    let as_text = |text: String| Cell::Text(text.into());
    match *of {
        Type::BOOL => Cell::Bool(text == "t"),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => text.parse().map_or_else(|_| as_text(text), Cell::Int),
        Type::FLOAT4 | Type::FLOAT8 => text.parse().map_or_else(|_| as_text(text), Cell::Float),
        Type::NUMERIC => match crate::copies::value::number(&text) {
            Some(_) => number_cell(&text).into_owned(),
            None => text.parse().map_or_else(|_| as_text(text), Cell::Float),
        },
        Type::TIMESTAMPTZ | Type::TIMESTAMP => moment(&text).map_or_else(|| as_text(text), Cell::Time),
        Type::BYTEA => {
            let digits = text.strip_prefix("\\x").unwrap_or_default().as_bytes();
            let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
            Cell::Bytes(digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
        }
        Type::JSON | Type::JSONB => match json::parse(text.as_bytes()) {
            Ok(Value::Null) | Err(_) => as_text(text),
            Ok(value) => value.cell().into_owned(),
        },
        _ => as_text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_as_it_was() {
        let cells = [
            (Cell::Text("tab\tline\nback\\slash \\N".into()), Kind::Text, Type::TEXT),
            (Cell::Text("".into()), Kind::Text, Type::TEXT),
            (Cell::Null, Kind::Text, Type::TEXT),
            (Cell::Bytes(vec![0, 255].into()), Kind::Bytes, Type::BYTEA),
            (Cell::Bool(true), Kind::Text, Type::TEXT),
            (number_cell("5.00"), Kind::Decimal { scale: 2 }, Type::NUMERIC),
            (Cell::Time(1_500_000), Kind::Ns, Type::TIMESTAMPTZ),
        ];
        let mut line = Vec::new();
        for (at, (cell, kind, _)) in cells.iter().enumerate() {
            if at > 0 {
                line.push(b'\t');
            }
            push(&mut line, cell, *kind).unwrap();
        }
        assert!(!line.contains(&b'\n'));
        let fields = fields(&line);
        assert_eq!(fields.len(), cells.len());
        for (field, (cell, _, of)) in fields.iter().zip(&cells) {
            let read = super::cell(field.as_deref(), of);
            assert!(read == *cell || crate::copies::same(cell, &read), "{read:?} {cell:?}");
        }
        assert!(push(&mut line, &Cell::Text("\0".into()), Kind::Text).is_err());
    }
}
