//! Joins of streams, of a stream with a table, and of tables.

use serde_json::Value;

use super::deviation::{Deviation, Expiry};
use super::draw::{Draw, Part, Topics};
use super::stateless::Chain;
use super::{KeyOf, Question, Reading};
use crate::oracle::streams::{Join, Kind};

/// Behind a chain its join with the node `right`, and how the result is read.
pub fn joined(chain: Chain, right: &str, key: KeyOf, join: Join) -> (Chain, Reading) {
    let left = chain.last.clone();
    let mut pipeline = format!("kind = \"join\"\nhow = \"{}\"\nleft = \"{left}\"\nright = \"{right}\"\n", join.how);
    let field = join.foreign.as_deref().or(join.on_left.as_str());
    let on_left = field.map_or_else(|| "key".to_owned(), |field| format!("value.{field}"));
    pipeline.push_str(&format!("on = [\"{left}.{on_left} = {right}.key\"]\n"));
    if let (Some(before), Some(after)) = (join.before_ms, join.after_ms) {
        pipeline.push_str(&format!("within = {{ before = \"{before}ms\", after = \"{after}ms\" }}\n"));
    }
    if let Some(grace) = join.grace_ms {
        pipeline.push_str(&format!("grace = \"{grace}ms\"\n"));
    }
    let reading = Reading::Pair { left: left.clone(), right: right.to_owned(), key };
    let join = Join { left, right: right.to_owned(), ..join };
    (chain.then("j", &pipeline, Kind::Join(Box::new(join))), reading)
}

fn asked(chain: Chain, draw: &mut Draw, topics: &Topics, (right, key): (&str, KeyOf), join: Join) -> Question {
    let (chain, reading) = joined(chain, right, key, join);
    Question::new(chain.pipeline, chain.nodes, topics.clone(), topics.records(draw), reading)
}

/// What left records that are joined by their field `f`, and right ones, must have.
fn joined_by_field(right: &'static str) -> Vec<(&'static str, Part)> {
    vec![("a", Part::Field("f")), (right, Part::Key), (right, Part::Value)]
}

fn kept(how: &str) -> Vec<(&'static str, bool)> {
    match how {
        "left" => vec![("a", true)],
        "right" => vec![("b", false)],
        "full" => vec![("a", true), ("b", false)],
        _ => Vec::new(),
    }
}

/// Streams whose rows are not so late that Kafka Streams would match otherwise: no row lies further behind the largest
/// time than the grace, nor, of outer joins, than the bounds.
pub fn of_streams_in_time(draw: &mut Draw, how: &str) -> Question {
    let [before, after] = [(); 2].map(|()| draw.one_of(&[0, 1, 5, 10, 20]));
    let grace = draw.one_of(&[0, 1, 5, 12]);
    let mut topics = Topics::new(&["a", "b"], &[before, after, grace, before + grace, after + grace]);
    topics.disorder_ms = Some(if how == "inner" { grace } else { before.min(after).min(grace) });
    let by_field = draw.chance(20);
    if by_field {
        // The records of the right topic have the keys that the left ones name.
        topics.quiet = joined_by_field("b");
    }
    let join = Join {
        how: how.to_owned(),
        on_left: if by_field { Value::from("f") } else { Value::Null },
        before_ms: Some(before),
        after_ms: Some(after),
        grace_ms: Some(grace),
        exact_retention: true,
        ..Join::default()
    };
    let question = asked(Chain::stream("a").beside(&Chain::stream("b")), draw, &topics, ("b", KeyOf::Nobody), join);
    let left_field = by_field.then_some("f");
    let wait_ms = [after + grace, before + grace];
    let deviation = Deviation::Expiry(Expiry { kept: kept(how), wait_ms, left_field, in_time: true });
    Question { deviation, ..question }
}

