//! Reading files that may be anything: devices, FIFOs, links, huge, changing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use pi_artifacts::limits::MAX_ARTIFACT_BYTES;
use pi_core::Reason;

/// Why a file is not examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason code.
    pub reason: Reason,
    /// What the system said.
    pub detail: String,
}

/// Reads a regular file up to the size limit. Opening never blocks and never
/// follows a link in the last component.
pub fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let file = open(path).map_err(|error| unreadable(&error))?;
    let metadata = file.metadata().map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(Refusal {
            reason: Reason::ArtifactNotRegular,
            detail: "not a regular file".to_owned(),
        });
    }
    if metadata.len() > MAX_ARTIFACT_BYTES {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    // One byte more than allowed, so that a file that grew is noticed.
    (&file)
        .take(MAX_ARTIFACT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MAX_ARTIFACT_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

fn too_large(bytes: u64) -> Refusal {
    Refusal {
        reason: Reason::ArtifactTooLarge,
        detail: format!("{bytes} bytes are more than the limit of {MAX_ARTIFACT_BYTES}"),
    }
}

fn unreadable(error: &io::Error) -> Refusal {
    // NOFOLLOW reports a link as a loop.
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return Refusal {
            reason: Reason::ArtifactNotRegular,
            detail: "a symbolic link; links are not followed".to_owned(),
        };
    }
    // What opening a socket says, and a device without a driver.
    if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
        return Refusal {
            reason: Reason::ArtifactNotRegular,
            detail: "not a regular file".to_owned(),
        };
    }
    // The kind only: the system's own text differs between machines.
    Refusal { reason: Reason::ArtifactUnreadable, detail: error.kind().to_string() }
}
