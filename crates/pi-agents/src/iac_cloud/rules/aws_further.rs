//! Further services of AWS.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Above, Absent, All, Always, Any, Below, DataSays, Entry, Is, Lacks, Off, Open, OpenTo, Policy, PolicyLacks, Present, Says, Unsaid, Wide, Without};
use crate::iac_cloud::check::{Row, rows};
use crate::iac_cloud::network::{From, GROUPS, Ports};
use crate::iac_cloud::predicates;

/// Ports of databases, consoles and old protocols, which nobody needs to see.
const SENSITIVE: &[i64] = &[
    21, 22, 23, 25, 53, 110, 135, 137, 138, 139, 161, 389, 445, 636, 1433, 1434, 1521, 2375, 2376,
    2382, 2383, 2484, 3000, 3020, 3306, 3389, 4505, 4506, 5432, 5500, 5601, 5900, 6379, 7000, 7001,
    7199, 8000, 8020, 8080, 8140, 8888, 9000, 9042, 9090, 9160, 9200, 9300, 11211, 11214, 11215,
    15672, 27017, 27018, 50070, 50470, 61620, 61621,
];
const STORES: &[&str] = &["aws_s3_bucket_policy", "aws_s3_bucket"];
const LAUNCHED: &[&str] = &["aws_launch_configuration", "aws_launch_template", "aws_instance"];

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "security-group-sensitive-open" High GROUPS, Open(Ports::Sensitive(SENSITIVE)),
        "a port of a database or a console is open to the internet", "CWE-284",
        "name the networks that need access";
    "security-group-sensitive-public" Medium GROUPS, OpenTo(From::SmallPublic, Ports::Sensitive(SENSITIVE)),
        "a port of a database or a console is open to a public network", "CWE-284",
        "name the addresses that need access";
    "security-group-sensitive-private" Low GROUPS, OpenTo(From::Private, Ports::Sensitive(SENSITIVE)),
        "a port of a database or a console is open to a private network", "CWE-284",
        "name the addresses that need access";
    "security-group-admin-open" High GROUPS, Open(Ports::OneOf(&[20, 21, 22, 23, 115, 137, 138, 139, 2049, 3389])),
        "a port of administrators is open to the internet", "CWE-284",
        "name the networks that need access";
    "default-group-traffic" Medium ["aws_default_security_group"], Any(&[Present("ingress"), Present("egress")]),
        "the default security group lets something through", "CWE-284",
        "give it no rules, and make groups of your own";
    "default-group-open" High ["aws_default_security_group"], Any(&[Open(Ports::Any), Is("egress.cidr_blocks", &["0.0.0.0/0"]), Is("egress.ipv6_cidr_blocks", &["::/0"])]),
        "the default security group is open to the internet", "CWE-284",
        "give it no rules, and make groups of your own";
    "db-group-open" High ["aws_db_security_group", "AWS::RDS::DBSecurityGroup"], Any(&[Is("ingress.cidr", &["0.0.0.0/0", "::/0"]), Is("db_security_group_ingress.cidrip", &["0.0.0.0/0"])]),
        "every address may reach a database", "CWE-284",
        "name addresses";
    "db-group-wide" Medium ["aws_db_security_group", "AWS::RDS::DBSecurityGroup"], Any(&[Wide("ingress.cidr", 24), Wide("db_security_group_ingress.cidrip", 24)]),
        "more than 255 addresses may reach a database", "CWE-284",
        "name a smaller network";
    "db-snapshot-public" Critical ["aws_db_snapshot", "aws_db_cluster_snapshot"], Is("shared_accounts", &["all"]),
        "everybody may restore a copy of a database", "CWE-732",
        "name accounts, or none";
    "batch-privileged" High ["aws_batch_job_definition"], Says("container_properties", &["\"privileged\": true", "\"privileged\":true"]),
        "a job has all privileges of its machine", "CWE-250",
        "drop `privileged`";
    "search-default-group" Low ["aws_elasticsearch_domain", "aws_opensearch_domain"], All(&[Present("vpc_options"), Absent("vpc_options.security_group_ids")]),
        "a search domain is guarded by the default security group", "CWE-284",
        "name `security_group_ids`";
    "msk-encryption" High ["aws_msk_cluster"], Any(&[Absent("encryption_info"), Is("encryption_info.encryption_in_transit.client_broker", &["PLAINTEXT", "TLS_PLAINTEXT"]), Is("encryption_info.encryption_in_transit.in_cluster", &["false"])]),
        "messages are stored or sent in plain text", "CWE-319",
        "set `client_broker` to TLS";
    "msk-plaintext" High ["aws_msk_cluster"], Is("encryption_info.encryption_in_transit.client_broker", &["PLAINTEXT", "TLS_PLAINTEXT"]),
        "messages are sent in plain text", "CWE-319",
        "set `client_broker` to TLS";
    "msk-own-key" Medium ["aws_msk_cluster"], Absent("encryption_info.encryption_at_rest_kms_key_arn"),
        "messages are not encrypted with an own key", "CWE-311",
        "set `encryption_at_rest_kms_key_arn`";
    "key-for-anybody" High ["aws_kms_key"], Policy("policy", predicates::for_anybody),
        "anybody may use a key", "CWE-284",
        "name who may use it";
    "launch-data-key" High ["aws_instance", "aws_launch_configuration", "aws_launch_template"], DataSays("user_data|user_data_base64", &["private key-----"]),
        "a private key stands in the data of a machine", "CWE-798",
        "fetch it when the machine starts";
    "neptune-public" High ["aws_neptune_cluster_instance"], Is("publicly_accessible", &["true"]),
        "a database has a public address", "CWE-284",
        "set `publicly_accessible` to false";
    "neptune-passwords" Medium ["aws_neptune_cluster"], Off("iam_database_authentication_enabled"),
        "a database believes passwords", "CWE-287",
        "set `iam_database_authentication_enabled`";
    "neptune-snapshot-plain" Medium ["aws_neptune_cluster_snapshot"], Is("storage_encrypted", &["false"]),
        "a copy of a database is stored in plain text", "CWE-311",
        "encrypt it";
    "neptune-unprotected" Low ["aws_neptune_cluster"], Off("deletion_protection"),
        "a database can be deleted by mistake", "CWE-693",
        "set `deletion_protection`";
    "neptune-tags" Info ["aws_neptune_cluster"], Off("copy_tags_to_snapshot"),
        "copies of a database lose its tags", "CWE-1059",
        "set `copy_tags_to_snapshot`";
    "neptune-own-key" Medium ["aws_neptune_cluster"], Absent("kms_key_arn"),
        "a database is not encrypted with an own key", "CWE-311",
        "set `kms_key_arn`";
    "rds-cluster-backups" Medium ["aws_rds_cluster"], Absent("backup_retention_period"),
        "a database is kept for one day only", "CWE-693",
        "set `backup_retention_period`";
    "rds-default-port" Info ["aws_db_instance", "aws_rds_cluster"], Is("port", &["3306", "5432", "1521", "1433", "50000"]),
        "a database listens at the port that everybody tries", "CWE-693",
        "set another `port`";
    "rds-backtrack" Low ["aws_rds_cluster"], All(&[Lacks("engine", &["aurora-postgresql", "mysql", "postgres"]), Any(&[Absent("backtrack_window"), Is("backtrack_window", &["0"])])]),
        "a database cannot be wound back", "CWE-693",
        "set `backtrack_window`";
    "rds-insights-own-key" Low ["aws_db_instance", "aws_rds_cluster_instance"], All(&[Is("performance_insights_enabled", &["true"]), Absent("performance_insights_kms_key_id")]),
        "figures on a database are not encrypted with an own key", "CWE-311",
        "set `performance_insights_kms_key_id`";
    "rds-insights-off" Low ["aws_db_instance", "aws_rds_cluster_instance"], Off("performance_insights_enabled"),
        "nobody sees what slows a database down", "CWE-778",
        "set `performance_insights_enabled`";
    "rds-cluster-tags" Info ["aws_rds_cluster"], Off("copy_tags_to_snapshot"),
        "copies of a database lose its tags", "CWE-1059",
        "set `copy_tags_to_snapshot`";
    "db-snapshot-copy-own-key" Medium ["aws_db_snapshot_copy"], Absent("kms_key_id"),
        "a copy of a database is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "redshift-tls" Medium ["aws_redshift_parameter_group"], Entry("parameter", "name", &["require_ssl"], &Lacks("value", &["true"]), true),
        "a database is spoken to in plain text", "CWE-319",
        "set `require_ssl` to true";
    "redshift-no-backups" Medium ["aws_redshift_cluster"], Is("automated_snapshot_retention_period", &["0"]),
        "a database is never saved", "CWE-693",
        "set `automated_snapshot_retention_period`";
    "redshift-serverless-own-key" Medium ["aws_redshiftserverless_namespace"], Absent("kms_key_id"),
        "a database is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "s3-policy-http" Medium STORES, PolicyLacks("policy", predicates::demands_tls),
        "a store is spoken to in plain text", "CWE-319",
        "deny what comes with `aws:SecureTransport` false";
    "s3-acl-signed-in" High ["aws_s3_bucket_acl"], Says("*uri", &["authenticatedusers", "allusers"]),
        "everybody with an account may use a store", "CWE-284",
        "name accounts";
    "s3-lock-off" Low ["aws_s3_bucket"], All(&[Present("object_lock_configuration"), Lacks("object_lock_configuration.object_lock_enabled", &["Enabled"])]),
        "objects can be overwritten", "CWE-693",
        "set `object_lock_enabled`";
    "s3-owners" Low ["aws_s3_bucket_ownership_controls"], Lacks("rule.object_ownership", &["BucketOwnerEnforced"]),
        "access lists of objects hold beside policies", "CWE-732",
        "set `object_ownership` to BucketOwnerEnforced";
    "s3-copy-own-key" Medium ["aws_s3_object_copy"], Absent("kms_key_id"),
        "a copied object is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "trail-objects-unseen" Low ["aws_cloudtrail"], All(&[Present("event_selector.data_resource"), Lacks("event_selector.read_write_type", &["All"])]),
        "who reads objects is not recorded", "CWE-778",
        "set `read_write_type` to All";
    "sagemaker-endpoint-own-key" Medium ["aws_sagemaker_endpoint_configuration"], Absent("kms_key_arn"),
        "volumes of an endpoint are not encrypted with an own key", "CWE-311",
        "set `kms_key_arn`";
    "sagemaker-notebook-own-key" Medium ["aws_sagemaker_notebook_instance"], Absent("kms_key_id"),
        "a notebook is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "sagemaker-notebook-root" Medium ["aws_sagemaker_notebook_instance"], Lacks("root_access", &["Disabled"]),
        "users of a notebook are root", "CWE-250",
        "set `root_access` to Disabled";
    "sagemaker-notebook-network" Medium ["aws_sagemaker_notebook_instance"], Absent("subnet_id"),
        "a notebook lies outside a private network", "CWE-284",
        "set `subnet_id`";
    "sagemaker-domain-own-key" Medium ["aws_sagemaker_domain"], Absent("kms_key_id"),
        "a domain is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "sagemaker-job-own-key" Medium ["aws_sagemaker_data_quality_job_definition"], Absent("job_resources.cluster_config.volume_kms_key_id"),
        "volumes of a job are not encrypted with an own key", "CWE-311",
        "set `volume_kms_key_id`";
    "sagemaker-job-traffic" Medium ["aws_sagemaker_data_quality_job_definition"], Off("network_config.enable_inter_container_traffic_encryption"),
        "containers of a job speak in plain text", "CWE-319",
        "set `enable_inter_container_traffic_encryption`";
    "sagemaker-model-network" Medium ["aws_sagemaker_model"], Off("enable_network_isolation"),
        "a model may talk to every address", "CWE-284",
        "set `enable_network_isolation`";
    "sagemaker-flow-own-key" Medium ["aws_sagemaker_flow_definition"], Absent("output_config.kms_key_id"),
        "reviews are not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "bedrock-agent-own-key" Medium ["aws_bedrockagent_agent"], Absent("customer_encryption_key_arn"),
        "an agent is not encrypted with an own key", "CWE-311",
        "set `customer_encryption_key_arn`";
    "organization-policies-off" Low ["aws_organizations_organization"], All(&[Present("feature_set"), Lacks("feature_set", &["ALL"])]),
        "an organization cannot limit its accounts", "CWE-693",
        "set `feature_set` to ALL";
    "ssm-session-plain" Medium ["aws_ssm_document"], All(&[Is("document_type", &["Session"]), Unsaid("content", &["kmskeyid"])]),
        "sessions are not encrypted with an own key", "CWE-319",
        "set `kmsKeyId` in the inputs of the document";
    "stack-silent" Low ["aws_cloudformation_stack"], Absent("notification_arns"),
        "nobody is told what becomes of a stack", "CWE-778",
        "set `notification_arns`";
    "stack-empty" Low ["aws_cloudformation_stack"], All(&[Absent("template_url"), Absent("template_body")]),
        "a stack has no template", "CWE-1173",
        "set `template_url`";
    "peering-wide" High ["aws_route_table", "aws_default_route_table"], Entry("route", "cidr_block", &["0.0.0.0/0", "::/0"], &Present("vpc_peering_connection_id"), false),
        "a network sends everything to another one", "CWE-284",
        "name the networks of the other side";
    "peering-route-wide" High ["aws_route"], All(&[Is("destination_cidr_block|destination_ipv6_cidr_block", &["0.0.0.0/0", "::/0"]), Present("vpc_peering_connection_id")]),
        "a network sends everything to another one", "CWE-284",
        "name the networks of the other side";
    "workspace-root-plain" Medium ["aws_workspaces_workspace"], Off("root_volume_encryption_enabled"),
        "the first volume of a desktop is stored in plain text", "CWE-311",
        "set `root_volume_encryption_enabled`";
    "workspace-volumes-plain" Medium ["aws_workspaces_workspace"], Any(&[Off("root_volume_encryption_enabled"), Off("user_volume_encryption_enabled")]),
        "a volume of a desktop is stored in plain text", "CWE-311",
        "encrypt both volumes";
    "athena-plain" Medium ["aws_athena_workgroup"], All(&[Present("configuration"), Absent("configuration.result_configuration.encryption_configuration")]),
        "results are stored in plain text", "CWE-311",
        "add `encryption_configuration`";
    "launch-data-secret" High LAUNCHED, DataSays("user_data_base64", &["password", "secret_key", "access_key"]),
        "a secret stands in the data of a machine", "CWE-798",
        "fetch it when the machine starts";
    "launch-hops" Low LAUNCHED, Above("metadata_options.http_put_response_hop_limit", 1),
        "containers of a machine reach its credentials", "CWE-918",
        "set `http_put_response_hop_limit` to 1";
    "launch-public" Medium ["aws_launch_configuration"], Is("associate_public_ip_address", &["true"]),
        "machines have public addresses", "CWE-284",
        "set `associate_public_ip_address` to false";
    "emr-storage-plain" Medium ["aws_emr_security_configuration"], Says("configuration", &["\"enableatrestencryption\": false", "\"enableatrestencryption\":false"]),
        "data of a cluster is stored in plain text", "CWE-311",
        "set `EnableAtRestEncryption`";
    "emr-transit-plain" Medium ["aws_emr_security_configuration"], Says("configuration", &["\"enableintransitencryption\": false", "\"enableintransitencryption\":false"]),
        "machines of a cluster speak in plain text", "CWE-319",
        "set `EnableInTransitEncryption`";
    "emr-disk-plain" Medium ["aws_emr_security_configuration"], Any(&[Unsaid("configuration", &["localdiskencryptionconfiguration"]), Unsaid("configuration", &["enableebsencryption\": true", "enableebsencryption\":true"])]),
        "disks of a cluster are stored in plain text", "CWE-311",
        "set `EnableEbsEncryption`";
    "backup-own-key" Medium ["aws_backup_vault"], Absent("kms_key_arn"),
        "saved data is not encrypted with an own key", "CWE-311",
        "set `kms_key_arn`";
    "ledger-open" Medium ["aws_qldb_ledger"], Lacks("permissions_mode", &["STANDARD"]),
        "everybody who may use a ledger may do everything with it", "CWE-732",
        "set `permissions_mode` to STANDARD";
    "waf-empty" Medium ["aws_waf_web_acl", "aws_wafregional_web_acl", "aws_wafv2_web_acl"], All(&[Absent("rules"), Absent("rule")]),
        "a firewall has no rules", "CWE-693",
        "add rules";
    "waf-idle-rules" Low ["aws_waf_web_acl", "aws_wafregional_web_acl", "aws_wafv2_web_acl", "aws_waf_rule_group", "aws_wafregional_rule_group", "aws_wafv2_rule_group"], Any(&[All(&[Present("rules"), Absent("rules.action"), Absent("rules.override_action")]), All(&[Present("rule"), Absent("rule.action"), Absent("rule.override_action")]), All(&[Present("activated_rule"), Absent("activated_rule.action")])]),
        "a rule of a firewall does nothing", "CWE-693",
        "give it an `action`";
    "video-own-key" Medium ["aws_kinesis_video_stream"], Absent("kms_key_id"),
        "a stream is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "fsx-own-key" Medium ["aws_fsx_windows_file_system", "aws_fsx_lustre_file_system", "aws_fsx_openzfs_file_system", "aws_fsx_ontap_file_system"], Absent("kms_key_id"),
        "a file system is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "appsync-unlogged" Low ["aws_appsync_graphql_api"], Absent("log_config"),
        "an API does not log", "CWE-778",
        "add `log_config`";
    "appsync-cache-plain" Medium ["aws_appsync_api_cache"], Off("at_rest_encryption_enabled"),
        "a cache is stored in plain text", "CWE-311",
        "set `at_rest_encryption_enabled`";
    "appsync-cache-transit" Medium ["aws_appsync_api_cache"], Off("transit_encryption_enabled"),
        "a cache is spoken to in plain text", "CWE-319",
        "set `transit_encryption_enabled`";
    "cloudsearch-old-tls" Medium ["aws_cloudsearch_domain"], Lacks("endpoint_options.tls_security_policy", &["Policy-Min-TLS-1-2-2019-07"]),
        "a search domain takes outdated TLS", "CWE-327",
        "set `tls_security_policy`";
    "artifact-own-key" Medium ["aws_codeartifact_domain"], Absent("encryption_key"),
        "packages are not encrypted with an own key", "CWE-311",
        "set `encryption_key`";
    "airflow-scheduler-unlogged" Low ["aws_mwaa_environment"], Off("logging_configuration.scheduler_logs.enabled"),
        "the scheduler does not log", "CWE-778",
        "set `scheduler_logs`";
    "dlm-events-plain" Medium ["aws_dlm_lifecycle_policy"], All(&[Present("policy_details.action"), Off("policy_details.action.cross_region_copy.encryption_configuration.encrypted")]),
        "copies in other regions are stored in plain text", "CWE-311",
        "set `encrypted`";
    "dlm-schedules-plain" Medium ["aws_dlm_lifecycle_policy"], All(&[Present("policy_details.schedule.cross_region_copy_rule"), Off("policy_details.schedule.cross_region_copy_rule.encrypted")]),
        "copies in other regions are stored in plain text", "CWE-311",
        "set `encrypted`";
    "dlm-schedules-own-key" Medium ["aws_dlm_lifecycle_policy"], All(&[Present("policy_details.schedule.cross_region_copy_rule"), Absent("policy_details.schedule.cross_region_copy_rule.cmk_arn")]),
        "copies in other regions are not encrypted with an own key", "CWE-311",
        "set `cmk_arn`";
    "appflow-own-key" Medium ["aws_appflow_flow"], Absent("kms_arn"),
        "moved data is not encrypted with an own key", "CWE-311",
        "set `kms_arn`";
    "connect-own-key" Medium ["aws_connect_instance_storage_config"], All(&[Present("storage_config.s3_config"), Absent("storage_config.s3_config.encryption_config.key_id")]),
        "what callers said is not encrypted with an own key", "CWE-311",
        "add `encryption_config`";
    "states-untraced" Info ["aws_sfn_state_machine"], Off("tracing_configuration.enabled"),
        "nobody sees where a state machine spends its time", "CWE-778",
        "set `tracing_configuration`";
    "scheduler-own-key" Medium ["aws_scheduler_schedule"], Absent("kms_key_arn"),
        "a schedule is not encrypted with an own key", "CWE-311",
        "set `kms_key_arn`";
    "beanstalk-health" Low ["aws_elastic_beanstalk_environment"], Entry("setting", "name", &["HealthStreamingEnabled"], &Lacks("value", &["true", "1"]), true),
        "the health of an application is not reported", "CWE-778",
        "set `HealthStreamingEnabled`";
    "beanstalk-updates" Low ["aws_elastic_beanstalk_environment"], Entry("setting", "name", &["ManagedActionsEnabled"], &Lacks("value", &["true", "1"]), true),
        "a platform is not updated by itself", "CWE-1104",
        "set `ManagedActionsEnabled`";
    "log-group-year" Low ["aws_cloudwatch_log_group"], All(&[Present("retention_in_days"), Lacks("retention_in_days", &["0"]), Below("retention_in_days", 365)]),
        "logs are kept for less than a year", "CWE-778",
        "set `retention_in_days` to 365";
    "network-firewall-own-key" Medium ["aws_networkfirewall_firewall", "aws_networkfirewall_rule_group", "aws_networkfirewall_firewall_policy"], Any(&[Absent("encryption_configuration"), Is("encryption_configuration.type", &["AWS_OWNED_KMS_KEY"])]),
        "a firewall is not encrypted with an own key", "CWE-311",
        "add `encryption_configuration`";
    "transfer-plain" High ["aws_transfer_server"], Is("protocols", &["FTP"]),
        "files are transferred in plain text", "CWE-319",
        "use SFTP";
    "role-any-workflow" High ["aws_iam_role"], Policy("assume_role_policy", predicates::any_workflow),
        "workflows of any repository may take a role", "CWE-284",
        "compare `sub` with `repo:OWNER/NAME:...`";
    "user-without-mfa" Low ["aws_iam_user_policy"], Policy("policy", predicates::taken_without_mfa),
        "a role may be taken without a second factor", "CWE-308",
        "demand `aws:MultiFactorAuthPresent`";
    "rest-api-open" Medium ["aws_api_gateway_rest_api_policy"], Policy("policy", predicates::for_anybody_everything),
        "everybody may call everything of an API", "CWE-284",
        "name who may call what";
    "log-destination-open" Medium ["aws_cloudwatch_log_destination_policy"], Policy("access_policy", predicates::for_anybody_everything),
        "everybody may do everything with a destination of logs", "CWE-284",
        "name who may write to it";
    "dynamo-unscaled" Info ["aws_dynamodb_table"], All(&[Lacks("billing_mode", &["PAY_PER_REQUEST"]), Without(&Always, "aws_appautoscaling_target", "resource_id", &Absent("resource_id"))]),
        "a table does not grow with its load", "CWE-400",
        "scale it, or pay by request";
    "search-dedicated" Low ["aws_elasticsearch_domain", "aws_opensearch_domain"], Off("cluster_config.dedicated_master_enabled"),
        "data nodes also lead a search domain", "CWE-693",
        "set `dedicated_master_enabled`";
    "codecommit-approvals" Low ["aws_codecommit_approval_rule_template"], Says("content", &["\"numberofapprovalsneeded\": 0", "\"numberofapprovalsneeded\": 1", "\"numberofapprovalsneeded\":0", "\"numberofapprovalsneeded\":1"]),
        "one person approves changes alone", "CWE-284",
        "set `NumberOfApprovalsNeeded` to 2";
    "stage-without-plan" Low ["aws_api_gateway_stage"], Without(&Always, "aws_api_gateway_usage_plan", "api_stages.api_id|api_stages.stage", &Absent("api_stages")),
        "callers of an API are not limited", "CWE-770",
        "add `aws_api_gateway_usage_plan`";
};
