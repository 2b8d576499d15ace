//! Pipelines drawn at random, of every kind of node, over events drawn at random.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::engine::Plan;
use crate::event::{EventBatch, EventBatchBuilder, TimestampType, TopicPartition};
use crate::pipeline::{Document, Flow};

/// An event: topic (0 or 1: streams, 2: a table), partition, milliseconds since the one before, key, value.
pub(crate) type Drawn = (usize, i32, i64, usize, usize, i64);

const TOPICS: [&str; 3] = ["orders", "payments", "customers"];

/// Each partition's events, in order of their offsets.
pub(crate) fn batches(events: &[Drawn]) -> Vec<(TopicPartition, EventBatch)> {
    let mut batches = Vec::new();
    for (at, topic) in TOPICS.iter().enumerate() {
        for partition in 0..2 {
            let mut builder = EventBatchBuilder::new(*topic, partition);
            let (mut now, mut offset) = (0, 0);
            for (of, in_partition, step, key, form, number) in events {
                now += step;
                if (*of, *in_partition) != (at, partition) {
                    continue;
                }
                // Times wander upwards and fall back now and then.
                let time = (now - if form % 5 == 0 { 7 * step } else { 0 }).max(0);
                let key = ["a", "b", "cc", "d"].get(*key).map(|key| key.as_bytes());
                let value = value(*form, *number, key);
                builder.push(offset, time, TimestampType::Create, key, value.as_deref().map(str::as_bytes), []);
                // A log has gaps of its own.
                offset += if form % 7 == 0 { 3 } else { 1 };
            }
            batches.push((TopicPartition::new(*topic, partition), builder.finish()));
        }
    }
    batches
}

/// A payload: mostly a number and a list; now and then of another kind, of another form, or none.
fn value(form: usize, number: i64, key: Option<&[u8]>) -> Option<String> {
    let key = key.map_or("null".to_owned(), |key| format!("\"{}\"", String::from_utf8_lossy(key)));
    match form {
        0 => None,
        1 => Some(format!("{{\"k\":{key},\"n\":\"{number}\",\"items\":null}}")),
        2 => Some(format!("{{\"k\":{key}}}")),
        3 => Some("not json".to_owned()),
        4 => Some(format!("{{\"k\":{key},\"n\":{number}.25,\"items\":[]}}")),
        _ => Some(format!("{{\"k\":{key},\"n\":{number},\"items\":[{{\"n\":{number}}},{{\"n\":1}}]}}")),
    }
}

pub(crate) fn any_events(most: usize) -> impl Strategy<Value = Vec<Drawn>> {
    let event = (0..3_usize, 0..2_i32, 0..9_i64, 0..5_usize, 0..14_usize, -4..5_i64);
    prop::collection::vec(event, 0..most)
}

/// How many kinds of choices there are.
const KINDS: u8 = 17;

/// A node that others may take rows from: its name and what it gives. All have the columns `k` and `n`.
struct Laid {
    name: String,
    flow: Flow,
}

/// A pipeline of as many nodes as there are choices, some more around them; every one of its ends is shown.
pub(crate) fn pipeline(choices: &[(u8, u8, u8, u8)]) -> String {
    let mut text = String::from("version = 1\n");
    let mut laid = Vec::new();
    for (at, topic) in TOPICS.iter().enumerate() {
        let kind = if at == 2 { "table" } else { "stream" };
        let key = if at == 2 { "key" } else { "value.k" };
        let _ = write!(text, "[nodes.{topic}]\nkind = \"{kind}\"\ntopic = \"{topic}\"\n");
        let _ = write!(
            text,
            "[nodes.s{at}]\nkind = \"project\"\ninput = \"{topic}\"\nselect = {{ k = \"{key}\", n = \"value.n\", items = \"value.items\" }}\n"
        );
        laid.push(Laid { name: format!("s{at}"), flow: if at == 2 { Flow::Table } else { Flow::Stream } });
    }
    for (at, choice) in choices.iter().enumerate() {
        let mut more = text.clone();
        // What makes no sense there is left out.
        if let Some(node) = node(&mut more, &laid, at, *choice)
            && runs(&more)
        {
            laid.push(node);
            text = more;
        }
    }
    text
}

