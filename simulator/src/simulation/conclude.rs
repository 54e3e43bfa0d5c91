//! The end: faults stop, every run comes to its end, and the whole log is checked.

use pi_core::RunId;
use pi_kernel::resume::Timed;
use pi_store::{EventStore as _, VerifyOptions};

use super::{Simulation, Violation};
use crate::audit::RunAudit;
use crate::reference;
use crate::store::SimStore;

/// Rounds after which a run that has not ended never will.
const ROUNDS: usize = 400;

/// Rounds after which an execution hangs: every deadline is over.
const HANGING: usize = 80;

/// Time that passes in a round.
const ROUND_MS: u64 = 10_000;

impl Simulation<'_> {
    /// Lets everything that was accepted come to its end, without further faults.
    ///
    /// # Errors
    /// What does not hold.
    pub fn settle(&mut self) -> Result<(), Violation> {
        self.trace.say("everything calms down");
        self.profile.failing = 0;
        self.profile.late = 0;
        self.disk().calm();
        for node in 0..self.nodes.len() {
            if self.nodes.get(node).is_some_and(|node| node.journal.is_none()) {
                self.start_node(node);
            }
        }
        for round in 1..=ROUNDS {
            if round % HANGING == 0 {
                // A resumed run cannot be stopped where it was not stopped before, so a
                // lost outcome hangs it: somebody ends its process.
                self.restart_all();
            }
            self.deliver_all()?;
            self.sync_all()?;
            self.step_all()?;
            self.clock.advance(ROUND_MS);
            if self.nodes.iter().all(|node| node.executions.is_empty()) && !self.resume_one()? {
                return Ok(());
            }
        }
        Err(Violation(format!("after {ROUNDS} rounds, runs have not ended")))
    }

    fn restart_all(&mut self) {
        for node in 0..self.nodes.len() {
            self.crash(node);
            self.start_node(node);
        }
    }

    /// Takes the first open run over that can be; `false` when there is none.
    fn resume_one(&mut self) -> Result<bool, Violation> {
        let open = self.disk().open_runs();
        for run in open {
            if self.take_over(0, &run, false)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks the whole log again from its beginning, and every run against an execution
    /// without faults.
    ///
    /// # Errors
    /// What does not hold.
    pub fn conclude(&mut self) -> Result<(), Violation> {
        self.check()?;
        let store = SimStore::open(&self.disk, "audit");
        let verified = store.verify(&VerifyOptions::default(), &mut |_, _| {});
        let verified = verified.map_err(|error| Violation(format!("the log: {error}")))?;
        if verified != self.audit.verification() {
            return Err(Violation("the log is another one when it is read again".to_owned()));
        }
        let open = verified.open_runs;
        if open != self.abandoned.len() as u64 {
            return Err(Violation(format!("{open} runs never end")));
        }
        let runs: Vec<RunId> = self.audit.runs().map(|(run, _)| run.clone()).collect();
        for run in &runs {
            self.conclude_run(&store, run)
                .map_err(|problem| Violation(format!("{run}: {problem}")))?;
        }
        self.trace.say(format!("{:?}", self.counts()));
        self.trace.say(format!("root {:?}", verified.root));
        Ok(())
    }

    fn conclude_run(&mut self, store: &SimStore, run: &RunId) -> Result<(), String> {
        let Some(recorded) = self.audit.run(run).filter(|recorded| recorded.is_sealed()) else {
            return Ok(());
        };
        self.check_evidence(store, run, recorded)?;
        let mut conclusions = recorded.conclusions();
        let false_one = conclusions
            .find(|(path, attempt, outcome)| !self.world.agrees(run, path, *attempt, outcome));
        if let Some((path, attempt, outcome)) = false_one {
            return Err(format!("attempt {attempt} at {path} was not {outcome}"));
        }
        let timed = reference::timed(recorded.records());
        if timed.is_stopped() {
            return Ok(());
        }
        if recorded.is_replayable() != (timed.examinations() == 0) {
            return Err("its seal does not say whether time shows in it".to_owned());
        }
        let hash = recorded.sealed("request_hash").unwrap_or_default();
        let plan = self.plans.values().find(|plan| plan.request.hash().to_hex() == hash);
        let plan = plan.ok_or("nobody asked for it")?.clone();
        let admitted =
            reference::admit(&plan, self.laboratory).map_err(|error| error.to_string())?;
        let outcomes: Vec<_> = reference::concluded(recorded.records()).collect();
        let again = reference::execute(&admitted, self.laboratory, &timed, outcomes.into_iter());
        let (records, outcome) = again.ok_or("its repetition does not end")?;
        let said = records.iter().map(|record| (record.event_type, record.payload.as_slice()));
        let kept = recorded.records().iter();
        if !said.eq(kept.map(|(event_type, payload)| (event_type.as_str(), payload.as_slice()))) {
            return Err("its repetition says something else".to_owned());
        }
        if recorded.is_without_trouble() {
            let (timed, none) = (Timed::default(), std::iter::empty());
            let faultless = reference::execute(&admitted, self.laboratory, &timed, none);
            let proof = faultless.map(|(_, outcome)| outcome.determinism_proof);
            if proof != Some(outcome.determinism_proof) {
                return Err("without faults it has another proof".to_owned());
            }
        }
        Ok(())
    }

    /// The evidence of a run can be checked by itself, as long as its pages are there.
    fn check_evidence(
        &self,
        store: &SimStore,
        run: &RunId,
        recorded: &RunAudit,
    ) -> Result<(), String> {
        let entry = store.run(run).map_err(|error| error.to_string())?.ok_or("it has no entry")?;
        let first = store.after(None, 1).map_err(|error| error.to_string())?;
        if first.first().is_none_or(|event| event.leaf_index > entry.first_leaf) {
            return Ok(());
        }
        let bundle = store.export(run).map_err(|error| error.to_string())?;
        let shown = bundle.verify(Some(&store.public_key())).map_err(|error| error.to_string())?;
        if shown.decision.as_deref() == recorded.sealed("decision") {
            Ok(())
        } else {
            Err("its evidence shows another decision".to_owned())
        }
    }
}
