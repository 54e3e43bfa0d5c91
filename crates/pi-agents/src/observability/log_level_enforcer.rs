//! See [`LogLevelEnforcer`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::directive::lines;
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::log_calls::{LogCall, calls};

const PRINT: Rule = Rule {
    id: "raw-print",
    summary: "a line is printed that has no level: nobody can filter it or switch it off",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-778"],
    fix: "log it at a level, or remove it",
};

const DEBUG: Rule = Rule {
    id: "debug-output-left",
    summary: "output for debugging was left in",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-489"],
    fix: "remove it",
};

const TRACE: Rule = Rule {
    id: "stack-printed",
    summary: "the stack of an error is printed and not logged",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-209"],
    fix: "pass the error to the logger",
};

const LEVEL: Rule = Rule {
    id: "debug-level-on",
    summary: "the root logger writes everything, secrets of libraries included",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-532", "CWE-779"],
    fix: "set INFO or WARN, and raise single loggers where needed",
};

declare_agent! {
    /// Finds output that bypasses the levels of logging.
    ///
    /// # What it checks
    /// Python, JavaScript, TypeScript, Go, Java and Rust, by the syntax tree: prints in
    /// code that is no command line tool, leftovers of debugging, stacks that are
    /// printed. Logging configuration (log4j, logback properties, Spring, Python
    /// `logging.ini`): a root logger at DEBUG or below.
    ///
    /// # Why it matters
    /// What has no level cannot be routed, counted or switched off, and alerts do
    /// not see it.
    ///
    /// # Example denied
    /// ```python
    /// import logging
    /// log = logging.getLogger(__name__)
    /// def pay(order):
    ///     print("paying", order)
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// import logging
    /// log = logging.getLogger(__name__)
    /// def pay(order):
    ///     log.info("paying", extra={"order": order.id})
    /// ```
    ///
    /// # Limits
    /// Where printing is the purpose nothing is said: scripts, tests, examples,
    /// `main`, files that read arguments of a command line. In Python, JavaScript, Go
    /// and Java a print counts only in a file that has a logger as well.
    ///
    /// # References
    /// ruff T201; ESLint no-console; clippy::print_stdout; CWE-778; CWE-489.
    pub struct LogLevelEnforcer {
        slug: "log_level_enforcer",
        domain: Observability,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [
            Kind::Python, Kind::JavaScript, Kind::TypeScript, Kind::Go, Kind::Java, Kind::Rust,
            Kind::Ini,
        ],
        triggers: Any(&["print", "console.", "dbg!", "level", "rootlogger"]),
        invariant_to: ALL,
        rules: [PRINT, DEBUG, TRACE, LEVEL],
        fixture: include_str!("fixtures/log_level_enforcer.md"),
        check: check,
    }
}

/// Folders and words of files in which printing is the purpose.
const PRINTING: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "spec",
    "examples",
    "example",
    "scripts",
    "script",
    "bin",
    "tools",
    "benches",
    "docs",
    "cmd",
    "cli",
    "main",
    "build",
    "conftest",
    "setup",
    "manage",
];

/// Whether a file is one whose purpose is to print.
pub(super) fn prints_by_purpose(artifact: &Artifact, text: &str) -> bool {
    let path = artifact.path().to_ascii_lowercase();
    let parts = path.split(['/', '.', '_', '-']);
    parts.into_iter().any(|part| PRINTING.contains(&part))
        || text.starts_with("#!")
        || [
            "argparse",
            "import click",
            "typer",
            "process.argv",
            "commander",
            "yargs",
            "os.Args",
            "clap::",
            "flag.Parse",
        ]
        .iter()
        .any(|word| text.contains(word))
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    if artifact.kind() == Kind::Ini {
        return configuration(text, report);
    }
    if prints_by_purpose(artifact, text) {
        return Ok(());
    }
    let found = calls(artifact)?;
    let has_logger = found.iter().any(|call| !call.raw);
    let mut number = 0;
    for call in &found {
        report.tick(1)?;
        if let Some(rule) = raw(call, has_logger) {
            number += 1;
            report
                .finding(rule, call.span)
                .message(format!("`{}`: {}", call.function, rule.summary))
                .subject(format!("{}[{number}]", call.function));
        }
    }
    stacks(artifact, text, report)
}

fn raw(call: &LogCall, has_logger: bool) -> Option<&'static Rule> {
    match call.function.as_str() {
        _ if !call.raw => None,
        "dbg" | "console.debug" | "console.dir" | "console.trace" => Some(&DEBUG),
        // Without a logger in the file, printing may be all that it has.
        _ => has_logger.then_some(&PRINT),
    }
}

fn stacks(artifact: &Artifact, text: &str, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::Python => {
            let module = artifact.python()?;
            let printed = module
                .calls_of("traceback.print_exc")
                .chain(module.calls_of("traceback.print_stack"));
            for (number, call) in printed.enumerate() {
                report.finding(&TRACE, call.span).subject(format!("print_exc[{}]", number + 1));
            }
        }
        Kind::Java => {
            let calls = artifact.syntax()?.nodes_of("method_invocation").filter(|call| {
                let name =
                    call.field("name").is_some_and(|name| name.text(text) == "printStackTrace");
                name && call
                    .field("arguments")
                    .is_some_and(|list| list.named_children().next().is_none())
            });
            for (number, call) in calls.enumerate() {
                report
                    .finding(&TRACE, call.span())
                    .subject(format!("printStackTrace[{}]", number + 1));
            }
        }
        _ => {}
    }
    Ok(())
}

fn configuration(text: &str, report: &mut Report) -> Result<(), Stop> {
    for line in lines(text) {
        report.tick(1)?;
        let name = line.name.to_ascii_lowercase();
        let root =
            matches!(name.as_str(), "log4j.rootlogger" | "rootlogger.level" | "logging.level.root")
                || name == "level" && line.section.as_deref() == Some("logger_root");
        let level = line.value.split([',', ' ']).next().unwrap_or_default().to_ascii_lowercase();
        if root && matches!(level.as_str(), "debug" | "trace" | "all" | "notset") {
            report.finding(&LEVEL, line.span()).subject(name);
        }
    }
    Ok(())
}
