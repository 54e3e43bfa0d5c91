//! The API through its service: what a caller sees of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use axum::http::{Method, StatusCode};
use common::{Answer, Server, docker};
use serde_json::{Value, json};

#[tokio::test]
async fn a_submission_is_examined_recorded_and_repeated() {
    let server = Server::new();
    let answer = server.post("/v1/compositions/submit", &docker("FROM alpine:latest\n")).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let report = answer.json();
    let run = report["run_id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/v1/runs/{run}"));
    assert_eq!(report["schema"], "pi.report/1");
    assert!(!report["findings"].as_array().unwrap().is_empty());

    let shown = server.get(&format!("/v1/runs/{run}")).await.json();
    assert_eq!(shown["determinism_proof"], report["determinism_proof"]);
    assert_eq!(shown["sealed"], true);
    let listed = server.get("/v1/runs").await.json();
    assert_eq!(listed["items"][0]["run_id"], run);
    assert_eq!(listed["next"], Value::Null);

    let replayed = server.post(&format!("/v1/runs/{run}/replay"), &Value::Null).await.json();
    assert_eq!(replayed["result"], "identical");
    // Another process has no report in memory; it executes the run again.
    let again = server.again();
    let repeated = again.get(&format!("/v1/runs/{run}/report")).await;
    assert_eq!(repeated.status, StatusCode::OK, "{}", repeated.text());
    assert_eq!(repeated.json()["findings"], report["findings"]);
    assert_eq!(repeated.json()["receipts"], report["receipts"]);
    assert_eq!(repeated.json()["determinism_proof"], report["determinism_proof"]);
}

