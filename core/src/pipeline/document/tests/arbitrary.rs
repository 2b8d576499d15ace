//! Pipelines of every form, sensible or not, and changes of them.

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 9] = ["a", "b", "c", "orders", "per-minute", "_x", "größe", "select", "n9"];

pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z.]{1,8}",
        2 => "\\PC{0,10}",
        1 => prop::sample::select(vec![
            "", " ", "'", "\"", "'''", "\"\"\"", "\\", "\r\n", "\n", "\t", "# x", "x # y", "[a]", "a = b", "\u{0}", "\u{7f}",
            "\u{feff}", "a\n\"\"\"'''b", "x desc", "x asc", "x AS y", "value.\"a b\" = 'c'", "a\r\nb", "true", "5", "é\\n",
        ]).prop_map(str::to_owned),
    ]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..4)
}

/// A list that a line does not hold, now and then.
fn long_texts() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![4 => texts(), 1 => prop::collection::vec("[a-z]{20,30}", 4..8)]
}

fn input() -> impl Strategy<Value = String> {
    prop_oneof![4 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => text()]
}

fn a_span() -> impl Strategy<Value = Span> {
    prop_oneof![(0..10_i64).prop_map(seconds), (0..10_000_000_000_i64).prop_map(Span::of_ms)]
}

fn columns() -> impl Strategy<Value = Vec<Select>> {
    let column =
        (prop_oneof!["[a-c]", text()], text()).prop_map(|(name, expr)| Select { name, expr: expr.trim().to_owned() });
    let long = "[a-z]{20,30}".prop_map(|text| Select { name: text.clone(), expr: text });
    prop_oneof![4 => prop::collection::vec(column, 0..5), 1 => prop::collection::vec(long, 3..6)]
}

fn windows() -> impl Strategy<Value = Window> {
    (a_span(), a_span(), 0..4).prop_map(|(size, advance, kind)| match kind {
        0 => Window::Tumbling { size },
        1 => Window::Hopping { size, advance },
        2 => Window::Sliding { size },
        _ => Window::Session { gap: size },
    })
}

fn aggregates() -> impl Strategy<Value = NodeKind> {
    let settings = (input(), long_texts(), prop::option::of(windows()), prop::option::of(a_span()), columns());
    (settings, any::<bool>()).prop_map(|((input, by, window, grace, select), last)| {
        let emit = if last { Emit::Final } else { Emit::Updates };
        NodeKind::Aggregate { input, by, window, grace, select, emit }
    })
}

fn joins() -> impl Strategy<Value = NodeKind> {
    let hows = prop::sample::select(vec![JoinHow::Inner, JoinHow::Left, JoinHow::Right, JoinHow::Full]);
    let within = prop_oneof![
        (a_span(), a_span()).prop_map(|(before, after)| Within { before, after }),
        a_span().prop_map(|both| Within { before: both, after: both })
    ];
    (hows, input(), input(), long_texts(), prop::option::of(within), prop::option::of(a_span()))
        .prop_map(|(how, left, right, on, within, grace)| NodeKind::Join { how, left, right, on, within, grace })
}

fn orders() -> impl Strategy<Value = Vec<OrderBy>> {
    let order =
        (text(), any::<bool>()).prop_map(|(expr, descending)| OrderBy { expr: expr.trim().to_owned(), descending });
    prop::collection::vec(order, 0..4)
}

pub(super) fn kind() -> impl Strategy<Value = NodeKind> {
    prop_oneof![
        1 => (text(), prop::option::of(text()), any::<bool>()).prop_map(|(topic, time, table)| match table {
            true => NodeKind::Table { topic, time },
            false => NodeKind::Stream { topic, time },
        }),
        1 => (input(), text()).prop_map(|(input, condition)| NodeKind::Filter { input, condition }),
        1 => (input(), columns()).prop_map(|(input, select)| NodeKind::Project { input, select }),
        1 => (input(), long_texts()).prop_map(|(input, by)| NodeKind::Rekey { input, by }),
        1 => (input(), text(), text(), any::<bool>())
            .prop_map(|(input, field, name, outer)| NodeKind::Flatten { input, field, name, outer }),
        1 => prop::collection::vec(input(), 0..4).prop_map(|inputs| NodeKind::Merge { inputs }),
        3 => aggregates(),
        2 => joins(),
        1 => (input(), texts(), prop::option::of(a_span()), any::<bool>()).prop_map(|(input, by, within, last)| {
            let keep = if last { Keep::Last } else { Keep::First };
            NodeKind::Deduplicate { input, by, within, keep }
        }),
        1 => (input(), texts(), orders(), any::<u32>())
            .prop_map(|(input, by, order, n)| NodeKind::TopN { input, by, order, n }),
        1 => input().prop_map(|input| NodeKind::View { input }),
    ]
}

fn place() -> impl Strategy<Value = [f32; 2]> {
    let number = prop_oneof![
        (-500..500_i32).prop_map(|number| number as f32),
        (-5_000..5_000_i32).prop_map(|number| number as f32 / 8.0),
        any::<f32>().prop_filter("a number", |number| number.is_finite()),
    ];
    [number.clone(), number]
}

pub(in crate::pipeline) fn pipeline() -> impl Strategy<Value = Pipeline> {
    let names = prop::sample::subsequence(NAMES.to_vec(), 0..7).prop_shuffle();
    let nodes = names.prop_flat_map(|names| {
        let nodes: Vec<_> = names.into_iter().map(|name| kind().prop_map(move |kind| node(name, kind))).collect();
        nodes
    });
    let layout = prop::collection::btree_map(prop_oneof![4 => input(), 1 => text()], place(), 0..5);
    (text(), prop_oneof![Just(String::new()), text()], nodes, layout)
        .prop_map(|(name, description, nodes, layout)| Pipeline { name, description, nodes, layout, notes: Vec::new() })
}

