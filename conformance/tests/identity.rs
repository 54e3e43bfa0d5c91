//! Who calls: tokens, signatures, secrets and limits. The attacks on them are tests of
//! `pi-identity`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use http::{HeaderMap, HeaderValue};
use pi_control_plane::roles::{Permission, Role, authorize};
use pi_core::{Digest, Name, Reason, Timestamp};
use pi_identity::{
    Actor, Authenticator, CorrelationId, Grant, Identity, KeyId, KeySet, LimitOptions, NonceWindow,
    Origin, RateLimiter, Request, RequestSigning, Secret, Secrets, Signable, SigningKey,
    SigningRule, Tenants, TokenId, TokenOptions, Tokens, Unavailable,
};

const NOW_S: u64 = 1_800_000_000;
const SECRET: &str = "conformance-Zm9yIG9uZSB0ZXN0IG9ubHkgMDEyMzQ1";

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.into(), Origin::Generated).unwrap()
}

fn tokens(with: &str) -> Tokens {
    let key = SigningKey::shared(KeyId::new("shared").unwrap(), &secret(with)).unwrap();
    Tokens::new(KeySet::new(key).unwrap(), TokenOptions::default())
}

fn grant() -> Grant {
    Grant {
        subject: Actor::new("alice").unwrap(),
        tenant: name("acme"),
        role: Role::Operator,
        lifetime_s: 3600,
    }
}

fn token() -> String {
    let id = TokenId::from_random([1; 16]);
    tokens(SECRET).mint(grant(), at(NOW_S), id).unwrap().token
}

fn signable(tenant: &Name) -> Signable<'_> {
    Signable {
        method: "POST",
        target: "/v1/compositions/submit?wait=1",
        timestamp: "1800000000",
        nonce: "bm9uY2Utb2YtYS10ZXN0",
        tenant,
        body: Digest::of(b"{}"),
    }
}

fn nonces() -> NonceWindow {
    NonceWindow::new(10, at(NOW_S - 3600))
}

#[test]
fn SEC1_and_PROD_5_a_token_reads_back_what_was_granted() {
    let claims = tokens(SECRET).verify(&token(), at(NOW_S)).unwrap();
    assert_eq!((claims.subject, claims.tenant, claims.role), {
        let Grant { subject, tenant, role, .. } = grant();
        (subject, tenant, role)
    });
    assert_eq!((claims.issued_at, claims.expires_at), (at(NOW_S), at(NOW_S + 3600)));
}

#[test]
fn SEC2_and_PROD_5_an_expired_token_is_refused() {
    let last = Timestamp::from_micros(at(NOW_S + 3600).as_micros() - 1);
    assert!(tokens(SECRET).verify(&token(), last).is_ok());
    let refusal = tokens(SECRET).verify(&token(), at(NOW_S + 3600)).unwrap_err();
    assert_eq!(refusal.reason, Reason::TokenExpired);
}

#[test]
fn SEC3_a_token_with_another_secret_is_refused() {
    let refusal = tokens(&format!("{SECRET}6")).verify(&token(), at(NOW_S)).unwrap_err();
    assert_eq!(refusal.reason, Reason::TokenSignatureMismatch);
}

#[test]
fn SEC4_and_PROD_6_a_signature_covers_the_request() {
    let (acme, other) = (name("acme"), name("other"));
    let signing = RequestSigning::new(secret(SECRET));
    let good = signable(&acme);
    let signature = signing.sign(&good).unwrap();
    signing.verify(&good, &signature, &nonces(), at(NOW_S)).unwrap();
    for altered in [
        Signable { method: "PUT", ..good },
        Signable { target: "/v1/compositions/submit", ..good },
        Signable { timestamp: "1800000001", ..good },
        Signable { nonce: "YW5vdGhlci1ub25jZQ", ..good },
        Signable { tenant: &other, ..good },
        Signable { body: Digest::of(b"[]"), ..good },
    ] {
        let refusal = signing.verify(&altered, &signature, &nonces(), at(NOW_S)).unwrap_err();
        assert_eq!(refusal.reason, Reason::SignatureMismatch, "{altered:?}");
    }
}

#[test]
fn SEC5_an_old_signature_is_refused() {
    let acme = name("acme");
    let signing = RequestSigning::new(secret(SECRET));
    let signature = signing.sign(&signable(&acme)).unwrap();
    for (second, good) in [(300, true), (301, false)] {
        for now in [at(NOW_S - second), at(NOW_S + second)] {
            let verified = signing.verify(&signable(&acme), &signature, &nonces(), now);
            let reason = verified.err().map(|refusal| refusal.reason);
            assert_eq!(reason, (!good).then_some(Reason::TimestampOutsideTolerance));
        }
    }
}

#[test]
fn SEC8_and_PROD_9_the_environment_beats_the_file_and_there_is_no_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwt");
    fs::write(&path, SECRET).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let find = |variable: Option<&str>, name: &str| {
        let environment = |_: &str| variable.map(OsString::from);
        let folder = Some(folder.path().to_owned());
        Secrets { environment: &environment, folder, dev: false }.find(name)
    };
    let variable = format!("{SECRET}-of-the-environment");
    let found = find(Some(&variable), "JWT").unwrap();
    assert_eq!(found.expose(), variable.as_bytes());
    assert_eq!(found.origin(), &Origin::Environment("PI_SECRET_JWT".into()));
    assert_eq!(find(None, "JWT").unwrap().origin(), &Origin::File(path));
    assert_eq!(find(None, "OTHER").unwrap_err().reason(), Reason::SecretNotFound);
}

