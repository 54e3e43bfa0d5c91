//! The memory across runs, of one's own tenant alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use axum::http::StatusCode;
use common::{Server, memory};
use pi_core::{Name, Timestamp};
use pi_store::Memory;
use pi_store::memory::{Drift, EntryDraft};
use serde_json::json;

fn remember(server: &Server, tenant: &str, key: &str, body: &str) {
    let draft = EntryDraft {
        key: key.to_owned(),
        body: body.to_owned(),
        drift: Drift::Project,
        run: None,
        source: None,
        written_at: Timestamp::from_micros(1),
    };
    let mut memory = Memory::open(memory(server.folder()), str::to_owned).unwrap();
    memory.remember(&Name::new(tenant).unwrap(), draft).unwrap();
}

#[tokio::test]
async fn each_tenant_finds_what_is_its_own() {
    let server = Server::new();
    remember(&server, "local", "one", "decision DENY docker_runs_as_root");
    remember(&server, "local", "two", "decision ALLOW");
    remember(&server, "other", "three", "decision DENY of the other tenant");
    let keys = async |server: &Server, query: &str| {
        let answer = server.get(&format!("/v1/memory/search?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let found = answer.json();
        assert_eq!(found["schema"], "pi.memory/1");
        let entries = found["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&server, "words=decision").await, ["two", "one"]);
    assert_eq!(keys(&server, "words=decision&limit=1").await, ["two"]);
    assert_eq!(keys(&server, "words=DENY+docker_runs_as_root").await, ["one"]);
    assert_eq!(keys(&server, "words=tenant").await, [""; 0]);
    assert_eq!(keys(&server.of("other"), "words=decision").await, ["three"]);
    assert_eq!(keys(&server.of("third"), "words=decision").await, [""; 0]);
    let shown = server.get("/v1/memory/search?words=ALLOW").await.json();
    let entry = &shown["entries"][0];
    assert_eq!((&shown["tenant"], &entry["body"]), (&json!("local"), &json!("decision ALLOW")));
    assert_eq!((&entry["age"], &entry["freshness"]), (&json!("older"), &json!(null)));
}

#[tokio::test]
async fn a_search_that_says_nothing_is_refused() {
    let server = Server::new();
    for (query, status, code) in [
        ("words=", StatusCode::BAD_REQUEST, "invalid_request"),
        ("words=***", StatusCode::BAD_REQUEST, "invalid_request"),
        ("words=a&limit=0", StatusCode::BAD_REQUEST, "invalid_request"),
        ("words=a&limit=201", StatusCode::BAD_REQUEST, "invalid_request"),
        ("limit=1", StatusCode::BAD_REQUEST, "invalid_request"),
        ("words=a&tenant=other", StatusCode::BAD_REQUEST, "invalid_request"),
    ] {
        let answer = server.get(&format!("/v1/memory/search?{query}")).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{query}");
    }
    let long = format!("/v1/memory/search?words={}", "x".repeat(1_025));
    let refused = server.get(&long).await.problem();
    assert_eq!(refused, (StatusCode::UNPROCESSABLE_ENTITY, "bounds_exceeded".to_owned()));
}
