//! Settings of Google Cloud's services.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Absent, All, Any, Entry, Is, Lacks, ListLacks, Off, Present, Says};
use crate::iac_cloud::check::{Row, rows};

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "gcp-table-public" High ["google_bigquery_dataset"], Is("access.special_group", &["allAuthenticatedUsers", "allUsers"]),
        "everybody may read a data set", "CWE-284",
        "name groups";
    "gcp-bound-to-everybody" High ["google_bigquery_table_iam_binding", "google_bigquery_table_iam_member", "google_artifact_registry_repository_iam_binding", "google_artifact_registry_repository_iam_member", "google_pubsub_topic_iam_binding", "google_pubsub_topic_iam_member", "google_storage_bucket_iam_binding", "google_storage_bucket_iam_member", "google_cloud_run_service_iam_binding", "google_cloud_run_service_iam_member", "google_cloud_run_v2_service_iam_member", "google_cloud_run_v2_service_iam_binding", "google_dataproc_cluster_iam_binding", "google_dataproc_cluster_iam_member", "google_cloudfunctions_function_iam_binding", "google_cloudfunctions_function_iam_member", "google_cloudfunctions2_function_iam_binding", "google_cloudfunctions2_function_iam_member", "google_kms_crypto_key_iam_binding", "google_kms_crypto_key_iam_member", "google_kms_key_ring_iam_binding", "google_kms_key_ring_iam_member"], Any(&[Is("member", &["allUsers", "allAuthenticatedUsers"]), Is("members", &["allUsers", "allAuthenticatedUsers"])]),
        "a resource is granted to everybody", "CWE-284",
        "name members";
    "gcp-policy-for-everybody" High ["google_kms_crypto_key_iam_policy", "google_kms_key_ring_iam_policy", "google_storage_bucket_iam_policy", "google_pubsub_topic_iam_policy"], Any(&[Says("policy_data", &["allusers", "allauthenticatedusers"]), Says("*members", &["allusers"])]),
        "a resource is granted to everybody", "CWE-284",
        "name members";
    "gcp-dnssec-off" Medium ["google_dns_managed_zone"], Any(&[All(&[Is("visibility", &["public"]), Lacks("dnssec_config.state", &["on"])]), All(&[Absent("visibility"), Lacks("dnssec_config.state", &["on"])])]),
        "answers of a public zone are not signed", "CWE-345",
        "set `dnssec_config.state` to on";
    "gcp-dnssec-weak" Medium ["google_dns_managed_zone"], Is("*default_key_specs.algorithm", &["rsasha1"]),
        "a zone is signed with an outdated algorithm", "CWE-327",
        "use rsasha256 or ecdsap256sha256";
    "gcp-bucket-not-versioned" Medium ["google_storage_bucket"], Off("versioning.enabled"),
        "overwritten objects are lost", "CWE-693",
        "set `versioning.enabled`";
    "gcp-bucket-lists" Medium ["google_storage_bucket"], Off("uniform_bucket_level_access"),
        "objects of a bucket have lists of their own", "CWE-284",
        "set `uniform_bucket_level_access`";
    "gcp-bucket-not-logged" Low ["google_storage_bucket"], Absent("logging.log_bucket"),
        "accesses to a bucket are not logged", "CWE-778",
        "configure `logging`";
    "gcp-bucket-without-own-key" Low ["google_storage_bucket"], Absent("encryption.default_kms_key_name"),
        "a bucket is not encrypted with an own key", "CWE-311",
        "set `default_kms_key_name`";
    "gcp-bucket-may-be-public" Medium ["google_storage_bucket"], Lacks("public_access_prevention", &["enforced"]),
        "a bucket may be made public", "CWE-284",
        "set `public_access_prevention` to enforced";
    "gcp-nodes-not-cos" Low ["google_container_node_pool", "google_container_cluster"], All(&[Present("node_config.image_type"), Lacks("node_config.image_type", &["COS", "COS_CONTAINERD"])]),
        "nodes run an image with more than they need", "CWE-1104",
        "set `image_type` to COS_CONTAINERD";
    "gcp-dataproc-public" Medium ["google_dataproc_cluster"], Off("cluster_config.gce_cluster_config.internal_ip_only"),
        "nodes of a cluster have public addresses", "CWE-284",
        "set `internal_ip_only`";
    "gcp-dataproc-without-own-key" Low ["google_dataproc_cluster"], Absent("cluster_config.encryption_config.kms_key_name"),
        "a cluster is not encrypted with an own key", "CWE-311",
        "set `kms_key_name`";
    "gcp-disk-without-own-key" Medium ["google_compute_disk"], Any(&[Absent("disk_encryption_key"), All(&[Absent("disk_encryption_key.raw_key"), Absent("disk_encryption_key.kms_key_self_link")])]),
        "a disk is not encrypted with an own key", "CWE-311",
        "set `disk_encryption_key`";
    "gcp-instance-disk-without-own-key" Low ["google_compute_instance", "google_compute_instance_template"], All(&[Absent("boot_disk.kms_key_self_link"), Absent("boot_disk.disk_encryption_key_raw"), Absent("disk.disk_encryption_key")]),
        "a machine's disk is not encrypted with an own key", "CWE-311",
        "set `kms_key_self_link`";
    "gcp-cluster-public" High ["google_container_cluster"], Any(&[Off("private_cluster_config.enable_private_endpoint"), Off("private_cluster_config.enable_private_nodes")]),
        "a cluster has public addresses", "CWE-284",
        "make endpoint and nodes private";
    "gcp-nodes-public" Medium ["google_container_cluster"], Off("private_cluster_config.enable_private_nodes"),
        "nodes of a cluster have public addresses", "CWE-284",
        "set `enable_private_nodes`";
    "gcp-cluster-open" High ["google_container_cluster"], Any(&[Absent("master_authorized_networks_config"), Is("*cidr_blocks.cidr_block", &["0.0.0.0/0"])]),
        "every address may reach a cluster's control plane", "CWE-284",
        "name authorized networks";
    "gcp-cluster-legacy-rights" High ["google_container_cluster"], Is("enable_legacy_abac", &["true"]),
        "a cluster's rights are the old, coarse ones", "CWE-284",
        "set `enable_legacy_abac` to false";
    "gcp-cluster-client-certificates" Medium ["google_container_cluster"], Any(&[Absent("master_auth.client_certificate_config"), Is("master_auth.client_certificate_config.issue_client_certificate", &["true"])]),
        "a cluster takes certificates that cannot be revoked", "CWE-295",
        "set `issue_client_certificate` to false";
    "gcp-cluster-without-alias" Medium ["google_container_cluster"], Any(&[Absent("ip_allocation_policy"), Is("networking_mode", &["ROUTES"])]),
        "pods of a cluster have no addresses of their own", "CWE-653",
        "add `ip_allocation_policy`";
    "gcp-cluster-without-network-policy" Medium ["google_container_cluster"], Any(&[All(&[Off("network_policy.enabled"), Lacks("datapath_provider", &["ADVANCED_DATAPATH"])]), Is("addons_config.network_policy_config.disabled", &["true"])]),
        "pods of a cluster reach each other freely", "CWE-284",
        "set `network_policy.enabled`";
    "gcp-nodes-not-upgraded" Medium ["google_container_node_pool"], Off("management.auto_upgrade"),
        "nodes are not upgraded by themselves", "CWE-1104",
        "set `management.auto_upgrade`";
    "gcp-nodes-not-repaired" Low ["google_container_node_pool"], Off("management.auto_repair"),
        "broken nodes stay", "CWE-693",
        "set `management.auto_repair`";
    "gcp-cluster-old" Medium ["google_container_cluster"], Any(&[All(&[Present("min_master_version"), Lacks("min_master_version", &["latest", "1.29", "1.30", "1.31", "1.32", "1.33", "1.34"])]), All(&[Present("node_version"), Lacks("node_version", &["latest", "1.29", "1.30", "1.31"])])]),
        "a cluster's version is out of support", "CWE-1104",
        "upgrade";
    "gcp-cluster-without-psp" Low ["google_container_cluster"], Off("pod_security_policy_config.enabled"),
        "nothing restrains the pods of a cluster", "CWE-693",
        "enforce pod security";
    "gcp-cluster-not-shielded" Medium ["google_container_cluster"], Is("enable_shielded_nodes", &["false"]),
        "nodes of a cluster may be impersonated", "CWE-345",
        "leave `enable_shielded_nodes` on";
    "gcp-cluster-shield-missing" Medium ["google_container_cluster"], Off("enable_shielded_nodes"),
        "nodes of a cluster may be impersonated", "CWE-345",
        "set `enable_shielded_nodes`";
    "gcp-cluster-not-logged" Medium ["google_container_cluster"], Is("logging_service", &["none"]),
        "a cluster writes no logs", "CWE-778",
        "leave `logging_service` on";
    "gcp-cluster-not-monitored" Medium ["google_container_cluster"], Is("monitoring_service", &["none"]),
        "a cluster is not watched", "CWE-778",
        "leave `monitoring_service` on";
    "gcp-cluster-without-labels" Low ["google_container_cluster"], Absent("resource_labels"),
        "a cluster carries no labels", "CWE-1059",
        "add `resource_labels`";
    "gcp-legacy-metadata" High ["google_container_cluster", "google_container_node_pool"], Any(&[Is("node_config.metadata.disable-legacy-endpoints", &["false"]), All(&[Absent("node_config.metadata.disable-legacy-endpoints"), Present("node_config.metadata")])]),
        "pods may read their node's credentials", "CWE-522",
        "set `disable-legacy-endpoints`";
    "gcp-node-metadata" High ["google_container_cluster", "google_container_node_pool"], Any(&[All(&[Present("node_config.workload_metadata_config.node_metadata"), Lacks("node_config.workload_metadata_config.node_metadata", &["SECURE", "GKE_METADATA_SERVER"])]), All(&[Present("node_config.workload_metadata_config.mode"), Lacks("node_config.workload_metadata_config.mode", &["GKE_METADATA"])])]),
        "pods may read their node's credentials", "CWE-522",
        "set the mode to GKE_METADATA";
    "gcp-node-default-account" Medium ["google_container_cluster", "google_container_node_pool"], Absent("node_config.service_account"),
        "nodes run as the project's default account", "CWE-250",
        "set `service_account`";
    "gcp-ssl-policy-old" High ["google_compute_ssl_policy"], Lacks("min_tls_version", &["TLS_1_2", "TLS_1_3"]),
        "outdated TLS is taken", "CWE-327",
        "set `min_tls_version` to TLS_1_2";
    "gcp-subnet-not-logged" Low ["google_compute_subnetwork"], Any(&[All(&[Absent("log_config"), All(&[Present("purpose"), Lacks("purpose", &["PRIVATE"])])]), All(&[Absent("log_config"), Absent("purpose")])]),
        "flows of a subnet are not logged", "CWE-778",
        "configure `log_config`";
    "gcp-subnet-reaches-out" Low ["google_compute_subnetwork"], Off("private_ip_google_access"),
        "machines reach Google's services over public addresses only", "CWE-284",
        "set `private_ip_google_access`";
    "gcp-project-network" Medium ["google_project"], Any(&[All(&[Off("auto_create_network"), Absent("auto_create_network")]), Is("auto_create_network", &["true"])]),
        "a project begins with the open default network", "CWE-284",
        "set `auto_create_network` to false";
    "gcp-network-legacy" Medium ["google_compute_network"], Is("auto_create_subnetworks", &["true"]),
        "a network makes its subnets by itself", "CWE-284",
        "set `auto_create_subnetworks` to false";
    "gcp-account-impersonation" High ["google_project_iam_binding", "google_project_iam_member", "google_folder_iam_binding", "google_folder_iam_member", "google_organization_iam_binding", "google_organization_iam_member"], Is("role", &["roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser"]),
        "a member may act as every account of the project", "CWE-269",
        "grant the role on one account";
    "gcp-account-admin" High ["google_project_iam_binding", "google_project_iam_member"], Any(&[All(&[Says("role", &["admin"]), Says("member", &["serviceaccount"])]), All(&[Says("role", &["admin"]), Says("members", &["serviceaccount"])]), All(&[Is("role", &["roles/owner", "roles/editor"]), Says("member", &["serviceaccount"])])]),
        "a service account is an administrator", "CWE-250",
        "grant what is needed";
    "gcp-default-account-granted" High ["google_project_iam_binding", "google_project_iam_member", "google_folder_iam_binding", "google_folder_iam_member", "google_organization_iam_binding", "google_organization_iam_member"], Any(&[Says("member", &["developer.gserviceaccount.com", "appspot.gserviceaccount.com", "default_service_account"]), Says("members", &["developer.gserviceaccount.com", "appspot.gserviceaccount.com", "default_service_account"])]),
        "rights are given to a default account", "CWE-250",
        "make accounts for what they do";
    "gcp-basic-role" High ["google_project_iam_binding", "google_project_iam_member", "google_folder_iam_binding", "google_folder_iam_member", "google_organization_iam_binding", "google_organization_iam_member"], Is("role", &["roles/editor", "roles/owner", "roles/viewer"]),
        "a basic role grants nearly everything", "CWE-250",
        "grant a predefined role";
    "gcp-user-granted" Medium ["google_project_iam_binding", "google_project_iam_member", "google_folder_iam_member", "google_organization_iam_member", "google_storage_bucket_iam_member", "google_storage_bucket_iam_binding"], Any(&[Says("member", &["user:"]), Says("members", &["user:"])]),
        "rights are given to a person, not to a group", "CWE-269",
        "grant roles to groups";
    "gcp-personal-mail" Medium ["google_project_iam_binding", "google_project_iam_member"], Any(&[Says("member", &["gmail.com"]), Says("members", &["gmail.com"])]),
        "rights are given to a private mailbox", "CWE-284",
        "use accounts of the organization";
    "gcp-audit-exempt" Low ["google_project_iam_audit_config"], Any(&[All(&[Present("service"), Lacks("service", &["allServices"])]), ListLacks("audit_log_config.log_type", &["never"]), Present("audit_log_config.exempted_members")]),
        "some calls are not audited", "CWE-778",
        "audit all services for everybody";
    "gcp-audit-incomplete" Medium ["google_project_iam_audit_config", "google_organization_iam_audit_config", "google_folder_iam_audit_config"], Any(&[All(&[Present("service"), Lacks("service", &["allServices"])]), Present("audit_log_config.exempted_members")]),
        "some calls are not audited", "CWE-778",
        "audit all services for everybody";
    "gcp-key-rotation" Medium ["google_kms_crypto_key"], Absent("rotation_period"),
        "a key is never exchanged", "CWE-324",
        "set `rotation_period` to 90 days";
    "gcp-key-deletable" Low ["google_kms_crypto_key"], Off("lifecycle.prevent_destroy"),
        "a key can be destroyed by mistake", "CWE-693",
        "set `prevent_destroy`";
    "gcp-forwards" Medium ["google_compute_instance", "google_compute_instance_template"], Is("can_ip_forward", &["true"]),
        "a machine forwards the packets of others", "CWE-284",
        "set `can_ip_forward` to false";
    "gcp-login-off" Medium ["google_compute_instance", "google_compute_project_metadata", "google_compute_instance_template"], Is("metadata.enable-oslogin", &["false"]),
        "accounts of a machine are not those of the organization", "CWE-287",
        "leave `enable-oslogin` on";
    "gcp-login-missing" Medium ["google_compute_project_metadata"], Off("metadata.enable-oslogin"),
        "accounts of machines are not those of the organization", "CWE-287",
        "set `enable-oslogin`";
    "gcp-project-keys" Medium ["google_compute_instance", "google_compute_instance_template", "google_compute_instance_from_template"], Off("metadata.block-project-ssh-keys"),
        "keys of the project open the machine", "CWE-284",
        "set `block-project-ssh-keys`";
    "gcp-project-keys-allowed" Medium ["google_compute_instance"], Is("metadata.block-project-ssh-keys", &["false"]),
        "keys of the project open the machine", "CWE-284",
        "set `block-project-ssh-keys`";
    "gcp-default-account" Medium ["google_compute_instance", "google_compute_instance_template", "google_compute_instance_from_template"], Any(&[Absent("service_account.email"), Says("service_account.email", &["compute@developer.gserviceaccount.com"])]),
        "a machine runs as the project's default account", "CWE-250",
        "name an account of its own";
    "gcp-default-account-named" Medium ["google_compute_instance"], Any(&[Absent("service_account.email"), Says("service_account.email", &["compute@developer.gserviceaccount.com", "default_service_account"])]),
        "a machine runs as the project's default account", "CWE-250",
        "name an account of its own";
    "gcp-full-scope" Medium ["google_compute_instance", "google_compute_instance_template", "google_compute_instance_from_template"], Is("service_account.scopes", &["cloud-platform", "https://www.googleapis.com/auth/cloud-platform"]),
        "a machine may call every interface", "CWE-250",
        "name scopes";
    "gcp-vm-not-shielded" Medium ["google_compute_instance", "google_compute_instance_template"], Any(&[Absent("shielded_instance_config"), Off("shielded_instance_config.enable_secure_boot"), Is("shielded_instance_config.enable_vtpm", &["false"]), Is("shielded_instance_config.enable_integrity_monitoring", &["false"])]),
        "a machine starts whatever its disk holds", "CWE-345",
        "set every shield";
    "gcp-vm-vtpm" Medium ["google_compute_instance", "google_compute_instance_template"], Is("shielded_instance_config.enable_vtpm", &["false"]),
        "a machine has no trusted module", "CWE-345",
        "leave `enable_vtpm` on";
    "gcp-vm-boot" Medium ["google_compute_instance", "google_compute_instance_template"], Off("shielded_instance_config.enable_secure_boot"),
        "a machine starts unsigned software", "CWE-345",
        "set `enable_secure_boot`";
    "gcp-vm-integrity" Medium ["google_compute_instance", "google_compute_instance_template"], Is("shielded_instance_config.enable_integrity_monitoring", &["false"]),
        "a machine's start is not watched", "CWE-345",
        "leave `enable_integrity_monitoring` on";
    "gcp-serial" Medium ["google_compute_instance", "google_compute_project_metadata", "google_compute_instance_template"], Is("metadata.serial-port-enable", &["true", "1"]),
        "a machine's console is open", "CWE-489",
        "set `serial-port-enable` to false";
    "gcp-sql-skip-show" Low ["google_sql_database_instance"], All(&[Says("database_version", &["mysql"]), Entry("settings.database_flags", "name", &["skip_show_database"], &Lacks("value", &["on"]), true)]),
        "every user sees which databases exist", "CWE-200",
        "set `skip_show_database`";
    "gcp-sql-no-backup" Medium ["google_sql_database_instance"], All(&[Absent("master_instance_name"), Off("settings.backup_configuration.enabled")]),
        "a database keeps no backups", "CWE-693",
        "enable backups";
    "gcp-sql-public" High ["google_sql_database_instance"], Any(&[Is("*authorized_networks.value", &["0.0.0.0/0", "0.0.0.0"]), Absent("settings.ip_configuration")]),
        "every address may reach a database", "CWE-284",
        "name networks";
    "gcp-sql-public-address" High ["google_sql_database_instance"], Any(&[Is("*authorized_networks.value", &["0.0.0.0/0"]), Is("settings.ip_configuration.ipv4_enabled", &["true"]), Absent("settings.ip_configuration.ipv4_enabled")]),
        "a database has a public address", "CWE-284",
        "set `ipv4_enabled` to false";
    "gcp-sql-plain" High ["google_sql_database_instance"], All(&[Off("settings.ip_configuration.require_ssl"), Lacks("settings.ip_configuration.ssl_mode", &["ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"])]),
        "a database is spoken to in plain text", "CWE-319",
        "set `ssl_mode` to ENCRYPTED_ONLY";
    "gcp-sql-temp-files" Low ["google_sql_database_instance"], All(&[Says("database_version", &["postgres"]), Entry("settings.database_flags", "name", &["log_temp_files"], &Lacks("value", &["0"]), true)]),
        "large sorts are not logged", "CWE-778",
        "set `log_temp_files` to 0";
    "gcp-sql-connections" Low ["google_sql_database_instance"], All(&[Says("database_version", &["postgres"]), Entry("settings.database_flags", "name", &["log_connections"], &Lacks("value", &["on"]), true)]),
        "connections are not logged", "CWE-778",
        "set `log_connections`";
    "gcp-sql-disconnections" Low ["google_sql_database_instance"], All(&[Says("database_version", &["postgres"]), Entry("settings.database_flags", "name", &["log_disconnections"], &Lacks("value", &["on"]), true)]),
        "ends of connections are not logged", "CWE-778",
        "set `log_disconnections`";
    "gcp-sql-lock-waits" Low ["google_sql_database_instance"], All(&[Says("database_version", &["postgres"]), Entry("settings.database_flags", "name", &["log_lock_waits"], &Lacks("value", &["on"]), true)]),
        "waits for locks are not logged", "CWE-778",
        "set `log_lock_waits`";
    "gcp-sql-checkpoints" Low ["google_sql_database_instance"], All(&[Says("database_version", &["postgres"]), Entry("settings.database_flags", "name", &["log_checkpoints"], &Lacks("value", &["on"]), true)]),
        "checkpoints are not logged", "CWE-778",
        "set `log_checkpoints`";
    "gcp-sql-errors" Low ["google_sql_database_instance"], All(&[Says("database_version", &["postgres"]), Entry("settings.database_flags", "name", &["log_min_messages"], &Lacks("value", &["error", "warning", "notice", "info", "log", "debug1", "debug2", "debug3", "debug4", "debug5"]), false)]),
        "errors are not logged", "CWE-778",
        "set `log_min_messages` to ERROR or lower";
    "gcp-sql-statements" Low ["google_sql_database_instance"], All(&[Says("database_version", &["postgres"]), Entry("settings.database_flags", "name", &["log_min_duration_statement"], &Lacks("value", &["-1"]), false)]),
        "statements with their data are logged", "CWE-532",
        "set `log_min_duration_statement` to -1";
    "gcp-sql-local-files" High ["google_sql_database_instance"], Entry("settings.database_flags", "name", &["local_infile"], &Is("value", &["on"]), false),
        "a database reads files of its clients", "CWE-610",
        "set `local_infile` to off";
    "gcp-sql-chaining" Medium ["google_sql_database_instance"], All(&[Says("database_version", &["sqlserver"]), Entry("settings.database_flags", "name", &["cross db ownership chaining"], &Lacks("value", &["off"]), true)]),
        "rights reach across databases", "CWE-284",
        "set the flag `cross db ownership chaining` to off";
    "gcp-sql-contained" Medium ["google_sql_database_instance"], All(&[Says("database_version", &["sqlserver"]), Entry("settings.database_flags", "name", &["contained database authentication"], &Lacks("value", &["off"]), true)]),
        "a database makes users of its own", "CWE-287",
        "set the flag `contained database authentication` to off";
};
