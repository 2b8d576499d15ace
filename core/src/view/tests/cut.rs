//! As of a moment is what the log comes to that is cut there.

use proptest::prelude::*;

use super::{Case, Limits, in_order, rows_at};
use crate::engine::tests::drawn::{any_events, pipeline};
use crate::pipeline::Flow;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// 300 pipelines, 5 moments each.
    #[test]
    fn as_of_a_moment_equals_a_run_over_the_log_cut_there(
        choices in prop::collection::vec(any::<(u8, u8, u8, u8)>(), 1..7),
        events in any_events(90),
        moments in prop::collection::vec(-5..400_i64, 5),
        memory in prop_oneof![Just(0_usize), Just(500), Just(1 << 20)],
    ) {
        let text = pipeline(&choices);
        let case = Case::new(&text, &events);
        let (whole, _) = case.cut_at(None);
        let pasts: Vec<_> =
            whole.views.iter().map(|view| case.past(&view.name, Limits { memory, disk: 1 << 30 })).collect();
        for (at, past) in pasts.iter().enumerate() {
            prop_assert_eq!(rows_at(past, None), whole.rows(at), "the end of {}\n{}", &whole.views[at].name, &text);
        }
        for moment in moments {
            let (cut, running) = case.cut_at(Some(moment));
            let reports = running.report();
            // And over a log that was never longer, without any cut.
            let (shorter, _) = case.truncated_at(&events, moment).cut_at(None);
            for (at, past) in pasts.iter().enumerate() {
                let name = &cut.views[at].name;
                let told = rows_at(past, Some(moment));
                prop_assert_eq!(&told, &cut.rows(at), "{} as of {}\n{}", name, moment, &text);
                prop_assert_eq!(&told, &shorter.rows(at), "{} of a log that ends at {}\n{}", name, moment, &text);
                // What is said of windows goes by the aggregate's own time.
                if let Some(closing) = past.closing() {
                    let report = reports.iter().find(|report| report.name == closing.node).unwrap();
                    let told = past.as_of(Some(moment), 0).unwrap().stream_time_ms;
                    prop_assert_eq!(told, report.metrics.stream_time_ms, "{} as of {}\n{}", name, moment, &text);
                }
            }
        }
    }
}

const COUNTS: &str = "version = 1\n[nodes.orders]\nkind = \"stream\"\ntopic = \"orders\"\n\
    [nodes.counts]\nkind = \"aggregate\"\ninput = \"orders\"\nby = [\"key\"]\nselect = { n = \"count(*)\" }\n\
    window = { kind = \"tumbling\", size = \"100ms\" }\n";

#[test]
fn an_event_that_comes_out_of_order_counts_from_when_its_partition_had_come_to_it() {
    // Events of one partition: at 10, at 40, and at 40 - 7 * 4 = 12, which comes after the one at 40.
    let events = [(0, 0, 10, 0, 6, 1), (0, 0, 30, 0, 6, 1), (0, 0, 0, 0, 6, 1), (0, 0, 4, 0, 5, 1)];
    let case = Case::new(COUNTS, &events);
    let past = case.past("counts", Limits::default());
    let count = |until: i64| -> Vec<String> {
        let (cut, _) = case.cut_at(Some(until));
        assert_eq!(rows_at(&past, Some(until)), cut.rows(0), "as of {until}");
        rows_at(&past, Some(until))
    };
    assert!(count(9).is_empty());
    assert!(count(16)[0].contains("Int(1)"), "the event at 16 is told at 40: {:?}", count(16));
    assert!(count(40)[0].contains("Int(4)"), "{:?}", count(40));
    assert_eq!(past.span_ms(), Some((10, 40)));
}

#[test]
fn a_windows_result_may_lie_before_or_behind_what_caused_it() {
    let text = COUNTS.to_owned() + "emit = \"final\"\ngrace = \"20ms\"\n";
    // The windows of 0 and 100 close when the time reaches 120 and 220.
    let events: Vec<_> = [10, 80, 25, 10, 100].into_iter().map(|step| (0, 0, step, 0, 6, 1)).collect();
    let case = Case::new(&text, &events);
    let past = case.past("counts", Limits::default());
    assert_eq!(past.view().flow, Flow::Stream);
    let rows = |until| rows_at(&past, Some(until)).len();
    // Events at 10, 90, 115, 125, 225.
    assert_eq!([rows(119), rows(124), rows(125), rows(224), rows(225)], [0, 0, 1, 1, 2]);
    assert!(!past.closing().unwrap().is_open(100, Some(120)));
    assert!(past.closing().unwrap().is_open(100, Some(119)));
    assert_eq!(in_order(rows_at(&past, None)).len(), 2);
}
