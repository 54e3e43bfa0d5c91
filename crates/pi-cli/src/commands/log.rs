//! `pi log`

use std::fmt::Write as _;

use pi_core::canonical::{Encoder, parse};
use pi_core::{Name, Reason};
use pi_event_fabric::{HeaderView, RunField};
use pi_kernel::record::Record;
use pi_store::{StoredEvent, VerifyOptions};

use super::{fabric, fence, run_id, tail};
use crate::args::LogCommand;
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BAD, DIM, GOOD, paint, visible};

pub fn run(context: &Context, command: &LogCommand) -> Outcome {
    match command {
        LogCommand::Verify { partition, deep } => verify(context, partition.clone(), *deep),
        LogCommand::Tail(args) => tail::run(context, args),
        LogCommand::Show { event } => show(context, event),
        LogCommand::Prove { event } => {
            let (partition, offset) = place(event)?;
            let bundle = context.journal()?.store().prove(&partition, offset)?;
            emit_canonical(context, &bundle)
        }
        LogCommand::Checkpoint => checkpoint(context),
        LogCommand::Export { run } => {
            let bundle = context.journal()?.store().export(&run_id(run)?)?;
            emit_canonical(context, &bundle)
        }
        LogCommand::Fence(command) => fence::run(context, command),
        LogCommand::Epochs => fabric::epochs(context),
        LogCommand::Consumers => fabric::consumers(context),
        LogCommand::Redact { event, reason } => redact(context, event, reason),
    }
}

fn emit_canonical(context: &Context, value: &impl pi_core::ToCanonical) -> Outcome {
    let mut text = String::from_utf8_lossy(&Encoder::encode(value)).into_owned();
    text.push('\n');
    context.emit(&text)?;
    Ok(0)
}

fn verify(context: &Context, partition: Option<Name>, deep: bool) -> Outcome {
    let journal = context.journal()?;
    let options = VerifyOptions { partition, deep };
    let result = journal.store().verify(&options, &mut |_, _| {});
    let verified = match result {
        Ok(verified) => verified,
        Err(error) => {
            let failure = Failure::from(error);
            if failure.exit_code() == 3 {
                context.emit(&format!(
                    "{}  {}\n",
                    paint(BAD, "broken"),
                    visible(&failure.message)
                ))?;
            }
            return Err(failure);
        }
    };
    if context.is_json() {
        context.emit_json(&verified)?;
        return Ok(0);
    }
    let mut out = format!(
        "{}  {} events, {} bytes re-read and re-hashed, {} receipts in {} runs, {} checkpoints\n",
        paint(GOOD, "verified"),
        verified.events,
        verified.bytes,
        verified.receipts,
        verified.runs,
        verified.checkpoints
    );
    if let Some(root) = verified.root {
        let _ = writeln!(out, "  {}  {root}", paint(DIM, "root"));
    }
    for (partition, (offset, hash)) in &verified.heads {
        let _ = writeln!(out, "  {}  {partition}:{offset} {hash}", paint(DIM, "head"));
    }
    if verified.redacted > 0 {
        let _ = writeln!(out, "  {} payloads are redacted", verified.redacted);
    }
    if verified.open_runs > 0 {
        let _ = writeln!(out, "  {} runs did not finish", verified.open_runs);
    }
    context.emit(&out)?;
    Ok(0)
}

fn place(event: &str) -> Result<(Name, u64), Failure> {
    let parsed = event
        .rsplit_once(':')
        .and_then(|(partition, offset)| Some((Name::new(partition).ok()?, offset.parse().ok()?)));
    parsed.ok_or_else(|| {
        let message = format!("`{event}` names no event; write PARTITION:OFFSET, such as runs:1");
        Failure::new(Reason::InvalidRequest, message)
    })
}

fn one(context: &Context, event: &str) -> Result<StoredEvent, Failure> {
    let (partition, offset) = place(event)?;
    let events = context.journal()?.store().partition(&partition, offset, 1)?;
    let found = events
        .into_iter()
        .next()
        .filter(|found| HeaderView::parse(&found.header).is_some_and(|view| view.offset == offset));
    found.ok_or_else(|| Failure::new(Reason::InvalidRequest, format!("there is no event {event}")))
}

fn show(context: &Context, event: &str) -> Outcome {
    context.emit(&whole(&one(context, event)?))?;
    Ok(0)
}

/// An event with its payload, as one line of JSON.
pub fn whole(event: &StoredEvent) -> String {
    let payload = match &event.content {
        Some((_, payload)) => String::from_utf8_lossy(payload).into_owned(),
        None => "null".to_owned(),
    };
    let header = String::from_utf8_lossy(&event.header);
    let hash = event.hash();
    format!("{{\"event_hash\":\"{hash}\",\"header\":{header},\"payload\":{payload}}}\n")
}

fn checkpoint(context: &Context) -> Outcome {
    let journal = context.journal()?;
    let Some(note) = journal.store().checkpoint()? else {
        context.remark("the log is empty");
        return Ok(0);
    };
    context.emit(&note)?;
    context.remark(format!("key {}", journal.store().public_key()));
    Ok(0)
}

fn redact(context: &Context, event: &str, reason: &str) -> Outcome {
    let (partition, offset) = place(event)?;
    let found = one(context, event)?;
    if found.content.is_none() {
        return Err(Failure::new(Reason::InvalidRequest, format!("{event} is redacted already")));
    }
    let journal = context.journal()?;
    let mut encoder = Encoder::default();
    encoder.object(|o| {
        o.field("leaf_index", &found.leaf_index).field("reason", reason);
    });
    let payload = encoder.into_bytes();
    debug_assert!(parse(&payload).is_ok());
    let record = Record {
        schema: "pi.event.redacted",
        schema_version: 1,
        event_type: "event.redacted",
        payload,
    };
    let draft = journal.draft("admin", RunField::None, record)?;
    journal.store().redact(&partition, offset, draft)?;
    context.emit(&format!(
        "{}  the content of {event} is erased; every proof stays\n",
        paint(GOOD, "redacted")
    ))?;
    Ok(0)
}
