//! Reports of runs. The log holds proofs, not findings; the report of a run that is no
//! longer in memory is made by executing the run again, and is the same bit for bit.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use pi_core::canonical::Encoder;
use pi_core::{Name, RunId};
use pi_kernel::report::Outcome;
use pi_runtime::journal::Sealed;
use pi_runtime::report::{LogPosition, RunReport};

/// Bytes of reports that are kept in memory.
const MOST_BYTES: usize = 64 << 20;

/// The reports of recent runs.
#[derive(Default)]
pub struct Reports(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    bytes: usize,
    order: VecDeque<(Name, RunId)>,
    reports: BTreeMap<(Name, RunId), Arc<Vec<u8>>>,
}

impl Reports {
    /// The report of a run, if it is still here.
    pub fn get(&self, tenant: &Name, run: &RunId) -> Option<Arc<Vec<u8>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.reports.get(&(tenant.clone(), run.clone())).cloned()
    }

    /// Keeps a report; the oldest ones make room for it.
    pub fn put(&self, tenant: &Name, run: &RunId, report: Arc<Vec<u8>>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), run.clone());
        if report.len() > MOST_BYTES || kept.reports.contains_key(&key) {
            return;
        }
        kept.bytes += report.len();
        kept.order.push_back(key.clone());
        kept.reports.insert(key, report);
        while kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.order.pop_front() else { break };
            if let Some(report) = kept.reports.remove(&oldest) {
                kept.bytes -= report.len();
            }
        }
    }
}

/// The report of a run, in canonical JSON.
pub fn encode(tenant: &Name, run: &RunId, outcome: &Outcome, sealed: &Sealed) -> Vec<u8> {
    let log = LogPosition {
        partition: pi_runtime::journal::RUNS.to_owned(),
        offset: sealed.offset,
        checkpoint: sealed.checkpoint,
    };
    Encoder::encode(&RunReport { run, tenant: tenant.as_str(), outcome, log })
}
