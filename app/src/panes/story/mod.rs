//! The story: the merged events of the chosen topics, one a row, over any number of them.
//!
//! A frame paints the rows at hand and asks a job ([`told`]) for those that are missing; it reads no event itself.
//! [`scroll`] counts rows, not pixels, so that a hundred million of them scroll as well as a hundred.

mod act;
mod columns;
mod fields;
mod head_ui;
mod keys;
mod load;
pub mod row;
mod row_ui;
mod rows_ui;
pub mod scroll;
pub(in crate::panes) mod scroll_bar_ui;
mod told;

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::Ui;
use fabula_core::event::Coordinates;
use fabula_core::narrative::Narrative;

use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::jobs::{Job, Title};
use crate::state::{Order, Selection, State};
use crate::theme::widgets;

pub use load::kind_of_event;

use columns::Place;
use row::StoryRow;
use scroll::{Extent, Scroll};
use told::{Dress, Fetched, Goal, Request, Telling, Wanted};

/// The story: the merged events, one a row.
#[derive(Default)]
pub struct Story {
    at_hand: Option<AtHand>,
    fetching: Option<Job<Fetched>>,
    /// A place that a person asked for, still to be fetched.
    goal: Option<Goal>,
    /// Whether the goal, once found, becomes the selection.
    goal_selects: bool,
    scroll: Scroll,
    /// How the list was seen in the last frame.
    extent: Extent,
    /// The selected event's rank, where it is known.
    selected: Option<(Coordinates, u64)>,
    widths: BTreeMap<Place, f32>,
    /// A segment that could not be read, in a line.
    damage: Option<String>,
    /// The story before it was turned around.
    order: Order,
}

/// The rows that can be painted.
struct AtHand {
    telling: Telling,
    dress: Dress,
    narrative: Narrative,
    first: u64,
    rows: Vec<StoryRow>,
}

impl AtHand {
    fn row(&self, rank: u64) -> Option<&StoryRow> {
        self.rows.get(usize::try_from(rank.checked_sub(self.first)?).ok()?)
    }

    fn rank_of(&self, at: &Coordinates) -> Option<u64> {
        let place = self
            .rows
            .iter()
            .position(|row| row.offset == at.offset && row.partition == at.partition && row.topic == at.topic)?;
        Some(self.first + place as u64)
    }
}

impl Story {
    fn len(&self) -> u64 {
        self.at_hand.as_ref().map_or(0, |at_hand| at_hand.narrative.len())
    }

    /// The rank of a row of the list, and the other way round: the newest may come first.
    fn turned(&self, row: u64) -> u64 {
        turned(self.order, self.len(), row)
    }

    /// What is to be told now; `None` without a log.
    fn telling(state: &State) -> Option<Telling> {
        let snapshot = state.log.snapshot.as_ref()?;
        let filter = state.search.found.as_ref().filter(|_| state.search.filters);
        Some(Telling {
            generation: state.log.generation,
            version: snapshot.version,
            topics: state.document.shown.iter().cloned().collect(),
            filter: filter.map(|found| found.version),
        })
    }

    fn dress(state: &State) -> Dress {
        let found = state.search.found.as_ref();
        Dress {
            columns: state.document.columns.clone(),
            literals: found.map_or_else(|| Arc::from([]), |found| Arc::clone(&found.literals)),
            formats: state.formats.clone(),
            marks: found.map_or(0, |found| found.version),
        }
    }

