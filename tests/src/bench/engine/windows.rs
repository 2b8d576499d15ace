//! Windows and a join over rows made by a formula, which every engine makes for itself.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use fabula_core::codec::Cell;
use fabula_core::engine::{Column, HISTORY_STEP, Plan, Rows};
use serde_json::Value;

use super::super::{Line, Table};
use super::{Pace, RUNS, SHARE, TIMES, left_out, one_shot, ours};
use crate::kafka::Kafka;
use crate::oracle::flink::{self, Case, Generated};
use crate::oracle::rows;
use crate::oracle::streams::{self, Aggregate, Join, Kind, Measured, Node, Select, Stores, Timing, Window};

/// Ten thousand rows in a second of event time, out of order by up to a tenth of a second.
pub const ROWS: rows::Rows = rows::Rows { rows: 0, keys: 1_000, step_us: 100, jitter_ms: 100 };

/// How many rows Kafka Streams is given.
const STREAMS_ROWS: u64 = 400_000;

/// How many bytes a window with a count and a sum may take, but for its key.
const BYTES_OF_A_WINDOW: f64 = 64.0;

const SIZE_MS: i64 = 10_000;
const ADVANCE_MS: i64 = 2_000;
const GAP_MS: i64 = 200;
const WITHIN_MS: i64 = 100;
const GRACE_MS: i64 = 100;

/// One thing that is measured, in everybody's words.
struct Task {
    name: &'static str,
    pipeline: String,
    sql: String,
    nodes: Vec<Node>,
    one_shot: Option<fn(&rows::Rows) -> Result<one_shot::Answer>>,
    /// How many topics there are; each has so many rows of its own.
    topics: u64,
}

/// Measures windows, sessions and a join.
pub fn measure(rows: u64, table: &mut Table) -> Result<()> {
    let kafka = Kafka::start("the benchmark of the engine");
    for task in [tumbling(), hopping(), session(), join()] {
        let made = rows::Rows { rows: rows / task.topics, ..ROWS };
        let steps = steps(&ours::plan(&task.pipeline)?, &made)?;
        let ran = ours::run(|| ours::plan(&task.pipeline), &steps, RUNS)?;
        drop(steps);
        let all = made.rows * task.topics;
        let mine = Pace { rows: all, took: ran.took };
        match streams(&task, kafka.as_ref()) {
            Ok(theirs) => table.add(mine.beside(task.name, "Kafka Streams", theirs, Some(TIMES))),
            Err(missing) => left_out(task.name, &missing),
        }
        for (parallelism, times) in [(1, Some(TIMES)), (2, None)] {
            match flink(&task, &made, parallelism) {
                Ok((theirs, rows_out)) => {
                    let ours_out = ran.rows_out + ran.open;
                    anyhow::ensure!(ours_out == rows_out, "{}: {ours_out} rows, {rows_out} by Flink", task.name);
                    table.add(mine.beside(task.name, &format!("Flink {parallelism}"), theirs, times));
                }
                Err(missing) => left_out(task.name, &missing),
            }
        }
        if let Some(ask) = task.one_shot {
            let answer = ask(&made)?;
            let ours_out = ran.rows_out + ran.open;
            anyhow::ensure!(ours_out == answer.rows, "{}: {ours_out} rows, {} by Polars", task.name, answer.rows);
            table.add(mine.beside(task.name, "Polars", Pace { rows: all, took: answer.took }, Some(SHARE)));
        }
    }
    Ok(())
}

/// Measures what an open window takes: a million keys in one.
pub fn state(rows: u64, table: &mut Table) -> Result<()> {
    let made = rows::Rows { rows, keys: 1_000_000, ..ROWS };
    let pipeline = aggregate("tumbling\", size = \"24h");
    let steps = steps(&ours::plan(&pipeline)?, &made)?;
    let ran = ours::run(|| ours::plan(&pipeline), &steps, 1)?;
    let metrics = ran.node("w")?;
    let keys: std::collections::HashSet<u64> = (0..rows).map(|row| made.row(0, row).key).collect();
    let key_bytes: usize = keys.iter().map(|key| format!("k{key}").len()).sum();
    let windows = keys.len() as f64;
    let bytes = (metrics.state_bytes as f64 - key_bytes as f64) / windows;
    table.add(Line {
        what: "engine: state of a window with count and sum, less its key".to_owned(),
        ours: format!("{bytes:.1} B"),
        peer: String::new(),
        ratio: Some(BYTES_OF_A_WINDOW / bytes),
        goal: format!("under {BYTES_OF_A_WINDOW} B"),
        met: Some(bytes < BYTES_OF_A_WINDOW),
    });
    Ok(())
}

