//! A model that keeps every row and works everything out anew: slow, and simple enough to be believed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::engine::write_key;
use crate::expr::{Arithmetic, calculate};

/// A window of a key: the key, start and end in milliseconds.
pub(super) type Pane = (String, i64, i64);

/// What the rows of a window come to, and the largest time among them.
pub(super) type Told = (Vec<Cell<'static>>, i64);

/// What a model says of an input.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Closed windows: the event that closed it, the window and its rows' numbers; in order.
    pub(super) closed: Vec<(u64, Pane, Vec<usize>)>,
    /// Open windows with their rows' numbers.
    pub(super) open: BTreeMap<Pane, Vec<usize>>,
    pub(super) late: u64,
    pub(super) late_windows: u64,
}

impl Answer {
    /// The table that the updates lead to: closed windows stay in it as they were.
    pub(super) fn table(&self, rows: &[Row], calls: &[&str]) -> BTreeMap<Pane, Told> {
        let closed = self.closed.iter().map(|(_, pane, of)| (pane, of));
        closed.chain(&self.open).map(|(pane, of)| (pane.clone(), told(rows, of, calls))).collect()
    }
}

/// What some rows come to.
pub(super) fn told(rows: &[Row], of: &[usize], calls: &[&str]) -> Told {
    let of: Vec<&Row> = of.iter().map(|&at| &rows[at]).collect();
    let newest = of.iter().map(|row| row.time_ms).max().expect("a window has rows");
    (calls.iter().map(|call| result(call, &of)).collect(), newest)
}

/// The largest time up to each row.
fn stream_times(rows: &[Row]) -> Vec<i64> {
    (0..rows.len()).map(|at| rows[..=at].iter().map(|row| row.time_ms).max().unwrap_or(0)).collect()
}

