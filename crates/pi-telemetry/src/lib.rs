//! Telemetry: what the shells do, as log lines on standard error and as metrics.
//!
//! The shells open `tracing` spans; this crate turns them into lines and numbers. Where
//! nobody asks for either, no subscriber is installed and a span costs one look at a
//! number. Nothing here is read by anything that decides, records or hashes.
//!
//! Spans hold names of closed lists, tenants, run ids and numbers: never a path, a
//! payload, or words that somebody wrote.

mod log;
mod metrics;
mod observer;
pub mod table;

pub use log::{Filter, Format, InvalidSetting, Log};
pub use metrics::Metrics;
pub use observer::Observer;

use std::sync::Arc;

use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt as _;

/// What is done with spans.
#[derive(Default)]
pub struct Options {
    /// Write lines.
    pub log: Option<Log>,
    /// Count.
    pub metrics: Option<Arc<Metrics>>,
}

/// A subscriber that does it; `None` when there is nothing to do.
pub fn dispatch(options: Options) -> Option<Dispatch> {
    if options.log.is_none() && options.metrics.is_none() {
        return None;
    }
    Some(Dispatch::new(tracing_subscriber::registry().with(Observer::new(options))))
}

/// Has a dispatch hear the whole process from now on; `false` when another does already.
pub fn install(dispatch: Dispatch) -> bool {
    tracing::dispatcher::set_global_default(dispatch).is_ok()
}
