//! What the end-to-end tests share: a laboratory with a data folder and a
//! working folder of its own, in which the real binary runs.
#![allow(dead_code, reason = "every test file uses another part")]

pub mod composition;
pub mod server;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pi_core::canonical::{Encoder, Value, parse};
use tempfile::TempDir;

/// The binary under test.
pub const PI: &str = env!("CARGO_BIN_EXE_pi");

/// The repository's examples.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").canonicalize().unwrap()
}

/// A finished invocation.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// As assertions show it: the begin of a long report is enough.
impl fmt::Debug for Ran {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(formatter, "exit code {code}\nstdout: {stdout:.2000}\nstderr: {stderr:.2000}")
    }
}

impl Ran {
    pub fn new(output: Output) -> Self {
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        assert!(!ran.stderr.contains("panicked at"), "a panic: {}", ran.stderr);
        ran
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Asserts a failure with this reason code on standard error.
    #[track_caller]
    pub fn refused(self, code: i32, reason: &str) -> Self {
        let ran = self.code(code);
        assert!(ran.stderr.contains(&format!("reason {reason}:")), "{ran:#?}");
        ran
    }

    /// Standard output as one canonical JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        canonical(&self.stdout)
    }

    #[track_caller]
    pub fn run_id(&self) -> String {
        text(&self.json(), "run_id")
    }
}

/// Parses one line of canonical JSON: re-encoding gives the same bytes.
#[track_caller]
pub fn canonical(line: &str) -> Value {
    let line = line.strip_suffix('\n').expect("a line feed at the end");
    let value = parse(line.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(String::from_utf8(Encoder::encode(&value)).unwrap(), line);
    value
}

#[track_caller]
pub fn field<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| {
        value.get(key).unwrap_or_else(|| panic!("no `{key}` of {path} in {value:?}"))
    })
}

#[track_caller]
pub fn text(value: &Value, path: &str) -> String {
    field(value, path).as_str().unwrap_or_else(|| panic!("{path} is no text")).to_owned()
}

#[track_caller]
pub fn number(value: &Value, path: &str) -> u64 {
    field(value, path).as_u64().unwrap_or_else(|| panic!("{path} is no number"))
}

#[track_caller]
pub fn items<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    field(value, path).as_array().unwrap_or_else(|| panic!("{path} is no list"))
}

/// The keys of an object in their order.
pub fn keys(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// A folder for data and one for work; both vanish with it.
pub struct Lab {
    root: TempDir,
    /// Variables of every command.
    variables: Vec<(&'static str, String)>,
}

impl Lab {
    pub fn new() -> Self {
        Self::with(Vec::new())
    }

    /// The same, with these variables for every command.
    pub fn with(variables: Vec<(&'static str, String)>) -> Self {
        let lab = Self { root: tempfile::tempdir().unwrap(), variables };
        fs::create_dir(lab.work()).unwrap();
        lab
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A path beside data and work.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file below the working folder.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The binary, on this laboratory's data folder, started in its working
    /// folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PI);
        command
            .args(args)
            .current_dir(self.work())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("PI_DATA_DIR", self.data())
            .env("HOME", self.root.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        // Where coverage is measured, it is not written into the folder of the test.
        if let Some(profile) = std::env::var_os("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", profile);
        }
        command
    }

    pub fn pi(&self, args: &[&str]) -> Ran {
        Ran::new(self.command(args).output().unwrap())
    }

    /// `pi scan PATH --format json ARGS`.
    pub fn scan(&self, path: &Path, args: &[&str]) -> Ran {
        let path = path.to_str().unwrap();
        self.pi(&[&["scan", path, "--format", "json"], args].concat())
    }

    /// The log verifies, deeply.
    #[track_caller]
    pub fn verified(&self) -> Value {
        self.pi(&["log", "verify", "--deep", "--format", "json"]).code(0).json()
    }
}

/// Copies a folder.
pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