    /// What the next fetch should bring; `None` if what is at hand will do.
    fn wanted(&self, telling: &Telling, dress: &Dress, state: &State) -> Option<Wanted> {
        if let Some(goal) = &self.goal {
            return Some(Wanted::Goal(goal.clone()));
        }
        let Some(at_hand) = &self.at_hand else { return Some(Wanted::Around(0)) };
        let shown = self.shown_ranks();
        if at_hand.telling != *telling {
            let same_story = at_hand.telling.generation == telling.generation;
            if state.follow && same_story {
                return Some(Wanted::End);
            }
            let top = self.turned(self.scroll.top);
            return Some(match at_hand.row(top).filter(|_| same_story) {
                Some(row) => Wanted::Kept(coordinates(row), top),
                None => Wanted::Around(if same_story { shown.start } else { 0 }),
            });
        }
        let held = at_hand.first..at_hand.first + at_hand.rows.len() as u64;
        // A segment that can't be read leaves nothing at hand, and asking again would not help.
        let is_held =
            held.contains(&shown.start) && shown.end <= held.end || shown.is_empty() || at_hand.rows.is_empty();
        (!is_held || at_hand.dress != *dress).then(|| Wanted::Around(shown.start.midpoint(shown.end)))
    }

    /// The ranks on the screen.
    fn shown_ranks(&self) -> std::ops::Range<u64> {
        let rows = self.scroll.rows(self.extent);
        match self.order {
            Order::OldestFirst => rows,
            Order::NewestFirst => self.len().saturating_sub(rows.end)..self.len().saturating_sub(rows.start),
        }
    }

    fn fetch(&mut self, context: &Context<'_>) {
        let state = context.state;
        let (Some(telling), Some(snapshot)) = (Self::telling(state), state.log.snapshot.clone()) else {
            self.at_hand = None;
            self.fetching = None;
            return;
        };
        let dress = Self::dress(state);
        if self.fetching.is_some() {
            return;
        }
        let Some(wanted) = self.wanted(&telling, &dress, state) else { return };
        let made = self.at_hand.as_ref().filter(|at_hand| at_hand.telling == telling);
        let matches = state.search.found.as_ref().map(|found| Arc::clone(&found.matches));
        let request = Request {
            filter: telling.filter.and(matches.clone()),
            matches,
            narrative: made.map(|at_hand| at_hand.narrative.clone()),
            telling,
            snapshot,
            dress,
            wanted,
        };
        self.fetching = Some(context.jobs.spawn_blocking(Title::quiet("Story"), move |_| told::fetch(request)));
    }

    fn take_in(&mut self, context: &Context<'_>) {
        let Some(job) = &mut self.fetching else { return };
        let lost = job.is_lost();
        let Some(fetched) = job.poll() else {
            if lost {
                self.fetching = None;
            }
            return;
        };
        self.fetching = None;
        if Some(fetched.telling.generation) != Some(context.state.log.generation) {
            return;
        }
        let Fetched { telling, dress, narrative, first, rows, landed, wanted, damage } = fetched;
        let len = narrative.len();
        let was_len = self.len();
        self.damage = damage.map(|damage| damage.to_string());
        if self.selected.is_some() && self.at_hand.as_ref().is_none_or(|at_hand| at_hand.telling != telling) {
            self.selected = None;
        }
        self.at_hand = Some(AtHand { telling, dress, narrative, first, rows });
        self.extent.rows = len;
        match wanted {
            Wanted::Goal(goal) => self.arrive(&goal, landed, context),
            Wanted::End => self.scroll = self.newest(),
            Wanted::Kept(_, rank) => {
                // What was at the top moves with the events that came or were sorted in above it.
                let before = turned(self.order, was_len, rank);
                let now = turned(self.order, len, landed.unwrap_or(rank));
                let top = self.scroll.top.saturating_add(now).saturating_sub(before);
                self.scroll = Scroll { top, ..self.scroll }.held(self.extent);
            }
            Wanted::Around(_) => self.scroll = self.scroll.held(self.extent),
        }
        self.find_selected(context.state);
    }

    /// The scroll at which the newest event is seen.
    fn newest(&self) -> Scroll {
        match self.order {
            Order::OldestFirst => Scroll::at_end(self.extent),
            Order::NewestFirst => Scroll::default(),
        }
    }

