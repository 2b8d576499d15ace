//! A value of an Arrow array as JSON text, exact: an int64 stays one, a decimal keeps its places.

use base64::Engine as _;
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Span, Timestamp};
use polars_arrow::array::{
    Array, BinaryArray, BinaryViewArray, BooleanArray, DictionaryArray, DictionaryKey, FixedSizeBinaryArray,
    FixedSizeListArray, ListArray, MapArray, PrimitiveArray, StructArray, Utf8Array, Utf8ViewArray, get_value_display,
};
use polars_arrow::datatypes::{ArrowDataType, IntegerType, TimeUnit};
use polars_arrow::types::NativeType;

use super::json::{check, push_string, string};

/// What a column's bytes are, where Parquet's schema says so and Arrow's can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Just bytes.
    Plain,
    /// 16 bytes of a UUID.
    Uuid,
    /// The text of a JSON value.
    Json,
}

/// Appends the value of a row as JSON. Bytes that are text are written as text, as everywhere in Fabula.
pub(super) fn write(out: &mut Vec<u8>, array: &dyn Array, row: usize, form: Form) {
    if array.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    if let Some((values, at)) = entry(array, row) {
        write(out, values, at, form);
        return;
    }
    if write_primitive(out, array, row) || write_nested(out, array, row) {
        return;
    }
    if let Some(text) = text_of(array, row) {
        push_string(out, text);
    } else if let Some(bytes) = bytes_of(array, row) {
        write_bytes(out, bytes, form);
    } else {
        // Whatever has no better form (intervals) is shown as text rather than dropped.
        let mut shown = String::new();
        match get_value_display(array, "null")(&mut shown, row) {
            Ok(()) => push_string(out, &shown),
            Err(_) => out.extend_from_slice(b"null"),
        }
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8], form: Form) {
    match (form, std::str::from_utf8(bytes)) {
        (Form::Uuid, _) if bytes.len() == 16 => {
            let text = uuid::Uuid::from_slice(bytes).unwrap_or_default().to_string();
            push_string(out, &text);
        }
        (Form::Json, Ok(text)) if check(bytes).is_ok() => out.extend_from_slice(text.as_bytes()),
        (_, Ok(text)) => push_string(out, text),
        (_, Err(_)) => {
            out.extend_from_slice(b"{\"$base64\":\"");
            out.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(bytes).as_bytes());
            out.extend_from_slice(b"\"}");
        }
    }
}

/// The value of a row as a key's text: a string without quotes, bytes as they are, else its JSON; `None` if null.
pub(super) fn text(array: &dyn Array, row: usize, form: Form) -> Option<Vec<u8>> {
    if array.is_null(row) {
        return None;
    }
    if let Some((values, at)) = entry(array, row) {
        return text(values, at, form);
    }
    if let (Some(bytes), Form::Plain) = (bytes_of(array, row), form) {
        return Some(bytes.to_vec());
    }
    let mut written = Vec::new();
    write(&mut written, array, row, form);
    Some(string(&written).map(|text| text.into_owned()).unwrap_or(written))
}

/// The values that a dictionary's keys stand for, and the place of a row's among them; `None` of what is no dictionary.
fn entry(array: &dyn Array, row: usize) -> Option<(&dyn Array, usize)> {
    fn by<K: DictionaryKey>(array: &dyn Array, row: usize) -> Option<(&dyn Array, usize)> {
        let array = array.as_any().downcast_ref::<DictionaryArray<K>>()?;
        Some((array.values().as_ref(), array.key_value(row)))
    }
    let ArrowDataType::Dictionary(key, ..) = array.dtype() else { return None };
    match key {
        IntegerType::Int8 => by::<i8>(array, row),
        IntegerType::Int16 => by::<i16>(array, row),
        IntegerType::Int32 => by::<i32>(array, row),
        IntegerType::Int64 => by::<i64>(array, row),
        IntegerType::Int128 => by::<i128>(array, row),
        IntegerType::UInt8 => by::<u8>(array, row),
        IntegerType::UInt16 => by::<u16>(array, row),
        IntegerType::UInt32 => by::<u32>(array, row),
        IntegerType::UInt64 => by::<u64>(array, row),
        IntegerType::UInt128 => by::<u128>(array, row),
    }
}

