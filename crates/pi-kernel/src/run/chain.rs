//! The two hash chains of a run.

use pi_agent_api::Phase;
use pi_core::Digest;

use crate::receipt::{Boundary, Coverage, Receipt};
use crate::record::Record;
use crate::shards::Barrier;

/// Receipts with coverages, and boundaries, as they are issued.
#[derive(Default)]
pub(super) struct Chain {
    pub(super) receipts: u64,
    pub(super) receipts_head: Option<Digest>,
    in_phase: u64,
    pub(super) boundaries_head: Option<Digest>,
    records: Vec<Record>,
}

/// What a boundary says besides the chain.
pub(super) struct Sealing {
    pub(super) phase: Phase,
    pub(super) barrier: Barrier,
    pub(super) output: Option<Digest>,
    pub(super) succeeded: bool,
    pub(super) goal: Option<Digest>,
}

impl Chain {
    pub(super) fn receipt(&mut self, mut receipt: Receipt) {
        receipt.index = self.receipts;
        receipt.previous = self.receipts_head;
        let hash = receipt.hash();
        self.records.push(Record::receipt(&receipt, hash));
        self.advance(hash);
    }

    pub(super) fn coverage(&mut self, mut coverage: Coverage) {
        coverage.index = self.receipts;
        coverage.previous = self.receipts_head;
        let hash = coverage.hash();
        self.records.push(Record::coverage(&coverage, hash));
        self.advance(hash);
    }

    fn advance(&mut self, hash: Digest) {
        self.receipts_head = Some(hash);
        self.receipts += 1;
        self.in_phase += 1;
    }

    pub(super) fn boundary(&mut self, sealing: Sealing) {
        let Sealing { phase, barrier, output, succeeded, goal } = sealing;
        let boundary = Boundary {
            phase,
            receipts: std::mem::take(&mut self.in_phase),
            receipts_head: self.receipts_head,
            workers: barrier.workers.len() as u64,
            shards: barrier.changes,
            output,
            succeeded,
            goal,
            previous: self.boundaries_head,
        };
        let hash = boundary.hash();
        self.records.push(Record::boundary(&boundary, hash));
        self.boundaries_head = Some(hash);
    }

    /// A record outside the chains: an announcement or an outcome.
    pub(super) fn aside(&mut self, record: Record) {
        self.records.push(record);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }
}
