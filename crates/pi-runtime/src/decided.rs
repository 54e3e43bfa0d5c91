//! The decision of a recorded run, with the facts that it was made of: nothing that the
//! log does not say.

use pi_control_plane::what_if::{Decided, Recorded};
use pi_core::canonical::{Value, parse};
use pi_core::{Decision, Digest, Reason, RunId};
use pi_kernel::capability::Capability;
use pi_kernel::graph::Graph;
use pi_kernel::policy::{facts, findings};
use pi_kernel::request::{Bounds, CompositionRequest};
use pi_kernel::risk::Risk;
use pi_store::{RunEntry, verified};

use crate::journal::{Journal, JournalError};

/// Reads what was decided about a run, from records that verify.
///
/// # Errors
/// The store refuses, or the records do not verify.
pub fn decided(journal: &Journal, entry: &RunEntry) -> Result<Recorded, JournalError> {
    let run = &entry.run;
    if !entry.sealed {
        return Ok(Recorded::Unfinished(run.clone()));
    }
    verified::run(journal.store(), entry)?;
    let missing =
        |why: &str| Ok(Recorded::NotRetained { run: Some(run.clone()), why: why.to_owned() });
    let acceptance = match journal.acceptance(run) {
        Ok((_, acceptance)) => acceptance,
        Err(JournalError::Record { .. }) => return missing("its acceptance was erased"),
        Err(error) => return Err(error),
    };
    let records = Records::read(journal, run)?;
    if records.erased {
        return missing("a record of it was erased");
    }
    match of(run, &acceptance, &records) {
        Some(decided) => Ok(Recorded::Decided(Box::new(decided))),
        None => missing("this build cannot read its records"),
    }
}

/// What the records of a run say.
#[derive(Default)]
struct Records {
    /// The payload of one of them is no longer there.
    erased: bool,
    /// Nodes that had not succeeded when the policy was asked.
    failed: u64,
    /// The policy was asked in GOVERN.
    asked: bool,
    seal: Option<Value>,
}

impl Records {
    fn read(journal: &Journal, run: &RunId) -> Result<Self, JournalError> {
        let mut records = Self::default();
        journal.visit_records(run, |event_type, payload| match event_type {
            "receipt.issued" | "run.sealed" => match payload {
                None => records.erased = true,
                Some(payload) => {
                    let value = parse(payload).ok();
                    if event_type == "run.sealed" {
                        records.seal = value;
                    } else if let Some(receipt) = value {
                        records.take(&receipt);
                    }
                }
            },
            _ => {}
        })?;
        Ok(records)
    }

    /// Takes a receipt. Those of nodes have no artifact.
    fn take(&mut self, receipt: &Value) {
        if self.asked || receipt.get("artifact") != Some(&Value::Null) {
            return;
        }
        let text = |key: &str| receipt.get(key).and_then(Value::as_str);
        match text("status") {
            Some("SUCCESS") => {
                self.asked = text("capability") == Some(Capability::Decide.name());
            }
            Some("SKIPPED") => {}
            _ => self.failed += 1,
        }
    }
}

fn of(run: &RunId, acceptance: &Value, records: &Records) -> Option<Decided> {
    let request = CompositionRequest::from_value(acceptance.get("request")?).ok()?;
    let approved = acceptance.get("approved")?.as_bool()?;
    let request = request.approved(approved);
    // Before there was an engine, nobody was named.
    let actor = acceptance.get("policy")?.get("actor").map_or(Some("local"), Value::as_str)?;
    let artifacts = acceptance.get("artifacts")?.as_u64()?;
    let content = request.content();
    let graph = Graph::new(content).ok()?;
    let bounds = content.bounds.stricter(Bounds::HARD);
    let admission = facts(actor, &request, artifacts, &graph, &bounds);
    let seal = records.seal.as_ref()?;
    let risk = Risk::from_value(seal.get("risk")?)?;
    let govern = records.asked.then(|| findings(&admission, &risk, records.failed));
    let failed = Value::from(Reason::PhaseFailed.code());
    let mut reasons = seal.get("reasons")?.as_array()?.iter();
    Some(Decided {
        run: run.clone(),
        decision: seal.get("decision")?.as_str()?.parse::<Decision>().ok()?,
        policy: Digest::from_hex(acceptance.get("policy_digest")?.as_str()?)?,
        admission,
        govern,
        approved,
        phase_failed: reasons.any(|reason| reason.get("code") == Some(&failed)),
    })
}
