//! Payloads of the control plane: tenants, policies, quotas.

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
    ]
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
