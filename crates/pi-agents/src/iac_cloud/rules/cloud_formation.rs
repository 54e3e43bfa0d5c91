//! Resources of CloudFormation without a twin.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Above, Absent, All, Alone, Always, Any, Below, Is, Lacks, Off, Plain, Policy, Present, Says, Without};
use crate::iac_cloud::check::{Row, rows};
use crate::iac_cloud::predicates;

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "cfn-s3-public" Critical ["AWS::S3::Bucket"], Is("access_control", &["PublicRead", "PublicReadWrite"]),
        "everybody may read a bucket", "CWE-284",
        "drop `AccessControl`";
    "cfn-s3-authenticated" High ["AWS::S3::Bucket"], Is("access_control", &["AuthenticatedRead"]),
        "every customer of the cloud may read a bucket", "CWE-284",
        "drop `AccessControl`";
    "cfn-s3-plain" High ["AWS::S3::Bucket"], Absent("bucket_encryption"),
        "nothing says how a bucket is encrypted", "CWE-311",
        "set `BucketEncryption`";
    "cfn-s3-without-own-key" High ["AWS::S3::Bucket"], Any(&[Lacks("*sse_algorithm", &["aws:kms"]), Absent("bucket_encryption")]),
        "a bucket is not encrypted with an own key", "CWE-311",
        "set `SSEAlgorithm` to aws:kms";
    "cfn-s3-not-logged" Low ["AWS::S3::Bucket"], Absent("logging_configuration"),
        "accesses to a bucket are not logged", "CWE-778",
        "set `LoggingConfiguration`";
    "cfn-s3-not-versioned" Medium ["AWS::S3::Bucket"], Lacks("versioning_configuration.status", &["Enabled"]),
        "overwritten objects are lost", "CWE-693",
        "set `VersioningConfiguration`";
    "cfn-s3-public-acls" High ["AWS::S3::Bucket"], Off("public_access_block_configuration.block_public_acls"),
        "lists may open a bucket to everybody", "CWE-284",
        "set `BlockPublicAcls`";
    "cfn-s3-public-policy" High ["AWS::S3::Bucket"], Off("public_access_block_configuration.block_public_policy"),
        "a policy may open a bucket to everybody", "CWE-284",
        "set `BlockPublicPolicy`";
    "cfn-s3-honoured" High ["AWS::S3::Bucket"], Off("public_access_block_configuration.ignore_public_acls"),
        "lists open to everybody are honoured", "CWE-284",
        "set `IgnorePublicAcls`";
    "cfn-s3-unrestricted" High ["AWS::S3::Bucket"], Off("public_access_block_configuration.restrict_public_buckets"),
        "a public bucket is open to other accounts", "CWE-284",
        "set `RestrictPublicBuckets`";
    "cfn-s3-unblocked" Low ["AWS::S3::Bucket"], Absent("public_access_block_configuration"),
        "nothing keeps a bucket from being made public", "CWE-284",
        "set `PublicAccessBlockConfiguration`";
    "cfn-s3-website" Medium ["AWS::S3::Bucket"], Present("website_configuration"),
        "a bucket serves a site to everybody", "CWE-284",
        "serve it through a distribution";
    "cfn-s3-cors" Medium ["AWS::S3::Bucket"], Any(&[Is("*allowed_origins", &["*"]), Is("*allowed_methods", &["*"])]),
        "pages of any origin may use a bucket", "CWE-942",
        "name origins";
    "cfn-s3-without-policy" Low ["AWS::S3::Bucket"], Without(&Always, "aws_s3_bucket_policy", "bucket", &Any(&[])),
        "no policy says who may use a bucket", "CWE-284",
        "add a bucket policy";
    "cfn-group-open" High ["AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress"], Any(&[Is("security_group_ingress.cidr_ip", &["0.0.0.0/0"]), Is("security_group_ingress.cidr_ipv6", &["::/0"]), Is("cidr_ip", &["0.0.0.0/0"]), Is("cidr_ipv6", &["::/0"])]),
        "a security group lets the internet in", "CWE-284",
        "name networks";
    "cfn-group-out" Medium ["AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupEgress"], Any(&[Is("security_group_egress.cidr_ip", &["0.0.0.0/0"]), Is("security_group_egress.cidr_ipv6", &["::/0"])]),
        "machines may speak to the whole internet", "CWE-284",
        "name networks";
    "cfn-group-in-protocols" Medium ["AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress"], Any(&[Is("security_group_ingress.ip_protocol", &["-1"]), Is("ip_protocol", &["-1"])]),
        "every protocol is let in", "CWE-284",
        "name protocols";
    "cfn-group-out-protocols" Medium ["AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupEgress"], Is("security_group_egress.ip_protocol", &["-1"]),
        "every protocol is let out", "CWE-284",
        "name protocols";
    "cfn-group-undescribed" Low ["AWS::EC2::SecurityGroup"], Any(&[Absent("security_group_ingress.description"), Absent("security_group_egress.description")]),
        "a rule of a group has no purpose", "CWE-1059",
        "add a description";
    "cfn-group-outside-vpc" Low ["AWS::EC2::SecurityGroup"], Absent("vpc_id"),
        "a security group belongs to no network", "CWE-284",
        "set `VpcId`";
    "cfn-trail-not-validated" Medium ["aws_cloudtrail"], Off("enable_log_file_validation"),
        "changed trail files go unnoticed", "CWE-354",
        "set `EnableLogFileValidation`";
    "cfn-trail-without-key" Medium ["aws_cloudtrail"], Absent("kms_key_id"),
        "trail files are not encrypted with an own key", "CWE-311",
        "set `KMSKeyId`";
    "cfn-efs-without-tags" Low ["aws_efs_file_system"], Absent("tags|file_system_tags"),
        "a file system carries no tags", "CWE-1059",
        "set `FileSystemTags`";
    "cfn-lambda-dead-letters" Low ["aws_lambda_function"], Absent("dead_letter_config.target_arn"),
        "failed calls of a function are lost", "CWE-778",
        "set `DeadLetterConfig`";
    "cfn-lambda-tags" Low ["AWS::Lambda::Function", "aws_lambda_function"], Absent("tags"),
        "a function carries no tags", "CWE-1059",
        "add tags";
    "cfn-rds-deletable" Low ["aws_db_instance", "aws_rds_cluster"], Off("deletion_protection"),
        "a database can be deleted by mistake", "CWE-693",
        "set `DeletionProtection`";
    "cfn-rds-backup-short" Medium ["aws_db_instance", "aws_rds_cluster"], Below("backup_retention_period", 7),
        "backups are kept for less than a week", "CWE-693",
        "raise `BackupRetentionPeriod`";
    "cfn-sagemaker-without-key" Medium ["AWS::SageMaker::NotebookInstance"], Absent("kms_key_id"),
        "a notebook is not encrypted with an own key", "CWE-311",
        "set `KmsKeyId`";
    "cfn-sagemaker-internet" Medium ["AWS::SageMaker::NotebookInstance"], Lacks("direct_internet_access", &["Disabled"]),
        "a notebook reaches the internet directly", "CWE-284",
        "set `DirectInternetAccess` to Disabled";
    "cfn-sagemaker-outside-vpc" Low ["AWS::SageMaker::NotebookInstance"], Absent("subnet_id"),
        "a notebook is in no network of its own", "CWE-284",
        "set `SubnetId`";
    "cfn-endpoint-without-key" Medium ["AWS::SageMaker::EndpointConfig"], Absent("kms_key_id"),
        "an endpoint is not encrypted with an own key", "CWE-311",
        "set `KmsKeyId`";
    "cfn-secret-without-key" Low ["aws_secretsmanager_secret"], Absent("kms_key_id"),
        "a secret is not encrypted with an own key", "CWE-311",
        "set `KmsKeyId`";
    "cfn-msk-public" High ["AWS::MSK::Cluster"], Is("broker_node_group_info.connectivity_info.public_access.type", &["SERVICE_PROVIDED_EIPS"]),
        "brokers have public addresses", "CWE-284",
        "set the type to DISABLED";
    "cfn-msk-plain" High ["AWS::MSK::Cluster"], Any(&[Absent("encryption_info"), All(&[Present("encryption_info.encryption_in_transit.client_broker"), Lacks("encryption_info.encryption_in_transit.client_broker", &["TLS"])]), Is("encryption_info.encryption_in_transit.in_cluster", &["false"])]),
        "brokers talk in plain text", "CWE-319",
        "set `EncryptionInTransit` to TLS";
    "cfn-webacl-allows" Medium ["AWS::WAF::WebACL", "AWS::WAFv2::WebACL", "AWS::WAFRegional::WebACL"], Any(&[Is("default_action.type", &["ALLOW"]), Present("default_action.allow")]),
        "requests that match no rule are let through", "CWE-693",
        "block by default";
    "cfn-redshift-not-logged" Medium ["aws_redshift_cluster"], Absent("logging_properties"),
        "a warehouse writes no audit log", "CWE-778",
        "set `LoggingProperties`";
    "cfn-redshift-port" Low ["aws_redshift_cluster"], Any(&[Absent("port"), Is("port", &["5439"])]),
        "a warehouse listens on the port that is tried first", "CWE-1188",
        "choose another port";
    "cfn-iam-user-policy" Low ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"], Present("users"),
        "rights are given to a person, not to a group", "CWE-269",
        "attach policies to groups";
    "cfn-iam-policy-groupless" Low ["aws_iam_policy"], All(&[Absent("groups"), Absent("roles")]),
        "a policy is attached to no group", "CWE-269",
        "attach it to groups";
    "cfn-iam-group-inline" Low ["AWS::IAM::Group"], Present("policies"),
        "a group's policies are written into it", "CWE-269",
        "attach managed policies";
    "cfn-iam-reset" Medium ["AWS::IAM::User"], All(&[Present("login_profile"), Off("login_profile.password_reset_required")]),
        "a person keeps the first password", "CWE-262",
        "set `PasswordResetRequired`";
    "cfn-iam-groupless" Low ["AWS::IAM::User"], All(&[Absent("groups"), Alone("AWS::IAM::UserToGroupAddition")]),
        "a person is in no group", "CWE-269",
        "add the person to a group";
    "cfn-workspace-plain" High ["aws_workspaces_workspace"], Off("user_volume_encryption_enabled"),
        "a desktop's volume is stored in plain text", "CWE-311",
        "set `UserVolumeEncryptionEnabled`";
    "cfn-instance-roleless" Low ["aws_instance"], Absent("iam_instance_profile"),
        "a machine has no role and needs stored keys", "CWE-522",
        "set `IamInstanceProfile`";
    "cfn-api-private" Low ["AWS::ApiGateway::RestApi"], Lacks("endpoint_configuration.types", &["PRIVATE"]),
        "an API is reachable from the internet", "CWE-284",
        "set the type to PRIVATE";
    "cfn-api-cache" Low ["aws_api_gateway_stage"], Off("cache_cluster_enabled"),
        "an API's answers are not cached", "CWE-770",
        "set `CacheClusterEnabled`";
    "cfn-dynamo-billing" Low ["aws_dynamodb_table"], All(&[Present("billing_mode"), Lacks("billing_mode", &["PROVISIONED", "PAY_PER_REQUEST"])]),
        "a table's billing is not one that exists", "CWE-1173",
        "use PAY_PER_REQUEST or PROVISIONED";
    "cfn-cloudfront-world" Low ["aws_cloudfront_distribution"], Any(&[Lacks("*geo_restriction.restriction_type", &["blacklist", "whitelist"]), Absent("distribution_config.restrictions")]),
        "a distribution serves every country", "CWE-284",
        "restrict countries where you may";
    "cfn-origin-plain" Medium ["aws_cloudfront_distribution"], All(&[Present("*custom_origin_config.origin_protocol_policy"), Lacks("*custom_origin_config.origin_protocol_policy", &["https-only"])]),
        "an origin is spoken to in plain text", "CWE-319",
        "set `OriginProtocolPolicy` to https-only";
    "cfn-search-slow" Medium ["aws_elasticsearch_domain"], All(&[Off("log_publishing_options.INDEX_SLOW_LOGS.enabled"), Off("log_publishing_options.index_slow_logs.enabled")]),
        "slow requests are not logged", "CWE-778",
        "publish slow logs";
    "cfn-search-key" Medium ["aws_elasticsearch_domain"], Absent("encrypt_at_rest.kms_key_id"),
        "a search domain is not encrypted with an own key", "CWE-311",
        "set `KmsKeyId`";
    "cfn-sdb" Low ["AWS::SDB::Domain"], Always,
        "a database of this service cannot be secured well", "CWE-1104",
        "use DynamoDB";
    "cfn-ecs-balancer" Low ["aws_ecs_service"], Absent("load_balancers"),
        "no load balancer stands before a service", "CWE-693",
        "name load balancers";
    "cfn-task-health" Low ["aws_ecs_task_definition"], Absent("container_definitions.health_check"),
        "broken containers stay in use", "CWE-693",
        "set `HealthCheck`";
    "cfn-emr-settings" Medium ["aws_emr_cluster"], Absent("security_configuration"),
        "a cluster has no security configuration", "CWE-311",
        "name one";
    "cfn-emr-subnet" Low ["aws_emr_cluster"], All(&[Absent("instances.ec2_subnet_id"), Absent("instances.ec2_subnet_ids")]),
        "a cluster is in no network of its own", "CWE-284",
        "set `Ec2SubnetId`";
    "cfn-access-token-plain" High ["AWS::Amplify::App"], Plain("access_token"),
        "a token is written down", "CWE-798",
        "resolve it from the secrets manager";
    "cfn-oauth-token-plain" High ["AWS::Amplify::App"], Plain("oauth_token"),
        "a token is written down", "CWE-798",
        "resolve it from the secrets manager";
    "cfn-basic-password-plain" High ["AWS::Amplify::App", "AWS::Amplify::Branch"], Plain("basic_auth_config.password"),
        "a password is written down", "CWE-798",
        "resolve it from the secrets manager";
    "cfn-password-plain" High ["AWS::DMS::Endpoint", "AWS::DirectoryService::MicrosoftAD", "AWS::DirectoryService::SimpleAD", "AWS::IAM::User"], Any(&[Plain("password"), Plain("login_profile.password"), Plain("mongo_db_settings.password")]),
        "a password is written down", "CWE-798",
        "resolve it from the secrets manager";
    "cfn-master-password-plain" High ["aws_docdb_cluster", "aws_neptune_cluster", "aws_redshift_cluster"], Plain("master_user_password"),
        "the password of a database is written down", "CWE-798",
        "resolve it from the secrets manager";
    "cfn-client-secret-plain" High ["Alexa::ASK::Skill"], Any(&[Plain("authentication_configuration.client_secret"), Plain("authentication_configuration.refresh_token")]),
        "a secret is written down", "CWE-798",
        "resolve it from the secrets manager";
    "cfn-repository-public" Medium ["AWS::CodeStar::GitHubRepository"], Off("is_private"),
        "a repository is public", "CWE-284",
        "set `IsPrivate`";
    "cfn-nodes-entered" Medium ["AWS::EKS::Nodegroup"], All(&[Present("remote_access"), Absent("remote_access.source_security_groups")]),
        "nodes can be entered from everywhere", "CWE-284",
        "name `SourceSecurityGroups`";
    "cfn-things-all-actions" Medium ["AWS::IoT::Policy"], Policy("policy_document", predicates::any_action),
        "things may do everything", "CWE-732",
        "name actions";
    "cfn-things-everywhere" Medium ["AWS::IoT::Policy"], Policy("policy_document", predicates::on_everything),
        "things may act on everything", "CWE-732",
        "name resources";
    "cfn-certificate-wildcard" Low ["AWS::CertificateManager::Certificate"], Says("domain_name", &["*"]),
        "a certificate is good for every name of a domain", "CWE-653",
        "name hosts";
    "instance-without-subnet" Low ["aws_instance"], All(&[Absent("subnet_id"), Absent("network_interfaces")]),
        "a machine lies in the default network", "CWE-284",
        "set `SubnetId`";
    "cfn-default-route" Low ["AWS::EC2::Route"], Is("destination_cidr_block", &["0.0.0.0/0"]),
        "a network reaches everything", "CWE-284",
        "name networks";
    "cfn-api-compression" Info ["AWS::ApiGateway::RestApi", "AWS::Serverless::Api"], Any(&[Absent("minimum_compression_size"), Below("minimum_compression_size", 0), Above("minimum_compression_size", 10_485_759)]),
        "answers are not compressed", "CWE-400",
        "set `MinimumCompressionSize`";
    "cfn-deployment-cache-plain" Medium ["AWS::ApiGateway::Deployment"], All(&[Is("stage_description.caching_enabled", &["true"]), Off("stage_description.cache_data_encrypted")]),
        "a cache is stored in plain text", "CWE-311",
        "set `CacheDataEncrypted`";
    "cfn-redshift-group" Low ["AWS::Redshift::ClusterSecurityGroup"], Always,
        "a group of the classic network guards a database", "CWE-284",
        "use a security group of a VPC";
    "cfn-redshift-group-undescribed" Info ["AWS::Redshift::ClusterSecurityGroup"], Absent("description"),
        "nobody said what a security group is for", "CWE-1059",
        "describe it";
    "sam-api-uncached" Info ["AWS::Serverless::Api"], Off("cache_cluster_enabled"),
        "answers of an API are not cached", "CWE-400",
        "set `CacheClusterEnabled`";
    "sam-api-cache-plain" Medium ["AWS::Serverless::Api"], Off("method_settings.cache_data_encrypted"),
        "a cache is stored in plain text", "CWE-311",
        "set `CacheDataEncrypted`";
    "sam-api-public" Low ["AWS::Serverless::Api"], Lacks("endpoint_configuration.type", &["PRIVATE"]),
        "an API is public", "CWE-284",
        "set `EndpointConfiguration` to PRIVATE";
    "sam-api-untraced" Info ["AWS::Serverless::Api"], Off("tracing_enabled"),
        "nobody sees where an API spends its time", "CWE-778",
        "set `TracingEnabled`";
    "sam-api-old-tls" Medium ["AWS::Serverless::Api"], Lacks("domain.security_policy", &["TLS_1_2"]),
        "an API takes outdated TLS", "CWE-327",
        "set `SecurityPolicy` to TLS_1_2";
    "sam-api-unlogged" Low ["AWS::Serverless::Api", "AWS::Serverless::HttpApi"], Absent("access_log_setting|access_log_settings.destination_arn"),
        "callers of an API are not logged", "CWE-778",
        "set `AccessLogSetting`";
    "function-variables-own-key" Low ["aws_lambda_function"], All(&[Present("environment.variables"), Absent("kms_key_arn")]),
        "variables are not encrypted with an own key", "CWE-311",
        "set `KmsKeyArn`";
    "sam-states-untraced" Info ["AWS::Serverless::StateMachine"], Off("tracing.enabled"),
        "nobody sees where a state machine spends its time", "CWE-778",
        "set `Tracing`";
    "sam-states-unlogged" Low ["AWS::Serverless::StateMachine"], Absent("logging"),
        "a state machine does not log", "CWE-778",
        "set `Logging`";
};
