//! Looking for one thread: by an id, or by one of its events; and saying why there is none.

use std::sync::Arc;

use fabula_core::event::Coordinates;

use super::ThreadsPane;
use crate::command::Command;
use crate::figures;
use crate::jobs::Title;
use crate::panes::asking::{Asking, Same};
use crate::panes::{Context, PaneKind};
use crate::state::{State, Tied};

/// A thread that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// By a value that leads to it.
    Id(String),
    /// By one of its events.
    Event(Coordinates),
}

/// What looking came to: threads by their first events, and whether the event was taken in at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found {
    threads: Vec<Coordinates>,
    is_taken: bool,
    /// What is to be said of an id that ties nothing.
    note: Option<String>,
    /// Why it could not be looked for.
    failure: Option<String>,
}

/// Several threads that one id leads to, and which of them was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Several {
    pub(super) id: String,
    pub(super) threads: Vec<Coordinates>,
    pub(super) at: usize,
}

/// Looks for a thread.
#[derive(Default)]
pub(super) struct Looking {
    wanted: Option<Wanted>,
    asking: Asking<(Same<Tied>, Wanted), Found>,
    /// Whether what was read since has been tied for this.
    has_tied: bool,
    /// What was not found, in words.
    pub(super) failure: Option<String>,
    pub(super) several: Option<Several>,
    /// An id whose thread is open: who else mentions it is counted.
    counting: Option<String>,
    beside: Asking<(Same<Tied>, String), Option<String>>,
}

impl Looking {
    pub(super) fn is_busy(&self) -> bool {
        self.asking.is_busy() || self.wanted.is_some()
    }
}

impl Found {
    fn of(tied: &Tied, wanted: &Wanted) -> Self {
        let mut found = Self::default();
        let threads = match wanted {
            Wanted::Id(id) => found.of_id(tied, id).unwrap_or_else(|why| {
                found.failure = Some(why);
                Vec::new()
            }),
            Wanted::Event(at) => tied.threads.thread_at(at).into_iter().collect(),
        };
        found.is_taken = match wanted {
            Wanted::Event(at) if threads.is_empty() => tied.threads.event_at(at).is_some(),
            _ => true,
        };
        found.threads = threads.into_iter().filter_map(|thread| tied.first_of(thread)).collect();
        found
    }

    /// The threads that an id ties; else those that have it in an event.
    fn of_id(&mut self, tied: &Tied, id: &str) -> Result<Vec<u32>, String> {
        let found = tied.threads.find_all(id);
        if !found.is_empty() {
            return Ok(found);
        }
        let mentions = tied.threads.mentioning(id, &tied.snapshot, &tied.topics).map_err(|why| why.to_string())?;
        if mentions.damaged > 0 {
            return Err(format!("{} damaged, so “{id}” may be there", figures::of(mentions.damaged as u64, "part")));
        }
        self.note = match (mentions.threads.len() as u64, mentions.loose) {
            (0, 0) => None,
            (0, loose) => Some(format!("{} in no thread have it", figures::of(loose, "event"))),
            (in_threads, _) => {
                Some(format!("“{id}” ties nothing; {} have it in an event", figures::of(in_threads, "thread")))
            }
        };
        Ok(mentions.threads)
    }
}

/// What is to be said of events that mention an id and are in none of the threads that it ties.
fn beside(tied: &Tied, id: &str) -> Option<String> {
    let found = tied.threads.find_all(id);
    let mentions = match tied.threads.mentioned_beside(id, &found, &tied.snapshot, &tied.topics) {
        Ok(mentions) => mentions?,
        Err(why) => return Some(format!("whether more events mention “{id}” could not be found out: {why}")),
    };
    let verb = if mentions.events == 1 { "event mentions" } else { "events mention" };
    let events = figures::count(mentions.events);
    (mentions.events > 0).then(|| format!("{events} more {verb} “{id}”, outside of what it ties"))
}

impl ThreadsPane {
    /// Counts the events that mention an id beside its thread, which is open meanwhile.
    fn count_beside(&mut self, context: &Context<'_>) {
        let looking = &mut self.looking;
        looking.beside.update();
        let Some(id) = looking.counting.clone() else { return };
        let Some(tied) = self.tying.tied() else { return };
        let (question, sought) = ((Same(Arc::clone(&tied)), id.clone()), id);
        looking.beside.ask(question, context.jobs, Title::quiet("Threads"), move |_| beside(&tied, &sought));
        if let Some(note) = looking.beside.answer().cloned() {
            looking.counting = None;
            looking.beside.forget();
            if let Some(note) = note {
                context.send(Command::Notify(note));
            }
        }
    }

