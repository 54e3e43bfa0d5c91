//! Revocations and API keys, as the events of a log make them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::*;
use pi_core::{Reason, Timestamp};
use pi_event_fabric::identity;
use pi_identity::api_key::{RANDOM_BYTES, is_api_key};
use pi_identity::revocation::MAX_REVOKED;
use pi_identity::{
    Actor, ApiKeyId, Claims, Identity, IdentityEvent, InvalidEvent, NewApiKey, TokenId,
};

fn state() -> Identity {
    Identity::new(86_400)
}

/// Applies an event as the log holds it.
fn apply(state: &mut Identity, event: &IdentityEvent, when: Timestamp) {
    let draft = event.draft(&Actor::new("admin").unwrap(), None, when).unwrap();
    state.apply(draft.event_type, &draft.payload, draft.recorded_at).unwrap();
}

fn claims(id: &str, subject: &str, issued_s: u64) -> Claims {
    Claims {
        subject: Actor::new(subject).unwrap(),
        tenant: name("acme"),
        role: grant().role,
        issued_at: at(issued_s),
        expires_at: at(issued_s + 3600),
        id: TokenId::new(id).unwrap(),
    }
}

fn revoke(id: &str, expires_s: u64) -> IdentityEvent {
    IdentityEvent::TokenRevoked {
        id: TokenId::new(id).unwrap(),
        expires_at: at(expires_s),
        reason: "lost".into(),
    }
}

fn revoke_subject(subject: &str, before: u64) -> IdentityEvent {
    IdentityEvent::TokensRevoked {
        subject: Actor::new(subject).unwrap(),
        before: at(before),
        reason: "left".into(),
    }
}

#[test]
fn a_revoked_token_stays_revoked_until_it_expires() {
    let mut state = state();
    apply(&mut state, &revoke("t1", NOW_S + 3600), now());
    assert!(state.revocations.is_revoked(&claims("t1", "alice", NOW_S)));
    assert!(!state.revocations.is_revoked(&claims("t2", "alice", NOW_S)));
    // Revoking it again with an earlier end forgets it no sooner.
    apply(&mut state, &revoke("t1", NOW_S + 10), now());
    apply(&mut state, &revoke("t2", NOW_S + 7200), at(NOW_S + 3599));
    assert!(state.revocations.is_revoked(&claims("t1", "alice", NOW_S)));
    apply(&mut state, &revoke("t3", NOW_S + 7200), at(NOW_S + 3600));
    assert_eq!(state.revocations.len(), 2);
}

#[test]
fn a_subject_loses_its_earlier_tokens_alone() {
    let mut state = state();
    apply(&mut state, &revoke_subject("alice", NOW_S), now());
    // An earlier time takes nothing back.
    apply(&mut state, &revoke_subject("alice", NOW_S - 100), now());
    let revoked = |state: &Identity, subject, issued| {
        state.revocations.is_revoked(&claims("x", subject, issued))
    };
    assert!(revoked(&state, "alice", NOW_S - 1));
    assert!(!revoked(&state, "alice", NOW_S));
    assert!(!revoked(&state, "bob", NOW_S - 1));
    apply(&mut state, &revoke_subject("bob", NOW_S), at(NOW_S + 86_399));
    assert!(revoked(&state, "alice", NOW_S - 1));
    apply(&mut state, &revoke_subject("bob", NOW_S + 5), at(NOW_S + 86_400));
    assert_eq!(state.revocations.len(), 1);
}

#[test]
fn revocations_are_bounded_and_what_is_too_much_refuses_more_never_less() {
    let mut state = state();
    for n in 0..MAX_REVOKED {
        state
            .apply(
                identity::TOKEN_REVOKED,
                format!(
                    r#"{{"expires_at":{},"jti":"t{n}","reason":""}}"#,
                    (NOW_S + 3600) * 1_000_000
                )
                .as_bytes(),
                now(),
            )
            .unwrap();
    }
    assert_eq!(state.revocations.len(), MAX_REVOKED);
    assert!(!state.revocations.is_revoked(&claims("other", "bob", NOW_S - 5)));
    apply(&mut state, &revoke("one-more", NOW_S + 3600), now());
    assert!(state.revocations.is_empty());
    for id in ["t0", "t9999", "one-more", "other"] {
        assert!(state.revocations.is_revoked(&claims(id, "bob", NOW_S)), "{id}");
    }
    assert!(!state.revocations.is_revoked(&claims("fresh", "bob", NOW_S + 1)));
}

