//! Rate limits: exact, and not to be got round.

#![allow(clippy::unwrap_used, reason = "test code")]

mod common;

use common::*;
use pi_core::{Reason, Timestamp};
use pi_identity::{Actor, LimitOptions, RateLimiter, Standing};
use proptest::prelude::*;

fn limiter(requests: usize, callers: usize) -> RateLimiter {
    RateLimiter::new(LimitOptions { requests, window_s: 60, callers })
}

fn check(limiter: &RateLimiter, actor: &str, now: Timestamp) -> Standing {
    limiter.check(&name("acme"), &Actor::new(actor).unwrap(), now)
}

#[test]
fn the_window_slides() {
    let limiter = limiter(3, 10);
    for (second, remaining) in [(0, 2), (20, 1), (59, 0)] {
        let standing = check(&limiter, "a", at(NOW_S + second));
        assert!(standing.allowed);
        assert_eq!(standing.remaining, remaining);
    }
    // No double burst at the boundary of a minute.
    let refused = check(&limiter, "a", at(NOW_S + 59));
    assert_eq!((refused.allowed, refused.remaining, refused.reset_s), (false, 0, 1));
    assert_eq!(refused.refusal().unwrap().reason, Reason::RateLimitExceeded);
    let last = Timestamp::from_micros((NOW_S + 60) * 1_000_000 - 1);
    assert!(!check(&limiter, "a", last).allowed);
    // The first request counts no longer, and the refused ones never did.
    assert!(check(&limiter, "a", at(NOW_S + 60)).allowed);
    assert_eq!(check(&limiter, "a", at(NOW_S + 60)).reset_s, 20);
    assert!(check(&limiter, "a", at(NOW_S + 80)).allowed);
}

#[test]
fn callers_and_tenants_do_not_touch() {
    let limiter = limiter(1, 10);
    assert!(check(&limiter, "a", now()).allowed);
    assert!(!check(&limiter, "a", now()).allowed);
    assert!(check(&limiter, "b", now()).allowed);
    let actor = Actor::new("a").unwrap();
    assert!(limiter.check(&name("other"), &actor, now()).allowed);
}

#[test]
fn the_headers_say_it() {
    let limiter = limiter(2, 10);
    let standing = check(&limiter, "a", now());
    assert_eq!(
        standing.headers(),
        [
            ("ratelimit-policy", r#""caller";q=2;w=60"#.to_owned()),
            ("ratelimit", r#""caller";r=1;t=60"#.to_owned()),
        ]
    );
    assert!(standing.refusal().is_none());
    check(&limiter, "a", now());
    let headers = check(&limiter, "a", Timestamp::from_micros(NOW_S * 1_000_000 + 1)).headers();
    assert_eq!(headers.last().unwrap(), &("retry-after", "60".to_owned()));
}

#[test]
fn a_clock_that_goes_back_opens_no_window() {
    let limiter = limiter(1, 10);
    assert!(check(&limiter, "a", at(NOW_S)).allowed);
    assert!(!check(&limiter, "a", at(NOW_S - 1000)).allowed);
    assert!(!check(&limiter, "a", at(NOW_S + 59)).allowed);
    assert!(check(&limiter, "a", at(NOW_S + 60)).allowed);
}

#[test]
fn pushing_others_out_gives_nobody_a_fresh_window() {
    let limiter = limiter(2, 2);
    for actor in ["a", "b"] {
        assert!(check(&limiter, actor, now()).allowed);
        assert!(check(&limiter, actor, now()).allowed);
    }
    // The table is full. A crowd of newcomers shares one window and drives nobody out.
    let let_through =
        (0..100).filter(|n| check(&limiter, &format!("crowd-{n}"), now()).allowed).count();
    assert_eq!(let_through, 2);
    for actor in ["a", "b", "crowd-0", "crowd-1"] {
        assert!(!check(&limiter, actor, at(NOW_S + 59)).allowed, "{actor}");
    }
    // Another tenant's crowd is its own affair.
    assert!(limiter.check(&name("other"), &Actor::new("x").unwrap(), now()).allowed);
    // A newcomer takes along what it did in the shared window.
    assert!(check(&limiter, "a", at(NOW_S + 60)).allowed);
    let limiter = self::limiter(2, 1);
    assert!(check(&limiter, "a", at(NOW_S)).allowed);
    assert!(check(&limiter, "b", at(NOW_S + 30)).allowed);
    assert!(check(&limiter, "b", at(NOW_S + 60)).allowed);
    assert!(!check(&limiter, "b", at(NOW_S + 60)).allowed);
    assert!(check(&limiter, "b", at(NOW_S + 90)).allowed);
}

proptest! {
    /// Against the definition: a request goes through when fewer than the limit went through
    /// in the window before it.
    #[test]
    fn it_is_the_definition(steps in prop::collection::vec((0..3_u8, 0..30_000_000_u64), 1..200), requests in 1..6_usize) {
        let limiter = limiter(requests, 10);
        let mut passed: Vec<(u8, u64)> = Vec::new();
        let mut clock = NOW_S * 1_000_000;
        for (actor, pause) in steps {
            clock += pause / 4;
            let counted = passed.iter().filter(|(a, t)| *a == actor && *t + 60_000_000 > clock).count();
            let standing = check(&limiter, &format!("a{actor}"), Timestamp::from_micros(clock));
            prop_assert_eq!(standing.allowed, counted < requests);
            prop_assert_eq!(standing.remaining, requests - counted - usize::from(standing.allowed));
            if standing.allowed {
                passed.push((actor, clock));
            }
        }
    }

    /// However many names somebody has, and however small the table is: a name gets no more
    /// than the limit in any window, and a tenant no more than its table and one window.
    #[test]
    fn no_name_gets_more_than_the_limit(steps in prop::collection::vec((0..8_u8, 0..30_000_000_u64), 1..300), callers in 0..4_usize) {
        let limiter = limiter(3, callers);
        let mut passed: Vec<(u8, u64)> = Vec::new();
        let mut clock = NOW_S * 1_000_000;
        for (actor, pause) in steps {
            clock += pause / 8;
            if check(&limiter, &format!("a{actor}"), Timestamp::from_micros(clock)).allowed {
                passed.push((actor, clock));
            }
            let recent = passed.iter().filter(|(_, t)| *t + 60_000_000 > clock);
            let mine = recent.clone().filter(|(a, _)| *a == actor).count();
            prop_assert!(mine <= 3, "{mine} of one name");
            prop_assert!(recent.count() <= 3 * (callers + 1));
        }
    }
}
