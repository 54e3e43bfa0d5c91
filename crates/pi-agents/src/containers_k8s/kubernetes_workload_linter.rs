//! See [`KubernetesWorkloadLinter`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use super::manifest::{objects, workloads};
use super::{workload_availability as availability, workload_habits as habits};

declare_agent! {
    /// Notes what Kubernetes workloads leave to defaults and to luck.
    ///
    /// # What it checks
    /// Availability: replicas that may share a node, no disruption budget, fewer
    /// than three replicas or an autoscaler that goes below, restart policies, jobs
    /// that stay for ever, cron jobs without a deadline, eviction of unhealthy pods.
    /// Isolation: no security context, user and group ids that belong to the host as
    /// well, AppArmor, SELinux options, ports below 1024 and of SSH, the default
    /// service account, secrets in variables, no network policy, no limit range or
    /// quota of the namespace, namespaces of the system. Images: pull policy and
    /// digest.
    ///
    /// # Why it matters
    /// None of these is a hole. Together they decide whether one failed node or one
    /// hijacked process stays a small matter.
    ///
    /// # Example denied
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     spec:
    ///       containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: report}
    /// spec: {schedule: "0 3 * * *", startingDeadlineSeconds: 600}
    /// ```
    ///
    /// # Limits
    /// One file is read at a time: a budget, a policy or a quota in another file is
    /// not seen, which is why these are notes of low confidence.
    ///
    /// # References
    /// CIS Kubernetes 5.1.5, 5.3.2, 5.4.1, 5.7.1, 5.7.3; Kubernetes documentation on
    /// scheduling, disruptions, jobs and images.
    pub struct KubernetesWorkloadLinter {
        slug: "kubernetes_workload_linter",
        domain: ContainersK8s,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            availability::AFFINITY,
            availability::BUDGET,
            availability::REPLICAS,
            availability::MINIMUM,
            availability::RESTART,
            availability::KEPT_JOB,
            availability::DEADLINE,
            availability::EVICTION,
            habits::CONTEXT,
            habits::LOW_USER,
            habits::LOW_GROUP,
            habits::APPARMOR,
            habits::SELINUX,
            habits::LOW_PORT,
            habits::SSH,
            habits::ACCOUNT,
            habits::SECRET,
            habits::PULL,
            habits::DIGEST,
            availability::POLICY,
            availability::LIMITS,
            availability::QUOTA,
            availability::SYSTEM,
        ],
        fixture: include_str!("fixtures/kubernetes_workload_linter.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let objects = objects(artifact.data()?, report)?;
    for object in &objects {
        report.tick(objects.len() as u64)?;
        availability::object(object, &objects, report);
        habits::object(object, report);
    }
    availability::namespaces(&objects, report);
    for workload in workloads(&objects) {
        report.tick(1)?;
        availability::workload(&workload, &objects, report);
        habits::workload(&workload, report);
    }
    Ok(())
}
