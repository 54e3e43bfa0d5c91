//! `pi verify`

use std::fs;

use pi_core::Reason;
use pi_event_fabric::{Bundle, PublicKey};

use crate::args::VerifyArgs;
use crate::context::{Context, Failure, Outcome};
use crate::output::json;
use crate::output::style::{GOOD, paint};

pub fn run(context: &Context, args: &VerifyArgs) -> Outcome {
    let path = args.bundle.display();
    let invalid = |problem: String| Failure::new(Reason::InvalidRequest, problem);
    let bytes = fs::read(&args.bundle)
        .map_err(|error| invalid(format!("cannot read `{path}`: {error}")))?;
    let bundle = Bundle::parse(&bytes)
        .map_err(|problem| invalid(format!("`{path}` is no bundle: {problem}")))?;
    let key = match &args.key {
        Some(text) => Some(
            PublicKey::parse(text).ok_or_else(|| invalid(format!("`{text}` is no public key")))?,
        ),
        None => None,
    };
    let verified = bundle.verify(key.as_ref()).map_err(|error| {
        Failure::new(error.reason, format!("`{path}` does not verify: {error}"))
    })?;
    if context.is_json() {
        context.emit(&json::object(|o| {
            o.field_with("checkpoint", |e| {
                e.object(|o| {
                    o.field("root", &verified.checkpoint.root)
                        .field("size", &verified.checkpoint.size)
                        .field("tenant", verified.checkpoint.tenant.as_str());
                });
            })
            .field("decision", &verified.decision)
            .field("events", &verified.events)
            .field("public_key", &bundle.public_key)
            .field("receipts", &verified.receipts)
            .field("redacted", &verified.redacted)
            .field("schema", "pi.bundle-verification/1");
        }))?;
        return Ok(0);
    }
    let decision = verified.decision.map(|word| format!("decision {word}, ")).unwrap_or_default();
    let redacted = if verified.redacted > 0 {
        format!(", {} redacted", verified.redacted)
    } else {
        String::new()
    };
    context.emit(&format!(
        "{}  {decision}{} events{redacted}, {} receipts, checkpoint of {} events with root {}\n",
        paint(GOOD, "verified"),
        verified.events,
        verified.receipts,
        verified.checkpoint.size,
        verified.checkpoint.root
    ))?;
    if args.key.is_none() {
        context.remark(format!(
            "the key is the bundle's own: {}; compare it with the published one",
            bundle.public_key
        ));
    }
    Ok(0)
}
