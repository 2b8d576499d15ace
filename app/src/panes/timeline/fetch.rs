//! The jobs that the timeline draws from: counting lanes, and making the picture of a view.

use std::collections::BTreeMap;
use std::sync::Arc;

use fabula_core::event::TopicName;
use fabula_core::store::{Damage, Density, EventId, Matches, PartitionSnapshot, Run, Snapshot};

use super::axis::{Folds, Stretch};
use super::bars::{Bins, level_for};
use super::lanes::{LaneKey, LanesBy};
use super::marks::is_far;
use super::picture::{EventMark, LanePicture, Picture};
use super::unread::unread;

/// The minimap's bins: more than pixels, so that it can be drawn at any width.
const OVERVIEW_BINS: i64 = 2_048;
/// More matches than this are drawn where their bins are, not one by one.
const MATCHES_DRAWN: usize = 2_000;

/// What was counted: while this is the same, so are the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CountKey {
    pub(super) generation: u64,
    pub(super) version: u64,
    pub(super) by: LanesBy,
    pub(super) topics: Vec<TopicName>,
    pub(super) found: Option<u64>,
}

/// The densities of every lane.
pub(super) struct Counted {
    pub(super) key: CountKey,
    pub(super) snapshot: Arc<Snapshot>,
    /// Sorted by key.
    pub(super) lanes: Vec<LaneCount>,
    pub(super) overview: Option<Bins>,
}

/// The density of one lane.
#[derive(Clone)]
pub(super) struct LaneCount {
    pub(super) key: LaneKey,
    pub(super) density: Density,
    pub(super) matched: Option<Density>,
    pub(super) unread: Vec<Stretch>,
}

impl Counted {
    pub(super) fn lane(&self, key: &LaneKey) -> Option<&LaneCount> {
        self.lanes.binary_search_by(|lane| lane.key.cmp(key)).ok().map(|at| &self.lanes[at])
    }

    /// How many events of each lane lie in a stretch.
    pub(super) fn count(&self, lanes: &[LaneKey], range: Stretch) -> Vec<u64> {
        let count = |key: &LaneKey| {
            let lane = self.lane(key)?;
            lane.density.count_between(range.from_ns, range.to_ns).ok()
        };
        lanes.iter().map(|key| count(key).unwrap_or(0)).collect()
    }

    /// The first event of a lane at or after a moment, within a stretch.
    pub(super) fn first_in(&self, key: &LaneKey, within: Stretch) -> Option<EventMark> {
        const MOST: usize = 1 << 16;
        let lane = self.lane(key)?;
        let events = lane.density.events_between(within.from_ns, within.to_ns, MOST).ok()??;
        let &(id, time_ns) = events.first()?;
        self.mark(id, time_ns)
    }

    fn mark(&self, id: EventId, time_ns: i64) -> Option<EventMark> {
        let segment = self.snapshot.segment(id.segment)?;
        let offset = *segment.events().ok()?.offsets().get(id.row as usize)?;
        Some(EventMark { time_ns, partition: segment.partition().partition, offset })
    }
}

/// Counts every lane, making use of what was counted before.
pub(super) fn count(
    key: CountKey,
    snapshot: Arc<Snapshot>,
    matches: Option<Arc<Matches>>,
    before: Option<&Counted>,
) -> Counted {
    let mut lanes: Vec<LaneCount> = Vec::new();
    let mut total: Option<Stretch> = None;
    for (lane, partitions) in lane_partitions(&key, &snapshot) {
        let was = before.and_then(|before| before.lane(&lane));
        let whole =
            partitions.iter().flat_map(|partition| &partition.segments).map(|segment| Run::whole(segment.clone()));
        let density = was.map_or_else(Density::empty, |was| was.density.clone()).updated(whole.collect());
        let matched = matches.as_deref().map(|matches| {
            let chosen = partitions.iter().flat_map(|partition| &partition.segments).filter_map(|segment| {
                let rows = matches.of(segment.id()).filter(|rows| !rows.is_empty())?;
                Some(Run::chosen(segment.clone(), rows.clone()))
            });
            let was = was.and_then(|was| was.matched.clone()).unwrap_or_else(Density::empty);
            was.updated(chosen.collect())
        });
        if let Some((from, to)) = density.span_ns() {
            let span = Stretch { from_ns: from, to_ns: to.saturating_add(1) };
            total = Some(total.map_or(span, |total| Stretch {
                from_ns: total.from_ns.min(span.from_ns),
                to_ns: total.to_ns.max(span.to_ns),
            }));
        }
        lanes.push(LaneCount { key: lane, density, matched, unread: Vec::new() });
    }
    if let Some(total) = total {
        for ((_, partitions), lane) in lane_partitions(&key, &snapshot).into_iter().zip(&mut lanes) {
            lane.unread = unread(&partitions, total);
        }
    }
    let overview = total.map(|total| overview(&lanes, total));
    Counted { key, snapshot, lanes, overview }
}

/// Each lane with the partitions whose events are in it, sorted by lane.
fn lane_partitions(key: &CountKey, snapshot: &Snapshot) -> BTreeMap<LaneKey, Vec<Arc<PartitionSnapshot>>> {
    let mut lanes: BTreeMap<LaneKey, Vec<Arc<PartitionSnapshot>>> = BTreeMap::new();
    for name in &key.topics {
        let partitions = snapshot.topic(name).map_or(&[][..], |topic| &topic.partitions[..]);
        match key.by {
            LanesBy::Topic => drop(lanes.insert(LaneKey::Topic(name.clone()), partitions.to_vec())),
            LanesBy::Partition => {
                for partition in partitions {
                    let lane = fabula_core::event::TopicPartition::new(name.clone(), partition.partition);
                    lanes.insert(LaneKey::Partition(lane), vec![Arc::clone(partition)]);
                }
            }
        }
    }
    lanes
}

