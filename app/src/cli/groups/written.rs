//! What is known of groups, written out: tables, and JSON whose names stay.

use std::io::Write as _;

use fabula_core::codec::Cell;
use fabula_core::event::Coordinates;
use fabula_core::event::time::{format_iso_ms, ns_to_ms};
use fabula_core::narrative::lag::{EventsBehind, GroupStanding, PartitionStanding, Passed, Standings, TimeBehind};
use serde_json::{Value, json};

use crate::cli::output::{Format, ViewRows};
use crate::standing;

/// Writes what is known of groups.
pub struct Writer {
    json: bool,
}

/// How a lag in time is known, as a word.
fn known(time: TimeBehind) -> &'static str {
    match time {
        TimeBehind::Exactly(_) => "exact",
        TimeBehind::AtLeast(_) => "at_least",
        TimeBehind::NotRead => "not_read",
        TimeBehind::Untimed => "no_times",
    }
}

/// Puts lags in events and in time into an object.
pub fn put_lags(object: &mut Value, events: Option<EventsBehind>, time: Option<TimeBehind>) {
    object["lag_events"] = events.map(EventsBehind::number).into();
    object["lag_events_exact"] = events.map(EventsBehind::is_exact).into();
    object["lag_ms"] = time.and_then(TimeBehind::ns).map(ns_to_ms).into();
    object["lag_ms_known"] = time.map(known).into();
}

fn table(names: &[&str]) -> ViewRows {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    ViewRows::new(names, Format::Table, Box::new(std::io::stdout()))
}

fn cells<const N: usize>(texts: [Option<String>; N]) -> impl Iterator<Item = Cell<'static>> {
    texts.into_iter().map(|text| Cell::Text(text.filter(|text| !text.is_empty()).unwrap_or_else(|| "·".into()).into()))
}

impl Writer {
    /// A writer of tables, or of JSON.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// A line for each group and topic.
    pub fn groups(&self, standings: &Standings) -> anyhow::Result<()> {
        if self.json {
            return self.whole(standings);
        }
        let mut rows =
            table(&["group", "state", "members", "topic", "committed", "lag in events", "lag in time", "offsets"]);
        for standing in standings.groups.iter() {
            let group = &standing.group;
            let state = group.state.clone().unwrap_or_else(|| "not told".to_owned());
            let members = group.members.as_ref().map_or("not told".to_owned(), |members| members.len().to_string());
            let topics = group.topics();
            if topics.is_empty() {
                let why = group.error.as_ref().map(|_| "not readable".to_owned());
                let none = why.or_else(|| Some("no commit".to_owned()));
                rows.row(cells([Some(group.name.clone()), Some(state), Some(members), none, None, None, None, None]))?;
                continue;
            }
            for topic in topics {
                let of_topic = || group.positions.iter().filter(|position| position.partition.topic == *topic);
                let committed = of_topic().filter(|position| position.committed.is_some()).count();
                let lag: u64 = of_topic().filter_map(|position| position.lag()).sum();
                let (events, time) = standing.within(topic);
                rows.row(cells([
                    Some(group.name.clone()),
                    Some(state.clone()),
                    Some(members.clone()),
                    Some(topic.to_string()),
                    Some(format!("{committed} of {}", of_topic().count())),
                    events.map(standing::number),
                    time.map(standing::time),
                    (committed > 0).then(|| lag.to_string()),
                ]))?;
            }
        }
        Ok(rows.flush()?)
    }

    /// A line for each partition.
    pub fn partitions(&self, standings: &Standings) -> anyhow::Result<()> {
        if self.json {
            return self.whole(standings);
        }
        let names = [
            "group",
            "topic",
            "partition",
            "committed",
            "end",
            "lag in events",
            "lag in time",
            "offsets",
            "client",
            "host",
        ];
        let mut rows = table(&names);
        for standing in standings.groups.iter() {
            for (position, known) in standing.group.positions.iter().zip(&standing.partitions) {
                let reader = standing.group.reader_of(&position.partition);
                rows.row(cells([
                    Some(standing.group.name.clone()),
                    Some(position.partition.topic.to_string()),
                    Some(position.partition.partition.to_string()),
                    position.committed.map_or(Some("none".to_owned()), |at| Some(at.to_string())),
                    position.watermarks.map(|marks| marks.high.to_string()),
                    known.events.map(standing::number),
                    known.time.map(standing::time),
                    position.lag().map(|lag| lag.to_string()),
                    reader.map(|member| member.client_id.clone()),
                    reader.map(|member| member.host.clone()),
                ]))?;
            }
        }
        Ok(rows.flush()?)
    }

