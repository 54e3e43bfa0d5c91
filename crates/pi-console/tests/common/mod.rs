//! A server without a socket.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode, request};
use http_body_util::BodyExt as _;
use pi_agent_api::Catalogue;
use pi_console::access::{Caller, Gate};
use pi_console::alerts::Alerts;
use pi_console::app::Means;
use pi_console::serve::service;
use pi_console::{App, Logs, Problem, Settings};
use pi_control_plane::roles::Role;
use pi_core::Name;
use pi_identity::{CorrelationId, KeyId, KeySet, Secret, SigningKey, TokenOptions, Tokens};
use pi_runtime::SystemClock;
use pi_runtime::mesh::Mesh;
use pi_store::{DataFolder, MemoryOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// Believes what the caller says. Identity has tests of its own.
pub struct Trusting;

impl Gate for Trusting {
    fn admit(&self, parts: &Parts, _body: &[u8]) -> Result<Caller, Problem> {
        let text = |name: &str| parts.headers.get(name).unwrap().to_str().unwrap().to_owned();
        let correlation = parts.extensions.get::<CorrelationId>().unwrap().to_string();
        let tenant = Name::new(text("x-tenant-id")).unwrap();
        let actor = parts.headers.get("x-actor").map_or("tester", |actor| actor.to_str().unwrap());
        Ok(Caller { tenant, actor: actor.to_owned(), role: Role::Admin, correlation })
    }
}

pub struct Server {
    folder: Arc<TempDir>,
    router: Router,
    app: Arc<App>,
    tenant: String,
    actor: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: Vec<u8>,
}

pub struct Asking(request::Builder, Body);

impl Asking {
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value), self.1)
    }

    pub fn text(self, text: &str) -> Self {
        Self(self.0, Body::from(text.to_owned()))
    }
}

impl Server {
    pub fn new() -> Self {
        Self::over(Arc::new(tempfile::tempdir().unwrap()))
    }

    /// Another process over the same data.
    pub fn again(&self) -> Self {
        Self::over(Arc::clone(&self.folder))
    }

    /// The same server, called by another tenant.
    pub fn of(&self, tenant: &str) -> Self {
        let (folder, router) = (Arc::clone(&self.folder), self.router.clone());
        let (app, actor) = (Arc::clone(&self.app), self.actor.clone());
        Self { folder, router, app, tenant: tenant.to_owned(), actor }
    }

    /// The same server, called by somebody else.
    pub fn by(&self, actor: &str) -> Self {
        Self { actor: actor.to_owned(), ..self.of(&self.tenant) }
    }

    /// Writes what was counted together.
    pub fn settle(&self) {
        pi_console::audit::settle(&self.app, true).unwrap();
    }

    fn over(folder: Arc<TempDir>) -> Self {
        Self::with(folder, pi_agents::catalogue().unwrap(), None)
    }

    /// A server with other agents that sends alerts.
    pub fn telling(folder: Arc<TempDir>, catalogue: Catalogue, alerts: Alerts) -> Self {
        Self::with(folder, catalogue, Some(alerts))
    }

    /// The data, for another process.
    pub fn shared(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    fn with(folder: Arc<TempDir>, catalogue: Catalogue, alerts: Option<Alerts>) -> Self {
        let patience = Duration::from_secs(60);
        let stores = Logs::sqlite(DataFolder::open(folder.path()).unwrap(), 16);
        let means = Means {
            stores,
            clock: Arc::new(SystemClock),
            catalogue: Arc::new(catalogue),
            mesh: Mesh::start(2, patience).unwrap(),
            guard: None,
            patience,
            tokens: tokens(),
            metrics: None,
            alerts,
            memory: Some(memory(folder.path())),
        };
        let app = App::new(Settings::default(), means);
        let app = Arc::new(app.unwrap());
        app.establish().unwrap();
        let router = service(&app, Arc::new(Trusting));
        let (tenant, actor) = ("local".to_owned(), "tester".to_owned());
        Self { folder, router, app, tenant, actor }
    }

    pub fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Asking {
        let builder =
            Request::builder().method(method).uri(path).header("x-tenant-id", &self.tenant);
        let builder = builder.header("x-actor", &self.actor);
        match body {
            Some(body) => Asking(
                builder.header("content-type", "application/json"),
                Body::from(serde_json::to_vec(body).unwrap()),
            ),
            None => Asking(builder, Body::empty()),
        }
    }

    pub async fn send(&self, Asking(builder, body): Asking) -> Answer {
        let answer = self.router.clone().oneshot(builder.body(body).unwrap()).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path, None)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path, Some(body))).await
    }

    /// The ids of so many events behind one.
    pub async fn stream_ids(&self, behind: &str, count: usize) -> Vec<u64> {
        let Asking(builder, body) =
            self.request(Method::GET, "/v1/log/stream", None).header("last-event-id", behind);
        let answer = self.router.clone().oneshot(builder.body(body).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let (mut stream, mut text) = (answer.into_body(), String::new());
        while text.matches("\nid: ").count() + usize::from(text.starts_with("id: ")) < count
            || !text.ends_with("\n\n")
        {
            let frame = stream.frame().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        text.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect()
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| json!({"not json": self.text()}))
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    pub fn problem(&self) -> (StatusCode, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let document = self.json();
        assert_eq!(document["status"], self.status.as_u16());
        (self.status, document["code"].as_str().unwrap().to_owned())
    }
}

fn tokens() -> Tokens {
    let key = SigningKey::shared(KeyId::new("test").unwrap(), &Secret::generate().unwrap());
    Tokens::new(KeySet::new(key.unwrap()).unwrap(), TokenOptions::default())
}

/// Where the memory of a server lies.
pub fn memory(folder: &std::path::Path) -> MemoryOptions {
    MemoryOptions { path: folder.join("memory.db"), max_rows: 100, vacuum_every: 100 }
}

/// A submission of one Dockerfile.
pub fn docker(text: &str) -> Value {
    json!({"artifacts": [{"path": "Dockerfile", "text": text}]})
}
