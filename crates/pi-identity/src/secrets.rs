//! Secrets: from `PI_SECRET_<NAME>`, else from a file that nobody else can open, else
//! refused.

use std::ffi::OsString;
use std::fmt;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pi_core::Reason;
use rustix::fs::{FileType, Mode, OFlags};
use zeroize::Zeroizing;

/// Fewer bytes than this are no secret.
pub const MIN_BYTES: usize = 32;
/// No secret is longer; a PEM of a private key has a few hundred bytes.
pub const MAX_BYTES: u64 = 16 * 1024;
/// Chance gives 32 hexadecimal digits fewer than 8 different ones once in 25 million times.
const MIN_DISTINCT: usize = 8;
/// Words of examples. Each has at least 6 letters, so that chance does not write them.
const PLACEHOLDERS: &[&str] = &[
    "change",
    "default",
    "development",
    "example",
    "generate",
    "insecure",
    "password",
    "placeholder",
    "replace",
    "secret",
];

/// Where a secret came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An environment variable.
    Environment(String),
    /// A file.
    File(PathBuf),
    /// Chance, at the start of this process.
    Generated,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Environment(variable) => write!(f, "environment variable `{variable}`"),
            Origin::File(path) => write!(f, "file `{}`", path.display()),
            Origin::Generated => f.write_str("made at the start"),
        }
    }
}

/// A secret that is strong enough. It is never shown, and overwritten when it goes.
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    origin: Origin,
}

impl Secret {
    /// Checks the strength of a secret.
    pub fn new(bytes: Vec<u8>, origin: Origin) -> Result<Self, SecretError> {
        let mut bytes = Zeroizing::new(bytes);
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        let mut distinct: Vec<u8> = bytes.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let distinct = Zeroizing::new(distinct).len();
        if bytes.len() < MIN_BYTES || distinct < MIN_DISTINCT {
            return Err(SecretError::Weak { origin });
        }
        let lower = Zeroizing::new(bytes.to_ascii_lowercase());
        if PLACEHOLDERS.iter().any(|word| lower.windows(word.len()).any(|w| w == word.as_bytes())) {
            return Err(SecretError::Placeholder { origin });
        }
        Ok(Self { bytes, origin })
    }

    /// Draws a secret: for this process alone, or to be written down as the next one. It has
    /// 64 letters, digits, `_` or `-`, and 384 random bits.
    pub fn generate() -> Result<Self, SecretError> {
        let mut random = Zeroizing::new([0; 48]);
        getrandom::fill(&mut *random).map_err(|_| SecretError::NoRandomness)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.encode(*random).into_bytes());
        Ok(Self { bytes, origin: Origin::Generated })
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(redacted, {})", self.origin)
    }
}

/// Where secrets are looked up.
pub struct Secrets<'a> {
    /// The environment.
    pub environment: &'a dyn Fn(&str) -> Option<OsString>,
    /// The folder of secrets.
    pub folder: Option<PathBuf>,
    /// Also takes files that others can open.
    pub dev: bool,
}

impl Secrets<'_> {
    /// Looks the secret `name` up (`JWT`, `REQUEST_SIGNING`): in the environment, then in
    /// its file.
    pub fn find(&self, name: &str) -> Result<Secret, SecretError> {
        let fits =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if !fits {
            return Err(SecretError::InvalidName);
        }
        let variable = format!("PI_SECRET_{name}");
        if let Some(value) = (self.environment)(&variable) {
            // An empty variable is a mistake, never a way to the file.
            return Secret::new(value.into_vec(), Origin::Environment(variable));
        }
        let file = self.folder.as_ref().map(|folder| folder.join(name.to_ascii_lowercase()));
        if let Some(path) = &file
            && let Some(bytes) = self.read(path)?
        {
            return Secret::new(bytes, Origin::File(path.clone()));
        }
        Err(SecretError::NotFound { variable, file })
    }

    /// The bytes of a file that only we can open; `None` when there is no file.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, SecretError> {
        let unreadable = |problem: String| SecretError::Unreadable { path: path.into(), problem };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(file) => file,
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        // What is checked is what was opened, whatever happens to the path.
        let stat = rustix::fs::fstat(&file).map_err(|error| unreadable(error.to_string()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(unreadable("it is not a regular file".to_owned()));
        }
        let ours = stat.st_uid == rustix::process::geteuid().as_raw();
        if !self.dev && (!ours || stat.st_mode & 0o077 != 0) {
            return Err(SecretError::Exposed {
                path: path.into(),
                mode: stat.st_mode & 0o7777,
                ours,
            });
        }
        let mut bytes = Zeroizing::new(Vec::new());
        let mut limited = std::fs::File::from(file).take(MAX_BYTES + 1);
        limited.read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(unreadable(format!("it has more than {MAX_BYTES} bytes")));
        }
        Ok(Some(std::mem::take(&mut *bytes)))
    }
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is nowhere.
    #[error("the secret is neither in `{variable}` nor in {}", in_file(file.as_deref()))]
    NotFound {
        /// The variable.
        variable: String,
        /// The file, when there is a folder of secrets.
        file: Option<PathBuf>,
    },
    /// Its file cannot be read.
    #[error("the secret in `{}` cannot be read: {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// Others can open its file.
    #[error("`{}` {}; its mode is {mode:04o} and must be 0600", path.display(), whose(*ours))]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Whether it belongs to us.
        ours: bool,
    },
    /// It is too short or too uniform.
    #[error("the secret of {origin} has fewer than {MIN_BYTES} bytes, or hardly different ones")]
    Weak {
        /// Where it came from.
        origin: Origin,
    },
    /// It is the text of an example.
    #[error("the secret of {origin} is a placeholder")]
    Placeholder {
        /// Where it came from.
        origin: Origin,
    },
    /// The name of the secret is not one.
    #[error("the name of a secret is upper-case letters and `_`")]
    InvalidName,
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
}

