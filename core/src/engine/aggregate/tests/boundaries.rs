//! The rules at their boundaries, to the millisecond.

use super::*;
use crate::engine::{AsideRow, Dropped, Missed};

const COUNT: &[&str] = &["count(*)", "sum(v)"];

#[test]
fn a_tumbling_window_takes_rows_until_the_stream_is_the_grace_beyond_its_end() {
    // As measured with Kafka Streams: 10 s, grace 5 s.
    let mut operator = aggregate(spec(tumbling(10_000), 5_000, Emit::Final, COUNT));
    let rows = [row(1, 0, "a", 1), row(2, 14_999, "a", 1), row(3, 5_000, "a", 1)];
    assert_eq!(one_by_one(&mut *operator, &rows).concat(), []);
    assert_eq!(operator.metrics().late(), 0);
    let closing = feed(&mut *operator, batch(&[row(4, 15_000, "b", 1)], false));
    assert_eq!(show_all(&closing), ["+a 0..10000 2 2"]);
    assert_eq!((closing[0].seq, closing[0].time_ms), (4, 5_000));
    assert_eq!(feed(&mut *operator, batch(&[row(5, 5_001, "a", 1)], false)), []);
    assert_eq!(operator.metrics().late(), 1);
    let aside: Vec<_> = operator.aside().unwrap().rows().collect();
    assert_eq!((aside.len(), aside[0].why, aside[0].seq, aside[0].stream_time_ms), (1, Dropped::Late, 5, 15_000));
    let open = rows_of(&operator.open_rows());
    assert_eq!(show_all(&open), ["+a 10000..20000 1 1", "+b 10000..20000 1 1"]);
    assert_eq!(operator.metrics().open_windows, 2);
}

#[test]
fn a_window_begins_with_its_start_and_ends_before_its_end() {
    let mut operator = aggregate(spec(tumbling(10), 0, Emit::Updates, COUNT));
    let rows = [row(1, 9, "a", 1), row(2, 10, "a", 2), row(3, 19, "a", 3), row(4, 20, "a", 4)];
    let given = one_by_one(&mut *operator, &rows);
    assert_eq!(show_all(&given[0]), ["+a 0..10 1 1"]);
    assert_eq!(show_all(&given[1]), ["+a 10..20 1 2"]);
    assert_eq!(show_all(&given[2]), ["-a 10..20 1 2", "+a 10..20 2 5"]);
    assert_eq!(show_all(&given[3]), ["+a 20..30 1 4"]);
}

#[test]
fn a_row_is_late_for_one_hop_and_in_time_for_the_next() {
    let mut operator = aggregate(spec(hopping(10, 4), 3, Emit::Updates, COUNT));
    feed(&mut *operator, batch(&[row(1, 15, "a", 1)], false));
    // [0, 10) has been closed since 13, [4, 14) is not until 17, [8, 18) takes the row too.
    let given = feed(&mut *operator, batch(&[row(2, 9, "a", 5)], false));
    assert_eq!(show_all(&given), ["+a 4..14 1 5", "-a 8..18 1 1", "+a 8..18 2 6"]);
    assert_eq!((operator.metrics().late(), operator.metrics().late_windows), (0, 1));
    feed(&mut *operator, batch(&[row(3, 3, "a", 1)], false));
    assert_eq!((operator.metrics().late(), operator.metrics().late_windows), (1, 1));
}

/// The windows that rows missed: by their numbers, first and last window, and by how much they were late.
type Misses = Vec<(u64, Missed)>;

/// What the rows missed that are in no window, and those that are in some.
fn missed(operator: &dyn Operator) -> (Misses, Misses) {
    let of = |row: &AsideRow| (row.seq, row.missed.expect("it is late for windows"));
    let aside = operator.aside().unwrap();
    (aside.rows().map(of).collect(), aside.partly().map(of).collect())
}

