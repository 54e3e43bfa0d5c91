//! Whole requests: who calls, and the attacks on that.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::*;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use pi_core::{Digest, Name, Reason};
use pi_identity::api_key::RANDOM_BYTES;
use pi_identity::{
    Actor, Authenticator, Caller, CorrelationId, Identity, IdentityEvent, Means, NewApiKey,
    NonceWindow, Refusal, Request, RequestSigning, Signable, SigningRule, Tenants, TokenId, Tokens,
    Unavailable,
};

const BODY: &[u8] = br#"{"a":1}"#;
const TARGET: &str = "/v1/runs?x=1";

fn api_key() -> NewApiKey {
    NewApiKey::from_random(&[5; RANDOM_BYTES], "deploy", now(), None).unwrap()
}

fn apply(identity: &mut Identity, event: &IdentityEvent) {
    let draft = event.draft(&Actor::new("admin").unwrap(), None, now()).unwrap();
    identity.apply(draft.event_type, &draft.payload, now()).unwrap();
}

/// A server with the tenants `acme` and `other`, and one whose log is broken.
struct Server {
    tokens: Tokens,
    acme: Identity,
    other: Identity,
    signing: Option<SigningRule>,
}

impl Tenants for Server {
    fn is_active(&self, tenant: &Name) -> Result<bool, Unavailable> {
        Ok(matches!(tenant.as_str(), "acme" | "other" | "broken"))
    }

    fn identity<T>(
        &self,
        tenant: &Name,
        look: impl FnOnce(&Identity) -> T,
    ) -> Result<T, Unavailable> {
        match tenant.as_str() {
            "acme" => Ok(look(&self.acme)),
            "other" => Ok(look(&self.other)),
            _ => Err(Unavailable(Reason::LogUnavailable)),
        }
    }
}

fn server(signing: Option<bool>) -> Server {
    let mut acme = Identity::new(86_400);
    apply(&mut acme, &IdentityEvent::ApiKeyIssued(api_key().record));
    let revoked = IdentityEvent::TokenRevoked {
        id: TokenId::new("revoked").unwrap(),
        expires_at: at(NOW_S + 9999),
        reason: "lost".into(),
    };
    apply(&mut acme, &revoked);
    let signing = signing.map(|required| SigningRule {
        signing: RequestSigning::new(secret(SHARED)),
        nonces: Box::new(NonceWindow::new(100, at(NOW_S - 1000))),
        required,
    });
    Server { tokens: tokens(), acme, other: Identity::new(86_400), signing }
}

fn authenticate(server: &Server, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let request = Request { method: "POST", target: TARGET, headers, body: BODY };
    let made = CorrelationId::new("made").unwrap();
    let Server { tokens, signing, .. } = server;
    Authenticator { tokens, tenants: server, signing: signing.as_ref() }.authenticate(
        &request,
        made,
        now(),
    )
}

