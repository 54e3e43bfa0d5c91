//! OpenAPI 2 and 3 documents: operations, security schemes and requirements.

use std::collections::BTreeMap;

use pi_artifacts::Artifact;
use pi_artifacts::data::{Data, Entry, Node};

/// A document.
pub(super) struct Api<'a> {
    /// The root.
    pub(super) root: &'a Node,
    /// `swagger` or `openapi` with its version.
    pub(super) version: &'a Entry,
    /// Written for version 2.
    pub(super) is_v2: bool,
    /// The entry that holds the schemes.
    pub(super) schemes_entry: Option<&'a Entry>,
    /// The security schemes by name.
    pub(super) schemes: BTreeMap<&'a str, Scheme<'a>>,
    /// The operations in order.
    pub(super) operations: Vec<Operation<'a>>,
}

/// A security scheme.
pub(super) struct Scheme<'a> {
    /// Its name and definition.
    pub(super) entry: &'a Entry,
    /// `apiKey`, `http`, `oauth2`, `openIdConnect`; `basic` in version 2.
    pub(super) kind: &'a str,
}

/// An operation.
pub(super) struct Operation<'a> {
    /// `GET /pets`
    pub(super) name: String,
    /// Its method and definition.
    pub(super) entry: &'a Entry,
    /// What its path says for all operations.
    pub(super) path: &'a Node,
}

/// What a `security` field demands.
#[derive(Default)]
pub(super) struct Requirements<'a> {
    /// Each scheme with its scopes.
    pub(super) schemes: Vec<&'a Entry>,
    /// One alternative demands nothing: `{}`.
    pub(super) has_empty: bool,
    /// Nothing is demanded: `[]`.
    pub(super) is_empty: bool,
}

const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch", "trace"];

impl<'a> Api<'a> {
    /// The document that an artifact holds, if it is one.
    pub(super) fn read(artifact: &'a Artifact) -> Option<Self> {
        let root = &artifact.data().ok()?.first()?.root;
        let (version, is_v2) = match (root.entry("swagger"), root.entry("openapi")) {
            (Some(entry), _) => (entry, true),
            (None, Some(entry)) => (entry, false),
            (None, None) => return None,
        };
        let schemes_entry = match is_v2 {
            true => root.entry("securityDefinitions"),
            false => root.get("components").and_then(|node| node.entry("securitySchemes")),
        };
        let definitions = schemes_entry.map(|entry| entry.value.entries()).unwrap_or_default();
        let schemes = definitions
            .iter()
            .map(|entry| {
                let kind = entry.value.get("type").and_then(Node::as_str).unwrap_or_default();
                (entry.key.as_str(), Scheme { entry, kind })
            })
            .collect();
        let paths = root.get("paths").map(Node::entries).unwrap_or_default();
        let operations = paths
            .iter()
            .flat_map(|path| path.value.entries().iter().map(move |entry| (path, entry)))
            .filter(|(_, entry)| METHODS.contains(&entry.key.as_str()))
            .map(|(path, entry)| Operation {
                name: format!("{} {}", entry.key.to_uppercase(), path.key),
                entry,
                path: &path.value,
            })
            .collect();
        Some(Self { root, version, is_v2, schemes_entry, schemes, operations })
    }
}

impl<'a> Scheme<'a> {
    /// The OAuth flows: in version 2 the scheme is one itself.
    pub(super) fn flows(&self) -> Vec<(&'a str, &'a Entry, &'a Node)> {
        let node = &self.entry.value;
        if let Some(flow) = node.entry("flow") {
            let name = flow.value.as_str().unwrap_or_default();
            return vec![(name, flow, node)];
        }
        let flows = node.get("flows").map(Node::entries).unwrap_or_default();
        flows.iter().map(|entry| (entry.key.as_str(), entry, &entry.value)).collect()
    }

    /// The scheme of HTTP authentication in lower case, and where it stands.
    pub(super) fn http(&self) -> Option<(String, &'a Node)> {
        match self.kind {
            "http" => {
                let node = self.entry.value.get("scheme")?;
                Some((node.as_str()?.to_ascii_lowercase(), node))
            }
            "basic" => Some(("basic".to_owned(), self.entry.value.get("type")?)),
            _ => None,
        }
    }
}

/// What a `security` field demands.
pub(super) fn requirements(security: &Node) -> Requirements<'_> {
    let mut out = Requirements::default();
    match &security.value {
        Data::Sequence(items) => {
            out.is_empty = items.is_empty();
            out.has_empty = items.iter().any(|item| item.is_map() && item.entries().is_empty());
            out.schemes = items.iter().flat_map(Node::entries).collect();
        }
        // Some documents leave the list out.
        Data::Map(entries) => {
            out.has_empty = entries.is_empty();
            out.schemes = entries.iter().collect();
        }
        _ => {}
    }
    out
}
