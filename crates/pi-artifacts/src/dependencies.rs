//! Dependencies declared by manifests and resolved by lockfiles.

use crate::artifact::{Artifact, ParseFailure, Parsed};
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
    /// A path in the same tree.
    Path(String),
}

/// One dependency.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The package's name as written.
    pub name: String,
    /// The requirement of a manifest (`^1.2`, `>=2,<3`) or the resolved version
    /// of a lockfile; `None` when nothing is written.
    pub version: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// An integrity hash is recorded.
    pub has_integrity: bool,
    /// For development or tests only.
    pub development: bool,
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
}

/// Parses a manifest or lockfile.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Dependencies> {
    let _ = artifact;
    Err(ParseFailure::syntax("not a manifest or lockfile", Span::default()))
}