/// The rows in the columns that a plan wants; those of several sources by turns.
fn steps(plan: &Plan, made: &rows::Rows) -> Result<Vec<Vec<Rows>>> {
    let sources = plan.sources.len() as u64;
    let mut steps = Vec::new();
    let of_each = HISTORY_STEP as u64 / sources;
    for first in (0..made.rows).step_by(of_each as usize) {
        let rows = first..made.rows.min(first + of_each);
        let source = |(topic, source): (u64, &fabula_core::engine::PlannedSource)| {
            let all = || rows.clone().map(|row| made.row(topic, row));
            let column = |field: &fabula_core::expr::Source| match field.to_string().as_str() {
                "value.k" => {
                    let mut column = Column::default();
                    all().for_each(|row| column.push(Cell::Text(format!("k{}", row.key).into())));
                    Ok(Arc::new(column))
                }
                "value.x" => Ok(Arc::new(Column::of_ints(all().map(|row| row.x).collect()))),
                "size(value)" => Ok(Arc::new(Column::of_ints(all().map(|_| 20).collect()))),
                other => bail!("no row has {other}"),
            };
            Ok(Rows {
                seq: rows.clone().map(|row| row * sources + topic).collect(),
                time_ms: all().map(|row| row.time_ms).collect(),
                sign: Vec::new(),
                columns: source.fields.iter().map(column).collect::<Result<_>>()?,
            })
        };
        steps.push((0..).zip(&plan.sources).map(source).collect::<Result<_>>()?);
    }
    Ok(steps)
}

/// A pipeline that counts and sums up by key in windows.
fn aggregate(window: &str) -> String {
    format!(
        "version = 1\n[nodes.a]\nkind = \"stream\"\ntopic = \"a\"\n[nodes.w]\nkind = \"aggregate\"\ninput = \"a\"\n\
         by = [\"value.k AS k\"]\nwindow = {{ kind = \"{window}\" }}\ngrace = \"{GRACE_MS}ms\"\nemit = \"final\"\n\
         select = {{ n = \"count(*)\", s = \"sum(value.x)\" }}\n"
    )
}

fn windows_sql(windows: &str) -> String {
    format!(
        "SELECT k, window_start, window_end, COUNT(*) AS n, SUM(x) AS s FROM TABLE({windows}) \
         GROUP BY k, window_start, window_end"
    )
}

fn windows_nodes(window: Window) -> Vec<Node> {
    let aggregate = Aggregate {
        input: "a".to_owned(),
        by: Value::Null,
        window: Some(window),
        grace_ms: GRACE_MS,
        select: vec![Select::count(), Select::of("sum", "x")],
        ..Aggregate::default()
    };
    vec![Node::stream("a"), Node::new("out", Kind::Aggregate(aggregate))]
}

fn tumbling() -> Task {
    Task {
        name: "tumbling, count and sum by key",
        pipeline: aggregate(&format!("tumbling\", size = \"{SIZE_MS}ms")),
        sql: windows_sql("TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)"),
        nodes: windows_nodes(Window::Tumbling { size_ms: SIZE_MS }),
        one_shot: Some(|rows| one_shot::tumbling(rows, SIZE_MS)),
        topics: 1,
    }
}

fn hopping() -> Task {
    Task {
        name: "hopping, five windows a row",
        pipeline: aggregate(&format!("hopping\", size = \"{SIZE_MS}ms\", advance = \"{ADVANCE_MS}ms")),
        // Flink has windows that begin before the epoch, too.
        sql: format!(
            "SELECT * FROM ({}) WHERE window_start >= TO_TIMESTAMP_LTZ(0, 3)",
            windows_sql("HOP(TABLE a, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND)")
        ),
        nodes: windows_nodes(Window::Hopping { size_ms: SIZE_MS, advance_ms: ADVANCE_MS }),
        one_shot: Some(|rows| one_shot::hopping(rows, SIZE_MS, ADVANCE_MS)),
        topics: 1,
    }
}

