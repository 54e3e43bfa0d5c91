//! An artifact and its lazily parsed views.

use std::any::{Any, TypeId};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pi_core::{Digest, Reason};

use crate::data::Document;
use crate::dependencies::Dependencies;
use crate::diff::Diff;
use crate::dockerfile::Dockerfile;
use crate::kind::{Kind, detect};
use crate::limits::MAX_PARSE_BYTES;
use crate::literal::Literals;
use crate::markdown::Markdown;
use crate::nginx::Config;
use crate::python::Module;
use crate::shell::Script;
use crate::span::{LineIndex, Position, Span};
use crate::sql::Sql;
use crate::syntax::Syntax;

/// Why a view of an artifact cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseFailure {
    /// `artifact_too_large`, `artifact_too_deep`, `artifact_unparsable`, or
    /// `budget_exceeded` when parsing takes too many steps.
    pub reason: Reason,
    /// What is wrong, without quoting the artifact's content.
    pub message: String,
    /// Where.
    pub span: Span,
}

impl ParseFailure {
    /// The text is not valid in its language at `span`.
    pub fn syntax(message: impl Into<String>, span: Span) -> Self {
        Self { reason: Reason::ArtifactUnparsable, message: message.into(), span }
    }
}

/// The result of parsing a view.
pub type Parsed<T> = Result<T, ParseFailure>;

/// Bytes that were checked once for being text.
enum Content {
    Text(String),
    Bytes(Vec<u8>),
}

/// A named sequence of bytes with a kind. Cheap to share, immutable; each view
/// is parsed at most once.
pub struct Artifact {
    path: String,
    content: Content,
    kind: Kind,
    digest: OnceLock<Digest>,
    lines: OnceLock<LineIndex>,
    data: OnceLock<Parsed<Vec<Document>>>,
    dockerfile: OnceLock<Parsed<Dockerfile>>,
    hcl: OnceLock<Parsed<crate::hcl::Body>>,
    nginx: OnceLock<Parsed<Config>>,
    settings: OnceLock<Parsed<Vec<crate::settings::Setting>>>,
    dependencies: OnceLock<Parsed<Dependencies>>,
    shell: OnceLock<Parsed<Script>>,
    python: OnceLock<Parsed<Module>>,
    syntax: OnceLock<Parsed<Syntax>>,
    sql: OnceLock<Parsed<Sql>>,
    markdown: OnceLock<Parsed<Markdown>>,
    diff: OnceLock<Parsed<Diff>>,
    literals: OnceLock<Literals>,
    derived: Mutex<Vec<(TypeId, Arc<dyn Any + Send + Sync>)>>,
}

impl Artifact {
    /// Wraps bytes; the kind is detected.
    pub fn new(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        let path = path.into();
        let kind = detect(&path, &bytes);
        Self::with_kind(path, bytes, kind)
    }

    /// Wraps bytes of a known kind.
    pub fn with_kind(path: impl Into<String>, bytes: Vec<u8>, kind: Kind) -> Self {
        let content = String::from_utf8(bytes)
            .map_or_else(|error| Content::Bytes(error.into_bytes()), Content::Text);
        Self {
            path: path.into(),
            content,
            kind,
            digest: OnceLock::new(),
            lines: OnceLock::new(),
            data: OnceLock::new(),
            dockerfile: OnceLock::new(),
            hcl: OnceLock::new(),
            nginx: OnceLock::new(),
            settings: OnceLock::new(),
            dependencies: OnceLock::new(),
            shell: OnceLock::new(),
            python: OnceLock::new(),
            syntax: OnceLock::new(),
            sql: OnceLock::new(),
            markdown: OnceLock::new(),
            diff: OnceLock::new(),
            literals: OnceLock::new(),
            derived: Mutex::new(Vec::new()),
        }
    }

