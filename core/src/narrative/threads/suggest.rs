//! Finding out by which fields the events of a log belong together.
//!
//! Names say what a field could mean ([`super::role`]); the data decides. From stretches of the narrative (neighbours in time,
//! since random events of a large log have nothing to do with each other) it is counted which fields' values recur, whether
//! a correlation id names the whole story or the parent, and whether a field is so coarse that its values tie several
//! stories: a customer has many orders.

use rustc_hash::{FxHashMap, FxHashSet};

use super::candidates::Candidates;
use super::field::Field;
use super::profile::Profile;
use super::reader::Reader;
use super::resolve::SMALL;
use super::role::Role;
use crate::codec::TopicCodecs;
use crate::event::TopicName;
use crate::narrative::Narrative;
use crate::schema::Sample;
use crate::store::{Damage, EventId, Snapshot};

/// How many events are looked at, in how many stretches where that is not all.
const LOOKED_AT: u64 = 120_000;
const STRETCHES: u64 = 6;

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

struct Look {
    found: Candidates,
    reader: Reader,
}

/// What one candidate said in the events that were looked at.
#[derive(Debug, Default)]
struct Told {
    topic: usize,
    field: usize,
    present: u64,
    values: FxHashSet<u64>,
    plain: u64,
    /// Whether it ties, once that is known.
    ties: Option<bool>,
}

/// The events that were looked at, and who said what.
#[derive(Default)]
struct Study {
    events: usize,
    /// Candidates, by number.
    told: Vec<Told>,
    /// For each value the events that say it, and by which candidates.
    values: FxHashMap<u64, Vec<(u32, u32)>>,
    parents: Vec<u32>,
    sizes: Vec<u32>,
}

impl Study {
    fn look(&mut self, snapshot: &Snapshot, topics: &[TopicName], looks: &mut [Look]) -> Result<(), Damage> {
        let narrative = Narrative::new(snapshot, topics, None);
        let all = narrative.len();
        let stretches = if all <= LOOKED_AT { 1 } else { STRETCHES };
        let mut chosen: Vec<EventId> = Vec::new();
        for stretch in 0..stretches {
            let rows = narrative.rows(all * stretch / stretches, (LOOKED_AT / stretches) as usize)?;
            chosen.extend(rows.into_iter().map(|row| row.id));
        }
        chosen.sort_unstable();
        chosen.dedup();
        let mut numbers = Vec::new();
        for (topic, look) in looks.iter().enumerate() {
            let first = self.told.len();
            self.told.extend((0..look.found.profile.fields.len()).map(|field| Told {
                topic,
                field,
                ..Told::default()
            }));
            numbers.push(first);
        }
        let mut alike: FxHashMap<(usize, usize), u64> = FxHashMap::default();
        for of_segment in chosen.chunk_by(|one, other| one.segment == other.segment) {
            let Some(segment) = snapshot.segment(of_segment[0].segment) else { continue };
            let Ok(topic) = looks.binary_search_by(|look| look.found.profile.topic.cmp(&segment.partition().topic))
            else {
                continue;
            };
            let rows: Vec<u32> = of_segment.iter().map(|event| event.row).collect();
            let batch = segment.events()?;
            let (first, from) = (numbers[topic], self.events);
            let key = looks[topic]
                .found
                .profile
                .fields
                .iter()
                .position(|known| known.field == Field::Key(Default::default()));
            let mut key_text: (usize, String) = (usize::MAX, String::new());
            looks[topic].reader.each_tie(&batch, &rows, |at, field, hash, text| {
                let told = &mut self.told[first + field];
                told.present += 1;
                told.plain += u64::from(super::text::is_plain(text));
                told.values.insert(hash);
                if Some(field) == key {
                    key_text = (at, text.to_owned());
                } else if key_text.0 == at && key_text.1 == text {
                    *alike.entry((topic, field)).or_default() += 1;
                }
                self.values.entry(hash).or_default().push(((from + at) as u32, (first + field) as u32));
            });
            self.events += rows.len();
            segment.release();
        }
        self.parents = (0..self.events as u32).collect();
        self.sizes = vec![1; self.events];
        self.name_keys(looks, &alike);
        Ok(())
    }

