//! The spans around a run. `pi-telemetry` says what becomes of them, and lists their
//! names; nothing here decides or records anything.
//!
//! Fields are names of closed lists, tenants, run ids and numbers. A path, a payload or
//! the name of a node, which somebody wrote, is in none.

use pi_agent_api::Phase;
use pi_core::{Name, Reason, RunId};
use pi_kernel::admit::AdmittedComposition;
use pi_kernel::examine::Examination;
use pi_kernel::record::Record;
use pi_kernel::run::{Command, NodeState};
use tracing::field::Empty;
use tracing::{Span, debug_span, info_span, trace_span};

use crate::examiner::Job;
use crate::replay::Replayed;
use crate::run::Ran;

/// Stands around a run.
pub(crate) fn run(tenant: &Name, resumed: bool) -> Span {
    info_span!(
        "run",
        tenant = tenant.as_str(),
        resumed,
        run_id = Empty,
        decision = Empty,
        artifacts = Empty,
        findings = Empty,
        receipts = Empty,
        error = Empty,
    )
}

/// What a run came to.
pub(crate) fn ran(span: &Span, result: Result<&Ran, Reason>) {
    if span.is_disabled() {
        return;
    }
    let Ran { run, outcome, .. } = match result {
        Ok(ran) => ran,
        Err(reason) => return failed(span, reason),
    };
    let findings: usize = outcome.findings.iter().map(|artifact| artifact.findings.len()).sum();
    span.record("run_id", run.as_str());
    span.record("decision", outcome.decision.as_str());
    span.record("artifacts", outcome.artifacts);
    span.record("findings", findings as u64);
    span.record("receipts", outcome.receipts);
}

/// Stands around a replay.
pub(crate) fn replay(tenant: &Name, run: &RunId) -> Span {
    info_span!(
        "replay",
        tenant = tenant.as_str(),
        run_id = run.as_str(),
        result = Empty,
        compared = Empty,
        timed_out = Empty,
        error = Empty,
    )
}

/// What a replay came to. A divergence is a result, and no failure of the replay.
pub(crate) fn replayed(span: &Span, result: Result<&Replayed, Reason>) {
    match result {
        Ok(Replayed { comparison, timed_out, .. }) => {
            span.record("result", comparison.verdict().as_str());
            span.record("compared", comparison.compared());
            span.record("timed_out", timed_out);
        }
        Err(reason) => failed(span, reason),
    }
}

/// Stands around the examinations that are asked for at once.
pub(crate) fn batch(tenant: &Name, commands: &[Command]) -> Span {
    let is_job = |command: &&Command| matches!(command, Command::Examine { .. });
    match commands.iter().filter(is_job).count() {
        0 => Span::none(),
        jobs => debug_span!("job_batch", tenant = tenant.as_str(), jobs = jobs as u64),
    }
}

/// Stands around an examination, whose run opened `parent`.
pub(crate) fn examination(parent: &Span, job: &Job, node: usize, artifact: usize) -> Span {
    trace_span!(
        parent: parent,
        "examination",
        tenant = job.admitted.request.content().tenant.as_str(),
        node = node as u64,
        artifact = artifact as u64,
        error = Empty,
    )
}

/// What an examination came to.
pub(crate) fn examined(span: &Span, examination: &Examination) {
    if span.is_disabled() {
        return;
    }
    let of_agents = examination.verdicts.iter().map(|verdict| verdict.status);
    let mut statuses = examination.failure.map(|(status, _)| status).into_iter().chain(of_agents);
    if let Some(status) = statuses.find(|status| status.fails_phase()) {
        span.record("error", status.as_str());
    }
}

/// An examination does not end, and nobody waits for it any more.
pub(crate) fn left_behind(job: &Job, node: usize, artifact: usize) {
    let tenant = job.admitted.request.content().tenant.as_str();
    let (node, artifact) = (node as u64, artifact as u64);
    tracing::warn!(tenant, node, artifact, "an examination does not end and is left behind");
}