#[test]
fn a_row_that_missed_some_of_its_hops_is_kept_with_the_windows_it_missed() {
    let mut operator = aggregate(spec(hopping(10, 4), 3, Emit::Updates, COUNT));
    feed(&mut *operator, batch(&[row(1, 15, "a", 1)], false));
    // At 9 it missed [0, 10), closed at 13, and went into two others; at 3 it missed the only one.
    feed(&mut *operator, batch(&[row(2, 9, "a", 5), row(3, 3, "a", 1)], false));
    let one = |late_by_ms| Missed { first_ms: (0, 10), last_ms: (0, 10), late_by_ms };
    assert_eq!(missed(&*operator), (vec![(3, one(3))], vec![(2, one(3))]));
    // Much later it misses all three: the last would have needed the least.
    feed(&mut *operator, batch(&[row(4, 30, "a", 1), row(5, 9, "a", 1)], false));
    let all = Missed { first_ms: (0, 10), last_ms: (8, 18), late_by_ms: 10 };
    assert_eq!(missed(&*operator).0.last(), Some(&(5, all)));
    // With as much more grace it is in time for that one.
    let mut patient = aggregate(spec(hopping(10, 4), 13, Emit::Updates, COUNT));
    feed(&mut *patient, batch(&[row(4, 30, "a", 1), row(5, 9, "a", 1)], false));
    assert_eq!((patient.metrics().late(), patient.metrics().late_windows), (0, 2));
}

#[test]
fn what_sliding_and_session_windows_missed_is_kept_too() {
    let mut operator = aggregate(spec(sliding(10), 5, Emit::Final, &["count(*)"]));
    feed(&mut *operator, batch(&[row(3, 26, "b", 1), row(4, 10, "a", 1), row(5, 11, "a", 1)], false));
    let whole = Missed { first_ms: (0, 10), last_ms: (10, 20), late_by_ms: 1 };
    let own = Missed { first_ms: (1, 11), last_ms: (1, 11), late_by_ms: 10 };
    assert_eq!(missed(&*operator), (vec![(4, whole)], vec![(5, own)]));
    let mut operator = aggregate(spec(session(10), 5, Emit::Final, &["count(*)"]));
    feed(&mut *operator, batch(&[row(1, 40, "a", 1), row(2, 20, "a", 1)], false));
    let alone = Missed { first_ms: (20, 20), last_ms: (20, 20), late_by_ms: 5 };
    assert_eq!(missed(&*operator), (vec![(2, alone)], Vec::new()));
}

#[test]
fn what_windows_missed_is_saved_and_taken_up() {
    let set = || aggregate(spec(hopping(10, 4), 3, Emit::Updates, COUNT));
    let mut operator = set();
    feed(&mut *operator, batch(&[row(1, 15, "a", 1), row(2, 9, "a", 5), row(3, 3, "a", 1)], false));
    let mut state = StateWriter::default();
    operator.save(&mut state);
    let bytes = state.finish();
    let mut again = set();
    let mut state = StateReader::new(&bytes);
    again.load(&mut state).expect("its own state");
    assert!(state.is_at_end());
    assert_eq!(missed(&*again), missed(&*operator));
}

#[test]
fn hops_begin_at_the_epoch_and_need_not_divide_the_size() {
    let mut operator = aggregate(spec(hopping(10, 3), 0, Emit::Updates, &["count(*)"]));
    let given = feed(&mut *operator, batch(&[row(1, 1, "a", 1)], false));
    assert_eq!(show_all(&given), ["+a 0..10 1"]);
    let given = feed(&mut *operator, batch(&[row(2, 12, "b", 1)], false));
    assert_eq!(show_all(&given), ["+b 3..13 1", "+b 6..16 1", "+b 9..19 1", "+b 12..22 1"]);
    let given = feed(&mut *operator, batch(&[row(3, -1, "b", 1)], false));
    assert_eq!(given, []);
    assert_eq!(operator.metrics().dropped[&Dropped::Untimed], 1);
}

