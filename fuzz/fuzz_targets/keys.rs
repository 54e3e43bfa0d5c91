#![no_main]

use libfuzzer_sys::fuzz_target;
use pi_fuzz::checks;

fuzz_target!(|bytes: &[u8]| checks::keys(bytes));
