//! The sample's planted incidents, found or not, and healthy threads, called ill or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;

use super::super::Threads;
use super::super::diagnose::{Certainty, Diagnosed, Diagnosis, Extent, Kind, shape_changes};
use super::stage::{correlate, snapshot, topics_of};
use crate::event::EventBatch;
use crate::log::sample::{IncidentKind, PlantedEvent, SampleLog, Truth};
use crate::log::{Log, PartitionRange, RangeEnd, ReadItem, ReadOptions};

fn read(log: &SampleLog) -> Vec<EventBatch> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let topics = log.topics().await.unwrap();
        let partitions: Vec<_> = topics.iter().flat_map(|topic| topic.topic_partitions()).collect();
        let marks = log.watermarks(&partitions).await.unwrap();
        let ranges = marks.into_iter().map(|(partition, marks)| {
            let high = marks.unwrap().high;
            PartitionRange { partition, from: 0, end: RangeEnd::Before(high) }
        });
        let mut reading = log.read(ranges.collect(), ReadOptions::default());
        let mut batches = Vec::new();
        while let Some(item) = reading.next().await {
            if let ReadItem::Batch { events, .. } = item {
                batches.push(events);
            }
        }
        batches
    })
}

/// What a planted incident may be found as; `dead` says that the thread was given up too.
fn kinds(planted: IncidentKind, dead: bool) -> &'static [Kind] {
    match planted {
        IncidentKind::SlowProvider if !dead => &[Kind::SlowEdge],
        IncidentKind::HotKey => &[Kind::HotValue],
        IncidentKind::Undecodable => &[Kind::Undecodable, Kind::DeadLettered],
        IncidentKind::SlowProvider => &[Kind::SlowEdge, Kind::RepeatedStep, Kind::DeadLettered],
        IncidentKind::DeadLetter => &[Kind::DeadLettered],
        IncidentKind::Duplicate => &[Kind::DuplicateDelivery],
        IncidentKind::OutOfOrder => &[Kind::OutOfOrder],
        IncidentKind::SchemaChange => &[Kind::ShapeChange],
        IncidentKind::ClockSkew => &[Kind::ClockContradiction, Kind::ClockSkew],
        IncidentKind::LostStep => &[Kind::MissingStep, Kind::Died],
        IncidentKind::Late => &[Kind::Late],
    }
}

/// An incident that is about a topic or a value, not about single threads.
fn is_of_topic(planted: IncidentKind) -> bool {
    matches!(planted, IncidentKind::SchemaChange | IncidentKind::HotKey)
}

/// Whether a finding says that something is so, not only that it might be.
fn is_said(finding: &&Diagnosis) -> bool {
    finding.certainty != Certainty::MayStillCome
}

#[derive(Default)]
struct Score {
    /// By incident: how many were found, how many planted.
    found: BTreeMap<&'static str, (u64, u64)>,
    /// By kind of finding: those that are of a planted incident, and those in healthy threads.
    told: BTreeMap<&'static str, (u64, u64)>,
    healthy: u64,
    alarmed: u64,
    /// Of healthy threads of at least six events: orders, not visits.
    long_healthy: u64,
    long_alarmed: u64,
    /// Findings about no thread that nothing planted explains.
    loose_alarms: Vec<String>,
}