#[tokio::test]
async fn a_submission_may_go_on_behind_its_answer() {
    let server = Server::new();
    let body = docker("FROM alpine:3.20\nUSER app\n");
    let request = server.request(Method::POST, "/v1/compositions/submit", Some(&body));
    let answer = server.send(request.header("prefer", "respond-async")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let run = answer.json()["run_id"].as_str().unwrap().to_owned();
    for _ in 0..200 {
        if server.get(&format!("/v1/runs/{run}")).await.json()["sealed"] == true {
            let cancel = server.post(&format!("/v1/runs/{run}/cancel"), &Value::Null).await;
            assert_eq!(cancel.problem(), (StatusCode::CONFLICT, "run_finished".to_owned()));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(run.is_empty(), "the run never ended");
}

#[tokio::test]
async fn records_come_in_pages_without_gaps() {
    let server = Server::new();
    let report = server.post("/v1/compositions/submit", &docker("FROM a\n")).await.json();
    let run = report["run_id"].as_str().unwrap();
    for list in [format!("/v1/runs/{run}/records"), "/v1/log/events".to_owned()] {
        let all = server.get(&format!("{list}?limit=200")).await.json();
        let all = all["items"].as_array().unwrap().clone();
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("{list}?limit=3{cursor}")).await.json();
            paged.extend(page["items"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        // Each look at the log is a call, and so one more event of it.
        paged.truncate(all.len());
        assert_eq!(paged, all, "{list}");
    }
    let event = server.get("/v1/log/events/runs/1").await;
    assert_eq!(event.status, StatusCode::OK);
    let checkpoint = server.get("/v1/log/checkpoint").await;
    assert!(checkpoint.text().starts_with("pi.log/local\n"), "{}", checkpoint.text());
    let verified = server.post("/v1/log/verify", &Value::Null).await.json();
    assert_eq!(verified["runs"], 1);
    let evidence = server.get(&format!("/v1/runs/{run}/evidence")).await;
    pi_event_fabric::Bundle::parse(&evidence.body).unwrap().verify(None).unwrap();
}

#[tokio::test]
async fn words_become_a_proposal_that_runs_once_it_is_approved() {
    let server = Server::new();
    let artifacts = docker("FROM alpine:latest\n")["artifacts"].clone();
    let words = json!({"words": "docker_image_scanner", "artifacts": artifacts});
    let answer = server.post("/v1/compositions/translate", &words).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let mut composition = answer.json()["composition"].clone();
    let submission =
        |composition: &Value| json!({"artifacts": artifacts, "composition": composition});
    let plan = server.post("/v1/compositions/simulate", &submission(&composition)).await;
    assert_eq!(plan.status, StatusCode::OK, "{}", plan.text());
    composition["approved_by_user"] = json!(true);
    let ran = server.post("/v1/compositions/submit", &submission(&composition)).await;
    assert_eq!(ran.status, StatusCode::CREATED, "{}", ran.text());
    assert_eq!(ran.json()["request_hash"], composition["request_hash"]);
    // Another artifact is another request.
    let other = json!({"artifacts": docker("FROM b\n")["artifacts"], "composition": composition});
    let refused = server.post("/v1/compositions/submit", &other).await;
    assert_eq!(refused.problem(), (StatusCode::CONFLICT, "inputs_changed".to_owned()));
    let nonsense = json!({"words": "xyzzy", "artifacts": []});
    let refused = server.post("/v1/compositions/translate", &nonsense).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
}

#[tokio::test]
async fn what_does_not_fit_is_a_problem() {
    let server = Server::new();
    let code = |answer: &Answer| answer.problem().1;
    let post = |body: &'static str| {
        let request = server.request(Method::POST, "/v1/compositions/submit", None);
        server.send(request.header("content-type", "application/json").text(body))
    };
    for body in ["", "{", "[]", "{\"artifacts\":1}", "{\"artifacts\":[],\"more\":1}", "\u{0}"] {
        let answer = post(body).await;
        assert_eq!(
            answer.problem(),
            (StatusCode::BAD_REQUEST, "invalid_request".to_owned()),
            "{body}"
        );
    }
    let traversal = json!({"artifacts": [{"path": "../../etc/passwd", "text": "x"}]});
    assert_eq!(code(&server.post("/v1/compositions/submit", &traversal).await), "invalid_request");
    let nothing = json!({"artifacts": []});
    let answer = server.post("/v1/compositions/submit", &nothing).await;
    assert!(answer.status.is_client_error() || answer.status.is_success(), "{}", answer.text());
    for path in ["/v1/runs?limit=0", "/v1/runs?limit=x", "/v1/runs?cursor=!", "/v1/runs?more=1"] {
        assert_eq!(code(&server.get(path).await), "invalid_request", "{path}");
    }
    let most = u64::MAX;
    for path in [format!("runs/{most}"), "runs/0".to_owned(), "a%20b/1".to_owned()] {
        let answer = server.get(&format!("/v1/log/events/{path}")).await;
        assert_eq!(code(&answer), "invalid_request", "{path}");
    }
    let stream = format!("/v1/log/stream?after={most}");
    assert_eq!(code(&server.get(&stream).await), "invalid_request");
    for path in ["/v1/runs/x", "/v1/runs/run_00000000000000000000000000000000"] {
        assert_eq!(
            server.get(path).await.problem(),
            (StatusCode::NOT_FOUND, "unknown_run".to_owned())
        );
    }
    assert_eq!(server.get("/nowhere").await.problem().0, StatusCode::NOT_FOUND);
    let delete = server.send(server.request(Method::DELETE, "/v1/runs", None)).await;
    assert_eq!(delete.problem().0, StatusCode::METHOD_NOT_ALLOWED);
    let text = server.request(Method::POST, "/v1/compositions/submit", None).text("{}");
    assert_eq!(server.send(text).await.problem().0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let huge = json!({"artifacts": [{"path": "a", "text": "x".repeat(9 << 20)}]});
    let answer = server.post("/v1/compositions/submit", &huge).await;
    assert_eq!(answer.problem(), (StatusCode::PAYLOAD_TOO_LARGE, "artifact_too_large".to_owned()));
}

#[tokio::test]
async fn every_answer_is_marked() {
    let server = Server::new();
    let given = server.request(Method::GET, "/v1/health", None).header("x-correlation-id", "a-1");
    let answer = server.send(given).await;
    assert_eq!(answer.header("x-correlation-id"), "a-1");
    for path in ["/v1/health", "/v1/health/ready", "/nowhere", "/v1/runs", "/docs"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("x-pi-deterministic"), "true", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(answer.header("x-correlation-id").len(), 32);
    }
    let head = server.send(server.request(Method::HEAD, "/v1/runs", None)).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    let wrong = server.request(Method::GET, "/v1/health", None).header("x-correlation-id", "a b");
    assert_eq!(server.send(wrong).await.problem().0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn events_stream_and_go_on_where_they_were_left() {
    let server = Server::new();
    server.post("/v1/compositions/submit", &docker("FROM a\n")).await;
    let all = server.get("/v1/log/events?limit=200").await.json();
    let known = all["items"].as_array().unwrap().len();
    let ids = server.stream_ids("0", known - 1).await;
    assert_eq!(ids, (1..known as u64).collect::<Vec<_>>());
    let wrong = server.request(Method::GET, "/v1/log/stream", None).header("last-event-id", "x");
    assert_eq!(server.send(wrong).await.problem().0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_repeated_request_is_worked_on_once() {
    let server = Server::new();
    let body = docker("FROM alpine:3.20\nUSER app\n");
    let submit = |body: Value, key: &'static str| {
        let request = server.request(Method::POST, "/v1/compositions/submit", Some(&body));
        server.send(request.header("idempotency-key", key))
    };
    let first = submit(body.clone(), "k-1").await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    for answer in [submit(body.clone(), "k-1").await, submit(body.clone(), "k-1").await] {
        assert_eq!((answer.status, answer.body), (first.status, first.body.clone()));
        assert_eq!(answer.headers["location"], first.headers["location"]);
        assert_eq!(answer.headers["idempotency-replayed"], "true");
    }
    let other = submit(docker("FROM b\n"), "k-1").await;
    let reused = (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused".to_owned());
    assert_eq!(other.problem(), reused);
    // What is refused leaves its key.
    assert_eq!(submit(json!({"x": 1}), "k-2").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(submit(body.clone(), "k-2").await.status, StatusCode::CREATED);
    assert_eq!(submit(body.clone(), "").await.problem().1, "invalid_request");
    let runs = server.get("/v1/runs").await.json();
    assert_eq!(runs["items"].as_array().unwrap().len(), 2);
    // The answer outlives the server, and a key is of one tenant.
    let again = server.again();
    let request = again.request(Method::POST, "/v1/compositions/submit", Some(&body));
    let answer = again.send(request.header("idempotency-key", "k-1")).await;
    assert_eq!((answer.status, answer.body), (first.status, first.body));
    let token = json!({"subject": "x", "role": "viewer"});
    let request = server.request(Method::POST, "/v1/tokens", Some(&token));
    let secret = server.send(request.header("idempotency-key", "k-3")).await;
    assert_eq!(secret.problem().1, "invalid_request");
}

#[tokio::test]
async fn words_become_proposals_in_a_session() {
    let server = Server::new();
    let open = server.request(Method::POST, "/v1/sessions", Some(&json!({"label": "release 7"})));
    let opened = server.send(open.header("idempotency-key", "once")).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text());
    let open = server.request(Method::POST, "/v1/sessions", Some(&json!({"label": "release 7"})));
    let again = server.send(open.header("idempotency-key", "once")).await;
    assert_eq!((again.status, &again.body), (opened.status, &opened.body));
    let path = opened.header("location");
    let artifacts = docker("FROM alpine:latest\n")["artifacts"].clone();
    let words = json!({"words": "docker_image_scanner", "artifacts": artifacts});
    let proposed = server.post(&format!("{path}/propose"), &words).await;
    assert_eq!(proposed.status, StatusCode::OK, "{}", proposed.text());
    let proposal = proposed.json();
    assert_eq!(proposal["composition"]["approved_by_user"], false);
    let repeated = server.post(&format!("{path}/propose"), &words).await;
    assert_eq!(repeated.body, proposed.body);
    let shown = server.get(&path).await.json();
    assert_eq!(shown["proposals"].as_array().unwrap().len(), 2);
    assert_eq!(shown["proposals"][0]["request_hash"], proposal["request_hash"]);
    assert_eq!(server.get("/v1/sessions").await.json()["items"], json!([shown]));
    let unknown = (StatusCode::NOT_FOUND, "session_unknown".to_owned());
    assert_eq!(server.of("other").get(&path).await.problem(), unknown);
    let close = server.send(server.request(Method::DELETE, &path, None)).await;
    assert_eq!(close.status, StatusCode::NO_CONTENT);
    assert_eq!(server.post(&format!("{path}/propose"), &words).await.problem(), unknown);
    assert_eq!(server.get("/v1/sessions").await.json()["items"], json!([]));
}

/// A policy that lets nobody run anything unattended.
const ATTENDED: &str = "permit(principal, action, resource); @id(\"look\") \
    @reason(\"approval_required\") forbid(principal, \
    action == PI::Action::\"execute_unattended\", resource) \
    when { context.stage == \"admission\" };";

#[tokio::test]
async fn what_needs_a_person_waits_for_somebody_else() {
    let server = Server::new();
    let put =
        |text: &str| server.request(Method::PUT, "/v1/policies/own", Some(&json!({"text": text})));
    let answer = server.send(put(ATTENDED)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = docker("FROM alpine:3.20\nUSER app\n");
    let submit = || server.post("/v1/compositions/submit", &body);
    let waits = submit().await;
    assert_eq!(waits.status, StatusCode::ACCEPTED, "{}", waits.text());
    let waiting = waits.json();
    assert_eq!(
        (&waiting["state"], &waiting["reasons"]),
        (&json!("pending"), &json!(["approval_required"]))
    );
    assert_eq!(waits.header("location"), format!("/v1/approvals/{}", waiting["id"]));
    // It waits once, and nothing runs.
    assert_eq!(submit().await.json(), waiting);
    assert_eq!(server.get("/v1/runs").await.json()["items"], json!([]));
    let path = format!("/v1/approvals/{}", waiting["id"]);
    let shown = server.get(&path).await.json();
    assert_eq!(shown["composition"]["tenant_id"], "local");
    let none = json!({});
    let own = server.post(&format!("{path}/approve"), &none).await;
    assert_eq!(own.problem(), (StatusCode::FORBIDDEN, "approval_self".to_owned()));
    let missing = server.post("/v1/approvals/99/approve", &none).await;
    assert_eq!(missing.problem(), (StatusCode::NOT_FOUND, "approval_unknown".to_owned()));
    let elsewhere = server.of("other").by("boss").post(&format!("{path}/approve"), &none).await;
    assert_eq!(elsewhere.problem().1, "approval_unknown");
    let boss = server.by("boss");
    let approved = boss.post(&format!("{path}/approve"), &json!({"reason": "fine"})).await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.text());
    assert_eq!(approved.json()["decided_by"], "boss");
    let again = boss.post(&format!("{path}/reject"), &none).await;
    assert_eq!(again.problem(), (StatusCode::CONFLICT, "approval_decided".to_owned()));
    // It is good for one run of whoever asked.
    let others = boss.post("/v1/compositions/submit", &body).await;
    assert_eq!(others.json()["state"], "pending");
    let ran = submit().await;
    assert_eq!(ran.status, StatusCode::CREATED, "{}", ran.text());
    assert_eq!(ran.json()["request_hash"], waiting["request_hash"]);
    let anew = submit().await.json();
    assert_eq!((anew["state"].as_str(), anew["id"] == waiting["id"]), (Some("pending"), false));
    assert_eq!(server.get(&path).await.json()["state"], "used");
    let path = format!("/v1/approvals/{}/reject", anew["id"]);
    assert_eq!(boss.post(&path, &none).await.json()["state"], "rejected");
    let all = server.get("/v1/approvals?limit=1").await.json();
    let next = format!("/v1/approvals?limit=9&cursor={}", all["next"].as_str().unwrap());
    assert_eq!(server.get(&next).await.json()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_call_is_audited() {
    let server = Server::new();
    let secret = "nobody-may-ever-read-this";
    let submission = docker(&format!("FROM a\n# {secret}\n"));
    let request = server.request(Method::POST, "/v1/compositions/submit", Some(&submission));
    let answer = server.send(request.header("x-correlation-id", "c-1")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    server.get(&format!("/v1/runs/{secret}")).await;
    server.post("/v1/compositions/submit", &json!({"wrong": secret})).await;
    let page = server.get("/v1/audit?limit=2").await.json();
    let items = page["items"].as_array().unwrap();
    let seen = |item: &Value| {
        let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let at = item["status"].as_u64().unwrap();
        (at, text("outcome"), text("reason"), text("route"), text("permission"))
    };
    let (submit, run) = ("/v1/compositions/submit", "/v1/runs/{run}");
    let expected = |status, outcome: &str, reason: &str, route: &str, permission: &str| {
        (status, outcome.into(), reason.into(), route.into(), permission.into())
    };
    let refused = expected(400, "refused", "invalid_request", submit, "compositions:submit");
    assert_eq!(seen(&items[0]), refused);
    assert_eq!(seen(&items[1]), expected(404, "refused", "unknown_run", run, "runs:read"));
    let next = format!("/v1/audit?limit=2&cursor={}", page["next"].as_str().unwrap());
    let page = server.get(&next).await.json();
    let last = &page["items"].as_array().unwrap()[0];
    assert_eq!(seen(last), expected(201, "allowed", "", submit, "compositions:submit"));
    assert_eq!(last["actor"], "tester");
    let one = server.get("/v1/audit/query?correlation_id=c-1").await.json();
    assert_eq!(one["items"], json!([last]));
    let all = server.get("/v1/audit?limit=200").await.text();
    assert!(!all.contains(secret), "{all}");
    // Another tenant sees its own calls, and none of these.
    let others = server.of("other").get("/v1/audit").await.json();
    assert_eq!(others["items"], json!([]));
}

#[tokio::test]
async fn strangers_are_counted_in_the_log_of_the_platform() {
    let server = Server::new();
    for _ in 0..5 {
        server.get("/nowhere").await;
        server.get("/v1/health").await;
    }
    let system = server.of("_system");
    let counted = |page: Value| {
        let items = page["items"].as_array().unwrap().clone();
        let calls = |item: &Value| item["calls"].as_u64().unwrap();
        let of =
            |status: u64| items.iter().filter(|item| item["status"] == status).map(calls).sum();
        let (missing, healthy): (u64, u64) = (of(404), of(200));
        (missing, healthy)
    };
    // The first of each is written at once, the others when they are settled.
    server.settle();
    let (missing, healthy) = counted(system.get("/v1/audit").await.json());
    assert_eq!((missing, healthy), (5, 5));
}

#[tokio::test]
async fn a_tenant_sees_its_own_log_alone() {
    let server = Server::new();
    let report = server.post("/v1/compositions/submit", &docker("FROM a\n")).await.json();
    let run = report["run_id"].as_str().unwrap();
    let other = server.of("other");
    for path in ["", "/report", "/records", "/evidence"] {
        let answer = other.get(&format!("/v1/runs/{run}{path}")).await;
        assert_eq!(answer.problem(), (StatusCode::NOT_FOUND, "unknown_run".to_owned()), "{path}");
    }
    for action in ["replay", "cancel"] {
        let answer = other.post(&format!("/v1/runs/{run}/{action}"), &Value::Null).await;
        assert_eq!(answer.problem().1, "unknown_run");
    }
    let events = other.get("/v1/log/events").await.json()["items"].clone();
    for event in events.as_array().unwrap() {
        assert_eq!(event["event_type"], "call.audited", "{event}");
    }
    assert_eq!(other.get("/v1/runs").await.json()["items"], json!([]));
}
