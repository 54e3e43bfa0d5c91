//! `poetry.lock`, `uv.lock` and `Pipfile.lock`.

use super::requirement;
use super::source::{git, split_fragment};
use super::{Dependencies, Dependency, Ecosystem, Registry, Source, entry_span, keys, string};
use crate::data::{Entry, Node};

/// Parses `poetry.lock` or `uv.lock`: both list `[[package]]` tables.
pub(super) fn lock(root: &Node) -> Dependencies {
    let mut out = Dependencies::lockfile(Ecosystem::PyPi);
    for node in root.get("package").map(Node::items).unwrap_or_default() {
        let Some(name) = node.entry("name") else { continue };
        let Some(text) = name.value.as_str() else { continue };
        let mut item = Dependency::new(text, "package", entry_span(name));
        item.version = string(node, "version");
        item.has_integrity = has_hash(node) || has_old_hash(root, text);
        item.development = is_development(node);
        if let Some(source) = node.get("source") {
            item.source = source_of(source);
        }
        // Poetry: a map of names; uv: a list of tables.
        item.requires = keys(node, "dependencies");
        let listed = node.get("dependencies").map(Node::items).unwrap_or_default();
        item.requires.extend(listed.iter().filter_map(|node| string(node, "name")));
        out.items.push(item);
    }
    out
}

fn has_hash(node: &Node) -> bool {
    let listed = ["files", "wheels"].iter().filter_map(|key| node.get(key)).flat_map(Node::items);
    listed.chain(node.get("sdist")).any(|file| file.get("hash").is_some())
}

/// Poetry before 1.5 keeps hashes in `[metadata.files]`, older ones in
/// `[metadata.hashes]`.
fn has_old_hash(root: &Node, name: &str) -> bool {
    ["files", "hashes"].iter().any(|table| {
        root.at(&["metadata", table, name]).is_some_and(|files| !files.items().is_empty())
    })
}

fn is_development(node: &Node) -> bool {
    let groups = node.get("groups").map(Node::items).unwrap_or_default();
    node.get("category").and_then(Node::as_str) == Some("dev")
        || (!groups.is_empty() && groups.iter().all(|group| group.as_str() != Some("main")))
}

fn source_of(node: &Node) -> Source {
    // Poetry names the type, uv has one key per type.
    let url = string(node, "url").unwrap_or_default();
    match node.get("type").and_then(Node::as_str) {
        Some("git") => {
            let reference =
                string(node, "resolved_reference").or_else(|| string(node, "reference"));
            return git(&url, reference.as_deref());
        }
        Some("directory" | "file") => return Source::Path(url),
        Some("url") => return Source::Url(url),
        Some(_) => return Source::Registry(Some(url)),
        None => {}
    }
    if let Some(url) = string(node, "git") {
        let (bare, commit) = split_fragment(&url);
        return git(bare.split('?').next().unwrap_or(bare), commit);
    }
    for key in ["path", "directory", "editable", "virtual"] {
        if let Some(path) = string(node, key) {
            return Source::Path(path);
        }
    }
    match string(node, "url") {
        Some(url) => Source::Url(url),
        None => Source::Registry(string(node, "registry")),
    }
}

/// Parses `Pipfile.lock`: sections `default`, `develop` and named categories.
pub(super) fn pipfile(root: &Node) -> Dependencies {
    let mut out = Dependencies::lockfile(Ecosystem::PyPi);
    let sources = root.at(&["_meta", "sources"]).map(Node::items).unwrap_or_default();
    for (index, node) in sources.iter().enumerate() {
        if let Some(url) = string(node, "url") {
            out.registries.push(Registry { url, extra: index > 0, span: node.span });
        }
    }
    for section in root.entries().iter().filter(|entry| entry.key != "_meta") {
        for entry in section.value.entries() {
            out.items.push(pipfile_entry(entry, &section.key));
        }
    }
    out
}

fn pipfile_entry(entry: &Entry, section: &str) -> Dependency {
    let node = &entry.value;
    let mut item = Dependency::new(&entry.key, section, entry_span(entry));
    item.development = section != "default";
    item.version = string(node, "version");
    item.has_integrity = node.get("hashes").is_some_and(|hashes| !hashes.items().is_empty());
    item.source = if let Some(url) = string(node, "git") {
        git(&url, string(node, "ref").as_deref())
    } else if let Some(place) = string(node, "file").or_else(|| string(node, "path")) {
        requirement::source(&place)
    } else {
        Source::Registry(string(node, "index"))
    };
    item
}
