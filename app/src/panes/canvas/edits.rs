//! Changes of a pipeline that a hand makes on the canvas. Each gives the pipeline as it is afterwards.

use fabula_core::pipeline::{
    Emit, Flow, JoinHow, Keep, Node, NodeKind, OrderBy, Pipeline, Select, Span, Window, Within, arrange, flow,
};

/// What can be put on the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Filter,
    Project,
    Rekey,
    Flatten,
    Merge,
    Aggregate,
    Join,
    Deduplicate,
    TopN,
    View,
}

impl Piece {
    pub(super) const ALL: [Self; 10] = [
        Self::Filter,
        Self::Project,
        Self::Rekey,
        Self::Flatten,
        Self::Merge,
        Self::Aggregate,
        Self::Join,
        Self::Deduplicate,
        Self::TopN,
        Self::View,
    ];

    /// As it is offered.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Filter => "Filter",
            Self::Project => "Project",
            Self::Rekey => "Rekey",
            Self::Flatten => "Flatten",
            Self::Merge => "Merge",
            Self::Aggregate => "Aggregate",
            Self::Join => "Join",
            Self::Deduplicate => "Deduplicate",
            Self::TopN => "Top n",
            Self::View => "View",
        }
    }

    /// What it is for, in a line.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Filter => "Only the rows for which a condition holds",
            Self::Project => "Other columns in place of those that there are",
            Self::Rekey => "The same rows under another key",
            Self::Flatten => "A row for each element of an array",
            Self::Merge => "The rows of several nodes, as they come",
            Self::Aggregate => "Counts, sums and more by group, in windows of time",
            Self::Join => "Rows of two nodes put together where they match",
            Self::Deduplicate => "The first row of each key, or the last",
            Self::TopN => "The first rows of each group in an order",
            Self::View => "A result to look at, keep and export",
        }
    }

    /// Whether it can take rows of such a wire.
    pub(super) fn takes(self, flow: Option<Flow>) -> bool {
        !(self == Self::Rekey && flow == Some(Flow::Table))
    }

    fn stem(self) -> &'static str {
        match self {
            Self::Filter => "some",
            Self::Project => "columns",
            Self::Rekey => "rekeyed",
            Self::Flatten => "elements",
            Self::Merge => "merged",
            Self::Aggregate => "totals",
            Self::Join => "joined",
            Self::Deduplicate => "distinct",
            Self::TopN => "top",
            Self::View => "result",
        }
    }

    /// A node of this kind that does something sensible with its input.
    fn kind(self, input: &str, flow: Option<Flow>) -> NodeKind {
        let input = input.to_owned();
        let minute = Span::of_ms(60_000);
        match self {
            Self::Filter => NodeKind::Filter { input, condition: "key IS NOT NULL".to_owned() },
            Self::Project => {
                NodeKind::Project { input, select: vec![Select { name: "key".to_owned(), expr: "key".to_owned() }] }
            }
            Self::Rekey => NodeKind::Rekey { input, by: vec!["key".to_owned()] },
            Self::Flatten => {
                NodeKind::Flatten { input, field: "value.items".to_owned(), name: "item".to_owned(), outer: false }
            }
            Self::Merge => NodeKind::Merge { inputs: if input.is_empty() { Vec::new() } else { vec![input] } },
            Self::Aggregate => NodeKind::Aggregate {
                input,
                by: Vec::new(),
                window: (flow != Some(Flow::Table)).then_some(Window::Tumbling { size: minute }),
                grace: (flow != Some(Flow::Table)).then_some(Span::of_ms(0)),
                select: vec![Select { name: "events".to_owned(), expr: "count(*)".to_owned() }],
                emit: Emit::Updates,
            },
            Self::Join => NodeKind::Join {
                how: JoinHow::Inner,
                left: input,
                right: String::new(),
                on: Vec::new(),
                within: None,
                grace: None,
            },
            Self::Deduplicate => {
                NodeKind::Deduplicate { input, by: vec!["key".to_owned()], within: None, keep: Keep::First }
            }
            Self::TopN => NodeKind::TopN {
                input,
                by: Vec::new(),
                order: vec![OrderBy { expr: "key".to_owned(), descending: true }],
                n: 10,
            },
            Self::View => NodeKind::View { input },
        }
    }
}

/// A name that no node has yet: the stem, else the stem with a number.
pub(super) fn free_name(pipeline: &Pipeline, stem: &str) -> String {
    let plain: String = stem.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_matches('_').to_owned();
    let plain = match plain.chars().next() {
        None => "node".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{plain}"),
        Some(_) => plain,
    };
    let numbered = (2..).map(|number| format!("{plain}_{number}"));
    std::iter::once(plain.clone()).chain(numbered).find(|name| pipeline.node(name).is_none()).unwrap_or(plain)
}