#[test]
fn windows_that_close_at_once_come_by_end_and_key() {
    let mut operator = aggregate(spec(hopping(10, 5), 0, Emit::Final, &["count(*)"]));
    let rows = [row(1, 7, "b", 1), row(2, 8, "a", 1), row(3, 12, "c", 1), row(4, 100, "d", 1), row(5, 101, "d", 1)];
    let given = feed(&mut *operator, batch(&rows, false));
    let shown: Vec<(u64, String)> = given.iter().map(|row| (row.seq, show(row, true))).collect();
    let shown: Vec<(u64, &str)> = shown.iter().map(|(seq, shown)| (*seq, shown.as_str())).collect();
    assert_eq!(
        shown,
        [
            (3, "+a 0..10 1"),
            (3, "+b 0..10 1"),
            (4, "+a 5..15 1"),
            (4, "+b 5..15 1"),
            (4, "+c 5..15 1"),
            (4, "+c 10..20 1"),
        ]
    );
}

#[test]
fn rows_a_gap_apart_are_one_session() {
    let mut operator = aggregate(spec(session(10), 100, Emit::Updates, COUNT));
    let rows = [row(1, 0, "a", 1), row(2, 10, "a", 2), row(3, 21, "a", 4), row(4, 11, "a", 8)];
    let given = one_by_one(&mut *operator, &rows);
    assert_eq!(show_all(&given[0]), ["+a 0..0 1 1"]);
    assert_eq!(show_all(&given[1]), ["-a 0..0 1 1", "+a 0..10 2 3"]);
    assert_eq!(show_all(&given[2]), ["+a 21..21 1 4"]);
    // The sessions that become one are taken away first.
    assert_eq!(show_all(&given[3]), ["-a 0..10 2 3", "-a 21..21 1 4", "+a 0..21 4 15"]);
    assert_eq!(given[3].iter().map(|row| row.time_ms).collect::<Vec<_>>(), [21; 3]);
    assert_eq!(operator.metrics().open_windows, 1);
}

#[test]
fn a_session_closes_strictly_after_gap_and_grace() {
    let mut operator = aggregate(spec(session(10), 5, Emit::Final, COUNT));
    let rows = [row(1, 0, "a", 1), row(2, 15, "b", 1), row(3, 16, "b", 1)];
    let given = one_by_one(&mut *operator, &rows);
    assert_eq!((given[0].len(), given[1].len()), (0, 0));
    assert_eq!(show_all(&given[2]), ["+a 0..0 1 1"]);
    assert_eq!((given[2][0].seq, given[2][0].time_ms), (3, 0));
}

#[test]
fn a_row_is_in_time_for_the_session_that_it_would_be_in() {
    // At 30 sessions that end before 15 are closed.
    let begin = |rows: &[Row]| {
        let mut operator = aggregate(spec(session(10), 5, Emit::Updates, COUNT));
        feed(&mut *operator, batch(rows, false));
        operator
    };
    let mut operator = begin(&[row(1, 30, "b", 1)]);
    assert_eq!(feed(&mut *operator, batch(&[row(2, 14, "a", 1)], false)), []);
    assert_eq!(operator.metrics().late(), 1);
    assert_eq!(show_all(&feed(&mut *operator, batch(&[row(3, 15, "a", 1)], false))), ["+a 15..15 1 1"]);
    // A session that ends at 20 takes a row from before: what counts is the end of the two together.
    let mut operator = begin(&[row(1, 20, "a", 1), row(2, 30, "b", 1)]);
    let given = feed(&mut *operator, batch(&[row(3, 10, "a", 1)], false));
    assert_eq!(show_all(&given), ["-a 20..20 1 1", "+a 10..20 2 2"]);
    // A session that is closed takes none, and the row begins another.
    let mut operator = begin(&[row(1, 14, "a", 1), row(2, 30, "b", 1)]);
    let given = feed(&mut *operator, batch(&[row(3, 16, "a", 1)], false));
    assert_eq!(show_all(&given), ["+a 16..16 1 1"]);
}

