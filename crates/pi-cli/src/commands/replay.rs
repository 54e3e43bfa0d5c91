//! `pi replay`

use std::fmt::Write as _;

use pi_core::canonical::Encoder;
use pi_kernel::replay::{Difference, Verdict};
use pi_runtime::replay::{ReplayOptions, Replayed, replay};
use pi_runtime::report::ReplayReport;

use super::scan::Bar;
use super::{catalogue, run_id};
use crate::args::ReplayArgs;
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN, paint, visible};

pub fn run(context: &Context, args: &ReplayArgs) -> Outcome {
    let run = run_id(&args.run)?;
    let journal = context.journal()?;
    let options = ReplayOptions {
        base: args.base.clone(),
        threads: context.threads(args.threads),
        guard: Some(context.guard()?),
        patience: context.patience()?,
    };
    let mut bar = Bar::new(context);
    let replayed = replay(&journal, &catalogue()?, &run, &options, &mut bar)
        .map_err(|error| Failure::new(error.reason(), &error))?;
    bar.clear();
    let verdict = replayed.comparison.verdict();
    if context.is_json() {
        let mut bytes = Encoder::encode(&ReplayReport { run: &run, replayed: &replayed });
        bytes.push(b'\n');
        context.emit(&String::from_utf8_lossy(&bytes))?;
    } else {
        context.emit(&text(&replayed, run.as_str()))?;
    }
    Ok(u8::from(verdict == Verdict::Diverged))
}

fn text(replayed: &Replayed, run: &str) -> String {
    let comparison = &replayed.comparison;
    let mut out = String::new();
    if comparison.is_identical() {
        let _ = writeln!(
            out,
            "{}  {run}: {} records executed again, every proof is equal",
            paint(GOOD, "identical"),
            comparison.compared()
        );
        let _ = writeln!(out, "  {} {}", paint(DIM, "proof"), replayed.outcome.determinism_proof);
        if replayed.timed_out > 0 {
            let _ = writeln!(out, "  {} time-outs stand as they were recorded", replayed.timed_out);
        }
        return out;
    }
    let word = match comparison.verdict() {
        Verdict::ExplainedByRevision => paint(WARN, "explained by revision"),
        _ => paint(BAD, "diverged"),
    };
    let (differing, compared) = (comparison.differing(), comparison.compared());
    let _ = writeln!(out, "{word}  {run}: {differing} of {compared} records differ");
    if replayed.other_catalogue {
        let _ = writeln!(out, "  the catalogue of this build is not the recorded one");
    }
    for (slug, before, now) in comparison.revisions().iter() {
        let revision = |found: Option<u64>| found.map_or("none".to_owned(), |n| n.to_string());
        let _ = writeln!(
            out,
            "  {slug}: revision {} was recorded, this build has {}",
            revision(before),
            revision(now)
        );
    }
    for Difference { position, subject, field, recorded, repeated } in comparison.differences() {
        let _ = writeln!(out, "  record {position} {} {field}", paint(BOLD, visible(subject)));
        let _ = writeln!(out, "    {} {}", paint(BAD, "- recorded"), visible(recorded));
        let _ = writeln!(out, "    {} {}", paint(GOOD, "+ repeated"), visible(repeated));
    }
    out
}
