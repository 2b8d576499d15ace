//! Finding out by which fields the events of a log belong together.
//!
//! Names say what a field could mean ([`super::role`]); the data decides. It is counted which fields' values recur, whether a
//! correlation id names the whole story or the parent, and whether a field is so coarse that its values tie several
//! stories: a customer has many orders. Which events of a large log are asked for that, [`super::heard`] says.

use rustc_hash::{FxHashMap, FxHashSet};

use super::candidates::Candidates;
use super::doubted;
use super::field::Field;
use super::heard::Heard;
use super::judged::Judged;
use super::profile::Profile;
use super::reader::Reader;
use super::resolve::SMALL;
use super::role::{self, Role};
use crate::codec::TopicCodecs;
use crate::event::TopicName;
use crate::schema::Sample;
use crate::store::{Damage, Snapshot};

/// A field of which fewer values are judged by is judged by all of them.
const FEW: usize = 100;

/// Suggests how the events of some topics are tied, and how their payloads are decoded, by looking at some of them.
///
/// # Errors
/// When a segment that is looked at is damaged.
pub fn suggest(
    snapshot: &Snapshot,
    topics: &[TopicName],
    named: impl Fn(&TopicName) -> Option<TopicCodecs>,
) -> Result<(Profile, FxHashMap<TopicName, TopicCodecs>), Damage> {
    let mut topics: Vec<TopicName> = topics.to_vec();
    topics.sort();
    topics.dedup();
    let mut codecs = FxHashMap::default();
    let mut looks = Vec::new();
    for topic in &topics {
        let sample = snapshot.topic(topic).and_then(|topic| {
            let named = named(&topic.name);
            let choices = named.map(|named| (named.key.choice(), named.value.choice())).unzip();
            Sample::of(topic, choices.0, choices.1)
        });
        let Some(sample) = sample else { continue };
        let found = Candidates::of(topic, &sample.shape);
        let reader = Reader::new(topic, Some(&found.profile), sample.codecs.clone(), None);
        codecs.insert(topic.clone(), sample.codecs);
        looks.push(Look { found, reader });
    }
    let mut study = Study::default();
    study.look(snapshot, &topics, &mut looks)?;
    study.judge(&mut looks);
    let topics = looks.into_iter().map(|look| look.found.profile).collect();
    Ok((Profile { topics }, codecs))
}

/// What could tie a topic's events, and how that is read.
pub(super) struct Look {
    pub(super) found: Candidates,
    pub(super) reader: Reader,
}

/// What one candidate said in the events that were looked at.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) topic: usize,
    pub(super) field: usize,
    /// How many of the events say a value that is judged by, and how many a plain one.
    present: u64,
    plain: u64,
    pub(super) values: FxHashSet<u64>,
    /// How many of the values are judged by.
    judged: usize,
    /// Whether it ties, once that is known.
    ties: Option<bool>,
    /// Whether its values tell stories apart: those of an entity and of a whole story's id do; an order may well go
    /// through several traces, requests, transactions.
    tells_apart: bool,
}

/// The events that were looked at, and who said what.
#[derive(Default)]
pub(super) struct Study {
    events: usize,
    /// Candidates, by number.
    pub(super) told: Vec<Told>,
    /// For each value the events that say it, and by which candidates.
    pub(super) values: FxHashMap<u64, Vec<(u32, u32)>>,
    parents: Vec<u32>,
    sizes: Vec<u32>,
    /// Whether the story of an event that is its root has a value that tells it apart.
    told_apart: Vec<bool>,
    /// One value of so many is judged by, chosen by its hash: of those every event is known.
    one_of: u64,
}

impl Study {
    fn look(&mut self, snapshot: &Snapshot, topics: &[TopicName], looks: &mut [Look]) -> Result<(), Damage> {
        let heard = Heard::of(snapshot, topics, looks)?;
        let mut numbers = Vec::new();
        for (topic, look) in looks.iter().enumerate() {
            numbers.push(self.told.len());
            self.told.extend((0..look.found.profile.fields.len()).map(|field| Told {
                topic,
                field,
                ..Told::default()
            }));
        }
        self.one_of = heard.one_of;
        for (topic, said) in heard.kept() {
            for said in said {
                let number = numbers[topic] + usize::from(said.field);
                let judged = heard.is_judged(said.hash);
                let told = &mut self.told[number];
                told.present += u64::from(judged);
                told.plain += u64::from(judged && said.plain);
                told.judged += usize::from(told.values.insert(said.hash) && judged);
                self.values.entry(said.hash).or_default().push((self.events as u32, number as u32));
            }
            self.events += 1;
        }
        self.parents = (0..self.events as u32).collect();
        self.sizes = vec![1; self.events];
        self.told_apart = vec![false; self.events];
        name_keys(looks, &heard);
        Ok(())
    }

