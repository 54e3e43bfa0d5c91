//! Data, networks and machines of Azure.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Above, Absent, All, Always, Any, Below, Is, Lacks, ListLacks, Off, Present, Says, Unsaid, Without};
use crate::iac_cloud::check::{Row, rows};

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "az-disk-plain" High ["azurerm_managed_disk"], Is("encryption_settings.enabled", &["false"]),
        "a disk is stored in plain text", "CWE-311",
        "encrypt it";
    "az-disk-without-settings" Medium ["azurerm_managed_disk"], Any(&[All(&[Absent("encryption_settings"), Absent("disk_encryption_set_id")]), Is("encryption_settings.enabled", &["false"])]),
        "a disk is not encrypted with an own key", "CWE-311",
        "set `disk_encryption_set_id`";
    "az-alerts-unsent" Medium ["azurerm_security_center_contact"], Off("alert_notifications"),
        "nobody is told of threats", "CWE-778",
        "set `alert_notifications`";
    "az-alerts-owner" Low ["azurerm_security_center_contact"], Off("alerts_to_admins"),
        "administrators are not told of threats", "CWE-778",
        "set `alerts_to_admins`";
    "az-redis-plain" Medium ["azurerm_redis_cache"], Any(&[Is("enable_non_ssl_port", &["true"]), Is("non_ssl_port_enabled", &["true"])]),
        "a cache is spoken to in plain text", "CWE-319",
        "close the plain port";
    "az-redis-entire" Critical ["azurerm_redis_firewall_rule"], All(&[Is("start_ip", &["0.0.0.0"]), Is("end_ip", &["0.0.0.0", "255.255.255.255"])]),
        "every address may reach a cache", "CWE-284",
        "name addresses";
    "az-redis-public" High ["azurerm_redis_firewall_rule"], Any(&[All(&[All(&[Present("start_ip"), Lacks("start_ip", &["0.0.0.0"])]), Unsaid("start_ip", &["10.", "192.168.", "172."])]), Is("end_ip", &["255.255.255.255"])]),
        "public addresses may reach a cache", "CWE-284",
        "name private addresses";
    "az-database-public" Medium ["azurerm_mariadb_server"], Any(&[Absent("public_network_access_enabled"), Is("public_network_access_enabled", &["true"])]),
        "a database has a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-mysql-public" Medium ["azurerm_mysql_server"], Any(&[Absent("public_network_access_enabled"), Is("public_network_access_enabled", &["true"])]),
        "a database has a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-postgres-public" Medium ["azurerm_postgresql_server"], Any(&[Absent("public_network_access_enabled"), Is("public_network_access_enabled", &["true"])]),
        "a database has a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-any-database-public" Medium ["azurerm_postgresql_server", "azurerm_mysql_server", "azurerm_mariadb_server", "azurerm_mssql_server"], Any(&[Absent("public_network_access_enabled"), Is("public_network_access_enabled", &["true"])]),
        "a database has a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-mariadb-one-region" Low ["azurerm_mariadb_server"], Off("geo_redundant_backup_enabled"),
        "backups live in one region", "CWE-693",
        "set `geo_redundant_backup_enabled`";
    "az-postgres-one-region" Low ["azurerm_postgresql_server"], Off("geo_redundant_backup_enabled"),
        "backups live in one region", "CWE-693",
        "set `geo_redundant_backup_enabled`";
    "az-flexible-one-region" Low ["azurerm_postgresql_flexible_server"], Off("geo_redundant_backup_enabled"),
        "backups live in one region", "CWE-693",
        "set `geo_redundant_backup_enabled`";
    "az-mysql-one-region" Low ["azurerm_mysql_server", "azurerm_mysql_flexible_server"], Off("geo_redundant_backup_enabled"),
        "backups live in one region", "CWE-693",
        "set `geo_redundant_backup_enabled`";
    "az-mariadb-old-tls" Medium ["azurerm_mariadb_server"], All(&[Present("ssl_minimal_tls_version_enforced"), Lacks("ssl_minimal_tls_version_enforced", &["TLS1_2"])]),
        "a database takes outdated TLS", "CWE-327",
        "set TLS1_2";
    "az-mysql-old-tls" Medium ["azurerm_mysql_server"], All(&[Present("ssl_minimal_tls_version_enforced"), Lacks("ssl_minimal_tls_version_enforced", &["TLS1_2"])]),
        "a database takes outdated TLS", "CWE-327",
        "set TLS1_2";
    "az-server-old-tls" Medium ["azurerm_mysql_server", "azurerm_postgresql_server", "azurerm_mssql_server"], Any(&[All(&[Present("ssl_minimal_tls_version_enforced"), Lacks("ssl_minimal_tls_version_enforced", &["TLS1_2"])]), All(&[Present("minimum_tls_version"), Lacks("minimum_tls_version", &["1.2"])])]),
        "a database takes outdated TLS", "CWE-327",
        "set 1.2";
    "az-mysql-plain" Medium ["azurerm_mysql_server"], Off("ssl_enforcement_enabled"),
        "a database is spoken to in plain text", "CWE-319",
        "set `ssl_enforcement_enabled`";
    "az-postgres-plain" Medium ["azurerm_postgresql_server"], Off("ssl_enforcement_enabled"),
        "a database is spoken to in plain text", "CWE-319",
        "set `ssl_enforcement_enabled`";
    "az-database-plain" Medium ["azurerm_mysql_server", "azurerm_postgresql_server", "azurerm_mariadb_server"], Off("ssl_enforcement_enabled"),
        "a database is spoken to in plain text", "CWE-319",
        "set `ssl_enforcement_enabled`";
    "az-nic-forwards" Medium ["azurerm_network_interface"], Any(&[Is("enable_ip_forwarding", &["true"]), Is("ip_forwarding_enabled", &["true"])]),
        "an interface forwards the packets of others", "CWE-284",
        "set `enable_ip_forwarding` to false";
    "az-nic-public" Medium ["azurerm_network_interface"], Present("ip_configuration.public_ip_address_id"),
        "an interface has a public address", "CWE-284",
        "drop `public_ip_address_id`";
    "az-pg-connections" Medium ["azurerm_postgresql_configuration"], All(&[Is("name", &["log_connections"]), All(&[Present("value"), Lacks("value", &["on"])])]),
        "connections are not logged", "CWE-778",
        "set it to on";
    "az-pg-disconnections" Medium ["azurerm_postgresql_configuration"], All(&[Is("name", &["log_disconnections"]), All(&[Present("value"), Lacks("value", &["on"])])]),
        "ends of connections are not logged", "CWE-778",
        "set it to on";
    "az-pg-duration" Medium ["azurerm_postgresql_configuration"], All(&[Is("name", &["log_duration"]), All(&[Present("value"), Lacks("value", &["on"])])]),
        "durations are not logged", "CWE-778",
        "set it to on";
    "az-pg-checkpoints" Medium ["azurerm_postgresql_configuration"], All(&[Is("name", &["log_checkpoints"]), All(&[Present("value"), Lacks("value", &["on"])])]),
        "checkpoints are not logged", "CWE-778",
        "set it to on";
    "az-pg-throttling" Medium ["azurerm_postgresql_configuration"], All(&[Is("name", &["connection_throttling"]), All(&[Present("value"), Lacks("value", &["on"])])]),
        "failing clients are not slowed down", "CWE-307",
        "set it to on";
    "az-pg-log-retention" Low ["azurerm_postgresql_configuration"], All(&[Is("name", &["log_retention"]), All(&[Present("value"), Lacks("value", &["on"])])]),
        "logs are not kept", "CWE-778",
        "set it to on";
    "az-pg-log-days" Low ["azurerm_postgresql_configuration"], All(&[Is("name", &["log_retention_days"]), All(&[Present("value"), Lacks("value", &["4", "5", "6", "7"])])]),
        "logs are kept for less than four days", "CWE-778",
        "set it to 7";
    "az-pg-infrastructure" Low ["azurerm_postgresql_server"], Off("infrastructure_encryption_enabled"),
        "a database is encrypted once only", "CWE-311",
        "set `infrastructure_encryption_enabled`";
    "az-pg-threats" Medium ["azurerm_postgresql_server"], Off("threat_detection_policy.enabled"),
        "threats to a database are not looked for", "CWE-778",
        "set `threat_detection_policy`";
    "az-storage-public" High ["azurerm_storage_account"], Any(&[Is("allow_blob_public_access", &["true"]), Is("allow_nested_items_to_be_public", &["true"])]),
        "stored data may be made public", "CWE-284",
        "set `allow_nested_items_to_be_public` to false";
    "az-storage-open" High ["azurerm_storage_account", "azurerm_storage_account_network_rules"], Any(&[Is("allow_blob_public_access", &["true"]), Is("network_rules.ip_rules", &["0.0.0.0/0"]), Is("ip_rules", &["0.0.0.0/0"])]),
        "every address may reach stored data", "CWE-284",
        "name addresses";
    "az-storage-http" Medium ["azurerm_storage_account"], Any(&[Is("enable_https_traffic_only", &["false"]), Is("https_traffic_only_enabled", &["false"])]),
        "stored data travels in plain text", "CWE-319",
        "leave HTTPS on";
    "az-storage-old-tls" Medium ["azurerm_storage_account"], All(&[Present("min_tls_version"), Lacks("min_tls_version", &["TLS1_2", "TLS1_3"])]),
        "stored data is sent over outdated TLS", "CWE-327",
        "set `min_tls_version` to TLS1_2";
    "az-container-public" High ["azurerm_storage_container"], Is("container_access_type", &["blob", "container"]),
        "everybody may read a container", "CWE-284",
        "set `container_access_type` to private";
    "az-storage-deleted-lost" Low ["azurerm_storage_account"], Absent("blob_properties.delete_retention_policy"),
        "deleted data is lost", "CWE-693",
        "set `delete_retention_policy`";
    "az-storage-not-logged" Medium ["azurerm_storage_account"], Any(&[Off("queue_properties.logging.delete"), Off("queue_properties.logging.read"), Off("queue_properties.logging.write")]),
        "reads and writes of queues are not logged", "CWE-778",
        "set `queue_properties.logging`";
    "az-storage-one-region" Low ["azurerm_storage_account"], All(&[Present("account_replication_type"), Lacks("account_replication_type", &["GRS", "RAGRS", "GZRS", "RAGZRS"])]),
        "data lives in one region", "CWE-693",
        "choose a geo-redundant type";
    "az-storage-infrastructure" Low ["azurerm_storage_account"], Off("infrastructure_encryption_enabled"),
        "data is encrypted once only", "CWE-311",
        "set `infrastructure_encryption_enabled`";
    "az-storage-local-users" Medium ["azurerm_storage_account"], Any(&[All(&[Is("sftp_enabled", &["true"]), Absent("local_user_enabled")]), Is("local_user_enabled", &["true"])]),
        "users of the account's own may sign in", "CWE-287",
        "set `local_user_enabled` to false";
    "az-share-open" High ["azurerm_storage_share_file", "azurerm_storage_share", "azurerm_storage_table"], Says("acl.access_policy.permissions", &["rwdl", "raud"]),
        "a share grants every permission", "CWE-284",
        "grant what is needed";
    "az-vault-open" Critical ["azurerm_key_vault"], Any(&[Absent("network_acls"), Is("network_acls.default_action", &["Allow"])]),
        "every network may reach a vault", "CWE-284",
        "set `network_acls.default_action` to Deny";
    "az-vault-public" Medium ["azurerm_key_vault"], Any(&[All(&[All(&[Present("network_acls.default_action"), Lacks("network_acls.default_action", &["Deny"])]), Absent("public_network_access_enabled")]), All(&[Absent("network_acls"), Absent("public_network_access_enabled")]), All(&[Absent("network_acls"), Is("public_network_access_enabled", &["true"])])]),
        "a vault has a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-vault-purged" Medium ["azurerm_key_vault"], Off("purge_protection_enabled"),
        "deleted keys are lost", "CWE-693",
        "set `purge_protection_enabled`";
    "az-vault-not-audited" Medium ["azurerm_key_vault"], Without(&Always, "azurerm_monitor_diagnostic_setting", "target_resource_id", &Any(&[])),
        "uses of a vault are not logged", "CWE-778",
        "add a diagnostic setting";
    "az-key-for-ever" Medium ["azurerm_key_vault_key"], Absent("expiration_date"),
        "a key never expires", "CWE-324",
        "set `expiration_date`";
    "az-secret-for-ever" Medium ["azurerm_key_vault_secret"], Absent("expiration_date"),
        "a secret never expires", "CWE-324",
        "set `expiration_date`";
    "az-secret-untyped" Low ["azurerm_key_vault_secret"], Absent("content_type"),
        "nothing says what a secret is", "CWE-1059",
        "set `content_type`";
    "az-sql-not-audited" Medium ["azurerm_sql_server", "azurerm_mssql_server"], All(&[Absent("extended_auditing_policy"), Without(&Always, "azurerm_mssql_server_extended_auditing_policy", "server_id", &Any(&[])), Without(&Always, "azurerm_sql_database_extended_auditing_policy", "server_id", &Any(&[]))]),
        "a database server keeps no audit log", "CWE-778",
        "add an auditing policy";
    "az-sql-database-not-audited" Medium ["azurerm_sql_database"], All(&[Off("threat_detection_policy.state"), Absent("extended_auditing_policy")]),
        "a database keeps no audit log", "CWE-778",
        "add an auditing policy";
    "az-audit-short" Low ["azurerm_sql_server", "azurerm_mssql_server", "azurerm_sql_database"], All(&[Below("extended_auditing_policy.retention_in_days", 90), Present("extended_auditing_policy")]),
        "audit logs are kept for less than 90 days", "CWE-778",
        "set `retention_in_days` to 90";
    "az-audit-days" Medium ["azurerm_mssql_database_extended_auditing_policy", "azurerm_mssql_server_extended_auditing_policy"], All(&[Present("retention_in_days"), Below("retention_in_days", 90)]),
        "audit logs are kept for less than 90 days", "CWE-778",
        "set `retention_in_days` to 90";
    "az-alert-owner" Medium ["azurerm_sql_server", "azurerm_mssql_server_security_alert_policy"], Off("email_account_admins"),
        "owners are not told of threats", "CWE-778",
        "set `email_account_admins`";
    "az-alert-address" Medium ["azurerm_mssql_server_security_alert_policy"], Absent("email_addresses"),
        "nobody is told of threats", "CWE-778",
        "set `email_addresses`";
    "az-admin-predictable" Medium ["azurerm_sql_active_directory_administrator"], Is("login", &["admin", "administrator", "sqladmin", "root", "azure_ad_admin", "azure_admin"]),
        "an administrator's name can be guessed", "CWE-1392",
        "choose another name";
    "az-admin-name" Medium ["azurerm_sql_server", "azurerm_mssql_server"], Is("administrator_login", &["admin", "administrator", "sqladmin", "root"]),
        "an administrator's name can be guessed", "CWE-1392",
        "choose another name";
    "az-sql-open" High ["azurerm_sql_firewall_rule", "azurerm_mssql_firewall_rule", "azurerm_postgresql_firewall_rule", "azurerm_mysql_firewall_rule", "azurerm_mariadb_firewall_rule"], Any(&[All(&[Is("start_ip_address", &["0.0.0.0"]), All(&[Present("end_ip_address"), Lacks("end_ip_address", &["0.0.0.0"])])]), Is("end_ip_address", &["255.255.255.255"])]),
        "every address may reach a database", "CWE-284",
        "name addresses";
    "az-sql-azure" Medium ["azurerm_sql_firewall_rule", "azurerm_mssql_firewall_rule"], All(&[Is("start_ip_address", &["0.0.0.0"]), Is("end_ip_address", &["0.0.0.0"])]),
        "every customer of the cloud may reach a database", "CWE-284",
        "name addresses";
    "az-role-custom" Medium ["azurerm_role_definition"], Is("permissions.actions", &["Microsoft.Authorization/roleDefinitions/write", "*"]),
        "a role may make roles", "CWE-269",
        "name actions";
    "az-role-wild" Medium ["azurerm_role_definition"], Is("permissions.actions", &["*"]),
        "a role may do everything", "CWE-250",
        "name actions";
    "az-profile-short" Medium ["azurerm_monitor_log_profile"], Any(&[Is("retention_policy.enabled", &["false"]), All(&[Above("retention_policy.days", 0), Below("retention_policy.days", 365)])]),
        "activity logs are kept for less than a year", "CWE-778",
        "keep them for 365 days";
    "az-profile-incomplete" Medium ["azurerm_monitor_log_profile"], ListLacks("categories", &["Action", "Write", "Delete"]),
        "some activities are not logged", "CWE-778",
        "log Action, Delete and Write";
    "az-profile-regions" Medium ["azurerm_monitor_log_profile"], ListLacks("locations", &["eastus", "westus", "northeurope", "westeurope", "uksouth", "global"]),
        "activities of some regions are not logged", "CWE-778",
        "name every region";
    "az-flow-retention" Low ["azurerm_network_watcher_flow_log"], Any(&[Is("enabled", &["false"]), Off("retention_policy.enabled"), Below("retention_policy.days", 90)]),
        "flows are kept for less than 90 days", "CWE-778",
        "keep them for 90 days";
    "az-flow-off" Medium ["azurerm_network_watcher_flow_log"], Is("enabled", &["false"]),
        "flows are not logged", "CWE-778",
        "set `enabled`";
    "az-network-unprotected" Medium ["azurerm_virtual_network"], Off("ddos_protection_plan.enable"),
        "a network has no protection against floods", "CWE-693",
        "name a protection plan";
    "az-network-without-group" Medium ["azurerm_subnet"], Without(&Always, "azurerm_subnet_network_security_group_association", "subnet_id", &Any(&[])),
        "a subnet has no security group", "CWE-284",
        "associate one";
    "az-machine-unattached" Medium ["azurerm_virtual_machine", "azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine"], Absent("network_interface_ids"),
        "a machine is in no network", "CWE-284",
        "set `network_interface_ids`";
    "az-gateway-without-waf" Medium ["azurerm_application_gateway"], All(&[Off("waf_configuration.enabled"), Absent("firewall_policy_id")]),
        "a gateway has no firewall for web requests", "CWE-693",
        "set `waf_configuration`";
    "az-gateway-old-tls" High ["azurerm_application_gateway"], Any(&[All(&[Present("ssl_policy.min_protocol_version"), Lacks("ssl_policy.min_protocol_version", &["TLSv1_2", "TLSv1_3"])]), Absent("ssl_policy"), All(&[Present("ssl_policy.policy_name"), Lacks("ssl_policy.policy_name", &["AppGwSslPolicy20220101", "AppGwSslPolicy20220101S", "AppGwSslPolicy20170401S"])])]),
        "a gateway takes outdated TLS", "CWE-327",
        "take TLS 1.2 or later";
    "az-machine-allows-extensions" Low ["azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine", "azurerm_linux_virtual_machine_scale_set", "azurerm_windows_virtual_machine_scale_set"], Is("provision_vm_agent", &["false"]),
        "a machine runs no agent", "CWE-1104",
        "leave `provision_vm_agent` on";
    "az-machine-not-updated" Medium ["azurerm_windows_virtual_machine", "azurerm_windows_virtual_machine_scale_set"], Any(&[Is("enable_automatic_updates", &["false"]), Is("automatic_updates_enabled", &["false"])]),
        "a machine does not install fixes", "CWE-1104",
        "leave automatic updates on";
    "az-machine-host-plain" Medium ["azurerm_windows_virtual_machine"], Off("encryption_at_host_enabled"),
        "a machine's caches are stored in plain text", "CWE-311",
        "set `encryption_at_host_enabled`";
    "az-machine-secret" High ["azurerm_virtual_machine", "azurerm_linux_virtual_machine"], Any(&[Says("custom_data", &["password", "secret", "token"]), Says("os_profile.custom_data", &["password"])]),
        "a machine starts with secrets in its script", "CWE-798",
        "use a vault";
    "az-factory-public" Medium ["azurerm_data_factory"], Any(&[Absent("public_network_enabled"), Is("public_network_enabled", &["true"])]),
        "a data factory has a public address", "CWE-284",
        "set `public_network_enabled` to false";
    "az-lake-plain" High ["azurerm_data_lake_store"], Is("encryption_state", &["Disabled"]),
        "a data lake is stored in plain text", "CWE-311",
        "set `encryption_state` to Enabled";
};
