//! Process maps and variants are those that pm4py makes of the same log.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use fabula_tests::process::{Columns, Pm4py, Process};
use fabula_tests::program;
use fabula_tests::{arguments, part};
use serde_json::Value;

const COLUMNS: Columns<'_> = Columns { case: "case:concept:name", activity: "concept:name", time: "time:timestamp" };

/// What Fabula makes of a file.
fn told(file: &Path, dir: &Path) -> Process {
    let columns = ["--key-field", COLUMNS.case, "--time-field", COLUMNS.time, "--topic", "permits"];
    let mut import = arguments!["import", file, "--to", dir].to_vec();
    import.extend(columns.iter().map(Into::into));
    program::run(import).ok();
    let json = |what: &str| -> Value {
        let step = format!("value.\"{}\"", COLUMNS.activity);
        let ran = program::run(arguments![
            "threads",
            "--recording",
            dir,
            "-t",
            "permits",
            "--by",
            "key",
            "--step",
            step,
            what,
            "--json"
        ]);
        serde_json::from_str(&ran.ok().stdout).unwrap()
    };
    Process::told(&json("--map"), &json("--variants"))
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A log of a process that nobody would run: cases interleave, times repeat and run backwards, steps come in any order.
fn random_log(path: &Path, seed: u64) {
    const STEPS: [&str; 7] =
        ["Apply", "Check, twice", "“Ask”", "Überprüfen", "Refuse", "Grant", "A \"\"quoted\"\" step"];
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (cases, steps) = (1 + dice.below(400), 1 + dice.below(7));
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(file, "{},{},{}", COLUMNS.case, COLUMNS.activity, COLUMNS.time).unwrap();
    for _ in 0..1 + dice.below(6_000) {
        let (case, step) = (dice.below(cases), STEPS[dice.below(steps) as usize]);
        let (hour, minute, second) = (dice.below(24), dice.below(60), dice.below(8) * 7);
        let (day, ms) = (1 + dice.below(3), dice.below(3) * 333);
        let zone = ["+00:00", "+02:00", "-05:30"][dice.below(3) as usize];
        writeln!(file, "{case:03},\"{step}\",2024-02-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}{zone}")
            .unwrap();
    }
}

/// Where the data that nobody here made lies, when it is there.
fn real_log() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/receipt.csv");
    path.is_file().then_some(path)
}

#[test]
fn a_real_processs_map_and_variants_are_pm4pys() {
    let Some(pm4py) = Pm4py::find("a_real_processs_map_and_variants_are_pm4pys") else { return };
    let Some(file) = real_log() else {
        // The log is not Fabula's to hand out: without it the random logs below are what is held against pm4py.
        part::skipped_for_data("a_real_processs_map_and_variants_are_pm4pys", "../shared/data/receipt.csv is not here");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (told, wanted) = (told(&file, folder.path()), pm4py.process(&file, COLUMNS));
    assert_eq!((told.variants.len(), told.edges.len(), told.nodes.len()), (116, 99, 27));
    told.assert_same(&wanted);
}

#[test]
fn random_processes_maps_and_variants_are_pm4pys() {
    let Some(pm4py) = Pm4py::find("random_processes_maps_and_variants_are_pm4pys") else { return };
    let folder = tempfile::tempdir().unwrap();
    for seed in 1..=8 {
        let file = folder.path().join(format!("{seed}.csv"));
        random_log(&file, seed);
        let told = told(&file, &folder.path().join(seed.to_string()));
        assert!(!told.variants.is_empty());
        told.assert_same(&pm4py.process(&file, COLUMNS));
    }
}