fn session() -> Task {
    Task {
        name: "sessions, count and sum by key",
        pipeline: aggregate(&format!("session\", gap = \"{GAP_MS}ms")),
        sql: windows_sql("SESSION(TABLE a PARTITION BY k, DESCRIPTOR(ts), INTERVAL '0.200' SECOND)"),
        nodes: windows_nodes(Window::Session { gap_ms: GAP_MS }),
        one_shot: None,
        topics: 1,
    }
}

fn join() -> Task {
    let join = Join {
        how: "inner".to_owned(),
        left: "a".to_owned(),
        right: "b".to_owned(),
        before_ms: Some(0),
        after_ms: Some(WITHIN_MS),
        grace_ms: Some(GRACE_MS),
        ..Join::default()
    };
    Task {
        name: "interval join, two streams",
        pipeline: format!(
            "version = 1\n[nodes.a]\nkind = \"stream\"\ntopic = \"a\"\n[nodes.b]\nkind = \"stream\"\ntopic = \"b\"\n\
             [nodes.j]\nkind = \"join\"\nhow = \"inner\"\nleft = \"a\"\nright = \"b\"\non = [\"a.value.k = b.value.k\"]\n\
             within = {{ before = \"0s\", after = \"{WITHIN_MS}ms\" }}\ngrace = \"{GRACE_MS}ms\"\n\
             [nodes.p]\nkind = \"project\"\ninput = \"j\"\n\
             select = {{ k = \"a.value.k\", ax = \"a.value.x\", bx = \"b.value.x\" }}\n"
        ),
        sql: "SELECT a.k, a.x AS ax, b.x AS bx FROM a JOIN b \
              ON a.k = b.k AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '0.100' SECOND"
            .to_owned(),
        nodes: vec![Node::stream("a"), Node::stream("b"), Node::new("out", Kind::Join(Box::new(join)))],
        one_shot: None,
        topics: 2,
    }
}

fn flink(task: &Task, made: &rows::Rows, parallelism: u32) -> Result<(Pace, u64), String> {
    let table = |(name, topic): (&str, u64)| {
        let columns = ["k STRING", "x BIGINT", "ts TIMESTAMP_LTZ(3)"];
        let mut table = flink::Table::new(name, &columns, Some("ts - INTERVAL '0.101' SECOND"));
        table.generated = Some(Generated { rows: made.clone(), topic });
        table
    };
    let tables: Vec<_> = ["a", "b"].into_iter().zip(0..task.topics).map(table).collect();
    let case = Case { parallelism, config: fast(), ..Case::new(&tables, &task.sql, Vec::new()) };
    let answer = flink::measure(&case)?;
    let took = Duration::from_secs_f64(answer.seconds);
    Ok((Pace { rows: made.rows * task.topics, took }, answer.rows_out))
}

/// What makes Flink faster and is safe here.
pub fn fast() -> std::collections::BTreeMap<String, String> {
    [("pipeline.object-reuse".to_owned(), "true".to_owned())].into()
}

fn streams(task: &Task, kafka: Option<&Kafka>) -> Result<Pace, String> {
    let kafka = kafka.ok_or_else(|| "there is no broker".to_owned())?;
    let rows = rows::Rows { rows: STREAMS_ROWS / task.topics, ..ROWS };
    let timing = Timing { rows, bootstrap: Some(kafka.brokers()), stores: Stores::Memory, changelog: false };
    // A topic that is full is used again, so those of a join, which have fewer rows, are others.
    let renamed = |node: &Node| match &node.kind {
        Kind::Stream { topic } => Node::new(&node.name, Kind::Stream { topic: format!("{topic}-of-{}", task.topics) }),
        other => Node::new(&node.name, other.clone()),
    };
    let nodes = task.nodes.iter().map(renamed).collect();
    let times = streams::measure(&Measured { nodes, output: "out".to_owned(), timing })?;
    Ok(Pace { rows: times.rows_in, took: Duration::from_secs_f64(times.seconds) })
}
