//! `sbom_validator`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::licence::{self, Problem};
use super::{purl, sbom_cyclonedx, sbom_cyclonedx_xml, sbom_spdx};

/// The document breaks its format.
pub const INVALID: Rule = Rule {
    id: "invalid-document",
    summary: "a bill of materials that breaks its format",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CycloneDX", "SPDX-2.3"],
    fix: "produce the document again with a current tool and validate it",
};

/// One reference names two things.
pub const DUPLICATE: Rule = Rule {
    id: "duplicate-reference",
    summary: "two elements with one reference",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CycloneDX", "SPDX-2.3"],
    fix: "give every element a reference of its own",
};

/// A reference to nothing.
pub const DANGLING: Rule = Rule {
    id: "dangling-reference",
    summary: "a dependency on an element that the document does not hold",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CycloneDX", "SPDX-2.3", "NTIA-SBOM-2021"],
    fix: "add the element or remove the reference",
};

/// A package URL that cannot be read.
pub const PURL: Rule = Rule {
    id: "invalid-package-url",
    summary: "a package URL that does not identify a package",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["ECMA-427", "NTIA-SBOM-2021"],
    fix: "write `pkg:type/namespace/name@version`",
};

/// A licence that is no expression.
pub const LICENCE: Rule = Rule {
    id: "invalid-licence",
    summary: "a licence that is no valid SPDX expression",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["SPDX-2.3-D"],
    fix: "use identifiers of the SPDX licence list; put other names under `name`",
};

/// A minimum element that is missing.
pub const MINIMUM: Rule = Rule {
    id: "missing-minimum-element",
    summary: "a minimum element of a bill of materials that is missing",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["NTIA-SBOM-2021"],
    fix: "record supplier, name, version, a unique identifier and relations of every component, and author and time of the document",
};

/// Components outside the dependency graph.
pub const INCOMPLETE: Rule = Rule {
    id: "incomplete-dependency-graph",
    summary: "components that the dependency graph does not mention",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["NTIA-SBOM-2021"],
    fix: "record what each component depends on, or that it depends on nothing",
};

/// No strong hash.
pub const HASHES: Rule = Rule {
    id: "no-strong-hash",
    summary: "components without a hash of SHA-256 or better",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-353", "CWE-328"],
    fix: "record SHA-256 or better of every delivered component",
};

/// A licence that binds the whole product.
pub const COPYLEFT: Rule = Rule {
    id: "forced-copyleft",
    summary: "a component under a strong copyleft licence without an alternative",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["SPDX-2.3-D"],
    fix: "check that the licence fits the way the product is distributed",
};

declare_agent! {
    /// # What it checks
    /// Bills of materials: CycloneDX 1.0 to 1.7 in JSON and XML, SPDX 2.2 and 2.3 in JSON.
    /// - the format: required and unknown fields, enumerations, serial numbers, time stamps,
    ///   hashes of the length of their algorithm, licence choices;
    /// - references: duplicates, and relations to elements that do not exist;
    /// - package URLs, and SPDX licence expressions;
    /// - the minimum elements of the NTIA: supplier, name, version, unique
    ///   identifier, relations, author, time;
    /// - components outside the dependency graph, missing or weak hashes, and
    ///   licences that bind the product (GPL, AGPL, SSPL) with no alternative: the
    ///   expression is evaluated, `MIT OR GPL-3.0-only` is silent.
    ///
    /// # Why it matters
    /// A bill of materials that names packages wrongly finds no vulnerability of
    /// theirs, and says so with authority.
    ///
    /// # Example denied
    /// ```json
    /// {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{"name": "x"}]}
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// {"bomFormat": "CycloneDX", "specVersion": "1.5",
    ///  "components": [{"type": "library", "name": "x"}]}
    /// ```
    ///
    /// # Limits
    /// Tag-value, RDF and SPDX 3 documents are not read. The format check covers
    /// the fields that tools use, not every constraint of the JSON schemas. What is
    /// missing is reported once for each element with the number of components, at
    /// the first of them. Signatures are not verified.
    ///
    /// # References
    /// CycloneDX, SPDX 2.3, ECMA-427 (package URL), NTIA minimum elements (2021),
    /// CWE-353 (missing support for integrity check), CWE-328 (use of weak hash).
    pub struct SbomValidator {
        slug: "sbom_validator",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 3,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Sbom, Kind::Markup],
        triggers: Always,
        invariant_to: ALL,
        rules: [INVALID, DUPLICATE, DANGLING, PURL, LICENCE, MINIMUM, INCOMPLETE, HASHES, COPYLEFT],
        fixture: include_str!("fixtures/sbom_validator.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::Markup {
        return check_xml(artifact, report);
    }
    let Some(document) = artifact.data()?.first() else { return Ok(()) };
    let root = &document.root;
    if root.get("spdxVersion").is_some() || root.get("SPDXID").is_some() {
        sbom_spdx::check(root, report)
    } else if root.get("bomFormat").is_some() || root.get("specVersion").is_some() {
        sbom_cyclonedx::check(root, report)
    } else {
        Ok(())
    }
}

