//! One open log: its jobs, and what they bring into the state at the beginning of a frame.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fabula_core::event::TopicName;
use fabula_core::log::kafka::Settings;
use fabula_core::log::{LogError, Origin, TopicInfo};
use fabula_core::store::Store;
use parking_lot::Mutex;

use super::groups::Groups;
use super::listing::{Refreshed, Told, ask_sizes, listed, refreshed};
use super::open::{OpenError, Opened, open, topics_of};
use super::reading::{Depth, Readings, Source};
use super::{Opening, keep};
use crate::formats::Formats;
use crate::jobs::{Job, Jobs, Title, Unit};
use crate::state::{LogState, LogStatus, State, TimeRange};

/// How often sums are worked out again while events come in.
const SUM_EVERY: Duration = Duration::from_millis(300);

/// How many topics are shown without being asked for.
const SHOWN_AT_FIRST: usize = 24;

/// One open log.
pub struct Session {
    opening: Opening,
    open: Option<Job<Result<Opened, OpenError>>>,
    source: Option<Source>,
    store: Option<Arc<Store>>,
    settings: Option<Settings>,
    told: Arc<Mutex<Told>>,
    told_seen: usize,
    readings: Readings,
    watch: Option<Job<()>>,
    sum: Option<Job<Refreshed>>,
    summed: Option<(u64, Instant)>,
    groups: Groups,
    topics: Option<Job<Result<Vec<TopicInfo>, LogError>>>,
    sizes: Option<Job<()>>,
    keep: Option<Job<Result<Store, String>>>,
    describe: Option<Job<()>>,
    described: std::collections::BTreeSet<TopicName>,
}

/// What a session has to say that is not part of the state.
pub enum News {
    /// It could not be opened, in one line.
    Failed(String),
    /// Something went wrong, or well, in one line.
    Said(String),
    /// What was read is now kept in a folder.
    Kept(std::path::PathBuf),
}

impl Session {
    /// Begins to open a log.
    pub fn open(opening: Opening, state: &mut State, jobs: &Jobs) -> Self {
        let title = Title::listed(format!("Opening {}", opening.name()), Unit::None);
        let asked = opening.clone();
        let job = jobs.spawn(title, |progress| async move { open(asked, progress.token()).await });
        state.log = LogState {
            generation: state.log.generation + 1,
            name: opening.name(),
            status: LogStatus::Opening,
            saved: opening.saved(),
            production: opening.is_production(),
            read_only: matches!(opening, Opening::Cluster { .. } | Opening::Settings(_)),
            ..LogState::default()
        };
        (state.selection, state.marked, state.view, state.extent) = (None, None, None, None);
        (state.cut, state.begins, state.pointed_out) = (None, None, Arc::default());
        (state.search.text, state.search.found) = ("".into(), None);
        state.formats = Formats::default().with_chosen(&state.document.formats);
        state.details.clear();
        state.open_groups.clear();
        state.follow = false;
        Self {
            opening,
            open: Some(job),
            source: None,
            store: None,
            settings: None,
            told: Arc::default(),
            told_seen: 0,
            readings: Readings::default(),
            watch: None,
            sum: None,
            summed: None,
            groups: Groups::default(),
            topics: None,
            sizes: None,
            keep: None,
            describe: None,
            described: Default::default(),
        }
    }

    /// What was asked to be opened.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// What the cluster was connected to with.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// Brings what happened into the state, and starts what is missing. Never waits.
    pub fn update(&mut self, state: &mut State, jobs: &Jobs) -> Vec<News> {
        let mut news = Vec::new();
        if let Some(opened) = self.open.as_mut().and_then(Job::poll) {
            self.open = None;
            match opened {
                Ok(opened) => news.extend(self.begin(opened, state, jobs)),
                Err(error) => {
                    let failure = match &error {
                        OpenError::Log(error) => error.clone(),
                        OpenError::Store(reason) => {
                            LogError::Other { what: state.log.name.clone(), reason: reason.clone() }
                        }
                    };
                    state.log.status = LogStatus::Failed(failure);
                    news.push(News::Failed(error.to_string()));
                }
            }
        }
        self.take_listing(state, jobs);
        news.extend(self.take_kept(state, jobs));
        self.read(state, jobs);
        self.describe(state, jobs);
        self.look(state);
        self.sum(state, jobs);
        news
    }