    /// The values of a candidate that are judged by. Of a field that has few, all are: what is known of them in part
    /// shows as well that they tie too much.
    fn judged(&self, number: usize) -> impl Iterator<Item = u64> {
        let one_of = if self.told[number].judged < FEW { 1 } else { self.one_of.max(1) };
        self.told[number].values.iter().copied().filter(move |value| value.is_multiple_of(one_of))
    }

    fn find(&mut self, mut event: u32) -> u32 {
        while self.parents[event as usize] != event {
            let above = self.parents[self.parents[event as usize] as usize];
            self.parents[event as usize] = above;
            event = above;
        }
        event
    }

    fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.find(one), self.find(other));
        if one != other {
            self.parents[other as usize] = one;
            self.sizes[one as usize] += self.sizes[other as usize];
            self.told_apart[one as usize] |= self.told_apart[other as usize];
        }
    }

    /// The stories of some events, each once.
    fn roots(&mut self, events: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut roots: Vec<u32> = events.map(|event| self.find(event)).collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    }

    fn join_values(&mut self, number: usize) {
        let mut values: Vec<u64> = self.told[number].values.iter().copied().collect();
        values.sort_unstable();
        for value in values {
            let events = self.values.get(&value).cloned().unwrap_or_default();
            if events.len() > 2 * SMALL as usize {
                continue;
            }
            let tying = |by: u32| self.told[by as usize].ties == Some(true);
            let accepted: Vec<u32> = events.iter().filter(|(_, by)| tying(*by)).map(|(event, _)| *event).collect();
            accepted.windows(2).for_each(|pair| self.join(pair[0], pair[1]));
            if let Some(&first) = accepted.first().filter(|_| accepted.len() > 1 && self.told[number].tells_apart) {
                let root = self.find(first);
                self.told_apart[root as usize] = true;
            }
        }
    }

    fn judge(&mut self, looks: &mut [Look]) {
        self.drop_strangers(looks);
        self.tell_identities_from_entities(looks);
        self.tell_parents_from_stories(looks);
        for (number, because) in doubted::batches(self, looks) {
            let told = &mut self.told[number];
            let wanted = &mut looks[told.topic].found.profile.fields[told.field];
            (told.ties, wanted.ties, wanted.because) = (Some(false), false, because);
        }
        for number in 0..self.told.len() {
            let (topic, field) = (self.told[number].topic, self.told[number].field);
            let wanted = &mut looks[topic].found.profile.fields[field];
            self.told[number].tells_apart = match wanted.role {
                Role::Entity => true,
                Role::Correlation => !role::is_of_request(wanted.field.name()),
                _ => false,
            };
            if wanted.role.is_strong() && wanted.ties {
                if wanted.because.is_empty() {
                    wanted.because = format!("named as {}", wanted.role);
                }
                self.told[number].ties = Some(true);
                self.join_values(number);
            }
        }
        let mut entities: Vec<usize> = (0..self.told.len())
            .filter(|&number| {
                let wanted = &looks[self.told[number].topic].found.profile.fields[self.told[number].field];
                wanted.ties && wanted.role == Role::Entity
            })
            .collect();
        // The finest first: what few events share can hardly be coarse.
        let says = |number: &usize| {
            let events: usize = self.judged(*number).filter_map(|value| self.values.get(&value)).map(Vec::len).sum();
            (events * 1000 / self.judged(*number).count().max(1), *number)
        };
        entities.sort_by_cached_key(says);
        // Of each topic what may name its stories, if nothing that ties does.
        let mut names: Vec<Option<usize>> = vec![None; looks.len()];
        for number in entities {
            let (topic, field) = (self.told[number].topic, self.told[number].field);
            let judged = self.judge_entity(number);
            let is_named = looks[topic].found.named[field];
            let wanted = &mut looks[topic].found.profile.fields[field];
            wanted.ties = judged.ties(&wanted.field);
            wanted.because = judged.because(wanted.ties);
            if is_named && judged.names() {
                names[topic] = Some(field);
            }
            self.told[number].ties = Some(wanted.ties);
            if wanted.ties {
                self.join_values(number);
            }
        }
        name_stories(looks, &names);
        self.keep_topics_together(looks);
        for look in looks.iter_mut() {
            let mut named = look.found.named.iter();
            look.found.profile.fields.retain(|wanted| {
                let named = named.next().copied().unwrap_or(true);
                named || wanted.ties || !wanted.because.is_empty()
            });
        }
    }

    /// Fields without a telling name stay candidates only if their values are found in other topics.
    fn drop_strangers(&mut self, looks: &mut [Look]) {
        for number in 0..self.told.len() {
            let told = &self.told[number];
            let named = looks[told.topic].found.named[told.field];
            let values = self.judged(number).count();
            let elsewhere = |value: &u64| {
                self.values[value].iter().any(|(_, other)| {
                    let other = &self.told[*other as usize];
                    other.topic != told.topic && looks[other.topic].found.named[other.field]
                })
            };
            let known = named || (values >= 8 && self.judged(number).filter(elsewhere).count() * 10 >= values * 3);
            let many_plain = !named && told.plain * 2 > told.present;
            let wanted = &mut looks[told.topic].found.profile.fields[told.field];
            // What ties by its name alone need not have been seen to do so.
            let seen = values > 0 || (named && wanted.role.is_strong());
            wanted.ties = seen && known && !many_plain;
            if !named && wanted.ties {
                wanted.because = "its values recur in other topics".to_owned();
            } else if named && !seen {
                wanted.because = "no value of it is among the events that were looked at".to_owned();
            }
        }
    }

    /// A payload's `messageId` is the event's own where hardly any two events of a topic share one and no other topic has
    /// them; else it is that of a message, told about in several events.
    fn tell_identities_from_entities(&mut self, looks: &mut [Look]) {
        for number in 0..self.told.len() {
            let told = &self.told[number];
            let use_of = |by: u32| {
                let other = &self.told[by as usize];
                &looks[other.topic].found.profile.fields[other.field]
            };
            let wanted = use_of(number as u32);
            let name = wanted.field.name();
            if wanted.role != Role::Identity || !role::may_be_identity(name) || matches!(wanted.field, Field::Header(_))
            {
                continue;
            }
            let is_another = |by: u32| {
                let other = &self.told[by as usize];
                other.topic != told.topic && matches!(use_of(by).role, Role::Entity | Role::Identity)
            };
            let (mut values, mut said, mut elsewhere) = (0, 0, 0);
            for value in self.judged(number) {
                let sayers = &self.values[&value];
                values += 1;
                said += sayers.iter().filter(|(_, by)| *by as usize == number).count();
                elsewhere += usize::from(sayers.iter().any(|(_, by)| is_another(*by)));
            }
            if values * 20 < said * 19 || elsewhere * 10 > values {
                let (topic, field, about) = (told.topic, told.field, role::subject_of(name));
                let wanted = &mut looks[topic].found.profile.fields[field];
                (wanted.role, wanted.about) = (Role::Entity, about);
            }
        }
    }

    /// A correlation id whose values are other events' identities, and go on from one to the next, names the parent.
    fn tell_parents_from_stories(&mut self, looks: &mut [Look]) {
        let use_of = |told: &Told| &looks[told.topic].found.profile.fields[told.field];
        let roles: Vec<Role> = self.told.iter().map(|told| use_of(told).role).collect();
        // The same field of several topics is one: a parent says its own parent where its child does.
        let mut names: Vec<String> = self.told.iter().map(|told| use_of(told).field.to_string()).collect();
        names.iter_mut().for_each(|name| name.make_ascii_lowercase());
        let mut sorted = names.clone();
        sorted.sort_unstable();
        let field_of: Vec<u32> = names.iter().map(|name| sorted.partition_point(|other| other < name) as u32).collect();
        let mut identity_of: FxHashMap<u64, u32> = FxHashMap::default();
        let mut correlation_of: FxHashMap<(u32, u32), u64> = FxHashMap::default();
        for (&value, said) in &self.values {
            for &(event, by) in said {
                match roles[by as usize] {
                    Role::Identity => {
                        let first = identity_of.entry(value).or_insert(event);
                        *first = event.min(*first);
                    }
                    Role::Correlation => _ = correlation_of.insert((event, field_of[by as usize]), value),
                    _ => {}
                }
            }
        }
        for (number, role) in roles.iter().enumerate() {
            if *role != Role::Correlation {
                continue;
            }
            let (mut all, mut known, mut onward) = (0_u64, 0_u64, 0_u64);
            for value in self.judged(number) {
                let said = self.values[&value].iter().filter(|(_, by)| *by as usize == number).count() as u64;
                all += said;
                let Some(&parent) = identity_of.get(&value) else { continue };
                known += said;
                let own = correlation_of.get(&(parent, field_of[number]));
                onward += if own.is_some_and(|own| *own != value) { said } else { 0 };
            }
            if all > 0 && known * 2 >= all && onward * 10 >= all {
                let told = &self.told[number];
                let wanted = &mut looks[told.topic].found.profile.fields[told.field];
                wanted.role = Role::Causation;
                wanted.because = "its values are the identities of the events before".to_owned();
            }
        }
    }

    fn judge_entity(&mut self, number: usize) -> Judged {
        let mut values: Vec<u64> = self.judged(number).collect();
        values.sort_unstable();
        let mut judged = Judged { values: values.len(), ..Judged::default() };
        for value in values {
            let said: Vec<(u32, u32)> = self.values[&value]
                .iter()
                .copied()
                .filter(|&(_, by)| by as usize == number || self.told[by as usize].ties != Some(false))
                .collect();
            for &(event, _) in said.iter().filter(|(_, by)| *by as usize == number) {
                let again = |&(other, by): &(u32, u32)| other == event && self.told[by as usize].ties == Some(true);
                judged.said_again += u64::from(said.iter().any(again));
                judged.said += 1;
            }
            let mut events: Vec<u32> = said.into_iter().map(|(event, _)| event).collect();
            events.sort_unstable();
            events.dedup();
            let mut roots = self.roots(events.iter().copied());
            judged.joining += usize::from(roots.len() >= 2);
            roots.retain(|&root| self.sizes[root as usize] >= 2);
            let apart = roots.iter().filter(|&&root| self.told_apart[root as usize]).count();
            judged.known += usize::from(!roots.is_empty());
            // All that say it, whether that ties or not: an account is in as many transfers wherever it is looked at.
            let all: Vec<u32> = self.values[&value].iter().map(|(event, _)| *event).collect();
            let all = self.roots(all.into_iter());
            judged.stories += all.iter().filter(|&&root| self.sizes[root as usize] >= 2).count();
            judged.several += usize::from(apart >= 2);
            judged.apart += if apart >= 2 { apart } else { 0 };
            judged.recurring += usize::from(events.len() >= 2);
        }
        judged
    }

    /// Whether a tenth of what a field says other events say too, be they of its topic or of another: an order may have
    /// one event in each.
    fn is_said_elsewhere(&self, topic: usize, field: usize) -> bool {
        let is_it = |told: &Told| (told.topic, told.field) == (topic, field);
        let Some(number) = self.told.iter().position(is_it) else { return false };
        let (mut all, mut shared) = (0, 0);
        for value in self.judged(number) {
            let said = &self.values[&value];
            let own = said.iter().filter(|(_, by)| *by as usize == number).count();
            let tying = |by: u32| self.told[by as usize].ties == Some(true);
            let mut events = said.iter().filter(|(_, by)| tying(*by)).map(|(event, _)| *event);
            let first = events.next();
            all += own;
            shared += if events.any(|event| Some(event) != first) { own } else { 0 };
        }
        shared * 10 > all
    }

    /// Events that nothing ties to others are told by their key, within their topic: the history of a customer.
    fn keep_topics_together(&mut self, looks: &mut [Look]) {
        for (topic, look) in looks.iter_mut().enumerate() {
            let recurs = |study: &Self, field: usize| {
                let told = study.told.iter().find(|told| (told.topic, told.field) == (topic, field));
                told.is_some_and(|told| (told.judged as u64) * 10 < told.present * 9)
            };
            let fields = &mut look.found.profile.fields;
            let is_tied = (0..fields.len()).filter(|&field| fields[field].ties).any(|field| match fields[field].role {
                Role::Identity | Role::Causation | Role::Span => false,
                Role::Trace => true,
                _ => self.is_said_elsewhere(topic, field),
            });
            let key = fields.iter().position(|wanted| matches!(wanted.field, Field::Key(_)));
            if let Some(key) = key.filter(|&key| !is_tied && !fields[key].ties && recurs(self, key)) {
                fields[key].ties = true;
                fields[key].within_topic = true;
                fields[key].because = "ties several stories across topics, so it ties only within its own".to_owned();
            }
        }
    }
}

