//! The data folder.
//!
//! ```text
//! key                        the signing key, mode 0600
//! tenants/<hash>.db          one database a tenant
//! checkpoints/<hash>.notes   its signed checkpoints, outside the database
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use pi_core::{Digest, Name};

use crate::error::StoreError;

/// A data folder.
#[derive(Clone, Debug)]
pub struct DataFolder {
    root: PathBuf,
}

impl DataFolder {
    /// Opens the folder and creates what is missing, for this user alone.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let folder = Self { root: root.into() };
        for path in
            [folder.root.clone(), folder.root.join("tenants"), folder.root.join("checkpoints")]
        {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .map_err(|error| file_error("cannot create the folder", &path, &error))?;
        }
        Ok(folder)
    }

    /// The folder's path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The signing key.
    pub fn key(&self) -> PathBuf {
        self.root.join("key")
    }

    /// The database of a tenant.
    pub fn database(&self, tenant: &Name) -> PathBuf {
        self.root.join("tenants").join(format!("{}.db", hashed(tenant)))
    }

    /// The checkpoint file of a tenant.
    pub fn notes(&self, tenant: &Name) -> PathBuf {
        self.root.join("checkpoints").join(format!("{}.notes", hashed(tenant)))
    }

    /// Whether any tenant has a database.
    pub fn has_tenants(&self) -> Result<bool, StoreError> {
        let path = self.root.join("tenants");
        let mut entries =
            fs::read_dir(&path).map_err(|error| file_error("cannot list", &path, &error))?;
        Ok(entries.any(|entry| {
            entry.is_ok_and(|entry| entry.path().extension().is_some_and(|ext| ext == "db"))
        }))
    }
}

fn hashed(tenant: &Name) -> String {
    Digest::of(tenant.as_str().as_bytes()).to_hex().chars().take(32).collect()
}

pub(crate) fn file_error(what: &'static str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::File { what, path: path.display().to_string(), error: error.to_string() }
}

/// The file of checkpoints outside the database. Each note is one write to a
/// file that is only ever appended to, so several processes can share it.
pub(crate) struct NotesFile {
    file: File,
    path: PathBuf,
}

impl NotesFile {
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| file_error("cannot open the checkpoint file", &path, &error))?;
        Ok(Self { file, path })
    }

    pub(crate) fn append(&mut self, note: &str) -> Result<(), StoreError> {
        let text = format!("{note}\n");
        self.file
            .write_all(text.as_bytes())
            .map_err(|error| file_error("cannot write to the checkpoint file", &self.path, &error))
    }
}

/// The notes of a checkpoint file. A torn last note, as a crash or a power loss
/// leaves it, is not returned.
pub(crate) fn read_notes(path: &Path) -> Result<Vec<String>, StoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file_error("cannot read the checkpoint file", path, &error)),
    };
    let mut notes = Vec::new();
    let mut rest = text.as_str();
    // A note is its body, an empty line, a signature line, and one empty line.
    while let Some((body, after)) = rest.split_once("\n\n") {
        let Some((signature, next)) = after.split_once("\n\n") else { break };
        notes.push(format!("{body}\n\n{signature}\n"));
        rest = next;
    }
    Ok(notes)
}
