//! Who is told at once, and what becomes of an alert that nobody gets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use common::{Server, Trusting, docker};
use pi_agent_api::{Agent, Catalogue, Report, Rule, Stop, declare_agent};
use pi_console::alerts::{Alerts, finish, raise, round};
use pi_core::{Confidence, Name, Severity};
use pi_identity::webhook::{AlertKind, MAX_QUEUED, SendError, SlackHook, Transport};
use pi_store::DataFolder;
use serde_json::{Value, json};

const RULE: Rule = Rule {
    id: "next_to_each_other",
    summary: "found",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "none",
};

declare_agent! {
    /// Looks at the text as it is, and so misses it in the copies.
    pub struct Naive {
        slug: "test_naive",
        domain: CodeQuality,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [RULE],
        fixture: "",
        check: |artifact, report: &mut Report| -> Result<(), Stop> {
            if artifact.text().unwrap_or_default().contains("\nUSER app\nRUN id\n") {
                report.finding(&RULE, Default::default()).subject("it");
            }
            Ok(())
        },
    }
}

declare_agent! {
    /// Says something else under the same name and revision.
    pub struct Altered {
        slug: "test_naive",
        domain: CodeQuality,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [RULE],
        fixture: "",
        check: |_, report: &mut Report| -> Result<(), Stop> {
            report.finding(&RULE, Default::default()).subject("it");
            Ok(())
        },
    }
}

/// Hands on what it is to send, and fails as long as it is told to.
struct Fake {
    sent: Sender<Value>,
    failure: Arc<Mutex<Option<SendError>>>,
}

impl Transport for Fake {
    fn send(&mut self, _: &SlackHook, body: &str) -> Result<(), SendError> {
        if let Some(error) = *self.failure.lock().unwrap() {
            return Err(error);
        }
        self.sent.send(serde_json::from_str(body).unwrap()).unwrap();
        Ok(())
    }
}

struct Slack {
    sent: Receiver<Value>,
    failure: Arc<Mutex<Option<SendError>>>,
}

impl Slack {
    fn fails(&self, error: SendError) {
        *self.failure.lock().unwrap() = Some(error);
    }

    fn texts(&self) -> Vec<String> {
        self.sent.try_iter().map(|body| body["text"].as_str().unwrap().to_owned()).collect()
    }
}

/// No part of it may be seen anywhere.
const SECRET: &str = "kq7Wm2Zx9Lp4Tn8Rv3Yc6Hd1";

fn server() -> (Server, Slack) {
    over(Arc::new(tempfile::tempdir().unwrap()), &Naive)
}

fn over(folder: Arc<tempfile::TempDir>, agent: &'static dyn Agent) -> (Server, Slack) {
    let (sent, received) = channel();
    let failure = Arc::new(Mutex::new(None));
    let fake = Fake { sent, failure: Arc::clone(&failure) };
    let hook = format!("https://hooks.slack.com/services/T0/B0/{SECRET}");
    let alerts = Alerts::new(SlackHook::new(&hook).unwrap(), Box::new(fake));
    let server = Server::telling(folder, Catalogue::new(vec![agent]).unwrap(), alerts);
    (server, Slack { sent: received, failure })
}

/// Sends whatever is due.
fn send(server: &Server) {
    round(server.app(), usize::MAX);
}

/// The dead letters in the log of the tenant that calls.
async fn dead(server: &Server) -> Vec<Value> {
    let answer = server.get("/v1/log/events?limit=200").await;
    assert!(!answer.text().contains(SECRET), "the address is in the log");
    let page = answer.json();
    let items = page["items"].as_array().unwrap().iter();
    let dead = items.filter(|event| event["event_type"] == "alert.undelivered");
    dead.map(|event| event["payload"].clone()).collect()
}

#[tokio::test]
async fn whoever_decides_is_told_what_waits() {
    let (server, slack) = server();
    let text = "permit(principal, action, resource); @id(\"look\") @reason(\"approval_required\") \
                forbid(principal, action == PI::Action::\"execute_unattended\", resource) \
                when { context.stage == \"admission\" };";
    let put = server.request(Method::PUT, "/v1/policies/own", Some(&json!({"text": text})));
    assert_eq!(server.send(put).await.status, StatusCode::OK);
    let submission = docker("FROM alpine:3.20\n");
    let waits = server.post("/v1/compositions/submit", &submission).await;
    assert_eq!(waits.status, StatusCode::ACCEPTED, "{}", waits.text());
    server.post("/v1/compositions/submit", &submission).await;
    send(&server);
    let hash = waits.json()["request_hash"].as_str().unwrap().to_owned();
    let expected = format!(
        ":hourglass: An approval is pending (tenant local)\n\
         approval {} of request {hash}: approval_required",
        waits.json()["id"]
    );
    assert_eq!(slack.texts(), [expected]);
}

#[tokio::test]
async fn copies_that_are_judged_differently_are_told() {
    let (server, slack) = server();
    let quiet = docker("FROM alpine:3.20\nRUN true\n");
    let answer = server.post("/v1/compositions/submit", &quiet).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    send(&server);
    assert_eq!(slack.texts(), [""; 0]);
    let odd = docker("FROM alpine:3.20\nUSER app\nRUN id\n");
    let answer = server.post("/v1/compositions/submit", &odd).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    send(&server);
    let run = answer.json()["run_id"].as_str().unwrap().to_owned();
    let texts = slack.texts();
    let start = format!(
        ":warning: The copies of an artifact diverged (tenant local)\n\
         run {run}: findings without all three votes 1, "
    );
    assert!(texts.len() == 1 && texts[0].starts_with(&start), "{texts:?}");
}

