//! Chance with a seed, and records drawn by it.

use serde_json::{Map, Value, json};

use crate::oracle::streams::Record;

/// A source of numbers that is the same for the same seed: SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// Begins with a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below `n`.
    pub fn below(&mut self, n: i64) -> i64 {
        (self.next() % n.max(1) as u64) as i64
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high - low + 1)
    }

    /// True that often in a hundred.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.below(100) < percent
    }

    /// One of some.
    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as i64) as usize]
    }
}

/// A part of a record, which may be null.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// The key.
    Key,
    /// The value.
    Value,
    /// A field of the value.
    Field(&'static str),
}

impl Part {
    fn is_missing(self, record: &Record) -> bool {
        match self {
            Self::Key => record.key.is_null(),
            Self::Value => record.value.is_null(),
            Self::Field(name) => record.value[name].is_null(),
        }
    }
}

/// What records are drawn from.
#[derive(Debug, Clone)]
pub struct Topics {
    /// The topics, each as likely as the others.
    pub names: Vec<&'static str>,
    /// Spans that matter (sizes, gaps, graces): times lie at their multiples, and 1 ms beside.
    pub spans: Vec<i64>,
    /// How far behind the largest time a record may be; `None` is however far.
    pub disorder_ms: Option<i64>,
    /// Topics whose records never move time on.
    pub behind: Vec<&'static str>,
    /// How many records in a hundred have no key, no value, no group.
    pub nulls: [i64; 3],
    /// What a record of a topic must have, or else its time is 0, so that it moves nobody's time on. Kafka Streams drops
    /// such a record before it looks at its time; Fabula's time is that of every row that came.
    pub quiet: Vec<(&'static str, Part)>,
}

impl Topics {
    /// Topics whose records have every null, in any order.
    pub fn new(names: &[&'static str], spans: &[i64]) -> Self {
        Self {
            names: names.to_vec(),
            spans: spans.iter().copied().filter(|span| *span > 0).collect(),
            disorder_ms: None,
            behind: Vec::new(),
            nulls: [4, 8, 6],
            quiet: names.iter().flat_map(|name| [(*name, Part::Key), (*name, Part::Value)]).collect(),
        }
    }

    /// From 5 to 40 records.
    ///
    /// `u` is another number in each (so that no two values are equal), `x` a small number, null or not there, `g` one of
    /// three texts or null, `f` the key of another topic's record or null, `items` an array, null, or not there.
    pub fn records(&self, draw: &mut Draw) -> Vec<Record> {
        let count = draw.between(5, 40);
        let keys = draw.between(1, 5);
        // Times begin at zero as often as elsewhere, since windows are cut off there.
        let mut now = if draw.chance(50) { 0 } else { draw.below(1000) };
        // How far topics that move time on have come.
        let mut moved = 0;
        let mut records = Vec::new();
        for u in 0..count {
            let topic = draw.one_of(&self.names);
            let mut time_ms = self.time(draw, now);
            let key = if draw.chance(40) { 0 } else { draw.below(keys) };
            let key = if draw.chance(self.nulls[0]) { Value::Null } else { json!(format!("k{key}")) };
            let value = if draw.chance(self.nulls[1]) { Value::Null } else { self.value(draw, u, keys) };
            let mut record = Record { topic: topic.to_owned(), key, time_ms, value };
            if self.is_quiet(&record) {
                time_ms = 0;
            }
            if self.behind.contains(&topic) {
                time_ms = time_ms.min(moved);
            } else {
                moved = moved.max(time_ms);
            }
            now = now.max(time_ms);
            record.time_ms = time_ms;
            records.push(record);
        }
        records
    }

    /// Whether records, some of which may have been left out, are such as could have been drawn.
    pub fn allow(&self, records: &[Record]) -> bool {
        let is_behind = |record: &Record| self.behind.iter().any(|topic| **topic == record.topic);
        let (mut moved, mut now) = (0, 0);
        records.iter().all(|record| {
            let is_in_time = self.disorder_ms.is_none_or(|disorder| record.time_ms >= now - disorder);
            now = now.max(record.time_ms);
            if is_behind(record) {
                return is_in_time && record.time_ms <= moved;
            }
            moved = moved.max(record.time_ms);
            is_in_time || self.is_quiet(record)
        })
    }

    fn is_quiet(&self, record: &Record) -> bool {
        self.quiet.iter().any(|(topic, part)| **topic == record.topic && part.is_missing(record))
    }

    fn value(&self, draw: &mut Draw, u: i64, keys: i64) -> Value {
        let mut value = Map::new();
        value.insert("u".to_owned(), json!(u));
        match draw.below(10) {
            0 => {}
            1 => drop(value.insert("x".to_owned(), Value::Null)),
            _ => drop(value.insert("x".to_owned(), json!(draw.between(-5, 9)))),
        }
        let g = if draw.chance(self.nulls[2]) { Value::Null } else { json!(format!("g{}", draw.below(3))) };
        value.insert("g".to_owned(), g);
        let f = if draw.chance(8) { Value::Null } else { json!(format!("k{}", draw.below(keys))) };
        value.insert("f".to_owned(), f);
        let items = [json!([]), json!([1]), json!(["a", null, 2]), json!([{ "s": 1 }, [3]]), Value::Null];
        if draw.chance(80) {
            value.insert("items".to_owned(), items[draw.below(5) as usize].clone());
        }
        Value::Object(value)
    }

    /// A time near `now`, the largest so far.
    fn time(&self, draw: &mut Draw, now: i64) -> i64 {
        let widest = self.spans.iter().copied().max().unwrap_or(10);
        let time = match draw.below(20) {
            0..10 => {
                let span = if self.spans.is_empty() { 10 } else { draw.one_of(&self.spans) };
                (now / span + draw.between(-1, 2)) * span + draw.between(-1, 1)
            }
            10..14 => now + draw.below(4),
            // A sum or difference of spans from where time stands.
            14..16 => {
                let span = |draw: &mut Draw| if self.spans.is_empty() { 10 } else { draw.one_of(&self.spans) };
                now - span(draw) - draw.one_of(&[0, 1, -1]) - if draw.chance(50) { span(draw) } else { 0 }
            }
            16..19 => now - draw.below(3 * widest),
            _ => now + draw.below(5 * widest),
        };
        time.max(self.disorder_ms.map_or(0, |disorder| now - disorder)).max(0)
    }
}