    fn whole(&self, standings: &Standings) -> anyhow::Result<()> {
        let groups: Vec<Value> = standings.groups.iter().map(group_json).collect();
        let told = json!({ "as_of": format_iso_ms(standings.at_ms), "as_of_ms": standings.at_ms, "groups": groups });
        Ok(writeln!(std::io::stdout(), "{told}")?)
    }

    /// Whether each group has passed an event.
    pub fn passed(
        &self,
        standings: &Standings,
        event: &Coordinates,
        passed: &[(&GroupStanding, Passed)],
    ) -> anyhow::Result<()> {
        if self.json {
            let groups: Vec<Value> = passed.iter().map(|(standing, passed)| passed_json(standing, passed)).collect();
            let told = json!({
                "as_of": format_iso_ms(standings.at_ms),
                "as_of_ms": standings.at_ms,
                "event": { "topic": &*event.topic, "partition": event.partition, "offset": event.offset },
                "groups": groups,
            });
            return Ok(writeln!(std::io::stdout(), "{told}")?);
        }
        let mut rows = table(&["group", "state", "committed", "passed"]);
        for (standing, passed) in passed {
            let position = standing.group.position(&event.topic, event.partition);
            rows.row(cells([
                Some(standing.group.name.clone()),
                Some(standing.group.state.clone().unwrap_or_else(|| "not told".to_owned())),
                position.and_then(|position| position.committed).map(|committed| committed.to_string()),
                Some(standing::passed(passed)),
            ]))?;
        }
        Ok(rows.flush()?)
    }
}

fn passed_json(standing: &GroupStanding, passed: &Passed) -> Value {
    let (word, events, why) = match passed {
        Passed::Yes(events) => ("yes", Some(*events), None),
        Passed::No(events) => ("no", Some(*events), None),
        Passed::Gone => ("gone", None, None),
        Passed::NotKnown(why) => ("not_known", None, Some(why.clone())),
    };
    json!({
        "group": standing.group.name,
        "state": standing.group.state,
        "passed": word,
        "events": events.map(EventsBehind::number),
        "events_exact": events.map(EventsBehind::is_exact),
        "why": why,
    })
}

fn group_json(standing: &GroupStanding) -> Value {
    let group = &standing.group;
    let members = group.members.as_ref().map(|members| {
        let member = |member: &fabula_core::log::GroupMember| {
            json!({ "client_id": member.client_id, "host": member.host, "assigned": member.assigned })
        };
        members.iter().map(member).collect::<Vec<Value>>()
    });
    let positions = group.positions.iter().zip(&standing.partitions);
    let mut told = json!({
        "group": group.name,
        "state": group.state,
        "protocol": group.protocol,
        "members": members,
        "error": group.error,
        "uncommitted": standing.uncommitted(),
        "lag_offsets": group.positions.iter().any(|position| position.lag().is_some()).then(|| group.lag()),
        "partitions": positions.map(|(position, known)| partition_json(standing, position, known)).collect::<Vec<Value>>(),
    });
    put_lags(&mut told, standing.events, standing.time);
    told
}

fn partition_json(
    standing: &GroupStanding,
    position: &fabula_core::log::GroupPosition,
    known: &PartitionStanding,
) -> Value {
    let reader = standing.group.reader_of(&position.partition);
    let next_ms = known.next_ns.map(ns_to_ms);
    let mut told = json!({
        "topic": &*position.partition.topic,
        "partition": position.partition.partition,
        "committed": position.committed,
        "low": position.watermarks.map(|marks| marks.low),
        "high": position.watermarks.map(|marks| marks.high),
        "lag_offsets": position.lag(),
        "lost_offsets": known.lost,
        "next": next_ms.map(format_iso_ms),
        "next_ms": next_ms,
        "client_id": reader.map(|member| member.client_id.clone()),
        "host": reader.map(|member| member.host.clone()),
    });
    put_lags(&mut told, known.events, known.time);
    told
}
