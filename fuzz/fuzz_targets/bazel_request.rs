#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| ecr_login_fuzz::bazel_request(data));