fn in_file(file: Option<&Path>) -> String {
    file.map_or_else(
        || "any file (no folder of secrets)".to_owned(),
        |f| format!("`{}`", f.display()),
    )
}

fn whose(ours: bool) -> &'static str {
    if ours { "can be opened by others" } else { "belongs to another user" }
}

impl SecretError {
    /// The reason code.
    pub const fn reason(&self) -> Reason {
        match self {
            SecretError::NotFound { .. } | SecretError::InvalidName => Reason::SecretNotFound,
            SecretError::Unreadable { .. } | SecretError::NoRandomness => Reason::SecretUnreadable,
            SecretError::Exposed { .. } => Reason::SecretExposed,
            SecretError::Weak { .. } => Reason::SecretWeak,
            SecretError::Placeholder { .. } => Reason::SecretPlaceholder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    const GOOD: &str = "q83vEjRWeJq83vEjRWeJASNFZ4mrze8BI0VniavN";

    fn find(
        name: &str,
        variable: Option<&str>,
        folder: Option<&Path>,
        dev: bool,
    ) -> Result<Secret, SecretError> {
        let environment = |asked: &str| {
            assert!(asked.starts_with("PI_SECRET_"));
            variable.map(OsString::from)
        };
        Secrets { environment: &environment, folder: folder.map(Path::to_owned), dev }.find(name)
    }

    fn reason(result: Result<Secret, SecretError>) -> Reason {
        result.unwrap_err().reason()
    }

    #[test]
    fn the_environment_comes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt");
        fs::write(&path, format!("{GOOD}file\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let found = find("JWT", Some(GOOD), Some(folder.path()), false).unwrap();
        assert_eq!(found.origin(), &Origin::Environment("PI_SECRET_JWT".into()));
        let found = find("JWT", None, Some(folder.path()), false).unwrap();
        assert_eq!(found.origin(), &Origin::File(path));
        assert_eq!(found.expose(), format!("{GOOD}file").as_bytes());
        // An empty variable does not fall through to the file.
        assert_eq!(reason(find("JWT", Some(""), Some(folder.path()), false)), Reason::SecretWeak);
        assert_eq!(reason(find("OTHER", None, Some(folder.path()), false)), Reason::SecretNotFound);
        assert_eq!(reason(find("JWT", None, None, false)), Reason::SecretNotFound);
        assert_eq!(reason(find("../JWT", None, None, false)), Reason::SecretNotFound);
    }

    #[test]
    fn a_file_that_others_can_open_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt");
        fs::write(&path, GOOD).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refused = find("JWT", None, Some(folder.path()), false);
            assert_eq!(reason(refused), Reason::SecretExposed, "{mode:o}");
            find("JWT", None, Some(folder.path()), true).unwrap();
        }
        for mode in [0o600, 0o400] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            find("JWT", None, Some(folder.path()), false).unwrap();
        }
    }

    #[test]
    fn links_folders_and_long_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, GOOD).unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&target, folder.path().join("jwt")).unwrap();
        fs::create_dir(folder.path().join("dir")).unwrap();
        let long = folder.path().join("long");
        fs::write(&long, GOOD.repeat(1000)).unwrap();
        fs::set_permissions(&long, fs::Permissions::from_mode(0o600)).unwrap();
        for name in ["JWT", "DIR", "LONG"] {
            let refused = find(name, None, Some(folder.path()), false);
            assert_eq!(reason(refused), Reason::SecretUnreadable, "{name}");
        }
    }

    #[test]
    fn weak_secrets_and_placeholders_are_refused() {
        let reason = |text: &str| reason(find("JWT", Some(text), None, false));
        for weak in ["short", &GOOD[..31], &"a".repeat(64), &"abcdefg".repeat(9)] {
            assert_eq!(reason(weak), Reason::SecretWeak, "{weak}");
        }
        for known in [
            "change-me-to-a-long-random-string-of-bytes",
            "CHANGEME_CHANGEME_CHANGEME_CHANGEME",
            "your-256-bit-secret-your-256-bit-secret",
            "replace_with_output_of_openssl_rand",
            "dev-only-insecure-key-do-not-use-it-1234",
        ] {
            assert_eq!(reason(known), Reason::SecretPlaceholder, "{known}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = find("JWT", Some(GOOD), None, false).unwrap();
        assert!(!format!("{secret:?}").contains(&GOOD[..6]));
        assert!(format!("{secret:?}").contains("PI_SECRET_JWT"));
        let error = find("JWT", Some("hunter2-hunter2"), None, false).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        let (one, two) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(one.expose(), two.expose());
        assert_eq!(one.expose().len(), 64);
    }
}
