//! Work that the window's thread must not wait for: on a runtime of named threads, with progress, a way to end it, and
//! its result handed over through a slot that holds one.
//!
//! Architecture Invariant: the window's thread never blocks. It polls a [`Job`] once a frame; the job wakes the window
//! when it has something to show.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// A job's number, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(u64);

/// What a job's figures count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Nothing: the job is only named.
    #[default]
    None,
    /// Events.
    Events,
    /// Bytes.
    Bytes,
}

/// Runs jobs and knows which are under way.
pub struct Jobs {
    runtime: Option<tokio::runtime::Runtime>,
    wake: Waker,
    running: Mutex<Vec<Arc<Progress>>>,
    next: AtomicU64,
}

/// Wakes the window: may be called from any thread, does nothing before the window is up.
#[derive(Clone, Default)]
pub struct Waker {
    context: Arc<Mutex<Option<egui::Context>>>,
}

impl Waker {
    /// From now on wakes this window.
    pub fn attach(&self, context: &egui::Context) {
        *self.context.lock() = Some(context.clone());
    }

    /// Asks for a frame.
    pub fn wake(&self) {
        if let Some(context) = &*self.context.lock() {
            context.request_repaint();
        }
    }

    /// Asks for a frame in a while: for figures that would otherwise ask for one each time they move.
    pub fn wake_after(&self, delay: Duration) {
        if let Some(context) = &*self.context.lock() {
            context.request_repaint_after(delay);
        }
    }
}

impl Jobs {
    /// # Errors
    /// When the system gives no threads.
    pub fn new() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4)))
            .thread_name("fabula-job")
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            wake: Waker::default(),
            running: Mutex::new(Vec::new()),
            next: AtomicU64::new(1),
        })
    }

    /// What wakes the window.
    pub fn waker(&self) -> &Waker {
        &self.wake
    }

    /// Starts asynchronous work. Dropping the [`Job`] ends it.
    pub fn spawn<T, F, W>(&self, title: Title, work: W) -> Job<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
        W: FnOnce(Arc<Progress>) -> F,
    {
        let progress = self.begin(title);
        let slot = Arc::new(Slot::default());
        if let Some(runtime) = &self.runtime {
            let finish = Finish { slot: slot.clone(), progress: progress.clone(), wake: self.wake.clone() };
            let future = work(progress.clone());
            runtime.spawn(async move {
                let result = future.await;
                finish.with(result);
            });
        }
        Job { progress, slot }
    }

    /// Starts work that computes or does I/O, on a thread of its own. Dropping the [`Job`] ends it, when it looks.
    pub fn spawn_blocking<T, W>(&self, title: Title, work: W) -> Job<T>
    where
        T: Send + 'static,
        W: FnOnce(&Progress) -> T + Send + 'static,
    {
        let progress = self.begin(title);
        let slot = Arc::new(Slot::default());
        if let Some(runtime) = &self.runtime {
            let finish = Finish { slot: slot.clone(), progress: progress.clone(), wake: self.wake.clone() };
            runtime.spawn_blocking(move || {
                let result = work(&finish.progress);
                finish.with(result);
            });
        }
        Job { progress, slot }
    }

    /// As [`Jobs::spawn_blocking`], for work whose end is no reason to draw.
    pub fn spawn_silent<W>(&self, title: Title, work: W) -> Job<()>
    where
        W: FnOnce(&Progress) + Send + 'static,
    {
        let progress = self.begin(title);
        let slot = Arc::new(Slot::default());
        if let Some(runtime) = &self.runtime {
            let finish = Finish { slot: slot.clone(), progress: progress.clone(), wake: Waker::default() };
            runtime.spawn_blocking(move || {
                work(&finish.progress);
                finish.with(());
            });
        }
        Job { progress, slot }
    }

    /// Lets go of something whose end takes time (files to be closed, threads to be waited for).
    pub fn drop_aside<T: Send + 'static>(&self, it: T) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn_blocking(move || drop(it));
        }
    }

    /// The jobs under way that are worth a person's while, oldest first.
    pub fn listed(&self) -> Vec<Arc<Progress>> {
        let mut running = self.running.lock();
        running.retain(|job| !job.is_finished());
        let listed = |job: &&Arc<Progress>| job.title.listed && !job.unlisted.load(Ordering::Relaxed);
        running.iter().filter(listed).cloned().collect()
    }

    /// Whether any job is under way that ends by itself.
    pub fn is_busy(&self) -> bool {
        self.running.lock().iter().any(|job| !job.is_finished() && !job.title.endless)
    }

    /// How many jobs have been begun so far, those that are over counted in.
    pub fn begun(&self) -> u64 {
        self.next.load(Ordering::Relaxed) - 1
    }

    /// Ends a job.
    pub fn cancel(&self, id: JobId) {
        if let Some(job) = self.running.lock().iter().find(|job| job.id == id) {
            job.cancel.cancel();
        }
    }

    fn begin(&self, title: Title) -> Arc<Progress> {
        let progress = Arc::new(Progress {
            id: JobId(self.next.fetch_add(1, Ordering::Relaxed)),
            title,
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            started: Instant::now(),
            cancel: CancellationToken::new(),
            finished: AtomicBool::new(false),
            unlisted: AtomicBool::new(false),
        });
        let mut running = self.running.lock();
        running.retain(|job| !job.is_finished());
        running.push(progress.clone());
        progress
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        for job in self.running.lock().iter() {
            job.cancel.cancel();
        }
        // A job that hangs in a system call must not keep the window open.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

/// What a job is called and how it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// Its name, e.g. `Recording orders`.
    pub name: String,
    /// What its figures count.
    pub unit: Unit,
    /// Whether it stands in the status bar.
    pub listed: bool,
    /// Whether it goes on until it is ended.
    pub endless: bool,
}

