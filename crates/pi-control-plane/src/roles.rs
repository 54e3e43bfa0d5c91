//! Roles and what they may do: a table, and nothing beside it.

use pi_core::{Name, Reason};

use crate::tenants::SYSTEM;

/// Something that a route or a command demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Read the catalogue of agents, and ask which of them words mean.
    AgentsRead,
    /// Issue and revoke API keys.
    ApiKeysManage,
    /// Approve what waits for a person.
    ApprovalsDecide,
    /// See what waits for a person.
    ApprovalsRead,
    /// Ask the record who did what, by a filter.
    AuditQuery,
    /// Read who did what.
    AuditRead,
    /// Read the compliance report.
    ComplianceRead,
    /// See what a composition would do.
    CompositionsSimulate,
    /// Run a composition.
    CompositionsSubmit,
    /// Turn words into a proposal.
    CompositionsTranslate,
    /// Read how the parts of the platform do.
    HealthRead,
    /// Read events, proofs and checkpoints.
    LogRead,
    /// Have the log verified.
    LogVerify,
    /// Search the memory of earlier runs.
    MemoryRead,
    /// Read the metrics.
    MetricsRead,
    /// Activate and retire policies.
    PoliciesManage,
    /// Read policies and ask what they would say.
    PoliciesRead,
    /// Set quotas.
    QuotasManage,
    /// Read quotas and what is used of them.
    QuotasRead,
    /// Hold and erase the evidence of runs.
    RetentionManage,
    /// Cancel a run that goes on.
    RunsCancel,
    /// Compare runs.
    RunsDiff,
    /// Read runs and their reports.
    RunsRead,
    /// Execute runs again.
    RunsReplay,
    /// Open and close sessions.
    SessionsManage,
    /// Read a snapshot.
    SnapshotsGet,
    /// List snapshots.
    SnapshotsList,
    /// Store a snapshot.
    SnapshotsStore,
    /// Create, suspend and delete tenants.
    TenantsManage,
    /// Read the registry of tenants.
    TenantsRead,
    /// Issue and revoke tokens.
    TokensManage,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Permission; 31] = [
        Permission::AgentsRead,
        Permission::ApiKeysManage,
        Permission::ApprovalsDecide,
        Permission::ApprovalsRead,
        Permission::AuditQuery,
        Permission::AuditRead,
        Permission::ComplianceRead,
        Permission::CompositionsSimulate,
        Permission::CompositionsSubmit,
        Permission::CompositionsTranslate,
        Permission::HealthRead,
        Permission::LogRead,
        Permission::LogVerify,
        Permission::MemoryRead,
        Permission::MetricsRead,
        Permission::PoliciesManage,
        Permission::PoliciesRead,
        Permission::QuotasManage,
        Permission::QuotasRead,
        Permission::RetentionManage,
        Permission::RunsCancel,
        Permission::RunsDiff,
        Permission::RunsRead,
        Permission::RunsReplay,
        Permission::SessionsManage,
        Permission::SnapshotsGet,
        Permission::SnapshotsList,
        Permission::SnapshotsStore,
        Permission::TenantsManage,
        Permission::TenantsRead,
        Permission::TokensManage,
    ];

    /// The stable name, `area:verb`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Permission::AgentsRead => "agents:read",
            Permission::ApiKeysManage => "api_keys:manage",
            Permission::ApprovalsDecide => "approvals:decide",
            Permission::ApprovalsRead => "approvals:read",
            Permission::AuditQuery => "audit:query",
            Permission::AuditRead => "audit:read",
            Permission::ComplianceRead => "compliance:read",
            Permission::CompositionsSimulate => "compositions:simulate",
            Permission::CompositionsSubmit => "compositions:submit",
            Permission::CompositionsTranslate => "compositions:translate",
            Permission::HealthRead => "health:read",
            Permission::LogRead => "log:read",
            Permission::LogVerify => "log:verify",
            Permission::MemoryRead => "memory:read",
            Permission::MetricsRead => "metrics:read",
            Permission::PoliciesManage => "policies:manage",
            Permission::PoliciesRead => "policies:read",
            Permission::QuotasManage => "quotas:manage",
            Permission::QuotasRead => "quotas:read",
            Permission::RetentionManage => "retention:manage",
            Permission::RunsCancel => "runs:cancel",
            Permission::RunsDiff => "runs:diff",
            Permission::RunsRead => "runs:read",
            Permission::RunsReplay => "runs:replay",
            Permission::SessionsManage => "sessions:manage",
            Permission::SnapshotsGet => "snapshots:get",
            Permission::SnapshotsList => "snapshots:list",
            Permission::SnapshotsStore => "snapshots:store",
            Permission::TenantsManage => "tenants:manage",
            Permission::TenantsRead => "tenants:read",
            Permission::TokensManage => "tokens:manage",
        }
    }

    /// The permission with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == name)
    }

    /// It is about all tenants: only the tenant `_system` has it.
    pub const fn is_of_the_platform(self) -> bool {
        matches!(
            self,
            Permission::MetricsRead | Permission::TenantsManage | Permission::QuotasManage
        )
    }

    /// An admin of `_system` may use it on another tenant: to set it up, not to read what
    /// it does.
    const fn reaches_tenants(self) -> bool {
        matches!(
            self,
            Permission::QuotasManage
                | Permission::QuotasRead
                | Permission::TenantsManage
                | Permission::TenantsRead
                | Permission::TokensManage
        )
    }

    /// Who may: admin, operator, viewer, api_key. No role is asked beside this table.
    const fn granted(self) -> [bool; 4] {
        match self {
            Permission::ApiKeysManage
            | Permission::PoliciesManage
            | Permission::QuotasManage
            | Permission::RetentionManage
            | Permission::TenantsManage
            | Permission::TokensManage => [true, false, false, false],
            Permission::ApprovalsDecide
            | Permission::AuditRead
            | Permission::ComplianceRead
            | Permission::LogVerify
            | Permission::RunsDiff
            | Permission::TenantsRead => [true, true, false, false],
            Permission::ApprovalsRead
            | Permission::AuditQuery
            | Permission::HealthRead
            | Permission::MemoryRead
            | Permission::MetricsRead
            | Permission::PoliciesRead
            | Permission::RunsReplay => [true, true, true, false],
            Permission::CompositionsSimulate
            | Permission::CompositionsSubmit
            | Permission::CompositionsTranslate
            | Permission::RunsCancel
            | Permission::SessionsManage
            | Permission::SnapshotsStore => [true, true, false, true],
            Permission::AgentsRead
            | Permission::LogRead
            | Permission::QuotasRead
            | Permission::RunsRead
            | Permission::SnapshotsGet
            | Permission::SnapshotsList => [true, true, true, true],
        }
    }
}

