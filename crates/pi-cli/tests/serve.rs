//! `pi serve` through a socket: two tenants, and what strangers try.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use common::server::{Caller, SIGNING, SUBMIT, Server, code, dockerfile, with_secrets};
use common::{Lab, Ran};
use pi_control_plane::roles::Role;
use pi_core::{Clock as _, Digest, Name};
use pi_identity::{
    Actor, Grant, KeyId, KeySet, Origin, RequestSigning, Secret, Signable, SigningKey, TokenId,
    TokenOptions, Tokens,
};
use pi_runtime::SystemClock;
use serde_json::{Value, json};

/// Each case, on each store.
macro_rules! on_both {
    ($($case:ident,)*) => {
        mod sqlite {
            $(#[test] fn $case() { super::$case(&super::Lab::new()); })*
        }
        mod postgres {
            $(#[test] fn $case() {
                let server = pi_test_postgres::Server::any();
                super::$case(&super::on_postgres(&server));
            })*
        }
    };
}

on_both! {
    the_tour_of_the_readme_ends_well,
    two_tenants_never_meet,
    strangers_stay_outside,
    a_tenant_uses_what_its_quota_grants,
    what_was_acknowledged_outlives_a_kill,
}

/// A laboratory whose logs lie in a database of their own.
fn on_postgres(server: &pi_test_postgres::Server) -> Lab {
    let migrate = |owner: &str, pi: &str| pi_store::postgres::migrate(owner, pi).unwrap();
    Lab::with(vec![("PI_DATABASE_URL", server.database(migrate).application)])
}

fn the_tour_of_the_readme_ends_well(lab: &Lab) {
    let server = Server::dev(lab);
    let tour = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/two-tenants.sh");
    let mut command = std::process::Command::new("bash");
    command.arg(tour).arg(format!("http://{}", server.address));
    let ran = command.env("SYSTEM_TOKEN", server.admin("_system").token).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.ends_with("every answer was the expected one\n"), "{said}");
}

