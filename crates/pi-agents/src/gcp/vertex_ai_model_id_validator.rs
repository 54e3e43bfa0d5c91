//! See [`VertexAiModelIdValidator`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::Artifact;

use super::names::counts;
use super::rules::rule;

rule!(
    RETIRED,
    "retired-model",
    Medium,
    High,
    ["CWE-1104"],
    "a model that is switched off: calls answer that it is not found",
    "move to the model that the provider recommends in its place"
);
rule!(
    ENDING,
    "model-ends-soon",
    Low,
    High,
    ["CWE-1104"],
    "a model that is switched off within 90 days",
    "test the model that is recommended in its place now"
);

declare_agent! {
    /// Finds models of Vertex AI that are switched off, or soon will be.
    ///
    /// # What it checks
    /// Values of any language that are the id of a generative or embedding model,
    /// alone or as the end of `publishers/google/models/...`, against a table of
    /// retirement dates (as published in October 2025). Dates behind that are judged
    /// only against the time that the request names.
    ///
    /// # Why it matters
    /// A model has an end that is known a year before. Who misses it has an outage.
    ///
    /// # Example denied
    /// ```python
    /// model = GenerativeModel("gemini-1.5-pro-002")
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// model = GenerativeModel("gemini-2.5-pro")
    /// ```
    ///
    /// # Limits
    /// Models that are not in the table are left out: whether they exist is not known.
    /// A date that was moved since is known with the next version of the table.
    ///
    /// # References
    /// Vertex AI: model versions and lifecycle.
    pub struct VertexAiModelIdValidator {
        slug: "vertex_ai_model_id_validator",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Any(&["gemini-", "-bison", "-gecko", "text-unicorn", "gemini-pro"]),
        invariant_to: ALL,
        rules: [RETIRED, ENDING],
        fixture: include_str!("fixtures/vertex_ai_model_id_validator.md"),
        check: check,
    }
}

/// Families of which every version is off, and what took their place.
const OFF: &[(&str, &str)] = &[
    ("chat-bison", "gemini-2.5-flash"),
    ("code-bison", "gemini-2.5-flash"),
    ("code-gecko", "gemini-2.5-flash"),
    ("codechat-bison", "gemini-2.5-flash"),
    ("gemini-1.0-pro", "gemini-2.5-flash"),
    ("gemini-1.0-pro-vision", "gemini-2.5-flash"),
    ("gemini-1.5-flash", "gemini-2.5-flash-lite"),
    ("gemini-1.5-pro", "gemini-2.5-pro"),
    ("text-bison", "gemini-2.5-flash"),
    ("text-unicorn", "gemini-2.5-pro"),
    ("textembedding-gecko", "text-embedding-005"),
    ("textembedding-gecko-multilingual", "text-multilingual-embedding-002"),
];

/// Versions with an end that was announced, in seconds since 1970.
const ENDS: &[(&str, u64)] = &[
    // 5 and 25 February, 22 July 2026.
    ("gemini-2.0-flash-001", 1_770_249_600),
    ("gemini-2.0-flash-lite-001", 1_771_977_600),
    ("gemini-2.5-flash-lite", 1_784_678_400),
];

const DAY: u64 = 86_400;

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let now = report.as_of().map(|time| time.as_micros() / 1_000_000);
    for literal in artifact.literals().items.iter().filter(|literal| counts(literal)) {
        report.tick(1)?;
        let id = literal.value.rsplit_once("models/").map_or(literal.value.as_str(), |(_, id)| id);
        if let Some((_, instead)) = OFF.iter().find(|(family, _)| family_of(id) == *family) {
            report
                .finding(&RETIRED, literal.span)
                .message(format!("`{id}` is switched off; `{instead}` takes its place"))
                .subject(id);
        }
        let end = ENDS.iter().find(|(known, _)| *known == id).map(|(_, end)| *end);
        let (Some(end), Some(now)) = (end, now) else { continue };
        if now > end {
            report
                .finding(&RETIRED, literal.span)
                .message(format!("`{id}` is switched off"))
                .subject(id);
        } else if end - now < 90 * DAY {
            let days = (end - now) / DAY;
            report
                .finding(&ENDING, literal.span)
                .message(format!("`{id}` is switched off in {days} days"))
                .subject(id);
        }
    }
    Ok(())
}

/// An id without its version: `@002`, `-002`, `@latest`.
fn family_of(id: &str) -> &str {
    let id = id.split('@').next().unwrap_or(id);
    match id.rsplit_once('-') {
        Some((family, version))
            if version.len() == 3 && version.bytes().all(|b| b.is_ascii_digit()) =>
        {
            family
        }
        _ => id,
    }
}
