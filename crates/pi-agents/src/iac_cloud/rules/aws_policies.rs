//! Ways to gain rights, and other policies of identities.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Above, Absent, All, Always, Any, Held, Is, Lacks, Policy, Says, Without};
use crate::iac_cloud::check::{Row, rows};

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "gains-rights-policy-version" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::policy_version), Held(crate::iac_cloud::predicates::policy_version)]),
        "who has the policy may rewrite policies", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-policy-default" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::policy_default), Held(crate::iac_cloud::predicates::policy_default)]),
        "who has the policy may choose which version of a policy holds", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-attach-user" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::attach_user), Held(crate::iac_cloud::predicates::attach_user)]),
        "who has the policy may attach policies to users", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-attach-group" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::attach_group), Held(crate::iac_cloud::predicates::attach_group)]),
        "who has the policy may attach policies to groups", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-attach-role" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::attach_role), Held(crate::iac_cloud::predicates::attach_role)]),
        "who has the policy may attach policies to roles", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-put-user" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::put_user), Held(crate::iac_cloud::predicates::put_user)]),
        "who has the policy may write policies into users", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-put-group" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::put_group), Held(crate::iac_cloud::predicates::put_group)]),
        "who has the policy may write policies into groups", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-put-role" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::put_role), Held(crate::iac_cloud::predicates::put_role)]),
        "who has the policy may write policies into roles", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-add-to-group" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::add_to_group), Held(crate::iac_cloud::predicates::add_to_group)]),
        "who has the policy may join any group", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-access-key" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::access_key), Held(crate::iac_cloud::predicates::access_key)]),
        "who has the policy may make keys of others", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-login-create" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::login_create), Held(crate::iac_cloud::predicates::login_create)]),
        "who has the policy may set passwords of others", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-login-update" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::login_update), Held(crate::iac_cloud::predicates::login_update)]),
        "who has the policy may change passwords of others", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-role-trust" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::role_trust), Held(crate::iac_cloud::predicates::role_trust)]),
        "who has the policy may let itself take any role", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-pass-machine" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::pass_machine), Held(crate::iac_cloud::predicates::pass_machine)]),
        "who has the policy may start machines with any role", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-pass-function" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::pass_function), Held(crate::iac_cloud::predicates::pass_function)]),
        "who has the policy may run functions with any role", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-pass-stack" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::pass_stack), Held(crate::iac_cloud::predicates::pass_stack)]),
        "who has the policy may create stacks with any role", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-pass-endpoint" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::pass_endpoint), Held(crate::iac_cloud::predicates::pass_endpoint)]),
        "who has the policy may start endpoints with any role", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-endpoint-update" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::endpoint_update), Held(crate::iac_cloud::predicates::endpoint_update)]),
        "who has the policy may open endpoints of others", "CWE-269",
        "name the resources, or drop the action";
    "gains-rights-function-code" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_role", "aws_iam_user", "aws_iam_group"], Any(&[Policy("policy", crate::iac_cloud::predicates::function_code), Held(crate::iac_cloud::predicates::function_code)]),
        "who has the policy may change the code of any function", "CWE-269",
        "name the resources, or drop the action";
    "sns-all-but" Medium ["aws_sns_topic_policy", "aws_sns_topic"], Policy("policy", crate::iac_cloud::predicates::all_but),
        "a topic's policy allows all but some actions", "CWE-284",
        "name what is allowed";
    "sns-public" High ["aws_sns_topic_policy", "aws_sns_topic"], Policy("policy", crate::iac_cloud::predicates::for_anybody),
        "anybody may use a topic", "CWE-284",
        "name principals";
    "policy-principal-missing" Low ["aws_s3_bucket_policy", "aws_kms_key", "aws_sns_topic_policy", "aws_sqs_queue_policy", "aws_ecr_repository_policy", "aws_secretsmanager_secret_policy"], Policy("policy", crate::iac_cloud::predicates::without_principal),
        "a policy of a resource names nobody", "CWE-284",
        "name principals";
    "role-for-anybody" High ["aws_iam_role"], Policy("assume_role_policy", crate::iac_cloud::predicates::taken_by_anybody),
        "anybody may take a role", "CWE-284",
        "name principals";
    "role-for-account" Medium ["aws_iam_role"], Policy("assume_role_policy", crate::iac_cloud::predicates::taken_unconditionally),
        "a whole account may take a role, with no id or second factor", "CWE-287",
        "demand an external id or a second factor";
    "iam-takes-data" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_ssoadmin_permission_set_inline_policy"], Any(&[Policy("policy", crate::iac_cloud::predicates::takes_data), Policy("inline_policy", crate::iac_cloud::predicates::takes_data)]),
        "a policy lets data out of every store", "CWE-284",
        "name the resources";
    "iam-everywhere" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_ssoadmin_permission_set_inline_policy"], Any(&[Policy("policy", crate::iac_cloud::predicates::wide), Policy("inline_policy", crate::iac_cloud::predicates::wide)]),
        "a policy grants whole services on everything", "CWE-250",
        "name actions and resources";
    "iam-manages-rights" High ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy", "aws_ssoadmin_permission_set_inline_policy"], Any(&[Policy("policy", crate::iac_cloud::predicates::manages_rights), Policy("inline_policy", crate::iac_cloud::predicates::manages_rights), Policy("policy", crate::iac_cloud::predicates::everything), Policy("inline_policy", crate::iac_cloud::predicates::everything)]),
        "a policy grants full rights over identities", "CWE-250",
        "name actions and resources";
    "iam-whole-store" Medium ["aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"], Policy("policy", crate::iac_cloud::predicates::whole_store),
        "a policy grants every action on stored data", "CWE-250",
        "name actions";
    "sso-everything" High ["aws_ssoadmin_permission_set_inline_policy"], Policy("inline_policy", crate::iac_cloud::predicates::everything),
        "a permission set grants everything", "CWE-250",
        "name actions and resources";
    "sso-long-session" Low ["aws_ssoadmin_permission_set"], Says("session_duration", &["pt2h", "pt3h", "pt4h", "pt5h", "pt6h", "pt7h", "pt8h", "pt9h", "pt10h", "pt11h", "pt12h"]),
        "a session lasts longer than an hour", "CWE-613",
        "set `session_duration` to PT1H";
    "secret-public" High ["aws_secretsmanager_secret_policy"], Policy("policy", crate::iac_cloud::predicates::for_anybody),
        "anybody may read a secret", "CWE-284",
        "name principals";
    "secret-without-own-key" Low ["aws_secretsmanager_secret"], Absent("kms_key_id"),
        "a secret is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "secret-not-rotated" Low ["aws_secretsmanager_secret"], Without(&Always, "aws_secretsmanager_secret_rotation", "secret_id", &Any(&[])),
        "a secret is never exchanged", "CWE-324",
        "add a rotation";
    "secret-rotated-rarely" Low ["aws_secretsmanager_secret_rotation"], Any(&[Above("rotation_rules.automatically_after_days", 90), Says("rotation_rules.schedule_expression", &["rate(91", "rate(100", "rate(120", "rate(180", "rate(365"])]),
        "a secret is exchanged less than every 90 days", "CWE-324",
        "rotate every 90 days";
    "ses-open" High ["aws_ses_identity_policy"], Policy("policy", crate::iac_cloud::predicates::mails_for_anybody),
        "anybody may send mail as the domain", "CWE-284",
        "name principals";
    "ses-plain" Medium ["aws_ses_configuration_set"], Lacks("delivery_options.tls_policy", &["Require"]),
        "mail may leave in plain text", "CWE-319",
        "set `tls_policy` to Require";
    "lambda-public" High ["aws_lambda_permission"], Is("principal", &["*"]),
        "anybody may call a function", "CWE-284",
        "name a principal";
    "lambda-any-source" Medium ["aws_lambda_permission"], All(&[Says("principal", &[".amazonaws.com"]), Absent("source_arn"), Absent("source_account")]),
        "any resource of a service may call a function", "CWE-284",
        "set `source_arn`";
    "lambda-any-action" Medium ["aws_lambda_permission"], Is("action", &["lambda:*"]),
        "a function may be changed by its callers", "CWE-250",
        "allow lambda:InvokeFunction only";
    "lambda-unsigned" Low ["aws_lambda_function"], Absent("code_signing_config_arn"),
        "a function's code need not be signed", "CWE-345",
        "set `code_signing_config_arn`";
    "lambda-old-runtime" Medium ["aws_lambda_function"], Is("runtime", &["nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x", "nodejs16.x", "python2.7", "python3.6", "python3.7", "python3.8", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet5.0", "dotnet6", "dotnet7", "ruby2.5", "ruby2.7", "java8", "go1.x", "provided"]),
        "a function's runtime is out of support", "CWE-1104",
        "choose a supported runtime";
    "queue-without-own-key" Low ["aws_sqs_queue"], Any(&[Absent("kms_master_key_id"), Says("kms_master_key_id", &["alias/aws/"])]),
        "a queue is not encrypted with an own key", "CWE-311",
        "set `kms_master_key_id`";
    "topic-plain" Medium ["aws_sns_topic"], Absent("kms_master_key_id"),
        "a topic is stored in plain text", "CWE-311",
        "set `kms_master_key_id`";
    "topic-aws-key" Low ["aws_sns_topic"], Says("kms_master_key_id", &["alias/aws/"]),
        "a topic is not encrypted with an own key", "CWE-311",
        "name a key of your own";
};
