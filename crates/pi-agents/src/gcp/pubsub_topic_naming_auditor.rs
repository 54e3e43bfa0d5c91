//! See [`PubsubTopicNamingAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};

use super::names::{counts, gcloud, is_open};
use super::rules::rule;

rule!(
    INVALID,
    "invalid-topic-name",
    Medium,
    High,
    ["CWE-1188"],
    "a name that no topic or subscription of Pub/Sub can have",
    "use 3 to 255 letters, digits and `-_.~+%`, with a letter first"
);
rule!(
    RESERVED,
    "reserved-topic-name",
    Medium,
    High,
    ["CWE-1188"],
    "a name that begins with `goog`, which Google keeps for itself",
    "choose another beginning"
);

declare_agent! {
    /// Finds topics and subscriptions of Pub/Sub whose name is refused.
    ///
    /// # What it checks
    /// Full names (`projects/P/topics/T`, subscriptions, snapshots, schemas) in values
    /// of any language, `google_pubsub_*` resources of Terraform, and `gcloud pubsub`
    /// commands in scripts.
    ///
    /// # Why it matters
    /// The name is checked when the resource is made, which is when the release runs.
    ///
    /// # Example denied
    /// ```sh
    /// gcloud pubsub topics create 1st-orders
    /// ```
    ///
    /// # Example allowed
    /// ```sh
    /// gcloud pubsub topics create orders-v1
    /// ```
    ///
    /// # Limits
    /// Names that are put together when the program runs are left out. Conventions of
    /// a house are for a policy.
    ///
    /// # References
    /// Pub/Sub: guidelines to name a topic or a subscription.
    pub struct PubsubTopicNamingAuditor {
        slug: "pubsub_topic_naming_auditor",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Any(&["/topics/", "/subscriptions/", "google_pubsub", "pubsub"]),
        invariant_to: ALL,
        rules: [INVALID, RESERVED],
        fixture: include_str!("fixtures/pubsub_topic_naming_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for literal in &artifact.literals().items {
        report.tick(1)?;
        let parts: Vec<&str> = literal.value.split('/').collect();
        if let ["projects", _, "topics" | "subscriptions" | "snapshots", name] = parts.as_slice()
            && counts(literal)
        {
            judge(name, literal.span, report);
        }
    }
    match artifact.kind() {
        Kind::Terraform => {
            for block in artifact.hcl()?.blocks_of("resource") {
                report.tick(1)?;
                let kind = block.labels.first().map(String::as_str).unwrap_or_default();
                if matches!(
                    kind,
                    "google_pubsub_topic" | "google_pubsub_subscription" | "google_pubsub_schema"
                ) && let Some(name) = block.body.attribute("name")
                    && let Some(text) = name.value.as_str()
                {
                    judge(text, name.value.span, report);
                }
            }
        }
        Kind::Shell => {
            let script = artifact.shell()?;
            for what in ["topics", "subscriptions", "snapshots"] {
                for (name, _) in gcloud(script, &["pubsub", what, "create"]) {
                    judge(&name.text, name.span, report);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn judge(name: &str, span: Span, report: &mut Report) {
    if is_open(name) || name.contains('/') {
        return;
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+%".contains(&byte);
    let valid = (3..=255).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(allowed);
    let rule = if !valid {
        &INVALID
    } else if name.to_ascii_lowercase().starts_with("goog") {
        &RESERVED
    } else {
        return;
    };
    report.finding(rule, span).message(format!("`{name}`: {}", rule.summary)).subject(name);
}
