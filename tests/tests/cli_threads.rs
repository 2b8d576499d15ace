//! `fabula threads`: what belongs together, the process map, variants, diagnoses; against the sample's truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fabula_tests::program::{self, Ran};
use fabula_tests::{arguments, recordings};
use serde_json::Value;

const EVENTS: u64 = 60_000;

fn threads(dir: &Path, more: &[&str]) -> Ran {
    let mut arguments = arguments!["threads", "--recording", dir, "-t", "*"].to_vec();
    arguments.extend(more.iter().map(Into::into));
    program::run(arguments)
}

fn json(dir: &Path, more: &[&str]) -> Value {
    let ran = threads(dir, &[more, &["--json"]].concat()).ok();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
}

fn entries(told: &Value) -> &Vec<Value> {
    told.as_array().unwrap()
}

fn sum(counts: &Value) -> u64 {
    entries(counts).iter().map(|entry| entry["count"].as_u64().unwrap()).sum()
}

/// An event's coordinates, as `--json` and the truth both name them.
fn place(event: &Value) -> (String, i64, i64) {
    let number = |name: &str| event[name].as_i64().unwrap();
    (event["topic"].as_str().unwrap().to_owned(), number("partition"), number("offset"))
}

/// The sample in a recording, and what was planted in it.
fn sample(folder: &Path) -> (std::path::PathBuf, Value) {
    let dir = folder.join("recording");
    recordings::sample(EVENTS, &dir);
    let truth = std::fs::read_to_string(dir.join("sample-truth.json")).unwrap();
    (dir, serde_json::from_str(&truth).unwrap())
}

fn incident<'t>(truth: &'t Value, kind: &str) -> &'t Value {
    entries(&truth["incidents"]).iter().find(|incident| incident["kind"] == kind).unwrap()
}

#[test]
fn a_lost_step_is_found_named_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, truth) = sample(folder.path());
    let planted = &incident(&truth, "lost_step")["events"];
    let orders: BTreeSet<&str> = entries(planted).iter().map(|event| event["key"].as_str().unwrap()).collect();
    assert!(!orders.is_empty());
    let findings = json(&dir, &["--diagnose"]);
    let ill: BTreeMap<&str, &Value> = entries(&findings)
        .iter()
        .filter(|finding| finding["kind"] == "missing_step" && finding["may_still_come"] == false)
        .map(|finding| (finding["thread"].as_str().unwrap(), finding))
        .collect();
    for order in &orders {
        let finding = ill.get(order).unwrap_or_else(|| panic!("{order} is not among {:?}", ill.keys()));
        assert!(finding["what"].as_str().unwrap().contains("no ShipmentBooked"), "{finding}");
        assert!(finding["sureness"].as_f64().unwrap() > 0.9);
        assert!(!entries(&finding["evidence"]).is_empty());
    }
    // The same thread by the order's number, by an event's place, by its trace.
    let order = orders.first().unwrap();
    let thread = json(&dir, &["--id", order]);
    assert_eq!(thread["thread"], **order);
    assert_eq!(thread["outcome"], "incomplete");
    assert_eq!(thread["findings"][0]["kind"], "missing_step");
    let events = entries(&thread["events"]);
    assert_eq!(thread["events"].as_array().unwrap().len() as u64, thread["event_count"].as_u64().unwrap());
    let (topic, partition, offset) = place(&events[1]);
    assert_eq!(json(&dir, &["--id", &format!("{topic}/{partition}/{offset}")]), thread);
    assert_eq!(json(&dir, &["--id", thread["reference"].as_str().unwrap()]), thread);
    let at = format!("{topic}:{partition}");
    let read = program::run(arguments![
        "read",
        "--recording",
        &dir,
        "-t",
        &topic,
        "--where",
        format!("key = '{order}'"),
        "-J"
    ]);
    let headers = read.ok().json_lines()[0]["headers"].as_array().unwrap().clone();
    let trace = headers.iter().find(|header| header[0] == "traceparent").unwrap_or_else(|| panic!("{at}: {headers:?}"));
    assert_eq!(json(&dir, &["--id", trace[1].as_str().unwrap()]), thread);
    // Edges lead forward from events that are there, and the events say so themselves where they do.
    let edges = entries(&thread["edges"]);
    assert_eq!(edges.len(), events.len() - 1);
    assert!(edges.iter().any(|edge| edge["kind"] == "causation" && edge["exact"] == true));
    assert!(edges.iter().all(|edge| edge["from"].as_u64() < edge["to"].as_u64()));
    // For a person.
    let shown = threads(&dir, &["--id", order]).ok().stdout;
    assert!(shown.contains("PaymentCaptured") && shown.contains("Missing step (99 % sure)"), "{shown}");
}

