#![no_main]

use libfuzzer_sys::fuzz_target;
use pi_artifacts::Kind;
use pi_fuzz::{checks, choose};

fuzz_target!(|bytes: &[u8]| {
    if let Some((kind, bytes)) = choose(Kind::ALL, bytes) {
        checks::copies(kind, bytes);
    }
});
