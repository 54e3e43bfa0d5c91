//! See [`CloudAssetIamQueryAgent`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};

use super::iam::{self, BASIC, CONSUMER, DEFAULT_ACCOUNT, DELETED, ESCALATION, PUBLIC};

declare_agent! {
    /// Finds risky IAM bindings in an export of all assets of a Google Cloud
    /// organisation.
    ///
    /// # What it checks
    /// The answers of `gcloud asset search-all-iam-policies` and `gcloud asset export
    /// --content-type=iam-policy`, as a JSON list: every policy with the resource
    /// that it is on, by the rules of `gcp_iam_policy_risk_auditor`.
    ///
    /// # Why it matters
    /// The policy of one project says little: access comes from the bucket, the
    /// folder, the service account as well. The export has them all.
    ///
    /// # Example denied
    /// ```json
    /// [{"resource": "//storage.googleapis.com/pictures", "policy":
    ///   {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}}]
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// [{"resource": "//storage.googleapis.com/pictures", "policy":
    ///   {"bindings": [{"role": "roles/storage.objectViewer", "members": ["group:ops@shop.example"]}]}}]
    /// ```
    ///
    /// # Limits
    /// Nothing is asked of the cloud: the export is as old as it is. Groups are not
    /// expanded and inheritance between resources is not followed.
    ///
    /// # References
    /// Cloud Asset Inventory: IamPolicySearchResult; CWE-269; CWE-284.
    pub struct CloudAssetIamQueryAgent {
        slug: "cloud_asset_iam_query_agent",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Json],
        triggers: Any(&["bindings"]),
        invariant_to: ALL,
        rules: [PUBLIC, BASIC, ESCALATION, CONSUMER, DEFAULT_ACCOUNT, DELETED],
        fixture: include_str!("fixtures/cloud_asset_iam_query_agent.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        let root = &document.root;
        let results = root
            .get("results")
            .or_else(|| root.get("assets"))
            .map_or_else(|| root.items(), Node::items);
        let one = std::slice::from_ref(root);
        for asset in if results.is_empty() { one } else { results } {
            report.tick(1)?;
            let policy = asset
                .get("policy")
                .or_else(|| asset.get("iamPolicy"))
                .or_else(|| asset.get("iam_policy"));
            let name = asset.get("resource").or_else(|| asset.get("name")).and_then(Node::as_str);
            if let (Some(policy), Some(name)) = (policy, name)
                && name.starts_with("//")
                && iam::is_policy(policy)
            {
                iam::check(policy, name, report)?;
            }
        }
    }
    Ok(())
}
