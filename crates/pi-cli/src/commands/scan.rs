//! `pi scan`

use std::fs;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use pi_core::canonical::{Encoder, Value, parse};
use pi_core::{Decision, Reason, Timestamp};
use pi_kernel::admit::Baseline;
use pi_kernel::report::Outcome as Report;
use pi_kernel::request::EvidenceMode;
use pi_runtime::{Progress, ScanOptions, scan};

use super::{catalogue, finished};
use crate::args::{Evidence, ScanArgs};
use crate::context::{Context, Failure, Outcome};
use crate::memory;

pub fn run(context: &Context, args: &ScanArgs) -> Outcome {
    let catalogue = catalogue()?;
    let options = options(context, args)?;
    let journal = context.journal()?;
    let mut bar = Bar::new(context);
    let scanned = scan(&journal, &catalogue, &options, &mut bar)
        .map_err(|error| Failure::new(error.reason(), &error))?;
    bar.clear();
    if let Some(path) = &args.write_baseline {
        write_baseline(path, &scanned.ran.outcome)?;
        context.remark(format!("wrote {}", path.display()));
    }
    let source = match args.paths.as_slice() {
        [path] => Some(path.as_path()),
        _ => None,
    };
    memory::note(context, &journal, &scanned.ran, source);
    finished(context, &scanned.ran, &scanned.base, &catalogue)?;
    Ok(exit_code(&scanned.ran.outcome, args))
}

/// Without `--fail-on`, DENY is 1 and the rest is 0; with it, the severity of
/// the findings decides instead, and a run that could not be judged is 1.
fn exit_code(outcome: &Report, args: &ScanArgs) -> u8 {
    let failed = match args.fail_on {
        Some(severity) => {
            let unanswered = outcome.reasons.iter().any(|because| because.reason.is_unanswered());
            let incident = outcome.risk.incidents().next().is_some();
            outcome.risk.count_from(severity) > 0 || incident || unanswered
        }
        None => outcome.decision == Decision::Deny,
    };
    u8::from(failed)
}

fn options(context: &Context, args: &ScanArgs) -> Result<ScanOptions, Failure> {
    Ok(ScanOptions {
        tenant: context.global.tenant.clone(),
        paths: args.paths.clone(),
        only: args.only.clone(),
        skip: args.skip.clone(),
        baseline: args.baseline.as_deref().map(read_baseline).transpose()?,
        policy: context.policy(args.policy.as_deref()),
        evidence: match args.evidence {
            Evidence::None => EvidenceMode::None,
            Evidence::Hashes => EvidenceMode::Hashes,
            Evidence::Sealed => EvidenceMode::Sealed,
        },
        as_of: args.as_of.as_deref().map(time).transpose()?,
        honour_allow: true,
        threads: context.threads(args.threads),
        guard: Some(context.guard()?),
        patience: context.patience()?,
    })
}

fn time(text: &str) -> Result<Timestamp, Failure> {
    let seconds = text.parse::<u64>().ok().or_else(|| {
        let time: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(time.as_second()).ok()
    });
    seconds
        .and_then(|seconds| seconds.checked_mul(1_000_000))
        .map(Timestamp::from_micros)
        .ok_or_else(|| {
            let message = format!(
                "`{text}` is no time: give seconds since 1970, or like 2026-11-24T12:00:00Z"
            );
            Failure::new(Reason::InvalidRequest, message)
        })
}

const BASELINE: &str = "pi.baseline/1";

pub fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    let bad = |problem: String| {
        Failure::new(Reason::InvalidRequest, format!("the baseline `{}` {problem}", path.display()))
    };
    let bytes = fs::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let value = parse(&bytes).map_err(|error| bad(format!("is not JSON: {error}")))?;
    if value.get("schema").and_then(Value::as_str) != Some(BASELINE) {
        return Err(bad(format!("is not of schema `{BASELINE}`")));
    }
    let items = value.get("fingerprints").and_then(Value::as_array).unwrap_or_default();
    let fingerprints: Option<Vec<String>> =
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    fingerprints
        .map(Baseline::new)
        .ok_or_else(|| bad("lists something else than fingerprints".to_owned()))
}

fn write_baseline(path: &Path, outcome: &Report) -> Result<(), Failure> {
    let mut fingerprints: Vec<&str> = outcome
        .findings
        .iter()
        .flat_map(|artifact| artifact.findings.iter().map(|located| located.fingerprint.as_str()))
        .collect();
    fingerprints.sort_unstable();
    let mut encoder = Encoder::default();
    encoder.object(|o| {
        o.field("fingerprints", &fingerprints).field("schema", BASELINE);
    });
    let text = String::from_utf8_lossy(&encoder.into_bytes()).replace(",\"", ",\n\"");
    fs::write(path, text + "\n").map_err(|error| {
        Failure::new(Reason::InvalidRequest, format!("cannot write `{}`: {error}", path.display()))
    })
}

/// A progress bar on a terminal, nothing elsewhere.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub fn new(context: &Context) -> Self {
        let quiet = context.global.quiet || !context.terminal;
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        bar.set_message("freezing");
        Self { bar }
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn frozen(&mut self, artifacts: usize) {
        self.bar.set_length(artifacts as u64);
        // The template is a constant that a test renders.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} artifacts {elapsed}")
        {
            self.bar.set_style(style);
        }
    }

    fn examined(&mut self, done: usize, _total: usize) {
        self.bar.set_position(done as u64);
    }
}
