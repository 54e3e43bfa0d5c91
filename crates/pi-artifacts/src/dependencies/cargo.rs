//! `Cargo.toml` and `Cargo.lock`.

use super::source::{git, split_fragment};
use super::{Dependencies, Dependency, Ecosystem, Include, Source, entry_span, string};
use crate::data::{Entry, Node};

/// Tables of dependencies, with the older spelling that Cargo still reads.
const TABLES: &[&str] = &[
    "dependencies",
    "dev-dependencies",
    "dev_dependencies",
    "build-dependencies",
    "build_dependencies",
];

/// Parses `Cargo.toml`.
pub(super) fn manifest(root: &Node) -> Dependencies {
    let mut out = Dependencies::manifest(Ecosystem::Cargo);
    out.package = root.at(&["package", "name"]).and_then(Node::as_str).map(str::to_owned);
    add_tables(root, "", &mut out.items);
    for target in root.get("target").map(Node::entries).unwrap_or_default() {
        add_tables(&target.value, &format!("target.{}.", target.key), &mut out.items);
    }
    if let Some(workspace) = root.get("workspace") {
        add_tables(workspace, "workspace.", &mut out.items);
        for member in workspace.get("members").map(Node::items).unwrap_or_default() {
            if let Some(path) = member.as_str() {
                out.includes.push(Include { path: path.to_owned(), span: member.span });
            }
        }
    }
    for registry in root.get("patch").map(Node::entries).unwrap_or_default() {
        add_table(&registry.value, &format!("patch.{}", registry.key), &mut out.items);
    }
    if let Some(replaced) = root.get("replace") {
        add_table(replaced, "replace", &mut out.items);
    }
    out
}

fn add_tables(node: &Node, prefix: &str, items: &mut Vec<Dependency>) {
    for table in TABLES {
        if let Some(entries) = node.get(table) {
            add_table(entries, &format!("{prefix}{table}"), items);
        }
    }
}

fn add_table(node: &Node, section: &str, items: &mut Vec<Dependency>) {
    items.extend(node.entries().iter().map(|entry| dependency(entry, section)));
}

fn dependency(entry: &Entry, section: &str) -> Dependency {
    let node = &entry.value;
    let mut item = Dependency::new(&entry.key, section, entry_span(entry));
    item.development = section.contains("dev");
    if let Some(version) = node.as_str() {
        item.version = Some(version.to_owned());
        return item;
    }
    item.version = string(node, "version");
    if let Some(real) = string(node, "package") {
        item.alias = Some(std::mem::replace(&mut item.name, real));
    }
    if let Some(url) = string(node, "git") {
        let reference = ["rev", "tag", "branch"].iter().find_map(|key| string(node, key));
        item.source = git(&url, reference.as_deref());
    } else if let Some(path) = string(node, "path") {
        item.source = Source::Path(path);
    } else if node.get("workspace").and_then(Node::as_bool) == Some(true) {
        item.source = Source::Path("workspace".to_owned());
    } else {
        item.source =
            Source::Registry(string(node, "registry-index").or_else(|| string(node, "registry")));
    }
    item
}

/// Parses `Cargo.lock`. A package without a source is a member of the workspace.
pub(super) fn lock(root: &Node) -> Dependencies {
    let mut out = Dependencies::lockfile(Ecosystem::Cargo);
    let metadata = root.get("metadata").map(Node::entries).unwrap_or_default();
    for node in root.get("package").map(Node::items).unwrap_or_default() {
        let Some(name) = node.entry("name") else { continue };
        let Some(text) = name.value.as_str() else { continue };
        let mut item = Dependency::new(text, "package", entry_span(name));
        item.version = string(node, "version");
        item.has_integrity = node.get("checksum").is_some() || {
            // Lockfile version 1 keeps the checksums in a table of their own.
            let version = item.version.as_deref().unwrap_or_default();
            let prefix = format!("checksum {text} {version} ");
            metadata.iter().any(|entry| entry.key.starts_with(&prefix))
        };
        item.source = match string(node, "source") {
            Some(source) => locked_source(&source),
            None => Source::Path("workspace".to_owned()),
        };
        let required = node.get("dependencies").map(Node::items).unwrap_or_default();
        item.requires = required
            .iter()
            .filter_map(|item| item.as_str()?.split(' ').next().map(str::to_owned))
            .collect();
        out.items.push(item);
    }
    out
}

/// `registry+URL`, `sparse+URL` or `git+URL?branch=x#commit`.
fn locked_source(source: &str) -> Source {
    if let Some(url) = source.strip_prefix("git+") {
        let (url, commit) = split_fragment(url);
        let url = url.split('?').next().unwrap_or(url);
        return git(url, commit);
    }
    let url = source.strip_prefix("registry+").unwrap_or(source);
    Source::Registry(Some(url.to_owned()))
}
