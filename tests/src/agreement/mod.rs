//! Fabula held against Kafka Streams: random pipelines over random records, row for row.
//!
//! A [`Question`] is one pipeline in both languages, and records. Each record is put in alone, and what it caused is
//! compared: key, window, time, value of each row, as a multiset. Of a table that is its changelog as Kafka Streams has
//! it, without changes that change nothing ([`answer::settled`]). Where `SEMANTICS` names a difference, Kafka Streams'
//! answer is brought to what Fabula says by [`Deviation`], which says why.

pub mod aggregates;
pub mod answer;
pub mod chained;
pub mod deviation;
pub mod draw;
pub mod fabula;
pub mod fixed;
pub mod half_late;
pub mod joins;
pub mod stateless;

use std::fmt::Write as _;

use fabula_core::pipeline::Flow;
use serde_json::{Value, json};

use crate::oracle::streams::{self, Case, Node, Record, Stores};
use answer::{Changes, last_of_each, settled, sorted, table_of, without_times_of_tombstones};
use deviation::Deviation;
use draw::{Draw, Topics};
use half_late::HalfLate;

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
    /// Whether one record may change a row several times. Then only the last of these changes is compared: Fabula puts
    /// those of a step together.
    pub several: bool,
    /// Whether the time of a row in the table depends on how the input is cut: a join behind an aggregate does not see
    /// updates that were put together, so neither their times.
    pub times_by_step: bool,
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
    /// Both sides of a join of tables whose rows have columns; the key is the side's that is there.
    Sides([SideOf; 2]),
}

/// The columns of one side of a join of tables.
#[derive(Debug, Clone)]
pub struct SideOf {
    /// The key, null where the side is missing.
    pub key: String,
    /// The fields, each with its column.
    pub values: Vec<(String, String)>,
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
        Self {
            pipeline,
            nodes,
            topics,
            records,
            reading,
            deviation: Deviation::None,
            half_late: None,
            several: false,
            times_by_step: false,
        }
    }

    /// What Fabula says, given one record a step, and what Kafka Streams says; and whether that is a stream or a table.
    /// `None` (and said so) where Kafka Streams is missing.
    pub fn answers(&self, test: &str) -> Option<(Changes, Changes, Flow)> {
        let case = Case {
            id: 0,
            nodes: self.nodes.clone(),
            output: self.nodes.last().map(|node| node.name.clone()).unwrap_or_default(),
            input: self.records.clone(),
            stores: Stores::Memory,
        };
        let answer = streams::ask(test, &case)?;
        let (ours, flow) = fabula::run(&self.pipeline, &self.reading, &self.records, 1);
        let is_table = flow == Flow::Table || self.deviation.is_of_updates();
        let mut theirs = answer::of_streams(&answer, self.records.len(), is_table, &self.nothing());
        if let Reading::Pair { key: KeyOf::Nobody, .. } = self.reading {
            theirs.iter_mut().flatten().for_each(|change| "null".clone_into(&mut change.key));
        }
        Some((ours, theirs, flow))
    }

    /// What both say; `None` where Kafka Streams is missing, which is said.
    pub fn compared(&self, test: &str) -> Option<Compared> {
        let (ours, theirs, flow) = self.answers(test)?;
        let theirs = self.deviation.applied(theirs, &self.records);
        let half_late = self.half_late.as_ref().map(|half_late| (half_late, half_late.rows(&self.records)));
        let compared = |mut changes: Changes| {
            if let Some((half_late, rows)) = &half_late {
                changes.iter_mut().for_each(|changes| changes.retain(|change| !half_late.concerns(rows, change)));
            }
            let changes = if self.several { last_of_each(changes) } else { changes };
            let changes = if flow == Flow::Table { settled(changes) } else { changes };
            sorted(if self.deviation.forgets_times_of_tombstones() {
                without_times_of_tombstones(changes)
            } else {
                changes
            })
        };
        let (ours, theirs) = (compared(ours), compared(theirs));
        if ours != theirs {
            return Some(Compared::Different(self.told(&ours, &theirs)));
        }
        // However the input is cut, it comes to the same.
        let cut = compared(fabula::run(&self.pipeline, &self.reading, &self.records, 7).0);
        let same = match flow {
            Flow::Table => table_of(&cut, !self.times_by_step) == table_of(&ours, !self.times_by_step),
            Flow::Stream => cut == ours,
        };
        if !same {
            return Some(Compared::Different(format!("cut into steps of 7:\n{}", self.told(&cut, &ours))));
        }
        Some(Compared::Same(ours.iter().map(Vec::len).sum::<usize>() as u64))
    }

    /// A row of nulls, where rows have columns.
    fn nothing(&self) -> Value {
        match &self.reading {
            Reading::Columns { values, .. } => values.iter().map(|name| (name.clone(), Value::Null)).collect(),
            Reading::Pair { .. } | Reading::Sides(_) => json!({ "left": null, "right": null }),
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
                if fewer.topics.allow(&fewer.records) && matches!(fewer.compared(test), Some(Compared::Different(_))) {
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

/// A family of questions, under the name of its test.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The test's name.
    pub name: &'static str,
    /// How many questions are asked: those of the seeds from 0.
    pub cases: u64,
    /// The question of a seed.
    pub question: fn(&mut Draw) -> Question,
}

impl Family {
    /// Asks the family's questions; says the first on which the two don't agree, with as few records as will do.
    ///
    /// `FABULA_SEED` asks only one of them, `FABULA_TIMES` that many times as many.
    ///
    /// # Panics
    /// If there is one, or if there was hardly anything to agree on.
    pub fn agrees(&self) {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let cases = self.cases * number("FABULA_TIMES").unwrap_or(1);
        let seeds = number("FABULA_SEED").map_or(0..cases, |seed| seed..seed + 1);
        let (mut asked, mut told, mut changes) = (0, 0, 0);
        for seed in seeds {
            let question = (self.question)(&mut Draw::new(seed));
            match question.compared(self.name) {
                None => return,
                Some(Compared::Same(same)) => {
                    asked += 1;
                    told += u64::from(same > 0);
                    changes += same;
                }
                Some(Compared::Different(_)) => {
                    let Self { name, .. } = self;
                    let shrunk = question.shrunk(name);
                    let Some(Compared::Different(differs)) = shrunk.compared(name) else { unreachable!("it differed") };
                    panic!("{name}: Fabula and Kafka Streams differ over seed {seed}\n{differs}");
                }
            }
        }
        println!("{}: {asked} cases agree, {told} of them on {changes} changes", self.name);
        if asked == cases {
            // Cases in which nothing comes out agree on little.
            assert!(told * 2 >= cases && changes >= cases * 2, "{}: {told} cases told something", self.name);
        }
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// Both gave the same; so many changes.
    Same(u64),
    /// They did not; both answers beside the records.
    Different(String),
}
