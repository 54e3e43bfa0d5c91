//! Artifacts that come with a request: their bytes never touch a file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pi_artifacts::kind::detect;
use pi_artifacts::limits::MAX_ARTIFACT_BYTES;
use pi_core::{Digest, Reason};
use pi_kernel::manifest::{Content, Entry, Manifest};
use pi_runtime::examiner::Inputs;
use pi_runtime::files::Refusal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Artifacts of one request at most.
pub const MAX_ARTIFACTS: usize = 1_000;

/// Characters of a path at most.
const MAX_PATH: usize = 1_024;

/// An artifact: `text`, or `base64` for other bytes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its path, relative and `/`-separated; its kind is told from it and the content.
    #[schema(min_length = 1, max_length = 1024, example = "Dockerfile")]
    pub path: String,
    /// Its content as text.
    #[serde(default)]
    #[schema(example = "FROM alpine:3.20\nUSER app\n")]
    pub text: Option<String>,
    /// Its bytes in base64.
    #[serde(default)]
    pub base64: Option<String>,
}

/// The bytes behind a manifest.
#[derive(Debug)]
pub struct Inline(BTreeMap<String, Vec<u8>>);

impl Inline {
    /// Takes artifacts and freezes them.
    ///
    /// # Errors
    /// A path that leaves the composition or comes twice, content that is missing or
    /// given in both ways, too many artifacts or bytes.
    pub fn freeze(artifacts: Vec<Artifact>) -> Result<(Self, Manifest), Problem> {
        if artifacts.len() > MAX_ARTIFACTS {
            let problem = format!("at most {MAX_ARTIFACTS} artifacts fit into one request");
            return Err(Problem::new(Reason::BoundsExceeded, problem));
        }
        let (mut files, mut entries) = (BTreeMap::new(), Vec::new());
        for artifact in artifacts {
            let Artifact { path, text, base64 } = artifact;
            check_path(&path)?;
            let bytes = match (text, base64) {
                (Some(text), None) => text.into_bytes(),
                (None, Some(base64)) => STANDARD.decode(&base64).map_err(|_| {
                    Problem::invalid(format!("the base64 of `{path}` cannot be decoded"))
                })?,
                _ => {
                    let problem = format!("`{path}` must have either `text` or `base64`");
                    return Err(Problem::invalid(problem));
                }
            };
            let size = bytes.len() as u64;
            if size > MAX_ARTIFACT_BYTES {
                let problem = format!("`{path}` has more than {MAX_ARTIFACT_BYTES} bytes");
                return Err(Problem::new(Reason::ArtifactTooLarge, problem));
            }
            let (digest, kind) = (Digest::of(&bytes), detect(&path, &bytes));
            let content = Content::Frozen { digest, size, kind };
            entries.push(Entry { path: path.clone(), content });
            if files.insert(path.clone(), bytes).is_some() {
                return Err(Problem::invalid(format!("`{path}` is given twice")));
            }
        }
        Ok((Self(files), Manifest::new(entries)))
    }

    /// Bytes of all artifacts.
    pub fn bytes(&self) -> u64 {
        self.0.values().map(|bytes| bytes.len() as u64).sum()
    }
}

/// A path stays below its root, whatever reads it later.
fn check_path(path: &str) -> Result<(), Problem> {
    let fits = !path.is_empty() && path.len() <= MAX_PATH && !path.contains(['\\', '\0']);
    let below = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if fits && below && !path.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::invalid("a path must be relative, `/`-separated, without `.` and `..`"))
}

impl Inputs for Inline {
    fn read(&self, path: &str, _digest: Digest) -> Result<Vec<u8>, Refusal> {
        self.0.get(path).cloned().ok_or_else(|| Refusal {
            reason: Reason::ArtifactUnreadable,
            detail: "it is not among the artifacts of the request".to_owned(),
        })
    }

    fn file(&self, _path: &str) -> Option<PathBuf> {
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    fn artifact(path: &str) -> Artifact {
        Artifact { path: path.to_owned(), text: Some("x".to_owned()), base64: None }
    }

    #[test]
    fn paths_stay_below_their_root() {
        for path in ["Dockerfile", "a/b.yml", "ä/日.txt", ".env", "..a"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".", "a\\b", "a\nb", "a\0"]
        {
            assert!(check_path(path).is_err(), "{path:?}");
        }
        assert!(check_path(&"a".repeat(1_025)).is_err());
    }

    #[test]
    fn content_is_given_once() {
        let (inline, manifest) = Inline::freeze(vec![artifact("b"), artifact("a")]).unwrap();
        assert_eq!(inline.bytes(), 2);
        let paths: Vec<&str> = manifest.entries().iter().map(|e| e.path.as_str()).collect();
        assert_eq!(paths, ["a", "b"]);
        assert!(Inline::freeze(vec![artifact("a"), artifact("a")]).is_err());
        let both = Artifact { base64: Some("eA==".to_owned()), ..artifact("a") };
        assert!(Inline::freeze(vec![both]).is_err());
        let neither = Artifact { text: None, ..artifact("a") };
        assert!(Inline::freeze(vec![neither]).is_err());
        let wrong = Artifact { text: None, base64: Some("=".to_owned()), ..artifact("a") };
        assert!(Inline::freeze(vec![wrong]).is_err());
    }
}
