//! What the topology shows: services, topics and groups as boxes, what is written and read as arrows; and where they stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::event::TopicName;
use fabula_core::narrative::threads::topology::{Reader, Topology};

use crate::figures;
use crate::panes::map::layout::{Laid, lay_out};
use crate::standing;

/// So many topics are drawn; the list beside the drawing has all.
pub(super) const DRAWN: usize = 120;

/// A box.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// A service that names itself in its events.
    Service(Arc<str>),
    /// A topic.
    Topic(TopicName),
    /// A consumer group.
    Group(Arc<str>),
}

impl Node {
    /// What it is, as a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Service(_) => "Service",
            Self::Topic(_) => "Topic",
            Self::Group(_) => "Group",
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &Arc<str> {
        match self {
            Self::Service(name) | Self::Topic(name) | Self::Group(name) => name,
        }
    }
}

/// What an arrow says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A service writes a topic.
    Writes,
    /// A group reads a topic.
    Reads,
    /// A service reads a topic, as its events imply.
    Implies,
}

impl Way {
    /// As a word between two names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::Reads => "is read by group",
            Self::Implies => "is read, as its events imply, by",
        }
    }
}

/// An arrow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) way: Way,
    /// What stands at it: a rate, or a lag.
    pub(super) words: String,
    /// What is said of it under the pointer.
    pub(super) told: String,
    /// How many events, for its width.
    pub(super) events: u64,
    /// Whether a group is behind there.
    pub(super) behind: bool,
}

/// The topology as it is drawn.
#[derive(Debug, Clone, Default)]
pub(super) struct Picture {
    pub(super) topology: Topology,
    pub(super) nodes: Vec<Node>,
    /// What stands below the name of each.
    pub(super) facts: Vec<String>,
    pub(super) arrows: Vec<Arrow>,
    pub(super) laid: Laid,
    /// How many topics are not drawn.
    pub(super) left_out: usize,
}

impl Picture {
    /// Draws a topology: the topics with most events, who writes them and who reads them.
    pub(super) fn of(topology: Topology) -> Self {
        let mut drawn: Vec<usize> = (0..topology.topics.len()).collect();
        drawn.sort_by_key(|&at| std::cmp::Reverse(topology.topics[at].flow.events));
        let left_out = drawn.len().saturating_sub(DRAWN);
        drawn.truncate(DRAWN);
        drawn.sort_unstable();
        let mut making = Making::default();
        for at in drawn {
            making.topic(&topology, at);
        }
        making.writers(&topology);
        making.readers(&topology);
        let Making { nodes, facts, mut arrows, order, .. } = making;
        arrows.sort_by_key(|arrow| std::cmp::Reverse(arrow.events));
        let ends: Vec<(usize, usize)> = arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
        let laid = lay_out(&order, &ends);
        Self { topology, nodes, facts, arrows, laid, left_out }
    }
}

#[derive(Default)]
struct Making {
    nodes: Vec<Node>,
    facts: Vec<String>,
    order: Vec<f64>,
    arrows: Vec<Arrow>,
    topics: BTreeMap<TopicName, usize>,
    services: BTreeMap<Arc<str>, usize>,
}

impl Making {
    fn node(&mut self, node: Node, facts: String, order: f64) -> usize {
        self.nodes.push(node);
        self.facts.push(facts);
        self.order.push(order);
        self.nodes.len() - 1
    }

    fn topic(&mut self, topology: &Topology, at: usize) {
        let topic = &topology.topics[at];
        let rate = topic.flow.per_second().map_or_else(String::new, |rate| format!(" · {}", figures::rate(rate)));
        let facts = format!("{}{rate}", figures::of(topic.flow.events, "event"));
        let node = self.node(Node::Topic(topic.topic.clone()), facts, topic.place.unwrap_or(0.5));
        self.topics.insert(topic.topic.clone(), node);
    }

    /// Services stand right before the first topic that they write, by where their events are in threads.
    fn writers(&mut self, topology: &Topology) {
        let mut wrote: BTreeMap<Arc<str>, u64> = BTreeMap::new();
        for writer in topology.writers.iter().filter(|writer| self.topics.contains_key(&writer.topic)) {
            *wrote.entry(writer.service.clone()).or_default() += writer.flow.events;
        }
        for (service, events) in wrote {
            let of_it = topology.writers.iter().filter(|writer| writer.service == service);
            let places = of_it.filter_map(|writer| self.topics.get(&writer.topic)).map(|&node| self.order[node]);
            let first = places.fold(f64::INFINITY, f64::min);
            let facts = format!("wrote {}", figures::of(events, "event"));
            let node = self.node(Node::Service(service.clone()), facts, first - 1e-6);
            self.services.insert(service, node);
        }
        for writer in &topology.writers {
            let (Some(&from), Some(&to)) = (self.services.get(&writer.service), self.topics.get(&writer.topic)) else {
                continue;
            };
            let rate = writer.flow.per_second().map(figures::rate);
            let words = rate.clone().unwrap_or_else(|| figures::count(writer.flow.events));
            let told = match rate {
                Some(rate) => format!("{}, {rate}", figures::of(writer.flow.events, "event")),
                None => figures::of(writer.flow.events, "event"),
            };
            self.arrows.push(Arrow {
                from,
                to,
                way: Way::Writes,
                words,
                told,
                events: writer.flow.events,
                behind: false,
            });
        }
    }

