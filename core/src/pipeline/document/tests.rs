//! Files that people write, and what becomes of them.

pub(in crate::pipeline) mod arbitrary;
mod edits;
mod problems;
mod properties;
mod styled;

use super::*;
use crate::pipeline::{Emit, JoinHow, Keep, Node, OrderBy, Select, Span, Window, Within};

fn parsed(text: &str) -> Document {
    Document::parse(text).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}\n{text}", told.join("\n"))
    })
}

fn node(name: &str, kind: NodeKind) -> Node {
    Node { name: name.to_owned(), kind }
}

fn select(columns: &[(&str, &str)]) -> Vec<Select> {
    columns.iter().map(|(name, expr)| Select { name: (*name).to_owned(), expr: (*expr).to_owned() }).collect()
}

const fn seconds(seconds: i64) -> Span {
    Span::of_ms(seconds * 1_000)
}

/// The file of the design.
const REVENUE: &str = r#"version = 1
name = "revenue by region"

[nodes.orders]
kind = "stream"
topic = "orders"

[nodes.payments]
kind = "stream"
topic = "payments"

[nodes.paid]
kind = "filter"
input = "payments"
where = "value.status = 'CAPTURED'"

[nodes.settled]
kind = "join"
how = "left"
left = "orders"
right = "paid"
on = ["orders.value.order_id = paid.value.order_id"]
within = { before = "0s", after = "10m" }
grace = "1m"

[nodes.per_minute]
kind = "aggregate"
input = "settled"
by = ["orders.value.region"]
window = { kind = "tumbling", size = "1m" }
grace = "30s"
select = { revenue = "sum(paid.value.amount)", orders = "count(*)" }
emit = "updates"          # or "final"

[nodes.revenue]
kind = "view"
input = "per_minute"

[layout]
orders = [40, 60]
"#;

#[test]
fn a_file_is_read_as_it_is_written() {
    let document = parsed(REVENUE);
    let pipeline = document.pipeline();
    assert_eq!(pipeline.name, "revenue by region");
    let names: Vec<&str> = pipeline.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["orders", "payments", "paid", "settled", "per_minute", "revenue"]);
    assert_eq!(pipeline.layout, [("orders".to_owned(), [40.0, 60.0])].into());
    assert_eq!(
        pipeline.nodes[3].kind,
        NodeKind::Join {
            how: JoinHow::Left,
            left: "orders".to_owned(),
            right: "paid".to_owned(),
            on: vec!["orders.value.order_id = paid.value.order_id".to_owned()],
            within: Some(Within { before: seconds(0), after: seconds(600) }),
            grace: Some(seconds(60)),
        }
    );
    assert_eq!(
        pipeline.nodes[4].kind,
        NodeKind::Aggregate {
            input: "settled".to_owned(),
            by: vec!["orders.value.region".to_owned()],
            window: Some(Window::Tumbling { size: seconds(60) }),
            grace: Some(seconds(30)),
            select: select(&[("revenue", "sum(paid.value.amount)"), ("orders", "count(*)")]),
            emit: Emit::Updates,
        }
    );
    assert_eq!(document.check(), []);
}

#[test]
fn a_new_file_is_pleasant_to_read() {
    let pipeline = parsed(REVENUE).pipeline().clone();
    let implied = "emit = \"updates\"          # or \"final\"\n";
    assert_eq!(Document::of(&pipeline).unwrap().text(), REVENUE.replace(implied, ""));
}

