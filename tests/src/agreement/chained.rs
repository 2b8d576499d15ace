//! Nodes that remember, behind others that do: windows of joined rows, groups of a joined table, what passes a filter of
//! an aggregate's results, a join of two aggregates.

use serde_json::{Value, json};

use super::draw::{Draw, Part, Topics};
use super::stateless::Chain;
use super::{Question, Reading, SideOf};
use crate::oracle::streams::{Aggregate, Emit, Join, Kind, Select, Window};

/// Columns of an aggregate: name, function, the field in Kafka Streams, what Fabula writes.
type Columns<'c> = &'c [(&'c str, &'c str, &'c str, &'c str)];

/// Adds an aggregate by one field: `by` is what Kafka Streams calls it and what Fabula does.
fn aggregated(chain: Chain, name: &str, by: (&str, &str), columns: Columns<'_>, settings: (&str, Aggregate)) -> Chain {
    let select: Vec<String> =
        columns.iter().map(|(name, function, _, text)| format!("{name} = \"{function}({text})\"")).collect();
    let input = chain.last.clone();
    let pipeline = format!(
        "kind = \"aggregate\"\ninput = \"{input}\"\nby = [\"{} AS by_{name}\"]\nselect = {{ n = \"count(*)\", {} }}\n{}",
        by.1,
        select.join(", "),
        settings.0
    );
    let column = |(name, function, field, _): &(&str, &str, &str, &str)| Select {
        name: (*name).to_owned(),
        ..Select::of(function, field)
    };
    let select = [Select::count()].into_iter().chain(columns.iter().map(column)).collect();
    let aggregate = Aggregate { input, by: json!(by.0), select, drop_empty: true, ..settings.1 };
    chain.then(name, &pipeline, Kind::Aggregate(aggregate))
}

/// How both are read: a group's row.
fn reading(name: &str, columns: Columns<'_>) -> Reading {
    let values = ["n"].into_iter().chain(columns.iter().map(|column| column.0)).map(str::to_owned).collect();
    Reading::Columns { key: vec![format!("by_{name}")], values }
}

/// Windows of 10 ms, side by side or every 5 ms, in both languages.
fn windows(draw: &mut Draw, emit: Emit) -> (String, Aggregate) {
    let grace_ms = draw.one_of(&[0, 1, 5, 10]);
    let (window, written) = if draw.chance(50) {
        (Window::Tumbling { size_ms: 10 }, "kind = \"tumbling\", size = \"10ms\"")
    } else {
        (Window::Hopping { size_ms: 10, advance_ms: 5 }, "kind = \"hopping\", size = \"10ms\", advance = \"5ms\"")
    };
    let emitted = if matches!(emit, Emit::Final) { "emit = \"final\"\n" } else { "" };
    let retention_ms = Some(window.exact_retention_ms(grace_ms));
    let written = format!("window = {{ {written} }}\ngrace = \"{grace_ms}ms\"\n{emitted}");
    (written, Aggregate { window: Some(window), grace_ms, retention_ms, emit, ..Aggregate::default() })
}

/// Windows of what two streams come to.
pub fn windows_behind_a_join(draw: &mut Draw) -> Question {
    let [before, after] = [(); 2].map(|()| draw.one_of(&[0, 5, 10]));
    let grace = draw.one_of(&[0, 5, 12]);
    let mut topics = Topics::new(&["a", "b"], &[before, after, grace, 10]);
    // Kafka Streams joins rows that have expired as well, and drops groups that are null before it looks at their time.
    topics.disorder_ms = Some(grace);
    topics.nulls[2] = 0;
    let join = Join {
        how: "inner".to_owned(),
        left: "a".to_owned(),
        right: "b".to_owned(),
        before_ms: Some(before),
        after_ms: Some(after),
        grace_ms: Some(grace),
        exact_retention: true,
        ..Join::default()
    };
    let written = format!(
        "kind = \"join\"\nleft = \"a\"\nright = \"b\"\non = [\"a.key = b.key\"]\n\
         within = {{ before = \"{before}ms\", after = \"{after}ms\" }}\ngrace = \"{grace}ms\"\n"
    );
    let chain = Chain::stream("a").beside(&Chain::stream("b")).then("j", &written, Kind::Join(Box::new(join)));
    let columns: Columns<'_> = &[
        ("left_x", "sum", "left.x", "a.value.x"),
        ("right_x", "max", "right.x", "b.value.x"),
        ("list", "collect_list", "right.u", "b.value.u"),
    ];
    let emit = if draw.chance(30) { Emit::Final } else { Emit::Updates };
    let (written, settings) = windows(draw, emit);
    let chain = aggregated(chain, "w", ("left.g", "a.value.g"), columns, (&written, settings));
    let records = topics.records(draw);
    let question = Question::new(chain.pipeline, chain.nodes, topics, records, reading("w", columns));
    Question { several: true, ..question }
}