impl Title {
    /// A job that stands in the status bar.
    pub fn listed(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), unit, listed: true, endless: false }
    }

    /// A job too short or too quiet to be shown.
    pub fn quiet(name: impl Into<String>) -> Self {
        Self { name: name.into(), unit: Unit::None, listed: false, endless: false }
    }

    /// The same job, going on until it is ended.
    pub fn endless(self) -> Self {
        Self { endless: true, ..self }
    }
}

/// How far a job is; shared with the one who does it.
#[derive(Debug)]
pub struct Progress {
    id: JobId,
    title: Title,
    done: AtomicU64,
    total: AtomicU64,
    started: Instant,
    cancel: CancellationToken,
    finished: AtomicBool,
    unlisted: AtomicBool,
}

impl Progress {
    /// Whether the job, if it is one that is listed at all, is worth listing just now.
    pub fn list(&self, listed: bool) {
        self.unlisted.store(!listed, Ordering::Relaxed);
    }

    /// Its number, to end it by.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// What it is called and how it is shown.
    pub fn title(&self) -> &Title {
        &self.title
    }

    /// Says how far it is; a `total` of 0 is unknown.
    pub fn set(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// How much is done, and of how much (0 where that is unknown).
    pub fn figures(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// How much of it is done, from 0 to 1, where that is known.
    pub fn share(&self) -> Option<f32> {
        let (done, total) = self.figures();
        (total > 0).then(|| (done as f64 / total as f64).min(1.0) as f32)
    }

    /// How much it does in a second, since it began.
    pub fn per_second(&self) -> f64 {
        self.figures().0 as f64 / self.started.elapsed().as_secs_f64().max(0.001)
    }

    /// Whether it should stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// What ends it.
    pub fn token(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

/// A job as its owner holds it. Dropping it ends the work.
#[derive(Debug)]
pub struct Job<T> {
    progress: Arc<Progress>,
    slot: Arc<Slot<T>>,
}

impl<T> Job<T> {
    /// Its result, once. Never waits.
    pub fn poll(&mut self) -> Option<T> {
        self.slot.result.lock().take()
    }

    /// How far it is.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Whether it came to an end without a result: the work panicked.
    pub fn is_lost(&self) -> bool {
        self.progress.is_finished() && self.slot.result.lock().is_none()
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.progress.cancel.cancel();
    }
}

#[derive(Debug)]
struct Slot<T> {
    result: Mutex<Option<T>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { result: Mutex::new(None) }
    }
}

/// Marks the job as finished however it ends, and wakes the window.
struct Finish<T> {
    slot: Arc<Slot<T>>,
    progress: Arc<Progress>,
    wake: Waker,
}

impl<T> Finish<T> {
    fn with(self, result: T) {
        *self.slot.result.lock() = Some(result);
    }
}

impl<T> Drop for Finish<T> {
    fn drop(&mut self) {
        self.progress.finished.store(true, Ordering::Release);
        self.wake.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait<T>(job: &mut Job<T>) -> T {
        loop {
            if let Some(result) = job.poll() {
                return result;
            }
            assert!(!job.is_lost(), "the job ended without a result");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_result_is_handed_over_once() {
        let jobs = Jobs::new().expect("threads");
        let mut job = jobs.spawn_blocking(Title::quiet("add"), |_| 2 + 2);
        assert_eq!(wait(&mut job), 4);
        assert!(job.poll().is_none());
    }

    #[test]
    fn letting_go_of_a_job_ends_it() {
        let jobs = Jobs::new().expect("threads");
        let job: Job<()> = jobs.spawn(Title::listed("wait", Unit::None), |progress| async move {
            progress.token().cancelled().await;
        });
        let progress = job.progress().clone();
        assert_eq!(jobs.listed().len(), 1);
        drop(job);
        while !progress.is_finished() {
            std::thread::yield_now();
        }
        assert!(jobs.listed().is_empty());
    }
}
