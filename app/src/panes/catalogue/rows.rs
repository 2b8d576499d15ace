//! Which rows the catalogue has, and which of them are in sight.

use std::sync::Arc;

use crate::state::{Readers, State, Topic};
use crate::theme::size;

use super::{details, group_rows};

/// One row of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// A topic, by its place among the log's topics.
    Topic(usize),
    /// A topic's details.
    Details(usize),
    /// So many internal topics are not listed.
    Hidden(usize),
    /// The filter leaves nothing.
    NothingFits,
    /// The head of the views.
    ViewsHead,
    /// A view of the pipeline, by its place among them.
    View(usize),
    /// The head of the bookmarks.
    BookmarksHead,
    /// A bookmark, by its place.
    Bookmark(usize),
    /// The head of what is unusual.
    FindingsHead,
    /// A kind of finding, by its place among them.
    Finding(usize),
    /// The head of the groups.
    GroupsHead,
    /// Groups are not known.
    GroupsNotTold,
    /// A consumer group, by its place.
    Group(usize),
    /// What is said of an unfolded group as a whole.
    GroupFacts(usize),
    /// A partition of an unfolded group, by the places of both.
    GroupPartition(usize, usize),
    /// A member of an unfolded group, by the places of both.
    GroupMember(usize, usize),
}

impl Item {
    /// How high the row is.
    pub fn height(self) -> f32 {
        match self {
            Self::Topic(_) | Self::Group(_) | Self::Bookmark(_) | Self::View(_) | Self::Finding(_) => size::ROW,
            Self::Details(_) => details::HEIGHT,
            Self::GroupFacts(_) => group_rows::FACTS_HEIGHT,
            Self::GroupPartition(..) | Self::GroupMember(..) => 20.0,
            Self::Hidden(_) | Self::GroupsNotTold => 26.0,
            Self::NothingFits => 44.0,
            Self::GroupsHead | Self::BookmarksHead | Self::ViewsHead | Self::FindingsHead => size::PANE_HEADER + 12.0,
        }
    }

    /// What tells it from other rows.
    pub fn id(self) -> egui::Id {
        egui::Id::new(("catalogue row", self))
    }
}

/// The rows, built again only when something that decides about them changed.
#[derive(Debug, Default)]
pub struct Listing {
    items: Vec<Item>,
    /// Where each row begins, and where the last one ends.
    tops: Vec<f32>,
    topics: usize,
    built: Option<Built>,
}

#[derive(Debug, PartialEq)]
struct Built {
    topics: usize,
    topics_at: usize,
    groups_at: usize,
    groups: usize,
    not_told: bool,
    filter: String,
    internal: bool,
    groups_shut: bool,
    bookmarks: usize,
    views: usize,
    /// How many kinds of findings there are, once somebody has looked for them.
    findings: Option<usize>,
    reads: bool,
    details: usize,
    generation: u64,
}

impl Listing {
    /// Brings the rows up to date.
    pub fn update(&mut self, state: &State, filter: &str, groups_shut: bool) {
        let groups = state.log.readers.groups();
        let built = Built {
            topics: state.log.topics.len(),
            topics_at: Arc::as_ptr(&state.log.topics).cast::<Topic>() as usize,
            groups_at: groups.as_ptr() as usize,
            groups: groups.len(),
            not_told: matches!(state.log.readers, Readers::NotTold(_)),
            filter: filter.to_lowercase(),
            internal: state.internal_shown,
            groups_shut,
            bookmarks: state.document.notes.len(),
            views: state.design.views().count(),
            findings: state.tied.as_ref().map(|tied| tied.kinds.len()),
            reads: state.log.snapshot.is_some(),
            details: details_mark(state),
            generation: state.log.generation,
        };
        if self.built.as_ref() == Some(&built) {
            return;
        }
        self.items.clear();
        let fits = |name: &str| built.filter.is_empty() || name.to_lowercase().contains(built.filter.trim());
        let mut hidden = 0;
        self.topics = 0;
        for (at, topic) in state.log.topics.iter().enumerate() {
            if topic.internal && !state.internal_shown && !state.is_shown(&topic.name) {
                hidden += 1;
                continue;
            }
            self.topics += 1;
            if !fits(&topic.name) {
                continue;
            }
            self.items.push(Item::Topic(at));
            if state.details.contains(&topic.name) {
                self.items.push(Item::Details(at));
            }
        }
        if self.items.is_empty() {
            self.items.push(Item::NothingFits);
        }
        if hidden > 0 && built.filter.is_empty() {
            self.items.push(Item::Hidden(hidden));
        }
        if built.views > 0 && built.filter.is_empty() {
            self.items.push(Item::ViewsHead);
            self.items.extend((0..built.views).map(Item::View));
        }
        if built.bookmarks > 0 && built.filter.is_empty() {
            self.items.push(Item::BookmarksHead);
            self.items.extend((0..built.bookmarks).map(Item::Bookmark));
        }
        if built.reads && built.filter.is_empty() {
            self.items.push(Item::FindingsHead);
            self.items.extend((0..built.findings.unwrap_or(0)).map(Item::Finding));
        }
        self.groups(state, &fits, &built);
        self.tops = std::iter::once(0.0)
            .chain(self.items.iter().scan(0.0, |top, item| {
                *top += item.height();
                Some(*top)
            }))
            .collect();
        self.built = Some(built);
    }

