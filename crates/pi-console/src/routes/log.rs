//! The log: events, proofs, checkpoints, and events as they come.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Name, Reason};
use pi_store::{EventStore, StoredEvent, VerifyOptions};
use serde::Deserialize;
use tokio_stream::Stream;
use utoipa::IntoParams;

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::events::{EventView, Items};
use crate::extract::{Path, Query};
use crate::page::{MAX_POSITION, Page, cursor};
use crate::problem::{Problem, Refused};
use crate::reply::{Canonical, canonical};

/// Events that a stream reads at once.
const BATCH: usize = 256;

/// How often a stream that has nothing to say looks again.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Events of the log in the order of their commits.
#[utoipa::path(get, path = "/v1/log/events", tag = "log", operation_id = "list_events",
    params(Page), extensions(("x-pi-permission" = json!("log:read"))),
    responses((status = 200, description = "A page of them.", body = serde_json::Value),
        Refused))]
pub async fn events(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    let (limit, after) = (page.limit()?, page.position()?);
    blocking(move || {
        let journal = app.journal(&caller)?;
        let events = journal.store().after(after, limit)?;
        Ok(canonical(Encoder::encode(&event_page(&events, limit))))
    })
    .await
}

/// Events as a page, of which there may be more when it is full.
pub fn event_page(events: &[StoredEvent], limit: usize) -> impl ToCanonical + '_ {
    struct Page<'a>(&'a [StoredEvent], usize);
    impl ToCanonical for Page<'_> {
        fn to_canonical(&self, encoder: &mut Encoder) {
            let items: Vec<EventView> = self.0.iter().map(EventView).collect();
            let full = items.len() == self.1;
            let last = self.0.last().filter(|_| full);
            let next = last.map(|event| cursor(event.leaf_index));
            Items { items: &items, next }.to_canonical(encoder);
        }
    }
    Page(events, limit)
}

/// An event with its inclusion proof for the newest checkpoint.
#[utoipa::path(get, path = "/v1/log/events/{partition}/{offset}", tag = "log",
    operation_id = "prove_event",
    params(("partition" = String, Path, description = "The partition."),
        ("offset" = u64, Path, description = "The offset in it, from 1.")),
    extensions(("x-pi-permission" = json!("log:read"))),
    responses((status = 200, description = "A bundle (`docs/spec/log.md`).",
            body = serde_json::Value),
        Refused))]
pub async fn event(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((partition, offset)): Path<(String, u64)>,
) -> Result<Response, Problem> {
    let partition = Name::new(partition).map_err(|error| Problem::invalid(error.to_string()))?;
    if !(1..=MAX_POSITION).contains(&offset) {
        return Err(Problem::invalid("an offset is a number from 1"));
    }
    blocking(move || {
        let journal = app.journal(&caller)?;
        Ok(Canonical(journal.store().prove(&partition, offset)?).into_response())
    })
    .await
}

/// The newest checkpoint: a signed note (C2SP).
#[utoipa::path(get, path = "/v1/log/checkpoint", tag = "log", operation_id = "checkpoint",
    extensions(("x-pi-permission" = json!("log:read"))),
    responses((status = 200, description = "The note.", body = String,
            content_type = "text/plain"),
        (status = 204, description = "The log is empty."),
        Refused))]
pub async fn checkpoint(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    blocking(move || {
        let note = app.journal(&caller)?.store().checkpoint()?;
        Ok(note.map_or(StatusCode::NO_CONTENT.into_response(), IntoResponse::into_response))
    })
    .await
}

/// Reads and re-hashes every stored byte of the log.
#[utoipa::path(post, path = "/v1/log/verify", tag = "log", operation_id = "verify_log",
    extensions(("x-pi-permission" = json!("log:verify"))),
    responses((status = 200, description = "What was found.", body = serde_json::Value),
        Refused))]
pub async fn verify(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let found = journal.store().verify(&VerifyOptions::default(), &mut |_, _| {})?;
        Ok(Canonical(found).into_response())
    })
    .await
}

/// Where a stream begins.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// The leaf index of the last event that is known; without it, from now on.
    #[serde(default)]
    after: Option<u64>,
}

/// Events as they are committed, as server-sent events. The id of each is its leaf index:
/// `Last-Event-ID` goes on behind it, without a gap.
#[utoipa::path(get, path = "/v1/log/stream", tag = "log", operation_id = "stream_events",
    params(From, ("Last-Event-ID" = Option<u64>, Header, description = "Where to go on.")),
    extensions(("x-pi-permission" = json!("log:read"))),
    responses((status = 200, description = "The events.", body = String,
            content_type = "text/event-stream"),
        Refused))]
pub async fn stream(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let permit = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| {
        let most = app.settings.streams;
        Problem::new(Reason::QueueFull, format!("{most} streams are open already"))
    })?;
    let last = match headers.get("last-event-id") {
        Some(value) => {
            let known = value.to_str().ok().and_then(|text| text.trim().parse().ok());
            let problem = "`Last-Event-ID` must be the id of an event";
            Some(known.ok_or_else(|| Problem::invalid(problem))?)
        }
        None => from.after,
    };
    if last.is_some_and(|last| last > MAX_POSITION) {
        return Err(Problem::invalid("there is no event with such an id"));
    }
    let opened = blocking(move || {
        let store = app.stores.of(&caller.tenant)?;
        let last = match last {
            Some(last) => Some(last),
            None => store.tail(1)?.last().map(|event| event.leaf_index),
        };
        Ok((store, last))
    });
    let (store, last) = opened.await?;
    let (send, receive) = tokio::sync::mpsc::channel(BATCH);
    tokio::spawn(async move {
        let _permit = permit;
        follow(store, last, &send).await;
    });
    let events = tokio_stream::wrappers::ReceiverStream::new(receive);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

type Sender = tokio::sync::mpsc::Sender<Result<Event, Infallible>>;

/// Sends until nobody listens or the log cannot be read; then the listener comes back
/// with the id of the last event that it got.
async fn follow(store: Arc<dyn EventStore>, mut last: Option<u64>, send: &Sender) {
    loop {
        let store = Arc::clone(&store);
        let read = blocking(move || Ok(store.after(last, BATCH)?)).await;
        let Ok(events) = read else { return };
        if events.is_empty() {
            tokio::select! {
                () = send.closed() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        for event in &events {
            last = Some(event.leaf_index);
            let data = Encoder::encode(&EventView(event));
            // Canonical JSON is ASCII without line ends.
            let data = String::from_utf8_lossy(&data).into_owned();
            let sent = Event::default().id(event.leaf_index.to_string()).event("event").data(data);
            if send.send(Ok(sent)).await.is_err() {
                return;
            }
        }
    }
}
