//! Nodes that remember nothing: filter, project, rekey, flatten and merge, of streams and of tables.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::draw::{Draw, Topics};
use super::{Question, Reading};
use crate::oracle::streams::{Field, Kind, Node};

/// Nodes one behind the other, in both languages.
#[derive(Debug, Clone)]
pub struct Chain {
    /// For Fabula.
    pub pipeline: String,
    /// For Kafka Streams.
    pub nodes: Vec<Node>,
    /// The last node.
    pub last: String,
    /// What stands before a field's name in Fabula.
    prefix: &'static str,
    /// The fields that there are.
    fields: Vec<String>,
    /// The field that is a flattened element.
    element: Option<String>,
}

/// A condition's operator and constant.
const CONDITIONS: [(&str, &str); 8] = [
    (">", "2"),
    (">=", "0"),
    ("<", "3"),
    ("<=", "5"),
    ("=", "4"),
    ("<>", "4"),
    ("is_null", "IS NULL"),
    ("is_not_null", "IS NOT NULL"),
];

impl Chain {
    /// The events of a topic, which the node is called like.
    pub fn stream(topic: &str) -> Self {
        Self::source(topic, "stream", Node::stream(topic))
    }

    /// The latest event of each key of a topic.
    pub fn table(topic: &str) -> Self {
        Self::source(topic, "table", Node::table(topic))
    }

    fn source(topic: &str, kind: &str, node: Node) -> Self {
        Self {
            pipeline: format!("version = 1\n[nodes.{topic}]\nkind = \"{kind}\"\ntopic = \"{topic}\"\n"),
            nodes: vec![node],
            last: topic.to_owned(),
            prefix: "value.",
            fields: ["u", "x", "g", "f", "items"].map(str::to_owned).to_vec(),
            element: None,
        }
    }

    /// Both chains; this one's end stays the last.
    pub fn beside(mut self, other: &Self) -> Self {
        self.pipeline.push_str(other.pipeline.trim_start_matches("version = 1\n"));
        self.nodes.extend(other.nodes.iter().cloned());
        self
    }

    /// How Fabula writes a field.
    pub fn field(&self, name: &str) -> String {
        let is_element = self.element.as_deref() == Some(name);
        if is_element { name.to_owned() } else { format!("{}{name}", self.prefix) }
    }

    /// Adds a node.
    pub fn then(mut self, name: &str, pipeline: &str, kind: Kind) -> Self {
        write!(self.pipeline, "[nodes.{name}]\n{pipeline}").expect("text grows");
        self.nodes.push(Node::new(name, kind));
        name.clone_into(&mut self.last);
        self
    }

    /// The rows for which something holds of `x`.
    pub fn filtered(self, name: &str, draw: &mut Draw) -> Self {
        let (op, constant) = draw.one_of(&CONDITIONS);
        let op_written = if constant.starts_with("IS") { "" } else { op };
        let condition = format!("{} {op_written} {constant}", self.field("x"));
        let value = constant.parse::<i64>().map_or(Value::Null, Value::from);
        let input = self.last.clone();
        let pipeline = format!("kind = \"filter\"\ninput = \"{input}\"\nwhere = \"{condition}\"\n");
        self.then(name, &pipeline, Kind::Filter { input, field: "x".to_owned(), op: op.to_owned(), value })
    }

    /// The same rows under the key `g`.
    pub fn rekeyed(self, name: &str) -> Self {
        let input = self.last.clone();
        let pipeline = format!("kind = \"rekey\"\ninput = \"{input}\"\nby = \"{}\"\n", self.field("g"));
        self.then(name, &pipeline, Kind::Rekey { input, by: json!("g") })
    }

    /// Together with the events of another topic.
    pub fn merged(self, name: &str, topic: &str) -> Self {
        let inputs = vec![self.last.clone(), topic.to_owned()];
        let chain = self.beside(&Self::stream(topic));
        let pipeline = format!("kind = \"merge\"\ninputs = [\"{}\", \"{}\"]\n", inputs[0], inputs[1]);
        chain.then(name, &pipeline, Kind::Merge { inputs })
    }

    fn flattened(mut self, name: &str) -> Self {
        let (input, field) = (self.last.clone(), self.field("items"));
        let pipeline = format!("kind = \"flatten\"\ninput = \"{input}\"\nfield = \"{field}\"\nas = \"item\"\n");
        self.element = Some("item".to_owned());
        self.fields.push("item".to_owned());
        self.then(name, &pipeline, Kind::Flatten { input, field: "items".to_owned(), name: "item".to_owned() })
    }

    /// Its key and its fields as columns.
    pub fn projected(mut self, name: &str) -> Self {
        let select: Vec<String> =
            self.fields.iter().map(|field| format!("{field} = \"{}\"", self.field(field))).collect();
        let input = self.last.clone();
        let select = select.join(", ");
        let pipeline = format!("kind = \"project\"\ninput = \"{input}\"\nselect = {{ key = \"key\", {select} }}\n");
        let field = |field: &String| Field { name: field.clone(), field: field.clone() };
        let select = self.fields.iter().map(field).collect();
        (self.prefix, self.element) = ("", None);
        self.then(name, &pipeline, Kind::Project { input, select })
    }

    /// The question of this chain, whose end is a projection.
    fn asked(self, draw: &mut Draw, topics: &Topics) -> Question {
        let reading = Reading::Columns { key: vec!["key".to_owned()], values: self.fields };
        Question::new(self.pipeline, self.nodes, topics.clone(), topics.records(draw), reading)
    }
}

/// One to four nodes behind a stream.
pub fn of_streams(draw: &mut Draw) -> Question {
    let mut chain = Chain::stream("a");
    let (mut merged, mut flattened, mut rekeyed) = (false, false, false);
    for at in 0..draw.between(1, 4) {
        let name = format!("n{at}");
        chain = match draw.below(5) {
            0 => chain.filtered(&name, draw),
            1 => {
                rekeyed = true;
                chain.rekeyed(&name)
            }
            // Streams are merged while their fields have the same names.
            2 if !merged && chain.prefix == "value." => {
                merged = true;
                chain.merged(&name, "b")
            }
            3 if !flattened => {
                flattened = true;
                chain.flattened(&name)
            }
            _ => chain.projected(&name),
        };
    }
    let mut topics = Topics::new(if merged { &["a", "b"] } else { &["a"] }, &[10]);
    if rekeyed {
        // The topic through which Kafka Streams sends them takes none without a key.
        topics.nulls = [4, 0, 0];
    }
    chain.projected("end").asked(draw, &topics)
}

/// A filter, a projection or both of a table.
pub fn of_tables(draw: &mut Draw) -> Question {
    let mut chain = Chain::table("t");
    if draw.chance(70) {
        chain = chain.filtered("n0", draw);
    }
    if draw.chance(30) {
        chain = chain.projected("n1");
    }
    if draw.chance(30) {
        chain = chain.filtered("n2", draw);
    }
    chain.projected("end").asked(draw, &Topics { nulls: [4, 20, 6], ..Topics::new(&["t"], &[10]) })
}
