//! The inspector: the chosen event with everything that is known about it.
//!
//! What it shows is loaded by jobs ([`load`]): a bounded preview first, then the whole value, decoded. It is painted as
//! one list of rows of which only those in sight are laid out, so that a value of twenty megabytes scrolls like one of
//! twenty bytes.

mod copy;
mod lines;
mod load;
mod parts;
mod readers;
mod same_key;
mod section_ui;
mod sheet;
mod tree;
mod tree_ui;
mod value_ui;

use std::sync::Arc;

use egui::Ui;
use fabula_core::event::Coordinates;
use fabula_core::store::Damage;

use super::{Context, Pane};
use crate::command::Command;
use crate::formats::Formats;
use crate::jobs::{Job, Title, Unit};
use crate::theme::icon::Icon;
use crate::theme::{tokens, widgets};

use copy::Copy;
use lines::Rows;
use load::{Body, Detail, Whole, load, load_whole};
use readers::Readers;
use same_key::SameKey;
use tree::Tree;

/// The inspector: the chosen event.
#[derive(Default)]
pub struct Inspector {
    shown: Option<Shown>,
    loading: Option<(Asked, Loading<Detail>)>,
    completing: Option<Loading<Arc<Whole>>>,
    copying: Option<(Copy, Job<Option<String>>)>,
    /// A text that waits for a frame to be put on the clipboard.
    copied: Option<(Copy, String)>,
    same_key: SameKey,
    readers: Readers,
    form: Form,
    /// What is wrong with the event, or with its value.
    failure: Option<String>,
    /// What could not be loaded, and from which version of the store: it is not asked for again in vain.
    failed: Option<(Asked, u64)>,
}

/// Something of an event on its way; `None` if the store does not hold the event.
type Loading<T> = Job<Result<Option<T>, Damage>>;

/// How the value is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Form {
    /// As a tree of its fields.
    #[default]
    Tree,
    /// As it lies in the log, as text.
    Text,
    /// Byte by byte.
    Hex,
}

/// What was asked for: when this changes, the event is loaded again.
#[derive(Clone)]
struct Asked {
    generation: u64,
    at: Coordinates,
    formats: Formats,
}

impl Asked {
    fn is_same(&self, other: &Self) -> bool {
        self.generation == other.generation && self.at == other.at && self.formats.is_same(&other.formats)
    }
}

/// The event that is shown, and how far a person opened it.
struct Shown {
    asked: Asked,
    detail: Detail,
    tree: Tree,
    rows: Rows,
}

impl Inspector {
    /// Whether nothing is being loaded.
    pub fn is_settled(&self) -> bool {
        self.loading.is_none() && self.completing.is_none() && !self.readers.is_busy()
    }

    fn load(&mut self, context: &Context<'_>) {
        let state = context.state;
        let (Some(selection), Some(snapshot)) = (&state.selection, &state.log.snapshot) else {
            (self.loading, self.completing, self.failure, self.failed) = (None, None, None, None);
            discard(self.shown.take(), context);
            return;
        };
        let asked = Asked {
            generation: state.log.generation,
            at: selection.coordinates.clone(),
            formats: state.formats.clone(),
        };
        let known = self.shown.as_ref().is_some_and(|shown| shown.asked.is_same(&asked))
            || self.loading.as_ref().is_some_and(|(loading, _)| loading.is_same(&asked));
        // An event that was not read yet may be there in the next snapshot; one that failed may be mended by then.
        let in_vain = self.failed.as_ref();
        if known || in_vain.is_some_and(|(failed, version)| failed.is_same(&asked) && *version == snapshot.version) {
            return;
        }
        self.completing = None;
        let (at, formats, snapshot) = (asked.at.clone(), asked.formats.clone(), Arc::clone(snapshot));
        let job = move |_: &crate::jobs::Progress| load(&at, &snapshot, &formats);
        self.failure = None;
        self.loading = Some((asked, context.jobs.spawn_blocking(Title::quiet("Event"), job)));
    }

    fn take_loaded(&mut self, context: &Context<'_>) {
        let Some((asked, job)) = &mut self.loading else { return };
        match job.poll() {
            Some(Ok(Some(detail))) => {
                let asked = asked.clone();
                self.loading = None;
                self.show(asked, detail, context);
            }
            Some(Ok(None)) => {
                let at = &asked.at;
                let why = format!("{at} is not in the store: it was not read, or the log has no such event");
                self.give_up(why, context);
            }
            Some(Err(damage)) => self.give_up(damage.to_string(), context),
            None if job.is_lost() => self.loading = None,
            None => {}
        }
    }

    fn give_up(&mut self, why: String, context: &Context<'_>) {
        let version = context.state.log.snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
        self.failed = self.loading.take().map(|(asked, _)| (asked, version));
        self.failure = Some(why);
        discard(self.shown.take(), context);
    }

