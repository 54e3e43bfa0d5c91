//! Dependencies declared by manifests and resolved by lockfiles.

mod cargo;
mod go;
mod npm;
mod npm_lock;
mod pnpm;
mod pyproject;
mod python_lock;
mod requirement;
mod requirements;
mod source;
mod yarn;

use crate::artifact::{Artifact, ParseFailure, Parsed};
use crate::data::{Entry, Node};
use crate::kind::Kind;
use crate::span::Span;

/// A package ecosystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ecosystem {
    /// npm, Yarn and pnpm.
    Npm,
    /// The Python Package Index.
    PyPi,
    /// Rust crates.
    Cargo,
    /// Go modules.
    Go,
}

/// Where a package comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The ecosystem's registry; the URL when one is written.
    Registry(Option<String>),
    /// A git repository.
    Git {
        /// The URL as written.
        url: String,
        /// A branch, tag or commit, if given.
        reference: Option<String>,
    },
    /// A file fetched from a URL.
    Url(String),
    /// A path in the same tree; `workspace` when the workspace decides (an
    /// inherited dependency or one of its members).
    Path(String),
}

/// One dependency.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The package's name as written.
    pub name: String,
    /// The name it goes by here when that differs (npm alias, Cargo rename,
    /// the module that a Go `replace` replaces).
    pub alias: Option<String>,
    /// The requirement of a manifest (`^1.2`, `>=2,<3`) or the resolved version
    /// of a lockfile; `None` when nothing is written.
    pub version: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// An integrity hash is recorded, its own or (bundled) its parent's.
    pub has_integrity: bool,
    /// For development or tests only.
    pub development: bool,
    /// The part of the file that declares it: `devDependencies`, `replace`,
    /// `build-system.requires`, `packages`, ...
    pub section: String,
    /// Names of the packages it depends on (lockfiles).
    pub requires: Vec<String>,
    /// Where the dependency is declared.
    pub span: Span,
}

/// What a manifest or lockfile says.
#[derive(Clone, Debug)]
pub struct Dependencies {
    /// The ecosystem.
    pub ecosystem: Ecosystem,
    /// A lockfile with resolved versions, not a manifest with requirements.
    pub locked: bool,
    /// The name of the described package itself.
    pub package: Option<String>,
    /// The dependencies in the order of the text.
    pub items: Vec<Dependency>,
    /// Registries that the file names for all of its dependencies.
    pub registries: Vec<Registry>,
    /// Other files that it pulls in (`-r base.txt`, workspace members).
    pub includes: Vec<Include>,
}

/// A registry (index, find-links page) that a file names.
#[derive(Clone, Debug)]
pub struct Registry {
    /// The URL as written.
    pub url: String,
    /// In addition to the default one, so that names may be taken from either.
    pub extra: bool,
    /// Its place.
    pub span: Span,
}

/// Another file that belongs to this one.
#[derive(Clone, Debug)]
pub struct Include {
    /// The path or pattern as written.
    pub path: String,
    /// Its place.
    pub span: Span,
}

impl Dependency {
    /// A dependency on the registry's package `name`, with nothing else known.
    fn new(name: impl Into<String>, section: impl Into<String>, span: Span) -> Self {
        Self {
            name: name.into(),
            alias: None,
            version: None,
            source: Source::Registry(None),
            has_integrity: false,
            development: false,
            section: section.into(),
            requires: Vec::new(),
            span,
        }
    }
}

impl Dependencies {
    fn manifest(ecosystem: Ecosystem) -> Self {
        Self {
            ecosystem,
            locked: false,
            package: None,
            items: Vec::new(),
            registries: Vec::new(),
            includes: Vec::new(),
        }
    }

    fn lockfile(ecosystem: Ecosystem) -> Self {
        Self { locked: true, ..Self::manifest(ecosystem) }
    }
}

/// Parses a manifest or lockfile.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Dependencies> {
    Ok(match artifact.kind() {
        Kind::NpmManifest => npm::manifest(root(artifact)?),
        Kind::NpmLock => npm_lock::lock(root(artifact)?),
        Kind::YarnLock => yarn::lock(artifact.parsable_text()?),
        Kind::PnpmLock => pnpm::lock(root(artifact)?),
        Kind::PipRequirements => requirements::parse(artifact.parsable_text()?),
        Kind::PyProject => pyproject::manifest(root(artifact)?),
        Kind::PythonLock => python_lock::lock(root(artifact)?),
        Kind::PipfileLock => python_lock::pipfile(root(artifact)?),
        Kind::CargoManifest => cargo::manifest(root(artifact)?),
        Kind::CargoLock => cargo::lock(root(artifact)?),
        Kind::GoMod => go::module(artifact.parsable_text()?),
        Kind::GoSum => go::sum(artifact.parsable_text()?),
        _ => return Err(ParseFailure::syntax("not a manifest or lockfile", Span::default())),
    })
}

/// The first document of a data file.
fn root(artifact: &Artifact) -> Parsed<&Node> {
    let documents = artifact.data().map_err(Clone::clone)?;
    match documents.first() {
        Some(document) => Ok(&document.root),
        None => Err(ParseFailure::syntax("the file is empty", Span::default())),
    }
}

/// The string under `key`.
fn string(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::scalar).map(str::to_owned)
}

/// Key and value of a map entry.
fn entry_span(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// The keys of the map under `key`.
fn keys(node: &Node, key: &str) -> Vec<String> {
    let entries = node.get(key).map(Node::entries).unwrap_or_default();
    entries.iter().map(|entry| entry.key.clone()).collect()
}

/// The lines of a text without their breaks, each with its offset.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = offset;
        offset += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

#[cfg(test)]
mod tests;
