//! Alerts: to Slack and nowhere else, and never lost without a trace.

#![allow(clippy::unwrap_used, reason = "test code")]

mod common;

use common::*;
use pi_core::Reason;
use pi_identity::webhook::{
    Alert, AlertKind, MAX_QUEUED, Outbox, Round, SendError, SlackHook, Transport,
};
use proptest::prelude::*;

const ALL: usize = usize::MAX;

// Put together, so that no scanner takes it for somebody's.
fn url() -> String {
    format!("https://hooks.slack.com/services/{}/{}/{}", "T00000000", "B00000000", "x".repeat(24))
}

fn alert(text: &str) -> Alert {
    Alert { kind: AlertKind::ChainBroken, tenant: name("acme"), text: text.into() }
}

/// Answers what it was told to, then `Ok`.
#[derive(Default)]
struct Scripted {
    answers: Vec<SendError>,
    bodies: Vec<String>,
}

impl Transport for Scripted {
    fn send(&mut self, hook: &SlackHook, body: &str) -> Result<(), SendError> {
        assert_eq!(hook.expose(), url());
        self.bodies.push(body.to_owned());
        self.answers.pop().map_or(Ok(()), Err)
    }
}

#[test]
fn only_a_hook_of_slack_is_one() {
    assert_eq!(SlackHook::new(&url()).unwrap().expose(), url());
    assert!(!format!("{:?}", SlackHook::new(&url()).unwrap()).contains("T00000000"));
    for other in [
        "",
        "http://hooks.slack.com/services/T/B/x",
        "HTTPS://hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com.evil.example/services/T/B/x",
        "https://evil.example/hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com@evil.example/services/T/B/x",
        "https://user@hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com:8443/services/T/B/x",
        "https://hooks.slack.com./services/T/B/x",
        "https://hooks.slack.com/services/T/B",
        "https://hooks.slack.com/services/T/B/x/",
        "https://hooks.slack.com/services/T/B/x/y",
        "https://hooks.slack.com/services//B/x",
        "https://hooks.slack.com/services/T/../x",
        "https://hooks.slack.com/services/T/%2e%2e/x",
        "https://hooks.slack.com/services/T/B/x?redirect=http://169.254.169.254",
        "https://hooks.slack.com/services/T/B/x#y",
        "https://hooks.slack.com/services/T/B/x\r\nHost: evil.example",
        "https://hooks.slack.com/services/T/B/x ",
        "https://hooks.slack.com\\@evil.example/services/T/B/x",
        "https://hooks.slack.com/workflows/T/B/x",
        "https://127.0.0.1/services/T/B/x",
        "https://169.254.169.254/services/T/B/x",
        "https://api.slack.com/services/T/B/x",
        "ftp://hooks.slack.com/services/T/B/x",
        "https://hooks.slack.com:443/services/T/B/x",
        "https://[::ffff:127.0.0.1]/services/T/B/x",
        "https://[::1]/services/T/B/x",
        "https://0x7f000001/services/T/B/x",
        "https://2130706433/services/T/B/x",
        "https://hooks.slаck.com/services/T/B/x",
    ] {
        let refusal = SlackHook::new(other).unwrap_err();
        assert_eq!(refusal.reason, Reason::WebhookUrlRefused, "{other}");
    }
}

#[test]
fn what_an_alert_says_is_only_text() {
    let body = alert("<!channel> & <https://evil.example|click>\nmore \"quoted\"").body();
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    let text = value.get("text").unwrap().as_str().unwrap();
    assert_eq!(
        text,
        ":rotating_light: The log does not verify (tenant acme)\n\
         &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; more \"quoted\""
    );
    assert!(alert(&"x".repeat(100_000)).body().len() < 3000);
}