fn key_of(row: &Row) -> Option<String> {
    match &row.cells[0] {
        Cell::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

/// What a window kind makes of rows.
pub(super) fn answer(window: Window, grace: i64, rows: &[Row]) -> Answer {
    match window {
        Window::Tumbling { size } => hops(size.ms, size.ms, grace, rows),
        Window::Hopping { size, advance } => hops(size.ms, advance.ms, grace, rows),
        Window::Session { gap } => sessions(gap.ms, grace, rows),
        Window::Sliding { size } => slides(size.ms, grace, rows),
    }
}

fn hops(size: i64, advance: i64, grace: i64, rows: &[Row]) -> Answer {
    let times = stream_times(rows);
    let mut answer = Answer::default();
    let mut panes: BTreeMap<Pane, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let Some(key) = key_of(row) else { continue };
        let starts = (0..).map(|hop| hop * advance).take_while(|start| *start <= row.time_ms);
        let starts: Vec<i64> = starts.filter(|start| row.time_ms < start + size).collect();
        let (open, late): (Vec<i64>, Vec<i64>) = starts.into_iter().partition(|start| start + size > times[at] - grace);
        match (open.is_empty(), late.is_empty()) {
            (true, _) => answer.late += 1,
            (false, _) => answer.late_windows += late.len() as u64,
        }
        for start in open {
            panes.entry((key.clone(), start, start + size)).or_default().push(at);
        }
    }
    settle(answer, panes, rows, |end, stream_time| stream_time >= end + grace)
}

/// Tells closed windows from open ones.
fn settle(
    mut answer: Answer,
    panes: BTreeMap<Pane, Vec<usize>>,
    rows: &[Row],
    closes: impl Fn(i64, i64) -> bool,
) -> Answer {
    let times = stream_times(rows);
    let mut closed = Vec::new();
    for (pane, of) in panes {
        match times.iter().position(|time| closes(pane.2, *time)) {
            Some(at) => closed.push((at, pane, of)),
            None => {
                answer.open.insert(pane, of);
            }
        }
    }
    closed.sort_by_key(|(at, (key, start, end), _)| {
        let mut bytes = Vec::new();
        write_key(&[Cell::Text(key.as_str().into())], &mut bytes).expect("a key");
        (*at, *end, *start, bytes)
    });
    answer.closed = closed.into_iter().map(|(at, pane, of)| (rows[at].seq, pane, of)).collect();
    answer
}

fn sessions(gap: i64, grace: i64, rows: &[Row]) -> Answer {
    let times = stream_times(rows);
    let mut answer = Answer::default();
    let mut sessions: Vec<(String, Vec<usize>)> = Vec::new();
    let ends = |of: &[usize]| of.iter().map(|&at| rows[at].time_ms).max().unwrap_or(i64::MIN);
    let starts = |of: &[usize]| of.iter().map(|&at| rows[at].time_ms).min().unwrap_or(i64::MAX);
    for (at, row) in rows.iter().enumerate() {
        let Some(key) = key_of(row) else { continue };
        let closes = times[at] - grace - gap;
        let near = |(of, session): &(String, Vec<usize>)| {
            let open = ends(session) >= closes;
            *of == key && open && session.iter().any(|&other| (rows[other].time_ms - row.time_ms).abs() <= gap)
        };
        let (joined, others): (Vec<_>, Vec<_>) = sessions.into_iter().partition(near);
        sessions = others;
        let mut all: Vec<usize> = joined.into_iter().flat_map(|(_, session)| session).collect();
        all.push(at);
        all.sort_unstable();
        if ends(&all) < closes {
            answer.late += 1;
        } else {
            sessions.push((key, all));
        }
    }
    let pane = |(key, of): (String, Vec<usize>)| ((key, starts(&of), ends(&of)), of);
    settle(answer, sessions.into_iter().map(pane).collect(), rows, |end, time| end < time - grace - gap)
}

fn slides(size: i64, grace: i64, rows: &[Row]) -> Answer {
    let times = stream_times(rows);
    let mut answer = Answer::default();
    let mut taken: Vec<usize> = Vec::new();
    let mut panes: BTreeSet<Pane> = BTreeSet::new();
    for (at, row) in rows.iter().enumerate() {
        let Some(key) = key_of(row) else { continue };
        let closes = times[at] - grace;
        if row.time_ms + size < closes {
            answer.late += 1;
            continue;
        }
        answer.late_windows += u64::from(row.time_ms.max(size) < closes);
        taken.push(at);
        for &other in taken.iter().filter(|&&other| key_of(&rows[other]).as_ref() == Some(&key)) {
            let time = rows[other].time_ms;
            for start in [(time - size).max(0), time + 1] {
                let holds = |&&taken: &&usize| {
                    let row = &rows[taken];
                    key_of(row).as_ref() == Some(&key) && (start..=start + size).contains(&row.time_ms)
                };
                if start + size >= closes && taken.iter().any(|taken| holds(&taken)) {
                    panes.insert((key.clone(), start, start + size));
                }
            }
        }
    }
    let held = |pane: Pane| {
        let (key, start, end) = &pane;
        let in_time = |at: &usize| *end >= times[*at] - grace;
        let holds = |row: &Row| key_of(row).as_ref() == Some(key) && (*start..=*end).contains(&row.time_ms);
        let of = taken.iter().copied().filter(|at| in_time(at) && holds(&rows[*at])).collect();
        (pane, of)
    };
    settle(answer, panes.into_iter().map(held).collect(), rows, |end, time| end < time - grace)
}

/// What a call comes to over rows in the order of their arrival.
pub(super) fn result(call: &str, rows: &[&Row]) -> Cell<'static> {
    let (function, rows) = match call.split_once(" FILTER (WHERE w = 1)") {
        Some((function, _)) => {
            let one = |row: &&&Row| row.cells[2] == Cell::Int(1);
            (function, rows.iter().filter(one).copied().collect::<Vec<_>>())
        }
        None => (call, rows.to_vec()),
    };
    let values: Vec<(i64, &Cell<'static>)> = rows
        .iter()
        .map(|row| (row.time_ms, &row.cells[1]))
        .filter(|(_, cell)| !cell.is_null() && !matches!(cell, Cell::Failed(_)))
        .collect();
    let cells: Vec<&Cell<'static>> = values.iter().map(|(_, cell)| *cell).collect();
    let numbers: Vec<&Cell<'static>> = cells.iter().copied().filter(|cell| cell.is_number()).collect();
    match function {
        "count(*)" => Cell::Int(rows.len() as i64),
        "count(v)" => Cell::Int(cells.len() as i64),
        "count(DISTINCT v)" => Cell::Int(different(&cells).len() as i64),
        "sum(v)" => sum(&numbers),
        "avg(v)" if numbers.is_empty() => Cell::Null,
        "avg(v)" => calculate(Arithmetic::Divide, &sum(&numbers), &Cell::Int(numbers.len() as i64)),
        "min(v)" => of_first_kind(&cells).into_iter().min_by(|a, b| order(a, b)).cloned().unwrap_or(Cell::Null),
        "max(v)" => of_first_kind(&cells).into_iter().max_by(|a, b| order(a, b)).cloned().unwrap_or(Cell::Null),
        // Of equal ones the first that came is the smallest, and the last the largest.
        "first(v)" => values.iter().min_by_key(|(time, _)| *time).map_or(Cell::Null, |(_, cell)| (*cell).clone()),
        "last(v)" => values.iter().max_by_key(|(time, _)| *time).map_or(Cell::Null, |(_, cell)| (*cell).clone()),
        "quantile(v, 0.4)" => quantile(&numbers),
        "stddev(v)" => deviation(&numbers),
        "collect_list(v)" => array(&cells),
        "collect_set(v)" => array(&different(&cells)),
        "top(v, 2)" => {
            let mut cells = of_first_kind(&cells);
            cells.sort_by(|a, b| order(b, a));
            array(&cells[..cells.len().min(2)])
        }
        other => panic!("{other} is not in the model"),
    }
}

/// Every call that the model knows.
pub(super) const CALLS: [&str; 17] = [
    "count(*)",
    "count(v)",
    "count(DISTINCT v)",
    "sum(v)",
    "avg(v)",
    "min(v)",
    "max(v)",
    "first(v)",
    "last(v)",
    "quantile(v, 0.4)",
    "stddev(v)",
    "collect_list(v)",
    "collect_set(v)",
    "top(v, 2)",
    "count(*) FILTER (WHERE w = 1)",
    "sum(v) FILTER (WHERE w = 1)",
    "collect_list(v) FILTER (WHERE w = 1)",
];

fn sum(numbers: &[&Cell<'static>]) -> Cell<'static> {
    let Some((first, rest)) = numbers.split_first() else { return Cell::Null };
    rest.iter().fold((*first).clone(), |sum, number| calculate(Arithmetic::Add, &sum, number))
}

fn kind(cell: &Cell<'_>) -> usize {
    let probes = [Cell::Bool(true), Cell::Int(0), Cell::Text("".into())];
    probes.iter().position(|probe| probe.compare(cell).is_some()).expect("a kind that the model knows")
}

fn of_first_kind<'c>(cells: &[&'c Cell<'static>]) -> Vec<&'c Cell<'static>> {
    cells.iter().copied().filter(|cell| kind(cell) == kind(cells[0])).collect()
}

/// By kind, by worth, then integers before decimals before floats, and shorter decimals before longer ones.
fn order(a: &Cell<'_>, b: &Cell<'_>) -> Ordering {
    let form = |cell: &Cell<'_>| match cell {
        Cell::Int(_) => (0, 0),
        Cell::Decimal(decimal) => (1, decimal.scale()),
        _ => (2, 0),
    };
    let worth = || a.compare(b).unwrap_or(Ordering::Equal);
    kind(a).cmp(&kind(b)).then_with(worth).then_with(|| form(a).cmp(&form(b)))
}

fn different<'c>(cells: &[&'c Cell<'static>]) -> Vec<&'c Cell<'static>> {
    let mut cells = cells.to_vec();
    cells.sort_by(|a, b| order(a, b));
    cells.dedup_by(|a, b| a.compare(b) == Some(Ordering::Equal));
    cells
}

