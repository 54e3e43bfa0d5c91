//! See [`GcpWorkloadIdentityAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};

use super::rules::rule;

rule!(
    MOUNTED,
    "mounted-account-key",
    Medium,
    High,
    ["CWE-522"],
    "a workload gets its identity from a key that is mounted as a file and never ends",
    "bind the Kubernetes service account to a Google one (Workload Identity), and delete the key"
);
rule!(
    PIPELINE,
    "account-key-in-pipeline",
    Medium,
    High,
    ["CWE-522"],
    "a pipeline logs in to Google Cloud with a key that never ends",
    "use workload identity federation: `workload_identity_provider` and `permissions: id-token: write`"
);
rule!(
    ADDRESS,
    "malformed-account-address",
    Medium,
    High,
    ["CWE-1188"],
    "an account is named in a form that no service account has: the binding does nothing",
    "write `NAME@PROJECT.iam.gserviceaccount.com`"
);
rule!(
    DEFAULT,
    "default-account-bound",
    Medium,
    High,
    ["CWE-250"],
    "a workload acts as the default account of the project, which is often editor of everything",
    "make an account with the roles that the workload uses"
);
rule!(
    SHARED,
    "identity-for-whole-namespace",
    Medium,
    High,
    ["CWE-250"],
    "every pod of a namespace that names no account of its own gets the Google identity",
    "bind an account that only the workload uses, and not `default`"
);

declare_agent! {
    /// Finds workloads that reach Google Cloud by keys, or by too broad an identity.
    ///
    /// # What it checks
    /// Kubernetes manifests: `GOOGLE_APPLICATION_CREDENTIALS` that points into a
    /// mounted secret, and the annotation that binds a service account to one of
    /// Google's (form, default accounts, the account `default`). GitHub workflows:
    /// logins by `credentials_json` or a key in place of federation.
    ///
    /// # Why it matters
    /// A key never ends and works from anywhere. An identity that is bound to the
    /// workload ends with it.
    ///
    /// # Example denied
    /// ```yaml
    /// - uses: google-github-actions/auth@v2
    ///   with:
    ///     credentials_json: ${{ secrets.KEY }}
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// - uses: google-github-actions/auth@v2
    ///   with:
    ///     workload_identity_provider: projects/1/locations/global/workloadIdentityPools/p/providers/q
    /// ```
    ///
    /// # Limits
    /// The facts come from manifests; the IAM binding on Google's side and the mode of
    /// the node pool's metadata server are not in them. A mounted file that is a
    /// federation's configuration comes from a config map and is not reported.
    ///
    /// # References
    /// GKE: about Workload Identity Federation; CIS GKE 5.2.1, 5.2.2; CWE-522.
    pub struct GcpWorkloadIdentityAuditor {
        slug: "gcp_workload_identity_auditor",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes, Kind::GithubWorkflow, Kind::GithubAction],
        triggers: Any(&["google", "gcp"]),
        invariant_to: ALL,
        rules: [MOUNTED, PIPELINE, ADDRESS, DEFAULT, SHARED],
        fixture: include_str!("fixtures/gcp_workload_identity_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        match artifact.kind() {
            Kind::Kubernetes => manifest(&document.root, report)?,
            _ => steps(&document.root, report)?,
        }
    }
    Ok(())
}

fn manifest(root: &Node, report: &mut Report) -> Result<(), Stop> {
    report.tick(1)?;
    for item in root.get("items").map(Node::items).unwrap_or_default() {
        manifest(item, report)?;
    }
    if root.get("kind").and_then(Node::as_str) == Some("ServiceAccount") {
        account(root, report);
    }
    let name = root.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("workload");
    let paths: [&[&str]; 3] = [
        &["spec"],
        &["spec", "template", "spec"],
        &["spec", "jobTemplate", "spec", "template", "spec"],
    ];
    for pod in paths.iter().filter_map(|path| root.at(path)) {
        mounted(pod, name, report);
    }
    Ok(())
}

fn account(root: &Node, report: &mut Report) {
    let name = root.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("account");
    let bound = root
        .at(&["metadata", "annotations"])
        .and_then(|all| all.get("iam.gke.io/gcp-service-account"));
    let Some(bound) = bound else { return };
    let Some(address) = bound.as_str().filter(|text| !text.contains(['$', '{'])) else { return };
    let default = address.ends_with("-compute@developer.gserviceaccount.com")
        || address.ends_with("@appspot.gserviceaccount.com");
    let well_formed = address.split_once('@').is_some_and(|(local, domain)| {
        let (project, rest) = domain.split_once('.').unwrap_or((domain, ""));
        (6..=30).contains(&local.len())
            && !project.is_empty()
            && rest.ends_with("iam.gserviceaccount.com")
    });
    if default {
        report.finding(&DEFAULT, bound.span).subject(name);
    } else if !well_formed {
        report
            .finding(&ADDRESS, bound.span)
            .message(format!("`{address}` is no service account"))
            .subject(name);
    }
    if name == "default" {
        report.finding(&SHARED, bound.span).subject(name);
    }
}

fn mounted(pod: &Node, name: &str, report: &mut Report) {
    let volumes = pod.get("volumes").map(Node::items).unwrap_or_default();
    let secret = |volume: &str| {
        volumes.iter().any(|own| {
            own.get("name").and_then(Node::as_str) == Some(volume) && own.get("secret").is_some()
        })
    };
    for container in
        ["containers", "initContainers"].iter().filter_map(|key| pod.get(key)).flat_map(Node::items)
    {
        for variable in container.get("env").map(Node::items).unwrap_or_default() {
            let is_it = variable.get("name").and_then(Node::as_str)
                == Some("GOOGLE_APPLICATION_CREDENTIALS");
            let Some(value) = variable.get("value").filter(|_| is_it) else { continue };
            let path = value.as_str().unwrap_or_default();
            let from_secret =
                container.get("volumeMounts").map(Node::items).unwrap_or_default().iter().any(
                    |mount| {
                        let at = mount.get("mountPath").and_then(Node::as_str).unwrap_or("\0");
                        let volume = mount.get("name").and_then(Node::as_str).unwrap_or_default();
                        path.starts_with(at) && secret(volume)
                    },
                );
            if from_secret {
                report.finding(&MOUNTED, value.span).subject(name);
            }
        }
    }
}

fn steps(root: &Node, report: &mut Report) -> Result<(), Stop> {
    let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
    let of_jobs = jobs.iter().filter_map(|job| job.value.get("steps")).flat_map(Node::items);
    let own = root.at(&["runs", "steps"]).map(Node::items).unwrap_or_default();
    for (number, step) in of_jobs.chain(own).enumerate() {
        report.tick(1)?;
        let action = step.get("uses").and_then(Node::as_str).unwrap_or_default();
        let action = action.split('@').next().unwrap_or_default();
        let keys: &[&str] = match action {
            "google-github-actions/auth" => &["credentials_json"],
            "google-github-actions/setup-gcloud" => &["service_account_key"],
            "google-github-actions/deploy-cloudrun" => &["credentials"],
            _ => continue,
        };
        let Some(with) = step.get("with") else { continue };
        for entry in keys.iter().filter_map(|key| with.entry(key)) {
            report.finding(&PIPELINE, entry.key_span).subject(format!("{action}[{}]", number + 1));
        }
    }
    Ok(())
}
