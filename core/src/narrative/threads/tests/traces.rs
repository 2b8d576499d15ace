//! Traces: threads by their ids, causes where hops name the hop before them, and finding one by what is at hand.

use super::stage::{Made, correlate, exact, log, told};

const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const SPANS: [&str; 3] = ["e457b5a2e4d86bd1", "05e3ac9a4f6e3b90", "00f067aa0ba902b7"];

type Spelling = fn(usize, Made) -> Made;

/// Three events in a row, each sent in the hop after that of the one before, and one whose hop nobody names.
fn chain(spelling: Spelling) -> Vec<(String, String, &'static str)> {
    let events: Vec<Made> = [0, 1, 1, 2]
        .into_iter()
        .zip(["asked", "checked", "mailed", "booked"])
        .enumerate()
        .map(|(place, (span, topic))| spelling(span, Made::new(topic, 10 + place as i64)))
        .collect();
    let chained = [&events[..2], &events[3..]].concat();
    let (_, threads) = correlate(&log(&chained));
    assert_eq!(threads.len(), 1);
    // Two events of one hop: which of them led to the third, nobody says.
    let (_, both) = correlate(&log(&events));
    assert_eq!(exact(&both, 0).len(), 2);
    exact(&threads, 0)
}

#[test]
fn a_hop_that_names_the_hop_before_it_has_a_cause() {
    let edges = [("asked/0", "checked/0", "causation"), ("checked/0", "booked/0", "causation")]
        .map(|(from, to, kind)| (from.to_owned(), to.to_owned(), kind));
    let single: Spelling = |span, event| match span {
        0 => event.header("b3", format!("{TRACE}-{}-1", SPANS[0])),
        _ => event.header("b3", format!("{TRACE}-{}-1-{}", SPANS[span], SPANS[span - 1])),
    };
    let jaeger: Spelling = |span, event| {
        let parent = if span == 0 { "0" } else { SPANS[span - 1] };
        event.header("uber-trace-id", format!("{TRACE}:{}:{parent}:1", SPANS[span]))
    };
    let several: Spelling = |span, event| {
        let event = event.header("X-B3-TraceId", TRACE).header("X-B3-SpanId", SPANS[span].to_uppercase());
        if span == 0 { event } else { event.header("X-B3-ParentSpanId", SPANS[span - 1]) }
    };
    for spelling in [single, jaeger, several] {
        assert_eq!(chain(spelling), edges);
    }
}

/// CloudEvents' distributed tracing extension: `ce_traceparent` is the start of the trace, `traceparent` this hop.
#[test]
fn the_start_of_a_trace_led_to_what_names_it() {
    let header = |span: usize| format!("00-{TRACE}-{}-01", SPANS[span]);
    let event = |topic: &str, at: i64, span: usize| {
        Made::new(topic, at).header("traceparent", header(span)).header("ce_traceparent", header(0))
    };
    let (_, threads) = correlate(&log(&[event("asked", 10, 0), event("checked", 20, 1), event("booked", 30, 2)]));
    assert_eq!(told(&threads), [["asked/0", "checked/0", "booked/0"]]);
    let edges = [("asked/0", "checked/0", "causation"), ("asked/0", "booked/0", "causation")]
        .map(|(from, to, kind)| (from.to_owned(), to.to_owned(), kind));
    assert_eq!(exact(&threads, 0), edges);
}

#[test]
fn a_trace_is_found_by_whatever_was_pasted() {
    let hop = format!("00-{TRACE}-{}-01", SPANS[0]);
    let (_, threads) = correlate(&log(&[
        Made::new("other", 5).header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        Made::new("orders", 10).header("traceparent", &hop),
    ]));
    for pasted in [
        TRACE.to_owned(),
        TRACE.to_uppercase(),
        format!("  {hop}\n"),
        hop.to_uppercase(),
        format!("{TRACE}-{}-1", SPANS[1]),
        format!("{TRACE}:{}:0:1", SPANS[1]),
        format!("\"{TRACE}\""),
        "orders/0/0".to_owned(),
    ] {
        assert_eq!(threads.find_all(&pasted), [1], "{pasted}");
    }
    assert_eq!(threads.find_all("nothing"), [0; 0]);
}