/// Adds a topic's stream or table; gives its name too.
pub(super) fn add_topic(pipeline: &Pipeline, topic: &str, table: bool, at: [f32; 2]) -> (Pipeline, String) {
    let (name, topic) = (free_name(pipeline, topic), topic.to_owned());
    let kind = if table { NodeKind::Table { topic, time: None } } else { NodeKind::Stream { topic, time: None } };
    (added(pipeline, &name, kind, at), name)
}

/// Adds a node, behind another where one is named; gives its name too.
pub(super) fn add_piece(pipeline: &Pipeline, piece: Piece, input: Option<&str>, at: [f32; 2]) -> (Pipeline, String) {
    let name = free_name(pipeline, piece.stem());
    let flow = input.and_then(|input| flow(pipeline).get(input).copied());
    (added(pipeline, &name, piece.kind(input.unwrap_or_default(), flow), at), name)
}

fn added(pipeline: &Pipeline, name: &str, kind: NodeKind, at: [f32; 2]) -> Pipeline {
    let mut pipeline = pipeline.clone();
    pipeline.nodes.push(Node { name: name.to_owned(), kind });
    pipeline.layout.insert(name.to_owned(), [at[0].round(), at[1].round()]);
    pipeline
}

/// Takes a node away. What took its rows takes those of its first input, where it has one.
pub(super) fn remove(pipeline: &Pipeline, name: &str) -> Pipeline {
    let before = pipeline.node(name).and_then(|node| {
        let inputs = node.kind.inputs();
        inputs.first().map(|(_, input)| (*input).to_owned())
    });
    let mut pipeline = pipeline.clone();
    pipeline.nodes.retain(|node| node.name != name);
    pipeline.layout.remove(name);
    let instead = before.unwrap_or_default();
    for node in &mut pipeline.nodes {
        rewire(&mut node.kind, name, &instead);
    }
    pipeline
}

/// Gives a node another name; what takes its rows follows. Expressions that name it are for a person to follow up.
pub(in crate::panes) fn rename(pipeline: &Pipeline, name: &str, new: &str) -> Pipeline {
    let mut pipeline = pipeline.clone();
    for node in &mut pipeline.nodes {
        if node.name == name {
            node.name = new.to_owned();
        }
        rewire(&mut node.kind, name, new);
        if let NodeKind::Join { on, .. } = &mut node.kind {
            for equality in on {
                *equality = renamed_root(equality, name, new);
            }
        }
    }
    if let Some(place) = pipeline.layout.remove(name) {
        pipeline.layout.insert(new.to_owned(), place);
    }
    pipeline
}

/// `orders.key = paid.key` with one side's name replaced, where it stands as a whole word before a point.
fn renamed_root(text: &str, name: &str, new: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let starts = !rest[..at].chars().next_back().is_some_and(word);
        let after = &rest[at + name.len()..];
        out.push_str(&rest[..at]);
        out.push_str(if starts && after.starts_with('.') { new } else { name });
        rest = after;
    }
    out + rest
}

fn rewire(kind: &mut NodeKind, from: &str, to: &str) {
    let replace = |input: &mut String| {
        if input == from {
            to.clone_into(input);
        }
    };
    match kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } => {}
        NodeKind::Filter { input, .. }
        | NodeKind::Project { input, .. }
        | NodeKind::Rekey { input, .. }
        | NodeKind::Flatten { input, .. }
        | NodeKind::Aggregate { input, .. }
        | NodeKind::Deduplicate { input, .. }
        | NodeKind::TopN { input, .. }
        | NodeKind::View { input } => replace(input),
        NodeKind::Merge { inputs } => {
            inputs.iter_mut().for_each(replace);
            inputs.retain(|input| !input.is_empty());
        }
        NodeKind::Join { left, right, .. } => {
            replace(left);
            replace(right);
        }
    }
}

/// How many inputs a node shows: a merge always has room for one more.
pub(super) fn ports(kind: &NodeKind) -> usize {
    match kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } => 0,
        NodeKind::Merge { inputs } => inputs.len() + 1,
        NodeKind::Join { .. } => 2,
        _ => 1,
    }
}

/// The node at an input, if there is one.
pub(super) fn input_at(kind: &NodeKind, port: usize) -> Option<&str> {
    let inputs = kind.inputs();
    inputs.get(port).map(|(_, input)| *input).filter(|input| !input.is_empty())
}

