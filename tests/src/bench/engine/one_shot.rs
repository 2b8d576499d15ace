//! The same questions as a query of Polars over all rows at once, where it can ask them with what the program has of it.

use std::time::{Duration, Instant};

use anyhow::Result;
use polars::prelude::*;

use super::RUNS;
use crate::oracle::rows;

/// What a query came to.
pub struct Answer {
    /// How many rows.
    pub rows: u64,
    /// How long the best of some runs took.
    pub took: Duration,
}

/// Asks, the best of some times.
pub fn ask(query: &LazyFrame) -> Result<Answer> {
    let mut answer = Answer { rows: 0, took: Duration::MAX };
    for _ in 0..RUNS {
        let query = query.clone();
        let start = Instant::now();
        let rows = query.collect()?.height() as u64;
        answer = Answer { rows, took: answer.took.min(start.elapsed()) };
    }
    Ok(answer)
}

/// The beginning of the stretch of time, of so many milliseconds, that a time lies in.
fn start(time: &str, size_ms: i64) -> Expr {
    col(time) - col(time) % lit(size_ms)
}

fn frame(made: &rows::Rows) -> Result<LazyFrame> {
    let all = || (0..made.rows).map(|row| made.row(0, row));
    let keys: Vec<String> = all().map(|row| format!("k{}", row.key)).collect();
    let (xs, times): (Vec<i64>, Vec<i64>) = all().map(|row| (row.x, row.time_ms)).unzip();
    Ok(df!["k" => keys, "x" => xs, "ts" => times]?.lazy())
}

/// Count and sum by key in windows side by side.
pub fn tumbling(made: &rows::Rows, size_ms: i64) -> Result<Answer> {
    let windows = frame(made)?.group_by([col("k"), start("ts", size_ms).alias("w")]);
    ask(&windows.agg([len().alias("n"), col("x").sum().alias("s")]))
}

/// Count and sum by key in overlapping windows, put together from slices that no window cuts.
pub fn hopping(made: &rows::Rows, size_ms: i64, advance_ms: i64) -> Result<Answer> {
    let slices = frame(made)?.group_by([col("k"), start("ts", advance_ms).alias("w")]);
    let slices = slices.agg([len().cast(DataType::Int64).alias("n"), col("x").sum().alias("s")]);
    ask(&hops(&slices, &["k"], &["n", "s"], size_ms, advance_ms)?)
}

/// Overlapping windows from slices: `w` is the beginning of a slice, and of a window.
fn hops(slices: &LazyFrame, by: &[&str], sums: &[&str], size_ms: i64, advance_ms: i64) -> Result<LazyFrame> {
    let shifted = |back: i64| {
        let shifted = slices.clone().with_column(col("w") - lit(back * advance_ms));
        shifted.filter(col("w").gt_eq(lit(0_i64)))
    };
    let all: Vec<LazyFrame> = (0..size_ms / advance_ms).map(shifted).collect();
    let groups: Vec<Expr> = by.iter().copied().chain(["w"]).map(col).collect();
    let sums: Vec<Expr> = sums.iter().map(|sum| col(*sum).sum()).collect();
    Ok(concat(all, UnionArgs::default())?.group_by(groups).agg(sums))
}

/// Nexmark's events as frames.
pub struct Frames {
    people: LazyFrame,
    auctions: LazyFrame,
    bids: LazyFrame,
}

impl Frames {
    /// Frames of events, with what the queries name.
    pub fn of(events: impl Iterator<Item = ::nexmark::event::Event>) -> Result<Self> {
        let (mut people, mut auctions, mut bids) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            match event {
                ::nexmark::event::Event::Person(person) => people.push(person),
                ::nexmark::event::Event::Auction(auction) => auctions.push(auction),
                ::nexmark::event::Event::Bid(bid) => bids.push(bid),
            }
        }
        fn ints<T>(rows: &[T], of: impl Fn(&T) -> usize) -> Vec<i64> {
            rows.iter().map(|row| of(row) as i64).collect()
        }
        fn texts<T>(rows: &[T], of: impl Fn(&T) -> &String) -> Vec<String> {
            rows.iter().map(|row| of(row).clone()).collect()
        }
        let people = df![
            "id" => ints(&people, |p| p.id),
            "name" => texts(&people, |p| &p.name),
            "ts" => ints(&people, |p| p.date_time as usize),
        ]?;
        let auctions = df![
            "id" => ints(&auctions, |a| a.id),
            "item_name" => texts(&auctions, |a| &a.item_name),
            "description" => texts(&auctions, |a| &a.description),
            "initial_bid" => ints(&auctions, |a| a.initial_bid),
            "reserve" => ints(&auctions, |a| a.reserve),
            "auction_time" => ints(&auctions, |a| a.date_time as usize),
            "expires" => ints(&auctions, |a| a.expires as usize),
            "seller" => ints(&auctions, |a| a.seller),
            "category" => ints(&auctions, |a| a.category),
            "auction_extra" => texts(&auctions, |a| &a.extra),
        ]?;
        let bids = df![
            "auction" => ints(&bids, |b| b.auction),
            "bidder" => ints(&bids, |b| b.bidder),
            "price" => ints(&bids, |b| b.price),
            "channel" => texts(&bids, |b| &b.channel),
            "url" => texts(&bids, |b| &b.url),
            "ts" => ints(&bids, |b| b.date_time as usize),
            "extra" => texts(&bids, |b| &b.extra),
        ]?;
        Ok(Self { people: people.lazy(), auctions: auctions.lazy(), bids: bids.lazy() })
    }

    /// Asks one of Nexmark's questions; `None` where Polars can't, with what the program has of it.
    pub fn ask(&self, query: &str) -> Result<Option<Answer>> {
        let inner = || JoinArgs::new(JoinType::Inner);
        let bids = || self.bids.clone();
        let query = match query {
            "q5" => {
                let slices = bids().group_by([col("auction"), start("ts", 2_000).alias("w")]);
                let slices = slices.agg([len().cast(DataType::Int64).alias("num")]);
                let counts = hops(&slices, &["auction"], &["num"], 10_000, 2_000)?;
                let maxima = counts.clone().group_by([col("w")]).agg([col("num").max()]);
                let on = [col("w"), col("num")];
                counts.join(maxima, on.clone(), on, inner())
            }
            "q7" => {
                let bids = bids().with_column(start("ts", 10_000).alias("w"));
                let highest = bids.clone().group_by([col("w")]).agg([col("price").max()]);
                let on = [col("w"), col("price")];
                bids.join(highest, on.clone(), on, inner())
            }
            "q8" => {
                let people = self.people.clone();
                let registered = people.group_by([col("id"), col("name"), start("ts", 10_000).alias("w")]).agg([]);
                let auctions = self.auctions.clone();
                let opened = auctions.group_by([col("seller"), start("auction_time", 10_000).alias("w")]).agg([]);
                registered.join(opened, [col("id"), col("w")], [col("seller"), col("w")], inner())
            }
            "q20" => {
                let chosen = self.auctions.clone().filter(col("category").eq(lit(10_i64)));
                bids().join(chosen, [col("auction")], [col("id")], inner())
            }
            _ => return Ok(None),
        };
        ask(&query).map(Some)
    }
}