/// The scope of a span failed. Only the reason's code: messages name files.
pub(crate) fn failed(span: &Span, reason: Reason) {
    span.record("error", reason.code());
}

/// The phases and nodes of a run while it is driven.
pub(crate) struct Course<'a> {
    admitted: &'a AdmittedComposition,
    run: Span,
    is_heard: bool,
    sealed: usize,
    /// Of the phase under way.
    phase: Option<Span>,
    /// Of nodes under way.
    nodes: Vec<(usize, Span)>,
    states: Vec<NodeState>,
}

impl<'a> Course<'a> {
    /// Inside of the span of the run.
    pub(crate) fn begin(admitted: &'a AdmittedComposition) -> Self {
        let states = vec![NodeState::Pending; admitted.request.content().nodes.len()];
        let (run, nodes) = (Span::current(), Vec::new());
        let mut course =
            Self { admitted, run, is_heard: true, sealed: 0, phase: None, nodes, states };
        let phase = course.open_phase();
        course.is_heard = !phase.is_disabled();
        course.phase = Some(phase);
        course
    }

    fn tenant(&self) -> &'a str {
        self.admitted.request.content().tenant.as_str()
    }

    fn open_phase(&self) -> Span {
        let Some(phase) = Phase::ALL.get(self.sealed) else { return Span::none() };
        let (tenant, phase) = (self.tenant(), phase.as_str());
        debug_span!(parent: &self.run, "phase", tenant, phase, error = Empty)
    }

    /// The kernel took a step: this is to be done, and the nodes stand so.
    pub(crate) fn step(&mut self, commands: &[Command], states: &[NodeState]) {
        if !self.is_heard {
            return;
        }
        for command in commands {
            if let Command::Append(records) = command {
                self.appended(records);
            }
        }
        let is_over = commands.iter().any(|command| matches!(command, Command::Finish(_)));
        if self.phase.is_none() && !is_over {
            self.phase = Some(self.open_phase());
        }
        if self.states != states {
            self.move_nodes(states);
        }
    }

    /// A boundary ends its phase.
    fn appended(&mut self, records: &[Record]) {
        for boundary in records.iter().filter(|record| record.event_type == "phase.sealed") {
            let phase = self.phase.take().unwrap_or_else(|| self.open_phase());
            let payload = String::from_utf8_lossy(&boundary.payload);
            if !payload.contains(r#""phase_status":"SUCCESS""#) {
                failed(&phase, Reason::PhaseFailed);
            }
            self.sealed += 1;
        }
    }

    fn move_nodes(&mut self, states: &[NodeState]) {
        for (number, (before, now)) in self.states.iter().zip(states).enumerate() {
            if before == now {
                continue;
            }
            let open = self.nodes.iter().position(|(other, _)| *other == number);
            let span = match open {
                Some(at) => self.nodes.swap_remove(at).1,
                None => self.open_node(number),
            };
            let word = match now {
                NodeState::Pending | NodeState::Running => {
                    self.nodes.push((number, span));
                    continue;
                }
                NodeState::Succeeded(_) => "succeeded",
                NodeState::Blocked => "blocked",
                NodeState::Skipped => "skipped",
                NodeState::Failed(status) => {
                    span.record("error", status.as_str());
                    "failed"
                }
            };
            span.record("status", word);
        }
        self.states.clear();
        self.states.extend_from_slice(states);
    }

    fn open_node(&self, number: usize) -> Span {
        let node = self.admitted.request.content().nodes.get(number);
        debug_span!(
            parent: &self.run,
            "node",
            tenant = self.tenant(),
            phase = node.map_or("", |node| node.capability.phase().as_str()),
            node = number as u64,
            capability = node.map_or("", |node| node.capability.name()),
            status = Empty,
            error = Empty,
        )
    }
}