/// Lets a node take another's rows at one of its inputs.
///
/// # Errors
/// Why that can't be, in a line.
pub(super) fn connect(pipeline: &Pipeline, from: &str, to: &str, port: usize) -> Result<Pipeline, String> {
    if from == to {
        return Err(format!("{from} can't take its own rows"));
    }
    if is_behind(pipeline, from, to) {
        return Err(format!("{from} takes rows of {to} already: that would be a ring"));
    }
    let flows = flow(pipeline);
    let given = flows.get(from).copied();
    let mut changed = pipeline.clone();
    let Some(node) = changed.nodes.iter_mut().find(|node| node.name == to) else {
        return Err(format!("there is no node {to}"));
    };
    match &mut node.kind {
        NodeKind::Stream { .. } | NodeKind::Table { .. } => {
            return Err(format!("{to} reads a topic: it takes no rows"));
        }
        NodeKind::Rekey { .. } if given == Some(Flow::Table) => {
            return Err("a table has the key that it has: rekey takes a stream".to_owned());
        }
        NodeKind::Filter { input, .. }
        | NodeKind::Project { input, .. }
        | NodeKind::Rekey { input, .. }
        | NodeKind::Flatten { input, .. }
        | NodeKind::Aggregate { input, .. }
        | NodeKind::Deduplicate { input, .. }
        | NodeKind::TopN { input, .. }
        | NodeKind::View { input } => from.clone_into(input),
        NodeKind::Merge { inputs } => {
            if inputs.iter().any(|input| input == from) {
                return Err(format!("{to} takes the rows of {from} already"));
            }
            let other = inputs.first().and_then(|first| flows.get(first.as_str()).copied());
            if let (Some(given), Some(other)) = (given, other)
                && given != other
                && port != 0
            {
                return Err(format!("{from} is a {}, and the others are {}s", given.name(), other.name()));
            }
            match inputs.get_mut(port) {
                Some(input) => from.clone_into(input),
                None => inputs.push(from.to_owned()),
            }
        }
        NodeKind::Join { left, right, on, within, grace, .. } => {
            let side = if port == 0 { &mut *left } else { &mut *right };
            let before = std::mem::replace(side, from.to_owned());
            for equality in on.iter_mut().filter(|_| !before.is_empty()) {
                *equality = renamed_root(equality, &before, from);
            }
            complete_join(&flows, (left, right), on, within, grace)?;
        }
    }
    Ok(changed)
}

/// A join that has both its sides is given what it can't do without: keys that are equal, and for two streams how far apart
/// they may be.
fn complete_join(
    flows: &std::collections::BTreeMap<String, Flow>,
    (left, right): (&str, &str),
    on: &mut Vec<String>,
    within: &mut Option<Within>,
    grace: &mut Option<Span>,
) -> Result<(), String> {
    let of = |side: &str| flows.get(side).copied();
    let (left_flow, right_flow) = (of(left), of(right));
    if left_flow == Some(Flow::Table) && right_flow == Some(Flow::Stream) {
        return Err("a table on the left needs a table on the right: put the stream on the left".to_owned());
    }
    if left.is_empty() || right.is_empty() {
        return Ok(());
    }
    if on.is_empty() {
        on.push(format!("{left}.key = {right}.key"));
    }
    let streams = left_flow == Some(Flow::Stream) && right_flow == Some(Flow::Stream);
    if streams && within.is_none() {
        *within = Some(Within { before: Span::of_ms(0), after: Span::of_ms(600_000) });
    } else if !streams {
        *within = None;
        if left_flow == Some(Flow::Table) {
            *grace = None;
        }
    }
    Ok(())
}

/// Whether rows of `first` come to `then`, over however many nodes.
fn is_behind(pipeline: &Pipeline, then: &str, first: &str) -> bool {
    let mut waiting = vec![then];
    let mut seen = Vec::new();
    while let Some(name) = waiting.pop() {
        if name == first {
            return true;
        }
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        if let Some(node) = pipeline.node(name) {
            waiting.extend(node.kind.inputs().into_iter().map(|(_, input)| input));
        }
    }
    false
}

/// Takes the wire away that comes to an input.
pub(super) fn disconnect(pipeline: &Pipeline, to: &str, port: usize) -> Pipeline {
    let mut pipeline = pipeline.clone();
    if let Some(node) = pipeline.nodes.iter_mut().find(|node| node.name == to) {
        match &mut node.kind {
            NodeKind::Merge { inputs } if port < inputs.len() => drop(inputs.remove(port)),
            NodeKind::Join { left, right, .. } => if port == 0 { left } else { right }.clear(),
            kind => {
                let input = input_at(kind, port).map(str::to_owned);
                if let Some(input) = input {
                    rewire(kind, &input, "");
                }
            }
        }
    }
    pipeline
}