    fn begin(&mut self, opened: Opened, state: &mut State, jobs: &Jobs) -> Option<News> {
        let Opened { log, store, topics, damages, settings } = opened;
        let grows = matches!(store.origin(), Origin::Kafka { .. });
        let first = if grows { state.first_read } else { Depth::All };
        self.source = log.map(|log| Source { log, store: store.clone(), grows, first });
        self.settings = settings;
        state.log.origin = Some(store.origin().clone());
        state.log.status = LogStatus::Up;
        state.log.can_read_more = grows;
        if self.source.is_none() {
            self.groups.take_kept(&store, state);
        }
        self.use_store(store, jobs);
        self.list(&topics, state, jobs);
        show_at_first(state);
        let worst = damages.first()?;
        let more = damages.len() - 1;
        let rest = if more > 0 { format!("; and {more} more damaged files") } else { String::new() };
        Some(News::Said(format!("{worst}{rest}. The rest is open")))
    }

    fn use_store(&mut self, store: Arc<Store>, jobs: &Jobs) {
        let mut changes = store.changes();
        let wake = jobs.waker().clone();
        // Wakes the window when events came in, at most once a frame.
        let title = Title::quiet("Watching the store").endless();
        self.watch = Some(jobs.spawn(title, |progress| async move {
            let watch = async {
                while changes.changed().await.is_ok() {
                    wake.wake();
                    tokio::time::sleep(Duration::from_millis(16)).await;
                }
            };
            tokio::select! {
                () = watch => {}
                () = progress.token().cancelled() => {}
            }
        }));
        if let Some(old) = self.store.replace(store) {
            jobs.drop_aside(old);
        }
    }

    fn list(&mut self, topics: &[TopicInfo], state: &mut State, jobs: &Jobs) {
        state.log.topics = listed(topics, &state.log.topics);
        state.log.failure = None;
        let names = state.log.topics.iter().filter(|topic| !topic.internal).map(|topic| &topic.name);
        state.series.assign(names);
        self.summed = None;
        let Some(source) = &self.source else { return };
        self.groups.ask(source.log.clone(), source.store.clone(), jobs);
        if source.grows {
            self.told = Arc::default();
            let (log, told, wake) = (source.log.clone(), self.told.clone(), jobs.waker().clone());
            let topics: Arc<[TopicInfo]> = topics.into();
            self.sizes = Some(jobs.spawn(Title::quiet("Reading sizes"), |progress| async move {
                ask_sizes(log, topics, told, wake, progress.token().clone()).await;
            }));
        }
    }

    /// Reads the list of topics, sizes and groups again; tries again to open what could not be opened.
    pub fn refresh(&mut self, state: &mut State, jobs: &Jobs) {
        if matches!(state.log.status, LogStatus::Failed(_)) {
            *self = Self::open(self.opening.clone(), state, jobs);
            return;
        }
        self.readings.again();
        let Some(source) = &self.source else { return };
        let log = source.log.clone();
        let title = Title::listed("Reading the list of topics", Unit::None);
        self.topics = Some(jobs.spawn(title, |progress| async move {
            tokio::select! {
                topics = log.topics() => topics,
                () = progress.token().cancelled() => Err(LogError::Cancelled),
            }
        }));
    }

    fn take_listing(&mut self, state: &mut State, jobs: &Jobs) {
        if let Some(topics) = self.topics.as_mut().and_then(Job::poll) {
            self.topics = None;
            match topics {
                Ok(topics) => self.list(&topics, state, jobs),
                Err(error) => state.log.failure = Some(error.to_string()),
            }
        }
        if self.groups.update(state, jobs)
            && let Some(source) = &self.source
        {
            self.groups.ask(source.log.clone(), source.store.clone(), jobs);
        }
    }

    /// Reads what is shown, and what the pipeline takes. What goes wrong stands in the catalogue until it is mended.
    fn read(&mut self, state: &mut State, jobs: &Jobs) {
        let Some(source) = &mut self.source else { return };
        if source.grows {
            source.first = state.first_read;
        }
        let known = |topic: &&TopicName| state.log.topic(topic).is_some_and(|topic| topic.error.is_none());
        let drawn = state.design.topics();
        let wanted = state.document.shown.iter().chain(&drawn).filter(known).cloned().collect();
        self.readings.want(source, &wanted, jobs);
        if let Some(failure) = self.readings.poll().pop() {
            state.log.failure = Some(failure);
        }
        if let Some(connection) = self.readings.connection() {
            state.log.status = connection.into();
        }
    }

    /// Reads further back in a topic.
    pub fn deepen(&mut self, topic: &TopicName, all: bool, jobs: &Jobs) {
        if let Some(source) = &self.source {
            self.readings.deepen(source, topic, all, jobs);
        }
    }

