//! See [`IacScanner`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, terraform};

use super::check::judge;
use super::model::Graph;
use super::rules;

declare_agent! {
    /// Finds insecure settings of cloud resources in Terraform.
    ///
    /// # What it checks
    /// A table of rules on resources: storage and networks open to the
    /// world, missing encryption, logging, backups and authentication, policies
    /// that grant too much. Defaults of variables, locals and pure functions are
    /// evaluated; settings that live in a resource of their own are found there.
    ///
    /// # Why it matters
    /// A cloud does what its configuration says, at once and for everybody.
    ///
    /// # Example denied
    /// ```hcl
    /// resource "aws_s3_bucket_acl" "public" {
    ///   bucket = "reports"
    ///   acl    = "public-read"
    /// }
    /// ```
    ///
    /// # Example allowed
    /// ```hcl
    /// resource "aws_s3_bucket_acl" "private" {
    ///   bucket = "reports"
    ///   acl    = "private"
    /// }
    /// ```
    ///
    /// # Limits
    /// One file is judged: what comes from other files, modules or data sources
    /// is unknown, and unknown values are never reported. A setting kept in a
    /// resource of another file counts as missing.
    ///
    /// # References
    /// CIS Amazon Web Services Foundations Benchmark; CWE-284; CWE-311; CWE-778.
    pub struct IacScanner {
        slug: "iac_scanner",
        domain: IacCloud,
        phase: Validate,
        revision: 3,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Terraform],
        triggers: Always,
        invariant_to: ALL,
        rules: (rules::RULES),
        fixture: include_str!("fixtures/iac_scanner.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let graph = Graph { resources: terraform::resources(artifact.hcl()?) };
    for resource in &graph.resources {
        for row in rules::of(resource) {
            report.tick(1)?;
            for span in judge(&row.check, resource, &graph) {
                report.finding(&row.rule, span).subject(resource.address.clone());
            }
        }
        // Of a published module only what is written in the call is known.
        for row in rules::of_module(resource) {
            report.tick(1)?;
            let places = judge(&row.check, resource, &graph);
            for span in places.into_iter().filter(|span| *span != resource.span) {
                report.finding(&row.rule, span).subject(resource.address.clone());
            }
        }
    }
    Ok(())
}
