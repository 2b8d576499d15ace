//! What an explanation says, as data.

use base64::Engine as _;
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use crate::codec::Cell;
use crate::engine::Dropped;
use crate::event::Coordinates;
use crate::event::time::format_iso;

/// How many events are named at either end of a long list.
pub const NAMED_EVENTS: usize = 20;

/// A value with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// What a person calls it.
    pub name: String,
    /// The value.
    pub cell: Cell<'static>,
}

/// An event that an explanation names.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct NamedEvent {
    /// Its place in the order in which the pipeline took events.
    #[serde(skip)]
    pub seq: u64,
    /// Where it stands; `None` if it could not be read again.
    #[serde(flatten)]
    pub coordinates: Option<Coordinates>,
    /// Its record's timestamp in milliseconds; `None` where it has none.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    #[serde(serialize_with = "cell")]
    pub key: Cell<'static>,
}

/// Events, of which the first and the last are named where there are many.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct EventList {
    /// How many there are.
    pub count: u64,
    /// Those that are named, in the order in which they were taken: all, or the first and then the last.
    pub events: Vec<NamedEvent>,
    /// How many stand between the first and the last that are named.
    pub left_out: u64,
}

/// Why a row of a view is there.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RowExplanation {
    /// The view.
    pub view: String,
    /// The row's columns, as the view shows them.
    #[serde(serialize_with = "by_name")]
    pub row: Vec<Named>,
    /// The row's time in milliseconds.
    pub time_ms: i64,
    /// The events that made it. An event that changed nothing in it is not among them.
    pub made_by: EventList,
    /// The event at which the row came out as it is: the last that made it, or one that made time pass.
    pub came_with: NamedEvent,
    /// How many more rows look the same.
    pub others: u64,
    /// What became of the events that made it, where these are few.
    pub journeys: Vec<Journey>,
}

/// What became of events.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct EventsExplanation {
    /// How far each came.
    pub journeys: Vec<Journey>,
    /// Of two events: where they met, and where and why they did not.
    pub meetings: Vec<Meeting>,
}

/// How far an event came.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Journey {
    /// The event.
    pub event: NamedEvent,
    /// Whether a row with a part in it is in a view.
    pub shown: bool,
    /// What became of it at each node that it came to, in the order in which rows flow.
    pub nodes: Vec<NodeVisit>,
}

/// What became of an event at a node.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct NodeVisit {
    /// The node's name.
    pub node: String,
    /// Its kind.
    pub kind: &'static str,
    /// Whether rows with a part in the event went on from here.
    pub went_on: bool,
    /// What happened; of what happened many times, the first.
    pub verdicts: Vec<Verdict>,
    /// How many more there are.
    pub left_out: u64,
}

/// A window that came too late for a row, or the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct LateWindow {
    /// Where it begins, in milliseconds.
    pub start_ms: i64,
    /// Where it ends; inclusive of session and sliding windows.
    pub end_ms: i64,
    /// So much more grace would have let the row in.
    pub late_by_ms: i64,
}

/// A window that took a row.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TakenWindow {
    /// Where it begins, in milliseconds.
    pub start_ms: i64,
    /// Where it ends; inclusive of session and sliding windows.
    pub end_ms: i64,
    /// Whether it is closed.
    pub closed: bool,
    /// The stream time at which it closes.
    pub closes_at_ms: i64,
    /// The event at which its row was last given; `None` if it was not.
    pub given_at: Option<NamedEvent>,
}

