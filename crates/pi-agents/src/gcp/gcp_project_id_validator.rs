//! See [`GcpProjectIdValidator`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::Artifact;

use super::names::counts;
use super::rules::rule;

rule!(
    INVALID,
    "invalid-project-id",
    Medium,
    High,
    ["CWE-1188"],
    "a value that cannot be the id of a project of Google Cloud",
    "use 6 to 30 lower-case letters, digits and hyphens, with a letter first and no hyphen last"
);
rule!(
    RESERVED,
    "reserved-project-id",
    Low,
    High,
    ["CWE-1188"],
    "the id of a project has a word in it that Google refuses",
    "leave out `google`, `ssl`, `null` and `undefined`"
);

declare_agent! {
    /// Finds ids of Google Cloud projects that cannot exist.
    ///
    /// # What it checks
    /// Values of the variables and keys that Google's tools read a project's id from
    /// (`GOOGLE_CLOUD_PROJECT`, `GCP_PROJECT_ID`, `CLOUDSDK_CORE_PROJECT` and so on),
    /// in configuration and programs: length, letters, the words that are refused.
    /// Two hyphens in a row are allowed.
    ///
    /// # Why it matters
    /// A wrong id fails at the first call, in production. An id such as `null` or
    /// `undefined` is a variable that was never set.
    ///
    /// # Example denied
    /// ```sh
    /// GOOGLE_CLOUD_PROJECT=My_Shop
    /// ```
    ///
    /// # Example allowed
    /// ```sh
    /// GOOGLE_CLOUD_PROJECT=my-shop-prod
    /// ```
    ///
    /// # Limits
    /// Whether the project exists is not known. Numbers of projects and ids with a
    /// domain in front (`example.com:shop`) are accepted, templates are left out.
    ///
    /// # References
    /// Resource Manager: creating and managing projects.
    pub struct GcpProjectIdValidator {
        slug: "gcp_project_id_validator",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Any(&["cloud_project", "gcp_project", "gcloud_project", "core_project", "cloudproject", "gcpproject"]),
        invariant_to: ALL,
        rules: [INVALID, RESERVED],
        fixture: include_str!("fixtures/gcp_project_id_validator.md"),
        check: check,
    }
}

/// Names without `_` and `-`, in lower case.
const NAMES: &[&str] = &[
    "googlecloudproject",
    "googlecloudprojectid",
    "gcpproject",
    "gcpprojectid",
    "gcloudproject",
    "gcloudprojectid",
    "cloudsdkcoreproject",
    "googleprojectid",
];

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for literal in &artifact.literals().items {
        report.tick(1)?;
        let name: String = literal
            .name
            .iter()
            .flat_map(|name| name.chars())
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        if !NAMES.contains(&name.as_str()) || !counts(literal) || !literal.is_assignment {
            continue;
        }
        let id = literal.value.as_str();
        let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
        // A call or a path in a program is no value.
        if is_number || id.contains([':', '(', '.', '[', '/']) {
            continue;
        }
        let word =
            ["google", "ssl", "null", "undefined"].into_iter().find(|word| id.contains(word));
        let rule = if !is_valid(id) {
            &INVALID
        } else if word.is_some() {
            &RESERVED
        } else {
            continue;
        };
        report.finding(rule, literal.span).message(format!("`{id}`: {}", rule.summary)).subject(id);
    }
    Ok(())
}

fn is_valid(id: &str) -> bool {
    (6..=30).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && !id.ends_with('-')
}