fn two_tenants_never_meet(lab: &Lab) {
    let server = Server::dev(lab);
    let system = server.admin("_system");
    let clean = dockerfile("FROM alpine:3.20\nUSER app\n");
    let mut tenants = Vec::new();
    for tenant in ["acme", "globex"] {
        let new = json!({"tenant": tenant, "display_name": tenant});
        assert_eq!(server.ask(&system, "POST", "/v1/tenants", &new).0, 201);
        let again = server.ask(&system, "POST", "/v1/tenants", &new);
        assert_eq!(code(&again), (409, "tenant_exists"));
        let new = json!({"tenant": tenant, "subject": "ops", "role": "admin"});
        let (status, issued) = server.ask(&system, "POST", "/v1/tokens", &new);
        assert_eq!(status, 201);
        let token = issued["token"].as_str().unwrap().to_owned();
        tenants.push(Caller { tenant: tenant.to_owned(), token });
    }
    let (acme, globex) = (&tenants[0], &tenants[1]);

    // Denied for each reason: no policy, no match, a rule, one that fails.
    assert_eq!(code(&server.ask(acme, "POST", SUBMIT, &clean)), (403, "policy_missing"));
    let policy = |text: &str| json!({"text": text});
    let put = |text: &str| server.ask(acme, "PUT", "/v1/policies/own", &policy(text));
    assert_eq!(
        put("permit(principal, action, resource) when { context.request.nodes > 90 };").0,
        200
    );
    assert_eq!(code(&server.ask(acme, "POST", SUBMIT, &clean)), (403, "policy_no_match"));
    let all = "permit(principal, action, resource);";
    assert_eq!(put(&format!("{all} @id(\"no\") forbid(principal, action, resource);")).0, 200);
    assert_eq!(code(&server.ask(acme, "POST", SUBMIT, &clean)), (403, "policy_denied"));
    let fails = "permit(principal, action, resource) when \
                 { context.request.nodes * 9223372036854775807 > 0 };";
    assert_eq!(put(fails).0, 200);
    assert_eq!(code(&server.ask(acme, "POST", SUBMIT, &clean)), (403, "policy_evaluation_failed"));
    assert_eq!(code(&put("permit(")), (422, "policy_not_loaded"));
    assert_eq!(put(all).0, 200);
    let (status, report) = server.ask(acme, "POST", SUBMIT, &clean);
    assert_eq!((status, report["decision"].as_str().unwrap()), (201, "ALLOW"), "{report}");

    // What the platform forbids is forbidden to every tenant, for as long as it is in force.
    let freeze = policy("@id(\"frozen\") forbid(principal, action, resource);");
    assert_eq!(server.ask(&system, "PUT", "/v1/policies/base", &freeze).0, 200);
    let frozen = server.ask(acme, "POST", SUBMIT, &clean);
    assert_eq!(code(&frozen), (403, "policy_denied"));
    let from = frozen.1["detail"].as_str().unwrap();
    assert!(from.contains("_system/base/frozen"), "{from}");
    assert_eq!(server.ask(&system, "DELETE", "/v1/policies/base", &Value::Null).0, 200);
    assert_eq!(server.ask(acme, "POST", SUBMIT, &clean).0, 201);

    // The other one sees nothing of it, and has no policy from it.
    let run = report["run_id"].as_str().unwrap();
    for path in ["", "/report", "/records", "/evidence"] {
        let answer = server.ask(globex, "GET", &format!("/v1/runs/{run}{path}"), &Value::Null);
        assert_eq!(code(&answer), (404, "unknown_run"), "{path}");
    }
    assert_eq!(server.ask(globex, "GET", "/v1/runs", &Value::Null).1["items"], json!([]));
    assert_eq!(code(&server.ask(globex, "POST", SUBMIT, &clean)), (403, "policy_missing"));
    assert_eq!(
        code(&server.ask(globex, "GET", "/v1/tenants/acme", &Value::Null)),
        (404, "tenant_unknown")
    );
    let new = json!({"tenant": "acme", "subject": "x", "role": "admin"});
    assert_eq!(code(&server.ask(globex, "POST", "/v1/tokens", &new)), (403, "permission_denied"));
    let new = json!({"tenant": "more", "display_name": "x"});
    assert_eq!(code(&server.ask(globex, "POST", "/v1/tenants", &new)), (403, "permission_denied"));
    assert_eq!(
        code(&server.ask(globex, "GET", "/v1/metrics", &Value::Null)),
        (403, "permission_denied")
    );
    let mixed = Caller { tenant: "acme".to_owned(), token: globex.token.clone() };
    let answer = server.ask(&mixed, "GET", "/v1/runs", &Value::Null);
    assert_eq!(code(&answer), (403, "token_tenant_mismatch"));

    // A deleted tenant calls no more, and nobody gets its id.
    assert_eq!(server.ask(&system, "DELETE", "/v1/tenants/globex", &Value::Null).0, 200);
    assert_eq!(
        code(&server.ask(globex, "GET", "/v1/runs", &Value::Null)),
        (403, "tenant_inactive")
    );
    let new = json!({"tenant": "globex", "display_name": "again"});
    let again = server.ask(&system, "POST", "/v1/tenants", &new);
    assert!(again.0 == 409, "{again:?}");
}