/// What happened to a row at a node.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It went on.
    Passed {
        /// As how many rows.
        rows: u64,
    },
    /// A condition ruled it out.
    Filtered {
        /// The condition, as it was written.
        condition: String,
        /// What it came to: false or null, or a failure.
        #[serde(serialize_with = "cell")]
        came_to: Cell<'static>,
        /// The values that it was about.
        operands: Vec<Named>,
    },
    /// It went no further, for a reason of the operator's.
    Dropped {
        /// The reason.
        why: Dropped,
        /// What it is grouped, joined or told apart by.
        key: Vec<Named>,
        /// How far the node's time was, in milliseconds.
        stream_time_ms: Option<i64>,
    },
    /// It came too late.
    Late {
        /// The windows that were closed; none of a join.
        windows: Vec<LateWindow>,
        /// So much more grace would have let it in somewhere.
        late_by_ms: i64,
        /// The row's time.
        time_ms: i64,
        /// How far the node's time was.
        stream_time_ms: i64,
        /// The grace.
        grace_ms: i64,
    },
    /// It is in a group.
    Grouped {
        /// The group.
        key: Vec<Named>,
        /// The windows that it is in; none where there are no windows.
        windows: Vec<TakenWindow>,
        /// Whether a window's row is given when it closes, and not before.
        only_when_closed: bool,
        /// How far the node's time is at the end.
        stream_time_ms: Option<i64>,
    },
    /// It was put together with rows of the other side.
    Joined {
        /// The events that those are made of.
        with: EventList,
        /// How many rows came of it.
        rows: u64,
    },
    /// No row of the other side fits.
    NoPartner {
        /// What it is joined on.
        key: Vec<Named>,
        /// The row's time.
        time_ms: i64,
        /// When it was given without a partner: the event that made time pass.
        given_alone: Option<NamedEvent>,
        /// Of a join in time: until when it waits for a partner, in stream time.
        waits_until_ms: Option<i64>,
        /// How far the node's time is at the end.
        stream_time_ms: Option<i64>,
        /// Rows of the other side that nearly fit, nearest first.
        near: Vec<Near>,
    },
    /// A row of its key was there before.
    Duplicate {
        /// That row.
        of: Option<NamedEvent>,
        /// What tells rows apart.
        key: Vec<Named>,
    },
    /// A row of its key has a later time.
    Older {
        /// What tells rows apart.
        key: Vec<Named>,
    },
    /// It is not among the first of its group.
    BeyondRank {
        /// How many a group has.
        n: u32,
        /// The group.
        key: Vec<Named>,
        /// What the order goes by.
        order: Vec<Named>,
    },
    /// The array has no elements.
    NoElements {
        /// The array.
        array: Named,
    },
    /// It took the key away.
    Tombstone {
        /// The event that held until then; `None` if there was none.
        of: Option<NamedEvent>,
    },
    /// It is there no more.
    Retracted {
        /// The event at which it went.
        by: NamedEvent,
    },
    /// It is in a view.
    Shown {
        /// In how many rows.
        rows: u64,
        /// The last of them.
        #[serde(serialize_with = "by_name")]
        row: Vec<Named>,
    },
}

/// A row that nearly was a partner.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Near {
    /// The events that it is made of.
    pub events: EventList,
    /// Its time.
    pub time_ms: i64,
    /// Why it is none.
    pub because: Apart,
}

/// Why two rows do not go together.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Apart {
    /// The later or earlier one lies outside of what the join allows.
    OutsideWindow {
        /// By so much.
        by_ms: i64,
        /// The right row's time less the left one's.
        right_minus_left_ms: i64,
        /// How much earlier the right row may be.
        before_ms: i64,
        /// How much later the right row may be.
        after_ms: i64,
    },
    /// What they are joined on differs; only the parts that do are told.
    KeysDiffer {
        /// The left values, each with the right one.
        parts: Vec<(Named, Named)>,
        /// Whether a part is written the same on both sides and only of another kind.
        types_only: bool,
    },
    /// One of them had been forgotten when the other came.
    Expired {
        /// How far the node's time was beyond the time for which it is kept.
        by_ms: i64,
    },
    /// One of them did not take part, for a reason of the operator's.
    Dropped {
        /// The side: `left` or `right`.
        side: &'static str,
        /// The reason.
        why: Dropped,
    },
    /// The table's row holds from a later time on.
    TableLater {
        /// By so much.
        by_ms: i64,
    },
    /// The table's row came after the stream's had been put together with what there was.
    TableCameLate,
    /// Another row of the table held at that time, or holds now.
    Overtaken,
    /// Both are rows of one side.
    SameSide {
        /// The side: `left` or `right`.
        side: &'static str,
    },
    /// They are of different groups.
    OtherGroup {
        /// The parts that differ: of the one, and of the other.
        parts: Vec<(Named, Named)>,
    },
    /// They are of one group, and of no window together.
    OtherWindow,
    /// One of them did not come here.
    NotHere {
        /// Which: 0 the first, 1 the second.
        which: Vec<usize>,
    },
    /// There is no telling.
    Unclear,
}

/// Where two events might have met.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Meeting {
    /// The node.
    pub node: String,
    /// Its kind.
    pub kind: &'static str,
    /// Why they did not; `None`: they did.
    pub apart: Option<Apart>,
}

impl Named {
    pub(super) fn new(name: impl Into<String>, cell: Cell<'_>) -> Self {
        Self { name: name.into(), cell: cell.into_owned() }
    }
}

