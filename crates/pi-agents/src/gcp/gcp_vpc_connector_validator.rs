//! See [`GcpVpcConnectorValidator`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};

use super::names::{Block, gcloud, is_open, option};
use super::rules::rule;

rule!(
    NAME,
    "invalid-connector-name",
    Medium,
    High,
    ["CWE-1188"],
    "a name that a connector cannot have",
    "use lower-case letters, digits and hyphens, with a letter first; hyphens count twice, and 20 is the most"
);
rule!(
    RANGE,
    "invalid-connector-range",
    Medium,
    High,
    ["CWE-1188"],
    "a range that a connector cannot have",
    "use a /28 of IPv4 whose last four bits are zero"
);
rule!(
    PUBLIC,
    "connector-range-not-private",
    Medium,
    Medium,
    ["CWE-668"],
    "the range of a connector lies among public addresses: hosts there cannot be reached any more",
    "use a range of RFC 1918"
);
rule!(
    OVERLAP,
    "connector-range-overlaps",
    Medium,
    High,
    ["CWE-1188"],
    "the range of a connector is in use by a subnet",
    "choose a range that nothing else has"
);

declare_agent! {
    /// Finds serverless VPC connectors that cannot be made.
    ///
    /// # What it checks
    /// `google_vpc_access_connector` in Terraform and `gcloud compute networks
    /// vpc-access connectors create` in scripts: the name, the range (IPv4, /28, no
    /// bits beyond it, private), and whether subnets of the same file use it.
    ///
    /// # Why it matters
    /// A connector takes minutes to fail, and a range that overlaps breaks routes.
    ///
    /// # Example denied
    /// ```sh
    /// gcloud compute networks vpc-access connectors create web --range=10.8.0.0/24
    /// ```
    ///
    /// # Example allowed
    /// ```sh
    /// gcloud compute networks vpc-access connectors create web --range=10.8.0.0/28
    /// ```
    ///
    /// # Limits
    /// Subnets of other files and of the network itself are not seen. A range or name
    /// that is an expression is left out.
    ///
    /// # References
    /// Serverless VPC Access: create a connector; RFC 1918.
    pub struct GcpVpcConnectorValidator {
        slug: "gcp_vpc_connector_validator",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Terraform, Kind::Shell],
        triggers: Any(&["vpc_access_connector", "vpc-access"]),
        invariant_to: ALL,
        rules: [NAME, RANGE, PUBLIC, OVERLAP],
        fixture: include_str!("fixtures/gcp_vpc_connector_validator.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::Shell {
        for (name, words) in gcloud(
            artifact.shell()?,
            &["compute", "networks", "vpc-access", "connectors", "create"],
        ) {
            report.tick(1)?;
            judge_name(&name.text, name.span, report);
            if let Some((word, range)) = option(&words, "--range") {
                judge_range(&range, word.span, &[], &name.text, report);
            }
        }
        return Ok(());
    }
    let body = artifact.hcl()?;
    let text = |block: &pi_artifacts::hcl::Block, name: &str| {
        let found = block.body.attribute(name)?;
        Some((found.value.as_str()?.to_owned(), found.value.span))
    };
    let of = |kind: &'static str| {
        body.blocks_of("resource")
            .filter(move |block| block.labels.first().is_some_and(|own| own == kind))
    };
    let subnets: Vec<Block> = of("google_compute_subnetwork")
        .filter_map(|block| Block::parse(&text(block, "ip_cidr_range")?.0))
        .collect();
    for block in of("google_vpc_access_connector") {
        report.tick(1 + subnets.len() as u64)?;
        let name = text(block, "name");
        if let Some((name, span)) = &name {
            judge_name(name, *span, report);
        }
        if let Some((range, span)) = text(block, "ip_cidr_range") {
            judge_range(&range, span, &subnets, &block.address(), report);
        }
    }
    Ok(())
}

fn judge_name(name: &str, span: Span, report: &mut Report) {
    if is_open(name) {
        return;
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let length: usize = name.bytes().map(|byte| if byte == b'-' { 2 } else { 1 }).sum();
    let valid = name.bytes().all(allowed)
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && length < 21;
    if !valid {
        report.finding(&NAME, span).message(format!("`{name}`: {}", NAME.summary)).subject(name);
    }
}

fn judge_range(text: &str, span: Span, subnets: &[Block], subject: &str, report: &mut Report) {
    if is_open(text) {
        return;
    }
    let range = Block::parse(text).filter(|range| range.length == 28 && !range.has_host_bits());
    let Some(range) = range else {
        report
            .finding(&RANGE, span)
            .message(format!("`{text}`: {}", RANGE.summary))
            .subject(subject);
        return;
    };
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    if !private.iter().filter_map(|text| Block::parse(text)).any(|block| range.is_within(block)) {
        report.finding(&PUBLIC, span).message(format!("`{text}` is not private")).subject(subject);
    }
    if subnets.iter().any(|subnet| subnet.overlaps(range)) {
        report
            .finding(&OVERLAP, span)
            .message(format!("`{text}` is in use by a subnet"))
            .subject(subject);
    }
}
