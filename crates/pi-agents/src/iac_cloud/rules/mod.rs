//! The tables of rules, one file a group of services.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use pi_agent_api::Rule;
use pi_artifacts::terraform::{Node, Resource};

use super::check::Row;

mod aws_alarms;
mod aws_data;
mod aws_further;
mod aws_network;
mod aws_platform;
mod aws_policies;
mod aws_services;
mod aws_storage;
mod azure_data;
mod azure_further;
mod azure_network;
mod cloud_formation;
mod google;
mod google_further;
mod kubernetes_github;
mod other_clouds;

pub(super) const TABLES: &[&[Row]] = &[
    aws_platform::ROWS,
    aws_alarms::ROWS,
    aws_data::ROWS,
    aws_further::ROWS,
    aws_network::ROWS,
    aws_policies::ROWS,
    aws_services::ROWS,
    aws_storage::ROWS,
    azure_data::ROWS,
    azure_further::ROWS,
    azure_network::ROWS,
    cloud_formation::ROWS,
    google::ROWS,
    google_further::ROWS,
    kubernetes_github::ROWS,
    other_clouds::ROWS,
];

#[expect(clippy::indexing_slicing, reason = "evaluated when compiling, within lengths")]
const COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

/// Every rule, for the description of the agent.
#[expect(clippy::indexing_slicing, reason = "evaluated when compiling, within lengths")]
pub(super) const RULES: &[&Rule] = &{
    let mut rules = [&TABLES[0][0].rule; COUNT];
    let (mut at, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            rules[at] = &TABLES[table][row].rule;
            at += 1;
            row += 1;
        }
        table += 1;
    }
    rules
};

/// The rows by the type that they judge.
static BY_KIND: LazyLock<BTreeMap<&str, Vec<&Row>>> = LazyLock::new(|| {
    let mut index: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in TABLES.iter().flat_map(|table| table.iter()) {
        for kind in row.kinds {
            index.entry(kind).or_default().push(row);
        }
    }
    index
});

/// The rows about a resource. Data sources are `data.TYPE`, providers
/// `provider.NAME`, other blocks their keyword.
pub(super) fn of(resource: &Resource) -> &'static [&'static Row] {
    let kind = match resource.mode.as_str() {
        "data" => Cow::Owned(format!("data.{}", resource.kind)),
        "provider" => Cow::Owned(format!("provider.{}", resource.name)),
        _ => Cow::Borrowed(resource.kind.as_str()),
    };
    BY_KIND.get(&*kind).map(Vec::as_slice).unwrap_or_default()
}

/// Published modules whose inputs are named as the arguments of a resource.
const MODULES: &[(&str, &str)] = &[
    ("terraform-aws-modules/alb/", "aws_lb"),
    ("terraform-aws-modules/autoscaling/", "aws_autoscaling_group"),
    ("terraform-aws-modules/ec2-instance/", "aws_instance"),
    ("terraform-aws-modules/eks/", "aws_eks_cluster"),
    ("terraform-aws-modules/elb/", "aws_elb"),
    ("terraform-aws-modules/kms/", "aws_kms_key"),
    ("terraform-aws-modules/lambda/", "aws_lambda_function"),
    ("terraform-aws-modules/rds-aurora/", "aws_rds_cluster"),
    ("terraform-aws-modules/rds/", "aws_db_instance"),
    ("terraform-aws-modules/redshift/", "aws_redshift_cluster"),
    ("terraform-aws-modules/s3-bucket/", "aws_s3_bucket"),
    ("terraform-aws-modules/sns/", "aws_sns_topic"),
    ("terraform-aws-modules/sqs/", "aws_sqs_queue"),
];

/// The rows about the resource that a published module makes.
pub(super) fn of_module(resource: &Resource) -> &'static [&'static Row] {
    let source = match resource.mode.as_str() {
        "module" => resource.body.get("source").and_then(Node::text).unwrap_or_default(),
        _ => return &[],
    };
    let kind = MODULES.iter().find(|(name, _)| source.starts_with(name)).map(|(_, kind)| *kind);
    kind.and_then(|kind| BY_KIND.get(kind)).map(Vec::as_slice).unwrap_or_default()
}
