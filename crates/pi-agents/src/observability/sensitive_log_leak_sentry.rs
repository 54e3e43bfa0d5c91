//! See [`SensitiveLogLeakSentry`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::log_calls::calls;
use super::log_text::is_log;
use crate::secrets::engine::{hits, names::name_class};

const CALL: Rule = Rule {
    id: "secret-in-log-call",
    summary: "a secret is written to a log",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-532", "OWASP-A09:2021"],
    fix: "leave it out, or log that it was there",
};

const LINE: Rule = Rule {
    id: "credential-in-log",
    summary: "a log holds a credential",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-532", "OWASP-A09:2021"],
    fix: "revoke it, delete it from the log, and mask it where it is written",
};

const CARD: Rule = Rule {
    id: "card-number-in-log",
    summary: "a log holds the number of a payment card",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-532", "CWE-359"],
    fix: "log the last four digits at most",
};

declare_agent! {
    /// Finds secrets on their way into logs, and in logs.
    ///
    /// # What it checks
    /// In Python, JavaScript, TypeScript, Go, Java and Rust, what loggers and prints
    /// are given: variables, attributes and keys whose name says password, token or
    /// key, unless a function masks, hashes or measures them. In log files, real
    /// values: the formats and checks of the secret engine, and card numbers with a
    /// valid check digit.
    ///
    /// # Why it matters
    /// Logs are copied, kept and read by many. A password in a log is a password
    /// that everybody has.
    ///
    /// # Example denied
    /// ```python
    /// import logging
    /// log = logging.getLogger(__name__)
    /// log.debug("login %s %s", user, password)
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// import logging
    /// log = logging.getLogger(__name__)
    /// log.debug("login %s, password given: %s", user, bool(password))
    /// ```
    ///
    /// # Limits
    /// Names are all that is known of a value in a program: an object that holds a
    /// secret, or a secret under another name, is not found.
    ///
    /// # References
    /// CWE-532; OWASP A09:2021; CodeQL py/clear-text-logging-sensitive-data.
    pub struct SensitiveLogLeakSentry {
        slug: "sensitive_log_leak_sentry",
        domain: Observability,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [
            Kind::Python, Kind::JavaScript, Kind::TypeScript, Kind::Go, Kind::Java, Kind::Rust,
            Kind::Text,
        ],
        triggers: Always,
        invariant_to: ALL.without(Renaming),
        rules: [CALL, LINE, CARD],
        fixture: include_str!("fixtures/sensitive_log_leak_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::Text { log(artifact, report) } else { program(artifact, report) }
}

/// Names that say secret and often mean something else: the tokens of a parser, the
/// keys of a map.
const VAGUE: &[&str] = &["token", "tokens", "key", "keys", "auth", "secrets", "credentials", "pwd"];

fn program(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let calls = calls(artifact)?;
    for call in &calls {
        report.tick(1 + call.names.len() as u64)?;
        for (name, span) in &call.names {
            // A constant names the setting more often than it holds the value.
            let is_constant = name.chars().all(|c| !c.is_ascii_lowercase());
            let vague = VAGUE.contains(&name.to_ascii_lowercase().as_str());
            if !is_constant && !vague && name_class(name).is_some() {
                report
                    .finding(&CALL, *span)
                    .message(format!("`{name}` is written by `{}`", call.function))
                    .subject(format!("{}/{name}", call.function));
            }
        }
    }
    Ok(())
}

fn log(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    if !is_log(artifact.path(), text) {
        return Ok(());
    }
    for hit in &hits(artifact).items {
        report.tick(1)?;
        let (severity, confidence) = hit.weight(&LINE);
        let finding = report.finding(&LINE, hit.span);
        finding.severity(severity).confidence(confidence).subject(hit.subject.clone());
        finding.secret(artifact.slice(hit.span), hit.span);
    }
    let mut number = 0;
    for (start, digits) in runs(text) {
        report.tick(1)?;
        if is_card(digits) {
            number += 1;
            let span = pi_artifacts::Span::new(start, start + digits.len());
            report.finding(&CARD, span).subject(format!("card[{number}]")).secret(digits, span);
        }
    }
    Ok(())
}

/// Runs of digits, with blanks or dashes between groups, that stand alone.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !(c.is_ascii_digit() || c == ' ' || c == '-')).filter_map(move |piece| {
        let start = at + text.get(at..)?.find(piece)?;
        at = start + piece.len();
        let inner = piece.trim_matches([' ', '-']);
        let offset = piece.find(inner)?;
        let before = text.get(..start + offset)?.chars().next_back();
        let glued = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
        (!glued && inner.len() >= 13).then_some((start + offset, inner))
    })
}

/// Whether digits are the number of a card: its issuer, its length, its check digit,
/// and more than one or two different digits.
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let groups = text.split([' ', '-']).map(str::len);
    let grouped =
        !text.contains([' ', '-']) || groups.into_iter().all(|length| (3..=6).contains(&length));
    let issuer = matches!(
        (digits.first(), digits.get(1), digits.len()),
        (Some(4), _, 13 | 16)
            | (Some(5), Some(1..=5), 16)
            | (Some(3), Some(4 | 7), 15)
            | (Some(6), Some(0 | 5), 16)
            | (Some(2), Some(2..=7), 16)
    );
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    let kinds: std::collections::BTreeSet<&u32> = digits.iter().collect();
    issuer && grouped && sum.is_multiple_of(10) && kinds.len() > 3
}
