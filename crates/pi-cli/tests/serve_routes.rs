//! Routes of `pi serve` through a socket: sessions, compliance, retention, what-if, memory,
//! and where alerts may go.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::fs;

use common::server::{Caller, JWT, SUBMIT, Server, code, dockerfile, with_secrets};
use common::{Lab, Ran};
use pi_core::Digest;
use serde_json::{Value, json};

const CLEAN: &str = "FROM alpine:3.20\nUSER app\n";
const NONE: Value = Value::Null;

/// Somebody with a role in the tenant.
fn person(server: &Server, admin: &Caller, role: &str) -> Caller {
    let new = json!({"subject": role, "role": role});
    let token = server.ask(admin, "POST", "/v1/tokens", &new).1["token"].clone();
    Caller { tenant: admin.tenant.clone(), token: token.as_str().unwrap().to_owned() }
}

fn submitted(server: &Server, caller: &Caller, text: &str) -> String {
    let (status, report) = server.ask(caller, "POST", SUBMIT, &dockerfile(text));
    assert_eq!(status, 201, "{report}");
    report["run_id"].as_str().unwrap().to_owned()
}

/// The tenants that the platform has from the start.
fn both(server: &Server) -> (Caller, Caller) {
    (server.admin("local"), server.admin("_system"))
}