#[test]
fn every_kind_of_incident_is_among_the_findings() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, truth) = sample(folder.path());
    let findings = json(&dir, &["--diagnose"]);
    let shown: BTreeMap<&str, BTreeSet<(String, i64, i64)>> =
        entries(&findings).iter().fold(BTreeMap::new(), |mut shown, finding| {
            let evidence = entries(&finding["evidence"]).iter().map(place);
            shown.entry(finding["kind"].as_str().unwrap()).or_insert_with(BTreeSet::new).extend(evidence);
            shown
        });
    let kinds = [
        ("hot_key", "hot_value"),
        ("undecodable", "undecodable"),
        ("slow_provider", "slow_edge"),
        ("dead_letter", "dead_lettered"),
        ("duplicate", "duplicate_delivery"),
        ("out_of_order", "out_of_order"),
        ("schema_change", "shape_change"),
        ("clock_skew", "clock_contradiction"),
        ("late", "late"),
    ];
    for (planted, found) in kinds {
        let events: BTreeSet<_> = entries(&incident(&truth, planted)["events"]).iter().map(place).collect();
        let evidence = shown.get(found).unwrap_or_else(|| panic!("no {found} was found"));
        assert!(!events.is_disjoint(evidence), "{planted}: {events:?}, but {evidence:?}");
    }
    let table = threads(&dir, &["--diagnose"]).ok();
    assert_eq!(table.stdout.lines().count(), entries(&findings).len());
    assert!(table.stderr.contains("missing step"), "{}", table.stderr);
}

/// The names of an object's entries.
fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap_or_else(|| panic!("no object: {object}")).keys().map(String::as_str).collect()
}

/// That an object has these entries and no others, and that the README tells of each.
fn assert_told(object: &Value, wanted: &[&str], readme: &str) {
    assert_eq!(names(object), wanted.iter().copied().collect(), "{object}");
    for name in wanted {
        assert!(readme.contains(name), "the README does not tell of {name}");
    }
}

#[test]
fn the_json_is_what_the_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, truth) = sample(folder.path());
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let readme: String = readme.lines().filter(|line| line.starts_with("| ")).collect();
    let summary = [
        "thread",
        "reference",
        "start",
        "start_ms",
        "end",
        "end_ms",
        "duration_ms",
        "event_count",
        "participants",
        "first",
        "last",
        "outcome",
        "findings",
    ];
    let list = json(&dir, &["--limit", "3"]);
    assert_eq!(entries(&list).len(), 3);
    assert_told(&list[0], &summary, &readme);
    let order = incident(&truth, "lost_step")["events"][0]["key"].as_str().unwrap();
    let thread = json(&dir, &["--id", order]);
    assert_told(&thread, &[&summary[..], &["events", "edges"]].concat(), &readme);
    let place = ["topic", "partition", "offset"];
    let event = [&place[..], &["timestamp", "timestamp_ms", "step", "participant"]].concat();
    assert_told(&thread["events"][0], &event, &readme);
    assert_told(&thread["edges"][0], &["from", "to", "kind", "exact", "latency_ms"], &readme);
    let finding = [
        "kind",
        "thread",
        "what",
        "reason",
        "sureness",
        "certainty",
        "may_still_come",
        "explained",
        "missing",
        "participant",
        "or_participant",
        "skew_ms",
        "skew_within_ms",
        "timestamp",
        "timestamp_ms",
        "evidence",
    ];
    assert_told(&thread["findings"][0], &finding, &readme);
    let findings = json(&dir, &["--diagnose"]);
    entries(&findings).iter().for_each(|found| assert_told(found, &finding, &readme));
    assert_told(&findings[0]["evidence"][0], &place, &readme);
    let skew = entries(&findings).iter().find(|found| found["kind"] == "clock_skew").unwrap();
    assert!(skew["skew_ms"].as_i64().unwrap() < -5_000 && skew["participant"].is_string(), "{skew}");
    let certain = |kind: &str| {
        let of_kind = entries(&findings).iter().filter(|found| found["kind"] == kind);
        of_kind.map(|found| found["certainty"].as_str().unwrap()).collect::<BTreeSet<_>>()
    };
    assert_eq!(certain("duplicate_delivery"), ["shown"].into());
    assert!(certain("missing_step").contains("absent"), "{:?}", certain("missing_step"));
    let fields = json(&dir, &["--fields"]);
    assert_told(&fields, &["topics"], &readme);
    let topic = &fields["topics"][0];
    assert_told(topic, &["topic", "fields", "step", "participant"], &readme);
    assert_told(&topic["fields"][0], &["field", "role", "ties", "about", "because"], &readme);
    let map = json(&dir, &["--map"]);
    assert_told(&map, &["nodes", "edges", "starts", "ends"], &readme);
    assert_told(&map["edges"][0], &["from", "to", "count", "median_ms", "p95_ms"], &readme);
    assert_told(&json(&dir, &["--variants"])[0], &["steps", "count"], &readme);
}