    pub(super) fn want(&mut self, wanted: Wanted) {
        let looking = &mut self.looking;
        (looking.failure, looking.several, looking.has_tied, looking.counting) = (None, None, false, None);
        looking.asking.forget();
        looking.wanted = Some(wanted);
        self.tying.want();
    }

    /// Looks for the thread that is wanted, once there are threads.
    pub(super) fn look(&mut self, context: &Context<'_>) {
        self.looking.asking.update();
        self.count_beside(context);
        let Some(wanted) = self.looking.wanted.clone() else { return };
        if self.tying.has_no_topics() {
            self.give_up("no topic takes part in threads: show topics first".to_owned(), context);
            return;
        }
        if self.tying.is_busy() {
            return;
        }
        let Some(tied) = self.tying.tied() else {
            if let Some(why) = self.tying.failure() {
                // The failure itself stands in the pane.
                let why = format!("looking for a thread came to nothing: {why}");
                self.give_up(why, context);
            }
            return;
        };
        let question = (Same(Arc::clone(&tied)), wanted.clone());
        let (of, sought) = (Arc::clone(&tied), wanted.clone());
        self.looking.asking.ask(question, context.jobs, Title::quiet("Threads"), move |_| Found::of(&of, &sought));
        let Some(found) = self.looking.asking.answer().cloned() else { return };
        let behind = context.state.log.snapshot.as_ref().map_or(0, |now| tied.behind(now));
        // It may be among what was read since.
        let may_be_behind = behind > 0 && !self.looking.has_tied;
        if let Some(first) = found.threads.first().filter(|_| found.note.is_none() || !may_be_behind) {
            context.send(Command::OpenThread(first.clone()));
            match (&wanted, found.note) {
                (_, Some(note)) => context.send(Command::Notify(note)),
                (Wanted::Id(id), None) => self.looking.counting = Some(id.clone()),
                (Wanted::Event(_), None) => {}
            }
            self.looking.several = match wanted {
                Wanted::Id(id) if found.threads.len() > 1 => Some(Several { id, threads: found.threads, at: 0 }),
                _ => None,
            };
            self.looking.wanted = None;
            self.looking.asking.forget();
            return;
        }
        if may_be_behind {
            self.looking.has_tied = true;
            self.tying.again();
            return;
        }
        let why = match &wanted {
            Wanted::Id(id) => {
                let more = found.failure.or(found.note).map(|more| format!("; {more}")).unwrap_or_default();
                format!("no thread says “{id}”{more}{}", limits(&tied, context.state))
            }
            Wanted::Event(at) => nowhere(at, found.is_taken, &tied, context.state),
        };
        self.give_up(why, context);
    }

    fn give_up(&mut self, why: String, context: &Context<'_>) {
        self.looking.failure = Some(why);
        self.looking.wanted = None;
        self.looking.asking.forget();
        context.send(Command::ShowPane(PaneKind::Threads));
    }

    /// Opens the next of several threads that one id leads to.
    pub(super) fn next_of_id(&mut self, context: &Context<'_>) {
        let Some(several) = &mut self.looking.several else {
            context.send(Command::Notify("Look for an id that leads to several threads first".to_owned()));
            return;
        };
        several.at = (several.at + 1) % several.threads.len().max(1);
        if let Some(at) = several.threads.get(several.at) {
            context.send(Command::OpenThread(at.clone()));
        }
    }
}

/// Why an event is in no thread.
fn nowhere(at: &Coordinates, is_taken: bool, tied: &Tied, state: &State) -> String {
    let topic = &at.topic;
    if state.document.ties.get(topic).is_some_and(|own| own.out) {
        return format!("{at} is in no thread: {topic} is kept out of threads");
    }
    if !tied.topics.contains(topic) {
        return format!("{at} is in no thread: {topic} takes no part, since its events are not shown");
    }
    match is_taken {
        true => format!("{at} is in no thread: no field of it ties it to others"),
        false => format!("{at} is in no thread: it has not been read"),
    }
}

/// What an id was not looked for in.
fn limits(tied: &Tied, state: &State) -> String {
    let mut limits = Vec::new();
    let listed = state.log.topics.iter().filter(|topic| !topic.internal).count();
    if tied.topics.len() < listed {
        limits.push(format!("{} of {} take part", tied.topics.len(), figures::of(listed as u64, "topic")));
    }
    let coverage = state.log.coverage;
    if coverage.covered < coverage.offsets {
        limits.push(format!("{} were not read", figures::of(coverage.offsets - coverage.covered, "offset")));
    }
    if limits.is_empty() { String::new() } else { format!("; {}", limits.join(", ")) }
}
