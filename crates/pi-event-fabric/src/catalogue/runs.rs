//! Payloads of runs.

use pi_core::canonical::Value;

use super::{Entry, Evolution, document, event};
use crate::migration::Step;
use crate::schema::{Field, Form, Level, Record, Schema, Type};

const PHASES: [&str; 7] = ["INGEST", "EXTRACT", "DIFF", "VALIDATE", "RISK", "GOVERN", "EMIT"];
const STATUSES: [&str; 8] = [
    "SUCCESS",
    "PANIC",
    "TIMEOUT",
    "RESOURCE_EXCEEDED",
    "SCHEMA_MISMATCH",
    "FAIL",
    "BLOCKED",
    "SKIPPED",
];
const DECISIONS: [&str; 3] = ["ALLOW", "REVIEW", "DENY"];
const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];

pub(super) fn entries() -> Vec<Entry> {
    vec![
        event("run.accepted", accepted()),
        document(composition()),
        document(severity_policy()),
        document(cedar_policy()),
        document(asked_policy()),
        event("receipt.issued", receipt()),
        event("coverage.issued", coverage()),
        event("phase.sealed", boundary()),
        event("run.sealed", sealed()),
        event("request.refused", refused()),
        event("composition.simulated", simulation()),
        event("effect.announced", intent()),
        event("effect.concluded", outcome()),
        event("run.resumed", resumed()),
        event("breaker.changed", breaker_1()),
        event("breaker.changed", breaker()),
    ]
}

fn link() -> Type {
    Type::form(Form::Link)
}

fn accepted() -> Schema {
    Schema::new("pi.run.accepted", 1, Level::Backward)
        .doc("A request was admitted: digests of everything that the run may depend on.")
        .required("admission", Type::words(DECISIONS))
        .required("agents", Type::list(Type::text()))
        .required("approved", Type::Bool)
        .required("artifacts", Type::u64())
        .required("baseline", Type::digest())
        .required("catalogue", Type::digest())
        .required("kernel_revision", Type::u32())
        .required("manifest", Type::digest())
        .required("policy", Type::Any)
        .required("policy_digest", Type::digest())
        .required("request", Type::Any)
        .required("request_hash", Type::digest())
        .required("request_id", Type::text())
        .required("source", Type::text())
}

fn bounds() -> Record {
    Record::new()
        .required("max_artifacts", Type::u64())
        .required("max_depth", Type::u64())
        .required("max_execution_time_ms", Type::u64())
        .required("max_fanout", Type::u64())
        .required("max_total_nodes", Type::u64())
        .required("shard_count", Type::u32())
}

fn composition() -> Schema {
    let words = || Type::list(Type::text());
    let node_bounds = Record::new()
        .required("max_artifacts", Type::u64())
        .required("max_input_bytes", Type::u64())
        .required("max_inputs", Type::u64())
        .required("max_output_bytes", Type::u64());
    let parameters = Record::new()
        .optional("baseline", Type::digest())
        .optional("honour_allow", Type::Bool)
        .optional("only", words())
        .optional("path", Type::text())
        .optional("paths", words())
        .optional("skip", words());
    let retry = Record::new().required("attempts", Type::u32()).required("base_ms", Type::u64());
    let node = Record::new()
        .required("bounds", node_bounds.into())
        .required("capability", Type::text())
        .required("dependencies", words())
        .required("id", Type::text())
        .required("parameters", parameters.into())
        .required("retry", retry.into());
    let kinds = ["SEQUENTIAL", "PARALLEL", "CONDITIONAL", "FAN_OUT", "FAN_IN"];
    let edge = Record::new()
        .optional("condition", Type::text())
        .required("from", Type::text())
        .required("to", Type::text())
        .required("type", Type::words(kinds));
    Schema::new("pi.composition", 1, Level::Backward)
        .doc("The frozen request: what was asked.")
        .required("as_of", Type::nullable(Type::u64()))
        .required("console_session_id", Type::nullable(Type::text()))
        .required("edges", Type::list(edge.into()))
        .required("evidence", Type::words(["none", "hashes", "sealed"]))
        .required("global_bounds", bounds().into())
        .required("goal_hash", Type::nullable(Type::digest()))
        .required("manifest", Type::digest())
        .required("nodes", Type::list(node.into()))
        .required("schema", Type::words(["pi.composition/1"]))
        .required("simulation_only", Type::Bool)
        .required("strict", Type::Bool)
        .required("tenant_id", Type::form(Form::Name))
}

fn severity_policy() -> Schema {
    Schema::new("pi.policy.severity", 1, Level::Backward)
        .doc("A policy that looks at severities alone: the recorded form before there was an engine.")
        .required("deny_from", Type::words(SEVERITIES))
        .required("name", Type::text())
        .required("review_from", Type::words(SEVERITIES))
        .required("schema", Type::words(["pi.policy.severity/1"]))
}

fn cedar_policy() -> Schema {
    Schema::new("pi.policy.cedar", 1, Level::Backward)
        .doc("A policy in Cedar, as it is kept under the digest that acceptances name.")
        .required("name", Type::text())
        .required("schema", Type::words(["pi.policy.cedar/1"]))
        .required("text", Type::text())
}

