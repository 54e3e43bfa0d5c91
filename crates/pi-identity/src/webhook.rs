//! Alerts to a Slack channel: to Slack and nowhere else, again when it fails for a while, and
//! never lost without a trace.

use std::collections::VecDeque;
use std::fmt;

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Name, Reason, Timestamp};
use zeroize::Zeroizing;

use crate::refusal::Refusal;

const START: &str = "https://hooks.slack.com/services/";
/// The host to resolve and to connect to, on port 443.
pub const HOST: &str = "hooks.slack.com";
/// So many times an alert is sent.
pub const ATTEMPTS: u32 = 5;
/// So many alerts wait at once.
pub const MAX_QUEUED: usize = 1000;
const FIRST_PAUSE_S: u64 = 2;
const LONGEST_PAUSE_S: u64 = 3600;
/// What was sent is not sent again, word for word, for so long.
const QUIET_S: u64 = 600;
const LONGEST_TEXT: usize = 2000;

/// The URL of an incoming webhook. Whoever knows it can post, so it is never shown.
#[derive(Clone)]
pub struct SlackHook(Zeroizing<String>);

impl SlackHook {
    /// Checks a URL: exactly `https://hooks.slack.com/services/T…/B…/…`. There is no room in
    /// that for a user, a port, a query, an escape or a way up.
    pub fn new(url: &str) -> Result<Self, Refusal> {
        let refused = |detail| Refusal::new(Reason::WebhookUrlRefused, detail);
        let path = url
            .strip_prefix(START)
            .ok_or(refused("it does not start with `https://hooks.slack.com/services/`"))?;
        let parts: Vec<&str> = path.split('/').collect();
        let fits = parts.len() == 3
            && parts.iter().all(|part| {
                (1..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            });
        if !fits {
            return Err(refused("behind `/services/` are not three parts of letters and digits"));
        }
        Ok(Self(Zeroizing::new(url.to_owned())))
    }

    /// The URL.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SlackHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SlackHook(redacted)")
    }
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertKind {
    /// The chain of a log does not verify.
    ChainBroken,
    /// An agent judged the copies of an artifact differently.
    CopiesDiverged,
    /// A replay gave something else.
    ReplayDiverged,
    /// Something waits for a person.
    ApprovalPending,
}

impl AlertKind {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            AlertKind::ChainBroken => "chain_broken",
            AlertKind::CopiesDiverged => "copies_diverged",
            AlertKind::ReplayDiverged => "replay_diverged",
            AlertKind::ApprovalPending => "approval_pending",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            AlertKind::ChainBroken => ":rotating_light: The log does not verify",
            AlertKind::CopiesDiverged => ":warning: The copies of an artifact diverged",
            AlertKind::ReplayDiverged => ":warning: A replay diverged",
            AlertKind::ApprovalPending => ":hourglass: An approval is pending",
        }
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// Whose log it is about.
    pub tenant: Name,
    /// One line more, with ids and numbers: no content of the tenant.
    pub text: String,
}

impl Alert {
    /// The body that Slack takes.
    pub fn body(&self) -> String {
        let Self { kind, tenant, text } = self;
        let text = format!("{} (tenant {tenant})\n{}", kind.title(), escaped(text));
        serde_json::json!({ "text": text }).to_string()
    }
}

/// Text in which Slack sees no mention, link or further line.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars().take(LONGEST_TEXT) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// Sends a body to the hook, once: resolves [`HOST`], asks [`crate::address::all_public`],
/// connects to one of these addresses, follows no redirect.
pub trait Transport {
    /// Sends it.
    fn send(&mut self, hook: &SlackHook, body: &str) -> Result<(), SendError>;
}

/// Why it was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// It may go better later (no connection, status 429 or 5xx), not before so many seconds.
    Again {
        /// `Retry-After`, when there was one.
        after_s: Option<u64>,
    },
    /// It never will: refused by us or by Slack.
    Never(Reason),
}

#[derive(Debug)]
struct Waiting {
    alert: Alert,
    attempts: u32,
    not_before: Timestamp,
}

/// An alert that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The alert.
    pub alert: Alert,
    /// Why.
    pub reason: Reason,
    /// How often it was sent.
    pub attempts: u32,
}

