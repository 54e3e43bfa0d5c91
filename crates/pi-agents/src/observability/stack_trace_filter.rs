//! See [`StackTraceFilter`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::traces::traces;
use crate::secrets::engine::hits;

const HOME: Rule = Rule {
    id: "home-folder-in-trace",
    summary: "a stack trace shows the folder, and so the name, of a person",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-209"],
    fix: "build with paths that are cut (`-trimpath`, `--remap-path-prefix`), or mask them where traces are shown",
};

const CREDENTIAL: Rule = Rule {
    id: "credential-in-trace",
    summary: "a stack trace holds a credential",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-209", "CWE-532"],
    fix: "revoke it, and keep secrets out of messages of errors",
};

const SENT: Rule = Rule {
    id: "trace-sent-to-client",
    summary: "the stack of an error is sent to whoever caused it",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-209", "OWASP-A05:2021"],
    fix: "log the stack, and answer with a message and an id to find it by",
};

const DEBUG: Rule = Rule {
    id: "debug-server",
    summary: "a web server runs with its debugger, which shows stacks and runs code",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-489", "CWE-215"],
    fix: "leave `debug` off, or set it from the environment of developers only",
};

declare_agent! {
    /// Finds stack traces that tell too much, and programs that send them out.
    ///
    /// # What it checks
    /// Traces in texts and logs: home folders (`/home`, `/Users`, `/root`, `C:\Users`,
    /// network shares) and credentials by the secret engine, in frames and messages.
    /// Programs: answers that hold `traceback.format_exc()` or `error.stack`, and
    /// Flask with `debug=True`.
    ///
    /// # Why it matters
    /// A trace names versions, paths, people and queries: what an attacker would have
    /// to find out first.
    ///
    /// # Example denied
    /// ```python
    /// import traceback
    /// def handle(error):
    ///     return traceback.format_exc(), 500
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// def handle(error):
    ///     log.exception("failed")
    ///     return "failed", 500
    /// ```
    ///
    /// # Limits
    /// Evidence in findings is masked; the artifact itself is not changed. Whether a
    /// returned text reaches a client is known from the form of the function only.
    ///
    /// # References
    /// CWE-209; CWE-215; CWE-489; OWASP A05:2021.
    pub struct StackTraceFilter {
        slug: "stack_trace_filter",
        domain: Observability,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Text, Kind::Python, Kind::JavaScript, Kind::TypeScript],
        triggers: Any(&["Traceback", "traceback", "panic", " at ", "\tat ", ".stack", "debug"]),
        invariant_to: ALL,
        rules: [HOME, CREDENTIAL, SENT, DEBUG],
        fixture: include_str!("fixtures/stack_trace_filter.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::Text => text(artifact, report),
        Kind::Python => python(artifact, report),
        _ => script(artifact, report),
    }
}

/// The folder of a person at the beginning of a path.
fn home(path: &str) -> Option<&'static str> {
    let path = path.trim_start_matches("file://");
    let named = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.contains(['/', '\\']) && !rest.starts_with(['/', '\\']))
    };
    // Accounts of services and of pipelines are nobody's.
    let service = [
        "/home/app/",
        "/home/node/",
        "/home/runner/",
        "/home/ubuntu/",
        "/home/user/",
        "/Users/runner/",
        "/home/jenkins/",
    ];
    if service.iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let drive = path.get(1..).is_some_and(|rest| rest.starts_with(":\\Users\\"));
    match () {
        () if named("/home/") => Some("/home"),
        () if named("/Users/") => Some("/Users"),
        () if drive => Some("C:\\Users"),
        () if path.starts_with("\\\\") => Some("a network share"),
        () => None,
    }
}

fn text(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let found = traces(artifact.parsable_text()?);
    for (number, trace) in found.iter().enumerate() {
        report.tick(1 + trace.frames.len() as u64)?;
        let shown = trace.frames.iter().find_map(|frame| Some((home(&frame.file)?, frame.span)));
        if let Some((folder, span)) = shown {
            report
                .finding(&HOME, span)
                .message(format!("a stack trace shows a folder under {folder}"))
                .subject(format!("trace[{}]", number + 1));
        }
        let around = trace.frames.iter().fold(trace.head, |span, frame| span.to(frame.span));
        for hit in hits(artifact).items.iter().filter(|hit| around.contains(hit.span)) {
            report
                .finding(&CREDENTIAL, hit.span)
                .subject(format!("trace[{}]/{}", number + 1, hit.subject))
                .secret(artifact.slice(hit.span), hit.span);
        }
    }
    Ok(())
}

fn python(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let module = artifact.python()?;
    let text = artifact.parsable_text()?;
    for (number, call) in module.calls_of("traceback.format_exc").enumerate() {
        report.tick(1)?;
        // Handed back by a function, or put into an answer.
        let line_start = text
            .get(..call.span.start as usize)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let before =
            text.get(line_start..call.span.start as usize).unwrap_or_default().trim_start();
        let answers = ["Response(", "HttpResponse(", "jsonify(", "JSONResponse(", "JsonResponse("];
        if before == "return " || answers.iter().any(|answer| before.contains(answer)) {
            report.finding(&SENT, call.span).subject(format!("format_exc[{}]", number + 1));
        }
    }
    let imports_flask =
        module.imports.iter().any(|import| import.target.split('.').next() == Some("flask"));
    for (number, call) in module
        .calls
        .iter()
        .filter(|call| call.name.as_deref().is_some_and(|name| name.ends_with(".run")))
        .enumerate()
    {
        let on = call
            .keyword("debug")
            .filter(|debug| debug.value == pi_artifacts::python::Value::Bool(true));
        if let Some(debug) = on.filter(|_| imports_flask) {
            report.finding(&DEBUG, debug.span).subject(format!("run[{}]", number + 1));
        }
    }
    Ok(())
}

fn script(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    let mut number = 0;
    for call in artifact.syntax()?.nodes_of("call_expression") {
        report.tick(1)?;
        let Some(function) = call.field("function").filter(|f| f.kind() == "member_expression")
        else {
            continue;
        };
        let method = function.field("property").map(|p| p.text(text)).unwrap_or_default();
        let object = function.field("object").map(|o| o.text(text)).unwrap_or_default();
        let answers = object
            .split(['.', '('])
            .next()
            .is_some_and(|first| matches!(first, "res" | "response" | "reply" | "ctx"));
        if !answers || !matches!(method, "send" | "json" | "end" | "write" | "render") {
            continue;
        }
        let stack: Option<Span> = call.field("arguments").and_then(|list| {
            let found = list.descendants().find(|node| {
                node.kind() == "member_expression"
                    && node.field("property").is_some_and(|p| p.text(text) == "stack")
            });
            found.map(|node| node.span())
        });
        if let Some(span) = stack {
            number += 1;
            report.finding(&SENT, span).subject(format!("{method}[{number}]"));
        }
    }
    Ok(())
}