#[test]
fn SEC9_a_rotated_secret_has_64_of_64_characters() {
    let (old, new) = (Secret::generate().unwrap(), Secret::generate().unwrap());
    assert_ne!(old.expose(), new.expose());
    assert_eq!(new.expose().len(), 64);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    assert!(new.expose().iter().all(allowed));
}

#[test]
fn INT3_and_PROD_8_a_sliding_window_limits_each_caller() {
    let options = LimitOptions { requests: 2, window_s: 60, callers: 10 };
    let limiter = RateLimiter::new(options);
    let (acme, alice) = (name("acme"), Actor::new("alice").unwrap());
    let check = |second| limiter.check(&acme, &alice, at(NOW_S + second));
    assert!(check(0).allowed && check(59).allowed);
    let refused = check(59);
    assert_eq!(refused.refusal().unwrap().reason, Reason::RateLimitExceeded);
    assert_eq!(refused.refusal().unwrap().status(), 429);
    assert!(refused.headers().contains(&("retry-after", "1".to_owned())));
    assert!(limiter.check(&acme, &Actor::new("bob").unwrap(), at(NOW_S + 59)).allowed);
    assert!(limiter.check(&name("other"), &alice, at(NOW_S + 59)).allowed);
    assert!(check(60).allowed && !check(118).allowed && check(119).allowed);
}

#[test]
fn SEC6_and_PROD_7_four_roles_have_fixed_lists_of_rights() {
    let system = name("_system");
    for permission in Permission::ALL {
        assert!(Role::Admin.may(permission), "{}", permission.as_str());
        authorize(&system, Role::Admin, permission, &system).unwrap();
    }
    let count = |role: Role| Permission::ALL.into_iter().filter(|p| role.may(*p)).count();
    assert_eq!(Role::ALL.map(count), [31, 25, 13, 12]);
    // What a viewer or a program may, an operator may.
    for role in [Role::Viewer, Role::ApiKey] {
        for permission in Permission::ALL.into_iter().filter(|p| role.may(*p)) {
            assert!(Role::Operator.may(permission), "{}", permission.as_str());
        }
    }
    assert!(!Role::Viewer.may(Permission::CompositionsSubmit));
    assert!(!Role::ApiKey.may(Permission::ApprovalsDecide));
    assert_eq!(Role::from_word("owner"), None);
}

#[test]
fn SEC7_an_operator_has_no_right_across_tenants() {
    let (acme, globex, system) = (name("acme"), name("globex"), name("_system"));
    for permission in Permission::ALL {
        for home in [&acme, &system] {
            let refused = authorize(home, Role::Operator, permission, &globex).unwrap_err();
            assert_eq!(refused.reason(), Reason::PermissionDenied, "{}", permission.as_str());
        }
    }
}

struct OneTenant(Identity);

impl Tenants for OneTenant {
    fn is_active(&self, tenant: &Name) -> Result<bool, Unavailable> {
        Ok(tenant.as_str() == "acme")
    }

    fn identity<T>(
        &self,
        _tenant: &Name,
        look: impl FnOnce(&Identity) -> T,
    ) -> Result<T, Unavailable> {
        Ok(look(&self.0))
    }
}

#[test]
fn INT7_token_and_signature_verify_together() {
    let acme = name("acme");
    let rule = SigningRule {
        signing: RequestSigning::new(secret(SECRET)),
        nonces: Box::new(nonces()),
        required: true,
    };
    let (tokens, tenants) = (tokens(SECRET), OneTenant(Identity::new(86_400)));
    let authenticator = Authenticator { tokens: &tokens, tenants: &tenants, signing: Some(&rule) };
    let signable = signable(&acme);
    let signature = rule.signing.sign(&signable).unwrap();
    let bearer = format!("Bearer {}", token());
    let headers: HeaderMap = [
        (http::header::AUTHORIZATION, bearer.as_str()),
        ("x-tenant-id".parse().unwrap(), "acme"),
        ("x-pi-signature".parse().unwrap(), &signature),
        ("x-pi-timestamp".parse().unwrap(), signable.timestamp),
        ("x-pi-nonce".parse().unwrap(), signable.nonce),
    ]
    .into_iter()
    .map(|(name, value)| (name, HeaderValue::from_str(value).unwrap()))
    .collect();
    let ask = |headers: &HeaderMap| {
        let request = Request { method: "POST", target: signable.target, headers, body: b"{}" };
        let made = CorrelationId::new("made").unwrap();
        authenticator.authenticate(&request, made, at(NOW_S))
    };
    let mut unsigned = headers.clone();
    unsigned.remove("x-pi-signature");
    assert_eq!(ask(&unsigned).unwrap_err().reason, Reason::SignatureRequired);
    let mut nobody = headers.clone();
    nobody.remove(http::header::AUTHORIZATION);
    assert_eq!(ask(&nobody).unwrap_err().reason, Reason::TokenRequired);
    assert!(ask(&headers).unwrap().is_signed());
    assert_eq!(ask(&headers).unwrap_err().reason, Reason::NonceReplayed);
}
