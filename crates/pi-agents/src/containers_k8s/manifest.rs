//! Kubernetes manifests as objects, workloads and containers.
//!
//! Every agent of the domain sees the same pods: bare ones, those behind the
//! template of any workload kind, and those of items of a `List`.

use pi_agent_api::{Report, Stop};
use pi_artifacts::Span;
use pi_artifacts::data::{Data, Document, Entry, Node};

/// How deep a `List` may hold further lists.
const MAX_LISTS: usize = 4;

/// Where the known workload kinds keep their pod specification. Custom
/// workloads (Argo Rollout, Knative Service, OpenShift DeploymentConfig) follow
/// one of these shapes too.
const POD_SPECS: &[&[&str]] = &[
    &["spec", "template", "spec"],
    &["spec", "jobTemplate", "spec", "template", "spec"],
    &["template", "spec"],
];

/// One Kubernetes object.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    /// The whole object.
    pub node: &'a Node,
    /// Its kind.
    pub kind: &'a str,
    /// `Kind/name`, with `#n` in the place of a missing name.
    pub subject: String,
    /// The best single place to point at: the name, else the kind.
    pub span: Span,
}

impl Object<'_> {
    /// The entry of the namespace.
    pub(crate) fn namespace(&self) -> Option<&Entry> {
        self.node.get("metadata")?.entry("namespace")
    }
}

/// All objects of the documents, those inside lists included.
pub(crate) fn objects<'a>(
    documents: &'a [Document],
    report: &mut Report,
) -> Result<Vec<Object<'a>>, Stop> {
    let mut out = Vec::new();
    for document in documents {
        collect(&document.root, MAX_LISTS, &mut out, report)?;
    }
    Ok(out)
}

fn collect<'a>(
    node: &'a Node,
    lists: usize,
    out: &mut Vec<Object<'a>>,
    report: &mut Report,
) -> Result<(), Stop> {
    report.tick(1)?;
    if let (Data::Sequence(items), true) = (&node.value, lists > 0) {
        return items.iter().try_for_each(|item| collect(item, lists - 1, out, report));
    }
    let Some(kind) = node.get("kind") else { return Ok(()) };
    let word = kind.as_str().unwrap_or_default();
    if word.ends_with("List")
        && lists > 0
        && let Some(items) = node.get("items")
    {
        return items.items().iter().try_for_each(|item| collect(item, lists - 1, out, report));
    }
    let metadata = node.get("metadata");
    let name = metadata.and_then(|m| m.get("name").or_else(|| m.get("generateName")));
    let label = match name.and_then(Node::scalar) {
        Some(name) => name.to_owned(),
        None => format!("#{}", out.len() + 1),
    };
    let span = name.map_or(kind.span, |name| name.span);
    out.push(Object { node, kind: word, subject: format!("{word}/{label}"), span });
    Ok(())
}

/// An object that runs pods.
#[derive(Clone, Debug)]
pub(crate) struct Workload<'a> {
    /// The object.
    pub object: Object<'a>,
    /// Its pod specification.
    pub pod: &'a Node,
    /// The metadata of the pods.
    pub metadata: Option<&'a Node>,
}

/// The workloads among `objects`.
pub(crate) fn workloads<'a>(objects: &[Object<'a>]) -> Vec<Workload<'a>> {
    objects.iter().filter_map(workload).collect()
}

fn workload<'a>(object: &Object<'a>) -> Option<Workload<'a>> {
    let node = object.node;
    if object.kind == "Pod" {
        let pod = node.get("spec").filter(|pod| pod.is_map())?;
        return Some(Workload { object: object.clone(), pod, metadata: node.get("metadata") });
    }
    POD_SPECS.iter().find_map(|path| {
        let pod = node.at(path).filter(|pod| is_pod_spec(pod))?;
        let (_, template) = path.split_last()?;
        let metadata = node.at(template).and_then(|template| template.get("metadata"));
        Some(Workload { object: object.clone(), pod, metadata })
    })
}