#[test]
fn a_session_outlives_its_server_and_ends_once() {
    let lab = Lab::new();
    let mut server = Server::dev(&lab);
    let (local, system) = both(&server);
    let viewer = person(&server, &local, "viewer");
    let new = json!({"label": "release 7"});
    let refused = server.ask(&viewer, "POST", "/v1/sessions", &new);
    assert_eq!(code(&refused), (403, "permission_denied"));
    let (status, opened) = server.ask(&local, "POST", "/v1/sessions", &new);
    assert_eq!((status, &opened["label"]), (201, &json!("release 7")), "{opened}");
    let path = format!("/v1/sessions/{}", opened["id"]);
    let artifacts = dockerfile("FROM alpine:latest\n")["artifacts"].clone();
    let words = json!({"words": "docker_image_scanner", "artifacts": artifacts});
    let propose = format!("{path}/propose");
    let (status, proposal) = server.ask(&local, "POST", &propose, &words);
    assert_eq!(status, 200, "{proposal}");
    let unclear = json!({"words": "xyzzy plugh", "artifacts": artifacts});
    assert_eq!(code(&server.ask(&local, "POST", &propose, &unclear)), (422, "no_agent_matches"));
    // What was proposed runs, once somebody approves it.
    let mut composition = proposal["composition"].clone();
    composition["approved_by_user"] = json!(true);
    let submission = json!({"composition": composition, "artifacts": artifacts});
    let (status, report) = server.ask(&local, "POST", SUBMIT, &submission);
    assert_eq!((status, &report["request_hash"]), (201, &proposal["request_hash"]), "{report}");
    for other in ["GET", "DELETE"] {
        assert_eq!(code(&server.ask(&system, other, &path, &NONE)), (404, "session_unknown"));
    }
    server.signal(rustix::process::Signal::KILL);

    let server = Server::dev(&lab);
    let local = server.admin("local");
    let (status, shown) = server.ask(&local, "GET", &path, &NONE);
    assert_eq!((status, &shown["label"]), (200, &json!("release 7")));
    assert_eq!(shown["proposals"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(shown["proposals"][0]["request_hash"], proposal["request_hash"]);
    let listed = server.ask(&local, "GET", "/v1/sessions", &NONE).1;
    assert_eq!(listed["items"], json!([shown]));
    assert_eq!(server.ask(&local, "DELETE", &path, &NONE).0, 204);
    for (method, path, body) in [("DELETE", &path, &NONE), ("POST", &propose, &words)] {
        assert_eq!(code(&server.ask(&local, method, path, body)), (404, "session_unknown"));
    }
    assert_eq!(server.ask(&local, "GET", "/v1/sessions", &NONE).1["items"], json!([]));
    assert_eq!(code(&server.ask(&local, "GET", "/v1/sessions/x", &NONE)).0, 400);
}

#[test]
fn a_period_is_accounted_for_to_whoever_may_know() {
    let lab = Lab::new();
    let server = Server::dev(&lab);
    let (local, system) = both(&server);
    submitted(&server, &local, CLEAN);
    submitted(&server, &local, "FROM alpine:latest\nUSER root\n");
    let report = "/v1/reports/compliance";
    let (status, told) = server.ask(&local, "GET", report, &NONE);
    assert_eq!((status, &told["schema"]), (200, &json!("pi.compliance/1")), "{told}");
    assert_eq!((&told["tenant"], &told["activity"]["accepted"]), (&json!("local"), &json!(2)));
    assert_eq!(told["verified"]["problem"], NONE);
    let other = server.ask(&system, "GET", report, &NONE).1;
    assert_eq!((&other["tenant"], &other["activity"]["accepted"]), (&json!("_system"), &json!(0)));
    let wrong = server.ask(&local, "GET", &format!("{report}?from_us=2&until_us=1"), &NONE);
    assert_eq!(code(&wrong), (400, "invalid_request"));
    let viewer = person(&server, &local, "viewer");
    for path in [report.to_owned(), format!("{report}/page")] {
        let refused = server.ask(&viewer, "GET", &path, &NONE);
        assert_eq!(code(&refused), (403, "permission_denied"));
        assert_eq!(server.ask(&local, "GET", &path, &NONE).0, 200);
    }
}

#[test]
fn evidence_is_kept_until_it_is_erased_for_good() {
    let lab = Lab::new();
    let mut server = Server::dev(&lab);
    let (local, system) = both(&server);
    let run = submitted(&server, &local, CLEAN);
    let path = |of: &str| format!("/v1/runs/{run}/{of}");
    let viewer = person(&server, &local, "viewer");
    let why = json!({"reason": "case 17"});
    assert_eq!(code(&server.ask(&viewer, "POST", &path("hold"), &why)), (403, "permission_denied"));
    assert_eq!(code(&server.ask(&system, "POST", &path("hold"), &why)), (404, "unknown_run"));
    assert_eq!(server.ask(&local, "POST", &path("hold"), &why).0, 200);
    assert_eq!(code(&server.ask(&local, "POST", &path("erase"), &NONE)), (409, "evidence_held"));
    server.signal(rustix::process::Signal::KILL);

    // The hold outlives its server, and so does what is erased.
    let mut server = Server::dev(&lab);
    let local = server.admin("local");
    let shown = server.ask(&local, "GET", "/v1/retention", &NONE).1;
    assert_eq!(shown["held"], json!([{"run_id": run, "reason": "case 17"}]));
    assert_eq!(code(&server.ask(&local, "POST", &path("erase"), &NONE)), (409, "evidence_held"));
    assert_eq!(server.ask(&local, "POST", &path("release"), &NONE).0, 200);
    assert_eq!(server.ask(&local, "POST", &path("replay"), &NONE).1["result"], "identical");
    assert_eq!(server.ask(&local, "POST", &path("erase"), &NONE).0, 200);
    server.signal(rustix::process::Signal::KILL);

    let mut server = Server::dev(&lab);
    let local = server.admin("local");
    for (method, of) in [("GET", "report"), ("POST", "replay")] {
        let gone = server.ask(&local, method, &path(of), &NONE);
        assert_eq!(code(&gone), (409, "inputs_not_retained"), "{of}");
    }
    assert_eq!(server.ask(&local, "GET", &path("evidence"), &NONE).0, 200, "the proofs stay");
    let due = server.ask(&local, "POST", "/v1/retention/erase", &NONE);
    assert_eq!(due, (200, json!({"erased": [], "left": 0})));
    server.signal(rustix::process::Signal::TERM);
    lab.verified();
}

#[test]
fn a_candidate_is_asked_of_recorded_runs_and_changes_nothing() {
    let lab = Lab::new();
    let server = Server::dev(&lab);
    let (local, system) = both(&server);
    let runs: Vec<String> = (18..21)
        .map(|minor| submitted(&server, &local, &format!("FROM alpine:3.{minor}\nUSER app\n")))
        .collect();
    let before = server.ask(&local, "GET", "/v1/policies", &NONE).1;
    let ask = |caller: &Caller, text: &str, last: u64| {
        let candidate = json!({"text": text, "last": last});
        server.ask(caller, "POST", "/v1/policies/new/what-if", &candidate)
    };
    let forbid = "forbid(principal, action, resource);";
    let changed = |answer: (u16, Value)| -> Vec<String> {
        assert_eq!(answer.0, 200, "{}", answer.1);
        assert_eq!(answer.1["schema"], "pi.policy-what-if/1");
        let changed = answer.1["changed"].as_array().unwrap().iter();
        changed.map(|change| change["run"].as_str().unwrap().to_owned()).collect()
    };
    let newest_first: Vec<String> = runs.iter().rev().cloned().collect();
    assert_eq!(changed(ask(&local, forbid, 10)), newest_first);
    assert_eq!(changed(ask(&local, forbid, 2)), newest_first[..2]);
    assert_eq!(changed(ask(&local, "permit(principal, action, resource);", 10)), [""; 0]);
    assert_eq!(changed(ask(&system, forbid, 10)), [""; 0], "other tenants' runs are not asked of");
    assert_eq!(code(&ask(&local, "permit(", 10)), (422, "policy_not_loaded"));
    for wrong in [0, 1_001] {
        assert_eq!(code(&ask(&local, forbid, wrong)), (400, "invalid_request"));
    }
    assert_eq!(server.ask(&local, "GET", "/v1/policies", &NONE).1, before);
    submitted(&server, &local, CLEAN);
}

#[test]
fn what_a_scan_left_is_found_by_its_tenant_alone() {
    let lab = Lab::new();
    lab.file("Dockerfile", "FROM alpine:latest\n");
    lab.pi(&["scan", "Dockerfile"]);
    let server = Server::dev(&lab);
    let (local, system) = both(&server);
    let search = "/v1/memory/search?words=decision";
    let (status, found) = server.ask(&local, "GET", search, &NONE);
    assert_eq!((status, found["entries"].as_array().unwrap().len()), (200, 1), "{found}");
    let by_cli = lab.pi(&["memory", "search", "decision", "--format", "json"]).code(0).stdout;
    let by_cli: Value = serde_json::from_str(&by_cli).unwrap();
    assert_eq!(found["entries"][0]["hash"], by_cli["entries"][0]["hash"]);
    assert_eq!(server.ask(&system, "GET", search, &NONE).1["entries"], json!([]));
    let viewer = person(&server, &local, "viewer");
    assert_eq!(server.ask(&viewer, "GET", search, &NONE), (200, found));
    // Another tenant's name beside one's own token finds nothing of either.
    let mixed = Caller { tenant: "local".to_owned(), token: system.token.clone() };
    assert_eq!(code(&server.ask(&mixed, "GET", search, &NONE)), (403, "token_tenant_mismatch"));
}

#[test]
fn many_tenants_fit_into_few_files() {
    let lab = Lab::new();
    // The limit cannot be raised from within: it is the hard one as well.
    let serve = lab.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 192; exec \"$0\" \"$@\""]).arg(serve.get_program());
    shell.args(serve.get_args()).current_dir(lab.work()).env_clear();
    for (name, value) in serve.get_envs() {
        shell.env(name, value.unwrap());
    }
    let server = Server::start(shell);
    let system = server.admin("_system");
    for number in 0..60 {
        let tenant = format!("tenant-{number}");
        let new = json!({"tenant": tenant, "display_name": tenant});
        assert_eq!(server.ask(&system, "POST", "/v1/tenants", &new).0, 201);
        let new = json!({"tenant": tenant, "subject": "ops", "role": "admin"});
        let token = server.ask(&system, "POST", "/v1/tokens", &new).1["token"].clone();
        let caller = Caller { tenant, token: token.as_str().unwrap().to_owned() };
        let policy = json!({"text": "permit(principal, action, resource);"});
        let put = server.ask(&caller, "PUT", "/v1/policies/own", &policy);
        assert_eq!(put.0, 200, "{number}: {put:?}");
    }
}

