//! Alibaba, DigitalOcean, Naver, Nifcloud, OpenStack, Oracle, Palo Alto, Tencent, Yandex.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Above, Absent, All, Any, Below, DataSays, Entry, Is, Lacks, Off, Open, Present, Says};
use crate::iac_cloud::check::{Row, rows};
use crate::iac_cloud::network::Ports;

const YANDEX_DATABASES: &[&str] = &[
    "yandex_mdb_clickhouse_cluster",
    "yandex_mdb_elasticsearch_cluster",
    "yandex_mdb_greenplum_cluster",
    "yandex_mdb_kafka_cluster",
    "yandex_mdb_mongodb_cluster",
    "yandex_mdb_mysql_cluster",
    "yandex_mdb_postgresql_cluster",
    "yandex_mdb_redis_cluster",
    "yandex_mdb_sqlserver_cluster",
];
const PALO_ALTO: &[&str] = &["panos_security_policy", "panos_security_rule_group"];
const NIF_DATABASES: &[&str] = &["nifcloud_db_instance"];

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "ali-oss-unlogged" Low ["alicloud_oss_bucket"], Absent("logging"),
        "access to a bucket is not logged", "CWE-778",
        "add `logging`";
    "ali-oss-slow" Info ["alicloud_oss_bucket"], Off("transfer_acceleration.enabled"),
        "a bucket has no accelerated transfer", "CWE-693",
        "set `transfer_acceleration`";
    "ali-password-digits" Low ["alicloud_ram_account_password_policy"], Off("require_numbers"),
        "passwords need no digit", "CWE-521",
        "set `require_numbers`";
    "ali-password-symbols" Low ["alicloud_ram_account_password_policy"], Off("require_symbols"),
        "passwords need no symbol", "CWE-521",
        "set `require_symbols`";
    "ali-password-lower" Low ["alicloud_ram_account_password_policy"], Off("require_lowercase_characters"),
        "passwords need no small letter", "CWE-521",
        "set `require_lowercase_characters`";
    "ali-password-upper" Low ["alicloud_ram_account_password_policy"], Off("require_uppercase_characters"),
        "passwords need no capital letter", "CWE-521",
        "set `require_uppercase_characters`";
    "ali-password-age" Low ["alicloud_ram_account_password_policy"], Any(&[Absent("max_password_age"), Above("max_password_age", 90)]),
        "passwords are good for more than ninety days", "CWE-521",
        "set `max_password_age` to 90";
    "ali-password-reuse" Low ["alicloud_ram_account_password_policy"], Below("password_reuse_prevention", 24),
        "old passwords may be used again", "CWE-521",
        "set `password_reuse_prevention` to 24";
    "ali-database-plain" Medium ["alicloud_db_instance", "alicloud_mongodb_instance"], Lacks("ssl_action", &["Open", "Update"]),
        "a database is spoken to in plain text", "CWE-319",
        "set `ssl_action` to Open";
    "ali-api-http" Medium ["alicloud_api_gateway_api"], Is("request_config.protocol", &["HTTP", "HTTP,HTTPS"]),
        "an API is spoken to in plain text", "CWE-319",
        "set `protocol` to HTTPS";
    "ali-database-stored-plain" Medium ["alicloud_db_instance", "alicloud_mongodb_instance"], Lacks("tde_status", &["Enabled"]),
        "a database is stored in plain text", "CWE-311",
        "set `tde_status` to Enabled";
    "ali-mfa" Medium ["alicloud_ram_security_preference"], Off("enforce_mfa_for_login"),
        "people sign in with a password alone", "CWE-308",
        "set `enforce_mfa_for_login`";
    "ali-key-unrotated" Medium ["alicloud_kms_key"], Lacks("automatic_rotation", &["Enabled"]),
        "a key is never rotated", "CWE-324",
        "set `automatic_rotation` to Enabled";
    "ali-key-off" Low ["alicloud_kms_key"], Is("status", &["Disabled", "PendingDeletion"]),
        "a key is off", "CWE-693",
        "set `status` to Enabled";
    "ali-audit-databases" Low ["alicloud_log_audit"], Off("variable_map.rds_enabled"),
        "what databases do is not audited", "CWE-778",
        "set `rds_enabled`";
    "ali-trail-one-region" Low ["alicloud_actiontrail_trail"], Lacks("trail_region", &["All"]),
        "a trail records one region", "CWE-778",
        "set `trail_region` to All";
    "ali-mongo-classic-network" Medium ["alicloud_mongodb_instance"], Lacks("network_type", &["VPC"]),
        "a database lies outside a private network", "CWE-284",
        "set `network_type` to VPC";
    "ali-disk-plain" Medium ["alicloud_disk"], All(&[Absent("snapshot_id"), Off("encrypted")]),
        "a disk is stored in plain text", "CWE-311",
        "set `encrypted`";
    "ali-database-open" High ["alicloud_db_instance", "alicloud_mongodb_instance"], Is("security_ips|security_ip_list", &["0.0.0.0", "0.0.0.0/0"]),
        "every address may reach a database", "CWE-284",
        "name addresses";
    "do-firewall-open" High ["digitalocean_firewall"], Is("inbound_rule.source_addresses", &["0.0.0.0/0", "::/0"]),
        "a firewall lets the internet in", "CWE-284",
        "name addresses";
    "do-firewall-out" Medium ["digitalocean_firewall"], Is("outbound_rule.destination_addresses", &["0.0.0.0/0", "::/0"]),
        "a machine may talk to every address", "CWE-284",
        "name addresses";
    "do-machine-without-keys" Medium ["digitalocean_droplet"], Absent("ssh_keys"),
        "a machine is entered with a password", "CWE-521",
        "name `ssh_keys`";
    "do-cluster-surge" Low ["digitalocean_kubernetes_cluster"], Is("surge_upgrade", &["false"]),
        "a cluster loses machines while it is upgraded", "CWE-693",
        "set `surge_upgrade`";
    "do-cluster-old" Low ["digitalocean_kubernetes_cluster"], Off("auto_upgrade"),
        "a cluster is not upgraded by itself", "CWE-1104",
        "set `auto_upgrade`";
    "do-spaces-public" High ["digitalocean_spaces_bucket", "digitalocean_spaces_bucket_object"], Is("acl", &["public-read"]),
        "everybody may read a bucket", "CWE-284",
        "set `acl` to private";
    "do-spaces-forced" Medium ["digitalocean_spaces_bucket"], Is("force_destroy", &["true"]),
        "a bucket is destroyed with everything in it", "CWE-693",
        "drop `force_destroy`";
    "do-spaces-unversioned" Low ["digitalocean_spaces_bucket"], Off("versioning.enabled"),
        "overwritten objects are lost", "CWE-693",
        "set `versioning`";
    "do-balancer-http" Medium ["digitalocean_loadbalancer"], All(&[Is("forwarding_rule.entry_protocol", &["http"]), Off("redirect_http_to_https")]),
        "a load balancer is spoken to in plain text", "CWE-319",
        "set `redirect_http_to_https`";
    "cloudstack-data-secret" High ["cloudstack_instance"], DataSays("user_data", &["password", "secret_key", "access_key"]),
        "a secret stands in the data of a machine", "CWE-798",
        "fetch it when the machine starts";
    "ncp-target-unwatched" Low ["ncloud_lb_target_group"], All(&[Is("protocol", &["HTTP", "HTTPS"]), Absent("health_check")]),
        "sick machines get requests", "CWE-693",
        "add `health_check`";
    "ncp-nas-plain" Medium ["ncloud_nas_volume"], Off("is_encrypted_volume"),
        "a volume is stored in plain text", "CWE-311",
        "set `is_encrypted_volume`";
    "ncp-target-http" Medium ["ncloud_lb_target_group"], Is("protocol", &["HTTP"]),
        "machines are spoken to in plain text", "CWE-319",
        "set `protocol` to HTTPS";
    "ncp-listener-http" Medium ["ncloud_lb_listener"], Is("protocol", &["HTTP"]),
        "a load balancer is spoken to in plain text", "CWE-319",
        "set `protocol` to HTTPS";
    "ncp-out-open" Medium ["ncloud_access_control_group_rule"], Is("outbound.ip_block", &["0.0.0.0/0", "::/0"]),
        "machines may talk to every address", "CWE-284",
        "name addresses";
    "nif-group-undescribed" Info ["nifcloud_security_group", "nifcloud_db_security_group", "nifcloud_nas_security_group"], Absent("description"),
        "nobody said what a security group is for", "CWE-1059",
        "describe it";
    "nif-shared-network" Medium ["nifcloud_instance", "nifcloud_router", "nifcloud_nas_instance", "nifcloud_elb"], Is("network_interface.network_id", &["net-COMMON_PRIVATE"]),
        "a machine lies in a network that is shared with other customers", "CWE-284",
        "give it a network of its own";
    "nif-domain-unproven" High ["nifcloud_dns_record"], All(&[Is("type", &["TXT"]), Says("record", &["nifty-dns-verify="])]),
        "the proof of ownership of a domain was left in its zone", "CWE-284",
        "remove it once the domain is verified";
    "nif-database-public" High NIF_DATABASES, Is("publicly_accessible", &["true"]),
        "a database has a public address", "CWE-284",
        "set `publicly_accessible` to false";
    "nif-balancer-http" Medium ["nifcloud_elb", "nifcloud_elb_listener"], All(&[Is("protocol", &["HTTP"]), Any(&[Absent("network_interface"), Is("network_interface.is_vip_network", &["true"])])]),
        "a load balancer is spoken to in plain text", "CWE-319",
        "set `protocol` to HTTPS";
    "nif-balancer-old-tls" Medium ["nifcloud_load_balancer", "nifcloud_load_balancer_listener"], All(&[Is("load_balancer_port|port", &["443"]), Any(&[Absent("ssl_policy_name"), Is("ssl_policy_name", &["Standard Ciphers A ver1", "Standard Ciphers B ver1", "Standard Ciphers C ver1", "Ats Ciphers A ver1", "Ats Ciphers D ver1"])])]),
        "a load balancer takes outdated TLS", "CWE-327",
        "name a policy of TLS 1.2 and newer";
    "opc-address-public" Medium ["opc_compute_ip_address_reservation"], Is("ip_address_pool", &["public-ippool"]),
        "an address is public", "CWE-284",
        "take it from a private pool";
    "openstack-rule-open" Medium ["openstack_fw_rule_v1"], All(&[Is("action", &["allow"]), Off("enabled"), Any(&[Absent("source_ip_address"), Absent("destination_ip_address"), Is("source_ip_address", &["0.0.0.0", "0.0.0.0/0", "::/0"])])]),
        "a firewall lets everybody through", "CWE-284",
        "name addresses";
    "openstack-group-in" High ["openstack_networking_secgroup_rule_v2"], All(&[Is("direction", &["ingress"]), Is("remote_ip_prefix", &["0.0.0.0/0", "::/0"])]),
        "a security group lets the internet in", "CWE-284",
        "name addresses";
    "openstack-group-out" Medium ["openstack_networking_secgroup_rule_v2"], All(&[Is("direction", &["egress"]), Is("remote_ip_prefix", &["0.0.0.0/0", "::/0"])]),
        "machines may talk to every address", "CWE-284",
        "name addresses";
    "openstack-group-undescribed" Info ["openstack_networking_secgroup_v2", "openstack_networking_secgroup_rule_v2"], Absent("description"),
        "nobody said what a security group is for", "CWE-1059",
        "describe it";
    "openstack-machine-password" High ["openstack_compute_instance_v2"], Present("admin_pass"),
        "the password of a machine is written down", "CWE-798",
        "enter it with a key";
    "oci-bucket-events" Low ["oci_objectstorage_bucket"], Off("object_events_enabled"),
        "nothing tells of changed objects", "CWE-778",
        "set `object_events_enabled`";
    "oci-bucket-unversioned" Low ["oci_objectstorage_bucket"], Lacks("versioning", &["Enabled"]),
        "overwritten objects are lost", "CWE-693",
        "set `versioning` to Enabled";
    "oci-password-digits" Low ["oci_identity_authentication_policy"], Off("password_policy.is_numeric_characters_required"),
        "passwords need no digit", "CWE-521",
        "set `is_numeric_characters_required`";
    "oci-list-stateless" Low ["oci_core_security_list"], Is("ingress_security_rules.stateless", &["false"]),
        "what comes in is remembered, and what it answers is let out", "CWE-284",
        "set `stateless`";
    "oci-list-empty" Low ["oci_core_security_list"], Absent("ingress_security_rules"),
        "a security list says nothing about what comes in", "CWE-284",
        "say what may come in";
    "oci-rule-stateless" Low ["oci_core_network_security_group_security_rule"], All(&[Is("direction", &["INGRESS"]), Lacks("stateless", &["true"])]),
        "what comes in is remembered, and what it answers is let out", "CWE-284",
        "set `stateless`";
    "oci-rule-rdp" High ["oci_core_network_security_group_security_rule"], All(&[Is("direction", &["INGRESS"]), Is("source", &["0.0.0.0/0"]), Any(&[Is("protocol", &["all", "1"]), Open(Ports::OneOf(&[3389]))])]),
        "remote desktop is open to the internet", "CWE-284",
        "name addresses";
    "oci-volume-own-key" Medium ["oci_core_volume"], Absent("kms_key_id"),
        "a volume is not encrypted with an own key", "CWE-311",
        "set `kms_key_id`";
    "oci-instance-transit" Medium ["oci_core_instance"], Off("launch_options.is_pv_encryption_in_transit_enabled"),
        "a machine speaks to its volumes in plain text", "CWE-319",
        "set `is_pv_encryption_in_transit_enabled`";
    "oci-instance-metadata" Medium ["oci_core_instance"], Off("instance_options.are_legacy_imds_endpoints_disabled"),
        "requests that a machine is tricked into reach its credentials", "CWE-918",
        "set `are_legacy_imds_endpoints_disabled`";
    "oci-instance-unwatched" Low ["oci_core_instance"], Is("agent_config.is_monitoring_disabled", &["true"]),
        "a machine is not watched", "CWE-778",
        "set `is_monitoring_disabled` to false";
    "oci-nodes-transit" Medium ["oci_containerengine_node_pool"], Off("node_config_details.is_pv_encryption_in_transit_enabled"),
        "nodes speak to their volumes in plain text", "CWE-319",
        "set `is_pv_encryption_in_transit_enabled`";
    "oci-cluster-policy" Low ["oci_containerengine_cluster"], Off("options.admission_controller_options.is_pod_security_policy_enabled"),
        "a cluster admits any pod", "CWE-693",
        "set `is_pod_security_policy_enabled`";
    "oci-cluster-groups" Low ["oci_containerengine_cluster"], Any(&[Absent("endpoint_config.nsg_ids"), Is("endpoint_config.nsg_ids", &["null"])]),
        "no security group guards the endpoint of a cluster", "CWE-284",
        "name `nsg_ids`";
    "oci-export-root" Medium ["oci_file_storage_export"], Lacks("export_options.identity_squash", &["ROOT", "ALL"]),
        "clients are root on a file system", "CWE-250",
        "set `identity_squash` to ROOT";
    "pan-any-application" High PALO_ALTO, Is("rule.applications", &["any"]),
        "a rule lets every application through", "CWE-284",
        "name applications";
    "pan-any-service" High PALO_ALTO, Is("rule.services", &["any"]),
        "a rule lets every port through", "CWE-284",
        "name services, or `application-default`";
    "pan-any-address" High PALO_ALTO, Entry("rule", "source_addresses", &["any"], &Is("destination_addresses", &["any"]), false),
        "a rule lets everybody reach everything", "CWE-284",
        "name addresses";
    "pan-uninspected" Medium PALO_ALTO, Is("rule.disable_server_response_inspection", &["true"]),
        "what servers answer is not inspected", "CWE-693",
        "drop `disable_server_response_inspection`";
    "pan-undescribed" Info PALO_ALTO, Absent("rule.description"),
        "nobody said what a rule is for", "CWE-1059",
        "describe it";
    "pan-unlogged" Low PALO_ALTO, Is("rule.log_end", &["false"]),
        "what a rule lets through is not logged", "CWE-778",
        "set `log_end`";
    "pan-ipsec-plain" High ["panos_ipsec_crypto_profile", "panos_panorama_ipsec_crypto_profile"], Is("protocol", &["ah"]),
        "packets are signed and not encrypted", "CWE-319",
        "set `protocol` to esp";
    "tc-instance-unwatched" Low ["tencentcloud_instance"], Is("disable_monitor_service", &["true"]),
        "a machine is not watched", "CWE-778",
        "drop `disable_monitor_service`";
    "tc-instance-default-network" Low ["tencentcloud_instance"], Any(&[Says("vpc_id", &["default"]), Says("subnet_id", &["default"])]),
        "a machine lies in the default network", "CWE-284",
        "give it a network of its own";
    "tc-mysql-default-port" Info ["tencentcloud_mysql_instance"], Any(&[Absent("intranet_port"), Is("intranet_port", &["3306"])]),
        "a database listens at the port that everybody tries", "CWE-693",
        "set `intranet_port`";
    "tc-balancer-unlogged" Low ["tencentcloud_clb_instance"], Any(&[Absent("log_set_id"), Absent("log_topic_id")]),
        "a load balancer does not log", "CWE-778",
        "set `log_set_id` and `log_topic_id`";
    "tc-instance-secret" High ["tencentcloud_instance"], DataSays("user_data|user_data_raw", &["secret_id", "secret_key", "password="]),
        "a secret stands in the data of a machine", "CWE-798",
        "fetch it when the machine starts";
    "tc-flow-log-off" Low ["tencentcloud_vpc_flow_log_config"], Is("enable", &["false"]),
        "traffic is not recorded", "CWE-778",
        "set `enable`";
    "yc-database-unguarded" Medium YANDEX_DATABASES, Absent("security_group_ids"),
        "no security group guards a database", "CWE-284",
        "name `security_group_ids`";
    "yc-cluster-secrets-plain" Medium ["yandex_kubernetes_cluster"], Absent("kms_provider"),
        "secrets of a cluster are stored in plain text", "CWE-311",
        "add `kms_provider`";
    "yc-cluster-unguarded" Medium ["yandex_kubernetes_cluster"], Absent("master.security_group_ids"),
        "no security group guards a cluster", "CWE-284",
        "name `security_group_ids`";
    "yc-nodes-unguarded" Medium ["yandex_kubernetes_node_group", "yandex_compute_instance_group"], Absent("instance_template.network_interface.security_group_ids"),
        "no security group guards machines", "CWE-284",
        "name `security_group_ids`";
    "yc-cluster-old" Low ["yandex_kubernetes_cluster"], Off("master.maintenance_policy.auto_upgrade"),
        "a cluster is not upgraded by itself", "CWE-1104",
        "set `auto_upgrade`";
    "yc-nodes-old" Low ["yandex_kubernetes_node_group"], Off("maintenance_policy.auto_upgrade"),
        "nodes are not upgraded by themselves", "CWE-1104",
        "set `auto_upgrade`";
    "yc-cloud-editors" High ["yandex_resourcemanager_cloud_iam_binding", "yandex_resourcemanager_cloud_iam_member", "yandex_organizationmanager_organization_iam_binding", "yandex_organizationmanager_organization_iam_member"], Is("role", &["admin", "editor"]),
        "people may change everything in a cloud", "CWE-269",
        "give roles of single services";
    "yc-folder-editors" Medium ["yandex_resourcemanager_folder_iam_binding", "yandex_resourcemanager_folder_iam_member"], Is("role", &["admin", "editor"]),
        "people may change everything in a folder", "CWE-269",
        "give roles of single services";
    "yc-group-open" High ["yandex_vpc_security_group"], Open(Ports::Every),
        "a security group lets the internet in on every port", "CWE-284",
        "name ports and networks";
    "yc-instance-public" Medium ["yandex_compute_instance"], Is("network_interface.nat", &["true"]),
        "a machine has a public address", "CWE-284",
        "drop `nat`";
    "yc-instance-serial" Medium ["yandex_compute_instance"], Is("metadata.serial-port-enable", &["true", "1"]),
        "a machine can be entered by its serial port", "CWE-284",
        "drop `serial-port-enable`";
    "yc-bucket-plain" Medium ["yandex_storage_bucket"], Absent("server_side_encryption_configuration"),
        "a bucket is stored in plain text", "CWE-311",
        "add `server_side_encryption_configuration`";
    "yc-key-unrotated" Medium ["yandex_kms_symmetric_key"], Absent("rotation_period"),
        "a key is never rotated", "CWE-324",
        "set `rotation_period`";
};
