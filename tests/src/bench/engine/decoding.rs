//! From JSON to columns: two fields of payloads of 200 bytes, on one core.

use std::time::Duration;

use anyhow::Result;
use fabula_core::engine::{Feed, HISTORY_STEP};
use fabula_core::event::{EventBatchBuilder, TimestampType};
use fabula_core::log::Origin;
use fabula_core::store::Store;

use super::super::{Dice, Line, Table, timed};
use super::RUNS;
use super::ours::{codecs, plan};

/// How many events in a second are aimed at.
const GOAL: f64 = 3e6;

/// How long a payload is.
const BYTES: usize = 200;

const PIPELINE: &str = r#"
version = 1
[nodes.orders]
kind = "stream"
topic = "orders"
[nodes.fields]
kind = "project"
input = "orders"
select = { region = "value.region", quantity = "value.quantity" }
"#;

/// Measures decoding.
pub fn measure(rows: u64, table: &mut Table) -> Result<()> {
    let store = orders(rows)?;
    let snapshot = store.snapshot();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let mut feed = Feed::new(&snapshot, &plan(PIPELINE)?.sources, |_| codecs(), None);
        let read = || {
            let mut events = 0;
            while let Some(step) = feed.step(HISTORY_STEP) {
                events += step.events as u64;
            }
            events
        };
        let (events, took) = one.install(|| timed(read));
        anyhow::ensure!(events == rows, "{events} of {rows} events were read");
        best = best.min(took);
    }
    table.add(Line::above(format!("engine: JSON to columns, 2 fields of {BYTES} bytes"), rows, best, GOAL));
    Ok(())
}

/// A store of such events.
fn orders(rows: u64) -> Result<Store> {
    let store = Store::temporary(Origin::Sample { events: rows, seed: 0 }, u64::MAX)?;
    let mut dice = Dice::new();
    let mut offset = 0;
    while offset < rows as i64 {
        let from = offset;
        let mut batch = EventBatchBuilder::new("orders", 0);
        while offset < rows as i64 && batch.len() < HISTORY_STEP {
            let order = dice.below(1_000_000);
            let mut payload = format!(
                "{{\"order_id\":\"A-{order:07}\",\"customer\":{{\"id\":{},\"tier\":\"gold\"}},\"region\":\"r{:02}\",\
                 \"currency\":\"EUR\",\"total\":{}.{:02},\"quantity\":{},\"gift\":false,\"note\":\"",
                dice.below(10_000),
                dice.below(40),
                dice.below(900),
                dice.below(100),
                dice.below(20),
            );
            payload.extend(std::iter::repeat_n('x', BYTES.saturating_sub(payload.len() + 2)));
            payload.push_str("\"}");
            batch.push(offset, offset, TimestampType::Create, None, Some(payload.as_bytes()), []);
            offset += 1;
        }
        store.append(&batch.finish(), from, offset)?;
    }
    store.flush()?;
    Ok(store)
}
