//! Freezing: from paths to a manifest of digests.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use pi_artifacts::kind::detect;
use pi_core::{Digest, Reason};
use pi_kernel::manifest::{Content, Entry, Manifest};

use crate::files::{self, Refusal};
use crate::pool::in_parallel;

/// The name of PI's own ignore files, with the syntax of `.gitignore`.
pub const IGNORE_FILE: &str = ".piignore";

/// Frozen inputs and where they lie.
#[derive(Debug, Clone)]
pub struct Frozen {
    /// The manifest.
    pub manifest: Manifest,
    /// The folder that the manifest's paths are relative to.
    pub base: PathBuf,
}

/// Why inputs cannot be frozen.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// A path that was named does not exist or cannot be looked at.
    #[error("`{path}` cannot be read: {error}")]
    Path {
        /// The path as given.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The paths hold nothing to examine.
    #[error("there is nothing to examine in {paths}")]
    Nothing {
        /// The paths as given.
        paths: String,
    },
}

impl FreezeError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            FreezeError::Path { .. } => Reason::ArtifactUnreadable,
            FreezeError::Nothing { .. } => Reason::NothingToExamine,
        }
    }
}

/// Freezes files and folders. Folders are walked without following links;
/// ignore files count, hidden files are included, `.git` is not.
///
/// With one path, the manifest's paths are relative to it; with several, to the
/// current folder.
pub fn freeze(paths: &[PathBuf], threads: usize) -> Result<Frozen, FreezeError> {
    // A link that is named is meant; links found on the way are not followed.
    let roots = paths.iter().map(|path| real(path)).collect::<Result<Vec<_>, _>>()?;
    let base = match roots.as_slice() {
        [one] if one.is_dir() => one.clone(),
        [one] => one.parent().unwrap_or(one).to_path_buf(),
        _ => real(Path::new("."))?,
    };
    let mut found = Vec::new();
    for root in &roots {
        walk(root, &mut found);
    }
    let entries =
        in_parallel(threads, &found, |(path, refusal)| entry(&base, path, refusal.as_ref()));
    let manifest = Manifest::new(entries);
    if manifest.entries().is_empty() {
        let paths: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        return Err(FreezeError::Nothing { paths: paths.join(", ") });
    }
    Ok(Frozen { manifest, base })
}

fn real(path: &Path) -> Result<PathBuf, FreezeError> {
    fs::canonicalize(path)
        .map_err(|error| FreezeError::Path { path: path.display().to_string(), error })
}

fn walk(path: &Path, found: &mut Vec<(PathBuf, Option<Refusal>)>) {
    let walker = WalkBuilder::new(path)
        .hidden(false)
        .require_git(false)
        .git_global(false)
        .git_exclude(false)
        .parents(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
        .sort_by_file_name(std::cmp::Ord::cmp)
        .build();
    for item in walker {
        match item {
            Ok(entry) => {
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                if !is_folder {
                    found.push((entry.into_path(), None));
                }
            }
            Err(error) => found.push(unwalkable(path, &error)),
        }
    }
}

fn unwalkable(root: &Path, error: &ignore::Error) -> (PathBuf, Option<Refusal>) {
    let kind = error.io_error().map(|error| error.kind().to_string());
    let refusal = Refusal {
        reason: Reason::ArtifactUnreadable,
        detail: kind.unwrap_or_else(|| "cannot be walked".to_owned()),
    };
    (path_of(error).unwrap_or(root).to_path_buf(), Some(refusal))
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}

fn entry(base: &Path, path: &Path, refusal: Option<&Refusal>) -> Entry {
    let below = path.strip_prefix(base).unwrap_or(path);
    let name = name(below);
    let content = match (refusal, below.to_str()) {
        (Some(refusal), _) => refused(refusal.clone()),
        (None, None) => refused(Refusal {
            reason: Reason::ArtifactUnreadable,
            detail: "the path is not UTF-8".to_owned(),
        }),
        (None, Some(name)) => match files::read(path) {
            Ok(bytes) => Content::Frozen {
                digest: Digest::of(&bytes),
                size: bytes.len() as u64,
                kind: detect(name, &bytes),
            },
            Err(refusal) => refused(refusal),
        },
    };
    Entry { path: name, content }
}

/// The path as text. Bytes that are no text are written as escapes, so that two
/// such names stay two.
fn name(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

fn refused(refusal: Refusal) -> Content {
    Content::Refused { reason: refusal.reason, detail: refusal.detail }
}
