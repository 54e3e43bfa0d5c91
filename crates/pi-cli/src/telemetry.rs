//! `PI_LOG`, `PI_LOG_FORMAT` and `--metrics`.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use pi_core::{Clock as _, Digest, Reason};
use pi_runtime::SystemClock;
use pi_telemetry::{Filter, Format, InvalidSetting, Log, Metrics, Options, dispatch, install};

use crate::context::Failure;

/// What is measured while a command runs.
pub struct Telemetry {
    file: Option<PathBuf>,
    metrics: Option<Arc<Metrics>>,
}

impl Telemetry {
    /// Begins to listen, where somebody asked for it: with a file at the end, or `served`
    /// all the time.
    pub fn begin(file: Option<&Path>, served: bool) -> Result<Self, Failure> {
        let file = file.map(Path::to_owned);
        let metrics = (served || file.is_some()).then(|| Arc::new(Metrics::default()));
        if let Some(dispatch) = dispatch(Options { log: log()?, metrics: metrics.clone() })
            && !install(dispatch)
        {
            return Err(Failure::new(Reason::InvalidRequest, "telemetry is installed already"));
        }
        Ok(Self { file, metrics })
    }

    /// What is measured.
    pub fn metrics(&self) -> Option<&Arc<Metrics>> {
        self.metrics.as_ref()
    }

    /// Writes the metrics, whole or not at all: who collects them may look at any time.
    pub fn end(self) -> Result<(), Failure> {
        let (Some(path), Some(metrics)) = (self.file, self.metrics) else { return Ok(()) };
        let mut part = path.clone().into_os_string();
        part.push(".part");
        fs::write(&part, metrics.render()).and_then(|()| fs::rename(&part, &path)).map_err(
            |error| {
                let message = format!("cannot write the metrics `{}`: {error}", path.display());
                Failure::new(Reason::InvalidRequest, message)
            },
        )
    }
}

fn log() -> Result<Option<Log>, Failure> {
    let format = setting::<Format>("PI_LOG_FORMAT")?.unwrap_or_default();
    let Some(filter) = setting::<Filter>("PI_LOG")? else { return Ok(None) };
    let writer = Mutex::new(Box::new(std::io::stderr()) as Box<dyn std::io::Write + Send>);
    Ok(Some(Log { filter, format, correlation_id: correlation_id()?, writer }))
}

fn setting<T: FromStr<Err = InvalidSetting>>(name: &str) -> Result<Option<T>, Failure> {
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => text
            .parse()
            .map(Some)
            .map_err(|error| Failure::new(Reason::InvalidRequest, format!("{name}: {error}"))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::new(Reason::InvalidRequest, format!("{name} is not UTF-8")))
        }
    }
}

/// `PI_CORRELATION_ID`, where whoever calls has one, else one of this invocation. It
/// goes to log lines alone.
fn correlation_id() -> Result<String, Failure> {
    if let Ok(id) = std::env::var("PI_CORRELATION_ID") {
        let fits = pi_core::Name::new(id.as_str()).is_ok();
        return if fits {
            Ok(id)
        } else {
            let message = "PI_CORRELATION_ID must match [A-Za-z0-9_-]{1,64}";
            Err(Failure::new(Reason::InvalidRequest, message))
        };
    }
    let one = format!("{} {}", std::process::id(), SystemClock.now().as_micros());
    Ok(Digest::of(one.as_bytes()).to_hex().chars().take(32).collect())
}
