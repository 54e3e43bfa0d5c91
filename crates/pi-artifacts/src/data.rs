//! YAML, JSON and TOML as one tree with positions.

mod json;
mod toml;
mod yaml;

use pi_core::Reason;

use crate::artifact::{Artifact, ParseFailure, Parsed};
use crate::kind::Kind;
use crate::span::Span;

/// One document of a YAML stream, or the whole of a JSON or TOML text.
#[derive(Clone, Debug)]
pub struct Document {
    /// The root node.
    pub root: Node,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Data,
    /// Where it stands; of a collection, from its first to its last item.
    pub span: Span,
}

/// A data value. Maps keep the order of the text; duplicate keys stay visible.
#[derive(Clone, Debug)]
pub enum Data {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string; `plain` when it was written without quotes.
    String {
        /// The value without quotes, escapes resolved.
        text: String,
        /// Written without quotes (YAML).
        plain: bool,
    },
    /// A sequence.
    Sequence(Vec<Node>),
    /// A map.
    Map(Vec<Entry>),
    /// A tagged YAML value such as `!Ref name`.
    Tagged {
        /// The tag without its `!`.
        tag: String,
        /// The value behind the tag.
        value: Box<Node>,
    },
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key as a string (numbers and booleans as written).
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
    /// Came in through a YAML merge key (`<<`), not written here.
    pub merged: bool,
}

impl Node {
    /// The value under `key` of a map; with duplicate keys, the last.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of `key` in a map; with duplicate keys, the last.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// The node at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a map; nothing for other values.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; nothing for other values.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Data::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Data::String { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of any scalar, as written.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Data::String { text, .. } | Data::Number(text) => Some(text),
            Data::Bool(true) => Some("true"),
            Data::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Data::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// An integer.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.value {
            Data::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Data::Null)
    }

    /// Whether the value is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.value, Data::Map(_))
    }
}

/// Parses the artifact's text in the language of its kind.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Vec<Document>> {
    let text = artifact.parsable_text()?;
    match language(artifact.kind(), artifact.file_name(), text) {
        Some(Language::Yaml) => yaml::parse(text),
        Some(Language::Json) => json::parse(text).map(|root| vec![Document { root }]),
        Some(Language::Toml) => toml::parse(text).map(|root| vec![Document { root }]),
        None => Err(ParseFailure::syntax("not a data format", Span::default())),
    }
}

/// The language that a data artifact is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Yaml,
    Json,
    Toml,
}

/// The language of an artifact, by its kind, its name and its first character.
pub(crate) fn language(kind: Kind, name: &str, text: &str) -> Option<Language> {
    let json_like = || {
        let lower = name.to_ascii_lowercase();
        lower.ends_with(".json") || (!lower.ends_with("ml") && text.trim_start().starts_with('{'))
    };
    match kind {
        Kind::Compose
        | Kind::Kubernetes
        | Kind::CloudFormation
        | Kind::GithubWorkflow
        | Kind::GithubAction => Some(if json_like() { Language::Json } else { Language::Yaml }),
        Kind::Yaml | Kind::PnpmLock => Some(Language::Yaml),
        // Yarn Berry writes YAML, version 1 a format of its own.
        Kind::YarnLock if text.contains("__metadata:") => Some(Language::Yaml),
        Kind::Json
        | Kind::NpmManifest
        | Kind::NpmLock
        | Kind::PipfileLock
        | Kind::TerraformState
        | Kind::Sbom => Some(Language::Json),
        Kind::Toml | Kind::PyProject | Kind::PythonLock | Kind::CargoManifest | Kind::CargoLock => {
            Some(Language::Toml)
        }
        _ => None,
    }
}

/// The failure of a third-party parser. Each has a nesting cap of its own below
/// ours, told only in words.
fn failure(message: &str, span: Span) -> ParseFailure {
    let too_deep = message.contains("recurs") || message.contains("depth");
    let reason = if too_deep { Reason::ArtifactTooDeep } else { Reason::ArtifactUnparsable };
    ParseFailure { reason, message: message.to_owned(), span }
}
