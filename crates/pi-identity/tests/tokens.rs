//! Tokens, and the attacks on them. None succeeds.

#![allow(clippy::unwrap_used, reason = "test code")]

mod common;

use common::*;
use pi_core::Reason;
use pi_identity::{
    Actor, Claims, Grant, KeyError, KeySet, Refusal, SigningKey, TokenId, TokenOptions, Tokens,
    VerifyingKey,
};
use proptest::prelude::*;

fn refused(result: Result<Claims, Refusal>) -> Reason {
    result.unwrap_err().reason
}

fn refused_claims(claims: &str) -> Reason {
    refused(tokens().verify(&forge(HEADER, claims, SHARED), now()))
}

#[test]
fn what_is_minted_verifies_under_each_algorithm() {
    for (tokens, algorithm) in [
        (tokens(), "HS256"),
        (signed_by("ed", &ed25519_pem(1).0), "EdDSA"),
        (signed_by("ec", &p256_pem(2).0), "ES256"),
    ] {
        assert_eq!(tokens.keys().active().verifying().algorithm().as_str(), algorithm);
        let minted = tokens.mint(grant(), now(), TokenId::from_random([7; 16])).unwrap();
        assert_eq!(tokens.verify(&minted.token, now()).unwrap(), minted.claims);
        assert_eq!(minted.claims.tenant, name("acme"));
        assert_eq!(minted.claims.id.as_str(), "07".repeat(16));
        // A server that only has the public key verifies it as well.
        assert_eq!(self::tokens().verify(&minted.token, now()).unwrap(), minted.claims);
    }
}

