//! See [`CloudConfigAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, cloudformation};

use super::check::judge;
use super::model::Graph;
use super::{rules, twins};

declare_agent! {
    /// Finds insecure settings of cloud resources in CloudFormation templates.
    ///
    /// # What it checks
    /// The rules of `iac_scanner`, on the resources of CloudFormation that are
    /// the same thing as one of Terraform: names of types and properties are
    /// translated, defaults of parameters and intrinsic functions evaluated.
    ///
    /// # Why it matters
    /// A cloud does what its template says, at once and for everybody.
    ///
    /// # Example denied
    /// ```yaml
    /// Resources:
    ///   Disk:
    ///     Type: AWS::EC2::Volume
    ///     Properties:
    ///       Encrypted: false
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// Resources:
    ///   Disk:
    ///     Type: AWS::EC2::Volume
    ///     Properties:
    ///       Encrypted: true
    ///       KmsKeyId: !Ref Key
    /// ```
    ///
    /// # Limits
    /// One template is judged; conditions, mappings and imports are unknown,
    /// and what is unknown is not reported. Types without a twin are not judged.
    ///
    /// # References
    /// CIS Amazon Web Services Foundations Benchmark; CWE-284; CWE-311; CWE-778.
    pub struct CloudConfigAuditor {
        slug: "cloud_config_auditor",
        domain: IacCloud,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::CloudFormation],
        triggers: Always,
        invariant_to: ALL,
        rules: (rules::RULES),
        fixture: include_str!("fixtures/cloud_config_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        let found = cloudformation::resources(&document.root);
        let graph = Graph { resources: found.into_iter().map(twins::twin).collect() };
        for resource in &graph.resources {
            for row in rules::of(resource) {
                report.tick(1)?;
                for span in judge(&row.check, resource, &graph) {
                    report.finding(&row.rule, span).subject(resource.address.clone());
                }
            }
        }
    }
    Ok(())
}