fn float(cell: &Cell<'_>) -> f64 {
    cell.to_string().parse().expect("a number")
}

fn quantile(numbers: &[&Cell<'static>]) -> Cell<'static> {
    let mut numbers: Vec<f64> = numbers.iter().map(|number| float(number)).collect();
    numbers.sort_by(f64::total_cmp);
    let place = 0.4 * (numbers.len() as f64 - 1.0);
    let (low, high) = (numbers.get(place.floor() as usize), numbers.get(place.ceil() as usize));
    low.zip(high).map_or(Cell::Null, |(low, high)| Cell::Float(low + (high - low) * place.fract()))
}

fn deviation(numbers: &[&Cell<'static>]) -> Cell<'static> {
    let numbers: Vec<f64> = numbers.iter().map(|number| float(number)).collect();
    if numbers.len() < 2 {
        return Cell::Null;
    }
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    Cell::Float((squares / (numbers.len() - 1) as f64).sqrt())
}

fn array(cells: &[&Cell<'static>]) -> Cell<'static> {
    let shown = |cell: &&Cell<'static>| match cell {
        Cell::Text(text) => format!("\"{text}\""),
        other => other.to_string(),
    };
    Cell::Array(format!("[{}]", cells.iter().map(shown).collect::<Vec<_>>().join(",")).into())
}

/// Whether two results are the same; floats may differ by what rounding does, and a number by how it is written.
pub(super) fn alike(a: &Cell<'_>, b: &Cell<'_>) -> bool {
    match (a, b) {
        (Cell::Float(_), other) | (other, Cell::Float(_)) if other.is_number() => {
            let (a, b) = (float(a), float(b));
            (a - b).abs() <= 1e-9 * (1.0 + a.abs())
        }
        (a, b) if a.is_number() && b.is_number() => a.compare(b) == Some(Ordering::Equal),
        (a, b) => a == b,
    }
}