fn strangers_stay_outside(lab: &Lab) {
    let server = Server::dev(lab);
    let local = server.admin("local");
    let call = |headers: &[(&str, &str)]| server.call("GET", "/v1/runs", headers, "");
    assert_eq!(code(&call(&[])), (400, "tenant_id_required"));
    assert_eq!(code(&call(&[("x-tenant-id", "a b")])), (400, "tenant_id_invalid"));
    // Whoever has no token is not told which tenants there are.
    let forged = format!("Bearer {}x", local.token);
    for tenant in ["local", "nobody"] {
        assert_eq!(code(&call(&[("x-tenant-id", tenant)])), (401, "token_required"));
        let key = ("authorization", "Bearer pik_0_0");
        assert_eq!(call(&[("x-tenant-id", tenant), key]).0, 401);
        let forged = [("x-tenant-id", tenant), ("authorization", forged.as_str())];
        assert_eq!(code(&call(&forged)), (401, "token_signature_mismatch"));
    }
    let twice = [("x-tenant-id", "local"), ("x-tenant-id", "_system")];
    assert_eq!(code(&call(&twice)), (400, "header_ambiguous"));
    let mut altered = local.clone();
    altered.token.pop();
    assert_eq!(server.ask(&altered, "GET", "/v1/runs", &Value::Null).0, 401);
    // {"alg":"none","typ":"JWT"} with the claims of a good token.
    let claims = local.token.split('.').nth(1).unwrap();
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    let none = Caller { token: none, ..local.clone() };
    assert_eq!(server.ask(&none, "GET", "/v1/runs", &Value::Null).0, 401);

    // A viewer looks, and does nothing.
    let new = json!({"subject": "eve", "role": "viewer"});
    let (_, issued) = server.ask(&local, "POST", "/v1/tokens", &new);
    let viewer = Caller { token: issued["token"].as_str().unwrap().to_owned(), ..local.clone() };
    assert_eq!(server.ask(&viewer, "GET", "/v1/runs", &Value::Null).0, 200);
    for path in [SUBMIT, "/v1/tokens", "/v1/api-keys"] {
        let body = if path == SUBMIT { dockerfile("FROM a\n") } else { json!({}) };
        assert_eq!(code(&server.ask(&viewer, "POST", path, &body)), (403, "permission_denied"));
    }
    let revoke = json!({"id": issued["id"], "reason": "test"});
    assert_eq!(server.ask(&local, "POST", "/v1/tokens/revoke", &revoke).0, 204);
    assert_eq!(code(&server.ask(&viewer, "GET", "/v1/runs", &Value::Null)), (401, "token_revoked"));

    // An API key works until it is revoked; its secret is in no file.
    let (status, key) = server.ask(&local, "POST", "/v1/api-keys", &json!({"label": "ci"}));
    assert_eq!(status, 201);
    let secret = key["key"].as_str().unwrap();
    let program = Caller { token: secret.to_owned(), ..local.clone() };
    assert_eq!(server.ask(&program, "POST", SUBMIT, &dockerfile("FROM a\n")).0, 201);
    assert_eq!(code(&server.ask(&program, "POST", "/v1/api-keys", &json!({"label": "x"}))).0, 403);
    let path = format!("/v1/api-keys/{}/revoke", key["id"].as_str().unwrap());
    assert_eq!(server.ask(&local, "POST", &path, &json!({"reason": "test"})).0, 204);
    assert_eq!(server.ask(&program, "GET", "/v1/runs", &Value::Null).0, 401);
    let secret_part = &secret[secret.len() - 40..];
    for entry in std::fs::read_dir(lab.data()).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!bytes.windows(40).any(|window| window == secret_part.as_bytes()));
    }

    // Past the limit in chunks, and a head that never ends.
    let mut chunked = format!(
        "POST {SUBMIT} HTTP/1.1\r\nhost: pi\r\nconnection: close\r\nx-tenant-id: local\r\n\
         authorization: Bearer {}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n",
        local.token
    )
    .into_bytes();
    for _ in 0..9 {
        chunked.extend_from_slice(b"100000\r\n");
        chunked.extend(std::iter::repeat_n(b' ', 1 << 20));
        chunked.extend_from_slice(b"\r\n");
    }
    let answer = server.raw(&chunked);
    // The connection may be reset before the answer is read.
    assert!(matches!(answer.0, 413 | 0), "{answer:?}");
    let endless = format!("GET / HTTP/1.1\r\nx: {}", "a".repeat(200_000));
    assert!(matches!(server.raw(endless.as_bytes()).0, 431 | 400 | 0));
    assert_eq!(server.ask(&local, "GET", "/v1/runs", &Value::Null).0, 200);
}

