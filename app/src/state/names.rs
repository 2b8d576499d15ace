//! What an expression can name at a node of the pipeline, with the values that events were seen to have.
//!
//! It serves forms, which offer columns and values to be chosen. It goes by the pipeline's structure and by samples of its
//! topics, so there are names before the pipeline is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use fabula_core::codec::{Cell, TopicCodecs};
use fabula_core::event::{EventBatch, TopicName};
use fabula_core::expr::{Expr, Source};
use fabula_core::pipeline::{NodeKind, Pipeline, order, quoted, split_name};
use fabula_core::schema::{Kinds, TopicShape};
use fabula_core::store::TopicSnapshot;

/// So many events of each partition are looked at for values.
const LOOKED_AT: usize = 400;
/// So many different values of a field are offered at most; a field with more of them is no category.
const EXAMPLES: usize = 12;
/// So many names are offered at a node at most.
const NAMES: usize = 400;

/// A name, as it is written in an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// The kinds of value that it was seen with, in words; empty where nothing is known.
    pub kind: Arc<str>,
    /// Whether it was seen with numbers.
    pub is_number: bool,
    /// The values of a field that has few, as an expression writes them, most frequent first.
    pub examples: Arc<[String]>,
    /// What the values hash to, to find out which fields of two topics hold the same things.
    values: Arc<BTreeSet<u64>>,
    /// Whether values hardly ever come twice, so that one tells its event from others.
    distinct: bool,
}

impl Name {
    /// A name of which nothing more is known.
    fn plain(text: impl Into<String>, kind: &str) -> Self {
        Self {
            text: text.into(),
            kind: kind.into(),
            is_number: kind == "number",
            examples: Arc::default(),
            values: Arc::default(),
            distinct: false,
        }
    }

    fn called(&self, text: String) -> Self {
        Self { text, ..self.clone() }
    }
}

/// The names of a topic's events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TopicNames {
    names: Arc<[Name]>,
    /// How many events the topic had then.
    events: u64,
}

impl TopicNames {
    /// Looks at a topic's events. Belongs in a job.
    pub fn of(topic: &TopicSnapshot, shape: &TopicShape, codecs: &TopicCodecs) -> Self {
        let mut fields: Vec<(Source, Kinds)> = Vec::new();
        let mut side = |shape: &fabula_core::schema::Shape, source: fn(fabula_core::codec::Path) -> Source| {
            let whole = shape.kinds().without(Kinds::OBJECT).without(Kinds::ARRAY).without(Kinds::NULL);
            if !whole.is_empty() {
                fields.push((source(fabula_core::codec::Path::default()), whole));
            }
            let inside = shape.fields().into_iter().filter(|field| !field.path.is_root());
            fields.extend(inside.map(|field| (source(field.path), field.kinds)));
        };
        side(&shape.key, Source::Key);
        side(&shape.value, Source::Value);
        fields.extend(shape.headers.iter().map(|(name, _)| (Source::Header(name.clone()), Kinds::TEXT)));
        let batches: Vec<EventBatch> =
            topic.partitions.iter().filter_map(|held| held.segments.first()?.events().ok()).collect();
        let mut names: Vec<Name> = vec![Name::plain("timestamp", "time")];
        for (source, kinds) in fields.into_iter().take(NAMES) {
            // Elements of arrays are one of many: what stands in the first is no column.
            let text = source.to_string();
            if !text.contains("[0]") && !(kinds.without(Kinds::ARRAY).without(Kinds::OBJECT)).is_empty() {
                names.push(seen(text, kinds, &batches, codecs));
            }
        }
        ["partition", "offset"].into_iter().for_each(|name| names.push(Name::plain(name, "number")));
        Self { names: names.into(), events: topic.events() }
    }

    /// Of a topic whose events can't be looked at.
    pub fn unknown(topic: &TopicSnapshot) -> Self {
        Self { names: Arc::default(), events: topic.events() }
    }

