//! What the story makes of commands, and of rows that are pointed at.

use super::scroll::Scroll;
use super::told::Goal;
use super::{Story, selection_of};
use crate::command::Command;
use crate::panes::Context;
use crate::state::{Order, Selection};

impl Story {
    /// Hears a command, after the state has taken it.
    pub(super) fn hear(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::GoToMoment(ns) => self.seek(Goal::Moment(*ns), true),
            Command::GoToEvent(at) => self.seek(Goal::Event(at.clone()), true),
            Command::NextEvent => self.step(1, context),
            Command::PreviousEvent => self.step(-1, context),
            Command::FirstEvent => self.seek(Goal::First, true),
            Command::LastEvent => self.seek(Goal::Last, true),
            Command::NextMatch | Command::PreviousMatch => {
                let from = context.state.selection.as_ref().map(|selection| selection.coordinates.clone());
                self.seek(Goal::Match { from, forward: *command == Command::NextMatch }, true);
            }
            Command::Select(Some(selection)) => self.reveal(selection),
            Command::Select(None) => self.selected = None,
            Command::ToggleOrder => self.turn(context.state.order),
            Command::ToggleFollow if context.state.follow => self.scroll = self.newest(),
            _ => {}
        }
    }

    /// Sets out for a place; what was asked for before is forgotten.
    fn seek(&mut self, goal: Goal, selects: bool) {
        self.goal = Some(goal);
        self.goal_selects = selects;
        // The fetch under way is for another place, and dropping it ends it.
        self.fetching = None;
    }

    /// Selects the event so many after the selected one in time, at once if it is at hand.
    pub(super) fn step(&mut self, by: i64, context: &Context<'_>) {
        let Some(selection) = &context.state.selection else {
            let top = self.turned(self.scroll.top);
            self.seek(Goal::Rank(top), true);
            return;
        };
        // Steps that come quicker than the window's rows count from where the last one leads.
        if let Some(Goal::Step(from, steps)) = self.goal.as_ref().filter(|_| self.goal_selects) {
            let goal = Goal::Step(from.clone(), steps + by);
            self.seek(goal, true);
            return;
        }
        let known = self.selected.as_ref().filter(|(at, _)| *at == selection.coordinates).map(|(_, rank)| *rank);
        let next = known.and_then(|rank| {
            let rank = rank.saturating_add_signed(by).min(self.len().saturating_sub(1));
            self.at_hand.as_ref()?.row(rank).map(|row| (rank, selection_of(row)))
        });
        match next {
            Some((rank, selection)) => self.choose(rank, selection, context),
            None => self.seek(Goal::Step(selection.coordinates.clone(), by), true),
        }
    }

    /// Moves the selection down the list (up if negative) by rows, whichever way the story is told.
    pub(super) fn step_down(&mut self, rows: i64, context: &Context<'_>) {
        let by = if self.order == Order::OldestFirst { rows } else { -rows };
        self.step(by, context);
    }

    /// Selects a row at hand and keeps it in sight.
    pub(super) fn choose(&mut self, rank: u64, selection: Selection, context: &Context<'_>) {
        self.selected = Some((selection.coordinates.clone(), rank));
        self.scroll = self.scroll.revealing(self.turned(rank), self.extent);
        context.send(Command::Select(Some(selection)));
    }

    /// Brings an event into sight that was selected elsewhere.
    fn reveal(&mut self, selection: &Selection) {
        if self.selected.as_ref().is_some_and(|(at, _)| *at == selection.coordinates) {
            return;
        }
        match self.at_hand.as_ref().and_then(|at_hand| at_hand.rank_of(&selection.coordinates)) {
            Some(rank) => {
                let row = self.turned(rank);
                self.selected = Some((selection.coordinates.clone(), rank));
                let is_shown = self.scroll.rows(self.extent).contains(&row);
                self.scroll =
                    if is_shown { self.scroll.revealing(row, self.extent) } else { Scroll::centring(row, self.extent) };
            }
            None => self.seek(Goal::Event(selection.coordinates.clone()), false),
        }
    }

    /// Turns the story around; what was in the middle stays there.
    fn turn(&mut self, order: Order) {
        if self.order == order {
            return;
        }
        let middle =
            self.turned(self.scroll.top.saturating_add(self.extent.page() / 2).min(self.len().saturating_sub(1)));
        self.order = order;
        let at = self.selected.as_ref().map_or(middle, |(_, rank)| *rank);
        self.scroll = Scroll::centring(self.turned(at), self.extent);
    }
}
