//! Fabula held against Kafka Streams: random pipelines over random records, row for row.
//!
//! A [`Question`] is one pipeline in both languages, and records. Each record is put in alone, and what it caused is
//! compared: key, window, time, value of each row, as a multiset. Of a table that is its changelog as Kafka Streams has
//! it, without changes that change nothing ([`answer::settled`]). Where `SEMANTICS` names a difference, Kafka Streams'
//! answer is brought to what Fabula says by [`Deviation`], which says why.

pub mod aggregates;
pub mod answer;
pub mod deviation;
pub mod draw;
pub mod fabula;
pub mod half_late;
pub mod joins;
pub mod stateless;

use std::fmt::Write as _;

use fabula_core::pipeline::Flow;
use serde_json::{Value, json};

use crate::oracle::streams::{self, Case, Node, Record, Stores};
use answer::{Changes, settled, sorted, table_of, without_times_of_tombstones};
use deviation::Deviation;
use draw::{Draw, Topics};
use half_late::{HalfLate, concerns};

/// A pipeline in both languages, and its input.
#[derive(Debug, Clone)]
pub struct Question {
    /// For Fabula.
    pub pipeline: String,
    /// For Kafka Streams; the last one is the output.
    pub nodes: Vec<Node>,
    /// What the records are drawn from.
    pub topics: Topics,
    /// The records, in the order in which both get them.
    pub records: Vec<Record>,
    /// What Fabula's columns are in Kafka Streams' answer.
    pub reading: Reading,
    /// Where the two differ on purpose.
    pub deviation: Deviation,
    /// Which windows are not compared.
    pub half_late: Option<HalfLate>,
}

/// What the columns of Fabula's view are.
#[derive(Debug, Clone)]
pub enum Reading {
    /// Columns of these names, which are the key's parts and the value's fields.
    Columns {
        /// The key.
        key: Vec<String>,
        /// The fields.
        values: Vec<String>,
    },
    /// Both sides of a join.
    Pair {
        /// The left node.
        left: String,
        /// The right node.
        right: String,
        /// What the result's key is.
        key: KeyOf,
    },
}

/// What the key of a join's result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOf {
    /// Fabula's rows of streams have none: it is not compared.
    Nobody,
    /// The left row's.
    Left,
    /// That of the row that is there.
    Either,
}

impl Question {
    /// A question about which the two agree.
    pub fn new(pipeline: String, nodes: Vec<Node>, topics: Topics, records: Vec<Record>, reading: Reading) -> Self {
        Self { pipeline, nodes, topics, records, reading, deviation: Deviation::None, half_late: None }
    }

    /// What both say, if they don't agree; `None` if they do. Fails where Kafka Streams is missing.
    fn differs(&self, test: &str) -> Result<Option<String>, ()> {
        let case = Case {
            id: 0,
            nodes: self.nodes.clone(),
            output: self.nodes.last().map(|node| node.name.clone()).unwrap_or_default(),
            input: self.records.clone(),
            stores: Stores::Memory,
        };
        let answer = streams::ask(test, &case).ok_or(())?;
        let (ours, flow) = fabula::run(&self.pipeline, &self.reading, &self.records, 1);
        let is_table = flow == Flow::Table || self.deviation.is_of_updates();
        let mut theirs = answer::of_streams(&answer, self.records.len(), is_table, &self.nothing());
        if let Reading::Pair { key: KeyOf::Nobody, .. } = self.reading {
            theirs.iter_mut().flatten().for_each(|change| "null".clone_into(&mut change.key));
        }
        let theirs = self.deviation.applied(theirs, &self.records);
        let half_late = self.half_late.as_ref().map_or_else(Vec::new, |half_late| half_late.rows(&self.records));
        let compared = |mut changes: Changes| {
            changes.iter_mut().for_each(|changes| changes.retain(|change| !concerns(&half_late, change)));
            let changes = if flow == Flow::Table { settled(changes) } else { changes };
            sorted(if self.deviation.forgets_times_of_tombstones() {
                without_times_of_tombstones(changes)
            } else {
                changes
            })
        };
        let (ours, theirs) = (compared(ours), compared(theirs));
        if ours != theirs {
            return Ok(Some(self.told(&ours, &theirs)));
        }
        // However the input is cut, it comes to the same.
        let cut = compared(fabula::run(&self.pipeline, &self.reading, &self.records, 7).0);
        let same = match flow {
            Flow::Table => table_of(&cut) == table_of(&ours),
            Flow::Stream => cut == ours,
        };
        Ok((!same).then(|| format!("cut into steps of 7:\n{}", self.told(&cut, &ours))))
    }

    /// A row of nulls, where rows have columns.
    fn nothing(&self) -> Value {
        match &self.reading {
            Reading::Columns { values, .. } => values.iter().map(|name| (name.clone(), Value::Null)).collect(),
            Reading::Pair { .. } => json!({ "left": null, "right": null }),
        }
    }

    fn told(&self, ours: &Changes, theirs: &Changes) -> String {
        let mut told = format!("{}\n", self.pipeline);
        let mut write = |line: String| writeln!(told, "{line}").expect("text grows");
        for (at, record) in self.records.iter().enumerate() {
            let Record { topic, key, time_ms, value } = record;
            write(format!("{at:3} {topic} {key} {time_ms} {value}"));
            if ours[at] == theirs[at] {
                ours[at].iter().for_each(|change| write(format!("        both {change:?}")));
            } else {
                ours[at].iter().for_each(|change| write(format!("      Fabula {change:?}")));
                theirs[at].iter().for_each(|change| write(format!("     Streams {change:?}")));
            }
        }
        told
    }

    /// The same with as few records as still differ.
    fn shrunk(mut self, test: &str) -> Self {
        loop {
            let before = self.records.len();
            let mut at = 0;
            while at < self.records.len() {
                let mut fewer = self.clone();
                fewer.records.remove(at);
                if fewer.topics.allow(&fewer.records) && matches!(fewer.differs(test), Ok(Some(_))) {
                    self = fewer;
                } else {
                    at += 1;
                }
            }
            if self.records.len() == before {
                return self;
            }
        }
    }
}

/// Asks as many questions of a family, seed by seed; says the first on which the two don't agree, with as few records as
/// will do.
///
/// # Panics
/// If there is one.
pub fn agree(test: &str, seeds: std::ops::Range<u64>, family: impl Fn(&mut Draw) -> Question) {
    let only = std::env::var("FABULA_SEED").ok().and_then(|seed| seed.parse().ok());
    for seed in seeds.clone().filter(|seed| only.is_none_or(|only: u64| only == *seed)) {
        let question = family(&mut Draw::new(seed));
        match question.differs(test) {
            Err(()) => return,
            Ok(None) => {}
            Ok(Some(_)) => {
                let shrunk = question.shrunk(test);
                let differs = shrunk.differs(test).ok().flatten().unwrap_or_default();
                panic!("{test}: Fabula and Kafka Streams differ over seed {seed}\n{differs}");
            }
        }
    }
    println!("{test}: {} cases agree", seeds.end - seeds.start);
}
