//! Settings of Azure's services.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Absent, All, Always, Any, Below, Is, Lacks, Off, Present, Unsaid, Without};
use crate::iac_cloud::check::{Row, rows};

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "az-sql-without-ad-admin" Medium ["azurerm_sql_server", "azurerm_mssql_server"], All(&[Absent("azuread_administrator"), Without(&Always, "azurerm_sql_active_directory_administrator", "server_name", &Any(&[]))]),
        "no directory account administers a database server", "CWE-287",
        "name a directory administrator";
    "az-cluster-without-network-policy" Medium ["azurerm_kubernetes_cluster"], Absent("network_profile.network_policy"),
        "pods of a cluster reach each other freely", "CWE-284",
        "set `network_profile.network_policy`";
    "az-cluster-public" Medium ["azurerm_kubernetes_cluster"], Off("private_cluster_enabled"),
        "a cluster's control plane has a public address", "CWE-284",
        "set `private_cluster_enabled`";
    "az-cluster-without-rbac" High ["azurerm_kubernetes_cluster"], Any(&[Is("role_based_access_control_enabled", &["false"]), Is("role_based_access_control.enabled", &["false"])]),
        "a cluster knows no roles", "CWE-284",
        "leave role based access control on";
    "az-cluster-without-policies" Low ["azurerm_kubernetes_cluster"], All(&[Off("azure_policy_enabled"), Off("addon_profile.azure_policy.enabled")]),
        "no policies are enforced in a cluster", "CWE-693",
        "set `azure_policy_enabled`";
    "az-cluster-open-to-all" High ["azurerm_kubernetes_cluster"], All(&[Absent("api_server_authorized_ip_ranges"), Absent("api_server_access_profile.authorized_ip_ranges"), Off("private_cluster_enabled")]),
        "every address may reach a cluster's control plane", "CWE-284",
        "name authorized ranges";
    "az-cluster-not-monitored" Medium ["azurerm_kubernetes_cluster"], All(&[Absent("oms_agent"), Off("addon_profile.oms_agent.enabled")]),
        "a cluster's logs are not collected", "CWE-778",
        "configure `oms_agent`";
    "az-cluster-disks-without-own-key" Medium ["azurerm_kubernetes_cluster"], Absent("disk_encryption_set_id"),
        "disks of a cluster are not encrypted with an own key", "CWE-311",
        "set `disk_encryption_set_id`";
    "az-cluster-dashboard" Medium ["azurerm_kubernetes_cluster"], Is("addon_profile.kube_dashboard.enabled", &["true"]),
        "a cluster runs the dashboard", "CWE-306",
        "disable `kube_dashboard`";
    "az-cluster-local-accounts" Medium ["azurerm_kubernetes_cluster"], Off("local_account_disabled"),
        "local accounts bypass the directory", "CWE-287",
        "set `local_account_disabled`";
    "az-cluster-free-tier" Low ["azurerm_kubernetes_cluster"], Lacks("sku_tier", &["Standard", "Paid", "Premium"]),
        "a cluster comes without an uptime agreement", "CWE-693",
        "choose a paid `sku_tier`";
    "az-cluster-without-upgrades" Low ["azurerm_kubernetes_cluster"], Any(&[All(&[Absent("automatic_channel_upgrade"), Absent("automatic_upgrade_channel")]), Is("automatic_channel_upgrade", &["none"]), Is("automatic_upgrade_channel", &["none"])]),
        "a cluster is not upgraded by itself", "CWE-1104",
        "choose an upgrade channel";
    "az-cluster-system-nodes-shared" Low ["azurerm_kubernetes_cluster"], Off("default_node_pool.only_critical_addons_enabled"),
        "workloads share nodes with the system's pods", "CWE-653",
        "set `only_critical_addons_enabled`";
    "az-app-without-authentication" Medium ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], All(&[Off("auth_settings.enabled"), Off("auth_settings_v2.auth_enabled")]),
        "a web application leaves authentication to its code", "CWE-306",
        "configure `auth_settings`";
    "az-app-ftp" High ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], Lacks("site_config.ftps_state", &["FtpsOnly", "Disabled"]),
        "a web application is deployed over plain FTP", "CWE-319",
        "set `ftps_state` to FtpsOnly or Disabled";
    "az-app-ftp-any" High ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app", "azurerm_function_app", "azurerm_linux_function_app", "azurerm_windows_function_app"], Is("site_config.ftps_state", &["AllAllowed"]),
        "code is deployed over plain FTP", "CWE-319",
        "set `ftps_state` to FtpsOnly or Disabled";
    "az-app-http1" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], Off("site_config.http2_enabled"),
        "a web application does without HTTP/2", "CWE-1104",
        "set `http2_enabled`";
    "az-app-without-identity" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], Absent("identity"),
        "a web application needs stored credentials", "CWE-522",
        "add a managed `identity`";
    "az-app-identity-missing" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app", "azurerm_function_app"], Absent("identity.type"),
        "an application needs stored credentials", "CWE-522",
        "add a managed `identity`";
    "az-app-old-tls" High ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], Any(&[All(&[Present("site_config.min_tls_version"), Lacks("site_config.min_tls_version", &["1.2", "1.3"])]), All(&[Present("site_config.minimum_tls_version"), Lacks("site_config.minimum_tls_version", &["1.2", "1.3"])])]),
        "a web application takes outdated TLS", "CWE-327",
        "set the minimum version to 1.2";
    "az-app-old-php" Low ["azurerm_app_service", "azurerm_windows_web_app", "azurerm_linux_web_app"], Any(&[All(&[Present("site_config.php_version"), Lacks("site_config.php_version", &["7.4", "8.0", "8.1", "8.2", "8.3", "8.4", "~7.4"])]), All(&[Present("site_config.application_stack.php_version"), Lacks("site_config.application_stack.php_version", &["7.4", "8.0", "8.1", "8.2", "8.3", "8.4"])])]),
        "an application runs an outdated PHP", "CWE-1104",
        "use a supported version";
    "az-app-old-python" Low ["azurerm_app_service", "azurerm_windows_web_app", "azurerm_linux_web_app"], Any(&[Is("site_config.python_version", &["2.7", "3.4", "3.6"]), Is("site_config.application_stack.python_version", &["2.7", "3.4", "3.6", "3.7"])]),
        "an application runs an outdated Python", "CWE-1104",
        "use a supported version";
    "az-app-without-client-certificate" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], All(&[Off("client_cert_enabled"), Off("client_certificate_enabled")]),
        "a web application asks for no client certificate", "CWE-295",
        "require client certificates";
    "az-app-http" Medium ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], Off("https_only"),
        "a web application answers over HTTP", "CWE-319",
        "set `https_only`";
    "az-app-debugged" Medium ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app", "azurerm_linux_function_app", "azurerm_windows_function_app", "azurerm_linux_function_app_slot", "azurerm_windows_function_app_slot", "azurerm_linux_web_app_slot", "azurerm_windows_web_app_slot", "azurerm_function_app", "azurerm_app_service_slot"], Any(&[Is("remote_debugging_enabled", &["true"]), Is("site_config.remote_debugging_enabled", &["true"])]),
        "an application may be debugged from outside", "CWE-489",
        "set `remote_debugging_enabled` to false";
    "az-app-requests-not-logged" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], Absent("logs.http_logs"),
        "a web application's requests are not logged", "CWE-778",
        "configure `logs.http_logs`";
    "az-app-errors-not-logged" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], All(&[Off("logs.detailed_error_messages_enabled"), Off("logs.detailed_error_messages")]),
        "errors of a web application are not kept in detail", "CWE-778",
        "set `detailed_error_messages`";
    "az-app-failures-not-traced" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], All(&[Off("logs.failed_request_tracing_enabled"), Off("logs.failed_request_tracing")]),
        "failed requests are not traced", "CWE-778",
        "set `failed_request_tracing`";
    "az-app-without-health-check" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], Absent("site_config.health_check_path"),
        "broken instances of an application stay in use", "CWE-693",
        "set `health_check_path`";
    "az-app-public" Medium ["azurerm_linux_web_app", "azurerm_windows_web_app"], Any(&[Absent("public_network_access_enabled"), Is("public_network_access_enabled", &["true"])]),
        "a web application is reachable from the internet", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-app-without-files" Low ["azurerm_app_service", "azurerm_linux_web_app", "azurerm_windows_web_app"], Lacks("storage_account.type", &["AzureFiles"]),
        "an application's files are not on a managed share", "CWE-693",
        "mount Azure Files";
    "az-function-without-authentication" Medium ["azurerm_function_app", "azurerm_linux_function_app", "azurerm_windows_function_app"], All(&[Off("auth_settings.enabled"), Off("auth_settings_v2.auth_enabled")]),
        "a function leaves authentication to its code", "CWE-306",
        "configure `auth_settings`";
    "az-function-without-client-certificate" Low ["azurerm_function_app", "azurerm_linux_function_app", "azurerm_windows_function_app"], All(&[Lacks("client_cert_mode", &["Required"]), Lacks("client_certificate_mode", &["Required"])]),
        "a function asks for no client certificate", "CWE-295",
        "set `client_cert_mode` to Required";
    "az-function-ftp" High ["azurerm_function_app", "azurerm_linux_function_app", "azurerm_windows_function_app"], Lacks("site_config.ftps_state", &["FtpsOnly", "Disabled"]),
        "a function is deployed over plain FTP", "CWE-319",
        "set `ftps_state` to FtpsOnly or Disabled";
    "az-function-http1" Low ["azurerm_function_app", "azurerm_function_app_slot", "azurerm_linux_function_app", "azurerm_windows_function_app"], Off("site_config.http2_enabled"),
        "a function does without HTTP/2", "CWE-1104",
        "set `http2_enabled`";
    "az-function-without-identity" Low ["azurerm_function_app", "azurerm_linux_function_app", "azurerm_windows_function_app"], Absent("identity"),
        "a function needs stored credentials", "CWE-522",
        "add a managed `identity`";
    "az-function-old-tls" High ["azurerm_function_app", "azurerm_function_app_slot", "azurerm_linux_function_app", "azurerm_linux_function_app_slot", "azurerm_windows_function_app", "azurerm_windows_function_app_slot"], Any(&[All(&[Present("site_config.min_tls_version"), Lacks("site_config.min_tls_version", &["1.2", "1.3"])]), All(&[Present("site_config.minimum_tls_version"), Lacks("site_config.minimum_tls_version", &["1.2", "1.3"])])]),
        "a function takes outdated TLS", "CWE-327",
        "set the minimum version to 1.2";
    "az-function-http" Medium ["azurerm_function_app", "azurerm_function_app_slot", "azurerm_linux_function_app", "azurerm_linux_function_app_slot", "azurerm_windows_function_app", "azurerm_windows_function_app_slot"], Off("https_only"),
        "a function answers over HTTP", "CWE-319",
        "set `https_only`";
    "az-function-not-logged" Low ["azurerm_function_app", "azurerm_function_app_slot"], Is("enable_builtin_logging", &["false"]),
        "a function writes no log", "CWE-778",
        "leave `enable_builtin_logging` on";
    "az-search-public" Medium ["azurerm_search_service"], Any(&[Is("public_network_access_enabled", &["true"]), Absent("public_network_access_enabled"), Is("public_network_access_enabled", &["true"])]),
        "a search service is reachable from the internet", "CWE-284",
        "set `public_network_access_enabled` to false";
    "az-search-without-identity" Low ["azurerm_search_service"], Absent("identity"),
        "a search service needs stored credentials", "CWE-522",
        "add a managed `identity`";
    "az-search-few-replicas" Low ["azurerm_search_service"], Below("replica_count", 3),
        "an index is served by fewer than three replicas", "CWE-693",
        "set `replica_count` to 3";
    "az-search-open" Medium ["azurerm_search_service"], Is("allowed_ips", &["0.0.0.0/0", "0.0.0.0"]),
        "every address may reach a search service", "CWE-284",
        "name addresses";
    "az-registry-without-lock" Low ["azurerm_container_registry"], Without(&Always, "azurerm_management_lock", "scope", &Any(&[])),
        "a registry can be deleted by mistake", "CWE-693",
        "add a management lock";
    "az-registry-admin" Medium ["azurerm_container_registry"], Is("admin_enabled", &["true"]),
        "a registry has a shared administrator", "CWE-798",
        "set `admin_enabled` to false";
    "az-registry-one-region" Low ["azurerm_container_registry"], All(&[Absent("georeplications"), Absent("georeplication_locations")]),
        "a registry lives in one region", "CWE-693",
        "add georeplications";
    "az-registry-keeps-all" Low ["azurerm_container_registry"], All(&[Off("retention_policy.enabled"), Absent("retention_policy_in_days")]),
        "untagged images are kept for ever", "CWE-1104",
        "set a retention policy";
    "az-registry-shared-endpoint" Low ["azurerm_container_registry"], Off("data_endpoint_enabled"),
        "image layers come from a shared endpoint", "CWE-284",
        "set `data_endpoint_enabled`";
    "az-registry-hook-http" High ["azurerm_container_registry_webhook"], Unsaid("service_uri", &["https:"]),
        "a registry's events are sent in plain text", "CWE-319",
        "use an https address";
    "az-front-door-without-waf" Medium ["azurerm_frontdoor"], Absent("frontend_endpoint.web_application_firewall_policy_link_id"),
        "a front door has no firewall for web requests", "CWE-693",
        "link a firewall policy";
    "az-waf-without-log4j" Medium ["azurerm_frontdoor_firewall_policy", "azurerm_web_application_firewall_policy"], Any(&[All(&[Absent("managed_rule"), Absent("managed_rules")]), Is("managed_rule.override.rule.enabled", &["false"]), Is("managed_rules.managed_rule_set.rule_group_override.rule.enabled", &["false"]), Is("managed_rules.managed_rule_set.rule_group_override.disabled_rules", &["944240"]), Is("managed_rule.override.rule.action", &["Log", "Redirect"])]),
        "a firewall lets through code in looked-up names", "CWE-917",
        "leave the managed rules on";
    "az-instance-password" Medium ["azurerm_linux_virtual_machine", "azurerm_virtual_machine", "azurerm_linux_virtual_machine_scale_set", "azurerm_virtual_machine_scale_set"], Any(&[Is("disable_password_authentication", &["false"]), Is("os_profile_linux_config.disable_password_authentication", &["false"])]),
        "a machine takes passwords over SSH", "CWE-262",
        "set `disable_password_authentication`";
    "az-instance-basic-authentication" Medium ["azurerm_linux_virtual_machine", "azurerm_virtual_machine"], Any(&[Is("os_profile_linux_config.disable_password_authentication", &["false"]), Is("disable_password_authentication", &["false"]), All(&[Off("os_profile_linux_config.disable_password_authentication"), Present("os_profile_linux_config")])]),
        "a machine takes passwords over SSH", "CWE-262",
        "set `disable_password_authentication`";
    "az-cosmos-without-tags" Low ["azurerm_cosmosdb_account"], Absent("tags"),
        "a database account carries no tags", "CWE-1059",
        "add tags";
    "az-cosmos-open" Medium ["azurerm_cosmosdb_account"], Absent("ip_range_filter"),
        "every address may reach a database account", "CWE-284",
        "set `ip_range_filter`";
    "az-cosmos-local-keys" Low ["azurerm_cosmosdb_account"], Off("local_authentication_disabled"),
        "shared keys open a database account", "CWE-287",
        "set `local_authentication_disabled`";
    "az-storage-network-open" High ["azurerm_storage_account", "azurerm_storage_account_network_rules"], Any(&[Is("network_rules.default_action", &["Allow"]), Is("default_action", &["Allow"])]),
        "every network may reach stored data", "CWE-284",
        "set `default_action` to Deny";
    "az-storage-without-rules" Medium ["azurerm_storage_account"], Any(&[All(&[Absent("network_rules"), Absent("public_network_access_enabled"), Without(&Always, "azurerm_storage_account_network_rules", "storage_account_id", &Any(&[]))]), All(&[Is("public_network_access_enabled", &["true"]), Absent("network_rules")])]),
        "every network may reach stored data", "CWE-284",
        "add network rules";
};
