//! More services of AWS: instances, containers, search, caches, logs, keys.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Above, Absent, All, Alone, Always, Any, Below, Entry, Is, Lacks, ListLacks, Off, Policy, Present, Says, Unsaid, Without};
use crate::iac_cloud::check::{Row, rows};

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "instance-without-profile" Low ["aws_instance"], Absent("iam_instance_profile"),
        "a machine has no role and needs stored keys", "CWE-522",
        "set `iam_instance_profile`";
    "instance-default-group" Medium ["aws_instance"], Any(&[Says("security_groups", &["default"]), Says("vpc_security_group_ids", &["default"])]),
        "a machine lives in the default security group", "CWE-284",
        "name a group of its own";
    "registry-public" Critical ["aws_ecr_repository_policy"], Policy("policy", crate::iac_cloud::predicates::for_anybody),
        "anybody may use a registry", "CWE-284",
        "name principals";
    "registry-without-policy" Low ["aws_ecr_repository"], Without(&Always, "aws_ecr_repository_policy", "repository", &Any(&[])),
        "no policy says who may use a registry", "CWE-284",
        "add an `aws_ecr_repository_policy`";
    "registry-without-own-key" Low ["aws_ecr_repository"], Lacks("encryption_configuration.encryption_type", &["KMS"]),
        "images are not encrypted with an own key", "CWE-311",
        "set `encryption_type` to KMS";
    "containers-not-observed" Low ["aws_ecs_cluster"], Entry("setting", "name", &["containerInsights"], &Lacks("value", &["enabled", "enhanced"]), true),
        "a cluster's containers are not observed", "CWE-778",
        "enable container insights";
    "containers-admin-role" Medium ["aws_ecs_service"], Says("iam_role", &["admin"]),
        "a service runs as an administrator", "CWE-250",
        "name a role with what it needs";
    "containers-none" Low ["aws_ecs_service"], Any(&[Below("desired_count", 1), Below("deployment_minimum_healthy_percent", 1)]),
        "a service runs no tasks", "CWE-693",
        "set `desired_count`";
    "containers-network-mode" Low ["aws_ecs_task_definition"], Lacks("network_mode", &["awsvpc"]),
        "containers share the host's network", "CWE-653",
        "set `network_mode` to awsvpc";
    "containers-volume-plain" High ["aws_ecs_task_definition"], All(&[Present("volume.efs_volume_configuration"), Lacks("volume.efs_volume_configuration.transit_encryption", &["ENABLED"])]),
        "files travel to containers in plain text", "CWE-319",
        "set `transit_encryption`";
    "containers-old-platform" Low ["aws_ecs_service"], All(&[Is("launch_type", &["FARGATE"]), All(&[Present("platform_version"), Lacks("platform_version", &["LATEST", "1.4.0"])])]),
        "a service runs on an old platform", "CWE-1104",
        "use the latest platform";
    "containers-exec-not-logged" Low ["aws_ecs_cluster"], Is("configuration.execute_command_configuration.logging", &["NONE"]),
        "commands in containers are not logged", "CWE-778",
        "configure logging";
    "containers-exec-plain" Low ["aws_ecs_cluster"], Any(&[All(&[Present("configuration.execute_command_configuration"), Off("configuration.execute_command_configuration.log_configuration.cloud_watch_encryption_enabled"), Off("configuration.execute_command_configuration.log_configuration.s3_bucket_encryption_enabled")]), All(&[Present("configuration.execute_command_configuration"), Absent("configuration.execute_command_configuration.kms_key_id")])]),
        "sessions in containers are not encrypted with an own key", "CWE-311",
        "set `kms_key_id` and encrypt the log";
    "efs-open" High ["aws_efs_file_system_policy"], Policy("policy", crate::iac_cloud::predicates::for_anybody),
        "anybody may use a file system", "CWE-284",
        "name principals";
    "efs-point-without-user" Low ["aws_efs_access_point"], Any(&[Absent("posix_user.uid"), Absent("posix_user.gid")]),
        "an access point enforces no user", "CWE-284",
        "set `posix_user`";
    "cluster-public" High ["aws_eks_cluster"], Any(&[Absent("vpc_config.endpoint_public_access"), Is("vpc_config.endpoint_public_access", &["true"])]),
        "a cluster's control plane has a public address", "CWE-284",
        "set `endpoint_public_access` to false";
    "cluster-open-to-all" High ["aws_eks_cluster"], Any(&[All(&[Absent("vpc_config.public_access_cidrs"), Absent("vpc_config.endpoint_public_access")]), All(&[Absent("vpc_config.public_access_cidrs"), Is("vpc_config.endpoint_public_access", &["true"])]), Is("vpc_config.public_access_cidrs", &["0.0.0.0/0"])]),
        "every address may reach a cluster's control plane", "CWE-284",
        "name `public_access_cidrs`";
    "cluster-logs-missing" Medium ["aws_eks_cluster"], Absent("enabled_cluster_log_types"),
        "a cluster's control plane writes no log", "CWE-778",
        "set `enabled_cluster_log_types`";
    "cluster-logs-incomplete" Low ["aws_eks_cluster"], ListLacks("enabled_cluster_log_types", &["api", "audit", "authenticator", "controllerManager", "scheduler"]),
        "some of a cluster's logs are off", "CWE-778",
        "enable all types";
    "cluster-old-version" Low ["aws_eks_cluster"], All(&[Present("version"), Lacks("version", &["1.29", "1.30", "1.31", "1.32", "1.33", "1.34"])]),
        "a cluster's version is out of support", "CWE-1104",
        "upgrade";
    "nodes-open-to-all" Medium ["aws_eks_node_group"], All(&[Present("remote_access.ec2_ssh_key"), Absent("remote_access.source_security_group_ids")]),
        "every address may reach a node over SSH", "CWE-284",
        "name `source_security_group_ids`";
    "cache-one-zone" Medium ["aws_elasticache_cluster", "aws_elasticache_replication_group"], All(&[Is("engine", &["memcached"]), Lacks("az_mode", &["cross-az"])]),
        "nodes of a cache stand in one zone", "CWE-693",
        "set `az_mode` to cross-az";
    "cache-without-backup" Medium ["aws_elasticache_cluster"], All(&[All(&[Present("engine"), Lacks("engine", &["memcached"])]), Below("snapshot_retention_limit", 1)]),
        "a cache keeps no snapshots", "CWE-693",
        "set `snapshot_retention_limit`";
    "cache-backup-off" Medium ["aws_elasticache_cluster"], All(&[Is("engine", &["redis"]), Below("snapshot_retention_limit", 1)]),
        "a cache keeps no snapshots", "CWE-693",
        "set `snapshot_retention_limit`";
    "cache-rest-plain" High ["aws_elasticache_replication_group"], Off("at_rest_encryption_enabled"),
        "a cache is stored in plain text", "CWE-311",
        "set `at_rest_encryption_enabled`";
    "cache-transit-plain" High ["aws_elasticache_replication_group"], Off("transit_encryption_enabled"),
        "a cache is spoken to in plain text", "CWE-319",
        "set `transit_encryption_enabled`";
    "cache-default-port" Low ["aws_elasticache_cluster", "aws_elasticache_replication_group"], Any(&[All(&[Is("engine", &["redis"]), Absent("port")]), All(&[Is("engine", &["redis"]), Is("port", &["6379"])]), All(&[Is("engine", &["memcached"]), Absent("port")]), All(&[Is("engine", &["memcached"]), Is("port", &["11211"])])]),
        "a cache listens on the port that is tried first", "CWE-1188",
        "choose another port";
    "cache-outside-vpc" Low ["aws_elasticache_cluster", "aws_elasticache_replication_group"], Absent("subnet_group_name"),
        "a cache is in no network of its own", "CWE-284",
        "set `subnet_group_name`";
    "cache-group-undescribed" Low ["aws_elasticache_security_group"], Absent("description"),
        "a cache's security group has no purpose", "CWE-1059",
        "add a description";
    "redis-old" Medium ["aws_elasticache_cluster"], All(&[Is("engine", &["redis"]), Is("engine_version", &["2.6.13", "2.8.6", "2.8.19", "2.8.21", "2.8.22", "2.8.23", "2.8.24", "3.2.4", "3.2.10"])]),
        "a cache's version cannot encrypt", "CWE-1104",
        "upgrade";
    "redis-disabled" Low ["aws_elasticache_cluster"], Is("engine", &["memcached"]),
        "a cache cannot encrypt or authenticate", "CWE-306",
        "use redis";
    "search-nodes-plain" High ["aws_elasticsearch_domain", "aws_opensearch_domain"], Off("node_to_node_encryption.enabled"),
        "nodes of a search domain talk in plain text", "CWE-319",
        "set `node_to_node_encryption.enabled`";
    "search-rest-plain" High ["aws_elasticsearch_domain", "aws_opensearch_domain"], Off("encrypt_at_rest.enabled"),
        "a search domain is stored in plain text", "CWE-311",
        "set `encrypt_at_rest.enabled`";
    "search-without-own-key" Low ["aws_elasticsearch_domain", "aws_opensearch_domain"], Absent("encrypt_at_rest.kms_key_id"),
        "a search domain is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "search-not-logged" Medium ["aws_elasticsearch_domain", "aws_opensearch_domain"], Any(&[Absent("log_publishing_options"), Is("log_publishing_options.enabled", &["false"])]),
        "a search domain writes no log", "CWE-778",
        "configure `log_publishing_options`";
    "search-slow-not-logged" Medium ["aws_elasticsearch_domain", "aws_opensearch_domain"], Any(&[Lacks("log_publishing_options.log_type", &["INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"]), Is("log_publishing_options.enabled", &["false"])]),
        "slow requests of a search domain are not logged", "CWE-778",
        "publish the slow logs";
    "search-not-audited" Medium ["aws_elasticsearch_domain", "aws_opensearch_domain"], Entry("log_publishing_options", "log_type", &["AUDIT_LOGS"], &Is("enabled", &["false"]), true),
        "a search domain keeps no audit log", "CWE-778",
        "publish AUDIT_LOGS";
    "search-without-users" Medium ["aws_elasticsearch_domain", "aws_opensearch_domain"], Any(&[Off("advanced_security_options.enabled"), Off("advanced_security_options.internal_user_database_enabled")]),
        "a search domain knows no users", "CWE-284",
        "enable `advanced_security_options`";
    "search-http" High ["aws_elasticsearch_domain", "aws_opensearch_domain"], Off("domain_endpoint_options.enforce_https"),
        "a search domain answers over HTTP", "CWE-319",
        "set `enforce_https`";
    "search-old-tls" High ["aws_elasticsearch_domain", "aws_opensearch_domain"], Unsaid("domain_endpoint_options.tls_security_policy", &["tls-1-2"]),
        "a search domain takes outdated TLS", "CWE-327",
        "set `tls_security_policy` to Policy-Min-TLS-1-2-2019-07";
    "search-not-available" Low ["aws_elasticsearch_domain", "aws_opensearch_domain"], Any(&[Below("cluster_config.dedicated_master_count", 3), Off("cluster_config.zone_awareness_enabled")]),
        "a search domain does not survive a failure", "CWE-693",
        "use three masters and zones";
    "search-open" High ["aws_elasticsearch_domain_policy", "aws_opensearch_domain_policy"], Policy("access_policies", crate::iac_cloud::predicates::for_anybody),
        "anybody may use a search domain", "CWE-284",
        "name principals";
    "search-without-iam" Medium ["aws_elasticsearch_domain"], Any(&[All(&[Absent("access_policies"), Without(&Always, "aws_elasticsearch_domain_policy", "domain_name", &Any(&[]))]), Policy("access_policies", crate::iac_cloud::predicates::for_anybody)]),
        "a search domain asks nobody who they are", "CWE-306",
        "add access policies";
    "classic-balancer-not-logged" Medium ["aws_elb"], Any(&[Absent("access_logs.bucket"), Is("access_logs.enabled", &["false"])]),
        "a balancer writes no access log", "CWE-778",
        "configure `access_logs`";
    "balancer-desync" Low ["aws_lb", "aws_alb", "aws_elb"], All(&[Present("desync_mitigation_mode"), Lacks("desync_mitigation_mode", &["defensive", "strictest"])]),
        "a balancer lets ambiguous requests through", "CWE-444",
        "set `desync_mitigation_mode` to defensive";
    "balancer-old-protocols" High ["aws_load_balancer_policy"], Any(&[Entry("policy_attribute", "name", &["Protocol-SSLv3", "Protocol-TLSv1", "Protocol-TLSv1.1", "SSLv3", "TLSv1"], &Is("value", &["true"]), false), Is("policy_attribute.value", &["ELBSecurityPolicy-2014-01", "ELBSecurityPolicy-2015-05", "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS-1-1-2017-01"])]),
        "a balancer takes outdated TLS", "CWE-327",
        "take TLS 1.2 only";
    "balancer-weak-ciphers" High ["aws_load_balancer_policy"], Says("policy_attribute.name", &["rc4", "des-cbc", "null", "export", "-md5", "seed", "camellia", "adh-", "edh-"]),
        "a balancer takes weak ciphers", "CWE-327",
        "take strong ciphers only";
    "lb-without-waf" Medium ["aws_lb", "aws_alb"], Any(&[All(&[Is("internal", &["true"]), Absent("internal")]), All(&[All(&[Present("load_balancer_type"), Lacks("load_balancer_type", &["application"])]), Absent("load_balancer_type")]), All(&[Without(&Always, "aws_wafregional_web_acl_association", "resource_arn", &Any(&[])), Without(&Always, "aws_wafv2_web_acl_association", "resource_arn", &Any(&[]))])]),
        "a balancer has no firewall for web requests", "CWE-693",
        "associate a web ACL";
    "target-group-without-check" Low ["aws_lb_target_group", "aws_alb_target_group"], Any(&[All(&[All(&[Present("target_type"), Lacks("target_type", &["lambda"])]), Is("protocol", &["HTTP", "HTTPS"]), Absent("health_check.path")]), All(&[Absent("target_type"), Is("protocol", &["HTTP", "HTTPS"]), Absent("health_check.path")])]),
        "broken targets stay in use", "CWE-693",
        "set `health_check.path`";
    "listener-old-tls" High ["aws_lb_listener", "aws_alb_listener"], All(&[Is("protocol", &["HTTPS", "TLS"]), Unsaid("ssl_policy", &["tls-1-2", "tls13", "fs-1-2"])]),
        "a listener takes outdated TLS", "CWE-327",
        "name a policy of TLS 1.2 or later";
    "emr-outside-vpc" Low ["aws_emr_cluster"], All(&[Absent("ec2_attributes.subnet_id"), Absent("ec2_attributes.subnet_ids")]),
        "a cluster is in no network of its own", "CWE-284",
        "set `subnet_id`";
    "emr-without-settings" Medium ["aws_emr_cluster"], Absent("security_configuration"),
        "a cluster has no security configuration", "CWE-311",
        "name a `security_configuration`";
    "accelerator-not-logged" Medium ["aws_globalaccelerator_accelerator"], Off("attributes.flow_logs_enabled"),
        "flows of an accelerator are not logged", "CWE-778",
        "set `flow_logs_enabled`";
    "glue-catalog-plain" High ["aws_glue_data_catalog_encryption_settings"], Any(&[Off("*connection_password_encryption.return_connection_password_encrypted"), Lacks("*encryption_at_rest.catalog_encryption_mode", &["SSE-KMS"]), Absent("*connection_password_encryption.aws_kms_key_id"), Absent("*encryption_at_rest.sse_aws_kms_key_id")]),
        "a data catalogue is stored in plain text", "CWE-311",
        "encrypt catalogue and passwords";
    "glue-settings-plain" High ["aws_glue_security_configuration"], Any(&[Lacks("*cloudwatch_encryption.cloudwatch_encryption_mode", &["SSE-KMS"]), Lacks("*job_bookmarks_encryption.job_bookmarks_encryption_mode", &["CSE-KMS"]), Lacks("*s3_encryption.s3_encryption_mode", &["SSE-KMS", "SSE-S3"])]),
        "jobs write in plain text", "CWE-311",
        "encrypt logs, bookmarks and data";
    "glue-without-settings" Low ["aws_glue_crawler", "aws_glue_dev_endpoint", "aws_glue_job"], Absent("security_configuration"),
        "a job has no security configuration", "CWE-311",
        "name a `security_configuration`";
    "guardduty-off" High ["aws_guardduty_detector"], Is("enable", &["false"]),
        "threats are not looked for", "CWE-778",
        "leave `enable` on";
    "provider-with-keys" Critical ["provider.aws"], Any(&[Says("access_key", &["akia", "asia"]), All(&[Present("secret_key"), Unsaid("secret_key", &["mock", "test", "fake"])])]),
        "credentials of a cloud stand in its configuration", "CWE-798",
        "take credentials from the environment";
    "hardcoded-key" High ["aws_instance"], Says("user_data", &["akia", "asia", "aws_access_key"]),
        "a machine starts with credentials in its script", "CWE-798",
        "use an instance profile";
    "policy-attached-to-user" Low ["aws_iam_policy_attachment", "aws_iam_user_policy", "aws_iam_user_policy_attachment"], Any(&[Present("users"), Present("user")]),
        "rights are given to a person, not to a group", "CWE-269",
        "attach policies to groups";
    "group-without-members" Low ["aws_iam_group_membership"], Absent("users"),
        "a group has no members", "CWE-1053",
        "add users or drop it";
    "group-without-mfa" Medium ["aws_iam_group"], All(&[Alone("aws_iam_group_policy"), Alone("aws_iam_policy")]),
        "members of a group need no second factor", "CWE-308",
        "demand it in a policy";
    "user-login" Low ["aws_iam_user"], Always,
        "a person is a user of the account itself", "CWE-287",
        "use single sign-on";
    "admin-attached" High ["aws_iam_role", "aws_iam_policy_attachment", "aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment", "aws_ssoadmin_managed_policy_attachment"], Any(&[Says("policy_arn", &[":policy/administratoraccess"]), Says("managed_policy_arns", &[":policy/administratoraccess"]), Says("managed_policy_arn", &[":policy/administratoraccess"])]),
        "administrator's rights are attached", "CWE-250",
        "attach what is needed";
    "iam-full-access-attached" High ["aws_iam_role", "aws_iam_policy_attachment", "aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment"], Any(&[Says("policy_arn", &[":policy/iamfullaccess"]), Says("managed_policy_arns", &[":policy/iamfullaccess"])]),
        "full rights over identities are attached", "CWE-250",
        "attach what is needed";
    "root-has-keys" Critical ["aws_iam_access_key"], Is("user", &["root"]),
        "the root account has keys", "CWE-250",
        "drop the key";
    "no-password-policy" Medium ["aws_iam_user"], Alone("aws_iam_account_password_policy"),
        "nothing is demanded of passwords", "CWE-521",
        "add an account password policy";
    "stream-without-key" Medium ["aws_kinesis_stream"], Any(&[Lacks("encryption_type", &["KMS"]), Absent("kms_key_id")]),
        "a stream is not encrypted with a key", "CWE-311",
        "set `encryption_type` and `kms_key_id`";
    "stream-plain" Medium ["aws_kinesis_stream"], Lacks("encryption_type", &["KMS"]),
        "a stream is stored in plain text", "CWE-311",
        "set `encryption_type` to KMS";
    "firehose-plain" Medium ["aws_kinesis_firehose_delivery_stream"], Off("server_side_encryption.enabled"),
        "a delivery stream is stored in plain text", "CWE-311",
        "set `server_side_encryption.enabled`";
    "key-open" High ["aws_kms_key"], Policy("policy", crate::iac_cloud::predicates::for_anybody_everything),
        "anybody may use a key", "CWE-284",
        "name principals";
    "key-deletion-window" Low ["aws_kms_key"], Any(&[Absent("deletion_window_in_days"), Above("deletion_window_in_days", 30)]),
        "nothing says how long a key may be called back", "CWE-693",
        "set `deletion_window_in_days`";
};