    /// The path, relative to the composition's root and `/`-separated.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last component of the path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Text(text) => text.as_bytes(),
            Content::Bytes(bytes) => bytes,
        }
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// SHA-256 of the content.
    pub fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| Digest::of(self.bytes()))
    }

    /// The content as text; `None` when it is not UTF-8.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Bytes(_) => None,
        }
    }

    /// The content as text below the parsers' byte cap.
    pub fn parsable_text(&self) -> Parsed<&str> {
        let size = self.bytes().len();
        if size > MAX_PARSE_BYTES {
            return Err(ParseFailure {
                reason: Reason::ArtifactTooLarge,
                message: format!(
                    "{size} bytes are more than the {MAX_PARSE_BYTES} that are parsed"
                ),
                span: Span::default(),
            });
        }
        match &self.content {
            Content::Text(text) => Ok(text),
            Content::Bytes(bytes) => {
                let at =
                    std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
                Err(ParseFailure::syntax("not UTF-8", Span::new(at, at + 1)))
            }
        }
    }

    /// The index of lines.
    pub fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::new(self.bytes()))
    }

    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> Position {
        self.lines().position(self.text().unwrap_or_default(), offset)
    }

    /// The text under a span.
    pub fn slice(&self, span: Span) -> &str {
        span.of(self.text().unwrap_or_default())
    }

    /// The place of a failure within the text and around whole characters:
    /// parsers point behind the end and into the middle of characters.
    fn placed<T>(&self, parsed: Parsed<T>) -> Parsed<T> {
        parsed.map_err(|mut failure| {
            failure.span = failure.span.within(self.bytes().len());
            if let Some(text) = self.text() {
                failure.span = failure.span.around_characters(text);
            }
            failure
        })
    }

    /// The documents of a YAML, JSON or TOML artifact (any kind that is written
    /// in one of them, Compose, Kubernetes and lockfiles included).
    pub fn data(&self) -> Result<&[Document], &ParseFailure> {
        self.data.get_or_init(|| self.placed(crate::data::parse(self))).as_ref().map(Vec::as_slice)
    }

    /// The instructions of a Dockerfile.
    pub fn dockerfile(&self) -> Result<&Dockerfile, &ParseFailure> {
        self.dockerfile.get_or_init(|| self.placed(crate::dockerfile::parse(self))).as_ref()
    }

    /// The blocks and attributes of an HCL file (Terraform, variables, Vault).
    pub fn hcl(&self) -> Result<&crate::hcl::Body, &ParseFailure> {
        let parse = || crate::hcl::parse(self.kind, self.parsable_text()?);
        self.hcl.get_or_init(|| self.placed(parse())).as_ref()
    }

    /// The directives of an nginx configuration.
    pub fn nginx(&self) -> Result<&Config, &ParseFailure> {
        self.nginx.get_or_init(|| self.placed(crate::nginx::parse(self))).as_ref()
    }

    /// The settings of a dotenv, INI or properties file.
    pub fn settings(&self) -> Result<&[crate::settings::Setting], &ParseFailure> {
        let parse = || crate::settings::parse(self.kind, self.parsable_text()?);
        self.settings.get_or_init(|| self.placed(parse())).as_ref().map(Vec::as_slice)
    }

    /// The dependencies that a manifest or lockfile declares.
    pub fn dependencies(&self) -> Result<&Dependencies, &ParseFailure> {
        self.dependencies.get_or_init(|| self.placed(crate::dependencies::parse(self))).as_ref()
    }

    /// The commands of a shell script. Fragments inside other kinds are parsed
    /// with [`parse_shell`](crate::shell::parse_shell).
    pub fn shell(&self) -> Result<&Script, &ParseFailure> {
        self.shell.get_or_init(|| self.placed(crate::shell::parse(self))).as_ref()
    }

    /// The module of a Python file.
    pub fn python(&self) -> Result<&Module, &ParseFailure> {
        self.python.get_or_init(|| self.placed(crate::python::parse(self))).as_ref()
    }

    /// The syntax tree of JavaScript, TypeScript, Rust, Solidity, Go or Java,
    /// with an index by kind of node.
    pub fn syntax(&self) -> Result<&Syntax, &ParseFailure> {
        self.syntax.get_or_init(|| self.placed(crate::syntax::parse(self))).as_ref()
    }

    /// The statements of an SQL file.
    pub fn sql(&self) -> Result<&Sql, &ParseFailure> {
        self.sql.get_or_init(|| self.placed(crate::sql::parse(self))).as_ref()
    }

    /// The parts of a Markdown file (changelogs included).
    pub fn markdown(&self) -> Result<&Markdown, &ParseFailure> {
        self.markdown.get_or_init(|| self.placed(crate::markdown::parse(self))).as_ref()
    }

    /// The files and hunks of a unified diff.
    pub fn diff(&self) -> Result<&Diff, &ParseFailure> {
        self.diff.get_or_init(|| self.placed(crate::diff::parse(self))).as_ref()
    }

    /// Every string literal and assigned value with its name: the one walk that
    /// serves the agents that look at values in any language. Never fails: text
    /// that does not parse is read by a lexical scanner.
    pub fn literals(&self) -> &Literals {
        self.literals.get_or_init(|| crate::literal::collect(self))
    }

    /// A value that an engine derives from this artifact, computed once and
    /// shared by all agents of that engine. The type is the key.
    pub fn derived<T: Any + Send + Sync>(&self, compute: impl FnOnce(&Artifact) -> T) -> Arc<T> {
        let key = TypeId::of::<T>();
        let find = |cache: &[(TypeId, Arc<dyn Any + Send + Sync>)]| {
            let (_, value) = cache.iter().find(|(id, _)| *id == key)?;
            Arc::clone(value).downcast::<T>().ok()
        };
        if let Some(value) = find(&self.derived.lock().unwrap_or_else(PoisonError::into_inner)) {
            return value;
        }
        // Computed outside the lock, so that engines may build on each other.
        let value = Arc::new(compute(self));
        let mut cache = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        match find(&cache) {
            Some(first) => first,
            None => {
                cache.push((key, Arc::clone(&value) as Arc<dyn Any + Send + Sync>));
                value
            }
        }
    }
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Artifact({}, {}, {} bytes)", self.path, self.kind, self.bytes().len())
    }
}