/// Streams however late their rows are.
pub fn of_streams(draw: &mut Draw, how: &str) -> Question {
    let [before, after] = [(); 2].map(|()| draw.one_of(&[0, 1, 5, 10, 20]));
    let grace = draw.one_of(&[0, 1, 5, 12]);
    let mut topics = Topics::new(&["a", "b"], &[before, after, grace, before + grace, after + grace]);
    let by_field = draw.chance(20);
    if by_field {
        topics.quiet = joined_by_field("b");
    }
    let join = Join {
        how: how.to_owned(),
        on_left: if by_field { Value::from("f") } else { Value::Null },
        before_ms: Some(before),
        after_ms: Some(after),
        grace_ms: Some(grace),
        exact_retention: true,
        ..Join::default()
    };
    let question = asked(Chain::stream("a").beside(&Chain::stream("b")), draw, &topics, ("b", KeyOf::Nobody), join);
    let left_field = by_field.then_some("f");
    let wait_ms = [after + grace, before + grace];
    let deviation = Deviation::Expiry(Expiry { kept: kept(how), wait_ms, left_field, in_time: false });
    Question { deviation, ..question }
}

/// How Kafka Streams looks a stream's rows up in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp {
    /// In order of arrival, which is Fabula's where that is the order of times.
    Plain,
    /// As of the row's time.
    Versioned,
    /// As of the row's time, when the stream's time has passed it by a grace. Kafka Streams' time is that of the stream
    /// alone, Fabula's that of both: so the table's records never move it on.
    Waiting,
}

/// A stream with a table.
pub fn of_stream_with_table(draw: &mut Draw, how: &str, look_up: LookUp) -> Question {
    let grace = (look_up == LookUp::Waiting).then(|| draw.one_of(&[0, 1, 5, 12]));
    let mut topics = Topics::new(&["a", "t"], &[10, grace.unwrap_or(3)]);
    topics.nulls[1] = 15;
    let mut by_field = draw.chance(30);
    if look_up == LookUp::Waiting {
        topics.behind = vec!["t"];
        // A left row without a key stops Kafka Streams here.
        if how == "left" {
            topics.nulls[0] = 0;
            by_field = false;
        }
    }
    if by_field {
        topics.quiet = joined_by_field("t");
    }
    let join = Join {
        how: how.to_owned(),
        on_left: if by_field { Value::from("f") } else { Value::Null },
        grace_ms: grace,
        ..Join::default()
    };
    let mut chain = Chain::stream("a").beside(&Chain::table("t"));
    if look_up != LookUp::Plain {
        // All of the past, as Fabula has it.
        let versioned = Kind::Table { topic: Some("t".to_owned()), input: None, versioned: Some(1_000_000) };
        chain.nodes.last_mut().expect("a table").kind = versioned;
    }
    let mut question = asked(chain, draw, &topics, ("t", KeyOf::Nobody), join);
    if look_up == LookUp::Plain {
        question.records.sort_by_key(|record| record.time_ms);
    }
    let kept = if how == "left" { vec![("a", true)] } else { Vec::new() };
    Question { deviation: Deviation::NullValues { kept }, ..question }
}

/// Two tables by their keys.
pub fn of_tables(draw: &mut Draw, how: &str) -> Question {
    let topics = Topics { nulls: [4, 20, 6], ..Topics::new(&["t", "s"], &[10]) };
    let mut chain = Chain::table("t");
    if draw.chance(30) {
        chain = chain.filtered("ft", draw);
    }
    let join = Join { how: how.to_owned(), ..Join::default() };
    asked(chain.beside(&Chain::table("s")), draw, &topics, ("s", KeyOf::Either), join)
}

/// Two tables by a foreign key.
pub fn of_tables_by_foreign_key(draw: &mut Draw, how: &str) -> Question {
    let topics = Topics { nulls: [4, 20, 6], ..Topics::new(&["t", "s"], &[10]) };
    let join = Join { how: how.to_owned(), foreign: Some("f".to_owned()), ..Join::default() };
    let question = asked(Chain::table("t").beside(&Chain::table("s")), draw, &topics, ("s", KeyOf::Left), join);
    Question { deviation: Deviation::ForeignTimes, ..question }
}
