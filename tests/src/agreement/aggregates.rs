//! Aggregates of streams, by window, and of tables.

use serde_json::{Value, json};

use super::deviation::Deviation;
use super::draw::{Draw, Part, Topics};
use super::half_late::HalfLate;
use super::stateless::Chain;
use super::{Question, Reading};
use crate::oracle::streams::{Aggregate, Emit, Kind, Select, Window};

/// Kinds of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Windows {
    /// None: all time.
    Whole,
    /// Side by side.
    Tumbling,
    /// Overlapping.
    Hopping,
    /// By gap.
    Session,
    /// Around each row.
    Sliding,
}

impl Windows {
    fn drawn(self, draw: &mut Draw) -> Option<Window> {
        Some(match self {
            Self::Whole => return None,
            Self::Tumbling => Window::Tumbling { size_ms: draw.one_of(&[1, 7, 10, 100]) },
            Self::Hopping => {
                let size_ms = draw.one_of(&[5, 10, 12, 100]);
                let advances: Vec<i64> =
                    [1, 3, 5, 7, 10, 40].into_iter().filter(|advance| *advance <= size_ms).collect();
                let advance_ms = draw.one_of(&advances);
                // No more than 20 windows a row.
                Window::Hopping { size_ms, advance_ms: advance_ms.max(size_ms / 20) }
            }
            Self::Session => Window::Session { gap_ms: draw.one_of(&[1, 5, 10, 30]) },
            Self::Sliding => Window::Sliding { size_ms: draw.one_of(&[1, 5, 10, 30]) },
        })
    }
}

fn spans(window: Option<Window>) -> Vec<i64> {
    match window {
        None => vec![10],
        Some(Window::Tumbling { size_ms } | Window::Sliding { size_ms }) => vec![size_ms],
        Some(Window::Hopping { size_ms, advance_ms }) => vec![size_ms, advance_ms],
        Some(Window::Session { gap_ms }) => vec![gap_ms],
    }
}

/// A window as Fabula writes it.
pub fn written(window: Window) -> String {
    match window {
        Window::Tumbling { size_ms } => format!("{{ kind = \"tumbling\", size = \"{size_ms}ms\" }}"),
        Window::Hopping { size_ms, advance_ms } => {
            format!("{{ kind = \"hopping\", size = \"{size_ms}ms\", advance = \"{advance_ms}ms\" }}")
        }
        Window::Session { gap_ms } => format!("{{ kind = \"session\", gap = \"{gap_ms}ms\" }}"),
        Window::Sliding { size_ms } => format!("{{ kind = \"sliding\", size = \"{size_ms}ms\" }}"),
    }
}

/// Some of the functions, each with what Fabula writes; those of a table can be taken back.
fn functions(draw: &mut Draw, chain: &Chain, of_table: bool) -> Vec<(Select, String)> {
    let x = ["count", "sum", "min", "max", "avg"].map(|function| (function, "x"));
    let ordered = [("first", "x"), ("last", "x"), ("collect_list", "x"), ("first", "u"), ("last", "u")];
    let listed = [("collect_list", "u"), ("sum", "u")];
    let mut all: Vec<(&str, &str)> = x.into_iter().chain(listed).collect();
    if !of_table {
        all.extend(ordered);
    }
    let mut functions = vec![(Select::count(), "count(*)".to_owned())];
    for (function, field) in all {
        // Of a table each row has another sum of `u`, so that no two of them are the same.
        if draw.chance(35) || (of_table && (function, field) == ("sum", "u")) {
            functions.push((Select::of(function, field), format!("{function}({})", chain.field(field))));
        }
    }
    functions
}