impl NamedEvent {
    /// An event of which only the number is known.
    pub(super) fn of(seq: u64) -> Self {
        Self { seq, coordinates: None, timestamp_ms: None, key: Cell::Missing }
    }
}

impl EventList {
    /// Of the numbers of events, in order.
    pub(super) fn of(events: &[u64]) -> Self {
        let named = |events: &[u64]| events.iter().map(|&seq| NamedEvent::of(seq)).collect::<Vec<_>>();
        let count = events.len() as u64;
        if events.len() <= 2 * NAMED_EVENTS {
            return Self { count, events: named(events), left_out: 0 };
        }
        let mut all = named(&events[..NAMED_EVENTS]);
        all.extend(named(&events[events.len() - NAMED_EVENTS..]));
        Self { count, left_out: count - all.len() as u64, events: all }
    }
}

impl RowExplanation {
    pub(super) fn each_event(&mut self, each: &mut dyn FnMut(&mut NamedEvent)) {
        self.made_by.events.iter_mut().for_each(&mut *each);
        each(&mut self.came_with);
        self.journeys.iter_mut().for_each(|journey| journey.each_event(each));
    }
}

impl Journey {
    pub(super) fn each_event(&mut self, each: &mut dyn FnMut(&mut NamedEvent)) {
        for verdict in self.nodes.iter_mut().flat_map(|node| &mut node.verdicts) {
            match verdict {
                Verdict::Joined { with, .. } => with.events.iter_mut().for_each(&mut *each),
                Verdict::Grouped { windows, .. } => {
                    windows.iter_mut().filter_map(|window| window.given_at.as_mut()).for_each(&mut *each);
                }
                Verdict::NoPartner { given_alone, near, .. } => {
                    given_alone.iter_mut().for_each(&mut *each);
                    near.iter_mut().flat_map(|near| &mut near.events.events).for_each(&mut *each);
                }
                Verdict::Duplicate { of, .. } | Verdict::Tombstone { of } => of.iter_mut().for_each(&mut *each),
                Verdict::Retracted { by } => each(by),
                _ => {}
            }
        }
    }
}

impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("type", self.cell.kind())?;
        map.serialize_entry("value", &Told(&self.cell))?;
        map.end()
    }
}

/// A value as JSON has it. A number that a binary float doesn't hold exactly is told as a text.
struct Told<'c>(&'c Cell<'static>);

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Cell::Missing | Cell::Null => serializer.serialize_none(),
            Cell::Bool(value) => serializer.serialize_bool(*value),
            Cell::Int(int) => serializer.serialize_i64(*int),
            Cell::Time(ns) => serializer.serialize_str(&format_iso(*ns)),
            Cell::Failed(fault) => tagged(serializer, "$error", &fault.to_string()),
            Cell::Bytes(bytes) => {
                tagged(serializer, "$base64", &base64::engine::general_purpose::STANDARD.encode(bytes))
            }
            Cell::Array(text) | Cell::Object(text) => match serde_json::from_str::<serde_json::Value>(text).ok() {
                Some(value) => value.serialize(serializer),
                None => serializer.serialize_str(text),
            },
            cell => {
                let text = cell.to_string();
                match text.parse::<f64>() {
                    Ok(float) if cell.is_number() && float.is_finite() && float.to_string() == text => {
                        serializer.serialize_f64(float)
                    }
                    _ => serializer.serialize_str(&text),
                }
            }
        }
    }
}

fn tagged<S: Serializer>(serializer: S, tag: &str, text: &str) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(tag, text)?;
    map.end()
}

fn cell<S: Serializer>(cell: &Cell<'static>, serializer: S) -> Result<S::Ok, S::Error> {
    Told(cell).serialize(serializer)
}

/// Values as an object by name; where a name stands twice, as a list.
fn by_name<S: Serializer>(row: &[Named], serializer: S) -> Result<S::Ok, S::Error> {
    let twice = row.iter().enumerate().any(|(at, named)| row[..at].iter().any(|other| other.name == named.name));
    if twice {
        let mut list = serializer.serialize_seq(Some(row.len()))?;
        row.iter().try_for_each(|named| list.serialize_element(named))?;
        return list.end();
    }
    let mut map = serializer.serialize_map(Some(row.len()))?;
    row.iter().try_for_each(|named| map.serialize_entry(&named.name, &Told(&named.cell)))?;
    map.end()
}