#[test]
fn signed_requests_are_good_once() {
    let lab = Lab::new();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--require-signing"];
    let server = Server::start(with_secrets(&lab, &serve));
    let issue = ["token", "issue", "--subject", "ops", "--role", "admin"];
    let token = Ran::new(with_secrets(&lab, &issue).output().unwrap()).code(0).stdout;
    let secret = Secret::new(SIGNING.as_bytes().to_vec(), Origin::Generated).unwrap();
    let signing = RequestSigning::new(secret);
    let bearer = format!("Bearer {}", token.trim());
    let send = |target: &str, signed: &str, nonce: &str, age_s: u64| {
        let now = SystemClock.now().as_micros() / 1_000_000 - age_s;
        let timestamp = now.to_string();
        let tenant = Name::new("local").unwrap();
        let signable = Signable {
            method: "GET",
            target: signed,
            timestamp: &timestamp,
            nonce,
            tenant: &tenant,
            body: Digest::of(b""),
        };
        let signature = signing.sign(&signable).unwrap();
        let headers = [
            ("x-tenant-id", "local"),
            ("authorization", &bearer),
            ("x-pi-signature", &signature),
            ("x-pi-timestamp", &timestamp),
            ("x-pi-nonce", nonce),
        ];
        server.call("GET", target, &headers, "")
    };
    let unsigned = [("x-tenant-id", "local"), ("authorization", bearer.as_str())];
    let answer = server.call("GET", "/v1/runs", &unsigned, "");
    assert_eq!(code(&answer), (401, "signature_required"));
    // The memory of nonces begins with the server, so what is signed ahead of it is good.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let good = send("/v1/runs?limit=3", "/v1/runs?limit=3", "nonce-0123456789", 0);
    assert_eq!(good.0, 200, "{good:?}");
    let replayed = send("/v1/runs?limit=3", "/v1/runs?limit=3", "nonce-0123456789", 0);
    assert_eq!(code(&replayed), (401, "nonce_replayed"));
    let altered = send("/v1/runs?limit=4", "/v1/runs?limit=3", "nonce-0123456780", 0);
    assert_eq!(code(&altered), (401, "signature_mismatch"));
    let late = send("/v1/runs", "/v1/runs", "nonce-0123456781", 400);
    assert_eq!(code(&late), (401, "timestamp_outside_tolerance"));
}

#[test]
fn a_caller_has_so_many_requests_a_minute() {
    let lab = Lab::new();
    let serve = ["serve", "--dev", "--listen", "127.0.0.1:0", "--requests-per-minute", "3"];
    let server = Server::start(lab.command(&serve));
    let (local, system) = (server.admin("local"), server.admin("_system"));
    for _ in 0..3 {
        assert_eq!(server.ask(&local, "GET", "/v1/runs", &Value::Null).0, 200);
    }
    let answer = server.ask(&local, "GET", "/v1/runs", &Value::Null);
    assert_eq!(code(&answer), (429, "rate_limit_exceeded"));
    assert_eq!(server.ask(&system, "GET", "/v1/runs", &Value::Null).0, 200);
}

fn a_tenant_uses_what_its_quota_grants(lab: &Lab) {
    let server = Server::dev(lab);
    let system = server.admin("_system");
    let new = json!({"tenant": "acme", "display_name": "Acme",
        "quota": {"window_s": 3600, "compositions": 3, "bytes": 1000}});
    assert_eq!(server.ask(&system, "POST", "/v1/tenants", &new).0, 201);
    let new = json!({"tenant": "acme", "subject": "ops", "role": "admin"});
    let token = server.ask(&system, "POST", "/v1/tokens", &new).1["token"].clone();
    let acme = Caller { tenant: "acme".to_owned(), token: token.as_str().unwrap().to_owned() };
    // A refused submission counts as one, and what it did not use is free again.
    let file = dockerfile("FROM alpine:3.20\nUSER app\n");
    assert_eq!(code(&server.ask(&acme, "POST", SUBMIT, &file)), (403, "policy_missing"));
    let used = server.ask(&acme, "GET", "/v1/quota", &Value::Null).1;
    assert_eq!((&used["used"]["compositions"], &used["used"]["nodes"]), (&json!(1), &json!(0)));
    assert_eq!(used["in_flight"], json!(0));
    let policy = json!({"text": "permit(principal, action, resource);"});
    assert_eq!(server.ask(&acme, "PUT", "/v1/policies/own", &policy).0, 200);
    let large = dockerfile(&format!("FROM a\n# {}\n", "x".repeat(2_000)));
    assert_eq!(code(&server.ask(&acme, "POST", SUBMIT, &large)), (429, "quota_exceeded"));
    for _ in 0..2 {
        assert_eq!(server.ask(&acme, "POST", SUBMIT, &file).0, 201);
    }
    let count = || {
        let events = server.ask(&acme, "GET", "/v1/log/events?limit=200", &Value::Null).1;
        events["items"].as_array().unwrap().len()
    };
    let before = count();
    for _ in 0..5 {
        assert_eq!(code(&server.ask(&acme, "POST", SUBMIT, &file)), (429, "quota_exceeded"));
    }
    // Whoever is over the quota does not fill the log: what is new is the look at it.
    assert_eq!(count(), before + 1);
    let more = json!({"quota": {"window_s": 3600, "compositions": 4}});
    assert_eq!(server.ask(&system, "PATCH", "/v1/tenants/acme", &more).0, 200);
    assert_eq!(server.ask(&acme, "POST", SUBMIT, &file).0, 201);
    let own = server.ask(&acme, "PATCH", "/v1/tenants/acme", &more);
    assert_eq!(code(&own), (403, "permission_denied"));
}