pub(super) fn notes() -> impl Strategy<Value = Vec<Note>> {
    let note = (text(), place(), place()).prop_map(|(text, at, size)| Note { text, at, size });
    prop::collection::vec(note, 0..5)
}

/// One thing that a person does to a pipeline.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Name(String),
    Description(String),
    Remove(usize),
    Add(usize, String, NodeKind),
    Rename(usize, String),
    Swap(usize, usize),
    Set(usize, NodeKind),
    /// Sets some of the settings to those of another node.
    Mix(usize, NodeKind, u8),
    Place(String, [f32; 2]),
    Displace(usize),
}

pub(super) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = || 0..7_usize;
    let name = || prop::sample::select(&NAMES[..]).prop_map(str::to_owned);
    let change = prop_oneof![
        1 => text().prop_map(Change::Name),
        1 => text().prop_map(Change::Description),
        2 => at().prop_map(Change::Remove),
        2 => (at(), name(), kind()).prop_map(|(at, name, kind)| Change::Add(at, name, kind)),
        2 => (at(), name()).prop_map(|(at, name)| Change::Rename(at, name)),
        2 => (at(), at()).prop_map(|(one, other)| Change::Swap(one, other)),
        1 => (at(), kind()).prop_map(|(at, kind)| Change::Set(at, kind)),
        12 => (at(), kind(), any::<u8>()).prop_map(|(at, kind, bits)| Change::Mix(at, kind, bits)),
        1 => (name(), place()).prop_map(|(name, place)| Change::Place(name, place)),
        1 => at().prop_map(Change::Displace),
    ];
    prop::collection::vec(change, 0..5)
}

/// The pipeline after changes; what makes no sense is left undone.
pub(super) fn changed(pipeline: &Pipeline, changes: &[Change]) -> Pipeline {
    let mut pipeline = pipeline.clone();
    for change in changes.iter().cloned() {
        let free = |name: &str| pipeline.nodes.iter().all(|node| node.name != name);
        let count = pipeline.nodes.len();
        match change {
            Change::Name(name) => pipeline.name = name,
            Change::Description(text) => pipeline.description = text,
            Change::Remove(at) if at < count => drop(pipeline.nodes.remove(at)),
            Change::Add(at, name, kind) if free(&name) => pipeline.nodes.insert(at.min(count), Node { name, kind }),
            Change::Rename(at, name) if at < count && free(&name) => {
                let old = std::mem::replace(&mut pipeline.nodes[at].name, name.clone());
                if let Some(place) = pipeline.layout.remove(&old) {
                    pipeline.layout.insert(name, place);
                }
            }
            Change::Swap(one, other) if one < count && other < count => pipeline.nodes.swap(one, other),
            Change::Set(at, kind) if at < count => pipeline.nodes[at].kind = kind,
            Change::Mix(at, other, bits) if at < count => mix(&mut pipeline.nodes[at].kind, other, bits),
            Change::Place(name, place) => drop(pipeline.layout.insert(name, place)),
            Change::Displace(at) => {
                if let Some(name) = pipeline.layout.keys().nth(at).cloned() {
                    pipeline.layout.remove(&name);
                }
            }
            _ => {}
        }
    }
    pipeline
}

fn mix(kind: &mut NodeKind, other: NodeKind, bits: u8) {
    let chosen = |bit: u8| bits & (1 << bit) != 0;
    match (kind, other) {
        (NodeKind::Aggregate { by, window, grace, select, emit, .. }, other) => match other {
            NodeKind::Aggregate { by: by2, window: window2, grace: grace2, select: select2, emit: emit2, .. } => {
                mix_list(by, by2, bits >> 3);
                mix_list(select, select2, bits >> 2);
                *window = if chosen(0) { window2 } else { *window };
                *grace = if chosen(1) { grace2 } else { *grace };
                *emit = if chosen(2) { emit2 } else { *emit };
            }
            NodeKind::Project { select: other, .. } => mix_list(select, other, bits),
            NodeKind::Rekey { by: other, .. } => mix_list(by, other, bits),
            _ => {}
        },
        (
            NodeKind::Project { select, .. },
            NodeKind::Project { select: other, .. } | NodeKind::Aggregate { select: other, .. },
        ) => {
            mix_list(select, other, bits);
        }
        (NodeKind::Rekey { by, .. }, NodeKind::Rekey { by: other, .. } | NodeKind::Aggregate { by: other, .. }) => {
            mix_list(by, other, bits);
        }
        (NodeKind::TopN { order, by, .. }, NodeKind::TopN { order: order2, by: by2, .. }) => {
            mix_list(order, order2, bits);
            mix_list(by, by2, bits >> 4);
        }
        (NodeKind::Merge { inputs }, NodeKind::Merge { inputs: other }) => mix_list(inputs, other, bits),
        (NodeKind::Join { on, within, .. }, NodeKind::Join { on: on2, within: within2, .. }) => {
            mix_list(on, on2, bits >> 1);
            *within = if chosen(0) { within2 } else { *within };
        }
        (kind, other) if kind.name() == other.name() => *kind = other,
        _ => {}
    }
}

/// Puts in, takes out and replaces some entries.
fn mix_list<T>(list: &mut Vec<T>, other: Vec<T>, bits: u8) {
    for (at, entry) in other.into_iter().enumerate().take(3) {
        match (bits >> (2 * at)) & 3 {
            1 => list.insert(at.min(list.len()), entry),
            2 if at < list.len() => list[at] = entry,
            3 if at < list.len() => drop(list.remove(at)),
            _ => {}
        }
    }
}