    /// Whether the topic holds so much more by now that it is worth another look.
    pub fn is_outgrown(&self, topic: &TopicSnapshot) -> bool {
        topic.events() / 4 > self.events
    }
}

/// A field's name with the values that some events have in it.
fn seen(text: String, kinds: Kinds, batches: &[EventBatch], codecs: &TopicCodecs) -> Name {
    let (mut counts, mut looked_at): (BTreeMap<String, u64>, u64) = (BTreeMap::new(), 0);
    let mut values = BTreeSet::new();
    if let Ok(expr) = Expr::parse(&text) {
        for batch in batches {
            let rows: Vec<u32> = (0..batch.len().min(LOOKED_AT) as u32).collect();
            for cell in expr.evaluate(batch, &rows, codecs) {
                let Some(literal) = literal(&cell) else { continue };
                looked_at += 1;
                let mut hasher = DefaultHasher::new();
                cell.to_string().hash(&mut hasher);
                values.insert(hasher.finish());
                if counts.len() <= EXAMPLES {
                    *counts.entry(literal).or_default() += 1;
                }
            }
        }
    }
    let distinct = values.len() as u64 * 2 > looked_at;
    let few = counts.len() <= EXAMPLES && looked_at > 2 * counts.len() as u64;
    let mut examples: Vec<(String, u64)> = if few { counts.into_iter().collect() } else { Vec::new() };
    examples.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let numbers = Kinds::INTEGER.union(Kinds::DECIMAL).union(Kinds::FLOAT);
    Name {
        text,
        kind: kinds.without(Kinds::NULL).to_string().into(),
        is_number: kinds.intersects(numbers),
        examples: examples.into_iter().map(|(literal, _)| literal).collect(),
        values: Arc::new(values),
        distinct,
    }
}

/// A value as an expression writes it; none for what is compared with nothing.
fn literal(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Text(text) if text.chars().count() <= 60 => Some(format!("'{}'", text.replace('\'', "''"))),
        Cell::Bool(_) | Cell::Int(_) | Cell::Decimal(_) => Some(cell.to_string()),
        _ => None,
    }
}

/// What can be named where.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// What each node's rows have, by its name.
    nodes: Arc<BTreeMap<String, Arc<[Name]>>>,
}

impl Names {
    /// The names at the nodes of a pipeline, whole or not, as its topics' samples show them.
    pub fn of(pipeline: &Pipeline, topics: &BTreeMap<TopicName, TopicNames>) -> Self {
        let mut nodes: BTreeMap<String, Arc<[Name]>> = BTreeMap::new();
        let order = order(pipeline).unwrap_or_else(|| (0..pipeline.nodes.len()).collect());
        for node in order.into_iter().filter_map(|at| pipeline.nodes.get(at)) {
            let of = |input: &str| nodes.get(input).cloned().unwrap_or_default();
            let names: Arc<[Name]> = match &node.kind {
                NodeKind::Stream { topic, .. } | NodeKind::Table { topic, .. } => {
                    topics.get(topic.as_str()).map(|topic| Arc::clone(&topic.names)).unwrap_or_default()
                }
                NodeKind::Filter { input, .. }
                | NodeKind::Rekey { input, .. }
                | NodeKind::Deduplicate { input, .. }
                | NodeKind::TopN { input, .. }
                | NodeKind::View { input } => of(input),
                NodeKind::Flatten { input, name, .. } => {
                    of(input).iter().cloned().chain([Name::plain(name.clone(), "element")]).collect()
                }
                NodeKind::Merge { inputs } => inputs.first().map(|input| of(input)).unwrap_or_default(),
                NodeKind::Project { input, select } => {
                    let input = of(input);
                    select.iter().map(|column| made(&column.name, &column.expr, &input)).collect()
                }
                NodeKind::Aggregate { input, by, window, select, .. } => {
                    let input = of(input);
                    let group = |entry: &String| {
                        let (expr, name) = split_name(entry);
                        made(&name.unwrap_or_else(|| expr.to_owned()), expr, &input)
                    };
                    let mut names: Vec<Name> = if by.is_empty() {
                        input.iter().filter(|name| name.text == "key").cloned().collect()
                    } else {
                        by.iter().map(group).collect()
                    };
                    if window.is_some() {
                        names.extend(["window_start", "window_end"].map(|name| Name::plain(name, "time")));
                    }
                    names.extend(select.iter().map(|column| made(&column.name, &column.expr, &input)));
                    names.into()
                }
                NodeKind::Join { left, right, .. } => {
                    [left, right].into_iter().flat_map(|side| Self::behind_join(pipeline, side, &of(side))).collect()
                }
            };
            let names = if names.len() > NAMES { names[..NAMES].into() } else { names };
            nodes.insert(node.name.clone(), names);
        }
        Self { nodes: Arc::new(nodes) }
    }