/// Behind a chain its groups.
fn grouped(
    draw: &mut Draw,
    chain: Chain,
    by: &[&str],
    (window, grace_ms, emit): (Option<Window>, i64, Emit),
    of_table: bool,
) -> (Chain, Reading) {
    let functions = functions(draw, &chain, of_table);
    let names: Vec<String> =
        if by.is_empty() { vec!["key".to_owned()] } else { by.iter().map(|by| format!("by_{by}")).collect() };
    let fields = if by.is_empty() { vec!["key".to_owned()] } else { by.iter().map(|by| chain.field(by)).collect() };
    let groups: Vec<String> = fields.iter().zip(&names).map(|(field, name)| format!("\"{field} AS {name}\"")).collect();
    let select: Vec<String> = functions.iter().map(|(of, text)| format!("{} = \"{text}\"", of.name)).collect();
    let mut pipeline = format!(
        "kind = \"aggregate\"\ninput = \"{}\"\nby = [{}]\nselect = {{ {} }}\n",
        chain.last,
        groups.join(", "),
        select.join(", ")
    );
    if let Some(window) = window {
        pipeline.push_str(&format!("window = {}\ngrace = \"{grace_ms}ms\"\n", written(window)));
    }
    if matches!(emit, Emit::Final) {
        pipeline.push_str("emit = \"final\"\n");
    }
    // Kafka Streams closes sessions and sliding windows 1 ms early: there the finals are made of its updates.
    let by_updates = matches!(window, Some(Window::Session { .. } | Window::Sliding { .. }));
    let aggregate = Aggregate {
        input: chain.last.clone(),
        by: match by {
            [] => Value::Null,
            [one] => json!(one),
            several => json!(several),
        },
        window,
        grace_ms,
        select: functions.iter().map(|(of, _)| of.clone()).collect(),
        emit: if by_updates { Emit::Updates } else { emit },
        retention_ms: window.map(|window| window.exact_retention_ms(grace_ms)),
        drop_empty: true,
        ..Aggregate::default()
    };
    let values = functions.into_iter().map(|(of, _)| of.name).collect();
    (chain.then("w", &pipeline, Kind::Aggregate(aggregate)), Reading::Columns { key: names, values })
}

/// An aggregate of a stream, which may be filtered, re-keyed or merged before.
pub fn of_streams(draw: &mut Draw, windows: Windows, emit: Emit) -> Question {
    let window = windows.drawn(draw);
    let grace_ms = if window.is_some() { draw.one_of(&[0, 0, 1, 3, 5, 10, 25]) } else { 0 };
    let by = draw.one_of::<&[&str]>(&[&[], &[], &["g"], &["g", "f"]]);
    let mut chain = Chain::stream("a");
    let (mut names, mut is_by_key) = (vec!["a"], by.is_empty());
    match draw.below(6) {
        // Finals, and what comes half late, are found by the times of all records: none may be filtered out.
        0 if matches!(emit, Emit::Updates) && windows != Windows::Sliding => chain = chain.filtered("n0", draw),
        1 => {
            chain = chain.rekeyed("n0");
            is_by_key = false;
        }
        2 => {
            chain = chain.merged("n0", "b");
            names.push("b");
        }
        _ => {}
    }
    let mut of: Vec<i64> = spans(window);
    of.push(grace_ms);
    let mut topics = Topics::new(&names, &of);
    let groups = if by.is_empty() && !is_by_key { &["g"] } else { by };
    let parts: Vec<Part> =
        if is_by_key { vec![Part::Key] } else { groups.iter().map(|field| Part::Field(field)).collect() };
    topics.quiet = names.iter().flat_map(|name| parts.iter().map(|part| (*name, *part))).collect();
    // Kafka Streams drops null values where there is no window and of sliding ones; each has its own test.
    if matches!(windows, Windows::Whole | Windows::Sliding) {
        topics.nulls[1] = 0;
    }
    let (chain, reading) = grouped(draw, chain, by, (window, grace_ms, emit), false);
    let deviation = match (window, emit) {
        (Some(window @ (Window::Session { .. } | Window::Sliding { .. })), Emit::Final) => {
            Deviation::Finals { window, grace_ms }
        }
        (Some(Window::Session { .. }), Emit::Updates) => Deviation::Sessions,
        _ => Deviation::None,
    };
    let records = topics.records(draw);
    let half_late = match window {
        Some(Window::Sliding { size_ms }) => Some(HalfLate { size_ms, grace_ms, by: groups.to_vec() }),
        _ => None,
    };
    let question = Question::new(chain.pipeline, chain.nodes, topics, records, reading);
    Question { deviation, half_late, ..question }
}

/// An aggregate of a table, which may be filtered before: what a row was is taken back.
pub fn of_tables(draw: &mut Draw) -> Question {
    let mut chain = Chain::table("t");
    if draw.chance(30) {
        chain = chain.filtered("n0", draw);
    }
    let by = draw.one_of::<&[&str]>(&[&["g"], &["g"], &["f"], &["g", "f"]]);
    let (chain, reading) = grouped(draw, chain, by, (None, 0, Emit::Updates), true);
    let topics = Topics { nulls: [4, 15, 6], ..Topics::new(&["t"], &[10]) };
    let records = topics.records(draw);
    Question::new(chain.pipeline, chain.nodes, topics, records, reading)
}
