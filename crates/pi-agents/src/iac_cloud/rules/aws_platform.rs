//! Services of AWS: interfaces, messages, builds, identity, data.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Absent, All, Alone, Always, Any, Below, Is, Lacks, Off, Present, Says, Unsaid, Without};
use crate::iac_cloud::check::{Row, rows};

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "api-stage-not-logged" Medium ["aws_api_gateway_stage", "aws_apigatewayv2_stage"], Absent("access_log_settings"),
        "an API's stage writes no access log", "CWE-778",
        "configure `access_log_settings`";
    "api-stage-not-traced" Low ["aws_api_gateway_stage"], Off("xray_tracing_enabled"),
        "an API's stage is not traced", "CWE-778",
        "set `xray_tracing_enabled`";
    "api-cache-not-encrypted" Medium ["aws_api_gateway_method_settings"], All(&[Is("settings.caching_enabled", &["true"]), Off("settings.cache_data_encrypted")]),
        "cached answers of an API are stored in plain text", "CWE-311",
        "set `cache_data_encrypted`";
    "api-method-open" High ["aws_api_gateway_method"], All(&[All(&[Present("http_method"), Lacks("http_method", &["OPTIONS"])]), Lacks("authorization", &["AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"]), Off("api_key_required")]),
        "a method of an API can be called by anybody", "CWE-306",
        "name an authorizer or demand a key";
    "api-method-without-authorization" Medium ["aws_api_gateway_method"], All(&[All(&[Present("http_method"), Lacks("http_method", &["OPTIONS"])]), Lacks("authorization", &["AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"])]),
        "a method of an API demands no authorization", "CWE-306",
        "name an authorizer";
    "api-method-without-key" Low ["aws_api_gateway_method"], Off("api_key_required"),
        "a method of an API demands no key", "CWE-306",
        "set `api_key_required`";
    "api-domain-policy-missing" High ["aws_api_gateway_domain_name"], Unsaid("security_policy", &["tls_1_2", "tls13", "tls_1_3"]),
        "an API's domain takes outdated TLS", "CWE-327",
        "set `security_policy` to TLS_1_2";
    "api-stage-without-certificate" Low ["aws_api_gateway_stage"], Absent("client_certificate_id"),
        "a backend cannot tell calls of the API from others", "CWE-295",
        "set `client_certificate_id`";
    "api-stage-without-waf" Medium ["aws_api_gateway_stage"], All(&[Without(&Always, "aws_wafregional_web_acl_association", "resource_arn", &Any(&[])), Without(&Always, "aws_wafv2_web_acl_association", "resource_arn", &Any(&[]))]),
        "an API's stage has no firewall for web requests", "CWE-693",
        "associate a web ACL";
    "api-deployment-without-plan" Low ["aws_api_gateway_deployment"], Alone("aws_api_gateway_usage_plan"),
        "a deployment belongs to no usage plan: calls are not limited", "CWE-770",
        "add an `aws_api_gateway_usage_plan`";
    "api-deployment-gap" Low ["aws_api_gateway_deployment", "aws_api_gateway_rest_api"], Off("lifecycle.create_before_destroy"),
        "replacing a deployment interrupts the API", "CWE-636",
        "set `create_before_destroy`";
    "api-settings-without-level" Medium ["aws_api_gateway_method_settings"], Lacks("settings.logging_level", &["ERROR", "INFO"]),
        "an API's executions are not logged", "CWE-778",
        "set `logging_level`";
    "api-data-traced" Medium ["aws_api_gateway_method_settings"], Is("settings.data_trace_enabled", &["true"]),
        "whole requests and answers of an API are logged", "CWE-532",
        "set `data_trace_enabled` to false";
    "api-without-validation" Low ["aws_api_gateway_method"], Absent("request_validator_id"),
        "requests of an API are not validated", "CWE-20",
        "name a request validator";
    "athena-results-not-encrypted" High ["aws_athena_workgroup"], Absent("configuration.result_configuration.encryption_configuration"),
        "results of queries are stored in plain text", "CWE-311",
        "configure `encryption_configuration`";
    "athena-settings-overridable" High ["aws_athena_workgroup"], Is("configuration.enforce_workgroup_configuration", &["false"]),
        "clients may turn the workgroup's settings off", "CWE-693",
        "set `enforce_workgroup_configuration`";
    "aurora-not-encrypted" High ["aws_rds_cluster"], Off("storage_encrypted"),
        "a database cluster is stored in plain text", "CWE-311",
        "set `storage_encrypted`";
    "group-without-balancer" Low ["aws_autoscaling_group"], All(&[Absent("load_balancers"), Absent("target_group_arns"), Without(&Always, "aws_autoscaling_attachment", "autoscaling_group_name", &Any(&[]))]),
        "no load balancer stands before a group of instances", "CWE-693",
        "name load balancers or target groups";
    "group-tags-missing" Low ["aws_autoscaling_group"], All(&[Absent("tag"), Absent("tags")]),
        "instances of a group carry no tags", "CWE-1059",
        "propagate tags";
    "database-minor-upgrades-off" Low ["aws_db_instance", "aws_rds_cluster_instance"], Is("auto_minor_version_upgrade", &["false"]),
        "fixes of a database are not installed", "CWE-1104",
        "leave `auto_minor_version_upgrade` on";
    "database-old-ca" Medium ["aws_db_instance"], Lacks("ca_cert_identifier", &["rds-ca-2019", "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"]),
        "a database's certificate is of an outdated authority", "CWE-295",
        "name a current authority";
    "cdn-missing" Low ["aws_cloudfront_distribution"], Any(&[Is("enabled", &["false"]), Absent("origin")]),
        "a distribution serves nothing", "CWE-1053",
        "enable it and name an origin";
    "distribution-disabled" Low ["aws_cloudfront_distribution"], Is("enabled", &["false"]),
        "a distribution is switched off", "CWE-1053",
        "set `enabled`";
    "distribution-old-tls" High ["aws_cloudfront_distribution"], Unsaid("viewer_certificate.minimum_protocol_version", &["tlsv1.2_", "tlsv1.3"]),
        "a distribution takes outdated TLS", "CWE-327",
        "set `minimum_protocol_version` to TLSv1.2_2021";
    "distribution-default-certificate" Low ["aws_cloudfront_distribution"], Is("viewer_certificate.cloudfront_default_certificate", &["true"]),
        "a distribution serves with the shared certificate", "CWE-295",
        "use a certificate of your own";
    "distribution-no-failover" Low ["aws_cloudfront_distribution"], Absent("origin_group.failover_criteria"),
        "a distribution has one origin only", "CWE-693",
        "add an origin group";
    "distribution-everywhere" Low ["aws_cloudfront_distribution"], Is("restrictions.geo_restriction.restriction_type", &["none"]),
        "a distribution serves every country", "CWE-284",
        "restrict countries where you may";
    "distribution-without-headers" Low ["aws_cloudfront_distribution"], Absent("default_cache_behavior.response_headers_policy_id"),
        "answers carry no security headers", "CWE-693",
        "name a response headers policy";
    "headers-without-hsts" Medium ["aws_cloudfront_response_headers_policy"], Any(&[Off("security_headers_config.strict_transport_security.include_subdomains"), Off("security_headers_config.strict_transport_security.override"), Off("security_headers_config.strict_transport_security.preload"), Below("security_headers_config.strict_transport_security.access_control_max_age_sec", 31536000)]),
        "browsers are not told to stay on TLS", "CWE-523",
        "send Strict-Transport-Security for a year";
    "distribution-without-waf-log4j" Medium ["aws_cloudfront_distribution"], All(&[Present("web_acl_id"), Alone("aws_wafv2_web_acl")]),
        "a distribution has no rule against code in looked-up names", "CWE-917",
        "add the rule group of known bad inputs";
    "trail-off" High ["aws_cloudtrail"], Is("enable_logging", &["false"]),
        "a trail records nothing", "CWE-778",
        "set `enable_logging`";
    "trail-without-topic" Low ["aws_cloudtrail"], Absent("sns_topic_name"),
        "nobody is told of new trail files", "CWE-778",
        "name a topic";
    "logging-off-metrics" Medium ["aws_api_gateway_method_settings"], Off("settings.metrics_enabled"),
        "a method's metrics are off", "CWE-778",
        "set `metrics_enabled`";
    "zone-queries-not-logged" Medium ["aws_route53_zone"], All(&[Absent("vpc"), Without(&Always, "aws_route53_query_log", "zone_id", &Any(&[]))]),
        "queries of a public zone are not logged", "CWE-778",
        "add an `aws_route53_query_log`";
    "zone-not-signed" Medium ["aws_route53_zone"], All(&[Absent("vpc"), Without(&Always, "aws_route53_key_signing_key", "hosted_zone_id", &Any(&[])), Without(&Always, "aws_route53_hosted_zone_dnssec", "hosted_zone_id", &Any(&[]))]),
        "answers of a public zone are not signed", "CWE-345",
        "enable DNSSEC";
    "key-unusable" Low ["aws_kms_key"], Any(&[Is("is_enabled", &["false"]), All(&[Below("deletion_window_in_days", 0), Present("deletion_window_in_days")])]),
        "a key is switched off", "CWE-693",
        "set `is_enabled`";
    "build-aws-key" Low ["aws_codebuild_project"], Any(&[Absent("encryption_key"), Says("encryption_key", &["alias/aws/"])]),
        "a build's artifacts are not encrypted with an own key", "CWE-311",
        "name a key in `encryption_key`";
    "build-artifacts-plain" High ["aws_codebuild_project"], Any(&[Is("artifacts.encryption_disabled", &["true"]), Is("secondary_artifacts.encryption_disabled", &["true"])]),
        "a build's artifacts are stored in plain text", "CWE-311",
        "drop `encryption_disabled`";
    "build-privileged" Medium ["aws_codebuild_project"], Is("environment.privileged_mode", &["true"]),
        "a build runs with the rights of its host", "CWE-250",
        "drop `privileged_mode`";
    "build-not-logged" Low ["aws_codebuild_project"], Absent("logs_config"),
        "a build writes no log", "CWE-778",
        "configure `logs_config`";
    "users-without-mfa" Medium ["aws_cognito_user_pool"], Any(&[Lacks("mfa_configuration", &["ON", "OPTIONAL"]), All(&[Absent("sms_configuration"), Absent("software_token_mfa_configuration")])]),
        "users sign in with one factor", "CWE-308",
        "set `mfa_configuration` to ON";
    "identities-unauthenticated" High ["aws_cognito_identity_pool"], Is("allow_unauthenticated_identities", &["true"]),
        "guests are given credentials", "CWE-306",
        "set `allow_unauthenticated_identities` to false";
    "config-of-one-region" Medium ["aws_config_configuration_aggregator"], All(&[Off("account_aggregation_source.all_regions"), Off("organization_aggregation_source.all_regions")]),
        "changes in other regions are not seen", "CWE-778",
        "set `all_regions`";
    "config-rule-volumes-missing" Low ["aws_config_config_rule"], Lacks("source.source_identifier", &["ENCRYPTED_VOLUMES"]),
        "no rule watches for volumes in plain text", "CWE-778",
        "add the rule ENCRYPTED_VOLUMES";
    "recorder-off" Medium ["aws_config_configuration_recorder_status"], Off("is_enabled"),
        "configuration is not recorded", "CWE-778",
        "set `is_enabled`";
    "dax-not-encrypted" High ["aws_dax_cluster"], Off("server_side_encryption.enabled"),
        "a cache of tables is stored in plain text", "CWE-311",
        "set `server_side_encryption.enabled`";
    "replication-instance-public" High ["aws_dms_replication_instance"], Is("publicly_accessible", &["true"]),
        "a replication instance is reachable from the internet", "CWE-284",
        "set `publicly_accessible` to false";
    "replication-instance-outdated" Low ["aws_dms_replication_instance"], Off("auto_minor_version_upgrade"),
        "fixes are not installed", "CWE-1104",
        "set `auto_minor_version_upgrade`";
    "broker-without-own-key" Low ["aws_mq_broker"], Any(&[Absent("encryption_options"), Absent("encryption_options.kms_key_id")]),
        "a broker is not encrypted with an own key", "CWE-311",
        "name a key in `encryption_options`";
    "broker-not-logged" Low ["aws_mq_broker"], Off("logs.general"),
        "a broker writes no log", "CWE-778",
        "set `logs.general`";
    "broker-not-audited" Medium ["aws_mq_broker"], All(&[Unsaid("engine_type", &["rabbitmq"]), Off("logs.audit")]),
        "a broker keeps no audit log", "CWE-778",
        "set `logs.audit`";
    "broker-logs-missing" Low ["aws_mq_broker"], Any(&[Off("logs.general"), Off("logs.audit")]),
        "a broker's logs are off", "CWE-778",
        "set `logs.general` and `logs.audit`";
    "broker-outdated" Low ["aws_mq_broker"], Off("auto_minor_version_upgrade"),
        "fixes of a broker are not installed", "CWE-1104",
        "set `auto_minor_version_upgrade`";
    "image-not-encrypted" High ["aws_ami"], Any(&[Absent("ebs_block_device"), Is("ebs_block_device.encrypted", &["false"]), All(&[Absent("ebs_block_device.encrypted"), Absent("ebs_block_device.snapshot_id")])]),
        "a machine image is stored in plain text", "CWE-311",
        "set `encrypted` of its devices";
    "image-of-anybody" Medium ["data.aws_ami"], Absent("owners"),
        "an image may come from anybody who gave it the name", "CWE-494",
        "name trusted `owners`";
    "docdb-aws-key" Low ["aws_docdb_cluster"], All(&[Is("storage_encrypted", &["true"]), Absent("kms_key_id")]),
        "documents are not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "docdb-without-logs" Medium ["aws_docdb_cluster"], Absent("enabled_cloudwatch_logs_exports"),
        "a document database exports no logs", "CWE-778",
        "export audit and profiler logs";
    "docdb-backup-short" Low ["aws_docdb_cluster"], Below("backup_retention_period", 7),
        "backups of documents are kept for less than a week", "CWE-693",
        "raise `backup_retention_period`";
    "table-not-encrypted" Medium ["aws_dynamodb_table"], Off("server_side_encryption.enabled"),
        "a table is not encrypted with a managed key", "CWE-311",
        "set `server_side_encryption.enabled`";
    "table-without-own-key" Low ["aws_dynamodb_table"], Any(&[Off("server_side_encryption.enabled"), Absent("server_side_encryption.kms_key_arn")]),
        "a table is not encrypted with an own key", "CWE-311",
        "set `kms_key_arn`";
    "table-replica-without-own-key" Low ["aws_dynamodb_table_replica"], Absent("kms_key_arn"),
        "a replica is not encrypted with an own key", "CWE-311",
        "set `kms_key_arn`";
};
