#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fabula_fuzz::pipeline(input));