fn overview(lanes: &[LaneCount], total: Stretch) -> Bins {
    let level = ((total.len_ns() / OVERVIEW_BINS).max(1) as f64).log2().ceil() as u8;
    let first = total.from_ns >> level;
    let count = (((total.to_ns - 1) >> level) - first + 1).clamp(1, 2 * OVERVIEW_BINS) as usize;
    let mut counts = vec![0.0_f64; count];
    for lane in lanes {
        for (sum, share) in counts.iter_mut().zip(lane.density.estimated_bins(first, level, count)) {
            *sum += share;
        }
    }
    Bins { first, level, counts: counts.into_iter().map(|count| count.ceil() as u64).collect() }
}

/// What a picture is asked to show.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ask {
    /// Of what.
    pub(super) key: CountKey,
    /// What is in view, in time.
    pub(super) view: Stretch,
    /// The width in pixels that it is drawn over.
    pub(super) width: f32,
    /// How much time a pixel stands for.
    pub(super) ns_per_px: f64,
    /// Folded idle time.
    pub(super) folds: Arc<Folds>,
    /// The lanes on the screen, sorted, and whether each was drawn as density before.
    pub(super) lanes: Vec<(LaneKey, bool)>,
    /// Whether timestamps may be looked at; without, counts are estimated where histograms are too coarse.
    pub(super) exact: bool,
}

/// Makes a picture. Segments that turn out to be damaged leave their lane empty; the store names them.
pub(super) fn picture(counted: &Counted, ask: &Ask) -> Picture {
    let lanes = ask.lanes.iter().map(|(key, was_far)| {
        let lane = counted.lane(key).map(|lane| lane_picture(counted, lane, ask, *was_far));
        (key.clone(), lane.and_then(Result::ok).unwrap_or_default())
    });
    let lanes: Vec<(LaneKey, LanePicture)> = lanes.collect();
    let drawn = |key: &LaneKey| lanes.binary_search_by(|(lane, _)| lane.cmp(key)).is_ok();
    let elsewhere = counted.lanes.iter().filter(|lane| !drawn(&lane.key)).filter_map(|lane| in_view(lane, ask).ok());
    let in_view = lanes.iter().map(|(_, lane)| lane.in_view).chain(elsewhere).sum();
    Picture { view: ask.view, exact: ask.exact, lanes, in_view }
}

fn in_view(lane: &LaneCount, ask: &Ask) -> Result<u64, Damage> {
    if ask.exact {
        lane.density.count_between(ask.view.from_ns, ask.view.to_ns)
    } else {
        Ok(estimated_count(&lane.density, ask.view))
    }
}

fn lane_picture(counted: &Counted, lane: &LaneCount, ask: &Ask, was_far: bool) -> Result<LanePicture, Damage> {
    // A width on either side is fetched too, so that panning finds something at once.
    let around = ask.view.grown(1.0);
    let in_view = in_view(lane, ask)?;
    let mut picture = LanePicture { in_view, unread: lane.unread.clone(), ..LanePicture::default() };
    if !is_far(in_view, ask.width, was_far) && ask.exact {
        picture.events = events(counted, lane, ask.view, around)?;
    }
    if picture.events.is_none() {
        for part in ask.folds.open_parts(around) {
            picture.parts.push(bins(&lane.density, part, ask)?);
        }
    }
    if let Some(matched) = lane.matched.as_ref().filter(|matched| matched.total() > 0) {
        picture.matched = matched_times(matched, around, ask)?;
    }
    Ok(picture)
}

/// The events around the view one by one; those of the view alone if there are many around it.
fn events(
    counted: &Counted,
    lane: &LaneCount,
    view: Stretch,
    around: Stretch,
) -> Result<Option<Vec<EventMark>>, Damage> {
    const MOST: usize = 12_000;
    let found = match lane.density.events_between(around.from_ns, around.to_ns, MOST)? {
        Some(found) => Some(found),
        None => lane.density.events_between(view.from_ns, view.to_ns, MOST)?,
    };
    Ok(found.map(|found| found.into_iter().filter_map(|(id, time_ns)| counted.mark(id, time_ns)).collect()))
}

fn bins(density: &Density, part: Stretch, ask: &Ask) -> Result<Bins, Damage> {
    let level = level_for(ask.ns_per_px);
    let first = part.from_ns >> level;
    let count = (((part.to_ns - 1) >> level) - first + 1).clamp(1, 1 << 14) as usize;
    let counts = if ask.exact {
        density.bins(first, level, count)?
    } else {
        density.estimated_bins(first, level, count).into_iter().map(|count| count.round() as u64).collect()
    };
    Ok(Bins { first, level, counts })
}

fn estimated_count(density: &Density, view: Stretch) -> u64 {
    let level = ((view.len_ns() / 64).max(1) as f64).log2().ceil() as u8;
    let first = view.from_ns >> level;
    let count = (((view.to_ns - 1) >> level) - first + 1).clamp(1, 256) as usize;
    density.estimated_bins(first, level, count).iter().sum::<f64>().round() as u64
}

fn matched_times(matched: &Density, around: Stretch, ask: &Ask) -> Result<Vec<i64>, Damage> {
    if let Some(events) = matched.events_between(around.from_ns, around.to_ns, MATCHES_DRAWN)? {
        return Ok(events.into_iter().map(|(_, time_ns)| time_ns).collect());
    }
    let mut times = Vec::new();
    for part in ask.folds.open_parts(around) {
        let bins = bins(matched, part, ask)?;
        times.extend(bins.busy().map(|bin| bin.from_ns + bin.len_ns() / 2));
    }
    Ok(times)
}
