//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3.

use super::npm::apply_specifier;
use super::source::from_url;
use super::{Dependencies, Dependency, Ecosystem, Source, entry_span, keys, string};
use crate::data::{Entry, Node};

/// Parses a lockfile. `packages` (versions 2 and 3) is the truth where it is
/// present; `dependencies` beside it only serves old clients.
pub(super) fn lock(root: &Node) -> Dependencies {
    let mut out = Dependencies::lockfile(Ecosystem::Npm);
    out.package = string(root, "name");
    match root.get("packages") {
        Some(packages) => {
            let entries = packages.entries().iter().filter(|entry| !entry.key.is_empty());
            out.items.extend(entries.map(package));
        }
        None => {
            if let Some(dependencies) = root.get("dependencies") {
                add_nested(dependencies, &mut out.items);
            }
        }
    }
    out
}

/// An entry such as `node_modules/a/node_modules/@s/b` or `packages/member`.
fn package(entry: &Entry) -> Dependency {
    let node = &entry.value;
    let installed = entry.key.rsplit_once("node_modules/").map(|(_, name)| name);
    let written = string(node, "name");
    let name = written.clone().unwrap_or_else(|| {
        installed.unwrap_or_else(|| entry.key.rsplit('/').next().unwrap_or(&entry.key)).to_owned()
    });
    let mut item = Dependency::new(name, "packages", entry_span(entry));
    item.alias = installed.filter(|name| *name != item.name).map(str::to_owned);
    item.version = string(node, "version");
    item.development = flag(node, "dev") || flag(node, "devOptional");
    item.has_integrity = has_integrity(node) || flag(node, "inBundle");
    item.source = match (installed, string(node, "resolved")) {
        (None, _) => Source::Path(entry.key.clone()),
        (_, Some(path)) if flag(node, "link") => Source::Path(path),
        (_, Some(url)) => resolved(&url),
        (_, None) => Source::Registry(None),
    };
    item.requires = keys(node, "dependencies");
    item.requires.extend(keys(node, "optionalDependencies"));
    item
}

/// The nested form of version 1.
fn add_nested(node: &Node, items: &mut Vec<Dependency>) {
    for entry in node.entries() {
        let node = &entry.value;
        let mut item = Dependency::new(&entry.key, "dependencies", entry_span(entry));
        // An alias, a URL or a path stands where the version stands.
        if let Some(version) = string(node, "version") {
            apply_specifier(&mut item, &version);
        }
        if let (Source::Registry(_), Some(url)) = (&item.source, string(node, "resolved")) {
            item.source = resolved(&url);
        }
        item.development = flag(node, "dev");
        item.has_integrity = has_integrity(node) || flag(node, "bundled");
        item.requires = keys(node, "requires");
        items.push(item);
        if let Some(nested) = node.get("dependencies") {
            add_nested(nested, items);
        }
    }
}

/// A resolved URL. Registry tarballs live under `/-/`; anything else that is
/// fetched over HTTP comes from elsewhere.
pub(super) fn resolved(url: &str) -> Source {
    let is_tarball = url.starts_with("http") && url.contains("/-/");
    if is_tarball {
        return Source::Registry(Some(url.to_owned()));
    }
    from_url(url).unwrap_or_else(|| Source::Path(url.to_owned()))
}

fn has_integrity(node: &Node) -> bool {
    string(node, "integrity").is_some_and(|hash| !hash.is_empty())
}

fn flag(node: &Node, key: &str) -> bool {
    node.get(key).and_then(Node::as_bool) == Some(true)
}