/// What a caller is to its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything within its tenant.
    Admin,
    /// Runs things and decides about them.
    Operator,
    /// Looks.
    Viewer,
    /// A program.
    ApiKey,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Admin, Role::Operator, Role::Viewer, Role::ApiKey];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Operator => "operator",
            Role::Viewer => "viewer",
            Role::ApiKey => "api_key",
        }
    }

    /// The role with this word. An unknown one is nobody, and may do nothing.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether the role may.
    pub const fn may(self, permission: Permission) -> bool {
        let [admin, operator, viewer, api_key] = permission.granted();
        match self {
            Role::Admin => admin,
            Role::Operator => operator,
            Role::Viewer => viewer,
            Role::ApiKey => api_key,
        }
    }
}

/// Why a caller may not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The role does not have the permission.
    #[error("the role `{}` has no `{}`", role.as_str(), permission.as_str())]
    Role {
        /// The role.
        role: Role,
        /// What is demanded.
        permission: Permission,
    },
    /// The permission is one of the platform.
    #[error("`{}` belongs to the tenant `{SYSTEM}`", .0.as_str())]
    Platform(Permission),
    /// It is about another tenant.
    #[error("`{}` does not reach the tenant `{on}`", permission.as_str())]
    Tenant {
        /// What is demanded.
        permission: Permission,
        /// Whose it is.
        on: Name,
    },
}

impl Denied {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        Reason::PermissionDenied
    }
}