#[test]
fn sliding_windows_end_with_a_row_or_begin_behind_one() {
    let mut operator = aggregate(spec(sliding(10), 100, Emit::Updates, COUNT));
    let rows = [row(1, 20, "a", 1), row(2, 25, "a", 2), row(3, 31, "a", 4), row(4, 42, "a", 8)];
    let given = one_by_one(&mut *operator, &rows);
    assert_eq!(show_all(&given[0]), ["+a 10..20 1 1"]);
    assert_eq!(show_all(&given[1]), ["+a 15..25 2 3", "+a 21..31 1 2"]);
    // [21, 31] is both the window behind the first row and the one that ends with the third.
    assert_eq!(show_all(&given[2]), ["-a 21..31 1 2", "+a 21..31 2 6", "+a 26..36 1 4"]);
    assert_eq!(show_all(&given[3]), ["+a 32..42 1 8"]);
    // A row out of order: into the windows that hold it, its own, and the one behind it.
    let given = feed(&mut *operator, batch(&[row(5, 27, "a", 16)], false));
    assert_eq!(
        show_all(&given),
        ["+a 17..27 3 19", "-a 21..31 2 6", "+a 21..31 3 22", "-a 26..36 1 4", "+a 26..36 2 20", "+a 28..38 1 4",]
    );
}

#[test]
fn early_rows_share_the_window_that_begins_at_the_epoch() {
    let mut operator = aggregate(spec(sliding(10), 100, Emit::Updates, &["count(*)"]));
    let rows = [row(1, 3, "a", 1), row(2, 7, "a", 1), row(3, 10, "a", 1), row(4, 5, "a", 1)];
    let given = one_by_one(&mut *operator, &rows);
    assert_eq!(show_all(&given[0]), ["+a 0..10 1"]);
    assert_eq!(show_all(&given[1]), ["-a 0..10 1", "+a 0..10 2", "+a 4..14 1"]);
    assert_eq!(show_all(&given[2]), ["-a 0..10 2", "+a 0..10 3", "-a 4..14 1", "+a 4..14 2", "+a 8..18 1"]);
    assert_eq!(show_all(&given[3]), ["-a 0..10 3", "+a 0..10 4", "-a 4..14 2", "+a 4..14 3", "+a 6..16 2"]);
}

#[test]
fn a_sliding_window_closes_strictly_after_its_grace() {
    let mut operator = aggregate(spec(sliding(10), 5, Emit::Final, &["count(*)"]));
    let rows = [row(1, 20, "a", 1), row(2, 25, "b", 1), row(3, 26, "b", 1)];
    let given = one_by_one(&mut *operator, &rows);
    assert_eq!((given[0].len(), given[1].len()), (0, 0));
    assert_eq!(show_all(&given[2]), ["+a 10..20 1"]);
    // The last window that could hold a row at 10 ends at 20, before 21; one at 11 finds its own window closed.
    let given = one_by_one(&mut *operator, &[row(4, 10, "a", 1), row(5, 11, "a", 1)]);
    assert_eq!(given.concat(), []);
    assert_eq!((operator.metrics().late(), operator.metrics().late_windows), (1, 1));
    // It is there for windows to come.
    let given = feed(&mut *operator, batch(&[row(6, 21, "a", 1), row(7, 40, "c", 1)], false));
    assert_eq!(show_all(&given), ["+a 11..21 3", "+a 12..22 2", "+b 15..25 1", "+b 16..26 2", "+a 21..31 1"]);
}

