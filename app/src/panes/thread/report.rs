//! The thread for a report: copied, or saved in a file. It is written down in a job, since a thread may be long.

use std::path::PathBuf;
use std::sync::Arc;

use super::drawing::Drawing;
use super::written;
use crate::command::{Command, Form};
use crate::files;
use crate::jobs::{Job, Title};
use crate::panes::Context;
use crate::state::{State, Tale, Tied};
use crate::theme::Theme;
use crate::zone::Clock;

/// What a thread is written down from.
#[derive(Clone)]
struct Writing {
    tale: Arc<Tale>,
    /// The threads that it is one of, and its number among those.
    tied: Option<(Arc<Tied>, u32)>,
    form: Form,
    theme: Theme,
    clock: Clock,
}

impl Writing {
    fn text(&self) -> Result<String, String> {
        match self.form {
            Form::Markdown => Ok(written::markdown(&self.tale, &self.clock)),
            Form::Mermaid => Ok(written::mermaid(&self.tale)),
            Form::Json => match &self.tied {
                Some((tied, thread)) => written::json(tied, *thread),
                None => Err("its threads are tied no more".to_owned()),
            },
            Form::Svg => Ok(Drawing::of(&self.tale, self.theme, &self.clock).svg()),
            Form::Png => Err("a picture is no text: save it in a file".to_owned()),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        match self.form {
            Form::Png => Drawing::of(&self.tale, self.theme, &self.clock).png(),
            _ => self.text().map(String::into_bytes),
        }
    }
}

/// Threads being written down.
#[derive(Default)]
pub(super) struct Report {
    asking: Option<(Writing, Job<Option<PathBuf>>)>,
    saving: Option<Job<Result<PathBuf, String>>>,
    copying: Option<(String, Job<Result<String, String>>)>,
    /// Why a thread could not be written down.
    pub(super) failure: Option<String>,
}

impl Report {
    pub(super) fn is_busy(&self) -> bool {
        self.saving.is_some() || self.copying.is_some()
    }

    fn writing(tale: Option<Arc<Tale>>, form: Form, state: &State, context: &Context<'_>) -> Option<Writing> {
        if tale.is_none() {
            context.send(Command::Notify("Open a thread first".to_owned()));
        }
        let tale = tale?;
        // Threads may have been tied again since it was read: then it is found by its first event.
        let tied = state.tied.clone().and_then(|tied| {
            let thread = match tied.number == tale.of {
                true => Some(tale.thread),
                false => tale.steps.first().and_then(|first| tied.threads.thread_at(&first.at)),
            };
            thread.map(|thread| (tied, thread))
        });
        Some(Writing { tale, tied, form, theme: state.theme, clock: state.clock.clone() })
    }

    /// Puts the thread on the clipboard.
    pub(super) fn copy(&mut self, tale: Option<Arc<Tale>>, form: Form, context: &Context<'_>) {
        let Some(writing) = Self::writing(tale, form, context.state, context) else { return };
        let said = format!("Thread {} copied as {}", writing.tale.name, form.name());
        self.failure = None;
        self.copying =
            Some((said, context.jobs.spawn_blocking(Title::quiet("Copying the thread"), move |_| writing.text())));
    }

    /// Asks for a file for the thread.
    pub(super) fn save(&mut self, tale: Option<Arc<Tale>>, form: Form, context: &Context<'_>) {
        if self.asking.is_some() {
            return;
        }
        let Some(writing) = Self::writing(tale, form, context.state, context) else { return };
        let name = file_name(&writing.tale.name, form);
        self.failure = None;
        self.asking = Some((writing, files::pick_new(context.jobs, "Save the thread", name)));
    }

    /// Writes the thread to a file.
    pub(super) fn write(&mut self, tale: Option<Arc<Tale>>, form: Form, path: PathBuf, context: &Context<'_>) {
        if let Some(writing) = Self::writing(tale, form, context.state, context) {
            self.begin(writing, path, context);
        }
    }

    fn begin(&mut self, writing: Writing, path: PathBuf, context: &Context<'_>) {
        self.failure = None;
        self.saving = Some(context.jobs.spawn_blocking(Title::quiet("Saving the thread"), move |_| {
            files::write_bytes(&path, &writing.bytes()?).map(|()| path)
        }));
    }

    /// Takes in what jobs came to.
    pub(super) fn update(&mut self, context: &Context<'_>) {
        if let Some((writing, job)) = &mut self.asking {
            let picked = job.poll();
            if picked.is_some() || job.is_lost() {
                let writing = writing.clone();
                self.asking = None;
                if let Some(path) = picked.flatten() {
                    self.begin(writing, path, context);
                }
            }
        }
        self.take_saved(context);
        self.take_copied(context);
    }

    fn take_saved(&mut self, context: &Context<'_>) {
        if let Some(job) = &mut self.saving {
            match job.poll() {
                Some(Ok(path)) => context.send(Command::Notify(format!("Thread saved as {}", path.display()))),
                Some(Err(why)) => self.failure = Some(format!("the thread was not saved: {why}")),
                None if job.is_lost() => self.failure = Some("saving the thread came to no end".to_owned()),
                None => return,
            }
            self.saving = None;
        }
    }

    fn take_copied(&mut self, context: &Context<'_>) {
        if let Some((said, job)) = &mut self.copying {
            match job.poll() {
                Some(Ok(text)) => {
                    context.send(Command::CopyText(text));
                    context.send(Command::Notify(said.clone()));
                }
                Some(Err(why)) => self.failure = Some(format!("the thread was not copied: {why}")),
                None if job.is_lost() => self.failure = Some("copying the thread came to no end".to_owned()),
                None => return,
            }
            self.copying = None;
        }
    }
}

/// A name for the thread's file: letters and digits are kept, whatever a file system may refuse is not.
fn file_name(thread: &str, form: Form) -> String {
    let kept = |letter: char| if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
    let name: String = thread.chars().take(80).map(kept).collect();
    format!("thread-{name}.{}", form.ending())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_thread() {
        assert_eq!(file_name("A-16864", Form::Svg), "thread-A-16864.svg");
        assert_eq!(file_name("../etc/pass wd", Form::Json), "thread-..-etc-pass-wd.json");
    }
}