#[tokio::test]
async fn a_replay_that_diverges_is_told() {
    let (server, slack) = server();
    let answer = server.post("/v1/compositions/submit", &docker("FROM alpine:3.20\n")).await;
    let run = answer.json()["run_id"].as_str().unwrap().to_owned();
    let replay = format!("/v1/runs/{run}/replay");
    assert_eq!(server.post(&replay, &Value::Null).await.json()["result"], "identical");
    send(&server);
    assert_eq!(slack.texts(), [""; 0]);
    let (altered, slack) = over(server.shared(), &Altered);
    assert_eq!(altered.post(&replay, &Value::Null).await.json()["result"], "diverged");
    send(&altered);
    let texts = slack.texts();
    let start = format!(":warning: A replay diverged (tenant local)\nrun {run}: of ");
    assert!(texts.len() == 1 && texts[0].starts_with(&start), "{texts:?}");
}

#[tokio::test]
async fn a_broken_chain_is_told_once_and_its_tenant_alone_is_named() {
    let (server, slack) = server();
    server.post("/v1/compositions/submit", &docker("FROM alpine:3.20\n")).await;
    assert_eq!(server.post("/v1/log/verify", &Value::Null).await.status, StatusCode::OK);
    send(&server);
    assert_eq!(slack.texts(), [""; 0]);
    let tenant = Name::new("local").unwrap();
    let database = DataFolder::open(server.folder()).unwrap().database(&tenant);
    let connection = rusqlite::Connection::open(database).unwrap();
    let change = "DROP TRIGGER payloads_erase_only;
                  UPDATE payloads SET payload = CAST('9' AS BLOB) WHERE leaf = 2";
    connection.execute_batch(change).unwrap();
    drop(connection);
    for _ in 0..3 {
        let found = server.post("/v1/log/verify", &Value::Null).await;
        assert_eq!(found.problem().1, "log_corrupt");
    }
    send(&server);
    let other = server.of("other").post("/v1/log/verify", &Value::Null).await;
    assert_eq!(other.status, StatusCode::OK);
    send(&server);
    let expected = ":rotating_light: The log does not verify (tenant local)\n\
                    log_corrupt: run `pi log verify`";
    assert_eq!(slack.texts(), [expected]);
}

#[tokio::test]
async fn what_is_given_up_is_in_the_log_of_its_tenant() {
    let (server, slack) = server();
    slack.fails(SendError::Never(pi_core::Reason::WebhookAddressRefused));
    let tenant = Name::new("local").unwrap();
    raise(server.app(), AlertKind::ReplayDiverged, &tenant, "run 1".to_owned());
    send(&server);
    // Whatever still waits at the end is not sent any more.
    slack.fails(SendError::Again { after_s: None });
    raise(server.app(), AlertKind::ChainBroken, &tenant, "log_corrupt".to_owned());
    finish(server.app());
    let letter = |kind: &str, reason: &str, text: &str| json!({"attempts": 1, "kind": kind, "reason": reason, "tenant": "local", "text": text});
    let expected = [
        letter("replay_diverged", "webhook_address_refused", "run 1"),
        letter("chain_broken", "webhook_undelivered", "log_corrupt"),
    ];
    assert_eq!(dead(&server).await, expected);
    assert_eq!(dead(&server.of("other")).await, [Value::Null; 0]);
    assert_eq!(server.post("/v1/log/verify", &Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_finds_no_room_is_in_the_log_as_well() {
    let (server, slack) = server();
    let tenant = Name::new("local").unwrap();
    for number in 0..MAX_QUEUED + 3 {
        raise(server.app(), AlertKind::ReplayDiverged, &tenant, number.to_string());
    }
    let letters = dead(&server).await;
    let texts: Vec<&str> = letters.iter().map(|letter| letter["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["1000", "1001", "1002"]);
    assert!(letters.iter().all(|letter| letter["reason"] == "queue_full"));
    send(&server);
    assert_eq!(slack.texts().len(), MAX_QUEUED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_sends_by_itself_and_no_call_waits_for_it() {
    let (server, slack) = server();
    let app = Arc::clone(server.app());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = pi_console::serve(listener, Arc::clone(&app), Arc::new(Trusting), async {
        let _ = stopped.await;
    });
    let serving = tokio::spawn(serving);
    let tenant = Name::new("local").unwrap();
    raise(&app, AlertKind::ReplayDiverged, &tenant, "run 1".to_owned());
    let patient = Duration::from_secs(30);
    let body = slack.sent.recv_timeout(patient).unwrap();
    assert!(body["text"].as_str().unwrap().ends_with("run 1"), "{body}");
    // One that waits for its second attempt is written down at the end.
    slack.fails(SendError::Again { after_s: Some(3_600) });
    raise(&app, AlertKind::ReplayDiverged, &tenant, "run 2".to_owned());
    stop.send(()).unwrap();
    serving.await.unwrap();
    let letters = dead(&server).await;
    assert_eq!((letters.len(), &letters[0]["text"]), (1, &json!("run 2")));
}
