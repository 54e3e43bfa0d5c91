//! See [`KubernetesReferenceLinter`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use super::manifest::{objects, workloads};
use super::{object_fields as fields, object_references as references};

declare_agent! {
    /// Finds Kubernetes objects that refer to what is not there.
    ///
    /// # What it checks
    /// Across all objects of a file: services, service monitors, network policies
    /// and their peers that select nothing; ingresses whose service or port does not
    /// exist; autoscalers without a target, and targets that set their replicas
    /// themselves; stateful sets without their headless service; service accounts,
    /// priority classes, config maps and secrets that are named and not defined;
    /// selectors that do not take their own pods. In every object: names of ports,
    /// ports of probes, values of labels, variables that are set twice, removed
    /// versions of the API and deprecated fields.
    ///
    /// # Why it matters
    /// The API server takes each object on its own. A policy that selects nothing
    /// protects nothing, and nobody is told.
    ///
    /// # Example denied
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   selector: {matchLabels: {app: web}}
    ///   template:
    ///     metadata: {labels: {app: wbe}}
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   selector: {matchLabels: {app: web}}
    ///   template:
    ///     metadata: {labels: {app: web}}
    /// ```
    ///
    /// # Limits
    /// One file is read at a time. What is not in it may be in another file or in the
    /// cluster; such findings are notes (`info`), and become warnings when the file
    /// holds objects of the kind that is looked for and none of them fits.
    ///
    /// # References
    /// Kubernetes documentation on services, policies, labels and probes; the
    /// deprecated API migration guide; CWE-694.
    pub struct KubernetesReferenceLinter {
        slug: "kubernetes_reference_linter",
        domain: ContainersK8s,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            references::SERVICE,
            references::MONITOR,
            references::POLICY,
            references::PEER,
            references::INGRESS,
            references::AUTOSCALER,
            references::FIXED_REPLICAS,
            references::STATEFUL,
            references::ACCOUNT,
            references::PRIORITY,
            references::SOURCE,
            references::SELECTOR,
            fields::PORT,
            fields::PROBE,
            fields::LABEL,
            fields::VARIABLE,
            fields::REMOVED,
            fields::FIELD,
        ],
        fixture: include_str!("fixtures/kubernetes_reference_linter.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let objects = objects(artifact.data()?, report)?;
    for object in &objects {
        report.tick(objects.len() as u64)?;
        references::check(object, &objects, report);
        fields::object(object, report);
    }
    for workload in workloads(&objects) {
        report.tick(1)?;
        references::pod(&workload, &objects, report);
        fields::workload(&workload, report);
    }
    Ok(())
}
