//! The data folder.
//!
//! ```text
//! key                        the signing key, mode 0600
//! tenants/<hash>.db          one database a tenant
//! checkpoints/<hash>.notes   its signed checkpoints, outside the database
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use pi_core::{Digest, Name};
use pi_event_fabric::IntegrityError;

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
    /// The file ends with a whole note.
    is_whole: bool,
}

impl NotesFile {
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let cannot =
            |error: &io::Error| file_error("cannot open the checkpoint file", &path, error);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| cannot(&error))?;
        let length = file.metadata().map_err(|error| cannot(&error))?.len();
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(length.saturating_sub(2)))
            .and_then(|_| file.read_to_end(&mut end))
            .map_err(|error| cannot(&error))?;
        let is_whole = end.is_empty() || end == b"\n\n";
        Ok(Self { file, path, is_whole })
    }

    pub(crate) fn append(&mut self, note: &str) -> Result<(), StoreError> {
        let torn = if self.is_whole { "" } else { TORN };
        let text = format!("{torn}{note}\n");
        self.is_whole = false;
        self.file.write_all(text.as_bytes()).map_err(|error| {
            file_error("cannot write to the checkpoint file", &self.path, &error)
        })?;
        self.is_whole = true;
        Ok(())
    }
}

/// Stands behind a note that a crash or a full disk cut short.
const TORN: &str = "\n\n(torn)\n\n";

/// How a note begins.
const BEGIN: &str = "pi.log/";

/// The notes of a checkpoint file. A torn note, as a crash or a power loss
/// leaves it, is not returned.
pub(crate) fn read_notes(path: &Path) -> Result<Vec<String>, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(file_error("cannot read the checkpoint file", path, &error)),
    };
    let text = String::from_utf8_lossy(&bytes);
    notes(&text).ok_or_else(|| {
        let problem = "the checkpoint file holds something that is no note";
        IntegrityError::checkpoint(problem).into()
    })
}

/// The whole notes of a text; `None` when it is no file of notes. A note is its
/// body, an empty line, a signature line, and one empty line.
fn notes(text: &str) -> Option<Vec<String>> {
    let mut starts: Vec<usize> = text
        .match_indices(BEGIN)
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n'))
        .collect();
    let before = text.get(..starts.first().copied().unwrap_or(text.len()))?;
    if !before.is_empty() && !before.ends_with(TORN) && !BEGIN.starts_with(before) {
        return None;
    }
    starts.push(text.len());
    let mut notes = Vec::new();
    for place in starts.windows(2) {
        let [from, to] = place else { continue };
        let part = text.get(*from..*to)?;
        let is_last = *to == text.len();
        match part.strip_suffix("\n\n") {
            // Without a signature line it was cut behind the body.
            Some(whole) if !part.ends_with(TORN) && whole.contains("\n\n") => {
                notes.push(format!("{whole}\n"));
            }
            Some(_) => {}
            None if is_last => {}
            None => return None,
        }
    }
    Some(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "pi.log/local\n1\nAAAA\n\n\u{2014} pi-log BBBB\n\n";

    #[test]
    fn whole_notes_are_read_and_torn_ones_are_not() {
        let note = ONE.strip_suffix('\n').unwrap();
        assert_eq!(notes(""), Some(vec![]));
        assert_eq!(notes(&ONE.repeat(2)), Some(vec![note.to_owned(); 2]));
        for cut in (1..ONE.len()).filter(|cut| ONE.is_char_boundary(*cut)) {
            let torn = &ONE[..cut];
            assert_eq!(notes(torn), Some(vec![]), "{torn:?}");
            let healed = format!("{torn}{TORN}{ONE}");
            assert_eq!(notes(&healed), Some(vec![note.to_owned()]), "{healed:?}");
        }
        for garbage in ["garbage\n", "\u{fffd}", "x\n\npi.log/local\n"] {
            assert_eq!(notes(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn a_torn_note_is_closed_before_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.notes");
        fs::write(&path, &ONE[..20]).unwrap();
        let note = ONE.strip_suffix('\n').unwrap();
        NotesFile::open(path.clone()).unwrap().append(note).unwrap();
        NotesFile::open(path.clone()).unwrap().append(note).unwrap();
        assert_eq!(read_notes(&path).unwrap(), vec![note.to_owned(); 2]);
    }
}
