//! The simulator: the kernel's state machine, the journal and the rules of resuming,
//! driven by one seed against a store, a network and a clock that fail.
//!
//! Everything that could differ between two runs of a seed comes from [`random`]: the
//! order of events, what fails, salts and keys. So a seed and a commit name one
//! execution, and its trace has one hash. `docs/spec/simulation.md` says what is
//! simulated and what is checked.

pub mod audit;
pub mod clock;
pub mod compose;
pub mod defect;
pub mod process;
pub mod profile;
pub mod random;
pub mod reference;
pub mod simulation;
pub mod store;
pub mod straw;
pub mod trace;
pub mod world;

use pi_core::Digest;

pub use compose::{Laboratory, Plan};
pub use defect::Defect;
pub use profile::Profile;
pub use simulation::{Counts, Simulation, Violation};
pub use trace::Trace;

/// What a simulation came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// The hash over everything that happened.
    pub hash: Digest,
    /// What happened how often.
    pub counts: Counts,
}

/// Runs the simulation of a seed to its end.
///
/// # Errors
/// The first thing that must hold and does not.
pub fn simulate(
    seed: u64,
    laboratory: &mut Laboratory,
    defect: Option<Defect>,
    trace: &Trace,
) -> Result<Report, Violation> {
    let mut simulation = Simulation::new(seed, laboratory, defect, trace.clone());
    simulation.run()?;
    simulation.settle()?;
    simulation.conclude()?;
    Ok(Report { hash: trace.hash(), counts: simulation.counts() })
}
