//! The signing key: created on first use, readable by its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt};

use pi_core::Digest;
use pi_event_fabric::SigningKey;

use crate::error::StoreError;
use crate::folder::{DataFolder, file_error};

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0u8; N];
    fill_random(&mut bytes)?;
    Ok(bytes)
}

/// Fills `bytes` from the system's random source.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), StoreError> {
    getrandom::fill(bytes)
        .map_err(|error| StoreError::Database(format!("no random bytes: {error}")))
}

/// Reads the key, or creates it in a folder that has no events yet.
pub fn signing_key(folder: &DataFolder) -> Result<SigningKey, StoreError> {
    let path = folder.key();
    let key_error = |problem: &str| StoreError::Key {
        path: path.display().to_string(),
        problem: problem.to_owned(),
    };
    match fs::metadata(&path) {
        Ok(metadata) if metadata.mode() & 0o077 != 0 => {
            return Err(key_error("other users may read it; run `chmod 600` on it"));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Another process may just have made the key, and then the first events.
            if !folder.has_tenants()? {
                create(folder)?;
            } else if !path.exists() {
                return Err(key_error("it is missing, but the folder has events that it signed"));
            }
        }
        Err(error) => return Err(key_error(&error.to_string())),
    }
    let text = fs::read_to_string(&path).map_err(|error| key_error(&error.to_string()))?;
    let seed = text.trim_end().strip_prefix("pi-log-key-1 ").and_then(Digest::from_hex);
    match seed {
        Some(seed) => Ok(SigningKey::from_seed(seed.as_bytes())),
        None => Err(key_error("it is malformed")),
    }
}

/// Writes a new key. Two processes may do this at once: the first link wins,
/// and both then read the same file.
fn create(folder: &DataFolder) -> Result<(), StoreError> {
    let seed: [u8; 32] = random()?;
    let suffix: [u8; 8] = random()?;
    let temporary = folder.root().join(format!("key.{}", u64::from_be_bytes(suffix)));
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        writeln!(file, "pi-log-key-1 {}", Digest::from_bytes(seed))?;
        file.sync_all()?;
        match fs::hard_link(&temporary, folder.key()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let written = write();
    // The temporary name has served its purpose either way.
    let _ = fs::remove_file(&temporary);
    written.map_err(|error| file_error("cannot create the key", &folder.key(), &error))
}