#[test]
fn it_is_sent_again_with_growing_pauses() {
    let mut outbox = Outbox::new(SlackHook::new(&url()).unwrap());
    let again = SendError::Again { after_s: None };
    let mut slack = Scripted {
        answers: vec![again, SendError::Again { after_s: Some(60) }, again],
        ..Scripted::default()
    };
    outbox.push(alert("a"), now());
    outbox.push(alert("a"), now());
    let mut due = Vec::new();
    while let Some(next) = outbox.next_due() {
        due.push(next.as_micros() / 1_000_000 - NOW_S);
        let before = slack.bodies.len();
        outbox.deliver(&mut slack, at(next.as_micros() / 1_000_000 - 1), ALL);
        assert_eq!(slack.bodies.len(), before, "it was sent before it was due");
        outbox.deliver(&mut slack, next, ALL);
    }
    assert_eq!(due, [0, 2, 62, 70]);
    assert_eq!(slack.bodies.len(), 4);
    assert!(outbox.take_dead().is_empty());
}

#[test]
fn what_arrived_a_short_while_ago_is_not_said_again() {
    let mut outbox = Outbox::new(SlackHook::new(&url()).unwrap());
    let mut slack = Scripted::default();
    for (seconds, sent) in [(0, 1), (1, 0), (599, 0), (600, 1)] {
        outbox.push(alert("a"), at(NOW_S + seconds));
        assert_eq!(outbox.deliver(&mut slack, at(NOW_S + seconds), ALL).sent, sent, "{seconds}");
    }
}

#[test]
fn a_closed_outbox_gives_up_what_waits() {
    let mut outbox = Outbox::new(SlackHook::new(&url()).unwrap());
    let mut slack =
        Scripted { answers: vec![SendError::Again { after_s: None }], ..Scripted::default() };
    outbox.push(alert("a"), now());
    outbox.push(alert("b"), now());
    let round = outbox.deliver(&mut slack, now(), 1);
    assert_eq!(round, Round { sent: 0, retried: 1, dead: 0 });
    outbox.close();
    let dead: Vec<_> = outbox.take_dead().into_iter().map(|d| (d.alert.text, d.attempts)).collect();
    assert_eq!(dead, [("b".to_owned(), 0), ("a".to_owned(), 1)]);
    assert_eq!(outbox.next_due(), None);
}

#[test]
fn what_cannot_be_delivered_is_a_dead_letter() {
    let mut outbox = Outbox::new(SlackHook::new(&url()).unwrap());
    let mut slack = Scripted {
        answers: vec![SendError::Again { after_s: Some(u64::MAX) }; 5],
        ..Scripted::default()
    };
    outbox.push(alert("a"), now());
    while let Some(next) = outbox.next_due() {
        outbox.deliver(&mut slack, next, ALL);
    }
    let mut slack = Scripted {
        answers: vec![SendError::Never(Reason::WebhookAddressRefused)],
        ..Scripted::default()
    };
    outbox.push(alert("b"), now());
    outbox.push(alert("c"), now());
    let round = outbox.deliver(&mut slack, now(), ALL);
    assert_eq!(round, Round { sent: 1, retried: 0, dead: 1 });
    let letters = outbox.take_dead();
    let dead: Vec<_> =
        letters.iter().map(|dead| (dead.alert.text.as_str(), dead.reason, dead.attempts)).collect();
    assert_eq!(
        dead,
        [("a", Reason::WebhookUndelivered, 5), ("b", Reason::WebhookAddressRefused, 1)]
    );
    assert!(outbox.take_dead().is_empty());
}

#[test]
fn nothing_grows_without_bound() {
    let mut outbox = Outbox::new(SlackHook::new(&url()).unwrap());
    for n in 0..MAX_QUEUED * 2 + 5 {
        outbox.push(alert(&n.to_string()), now());
    }
    let dead = outbox.take_dead();
    assert_eq!(dead.len(), MAX_QUEUED + 5);
    assert!(dead.iter().all(|dead| dead.reason == Reason::QueueFull));
    let round = outbox.deliver(&mut Scripted::default(), now(), ALL);
    assert_eq!(round.sent, MAX_QUEUED as u64);
}

proptest! {
    #[test]
    fn nothing_else_is_a_hook(text in "(https://hooks\\.slack\\.com/services/)?[ -~]{0,60}") {
        if let Ok(hook) = SlackHook::new(&text) {
            let rest = hook.expose().strip_prefix("https://hooks.slack.com/services/").unwrap();
            prop_assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/'));
        }
    }
}
