//! See [`StructuredLoggingEnforcer`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::log_calls::{Message, calls};

const VALUES: Rule = Rule {
    id: "values-in-message",
    summary: "values are baked into the message of a log line: it cannot be searched or grouped",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-117"],
    fix: "keep the message constant and pass the values as fields or arguments",
};

const STACK: Rule = Rule {
    id: "stack-lost",
    summary: "a caught error is logged without its stack",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-778"],
    fix: "pass the error on: `exc_info=True` or `log.exception` in Python, the error itself elsewhere",
};

const OLD_NAME: Rule = Rule {
    id: "deprecated-level-name",
    summary: "`warn` is an old name that newer versions of Python do not know",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-477"],
    fix: "write `warning`",
};

declare_agent! {
    /// Finds log lines that machines cannot read, and errors that lose their stack.
    ///
    /// # What it checks
    /// Calls of loggers in Python, JavaScript, TypeScript, Go and Java, by the syntax
    /// tree: messages made by templates, additions or formatting; errors that are
    /// caught and logged at error level without the error; deprecated names.
    ///
    /// # Why it matters
    /// A message that is different each time cannot be counted or alerted on, and
    /// values inside it can forge lines. Without the stack, nobody finds the cause.
    ///
    /// # Example denied
    /// ```python
    /// import logging
    /// log = logging.getLogger(__name__)
    /// log.info(f"user {user.id} paid {amount}")
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// import logging
    /// log = logging.getLogger(__name__)
    /// log.info("paid", extra={"user": user.id, "amount": amount})
    /// ```
    ///
    /// # Limits
    /// Loggers are known by where they come from or by their usual names; a wrapper
    /// of another name is not. Whether a stack is logged by a caller is unknown.
    ///
    /// # References
    /// ruff G001 to G004, G010, TRY400; CWE-117; CWE-778.
    pub struct StructuredLoggingEnforcer {
        slug: "structured_logging_enforcer",
        domain: Observability,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Python, Kind::JavaScript, Kind::TypeScript, Kind::Go, Kind::Java],
        triggers: Any(&["log"]),
        invariant_to: ALL,
        rules: [VALUES, STACK, OLD_NAME],
        fixture: include_str!("fixtures/structured_logging_enforcer.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let is_python = artifact.kind() == Kind::Python;
    for (number, call) in calls(artifact)?.iter().filter(|call| !call.raw).enumerate() {
        report.tick(1)?;
        let subject = format!("{}[{}]", call.function, number + 1);
        if call.message != Message::Plain {
            report.finding(&VALUES, call.span).subject(subject.clone());
        }
        let is_error = matches!(call.function.as_str(), "error" | "critical" | "fatal" | "severe");
        if call.handles_error && !call.passes_error && is_error {
            report.finding(&STACK, call.span).subject(subject.clone());
        }
        if is_python && call.function == "warn" {
            report.finding(&OLD_NAME, call.span).subject(subject);
        }
    }
    Ok(())
}