    fn readers(&mut self, topology: &Topology) {
        for inferred in &topology.inferred {
            let (Some(&from), Some(&to)) = (self.topics.get(&inferred.topic), self.services.get(&inferred.service))
            else {
                continue;
            };
            let events = figures::of(inferred.events, "event");
            self.arrows.push(Arrow {
                from,
                to,
                way: Way::Implies,
                words: figures::short(inferred.events as f64),
                told: format!("{events} of it name one of the topic's as their cause, such as {}", inferred.example),
                events: inferred.events,
                behind: false,
            });
        }
        let mut groups: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        for reader in &topology.readers {
            let Some(&from) = self.topics.get(&reader.topic) else { continue };
            let name: Arc<str> = reader.group.as_str().into();
            let to = match groups.get(&name) {
                Some(&node) => node,
                None => {
                    let node = self.node(Node::Group(name.clone()), group_facts(reader), 2.0);
                    groups.insert(name, node);
                    node
                }
            };
            let events = topology.topic(&reader.topic).map_or(0, |topic| topic.flow.events);
            let (words, told) = lag(reader);
            let behind = reader.events.is_some_and(|events| events.number() > 0);
            self.arrows.push(Arrow { from, to, way: Way::Reads, words, told, events, behind });
        }
    }
}

fn group_facts(reader: &Reader) -> String {
    let state = reader.state.as_ref().map_or_else(|| "state not told".to_owned(), |state| state.to_lowercase());
    match &reader.clients {
        Some(clients) => format!("{state} · {}", figures::of(clients.len() as u64, "client")),
        None => state,
    }
}

/// What stands at an arrow to a group, and what is said of it.
fn lag(reader: &Reader) -> (String, String) {
    let clients = match &reader.clients {
        None => "clients not told".to_owned(),
        Some(clients) if clients.is_empty() => "no client reads it now".to_owned(),
        Some(clients) => clients.iter().map(|(client, host)| format!("{client} {host}")).collect::<Vec<_>>().join(", "),
    };
    let Some(events) = reader.events else {
        let why = standing::no_lag(reader.committed);
        return (why.to_owned(), format!("{why}; {clients}"));
    };
    let time = reader.time.map_or_else(String::new, |time| format!(", {}", standing::time(time)));
    let words = match events.number() {
        0 => "no lag".to_owned(),
        _ => format!("lag {}", standing::number(events)),
    };
    let missing = match reader.partitions - reader.committed {
        0 => String::new(),
        none => format!(", no commit in {}", figures::of(none as u64, "partition")),
    };
    (words, format!("{} behind{time}{missing}; {clients}", standing::events(events)))
}

#[cfg(test)]
mod tests {
    use fabula_core::event::Coordinates;
    use fabula_core::narrative::threads::topology::{Flow, Inferred, TopicFlow, Writer};

    use super::*;

    fn topology() -> Topology {
        let flow = Flow { events: 11, first_ms: Some(0), last_ms: Some(5_000) };
        let topic = |name: &str, place: f64| TopicFlow {
            topic: name.into(),
            flow,
            unnamed: 0,
            dead_letters: 0,
            place: Some(place),
        };
        let writer = |service: &str, topic: &str| Writer { service: service.into(), topic: topic.into(), flow };
        let example = Coordinates { topic: "payments".into(), partition: 0, offset: 3 };
        let reader = Reader {
            group: "ledger".to_owned(),
            state: None,
            topic: "payments".into(),
            clients: None,
            committed: 0,
            partitions: 2,
            events: None,
            time: None,
        };
        Topology {
            topics: vec![topic("orders", 0.0), topic("payments", 0.6)],
            writers: vec![writer("shop", "orders"), writer("billing", "payments")],
            readers: vec![reader],
            inferred: vec![Inferred { service: "billing".into(), topic: "orders".into(), events: 9, example }],
            ..Topology::default()
        }
    }

    #[test]
    fn services_stand_between_what_they_read_and_what_they_write_and_groups_last() {
        let picture = Picture::of(topology());
        let at = |name: &str| picture.nodes.iter().position(|node| &**node.name() == name).unwrap();
        let left = |name: &str| picture.laid.nodes[at(name)].left();
        let row = ["shop", "orders", "billing", "payments", "ledger"].map(left);
        assert!(row.is_sorted() && row[0] < row[4], "{row:?}");
        assert!(!picture.laid.back.contains(&true));
        let inferred = picture.arrows.iter().find(|arrow| arrow.way == Way::Implies).unwrap();
        assert_eq!((inferred.from, inferred.to), (at("orders"), at("billing")));
        let read = picture.arrows.iter().find(|arrow| arrow.way == Way::Reads).unwrap();
        assert_eq!(read.words, "no commit");
        assert_eq!(picture.facts[at("ledger")], "state not told");
    }

    #[test]
    fn of_very_many_topics_those_with_most_events_are_drawn_and_the_rest_is_said() {
        let topic = |number: u64| TopicFlow {
            topic: format!("topic-{number:04}").into(),
            flow: Flow { events: number, first_ms: None, last_ms: None },
            unnamed: 0,
            dead_letters: 0,
            place: None,
        };
        let topics = (0..DRAWN as u64 + 7).map(topic).collect();
        let picture = Picture::of(Topology { topics, ..Topology::default() });
        assert_eq!((picture.nodes.len(), picture.left_out), (DRAWN, 7));
        assert!(!picture.nodes.contains(&Node::Topic("topic-0003".into())));
    }
}
