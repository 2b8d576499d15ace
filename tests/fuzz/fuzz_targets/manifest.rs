//! Any bytes in place of a `recording.json` are read or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fabula_core::store::check_manifest(bytes);
});
