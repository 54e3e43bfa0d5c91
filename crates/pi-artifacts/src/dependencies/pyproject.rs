//! `pyproject.toml`: PEP 621, PEP 735 groups, PEP 518 build requirements, and
//! the tables of Poetry, uv and PDM.

use super::requirement::{self, normalized};
use super::source::git;
use super::{Dependencies, Dependency, Ecosystem, Include, Registry, Source, entry_span, string};
use crate::data::{Entry, Node};

/// Parses `pyproject.toml`.
pub(super) fn manifest(root: &Node) -> Dependencies {
    let mut out = Dependencies::manifest(Ecosystem::PyPi);
    let name = root.at(&["project", "name"]).or_else(|| root.at(&["tool", "poetry", "name"]));
    out.package = name.and_then(Node::as_str).map(str::to_owned);
    let items = &mut out.items;
    add_list(root.at(&["build-system", "requires"]), "build-system.requires", false, items);
    add_list(root.at(&["project", "dependencies"]), "project.dependencies", false, items);
    add_lists(
        root.at(&["project", "optional-dependencies"]),
        "project.optional-dependencies",
        false,
        items,
    );
    add_lists(root.get("dependency-groups"), "dependency-groups", true, items);
    add_list(root.at(&["tool", "uv", "dev-dependencies"]), "tool.uv.dev-dependencies", true, items);
    add_lists(
        root.at(&["tool", "pdm", "dev-dependencies"]),
        "tool.pdm.dev-dependencies",
        true,
        items,
    );
    if let Some(poetry) = root.at(&["tool", "poetry"]) {
        add_poetry(poetry, items);
    }
    if let Some(sources) = root.at(&["tool", "uv", "sources"]) {
        apply_uv_sources(sources, items);
    }
    add_registries(root, &mut out);
    for member in
        root.at(&["tool", "uv", "workspace", "members"]).map(Node::items).unwrap_or_default()
    {
        if let Some(path) = member.as_str() {
            out.includes.push(Include { path: path.to_owned(), span: member.span });
        }
    }
    out
}

fn add_list(node: Option<&Node>, section: &str, development: bool, items: &mut Vec<Dependency>) {
    for node in node.map(Node::items).unwrap_or_default() {
        let found = node.as_str().and_then(|text| requirement::parse(text, section, node.span));
        items.extend(found.map(|found| Dependency { development, ..found }));
    }
}

fn add_lists(node: Option<&Node>, section: &str, development: bool, items: &mut Vec<Dependency>) {
    for group in node.map(Node::entries).unwrap_or_default() {
        add_list(Some(&group.value), &format!("{section}.{}", group.key), development, items);
    }
}

fn add_poetry(poetry: &Node, items: &mut Vec<Dependency>) {
    let mut add = |node: Option<&Node>, section: &str, development: bool| {
        for entry in node.map(Node::entries).unwrap_or_default() {
            if entry.key != "python" {
                add_poetry_entry(entry, section, development, items);
            }
        }
    };
    add(poetry.get("dependencies"), "tool.poetry.dependencies", false);
    add(poetry.get("dev-dependencies"), "tool.poetry.dev-dependencies", true);
    for group in poetry.get("group").map(Node::entries).unwrap_or_default() {
        let section = format!("tool.poetry.group.{}", group.key);
        add(group.value.get("dependencies"), &section, true);
    }
}

/// A version, a table, or a list of tables for different markers.
fn add_poetry_entry(entry: &Entry, section: &str, development: bool, items: &mut Vec<Dependency>) {
    let variants: Vec<&Node> = match entry.value.items() {
        [] => vec![&entry.value],
        several => several.iter().collect(),
    };
    for node in variants {
        let mut item = Dependency::new(&entry.key, section, entry_span(entry));
        item.development = development;
        item.version = node.as_str().map(str::to_owned).or_else(|| string(node, "version"));
        if let Some(source) = table_source(node) {
            item.source = source;
        }
        items.push(item);
    }
}

/// `tool.uv.sources` says where dependencies declared elsewhere come from.
fn apply_uv_sources(sources: &Node, items: &mut [Dependency]) {
    for entry in sources.entries() {
        let node = entry.value.items().first().unwrap_or(&entry.value);
        let Some(source) = table_source(node) else { continue };
        let name = normalized(&entry.key);
        for item in items.iter_mut().filter(|item| normalized(&item.name) == name) {
            item.source = source.clone();
        }
    }
}

fn table_source(node: &Node) -> Option<Source> {
    if let Some(url) = string(node, "git") {
        let reference = ["rev", "tag", "branch"].iter().find_map(|key| string(node, key));
        return Some(git(&url, reference.as_deref()));
    }
    if let Some(path) = string(node, "path") {
        return Some(Source::Path(path));
    }
    if node.get("workspace").and_then(Node::as_bool) == Some(true) {
        return Some(Source::Path("workspace".to_owned()));
    }
    if let Some(url) = string(node, "url") {
        return Some(Source::Url(url));
    }
    let index = string(node, "index").or_else(|| string(node, "source"))?;
    Some(Source::Registry(Some(index)))
}

fn add_registries(root: &Node, out: &mut Dependencies) {
    let lists = [
        root.at(&["tool", "uv", "index"]),
        root.at(&["tool", "poetry", "source"]),
        root.at(&["tool", "pdm", "source"]),
    ];
    for node in lists.into_iter().flatten().flat_map(Node::items) {
        let Some(url) = node.entry("url") else { continue };
        let is_default = node.get("default").and_then(Node::as_bool) == Some(true)
            || node.get("priority").and_then(Node::as_str) == Some("primary");
        if let Some(text) = url.value.as_str() {
            let span = entry_span(url);
            out.registries.push(Registry { url: text.to_owned(), extra: !is_default, span });
        }
    }
}
