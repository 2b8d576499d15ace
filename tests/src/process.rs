//! pm4py as an oracle of process maps and variants, in a Python of the tests' own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::{part, python};

/// pm4py, ready to be asked.
pub struct Pm4py {
    python: PathBuf,
}

/// A process's map and variants, whoever made them.
#[derive(Debug, Default, PartialEq)]
pub struct Process {
    /// How often each step is.
    pub nodes: BTreeMap<String, u64>,
    /// How often one step directly follows another, with the median and the 95th percentile of the time between, in
    /// milliseconds.
    pub edges: BTreeMap<(String, String), (u64, f64, f64)>,
    /// Steps that threads start with.
    pub starts: BTreeMap<String, u64>,
    /// Steps that threads end with.
    pub ends: BTreeMap<String, u64>,
    /// How many threads go each way.
    pub variants: BTreeMap<Vec<String>, u64>,
}

/// The columns of a process's log in CSV.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// The case: what Fabula calls a thread.
    pub case: &'a str,
    /// The activity: what Fabula calls a step.
    pub activity: &'a str,
    /// The time.
    pub time: &'a str,
}

impl Pm4py {
    /// pm4py, fetched where it is not here yet; `None` (and said so) where it cannot be had.
    pub fn find(test: &str) -> Option<&'static Self> {
        static FOUND: OnceLock<Result<Pm4py, String>> = OnceLock::new();
        match FOUND.get_or_init(|| Ok(Self { python: python::with("pm4py", &["pm4py>=2.7"])? })) {
            Ok(found) => Some(found),
            Err(missing) => {
                part::skipped(test, missing);
                None
            }
        }
    }

    /// What pm4py makes of a file.
    ///
    /// # Panics
    /// If it can't read it.
    pub fn process(&self, file: &Path, columns: Columns<'_>) -> Process {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("readers").join("process.py");
        let names = [columns.case, columns.activity, columns.time];
        let output = Command::new(&self.python).arg(script).arg(file).args(names).output();
        let output = output.expect("Python can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pm4py can't read {}: {said}", file.display());
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let list = |name: &str| told[name].as_array().expect("an array").iter();
        let counted = |name: &str| list(name).map(|entry| (text(&entry[0]), count(&entry[1]))).collect();
        let edge = |entry: &Value| {
            let times = [&entry[3], &entry[4]].map(|ms| ms.as_f64().expect("a number"));
            ((text(&entry[0]), text(&entry[1])), (count(&entry[2]), times[0], times[1]))
        };
        Process {
            nodes: counted("nodes"),
            edges: list("edges").map(edge).collect(),
            starts: counted("starts"),
            ends: counted("ends"),
            variants: list("variants").map(|entry| (texts(&entry[0]), count(&entry[1]))).collect(),
        }
    }
}

impl Process {
    /// From what `fabula threads --map --json` and `--variants --json` print.
    ///
    /// # Panics
    /// If that is not what is documented.
    pub fn told(map: &Value, variants: &Value) -> Self {
        let list = |from: &Value, name: &str| from[name].as_array().expect("an array").clone();
        let counted =
            |name: &str| list(map, name).iter().map(|entry| (text(&entry["step"]), count(&entry["count"]))).collect();
        let edge = |entry: &Value| {
            let times = ["median_ms", "p95_ms"].map(|name| entry[name].as_f64().expect("a number"));
            ((text(&entry["from"]), text(&entry["to"])), (count(&entry["count"]), times[0], times[1]))
        };
        let ways = variants.as_array().expect("an array").iter();
        Self {
            nodes: counted("nodes"),
            edges: list(map, "edges").iter().map(edge).collect(),
            starts: counted("starts"),
            ends: counted("ends"),
            variants: ways.map(|way| (texts(&way["steps"]), count(&way["count"]))).collect(),
        }
    }

    /// Whether two are the same: counts exactly, times within a thousandth of a millisecond, or of a millionth part.
    ///
    /// # Panics
    /// Where they differ, with the difference.
    pub fn assert_same(&self, other: &Self) {
        assert_eq!(self.nodes, other.nodes);
        assert_eq!(self.starts, other.starts);
        assert_eq!(self.ends, other.ends);
        assert_eq!(self.variants, other.variants);
        assert_eq!(self.edges.keys().collect::<Vec<_>>(), other.edges.keys().collect::<Vec<_>>());
        for (edge, (count, median, p95)) in &self.edges {
            let (other_count, other_median, other_p95) = other.edges[edge];
            assert_eq!(*count, other_count, "{edge:?}");
            for (one, other) in [(*median, other_median), (*p95, other_p95)] {
                assert!((one - other).abs() <= 0.001_f64.max(one.abs() * 1e-6), "{edge:?}: {one} and {other}");
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().expect("an array").iter().map(text).collect()
}

fn count(value: &Value) -> u64 {
    value.as_u64().expect("a count")
}
