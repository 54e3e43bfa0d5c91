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
    ]
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
