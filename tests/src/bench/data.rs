//! What is measured on: the sample, recorded; and the same events in the forms that the others read.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fabula_core::event::EventRef;
use fabula_core::event::time::Moment;
use fabula_core::log::Log;
use fabula_core::log::plan::{Request, plan};
use fabula_core::log::sample::SampleLog;
use fabula_core::narrative::Narrative;
use fabula_core::store::record::{RecordProgress, record};
use fabula_core::store::{Snapshot, Store};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// The sample at some size, in a folder of its own.
#[derive(Debug)]
pub struct Data {
    events: u64,
    dir: PathBuf,
}

impl Data {
    /// The sample of so many events, under `target/bench`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn of(events: u64) -> Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let dir = target.join("bench").join(events.to_string());
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self { events, dir })
    }

    /// How many events there are.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Where the data lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of the recording; made on first use.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn recording(&self) -> Result<PathBuf> {
        let done = self.dir.join("recording");
        if !done.exists() {
            let aside = self.dir.join("recording.part");
            let _ = fs::remove_dir_all(&aside);
            eprintln!("recording the sample of {} events …", self.events);
            let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
            runtime.block_on(record_sample(&aside, self.events))?;
            fs::rename(&aside, &done)?;
        }
        Ok(done)
    }

    /// The recording, opened, and what it holds.
    ///
    /// # Errors
    /// When it cannot be recorded or opened, or is damaged.
    pub fn open(&self) -> Result<(Store, Arc<Snapshot>)> {
        let (store, damage) = Store::open(&self.recording()?)?;
        anyhow::ensure!(damage.is_empty(), "the recording is damaged: {}", damage[0]);
        let snapshot = store.snapshot();
        Ok((store, snapshot))
    }

    /// The same events as JSON lines, in the shape of `fabula read --format json`; made on first use.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn json_lines(&self) -> Result<PathBuf> {
        let done = self.dir.join("events.jsonl");
        if !done.exists() {
            eprintln!("writing the events as JSON lines …");
            let aside = self.dir.join("events.jsonl.part");
            let (_store, snapshot) = self.open()?;
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&aside)?);
            let mut cursor = Narrative::of_all(&snapshot, None).cursor(0)?;
            let mut written = Ok(());
            cursor.read(u64::MAX, |_, event| {
                written = write_line(&mut out, event);
                if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            written?;
            out.flush()?;
            fs::rename(&aside, &done)?;
        }
        Ok(done)
    }
}

async fn record_sample(dir: &Path, events: u64) -> Result<()> {
    let log = SampleLog::new(events, 1);
    let store = Store::create(dir, log.origin())?;
    let topics = log.topics().await?.iter().map(|topic| topic.name.to_string()).collect();
    let lateness_ms = Request::DEFAULT_LATENESS_MS;
    let request = Request { topics, from: Moment::Earliest, to: Some(Moment::Latest), lateness_ms };
    let plan = plan(&log, &request).await?;
    let report = record(&log, plan, &store, &RecordProgress::default(), CancellationToken::new()).await?;
    anyhow::ensure!(report.is_complete(), "the sample was not recorded completely");
    Ok(())
}

/// Bytes as JSON says them: as text where they are text, and otherwise in hexadecimal.
fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => Value::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

fn write_line(out: &mut impl Write, event: EventRef<'_>) -> std::io::Result<()> {
    let headers: Vec<Value> = event.headers().map(|(name, value)| json!([name, value.map(text)])).collect();
    let line = json!({
        "topic": &**event.topic(),
        "partition": event.partition(),
        "offset": event.offset(),
        "timestamp_ms": event.timestamp_ms(),
        "key": event.key().map(text),
        "value": event.value().map(text),
        "headers": headers,
    });
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}
