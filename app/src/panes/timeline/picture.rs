//! What the timeline draws, fetched by a job: for each lane its density and, where there are few, its events.
//!
//! A picture holds more than the view (a width on either side), so that panning finds something at once while the next
//! picture is on its way.

use super::axis::Stretch;
use super::bars::Bins;
use super::lanes::LaneKey;

/// An event as the timeline knows it; the lane knows the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventMark {
    /// Its time.
    pub time_ns: i64,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

/// One lane's part of a picture.
#[derive(Debug, Clone, Default)]
pub struct LanePicture {
    /// Density, one run of bins for each stretch between folds.
    pub parts: Vec<Bins>,
    /// The events around the view in order of time; `None` when there are too many to draw one by one.
    pub events: Option<Vec<EventMark>>,
    /// How many events are in view.
    pub in_view: u64,
    /// Times of events that the search matched, thinned to what can be told apart.
    pub matched: Vec<i64>,
    /// Stretches of time of which not everything was read.
    pub unread: Vec<Stretch>,
}

/// What the timeline shows of some lanes around a view.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The time that was asked for.
    pub view: Stretch,
    /// Whether counts are exact, or estimates that will be replaced.
    pub exact: bool,
    /// The lanes on the screen, sorted by key.
    pub lanes: Vec<(LaneKey, LanePicture)>,
    /// How many events are in view in all lanes, also in those that the list of lanes is scrolled away from.
    pub in_view: u64,
}

impl Picture {
    /// A lane's part.
    pub fn lane(&self, key: &LaneKey) -> Option<&LanePicture> {
        let at = self.lanes.binary_search_by(|(lane, _)| lane.cmp(key)).ok()?;
        Some(&self.lanes[at].1)
    }
}
