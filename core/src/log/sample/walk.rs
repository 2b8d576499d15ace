//! Going through the chapters in the order of appending, giving each step its offset.

use rustc_hash::FxHashMap;

use super::outline::Outline;
use super::plot::{LONGEST_MEMORY_MS, LONGEST_STORY_MS, Plot};
use super::shop::{LANES, TOPICS, Topic};
use super::step::{Step, pointed_to_by};

/// Where a step lies: what a later step of the same story may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) lane: u8,
    pub(super) offset: i64,
    pub(super) stamp_ms: i32,
}

/// A step with its offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) step: Step,
    pub(super) offset: i64,
    /// The earlier step of the story that this one points back to or repeats.
    pub(super) origin: Option<Place>,
}

/// Which lanes are walked.
pub(super) type Lanes = [bool; LANES];

/// A walk through the chapters. Memory is that of one chapter's steps and of those that reach past it.
pub(super) struct Walk<'p> {
    plot: &'p Plot,
    walked: Lanes,
    /// The chapter that comes next.
    chapter: u32,
    /// Steps thought up and not yet appended, by lane.
    pending: Vec<Vec<Step>>,
    /// The next offset of each lane.
    offsets: [i64; LANES],
    /// Places that a later step will tell of, by chapter and story.
    remembered: FxHashMap<(u32, u32), Place>,
    told: Vec<Step>,
}

impl<'p> Walk<'p> {
    /// A walk that begins with `chapter`, through lanes and those that their events point back to.
    pub(super) fn from(plot: &'p Plot, outline: &Outline, chapter: u32, mut lanes: Lanes) -> Self {
        for (topic, back) in [Topic::WebClicksDlq, Topic::PaymentsDlt].map(|topic| (topic, pointed_to_by(topic))) {
            if topic.lanes().any(|lane| lanes[lane]) {
                back.into_iter().flat_map(Topic::lanes).for_each(|lane| lanes[lane] = true);
            }
        }
        let day = &plot.day;
        let remembered_from = day.chapter_at(day.start_ms(chapter).saturating_sub(LONGEST_MEMORY_MS));
        let told_from = day.chapter_at(day.start_ms(remembered_from).saturating_sub(LONGEST_STORY_MS));
        let mut walk = Self {
            plot,
            walked: lanes,
            chapter: remembered_from,
            pending: vec![Vec::new(); LANES],
            offsets: std::array::from_fn(|lane| outline.start(remembered_from, lane)),
            remembered: FxHashMap::default(),
            told: Vec::new(),
        };
        for earlier in told_from..remembered_from {
            walk.think_up(earlier, day.start_ms(remembered_from));
        }
        while walk.chapter < chapter {
            walk.next_chapter(|_, _| {});
        }
        walk
    }

    /// Puts the steps of a chapter's stories that are appended at `from_ms` or later with the pending ones.
    fn think_up(&mut self, chapter: u32, from_ms: i32) {
        self.told.clear();
        self.plot.tell(chapter, &mut self.told);
        for step in &self.told {
            let lane = usize::from(step.lane);
            if self.walked[lane] && step.at_ms() >= from_ms {
                self.pending[lane].push(*step);
            }
        }
    }

    /// The chapter that [`Walk::next_chapter`] will go through; `None` at the end.
    pub(super) fn chapter(&self) -> Option<u32> {
        (self.chapter < self.plot.chapters()).then_some(self.chapter)
    }

    /// Goes through one chapter: hands over every step of the lanes walked, lane by lane, in offset order.
    pub(super) fn next_chapter(&mut self, mut seen: impl FnMut(usize, Placed)) {
        self.think_up(self.chapter, i32::MIN);
        let end_ms = self.plot.day.start_ms(self.chapter + 1);
        for lane in 0..LANES {
            let mut steps = std::mem::take(&mut self.pending[lane]);
            steps.sort_unstable_by_key(Step::order);
            let ripe = steps.partition_point(|step| step.at_ms() < end_ms);
            for &step in &steps[..ripe] {
                let placed = self.place(lane, step);
                seen(lane, placed);
            }
            steps.drain(..ripe);
            self.pending[lane] = steps;
        }
        self.chapter += 1;
    }

    fn place(&mut self, lane: usize, step: Step) -> Placed {
        let offset = self.offsets[lane];
        self.offsets[lane] += 1;
        let story = (step.chapter(), step.story);
        let origin =
            if step.kind.points_back() || step.mark.is_repeated() { self.remembered.remove(&story) } else { None };
        if step.mark.is_recalled() {
            self.remembered.insert(story, Place { lane: lane as u8, offset, stamp_ms: step.stamp_ms });
        }
        Placed { step, offset, origin }
    }
}

/// Every lane of every topic.
pub(super) fn all_lanes() -> Lanes {
    debug_assert_eq!(TOPICS.iter().map(|topic| usize::from(topic.partitions)).sum::<usize>(), LANES);
    [true; LANES]
}
