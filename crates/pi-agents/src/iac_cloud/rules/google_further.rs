//! Firewalls and further services of Google Cloud.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Above, Absent, All, Any, Entry, Is, Lacks, Off, Open, OpenTo, Present, Says, Unsaid};
use crate::iac_cloud::check::{Row, rows};
use crate::iac_cloud::network::{From, Ports};

const FIREWALLS: &[&str] = &["google_compute_firewall"];
const DATABASES: &[&str] = &["google_sql_database_instance"];
const FLAGS: &str = "settings.database_flags";

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "gcp-firewall-open" High FIREWALLS, Open(Ports::Any),
        "a firewall lets the internet in", "CWE-284",
        "name the networks that need access";
    "gcp-firewall-ssh-open" High FIREWALLS, Open(Ports::OneOf(&[22])),
        "SSH is open to the internet", "CWE-284",
        "name the networks that need access";
    "gcp-firewall-rdp-open" High FIREWALLS, Open(Ports::OneOf(&[3389])),
        "remote desktop is open to the internet", "CWE-284",
        "name the networks that need access";
    "gcp-firewall-http-open" Low FIREWALLS, Open(Ports::OneOf(&[80])),
        "HTTP without TLS is open to the internet", "CWE-319",
        "serve HTTPS, and name networks";
    "gcp-firewall-ftp-open" High FIREWALLS, Open(Ports::OneOf(&[20, 21])),
        "FTP is open to the internet", "CWE-284",
        "name the networks that need access";
    "gcp-firewall-mysql-open" High FIREWALLS, Open(Ports::OneOf(&[3306])),
        "a database is open to the internet", "CWE-284",
        "name the networks that need access";
    "gcp-firewall-every-port" High FIREWALLS, Any(&[Open(Ports::Every), OpenTo(From::Private, Ports::Every)]),
        "a firewall lets every port through", "CWE-284",
        "name ports";
    "gcp-firewall-range" Medium FIREWALLS, All(&[Open(Ports::Any), Says("allow.ports", &["-"])]),
        "a firewall lets the internet in on ranges of ports", "CWE-284",
        "name single ports";
    "gcp-key-rotation-slow" Medium ["google_kms_crypto_key"], Above("rotation_period", 7_776_000),
        "a key is rotated after more than ninety days", "CWE-324",
        "set `rotation_period` to 7776000s";
    "gcp-policy-editors" High ["data.google_iam_policy"], Is("binding.role", &["roles/editor", "roles/owner", "roles/iam.serviceAccountTokenCreator"]),
        "somebody may change everything in a project", "CWE-269",
        "give roles of single services";
    "gcp-default-accounts" Medium ["google_project_default_service_accounts"], Lacks("action", &["DISABLE", "DEPRIVILEGE"]),
        "default accounts are deleted, which cannot be undone, or kept", "CWE-269",
        "set `action` to DISABLE";
    "gcp-pg-duration" Low DATABASES, Entry(FLAGS, "name", &["log_duration"], &Lacks("value", &["on"]), false),
        "durations are not logged", "CWE-778",
        "set `log_duration` to on";
    "gcp-pg-parser" Low DATABASES, Entry(FLAGS, "name", &["log_parser_stats"], &Lacks("value", &["off"]), false),
        "the inner life of a database fills its log", "CWE-778",
        "set `log_parser_stats` to off";
    "gcp-pg-planner" Low DATABASES, Entry(FLAGS, "name", &["log_planner_stats"], &Lacks("value", &["off"]), false),
        "the inner life of a database fills its log", "CWE-778",
        "set `log_planner_stats` to off";
    "gcp-pg-statements" Low DATABASES, Entry(FLAGS, "name", &["log_statement_stats"], &Lacks("value", &["off"]), false),
        "the inner life of a database fills its log", "CWE-778",
        "set `log_statement_stats` to off";
    "gcp-vertex-own-key" Medium ["google_vertex_ai_endpoint", "google_vertex_ai_tensorboard", "google_vertex_ai_metadata_store", "google_vertex_ai_featurestore", "google_vertex_ai_dataset"], Absent("encryption_spec"),
        "models are not encrypted with an own key", "CWE-311",
        "add `encryption_spec`";
    "gcp-workbench-own-key" Medium ["google_workbench_instance"], Any(&[Absent("gce_setup.data_disks.kms_key"), Absent("gce_setup.boot_disk.kms_key")]),
        "disks of a notebook are not encrypted with an own key", "CWE-311",
        "set `kms_key`";
    "gcp-workbench-public" Medium ["google_workbench_instance"], Off("gce_setup.disable_public_ip"),
        "a notebook has a public address", "CWE-284",
        "set `disable_public_ip`";
    "gcp-dialog-unlogged" Low ["google_dialogflow_agent"], Off("enable_logging"),
        "an agent does not log", "CWE-778",
        "set `enable_logging`";
    "gcp-webhook-unlogged" Low ["google_dialogflow_cx_webhook", "google_dialogflow_cx_agent"], All(&[Off("enable_stackdriver_logging"), Off("advanced_settings.logging_settings.enable_stackdriver_logging")]),
        "an agent does not log", "CWE-778",
        "set `enable_stackdriver_logging`";
    "gcp-tpu-public" Medium ["google_tpu_v2_vm"], Is("network_config.enable_external_ips", &["true"]),
        "a machine has a public address", "CWE-284",
        "set `enable_external_ips` to false";
    "gcp-tpu-network" Low ["google_tpu_v2_vm"], Absent("network_config"),
        "a machine lies in the default network", "CWE-284",
        "add `network_config`";
    "gcp-runtime-own-key" Medium ["google_notebooks_runtime"], All(&[Present("virtual_machine"), Absent("virtual_machine.virtual_machine_config.encryption_config")]),
        "a notebook is not encrypted with an own key", "CWE-311",
        "add `encryption_config`";
    "gcp-runtime-public" Medium ["google_notebooks_runtime"], All(&[Present("virtual_machine"), Off("virtual_machine.virtual_machine_config.internal_ip_only")]),
        "a notebook has a public address", "CWE-284",
        "set `internal_ip_only`";
    "gcp-balancer-http" Medium ["google_compute_global_forwarding_rule"], All(&[Says("target", &["targethttpproxies", "google_compute_target_http_proxy"]), Lacks("load_balancing_scheme", &["INTERNAL", "INTERNAL_SELF_MANAGED", "INTERNAL_MANAGED"])]),
        "a load balancer is spoken to in plain text", "CWE-319",
        "use a target HTTPS proxy";
    "gcp-pool-any-token" High ["google_iam_workload_identity_pool_provider"], All(&[Present("oidc"), Absent("attribute_condition")]),
        "every token of an issuer is believed", "CWE-287",
        "set `attribute_condition`";
    "gcp-pool-any-workflow" High ["google_iam_workload_identity_pool_provider"], All(&[Says("oidc.issuer_uri", &["token.actions.githubusercontent.com"]), Unsaid("attribute_condition", &["assertion.repository", "assertion.sub ", "assertion.sub=", "attribute.repository", "assertion.sub.startswith"])]),
        "workflows of any repository are believed", "CWE-284",
        "compare `assertion.repository` in `attribute_condition`";
    "gcp-bigtable-own-key" Medium ["google_bigtable_instance"], Absent("cluster.kms_key_name"),
        "a table is not encrypted with an own key", "CWE-311",
        "set `kms_key_name`";
    "gcp-bigtable-unprotected" Low ["google_bigtable_instance"], Is("deletion_protection", &["false"]),
        "a table can be deleted by mistake", "CWE-693",
        "leave `deletion_protection` on";
    "gcp-notebook-monitoring" Low ["google_notebooks_instance"], Off("shielded_instance_config.enable_integrity_monitoring"),
        "nobody sees a changed boot of a notebook", "CWE-345",
        "set `enable_integrity_monitoring`";
    "gcp-armor-log4j" Medium ["google_compute_security_policy"], Entry("rule.match.expr", "expression", &["evaluatePreconfiguredExpr('cve-canary')", "evaluatePreconfiguredWaf('cve-canary')"], &Any(&[]), true),
        "a firewall lets the Log4Shell attack through", "CWE-917",
        "deny `evaluatePreconfiguredExpr('cve-canary')`";
    "gcp-armor-log4j-allowed" Medium ["google_compute_security_policy"], Entry("rule", "action", &["allow"], &Says("match.expr.expression", &["cve-canary"]), false),
        "a firewall lets the Log4Shell attack through", "CWE-917",
        "set `action` to deny(403)";
    "gcp-topic-own-key" Medium ["google_pubsub_topic"], Absent("kms_key_name"),
        "messages are not encrypted with an own key", "CWE-311",
        "set `kms_key_name`";
    "gcp-packages-own-key" Medium ["google_artifact_registry_repository"], Absent("kms_key_name"),
        "packages are not encrypted with an own key", "CWE-311",
        "set `kms_key_name`";
    "gcp-builds-public" Medium ["google_cloudbuild_worker_pool"], Lacks("worker_config.no_external_ip", &["true"]),
        "machines that build have public addresses", "CWE-284",
        "set `no_external_ip`";
    "gcp-dataflow-public" Medium ["google_dataflow_job"], Lacks("ip_configuration", &["WORKER_IP_PRIVATE"]),
        "machines of a job have public addresses", "CWE-284",
        "set `ip_configuration` to WORKER_IP_PRIVATE";
    "gcp-dataflow-own-key" Medium ["google_dataflow_job"], Absent("kms_key_name"),
        "a job is not encrypted with an own key", "CWE-311",
        "set `kms_key_name`";
};
