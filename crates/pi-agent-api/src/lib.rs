//! What an agent is: a pure function from an artifact to findings, with its
//! documentation, metadata and rules beside it.
//!
//! An agent is declared with [`declare_agent!`] in one file; the [`Catalogue`]
//! holds all of them and knows which an artifact can trigger.

pub mod catalogue;
pub mod finding;
pub mod fixture;
pub mod meta;
pub mod report;
pub mod watch;

pub use catalogue::{AgentSet, Catalogue, CatalogueError};
pub use finding::{Evidence, Finding};
pub use meta::{Agent, Check, Domain, Meta, Phase, Rule, Status, Triggers};
pub use report::{Report, Stop};
pub use watch::Watch;
