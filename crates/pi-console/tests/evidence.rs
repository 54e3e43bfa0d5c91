//! What becomes of the evidence of runs, and accounting for it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use axum::http::{Method, StatusCode};
use common::{Server, docker};
use serde_json::{Value, json};

#[tokio::test]
async fn evidence_is_held_released_and_erased() {
    let server = Server::new();
    let report = server.post("/v1/compositions/submit", &docker("FROM alpine:latest\n")).await;
    let run = format!("/v1/runs/{}", report.json()["run_id"].as_str().unwrap());
    let none = Value::Null;
    let held = server.post(&format!("{run}/hold"), &json!({"reason": "case 17"})).await;
    assert_eq!(held.status, StatusCode::OK, "{}", held.text());
    let shown = server.get("/v1/retention").await.json();
    assert_eq!((&shown["retention_days"], &shown["due_count"]), (&none, &json!(0)));
    assert_eq!(shown["held"][0]["reason"], "case 17");
    let refused = server.post(&format!("{run}/erase"), &none).await;
    assert_eq!(refused.problem(), (StatusCode::CONFLICT, "evidence_held".to_owned()));
    assert_eq!(server.post(&format!("{run}/release"), &none).await.status, StatusCode::OK);
    let again = server.post(&format!("{run}/release"), &none).await;
    assert_eq!(again.problem(), (StatusCode::CONFLICT, "evidence_not_held".to_owned()));
    assert_eq!(server.post(&format!("{run}/erase"), &none).await.status, StatusCode::OK);
    // Neither the key nor the memory of the server gives it back; the proofs stay.
    for answer in [
        server.get(&format!("{run}/report")).await,
        server.post(&format!("{run}/replay"), &none).await,
        server.post(&format!("{run}/erase"), &none).await,
    ] {
        let gone = (StatusCode::CONFLICT, "inputs_not_retained".to_owned());
        assert_eq!(answer.problem(), gone, "{}", answer.text());
    }
    assert_eq!(server.get(&run).await.json()["sealed"], true);
    assert_eq!(server.post("/v1/log/verify", &none).await.status, StatusCode::OK);
    let due = server.post("/v1/retention/erase", &none).await.json();
    assert_eq!(due, json!({"erased": [], "left": 0}));
    let other = server.of("other").post(&format!("{run}/erase"), &none).await;
    assert_eq!(other.problem(), (StatusCode::NOT_FOUND, "unknown_run".to_owned()));
}

#[tokio::test]
async fn a_period_is_accounted_for() {
    let server = Server::new();
    let text = json!({"text": "permit(principal, action, resource);"});
    let put = server.request(Method::PUT, "/v1/policies/own", Some(&text));
    assert_eq!(server.send(put).await.status, StatusCode::OK);
    server.post("/v1/compositions/submit", &docker("FROM alpine:3.20\nUSER app\n")).await;
    let report = server.get("/v1/reports/compliance").await;
    assert_eq!(report.status, StatusCode::OK, "{}", report.text());
    let report = report.json();
    assert_eq!(
        (&report["schema"], &report["tenant"]),
        (&json!("pi.compliance/1"), &json!("local"))
    );
    assert_eq!(report["activity"]["accepted"], 1);
    assert_eq!(report["verified"]["problem"], Value::Null);
    let past = server.get("/v1/reports/compliance?from_us=1&until_us=2").await.json();
    assert_eq!(past["activity"]["accepted"], 0);
    let wrong = server.get("/v1/reports/compliance?from_us=2&until_us=2").await;
    assert_eq!(wrong.problem(), (StatusCode::BAD_REQUEST, "invalid_request".to_owned()));
    let evil = server.by("<script>alert(1)</script>");
    let put = evil.request(Method::PUT, "/v1/policies/more", Some(&text));
    assert_eq!(evil.send(put).await.status, StatusCode::OK);
    let page = server.get("/v1/reports/compliance/page").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let html = page.text();
    assert!(html.contains("<h2>Policies in force at the end</h2>"), "{html}");
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
    assert!(page.header("content-security-policy").contains("style-src 'sha256-"));
}

#[tokio::test]
async fn a_candidate_is_asked_of_recorded_runs() {
    let server = Server::new();
    server.post("/v1/compositions/submit", &docker("FROM alpine:3.20\nUSER app\n")).await;
    let ask = |text: &str| {
        let candidate = json!({"text": text, "last": 10});
        let server = &server;
        async move { server.post("/v1/policies/new/what-if", &candidate).await }
    };
    let stricter = ask("forbid(principal, action, resource);").await;
    assert_eq!(stricter.status, StatusCode::OK, "{}", stricter.text());
    assert_eq!(stricter.json()["changed"].as_array().unwrap().len(), 1, "{}", stricter.text());
    let same = ask("permit(principal, action, resource);").await;
    assert_eq!(same.json()["changed"], json!([]), "{}", same.text());
    assert_eq!(ask("permit(").await.problem().1, "policy_not_loaded");
    let policies = server.get("/v1/policies").await.json();
    assert!(!policies.to_string().contains("\"new\""), "nothing is put in force");
}
