//! The kernel: a synchronous state machine without I/O.
//!
//! A frozen [`request::CompositionRequest`] is admitted, and [`run::Run`] takes
//! it through the seven phases. Its inputs are outcomes of jobs, its outputs
//! are [`run::Command`]s: examine this artifact, append these records, done.
//! Shells drive it with threads and stores; a simulator drives the same code.
//!
//! The kernel knows the agent interface, never a particular agent.

pub mod admit;
pub mod allow;
pub mod breaker;
pub mod bus;
pub mod capability;
pub mod condition;
pub mod effect;
pub mod examine;
pub mod graph;
pub mod manifest;
pub mod plan;
pub mod policy;
pub mod receipt;
pub mod record;
pub mod replay;
pub mod report;
pub mod request;
pub mod resume;
pub mod risk;
pub mod route;
pub mod run;
pub mod shards;
pub mod simulate;

/// The version of the record formats and of the kernel's own judgement. Grows
/// when any receipt of any run would change.
pub const KERNEL_REVISION: u32 = 1;
