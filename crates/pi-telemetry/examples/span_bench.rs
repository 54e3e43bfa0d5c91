//! What a span costs: without telemetry, counted, and written as a line.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::hint::black_box;
use std::io::sink;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use pi_telemetry::{Format, Log, Metrics, Options, dispatch};
use tracing::debug_span;
use tracing::field::Empty;

const SPANS: u64 = 1_000_000;

fn spans() -> u128 {
    let begin = Instant::now();
    for number in 0..SPANS {
        let span = debug_span!(target: "pi_store", "commit", tenant = "local", events = number, size = Empty);
        span.in_scope(|| black_box(number));
        span.record("size", number);
    }
    begin.elapsed().as_nanos() / u128::from(SPANS)
}

fn heard(options: Options) -> u128 {
    dispatch(options).map_or(0, |dispatch| tracing::dispatcher::with_default(&dispatch, spans))
}

fn main() -> Result<(), pi_telemetry::InvalidSetting> {
    println!("off      {:>6} ns a span", spans());
    let metrics = || Some(Arc::new(Metrics::default()));
    println!("metrics  {:>6} ns a span", heard(Options { log: None, metrics: metrics() }));
    let log = Log {
        filter: "trace".parse()?,
        format: Format::Json,
        correlation_id: "bench".to_owned(),
        writer: Mutex::new(Box::new(sink())),
    };
    println!("both     {:>6} ns a span", heard(Options { log: Some(log), metrics: metrics() }));
    Ok(())
}
