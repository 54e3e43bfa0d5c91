//! Resources of CloudFormation that are the same thing as one of Terraform, so
//! that one row judges both.

use pi_artifacts::terraform::{Field, Node, Resource, Value};

/// A type, its twin, and paths that are called otherwise: from, to.
type Twin = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const TWINS: &[Twin] = &[
    (
        "AWS::ApiGateway::Method",
        "aws_api_gateway_method",
        &[("authorization_type", "authorization")],
    ),
    (
        "AWS::ApiGateway::Stage",
        "aws_api_gateway_stage",
        &[
            ("access_log_setting", "access_log_settings"),
            ("tracing_enabled", "xray_tracing_enabled"),
        ],
    ),
    ("AWS::ApiGateway::DomainName", "aws_api_gateway_domain_name", &[]),
    ("AWS::ApiGatewayV2::Stage", "aws_apigatewayv2_stage", &[]),
    (
        "AWS::CloudTrail::Trail",
        "aws_cloudtrail",
        &[
            ("is_logging", "enable_logging"),
            ("enable_log_file_validation", "enable_log_file_validation"),
            ("cloud_watch_logs_log_group_arn", "cloud_watch_logs_group_arn"),
        ],
    ),
    ("AWS::CodeBuild::Project", "aws_codebuild_project", &[]),
    ("AWS::Cognito::UserPool", "aws_cognito_user_pool", &[]),
    (
        "AWS::DAX::Cluster",
        "aws_dax_cluster",
        &[("sse_specification.sse_enabled", "server_side_encryption.enabled")],
    ),
    ("AWS::DMS::ReplicationInstance", "aws_dms_replication_instance", &[]),
    (
        "AWS::DocDB::DBCluster",
        "aws_docdb_cluster",
        &[("enable_cloudwatch_logs_exports", "enabled_cloudwatch_logs_exports")],
    ),
    (
        "AWS::DynamoDB::Table",
        "aws_dynamodb_table",
        &[
            ("sse_specification.sse_enabled", "server_side_encryption.enabled"),
            ("sse_specification.kms_master_key_id", "server_side_encryption.kms_key_arn"),
            (
                "point_in_time_recovery_specification.point_in_time_recovery_enabled",
                "point_in_time_recovery.enabled",
            ),
        ],
    ),
    ("AWS::EC2::Instance", "aws_instance", &[("security_group_ids", "vpc_security_group_ids")]),
    ("AWS::EC2::Subnet", "aws_subnet", &[]),
    ("AWS::EC2::Volume", "aws_ebs_volume", &[]),
    (
        "AWS::ECR::Repository",
        "aws_ecr_repository",
        &[(
            "image_scanning_configuration.scan_on_push",
            "image_scanning_configuration.scan_on_push",
        )],
    ),
    ("AWS::ECS::Cluster", "aws_ecs_cluster", &[("cluster_settings", "setting")]),
    ("AWS::ECS::Service", "aws_ecs_service", &[("role", "iam_role")]),
    ("AWS::ECS::TaskDefinition", "aws_ecs_task_definition", &[]),
    ("AWS::EFS::FileSystem", "aws_efs_file_system", &[]),
    (
        "AWS::ElastiCache::CacheCluster",
        "aws_elasticache_cluster",
        &[("cache_subnet_group_name", "subnet_group_name")],
    ),
    (
        "AWS::ElastiCache::ReplicationGroup",
        "aws_elasticache_replication_group",
        &[("cache_subnet_group_name", "subnet_group_name")],
    ),
    (
        "AWS::Elasticsearch::Domain",
        "aws_elasticsearch_domain",
        &[
            ("encryption_at_rest_options", "encrypt_at_rest"),
            ("node_to_node_encryption_options", "node_to_node_encryption"),
        ],
    ),
    (
        "AWS::OpenSearchService::Domain",
        "aws_opensearch_domain",
        &[
            ("encryption_at_rest_options", "encrypt_at_rest"),
            ("node_to_node_encryption_options", "node_to_node_encryption"),
        ],
    ),
    ("AWS::EMR::Cluster", "aws_emr_cluster", &[]),
    ("AWS::GuardDuty::Detector", "aws_guardduty_detector", &[]),
    ("AWS::IAM::Policy", "aws_iam_policy", &[("policy_document", "policy")]),
    ("AWS::IAM::ManagedPolicy", "aws_iam_policy", &[("policy_document", "policy")]),
    ("AWS::IAM::Role", "aws_iam_role", &[("assume_role_policy_document", "assume_role_policy")]),
    (
        "AWS::KMS::Key",
        "aws_kms_key",
        &[
            ("key_policy", "policy"),
            ("enabled", "is_enabled"),
            ("pending_window_in_days", "deletion_window_in_days"),
        ],
    ),
    (
        "AWS::Kinesis::Stream",
        "aws_kinesis_stream",
        &[
            ("stream_encryption.encryption_type", "encryption_type"),
            ("stream_encryption.key_id", "kms_key_id"),
        ],
    ),
    ("AWS::Lambda::Function", "aws_lambda_function", &[]),
    ("AWS::Lambda::Permission", "aws_lambda_permission", &[]),
    ("AWS::Logs::LogGroup", "aws_cloudwatch_log_group", &[]),
    ("AWS::AmazonMQ::Broker", "aws_mq_broker", &[]),
    (
        "AWS::Neptune::DBCluster",
        "aws_neptune_cluster",
        &[("iam_auth_enabled", "iam_database_authentication_enabled")],
    ),
    (
        "AWS::RDS::DBCluster",
        "aws_rds_cluster",
        &[("enable_iam_database_authentication", "iam_database_authentication_enabled")],
    ),
    (
        "AWS::RDS::DBInstance",
        "aws_db_instance",
        &[
            ("enable_iam_database_authentication", "iam_database_authentication_enabled"),
            ("enable_cloudwatch_logs_exports", "enabled_cloudwatch_logs_exports"),
        ],
    ),
    (
        "AWS::Redshift::Cluster",
        "aws_redshift_cluster",
        &[("cluster_subnet_group_name", "cluster_subnet_group_name")],
    ),
    ("AWS::S3::BucketPolicy", "aws_s3_bucket_policy", &[("policy_document", "policy")]),
    ("AWS::SNS::Topic", "aws_sns_topic", &[]),
    ("AWS::SNS::TopicPolicy", "aws_sns_topic_policy", &[("policy_document", "policy")]),
    ("AWS::SQS::Queue", "aws_sqs_queue", &[]),
    ("AWS::SQS::QueuePolicy", "aws_sqs_queue_policy", &[("policy_document", "policy")]),
    ("AWS::SecretsManager::Secret", "aws_secretsmanager_secret", &[]),
    (
        "AWS::MSK::Cluster",
        "aws_msk_cluster",
        &[(
            "encryption_info.encryption_at_rest.data_volume_kms_key_id",
            "encryption_info.encryption_at_rest_kms_key_arn",
        )],
    ),
    ("AWS::SageMaker::DataQualityJobDefinition", "aws_sagemaker_data_quality_job_definition", &[]),
    (
        "AWS::SageMaker::EndpointConfig",
        "aws_sagemaker_endpoint_configuration",
        &[("kms_key_id", "kms_key_arn")],
    ),
    ("AWS::SageMaker::NotebookInstance", "aws_sagemaker_notebook_instance", &[]),
    (
        "AWS::ElasticLoadBalancingV2::Listener",
        "aws_lb_listener",
        &[("default_actions", "default_action")],
    ),
    ("AWS::Backup::BackupVault", "aws_backup_vault", &[("encryption_key_arn", "kms_key_arn")]),
    ("AWS::Lambda::Url", "aws_lambda_function_url", &[("auth_type", "authorization_type")]),
    ("AWS::Transfer::Server", "aws_transfer_server", &[]),
    ("AWS::EC2::VPCEndpointService", "aws_vpc_endpoint_service", &[]),
    (
        "AWS::Serverless::Function",
        "aws_lambda_function",
        &[("tracing", "tracing_config.mode"), ("dead_letter_queue", "dead_letter_config")],
    ),
    (
        "AWS::Serverless::SimpleTable",
        "aws_dynamodb_table",
        &[("sse_specification.sse_enabled", "server_side_encryption.enabled")],
    ),
    ("AWS::WorkSpaces::Workspace", "aws_workspaces_workspace", &[]),
    (
        "AWS::Athena::WorkGroup",
        "aws_athena_workgroup",
        &[("work_group_configuration", "configuration")],
    ),
    (
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "aws_elb",
        &[
            ("access_logging_policy.enabled", "access_logs.enabled"),
            ("access_logging_policy.s3_bucket_name", "access_logs.bucket"),
        ],
    ),
    (
        "AWS::CloudFront::Distribution",
        "aws_cloudfront_distribution",
        &[
            ("distribution_config.logging", "logging_config"),
            ("distribution_config.web_acl_id", "web_acl_id"),
            ("distribution_config.viewer_certificate", "viewer_certificate"),
            ("distribution_config.default_cache_behavior", "default_cache_behavior"),
            ("distribution_config.cache_behaviors", "ordered_cache_behavior"),
            ("distribution_config.enabled", "enabled"),
            ("distribution_config.origins", "origin"),
        ],
    ),
];

