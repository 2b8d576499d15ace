//! Recording a topic of a real broker, beside kcat and librdkafka's own performance consumer.
//!
//! Both others throw away what they read; Fabula keeps it on disk.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use fabula_core::narrative::Narrative;

use super::{Data, Line, Table, race, timed};
use crate::kafka::Kafka;
use crate::kafka::produce::{Pen, Record};
use crate::program;

const TOPIC: &str = "recorded";
const PARTITIONS: i32 = 12;

/// The most events that are produced: reading speed does not depend on more.
const MOST: u64 = 3_000_000;

/// Measures recording.
///
/// # Errors
/// When a part is missing or fails.
pub fn measure(data: &Data, table: &mut Table) -> Result<()> {
    let kafka = Kafka::start("the benchmark of recording").context("Java or Kafka is missing")?;
    let events = produce(&kafka, data)?;
    let brokers = kafka.brokers();
    let folder = tempfile::tempdir()?;

    let ours = || {
        let to = folder.path().join("recording");
        let _ = std::fs::remove_dir_all(&to);
        let mut record = program::command(["record", "-b", &brokers, "-t", TOPIC, "--to"]);
        succeed(record.arg(&to))
    };
    let kcat =
        || succeed(Command::new("kcat").args(["-C", "-b", &brokers, "-t", TOPIC, "-o", "beginning", "-e", "-q"]));
    let ((_, our_time), (_, kcat_time)) = race(4, ours, kcat)?;
    let what = format!("record: {:.1} M events from Kafka", events as f64 / 1e6);
    table.add(Line::beside(format!("{what}, against kcat -C"), our_time, "kcat", kcat_time, 0.9));

    let consumer = performance_consumer(folder.path())?;
    let mut best = Duration::MAX;
    for run in 0..4 {
        best = best.min(consume(&consumer, &brokers, run, events)?);
    }
    table.add(Line::beside(format!("{what}, against librdkafka's consumer"), our_time, "librdkafka", best, 0.9));
    Ok(())
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Writes the sample's events into one skewed topic, and says how many.
fn produce(kafka: &Kafka, data: &Data) -> Result<u64> {
    kafka.create_topic(TOPIC, PARTITIONS, &[]);
    let (_store, snapshot) = data.open()?;
    let pen = Pen::new(&kafka.brokers());
    let mut cursor = Narrative::of_all(&snapshot, None).cursor(0)?;
    let mut written = 0_u64;
    let (result, took) = timed(|| {
        loop {
            let mut some = Vec::with_capacity(50_000);
            cursor.read(50_000, |_, event| {
                // Half of all in one partition, a quarter in the next, and so on.
                let partition = (written + some.len() as u64 + 1).trailing_zeros().min(PARTITIONS as u32 - 1) as i32;
                let record = Record::new(partition, [], []).at(event.timestamp_ms());
                some.push(Record {
                    key: event.key().map(<[u8]>::to_vec),
                    value: event.value().map(<[u8]>::to_vec),
                    ..record
                });
                std::ops::ControlFlow::Continue(())
            })?;
            if some.is_empty() || written >= MOST {
                return Ok::<_, anyhow::Error>(());
            }
            written += some.len() as u64;
            pen.write(TOPIC, some);
        }
    });
    result?;
    eprintln!("produced {written} events in {:.0} s", took.as_secs_f64());
    Ok(written)
}

/// Builds `rdkafka_performance` of the very librdkafka that Fabula links, from the sources that its crate carries.
fn performance_consumer(folder: &Path) -> Result<PathBuf> {
    let built = std::env::current_exe()?.with_file_name("build");
    let sources = std::fs::read_dir(&built)
        .with_context(|| built.display().to_string())?
        .filter_map(|entry| Some(entry.ok()?.path().join("out")))
        .find(|out| out.join("examples/rdkafka_performance.c").is_file() && out.join("src/librdkafka.a").is_file())
        .context("librdkafka's sources are not where its crate builds them")?;
    let copy = folder.join("librdkafka");
    succeed(Command::new("cp").arg("-r").arg(&sources).arg(&copy))?;
    succeed(Command::new("make").arg("-C").arg(copy.join("examples")).arg("rdkafka_performance"))?;
    Ok(copy.join("examples/rdkafka_performance"))
}

/// Runs it over the topic: how long, counted by itself from the first record, so that joining its group is not counted.
fn consume(consumer: &Path, brokers: &str, run: u32, events: u64) -> Result<Duration> {
    let began = Instant::now();
    let group = format!("performance-{run}");
    let output = Command::new(consumer)
        .args(["-G", &group, "-t", TOPIC, "-b", brokers, "-e", "-X", "auto.offset.reset=earliest"])
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    // «% 3000000 messages (…) consumed in 1234ms: …», the last of them the sum.
    let mut sums = said.lines().filter_map(|line| {
        let (count, rest) = line.trim_start_matches("% ").split_once(" messages")?;
        let (_, rest) = rest.split_once("consumed in ")?;
        let (ms, _) = rest.split_once("ms")?;
        Some((count.trim().parse::<u64>().ok()?, ms.trim().parse::<u64>().ok()?))
    });
    match sums.next_back() {
        Some((count, ms)) if count >= events => Ok(Duration::from_millis(ms)),
        other => bail!("librdkafka's consumer ended after {:?} with {other:?}: {said}", began.elapsed()),
    }
}
