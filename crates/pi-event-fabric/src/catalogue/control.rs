//! Payloads of the control plane: tenants, policies, quotas, retention.

use super::{Entry, event};
use crate::control;
use crate::schema::{Form, Level, Record, Schema, Type};

pub(super) fn entries() -> Vec<Entry> {
    vec![
        event(
            control::TENANT_CREATED,
            settings("pi.tenant.created", "A tenant exists from now on, with these settings."),
        ),
        event(
            control::TENANT_CHANGED,
            settings("pi.tenant.changed", "A tenant has other settings: all of them are named."),
        ),
        event(
            control::TENANT_SUSPENDED,
            tenant("pi.tenant.suspended", "A tenant may not call, for now."),
        ),
        event(
            control::TENANT_RESUMED,
            tenant("pi.tenant.resumed", "A suspended tenant may call again."),
        ),
        event(
            control::TENANT_DELETED,
            tenant("pi.tenant.deleted", "A tenant ended. Its id is never given again."),
        ),
        event(control::POLICY_ACTIVATED, activated()),
        event(control::POLICY_RETIRED, retired()),
        event(control::QUOTA_RESERVED, reserved()),
        event(control::QUOTA_SETTLED, settled()),
        event(
            control::EVIDENCE_HELD,
            evidence("pi.evidence.held", "The evidence of a run is kept until it is released.")
                .required("reason", Type::short(1_024)),
        ),
        event(
            control::EVIDENCE_RELEASED,
            evidence("pi.evidence.released", "The evidence of a run is no longer held."),
        ),
        event(
            control::EVIDENCE_ERASED,
            evidence("pi.evidence.erased", "The key of a run's evidence was erased.")
                .required("cause", Type::words(["retention", "request"])),
        ),
        event(control::CALL_AUDITED, audited()),
        event(control::APPROVAL_REQUESTED, requested()),
        event(
            control::APPROVAL_GRANTED,
            approval("pi.approval.granted", "A person approved a request.")
                .required("reason", Type::short(1_024)),
        ),
        event(
            control::APPROVAL_REJECTED,
            approval("pi.approval.rejected", "A person rejected a request.")
                .required("reason", Type::short(1_024)),
        ),
        event(
            control::APPROVAL_USED,
            approval(
                "pi.approval.used",
                "A run of what was approved is about to be accepted; the first one is.",
            ),
        ),
        event(
            control::KEY_CLAIMED,
            keyed("pi.key.claimed", "A request with an idempotency key is worked on.")
                .required("body", Type::digest()),
        ),
        event(
            control::KEY_ANSWERED,
            keyed("pi.key.answered", "A request with an idempotency key was answered.")
                .required("answer", Type::nullable(Type::digest()))
                .required("location", Type::nullable(Type::short(256)))
                .required("status", Type::u32()),
        ),
        event(
            control::KEY_RELEASED,
            keyed("pi.key.released", "A request with an idempotency key was refused."),
        ),
        event(
            control::SESSION_OPENED,
            Schema::new("pi.session.opened", 1, Level::Backward)
                .doc("A session began; its number is the offset of this event.")
                .required("label", Type::short(800)),
        ),
        event(
            control::SESSION_PROPOSED,
            session("pi.session.proposed", "Words became a proposal that nobody approved yet.")
                .required("drafted", Type::words(["rules", "gateway"]))
                .required("request_hash", Type::digest())
                .required("words", Type::digest()),
        ),
        event(control::SESSION_CLOSED, session("pi.session.closed", "A session ended.")),
        event(control::ALERT_UNDELIVERED, undelivered()),
    ]
}

/// What nobody was told: it holds ids and numbers, no content and no address.
fn undelivered() -> Schema {
    Schema::new("pi.alert.undelivered", 1, Level::Backward)
        .doc("An alert was given up after its last attempt; this is its dead letter.")
        .required("attempts", Type::u32())
        .required(
            "kind",
            Type::words(["chain_broken", "copies_diverged", "replay_diverged", "approval_pending"]),
        )
        .required("reason", Type::form(Form::Name))
        .required("tenant", Type::form(Form::Name))
        .required("text", Type::short(8_000))
}