/// Whether it is a pipeline that runs.
fn runs(text: &str) -> bool {
    let document = Document::parse(text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
    document.check().is_empty() && Plan::of(document.pipeline()).is_ok()
}

#[test]
fn every_kind_of_node_is_drawn() {
    for kind in 0..KINDS {
        let drawn = |(a, b, c): &(u8, u8, u8)| pipeline(&[(kind, *a, *b, *c)]).contains("[nodes.x0]");
        let choices = (0..4).flat_map(|a| (0..4).flat_map(move |b| (0..4).map(move |c| (a, b, c))));
        // Two tables that can be joined take a node more.
        let needs_a_table = kind == 14;
        assert!(needs_a_table || choices.into_iter().any(|choice| drawn(&choice)), "{kind}");
    }
    assert!(pipeline(&[(10, 0, 0, 0), (14, 1, 0, 0)]).contains("[nodes.x1]"), "two tables are joined");
}

fn pick(laid: &[Laid], flow: Flow, by: u8) -> &Laid {
    let of_flow: Vec<&Laid> = laid.iter().filter(|node| node.flow == flow).collect();
    // The last ones more often, so that chains grow long.
    let at = usize::from(by) % (of_flow.len() + 2);
    of_flow.get(at).copied().unwrap_or(of_flow[of_flow.len() - 1])
}

/// Adds a node, and a projection behind it to the columns that all have.
fn node(text: &mut String, laid: &[Laid], at: usize, (kind, a, b, c): (u8, u8, u8, u8)) -> Option<Laid> {
    let any = &laid[usize::from(a) % laid.len()];
    let stream = pick(laid, Flow::Stream, a);
    let table = pick(laid, Flow::Table, b);
    let grace = format!("grace = \"{}ms\"\n", u32::from(c) % 20);
    let (settings, flow, columns) = match kind % KINDS {
        0 => (format!("kind = \"filter\"\ninput = \"{}\"\nwhere = \"n >= {}\"\n", any.name, b % 4), any.flow, None),
        1 => (format!("kind = \"filter\"\ninput = \"{}\"\nwhere = \"4 / n < 3\"\n", any.name), any.flow, None),
        2 => {
            let select = "select = { k = \"k\", n = \"n * 2 + 1\" }";
            (format!("kind = \"project\"\ninput = \"{}\"\n{select}\n", any.name), any.flow, None)
        }
        3 => (format!("kind = \"rekey\"\ninput = \"{}\"\nby = [\"k\"]\n", stream.name), Flow::Stream, None),
        4 => {
            let from = format!("s{}", a % 2);
            let outer = if b % 2 == 0 { "outer = true\n" } else { "" };
            let settings = format!("kind = \"flatten\"\ninput = \"{from}\"\nfield = \"items\"\nas = \"item\"\n{outer}");
            (settings, Flow::Stream, Some(("k", "item.n".to_owned())))
        }
        5 => {
            let other = pick(laid, any.flow, b);
            if other.name == any.name {
                return None;
            }
            // Tables that hold rows of the same keys can't be told apart once they are merged.
            if any.flow == Flow::Table {
                return None;
            }
            (format!("kind = \"merge\"\ninputs = [\"{}\", \"{}\"]\n", any.name, other.name), any.flow, None)
        }
        6..=9 => {
            let size = 5 + u32::from(b) % 40;
            let window = match kind % KINDS {
                6 => format!("{{ kind = \"tumbling\", size = \"{size}ms\" }}"),
                7 => format!("{{ kind = \"hopping\", size = \"{size}ms\", advance = \"{}ms\" }}", 1 + size / 3),
                8 => format!("{{ kind = \"session\", gap = \"{}ms\" }}", size / 3),
                _ => format!("{{ kind = \"sliding\", size = \"{}ms\" }}", size / 2),
            };
            let emit = if c % 2 == 0 { "final" } else { "updates" };
            let settings = format!(
                "kind = \"aggregate\"\ninput = \"{}\"\nby = [\"k\"]\nwindow = {window}\n{grace}emit = \"{emit}\"\n\
                 select = {{ n = \"sum(n)\", rows = \"count(*)\", lowest = \"min(n)\" }}\n",
                stream.name
            );
            (settings, if emit == "final" { Flow::Stream } else { Flow::Table }, Some(("k", "n + rows".to_owned())))
        }
        10 => {
            let select = "select = { n = \"sum(n)\", rows = \"count(n)\", last = \"max(n)\" }";
            let settings = format!("kind = \"aggregate\"\ninput = \"{}\"\nby = [\"k\"]\n{select}\n", any.name);
            (settings, Flow::Table, Some(("k", "coalesce(n, 0) - rows".to_owned())))
        }
        11 | 12 => {
            let other = pick(laid, Flow::Stream, b);
            if other.name == stream.name {
                return None;
            }
            let how = ["inner", "left", "right", "full"][usize::from(c) % 4];
            let within = format!("within = {{ before = \"{}ms\", after = \"{}ms\" }}\n", b % 9, c % 11);
            let (left, right) = (&stream.name, &other.name);
            let settings = format!(
                "kind = \"join\"\nhow = \"{how}\"\nleft = \"{left}\"\nright = \"{right}\"\non = [\"{left}.k = {right}.k\"]\n{within}{grace}"
            );
            (settings, Flow::Stream, Some(("", both(left, right))))
        }
        13 => {
            let how = if c % 2 == 0 { "inner" } else { "left" };
            let (left, right) = (&stream.name, &table.name);
            let waits = if b % 3 == 0 { grace.as_str() } else { "" };
            let settings = format!(
                "kind = \"join\"\nhow = \"{how}\"\nleft = \"{left}\"\nright = \"{right}\"\non = [\"{left}.k = {right}.k\"]\n{waits}"
            );
            (settings, Flow::Stream, Some(("", both(left, right))))
        }
        14 => {
            let other = pick(laid, Flow::Table, a);
            if other.name == table.name {
                return None;
            }
            let how = ["inner", "left", "right", "full"][usize::from(c) % 4];
            let (left, right) = (&table.name, &other.name);
            let settings = format!(
                "kind = \"join\"\nhow = \"{how}\"\nleft = \"{left}\"\nright = \"{right}\"\non = [\"{left}.k = {right}.k\"]\n"
            );
            (settings, Flow::Table, Some(("", both(left, right))))
        }
        15 => {
            let (keep, flow) = if c % 2 == 0 { ("first", Flow::Stream) } else { ("last", Flow::Table) };
            let within = if c % 4 == 0 { format!("within = \"{}ms\"\n", 1 + b % 30) } else { String::new() };
            let settings = format!(
                "kind = \"deduplicate\"\ninput = \"{}\"\nby = [\"k\"]\nkeep = \"{keep}\"\n{within}",
                stream.name
            );
            (settings, flow, None)
        }
        _ => {
            let settings = format!(
                "kind = \"top-n\"\ninput = \"{}\"\nby = [\"k\"]\norder = [\"n desc\"]\nn = {}\n",
                any.name,
                1 + b % 3
            );
            (settings, Flow::Table, None)
        }
    };
    let name = format!("x{at}");
    let _ = write!(text, "[nodes.{name}]\n{settings}");
    if let Some((key, number)) = columns {
        // A join's columns have the names of both sides.
        let (key, number) = if key.is_empty() {
            let (key, number) = number.split_once('|').expect("a key and a number");
            (key.to_owned(), number.to_owned())
        } else {
            (key.to_owned(), number)
        };
        let _ = write!(
            text,
            "[nodes.y{at}]\nkind = \"project\"\ninput = \"{name}\"\nselect = {{ k = \"{key}\", n = \"{number}\" }}\n"
        );
        return Some(Laid { name: format!("y{at}"), flow });
    }
    if c % 5 == 0 {
        let _ = write!(text, "[nodes.v{at}]\nkind = \"filter\"\ninput = \"{name}\"\nwhere = \"true\"\n");
        return Some(Laid { name: format!("v{at}"), flow });
    }
    Some(Laid { name, flow })
}

/// The key and the number of a join's row.
fn both(left: &str, right: &str) -> String {
    format!("coalesce({left}.k, {right}.k)|coalesce({left}.n, 0) + coalesce({right}.n, 0)")
}
