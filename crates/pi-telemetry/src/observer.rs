//! The layer that hears spans.

use std::fmt::Debug;
use std::time::Instant;

use pi_core::canonical::{Object, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::Options;
use crate::log::Line;
use crate::metrics::Closed;

/// Turns spans into lines and metrics.
pub struct Observer(Options);

/// What is known of an open span.
struct Open {
    since: Instant,
    fields: Object,
}

impl Observer {
    pub(crate) fn new(options: Options) -> Self {
        Self(options)
    }

    fn logs(&self, metadata: &Metadata<'_>) -> bool {
        self.0.log.as_ref().is_some_and(|log| log.takes(metadata))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Observer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // Metrics are made from the spans of this project, of every level.
        let measured =
            self.0.metrics.is_some() && metadata.is_span() && metadata.target().starts_with("pi_");
        measured || self.logs(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut open = Open { since: Instant::now(), fields: Object::new() };
        attributes.record(&mut Fields(&mut open.fields));
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut Fields(&mut open.fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(log) = self.0.log.as_ref().filter(|log| log.takes(event.metadata())) else {
            return;
        };
        let mut fields = Object::new();
        event.record(&mut Fields(&mut fields));
        let scope = context.event_scope(event).into_iter().flatten();
        let mut spans: Vec<&'static str> = scope.map(|span| span.name()).collect();
        spans.reverse();
        log.write(Line { metadata: event.metadata(), spans, fields, closed: None });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Open { since, fields }) = span.extensions_mut().remove::<Open>() else { return };
        // A span is open for some time, however short the clock finds it.
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
        let failed = fields.contains_key("error");
        if let Some(metrics) = &self.0.metrics {
            metrics.take(&Closed {
                name: span.name(),
                number: &|field| fields.get(field).and_then(Value::as_u64),
                text: &|field| fields.get(field).and_then(Value::as_str).map(str::to_owned),
                failed,
                micros,
            });
        }
        if let Some(log) = self.0.log.as_ref().filter(|log| log.takes(span.metadata())) {
            let mut spans: Vec<&'static str> = span.scope().map(|span| span.name()).collect();
            spans.reverse();
            let closed = Some((micros, failed));
            log.write(Line { metadata: span.metadata(), spans, fields, closed });
        }
    }
}

/// Takes fields as canonical values; numbers that have none are kept as words.
struct Fields<'a>(&'a mut Object);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.put(field, Value::from(value)),
            Err(_) => self.put(field, Value::from(value.to_string().as_str())),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, Value::from(format!("{value:?}").as_str()));
    }
}
