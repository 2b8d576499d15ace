//! Any bytes in place of a segment are refused, or give events that can be read to the end.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(events) = fabula_core::store::check_segment(bytes) {
        for event in events.events() {
            let _ = (event.key(), event.value(), event.time_ns());
            event.headers().for_each(drop);
        }
    }
});