#[test]
fn what_an_id_names_is_found_though_it_ties_nothing_or_names_several() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.jsonl");
    let mut lines = String::new();
    for number in 100..160 {
        for (topic, field, after) in [
            ("orders", "order_id", 0),
            ("packed", "order_id", 10),
            ("invoices", "invoice_id", 20),
            ("paid", "invoice_id", 30),
        ] {
            lines += &format!(
                "{{\"topic\":\"{topic}\",\"ts\":{},\"payload\":\"{{\\\"{field}\\\":{number},\\\"note\\\":\\\"{topic} of {number}x\\\"}}\"}}\n",
                1_700_000_000_000_i64 + number * 1_000 + after
            );
        }
    }
    std::fs::write(&file, lines).unwrap();
    let dir = folder.path().join("recording");
    program::run(arguments!["import", &file, "--to", &dir]).ok();
    // An order and an invoice of one number: an object a line.
    let ran = threads(&dir, &["--id", "117", "--json"]).ok();
    let both: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first: BTreeSet<&str> = both.iter().map(|thread| thread["events"][0]["topic"].as_str().unwrap()).collect();
    assert_eq!(first, ["invoices", "orders"].into(), "{}", ran.stdout);
    assert!(ran.stderr.contains("“117” is said in 2 threads"), "{}", ran.stderr);
    let table = threads(&dir, &["--id", "117"]).ok();
    assert_eq!(table.stdout.lines().count(), 3, "{}", table.stdout);
    // What ties nothing is looked for in every event.
    let ran = threads(&dir, &["--id", "packed of 117x", "--json"]).ok();
    let thread: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(thread["events"][0]["topic"], "orders", "{thread}");
    assert!(ran.stderr.contains("ties nothing"), "{}", ran.stderr);
}