    /// A key is about what the payload's field that always equals it is about.
    fn name_keys(&mut self, looks: &mut [Look], alike: &FxHashMap<(usize, usize), u64>) {
        for (topic, look) in looks.iter_mut().enumerate() {
            let fields = &mut look.found.profile.fields;
            let Some(key) = fields.iter().position(|known| known.field == Field::Key(Default::default())) else {
                continue;
            };
            let same = (0..fields.len()).filter(|&field| fields[field].field.name() != "").find(|&field| {
                let told = self.told.iter().find(|told| (told.topic, told.field) == (topic, field));
                let present = told.map_or(0, |told| told.present);
                let equal = alike.get(&(topic, field)).copied().unwrap_or(0);
                present > 0 && equal * 10 >= present * 9 && matches!(fields[field].field, Field::Value(_))
            });
            if let Some(same) = same {
                fields[key].about = fields[same].about.clone();
            }
        }
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
        }
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
        }
    }

    fn judge(&mut self, looks: &mut [Look]) {
        self.drop_strangers(looks);
        self.tell_parents_from_stories(looks);
        for number in 0..self.told.len() {
            let (topic, field) = (self.told[number].topic, self.told[number].field);
            let wanted = &mut looks[topic].found.profile.fields[field];
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
            let values = &self.told[*number].values;
            let events: usize = values.iter().filter_map(|value| self.values.get(value)).map(Vec::len).sum();
            (events * 1000 / values.len().max(1), *number)
        };
        entities.sort_by_cached_key(says);
        for number in entities {
            let (topic, field) = (self.told[number].topic, self.told[number].field);
            let judged = self.judge_entity(number);
            let wanted = &mut looks[topic].found.profile.fields[field];
            wanted.ties = judged.ties(&wanted.field);
            wanted.because = judged.because(wanted.ties);
            self.told[number].ties = Some(wanted.ties);
            if wanted.ties {
                self.join_values(number);
            }
        }
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
            let values = told.values.len();
            let elsewhere = |value: &&u64| {
                self.values[*value].iter().any(|(_, other)| {
                    let other = &self.told[*other as usize];
                    other.topic != told.topic && looks[other.topic].found.named[other.field]
                })
            };
            let known = named || (values >= 8 && told.values.iter().filter(elsewhere).count() * 10 >= values * 3);
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

    /// A correlation id whose values are other events' identities, and go on from one to the next, names the parent.
    fn tell_parents_from_stories(&mut self, looks: &mut [Look]) {
        let role_of = |looks: &[Look], told: &Told| looks[told.topic].found.profile.fields[told.field].role;
        let roles: Vec<Role> = self.told.iter().map(|told| role_of(looks, told)).collect();
        let mut identity_of: FxHashMap<u64, u32> = FxHashMap::default();
        let mut correlation_of: FxHashMap<u32, u64> = FxHashMap::default();
        for (&value, said) in &self.values {
            for &(event, by) in said {
                match roles[by as usize] {
                    Role::Identity => _ = identity_of.entry(value).or_insert(event),
                    Role::Correlation => _ = correlation_of.insert(event, value),
                    _ => {}
                }
            }
        }
        for (number, role) in roles.iter().enumerate() {
            if *role != Role::Correlation {
                continue;
            }
            let (mut all, mut known, mut onward) = (0_u64, 0_u64, 0_u64);
            for value in &self.told[number].values {
                let said = self.values[value].iter().filter(|(_, by)| *by as usize == number).count() as u64;
                all += said;
                let Some(parent) = identity_of.get(value) else { continue };
                known += said;
                onward += if correlation_of.get(parent).is_some_and(|own| own != value) { said } else { 0 };
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
        let mut values: Vec<u64> = self.told[number].values.iter().copied().collect();
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
            let mut roots: Vec<u32> = events.iter().map(|&event| self.find(event)).collect();
            roots.sort_unstable();
            roots.dedup();
            let stories = roots.iter().filter(|&&root| self.sizes[root as usize] >= 2).count();
            judged.known += usize::from(stories >= 1);
            judged.several += usize::from(stories >= 2);
            judged.joining += usize::from(roots.len() >= 2);
            judged.recurring += usize::from(events.len() >= 2);
        }
        judged
    }

    /// Events that nothing ties to others are told by their key, within their topic: the history of a customer.
    fn keep_topics_together(&mut self, looks: &mut [Look]) {
        for (topic, look) in looks.iter_mut().enumerate() {
            let recurs = |study: &Self, field: usize| {
                let told = study.told.iter().find(|told| (told.topic, told.field) == (topic, field));
                told.is_some_and(|told| (told.values.len() as u64) * 10 < told.present * 9)
            };
            let fields = &mut look.found.profile.fields;
            let tied = |wanted: &super::profile::FieldUse| {
                wanted.ties && !matches!(wanted.role, Role::Identity | Role::Causation)
            };
            let is_tied = (0..fields.len())
                .any(|field| tied(&fields[field]) && (recurs(self, field) || fields[field].role == Role::Trace));
            let key = fields.iter().position(|wanted| matches!(wanted.field, Field::Key(_)));
            if let Some(key) = key.filter(|&key| !is_tied && !fields[key].ties && recurs(self, key)) {
                fields[key].ties = true;
                fields[key].within_topic = true;
                fields[key].because = "ties several stories across topics, so it ties only within its own".to_owned();
            }
        }
    }
}

/// What the stretches say of an entity's values.
#[derive(Debug, Default)]
struct Judged {
    values: usize,
    /// Values that several events say.
    recurring: usize,
    /// Values that at least one story (of two events or more) says.
    known: usize,
    /// Values that several stories say.
    several: usize,
    /// Values that tie what was not tied yet.
    joining: usize,
    /// How often a value was said, and how often by a field of the same event that ties anyway.
    said: u64,
    said_again: u64,
}

impl Judged {
    fn is_coarse(&self) -> bool {
        self.several >= 3 && self.several * 100 >= self.known
    }

    fn is_said_again(&self) -> bool {
        self.said_again * 100 >= self.said * 99
    }

    fn ties(&self, field: &Field) -> bool {
        let cheap = !matches!(field, Field::Value(_));
        let joins = self.joining > 0 && self.joining * 1000 >= self.values && !self.is_said_again();
        self.recurring > 0 && !self.is_coarse() && (cheap || joins)
    }

    fn because(&self, ties: bool) -> String {
        match () {
            () if ties => format!("{} of {} values recur", self.recurring, self.values),
            () if self.is_coarse() => {
                format!("coarse: {} of {} values would tie several stories", self.several, self.known)
            }
            () if self.recurring == 0 => "no two events share a value".to_owned(),
            () if self.is_said_again() => "another field of the same events says the same".to_owned(),
            () => "its events are tied already".to_owned(),
        }
    }
}
