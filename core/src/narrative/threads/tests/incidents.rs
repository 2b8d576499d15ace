//! The sample's planted incidents, found or not, and healthy threads, called ill or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;

use super::super::Threads;
use super::super::diagnose::{Diagnosed, Extent, Kind, shape_changes};
use super::stage::{correlate, snapshot, topics_of};
use crate::event::EventBatch;
use crate::log::sample::{IncidentKind, SampleLog, Truth};
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

/// What a planted incident may be found as.
fn kinds(planted: IncidentKind) -> &'static [Kind] {
    match planted {
        IncidentKind::HotKey => &[Kind::HotValue],
        IncidentKind::Undecodable => &[Kind::Undecodable, Kind::DeadLettered],
        IncidentKind::SlowProvider => &[Kind::SlowEdge, Kind::RepeatedStep, Kind::DeadLettered],
        IncidentKind::DeadLetter => &[Kind::DeadLettered],
        IncidentKind::Duplicate => &[Kind::DuplicateDelivery],
        IncidentKind::OutOfOrder => &[Kind::OutOfOrder],
        IncidentKind::SchemaChange => &[Kind::ShapeChange],
        IncidentKind::ClockSkew => &[Kind::ClockContradiction],
        IncidentKind::LostStep => &[Kind::MissingStep, Kind::Died],
        IncidentKind::Late => &[Kind::Late],
    }
}

/// An incident that is about a topic or a value, not about single threads.
fn is_of_topic(planted: IncidentKind) -> bool {
    matches!(planted, IncidentKind::SchemaChange | IncidentKind::HotKey)
}

#[derive(Default)]
struct Score {
    found: BTreeMap<&'static str, (u64, u64)>,
    healthy: u64,
    alarmed: u64,
    alarms: BTreeMap<&'static str, u64>,
    /// Of healthy threads of at least six events: orders, not visits.
    long_healthy: u64,
    long_alarmed: u64,
}

impl Score {
    fn hold(&mut self, threads: &Threads, diagnosed: &Diagnosed, truth: &Truth) {
        let mut ill: BTreeSet<u32> = BTreeSet::new();
        for incident in &truth.incidents {
            let (found, all) = self.found.entry(kind_name(incident.kind)).or_default();
            if is_of_topic(incident.kind) {
                let shows = |evidence: &crate::event::Coordinates| {
                    incident.events.iter().any(|planted| planted.at == *evidence)
                };
                let is_found = diagnosed
                    .findings
                    .iter()
                    .any(|finding| kinds(incident.kind).contains(&finding.kind) && finding.evidence.iter().any(shows));
                *all += 1;
                *found += u64::from(is_found);
                if incident.kind == IncidentKind::HotKey {
                    ill.extend(incident.events.iter().filter_map(|planted| threads.thread_at(&planted.at)));
                }
                continue;
            }
            let struck: BTreeSet<u32> =
                incident.events.iter().filter_map(|planted| threads.thread_at(&planted.at)).collect();
            assert!(!struck.is_empty());
            for thread in struck {
                let is_found = diagnosed.of(thread).iter().any(|finding| kinds(incident.kind).contains(&finding.kind));
                *all += 1;
                *found += u64::from(is_found);
                ill.insert(thread);
            }
        }
        for thread in (0..threads.len() as u32).filter(|thread| !ill.contains(thread)) {
            let alarms: BTreeSet<&str> = diagnosed
                .of(thread)
                .iter()
                .filter(|finding| !finding.may_still_come)
                .map(|finding| finding.kind.name())
                .collect();
            let long = threads.events_of(thread).len() >= 6;
            self.healthy += 1;
            self.alarmed += u64::from(!alarms.is_empty());
            self.long_healthy += u64::from(long);
            self.long_alarmed += u64::from(long && !alarms.is_empty());
            for kind in alarms {
                *self.alarms.entry(kind).or_default() += 1;
            }
        }
    }
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
        println!("recall     {kind:<14} {of_kind:>6} of {planted:>6}");
        (found, all) = (found + of_kind, all + planted);
    }
    let true_alarms = found as f64;
    println!("recall     {:.4}", found as f64 / all as f64);
    println!("precision  {:.4}", true_alarms / (true_alarms + score.alarmed as f64));
    println!("false alarms: {} of {} healthy threads; {:?}", score.alarmed, score.healthy, score.alarms);
    println!("among healthy threads of six events or more: {} of {}", score.long_alarmed, score.long_healthy);
    assert!(score.found.len() == 10, "{:?}", score.found);
    assert!(score.found.values().all(|(found, planted)| found == planted), "{:?}", score.found);
    assert!(score.alarmed * 50 <= score.healthy, "{:?}", score.alarms);
    assert!(score.long_alarmed * 50 <= score.long_healthy, "{:?}", score.alarms);
}
