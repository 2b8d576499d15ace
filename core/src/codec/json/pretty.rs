//! JSON as text: values written out with every digit and every key they came with.

use base64::Engine as _;

use crate::codec::Value;
use crate::codec::number::float_text;

/// The value as indented JSON.
pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, Some(0));
    text
}

/// The value as JSON on one line, with no white space.
pub fn compact(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, None);
    text
}

/// Bytes and the floats that JSON can't say become an object with one key that no payload is likely to use.
fn write_value(out: &mut String, value: &Value, indent: Option<usize>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(int) => out.push_str(&int.to_string()),
        Value::Number(number) => out.push_str(number.text()),
        Value::Float(float) if float.is_finite() => out.push_str(&float_text(*float)),
        Value::Float(float) => {
            out.push_str("{\"$float\":\"");
            out.push_str(&float_text(*float));
            out.push_str("\"}");
        }
        Value::String(text) => write_string(out, text),
        Value::Bytes(bytes) => {
            out.push_str("{\"$base64\":\"");
            base64::engine::general_purpose::STANDARD.encode_string(bytes, out);
            out.push_str("\"}");
        }
        Value::Array(elements) => write_items(out, ['[', ']'], elements, indent, |out, element, indent| {
            write_value(out, element, indent);
        }),
        Value::Object(entries) => write_items(out, ['{', '}'], entries, indent, |out, (key, value), indent| {
            write_string(out, key);
            out.push_str(if indent.is_some() { ": " } else { ":" });
            write_value(out, value, indent);
        }),
    }
}

fn write_items<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    indent: Option<usize>,
    write: impl Fn(&mut String, &T, Option<usize>),
) {
    out.push(open);
    let inner = indent.map(|depth| depth + 1);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        new_line(out, inner);
        write(out, item, inner);
    }
    if !items.is_empty() {
        new_line(out, indent);
    }
    out.push(close);
}

fn new_line(out: &mut String, indent: Option<usize>) {
    if let Some(depth) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if u32::from(control) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}
