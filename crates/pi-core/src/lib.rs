//! Foundation of PI Platform: canonical JSON, digests, identifiers, time and
//! the vocabulary of decisions.
//!
//! Pure: no I/O, clock, randomness, environment or hash order.

pub mod canonical;
pub mod decision;
pub mod digest;
pub mod id;
pub mod reason;
pub mod time;

pub use canonical::{Encoder, ObjectEncoder, ToCanonical, Value};
pub use decision::{Confidence, Decision, Severity};
pub use digest::{Digest, Hasher};
pub use id::{Name, RunId};
pub use reason::Reason;
pub use time::{Clock, Timestamp};
