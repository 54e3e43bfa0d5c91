//! The frozen inputs of a composition: paths, sizes, kinds, digests.

use pi_artifacts::Kind;
use pi_core::canonical::{Encoder, ErrorKind, ToCanonical, Value, parse};
use pi_core::{Digest, Reason};

/// One artifact of a composition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path relative to the composition's root, `/`-separated.
    pub path: String,
    /// What is known of the bytes.
    pub content: Content,
}

/// What is known of an artifact's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The bytes were read and frozen.
    Frozen {
        /// SHA-256 of the bytes.
        digest: Digest,
        /// Number of bytes.
        size: u64,
        /// The kind, by name and content.
        kind: Kind,
    },
    /// The bytes are not examined, for a named reason.
    Refused {
        /// Why.
        reason: Reason,
        /// What the system said, without content of the artifact.
        detail: String,
    },
}

/// All artifacts of a composition, ordered by path.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Manifest {
    entries: Vec<Entry>,
}

/// Why a stored manifest cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not canonical JSON.
    #[error("the manifest is not valid JSON: {0}")]
    Json(ErrorKind),
    /// It does not have the shape of a manifest.
    #[error("the manifest does not fit its schema")]
    Schema,
}

impl Manifest {
    /// A manifest of `entries`, in the order of their paths; an entry whose path
    /// was given twice counts once.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        Self { entries }
    }

    /// The entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The digest of the canonical form.
    pub fn digest(&self) -> Digest {
        Digest::of_canonical(self)
    }

    /// Reads the canonical form back.
    pub fn from_canonical(bytes: &[u8]) -> Result<Self, ManifestError> {
        let value = parse(bytes).map_err(|error| ManifestError::Json(error.kind))?;
        let items = value.as_array().ok_or(ManifestError::Schema)?;
        let entries: Option<Vec<Entry>> = items.iter().map(entry).collect();
        entries.map(|entries| Self { entries }).ok_or(ManifestError::Schema)
    }
}

fn entry(value: &Value) -> Option<Entry> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let content = match text("digest") {
        Some(digest) => Content::Frozen {
            digest: Digest::from_hex(digest)?,
            size: value.get("size")?.as_u64()?,
            kind: Kind::from_word(text("kind")?)?,
        },
        None => Content::Refused {
            reason: Reason::from_code(text("reason")?)?,
            detail: text("detail")?.to_owned(),
        },
    };
    Some(Entry { path: text("path")?.to_owned(), content })
}

impl ToCanonical for Manifest {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.array(&self.entries);
    }
}

impl ToCanonical for Entry {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Entry { path, content } = self;
        encoder.object(|o| {
            match content {
                Content::Frozen { digest, size, kind } => o
                    .field("digest", digest)
                    .field("kind", kind)
                    .field("path", path)
                    .field("size", size),
                Content::Refused { reason, detail } => {
                    o.field("detail", detail).field("path", path).field("reason", reason)
                }
            };
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_reads_back() {
        let manifest = Manifest::new(vec![
            Entry {
                path: "b/é".to_owned(),
                content: Content::Frozen { digest: Digest::of(b"x"), size: 1, kind: Kind::Text },
            },
            Entry {
                path: "a".to_owned(),
                content: Content::Refused {
                    reason: Reason::ArtifactUnreadable,
                    detail: "permission denied".to_owned(),
                },
            },
        ]);
        let bytes = Encoder::encode(&manifest);
        assert_eq!(Manifest::from_canonical(&bytes).unwrap(), manifest);
        assert_eq!(manifest.entries()[0].path, "a");
        assert_eq!(Manifest::from_canonical(b"{}"), Err(ManifestError::Schema));
    }
}
