//! `license_header_checker`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::comments::leading;
use super::licence::{Problem, problem};

const INVALID: Rule = Rule {
    id: "invalid-licence-expression",
    summary: "a licence tag that is no valid SPDX expression",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["REUSE-3.3", "SPDX-2.3-D"],
    fix: "use identifiers of the SPDX licence list, joined by AND, OR and WITH",
};

const DEPRECATED: Rule = Rule {
    id: "deprecated-licence-identifier",
    summary: "a licence identifier that SPDX has replaced",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["REUSE-3.3", "SPDX-2.3-D"],
    fix: "use the identifier with `-only` or `-or-later`",
};

const MISSING: Rule = Rule {
    id: "copyright-without-licence",
    summary: "a copyright line in a file that names no licence",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["REUSE-3.3"],
    fix: "add a line `SPDX-License-Identifier: <expression>` beside the copyright",
};

declare_agent! {
    /// # What it checks
    /// The comments at the head of a source file. A tag `SPDX-License-Identifier:`
    /// must hold a valid SPDX expression: known identifiers, exceptions behind WITH,
    /// balanced parentheses. A head that claims copyright must name a licence too.
    ///
    /// # Why it matters
    /// Files are copied out of their repositories; a tag that tools cannot read, or a
    /// copyright without a licence, leaves the next user without permission.
    ///
    /// # Example denied
    /// ```text
    /// // SPDX-License-Identifier: Apache 2
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// // SPDX-License-Identifier: Apache-2.0 OR MIT
    /// ```
    ///
    /// # Limits
    /// A file without any tag or copyright is silent: whether the project puts the
    /// licence into every file is not known from one file. A licence named in words
    /// counts. Solidity's `UNLICENSED` is accepted, as its compiler does. Of the
    /// REUSE rules, `.license` files and `REUSE.toml` are not read.
    ///
    /// # References
    /// REUSE specification 3.3, SPDX 2.3 annex D (licence expressions).
    pub struct LicenseHeaderChecker {
        slug: "license_header_checker",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [
            Kind::Python,
            Kind::JavaScript,
            Kind::TypeScript,
            Kind::Rust,
            Kind::Go,
            Kind::Java,
            Kind::Ruby,
            Kind::Php,
            Kind::C,
            Kind::CSharp,
            Kind::Source,
            Kind::Solidity,
            Kind::Sql,
            Kind::Shell,
            Kind::Terraform,
            Kind::Dockerfile,
        ],
        triggers: Any(&["spdx-license-identifier", "copyright"]),
        invariant_to: ALL,
        rules: [INVALID, DEPRECATED, MISSING],
        fixture: include_str!("fixtures/license_header_checker.md"),
        check: check,
    }
}

const TAG: &str = "SPDX-License-Identifier:";

/// Words by which a head names its licence without a tag.
const LICENCE_WORDS: &[&str] =
    &["licen", "redistribution", "permission is hereby", "public domain", "all rights reserved"];

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let Some(text) = artifact.text() else { return Ok(()) };
    let mut copyright = None;
    let mut licensed = false;
    for line in leading(text) {
        report.tick(1)?;
        if let Some(at) = line.text.find(TAG) {
            licensed = true;
            let tail = line.text.get(at + TAG.len()..).unwrap_or_default();
            let expression = tail.trim();
            let start = line.start + at + TAG.len() + (tail.len() - tail.trim_start().len());
            tag(artifact, expression, Span::new(start, start + expression.len()), report);
            continue;
        }
        let lower = line.text.to_ascii_lowercase();
        licensed |= LICENCE_WORDS.iter().any(|word| lower.contains(word));
        if copyright.is_none() && claims_copyright(&lower) {
            copyright = Some(Span::new(line.start, line.start + line.text.len()));
        }
    }
    if let Some(span) = copyright.filter(|_| !licensed) {
        report.finding(&MISSING, span).subject("head");
    }
    Ok(())
}

fn tag(artifact: &Artifact, expression: &str, span: Span, report: &mut Report) {
    if artifact.kind() == Kind::Solidity && expression == "UNLICENSED" {
        return;
    }
    let Some(problem) = problem(expression) else { return };
    let rule = match problem {
        Problem::Deprecated(_) => &DEPRECATED,
        Problem::Invalid(_) => &INVALID,
    };
    report
        .finding(rule, span)
        .message(format!("`{expression}`: {problem}"))
        .subject(expression)
        .evidence(expression);
}

/// `copyright (c) 2020 name`: the word with a sign or a year, not talk about it.
fn claims_copyright(lower: &str) -> bool {
    let Some((_, after)) = lower.split_once("copyright") else { return false };
    let after = after.trim_start_matches(|c: char| c == ':' || c.is_whitespace());
    after.starts_with("(c)")
        || after.starts_with('©')
        || after.get(..4).is_some_and(|year| year.bytes().all(|b| b.is_ascii_digit()))
}
