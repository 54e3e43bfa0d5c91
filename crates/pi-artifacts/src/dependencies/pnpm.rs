//! `pnpm-lock.yaml`, lockfile versions 5 to 9.

use std::collections::{BTreeMap, BTreeSet};

use super::npm_lock::resolved;
use super::source::git;
use super::{Dependencies, Dependency, Ecosystem, Source, entry_span, keys, string};
use crate::data::{Entry, Node};

/// Parses the `packages` of a lockfile; from version 9 on, what they depend on
/// stands in `snapshots`, whose keys carry the peers in parentheses.
pub(super) fn lock(root: &Node) -> Dependencies {
    let mut out = Dependencies::lockfile(Ecosystem::Npm);
    let mut snapshots: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for entry in root.get("snapshots").map(Node::entries).unwrap_or_default() {
        let key = entry.key.split('(').next().unwrap_or(&entry.key);
        snapshots.entry(key).or_default().extend(requires(&entry.value));
    }
    for entry in root.get("packages").map(Node::entries).unwrap_or_default() {
        let mut item = package(entry);
        item.requires.extend(snapshots.remove(entry.key.as_str()).unwrap_or_default());
        out.items.push(item);
    }
    out
}

fn package(entry: &Entry) -> Dependency {
    let node = &entry.value;
    let (name, version) = split_key(&entry.key);
    let name = string(node, "name").unwrap_or_else(|| name.to_owned());
    let mut item = Dependency::new(name, "packages", entry_span(entry));
    item.version = string(node, "version").or_else(|| version.map(str::to_owned));
    item.development = node.get("dev").and_then(Node::as_bool) == Some(true);
    item.requires = requires(node);
    if let Some(resolution) = node.get("resolution") {
        item.has_integrity = resolution.get("integrity").is_some();
        item.source = source(resolution);
    }
    item
}

fn source(resolution: &Node) -> Source {
    if let Some(repository) = string(resolution, "repo") {
        return git(&repository, string(resolution, "commit").as_deref());
    }
    if let Some(url) = string(resolution, "tarball") {
        return resolved(&url);
    }
    match string(resolution, "directory") {
        Some(path) => Source::Path(path),
        None => Source::Registry(None),
    }
}

fn requires(node: &Node) -> Vec<String> {
    let mut out = keys(node, "dependencies");
    out.extend(keys(node, "optionalDependencies"));
    out
}

/// `/name/1.0.0_peer` (5), `/name@1.0.0(peer@1)` (6), `name@1.0.0` (9).
fn split_key(key: &str) -> (&str, Option<&str>) {
    let key = key.split('(').next().unwrap_or(key);
    let bare = key.strip_prefix('/').unwrap_or(key);
    let scope = if bare.starts_with('@') { bare.find('/').map_or(0, |at| at + 1) } else { 0 };
    let separators: &[char] = if key.starts_with('/') { &['@', '/'] } else { &['@'] };
    let Some(at) = bare.get(scope..).and_then(|rest| rest.find(separators)) else {
        return (bare, None);
    };
    let (name, rest) = bare.split_at_checked(scope + at).unwrap_or((bare, ""));
    let version = match rest.strip_prefix('/') {
        Some(version) => version.split('_').next(),
        None => rest.strip_prefix('@'),
    };
    (name, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_versions() {
        assert_eq!(split_key("/@s/a/1.0.0_react@17"), ("@s/a", Some("1.0.0")));
        assert_eq!(split_key("/a/1.0.0_peer"), ("a", Some("1.0.0")));
        assert_eq!(split_key("/@s/a@1.0.0(p@2)"), ("@s/a", Some("1.0.0")));
        assert_eq!(split_key("a@1.0.0"), ("a", Some("1.0.0")));
    }
}