/// Puts nodes that have no place yet where there is room, and all of them where that is asked for.
pub(super) fn arranged(pipeline: &Pipeline, all: bool) -> Pipeline {
    let mut pipeline = pipeline.clone();
    let places = arrange(&pipeline);
    if all || pipeline.layout.is_empty() {
        pipeline.layout = places;
        return pipeline;
    }
    let below = pipeline.layout.values().map(|place| place[1]).fold(0.0_f32, f32::max);
    let mut missing = 0.0;
    for node in &pipeline.nodes {
        if !pipeline.layout.contains_key(&node.name) {
            let x = places.get(&node.name).map_or(32.0, |place| place[0]);
            pipeline.layout.insert(node.name.clone(), [x, below + 120.0 + missing]);
            missing += 24.0;
        }
    }
    pipeline
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Pipeline {
        let (pipeline, _) = add_topic(&Pipeline::default(), "orders", false, [0.0, 0.0]);
        let (pipeline, _) = add_topic(&pipeline, "customers", true, [0.0, 100.0]);
        let (pipeline, _) = add_topic(&pipeline, "order-payments.v2", false, [0.0, 200.0]);
        pipeline
    }

    #[test]
    fn names_come_from_topics_and_are_free() {
        let pipeline = shop();
        assert!(pipeline.node("order_payments_v2").is_some());
        assert_eq!(free_name(&pipeline, "orders"), "orders_2");
        assert_eq!(free_name(&pipeline, "2nd"), "n2nd");
        assert_eq!(free_name(&pipeline, "…"), "node");
    }

    #[test]
    fn two_streams_that_are_joined_get_what_they_cannot_do_without() {
        let (pipeline, joined) = add_piece(&shop(), Piece::Join, Some("orders"), [0.0, 0.0]);
        let pipeline = connect(&pipeline, "order_payments_v2", &joined, 1).expect("two streams can be joined");
        let NodeKind::Join { on, within, .. } = &pipeline.node(&joined).expect("the join").kind else {
            panic!("a join")
        };
        assert_eq!(on, &["orders.key = order_payments_v2.key"]);
        assert_eq!(within.map(|within| within.after.ms), Some(600_000));
        assert_eq!(fabula_core::pipeline::check(&pipeline), []);
    }

    #[test]
    fn a_wire_that_cannot_be_says_why() {
        let (pipeline, joined) = add_piece(&shop(), Piece::Join, Some("customers"), [0.0, 0.0]);
        let refused = connect(&pipeline, "orders", &joined, 1).expect_err("a table and then a stream");
        assert!(refused.contains("put the stream on the left"), "{refused}");
        let (pipeline, some) = add_piece(&shop(), Piece::Filter, Some("orders"), [0.0, 0.0]);
        let (pipeline, more) = add_piece(&pipeline, Piece::Filter, Some(&some), [0.0, 0.0]);
        assert!(connect(&pipeline, &more, &some, 0).expect_err("a ring").contains("ring"));
        assert!(connect(&pipeline, "orders", "customers", 0).is_err());
    }

    #[test]
    fn taking_a_node_away_closes_the_gap() {
        let (pipeline, some) = add_piece(&shop(), Piece::Filter, Some("orders"), [0.0, 0.0]);
        let (pipeline, result) = add_piece(&pipeline, Piece::View, Some(&some), [0.0, 0.0]);
        let pipeline = remove(&pipeline, &some);
        assert_eq!(pipeline.node(&result).expect("the view").kind.inputs(), [("input", "orders")]);
    }

    #[test]
    fn another_name_is_followed_by_what_names_it() {
        let (pipeline, joined) = add_piece(&shop(), Piece::Join, Some("orders"), [0.0, 0.0]);
        let pipeline = connect(&pipeline, "customers", &joined, 1).expect("a stream and a table");
        let pipeline = rename(&pipeline, "orders", "placed");
        let NodeKind::Join { left, on, .. } = &pipeline.node(&joined).expect("the join").kind else { panic!("a join") };
        assert_eq!((left.as_str(), on[0].as_str()), ("placed", "placed.key = customers.key"));
        assert_eq!(renamed_root("reorders.x = orders.y + a.orders.z", "orders", "o"), "reorders.x = o.y + a.orders.z");
    }
}
