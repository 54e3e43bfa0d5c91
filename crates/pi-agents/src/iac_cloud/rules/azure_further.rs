//! Further services of Azure.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Absent, All, Any, Below, Hosts, Is, Lacks, Off, Open, Present};
use crate::iac_cloud::check::{Row, rows};
use crate::iac_cloud::network::Ports;

const RULES: &[&str] = &["azurerm_network_security_rule", "azurerm_network_security_group"];
const MACHINES: &[&str] = &[
    "azurerm_linux_virtual_machine",
    "azurerm_windows_virtual_machine",
    "azurerm_virtual_machine",
];

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "az-rule-open" High RULES, Open(Ports::Any),
        "a security group lets the internet in", "CWE-284",
        "name the networks that need access";
    "az-rule-ssh-open" High RULES, Open(Ports::OneOf(&[22])),
        "SSH is open to the internet", "CWE-284",
        "name the networks that need access";
    "az-rule-rdp-open" High RULES, Open(Ports::OneOf(&[3389])),
        "remote desktop is open to the internet", "CWE-284",
        "name the networks that need access";
    "az-rule-http-open" Low RULES, Open(Ports::OneOf(&[80])),
        "HTTP without TLS is open to the internet", "CWE-319",
        "serve HTTPS, and name networks";
    "az-rule-udp-open" High RULES, Open(Ports::Udp),
        "datagrams of the whole internet are let in", "CWE-406",
        "name the networks that need access";
    "az-redis-many" Medium ["azurerm_redis_firewall_rule"], Hosts("start_ip", "end_ip", 255),
        "more than 255 addresses may reach a cache", "CWE-284",
        "name fewer addresses";
    "az-alerts-off" Medium ["azurerm_security_center_contact"], Any(&[Off("alert_notifications"), Off("alerts_to_admins")]),
        "somebody is not told of threats", "CWE-778",
        "set `alert_notifications` and `alerts_to_admins`";
    "az-machine-managed-disks" Low ["azurerm_virtual_machine"], All(&[Present("storage_os_disk"), Absent("storage_os_disk.managed_disk_type"), Absent("storage_os_disk.managed_disk_id")]),
        "the disk of a machine lies in a storage account", "CWE-693",
        "set `managed_disk_type`";
    "az-machine-vhd" Low MACHINES, Any(&[Present("storage_os_disk.vhd_uri"), Present("storage_data_disk.vhd_uri")]),
        "a disk of a machine lies in a storage account", "CWE-693",
        "use managed disks";
    "az-spring-network" Medium ["azurerm_spring_cloud_service"], Any(&[Lacks("sku_name", &["S0", "E0"]), Absent("network")]),
        "an application lies outside a private network", "CWE-284",
        "add `network`";
    "az-automation-public" Medium ["azurerm_automation_account"], Any(&[Absent("public_network_access_enabled"), Is("public_network_access_enabled", &["true"])]),
        "automation has a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-mssql-stored-plain" Medium ["azurerm_mssql_database"], Is("transparent_data_encryption_enabled", &["false"]),
        "a database is stored in plain text", "CWE-311",
        "leave `transparent_data_encryption_enabled` on";
    "az-containers-identity" Low ["azurerm_container_group"], Absent("identity"),
        "containers have no identity of their own", "CWE-287",
        "add `identity`";
    "az-containers-network" Medium ["azurerm_container_group"], All(&[Absent("subnet_ids"), Absent("network_profile_id")]),
        "containers lie outside a private network", "CWE-284",
        "set `subnet_ids`";
    "az-containers-public" Medium ["azurerm_container_group"], Any(&[Absent("ip_address_type"), Is("ip_address_type", &["Public"])]),
        "containers have a public address", "CWE-284",
        "set `ip_address_type` to Private";
    "az-mssql-scans-off" Medium ["azurerm_mssql_server_vulnerability_assessment"], Off("recurring_scans.enabled"),
        "weaknesses of a database are not looked for", "CWE-778",
        "set `recurring_scans`";
    "az-mssql-scans-unsent" Low ["azurerm_mssql_server_vulnerability_assessment"], Off("recurring_scans.email_subscription_admins"),
        "administrators are not told of weaknesses", "CWE-778",
        "set `email_subscription_admins`";
    "az-mariadb-tls" Medium ["azurerm_mariadb_server"], Lacks("ssl_minimal_tls_version_enforced", &["TLS1_2"]),
        "a database takes outdated TLS", "CWE-327",
        "set TLS1_2";
    "az-databricks-own-key" Medium ["azurerm_databricks_workspace"], Off("customer_managed_key_enabled"),
        "a workspace is not encrypted with an own key", "CWE-311",
        "set `customer_managed_key_enabled`";
    "az-learning-public" Medium ["azurerm_machine_learning_workspace"], Lacks("public_network_access_enabled", &["false"]),
        "a workspace has a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-learning-passwords" Medium ["azurerm_machine_learning_compute_cluster"], Lacks("local_auth_enabled", &["false"]),
        "machines believe passwords", "CWE-287",
        "set `local_auth_enabled` to false";
    "az-synapse-alerts" Low ["azurerm_synapse_sql_pool_security_alert_policy", "azurerm_synapse_workspace_security_alert_policy"], Any(&[Lacks("policy_state", &["Enabled"]), Present("disabled_alerts")]),
        "threats to a pool are not looked for", "CWE-778",
        "set `policy_state`, and drop `disabled_alerts`";
    "az-synapse-leaks" Medium ["azurerm_synapse_workspace"], Off("data_exfiltration_protection_enabled"),
        "a workspace may send data to every tenant", "CWE-284",
        "set `data_exfiltration_protection_enabled`";
    "az-synapse-network" Medium ["azurerm_synapse_workspace"], Off("managed_virtual_network_enabled"),
        "a workspace lies outside a private network", "CWE-284",
        "set `managed_virtual_network_enabled`";
    "az-synapse-password" Low ["azurerm_synapse_workspace"], Present("sql_administrator_login_password"),
        "a workspace believes a password", "CWE-287",
        "use `azuread_authentication_only`";
    "az-synapse-own-key" Medium ["azurerm_synapse_workspace"], Absent("customer_managed_key"),
        "a workspace is not encrypted with an own key", "CWE-311",
        "add `customer_managed_key`";
    "az-synapse-pool-plain" Medium ["azurerm_synapse_sql_pool"], Off("data_encrypted"),
        "a pool is stored in plain text", "CWE-311",
        "set `data_encrypted`";
    "az-event-identity" Low ["azurerm_eventgrid_domain", "azurerm_eventgrid_topic"], Absent("identity"),
        "events have no identity of their own", "CWE-287",
        "add `identity`";
    "az-event-public" Medium ["azurerm_eventgrid_domain", "azurerm_eventgrid_topic"], Lacks("public_network_access_enabled", &["false"]),
        "events have a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-event-passwords" Low ["azurerm_eventgrid_domain", "azurerm_eventgrid_topic"], Lacks("local_auth_enabled", &["false"]),
        "events believe shared keys", "CWE-287",
        "set `local_auth_enabled` to false";
    "az-portal-http" Medium ["azurerm_spring_cloud_api_portal"], Off("https_only_enabled"),
        "a portal is spoken to in plain text", "CWE-319",
        "set `https_only_enabled`";
    "az-portal-public" Low ["azurerm_spring_cloud_api_portal"], Is("public_network_access_enabled", &["true"]),
        "a portal has a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-api-old-tls" Medium ["azurerm_api_management"], Any(&[Is("security.enable_backend_ssl30|enable_frontend_ssl30|enable_backend_tls10|enable_frontend_tls10|enable_backend_tls11|enable_frontend_tls11", &["true"]), Is("security.backend_ssl30_enabled|frontend_ssl30_enabled|backend_tls10_enabled|frontend_tls10_enabled|backend_tls11_enabled|frontend_tls11_enabled", &["true"])]),
        "an API takes outdated TLS", "CWE-327",
        "leave SSL 3.0, TLS 1.0 and TLS 1.1 off";
    "az-settings-identity" Low ["azurerm_app_configuration"], Absent("encryption"),
        "settings are not encrypted with an own key", "CWE-311",
        "add `encryption`";
    "az-settings-lost" Low ["azurerm_app_configuration"], Off("purge_protection_enabled"),
        "deleted settings cannot be brought back", "CWE-693",
        "set `purge_protection_enabled`";
    "az-settings-free" Info ["azurerm_app_configuration"], Lacks("sku", &["standard", "premium"]),
        "settings are kept without any promise of the provider", "CWE-693",
        "set `sku` to standard";
    "az-signalr-free" Info ["azurerm_signalr_service"], Is("sku.name", &["Free_F1"]),
        "a service runs without any promise of the provider", "CWE-693",
        "choose another `sku`";
    "az-cdn-https" Medium ["azurerm_cdn_endpoint"], Is("is_https_allowed", &["false"]),
        "an endpoint takes no TLS", "CWE-319",
        "set `is_https_allowed`";
    "az-cdn-http" Medium ["azurerm_cdn_endpoint"], Lacks("is_http_allowed", &["false"]),
        "an endpoint is spoken to in plain text", "CWE-319",
        "set `is_http_allowed` to false";
    "az-cdn-old-tls" Medium ["azurerm_cdn_endpoint_custom_domain"], Any(&[Is("cdn_managed_https.tls_version", &["TLS10", "None"]), Is("user_managed_https.tls_version", &["TLS10", "None"])]),
        "a domain takes outdated TLS", "CWE-327",
        "set `tls_version` to TLS12";
    "az-bus-own-key" Medium ["azurerm_servicebus_namespace"], Absent("customer_managed_key"),
        "messages are not encrypted with an own key", "CWE-311",
        "add `customer_managed_key`";
    "az-bus-public" Medium ["azurerm_servicebus_namespace"], Lacks("public_network_access_enabled", &["false"]),
        "messages have a public address", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-plan-alone" Info ["azurerm_service_plan"], Below("worker_count", 2),
        "one machine serves alone", "CWE-693",
        "set `worker_count` to 2";
    "az-firewall-detection" Low ["azurerm_firewall_policy"], Lacks("intrusion_detection.mode", &["Deny"]),
        "a firewall lets attacks through that it knows", "CWE-693",
        "set `intrusion_detection` to Deny";
    "az-hub-old-tls" Medium ["azurerm_eventhub_namespace"], Is("minimum_tls_version", &["1.0", "1.1"]),
        "events are sent over outdated TLS", "CWE-327",
        "set `minimum_tls_version` to 1.2";
    "az-mssql-ledger" Low ["azurerm_mssql_database"], Off("ledger_enabled"),
        "changed rows leave no trace", "CWE-345",
        "set `ledger_enabled`";
    "az-mssql-one-zone" Low ["azurerm_mssql_database"], Off("zone_redundant"),
        "a database lives in one zone", "CWE-693",
        "set `zone_redundant`";
    "az-environment-one-zone" Low ["azurerm_app_service_environment_v3"], Off("zone_redundant"),
        "applications live in one zone", "CWE-693",
        "set `zone_redundant`";
    "az-defender-free" Medium ["azurerm_security_center_subscription_pricing"], All(&[Is("resource_type", &["Arm"]), Is("tier", &["Free"])]),
        "threats to the management of resources are not looked for", "CWE-778",
        "set `tier` to Standard";
    "az-cognitive-passwords" Medium ["azurerm_cognitive_account"], Lacks("local_auth_enabled", &["false"]),
        "a service believes shared keys", "CWE-287",
        "set `local_auth_enabled` to false";
    "az-batch-open" Medium ["azurerm_batch_account"], Any(&[Is("network_profile.account_access.default_action", &["Allow"]), Is("network_profile.node_management_access.default_action", &["Allow"])]),
        "every address may reach a batch account", "CWE-284",
        "set `default_action` to Deny";
    "az-sync-public" Medium ["azurerm_storage_sync"], Any(&[Absent("incoming_traffic_policy"), Is("incoming_traffic_policy", &["AllowAllTraffic"])]),
        "files have a public address", "CWE-284",
        "set `incoming_traffic_policy` to AllowVirtualNetworksOnly";
};