/// The payload of `pi.alert.undelivered`.
impl ToCanonical for DeadLetter {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Self { alert: Alert { kind, tenant, text }, reason, attempts } = self;
        let text: String = text.chars().take(LONGEST_TEXT).collect();
        encoder.object(|o| {
            o.field("attempts", &u64::from(*attempts))
                .field("kind", kind.as_str())
                .field("reason", reason.code())
                .field("tenant", tenant.as_str())
                .field("text", text.as_str());
        });
    }
}

/// What came of a round of sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Alerts that arrived.
    pub sent: u64,
    /// Alerts that failed and are sent again.
    pub retried: u64,
    /// Alerts that were given up.
    pub dead: u64,
}

/// Alerts on their way. Whoever drives it calls [`Outbox::deliver`] now and then, and takes
/// away the dead letters.
#[derive(Debug)]
pub struct Outbox {
    hook: SlackHook,
    waiting: VecDeque<Waiting>,
    recent: VecDeque<(Timestamp, Alert)>,
    dead: Vec<DeadLetter>,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(hook: SlackHook) -> Self {
        Self { hook, waiting: VecDeque::new(), recent: VecDeque::new(), dead: Vec::new() }
    }

    /// Takes an alert. One that waits already, or arrived a short while ago, word for word,
    /// is not taken twice; one for which there is no room is a dead letter.
    pub fn push(&mut self, alert: Alert, now: Timestamp) {
        while self.recent.front().is_some_and(|(at, _)| later(*at, QUIET_S) <= now) {
            self.recent.pop_front();
        }
        if self.waiting.iter().any(|waiting| waiting.alert == alert)
            || self.recent.iter().any(|(_, recent)| *recent == alert)
        {
            return;
        }
        if self.waiting.len() >= MAX_QUEUED {
            self.dead.push(DeadLetter { alert, reason: Reason::QueueFull, attempts: 0 });
            return;
        }
        self.waiting.push_back(Waiting { alert, attempts: 0, not_before: now });
    }

    /// Sends what is due, each once, in the order in which it came, and at most so many.
    pub fn deliver(
        &mut self,
        transport: &mut (impl Transport + ?Sized),
        now: Timestamp,
        most: usize,
    ) -> Round {
        let (mut round, mut tried) = (Round::default(), 0);
        for _ in 0..self.waiting.len() {
            if tried == most {
                break;
            }
            let Some(mut waiting) = self.waiting.pop_front() else { break };
            if waiting.not_before > now {
                self.waiting.push_back(waiting);
                continue;
            }
            tried += 1;
            waiting.attempts += 1;
            let reason = match transport.send(&self.hook, &waiting.alert.body()) {
                Ok(()) => {
                    round.sent += 1;
                    self.arrived(waiting.alert, now);
                    continue;
                }
                Err(SendError::Again { after_s }) if waiting.attempts < ATTEMPTS => {
                    round.retried += 1;
                    waiting.not_before = later(now, pause_s(waiting.attempts, after_s));
                    self.waiting.push_back(waiting);
                    continue;
                }
                Err(SendError::Again { .. }) => Reason::WebhookUndelivered,
                Err(SendError::Never(reason)) => reason,
            };
            round.dead += 1;
            let Waiting { alert, attempts, .. } = waiting;
            self.dead.push(DeadLetter { alert, reason, attempts });
        }
        round
    }

    fn arrived(&mut self, alert: Alert, now: Timestamp) {
        if self.recent.len() >= MAX_QUEUED {
            self.recent.pop_front();
        }
        self.recent.push_back((now, alert));
    }

    /// When the next alert is due; `None` when none waits.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|waiting| waiting.not_before).min()
    }

    /// Gives up whatever waits: nobody sends it any more.
    pub fn close(&mut self) {
        let reason = Reason::WebhookUndelivered;
        let waiting = self.waiting.drain(..);
        self.dead.extend(waiting.map(|Waiting { alert, attempts, .. }| DeadLetter {
            alert,
            reason,
            attempts,
        }));
    }

    /// Takes away the alerts that were given up, oldest first. They are the caller's to keep.
    pub fn take_dead(&mut self) -> Vec<DeadLetter> {
        std::mem::take(&mut self.dead)
    }
}

/// 2, 4, 8, 16 seconds; longer when Slack asks for it, within an hour.
fn pause_s(attempts: u32, after_s: Option<u64>) -> u64 {
    let doubled = FIRST_PAUSE_S << attempts.saturating_sub(1).min(10);
    doubled.max(after_s.unwrap_or(0)).min(LONGEST_PAUSE_S)
}

fn later(now: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_micros(now.as_micros().saturating_add(seconds.saturating_mul(1_000_000)))
}