/// The resource as its twin, where it has one.
pub(crate) fn twin(resource: Resource) -> Resource {
    let Some((_, kind, paths)) = TWINS.iter().find(|(from, _, _)| *from == resource.kind) else {
        return resource;
    };
    let mut body = resource.body;
    for (from, to) in *paths {
        if let Some(field) = find(&body, from).cloned() {
            insert(&mut body, to, &field);
        }
    }
    Resource { kind: (*kind).to_owned(), body, ..resource }
}

fn find<'n>(node: &'n Node, path: &str) -> Option<&'n Field> {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let field = node.fields().iter().find(|field| field.name == name)?;
    if rest.is_empty() { Some(field) } else { find(&field.node, rest) }
}

/// Puts the field at a path, making the maps on the way.
fn insert(node: &mut Node, path: &str, field: &Field) {
    let Value::Object(fields) = &mut node.value else { return };
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    if rest.is_empty() {
        fields.push(Field { name: name.to_owned(), ..field.clone() });
        return;
    }
    if fields.iter().all(|own| own.name != name) {
        let node = Node { value: Value::Object(Vec::new()), span: field.node.span };
        fields.push(Field { name: name.to_owned(), name_span: field.name_span, node });
    }
    if let Some(own) = fields.iter_mut().find(|own| own.name == name) {
        insert(&mut own.node, rest, field);
    }
}
