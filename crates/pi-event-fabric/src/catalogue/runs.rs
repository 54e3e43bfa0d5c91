//! Payloads of runs.

use super::{Entry, document, event};
use crate::schema::{Form, Level, Record, Schema, Type};

const PHASES: [&str; 7] = ["INGEST", "EXTRACT", "DIFF", "VALIDATE", "RISK", "GOVERN", "EMIT"];
const STATUSES: [&str; 6] =
    ["SUCCESS", "PANIC", "TIMEOUT", "RESOURCE_EXCEEDED", "SCHEMA_MISMATCH", "FAIL"];
const DECISIONS: [&str; 3] = ["ALLOW", "REVIEW", "DENY"];
const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];

pub(super) fn entries() -> Vec<Entry> {
    vec![
        event("run.accepted", accepted()),
        document(composition()),
        document(severity_policy()),
        event("receipt.issued", receipt()),
        event("coverage.issued", coverage()),
        event("phase.sealed", boundary()),
        event("run.sealed", sealed()),
        event("request.refused", refused()),
    ]
}

fn link() -> Type {
    Type::form(Form::Link)
}

fn accepted() -> Schema {
    Schema::new("pi.run.accepted", 1, Level::Backward)
        .doc("A request was admitted: digests of everything that the run may depend on.")
        .required("agents", Type::list(Type::text()))
        .required("artifacts", Type::u64())
        .required("baseline", Type::digest())
        .required("catalogue", Type::digest())
        .required("kernel_revision", Type::u32())
        .required("manifest", Type::digest())
        .required("policy", Type::Any)
        .required("policy_digest", Type::digest())
        .required("request", Type::Any)
        .required("request_hash", Type::digest())
        .required("source", Type::text())
}

fn composition() -> Schema {
    let bounds = Record::new()
        .required("max_artifacts", Type::u64())
        .required("max_total_nodes", Type::u64())
        .required("shard_count", Type::u32());
    let words = || Type::list(Type::text());
    let node = Record::new()
        .optional("baseline", Type::digest())
        .required("capability", Type::text())
        .required("dependencies", words())
        .optional("honour_allow", Type::Bool)
        .required("id", Type::text())
        .optional("only", words())
        .optional("skip", words());
    Schema::new("pi.composition", 1, Level::Backward)
        .doc("The frozen request: what was asked.")
        .required("as_of", Type::nullable(Type::u64()))
        .required("evidence", Type::words(["none", "hashes", "sealed"]))
        .required("global_bounds", bounds.into())
        .required("manifest", Type::digest())
        .required("nodes", Type::list(node.into()))
        .required("schema", Type::words(["pi.composition/1"]))
        .required("tenant_id", Type::form(Form::Name))
}

fn severity_policy() -> Schema {
    Schema::new("pi.policy.severity", 1, Level::Backward)
        .doc("A policy that looks at severities alone.")
        .required("deny_from", Type::words(SEVERITIES))
        .required("name", Type::text())
        .required("review_from", Type::words(SEVERITIES))
        .required("schema", Type::words(["pi.policy.severity/1"]))
}

fn receipt() -> Schema {
    let consensus = ["", "agreed", "majority", "stricter_copy", "diverged", "vote_missing"];
    Schema::new("pi.receipt", 1, Level::Backward)
        .doc("What one worker did.")
        .required("artifact", Type::nullable(Type::u64()))
        .required("capability", Type::text())
        .required("consensus", Type::words(consensus))
        .required("copies", Type::list(Type::digest()))
        .required("decision", Type::words(DECISIONS))
        .required("determinism_proof", Type::digest())
        .required("index", Type::u64())
        .required("input", Type::digest())
        .required("output", Type::digest())
        .required("phase", Type::words(PHASES))
        .required("previous_receipt_hash", link())
        .required("receipt_hash", Type::digest())
        .required("revision", Type::u32())
        .required("shard", Type::u32())
        .required("status", Type::words(STATUSES))
        .required("votes", Type::list(Type::nullable(Type::digest())))
        .required("worker_id", Type::text())
}

fn coverage() -> Schema {
    Schema::new("pi.coverage", 1, Level::Backward)
        .doc("Which agents could and did look at one artifact.")
        .required("applicable", Type::form(Form::Hex))
        .required("artifact", Type::u64())
        .required("catalogue", Type::digest())
        .required("copies", Type::list(Type::digest()))
        .required("executed", Type::form(Form::Hex))
        .required("index", Type::u64())
        .required("input", Type::digest())
        .required("kind", Type::nullable(Type::text()))
        .required("previous_receipt_hash", link())
        .required("receipt_hash", Type::digest())
        .required("status", Type::words(STATUSES))
}

fn boundary() -> Schema {
    Schema::new("pi.boundary", 1, Level::Backward)
        .doc("The end of a phase.")
        .required("boundary_hash", Type::digest())
        .required("merged_output", Type::nullable(Type::digest()))
        .required("phase", Type::words(PHASES))
        .required("phase_status", Type::words(["SUCCESS", "FAIL"]))
        .required("previous_boundary_hash", link())
        .required("receipts", Type::u64())
        .required("receipts_head", link())
}

fn sealed() -> Schema {
    let reason = Record::new().required("code", Type::text()).required("message", Type::text());
    let count = || {
        let count = Record::new().required("count", Type::u64()).required("name", Type::text());
        Type::list(count.into())
    };
    let risk = Record::new()
        .required("allowed", Type::u64())
        .required("incidents", count())
        .required("known", Type::u64())
        .required("severities", count());
    Schema::new("pi.run.sealed", 1, Level::Backward)
        .doc("The end of a run: its decision, and a proof over all its receipts.")
        .required("boundaries_head", Type::nullable(Type::digest()))
        .required("decision", Type::words(DECISIONS))
        .required("determinism_proof", Type::digest())
        .required("findings", Type::digest())
        .required("reasons", Type::list(reason.into()))
        .required("receipts", Type::u64())
        .required("receipts_head", Type::nullable(Type::digest()))
        .required("replayable", Type::Bool)
        .required("request_hash", Type::digest())
        .required("risk", risk.into())
}

fn refused() -> Schema {
    Schema::new("pi.request.refused", 1, Level::Backward)
        .doc("A request was not admitted.")
        .required("message", Type::text())
        .required("reason", Type::text())
        .required("request_hash", Type::digest())
}