    fn show(&mut self, asked: Asked, detail: Detail, context: &Context<'_>) {
        self.same_key.forget_unless(&detail);
        if let (Body::Beginning(_), Some(snapshot)) = (&detail.body, context.state.log.snapshot.clone()) {
            let (at, codec) = (asked.at.clone(), detail.formats.codecs.value.clone());
            let title = Title::listed(format!("Decoding {at}"), Unit::None);
            let job = move |_: &crate::jobs::Progress| load_whole(&at, &snapshot, &codec);
            self.completing = Some(context.jobs.spawn_blocking(title, job));
        }
        let tree = match &detail.body {
            Body::Whole(whole) => whole.tree.clone(),
            Body::Beginning(_) => Tree::default(),
        };
        discard(self.shown.replace(Shown { asked, detail, tree, rows: Rows::default() }), context);
    }

    fn take_whole(&mut self) {
        let Some(job) = &mut self.completing else { return };
        match job.poll() {
            Some(Ok(Some(whole))) => {
                if let Some(shown) = &mut self.shown {
                    shown.tree = whole.tree.clone();
                    shown.rows = Rows::default();
                    shown.detail.body = Body::Whole(whole);
                }
            }
            Some(Ok(None)) => {}
            Some(Err(damage)) => self.failure = Some(damage.to_string()),
            None if !job.is_lost() => return,
            None => {}
        }
        self.completing = None;
    }

    fn copy(&mut self, copy: Copy, context: &Context<'_>) {
        let state = context.state;
        let (Some(selection), Some(snapshot)) = (&state.selection, state.log.snapshot.clone()) else {
            context.send(Command::Notify("No event is chosen to copy".to_owned()));
            return;
        };
        let (at, formats) = (selection.coordinates.clone(), state.formats.clone());
        let job = move |_: &crate::jobs::Progress| {
            let id = snapshot.find(&at).ok()??;
            let stored = snapshot.event(id).ok()??;
            let codecs = formats.of(&at.topic, &snapshot).ok()?.codecs;
            Some(copy::text(copy, stored.get(), &codecs.key, &codecs.value))
        };
        self.copying = Some((copy, context.jobs.spawn_blocking(Title::quiet("Copy"), job)));
    }

    fn take_copied(&mut self, context: &Context<'_>) {
        let Some((copy, job)) = &mut self.copying else { return };
        match job.poll() {
            Some(Some(text)) => self.copied = Some((*copy, text)),
            Some(None) => context.send(Command::Notify("The event could not be read to be copied".to_owned())),
            None if !job.is_lost() => return,
            None => {}
        }
        self.copying = None;
    }

    /// Puts what was copied on the clipboard: only a frame can.
    fn hand_over(&mut self, ui: &Ui, context: &Context<'_>) {
        if let Some((copy, text)) = self.copied.take() {
            ui.ctx().copy_text(text);
            context.send(Command::Notify(format!("{} is on the clipboard", copy.name())));
        }
    }
}

/// Lets go of what was shown aside: to free a large value takes longer than a frame may.
fn discard(shown: Option<Shown>, context: &Context<'_>) {
    let Some(shown) = shown else { return };
    if shown.detail.value_len.is_some_and(|len| len > 1 << 20) {
        context.jobs.drop_aside(shown);
    }
}

impl Pane for Inspector {
    fn update(&mut self, context: &Context<'_>) {
        self.take_loaded(context);
        self.load(context);
        self.take_whole();
        self.take_copied(context);
        self.same_key.update(context);
        self.readers.update(context);
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::CopyJson => self.copy(Copy::Json, context),
            Command::CopyValue => self.copy(Copy::Value, context),
            Command::CopyKey => self.copy(Copy::Key, context),
            Command::CopyHeaders => self.copy(Copy::Headers, context),
            Command::NextOfKey => self.same_key.step(true, context),
            Command::PreviousOfKey => self.same_key.step(false, context),
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        self.hand_over(ui, context);
        if context.state.selection.is_none() {
            return;
        }
        let copy = widgets::icon_button(ui, Icon::Copy, "Copy…");
        egui::Popup::menu(&copy).show(|ui| {
            for (name, command) in [
                ("As JSON", Command::CopyJson),
                ("Value", Command::CopyValue),
                ("Key", Command::CopyKey),
                ("Headers", Command::CopyHeaders),
                ("kcat command", Command::CopyKcat),
                ("Coordinates", Command::CopyCoordinates),
            ] {
                let mut button = egui::Button::new(name);
                if let Some(keys) = command.keys() {
                    button = button.shortcut_text(keys);
                }
                if ui.add(button).clicked() {
                    context.send(command);
                    ui.close();
                }
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        self.hand_over(ui, context);
        ui.painter().rect_filled(ui.max_rect(), 0.0, tokens(ui).pane);
        if let Some(failure) = &self.failure {
            egui::Frame::new().inner_margin(8.0).show(ui, |ui| widgets::error_line(ui, failure));
        }
        match &mut self.shown {
            Some(shown) => section_ui::sections_ui(ui, shown, &mut self.form, (&self.same_key, &self.readers), context),
            None if context.state.selection.is_none() => {
                let hint = "Choose an event in the story or on the timeline to see its value, key and headers";
                widgets::empty_state(ui, "No event chosen", hint, None);
            }
            None => {}
        }
    }
}
