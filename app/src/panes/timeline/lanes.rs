//! Lanes: which stand where. Thousands can be listed; only those on the screen are laid out.

use fabula_core::event::{TopicName, TopicPartition};

/// The height of a lane.
pub const LANE_HEIGHT: f32 = 48.0;
/// The height of a lane when there are more than fit: a line of text and a row of marks.
pub const DENSE_LANE_HEIGHT: f32 = 28.0;
/// The width of the labels' column.
pub const LABEL_WIDTH: f32 = 184.0;

/// What a lane stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LaneKey {
    /// Every event of a topic.
    Topic(TopicName),
    /// Every event of one partition.
    Partition(TopicPartition),
}

impl LaneKey {
    /// The topic that the lane's events are of, which gives the lane its colour.
    pub fn topic(&self) -> &TopicName {
        match self {
            Self::Topic(topic) => topic,
            Self::Partition(partition) => &partition.topic,
        }
    }

    /// What the lane's label says.
    pub fn label(&self) -> String {
        match self {
            Self::Topic(topic) => topic.to_string(),
            Self::Partition(partition) => format!("{} · {}", partition.topic, partition.partition),
        }
    }

    /// Whether an event of a topic's partition is in the lane.
    pub fn holds(&self, topic: &str, partition: i32) -> bool {
        match self {
            Self::Topic(own) => **own == *topic,
            Self::Partition(own) => *own.topic == *topic && own.partition == partition,
        }
    }
}

/// How a story is cut into lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LanesBy {
    /// A lane for each topic.
    #[default]
    Topic,
    /// A lane for each partition.
    Partition,
}

/// Puts pinned lanes first, each group in its own order.
pub fn pinned_first(lanes: &mut [LaneKey], pinned: &std::collections::BTreeSet<TopicName>) -> usize {
    lanes.sort_by_key(|lane| !pinned.contains(lane.topic()));
    lanes.iter().take_while(|lane| pinned.contains(lane.topic())).count()
}

/// A lane's place on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// Which lane, as an index into the list of lanes.
    pub lane: usize,
    /// Its upper edge.
    pub top: f32,
    /// Its height.
    pub height: f32,
    /// Whether it stands still while the others scroll.
    pub pinned: bool,
}

/// The lanes' column: how many there are, how many of them are pinned, and how far the others are scrolled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// How many lanes there are.
    pub lanes: usize,
    /// How many of them, from the first, are pinned.
    pub pinned: usize,
    /// The upper edge of the column.
    pub top: f32,
    /// Its height.
    pub height: f32,
    /// How far the lanes that aren't pinned are scrolled, in pixels.
    pub scroll: f64,
}

impl Column {
    /// How high a lane is: roomy where all fit, dense where they don't.
    pub fn lane_height(&self) -> f32 {
        if self.lanes as f32 * LANE_HEIGHT <= self.height { LANE_HEIGHT } else { DENSE_LANE_HEIGHT }
    }

    /// The furthest that the column can be scrolled.
    pub fn furthest(&self) -> f64 {
        (self.lanes as f64 * f64::from(self.lane_height()) - f64::from(self.height)).max(0.0)
    }

    /// Where the lanes that aren't pinned begin.
    pub fn scrolled_top(&self) -> f32 {
        self.top + self.pinned_shown() as f32 * self.lane_height()
    }

    /// Pinned lanes never take more than half of the column.
    fn pinned_shown(&self) -> usize {
        self.pinned.min((self.height / self.lane_height() / 2.0).floor() as usize)
    }

    /// The lanes on the screen, from above to below.
    pub fn placed(&self) -> Vec<Placed> {
        let height = self.lane_height();
        let pinned = self.pinned_shown();
        let mut placed: Vec<Placed> = (0..pinned)
            .map(|lane| Placed { lane, top: self.top + lane as f32 * height, height, pinned: true })
            .collect();
        let scroll = self.scroll.clamp(0.0, self.furthest());
        let first = (scroll / f64::from(height)).floor() as usize;
        let hidden = (scroll - first as f64 * f64::from(height)) as f32;
        let mut top = self.scrolled_top() - hidden;
        let mut lane = pinned + first;
        while lane < self.lanes && top < self.top + self.height {
            placed.push(Placed { lane, top, height, pinned: false });
            top += height;
            lane += 1;
        }
        placed
    }

    /// The scroll at which a lane can be seen, moving as little as it takes.
    pub fn reveal(&self, lane: usize) -> f64 {
        let height = f64::from(self.lane_height());
        let pinned = self.pinned_shown();
        if lane < pinned {
            return self.scroll;
        }
        let top = (lane - pinned) as f64 * height;
        let room = f64::from(self.height) - pinned as f64 * height;
        self.scroll.clamp((top + height - room).max(0.0), top.max(0.0)).min(self.furthest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(lanes: usize, pinned: usize, scroll: f64) -> Column {
        Column { lanes, pinned, top: 100.0, height: 400.0, scroll }
    }

    #[test]
    fn only_lanes_on_the_screen_are_laid_out() {
        let placed = column(40_000, 0, 500_000.0).placed();
        assert!(placed.len() <= 16, "{}", placed.len());
        assert!(placed[0].top <= 100.0 && placed[0].top + placed[0].height > 100.0);
    }

    #[test]
    fn a_few_lanes_are_roomy_and_many_are_dense() {
        assert_eq!(column(8, 0, 0.0).lane_height(), LANE_HEIGHT);
        assert_eq!(column(9, 0, 0.0).lane_height(), DENSE_LANE_HEIGHT);
    }

    #[test]
    fn pinned_lanes_stand_still() {
        for scroll in [0.0, 10.0, 4_000.0] {
            let placed = column(1_000, 2, scroll).placed();
            assert_eq!((placed[0].lane, placed[0].top), (0, 100.0));
            assert_eq!((placed[1].lane, placed[1].top), (1, 128.0));
            assert!(placed[2..].iter().all(|lane| lane.lane >= 2 && !lane.pinned));
        }
    }

    #[test]
    fn the_last_lane_can_be_reached() {
        let mut all = column(1_000, 3, 0.0);
        all.scroll = all.furthest();
        let last = *all.placed().last().unwrap();
        assert_eq!(last.lane, 999);
        assert!((last.top + last.height - 500.0).abs() < 0.5, "{last:?}");
    }

    #[test]
    fn revealing_a_lane_puts_it_on_the_screen() {
        for lane in [0, 5, 17, 500, 999] {
            let mut all = column(1_000, 3, 9_000.0);
            all.scroll = all.reveal(lane);
            let found = all.placed().into_iter().find(|placed| placed.lane == lane).unwrap();
            assert!(found.top >= 99.0 && found.top + found.height <= 501.0, "{found:?}");
        }
    }

    #[test]
    fn pinned_lanes_come_first_and_keep_their_order() {
        let mut lanes: Vec<LaneKey> = ["a", "b", "c", "d"].map(|name| LaneKey::Topic(name.into())).into();
        let pinned = ["d".into(), "b".into()].into();
        assert_eq!(pinned_first(&mut lanes, &pinned), 2);
        let names: Vec<String> = lanes.iter().map(LaneKey::label).collect();
        assert_eq!(names, ["b", "d", "a", "c"]);
    }
}
