//! Signed requests, and the attacks on them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod common;

use common::*;
use pi_core::{Digest, Name, Reason, Timestamp};
use pi_identity::signing::WINDOW_S;
use pi_identity::{NonceWindow, Nonces, Refusal, RequestSigning, Signable};
use proptest::prelude::*;

const NONCE: &str = "0123456789abcdef";

fn signing() -> RequestSigning {
    RequestSigning::new(secret(SHARED))
}

fn window() -> NonceWindow {
    NonceWindow::new(100, at(NOW_S - 100_000))
}

fn signable<'a>(tenant: &'a Name, timestamp: &'a str, nonce: &'a str) -> Signable<'a> {
    let body = Digest::of(br#"{"a":1}"#);
    Signable { method: "POST", target: "/v1/runs?x=1", timestamp, nonce, tenant, body }
}

fn verify(signable: &Signable<'_>, signature: &str, now: Timestamp) -> Result<(), Refusal> {
    signing().verify(signable, signature, &window(), now)
}

fn reason(result: Result<(), Refusal>) -> Reason {
    result.unwrap_err().reason
}

#[test]
fn the_string_that_is_signed_and_its_signature_are_fixed() {
    let tenant = name("acme");
    let signable = signable(&tenant, "1800000000", NONCE);
    assert_eq!(
        signable.canonical().unwrap(),
        "pi-request/1\nPOST\n/v1/runs?x=1\n1800000000\n0123456789abcdef\nacme\n\
         015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    );
    let signature = signing().sign(&signable).unwrap();
    let by_hand = mac(signable.canonical().unwrap().as_bytes(), SHARED);
    assert_eq!(signature, by_hand.iter().map(|b| format!("{b:02x}")).collect::<String>());
    verify(&signable, &signature, now()).unwrap();
}

#[test]
fn every_part_of_a_request_is_signed() {
    let (acme, evil) = (name("acme"), name("evil"));
    let good = signable(&acme, "1800000000", NONCE);
    let signature = signing().sign(&good).unwrap();
    for altered in [
        Signable { method: "PUT", ..good },
        Signable { method: "GET", ..good },
        Signable { target: "/v1/runs", ..good },
        Signable { target: "/v1/runs?x=2", ..good },
        Signable { target: "/v1/runs?x=1&y", ..good },
        Signable { target: "/v1/runs/?x=1", ..good },
        Signable { target: "/V1/runs?x=1", ..good },
        Signable { target: "/v1/runs?x=%31", ..good },
        Signable { timestamp: "1800000001", ..good },
        Signable { nonce: "0123456789abcdeg", ..good },
        Signable { tenant: &evil, ..good },
        Signable { body: Digest::of(br#"{"a":2}"#), ..good },
        Signable { body: Digest::of(b""), ..good },
    ] {
        let refused = reason(verify(&altered, &signature, now()));
        assert_eq!(refused, Reason::SignatureMismatch, "{altered:?}");
    }
    let other = RequestSigning::new(secret(&[SHARED, b"!"].concat()));
    let refused = reason(verify(&good, &other.sign(&good).unwrap(), now()));
    assert_eq!(refused, Reason::SignatureMismatch);
}

#[test]
fn no_line_moves_into_another() {
    let acme = name("acme");
    let good = signable(&acme, "1800000000", NONCE);
    let long = format!("/{}", "a".repeat(8192));
    for odd in [
        Signable { method: "", ..good },
        Signable { method: "post", ..good },
        Signable { method: "POST\n/x", ..good },
        Signable { target: "", ..good },
        Signable { target: "v1", ..good },
        Signable { target: "http://h/v1", ..good },
        Signable { target: "/a\nb", ..good },
        Signable { target: "/a\r\nb", ..good },
        Signable { target: "/a b", ..good },
        Signable { target: "/a\0", ..good },
        Signable { target: "/é", ..good },
        Signable { target: "/a#b", ..good },
        Signable { target: &long, ..good },
        Signable { timestamp: "", ..good },
        Signable { timestamp: "01800000000", ..good },
        Signable { timestamp: "+1800000000", ..good },
        Signable { timestamp: "-1800000000", ..good },
        Signable { timestamp: "1800000000.0", ..good },
        Signable { timestamp: " 1800000000", ..good },
        Signable { timestamp: "1800000000\n", ..good },
        Signable { timestamp: "9999999999999", ..good },
        Signable { timestamp: "١٨٠٠", ..good },
        Signable { nonce: "", ..good },
        Signable { nonce: "0123456789abcde", ..good },
        Signable { nonce: &"n".repeat(65), ..good },
        Signable { nonce: "0123456789abcde\nf", ..good },
        Signable { nonce: "0123456789abcde f", ..good },
    ] {
        assert_eq!(signing().sign(&odd).unwrap_err().reason, Reason::SignatureInvalid, "{odd:?}");
        assert_eq!(reason(verify(&odd, &"0".repeat(64), now())), Reason::SignatureInvalid);
    }
    let signature = signing().sign(&good).unwrap();
    for odd in [
        String::new(),
        signature[1..].to_owned(),
        signature.to_ascii_uppercase(),
        format!("{signature}0"),
        format!("sha256={signature}"),
        "é".repeat(32),
    ] {
        assert_eq!(reason(verify(&good, &odd, now())), Reason::SignatureInvalid, "{odd}");
    }
}

#[test]
fn a_signature_is_good_for_300_seconds_either_side_to_the_microsecond() {
    let tenant = name("acme");
    let signable = signable(&tenant, "1800000000", NONCE);
    let signature = signing().sign(&signable).unwrap();
    let micros = |micros: i64| {
        Timestamp::from_micros((NOW_S * 1_000_000).checked_add_signed(micros).unwrap())
    };
    let edge = WINDOW_S as i64 * 1_000_000;
    for (offset, good) in [(-edge, true), (edge, true), (-edge - 1, false), (edge + 1, false)] {
        let result = verify(&signable, &signature, micros(offset));
        assert_eq!(result.is_ok(), good, "{offset}");
        assert!(good || reason(result) == Reason::TimestampOutsideTolerance);
    }
    let ages = Signable { timestamp: "999999999999", ..signable };
    let refused = reason(verify(&ages, &signature, now()));
    assert_eq!(refused, Reason::TimestampOutsideTolerance);
}

#[test]
fn a_replay_is_refused_as_long_as_its_signature_is_good() {
    let tenant = name("acme");
    let signable = signable(&tenant, "1800000000", NONCE);
    let signature = signing().sign(&signable).unwrap();
    let nonces = window();
    // Signed by a clock that is 300 seconds ahead.
    signing().verify(&signable, &signature, &nonces, at(NOW_S - 300)).unwrap();
    for second in [NOW_S - 300, NOW_S, NOW_S + 300] {
        let replayed = signing().verify(&signable, &signature, &nonces, at(second));
        assert_eq!(reason(replayed), Reason::NonceReplayed, "{second}");
    }
    // The same nonce with another body is a replay as well.
    let other = Signable { body: Digest::of(b"other"), ..signable };
    let signature = signing().sign(&other).unwrap();
    let replayed = signing().verify(&other, &signature, &nonces, now());
    assert_eq!(reason(replayed), Reason::NonceReplayed);
    // Of another tenant it is not.
    let evil = name("evil");
    let other = Signable { tenant: &evil, ..signable };
    signing().verify(&other, &signing().sign(&other).unwrap(), &nonces, now()).unwrap();
}

#[test]
fn who_cannot_sign_fills_no_memory() {
    let tenant = name("acme");
    let nonces = window();
    for n in 0..200 {
        let nonce = format!("nonce-of-an-attacker-{n}");
        let signable = signable(&tenant, "1800000000", &nonce);
        let refused = reason(signing().verify(&signable, &"0".repeat(64), &nonces, now()));
        assert_eq!(refused, Reason::SignatureMismatch);
    }
    nonces.remember(&tenant, NONCE, now(), now()).unwrap();
}

#[test]
fn a_full_memory_refuses_and_forgets_nothing() {
    let nonces = NonceWindow::new(3, at(NOW_S - 1000));
    let (acme, other) = (name("acme"), name("other"));
    let remember =
        |tenant: &Name, nonce: &str, now: Timestamp| nonces.remember(tenant, nonce, at(NOW_S), now);
    for nonce in ["a", "b", "c"] {
        remember(&acme, nonce, now()).unwrap();
    }
    assert_eq!(reason(remember(&acme, "d", now())), Reason::NoncesExhausted);
    assert_eq!(reason(remember(&acme, "a", now())), Reason::NonceReplayed);
    remember(&other, "d", now()).unwrap();
    assert_eq!(reason(remember(&acme, "d", at(NOW_S + 300))), Reason::NoncesExhausted);
    // One microsecond later the signatures are no longer good, and there is room again.
    let later = Timestamp::from_micros((NOW_S + 300) * 1_000_000 + 1);
    nonces.remember(&acme, "d", later, later).unwrap();
    // A clock that goes back finds none of what was forgotten good.
    assert_eq!(reason(remember(&acme, "a", now())), Reason::TimestampOutsideTolerance);
}

#[test]
fn a_server_that_just_started_takes_nothing_from_before() {
    let nonces = NonceWindow::new(3, now());
    let acme = name("acme");
    let refused = nonces.remember(&acme, NONCE, at(NOW_S - 1), at(NOW_S + 10));
    assert_eq!(reason(refused), Reason::TimestampOutsideTolerance);
    nonces.remember(&acme, NONCE, at(NOW_S), at(NOW_S + 10)).unwrap();
}

proptest! {
    #[test]
    fn a_signature_fits_one_request(
        targets in prop::array::uniform2("/[!-~&&[^#]]{0,40}"),
        nonces in prop::array::uniform2("[A-Za-z0-9_-]{16,64}"),
        times in prop::array::uniform2(1_799_999_900_u64..1_800_000_100),
        tenants in prop::array::uniform2("[A-Za-z0-9_-]{1,64}"),
        bodies in prop::array::uniform2(prop::collection::vec(any::<u8>(), 0..40)),
    ) {
        let tenants = tenants.map(|tenant| name(&tenant));
        let times = times.map(|time| time.to_string());
        let signable = |n: usize| Signable {
            method: "POST",
            target: &targets[n],
            timestamp: &times[n],
            nonce: &nonces[n],
            tenant: &tenants[n],
            body: Digest::of(&bodies[n]),
        };
        let signature = signing().sign(&signable(0)).unwrap();
        verify(&signable(0), &signature, now()).unwrap();
        let same = signable(0).canonical() == signable(1).canonical();
        prop_assert_eq!(verify(&signable(1), &signature, now()).is_ok(), same);
    }

    #[test]
    fn one_other_digit_is_refused(place in 0..64_usize, digit in "[0-9a-f]") {
        let tenant = name("acme");
        let signable = signable(&tenant, "1800000000", NONCE);
        let mut signature = signing().sign(&signable).unwrap();
        prop_assume!(signature[place..=place] != digit);
        signature.replace_range(place..=place, &digit);
        prop_assert_eq!(reason(verify(&signable, &signature, now())), Reason::SignatureMismatch);
    }
}
