#![no_main]

use libfuzzer_sys::fuzz_target;
use pi_fuzz::checks::{self, MANIFESTS};
use pi_fuzz::choose;

fuzz_target!(|bytes: &[u8]| {
    if let Some((kind, bytes)) = choose(MANIFESTS, bytes) {
        checks::view(kind, bytes);
    }
});