/// Milliseconds since the epoch, where the column holds times or dates.
pub(super) fn moment_ms(array: &dyn Array, row: usize) -> Option<i64> {
    if array.is_null(row) {
        return None;
    }
    if let Some((values, at)) = entry(array, row) {
        return moment_ms(values, at);
    }
    match array.dtype() {
        ArrowDataType::Timestamp(unit, _) => {
            let count = number::<i64>(array, row)?;
            match unit {
                TimeUnit::Second => count.checked_mul(1000),
                TimeUnit::Millisecond => Some(count),
                TimeUnit::Microsecond => Some(count.div_euclid(1000)),
                TimeUnit::Nanosecond => Some(count.div_euclid(1_000_000)),
            }
        }
        ArrowDataType::Date32 => Some(i64::from(number::<i32>(array, row)?) * 86_400_000),
        ArrowDataType::Date64 => number::<i64>(array, row),
        _ => None,
    }
}

fn number<T: NativeType>(array: &dyn Array, row: usize) -> Option<T> {
    array.as_any().downcast_ref::<PrimitiveArray<T>>().map(|array| array.value(row))
}

fn write_primitive(out: &mut Vec<u8>, array: &dyn Array, row: usize) -> bool {
    fn shown<T: NativeType + std::fmt::Display>(array: &dyn Array, row: usize) -> Option<String> {
        number::<T>(array, row).map(|number| number.to_string())
    }
    use ArrowDataType as Type;
    let written = match array.dtype() {
        Type::Boolean => {
            let array = array.as_any().downcast_ref::<BooleanArray>();
            array.map(|array| array.value(row).to_string())
        }
        Type::Int8 => shown::<i8>(array, row),
        Type::Int16 => shown::<i16>(array, row),
        Type::Int32 => shown::<i32>(array, row),
        Type::Int64 => shown::<i64>(array, row),
        Type::Int128 => shown::<i128>(array, row),
        Type::UInt8 => shown::<u8>(array, row),
        Type::UInt16 => shown::<u16>(array, row),
        Type::UInt32 => shown::<u32>(array, row),
        Type::UInt64 => shown::<u64>(array, row),
        Type::Float32 => number::<f32>(array, row).map(|number| floating(&number.to_string(), number.is_finite())),
        Type::Float64 => number::<f64>(array, row).map(|number| floating(&number.to_string(), number.is_finite())),
        Type::Decimal(_, places) => number::<i128>(array, row).map(|number| decimal(number, *places)),
        Type::Timestamp(unit, zone) => number::<i64>(array, row).map(|count| timestamp(count, *unit, zone.is_some())),
        Type::Date32 => number::<i32>(array, row).map(date),
        Type::Time32(unit) => number::<i32>(array, row).map(|count| time(i64::from(count), *unit)),
        Type::Time64(unit) => number::<i64>(array, row).map(|count| time(count, *unit)),
        Type::Duration(unit) => number::<i64>(array, row).map(|count| duration(count, *unit)),
        _ => None,
    };
    written.inspect(|written| out.extend_from_slice(written.as_bytes())).is_some()
}

/// A float as JSON has it: the shortest text that reads back as the same; those that JSON has no number for as text.
fn floating(shown: &str, finite: bool) -> String {
    if finite { shown.to_owned() } else { format!("\"{shown}\"") }
}

fn decimal(number: i128, places: usize) -> String {
    if places == 0 {
        return number.to_string();
    }
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{}{whole}.{fraction}", if number < 0 { "-" } else { "" })
}

fn nanoseconds(count: i64, unit: TimeUnit) -> i128 {
    let each: i128 = match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    i128::from(count) * each
}

/// ISO 8601; with `Z` if the column is a moment in time, without if it is a reading of a clock. Beyond the calendar of
/// four-digit years it is the number that the file has.
fn timestamp(count: i64, unit: TimeUnit, zoned: bool) -> String {
    match Timestamp::from_nanosecond(nanoseconds(count, unit)) {
        Ok(moment) if zoned => format!("\"{moment}\""),
        Ok(moment) => format!("\"{}\"", jiff::tz::Offset::UTC.to_datetime(moment)),
        Err(_) => count.to_string(),
    }
}

fn date(days: i32) -> String {
    let epoch = Date::constant(1970, 1, 1);
    let moved = Span::new().try_days(days).and_then(|span| epoch.checked_add(span));
    moved.map_or_else(|_| days.to_string(), |date| format!("\"{date}\""))
}

fn time(count: i64, unit: TimeUnit) -> String {
    let since_midnight = i64::try_from(nanoseconds(count, unit)).map(SignedDuration::from_nanos);
    let time = since_midnight.ok().and_then(|span| Time::midnight().checked_add(span).ok());
    time.map_or_else(|| count.to_string(), |time| format!("\"{time}\""))
}

fn duration(count: i64, unit: TimeUnit) -> String {
    let nanoseconds = i64::try_from(nanoseconds(count, unit));
    nanoseconds
        .map_or_else(|_| count.to_string(), |nanoseconds| format!("\"{}\"", SignedDuration::from_nanos(nanoseconds)))
}

