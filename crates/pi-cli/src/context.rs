//! What every command has: options, output, the log.

use std::cell::RefCell;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use pi_core::Reason;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_runtime::examiner::Guard;
use pi_runtime::mesh::Mesh;
use pi_runtime::{Journal, JournalError, SystemClock};
use pi_store::{DataFolder, Database, StoreError, postgres};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::args::{Color, Format, Global};
use crate::output::style::{WARN, paint, visible};

/// Names the PostgreSQL database that keeps the logs, and the role that uses it.
pub const DATABASE: &str = "PI_DATABASE_URL";

/// The incoming webhook of Slack that alerts go to.
pub const SLACK: &str = "PI_SLACK_WEBHOOK_URL";

/// Names the same database and the role that owns its tables.
const DATABASE_OWNER: &str = "PI_DATABASE_OWNER_URL";

/// A setting that may hold a password: a variable, or a file that nobody else can read,
/// named by the variable with `_FILE` behind it.
pub fn secret_setting(name: &str) -> Result<Option<String>, Failure> {
    let invalid = |problem: String| Failure::new(Reason::SecretUnreadable, problem);
    if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
        return match value.into_string() {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(invalid(format!("{name} is no text"))),
        };
    }
    let Some(path) = std::env::var_os(format!("{name}_FILE")).map(PathBuf::from) else {
        return Ok(None);
    };
    let read = || {
        let metadata = fs::metadata(&path)?;
        if metadata.mode() & 0o077 != 0 {
            return Err(io::Error::other("other users may read it; run `chmod 600` on it"));
        }
        fs::read_to_string(&path)
    };
    match read() {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) => Err(invalid(format!("{name}_FILE `{}`: {error}", path.display()))),
    }
}

/// A command's failure: a sentence and a reason code.
#[derive(Debug)]
pub struct Failure {
    pub reason: Reason,
    pub message: String,
}

impl Failure {
    pub fn new(reason: Reason, message: impl Display) -> Self {
        Self { reason, message: message.to_string() }
    }

