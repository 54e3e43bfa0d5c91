//! `pi log fence`

use std::fmt::Write as _;

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Clock as _, Reason};
use pi_event_fabric::fence::{Approval, FenceEntry};
use pi_runtime::SystemClock;
use pi_store::governance::{self, Author};

use crate::args::{FenceArgs, FenceCommand};
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BOLD, DIM, GOOD, paint};

pub fn run(context: &Context, command: &FenceCommand) -> Outcome {
    match command {
        FenceCommand::Approve(args) => write(context, args, true),
        FenceCommand::Revoke(args) => write(context, args, false),
        FenceCommand::List => list(context),
    }
}

fn write(context: &Context, args: &FenceArgs, approves: bool) -> Outcome {
    let FenceArgs { from, to, reason } = args;
    let entry = FenceEntry::new(from, to, reason)
        .map_err(|error| Failure::new(Reason::InvalidRequest, error))?;
    let journal = context.journal()?;
    let author = Author { actor: "cli".to_owned(), now: SystemClock.now() };
    let word = if approves {
        governance::approve(journal.store(), &author, &entry)?;
        "approved"
    } else {
        if !governance::fences(journal.store())?.allows(from, to) {
            let message = format!("reading {from} as {to} is not approved");
            return Err(Failure::new(Reason::InvalidRequest, message));
        }
        governance::revoke(journal.store(), &author, &entry)?;
        "revoked"
    };
    context.emit(&format!("{}  reading {from} as {to}\n", paint(GOOD, word)))?;
    Ok(0)
}

struct Shown<'a>(&'a Approval);

impl ToCanonical for Shown<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Approval { entry: FenceEntry { from, to, reason }, approved_by, approved_at, offset } =
            self.0;
        encoder.object(|o| {
            o.field("approved_at", approved_at)
                .field("approved_by", approved_by)
                .field("from", from)
                .field("offset", offset)
                .field("reason", reason)
                .field("to", to);
        });
    }
}

fn list(context: &Context) -> Outcome {
    let fences = governance::fences(context.journal()?.store())?;
    if context.is_json() {
        let mut encoder = Encoder::default();
        encoder.object(|o| {
            o.field_with("approvals", |e| e.array(fences.approvals().map(Shown)))
                .field("schema", "pi.fences/1");
        });
        context.emit(&format!("{}\n", String::from_utf8_lossy(&encoder.into_bytes())))?;
        return Ok(0);
    }
    let mut out = String::new();
    for Approval { entry, approved_by, offset, .. } in fences.approvals() {
        let _ = writeln!(
            out,
            "{} as {}  {}  {}",
            paint(BOLD, &entry.from),
            paint(BOLD, &entry.to),
            entry.reason,
            paint(DIM, format!("approved by {approved_by}, governance:{offset}"))
        );
    }
    if out.is_empty() {
        context.remark("nothing is approved");
    }
    context.emit(&out)?;
    Ok(0)
}