#[test]
fn what_events_say_neither_steers_the_terminal_nor_overflows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.jsonl");
    let mut lines = String::new();
    for number in 0..60_i64 {
        let order = if number == 3 { "ORD\\u001b[31m\\nevil".to_owned() } else { format!("ORD-{number}") };
        for (topic, step, at) in [("orders", "Pla\\u001b]0;x\\u0007ced", 0), ("paid", "Paid", 900)] {
            let ts = match number {
                7 => {
                    if at == 0 {
                        -9_000_000_000_000_000_000
                    } else {
                        9_000_000_000_000_000_000
                    }
                }
                _ => 1_700_000_000_000 + number * 60_000 + at,
            };
            let value = serde_json::json!({ "order_id": "", "eventType": "" }).to_string();
            let value = value.replace("\"order_id\":\"\"", &format!("\"order_id\":\"{order}\""));
            let value = value.replace("\"eventType\":\"\"", &format!("\"eventType\":\"{step}\""));
            let payload = serde_json::Value::from(value);
            lines += &format!("{{\"topic\":\"{topic}\",\"ts\":{ts},\"payload\":{payload}}}\n");
        }
    }
    // Said by what ties nothing.
    lines += "{\"topic\":\"notes\",\"ts\":1700000000000,\"payload\":\"{\\\"text\\\":\\\"about ORD-11, now\\\"}\"}\n";
    std::fs::write(&file, lines).unwrap();
    let dir = folder.path().join("recording");
    program::run(arguments!["import", &file, "--to", &dir]).ok();
    for more in [&["--variants"][..], &["--diagnose"], &["--map"], &["--id", "ORD-11"], &["--fields"], &[]] {
        let ran = threads(&dir, more).ok();
        let is_control = |c: char| c.is_control() && c != '\n';
        assert!(!ran.stdout.contains(is_control) && !ran.stderr.contains(is_control), "{more:?}: {:?}", ran.stdout);
        threads(&dir, &[more, &["--json"]].concat()).ok();
    }
    let ran = threads(&dir, &["--id", "ORD-11"]).ok();
    assert!(ran.stderr.contains("1 more event mentions “ORD-11”"), "{}", ran.stderr);
}

#[test]
fn a_part_of_the_time_and_steps_of_ones_own_leave_findings_true() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, _) = sample(folder.path());
    let findings = json(&dir, &["--diagnose"]);
    let count = |findings: &Value, kind: &str, certainty: &str| {
        let same = |found: &&Value| found["kind"] == kind && found["certainty"] == certainty;
        entries(findings).iter().filter(same).count()
    };
    // Whatever had begun by then lacks its beginning, and nobody says it never was.
    let list = json(&dir, &[]);
    let of_orders =
        |thread: &&Value| thread["first"] == "CheckoutSubmitted" && thread["event_count"].as_u64() > Some(5);
    let orders: Vec<&Value> = entries(&list).iter().filter(of_orders).collect();
    let order = orders[orders.len() / 2];
    let from = order["start_ms"].as_i64().unwrap() + 1;
    let part = json(&dir, &["--diagnose", "--from", &from.to_string()]);
    let begun: BTreeSet<&str> = entries(&list)
        .iter()
        .filter(|thread| thread["start_ms"].as_i64() < Some(from))
        .filter_map(|thread| thread["thread"].as_str())
        .collect();
    let missing: Vec<&Value> = entries(&part).iter().filter(|found| found["kind"] == "missing_step").collect();
    for found in &missing {
        let cut = found["thread"].as_str().is_some_and(|thread| begun.contains(thread));
        assert!(!cut || found["certainty"] == "not_read", "{found}");
    }
    assert!(missing.iter().any(|found| found["thread"] == order["thread"]), "{order} lacks what was cut off");
    // A range that goes on behind the end ends where the log does.
    let last = entries(&list).iter().filter_map(|thread| thread["end_ms"].as_i64()).max().unwrap();
    let behind = (last + 864_000_000).to_string();
    let on = json(&dir, &["--diagnose", "--to", &behind]);
    for certainty in ["absent", "may_still_come"] {
        let (one, other) = (count(&on, "missing_step", certainty), count(&findings, "missing_step", certainty));
        assert_eq!(one, other, "{certainty}");
    }
    let shapes = |findings: &Value| count(findings, "shape_change", "shown");
    let by_step = json(&dir, &["--diagnose", "--step", "headers.ce_type"]);
    assert!(shapes(&findings) > 0 && shapes(&by_step) > 0);
    // Tied by what a person says, the same events still name their causes, and are there twice.
    let by_key = json(&dir, &["--diagnose", "--by", "key"]);
    for kind in ["duplicate_delivery", "clock_contradiction"] {
        assert!(count(&by_key, kind, "shown") > 0, "{kind}");
    }
}

