//! Log lines: one for each span that closes and for each event.

use std::fmt::Write as _;
use std::io::Write;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use pi_core::canonical::{Encoder, Object, Value};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::Targets;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One canonical JSON object a line.
    Json,
}

/// A setting that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is no {what}")]
pub struct InvalidSetting {
    value: String,
    what: &'static str,
}

impl FromStr for Format {
    type Err = InvalidSetting;

    fn from_str(word: &str) -> Result<Self, InvalidSetting> {
        match word {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            _ => Err(InvalidSetting {
                value: word.to_owned(),
                what: "log format; write text or json",
            }),
        }
    }
}

/// Which spans and events become lines, such as `info` or `pi_store=trace,debug`.
#[derive(Clone, Debug)]
pub struct Filter(Targets);

impl FromStr for Filter {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        let what = "log filter; write a level, or targets with levels such as pi_store=debug,info";
        let invalid = || InvalidSetting { value: text.to_owned(), what };
        // A bare word that is no level would be a target, and let nothing else through.
        let is_level = |word: &str| word.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
        let part = |part: &str| match part.split_once('=') {
            Some((target, level)) => !target.is_empty() && is_level(level),
            None => is_level(part),
        };
        if !text.split(',').map(str::trim).all(part) {
            return Err(invalid());
        }
        text.parse().map(Filter).map_err(|_| invalid())
    }
}

/// Where lines go, and which.
pub struct Log {
    /// Which.
    pub filter: Filter,
    /// How they look.
    pub format: Format,
    /// Every line names it, so that lines of one invocation can be found together.
    pub correlation_id: String,
    /// Takes whole lines.
    pub writer: Mutex<Box<dyn Write + Send>>,
}

/// What a line says.
pub(crate) struct Line<'a> {
    pub(crate) metadata: &'a Metadata<'a>,
    /// The names of the spans around it, outermost first, with its own.
    pub(crate) spans: Vec<&'static str>,
    pub(crate) fields: Object,
    /// Of a span that closed: how long it was open, and whether its scope failed.
    pub(crate) closed: Option<(u64, bool)>,
}

impl Log {
    pub(crate) fn takes(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.0.would_enable(metadata.target(), metadata.level())
    }

    pub(crate) fn write(&self, line: Line<'_>) {
        let text = match self.format {
            Format::Json => self.json(line),
            Format::Text => text(line),
        };
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to tell when standard error is gone.
        let _ = writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
    }

    fn json(&self, line: Line<'_>) -> String {
        let Line { metadata, spans, fields, closed } = line;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        let mut encoder = Encoder::default();
        encoder.object(|o| {
            o.field("correlation_id", &self.correlation_id);
            if let Some((micros, _)) = closed {
                o.field("duration_us", &micros);
            }
            o.field("fields", &Value::Object(fields))
                .field("level", level(metadata))
                .field_with("spans", |e| e.array(spans.iter().copied()));
            if let Some((_, failed)) = closed {
                o.field("status", if failed { "ERROR" } else { "OK" });
            }
            o.field("target", metadata.target()).field("time", &time);
        });
        let mut text = String::from_utf8(encoder.into_bytes()).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn level(metadata: &Metadata<'_>) -> &'static str {
    match *metadata.level() {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn text(line: Line<'_>) -> String {
    let Line { metadata, spans, fields, closed } = line;
    let mut out = format!("{:<5} {}", level(metadata), spans.join("/"));
    for (name, value) in &fields {
        let value = match value {
            Value::String(text) => text.clone(),
            other => String::from_utf8_lossy(&Encoder::encode(other)).into_owned(),
        };
        // Writing into a string cannot fail.
        let _ = write!(out, " {name}={}", value.escape_debug());
    }
    if let Some((micros, failed)) = closed {
        let status = if failed { " ERROR" } else { "" };
        let _ = write!(out, " {}.{:03} ms{status}", micros / 1_000, micros % 1_000);
    }
    out.push('\n');
    out
}
