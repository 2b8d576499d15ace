//! What the sample is made of: so many events, from such a seed, in so many chapters.
//!
//! A chapter owns exactly its share of the events: its orders first, then series beside them, then as many visits as are
//! needed. So the whole has exactly as many events as asked for, and any chapter can be thought up without the others.

use super::day::{Day, IncidentKind, WINDOWS};
use super::order::{self, Order};
use super::shop::FixedLanes;
use super::step::{Draft, MOST_CHAPTERS, Step};
use super::visit::{self, Visit, tell_aside};

/// How far (in milliseconds) a story may reach past the chapter that it begins in.
pub(super) const LONGEST_STORY_MS: i32 =
    if order::LONGEST_MS > visit::LONGEST_MS { order::LONGEST_MS } else { visit::LONGEST_MS };

/// How far (in milliseconds) an event may lie behind the one that it tells the offset of.
pub(super) const LONGEST_MEMORY_MS: i32 = 5_000;

/// How many of a thousand events belong to orders, and to the series beside them.
const ORDERS_PER_MILLE: u64 = 420;
const ASIDES_PER_MILLE: u64 = 60;

/// Everything that the sample's content follows from.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) events: u64,
    pub(super) seed: u64,
    pub(super) day: Day,
    pub(super) lanes: FixedLanes,
    pub(super) customers: u32,
    /// How many order numbers each chapter has to itself.
    numbers: u64,
}

impl Plot {
    pub(super) fn new(events: u64, seed: u64) -> Self {
        let chapters = (events / 4096).clamp(16, u64::from(MOST_CHAPTERS) - 48);
        Self {
            events,
            seed,
            day: Day::new(chapters as u32),
            lanes: FixedLanes::new(),
            customers: (events / 100 + 40).min(50_000_000) as u32,
            numbers: events / chapters / 16 + 4,
        }
    }

    /// How many chapters there are.
    pub(super) fn chapters(&self) -> u32 {
        self.day.chapters()
    }

    /// How many events the chapter's stories have.
    pub(super) fn share(&self, chapter: u32) -> usize {
        let before = |chapter: u32| u128::from(self.events) * u128::from(chapter) / u128::from(self.chapters());
        (before(chapter + 1) - before(chapter)) as usize
    }

    /// The number of an order: no two have the same.
    pub(super) fn order_number(&self, chapter: u32, story: u32) -> u64 {
        10_000 + u64::from(chapter) * self.numbers + u64::from(story)
    }

    /// The incident for which a chapter's `number`th order (or visit) is made, so that each happens at least once.
    pub(super) fn chosen(&self, chapter: u32, orders: bool, number: u32) -> Option<IncidentKind> {
        if number as usize >= WINDOWS.len() {
            return None;
        }
        let (from, to) = (self.day.start_ms(chapter), self.day.start_ms(chapter + 1));
        WINDOWS
            .iter()
            .filter(|window| window.strikes_orders == orders && (from..to).contains(&window.from_ms))
            .nth(number as usize)
            .map(|window| window.kind)
    }

    /// Thinks up the steps of every story that begins in a chapter: as many as its share, in no order.
    pub(super) fn tell(&self, chapter: u32, steps: &mut Vec<Step>) {
        let share = self.share(chapter);
        steps.reserve(share);
        let mut draft = Draft::new(chapter, steps);
        let per_mille = |often: u64| (share as u64 * often / 1000) as usize;

        let for_orders = per_mille(ORDERS_PER_MILLE);
        while draft.len() + order::MOST_STEPS <= share
            && (draft.len() < for_orders || self.chosen(chapter, true, draft.story).is_some())
        {
            Order::draw(self, chapter, draft.story).tell(self, &mut draft);
            draft.story += 1;
        }
        let asides = draft.len() + per_mille(ASIDES_PER_MILLE);
        while draft.len() < asides.min(share) {
            tell_aside(self, chapter, &mut draft);
            draft.story += 1;
        }
        let mut visits = 0;
        while draft.len() < share {
            let left = share - draft.len();
            let chosen = self.chosen(chapter, false, visits).filter(|_| left >= 8);
            Visit::draw(self, chapter, draft.story, chosen).tell(left, &mut draft);
            draft.story += 1;
            visits += 1;
        }
    }
}