#[test]
fn an_erased_revocation_revokes_all_that_it_may_have_been() {
    let mut state = state();
    let key = new_key(3, None);
    apply(&mut state, &IdentityEvent::ApiKeyIssued(key.record.clone()), now());
    state.apply_erased(identity::TOKEN_ISSUED, now());
    assert!(!state.revocations.is_revoked(&claims("x", "bob", NOW_S)));
    state.apply_erased(identity::TOKENS_REVOKED, now());
    assert!(state.revocations.is_revoked(&claims("x", "bob", NOW_S)));
    assert!(!state.revocations.is_revoked(&claims("x", "bob", NOW_S + 1)));
    state.api_keys.verify(&key.key, now()).unwrap();
    state.apply_erased(identity::API_KEY_REVOKED, now());
    let refusal = state.api_keys.verify(&key.key, now()).unwrap_err();
    assert_eq!(refusal.reason, Reason::ApiKeyRevoked);
}

#[test]
fn events_that_do_not_fit_change_nothing_and_are_an_error() {
    let mut state = state();
    for (event_type, payload) in [
        (identity::TOKEN_REVOKED, "{}"),
        (identity::TOKEN_REVOKED, ""),
        (identity::TOKEN_REVOKED, r#"{"expires_at":"x","jti":"t","reason":""}"#),
        (identity::TOKEN_REVOKED, r#"{"expires_at":1,"jti":"a b","reason":""}"#),
        (identity::TOKENS_REVOKED, r#"{"before":-1,"reason":"","subject":"a"}"#),
        (identity::API_KEY_ISSUED, r#"{"id":"x"}"#),
        (identity::API_KEY_REVOKED, r#"{"id":"../../etc/passwd0","reason":""}"#),
    ] {
        let applied = state.apply(event_type, payload.as_bytes(), now());
        assert_eq!(applied, Err(InvalidEvent), "{payload}");
    }
    state.apply("run.accepted", b"not even JSON", now()).unwrap();
    let long = IdentityEvent::ApiKeyRevoked {
        id: ApiKeyId::new("0".repeat(16)).unwrap(),
        reason: "x".repeat(257),
    };
    let actor = Actor::new("admin").unwrap();
    assert_eq!(long.draft(&actor, None, now()), Err(InvalidEvent));
}

#[test]
fn every_event_is_read_as_it_was_written() {
    let key = new_key(1, Some(at(NOW_S + 5)));
    let actor = Actor::new("admin").unwrap();
    for event in [
        revoke("t", NOW_S),
        revoke_subject("alice", NOW_S),
        IdentityEvent::ApiKeyIssued(key.record.clone()),
        IdentityEvent::ApiKeyIssued(new_key(2, None).record),
        IdentityEvent::ApiKeyRevoked { id: key.record.id.clone(), reason: "lost".into() },
    ] {
        let draft = event.draft(&actor, Some("c".into()), now()).unwrap();
        assert_eq!(draft.partition.as_str(), "identity");
        let read = IdentityEvent::read(draft.event_type, &draft.payload).unwrap();
        assert_eq!(read.as_ref(), Some(&event));
    }
    let issued = IdentityEvent::TokenIssued(claims("t", "alice", NOW_S));
    let draft = issued.draft(&actor, None, now()).unwrap();
    assert_eq!(IdentityEvent::read(draft.event_type, &draft.payload).unwrap(), None);
}

fn random(seed: u8) -> [u8; RANDOM_BYTES] {
    std::array::from_fn(|n| seed.wrapping_mul(31).wrapping_add((n as u8).wrapping_mul(7)))
}

fn new_key(seed: u8, expires_at: Option<Timestamp>) -> NewApiKey {
    NewApiKey::from_random(&random(seed), "deploy", now(), expires_at).unwrap()
}

#[test]
fn a_key_opens_its_tenant_and_no_other() {
    let (mut acme, mut other) = (state(), state());
    let key = new_key(1, None);
    apply(&mut acme, &IdentityEvent::ApiKeyIssued(key.record.clone()), now());
    apply(&mut other, &IdentityEvent::ApiKeyIssued(new_key(2, None).record), now());
    assert!(is_api_key(&key.key));
    assert_eq!(acme.api_keys.verify(&key.key, now()).unwrap(), &key.record);
    let refusal = other.api_keys.verify(&key.key, now()).unwrap_err();
    assert_eq!(refusal.reason, Reason::ApiKeyInvalid);
    assert!(key.key.ends_with(&key.record.last_four));
    assert_eq!(key.record.id.actor().as_str(), format!("api_key:{}", key.record.id));
}

#[test]
fn nothing_of_a_key_is_kept_or_shown() {
    let key = new_key(1, None);
    let secret = &key.key[21..85];
    let event = IdentityEvent::ApiKeyIssued(key.record.clone());
    let draft = event.draft(&Actor::new("admin").unwrap(), None, now()).unwrap();
    let payload = String::from_utf8(draft.payload).unwrap();
    assert!(!payload.contains(&secret[..16]), "{payload}");
    assert!(!format!("{key:?}").contains(&secret[..16]));
    // Equal secrets under two salts have two hashes.
    let mut random = random(1);
    random[RANDOM_BYTES - 1] ^= 1;
    let salted = NewApiKey::from_random(&random, "deploy", now(), None).unwrap();
    assert_eq!(*salted.key, *key.key);
    assert_ne!(salted.record.hash, key.record.hash);
    let (one, two) = (
        NewApiKey::generate("a", now(), None).unwrap(),
        NewApiKey::generate("a", now(), None).unwrap(),
    );
    assert_ne!(*one.key, *two.key);
    for label in ["x".repeat(129), "two\nlines".into()] {
        assert!(NewApiKey::generate(&label, now(), None).is_err());
    }
}

#[test]
fn expired_and_revoked_keys_are_refused_by_name() {
    let mut state = state();
    let key = new_key(1, Some(at(NOW_S + 10)));
    let issued = IdentityEvent::ApiKeyIssued(key.record.clone());
    apply(&mut state, &issued, now());
    state.api_keys.verify(&key.key, Timestamp::from_micros((NOW_S + 10) * 1_000_000 - 1)).unwrap();
    let refusal = state.api_keys.verify(&key.key, at(NOW_S + 10)).unwrap_err();
    assert_eq!(refusal.reason, Reason::ApiKeyExpired);
    let id = key.record.id.clone();
    apply(&mut state, &IdentityEvent::ApiKeyRevoked { id, reason: "lost".into() }, now());
    // Issuing the same again does not bring it back.
    apply(&mut state, &issued, now());
    assert_eq!(state.api_keys.verify(&key.key, now()).unwrap_err().reason, Reason::ApiKeyRevoked);
    assert_eq!(state.api_keys.list().count(), 1);
    assert!(state.api_keys.list().all(|(_, revoked)| revoked));
}

#[test]
fn every_other_key_is_refused() {
    let mut state = state();
    let key = new_key(1, None);
    apply(&mut state, &IdentityEvent::ApiKeyIssued(key.record.clone()), now());
    let good = key.key.as_str();
    for place in 0..good.len() {
        for byte in *b"0f_\0A" {
            let mut bytes = good.as_bytes().to_vec();
            if bytes[place] == byte {
                continue;
            }
            bytes[place] = byte;
            let other = String::from_utf8(bytes).unwrap();
            let refusal = state.api_keys.verify(&other, now()).unwrap_err();
            assert_eq!(refusal.reason, Reason::ApiKeyInvalid, "{other}");
        }
    }
    for other in ["", "pik_", "pik__", "pik_é_é", &good[..good.len() - 1], &format!("{good}0")] {
        assert!(state.api_keys.verify(other, now()).is_err(), "{other}");
    }
    // The id of one key with the secret of another, under a good checksum.
    let other = new_key(2, None);
    let mixed = format!("{}{}", &good[..21], &other.key[21..85]);
    let sum = &pi_core::Digest::of(mixed.as_bytes()).to_hex()[..8];
    let refusal = state.api_keys.verify(&format!("{mixed}{sum}"), now()).unwrap_err();
    assert_eq!(refusal.reason, Reason::ApiKeyInvalid);
}
