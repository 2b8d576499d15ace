//! How fast a Kafka topic is read, against kcat and librdkafka's own performance consumer, on one broker in one run.
//!
//! ```text
//! cargo run --release --workspace --bin bench_kafka [EVENTS]
//! ```

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fabula_core::log::kafka::{KafkaLog, Settings};
use fabula_core::log::{ReadItem, ReadOptions};
use fabula_tests::kafka::produce::{Pen, Record};
use fabula_tests::kafka::{Kafka, block_on, reading};

const TOPIC: &str = "bench";
const PARTITIONS: i32 = 12;
const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let events: usize = std::env::args().nth(1).map_or(Ok(2_000_000), |count| count.parse())?;
    let kafka = &Kafka::start("bench_kafka").context("Apache Kafka cannot be had")?;
    let bytes = fill(kafka, events);
    println!(
        "{events} events of {} bytes on average, {PARTITIONS} skewed partitions, best of {ROUNDS}",
        bytes / events
    );

    let performance = performance_consumer(kafka.folder());
    if let Err(error) = &performance {
        println!("without librdkafka's own performance consumer: {error:#}");
    }
    type Reader<'a> = (&'a str, Box<dyn Fn() -> Result<()> + 'a>);
    let mut readers: Vec<Reader<'_>> = vec![("kcat to /dev/null", Box::new(|| kcat(kafka)))];
    if let Ok(performance) = &performance {
        readers.push(("rdkafka_performance", Box::new(|| run_performance_consumer(performance, kafka, events))));
    }
    let peers = readers.len();
    readers.push(("fabula, reading", Box::new(|| fabula_reading(kafka, events))));
    match program() {
        Ok(program) => readers.push(("fabula record", Box::new(move || fabula_record(&program, kafka)))),
        Err(error) => println!("without fabula record: {error:#}"),
    }
    let mut best = vec![Duration::MAX; readers.len()];
    let mut cpu = vec![Duration::MAX; readers.len()];
    for _ in 0..ROUNDS {
        for (at, (_, read)) in readers.iter().enumerate() {
            let (began, cpu_before) = (Instant::now(), cpu_time());
            read()?;
            best[at] = began.elapsed().min(best[at]);
            cpu[at] = cpu_time().saturating_sub(cpu_before).min(cpu[at]);
        }
    }
    let fastest = best[..peers].iter().min().copied().unwrap_or(Duration::MAX);
    for (((name, _), took), cpu) in readers.iter().zip(&best).zip(&cpu) {
        let cpu = cpu.as_secs_f64();
        let seconds = took.as_secs_f64();
        let rate = bytes as f64 / seconds / 1e6;
        let ratio = fastest.as_secs_f64() / seconds;
        println!(
            "{name:20} {seconds:6.2} s ({cpu:5.2} s of CPU)  {rate:7.1} MB/s  {:9.0} events/s  {ratio:4.2} of the faster peer",
            events as f64 / seconds
        );
    }
    Ok(())
}

/// The processor time of this process and of those it has waited for: steadier than the clock on a busy machine.
fn cpu_time() -> Duration {
    const TICK_MS: u64 = 10;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets, utime is the twelfth field; stime, cutime and cstime follow.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * TICK_MS)
}

/// Fills the topic, most of it in the first partitions and none in the last two, and returns how many bytes that is.
fn fill(kafka: &Kafka, events: usize) -> usize {
    kafka.create_topic(TOPIC, PARTITIONS, &[]);
    let pen = Pen::new(&kafka.brokers());
    let mut bytes = 0;
    pen.write(
        TOPIC,
        (0..events).map(|at| {
            let partition = ((at * at) % 97 % 11).min(at % 11) as i32 % (PARTITIONS - 2);
            let key = format!("order-{}", at % 50_000);
            let value = format!(
                r#"{{"order_id":"{at:012}","customer":"c-{}","amount":{}.{:02},"status":"CAPTURED","note":"{:0>80}"}}"#,
                at % 10_007,
                at % 977,
                at % 100,
                at * 31
            );
            bytes += key.len() + value.len();
            Record::new(partition, key, value).with(&[("trace", Some(b"00-4bf92f3577b34da6a3ce929d0e0e4736-01"))])
        }),
    );
    bytes
}