#[test]
fn who_called_is_in_the_log_and_nothing_of_what_was_sent() {
    let lab = Lab::new();
    let mut server = Server::dev(&lab);
    let (local, system) = (server.admin("local"), server.admin("_system"));
    let marker = "never-written-anywhere";
    let file = dockerfile(&format!("FROM alpine:3.20\nUSER app\n# {marker}\n"));
    assert_eq!(server.ask(&local, "POST", SUBMIT, &file).0, 201);
    let path = format!("/v1/runs/{marker}?limit={marker}");
    assert_eq!(server.ask(&local, "GET", &path, &Value::Null).0, 404);
    for _ in 0..50 {
        let bearer = format!("Bearer {marker}");
        let headers = [("x-tenant-id", "local"), ("authorization", bearer.as_str())];
        assert_eq!(code(&server.call("GET", "/v1/runs", &headers, "")), (401, "token_invalid"));
        server.call("GET", "/v1/runs", &[("x-tenant-id", "nobody")], "");
    }
    let audit = |caller: &Caller| {
        server.ask(caller, "GET", "/v1/audit?limit=200", &Value::Null).1["items"].clone()
    };
    let of = |items: &Value, status: u64| -> Vec<Value> {
        let items = items.as_array().unwrap().iter();
        items.filter(|item| item["status"] == json!(status)).cloned().collect()
    };
    // A call is written down after it is answered.
    let mut items = audit(&local);
    for _ in 0..100 {
        if [201, 404, 401].iter().all(|status| !of(&items, *status).is_empty()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        items = audit(&local);
    }
    let submitted = &of(&items, 201)[0];
    assert_eq!(submitted["actor"], "dev");
    assert_eq!(submitted["route"], SUBMIT);
    assert_eq!(of(&items, 404)[0]["reason"], "unknown_run");
    // Fifty strangers are one event, until the minute is over.
    assert_eq!(of(&items, 401).len(), 1);
    assert_eq!(of(&items, 401)[0]["actor"], "anonymous");
    assert_eq!(of(&audit(&system), 401).len(), 1);
    assert!(!items.to_string().contains(marker));
    server.signal(rustix::process::Signal::TERM);
    // What was counted is written at the end.
    let again = Server::dev(&lab);
    let items = again.ask(&again.admin("local"), "GET", "/v1/audit?limit=200", &Value::Null).1;
    let calls: u64 =
        of(&items["items"], 401).iter().map(|item| item["calls"].as_u64().unwrap()).sum();
    assert_eq!(calls, 50);
}

#[test]
fn a_second_person_approves_and_a_key_is_answered_once() {
    let lab = Lab::new();
    let server = Server::dev(&lab);
    let local = server.admin("local");
    let attended = "permit(principal, action, resource); forbid(principal, \
        action == PI::Action::\"execute_unattended\", resource) \
        when { context.stage == \"admission\" };";
    let put = server.ask(&local, "PUT", "/v1/policies/own", &json!({"text": attended}));
    assert_eq!(put.0, 200, "{put:?}");
    let file = dockerfile("FROM alpine:3.20\nUSER app\n");
    let (status, waiting) = server.ask(&local, "POST", SUBMIT, &file);
    assert_eq!((status, waiting["state"].as_str()), (202, Some("pending")), "{waiting}");
    let path = format!("/v1/approvals/{}/approve", waiting["id"]);
    assert_eq!(code(&server.ask(&local, "POST", &path, &json!({}))), (403, "approval_self"));
    let person = |role: &str| {
        let new = json!({"subject": role, "role": role});
        let token = server.ask(&local, "POST", "/v1/tokens", &new).1["token"].clone();
        Caller { tenant: "local".to_owned(), token: token.as_str().unwrap().to_owned() }
    };
    let (viewer, operator) = (person("viewer"), person("operator"));
    assert_eq!(server.ask(&viewer, "GET", "/v1/approvals", &Value::Null).0, 200);
    assert_eq!(code(&server.ask(&viewer, "POST", &path, &json!({}))), (403, "permission_denied"));
    let (status, approved) = server.ask(&operator, "POST", &path, &json!({"reason": "fine"}));
    assert_eq!((status, approved["state"].as_str()), (200, Some("approved")), "{approved}");
    let body = file.to_string();
    let bearer = format!("Bearer {}", local.token);
    let headers =
        [("x-tenant-id", "local"), ("authorization", bearer.as_str()), ("idempotency-key", "k")];
    let first = server.call("POST", SUBMIT, &headers, &body);
    assert_eq!(first.0, 201, "{first:?}");
    assert_eq!(server.call("POST", SUBMIT, &headers, &body), first);
    assert_eq!(
        server.ask(&local, "GET", "/v1/runs", &Value::Null).1["items"].as_array().unwrap().len(),
        1
    );
    let other = server.call("POST", SUBMIT, &headers, &dockerfile("FROM b\n").to_string());
    assert_eq!(code(&other), (422, "idempotency_key_reused"));
}

#[test]
fn an_issuer_with_a_key_of_its_own_is_believed_until_its_key_is_retired() {
    // The key of RFC 8410, section 10.
    let private = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    let secret = Secret::new(private.as_bytes().to_vec(), Origin::Generated).unwrap();
    let key = SigningKey::from_pem(KeyId::new("ci").unwrap(), &secret).unwrap();
    let issuer = Tokens::new(KeySet::new(key).unwrap(), TokenOptions::default());
    let grant = Grant {
        subject: Actor::new("ci").unwrap(),
        tenant: Name::new("local").unwrap(),
        role: Role::Operator,
        lifetime_s: 600,
    };
    let minted = issuer.mint(grant, SystemClock.now(), TokenId::random().unwrap()).unwrap();
    let caller = Caller { tenant: "local".to_owned(), token: minted.token };
    let lab = Lab::new();
    for (more, expected) in [("", (200, "")), (r#","exp":1"#, (401, "token_key_unknown"))] {
        let keys = format!(
            r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"ci","alg":"EdDSA",
            "x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"{more}}}]}}"#
        );
        let mut command = with_secrets(&lab, &["serve", "--listen", "127.0.0.1:0"]);
        command.env("PI_SECRET_JWT_KEYS", keys);
        let server = Server::start(command);
        let answer = server.ask(&caller, "GET", "/v1/runs", &Value::Null);
        assert_eq!(code(&answer), expected, "{answer:?}");
    }
}