/// Groups of what two tables come to.
pub fn groups_behind_a_join(draw: &mut Draw) -> Question {
    let how = draw.one_of(&["inner", "left", "full"]);
    let topics = Topics { nulls: [4, 20, 6], ..Topics::new(&["t", "s"], &[10]) };
    let join = Join { how: how.to_owned(), left: "t".to_owned(), right: "s".to_owned(), ..Join::default() };
    let written = format!("kind = \"join\"\nhow = \"{how}\"\nleft = \"t\"\nright = \"s\"\non = [\"t.key = s.key\"]\n");
    let chain = Chain::table("t").beside(&Chain::table("s")).then("j", &written, Kind::Join(Box::new(join)));
    // Of each change some sum is another one, so that none changes nothing.
    let columns: Columns<'_> = &[
        ("left_u", "sum", "left.u", "t.value.u"),
        ("right_u", "sum", "right.u", "s.value.u"),
        ("right_x", "min", "right.x", "s.value.x"),
    ];
    let chain = aggregated(chain, "w", ("left.g", "t.value.g"), columns, ("", Aggregate::default()));
    let records = topics.records(draw);
    Question::new(chain.pipeline, chain.nodes, topics, records, reading("w", columns))
}

/// What passes a filter of an aggregate's results, of windows or without.
pub fn filter_behind_an_aggregate(draw: &mut Draw) -> Question {
    let mut topics = Topics::new(&["a"], &[5, 10]);
    topics.quiet = vec![("a", Part::Field("g"))];
    let columns: Columns<'_> = &[("x", "sum", "x", "value.x"), ("last_u", "last", "u", "value.u")];
    let (written, settings) =
        if draw.chance(70) { windows(draw, Emit::Updates) } else { (String::new(), Aggregate::default()) };
    if settings.window.is_none() {
        topics.nulls[1] = 0;
    }
    let chain = aggregated(Chain::stream("a"), "w", ("g", "value.g"), columns, (&written, settings));
    let (field, op, value) =
        draw.one_of(&[("n", ">", 2), ("n", "=", 1), ("x", ">=", 3), ("x", "<", 4), ("n", "<=", 3)]);
    let written = format!("kind = \"filter\"\ninput = \"w\"\nwhere = \"{field} {op} {value}\"\n");
    let (input, field, op) = ("w".to_owned(), field.to_owned(), op.to_owned());
    let chain = chain.then("passed", &written, Kind::Filter { input, field, op, value: json!(value) });
    let records = topics.records(draw);
    Question::new(chain.pipeline, chain.nodes, topics, records, reading("w", columns))
}

/// Two aggregates by the same groups, joined; one may be of a table.
pub fn join_of_aggregates(draw: &mut Draw) -> Question {
    let how = draw.one_of(&["inner", "left", "right", "full"]);
    let mut topics = Topics::new(&["a", "b"], &[10]);
    topics.nulls[1] = 0;
    let of_table = draw.chance(40);
    let left: Columns<'_> = &[("u", "sum", "u", "value.u"), ("x", "max", "x", "value.x")];
    let right: Columns<'_> = &[("u", "sum", "u", "value.u"), ("first", "min", "x", "value.x")];
    let source = if of_table { Chain::table("a") } else { Chain::stream("a") };
    if of_table {
        topics.nulls[1] = 15;
        topics.names = vec!["a", "a", "b"];
    }
    let one = aggregated(source, "wa", ("g", "value.g"), left, ("", Aggregate::default()));
    let other = aggregated(Chain::stream("b"), "wb", ("g", "value.g"), right, ("", Aggregate::default()));
    let join = Join { how: how.to_owned(), left: "wa".to_owned(), right: "wb".to_owned(), ..Join::default() };
    let written =
        format!("kind = \"join\"\nhow = \"{how}\"\nleft = \"wa\"\nright = \"wb\"\non = [\"wa.by_wa = wb.by_wb\"]\n");
    let chain = one.beside(&other).then("j", &written, Kind::Join(Box::new(join)));
    let side = |name: &str, columns: Columns<'_>| SideOf {
        key: format!("{name}.by_{name}"),
        values: ["n"]
            .into_iter()
            .chain(columns.iter().map(|column| column.0))
            .map(|of| (of.to_owned(), format!("{name}.{of}")))
            .collect(),
    };
    let reading = Reading::Sides([side("wa", left), side("wb", right)]);
    let mut records = topics.records(draw);
    if of_table {
        // Streams without windows drop what has no value.
        records.retain(|record| record.topic == "a" || record.value != Value::Null);
    }
    let question = Question::new(chain.pipeline, chain.nodes, topics, records, reading);
    Question { times_by_step: true, ..question }
}