fn asked_policy() -> Schema {
    let because = Record::new().required("code", Type::text()).required("message", Type::text());
    Schema::new("pi.policy.asked", 1, Level::Backward)
        .doc("The policy of a run: who asks it, and its name or why there is none.")
        .required("actor", Type::text())
        .optional("because", because.into())
        .optional("name", Type::text())
        .required("schema", Type::words(["pi.policy.asked/1"]))
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
        .required("node", Type::text())
        .required("output", Type::nullable(Type::digest()))
        .required("phase", Type::words(PHASES))
        .required("previous_receipt_hash", link())
        .required("reason", Type::nullable(Type::text()))
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
        .required("node", Type::text())
        .required("previous_receipt_hash", link())
        .required("receipt_hash", Type::digest())
        .required("status", Type::words(STATUSES))
}

fn boundary() -> Schema {
    Schema::new("pi.boundary", 1, Level::Backward)
        .doc("The end of a phase.")
        .required("boundary_hash", Type::digest())
        .required("goal_hash", Type::nullable(Type::digest()))
        .required("merged_output", Type::nullable(Type::digest()))
        .required("phase", Type::words(PHASES))
        .required("phase_status", Type::words(["SUCCESS", "FAIL"]))
        .required("previous_boundary_hash", link())
        .required("receipts", Type::u64())
        .required("receipts_head", link())
        .required("shards", Type::digest())
        .required("workers", Type::u64())
}

fn reason() -> Type {
    Record::new().required("code", Type::text()).required("message", Type::text()).into()
}

fn sealed() -> Schema {
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
        .required("reasons", Type::list(reason()))
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

fn simulation() -> Schema {
    let violation = Record::new()
        .required("actual", Type::u64())
        .required("bound", Type::text())
        .required("limit", Type::u64());
    let step = Record::new()
        .required("after", Type::list(Type::text()))
        .required("agents", Type::u64())
        .required("artifacts", Type::u64())
        .required("capability", Type::text())
        .required("effect", Type::Bool)
        .required("node", Type::text())
        .required("output", Type::text())
        .required("phase", Type::words(PHASES))
        .required("rank", Type::u64())
        .required("shard", Type::u32())
        .required("worker_id", Type::text());
    let plan = Record::new()
        .required("bounds", bounds().into())
        .required("bounds_violations", Type::list(violation.into()))
        .required("decision", Type::words(DECISIONS))
        .required("policy", Type::digest())
        .required("reasons", Type::list(reason()))
        .required("request_hash", Type::digest())
        .required("request_id", Type::text())
        .required("schema", Type::words(["pi.simulation/1"]))
        .required("status", Type::words(["ACCEPTED", "REJECTED"]))
        .required("steps", Type::list(step.into()));
    Schema::new("pi.simulation", 1, Level::Backward)
        .doc("A request was planned: what it would do, without doing it.")
        .required("plan", plan.into())
        .required("verification_hash", Type::digest())
}

fn intent() -> Schema {
    let effect = Record::new()
        .required("bytes", Type::u64())
        .required("digest", Type::digest())
        .required("kind", Type::words(["file/write"]))
        .required("path", Type::text());
    Schema::new("pi.effect.intent", 1, Level::Backward)
        .doc("An attempt at an effect is about to be made.")
        .required("attempt", Type::u32())
        .required("effect", effect.into())
        .required("node", Type::text())
}

fn outcome() -> Schema {
    Schema::new("pi.effect.outcome", 1, Level::Backward)
        .doc("What came of an attempt at an effect.")
        .required("attempt", Type::u32())
        .required("detail", Type::nullable(Type::text()))
        .required("node", Type::text())
        .required("outcome", Type::words(["done", "failed", "refused", "unknown"]))
        .required("reason", Type::nullable(Type::text()))
        .required("report", Type::Any)
        .required("retry_after_ms", Type::nullable(Type::u64()))
}

fn resumed() -> Schema {
    Schema::new("pi.run.resumed", 1, Level::Backward)
        .doc("A run that did not finish was claimed and goes on.")
        .required("epoch", Type::u64())
}

fn breaker_1() -> Schema {
    Schema::new("pi.breaker", 1, Level::Backward)
        .doc("The breaker of a capability changed.")
        .required("capability", Type::text())
        .required("failures", Type::u64())
        .required("since", Type::u64())
        .required("state", Type::words(["closed", "open", "half_open"]))
}

fn breaker() -> Schema {
    Schema::new("pi.breaker", 2, Level::Backward)
        .doc("The breaker of a capability changed, unless it had changed since `after`.")
        .with("after", after())
        .required("capability", Type::text())
        .required("failures", Type::u64())
        .required("since", Type::u64())
        .required("state", Type::words(["closed", "open", "half_open"]))
}

/// The offset of the change that a change follows; `null` where none was looked at.
fn after() -> Field {
    Field::required(Type::nullable(Type::u64())).default_value(Value::Null)
}

/// The migrations of this family.
pub(super) fn migrations() -> Vec<Evolution> {
    let after = Step::Add {
        at: String::new(),
        name: "after".to_owned(),
        field: after(),
        value: Value::Null,
    };
    vec![("pi.breaker", 1, 2, vec![after])]
}