#[test]
fn it_refuses_to_start_unsafely() {
    let lab = Lab::new();
    lab.pi(&["serve", "--listen", "127.0.0.1:0"]).refused(2, "secret_not_found");
    lab.pi(&["serve", "--dev", "--listen", "0.0.0.0:0"]).refused(2, "invalid_request");
    let mut weak = lab.command(&["serve", "--listen", "127.0.0.1:0"]);
    weak.env("PI_SECRET_JWT", "short").env("PI_SECRET_REQUEST_SIGNING", SIGNING);
    Ran::new(weak.output().unwrap()).refused(2, "secret_weak");
}

fn what_was_acknowledged_outlives_a_kill(lab: &Lab) {
    let mut server = Server::dev(lab);
    let local = server.admin("local");
    let mut runs = Vec::new();
    for number in 0..5 {
        let body = dockerfile(&format!("FROM alpine:3.{number}\n"));
        let (status, report) = server.ask(&local, "POST", SUBMIT, &body);
        assert_eq!(status, 201);
        runs.push(report["run_id"].as_str().unwrap().to_owned());
    }
    server.signal(rustix::process::Signal::KILL);
    let mut again = Server::dev(lab);
    let local = again.admin("local");
    let (_, listed) = again.ask(&local, "GET", "/v1/runs", &Value::Null);
    let listed: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["run_id"].as_str().unwrap())
        .collect();
    assert_eq!(listed, runs.iter().rev().map(String::as_str).collect::<Vec<_>>());
    for run in &runs {
        let (status, replayed) =
            again.ask(&local, "POST", &format!("/v1/runs/{run}/replay"), &Value::Null);
        assert_eq!((status, replayed["result"].as_str().unwrap()), (200, "identical"));
    }
    again.signal(rustix::process::Signal::TERM);
    lab.verified();
}