/// A correlation id ties the story of an order, and its number names it: people do not know orders by UUIDs.
fn name_stories(looks: &mut [Look], names: &[Option<usize>]) {
    for (look, name) in looks.iter_mut().zip(names) {
        let fields = &mut look.found.profile.fields;
        let is_named = fields.iter().any(|wanted| wanted.ties && wanted.role == Role::Entity);
        if let Some(wanted) = name.filter(|_| !is_named).and_then(|name| fields.get_mut(name)) {
            wanted.ties = true;
            wanted.because = "names what is tied already".to_owned();
        }
    }
}

/// A key is about what the payload's field that always equals it is about.
fn name_keys(looks: &mut [Look], heard: &Heard) {
    for (topic, look) in looks.iter_mut().enumerate() {
        let fields = &mut look.found.profile.fields;
        let Some(key) = fields.iter().position(|known| known.field == Field::Key(Default::default())) else {
            continue;
        };
        let same = (0..fields.len()).filter(|&field| fields[field].field.name() != "").find(|&field| {
            let (present, equal) = heard.alike(topic, field);
            present > 0 && equal * 10 >= present * 9 && matches!(fields[field].field, Field::Value(_))
        });
        if let Some(same) = same {
            fields[key].about = fields[same].about.clone();
        }
    }
}