    /// Looks whether the selected event is among the rows at hand.
    fn find_selected(&mut self, state: &State) {
        let Some(selection) = &state.selection else {
            self.selected = None;
            return;
        };
        if self.selected.as_ref().is_some_and(|(at, _)| *at == selection.coordinates) {
            return;
        }
        self.selected = self
            .at_hand
            .as_ref()
            .and_then(|at_hand| at_hand.rank_of(&selection.coordinates))
            .map(|rank| (selection.coordinates.clone(), rank));
    }

    /// A goal was found, or is not in the story.
    fn arrive(&mut self, goal: &Goal, landed: Option<u64>, context: &Context<'_>) {
        if self.goal.as_ref() != Some(goal) {
            return; // a newer one was asked for meanwhile
        }
        self.goal = None;
        let Some(rank) = landed else {
            if self.goal_selects {
                context.send(Command::Notify(goal_missing(goal).to_owned()));
            }
            return;
        };
        let row = self.turned(rank);
        self.scroll = if self.scroll.rows(self.extent).contains(&row) {
            self.scroll.revealing(row, self.extent)
        } else {
            Scroll::centring(row, self.extent)
        };
        if let Some(event) = self.at_hand.as_ref().and_then(|at_hand| at_hand.row(rank)) {
            let selection = selection_of(event);
            self.selected = Some((selection.coordinates.clone(), rank));
            if std::mem::take(&mut self.goal_selects) {
                context.send(Command::Select(Some(selection)));
            }
        }
    }
}

/// The row of a rank in a story of so many events, or the rank of a row.
fn turned(order: Order, len: u64, row: u64) -> u64 {
    match order {
        Order::OldestFirst => row,
        Order::NewestFirst => len.saturating_sub(1).saturating_sub(row),
    }
}

fn goal_missing(goal: &Goal) -> &'static str {
    match goal {
        Goal::Match { .. } => "Nothing was found yet to go to",
        Goal::Event(_) => "That event is not in the story: its topic is hidden, or it was not read",
        _ => "The story is empty",
    }
}

/// A row's event, as all panes know it.
fn selection_of(row: &StoryRow) -> Selection {
    Selection { coordinates: coordinates(row), time_ns: row.time_ns }
}

fn coordinates(row: &StoryRow) -> Coordinates {
    Coordinates { topic: row.topic.clone(), partition: row.partition, offset: row.offset }
}

impl Pane for Story {
    fn update(&mut self, context: &Context<'_>) {
        self.take_in(context);
        self.fetch(context);
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        self.hear(command, context);
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        head_ui::facts_ui(ui, self, context);
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if context.state.log.snapshot.is_none() || context.state.document.shown.is_empty() {
            widgets::empty_state(
                ui,
                "No events to show",
                "Choose topics in the catalogue; their events are merged here in time order",
                None,
            );
            return;
        }
        ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
        if let Some(damage) = &self.damage {
            widgets::error_line(ui, damage);
        }
        let placed = head_ui::head_ui(ui, self, context);
        if self.at_hand.is_some() && self.len() == 0 {
            self.nothing_ui(ui, context);
        } else {
            rows_ui::rows_ui(ui, self, &placed, context);
        }
    }
}

impl Story {
    /// What stands where rows would, when there are none.
    fn nothing_ui(&self, ui: &mut Ui, context: &Context<'_>) {
        let state = context.state;
        if let Some(found) = state.search.found.as_ref().filter(|_| state.search.filters) {
            let (title, hint) = if found.report.is_complete() {
                (
                    "Nothing matches",
                    format!("{} were looked at, all there are", figures::of(found.report.scanned, "event")),
                )
            } else {
                ("Nothing found yet", format!("{} looked at so far", figures::of(found.report.scanned, "event")))
            };
            if widgets::empty_state(ui, title, &hint, Some("Clear the search")) {
                context.send(Command::ClearSearch);
            }
        } else {
            widgets::empty_state(
                ui,
                "No events yet",
                "What is read of the chosen topics appears here as it arrives",
                None,
            );
        }
    }
}
