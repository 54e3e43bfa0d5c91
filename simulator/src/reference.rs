//! A composition executed without processes, store and faults: what its records must be.

use std::sync::Arc;

use pi_core::canonical::parse;
use pi_kernel::admit::{AdmissionError, AdmittedComposition, Baseline};
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::report::Outcome;
use pi_kernel::resume::Timed;
use pi_kernel::run::{Command, Run};

use crate::compose::{Laboratory, Plan};
use crate::world::written;

/// Admits a plan under the baseline policy.
///
/// # Errors
/// Why it is not admitted.
pub fn admit(
    plan: &Plan,
    laboratory: &Laboratory,
) -> Result<Arc<AdmittedComposition>, AdmissionError> {
    let Plan { request, manifest } = plan.clone();
    let (catalogue, policy) = (laboratory.catalogue(), Policy::baseline());
    AdmittedComposition::admit(request, manifest, Baseline::default(), catalogue, policy)
        .map(Arc::new)
}

/// The outcomes of attempts in the records of a run, in order.
pub fn concluded(records: &[(String, Vec<u8>)]) -> impl Iterator<Item = EffectOutcome> {
    let concluded = records.iter().filter(|(event_type, _)| event_type == "effect.concluded");
    concluded.filter_map(|(_, payload)| EffectOutcome::from_value(&parse(payload).ok()?))
}

/// What in the records of a run depended on time.
pub fn timed(records: &[(String, Vec<u8>)]) -> Timed {
    let mut timed = Timed::default();
    records.iter().for_each(|(event_type, payload)| timed.take(event_type, payload));
    timed
}

/// Executes a composition, with these time-outs, and with these outcomes of its attempts;
/// when there is none left, attempts succeed. `None` when it does not come to an end.
pub fn execute(
    admitted: &Arc<AdmittedComposition>,
    laboratory: &mut Laboratory,
    timed: &Timed,
    mut outcomes: impl Iterator<Item = EffectOutcome>,
) -> Option<(Vec<Record>, Outcome)> {
    let (mut run, mut commands) = Run::start(Arc::clone(admitted));
    let mut records = Vec::new();
    loop {
        let mut next = Vec::new();
        for command in commands {
            next.extend(match command {
                Command::Append(said) => {
                    records.extend(said);
                    continue;
                }
                Command::Examine { job, node, artifact } => {
                    let id = admitted.request.content().nodes.get(node).map(|node| &node.id);
                    let timed_out = id.and_then(|node| timed.examination_of(node, artifact as u64));
                    run.examined(job, laboratory.examine(admitted, node, artifact, timed_out))
                }
                Command::Perform {
                    job,
                    attempt,
                    effect: Effect::WriteFile { path, bytes },
                    ..
                } => {
                    let outcome = outcomes.next().unwrap_or_else(|| written(&path, &bytes));
                    run.performed(job, attempt, outcome)
                }
                Command::Finish(outcome) => return Some((records, *outcome)),
            });
        }
        if next.is_empty() {
            return None;
        }
        commands = next;
    }
}