    /// 3 for damaged records, 2 for everything else that keeps a command from
    /// its work.
    pub fn exit_code(&self) -> u8 {
        match self.reason {
            Reason::LogCorrupt | Reason::LogTruncated | Reason::CheckpointInvalid => 3,
            _ => 2,
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Failure::new(error.reason(), &error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::new(error.reason(), &error)
    }
}

pub type Outcome = Result<u8, Failure>;

/// Standard output, or the file of `--output`, for lines that come one after the other.
pub struct Sink(Option<File>);

impl Sink {
    /// Writes whole lines; `false` when nobody reads them any more.
    pub fn write(&mut self, lines: &str) -> Result<bool, Failure> {
        let result = match &mut self.0 {
            Some(file) => {
                file.write_all(anstream::adapter::strip_str(lines).to_string().as_bytes())
            }
            None => {
                let mut stdout = anstream::stdout().lock();
                stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush())
            }
        };
        match result {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => {
                Err(Failure::new(Reason::InvalidRequest, format!("cannot write: {error}")))
            }
        }
    }

    /// Whether the reader of a pipe has gone, without writing to it.
    pub fn is_gone(&self) -> bool {
        let stdout = std::io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // A descriptor that cannot be asked is found out about by writing to it.
        self.0.is_none() && poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
    }
}

/// Options and output of one invocation.
pub struct Context {
    pub global: Global,
    pub colour: bool,
    pub terminal: bool,
}

/// From this size on, an artifact is examined in a child process first.
const GUARD_FROM_BYTES: usize = 256 * 1024;

/// `PI_CONSENSUS_TIMEOUT_SECONDS` when it is not set.
const GUARD_SECONDS: u64 = 30;

impl Context {
    pub fn new(global: Global, terminal: bool) -> Self {
        let colour = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                terminal
                    && global.output.is_none()
                    && anstream::AutoStream::choice(&std::io::stdout())
                        != anstream::ColorChoice::Never
            }
        };
        Self { global, colour, terminal }
    }

    pub fn is_json(&self) -> bool {
        self.global.format == Format::Json
    }

    /// Writes a result to standard output or to `--output`.
    pub fn emit(&self, text: &str) -> Result<(), Failure> {
        let written = match &self.global.output {
            Some(path) => fs::write(path, anstream::adapter::strip_str(text).to_string()),
            None => {
                let mut stdout = anstream::stdout().lock();
                stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
            }
        };
        self.written(written)
    }

    /// Writes a result as one line of canonical JSON, piece by piece: a report
    /// may be longer than it is wise to hold.
    pub fn emit_json(&self, value: &impl ToCanonical) -> Result<(), Failure> {
        let writer: io::Result<Box<dyn io::Write>> = match &self.global.output {
            Some(path) => File::create(path).map(|file| Box::new(file) as Box<dyn io::Write>),
            None => Ok(Box::new(io::stdout())),
        };
        let writer = Rc::new(RefCell::new(writer));
        let shared = Rc::clone(&writer);
        // What follows the first failure is not written.
        let write = move |bytes: &[u8]| {
            let mut writer = shared.borrow_mut();
            if let Ok(open) = writer.as_mut()
                && let Err(error) = open.write_all(bytes)
            {
                *writer = Err(error);
            }
        };
        Encoder::stream(value, write);
        let end = |mut open: Box<dyn io::Write>| open.write_all(b"\n").and_then(|()| open.flush());
        self.written(writer.replace(Ok(Box::new(io::sink()))).and_then(end))
    }

    fn written(&self, result: io::Result<()>) -> Result<(), Failure> {
        let target = match &self.global.output {
            Some(path) => format!(" `{}`", path.display()),
            None => String::new(),
        };
        match result {
            // The reader has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && target.is_empty() => Ok(()),
            Err(error) => {
                Err(Failure::new(Reason::InvalidRequest, format!("cannot write{target}: {error}")))
            }
            Ok(()) => Ok(()),
        }
    }

    /// Where lines go as they come.
    pub fn sink(&self) -> Result<Sink, Failure> {
        let Some(path) = &self.global.output else { return Ok(Sink(None)) };
        let file = File::create(path).map_err(|error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            Failure::new(Reason::InvalidRequest, message)
        })?;
        Ok(Sink(Some(file)))
    }

    /// A remark for people, on standard error.
    pub fn remark(&self, text: impl Display) {
        if !self.global.quiet {
            // Remarks are a courtesy; losing one is no failure.
            let text = text.to_string();
            let _ = writeln!(anstream::stderr().lock(), "{}", visible(&text));
        }
    }

    /// A failure that does not change the result, on standard error.
    pub fn warn(&self, text: impl Display) {
        // Nobody is left to tell when stderr is gone.
        let _ = writeln!(anstream::stderr().lock(), "{} {text}", paint(WARN, "warning:"));
    }

    pub fn data_path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.global.data {
            return Ok(path.clone());
        }
        let variable = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        variable("XDG_DATA_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".local/share")))
            .map(|base| base.join("pi"))
            .ok_or_else(|| {
                Failure::new(
                    Reason::LogUnavailable,
                    "there is no data folder: set `--data DIR` or PI_DATA_DIR",
                )
            })
    }

    pub fn folder(&self) -> Result<DataFolder, Failure> {
        Ok(DataFolder::open(self.data_path()?)?)
    }

    pub fn journal(&self) -> Result<Journal, Failure> {
        let (tenant, clock) = (&self.global.tenant, Arc::new(SystemClock));
        Ok(match self.database(2)? {
            Some(database) => Journal::over(Arc::new(database.open(tenant)?), clock, "cli"),
            None => Journal::open(&self.folder()?, tenant, clock, "cli")?,
        })
    }

    /// The PostgreSQL database that keeps the logs, if one does, with at most so many
    /// connections. Its tables are made when their owner is named as well.
    pub fn database(&self, connections: usize) -> Result<Option<Database>, Failure> {
        let Some(url) = secret_setting(DATABASE)? else { return Ok(None) };
        if let Some(owner) = secret_setting(DATABASE_OWNER)? {
            postgres::migrate(&owner, &url)?;
        }
        Ok(Some(Database::connect(&self.folder()?, &url, connections)?))
    }

    /// Refuses what only logs in SQLite can do.
    pub fn sqlite_only(&self, what: &str) -> Result<(), Failure> {
        if secret_setting(DATABASE)?.is_none() {
            return Ok(());
        }
        let problem = format!("{what} need a log in SQLite, and {DATABASE} is set");
        Err(Failure::new(Reason::InvalidRequest, problem))
    }

    pub fn threads(&self, asked: Option<usize>) -> usize {
        asked
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
            .clamp(1, 256)
    }

    /// The longest time for one vote: `PI_CONSENSUS_TIMEOUT_SECONDS`.
    pub fn patience(&self) -> Result<Duration, Failure> {
        let seconds = match std::env::var("PI_CONSENSUS_TIMEOUT_SECONDS") {
            Ok(text) => text.parse().ok().filter(|seconds| *seconds > 0).ok_or_else(|| {
                Failure::new(
                    Reason::InvalidRequest,
                    format!(
                        "PI_CONSENSUS_TIMEOUT_SECONDS must be a number of seconds, not `{text}`"
                    ),
                )
            })?,
            Err(_) => GUARD_SECONDS,
        };
        Ok(Duration::from_secs(seconds))
    }

    /// The last resort against examinations that do not end.
    pub fn guard(&self) -> Result<Guard, Failure> {
        let program = std::env::current_exe().map_err(|error| {
            Failure::new(Reason::LogUnavailable, format!("cannot find this program: {error}"))
        })?;
        Ok(Guard { program, from_bytes: GUARD_FROM_BYTES, timeout: self.patience()? })
    }

    /// Worker threads.
    pub fn mesh(&self, threads: Option<usize>) -> Result<Mesh, Failure> {
        Mesh::start(self.threads(threads), self.patience()?)
            .map_err(|error| Failure::new(Reason::PhaseFailed, format!("no thread: {error}")))
    }
}
