//! Workloads and policies of the Kubernetes provider.

#[rustfmt::skip]
use crate::iac_cloud::check::Check::{Above, Absent, All, Alone, Always, Any, Below, Entry, Is, Lacks, ListLacks, Off, Present, Says, Unsaid, Without};
use crate::iac_cloud::check::{Row, rows};

/// The rows.
pub(super) const ROWS: &[Row] = rows! {
    "tfk-cluster-admin" High ["kubernetes_cluster_role_binding", "kubernetes_cluster_role_binding_v1"], Is("role_ref.name", &["cluster-admin"]),
        "every right over the cluster is bound", "CWE-250",
        "bind a role with what is needed";
    "tfk-unsafe-sysctl" High ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], All(&[Present("*sysctl.name"), Lacks("*sysctl.name", &["kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"])]),
        "a pod changes kernel settings shared with its node", "CWE-250",
        "set safe ones only";
    "tfk-psp-unsafe-sysctl" High ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Present("spec.allowed_unsafe_sysctls"),
        "pods may change kernel settings shared with their node", "CWE-250",
        "allow none";
    "tfk-host-pid" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Is("*host_pid", &["true"]),
        "a pod sees the processes of its node", "CWE-653",
        "set `host_pid` to false";
    "tfk-host-ipc" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Is("*host_ipc", &["true"]),
        "a pod shares memory with its node", "CWE-653",
        "set `host_ipc` to false";
    "tfk-host-network" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Is("*host_network", &["true"]),
        "a pod uses the network of its node", "CWE-653",
        "set `host_network` to false";
    "tfk-container-privileged" High ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Is("*security_context.privileged", &["true"]),
        "a container has every right over its node", "CWE-250",
        "set `privileged` to false";
    "tfk-escalation" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Is("*security_context.allow_privilege_escalation", &["true"]),
        "a process may gain more rights than its parent", "CWE-250",
        "set `allow_privilege_escalation` to false";
    "tfk-without-limits" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Absent("*container.resources.limits"),
        "a container may use up its node", "CWE-770",
        "set `resources.limits`";
    "tfk-without-cpu-limit" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Absent("*container.resources.limits.cpu"),
        "a container may use up its node's processors", "CWE-770",
        "set `limits.cpu`";
    "tfk-without-memory-limit" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Absent("*container.resources.limits.memory"),
        "a container may use up its node's memory", "CWE-770",
        "set `limits.memory`";
    "tfk-without-cpu-request" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Absent("*container.resources.requests.cpu"),
        "a container reserves no processor", "CWE-770",
        "set `requests.cpu`";
    "tfk-without-memory-request" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Absent("*container.resources.requests.memory"),
        "a container reserves no memory", "CWE-770",
        "set `requests.memory`";
    "tfk-added-capabilities" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Present("*security_context.capabilities.add"),
        "a container is given capabilities", "CWE-250",
        "add none";
    "tfk-sys-admin" High ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Is("*security_context.capabilities.add", &["SYS_ADMIN"]),
        "a container is given nearly root's rights", "CWE-250",
        "drop SYS_ADMIN";
    "tfk-raw-packets" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Unsaid("*container.security_context.capabilities.drop", &["all", "net_raw"]),
        "a container can forge packets", "CWE-250",
        "drop NET_RAW or ALL";
    "tfk-no-drop" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Absent("*container.security_context.capabilities.drop"),
        "a container drops no capabilities", "CWE-250",
        "drop ALL";
    "tfk-root-writable" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Off("*container.security_context.read_only_root_filesystem"),
        "a container may change its own programs", "CWE-732",
        "set `read_only_root_filesystem`";
    "tfk-runtime-socket" High ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Is("*volume.host_path.path", &["/var/run/docker.sock", "/run/docker.sock"]),
        "a container controls its node's engine", "CWE-250",
        "do not mount the socket";
    "tfk-host-mount" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Present("*volume.host_path.path"),
        "a pod reads or writes its node's files", "CWE-668",
        "use a volume of the cluster";
    "tfk-system-writable" High ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], All(&[Is("*volume_mount.mount_path", &["/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/bin", "/sbin", "/var", "/root"]), Off("*volume_mount.read_only")]),
        "a folder of the system is mounted writable", "CWE-732",
        "mount it read-only";
    "tfk-pull-policy" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Lacks("*container.image_pull_policy", &["Always"]),
        "a cached image may stand for the asked one", "CWE-494",
        "set `image_pull_policy` to Always";
    "tfk-without-digest" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Unsaid("*container.image", &["@sha256:"]),
        "the image behind a tag can change", "CWE-494",
        "name the image by its digest";
    "tfk-latest" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Any(&[Says("*container.image", &[":latest"]), Unsaid("*container.image", &[":", "@"])]),
        "nothing says which image runs", "CWE-1104",
        "name a version";
    "tfk-without-liveness" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Absent("*container.liveness_probe"),
        "a hung container goes on", "CWE-754",
        "add a `liveness_probe`";
    "tfk-without-readiness" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Absent("*container.readiness_probe"),
        "calls reach a container before it is ready", "CWE-754",
        "add a `readiness_probe`";
    "tfk-environment-secret" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Any(&[Present("*env.value_from.secret_key_ref"), Present("*env_from.secret_ref")]),
        "a secret stands in a container's environment", "CWE-526",
        "mount secrets as files";
    "tfk-root-admitted" Medium ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Off("*security_context.run_as_non_root"),
        "a container may run as root", "CWE-250",
        "set `run_as_non_root`";
    "tfk-default-account" Low ["kubernetes_pod", "kubernetes_pod_v1"], Any(&[Absent("spec.service_account_name"), All(&[Absent("spec.template.spec.service_account_name"), Absent("spec.service_account_name")])]),
        "a pod runs with the namespace's default account", "CWE-250",
        "name an account of its own";
    "tfk-token-mounted" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_service_account"], All(&[Off("*automount_service_account_token"), Off("spec.automount_service_account_token"), Off("spec.template.spec.automount_service_account_token")]),
        "a pod holds a token of the cluster that it may not need", "CWE-522",
        "set `automount_service_account_token` to false";
    "tfk-host-port" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1"], Present("*port.host_port"),
        "a container takes a port of its node", "CWE-668",
        "use a service";
    "tfk-default-namespace" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1", "kubernetes_service", "kubernetes_service_v1", "kubernetes_service_account", "kubernetes_config_map", "kubernetes_secret", "kubernetes_ingress", "kubernetes_role"], Any(&[Absent("metadata.namespace"), Is("metadata.namespace", &["default"])]),
        "an object lives in the default namespace", "CWE-653",
        "name a namespace";
    "tfk-default-account-bound" Medium ["kubernetes_role_binding", "kubernetes_cluster_role_binding", "kubernetes_role_binding_v1", "kubernetes_cluster_role_binding_v1"], Entry("subject", "kind", &["ServiceAccount"], &Is("name", &["default"]), false),
        "rights are bound to every pod's default account", "CWE-250",
        "bind an account of its own";
    "tfk-role-creates-pods" Medium ["kubernetes_role", "kubernetes_cluster_role", "kubernetes_role_v1", "kubernetes_cluster_role_v1"], All(&[Is("rule.verbs", &["create", "*"]), Is("rule.resources", &["pods", "*"])]),
        "a role may start pods of any kind", "CWE-269",
        "grant creation to controllers only";
    "tfk-role-wildcard" High ["kubernetes_role", "kubernetes_cluster_role", "kubernetes_role_v1", "kubernetes_cluster_role_v1"], Any(&[Is("rule.verbs", &["*"]), Is("rule.resources", &["*"])]),
        "a role has wildcards", "CWE-250",
        "name verbs and resources";
    "tfk-node-port" Low ["kubernetes_service", "kubernetes_service_v1"], Is("spec.type", &["NodePort"]),
        "a service takes a port on every node", "CWE-668",
        "use an ingress";
    "tfk-load-balancer" Low ["kubernetes_service", "kubernetes_service_v1"], All(&[Is("spec.type", &["LoadBalancer"]), Unsaid("metadata.annotations", &["internal"])]),
        "a service is reachable from the internet", "CWE-284",
        "annotate the balancer as internal";
    "tfk-deadline-missing" Low ["kubernetes_cron_job", "kubernetes_cron_job_v1"], Absent("spec.starting_deadline_seconds"),
        "missed jobs pile up", "CWE-754",
        "set `starting_deadline_seconds`";
    "tfk-no-spread" Low ["kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1"], Absent("spec.template.spec.affinity.pod_anti_affinity"),
        "copies of a pod may share a node", "CWE-693",
        "add `pod_anti_affinity`";
    "tfk-no-budget" Low ["kubernetes_deployment", "kubernetes_deployment_v1"], All(&[Above("spec.replicas", 1), Alone("kubernetes_pod_disruption_budget"), Alone("kubernetes_pod_disruption_budget_v1")]),
        "maintenance may stop every copy of a pod", "CWE-693",
        "add a disruption budget";
    "tfk-set-no-budget" Low ["kubernetes_stateful_set", "kubernetes_stateful_set_v1"], All(&[Above("spec.replicas", 1), Alone("kubernetes_pod_disruption_budget"), Alone("kubernetes_pod_disruption_budget_v1")]),
        "maintenance may stop every copy of a pod", "CWE-693",
        "add a disruption budget";
    "tfk-set-without-service" Low ["kubernetes_stateful_set", "kubernetes_stateful_set_v1"], All(&[Alone("kubernetes_service"), Alone("kubernetes_service_v1")]),
        "a set's service does not exist", "CWE-1053",
        "add a headless service";
    "tfk-set-storage" Low ["kubernetes_stateful_set", "kubernetes_stateful_set_v1"], Present("*volume_claim_template.spec.resources.requests.storage"),
        "a set asks for storage", "CWE-770",
        "bound what it may ask for";
    "tfk-scales-nothing" Low ["kubernetes_horizontal_pod_autoscaler", "kubernetes_horizontal_pod_autoscaler_v1", "kubernetes_horizontal_pod_autoscaler_v2"], Any(&[All(&[Is("spec.metric.type", &["Object"]), Absent("spec.metric.object.target"), Absent("spec.metric.object.described_object")]), Entry("spec.metric", "type", &["Object"], &Absent("object"), false)]),
        "an autoscaler measures nothing", "CWE-1053",
        "name an object and a target";
    "tfk-ingress" Low ["kubernetes_ingress", "kubernetes_ingress_v1"], Present("spec.rule.http.path.backend"),
        "a workload is reachable from outside", "CWE-284",
        "make sure that it is meant";
    "tfk-label-invalid" Low ["kubernetes_pod", "kubernetes_pod_v1", "kubernetes_deployment", "kubernetes_deployment_v1", "kubernetes_daemonset", "kubernetes_daemon_set_v1", "kubernetes_stateful_set", "kubernetes_stateful_set_v1", "kubernetes_job", "kubernetes_job_v1", "kubernetes_cron_job", "kubernetes_cron_job_v1", "kubernetes_replication_controller", "kubernetes_replication_controller_v1", "kubernetes_service", "kubernetes_service_v1", "kubernetes_namespace"], Says("metadata.labels.app", &["**", "%", "$@", "g**"]),
        "a label's value is not valid", "CWE-1173",
        "use letters, digits, `-`, `_`, `.`";
    "tfk-psp-raw" Medium ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], All(&[ListLacks("spec.required_drop_capabilities", &["NET_RAW"]), ListLacks("spec.required_drop_capabilities", &["ALL"])]),
        "pods may forge packets", "CWE-250",
        "require dropping NET_RAW or ALL";
    "tfk-psp-host-network" Medium ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Is("spec.host_network", &["true"]),
        "pods may use the network of their node", "CWE-653",
        "set `host_network` to false";
    "tfk-psp-host-pid" Medium ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Is("spec.host_pid", &["true"]),
        "pods may see the processes of their node", "CWE-653",
        "set `host_pid` to false";
    "tfk-psp-host-ipc" Medium ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Is("spec.host_ipc", &["true"]),
        "pods may share memory with their node", "CWE-653",
        "set `host_ipc` to false";
    "tfk-psp-escalation" Medium ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Any(&[Is("spec.allow_privilege_escalation", &["true"]), Absent("spec.allow_privilege_escalation")]),
        "pods may gain more rights than they start with", "CWE-250",
        "set `allow_privilege_escalation` to false";
    "tfk-psp-privileged" High ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Is("spec.privileged", &["true"]),
        "pods may have every right over their node", "CWE-250",
        "set `privileged` to false";
    "tfk-psp-capabilities" Medium ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Present("spec.allowed_capabilities"),
        "pods may be given capabilities", "CWE-250",
        "allow none";
    "tfk-psp-keeps-capabilities" Medium ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Absent("spec.required_drop_capabilities"),
        "pods keep every capability", "CWE-250",
        "require dropping ALL";
    "tfk-psp-root" Medium ["kubernetes_pod_security_policy", "kubernetes_pod_security_policy_v1beta1"], Any(&[Lacks("spec.run_as_user.rule", &["MustRunAsNonRoot"]), Is("spec.run_as_user.range.min", &["0"])]),
        "pods may run as root", "CWE-250",
        "set `run_as_user.rule` to MustRunAsNonRoot";
    "tfk-egress-everywhere" High ["kubernetes_network_policy", "kubernetes_network_policy_v1"], Is("spec.egress.to.ip_block.cidr", &["0.0.0.0/0", "::/0"]),
        "pods may speak to the whole internet", "CWE-284",
        "name networks";
    "tfk-ingress-everywhere" High ["kubernetes_network_policy", "kubernetes_network_policy_v1"], Is("spec.ingress.from.ip_block.cidr", &["0.0.0.0/0", "::/0"]),
        "the whole internet may speak to pods", "CWE-284",
        "name networks";
    "git-repository-public" Critical ["github_repository"], Any(&[Is("visibility", &["public"]), Is("private", &["false"]), All(&[Absent("visibility"), Off("private")])]),
        "a repository is public", "CWE-200",
        "set `visibility` to private";
    "git-hook-unverified" Medium ["github_organization_webhook", "github_repository_webhook"], Is("configuration.insecure_ssl", &["true", "1"]),
        "events are sent without checking the receiver", "CWE-295",
        "set `insecure_ssl` to false";
    "git-secret-written" High ["github_actions_environment_secret", "github_actions_secret", "github_actions_organization_secret"], Present("plaintext_value"),
        "a secret stands in the configuration", "CWE-312",
        "use `encrypted_value`";
    "git-commits-unsigned" Medium ["github_branch_protection", "github_branch_protection_v3"], Off("require_signed_commits"),
        "commits need no signature", "CWE-345",
        "set `require_signed_commits`";
    "git-branch-unprotected" Medium ["github_repository"], All(&[Without(&Always, "github_branch_protection", "repository_id", &Any(&[])), Without(&Always, "github_branch_protection_v3", "repository", &Any(&[]))]),
        "nothing protects a repository's branches", "CWE-284",
        "add a branch protection";
    "gitlab-approvals" Medium ["gitlab_project"], Below("approvals_before_merge", 2),
        "one person decides what is merged", "CWE-284",
        "set `approvals_before_merge` to 2";
    "gitlab-force-push" Medium ["gitlab_branch_protection"], Is("allow_force_push", &["true"]),
        "history can be rewritten", "CWE-345",
        "set `allow_force_push` to false";
    "gitlab-secrets-pushed" Medium ["gitlab_project"], Off("push_rules.prevent_secrets"),
        "secrets may be pushed", "CWE-312",
        "set `prevent_secrets`";
    "module-moves" Medium ["module"], All(&[Says("source", &["git"]), Unsaid("source", &["?ref=", "&ref="])]),
        "a module's code can change unseen", "CWE-494",
        "pin it with `?ref=`";
    "output-undescribed" Low ["output"], Absent("description"),
        "an output has no description", "CWE-1059",
        "add a description";
    "variable-undescribed" Low ["variable"], Absent("description"),
        "a variable has no description", "CWE-1059",
        "add a description";
    "variable-untyped" Low ["variable"], Absent("type"),
        "a variable takes anything", "CWE-1284",
        "add a type";
};