fn check_xml(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match sbom_cyclonedx_xml::read(artifact.text().unwrap_or_default()) {
        None => Ok(()),
        Some(Ok(root)) => sbom_cyclonedx::check(&root, report),
        Some(Err((problem, line))) => {
            let message = format!("the document is no well-formed XML: {problem}");
            invalid(report, line, "document", message);
            Ok(())
        }
    }
}

/// Reports a broken format.
pub fn invalid(report: &mut Report, span: Span, subject: &str, message: impl Into<String>) {
    report.finding(&INVALID, span).subject(subject).message(message);
}

/// Reports a package URL that cannot be read.
pub fn check_purl(node: &Node, subject: &str, report: &mut Report) {
    let Some(text) = node.as_str() else { return };
    if let Some(problem) = purl::problem(text) {
        report
            .finding(&PURL, node.span)
            .message(format!("the package URL of `{subject}` is not valid: {problem}"))
            .subject(format!("{subject}/{text}"))
            .evidence(text);
    }
}

/// Reports a licence expression that is not valid or leaves no choice.
pub fn check_expression(node: &Node, subject: &str, report: &mut Report) {
    let Some(text) = node.as_str() else { return };
    if let Some(problem @ Problem::Invalid(_)) = licence::problem(text) {
        report
            .finding(&LICENCE, node.span)
            .message(format!("the licence of `{subject}` is not valid: {problem}"))
            .subject(format!("{subject}/{text}"))
            .evidence(text);
    } else if let Some(id) = licence::forced_copyleft(text) {
        report
            .finding(&COPYLEFT, node.span)
            .message(format!("`{subject}` is under {id} and offers no alternative"))
            .subject(format!("{subject}/{id}"))
            .evidence(text);
    }
}

/// What components lack, summed up.
#[derive(Default)]
pub struct Lacking {
    count: usize,
    first: Option<(Span, String)>,
}

impl Lacking {
    /// Counts a component.
    pub fn add(&mut self, span: Span, name: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| (span, name.to_owned()));
    }

    /// Reports them once, at the first.
    pub fn report(&self, rule: &'static Rule, what: &str, report: &mut Report) {
        if let Some((span, name)) = &self.first {
            let others = match self.count {
                1 => format!("`{name}` has"),
                many => format!("`{name}` and {} other components have", many - 1),
            };
            report.finding(rule, *span).message(format!("{others} no {what}")).subject(what);
        }
    }
}

/// Whether a text is a time stamp of RFC 3339 with a zone.
pub fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let digits = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
    };
    let fields = |text: &str, separator: char, lengths: &[usize]| {
        let parts: Vec<&str> = text.split(separator).collect();
        parts.len() == lengths.len() && parts.iter().zip(lengths).all(|(p, l)| digits(p, *l))
    };
    let (clock, zone_is_valid) = match time.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, true),
        None => match time.rfind(['+', '-']).and_then(|at| time.split_at_checked(at)) {
            Some((clock, zone)) => (clock, fields(zone.get(1..).unwrap_or_default(), ':', &[2, 2])),
            None => (time, false),
        },
    };
    let clock_is_valid = match clock.split_once('.') {
        Some((clock, part)) => {
            fields(clock, ':', &[2, 2, 2])
                && !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_digit())
        }
        None => fields(clock, ':', &[2, 2, 2]),
    };
    fields(date, '-', &[4, 2, 2]) && clock_is_valid && zone_is_valid
}
