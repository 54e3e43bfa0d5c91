//! The tests' own rule: everything runs twice.
#![allow(non_snake_case, reason = "rules are named as the specification names them")]

use std::panic::catch_unwind;

use pi_conformance::restless::Restless;
use pi_conformance::{DOCKERFILE, scan, straw};

#[test]
fn TEST_1_every_run_happens_twice_and_is_compared() {
    let files: &[(&str, &[u8])] = &[("Dockerfile", DOCKERFILE), ("b/Dockerfile", DOCKERFILE)];
    scan(files, vec![&straw::Grep]);
    let caught = catch_unwind(|| scan(files, vec![&Restless]));
    let caught = caught.err().and_then(|panic| panic.downcast::<String>().ok());
    assert!(caught.is_some_and(|text| text.contains("TEST-1")), "what differs is noticed");
}
