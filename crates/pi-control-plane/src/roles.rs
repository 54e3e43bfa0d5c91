//! Roles and what they may do: a table, and nothing beside it.

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
    /// Cancel a run that goes on.
    RunsCancel,
    /// Read runs and their reports.
    RunsRead,
    /// Execute runs again.
    RunsReplay,
    /// Open and close sessions.
    SessionsManage,
    /// Create, suspend and delete tenants.
    TenantsManage,
    /// Read the registry of tenants.
    TenantsRead,
    /// Issue and revoke tokens.
    TokensManage,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Permission; 24] = [
        Permission::AgentsRead,
        Permission::ApiKeysManage,
        Permission::ApprovalsDecide,
        Permission::ApprovalsRead,
        Permission::AuditRead,
        Permission::ComplianceRead,
        Permission::CompositionsSimulate,
        Permission::CompositionsSubmit,
        Permission::CompositionsTranslate,
        Permission::LogRead,
        Permission::LogVerify,
        Permission::MemoryRead,
        Permission::MetricsRead,
        Permission::PoliciesManage,
        Permission::PoliciesRead,
        Permission::QuotasManage,
        Permission::QuotasRead,
        Permission::RunsCancel,
        Permission::RunsRead,
        Permission::RunsReplay,
        Permission::SessionsManage,
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
            Permission::AuditRead => "audit:read",
            Permission::ComplianceRead => "compliance:read",
            Permission::CompositionsSimulate => "compositions:simulate",
            Permission::CompositionsSubmit => "compositions:submit",
            Permission::CompositionsTranslate => "compositions:translate",
            Permission::LogRead => "log:read",
            Permission::LogVerify => "log:verify",
            Permission::MemoryRead => "memory:read",
            Permission::MetricsRead => "metrics:read",
            Permission::PoliciesManage => "policies:manage",
            Permission::PoliciesRead => "policies:read",
            Permission::QuotasManage => "quotas:manage",
            Permission::QuotasRead => "quotas:read",
            Permission::RunsCancel => "runs:cancel",
            Permission::RunsRead => "runs:read",
            Permission::RunsReplay => "runs:replay",
            Permission::SessionsManage => "sessions:manage",
            Permission::TenantsManage => "tenants:manage",
            Permission::TenantsRead => "tenants:read",
            Permission::TokensManage => "tokens:manage",
        }
    }

    /// The permission with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == name)
    }

    /// It is about the registry of all tenants: only the tenant `_system` has it.
    pub const fn is_of_the_platform(self) -> bool {
        matches!(self, Permission::TenantsManage | Permission::QuotasManage)
    }

    /// Who may: admin, operator, viewer, api_key. No role is asked beside this table.
    const fn granted(self) -> [bool; 4] {
        match self {
            Permission::ApiKeysManage
            | Permission::PoliciesManage
            | Permission::QuotasManage
            | Permission::TenantsManage
            | Permission::TokensManage => [true, false, false, false],
            Permission::ApprovalsDecide
            | Permission::AuditRead
            | Permission::ComplianceRead
            | Permission::LogVerify
            | Permission::TenantsRead => [true, true, false, false],
            Permission::ApprovalsRead
            | Permission::MemoryRead
            | Permission::MetricsRead
            | Permission::PoliciesRead
            | Permission::RunsReplay => [true, true, true, false],
            Permission::CompositionsSimulate
            | Permission::CompositionsSubmit
            | Permission::CompositionsTranslate
            | Permission::RunsCancel
            | Permission::SessionsManage => [true, true, false, true],
            Permission::AgentsRead
            | Permission::LogRead
            | Permission::QuotasRead
            | Permission::RunsRead => [true, true, true, true],
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let row = |permission: Permission| {
            let may = Role::ALL.map(|role| if role.may(permission) { 'y' } else { '-' });
            format!("{} {}", may.iter().collect::<String>(), permission.as_str())
        };
        let table: Vec<String> = Permission::ALL.into_iter().map(row).collect();
        assert_eq!(
            table.join("\n"),
            "yyyy agents:read\n\
             y--- api_keys:manage\n\
             yy-- approvals:decide\n\
             yyy- approvals:read\n\
             yy-- audit:read\n\
             yy-- compliance:read\n\
             yy-y compositions:simulate\n\
             yy-y compositions:submit\n\
             yy-y compositions:translate\n\
             yyyy log:read\n\
             yy-- log:verify\n\
             yyy- memory:read\n\
             yyy- metrics:read\n\
             y--- policies:manage\n\
             yyy- policies:read\n\
             y--- quotas:manage\n\
             yyyy quotas:read\n\
             yy-y runs:cancel\n\
             yyyy runs:read\n\
             yyy- runs:replay\n\
             yy-y sessions:manage\n\
             y--- tenants:manage\n\
             yy-- tenants:read\n\
             y--- tokens:manage"
        );
    }
}
