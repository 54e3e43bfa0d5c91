//! `pi doctor`

use std::fmt::Write as _;

use pi_core::Clock as _;
use pi_kernel::policy::Policy;
use pi_runtime::SystemClock;

use super::catalogue;
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BAD, DIM, GOOD, paint};

pub fn run(context: &Context) -> Outcome {
    let checks: [(&str, Result<String, Failure>); 6] = [
        ("data folder", context.folder().map(|folder| folder.root().display().to_string())),
        ("log", log(context)),
        ("key", context.journal().map(|journal| journal.store().public_key().to_string())),
        ("clock", clock()),
        (
            "catalogue",
            catalogue().map(|c| format!("{} agents, digest {}", c.agents().len(), c.digest())),
        ),
        ("policy", Ok(policy())),
    ];
    let mut out = String::new();
    let mut failed = false;
    for (name, result) in checks {
        let (mark, detail) = match result {
            Ok(detail) => (paint(GOOD, "ok  "), detail),
            Err(failure) => {
                failed = true;
                (paint(BAD, "fail"), format!("{} ({})", failure.message, failure.reason))
            }
        };
        let _ = writeln!(out, "{mark} {name:<12} {}", paint(DIM, detail));
    }
    let origin = match (&context.global.data, std::env::var_os("PI_DATA_DIR")) {
        (Some(_), Some(_)) => "flag or PI_DATA_DIR",
        (Some(_), None) => "flag",
        _ => "default",
    };
    let _ = writeln!(
        out,
        "     settings     data folder from {origin}; tenant {}; version {}",
        context.global.tenant,
        env!("CARGO_PKG_VERSION")
    );
    context.emit(&out)?;
    Ok(if failed { 2 } else { 0 })
}

fn log(context: &Context) -> Result<String, Failure> {
    let journal = context.journal()?;
    let runs = journal.store().runs(1)?.len();
    let checkpoint = journal.store().checkpoint()?;
    Ok(match checkpoint.as_deref().and_then(|note| note.lines().nth(1)) {
        Some(size) => {
            format!("{size} events, {}", if runs > 0 { "with runs" } else { "no run yet" })
        }
        None => "empty".to_owned(),
    })
}

fn clock() -> Result<String, Failure> {
    let micros = SystemClock.now().as_micros();
    let seconds = i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds)
        .map_err(|error| Failure::new(pi_core::Reason::InvalidRequest, error))?;
    Ok(time.to_string())
}

fn policy() -> String {
    let policy = Policy::baseline();
    format!(
        "{}: {} and above deny, {} is reviewed",
        policy.name, policy.deny_from, policy.review_from
    )
}
