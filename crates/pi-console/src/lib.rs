//! The HTTP API: many tenants over one kernel.
//!
//! Layer 4: here plain words, identity and the network end. A request is
//! authenticated, authorised, counted and recorded, and what remains of it is an
//! explicit composition request for the same kernel entry point that every other way
//! in takes. Each route names the permission that it needs in its OpenAPI description,
//! and that description is what is enforced ([`access`]).

pub mod access;
pub mod alerts;
pub mod app;
pub mod audit;
pub mod control;
pub mod events;
pub mod extract;
pub mod gate;
pub mod idempotency;
pub mod inline;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod quota;
pub mod reply;
pub mod report;
pub mod routes;
pub mod serve;

pub use app::{App, Settings};
pub use gate::IdentityGate;
pub use pi_store::Logs;
pub use problem::Problem;
pub use serve::serve;
