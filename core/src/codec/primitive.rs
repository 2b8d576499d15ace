//! The formats without inner structure: text, Kafka's own serializers, and plain bytes.

use super::decoder::{Decoder, Refusal, Traces};
use super::{Cell, Fault, Path, Payloads, Value};

/// UTF-8 text (`StringSerializer`).
#[derive(Debug)]
pub(crate) struct Text;

impl Decoder for Text {
    fn decode(&self, payload: &[u8]) -> Result<Value, Refusal> {
        utf8(payload).map(|text| Value::String(text.to_owned()))
    }

    fn columns<'a>(&self, payloads: &Payloads<'a>, paths: &[Path], undecodable: Fault) -> Vec<Vec<Cell<'a>>> {
        flat_columns(payloads, paths, |payload| match std::str::from_utf8(payload) {
            Ok(text) => Cell::Text(text.into()),
            Err(_) => Cell::Failed(undecodable),
        })
    }

    fn traces(&self, text: &str) -> Option<Traces> {
        (!text.is_empty()).then(|| Traces::AnyOf(vec![text.as_bytes().to_vec()]))
    }
}

fn utf8(payload: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(payload).map_err(|error| {
        let at = error.valid_up_to();
        Refusal { reason: format!("not UTF-8 at byte {at}"), at: Some(at) }
    })
}

/// Columns of a format whose payload is one value without fields.
fn flat_columns<'a>(
    payloads: &Payloads<'a>,
    paths: &[Path],
    cell: impl Fn(&'a [u8]) -> Cell<'a>,
) -> Vec<Vec<Cell<'a>>> {
    let cell_at = |path: &Path, payload: Option<&'a [u8]>| match payload {
        None => Cell::Missing,
        Some([]) if path.is_root() => Cell::Text("".into()),
        Some([]) => Cell::Missing,
        Some(payload) => match cell(payload) {
            failed @ Cell::Failed(_) => failed,
            whole if path.is_root() => whole,
            _ => Cell::Missing,
        },
    };
    paths.iter().map(|path| payloads.iter().map(|payload| cell_at(path, payload)).collect()).collect()
}

/// The traces of a text in a format that never holds one. (An empty payload is an empty text in every format.)
fn never_text(text: &str) -> Option<Traces> {
    (!text.is_empty()).then(|| Traces::AnyOf(Vec::new()))
}

/// Numbers as Kafka's serializers write them: big-endian, of a fixed length.
#[derive(Debug)]
pub(crate) enum Primitive {
    /// 16 bits.
    Short,
    /// 32 bits.
    Int,
    /// 64 bits.
    Long,
    /// A float of 32 bits.
    Float,
    /// A float of 64 bits.
    Double,
}

impl Decoder for Primitive {
    fn decode(&self, payload: &[u8]) -> Result<Value, Refusal> {
        let decoded = match self {
            Self::Short => payload.try_into().map(|bytes| Value::Int(i16::from_be_bytes(bytes).into())),
            Self::Int => payload.try_into().map(|bytes| Value::Int(i32::from_be_bytes(bytes).into())),
            Self::Long => payload.try_into().map(|bytes| Value::Int(i64::from_be_bytes(bytes))),
            Self::Float => payload.try_into().map(|bytes| Value::Float(widen(f32::from_be_bytes(bytes)))),
            Self::Double => payload.try_into().map(|bytes| Value::Float(f64::from_be_bytes(bytes))),
        };
        decoded.map_err(|_| wrong_length(payload, self.width()))
    }

    fn traces(&self, text: &str) -> Option<Traces> {
        never_text(text)
    }
}

impl Primitive {
    fn width(&self) -> usize {
        match self {
            Self::Short => 2,
            Self::Int | Self::Float => 4,
            Self::Long | Self::Double => 8,
        }
    }
}

/// The double that is written as the float is: 0.1 stays 0.1.
fn widen(float: f32) -> f64 {
    if float.is_finite() { float.to_string().parse().unwrap_or(f64::from(float)) } else { f64::from(float) }
}

fn wrong_length(payload: &[u8], expected: usize) -> Refusal {
    Refusal { reason: format!("{} bytes where {expected} are expected", payload.len()), at: None }
}

/// A UUID as its 16 bytes, or as text (Kafka's `UUIDSerializer` writes text).
#[derive(Debug)]
pub(crate) struct Uuid;

impl Decoder for Uuid {
    fn decode(&self, payload: &[u8]) -> Result<Value, Refusal> {
        if let Ok(bytes) = payload.try_into() {
            return Ok(Value::String(uuid::Uuid::from_bytes(bytes).hyphenated().to_string()));
        }
        let text = std::str::from_utf8(payload).ok().filter(|text| uuid::Uuid::try_parse(text).is_ok());
        text.map(|text| Value::String(text.to_owned())).ok_or_else(|| wrong_length(payload, 16))
    }

    fn traces(&self, _: &str) -> Option<Traces> {
        None
    }
}

/// Anything: bytes as they are.
#[derive(Debug)]
pub(crate) struct Bytes;

impl Decoder for Bytes {
    fn decode(&self, payload: &[u8]) -> Result<Value, Refusal> {
        Ok(Value::Bytes(payload.to_vec()))
    }

    fn columns<'a>(&self, payloads: &Payloads<'a>, paths: &[Path], _: Fault) -> Vec<Vec<Cell<'a>>> {
        flat_columns(payloads, paths, |payload| Cell::Bytes(payload.into()))
    }

    fn traces(&self, text: &str) -> Option<Traces> {
        never_text(text)
    }
}

/// What Confluent's serializers write before a payload: a zero byte and the schema's id.
#[derive(Debug)]
pub(crate) struct Framed;

impl Decoder for Framed {
    fn decode(&self, payload: &[u8]) -> Result<Value, Refusal> {
        let reason = match super::framed_schema_id(payload) {
            Some(id) => format!(
                "framed with schema id {id} (Avro, Protobuf or JSON Schema): this build does not decode it, here are the bytes"
            ),
            None => "not framed with a schema id".to_owned(),
        };
        Err(Refusal { reason, at: None })
    }

    fn traces(&self, text: &str) -> Option<Traces> {
        never_text(text)
    }
}

/// A payload that can't be decoded, for showing: its text if it is one, else its bytes.
pub(crate) fn survive(payload: &[u8]) -> Value {
    match std::str::from_utf8(payload) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => Value::Bytes(payload.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_primitives_are_big_endian_and_of_one_length() {
        assert_eq!(Primitive::Short.decode(&[0xff, 0xfe]), Ok(Value::Int(-2)));
        assert_eq!(Primitive::Int.decode(&[0, 0, 1, 0]), Ok(Value::Int(256)));
        assert_eq!(Primitive::Long.decode(&i64::MIN.to_be_bytes()), Ok(Value::Int(i64::MIN)));
        assert_eq!(Primitive::Float.decode(&0.1_f32.to_be_bytes()), Ok(Value::Float(0.1)));
        assert_eq!(Primitive::Double.decode(&0.1_f64.to_be_bytes()), Ok(Value::Float(0.1)));
        assert_eq!(Primitive::Int.decode(&[0, 0, 1]).unwrap_err().reason, "3 bytes where 4 are expected");
        let text = "0190aaf5-0b7c-7e45-a1d2-000000000001";
        let bytes = uuid::Uuid::try_parse(text).unwrap().into_bytes();
        assert_eq!(Uuid.decode(&bytes), Ok(Value::String(text.into())));
        assert_eq!(Uuid.decode(text.as_bytes()), Ok(Value::String(text.into())));
    }
}
