//! Prints the table of benchmarks.
//!
//! ```text
//! tests/bench [--events N] [SECTION…]
//! ```
//! Sections: see [`SECTIONS`]; all if none is named. Exit code 1 if a goal is missed.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use fabula_tests::bench::{
    Data, Table, canvas, density, engine, frame, live, open, predicate, record, search, story, threads, threads_frame,
};

type Section = fn(&Data, &mut Table) -> Result<()>;

/// Every section, in the order in which they run.
const SECTIONS: &[(&str, Section)] = &[
    ("open", open::measure),
    ("density", density::measure),
    ("story", story::measure),
    ("search", search::measure),
    ("predicate", predicate::measure),
    ("frame", frame::measure),
    ("canvas", canvas::measure),
    ("threads", threads::measure),
    ("threads-frame", threads_frame::measure),
    ("record", record::measure),
    ("live", live::measure),
    ("engine", engine::measure),
];

fn main() -> Result<ExitCode> {
    let mut events = 10_000_000;
    let mut wanted = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--events" {
            let number = arguments.next().context("--events needs a number")?;
            events = number.replace('_', "").parse().with_context(|| format!("{number} is not a number"))?;
        } else if SECTIONS.iter().any(|(name, _)| *name == argument) {
            wanted.push(argument);
        } else {
            let names: Vec<_> = SECTIONS.iter().map(|(name, _)| *name).collect();
            bail!("there is no section {argument}; there are {}", names.join(", "));
        }
    }
    let data = Data::of(events)?;
    data.recording()?;
    Table::head(events);
    let mut table = Table::default();
    for (name, measure) in SECTIONS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            measure(&data, &mut table)?;
        }
    }
    Ok(if table.foot() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