fn headers(all: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in all {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    map
}

fn ask(server: &Server, all: &[(&str, &str)]) -> Result<Caller, Refusal> {
    authenticate(server, &headers(all))
}

fn refused(all: &[(&str, &str)]) -> Reason {
    ask(&server(Some(false)), all).unwrap_err().reason
}

fn bearer() -> String {
    format!("Bearer {}", mint(&tokens()))
}

#[test]
fn a_token_makes_a_caller() {
    for scheme in ["Bearer ", "bearer ", "BEARER  "] {
        let authorization = format!("{scheme}{}", mint(&tokens()));
        let caller =
            ask(&server(None), &[("x-tenant-id", "acme"), ("authorization", &authorization)])
                .unwrap();
        assert_eq!(caller.tenant(), &name("acme"));
        assert_eq!(caller.actor().as_str(), "alice@example.org");
        assert_eq!(caller.role().as_str(), "operator");
        assert_eq!(caller.correlation_id().as_str(), "made");
        assert!(matches!(caller.means(), Means::Token(_)));
        assert!(!caller.is_signed());
    }
    let caller = ask(
        &server(None),
        &[
            ("X-Tenant-ID", "acme"),
            ("Authorization", &bearer()),
            ("X-Correlation-ID", "req-1:a.b_c"),
        ],
    );
    assert_eq!(caller.unwrap().correlation_id().as_str(), "req-1:a.b_c");
}

#[test]
fn an_api_key_makes_a_caller_of_its_tenant_alone() {
    let authorization = format!("Bearer {}", *api_key().key);
    let with = |tenant| [("x-tenant-id", tenant), ("authorization", authorization.as_str())];
    let caller = ask(&server(None), &with("acme")).unwrap();
    assert_eq!(caller.role().as_str(), "api_key");
    assert_eq!(caller.actor(), &api_key().record.id.actor());
    assert_eq!(caller.means(), &Means::ApiKey(api_key().record.id));
    assert_eq!(refused(&with("other")), Reason::ApiKeyInvalid);
}

#[test]
fn the_checks_come_in_their_order() {
    let bearer = bearer();
    let good = ("authorization", bearer.as_str());
    let broken = forge(HEADER, &claims_with("tenant_id", r#""broken""#), SHARED);
    let broken = format!("Bearer {broken}");
    let ended = forge(HEADER, &claims_with("tenant_id", r#""ended""#), SHARED);
    let ended = format!("Bearer {ended}");
    let key = format!("Bearer {}", api_key().key.as_str());
    for (headers, reason, status) in [
        (vec![], Reason::TenantIdRequired, 400),
        (vec![good], Reason::TenantIdRequired, 400),
        (vec![("x-tenant-id", ""), good], Reason::TenantIdInvalid, 400),
        (vec![("x-tenant-id", "../acme"), good], Reason::TenantIdInvalid, 400),
        (vec![("x-tenant-id", "acme' OR 1=1 --"), good], Reason::TenantIdInvalid, 400),
        // Names of tenants are not told to whoever has no bearer of theirs.
        (vec![("x-tenant-id", "nobody")], Reason::TokenRequired, 401),
        (vec![("x-tenant-id", "nobody"), ("authorization", "Bearer x")], Reason::TokenInvalid, 401),
        (
            vec![("x-tenant-id", "nobody"), ("authorization", key.as_str())],
            Reason::ApiKeyInvalid,
            401,
        ),
        (vec![("x-tenant-id", "nobody"), good], Reason::TokenTenantMismatch, 403),
        (vec![("x-tenant-id", "ACME"), good], Reason::TokenTenantMismatch, 403),
        (
            vec![("x-tenant-id", "ended"), ("authorization", ended.as_str())],
            Reason::TenantInactive,
            403,
        ),
        (
            vec![("x-tenant-id", "broken"), ("authorization", broken.as_str())],
            Reason::LogUnavailable,
            503,
        ),
        (vec![("x-tenant-id", "acme")], Reason::TokenRequired, 401),
        (vec![("x-tenant-id", "acme"), ("authorization", "")], Reason::TokenRequired, 401),
        (vec![("x-tenant-id", "acme"), ("authorization", "Bearer")], Reason::TokenRequired, 401),
        (vec![("x-tenant-id", "acme"), ("authorization", "Bearer ")], Reason::TokenRequired, 401),
        (
            vec![("x-tenant-id", "acme"), ("authorization", "Basic YTpi")],
            Reason::TokenRequired,
            401,
        ),
        (vec![("x-tenant-id", "acme"), ("authorization", "Bearer x")], Reason::TokenInvalid, 401),
        (
            vec![("x-tenant-id", "acme"), ("authorization", "Bearer pik_x")],
            Reason::ApiKeyInvalid,
            401,
        ),
        // The token is good, and for another tenant that is active as well.
        (vec![("x-tenant-id", "other"), good], Reason::TokenTenantMismatch, 403),
        (
            vec![("x-tenant-id", "acme"), good, ("x-correlation-id", "a b")],
            Reason::CorrelationIdInvalid,
            400,
        ),
        (
            vec![("x-tenant-id", "acme"), good, ("x-pi-signature", "00")],
            Reason::SignatureRequired,
            401,
        ),
    ] {
        let refusal = ask(&server(Some(false)), &headers).unwrap_err();
        assert_eq!((refusal.reason, refusal.status()), (reason, status), "{headers:?}");
    }
}

#[test]
fn a_revoked_token_makes_no_caller() {
    let token = forge(HEADER, &claims_with("jti", r#""revoked""#), SHARED);
    let authorization = format!("Bearer {token}");
    let headers = [("x-tenant-id", "acme"), ("authorization", authorization.as_str())];
    assert_eq!(refused(&headers), Reason::TokenRevoked);
    // Of another tenant's tokens it says nothing.
    let other = claims_with("jti", r#""revoked""#).replace("acme", "other");
    let authorization = format!("Bearer {}", forge(HEADER, &other, SHARED));
    let headers = [("x-tenant-id", "other"), ("authorization", authorization.as_str())];
    ask(&server(None), &headers).unwrap();
}

#[test]
fn no_header_of_identity_stands_twice() {
    let bearer = bearer();
    let good = [("x-tenant-id", "acme"), ("authorization", bearer.as_str())];
    for twice in [
        ("x-tenant-id", "acme"),
        ("x-tenant-id", "other"),
        ("authorization", bearer.as_str()),
        ("authorization", "Bearer x"),
    ] {
        let mut headers = good.to_vec();
        headers.push(twice);
        assert_eq!(refused(&headers), Reason::HeaderAmbiguous, "{twice:?}");
    }
    for name in ["x-correlation-id", "x-pi-signature", "x-pi-timestamp", "x-pi-nonce"] {
        let mut headers = good.to_vec();
        headers.extend([(name, "1"), (name, "2")]);
        assert_eq!(refused(&headers), Reason::HeaderAmbiguous, "{name}");
    }
}

#[test]
fn nothing_injects_a_header_or_a_line() {
    // The header type takes no line break at all.
    for value in ["a\r\nX-Role: admin", "a\nb", "a\0b"] {
        assert!(HeaderValue::from_str(value).is_err());
    }
    let bearer = bearer();
    let mut map = headers(&[("x-tenant-id", "acme"), ("authorization", &bearer)]);
    for (value, reason) in [
        (&b"caf\xc3\xa9"[..], Reason::HeaderAmbiguous),
        (b"a\tb", Reason::HeaderAmbiguous),
        (b"", Reason::CorrelationIdInvalid),
        (b"<script>", Reason::CorrelationIdInvalid),
        (b"a,b", Reason::CorrelationIdInvalid),
        (&[b'a'; 129], Reason::CorrelationIdInvalid),
    ] {
        map.insert("x-correlation-id", HeaderValue::from_bytes(value).unwrap());
        let refusal = authenticate(&server(None), &map).unwrap_err();
        assert_eq!(refusal.reason, reason);
    }
    // Nor does the role or the tenant come from anywhere but the token.
    let caller = ask(
        &server(None),
        &[("x-tenant-id", "acme"), ("authorization", &bearer), ("x-role", "admin")],
    );
    assert_eq!(caller.unwrap().role().as_str(), "operator");
}

fn signature(tenant: &str, target: &str, body: &[u8], nonce: &str) -> String {
    let tenant = name(tenant);
    let signable = Signable {
        method: "POST",
        target,
        timestamp: "1800000000",
        nonce,
        tenant: &tenant,
        body: Digest::of(body),
    };
    RequestSigning::new(secret(SHARED)).sign(&signable).unwrap()
}

#[test]
fn a_signed_request_is_good_once_and_only_as_it_was_signed() {
    const NONCE: &str = "0123456789abcdef";
    let (server, bearer) = (server(Some(true)), bearer());
    let ask_signed = |signature: &str, nonce: &str| {
        ask(
            &server,
            &[
                ("x-tenant-id", "acme"),
                ("authorization", &bearer),
                ("x-pi-signature", signature),
                ("x-pi-timestamp", "1800000000"),
                ("x-pi-nonce", nonce),
            ],
        )
    };
    for other in [
        signature("other", TARGET, BODY, NONCE),
        signature("acme", "/v1/runs", BODY, NONCE),
        signature("acme", TARGET, b"", NONCE),
        signature("acme", TARGET, BODY, "fedcba9876543210"),
    ] {
        let refusal = ask_signed(&other, NONCE).unwrap_err();
        assert_eq!(refusal.reason, Reason::SignatureMismatch);
    }
    let good = signature("acme", TARGET, BODY, NONCE);
    assert!(ask_signed(&good, NONCE).unwrap().is_signed());
    assert_eq!(ask_signed(&good, NONCE).unwrap_err().reason, Reason::NonceReplayed);
}

#[test]
fn signatures_are_demanded_where_they_must_be_and_refused_where_they_mean_nothing() {
    let bearer = bearer();
    let good = [("x-tenant-id", "acme"), ("authorization", bearer.as_str())];
    ask(&server(None), &good).unwrap();
    ask(&server(Some(false)), &good).unwrap();
    let refusal = ask(&server(Some(true)), &good).unwrap_err();
    assert_eq!(refusal.reason, Reason::SignatureRequired);
    for part in ["x-pi-signature", "x-pi-timestamp", "x-pi-nonce"] {
        let headers = [good[0], good[1], (part, "1")];
        let refusal = ask(&server(None), &headers).unwrap_err();
        assert_eq!(refusal.reason, Reason::SignatureInvalid, "{part}");
        let refusal = ask(&server(Some(false)), &headers).unwrap_err();
        assert_eq!(refusal.reason, Reason::SignatureRequired, "{part}");
    }
}

#[test]
fn who_is_not_authenticated_uses_up_no_nonce() {
    const NONCE: &str = "0123456789abcdef";
    let server = server(Some(true));
    let good = signature("acme", TARGET, BODY, NONCE);
    let signed = |bearer: &str| {
        ask(
            &server,
            &[
                ("x-tenant-id", "acme"),
                ("authorization", bearer),
                ("x-pi-signature", &good),
                ("x-pi-timestamp", "1800000000"),
                ("x-pi-nonce", NONCE),
            ],
        )
    };
    assert_eq!(signed("Bearer x").unwrap_err().reason, Reason::TokenInvalid);
    signed(&bearer()).unwrap();
}
