//! The early end of a run: its time is over, or somebody cancelled it.

use pi_core::Reason;

use super::{Command, NodeState, Run};
use crate::effect::{Concluded, EffectOutcome};
use crate::examine::Status;
use crate::record::Record;
use std::sync::Arc;

impl Run {
    /// Ends the run now. Nodes under way fail with `reason`, nothing later runs
    /// and nothing is released. Such a run cannot be replayed: when it was
    /// stopped depends on time.
    pub fn stop(&mut self, reason: Reason) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.finished {
            return commands;
        }
        let status =
            if reason == Reason::DeadlineExceeded { Status::Timeout } else { Status::Fail };
        self.replayable = false;
        if std::mem::take(&mut self.performing) {
            self.note_unknown_effect();
        }
        let nodes: Vec<usize> = self
            .jobs
            .get(self.taken..)
            .unwrap_or_default()
            .iter()
            .filter_map(|job| match job {
                super::Job::Complete { node } => Some(*node),
                _ => None,
            })
            .collect();
        for node in nodes {
            if let Some(started) = self.started.get_mut(&node) {
                started.status = Some((status, reason));
            }
            self.complete(node);
        }
        self.groups.clear();
        self.phase_failed = true;
        self.seal_phase();
        self.finish(&mut commands);
        commands
    }

    /// An attempt was announced, and its outcome will not be heard.
    fn note_unknown_effect(&mut self) {
        let admitted = Arc::clone(&self.admitted);
        let Some(super::Job::Perform { node }) = self.jobs.get(self.taken).copied() else { return };
        let Some(spec) = admitted.request.content().nodes.get(node) else { return };
        let attempt = self.started.get(&node).map_or(1, |started| started.attempt);
        let outcome = EffectOutcome::Unknown;
        let (node, retry_after_ms) = (spec.id.as_str(), None);
        let concluded = Concluded { node, attempt, outcome: &outcome, retry_after_ms };
        self.chain.aside(Record::concluded(&concluded));
    }

    /// Whether a node is under way.
    pub fn is_running(&self) -> bool {
        self.states.contains(&NodeState::Running)
    }
}
