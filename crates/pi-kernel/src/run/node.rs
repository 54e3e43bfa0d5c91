//! Where a node stands, and whether it may start.

use pi_core::Reason;
use pi_core::canonical::Value;

use crate::admit::AdmittedComposition;
use crate::bus::Bus;
use crate::examine::Status;
use crate::graph::Incoming;
use crate::request::{EdgeKind, NodeBounds};

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It waits.
    Pending,
    /// It is under way.
    Running,
    /// It ended well, and its output lies in this slot of the bus.
    Succeeded(usize),
    /// It did not end well.
    Failed(Status),
    /// It does not run: what it depends on failed, or it is an effect that is
    /// withheld.
    Blocked,
    /// It does not run: a condition does not hold.
    Skipped,
}

/// What becomes of a node whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It starts with the outputs in these slots.
    Start(Vec<usize>),
    /// It ends without running.
    End(NodeState, Reason),
}

/// Looks at what a node waits for (NODE-1, NODE-2, EDGE-1).
pub(super) fn turn(incoming: &[Incoming], states: &[NodeState], bus: &Bus) -> Turn {
    let mut inputs = Vec::new();
    let mut skipped = false;
    let (mut meeting, mut met) = (false, false);
    for edge in incoming {
        let state = states.get(edge.from).copied().unwrap_or(NodeState::Pending);
        meeting |= edge.kind == EdgeKind::FanIn;
        match (edge.kind, state) {
            // Only the end is waited for.
            (EdgeKind::Parallel, _) => {}
            (_, NodeState::Succeeded(slot)) => {
                met |= edge.kind == EdgeKind::FanIn;
                match holds(edge, slot, bus) {
                    Ok(true) => inputs.push(slot),
                    Ok(false) => skipped = true,
                    Err(reason) => return Turn::End(NodeState::Failed(Status::Fail), reason),
                }
            }
            (EdgeKind::FanIn, NodeState::Skipped) => {}
            (_, NodeState::Skipped) => skipped = true,
            _ => return Turn::End(NodeState::Blocked, Reason::DependencyFailed),
        }
    }
    if skipped || (meeting && !met) {
        return Turn::End(NodeState::Skipped, Reason::ConditionFalse);
    }
    Turn::Start(inputs)
}

fn holds(edge: &Incoming, slot: usize, bus: &Bus) -> Result<bool, Reason> {
    match &edge.condition {
        None => Ok(true),
        Some(condition) => {
            let value = bus.slot(slot).map_or(&Value::Null, |slot| slot.frozen().value());
            condition.evaluate(value).map(|verdict| verdict.holds).map_err(|error| error.reason())
        }
    }
}

/// Whether the node stays within its bounds (NODE-3).
pub(super) fn within_bounds(admitted: &AdmittedComposition, node: usize, inputs: usize) -> bool {
    let Some(spec) = admitted.request.content().nodes.get(node) else { return false };
    let bounds = spec.bounds.stricter(NodeBounds::HARD);
    let (artifacts, bytes) = match admitted.examiners.get(node) {
        Some(Some(examiner)) => (examiner.artifacts.len() as u64, examiner.bytes),
        _ => (0, 0),
    };
    inputs as u64 <= bounds.max_inputs
        && artifacts <= bounds.max_artifacts
        && bytes <= bounds.max_input_bytes
}