    /// The groups' rows: none is something else than not known.
    fn groups(&mut self, state: &State, fits: &dyn Fn(&str) -> bool, built: &Built) {
        if built.not_told && built.filter.is_empty() {
            self.items.extend([Item::GroupsHead, Item::GroupsNotTold]);
            return;
        }
        let groups = state.log.readers.groups();
        let fitting: Vec<usize> = (0..groups.len()).filter(|&at| fits(&groups[at].group.name)).collect();
        if fitting.is_empty() {
            return;
        }
        self.items.push(Item::GroupsHead);
        for at in fitting.into_iter().filter(|_| !built.groups_shut) {
            self.items.push(Item::Group(at));
            let group = &groups[at].group;
            if state.open_groups.contains(group.name.as_str()) {
                self.items.push(Item::GroupFacts(at));
                self.items.extend((0..group.positions.len()).map(|nth| Item::GroupPartition(at, nth)));
                let members = group.members.as_ref().map_or(0, Vec::len);
                self.items.extend((0..members).map(|nth| Item::GroupMember(at, nth)));
            }
        }
    }

    /// Where a group's row begins, if it is listed.
    pub fn top_of_group(&self, state: &State, name: &str) -> Option<f32> {
        let groups = state.log.readers.groups();
        let is_it =
            |item: &Item| matches!(item, Item::Group(at) if groups.get(*at).is_some_and(|it| it.group.name == name));
        self.items.iter().position(is_it).map(|at| self.tops[at])
    }

    /// How many topics are listed, whatever the filter.
    pub fn topics(&self) -> usize {
        self.topics
    }

    /// A row.
    pub fn item(&self, at: usize) -> Item {
        self.items[at]
    }

    /// How high all rows are together.
    pub fn height(&self) -> f32 {
        self.tops.last().copied().unwrap_or(0.0)
    }

    /// The rows that a view of heights shows, and where each begins.
    pub fn in_view(&self, from: f32, to: f32) -> Vec<(usize, f32)> {
        let first = self.tops.partition_point(|&top| top <= from).saturating_sub(1);
        (first..self.items.len()).map(|at| (at, self.tops[at])).take_while(|(_, top)| *top < to).collect()
    }
}

/// Which details and groups are open, as one number: sets are small, and a change must not go unseen.
fn details_mark(state: &State) -> usize {
    use std::hash::{Hash, Hasher};
    let mut hasher = rustc_hash::FxHasher::default();
    state.details.hash(&mut hasher);
    state.open_groups.hash(&mut hasher);
    state.document.shown.iter().filter(|topic| topic.starts_with("__")).for_each(|topic| topic.hash(&mut hasher));
    hasher.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Theme;
    use crate::zone::{Clock, Zone};

    fn state(names: &[&str]) -> State {
        let mut state = State::new(Clock::new(Zone::Utc, jiff::tz::TimeZone::UTC), Theme::Dark);
        let topic = |name: &&str| Topic {
            name: (*name).into(),
            internal: name.starts_with("__"),
            partitions: 1,
            error: None,
            totals: Default::default(),
            config: None,
        };
        state.log.topics = names.iter().map(topic).collect();
        state
    }

    #[test]
    fn internal_topics_are_counted_and_not_listed() {
        let mut listing = Listing::default();
        listing.update(&state(&["__offsets", "orders"]), "", false);
        assert_eq!(listing.items, [Item::Topic(1), Item::Hidden(1)]);
        assert_eq!(listing.topics(), 1);
    }

    #[test]
    fn only_rows_in_sight_are_given() {
        let names: Vec<String> = (0..10_000).map(|number| format!("topic-{number:05}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut listing = Listing::default();
        listing.update(&state(&names), "", false);
        assert_eq!(listing.height(), 10_000.0 * size::ROW);
        let seen = listing.in_view(100.0 * size::ROW, 110.0 * size::ROW);
        assert_eq!(seen.first(), Some(&(100, 100.0 * size::ROW)));
        assert_eq!(seen.len(), 10);
        listing.update(&state(&names), "topic-0012", false);
        assert_eq!(listing.items.len(), 10);
    }
}
