//! Whole pipelines over small logs.

pub(crate) mod drawn;
mod growing;
mod load;
mod whole;

use std::sync::atomic::AtomicU64;

use tokio_util::sync::CancellationToken;

use super::{Feed, Materialised, Plan, Rows, Running, Sink, Stop, run_history};
use crate::codec::{Choice, TopicCodecs};
use crate::event::{EventBatchBuilder, TimestampType};
use crate::log::Origin;
use crate::pipeline::{Document, Flow};
use crate::store::Store;

/// An event: topic, time in milliseconds, key, value.
pub(super) type Told<'t> = (&'t str, i64, &'t str, &'t str);

struct Written {
    view: usize,
    table: Option<Materialised>,
    columns: Vec<usize>,
    lines: Vec<String>,
}

impl Sink for Written {
    fn rows(&mut self, view: usize, rows: &Rows) -> Result<(), Stop> {
        if view != self.view {
            return Ok(());
        }
        match &mut self.table {
            Some(table) => table.apply(rows),
            None => {
                for row in 0..rows.len() {
                    let cells: Vec<String> = self.columns.iter().map(|&at| rows.cell(at, row).to_string()).collect();
                    self.lines.push(cells.join(" | "));
                }
            }
        }
        Ok(())
    }
}

/// A store that holds events, each topic's in one partition and in their order; `null` is null.
pub(super) fn stored(events: &[Told<'_>]) -> Store {
    let origin = Origin::Sample { events: 0, seed: 0 };
    let store = Store::temporary(origin, 1 << 30).unwrap();
    let mut topics: Vec<&str> = events.iter().map(|event| event.0).collect();
    topics.sort_unstable();
    topics.dedup();
    for topic in topics {
        let mut builder = EventBatchBuilder::new(topic, 0);
        let own = events.iter().filter(|event| event.0 == topic);
        for (offset, (_, time, key, value)) in own.enumerate() {
            let part = |text: &'_ str| if text == "null" { None } else { Some(text.to_owned().into_bytes()) };
            let (key, value) = (part(key), part(value));
            builder.push(offset as i64, *time, TimestampType::Create, key.as_deref(), value.as_deref(), []);
        }
        let batch = builder.finish();
        store.append(&batch, 0, batch.len() as i64).unwrap();
    }
    store
}

/// What a pipeline's only view comes to: its columns' names, then its rows.
pub(super) fn run(pipeline: &str, events: &[Told<'_>]) -> Vec<String> {
    let store = stored(events);
    let document = Document::parse(pipeline).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(document.check(), []);
    let plan = Plan::of(document.pipeline()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let view = plan.views[0].clone();
    let codecs = |_: &_| TopicCodecs::new(Choice::Text, Choice::Json);
    let mut feed = Feed::new(&store.snapshot(), &plan.sources, codecs, None);
    let mut sink = Written {
        view: 0,
        table: (view.flow == Flow::Table).then(|| Materialised::new(view.id.clone())),
        columns: view.columns.iter().map(|column| column.1).collect(),
        lines: vec![view.columns.iter().map(|column| column.0.as_str()).collect::<Vec<_>>().join(" | ")],
    };
    let mut running = Running::new(plan);
    run_history(&mut running, &mut feed, &mut sink, &CancellationToken::new(), &AtomicU64::new(0)).unwrap();
    if let Some(table) = &sink.table {
        for row in table.sorted().unwrap() {
            let cells: Vec<String> = sink.columns.iter().map(|&at| row.cells[at].to_string()).collect();
            sink.lines.push(cells.join(" | "));
        }
    }
    sink.lines
}

/// The events of the tests below.
const SHOP: &[Told<'_>] = &[
    ("orders", 0, "a", r#"{"order_id":"a","region":"north","total":10,"items":[{"sku":"x"},{"sku":"y"}]}"#),
    ("orders", 1_000, "b", r#"{"order_id":"b","region":"south","total":5.50,"items":[]}"#),
    ("payments", 2_000, "a", r#"{"order_id":"a","status":"CAPTURED","amount":10}"#),
    ("orders", 61_000, "c", r#"{"order_id":"c","region":"north","total":1,"items":[{"sku":"x"}]}"#),
    ("payments", 62_000, "b", r#"{"order_id":"b","status":"REFUSED","amount":5.50}"#),
    ("orders", 900_000, "d", r#"{"order_id":"d","region":"north","total":2,"items":null}"#),
    ("payments", 901_000, "d", r#"{"order_id":"d","status":"CAPTURED","amount":2}"#),
];

const ORDERS: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n";
const PAYMENTS: &str = "[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n";

#[test]
fn what_comes_before_the_beginning_of_a_stretch_is_left_out_of_each_partition() {
    let store = stored(SHOP);
    let document = Document::parse(&format!("{ORDERS}{PAYMENTS}")).unwrap();
    let plan = Plan::of(document.pipeline()).unwrap();
    let times = |from: i64, until: i64| {
        let codecs = |_: &_| TopicCodecs::new(Choice::Text, Choice::Json);
        let mut feed = Feed::new(&store.snapshot(), &plan.sources, codecs, Some(until));
        feed.begin_at_time(from);
        let steps = std::iter::from_fn(|| feed.step(1));
        steps.flat_map(|step| step.rows.into_iter().flat_map(|rows| rows.time_ms)).collect::<Vec<_>>()
    };
    assert_eq!(times(2_000, 62_000), [2_000, 61_000, 62_000]);
    assert_eq!(times(2_001, 901_000), [61_000, 62_000, 900_000, 901_000]);
    assert_eq!(times(902_000, 999_000), [0_i64; 0]);
}

#[test]
fn a_table_holds_at_the_beginning_of_a_stretch_what_was_written_before() {
    let store = stored(SHOP);
    let times = |text: &str| {
        let plan = Plan::of(Document::parse(text).unwrap().pipeline()).unwrap();
        let codecs = |_: &_| TopicCodecs::new(Choice::Text, Choice::Json);
        let mut feed = Feed::new(&store.snapshot(), &plan.sources, codecs, None);
        feed.begin_at_time(62_000);
        let steps = std::iter::from_fn(|| feed.step(1));
        steps.flat_map(|step| step.rows.into_iter().flat_map(|rows| rows.time_ms)).collect::<Vec<_>>()
    };
    let table = ORDERS.replace("stream", "table");
    assert_eq!(times(&format!("{table}{PAYMENTS}")), [0, 1_000, 61_000, 62_000, 900_000, 901_000]);
    // Read by a stream too, a topic begins where the stretch does.
    let both =
        format!("{table}{}{PAYMENTS}", ORDERS.replace("[nodes.orders]", "[nodes.all]").replace("version = 1\n", ""));
    assert_eq!(times(&both), [62_000, 900_000, 900_000, 901_000]);
}

#[test]
fn an_event_whose_time_nanoseconds_cannot_say_is_set_aside_and_makes_nothing_late() {
    let pipeline = format!(
        "{ORDERS}[nodes.n]\nkind = \"aggregate\"\ninput = \"orders\"\nby = [\"key\"]\nselect = {{ n = \"count(*)\" }}\n\
         window = {{ kind = \"tumbling\", size = \"1h\" }}\n"
    );
    let micros = 1_773_446_418_424_000;
    let events = [("orders", 1_000, "a", "{}"), ("orders", micros, "b", "{}"), ("orders", 1_500, "a", "{}")];
    let rows = run(&pipeline, &events);
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[1].starts_with("a | ") && rows[1].ends_with(" | 2"), "{rows:?}");
    let plan = Plan::of(Document::parse(&pipeline).unwrap().pipeline()).unwrap();
    let store = stored(&events);
    let mut feed = Feed::new(&store.snapshot(), &plan.sources, |_| TopicCodecs::new(Choice::Text, Choice::Json), None);
    while feed.step(10).is_some() {}
    assert_eq!((feed.untimed()[0].count, feed.untimed()[0].first[0].offset), (1, 1));
}

#[test]
fn what_a_wire_carries_has_the_names_that_led_to_it() {
    let text = format!(
        "{ORDERS}{PAYMENTS}[nodes.j]\nkind = \"join\"\nleft = \"orders\"\nright = \"payments\"\n\
         on = \"orders.value.order_id = payments.value.order_id\"\nwithin = \"1m\"\n\
         [nodes.p]\nkind = \"project\"\ninput = \"j\"\nselect = {{ state = \"payments.value.status\" }}\n"
    );
    let plan = Plan::of(Document::parse(&text).unwrap().pipeline()).unwrap();
    let names = |node: &str| {
        let node = plan.nodes.iter().find(|planned| planned.name == node).unwrap();
        node.carried.iter().map(|(name, ..)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("orders"), ["value.order_id"]);
    assert_eq!(names("j"), ["payments.value.status"]);
    assert_eq!(names("p"), ["state"]);
}

#[test]
fn a_node_runs_when_nothing_is_wrong_with_it_and_those_before_it() {
    let text = format!(
        "{ORDERS}[nodes.some]\nkind = \"filter\"\ninput = \"orders\"\nwhere = \"valu.total > 1\"\n\
         [nodes.behind]\nkind = \"view\"\ninput = \"some\"\n[nodes.half]\nkind = \"join\"\nleft = \"orders\"\nright = \"\"\non = []\n\
         [nodes.all]\nkind = \"view\"\ninput = \"orders\"\n"
    );
    let (part, problems) = Plan::sound_part(Document::parse(&text).unwrap().pipeline());
    assert_eq!(part.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["orders", "all"]);
    let wrong: Vec<&str> = problems.iter().filter_map(|problem| problem.node.as_deref()).collect();
    assert_eq!(wrong, ["some", "half", "half"], "what is wrong with an expression is told beside a missing wire");
    assert!(Plan::of(&part).is_ok());
}

#[test]
fn a_filter_keeps_the_rows_of_its_stream_as_they_are() {
    let text = format!("{ORDERS}[nodes.big]\nkind = \"filter\"\ninput = \"orders\"\nwhere = \"value.total >= 5.5\"\n");
    let rows = run(&text, SHOP);
    assert_eq!(rows[0], "timestamp | topic | partition | offset | key | value");
    assert_eq!(rows.len(), 3);
    assert!(rows[2].starts_with("1970-01-01T00:00:01.000Z | orders | 0 | 1 | b | {\"order_id\":\"b\""), "{}", rows[2]);
}

#[test]
fn a_projection_names_its_columns_and_calculates() {
    let text = format!(
        "{ORDERS}[nodes.p]\nkind = \"project\"\ninput = \"orders\"\nselect = {{ id = \"key\", twice = \"value.total * 2\", sku = \"value.items[0].sku\" }}\n\
         [nodes.q]\nkind = \"filter\"\ninput = \"p\"\nwhere = \"twice > 2 AND p.id <> 'd'\"\n"
    );
    assert_eq!(run(&text, SHOP), ["id | twice | sku", "a | 20 | x", "b | 11.00 | "]);
}

#[test]
fn an_array_is_flattened_to_a_row_an_element() {
    let text = format!(
        "{ORDERS}[nodes.items]\nkind = \"flatten\"\ninput = \"orders\"\nfield = \"value.items\"\nas = \"item\"\n\
         [nodes.p]\nkind = \"project\"\ninput = \"items\"\nselect = {{ order = \"key\", sku = \"item.sku\" }}\n"
    );
    assert_eq!(run(&text, SHOP), ["order | sku", "a | x", "a | y", "c | x"]);
}

#[test]
fn streams_merge_in_the_order_of_time() {
    let text = format!(
        "{ORDERS}{PAYMENTS}[nodes.both]\nkind = \"merge\"\ninputs = [\"orders\", \"payments\"]\n\
         [nodes.p]\nkind = \"project\"\ninput = \"both\"\nselect = {{ id = \"value.order_id\", of = \"topic\" }}\n"
    );
    let rows = run(&text, SHOP);
    let expected = [
        "id | of",
        "a | orders",
        "b | orders",
        "a | payments",
        "c | orders",
        "b | payments",
        "d | orders",
        "d | payments",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn the_designs_own_pipeline_runs() {
    let text = format!(
        "{ORDERS}{PAYMENTS}
[nodes.paid]
kind = \"filter\"
input = \"payments\"
where = \"value.status = 'CAPTURED'\"

[nodes.settled]
kind = \"join\"
how = \"left\"
left = \"orders\"
right = \"paid\"
on = [\"orders.value.order_id = paid.value.order_id\"]
within = {{ before = \"0s\", after = \"10m\" }}
grace = \"1m\"

[nodes.per_minute]
kind = \"aggregate\"
input = \"settled\"
by = [\"orders.value.region\"]
window = {{ kind = \"tumbling\", size = \"1m\" }}
grace = \"30m\"
select = {{ revenue = \"sum(paid.value.amount)\", orders = \"count(*)\" }}
emit = \"updates\"

[nodes.revenue]
kind = \"view\"
input = \"per_minute\"
"
    );
    let rows = run(&text, SHOP);
    assert_eq!(rows[0], "orders.value.region | window_start | window_end | revenue | orders");
    // a was paid after two seconds; b and c stay alone for 11 minutes and are then told at their own time; d is paid.
    let expected = [
        "north | 1970-01-01T00:00:00.000Z | 1970-01-01T00:01:00.000Z | 10 | 1",
        "north | 1970-01-01T00:01:00.000Z | 1970-01-01T00:02:00.000Z |  | 1",
        "north | 1970-01-01T00:15:00.000Z | 1970-01-01T00:16:00.000Z | 2 | 1",
        "south | 1970-01-01T00:00:00.000Z | 1970-01-01T00:01:00.000Z |  | 1",
    ];
    assert_eq!(rows[1..], expected);
}

#[test]
fn what_is_wrong_with_expressions_is_found_all_at_once_with_its_place() {
    let text = format!(
        "{ORDERS}[nodes.f]\nkind = \"filter\"\ninput = \"orders\"\nwhere = \"valu.total > 1\"\n\
         [nodes.a]\nkind = \"aggregate\"\ninput = \"f\"\nby = [\"value.region AS region\"]\nselect = {{ n = \"count(*)\", x = \"value.total\" }}\n\
         [nodes.v]\nkind = \"filter\"\ninput = \"a\"\nwhere = \"m > 1\"\n"
    );
    let document = Document::parse(&text).unwrap();
    let problems = Plan::of(document.pipeline()).err().unwrap();
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "f.where: unknown name “valu.total” at column 1 (did you mean value?)",
            "a.select.x: “value.total” is of many rows at column 1 (put it in an aggregate, such as last(value.total), or in by)",
            "v.where: unknown name “m” at column 1 (there are region, n, x)"
        ]
    );
}
