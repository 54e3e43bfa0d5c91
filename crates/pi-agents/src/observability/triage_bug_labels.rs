//! See [`TriageBugLabels`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Digest, Severity};

use super::traces::{Trace, traces};

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $references:expr, $summary:literal, $fix:literal) => {
        const $name: Rule = Rule {
            id: $id,
            summary: $summary,
            severity: Severity::$severity,
            confidence: Confidence::High,
            references: &$references,
            fix: $fix,
        };
    };
}

rule!(
    CRASH,
    "bug-crash",
    Medium,
    ["CWE-248"],
    "a program ended by an error that nobody caught",
    "look at the frame that is named, and handle what can happen there"
);
rule!(
    NULL,
    "bug-missing-value",
    Medium,
    ["CWE-476"],
    "a value was missing where one was needed",
    "check for it where it comes in"
);
rule!(
    MEMORY,
    "bug-resources",
    High,
    ["CWE-400"],
    "memory, stack or file handles ran out",
    "find what grows without a bound"
);
rule!(
    NETWORK,
    "bug-network",
    Low,
    ["CWE-754"],
    "another system did not answer",
    "set a time limit and try again with growing pauses"
);
rule!(
    PERMISSION,
    "bug-permission",
    Low,
    ["CWE-280"],
    "access was refused",
    "give the account the right that it needs, and no more"
);
rule!(
    SETUP,
    "bug-setup",
    Low,
    ["CWE-1188"],
    "a module, file or setting is missing",
    "install or set it, and check for it at the start"
);
rule!(
    DATA,
    "bug-data",
    Low,
    ["CWE-20"],
    "data did not have the form that was expected",
    "validate it where it comes in"
);
rule!(
    CONCURRENCY,
    "bug-concurrency",
    Medium,
    ["CWE-362"],
    "two threads were in each other's way",
    "guard what both change by one lock or one owner"
);

declare_agent! {
    /// Sorts errors in logs: what kind of bug, where in the program, which are the same.
    ///
    /// # What it checks
    /// Stack traces of Python, Java, JavaScript, Go and Rust in any text. The class of
    /// the error gives the label; the innermost frame that is the program's own gives
    /// the place; class and own functions give a signature, so that the same bug is
    /// the same finding, however often it stands there.
    ///
    /// # Why it matters
    /// A thousand traces are a handful of bugs. Who sees that, knows where to begin.
    ///
    /// # Example denied
    /// ```text
    /// Traceback (most recent call last):
    ///   File "/srv/shop/pay.py", line 12, in charge
    ///     card.number
    /// AttributeError: 'NoneType' object has no attribute 'number'
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// 2026-01-01 10:00:00 INFO no errors since yesterday
    /// ```
    ///
    /// # Limits
    /// Errors without a stack are not sorted. Minified JavaScript has no names; its
    /// signatures change with every build.
    ///
    /// # References
    /// CWE-248; CWE-476; CWE-754.
    pub struct TriageBugLabels {
        slug: "triage_bug_labels",
        domain: Observability,
        phase: Extract,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Text],
        triggers: Any(&["Traceback", "panic", "\tat ", " at "]),
        invariant_to: ALL,
        rules: [CRASH, NULL, MEMORY, NETWORK, PERMISSION, SETUP, DATA, CONCURRENCY],
        fixture: include_str!("fixtures/triage_bug_labels.md"),
        check: check,
    }
}

/// Parts of the last word of a class, or of a message, with the rule; the first fits.
const LABELS: &[(&str, &Rule)] = &[
    ("nullpointer", &NULL),
    ("nonetype", &NULL),
    ("nil pointer dereference", &NULL),
    ("of undefined", &NULL),
    ("of null", &NULL),
    ("option::unwrap()` on a `none`", &NULL),
    ("outofmemory", &MEMORY),
    ("memoryerror", &MEMORY),
    ("stackoverflow", &MEMORY),
    ("recursionerror", &MEMORY),
    ("too many open files", &MEMORY),
    ("concurrentmodification", &CONCURRENCY),
    ("deadlock", &CONCURRENCY),
    ("concurrent map", &CONCURRENCY),
    ("timeout", &NETWORK),
    ("connection", &NETWORK),
    ("unknownhost", &NETWORK),
    ("brokenpipe", &NETWORK),
    ("permission", &PERMISSION),
    ("accessdenied", &PERMISSION),
    ("modulenotfound", &SETUP),
    ("importerror", &SETUP),
    ("classnotfound", &SETUP),
    ("noclassdef", &SETUP),
    ("cannot find module", &SETUP),
    ("filenotfound", &SETUP),
    ("keyerror", &DATA),
    ("valueerror", &DATA),
    ("numberformat", &DATA),
    ("jsondecode", &DATA),
    ("syntaxerror", &DATA),
    ("unicodedecode", &DATA),
    ("indexerror", &DATA),
    ("indexoutofbounds", &DATA),
    ("index out of", &DATA),
];

fn label(trace: &Trace) -> &'static Rule {
    let class = trace.class.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let message = trace.message.to_ascii_lowercase();
    let fits = |word: &str| {
        class.contains(word)
            || message.contains(word) && word.contains([' ', '`'])
            || word == "nonetype" && message.contains(word)
    };
    LABELS.iter().find(|(word, _)| fits(word)).map_or(&CRASH, |(_, rule)| *rule)
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for trace in traces(artifact.parsable_text()?) {
        report.tick(1 + trace.frames.len() as u64)?;
        let own: Vec<&str> = trace
            .frames
            .iter()
            .filter(|frame| frame.is_own())
            .map(|frame| frame.function.as_str())
            .collect();
        let parts = [&[trace.class.as_str()], own.as_slice()].concat().join("|");
        let mut signature = Digest::of(parts.as_bytes()).to_hex();
        signature.truncate(12);
        let rule = label(&trace);
        let place = trace.frames.iter().find(|frame| frame.is_own());
        let message = match place {
            Some(frame) if !frame.function.is_empty() => {
                format!("`{}` in `{}`: {}", trace.class, frame.function, rule.summary)
            }
            _ => format!("`{}`: {}", trace.class, rule.summary),
        };
        let finding = report
            .finding(rule, trace.head)
            .message(message)
            .subject(format!("{}/{signature}", trace.class));
        if let Some(frame) = place {
            finding.related(frame.span, "the innermost place of the program's own");
        }
    }
    Ok(())
}
