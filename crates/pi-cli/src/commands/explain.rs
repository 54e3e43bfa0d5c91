//! `pi explain`

use std::fmt::Write as _;

use pi_core::Reason;

use super::near;
use crate::context::{Context, Failure, Outcome};
use crate::output::json;
use crate::output::style::{BOLD, paint};

pub fn run(context: &Context, code: Option<&str>) -> Outcome {
    let Some(code) = code else {
        let mut out = String::new();
        for reason in Reason::ALL {
            let _ = writeln!(
                out,
                "{} {}",
                paint(BOLD, format!("{:<26}", reason.code())),
                reason.title_text()
            );
        }
        context.emit(&out)?;
        return Ok(0);
    };
    let Some(reason) = Reason::from_code(code) else {
        let codes = Reason::ALL.iter().map(|reason| reason.code());
        let hint = near::hint(code, codes, "`pi explain` lists them");
        let message = format!("`{code}` is no reason code; {hint}");
        return Err(Failure::new(Reason::InvalidRequest, message));
    };
    if context.is_json() {
        context.emit(&json::object(|o| {
            o.field("code", reason.code())
                .field("page", reason.page())
                .field("schema", "pi.reason/1")
                .field("title", reason.title_text());
        }))?;
        return Ok(0);
    }
    let mut out = String::new();
    for line in reason.page().lines() {
        match line.strip_prefix('#') {
            Some(heading) => {
                let _ = writeln!(
                    out,
                    "{}",
                    paint(BOLD, heading.trim_start_matches('#').trim().replace('`', ""))
                );
            }
            None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    context.emit(&out)?;
    Ok(0)
}
