#![no_main]

use libfuzzer_sys::fuzz_target;
use pi_fuzz::frames;

fuzz_target!(|bytes: &[u8]| frames(bytes));
