//! What rules ask of a statement of a policy.

use super::policy::Statement;

/// Anybody is allowed something.
pub(crate) fn for_anybody(statement: &Statement) -> bool {
    statement.for_anybody()
}

/// Anybody may do everything of a service, or everything.
pub(crate) fn for_anybody_everything(statement: &Statement) -> bool {
    statement.for_anybody() && statement.all_actions()
}

/// Everything but some actions is allowed.
pub(crate) fn all_but(statement: &Statement) -> bool {
    statement.allow && statement.not_actions
}

/// Nobody is named.
pub(crate) fn without_principal(statement: &Statement) -> bool {
    statement.principals.is_empty()
}

/// Every action on everything.
pub(crate) fn everything(statement: &Statement) -> bool {
    statement.everywhere() && statement.allow && statement.actions.iter().any(|a| a == "*")
}

/// Every action is allowed, on whatever.
pub(crate) fn any_action(statement: &Statement) -> bool {
    statement.allow && statement.actions.iter().any(|action| action == "*")
}

/// Something is allowed on everything.
pub(crate) fn on_everything(statement: &Statement) -> bool {
    statement.allow && statement.everywhere()
}

/// Every action of something, on everything.
pub(crate) fn wide(statement: &Statement) -> bool {
    statement.everywhere() && statement.all_actions()
}

/// Roles may be taken by anybody or by any service.
pub(crate) fn taken_by_anybody(statement: &Statement) -> bool {
    statement.grants("sts:assumerole") && statement.principals.iter().any(|who| who == "*")
}

/// An account as a whole may take the role, under no condition.
pub(crate) fn taken_unconditionally(statement: &Statement) -> bool {
    statement.grants("sts:assumerole")
        && !statement.conditional
        && statement.principals.iter().any(|who| who.contains(":root"))
}

/// Access for whoever signed in with a token of GitHub.
pub(crate) fn mails_for_anybody(statement: &Statement) -> bool {
    statement.for_anybody() && statement.actions.iter().any(|a| a.starts_with("ses:") || a == "*")
}

/// Objects of a store may be read or changed without limits.
pub(crate) fn whole_store(statement: &Statement) -> bool {
    statement.allow && statement.actions.iter().any(|action| action == "s3:*")
}

/// Data may be taken out of any store.
pub(crate) fn takes_data(statement: &Statement) -> bool {
    const READS: &[&str] = &[
        "s3:getobject",
        "ssm:getparameter",
        "ssm:getparameters",
        "ssm:getparametersbypath",
        "secretsmanager:getsecretvalue",
    ];
    statement.everywhere()
        && !statement.conditional
        && READS.iter().any(|action| statement.grants(action))
}

/// Changes of identities on everything.
pub(crate) fn manages_rights(statement: &Statement) -> bool {
    statement.everywhere() && statement.allow && statement.actions.iter().any(|a| a == "iam:*")
}

/// What comes without TLS is denied.
pub(crate) fn demands_tls(statement: &Statement) -> bool {
    let about = |(name, values): &(String, Vec<String>)| {
        name == "aws:securetransport" && values.iter().any(|value| value == "false")
    };
    !statement.allow && statement.conditions.iter().any(about)
}

/// Roles may be taken without a second factor. A condition whose values are not known
/// may ask for one.
pub(crate) fn taken_without_mfa(statement: &Statement) -> bool {
    let second = |(name, values): &(String, Vec<String>)| {
        let asks = values.is_empty() || values.iter().any(|value| value != "false");
        name == "aws:multifactorauthpresent" && asks
    };
    statement.grants("sts:assumerole") && !statement.conditions.iter().any(second)
}

/// Workflows of any repository of GitHub may take the role.
pub(crate) fn any_workflow(statement: &Statement) -> bool {
    let issuer = "token.actions.githubusercontent.com";
    let bound = |(name, values): &(String, Vec<String>)| {
        let one = |value: &String| {
            let owner = value.strip_prefix("repo:").and_then(|rest| rest.split_once('/'));
            owner.is_some_and(|(owner, _)| !owner.is_empty() && !owner.contains('*'))
        };
        name.starts_with(issuer) && name.ends_with(":sub") && values.iter().all(one)
    };
    statement.allow
        && statement.principals.iter().any(|who| who.contains(issuer))
        && !statement.conditions.iter().any(bound)
}

/// Ways to gain rights: each grants these actions on everything.
macro_rules! ways {
    ($($(#[$doc:meta])* $name:ident $($action:literal)+;)*) => {
        $($(#[$doc])* pub(crate) fn $name(statement: &Statement) -> bool {
            statement.everywhere() && $(statement.grants($action))&&+
        })*
    };
}

ways! {
    /// New versions of policies.
    policy_version "iam:createpolicyversion";
    /// Which version of a policy holds.
    policy_default "iam:setdefaultpolicyversion";
    /// Policies attached to users.
    attach_user "iam:attachuserpolicy";
    /// Policies attached to groups.
    attach_group "iam:attachgrouppolicy";
    /// Policies attached to roles.
    attach_role "iam:attachrolepolicy";
    /// Policies written into users.
    put_user "iam:putuserpolicy";
    /// Policies written into groups.
    put_group "iam:putgrouppolicy";
    /// Policies written into roles.
    put_role "iam:putrolepolicy";
    /// Members of groups.
    add_to_group "iam:addusertogroup";
    /// Keys of others.
    access_key "iam:createaccesskey";
    /// Passwords for others.
    login_create "iam:createloginprofile";
    /// Changed passwords of others.
    login_update "iam:updateloginprofile";
    /// Who takes a role.
    role_trust "iam:updateassumerolepolicy" "sts:assumerole";
    /// A machine with a role.
    pass_machine "iam:passrole" "ec2:runinstances";
    /// A function with a role, and its call.
    pass_function "iam:passrole" "lambda:createfunction" "lambda:invokefunction";
    /// A stack with a role.
    pass_stack "iam:passrole" "cloudformation:createstack";
    /// A development endpoint with a role.
    pass_endpoint "iam:passrole" "glue:createdevendpoint";
    /// A development endpoint's keys.
    endpoint_update "glue:updatedevendpoint";
    /// A function's code.
    function_code "lambda:updatefunctioncode";
}