fn text_of(array: &dyn Array, row: usize) -> Option<&str> {
    let any = array.as_any();
    any.downcast_ref::<Utf8ViewArray>()
        .map(|array| array.value(row))
        .or_else(|| any.downcast_ref::<Utf8Array<i64>>().map(|array| array.value(row)))
        .or_else(|| any.downcast_ref::<Utf8Array<i32>>().map(|array| array.value(row)))
}

fn bytes_of(array: &dyn Array, row: usize) -> Option<&[u8]> {
    let any = array.as_any();
    any.downcast_ref::<BinaryViewArray>()
        .map(|array| array.value(row))
        .or_else(|| any.downcast_ref::<FixedSizeBinaryArray>().map(|array| array.value(row)))
        .or_else(|| any.downcast_ref::<BinaryArray<i64>>().map(|array| array.value(row)))
        .or_else(|| any.downcast_ref::<BinaryArray<i32>>().map(|array| array.value(row)))
}

fn write_nested(out: &mut Vec<u8>, array: &dyn Array, row: usize) -> bool {
    let any = array.as_any();
    if let Some(array) = any.downcast_ref::<StructArray>() {
        out.push(b'{');
        for (at, (field, values)) in array.fields().iter().zip(array.values()).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            push_string(out, &field.name);
            out.push(b':');
            write(out, values.as_ref(), row, Form::Plain);
        }
        out.push(b'}');
    } else if let Some(array) = any.downcast_ref::<ListArray<i64>>() {
        write_items(out, array.value(row).as_ref());
    } else if let Some(array) = any.downcast_ref::<ListArray<i32>>() {
        write_items(out, array.value(row).as_ref());
    } else if let Some(array) = any.downcast_ref::<FixedSizeListArray>() {
        write_items(out, array.value(row).as_ref());
    } else if let Some(array) = any.downcast_ref::<MapArray>() {
        write_items(out, array.value(row).as_ref());
    } else {
        return false;
    }
    true
}

fn write_items(out: &mut Vec<u8>, items: &dyn Array) {
    out.push(b'[');
    for item in 0..items.len() {
        if item > 0 {
            out.push(b',');
        }
        write(out, items, item, Form::Plain);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_is_what_its_keys_stand_for_whatever_their_type() {
        fn written<K: DictionaryKey>() -> Vec<String> {
            let values = Utf8ViewArray::from_slice([Some("EU"), Some("U\"S"), None]);
            let keys =
                [Some(1), Some(0), None, Some(2)].map(|key: Option<usize>| key.and_then(|key| K::try_from(key).ok()));
            let array = DictionaryArray::try_from_keys(PrimitiveArray::<K>::from(keys.to_vec()), values.boxed(), false);
            let array = array.unwrap();
            (0..4)
                .map(|row| {
                    let mut out = Vec::new();
                    write(&mut out, &array, row, Form::Plain);
                    let text = text(&array, row, Form::Plain).map(|text| String::from_utf8(text).unwrap());
                    format!("{} {text:?}", String::from_utf8(out).unwrap())
                })
                .collect()
        }
        let expected = [r#""U\"S" Some("U\"S")"#, r#""EU" Some("EU")"#, "null None", "null None"];
        for written in [
            written::<i8>(),
            written::<i16>(),
            written::<i32>(),
            written::<i64>(),
            written::<u8>(),
            written::<u16>(),
            written::<u32>(),
            written::<u64>(),
        ] {
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn decimals_keep_their_places() {
        let cases = [((12990, 2), "129.90"), ((-5, 2), "-0.05"), ((0, 2), "0.00"), ((7, 0), "7"), ((-123, 1), "-12.3")];
        for ((number, places), text) in cases {
            assert_eq!(decimal(number, places), text);
        }
    }

    #[test]
    fn times_are_iso_8601() {
        assert_eq!(timestamp(1_318_333_540_276_000, TimeUnit::Microsecond, true), "\"2011-10-11T11:45:40.276Z\"");
        assert_eq!(timestamp(1_318_333_540, TimeUnit::Second, false), "\"2011-10-11T11:45:40\"");
        assert_eq!(timestamp(i64::MAX, TimeUnit::Microsecond, false), i64::MAX.to_string());
        assert_eq!(date(15_258), "\"2011-10-11\"");
        assert_eq!(date(-1), "\"1969-12-31\"");
        assert_eq!(time(45_296_789_000, TimeUnit::Microsecond), "\"12:34:56.789\"");
    }
}
