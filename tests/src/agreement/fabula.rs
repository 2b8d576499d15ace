//! A question put to Fabula: its pipeline run over the records, one event a step or several.

use std::collections::BTreeMap;

use fabula_core::codec::{Cell, Choice, TopicCodecs};
use fabula_core::engine::{Plan, Rows, Running, Sign, Sink, Step, Stop};
use fabula_core::event::{EventBatch, EventBatchBuilder, TimestampType};
use fabula_core::pipeline::{Document, Flow};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::answer::{Change, Changes, canonical};
use super::{KeyOf, Reading};
use crate::oracle::streams::Record;

/// Takes the only view's rows.
struct Taken<'r> {
    places: BTreeMap<String, usize>,
    reading: &'r Reading,
    changes: Changes,
}

/// Runs a pipeline; `events` are taken in a step.
///
/// # Panics
/// If the pipeline is none.
pub fn run(pipeline: &str, reading: &Reading, records: &[Record], events: usize) -> (Changes, Flow) {
    let document = Document::parse(pipeline).unwrap_or_else(|problems| panic!("{problems:?} in\n{pipeline}"));
    let plan = Plan::of(document.pipeline()).unwrap_or_else(|problems| panic!("{problems:?} in\n{pipeline}"));
    let sources = plan.sources.clone();
    let codecs = vec![TopicCodecs::new(Choice::Text, Choice::Json); sources.len()];
    let view = &plan.views[0];
    let flow = view.flow;
    let places = view.columns.iter().map(|(name, place, _)| (name.clone(), *place)).collect();
    let mut taken = Taken { places, reading, changes: vec![Vec::new(); records.len()] };
    let mut running = Running::new(plan);
    let batches: Vec<EventBatch> = records.iter().zip(0..).map(|(record, offset)| event(record, offset)).collect();
    for (first, batches) in batches.chunks(events).enumerate() {
        let given: Vec<(&EventBatch, u32)> = batches.iter().map(|batch| (batch, 0)).collect();
        let step = Step::of_events(&sources, &codecs, &given, (first * events) as u64);
        let done = running.step(step.rows, &mut taken, &CancellationToken::new());
        done.unwrap_or_else(|stop| panic!("{stop} in\n{pipeline}"));
    }
    (taken.changes, flow)
}

fn event(record: &Record, offset: i64) -> EventBatch {
    let mut builder = EventBatchBuilder::new(record.topic.as_str(), 0);
    let key = record.key.as_str().map(str::as_bytes);
    let value = if record.value.is_null() { None } else { Some(record.value.to_string()) };
    builder.push(offset, record.time_ms, TimestampType::Create, key, value.as_deref().map(str::as_bytes), []);
    builder.finish()
}

impl Sink for Taken<'_> {
    fn rows(&mut self, _: usize, rows: &Rows) -> Result<(), Stop> {
        for row in 0..rows.len() {
            let cell = |name: &str| {
                let place = self.places.get(name).unwrap_or_else(|| panic!("{name} among {:?}", self.places));
                json_of(&rows.cell(*place, row))
            };
            let (key, value) = match self.reading {
                Reading::Columns { key, values } => {
                    let mut key: Vec<Value> = key.iter().map(|name| cell(name)).collect();
                    let key = if key.len() == 1 { key.remove(0) } else { Value::Array(key) };
                    (key, Value::Object(values.iter().map(|name| (name.clone(), cell(name))).collect()))
                }
                Reading::Pair { left, right, key } => {
                    let side = |side: &str, part: &str| cell(&format!("{side}.{part}"));
                    let key = match key {
                        KeyOf::Nobody => Value::Null,
                        KeyOf::Left => side(left, "key"),
                        KeyOf::Either => {
                            let key = side(left, "key");
                            if key.is_null() { side(right, "key") } else { key }
                        }
                    };
                    (key, json!({ "left": side(left, "value"), "right": side(right, "value") }))
                }
                Reading::Sides(sides) => {
                    let [left, right] = sides.each_ref().map(|side| {
                        let values = side.values.iter().map(|(name, column)| (name.clone(), cell(column)));
                        let is_there = !cell(&side.key).is_null();
                        (cell(&side.key), if is_there { Value::Object(values.collect()) } else { Value::Null })
                    });
                    let key = if left.0.is_null() { right.0 } else { left.0 };
                    (key, json!({ "left": left.1, "right": right.1 }))
                }
            };
            let window = self.places.contains_key("window_start").then(|| {
                let time = |name: &str| cell(name).as_i64().expect("a time");
                (time("window_start"), time("window_end"))
            });
            let holds = rows.sign(row) == Sign::Plus;
            self.changes[rows.seq[row] as usize].push(Change {
                key: canonical(&key),
                window,
                value: holds.then(|| canonical(&value)),
                time_ms: Some(rows.time_ms[row]),
            });
        }
        Ok(())
    }
}

/// A cell as JSON; a time is milliseconds.
fn json_of(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Missing | Cell::Null => Value::Null,
        Cell::Bool(truth) => json!(truth),
        Cell::Int(int) => json!(int),
        Cell::Float(float) => json!(float),
        Cell::Time(ns) => json!(ns / 1_000_000),
        Cell::Text(text) => json!(text),
        Cell::Array(text) | Cell::Object(text) => serde_json::from_str(text).expect("JSON"),
        Cell::Decimal(_) | Cell::Number(_) => serde_json::from_str(&cell.to_string()).expect("a number"),
        Cell::Bytes(_) | Cell::Failed(_) => json!(format!("{cell:?}")),
    }
}
