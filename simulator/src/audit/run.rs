//! What must hold of the records of one run.

use std::collections::{BTreeMap, BTreeSet};

use pi_core::canonical::{Value, parse};
use pi_event_fabric::HeaderView;
use pi_event_fabric::receipts::RunChains;
use pi_kernel::resume::ASIDE;

/// A run as far as the log tells of it.
#[derive(Default)]
pub struct RunAudit {
    chains: RunChains,
    accepted_by: String,
    /// What its execution said, in order.
    records: Vec<(String, Vec<u8>)>,
    resumed: u64,
    /// Path and attempt of every announced effect.
    announced: BTreeSet<(String, u64)>,
    /// What came of an attempt, by node.
    concluded: BTreeMap<(String, u64), String>,
    /// Nodes by the path that they write.
    nodes: BTreeMap<String, String>,
    seal: Option<Value>,
    /// A phase before the last failed.
    failed: bool,
    failed_at_all: bool,
}

impl RunAudit {
    /// Takes its next event. `holder` claimed it last, for the `epoch`-th time.
    pub(super) fn take(
        &mut self,
        view: &HeaderView<'_>,
        payload: Option<&[u8]>,
        holder: Option<&str>,
        epoch: u64,
    ) -> Result<(), String> {
        if self.seal.is_some() {
            return Err(format!("{} lies behind the seal", view.event_type));
        }
        if view.event_type == "run.accepted" {
            view.actor.clone_into(&mut self.accepted_by);
        }
        let holder = holder.unwrap_or(&self.accepted_by);
        if view.actor != holder {
            return Err(format!("{} wrote {} into a run of {holder}", view.actor, view.event_type));
        }
        self.chains.take(view.schema, payload)?;
        let payload = payload.ok_or("its payload is gone")?;
        let value = parse(payload).map_err(|error| error.to_string())?;
        match view.event_type {
            "run.resumed" => self.resume(&value, epoch)?,
            "effect.announced" => self.announce(&value)?,
            "effect.concluded" => self.conclude(&value)?,
            "phase.sealed" => {
                let failed = word(&value, "phase_status") != "SUCCESS";
                self.failed_at_all |= failed;
                self.failed |= failed && word(&value, "phase") != "EMIT";
            }
            "receipt.issued" if self.failed && word(&value, "status") == "SUCCESS" => {
                if matches!(word(&value, "capability"), "report/release" | "report/write") {
                    return Err("a run that failed releases something".to_owned());
                }
            }
            "run.sealed" => {
                if self.failed_at_all && word(&value, "decision") != "DENY" {
                    return Err("a run that failed is not denied".to_owned());
                }
                self.seal = Some(value);
            }
            _ => {}
        }
        if !ASIDE.contains(&view.event_type) {
            self.records.push((view.event_type.to_owned(), payload.to_vec()));
        }
        Ok(())
    }

    fn resume(&mut self, value: &Value, epoch: u64) -> Result<(), String> {
        let stated = value.get("epoch").and_then(Value::as_u64).unwrap_or(0);
        if stated != epoch || stated <= self.resumed {
            return Err(format!("resumed as {stated}, claimed {epoch} times"));
        }
        self.resumed = stated;
        Ok(())
    }

    fn announce(&mut self, value: &Value) -> Result<(), String> {
        let (node, attempt) = attempt(value)?;
        let path = value.get("effect").and_then(|effect| effect.get("path")?.as_str());
        let path = path.ok_or("an announcement names no path")?.to_owned();
        if attempt > 1 && self.outcome(&node, attempt - 1) != Some("failed") {
            return Err(format!("attempt {attempt} of {node} follows one that did not fail"));
        }
        self.nodes.insert(path.clone(), node);
        if !self.announced.insert((path.clone(), attempt)) {
            return Err(format!("attempt {attempt} at {path} is announced twice"));
        }
        Ok(())
    }

    fn conclude(&mut self, value: &Value) -> Result<(), String> {
        let (node, attempt) = attempt(value)?;
        let outcome = word(value, "outcome");
        if self.concluded.insert((node.clone(), attempt), outcome.to_owned()).is_some() {
            return Err(format!("attempt {attempt} of {node} is concluded twice"));
        }
        Ok(())
    }

    fn outcome(&self, node: &str, attempt: u64) -> Option<&str> {
        self.concluded.get(&(node.to_owned(), attempt)).map(String::as_str)
    }

    /// Whether this attempt was announced.
    pub fn is_announced(&self, path: &str, attempt: u64) -> bool {
        self.announced.contains(&(path.to_owned(), attempt))
    }

    /// What was recorded of attempts: path, attempt, outcome.
    pub fn conclusions(&self) -> impl Iterator<Item = (&str, u64, &str)> {
        self.nodes.iter().flat_map(|(path, node)| {
            let of_node = self.concluded.iter().filter(move |((other, _), _)| other == node);
            of_node.map(|((_, attempt), outcome)| (path.as_str(), *attempt, outcome.as_str()))
        })
    }

    /// Whether a phase before the last failed.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether it ended.
    pub fn is_sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// A member of the seal that is text.
    pub fn sealed(&self, key: &str) -> Option<&str> {
        self.seal.as_ref()?.get(key)?.as_str()
    }

    /// Whether it can be executed again.
    pub fn is_replayable(&self) -> bool {
        let replayable = self.seal.as_ref().and_then(|seal| seal.get("replayable")?.as_bool());
        replayable == Some(true)
    }

    /// Whether every effect was done with the first attempt.
    pub fn is_without_trouble(&self) -> bool {
        self.is_replayable() && self.concluded.values().all(|outcome| outcome == "done")
    }

    /// What its execution said, in order.
    pub fn records(&self) -> &[(String, Vec<u8>)] {
        &self.records
    }

    /// Receipts and coverages.
    pub(super) fn receipts(&self) -> u64 {
        self.chains.receipts.count
    }
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn attempt(value: &Value) -> Result<(String, u64), String> {
    let node = value.get("node").and_then(Value::as_str).ok_or("an attempt names no node")?;
    let attempt = value.get("attempt").and_then(Value::as_u64).ok_or("an attempt has no number")?;
    Ok((node.to_owned(), attempt))
}
