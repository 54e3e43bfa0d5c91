//! `pi policy what-if`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use pi_control_plane::what_if::{Changed, Recorded, Verdict, WhatIf};
use pi_core::canonical::{Encoder, Value, parse};
use pi_core::{Decision, Name, Reason};
use pi_runtime::Journal;
use pi_runtime::decided::decided;

use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN, paint, visible};
use crate::policy::read;

/// Runs and refusals that are read at once.
const PAGE: usize = 256;

pub fn run(context: &Context, policy: &Path, last: usize) -> Outcome {
    let file = read(policy).map_err(Failure::from)?;
    let candidate = file.set();
    let journal = context.journal()?;
    let mut what_if = WhatIf::new(candidate);
    let (mut before, mut left) = (None, last);
    while left > 0 {
        let page = journal.store().runs(before, left.min(PAGE))?;
        let Some(oldest) = page.last() else { break };
        before = Some(oldest.first_leaf);
        left -= page.len();
        for entry in &page {
            what_if.take(candidate, decided(&journal, entry)?);
        }
    }
    refusals(&journal, |why| {
        what_if.take(candidate, Recorded::NotRetained { run: None, why });
    })?;
    if context.is_json() {
        let mut json = String::from_utf8(Encoder::encode(&what_if)).unwrap_or_default();
        json.push('\n');
        context.emit(&json)?;
    } else {
        context.emit(&text(&what_if, candidate.name()))?;
    }
    Ok(0)
}

/// The requests that were refused before they became runs. Their facts are not recorded.
fn refusals(journal: &Journal, mut take: impl FnMut(String)) -> Result<(), Failure> {
    let partition = Name::new("admission")
        .map_err(|error| Failure::new(Reason::InvalidRequest, error.to_string()))?;
    let mut from = 1;
    loop {
        let events = journal.store().partition(&partition, from, PAGE)?;
        for event in &events {
            let payload = event.parts().and_then(|(_, payload)| parse(payload).ok());
            let reason = payload.as_ref().and_then(|payload| payload.get("reason"));
            take(match reason.and_then(Value::as_str) {
                Some(reason) => format!("a refusal ({reason}) records no facts"),
                None => "the record of a refusal was erased".to_owned(),
            });
        }
        from += events.len() as u64;
        if events.len() < PAGE {
            return Ok(());
        }
    }
}

fn text(what_if: &WhatIf, candidate: &str) -> String {
    let mut out = String::new();
    for Changed { run, before, after } in what_if.changed() {
        let Verdict { decision, stage, grounds } = after;
        let change = format!("{} -> {}", shown(*before), shown(*decision));
        // Writing to a string does not fail.
        let _ = writeln!(out, "{run}  {change}  {}", paint(DIM, stage.as_str()));
        for ground in grounds {
            let policy = ground.policy.as_deref().unwrap_or("no policy");
            let message = visible(&ground.message);
            let _ = writeln!(out, "  {}  {}: {message}", visible(policy), ground.reason);
        }
    }
    let (asked, changed) = (what_if.asked(), what_if.changed().len());
    let _ = writeln!(
        out,
        "{}  {changed} of {asked} runs would be decided otherwise: {} more strictly, {} less",
        paint(BOLD, format!("policy `{}`", visible(candidate))),
        what_if.stricter(),
        what_if.looser()
    );
    if what_if.unfinished() > 0 {
        let _ = writeln!(out, "{} unfinished runs have no decision", what_if.unfinished());
    }
    let mut missing: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, why) in what_if.not_retained() {
        *missing.entry(why).or_default() += 1;
    }
    for (why, count) in missing {
        let _ = writeln!(out, "{count} not asked: {why}");
    }
    out
}

fn shown(decision: Decision) -> String {
    let style = match decision {
        Decision::Allow => GOOD,
        Decision::Review => WARN,
        Decision::Deny => BAD,
    };
    paint(style, decision).to_string()
}
