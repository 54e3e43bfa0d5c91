//! Nothing but tests: `tests/rules.rs` holds one test for each specification
//! rule that is implemented, named by its id; `tests/differential.rs` compares
//! with the independent verifier.
