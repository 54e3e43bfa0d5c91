//! Amazon S3, EFS and EBS.

use pi_core::Severity::{High, Low, Medium};

use crate::iac_cloud::check::Check::{
    Absent, All, Always, Any, Is, Lacks, Off, Policy, Present, Without,
};
use crate::iac_cloud::check::{Row, row};

const BUCKET: &[&str] = &["aws_s3_bucket"];
const BLOCK: &[&str] = &["aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"];
const POLICIES: &[&str] = &["aws_s3_bucket", "aws_s3_bucket_policy"];
const ACLS: &[&str] = &["aws_s3_bucket", "aws_s3_bucket_acl"];
const GROUPS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const SIGNED_IN: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

/// The rows.
pub(super) const ROWS: &[Row] = &[
    row(
        "s3-acl-public",
        High,
        ACLS,
        Any(&[
            Is("acl", &["public-read", "public-read-write"]),
            Is("access_control_policy.grant.grantee.uri", &[GROUPS]),
        ]),
        "the access list of a bucket admits everybody",
        &["CWE-732"],
        "use the ACL `private`",
    ),
    row(
        "s3-acl-authenticated",
        High,
        ACLS,
        Any(&[
            Is("acl", &["authenticated-read"]),
            Is("access_control_policy.grant.grantee.uri", &[SIGNED_IN]),
        ]),
        "the access list of a bucket admits every AWS account",
        &["CWE-732"],
        "use the ACL `private`",
    ),
    row(
        "s3-acl-write-acp",
        High,
        ACLS,
        Is("access_control_policy.grant.permission", &["WRITE_ACP"]),
        "a grant allows the access list itself to be rewritten",
        &["CWE-732"],
        "grant READ or WRITE, not WRITE_ACP",
    ),
    row(
        "s3-public-acls-allowed",
        Medium,
        BLOCK,
        Off("block_public_acls"),
        "public access lists are not blocked",
        &["CWE-732"],
        "set `block_public_acls = true`",
    ),
    row(
        "s3-public-policy-allowed",
        Medium,
        BLOCK,
        Off("block_public_policy"),
        "public bucket policies are not blocked",
        &["CWE-732"],
        "set `block_public_policy = true`",
    ),
    row(
        "s3-public-acls-honoured",
        Medium,
        BLOCK,
        Off("ignore_public_acls"),
        "public access lists that exist are not ignored",
        &["CWE-732"],
        "set `ignore_public_acls = true`",
    ),
    row(
        "s3-public-buckets-unrestricted",
        Medium,
        BLOCK,
        Off("restrict_public_buckets"),
        "buckets with public policies are not restricted",
        &["CWE-732"],
        "set `restrict_public_buckets = true`",
    ),
    row(
        "s3-public-access-block-missing",
        Low,
        BUCKET,
        Without(&Always, "aws_s3_bucket_public_access_block", "bucket", &Absent("bucket")),
        "no public access block guards a bucket",
        &["CWE-732"],
        "add an `aws_s3_bucket_public_access_block`",
    ),
    row(
        "s3-not-versioned",
        Medium,
        BUCKET,
        Without(
            &Off("versioning.enabled"),
            "aws_s3_bucket_versioning",
            "bucket",
            &Lacks("versioning_configuration.status", &["Enabled"]),
        ),
        "objects of a bucket are not versioned",
        &["CWE-693"],
        "add an `aws_s3_bucket_versioning` with the status `Enabled`",
    ),
    row(
        "s3-mfa-delete-off",
        Low,
        BUCKET,
        Without(
            &Off("versioning.mfa_delete"),
            "aws_s3_bucket_versioning",
            "bucket",
            &Lacks("versioning_configuration.mfa_delete", &["Enabled"]),
        ),
        "versions can be deleted without a second factor",
        &["CWE-308"],
        "set `mfa_delete`",
    ),
    row(
        "s3-not-logged",
        Medium,
        BUCKET,
        All(&[
            Lacks("acl", &["log-delivery-write"]),
            Without(
                &Absent("logging"),
                "aws_s3_bucket_logging",
                "bucket",
                &Absent("target_bucket"),
            ),
        ]),
        "access to a bucket is not logged",
        &["CWE-778"],
        "add an `aws_s3_bucket_logging`",
    ),
    row(
        "s3-encryption-without-own-key",
        Medium,
        BUCKET,
        Without(
            &Lacks(
                "server_side_encryption_configuration.rule.apply_server_side_encryption_by_default.sse_algorithm",
                &["aws:kms", "aws:kms:dsse"],
            ),
            "aws_s3_bucket_server_side_encryption_configuration",
            "bucket",
            &Lacks(
                "rule.apply_server_side_encryption_by_default.sse_algorithm",
                &["aws:kms", "aws:kms:dsse"],
            ),
        ),
        "a bucket is not encrypted with a key of its own",
        &["CWE-311"],
        "use `aws:kms` and a customer managed key",
    ),
    row(
        "s3-cors-for-all",
        Medium,
        &["aws_s3_bucket", "aws_s3_bucket_cors_configuration"],
        All(&[
            Is("cors_rule.allowed_origins", &["*"]),
            Is("cors_rule.allowed_methods", &["*", "PUT", "POST", "DELETE"]),
        ]),
        "any site may change objects through browsers",
        &["CWE-942"],
        "name the origins and methods",
    ),
    row(
        "s3-website",
        Low,
        &["aws_s3_bucket", "aws_s3_bucket_website_configuration"],
        Any(&[Present("website"), Present("index_document"), Present("redirect_all_requests_to")]),
        "a bucket serves a public website",
        &["CWE-732"],
        "serve it through CloudFront",
    ),
    row(
        "s3-policy-for-anybody",
        High,
        POLICIES,
        Policy("policy", |s| s.for_anybody()),
        "a bucket policy admits everybody",
        &["CWE-732"],
        "name the principals",
    ),
    row(
        "s3-policy-all-actions",
        High,
        POLICIES,
        Policy("policy", |s| s.for_anybody() && s.all_actions()),
        "a bucket policy allows everything to everybody",
        &["CWE-732"],
        "name actions and principals",
    ),
    row(
        "s3-policy-public-get",
        High,
        POLICIES,
        Policy("policy", |s| {
            s.for_anybody() && s.actions.iter().any(|a| a.contains("get") || a == "*")
        }),
        "a bucket policy lets anybody read objects",
        &["CWE-732"],
        "name the principals",
    ),
    row(
        "s3-policy-public-list",
        High,
        POLICIES,
        Policy("policy", |s| {
            s.for_anybody() && s.actions.iter().any(|a| a.contains("list") || a == "*")
        }),
        "a bucket policy lets anybody list objects",
        &["CWE-732"],
        "name the principals",
    ),
    row(
        "s3-policy-public-put",
        High,
        POLICIES,
        Policy("policy", |s| {
            s.for_anybody() && s.actions.iter().any(|a| a.contains("put") || a == "*")
        }),
        "a bucket policy lets anybody write objects",
        &["CWE-732"],
        "name the principals",
    ),
    row(
        "s3-policy-public-delete",
        High,
        POLICIES,
        Policy("policy", |s| {
            s.for_anybody() && s.actions.iter().any(|a| a.contains("delete") || a == "*")
        }),
        "a bucket policy lets anybody delete objects",
        &["CWE-732"],
        "name the principals",
    ),
    row(
        "efs-not-encrypted",
        High,
        &["aws_efs_file_system"],
        Off("encrypted"),
        "a file system is not encrypted",
        &["CWE-311"],
        "set `encrypted = true`",
    ),
    row(
        "efs-without-own-key",
        Low,
        &["aws_efs_file_system"],
        Absent("kms_key_id"),
        "a file system is not encrypted with a key of its own",
        &["CWE-311"],
        "set `kms_key_id`",
    ),
    row(
        "ebs-volume-not-encrypted",
        High,
        &["aws_ebs_volume", "aws_ebs_snapshot_copy"],
        Off("encrypted"),
        "a volume is not encrypted",
        &["CWE-311"],
        "set `encrypted = true`",
    ),
    row(
        "ebs-volume-without-own-key",
        Low,
        &["aws_ebs_volume"],
        Absent("kms_key_id"),
        "a volume is not encrypted with a key of its own",
        &["CWE-311"],
        "set `kms_key_id`",
    ),
    row(
        "ebs-default-encryption-off",
        Medium,
        &["aws_ebs_encryption_by_default"],
        Is("enabled", &["false"]),
        "new volumes are not encrypted by default",
        &["CWE-311"],
        "set `enabled = true`",
    ),
];
