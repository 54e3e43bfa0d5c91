//! Payloads of the partition `control`: tenants in the log of `_system`, and in the log of
//! each tenant its policies.

use super::{Entry, event};
use crate::schema::{Form, Level, Schema, Type};

pub(super) fn entries() -> Vec<Entry> {
    vec![
        event("tenant.created", described("pi.tenant.created", "A tenant may call.")),
        event("tenant.described", described("pi.tenant.described", "What is known of a tenant.")),
        event("tenant.suspended", tenant("pi.tenant.suspended", "A tenant may not call for now.")),
        event("tenant.resumed", tenant("pi.tenant.resumed", "A tenant may call again.")),
        event(
            "tenant.deleted",
            tenant("pi.tenant.deleted", "A tenant ended; nobody else gets its id."),
        ),
        event("policy.activated", activated()),
        event("policy.retired", retired()),
    ]
}

fn tenant(name: &str, doc: &str) -> Schema {
    Schema::new(name, 1, Level::Backward).doc(doc).required("tenant", Type::form(Form::Name))
}

fn described(name: &str, doc: &str) -> Schema {
    tenant(name, doc)
        .required("display_name", Type::text())
        .required("retention_days", Type::nullable(Type::u64()))
}

fn activated() -> Schema {
    Schema::new("pi.policy.activated", 1, Level::Backward)
        .doc("A policy of the tenant is in force; its text is kept under its digest.")
        .required("digest", Type::digest())
        .required("form", Type::words(["cedar", "rules"]))
        .required("policy", Type::form(Form::Name))
        .required("version", Type::u64())
}

fn retired() -> Schema {
    Schema::new("pi.policy.retired", 1, Level::Backward)
        .doc("A policy of the tenant is no longer in force.")
        .required("policy", Type::form(Form::Name))
        .required("version", Type::u64())
}
