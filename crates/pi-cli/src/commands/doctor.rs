//! `pi doctor`

use std::fmt::Write as _;

use pi_core::Clock as _;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_runtime::SystemClock;

use super::catalogue;
use super::token::secrets;
use crate::context::{Context, Failure, Outcome};
use crate::output::json;
use crate::output::style::{BAD, DIM, GOOD, paint, visible};
use crate::policy;
use crate::settings::{Setting, settings};

pub fn run(context: &Context) -> Outcome {
    let checks: [(&str, Result<String, Failure>); 7] = [
        ("data folder", context.folder().map(|folder| folder.root().display().to_string())),
        ("store", store(context)),
        ("log", log(context)),
        ("key", context.journal().map(|journal| journal.store().public_key().to_string())),
        ("clock", clock()),
        (
            "catalogue",
            catalogue().map(|c| format!("{} agents, digest {}", c.agents().len(), c.digest())),
        ),
        ("policy", in_force(context)),
    ];
    // Without a data folder nothing is known of the secrets in it.
    let configuration = match secrets(context) {
        Ok(secrets) => settings(&|name| std::env::var_os(name), &secrets),
        Err(_) => Vec::new(),
    };
    let failed = checks.iter().any(|(_, result)| result.is_err());
    context.emit(&if context.is_json() {
        as_json(context, &checks, &configuration)
    } else {
        as_text(context, &checks, &configuration)
    })?;
    Ok(if failed { 2 } else { 0 })
}

fn as_text(
    context: &Context,
    checks: &[(&str, Result<String, Failure>)],
    configuration: &[Setting],
) -> String {
    let mut out = String::new();
    for (name, result) in checks {
        let (mark, detail) = match result {
            Ok(detail) => (paint(GOOD, "ok  "), detail.clone()),
            Err(failure) => {
                (paint(BAD, "fail"), format!("{} ({})", failure.message, failure.reason))
            }
        };
        let _ = writeln!(out, "{mark} {name:<12} {}", paint(DIM, visible(&detail)));
    }
    let _ = writeln!(
        out,
        "     settings     data folder from {}; tenant {}; version {}",
        data_from(context),
        context.global.tenant,
        env!("CARGO_PKG_VERSION")
    );
    for Setting { name, value, origin } in configuration {
        let value = visible(value);
        let _ = writeln!(out, "     {name:<28} {value} {}", paint(DIM, format!("({origin})")));
    }
    out
}

fn as_json(
    context: &Context,
    checks: &[(&str, Result<String, Failure>)],
    configuration: &[Setting],
) -> String {
    json::object(|o| {
        o.field_with("checks", |e| e.array(checks.iter().map(Check)))
            .field_with("configuration", |e| e.array(configuration))
            .field("schema", "pi.doctor/1")
            .field_with("settings", |e| {
                e.object(|o| {
                    o.field("data_from", data_from(context))
                        .field("tenant", context.global.tenant.as_str())
                        .field("version", env!("CARGO_PKG_VERSION"));
                });
            });
    })
}

struct Check<'a>(&'a (&'a str, Result<String, Failure>));

impl ToCanonical for Check<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Check((name, result)) = self;
        let (detail, reason) = match result {
            Ok(detail) => (detail, None),
            Err(failure) => (&failure.message, Some(failure.reason)),
        };
        encoder.object(|o| {
            o.field("detail", detail)
                .field("name", *name)
                .field("ok", &result.is_ok())
                .field("reason", &reason);
        });
    }
}

/// Where the data folder was named. Clap does not tell a flag from a variable;
/// when both are there, they are compared.
fn data_from(context: &Context) -> &'static str {
    let variable = std::env::var_os("PI_DATA_DIR");
    match &context.global.data {
        None => "default",
        Some(path) if variable.as_deref() == Some(path.as_os_str()) => "PI_DATA_DIR",
        Some(_) => "flag",
    }
}

/// What keeps the logs, and who says so.
fn store(context: &Context) -> Result<String, Failure> {
    Ok(match context.database(2)? {
        Some(_) => format!("PostgreSQL, from {}", crate::context::DATABASE),
        None => "SQLite in the data folder".to_owned(),
    })
}

fn log(context: &Context) -> Result<String, Failure> {
    let journal = context.journal()?;
    let runs = journal.store().runs(None, 1)?.len();
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

/// The policy in force, with its digest.
fn in_force(context: &Context) -> Result<String, Failure> {
    let (file, from) = match context.policy_path(None) {
        Some(path) => (policy::read(&path)?, path.display().to_string()),
        None => (policy::baseline()?, "built in".to_owned()),
    };
    let set = file.set();
    Ok(format!("{}, {} policies, digest {}, {from}", set.name(), set.ids().len(), set.digest()))
}
