//! Migrations: explicit steps from one version of a schema to another, in a graph
//! without cycles. Nothing is converted that no step names.

mod graph;
mod place;
mod step;

pub use graph::{Direction, GraphError, Hop, MAX_HOPS, MigrationGraph, Plan};
pub use step::{Conversion, Step, StepError};

use pi_core::Digest;
use pi_core::canonical::{Encoder, ToCanonical, Value};

use crate::schema::Schema;

/// The steps between two versions, checked when it is made: they lead from the one
/// to the other exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// Fingerprint of the version that it starts from.
    pub from: Digest,
    /// Fingerprint of the version that it leads to.
    pub to: Digest,
    forward: Vec<Step>,
    /// The way back, where every step has one.
    backward: Option<Vec<Step>>,
}

/// Why steps are no migration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// The schemas have different names.
    #[error("`{from}` and `{to}` are different schemas")]
    OtherSchema {
        /// The first.
        from: String,
        /// The second.
        to: String,
    },
    /// A step does not apply.
    #[error("step {at} from {from}: {error}")]
    Step {
        /// The version that it starts from.
        from: String,
        /// Number of the step, from 1.
        at: usize,
        /// Why.
        error: StepError,
    },
    /// The steps lead elsewhere.
    #[error("the steps from {from} do not lead to {to}: {differences}")]
    Elsewhere {
        /// The version that they start from.
        from: String,
        /// The version that they should lead to.
        to: String,
        /// What still differs.
        differences: String,
    },
}

impl Migration {
    /// Checks that `steps` lead from `from` to `to`.
    pub fn new(from: &Schema, to: &Schema, steps: Vec<Step>) -> Result<Self, MigrationError> {
        if from.name != to.name {
            let (from, to) = (from.name.clone(), to.name.clone());
            return Err(MigrationError::OtherSchema { from, to });
        }
        let mut record = from.record.clone();
        let mut backward = Some(Vec::new());
        for (at, step) in steps.iter().enumerate() {
            let inverse = step.inverse(&record);
            step.on_record(&mut record).map_err(|error| MigrationError::Step {
                from: from.id(),
                at: at + 1,
                error,
            })?;
            // The way back takes the steps from the last to the first.
            backward = backward.zip(inverse).map(|(mut steps, inverse)| {
                steps.insert(0, inverse);
                steps
            });
        }
        let reached = Schema { record, ..to.clone() };
        if reached.fingerprint() != to.fingerprint() {
            let differences = crate::schema::diff(&reached, to);
            let words = differences.iter().map(|c| format!("`{}` {}", c.path, c.kind.as_str()));
            return Err(MigrationError::Elsewhere {
                from: from.id(),
                to: to.id(),
                differences: words.collect::<Vec<_>>().join(", "),
            });
        }
        let backward = backward.filter(|steps| leads(&to.record, &from.record, steps));
        Ok(Self { from: from.fingerprint(), to: to.fingerprint(), forward: steps, backward })
    }

    /// Every step can be undone.
    pub fn is_reversible(&self) -> bool {
        self.backward.is_some()
    }

    /// The identity of the migration.
    pub fn hash(&self) -> Digest {
        Digest::of_canonical(self)
    }

    fn apply(&self, direction: Direction, value: &mut Value) -> Result<(), StepError> {
        let steps = match direction {
            Direction::Forward => Some(&self.forward),
            Direction::Backward => self.backward.as_ref(),
        };
        steps.ok_or(StepError::Irreversible)?.iter().try_for_each(|step| step.on_value(value))
    }
}

/// Whether the steps lead from one record to the other.
fn leads(from: &crate::schema::Record, to: &crate::schema::Record, steps: &[Step]) -> bool {
    let mut record = from.clone();
    steps.iter().all(|step| step.on_record(&mut record).is_ok())
        && Digest::of_canonical(&record) == Digest::of_canonical(to)
}

impl ToCanonical for Migration {
    fn to_canonical(&self, encoder: &mut Encoder) {
        // The way back follows from the steps.
        let Migration { from, to, forward, backward: _ } = self;
        encoder.object(|o| {
            o.field("from", from).field("steps", forward).field("to", to);
        });
    }
}