/// The session is named by the offset of its first event.
fn session(name: &str, doc: &str) -> Schema {
    Schema::new(name, 1, Level::Backward).doc(doc).required("session", Type::u64())
}

/// The approval is named by the offset of the event that asked for it.
fn approval(name: &str, doc: &str) -> Schema {
    Schema::new(name, 1, Level::Backward).doc(doc).required("approval", Type::u64())
}

fn requested() -> Schema {
    Schema::new("pi.approval.requested", 1, Level::Backward)
        .doc("A request waits for a person other than the actor; its document is kept.")
        .required("document", Type::digest())
        .required("expires_at", Type::u64())
        .required("reasons", Type::list(Type::form(Form::Name)))
        .required("request_hash", Type::digest())
}

/// The key is the digest of actor, route and what the caller sent as its key.
fn keyed(name: &str, doc: &str) -> Schema {
    Schema::new(name, 1, Level::Backward).doc(doc).required("key", Type::digest())
}

/// Who asked for what, and what came of it. It holds nothing of what was sent.
fn audited() -> Schema {
    Schema::new("pi.audit", 1, Level::Backward)
        .doc(
            "A call was answered; the actor is that of the event. Calls that are counted \
             together, as those of strangers are, have `calls` above 1.",
        )
        .required("calls", Type::u64())
        .required("method", Type::short(16))
        .required("outcome", Type::words(["allowed", "refused", "failed", "abandoned"]))
        .required("permission", Type::nullable(Type::short(64)))
        .required("reason", Type::nullable(Type::form(Form::Name)))
        .required("role", Type::nullable(Type::form(Form::Name)))
        .required("route", Type::nullable(Type::short(256)))
        .required("status", Type::nullable(Type::u32()))
}

fn tenant(name: &str, doc: &str) -> Schema {
    Schema::new(name, 1, Level::Backward).doc(doc).required("tenant", Type::form(Form::Name))
}

fn settings(name: &str, doc: &str) -> Schema {
    tenant(name, doc)
        .required("display_name", Type::short(800))
        .required("quota", quota().into())
        .required("retention_days", Type::nullable(Type::u32()))
}

/// Limits, `null` where there is none, over a window.
fn quota() -> Record {
    let limit = || Type::nullable(Type::u64());
    let limits = Record::new()
        .required("bytes", limit())
        .required("compositions", limit())
        .required("executions", limit())
        .required("nodes", limit())
        .required("workers", limit());
    Record::new().required("limits", limits.into()).required("window_s", Type::u32())
}

fn activated() -> Schema {
    Schema::new("pi.policy.activated", 1, Level::Backward)
        .doc("A version of a policy is in force; its text is kept under its digest.")
        .required("digest", Type::digest())
        .required("kind", Type::words(["cedar", "rules"]))
        .required("name", Type::form(Form::Name))
        .required("version", Type::u64())
}

fn retired() -> Schema {
    Schema::new("pi.policy.retired", 1, Level::Backward)
        .doc("A policy is no longer in force.")
        .required("name", Type::form(Form::Name))
        .required("version", Type::u64())
}

fn amounts() -> Record {
    Record::new()
        .required("bytes", Type::u64())
        .required("compositions", Type::u64())
        .required("executions", Type::u64())
        .required("nodes", Type::u64())
        .required("workers", Type::u64())
}

fn reserved() -> Schema {
    Schema::new("pi.quota.reserved", 1, Level::Backward)
        .doc("A part of the quota is asked for, under the quota that holds; the events before decide.")
        .required("amounts", amounts().into())
        .required("key", Type::short(128))
        .required("quota", quota().into())
}

fn settled() -> Schema {
    Schema::new("pi.quota.settled", 1, Level::Backward)
        .doc("What was used of a reservation; the rest is free again.")
        .required("amounts", amounts().into())
        .required("key", Type::short(128))
        .required("outcome", Type::words(["sealed", "refused", "failed"]))
}

fn evidence(name: &str, doc: &str) -> Schema {
    Schema::new(name, 1, Level::Backward).doc(doc).required("run", Type::form(Form::Run))
}