/// Whether a caller of the tenant `of` may use a permission on the tenant `on`. Nobody
/// reaches another tenant, except an admin of `_system` who sets it up.
///
/// # Errors
/// Why not.
pub fn authorize(of: &Name, role: Role, permission: Permission, on: &Name) -> Result<(), Denied> {
    let of_the_platform = of.as_str() == SYSTEM;
    if !role.may(permission) {
        Err(Denied::Role { role, permission })
    } else if permission.is_of_the_platform() && !of_the_platform {
        Err(Denied::Platform(permission))
    } else if of != on && !(of_the_platform && role == Role::Admin && permission.reaches_tenants())
    {
        Err(Denied::Tenant { permission, on: on.clone() })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the reference implementation: its names, ours, and who may, in the
    /// order admin, operator, viewer, api_key.
    const REFERENCE: [(&str, Permission, &str); 11] = [
        ("composition:simulate", Permission::CompositionsSimulate, "yy-y"),
        ("composition:submit", Permission::CompositionsSubmit, "yy-y"),
        ("snapshot:list", Permission::SnapshotsList, "yyyy"),
        ("snapshot:get", Permission::SnapshotsGet, "yyyy"),
        ("snapshot:store", Permission::SnapshotsStore, "yy-y"),
        ("replay:view", Permission::RunsReplay, "yyy-"),
        ("replay:diff", Permission::RunsDiff, "yy--"),
        ("audit:read", Permission::AuditRead, "yy--"),
        ("audit:query", Permission::AuditQuery, "yyy-"),
        ("metrics:read", Permission::MetricsRead, "yyy-"),
        ("health:read", Permission::HealthRead, "yyy-"),
    ];

    fn row(permission: Permission) -> String {
        Role::ALL.map(|role| if role.may(permission) { 'y' } else { '-' }).iter().collect()
    }

    #[test]
    fn the_table_of_the_reference_holds() {
        for (name, permission, expected) in REFERENCE {
            assert_eq!(row(permission), expected, "{name}");
        }
    }

    #[test]
    fn an_admin_may_everything_in_its_tenant_and_nothing_in_another() {
        let [system, acme, other] = [SYSTEM, "acme", "other"].map(|name| Name::new(name).unwrap());
        for permission in Permission::ALL {
            assert!(Role::Admin.may(permission));
            for role in Role::ALL {
                let may = |of: &Name, on: &Name| authorize(of, role, permission, on).is_ok();
                assert_eq!(may(&system, &system), role.may(permission));
                let own = role.may(permission) && !permission.is_of_the_platform();
                assert_eq!(may(&acme, &acme), own);
                assert!(!may(&acme, &other), "{} {}", role.as_str(), permission.as_str());
                assert!(!may(&acme, &system), "{} {}", role.as_str(), permission.as_str());
                let reaches = role == Role::Admin && permission.reaches_tenants();
                assert_eq!(may(&system, &acme), reaches);
            }
        }
        let denied = authorize(&acme, Role::Admin, Permission::TenantsManage, &acme).unwrap_err();
        assert_eq!(denied.reason(), Reason::PermissionDenied);
        assert_eq!(denied.to_string(), "`tenants:manage` belongs to the tenant `_system`");
    }

    #[test]
    fn names_are_unique_and_come_back() {
        for (number, permission) in Permission::ALL.into_iter().enumerate() {
            assert_eq!(Permission::from_name(permission.as_str()), Some(permission));
            let first = Permission::ALL.iter().position(|other| *other == permission);
            assert_eq!(first, Some(number));
        }
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.as_str()), Some(role));
        }
        assert_eq!(Permission::from_name("runs:*"), None);
        assert_eq!(Role::from_word("Admin"), None);
        assert_eq!(Role::from_word("root"), None);
    }

    #[test]
    fn the_table_holds() {
        let line = |permission| format!("{} {}", row(permission), permission.as_str());
        let table: Vec<String> = Permission::ALL.into_iter().map(line).collect();
        assert_eq!(
            table.join("\n"),
            "yyyy agents:read\n\
             y--- api_keys:manage\n\
             yy-- approvals:decide\n\
             yyy- approvals:read\n\
             yyy- audit:query\n\
             yy-- audit:read\n\
             yy-- compliance:read\n\
             yy-y compositions:simulate\n\
             yy-y compositions:submit\n\
             yy-y compositions:translate\n\
             yyy- health:read\n\
             yyyy log:read\n\
             yy-- log:verify\n\
             yyy- memory:read\n\
             yyy- metrics:read\n\
             y--- policies:manage\n\
             yyy- policies:read\n\
             y--- quotas:manage\n\
             yyyy quotas:read\n\
             y--- retention:manage\n\
             yy-y runs:cancel\n\
             yy-- runs:diff\n\
             yyyy runs:read\n\
             yyy- runs:replay\n\
             yy-y sessions:manage\n\
             yyyy snapshots:get\n\
             yyyy snapshots:list\n\
             yy-y snapshots:store\n\
             y--- tenants:manage\n\
             yy-- tenants:read\n\
             y--- tokens:manage"
        );
    }
}