#[test]
fn map_variants_and_list_are_about_the_same_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, _) = sample(folder.path());
    let (map, variants, list) = (json(&dir, &["--map"]), json(&dir, &["--variants"]), json(&dir, &[]));
    let all = entries(&list).len() as u64;
    let events: u64 = entries(&list).iter().map(|thread| thread["event_count"].as_u64().unwrap()).sum();
    assert!(all > 1_000 && events < EVENTS, "{all} threads of {events} events");
    assert_eq!([sum(&map["starts"]), sum(&map["ends"]), sum(&variants)], [all; 3]);
    assert_eq!([sum(&map["nodes"]), sum(&map["edges"]) + all], [events; 2]);
    let steps: u64 =
        entries(&variants).iter().map(|way| way["count"].as_u64().unwrap() * entries(&way["steps"]).len() as u64).sum();
    assert_eq!(steps, events);
    let starts: Vec<i64> = entries(&list).iter().map(|thread| thread["start_ms"].as_i64().unwrap()).collect();
    assert!(starts.is_sorted());
    // The sample itself says what its recording says.
    let sample = program::run(arguments!["threads", format!("--sample={EVENTS}"), "-t", "*", "--variants", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&sample.ok().stdout).unwrap(), variants);
    // As tables.
    let table = threads(&dir, &["--map"]).ok().stdout;
    assert!(table.starts_with("FROM ") && table.contains("(start)") && table.contains("(end)"), "{table}");
    let table = threads(&dir, &["--variants", "--limit", "3"]).ok().stdout;
    assert_eq!(table.lines().count(), 4);
    let table = threads(&dir, &["--limit", "7"]).ok();
    assert_eq!(table.stdout.lines().count(), 8);
    assert!(table.stderr.contains("threads of") && table.stderr.contains("complete"), "{}", table.stderr);
}

#[test]
fn a_person_says_by_what_and_in_which_steps() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.jsonl");
    let mut lines = String::new();
    for at in 0..6_000 {
        let (order, tenant) = (at % 1_000, at % 3);
        let state = ["NEW", "PAID", "SENT"][at / 1_000 % 3];
        lines += &format!(
            "{{\"topic\":\"{}\",\"ts\":{},\"key\":\"k{at}\",\"payload\":\"{{\\\"n\\\":{order},\\\"tenant\\\":\\\"tenant-{tenant}\\\",\\\"state\\\":\\\"{state}\\\"}}\"}}\n",
            ["orders", "payments"][at % 2],
            1_700_000_000_000_i64 + at as i64 * 1_000
        );
    }
    std::fs::write(&file, lines).unwrap();
    let dir = folder.path().join("recording");
    program::run(arguments!["import", &file, "--to", &dir]).ok();
    let variants = json(&dir, &["--by", "value.n", "--step", "value.state", "--variants"]);
    assert_eq!(variants[0]["count"], 1_000);
    assert_eq!(variants[0]["steps"], serde_json::json!(["NEW", "PAID", "SENT", "NEW", "PAID", "SENT"]));
    // What a person asks for ties, however much that is.
    assert_eq!(sum(&json(&dir, &["--by", "value.tenant", "--variants"])), 3);
    // An order's events are of all three tenants here, so both fields together tie everything.
    assert_eq!(sum(&json(&dir, &["--by", "value.n", "value.tenant", "--variants"])), 1);
    let fields = json(&dir, &["--by", "value.n", "--fields"]);
    assert_eq!(fields["topics"][0]["fields"][0]["field"], "value.n");
    // By itself it finds nothing that ties a tenant's orders into one.
    assert!(sum(&json(&dir, &["--variants"])) != 3);
    // Only a part of the time.
    let ran = threads(&dir, &["--by", "value.n", "--variants", "--json", "--to", "1700001000000"]).ok();
    let part: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((sum(&part), entries(&part[0]["steps"]).len()), (1_000, 1), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, _) = sample(folder.path());
    for (refused, says) in [
        (&["--by", "topic"][..], "is no field of a key, a value or a header"),
        (&["--step", "value."], "--step"),
        (&["--map", "--variants"], "cannot be used with"),
    ] {
        let ran = threads(&dir, refused);
        assert_eq!(ran.code, Some(2), "{refused:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says) && ran.stdout.is_empty(), "{refused:?}: {}", ran.stderr);
    }
    let ran = threads(&dir, &["--id", "no-such-order"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("no thread says “no-such-order”"), "{}", ran.stderr);
}