    /// A side's names as they are behind the join: with the side's own name before them, unless it is a join itself.
    fn behind_join(pipeline: &Pipeline, side: &str, names: &[Name]) -> Vec<Name> {
        let joined = pipeline.node(side).is_some_and(|node| matches!(node.kind, NodeKind::Join { .. }));
        let called =
            |name: &Name| if joined { name.clone() } else { name.called(format!("{}.{}", quoted(side), name.text)) };
        names.iter().map(called).collect()
    }

    /// Names of which nothing more is known.
    #[cfg(test)]
    pub fn plain_for_tests(texts: &[&str]) -> Vec<Name> {
        texts.iter().map(|text| Name::plain(*text, "text")).collect()
    }

    /// The names that a node's rows have.
    pub fn at(&self, node: &str) -> &[Name] {
        self.nodes.get(node).map_or(&[], |names| names)
    }

    /// The names that a node's own expressions can use: those of its input; of a join's sides, with their names before.
    pub fn for_node(&self, pipeline: &Pipeline, node: &str) -> Vec<Name> {
        match pipeline.node(node).map(|node| &node.kind) {
            Some(NodeKind::Join { left, right, .. }) => {
                [left, right].into_iter().flat_map(|side| Self::behind_join(pipeline, side, self.at(side))).collect()
            }
            // A source's own time is a field of its events.
            Some(NodeKind::Stream { .. } | NodeKind::Table { .. }) => self.at(node).to_vec(),
            Some(kind) => kind.inputs().first().map(|(_, input)| self.at(input).to_vec()).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Which fields of two nodes hold the same things, best first: by the values that were seen, keys before others.
    pub fn shared(&self, left: &str, right: &str) -> Vec<(String, String)> {
        let told = |node: &str| -> Vec<Name> {
            self.at(node).iter().filter(|name| name.distinct || name.text == "key").cloned().collect()
        };
        let (lefts, rights) = (self.at(left), self.at(right));
        let (own, others) = (told(left), told(right));
        let mut found: Vec<(f64, String, String)> = Vec::new();
        let pairs = own.iter().flat_map(|one| rights.iter().map(move |other| (one, other)));
        let turned = others.iter().flat_map(|other| lefts.iter().map(move |one| (one, other)));
        for (one, other) in pairs.chain(turned) {
            let fewer = one.values.len().min(other.values.len());
            let known = |found: &(f64, String, String)| found.1 == one.text && found.2 == other.text;
            // Numbers meet by chance: they say something only under the same name.
            let by_chance = (one.is_number || other.is_number) && last_part(&one.text) != last_part(&other.text);
            if fewer < 2 || by_chance || one.text.contains("trace") || found.iter().any(known) {
                continue;
            }
            let both = one.values.intersection(&other.values).count();
            let share = both as f64 / fewer as f64;
            if share >= 0.02 {
                let keys = f64::from(one.text == "key") + f64::from(other.text == "key");
                let headers = f64::from(one.text.starts_with("headers")) + f64::from(other.text.starts_with("headers"));
                let same = f64::from(last_part(&one.text) == last_part(&other.text));
                found.push((
                    share.min(0.5) + 0.3 * same + 0.2 * keys - 0.3 * headers,
                    one.text.clone(),
                    other.text.clone(),
                ));
            }
        }
        found.sort_by(|one, other| other.0.total_cmp(&one.0));
        found.into_iter().map(|(_, one, other)| (one, other)).collect()
    }

    /// The field of a node's rows that says of what type an event is, if one does.
    pub fn kind_of_event(&self, node: &str) -> Option<&Name> {
        const WORDS: [&str; 6] = ["ce_type", "event_type", "eventtype", "type", "status", "state"];
        let names = self.at(node);
        let is = |name: &&Name, word: &str| {
            last_part(&name.text).eq_ignore_ascii_case(word) && (2..=EXAMPLES).contains(&name.examples.len())
        };
        WORDS.iter().find_map(|word| names.iter().find(|name| is(name, word)))
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A column that is worked out: what is known of it where it is only handed on, a number where it is counted.
fn made(name: &str, expr: &str, input: &[Name]) -> Name {
    let expr = expr.trim();
    if let Some(known) = input.iter().find(|known| known.text == expr) {
        return known.called(name.to_owned());
    }
    let counted = ["count", "sum", "avg", "quantile", "stddev"].iter().any(|function| expr.starts_with(function));
    Name::plain(name, if counted { "number" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fabula_core::pipeline::Document;

    fn names() -> (Pipeline, Names) {
        let text = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n[nodes.paid]\nkind = \"filter\"\n\
                    input = \"payments\"\nwhere = \"value.ok\"\n[nodes.payments]\nkind = \"stream\"\ntopic = \"payments\"\n\
                    [nodes.both]\nkind = \"join\"\nleft = \"orders\"\nright = \"paid\"\non = []\n[nodes.sums]\n\
                    kind = \"aggregate\"\ninput = \"both\"\nby = [\"orders.value.region AS region\"]\n\
                    window = { kind = \"tumbling\", size = \"5m\" }\nselect = { n = \"count(*)\" }\n";
        let pipeline = Document::parse(text).map(|document| document.pipeline().clone()).unwrap_or_default();
        let field = |text: &str, values: &[u64], distinct: bool| Name {
            values: Arc::new(values.iter().copied().collect()),
            distinct,
            ..Name::plain(text, "text")
        };
        let of = |names: Vec<Name>| TopicNames { names: names.into(), events: 10 };
        let orders = of(vec![field("key", &[1, 2, 3], true), field("value.region", &[8, 9], false)]);
        let payments = of(vec![field("value.order_id", &[2, 3, 4], true), field("value.method", &[5, 6], false)]);
        let topics = BTreeMap::from([("orders".into(), orders), ("payments".into(), payments)]);
        let names = Names::of(&pipeline, &topics);
        (pipeline, names)
    }

    #[test]
    fn names_flow_along_the_wires() {
        let (pipeline, names) = names();
        let texts = |names: &[Name]| names.iter().map(|name| name.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(names.at("paid")), ["value.order_id", "value.method"]);
        assert!(texts(names.at("both")).contains(&"orders.value.region".to_owned()));
        assert_eq!(texts(names.at("sums")), ["region", "window_start", "window_end", "n"]);
        assert!(texts(&names.for_node(&pipeline, "sums")).contains(&"paid.value.order_id".to_owned()));
    }

    #[test]
    fn fields_that_hold_the_same_things_are_found() {
        let (_, names) = names();
        assert_eq!(names.shared("orders", "paid"), [("key".to_owned(), "value.order_id".to_owned())]);
        assert_eq!(names.shared("paid", "nothing"), []);
    }
}