fn fabula_reading(kafka: &Kafka, events: usize) -> Result<()> {
    let log = KafkaLog::open(Settings::new(&kafka.brokers()))?;
    let read = block_on(async {
        let mut reading = fabula_core::log::Log::read(&log, reading::whole(&log, TOPIC).await, ReadOptions::default());
        let mut read = 0;
        while let Some(item) = reading.next().await {
            if let ReadItem::Batch { events, .. } = item {
                read += events.len();
            }
        }
        read
    });
    ensure!(read == events, "{read} of {events} events were read");
    Ok(())
}

fn fabula_record(program: &Path, kafka: &Kafka) -> Result<()> {
    let folder = kafka.folder().join("recording");
    let ran = Command::new(program)
        .args(["record", "-b", &kafka.brokers(), "-t", TOPIC, "--to", &folder.display().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    ensure!(ran.success(), "fabula record: {ran}");
    Ok(std::fs::remove_dir_all(folder)?)
}

/// The program, which must have been built: it is not this program's to build what it measures.
fn program() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name(format!("fabula{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "{} is missing: cargo build --release --workspace --bin fabula", program.display());
    Ok(program)
}

fn kcat(kafka: &Kafka) -> Result<()> {
    let ran = Command::new("kcat")
        .args(["-C", "-b", &kafka.brokers(), "-t", TOPIC, "-o", "beginning", "-e", "-q"])
        .stdout(Stdio::null())
        .status()
        .context("kcat")?;
    ensure!(ran.success(), "kcat: {ran}");
    Ok(())
}

/// Builds the performance consumer that comes with librdkafka's sources, with the very library that Fabula uses.
fn performance_consumer(folder: &Path) -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let build = program.parent().context("programs lie in target/<profile>")?.join("build");
    let find = |package: &str, file: &str| -> Result<PathBuf> {
        let outputs = std::fs::read_dir(&build)?.filter_map(|entry| Some(entry.ok()?.path()));
        let of_package =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(package));
        let mut found: Vec<PathBuf> =
            outputs.filter(of_package).map(|path| path.join("out").join(file)).filter(|file| file.is_file()).collect();
        found.sort_by_key(|file| file.metadata().and_then(|metadata| metadata.modified()).ok());
        found.pop().with_context(|| format!("{file} is not in {}", build.display()))
    };
    let library = find("rdkafka-sys-", "src/librdkafka.a")?;
    let sources = library.ancestors().nth(2).context("a library in src")?;
    let program = folder.join("rdkafka_performance");
    let built = Command::new("cc")
        .arg("-O2")
        .arg("-I")
        .arg(sources.join("src"))
        .arg(sources.join("examples/rdkafka_performance.c"))
        .arg(&library)
        .arg(find("openssl-sys-", "openssl-build/install/lib/libssl.a")?)
        .arg(find("openssl-sys-", "openssl-build/install/lib/libcrypto.a")?)
        .arg(find("libz-sys-", "lib/libz.a")?)
        .arg(find("zstd-sys-", "libzstd.a")?)
        .args(["-lm", "-lpthread", "-ldl", "-o"])
        .arg(&program)
        .output()?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Ok(program)
}

fn run_performance_consumer(program: &Path, kafka: &Kafka, events: usize) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["-C", "-t", TOPIC, "-b", &kafka.brokers(), "-o", "beginning", "-c", &events.to_string(), "-q"]);
    for partition in 0..PARTITIONS {
        command.args(["-p", &partition.to_string()]);
    }
    let ran = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    ensure!(ran.success(), "rdkafka_performance: {ran}");
    Ok(())
}
