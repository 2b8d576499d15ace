//! The rest of the day's traffic: visits to the shop, and series that run beside it.

use super::day::{IncidentKind, WINDOWS, window};
use super::dice::{Dice, blend};
use super::order::{write_customer_key, write_session_key};
use super::partitioner::murmur2;
use super::plot::Plot;
use super::shop::Topic;
use super::step::{Draft, Kind, Mark, Step};

/// The session of the scraper: the hot key.
pub(super) const SCRAPER: u64 = 0x0BAD_5C4A_9E40;

/// The longest time from a visit's first step to its last.
pub(super) const LONGEST_MS: i32 = 9 * 45_000;

/// How a visit's key is: sessions that did not agree to be followed have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VisitKey {
    Session,
    Null,
    Empty,
}

/// What does not change from click to click of a visit. Drawn again for each event that is written.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) identity: u64,
    pub(super) session: u64,
    pub(super) key: VisitKey,
    start_ms: i32,
    struck: Option<IncidentKind>,
}

impl Visit {
    /// The visit that is a chapter's `story`th story; `chosen` is the incident that it is made for.
    pub(super) fn draw(plot: &Plot, chapter: u32, story: u32, chosen: Option<IncidentKind>) -> Self {
        let identity = blend(plot.seed, u64::from(chapter), u64::from(story));
        let mut dice = Dice::new(identity);
        let chance = dice.bits() as u32;
        let moment = plot.day.moment(chapter, chance);
        let start_ms = chosen.map_or(moment, |kind| window(kind).from_ms);
        let fate = dice.below(1000);
        let falls = |kind: IncidentKind, often: u32| window(kind).holds(start_ms) && fate < often;
        let struck = chosen.or_else(|| {
            [(IncidentKind::HotKey, 60), (IncidentKind::Undecodable, 150), (IncidentKind::Late, 120)]
                .into_iter()
                .find_map(|(kind, often)| falls(kind, often).then_some(kind))
        });
        let key = match (struck, dice.below(100)) {
            (None, 0..10) => VisitKey::Null,
            (None, 10) => VisitKey::Empty,
            _ => VisitKey::Session,
        };
        let session = if struck == Some(IncidentKind::HotKey) { SCRAPER } else { dice.bits() };
        Self { identity, session, key, start_ms, struck }
    }

    /// The visit that a step is a click of.
    pub(super) fn of(plot: &Plot, step: &Step) -> Self {
        let struck = match step.kind {
            Kind::AppResumed => Some(IncidentKind::Late),
            Kind::ClickRejected => Some(IncidentKind::Undecodable),
            _ => step.mark.incident().map(|at| WINDOWS[at].kind),
        };
        Self::draw(plot, step.chapter(), step.story, struck)
    }

    /// Thinks up the clicks of the visit, at most so many.
    pub(super) fn tell(&self, most: usize, draft: &mut Draft<'_>) {
        let mut key = Vec::with_capacity(16);
        let mut dice = Dice::new(self.identity ^ 0xD1CE);
        let hash = match self.key {
            VisitKey::Session => murmur2(write_session_key(&mut key, self.session)),
            VisitKey::Empty => murmur2(b""),
            VisitKey::Null => dice.bits() as u32, // the producer chooses, and stays with it for a batch
        };
        let lane = Topic::WebClicks.lane_of(hash);
        match self.struck {
            Some(IncidentKind::HotKey) => self.scrape(lane, most, &mut dice, draft),
            Some(IncidentKind::Late) => self.catch_up(lane, most, &mut dice, draft),
            Some(IncidentKind::Undecodable) if most >= 2 => self.garble(lane, &mut dice, draft),
            _ => self.browse(lane, most, &mut dice, draft),
        }
    }

    fn browse(&self, lane: u8, most: usize, dice: &mut Dice, draft: &mut Draft<'_>) {
        let clicks = (dice.below(9) as usize + 1).min(most);
        let mut at_ms = self.start_ms;
        for turn in 0..clicks as u8 {
            let kind = match dice.below(200) {
                0..90 => Kind::PageViewed,
                90..170 => Kind::ProductViewed,
                170..199 => Kind::BasketChanged,
                _ => Kind::Beacon,
            };
            draft.add(kind, turn, lane, at_ms, Mark::default());
            at_ms += dice.latency(900, 45_000);
        }
    }

    fn scrape(&self, lane: u8, most: usize, dice: &mut Dice, draft: &mut Draft<'_>) {
        let mut at_ms = self.start_ms;
        // A small chapter keeps room for its other incidents.
        for turn in 0..(most / 2).clamp(1, 24) as u8 {
            draft.add(Kind::ProductViewed, turn, lane, at_ms, Mark::of(IncidentKind::HotKey));
            at_ms += dice.between(20, 120);
        }
    }

    /// The phone is online again: first the click of now, then those that it had kept.
    fn catch_up(&self, lane: u8, most: usize, dice: &mut Dice, draft: &mut Draft<'_>) {
        draft.add(Kind::AppResumed, 0, lane, self.start_ms, Mark::default());
        let mut happened_ms = self.start_ms - dice.between(25 * 60_000, 60 * 60_000);
        for turn in 1..most.min(6) as u8 {
            let appended_ms = self.start_ms + i32::from(turn) * 4;
            draft.add_stamped(Kind::PageViewed, turn, lane, appended_ms, happened_ms, Mark::of(IncidentKind::Late));
            happened_ms += dice.latency(2_000, 120_000);
        }
    }

    fn garble(&self, lane: u8, dice: &mut Dice, draft: &mut Draft<'_>) {
        let mark = Mark::of(IncidentKind::Undecodable);
        draft.add(Kind::Garbled, 0, lane, self.start_ms, mark.recalled());
        let set_aside = self.start_ms + dice.latency(300, 2_000);
        draft.add(Kind::ClickRejected, 0, Topic::WebClicksDlq.plan().first_lane, set_aside, Mark::default());
    }
}

/// One event of the series beside the shop's own stories.
pub(super) fn tell_aside(plot: &Plot, chapter: u32, draft: &mut Draft<'_>) {
    let mut dice = Dice::new(blend(plot.seed, u64::from(chapter), u64::from(draft.story)));
    let at_ms = plot.day.moment(chapter, dice.bits() as u32);
    let (kind, lane) = match dice.below(100) {
        0..72 => (Kind::LatencyMeasured, Topic::PageLatency.plan().first_lane),
        72..82 => (Kind::RateQuoted, Topic::FxRates.plan().first_lane),
        change => {
            let customer = aside_customer(plot, chapter, draft.story);
            let hash = murmur2(write_customer_key(&mut Vec::with_capacity(16), customer));
            let kind = if change < 97 { Kind::CustomerMoved } else { Kind::CustomerErased };
            (kind, Topic::Customers.lane_of(hash))
        }
    };
    draft.add(kind, 0, lane, at_ms, Mark::default());
}

/// The customer that a story beside the others is about.
pub(super) fn aside_customer(plot: &Plot, chapter: u32, story: u32) -> u32 {
    Dice::new(!blend(plot.seed, u64::from(chapter), u64::from(story))).below(plot.customers)
}