/// Put together, so that no scanner takes it for somebody's.
fn hook(part: &str) -> String {
    format!("https://hooks.slack.com/services/{}/{}/{part}", "T00000000", "B00000000")
}

#[test]
fn alerts_go_to_slack_or_the_server_does_not_start() {
    let lab = Lab::new();
    for wrong in [
        "http://hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com:8443/services/T/B/x",
        "https://user@hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com@169.254.169.254/services/T/B/x",
        "https://hooks.slack.com.evil.example/services/T/B/x",
        "https://127.0.0.1/services/T/B/x",
        "https://2130706433/services/T/B/x",
        "https://[::ffff:127.0.0.1]/services/T/B/x",
        "https://hooks.slack.com/workflows/T/B/x",
        "https://hooks.slack.com/services/T/B/x?to=y",
    ] {
        let mut command = lab.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
        command.env("PI_SLACK_WEBHOOK_URL", wrong);
        let refused = Ran::new(command.output().unwrap()).refused(2, "webhook_url_refused");
        assert!(!format!("{refused:?}").contains(wrong), "{refused:?}");
    }
    let file = lab.beside("hook");
    fs::write(&file, hook("x")).unwrap();
    let mut command = lab.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("PI_SLACK_WEBHOOK_URL_FILE", &file);
    // Others may read it.
    Ran::new(command.output().unwrap()).refused(2, "secret_unreadable");
}

