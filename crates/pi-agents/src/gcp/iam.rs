//! Bindings of IAM policies, wherever they are exported to.

use pi_agent_api::{Report, Stop};
use pi_artifacts::data::Node;

use super::rules::rule;

rule!(
    PUBLIC,
    "public-member",
    High,
    High,
    ["CWE-284", "CWE-732"],
    "anybody on the internet has a role",
    "name the accounts that need it"
);
rule!(
    BASIC,
    "basic-role",
    Medium,
    High,
    ["CWE-250", "CWE-269"],
    "owner or editor of everything",
    "give the predefined roles that are used"
);
rule!(
    ESCALATION,
    "role-that-gives-roles",
    Medium,
    High,
    ["CWE-269"],
    "a role by which its holder can become any other account or give roles",
    "give it on one service account and not on a project, to few people, under a condition"
);
rule!(
    CONSUMER,
    "consumer-account",
    Medium,
    High,
    ["CWE-284"],
    "a private account of a consumer service has a role",
    "use accounts of the organisation, which end when people leave"
);
rule!(
    DEFAULT_ACCOUNT,
    "default-account-with-basic-role",
    Medium,
    High,
    ["CWE-250"],
    "every machine of the project is owner or editor by the default service account",
    "make an account per service with the roles that it uses"
);
rule!(
    DELETED,
    "deleted-member",
    Low,
    High,
    ["CWE-710"],
    "an account that was deleted still stands in the policy",
    "remove it"
);

/// Roles that let their holder act as others or change policies.
const ESCALATING: &[&str] = &[
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.securityAdmin",
    "roles/iam.organizationRoleAdmin",
    "roles/iam.roleAdmin",
    "roles/iam.workforcePoolAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/resourcemanager.folderIamAdmin",
    "roles/resourcemanager.folderAdmin",
    "roles/resourcemanager.organizationAdmin",
    "roles/orgpolicy.policyAdmin",
];

/// Whether a node is a policy: every binding has a role of the right form.
pub(super) fn is_policy(node: &Node) -> bool {
    let bindings = node.get("bindings").map(Node::items).unwrap_or_default();
    !bindings.is_empty()
        && bindings.iter().all(|binding| {
            let role = binding.get("role").and_then(Node::as_str).unwrap_or_default();
            role.starts_with("roles/") || role.contains("/roles/")
        })
}

/// Looks at the bindings of a policy. `resource` is what it is on, if that is known.
pub(super) fn check(policy: &Node, resource: &str, report: &mut Report) -> Result<(), Stop> {
    for binding in policy.get("bindings").map(Node::items).unwrap_or_default() {
        let Some(role) = binding.get("role").and_then(Node::as_str) else { continue };
        let conditional = binding.get("condition").is_some_and(Node::is_map);
        for member in binding.get("members").map(Node::items).unwrap_or_default() {
            report.tick(1)?;
            if let Some(name) = member.as_str() {
                judge(Grant { role, name, conditional, resource }, member, report);
            }
        }
    }
    Ok(())
}

struct Grant<'a> {
    role: &'a str,
    name: &'a str,
    conditional: bool,
    resource: &'a str,
}

fn judge(grant: Grant<'_>, member: &Node, report: &mut Report) {
    let Grant { role, name, conditional, resource } = grant;
    let basic = matches!(role, "roles/owner" | "roles/editor");
    let default_account = name.ends_with("-compute@developer.gserviceaccount.com")
        || name.starts_with("serviceAccount:") && name.ends_with("@appspot.gserviceaccount.com");
    let mut say = |rule: &'static pi_agent_api::Rule| {
        let on = if resource.is_empty() { String::new() } else { format!("{resource}/") };
        report
            .finding(rule, member.span)
            .message(format!("`{name}` has `{role}`: {}", rule.summary))
            .subject(format!("{on}{role}/{name}"));
    };
    if name.starts_with("deleted:") {
        say(&DELETED);
        return;
    }
    if matches!(name, "allUsers" | "allAuthenticatedUsers") {
        say(&PUBLIC);
    }
    if basic && default_account {
        say(&DEFAULT_ACCOUNT);
    } else if basic && !name.ends_with("@cloudservices.gserviceaccount.com") {
        // The account of Google's own APIs is editor by design.
        say(&BASIC);
    }
    // A service agent of Google needs its roles.
    if ESCALATING.contains(&role) && !conditional && !name.contains("@gcp-sa-") {
        say(&ESCALATION);
    }
    let consumer = ["@gmail.com", "@googlemail.com", "@outlook.com", "@hotmail.com", "@yahoo.com"];
    if name.starts_with("user:") && consumer.iter().any(|end| name.ends_with(end)) {
        say(&CONSUMER);
    }
}
