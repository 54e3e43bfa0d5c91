//! Typed artifacts: what agents read.
//!
//! An [`Artifact`] is a named sequence of bytes with a detected [`Kind`]. Each
//! of its views (Dockerfile, data tree, shell script, ...) is parsed at most
//! once, by a real parser with positions, behind byte and nesting caps, and
//! shared by all agents. [`perturb()`] makes meaning-preserving copies.
//!
//! Pure: no I/O, clock, randomness, environment or hash order.

pub mod artifact;
pub mod certificate;
pub mod cloudformation;
pub mod data;
pub mod dependencies;
mod detect;
pub mod diff;
pub mod directive;
pub mod dockerfile;
pub mod hcl;
pub mod kind;
pub mod limits;
pub mod literal;
pub mod markdown;
mod nesting;
pub mod nginx;
pub mod openssh;
pub mod pem;
pub mod perturb;
pub mod python;
pub mod redact;
pub mod settings;
pub mod shell;
pub mod span;
pub mod sql;
pub mod syntax;
pub mod terraform;

pub use artifact::{Artifact, ParseFailure};
pub use kind::Kind;
pub use perturb::{Perturbation, Perturbations, Perturbed, perturb};
pub use span::{LineIndex, Position, Span};