#[test]
fn the_address_of_alerts_is_nowhere() {
    let lab = Lab::new();
    let part = &Digest::of(JWT.as_bytes()).to_hex()[..24];
    let told = lab.beside("stderr");
    let mut command = with_secrets(&lab, &["serve", "--listen", "127.0.0.1:0"]);
    command.env("PI_SLACK_WEBHOOK_URL", hook(part)).env("PI_LOG", "trace");
    let mut server = Server::heard(command, fs::File::create(&told).unwrap());
    let issue = ["token", "issue", "--subject", "ops", "--role", "admin"];
    let token = Ran::new(with_secrets(&lab, &issue).output().unwrap()).code(0).stdout;
    let local = Caller { tenant: "local".to_owned(), token: token.trim().to_owned() };
    submitted(&server, &local, CLEAN);
    for path in ["/v1/log/events?limit=200", "/v1/audit", "/v1/runs", "/v1/openapi.json"] {
        let (status, body) = server.ask(&local, "GET", path, &NONE);
        assert!(status == 200 && !body.to_string().contains(part), "{path}");
    }
    server.signal(rustix::process::Signal::TERM);
    let told = fs::read_to_string(&told).unwrap();
    assert!(told.contains("POST") && !told.contains(part), "{told}");
    let mut doctor = lab.command(&["doctor", "--format", "json"]);
    doctor.env("PI_SLACK_WEBHOOK_URL", hook(part));
    let doctor = Ran::new(doctor.output().unwrap());
    let told = format!("{}{}", doctor.stdout, doctor.stderr);
    assert!(told.contains("PI_SLACK_WEBHOOK_URL") && !told.contains(part), "{told}");
    let (mut folders, mut files) = (vec![lab.data()], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = fs::read(entry.path()).unwrap();
            let holds = bytes.windows(part.len()).any(|window| window == part.as_bytes());
            assert!(!holds, "{}", entry.path().display());
            files += 1;
        }
    }
    assert!(files >= 5, "{files} files were looked at");
}
