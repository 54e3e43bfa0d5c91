#![no_main]

use libfuzzer_sys::fuzz_target;
use pi_fuzz::policy;

fuzz_target!(|bytes: &[u8]| policy::rules(bytes));
