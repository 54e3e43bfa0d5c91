//! Serving connections: bounded in number, size and time, and ended with care.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use pi_core::Reason;
use pi_identity::CorrelationId;
use pi_identity::caller::correlation_id;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::access::{Access, Demands, Gate, control};
use crate::alerts;
use crate::app::{App, blocking};
use crate::audit::{self, Call, Watch};
use crate::problem::Problem;
use crate::routes;

/// Time for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Bytes of the head of a request at most.
const HEAD_BYTES: usize = 64 << 10;

/// Connections at once.
const CONNECTIONS: usize = 2_048;

/// How long connections are waited for at the end.
const GRACE: Duration = Duration::from_secs(20);

/// How long nobody is let in after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(100);

const CORRELATION: HeaderName = HeaderName::from_static(pi_identity::caller::CORRELATION);

const VERSION: HeaderName = HeaderName::from_static("x-pi-version");
const DETERMINISTIC: HeaderName = HeaderName::from_static("x-pi-deterministic");

/// Every route behind its layers.
pub fn service(app: &Arc<App>, gate: Arc<dyn Gate>) -> Router {
    let (router, description) = routes::router().split_for_parts();
    let demands = Demands::of(&description);
    let access = Arc::new(Access { app: Arc::clone(app), gate, demands });
    let bounds = Arc::new(Bounds {
        app: Arc::clone(app),
        time: app.settings.request_time * 2,
        places: Semaphore::new(app.settings.concurrency),
        most: app.settings.concurrency,
    });
    let router = router
        .route_layer(from_fn_with_state(access, control))
        .method_not_allowed_fallback(no_method)
        .fallback(no_route)
        .with_state(Arc::clone(app))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::new(Reason::RunPanicked, "the request could not be worked on").into_response()
        }))
        .layer(from_fn_with_state(bounds, bounded));
    match cors(&app.settings.origins) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Without configured origins, browsers may not call from elsewhere.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|o| o.parse().ok()).collect();
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(tower_http::cors::AllowHeaders::mirror_request())
            .max_age(Duration::from_secs(600))
    })
}

async fn no_route() -> Problem {
    Problem::invalid("there is no such route; `/v1/openapi.json` lists them")
        .with_status(StatusCode::NOT_FOUND)
}

async fn no_method() -> Problem {
    Problem::invalid("this route does not know the method")
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

struct Bounds {
    app: Arc<App>,
    time: Duration,
    places: Semaphore,
    most: usize,
}

/// Names the request, bounds it, and marks the answer.
async fn bounded(State(bounds): State<Arc<Bounds>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let correlation = correlation(request.headers());
    let named = correlation.as_ref().map(ToString::to_string).unwrap_or_default();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = match correlation {
        Err(problem) => problem.into_response(),
        Ok(id) => {
            let call = Arc::new(Call::of(&request, id.to_string()));
            let watch = Watch::over(&bounds.app, &call);
            request.extensions_mut().insert(id);
            request.extensions_mut().insert(call);
            watch.answered(answer(&bounds, request, next).await).await
        }
    };
    let headers = response.headers_mut();
    if let Ok(value) = named.parse() {
        headers.insert(CORRELATION, value);
    }
    mark(headers);
    tracing::info!(
        target: "pi::http",
        correlation_id = named,
        method = method.as_str(),
        route = path.as_deref().unwrap_or_default(),
        status = response.status().as_u16(),
        us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

async fn answer(bounds: &Bounds, request: Request, next: Next) -> Response {
    let Ok(_place) = bounds.places.try_acquire() else {
        let problem = format!("{} requests are worked on already", bounds.most);
        return Problem::new(Reason::QueueFull, problem)
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
            .into_response();
    };
    match tokio::time::timeout(bounds.time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let problem = format!("there was no answer within {:?}", bounds.time);
            Problem::new(Reason::DeadlineExceeded, problem).into_response()
        }
    }
}

/// The caller's id for this request, or one that nobody can guess.
fn correlation(headers: &HeaderMap) -> Result<CorrelationId, Problem> {
    if let Some(given) = correlation_id(headers)? {
        return Ok(given);
    }
    let unnamed = |problem: String| Problem::new(Reason::CorrelationIdInvalid, problem);
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| unnamed(error.to_string()))?;
    CorrelationId::new(format!("{:032x}", u128::from_be_bytes(bytes)))
        .map_err(|error| unnamed(error.to_string()))
}

fn mark(headers: &mut HeaderMap) {
    let fixed = HeaderValue::from_static;
    headers.insert(VERSION, fixed(env!("CARGO_PKG_VERSION")));
    headers.insert(DETERMINISTIC, fixed("true"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(REFERRER_POLICY, fixed("no-referrer"));
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(fixed("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(CACHE_CONTROL).or_insert(fixed("no-store"));
}

/// Serves until `shutdown` is done, and then whatever was begun.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    gate: Arc<dyn Gate>,
    shutdown: impl Future<Output = ()>,
) {
    let settling = tokio::spawn(settle(Arc::clone(&app)));
    let telling = tokio::spawn(alerts::run(Arc::clone(&app)));
    let service = TowerToHyperService::new(service(&app, gate));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(HEAD_BYTES);
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS)));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = async {
            let place = place.await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accepted => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, say: the connections that are there go on.
                tracing::warn!(target: "pi::http", %error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // An answer that is not sent at once waits for nothing (Nagle).
        let _ = stream.set_nodelay(true);
        let connection = http.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            // The other side went away, or was too slow: there is nobody to tell.
            let _ = connection.await;
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!(target: "pi::http", "connections were cut at the end");
    }
    settling.abort();
    telling.abort();
    let end = move || {
        alerts::finish(&app);
        audit::settle(&app, true)
    };
    if let Err(problem) = blocking(end).await {
        tracing::error!(target: "pi::http", detail = problem.detail, "counts are not in the log");
    }
}

/// Writes what was counted together, again and again.
async fn settle(app: Arc<App>) {
    loop {
        tokio::time::sleep(audit::LOOK_EVERY).await;
        let app = Arc::clone(&app);
        if let Err(problem) = blocking(move || audit::settle(&app, false)).await {
            tracing::error!(target: "pi::http", detail = problem.detail, "counts are not in the log");
        }
    }
}