    /// Asks for the configuration of topics whose details are open and that are not read.
    fn describe(&mut self, state: &State, jobs: &Jobs) {
        let Some(source) = &self.source else { return };
        if self.describe.as_ref().is_some_and(|job| !job.progress().is_finished()) {
            return;
        }
        let open = |name: &&TopicName| !self.described.contains(*name);
        let missing = |name: &&TopicName| state.log.topic(name).is_some_and(|topic| topic.config.is_none());
        let Some(topic) = state.details.iter().filter(open).find(missing).cloned() else { return };
        self.described.insert(topic.clone());
        let (log, told, wake) = (source.log.clone(), self.told.clone(), jobs.waker().clone());
        self.describe = Some(jobs.spawn(Title::quiet("Reading a configuration"), |progress| async move {
            let config = tokio::select! {
                config = log.topic_config(&topic) => config.unwrap_or_default(),
                () = progress.token().cancelled() => return,
            };
            told.lock().configs.insert(topic, Arc::new(config));
            wake.wake();
        }));
    }

    /// Takes the newest snapshot.
    fn look(&mut self, state: &mut State) {
        let Some(store) = &self.store else { return };
        let seen = state.log.snapshot.as_ref().map(|snapshot| snapshot.version);
        if seen != Some(store.version()) {
            state.log.snapshot = Some(store.snapshot());
        }
        let Some(snapshot) = &state.log.snapshot else { return };
        let shown = snapshot.topics.iter().filter(|topic| state.document.shown.contains(&topic.name));
        let spans = shown.filter_map(|topic| topic.time_span_ns());
        state.extent =
            spans.map(|(first, last)| TimeRange::new(first, last.saturating_add(1))).reduce(TimeRange::union);
    }

    /// Has the sums worked out, now and then.
    fn sum(&mut self, state: &mut State, jobs: &Jobs) {
        if let Some(refreshed) = self.sum.as_mut().and_then(Job::poll) {
            self.sum = None;
            state.log.coverage = refreshed.coverage;
            if Arc::ptr_eq(&refreshed.from, &state.log.topics) {
                state.log.topics = refreshed.topics;
                self.summed = Some((refreshed.version, Instant::now()));
            }
        }
        let Some(snapshot) = state.log.snapshot.clone() else { return };
        let told_now = {
            let told = self.told.lock();
            told.watermarks.len() + told.configs.len()
        };
        let (fresh, since) = match self.summed {
            Some((version, at)) => (version == snapshot.version && told_now == self.told_seen, at.elapsed()),
            None => (false, SUM_EVERY),
        };
        if fresh || self.sum.is_some() {
            return;
        }
        if since < SUM_EVERY {
            jobs.waker().wake_after(SUM_EVERY - since);
            return;
        }
        self.told_seen = told_now;
        let (topics, told) = (state.log.topics.clone(), self.told.clone());
        self.sum = Some(jobs.spawn_blocking(Title::quiet("Summing up"), move |_| {
            let told = told.lock().clone();
            refreshed(topics, &snapshot, &told)
        }));
    }

    /// Copies what has been read into a folder, and from then on reads into that.
    pub fn keep(&mut self, folder: std::path::PathBuf, jobs: &Jobs) {
        if let Some(store) = &self.store {
            self.keep = Some(keep::keep(store.clone(), folder, jobs));
        }
    }

    fn take_kept(&mut self, state: &mut State, jobs: &Jobs) -> Option<News> {
        let kept = self.keep.as_mut().and_then(Job::poll)?;
        self.keep = None;
        match kept {
            Err(error) => Some(News::Said(error)),
            Ok(store) => {
                let (store, folder) = (Arc::new(store.clone()), store.dir().to_owned());
                self.readings = Readings::default();
                if let Some(source) = &mut self.source {
                    source.store = store.clone();
                }
                state.log.generation += 1;
                state.log.snapshot = None;
                if state.log.topics.is_empty() {
                    state.log.topics = listed(&topics_of(&store.snapshot()), &[]);
                }
                self.use_store(store, jobs);
                Some(News::Kept(folder))
            }
        }
    }

    /// Lets go of the log; what takes time about it is done beside the window.
    pub fn close(mut self, state: &mut State, jobs: &Jobs) {
        let generation = state.log.generation + 1;
        state.log = LogState { generation, ..LogState::default() };
        state.extent = None;
        if let Some(store) = self.store.take() {
            jobs.drop_aside(store);
        }
    }
}

/// What is shown when a log was opened: what was shown before if any of it is there, else all that people made.
fn show_at_first(state: &mut State) {
    let known = |topic: &TopicName| state.log.topic(topic).is_some();
    if state.document.shown.iter().any(known) {
        return;
    }
    let people_s: Vec<TopicName> =
        state.log.topics.iter().filter(|topic| !topic.internal).map(|topic| topic.name.clone()).collect();
    state.document.shown.clear();
    if people_s.len() <= SHOWN_AT_FIRST {
        state.document.shown.extend(people_s);
    }
    state.history = Default::default();
}
