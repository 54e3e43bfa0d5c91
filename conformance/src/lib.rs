//! Nothing but tests, and what they share: `tests/rules.rs` and `tests/event_fabric.rs`
//! hold one test for each specification rule that is implemented, named by its id;
//! `tests/differential.rs` compares with the independent verifier; `tests/golden.rs`
//! verifies and replays the histories in `golden/`.

pub mod golden;