#[test]
fn a_row_that_closes_a_window_is_not_in_it() {
    let mut operator = aggregate(spec(tumbling(10), 0, Emit::Final, COUNT));
    let rows = [row(1, 1, "a", 1), row(2, 10, "a", 5), row(3, 9, "a", 7)];
    let given = feed(&mut *operator, batch(&rows, false));
    assert_eq!(show_all(&given), ["+a 0..10 1 1"]);
    assert_eq!((given[0].seq, operator.metrics().late()), (2, 1));
    assert_eq!((operator.metrics().rows_in, operator.metrics().rows_out), (3, 1));
}

#[test]
fn rows_without_a_key_are_counted_and_move_the_time() {
    let mut operator = aggregate(spec(tumbling(10), 0, Emit::Final, COUNT));
    let failed = Cell::Failed(crate::codec::Fault::Overflow);
    let rows = [
        row(1, 1, "a", 1),
        row_of(2, 2, [Cell::Null, Cell::Int(1), Cell::Null]),
        row_of(3, 15, [failed, Cell::Int(1), Cell::Null]),
    ];
    assert_eq!(show_all(&feed(&mut *operator, batch(&rows, false))), ["+a 0..10 1 1"]);
    let metrics = operator.metrics();
    assert_eq!((metrics.dropped[&Dropped::NullKey], metrics.dropped[&Dropped::FailedKey]), (1, 1));
    assert_eq!(metrics.stream_time_ms, Some(15));
}

#[test]
fn updates_of_a_batch_come_once_a_group_with_the_last_row_that_changed_it() {
    let mut operator = aggregate(spec(None, 0, Emit::Updates, COUNT));
    feed(&mut *operator, batch(&[row(1, 9, "a", 1), row(2, 8, "b", 1)], false));
    let rows = [row(3, 1, "a", 2), row(4, 2, "c", 3), row(5, 3, "b", 4), row(6, 4, "c", 5)];
    let given = feed(&mut *operator, batch(&rows, false));
    let shown: Vec<(u64, i64, String)> = given.iter().map(|row| (row.seq, row.time_ms, show(row, false))).collect();
    let shown: Vec<(u64, i64, &str)> = shown.iter().map(|(seq, time, shown)| (*seq, *time, shown.as_str())).collect();
    assert_eq!(shown, [(3, 9, "-a 1 1"), (3, 9, "+a 2 3"), (5, 8, "-b 1 1"), (5, 8, "+b 2 5"), (6, 4, "+c 2 8")]);
}

#[test]
fn a_change_that_changes_nothing_is_not_given() {
    let mut operator = aggregate(spec(None, 0, Emit::Updates, &["max(v)"]));
    let rows = [row(1, 9, "a", 5), row(2, 8, "a", 3), row(3, 10, "a", 1), row(4, 10, "a", 5)];
    let given = one_by_one(&mut *operator, &rows);
    assert_eq!(given.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 2, 0]);
    // The row's time is a part of it.
    assert_eq!((given[2][0].sign, given[2][1].time_ms), (Sign::Minus, 10));
}

#[test]
fn without_windows_nothing_is_ever_final() {
    let mut operator = aggregate(spec(None, 0, Emit::Final, COUNT));
    assert_eq!(feed(&mut *operator, batch(&[row(1, 9, "b", 5), row(2, 8, "a", 3)], false)), []);
    let open = rows_of(&operator.open_rows());
    assert_eq!(open.iter().map(|row| show(row, false)).collect::<Vec<_>>(), ["+a 1 3", "+b 1 5"]);
}

#[test]
fn what_is_selected_may_read_the_group_and_its_window() {
    let select = ["upper(k) || '!'", "sum(v) / count(*)", "window_end", "count(*) > 1"];
    let mut operator = aggregate(spec(tumbling(10), 0, Emit::Final, &select));
    let given = feed(&mut *operator, batch(&[row(1, 1, "a", 1), row(2, 2, "a", 2), row(3, 10, "b", 5)], false));
    assert_eq!(show_all(&given), ["+a 0..10 A! 1.5 1970-01-01T00:00:00.010Z true"]);
}