impl Score {
    fn hold(&mut self, threads: &Threads, diagnosed: &Diagnosed, truth: &Truth) {
        let mut planted: BTreeMap<u32, BTreeSet<IncidentKind>> = BTreeMap::new();
        let mut hot: BTreeSet<u32> = BTreeSet::new();
        for incident in &truth.incidents {
            let struck = incident.events.iter().filter_map(|planted| threads.thread_at(&planted.at));
            match is_of_topic(incident.kind) {
                true if incident.kind == IncidentKind::HotKey => hot.extend(struck),
                true => {}
                false => struck.for_each(|thread| _ = planted.entry(thread).or_default().insert(incident.kind)),
            }
        }
        let dead = |thread: u32| planted.get(&thread).is_some_and(|kinds| kinds.contains(&IncidentKind::DeadLetter));
        for incident in truth.incidents.iter().filter(|incident| is_of_topic(incident.kind)) {
            let is_found = diagnosed
                .findings
                .iter()
                .any(|finding| kinds(incident.kind, false).contains(&finding.kind) && shows(finding, &incident.events));
            self.count(incident.kind, is_found);
        }
        for (&thread, struck) in &planted {
            for &kind in struck {
                let wanted = kinds(kind, dead(thread));
                let is_found = diagnosed.of(thread).iter().filter(is_said).any(|found| wanted.contains(&found.kind));
                self.count(kind, is_found);
            }
        }
        for finding in diagnosed.findings.iter().filter(is_said) {
            let of_kind = |kind: IncidentKind, dead: bool| kinds(kind, dead).contains(&finding.kind);
            let told = self.told.entry(finding.kind.name()).or_default();
            match finding.thread {
                None => {
                    let explains = truth
                        .incidents
                        .iter()
                        .any(|incident| of_kind(incident.kind, true) && shows(finding, &incident.events));
                    (told.0, told.1) = (told.0 + u64::from(explains), told.1 + u64::from(!explains));
                    if !explains {
                        self.loose_alarms.push(finding.what.clone());
                    }
                }
                Some(thread) => {
                    let struck = planted.get(&thread);
                    let is_planted = struck.is_some_and(|kinds| kinds.iter().any(|&kind| of_kind(kind, true)));
                    told.0 += u64::from(is_planted || (hot.contains(&thread) && of_kind(IncidentKind::HotKey, false)));
                    told.1 += u64::from(struck.is_none() && !hot.contains(&thread));
                }
            }
        }
        let is_ill = |thread: &u32| planted.contains_key(thread) || hot.contains(thread);
        for thread in (0..threads.len() as u32).filter(|thread| !is_ill(thread)) {
            let alarmed = diagnosed.of(thread).iter().any(|finding| is_said(&finding));
            let long = threads.events_of(thread).len() >= 6;
            self.healthy += 1;
            self.alarmed += u64::from(alarmed);
            self.long_healthy += u64::from(long);
            self.long_alarmed += u64::from(long && alarmed);
        }
    }

    fn count(&mut self, kind: IncidentKind, is_found: bool) {
        let (found, all) = self.found.entry(kind_name(kind)).or_default();
        *all += 1;
        *found += u64::from(is_found);
    }
}

fn shows(finding: &Diagnosis, planted: &[PlantedEvent]) -> bool {
    finding.evidence.iter().any(|evidence| planted.iter().any(|planted| planted.at == *evidence))
}

fn kind_name(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::HotKey => "hot key",
        IncidentKind::Undecodable => "undecodable",
        IncidentKind::SlowProvider => "slow provider",
        IncidentKind::DeadLetter => "dead letter",
        IncidentKind::Duplicate => "duplicate",
        IncidentKind::OutOfOrder => "out of order",
        IncidentKind::SchemaChange => "schema change",
        IncidentKind::ClockSkew => "clock skew",
        IncidentKind::LostStep => "lost step",
        IncidentKind::Late => "late",
    }
}

fn diagnose(events: u64, seed: u64, score: &mut Score) {
    let log = SampleLog::new(events, seed);
    let snapshot = snapshot(&read(&log));
    let topics = topics_of(&snapshot);
    let (_, threads) = correlate(&snapshot);
    let mut diagnosed = threads.diagnose(&Extent::of(&snapshot, &topics), &AtomicU64::new(0), &|| false);
    diagnosed.add(shape_changes(&threads, &snapshot, &|| false).unwrap());
    score.hold(&threads, &diagnosed, &log.truth());
}

#[test]
fn every_planted_incident_is_found_and_healthy_threads_are_left_alone() {
    let mut score = Score::default();
    for seed in 1..=20 {
        diagnose(200_000, seed, &mut score);
    }
    let (mut found, mut all) = (0, 0);
    for (kind, (of_kind, planted)) in &score.found {
        println!("recall     {kind:<20} {of_kind:>6} of {planted:>6}");
        (found, all) = (found + of_kind, all + planted);
    }
    let (mut right, mut wrong) = (0, 0);
    for (kind, (planted, alarms)) in &score.told {
        let precision = match planted + alarms {
            0 => "none told".to_owned(),
            all => format!("{:.4}", *planted as f64 / all as f64),
        };
        println!("precision  {kind:<20} {precision}: {planted:>6} of what was planted, {alarms:>4} of healthy threads");
        (right, wrong) = (right + planted, wrong + alarms);
    }
    println!("recall     {:.4}", found as f64 / all as f64);
    println!("precision  {:.4}", right as f64 / (right + wrong) as f64);
    println!("false alarms: {} of {} healthy threads", score.alarmed, score.healthy);
    println!("among healthy threads of six events or more: {} of {}", score.long_alarmed, score.long_healthy);
    println!("about no thread, and nothing planted: {:?}", score.loose_alarms);
    assert!(score.found.len() == 10, "{:?}", score.found);
    assert!(score.found.values().all(|(found, planted)| found == planted), "{:?}", score.found);
    assert!(score.alarmed * 50 <= score.healthy, "{:?}", score.told);
    assert!(score.long_alarmed * 50 <= score.long_healthy, "{:?}", score.told);
    assert_eq!(score.loose_alarms, [""; 0]);
}
