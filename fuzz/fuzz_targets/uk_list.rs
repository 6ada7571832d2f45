#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kyc::fuzz::uk_list(data));
