//! See [`GcpIamPolicyRiskAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};

use super::iam::{self, BASIC, CONSUMER, DEFAULT_ACCOUNT, DELETED, ESCALATION, PUBLIC};
use super::rules::rule;

rule!(
    PERMISSION,
    "custom-role-gives-roles",
    Medium,
    High,
    ["CWE-269"],
    "a custom role has a permission by which its holder can become any other account",
    "take the permission out, and give it alone to those who administer"
);

declare_agent! {
    /// Finds IAM policies of Google Cloud that give too much.
    ///
    /// # What it checks
    /// Policies and custom roles as `gcloud ... get-iam-policy` and `gcloud iam roles
    /// describe` write them, in JSON or YAML: public members, basic roles, roles and
    /// permissions by which their holder gets others, default service accounts,
    /// consumer accounts, members that were deleted. A condition on a binding counts.
    ///
    /// # Why it matters
    /// One role that gives roles is all roles.
    ///
    /// # Example denied
    /// ```json
    /// {"bindings": [{"role": "roles/editor", "members": ["allUsers"]}]}
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// {"bindings": [{"role": "roles/storage.objectViewer", "members": ["group:ops@shop.example"]}]}
    /// ```
    ///
    /// # Limits
    /// What a group holds and what a condition means is not known. Policies that are
    /// inherited from folders are not in the file.
    ///
    /// # References
    /// CIS Google Cloud 1.1, 1.5, 1.6; CWE-269; CWE-284.
    pub struct GcpIamPolicyRiskAuditor {
        slug: "gcp_iam_policy_risk_auditor",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Json, Kind::Yaml],
        triggers: Any(&["bindings", "includedPermissions"]),
        invariant_to: ALL,
        rules: [PUBLIC, BASIC, ESCALATION, CONSUMER, DEFAULT_ACCOUNT, DELETED, PERMISSION],
        fixture: include_str!("fixtures/gcp_iam_policy_risk_auditor.md"),
        check: check,
    }
}

/// Permissions that lead to others.
const PERMISSIONS: &[&str] = &[
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccountKeys.create",
    "iam.roles.update",
    "resourcemanager.projects.setIamPolicy",
    "resourcemanager.folders.setIamPolicy",
    "resourcemanager.organizations.setIamPolicy",
    "deploymentmanager.deployments.create",
    "orgpolicy.policy.set",
];

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        let root = &document.root;
        // An export of assets is another agent's.
        if iam::is_policy(root) && root.get("assetType").is_none() {
            iam::check(root, "", report)?;
        }
        let title = root.get("title").or_else(|| root.get("name")).and_then(Node::as_str);
        for permission in root.get("includedPermissions").map(Node::items).unwrap_or_default() {
            report.tick(1)?;
            let Some(name) = permission.as_str().filter(|name| PERMISSIONS.contains(name)) else {
                continue;
            };
            report
                .finding(&PERMISSION, permission.span)
                .message(format!("`{name}` lets its holder become another account"))
                .subject(format!("{}/{name}", title.unwrap_or("role")));
        }
    }
    Ok(())
}