#[test]
fn a_good_forgery_is_good_so_that_the_bad_ones_are_bad_for_one_reason() {
    tokens().verify(&forge(HEADER, &object(&members()), SHARED), now()).unwrap();
    // Whoever shares a secret needs no key id.
    for header in [r#"{"alg":"HS256"}"#, r#"{"alg":"HS256","typ":"JWT"}"#] {
        tokens().verify(&forge(header, &object(&members()), SHARED), now()).unwrap();
    }
    for audience in [r#"["pi-platform"]"#, r#"["x","pi-platform"]"#] {
        let claims = claims_with("aud", audience);
        tokens().verify(&forge(HEADER, &claims, SHARED), now()).unwrap();
    }
    tokens().verify(&forge(HEADER, &claims_with("extra", r#"{"a":[1]}"#), SHARED), now()).unwrap();
}

#[test]
fn no_spelling_of_none_is_an_algorithm() {
    let claims = base64url(object(&members()));
    for alg in ["none", "None", "NONE", "nOnE", "", " none", "none ", "hs256", "HS256 ", "HS512"] {
        for kid in ["", r#","kid":"shared""#, r#","kid":"ed""#] {
            let header = format!(r#"{{"alg":"{alg}"{kid}}}"#);
            let unsigned = format!("{}.{claims}.", base64url(&header));
            let signed = forge(&header, &object(&members()), SHARED);
            for token in [unsigned, signed] {
                let reason = refused(tokens().verify(&token, now()));
                assert_eq!(reason, Reason::TokenAlgorithmRefused, "{header}");
            }
        }
    }
    for header in [r#"{"kid":"shared"}"#, r#"{"alg":null}"#, r#"{"alg":["HS256"]}"#, "{}", "[]"] {
        let token = forge(header, &object(&members()), SHARED);
        assert_eq!(refused(tokens().verify(&token, now())), Reason::TokenInvalid, "{header}");
    }
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let (_, ed_public) = ed25519_pem(1);
    let (_, ec_public) = p256_pem(2);
    let ed_raw = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
    let keys: [&[u8]; 3] = [ed_public.as_bytes(), ec_public.as_bytes(), &ed_raw];
    for key in keys {
        for kid in ["ed", "ec"] {
            let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
            let token = forge(&header, &object(&members()), key);
            assert_eq!(refused(tokens().verify(&token, now())), Reason::TokenAlgorithmRefused);
        }
        let token = forge(HEADER, &object(&members()), key);
        assert_eq!(refused(tokens().verify(&token, now())), Reason::TokenSignatureMismatch);
    }
    // Nor can an operator make one of it by mistake.
    for pem in [ed_public, ec_public] {
        let refused = SigningKey::shared(key_id("shared"), &secret(pem.as_bytes()));
        assert_eq!(refused.unwrap_err(), KeyError::NotASecret);
        let refused = SigningKey::from_pem(key_id("shared"), &secret(pem.as_bytes()));
        assert_eq!(refused.unwrap_err(), KeyError::NotAPrivateKey);
    }
    let refused = VerifyingKey::from_pem(key_id("x"), &ed25519_pem(1).0);
    assert_eq!(refused.unwrap_err(), KeyError::NotAPublicKey);
}

#[test]
fn the_header_chooses_among_known_keys_and_nothing_else() {
    for kid in [
        "unknown",
        "",
        "../../etc/passwd",
        "/dev/null",
        "shared\\u0000",
        "shared' OR '1'='1",
        "http://evil.example/key",
        "shared\\n",
        &"k".repeat(65),
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
        let token = forge(&header, &object(&members()), SHARED);
        assert_eq!(refused(tokens().verify(&token, now())), Reason::TokenKeyUnknown, "{kid}");
    }
    for more in [
        r#""jku":"https://evil.example/jwks""#,
        r#""jwk":{"kty":"oct","k":"AA"}"#,
        r#""x5u":"https://evil.example""#,
        r#""x5c":["AA"]"#,
        r#""crit":["exp"]"#,
        r#""b64":false"#,
        r#""zip":"DEF""#,
        r#""alg":"none""#,
        r#""kid":"ed""#,
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"shared",{more}}}"#);
        let token = forge(&header, &object(&members()), SHARED);
        assert_eq!(refused(tokens().verify(&token, now())), Reason::TokenInvalid, "{more}");
    }
    let token = forge(r#"{"alg":"HS256","typ":"JOSE"}"#, &object(&members()), SHARED);
    assert_eq!(refused(tokens().verify(&token, now())), Reason::TokenInvalid);
    // Where no secret is shared, every token names its key.
    let token = forge(r#"{"alg":"HS256"}"#, &object(&members()), SHARED);
    let asymmetric = signed_by("ed", &ed25519_pem(1).0);
    assert_eq!(refused(asymmetric.verify(&token, now())), Reason::TokenKeyUnknown);
}

#[test]
fn another_key_of_the_same_kind_does_not_verify() {
    for (id, pem) in [("ed", ed25519_pem(9).0), ("ec", p256_pem(9).0)] {
        let token = mint(&signed_by(id, &pem));
        assert_eq!(refused(tokens().verify(&token, now())), Reason::TokenSignatureMismatch);
    }
    let token = forge(HEADER, &object(&members()), &[7; 40]);
    assert_eq!(refused(tokens().verify(&token, now())), Reason::TokenSignatureMismatch);
}

#[test]
fn keys_rotate() {
    let old = SigningKey::from_pem(key_id("2026"), &secret(ed25519_pem(3).0.as_bytes())).unwrap();
    let retiring = old.verifying().clone().until(at(NOW_S + 100));
    let token = mint(&Tokens::new(KeySet::new(old).unwrap(), TokenOptions::default()));
    let new = || SigningKey::from_pem(key_id("2027"), &secret(p256_pem(4).0.as_bytes())).unwrap();
    let keys = KeySet::new(new()).unwrap().with(retiring.clone()).unwrap();
    assert_eq!(keys.verifying().count(), 2);
    let rotated = Tokens::new(keys, TokenOptions::default());
    rotated.verify(&token, at(NOW_S + 100)).unwrap();
    assert_eq!(refused(rotated.verify(&token, at(NOW_S + 101))), Reason::TokenKeyUnknown);
    rotated.verify(&mint(&rotated), now()).unwrap();
    let twice = KeySet::new(new()).unwrap().with(retiring.clone()).unwrap().with(retiring);
    assert_eq!(twice.unwrap_err(), KeyError::IdTaken);
}

#[test]
fn each_claim_is_required() {
    for (claim, _) in members() {
        let without: Vec<_> = members().into_iter().filter(|(key, _)| *key != claim).collect();
        assert_eq!(refused_claims(&object(&without)), Reason::TokenClaimMissing, "{claim}");
        assert_eq!(refused_claims(&claims_with(claim, "null")), Reason::TokenClaimMissing);
    }
}

#[test]
fn a_claim_stands_once_and_has_its_form() {
    for (claim, value) in members() {
        let mut twice = members();
        twice.push((claim, value));
        assert_eq!(refused_claims(&object(&twice)), Reason::TokenInvalid, "{claim}");
        let odd = claims_with(claim, "{}");
        assert_eq!(refused_claims(&odd), Reason::TokenInvalid, "{claim}");
    }
    for (claim, value) in [
        ("exp", "1e12"),
        ("exp", "-1"),
        ("exp", "1800003600.5"),
        ("exp", "18446744073709551615"),
        ("iat", "18446744073709551615"),
        ("nbf", "18446744073709551615"),
        ("exp", "18446744073709551616"),
        ("sub", r#""""#),
        ("sub", r#""a b""#),
        ("sub", r#""a\r\nX-Role: admin""#),
        ("sub", r#""api_key:k1""#),
        ("tenant_id", r#""../acme""#),
        ("tenant_id", r#""acme\u0000""#),
        ("tenant_id", r#"["acme","evil"]"#),
        ("jti", r#""""#),
        ("jti", r#""a;b""#),
    ] {
        let reason = refused_claims(&claims_with(claim, value));
        assert_eq!(reason, Reason::TokenInvalid, "{claim}: {value}");
    }
    for claims in ["", "[]", "null", "{", &"[".repeat(2000)] {
        assert_eq!(refused_claims(claims), Reason::TokenInvalid);
    }
}

#[test]
fn issuer_audience_and_role_are_ours() {
    let far = format!("[{}\"pi-platform\"]", "\"x\",".repeat(8));
    for (claim, value, reason) in [
        ("iss", r#""evil""#, Reason::TokenIssuerMismatch),
        ("iss", r#""pi-platform ""#, Reason::TokenIssuerMismatch),
        ("aud", r#""other""#, Reason::TokenAudienceMismatch),
        ("aud", "[]", Reason::TokenAudienceMismatch),
        ("aud", &far, Reason::TokenAudienceMismatch),
        ("role", r#""root""#, Reason::RoleUnknown),
        ("role", r#""Admin""#, Reason::RoleUnknown),
        ("role", r#""""#, Reason::RoleUnknown),
    ] {
        assert_eq!(refused_claims(&claims_with(claim, value)), reason, "{claim}: {value}");
    }
}

#[test]
fn times_hold_to_the_second() {
    let tokens = tokens();
    let token = mint(&tokens);
    let last = pi_core::Timestamp::from_micros((NOW_S + 3600) * 1_000_000 - 1);
    tokens.verify(&token, last).unwrap();
    assert_eq!(refused(tokens.verify(&token, at(NOW_S + 3600))), Reason::TokenExpired);
    // `iat` and `nbf` have 30 seconds of leeway, and no more.
    tokens.verify(&token, at(NOW_S - 30)).unwrap();
    assert_eq!(refused(tokens.verify(&token, at(NOW_S - 31))), Reason::TokenNotYetValid);
    for (ahead, good) in [(30, true), (31, false)] {
        let token = forge(HEADER, &claims_with("nbf", &(NOW_S + ahead).to_string()), SHARED);
        let result = tokens.verify(&token, now());
        assert_eq!(result.is_ok(), good);
        assert!(good || refused(result) == Reason::TokenNotYetValid);
    }
    for (exp, reason) in [
        (NOW_S, Reason::TokenExpired),
        (0, Reason::TokenExpired),
        (NOW_S + 86_401, Reason::TokenLifetimeExceeded),
        (u64::MAX / 1_000_000, Reason::TokenLifetimeExceeded),
    ] {
        assert_eq!(refused_claims(&claims_with("exp", &exp.to_string())), reason, "{exp}");
    }
    tokens
        .verify(&forge(HEADER, &claims_with("exp", &(NOW_S + 86_400).to_string()), SHARED), now())
        .unwrap();
    // Good times that lie the wrong way round.
    let mut backwards = members();
    backwards[1].1 = (NOW_S + 1).to_string();
    backwards[2].1 = (NOW_S + 2).to_string();
    assert_eq!(refused_claims(&object(&backwards)), Reason::TokenLifetimeExceeded);
}

#[test]
fn a_token_that_would_be_refused_is_not_minted() {
    let tokens = tokens();
    let mint = |change: &dyn Fn(&mut Grant)| {
        let mut grant = grant();
        change(&mut grant);
        tokens.mint(grant, now(), TokenId::from_random([0; 16])).err().map(|e| e.to_string())
    };
    assert_eq!(mint(&|_| ()), None);
    for (change, reason) in [
        (&(|g: &mut Grant| g.lifetime_s = 0) as &dyn Fn(&mut Grant), Reason::TokenExpired),
        (&|g: &mut Grant| g.lifetime_s = 86_401, Reason::TokenLifetimeExceeded),
        (&|g: &mut Grant| g.lifetime_s = u64::MAX, Reason::TokenInvalid),
        (&|g: &mut Grant| g.subject = Actor::new("api_key:x").unwrap(), Reason::TokenInvalid),
    ] {
        assert!(mint(change).unwrap().starts_with(reason.code()), "{reason}");
    }
}

#[test]
fn malformed_and_huge_tokens_are_refused() {
    let token = mint(&tokens());
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let mut all = vec![
        String::new(),
        ".".into(),
        "..".into(),
        "a.b.c".into(),
        header.into(),
        format!("{header}.{claims}"),
        format!("{token}."),
        format!("{token}.{signature}"),
        format!(".{claims}.{signature}"),
        format!("{token}="),
        format!("{header}=.{claims}.{signature}"),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{header}.{claims}.{}", signature.replace(['-', '_'], "+")) + "+",
        format!("{header}\u{e9}.{claims}.{signature}"),
        format!("{token}{}", "A".repeat(4096)),
        "a".repeat(10_000_000),
        ".".repeat(4096),
    ];
    // The last letter of 32 bytes carries two bits that must be zero.
    let last = signature.bytes().last().unwrap();
    let next = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        .bytes()
        .skip_while(|byte| *byte != last)
        .nth(1)
        .unwrap();
    let short = &token[..token.len() - 1];
    all.push(format!("{short}{}", next as char));
    // Padding, under a good signature.
    let padded = format!("{header}.{claims}=");
    all.push(format!("{padded}.{}", base64url(mac(padded.as_bytes(), SHARED))));
    for token in all {
        let reason = refused(tokens().verify(&token, now()));
        assert_eq!(reason, Reason::TokenInvalid, "{}", &token[..token.len().min(300)]);
    }
}

#[test]
fn the_signature_covers_header_and_claims() {
    let tokens = tokens();
    let token = mint(&tokens);
    let parts: Vec<&str> = token.split('.').collect();
    let admin = object(&members()).replace("operator", "admin");
    let altered = format!("{}.{}.{}", parts[0], base64url(admin), parts[2]);
    assert_eq!(refused(tokens.verify(&altered, now())), Reason::TokenSignatureMismatch);
    let other = format!("{}.{}.{}", base64url(r#"{"alg":"HS256"}"#), parts[1], parts[2]);
    assert_eq!(refused(tokens.verify(&other, now())), Reason::TokenSignatureMismatch);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(refused(tokens.verify(&unsigned, now())), Reason::TokenSignatureMismatch);
    let cut = &token[..token.len() - 4];
    assert_eq!(refused(tokens.verify(cut, now())), Reason::TokenSignatureMismatch);
}

#[test]
fn nothing_shows_a_key_or_a_token() {
    let tokens = tokens();
    let shown = format!("{tokens:?}");
    assert!(shown.contains("redacted") && !shown.contains("q83vEjRW"), "{shown}");
    let refusal = tokens.verify("eyJ-hidden.hidden.hidden", now()).unwrap_err();
    assert!(!format!("{refusal} {refusal:?}").contains("hidden"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn minted_tokens_say_what_was_granted(
        subject in "[A-Za-z0-9._@|/+-]{1,128}",
        tenant in "[A-Za-z0-9_-]{1,64}",
        lifetime_s in 1..=86_400_u64,
        id: [u8; 16],
        second in 0..4_000_000_000_u64,
    ) {
        let grant = Grant {
            subject: Actor::new(subject).unwrap(),
            tenant: name(&tenant),
            lifetime_s,
            ..grant()
        };
        let tokens = tokens();
        let minted = tokens.mint(grant.clone(), at(second), TokenId::from_random(id)).unwrap();
        let claims = tokens.verify(&minted.token, at(second)).unwrap();
        prop_assert_eq!(&claims.subject, &grant.subject);
        prop_assert_eq!(&claims.tenant, &grant.tenant);
        prop_assert_eq!(claims.expires_at, at(second + lifetime_s));
        prop_assert_eq!(refused(tokens.verify(&minted.token, claims.expires_at)), Reason::TokenExpired);
    }

    #[test]
    fn any_other_byte_anywhere_is_refused(place: prop::sample::Index, byte: u8, which in 0..3_usize) {
        let signers = [tokens(), signed_by("ed", &ed25519_pem(1).0), signed_by("ec", &p256_pem(2).0)];
        let mut token = mint(&signers[which]).into_bytes();
        let place = place.index(token.len());
        prop_assume!(token[place] != byte);
        token[place] = byte;
        if let Ok(token) = String::from_utf8(token) {
            prop_assert!(tokens().verify(&token, now()).is_err());
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(tokens().verify(&text, now()).is_err());
        let token = forge(HEADER, &String::from_utf8_lossy(&bytes), SHARED);
        prop_assert!(tokens().verify(&token, now()).is_err());
    }
}