#[test]
fn two_servers_on_one_database_make_one_log() {
    let postgres = pi_test_postgres::Server::any();
    let lab = on_postgres(&postgres);
    let servers = [Server::dev(&lab), Server::dev(&lab)];
    let runs: Vec<String> = std::thread::scope(|scope| {
        let submit = |number: usize| {
            let server = &servers[number % 2];
            let body = dockerfile(&format!("FROM alpine:3.{number}\n"));
            let (status, report) = server.ask(&server.admin("local"), "POST", SUBMIT, &body);
            assert_eq!(status, 201, "{report}");
            report["run_id"].as_str().unwrap().to_owned()
        };
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || submit(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for server in &servers {
        let listed = server.ask(&server.admin("local"), "GET", "/v1/runs", &Value::Null).1;
        let listed: std::collections::BTreeSet<&str> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["run_id"].as_str().unwrap())
            .collect();
        assert_eq!(listed, runs.iter().map(String::as_str).collect());
    }
    lab.verified();
}

#[test]
fn a_database_that_dies_is_survived() {
    let mut postgres = pi_test_postgres::Server::own();
    let lab = on_postgres(&postgres);
    let server = Server::dev(&lab);
    let local = server.admin("local");
    let submit = |number: usize| {
        server.ask(&local, "POST", SUBMIT, &dockerfile(&format!("FROM alpine:3.{number}\n")))
    };
    let ready = || server.call("GET", "/v1/health/ready", &[], "").0;
    let mut runs = Vec::new();
    for round in 0..3 {
        let (status, report) = submit(round);
        assert_eq!(status, 201, "{report}");
        runs.push(report["run_id"].as_str().unwrap().to_owned());
        assert_eq!(ready(), 200);
        postgres.kill();
        assert_eq!(ready(), 503);
        let refused = submit(100 + round);
        assert_eq!(code(&refused), (503, "log_unavailable"));
        assert_eq!(server.call("GET", "/v1/health", &[], "").0, 200, "it lives");
        postgres.start();
    }
    let listed = server.ask(&local, "GET", "/v1/runs", &Value::Null).1;
    for run in &runs {
        let there = |item: &&Value| item["run_id"].as_str() == Some(run);
        assert_eq!(listed["items"].as_array().unwrap().iter().filter(there).count(), 1);
    }
    lab.verified();
}

#[test]
fn an_unsafe_database_is_refused() {
    let postgres = pi_test_postgres::Server::any();
    let url = postgres.url("admin", "postgres");
    let lab = Lab::with(vec![("PI_DATABASE_URL", url)]);
    lab.pi(&["serve", "--dev", "--listen", "127.0.0.1:0"]).refused(2, "database_unsafe");
    lab.pi(&["log", "verify"]).refused(2, "database_unsafe");
    let file = lab.beside("url");
    std::fs::write(&file, "host=/nowhere user=pi").unwrap();
    let lab = Lab::with(vec![("PI_DATABASE_URL_FILE", file.display().to_string())]);
    lab.pi(&["log", "verify"]).refused(2, "secret_unreadable");
}