#[test]
fn every_setting_has_its_forms() {
    let document = parsed(
        r#"
        version = 1
        [nodes.a]
        kind = "stream"
        topic = "a"
        time = "value.at"
        [nodes.b]
        kind = "deduplicate"
        input = "a"
        by = "value.id"
        within = "1h"
        keep = "last"
        [nodes.c]
        kind = "top-n"
        input = "b"
        order = ["value.amount desc", "key asc", "offset"]
        n = 3
        [nodes.d]
        kind = "join"
        left = "a"
        right = "a"
        on = "a.key = b.key"
        within = "5m"
        [nodes.e]
        kind = "aggregate"
        input = "a"
        window.kind = "hopping"
        window.size = "5m"
        window.advance = "1m"
        select = ["count(*) AS n", "value.region", "max(offset) AS \"the last\""]
        emit = "final"
        [nodes.f]
        kind = "flatten"
        input = "a"
        field = "value.items"
        as = "item"
        outer = true
        [nodes.g]
        kind = "project"
        input = "f"
        [nodes.g.select]
        "item.sku" = "item.sku"
        [nodes.h]
        kind = "merge"
        inputs = "a"
        [nodes.i]
        kind = "join"
        left = "a"
        right = "h"
        on = []
        within = { after = "5m" }
        "#,
    );
    let kinds: Vec<&NodeKind> = document.pipeline().nodes.iter().map(|node| &node.kind).collect();
    let by = vec!["value.id".to_owned()];
    let deduplicate =
        NodeKind::Deduplicate { input: "a".to_owned(), by, within: Some(seconds(3_600)), keep: Keep::Last };
    assert_eq!(*kinds[1], deduplicate);
    let order = |expr: &str, descending| OrderBy { expr: expr.to_owned(), descending };
    let order = vec![order("value.amount", true), order("key", false), order("offset", false)];
    assert_eq!(*kinds[2], NodeKind::TopN { input: "b".to_owned(), by: Vec::new(), order, n: 3 });
    let within = |kind: &NodeKind| match kind {
        NodeKind::Join { within, how: JoinHow::Inner, .. } => *within,
        other => panic!("{other:?}"),
    };
    assert_eq!(within(kinds[3]), Some(Within { before: seconds(300), after: seconds(300) }));
    assert_eq!(within(kinds[8]), Some(Within { before: seconds(0), after: seconds(300) }));
    let columns = select(&[("n", "count(*)"), ("value.region", "value.region"), ("the last", "max(offset)")]);
    assert_eq!(
        *kinds[4],
        NodeKind::Aggregate {
            input: "a".to_owned(),
            by: Vec::new(),
            window: Some(Window::Hopping { size: seconds(300), advance: seconds(60) }),
            grace: None,
            select: columns,
            emit: Emit::Final,
        }
    );
    let columns = select(&[("item.sku", "item.sku")]);
    assert_eq!(*kinds[6], NodeKind::Project { input: "f".to_owned(), select: columns });
}

#[test]
fn every_setting_that_is_written_is_known() {
    for pipeline in [parsed(REVENUE).pipeline()] {
        for node in &pipeline.nodes {
            let (_, known) = setting::KINDS.iter().find(|(kind, _)| *kind == node.kind.name()).unwrap();
            let written: Vec<&str> = setting::settings(&node.kind).iter().map(|setting| setting.key).collect();
            assert_eq!(written[0], "kind");
            assert!(written[1..].iter().all(|key| known.contains(key)), "{written:?}");
        }
    }
}

#[test]
fn a_file_of_an_older_version_becomes_one_of_the_present() {
    // As if there had been a version in which a filter's condition was called `condition`.
    let migration: version::Migration = |document| {
        let nodes = document["nodes"].as_table_mut().unwrap();
        for (_, node) in nodes.iter_mut() {
            let node = node.as_table_mut().unwrap();
            if let Some((_, condition)) = node.remove_entry("condition") {
                node.insert("where", condition);
            }
        }
    };
    let text =
        "# mine\r\nversion = 1 # old\r\n[nodes.a]\r\nkind = 'filter' # one\r\ninput = 'b'\r\ncondition = 'x'\r\n";
    let document = Document::parse_with(text, &[migration]).unwrap();
    assert_eq!(
        document.text(),
        "# mine\r\nversion = 2 # old\r\n[nodes.a]\r\nkind = 'filter' # one\r\ninput = 'b'\r\nwhere = 'x'\r\n"
    );
    let filter = NodeKind::Filter { input: "b".to_owned(), condition: "x".to_owned() };
    assert_eq!(document.pipeline().nodes, [node("a", filter)]);
    let now = text.replace("version = 1", "version = 2").replace("condition", "where");
    assert_eq!(Document::parse_with(&now, &[migration]).unwrap().text(), now, "of the present version");
    let wrong = text.replace("input = 'b'", "imput = 'b'");
    let problems = Document::parse_with(&wrong, &[migration]).unwrap_err();
    let lines: Vec<(Option<usize>, &str)> =
        problems.iter().map(|problem| (problem.line, problem.setting.as_deref().unwrap())).collect();
    assert_eq!(lines, [(Some(3), "input"), (Some(5), "imput")], "the lines are those of the file");
}
