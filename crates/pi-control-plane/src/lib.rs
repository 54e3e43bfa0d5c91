//! The control plane: who there is ([`tenants`]), who may do what ([`roles`]), how much
//! of it ([`quota`]), and under which policies
//! ([`policies`]). All of it is a function of the log's
//! events and of values that are passed in.
//!
//! Policy says what may be executed unattended, what a person must look at, and what
//! must not be executed. A [`PolicySet`] is made of [Cedar](https://www.cedarpolicy.com) text that is
//! checked against an embedded schema. It is asked about [`Facts`], at admission
//! and in GOVERN, and gives an [`Answer`] with its grounds. [`rules`] are lists
//! in another form that compile to Cedar. No type of Cedar is in this interface.

pub mod approvals;
pub mod audit;
pub mod compliance;
mod decide;
mod engine;
mod facts;
pub mod idempotency;
mod message;
pub mod policies;
mod policy;
pub mod quota;
pub mod retention;
pub mod roles;
pub mod rules;
mod scan;
pub mod sessions;
pub mod tenants;
pub mod what_if;

pub use decide::{Answer, Asked, Ground};
pub use engine::Question;
pub use facts::{Fact, Facts, FactsError, Group, Kind, Stage, Value};
pub use policy::{POLICY_SCHEMA, PolicyError, PolicySet, Problem, SCHEMA};
pub use scan::{MAX_NESTING, MAX_OPERATORS, MAX_POLICY_BYTES, MAX_STATEMENT_BYTES};

/// The baseline policy, which holds where a tenant brings none of its own.
pub const BASELINE: &str = include_str!("baseline.cedar");
/// The name of the baseline policy.
pub const BASELINE_NAME: &str = "baseline";

#[cfg(test)]
mod tests;
