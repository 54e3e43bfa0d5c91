#![no_main]

use libfuzzer_sys::fuzz_target;
use pi_artifacts::Kind;
use pi_fuzz::checks;

fuzz_target!(|bytes: &[u8]| checks::view(Kind::Nginx, bytes));