fn is_pod_spec(node: &Node) -> bool {
    const KEYS: &[&str] = &[
        "containers",
        "initContainers",
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "priorityClassName",
        "restartPolicy",
        "serviceAccount",
        "serviceAccountName",
    ];
    KEYS.iter().any(|key| node.get(key).is_some())
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Runs for the life of the pod.
    Main,
    /// Runs before the main ones.
    Init,
    /// Added to a running pod for debugging.
    Ephemeral,
}

impl Role {
    const fn key(self) -> &'static str {
        match self {
            Role::Main => "containers",
            Role::Init => "initContainers",
            Role::Ephemeral => "ephemeralContainers",
        }
    }
}

/// One container with the pod it runs in.
#[derive(Clone, Debug)]
pub(crate) struct Container<'a> {
    /// What it is for.
    pub role: Role,
    /// The container.
    pub node: &'a Node,
    /// The specification of its pod.
    pub pod: &'a Node,
    /// `Deployment/web/containers[app]`.
    pub subject: String,
    /// The best single place to point at: its name.
    pub span: Span,
}

impl<'a> Workload<'a> {
    /// All containers, main ones first.
    pub(crate) fn containers(&self) -> Vec<Container<'a>> {
        let mut out = Vec::new();
        for role in [Role::Main, Role::Init, Role::Ephemeral] {
            let Some(list) = self.pod.get(role.key()) else { continue };
            for (index, node) in list.items().iter().enumerate() {
                let name = node.get("name").filter(|name| name.scalar().is_some());
                let label = match name.and_then(Node::scalar) {
                    Some(name) => name.to_owned(),
                    None => format!("#{}", index + 1),
                };
                out.push(Container {
                    role,
                    node,
                    pod: self.pod,
                    subject: format!("{}/{}[{label}]", self.object.subject, role.key()),
                    span: name.map_or(node.span, |name| name.span),
                });
            }
        }
        out
    }

    /// Runs on Windows, where the Linux settings of a security context mean
    /// nothing.
    pub(crate) fn is_windows(&self) -> bool {
        let by_field = self.pod.at(&["os", "name"]).and_then(Node::as_str);
        let selector = self.pod.get("nodeSelector");
        let by_selector = selector.and_then(|s| s.get("kubernetes.io/os")).and_then(Node::as_str);
        by_field.or(by_selector) == Some("windows")
    }
}

impl<'a> Container<'a> {
    /// A setting of the container's own security context.
    pub(crate) fn own(&self, key: &str) -> Option<&'a Entry> {
        self.node.get("securityContext")?.entry(key)
    }

    /// The setting that is in force: the container's, else the pod's. Only for
    /// settings that both have.
    pub(crate) fn effective(&self, key: &str) -> Option<&'a Entry> {
        self.own(key).filter(|entry| !entry.value.is_null()).or_else(|| {
            let entry = self.pod.get("securityContext")?.entry(key)?;
            (!entry.value.is_null()).then_some(entry)
        })
    }

    /// A sidecar: an init container that keeps running.
    pub(crate) fn is_sidecar(&self) -> bool {
        self.role == Role::Init
            && self.node.get("restartPolicy").and_then(Node::as_str) == Some("Always")
    }
}

/// Whether a setting is switched on; YAML 1.1 words count, as in the clients of
/// Kubernetes and Compose.
pub(crate) fn is_true(node: &Node) -> bool {
    node.as_bool() == Some(true) || word_is(node, &["true", "yes", "on", "y"])
}

/// Whether a setting is switched off.
pub(crate) fn is_false(node: &Node) -> bool {
    node.as_bool() == Some(false) || word_is(node, &["false", "no", "off", "n"])
}

fn word_is(node: &Node, words: &[&str]) -> bool {
    node.as_str().is_some_and(|text| words.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// A whole number, also when it is quoted or written in base 8 or 16.
pub(crate) fn integer(node: &Node) -> Option<i64> {
    let text: String = node.scalar()?.trim().chars().filter(|c| *c != '_').collect();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let value = if let Some(hex) = digits.strip_prefix("0x") {
        i64::from_str_radix(hex, 16)
    } else if let Some(octal) = digits.strip_prefix("0o") {
        i64::from_str_radix(octal, 8)
    } else {
        digits.parse()
    };
    value.ok().map(|value| sign * value)
}
