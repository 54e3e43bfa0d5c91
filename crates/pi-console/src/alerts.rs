//! Alerts: what an operator is told at once, beside the log that has it already.
//!
//! A request leaves its alert in a bounded queue and goes on; a task of the server sends
//! them. What is given up becomes an event `alert.undelivered` in the log of its tenant, or
//! of the platform where that one refuses. Alerts that wait die with a killed process; what
//! they are about is in the log.

pub mod slack;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pi_core::canonical::Encoder;
use pi_core::{Name, Reason, RunId};
use pi_event_fabric::control::{ALERT_UNDELIVERED, ALERTS_PARTITION};
use pi_identity::webhook::{
    Alert, AlertKind, DeadLetter, MAX_QUEUED, Outbox, Round, SlackHook, Transport,
};
use pi_kernel::replay::{Comparison, Verdict};
use pi_kernel::report::Outcome;
use pi_runtime::Journal;
use tokio::sync::Notify;

use crate::access::SYSTEM;
use crate::app::{App, PLATFORM, blocking};
use crate::control::record_in;
use crate::problem::Problem;

/// How long nobody looks when nothing is due.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long nobody looks when looking failed.
const PAUSE: Duration = Duration::from_secs(5);

/// Alerts on their way to one channel.
pub struct Alerts {
    /// What requests left here. Nobody holds it for long.
    intake: Mutex<Vec<Alert>>,
    /// Whoever sends holds it, also while the other side is slow.
    desk: Mutex<Desk>,
    wake: Notify,
}

struct Desk {
    outbox: Outbox,
    transport: Box<dyn Transport + Send>,
}

impl Alerts {
    /// Alerts to a hook.
    pub fn new(hook: SlackHook, transport: Box<dyn Transport + Send>) -> Self {
        let desk = Mutex::new(Desk { outbox: Outbox::new(hook), transport });
        Self { intake: Mutex::default(), desk, wake: Notify::new() }
    }

    /// Takes an alert; gives it back when there is no room.
    fn take(&self, alert: Alert) -> Result<(), Alert> {
        let mut intake = self.intake();
        if intake.contains(&alert) {
            return Ok(());
        }
        if intake.len() >= MAX_QUEUED {
            return Err(alert);
        }
        intake.push(alert);
        drop(intake);
        self.wake.notify_one();
        Ok(())
    }

    fn intake(&self) -> MutexGuard<'_, Vec<Alert>> {
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves an alert to be sent, if alerts are sent at all.
pub fn raise(app: &App, kind: AlertKind, tenant: &Name, text: String) {
    let Some(alerts) = &app.alerts else { return };
    if let Err(alert) = alerts.take(Alert { kind, tenant: tenant.clone(), text }) {
        let letter = DeadLetter { alert, reason: Reason::QueueFull, attempts: 0 };
        count(Round { dead: 1, ..Round::default() });
        bury(app, &letter);
    }
}

/// Tells when a log is not what was written.
pub fn look_at_refusal(app: &App, tenant: &Name, reason: Option<Reason>) {
    if let Some(reason @ (Reason::LogCorrupt | Reason::LogTruncated | Reason::CheckpointInvalid)) =
        reason
    {
        raise(app, AlertKind::ChainBroken, tenant, format!("{reason}: run `pi log verify`"));
    }
}

/// Tells when agents judged the copies of an artifact differently.
pub fn look_at_run(app: &App, tenant: &Name, run: &RunId, outcome: &Outcome) {
    let found = outcome.findings.iter().flat_map(|artifact| &artifact.findings);
    let dissent = found.filter(|found| found.votes.contains(&false)).count();
    let because = outcome.reasons.iter().find(|because| {
        matches!(
            because.reason,
            Reason::ConsensusDiverged
                | Reason::ConsensusStricterCopy
                | Reason::ConsensusVoteMissing
        )
    });
    if dissent == 0 && because.is_none() {
        return;
    }
    let because = because.map_or("the original stands", |because| because.reason.code());
    let text = format!("run {run}: findings without all three votes {dissent}, {because}");
    raise(app, AlertKind::CopiesDiverged, tenant, text);
}

/// Tells when a run was not repeated as it was.
pub fn look_at_replay(app: &App, tenant: &Name, run: &RunId, comparison: &Comparison) {
    if comparison.verdict() == Verdict::Diverged {
        let (differing, compared) = (comparison.differing(), comparison.compared());
        let text = format!("run {run}: of {compared} records {differing} differ");
        raise(app, AlertKind::ReplayDiverged, tenant, text);
    }
}

/// Sends at most `most` of what is due. How long until something is due again, and what
/// came of it.
pub fn round(app: &App, most: usize) -> (Duration, Round) {
    let Some(alerts) = &app.alerts else { return (LONGEST_PAUSE, Round::default()) };
    let mut desk = alerts.desk();
    let came = std::mem::take(&mut *alerts.intake());
    let now = app.clock.now();
    let Desk { outbox, transport } = &mut *desk;
    for alert in came {
        outbox.push(alert, now);
    }
    let round = outbox.deliver(transport.as_mut(), now, most);
    let dead = outbox.take_dead();
    let now = app.clock.now().as_micros();
    let pause = outbox.next_due().map_or(LONGEST_PAUSE, |due| {
        Duration::from_micros(due.as_micros().saturating_sub(now)).min(LONGEST_PAUSE)
    });
    drop(desk);
    finish_round(app, round, &dead);
    (pause, round)
}

fn finish_round(app: &App, round: Round, dead: &[DeadLetter]) {
    count(Round { dead: u64::try_from(dead.len()).unwrap_or(u64::MAX), ..round });
    dead.iter().for_each(|letter| bury(app, letter));
}

/// Metrics are made from spans.
fn count(Round { sent, retried, dead }: Round) {
    if (sent, retried, dead) != (0, 0, 0) {
        drop(tracing::info_span!("alerts", sent, retried, dead));
    }
}

/// Writes a dead letter.
fn bury(app: &App, letter: &DeadLetter) {
    let write = |tenant: &Name| -> Result<u64, Problem> {
        let store = app.stores.of(tenant)?;
        let journal = Journal::over(store, Arc::clone(&app.clock), PLATFORM);
        let names = (ALERT_UNDELIVERED, "pi.alert.undelivered");
        record_in(ALERTS_PARTITION, &journal, names, Encoder::encode(letter))
    };
    let platform = || write(&Name::new(SYSTEM).map_err(|e| Problem::invalid(e.to_string()))?);
    // The log of the tenant may be what the alert is about.
    if let Err(problem) = write(&letter.alert.tenant).or_else(|_| platform()) {
        let (kind, detail) = (letter.alert.kind.as_str(), problem.detail);
        tracing::error!(target: "pi::http", kind, detail, "a dead letter is not in the log");
    }
}

/// Sends alerts as they come, one at a time, until it is dropped.
pub(crate) async fn run(app: Arc<App>) {
    let Some(alerts) = &app.alerts else { return };
    loop {
        let sending = Arc::clone(&app);
        let pause = blocking(move || Ok(round(&sending, 1).0)).await.unwrap_or(PAUSE);
        tokio::select! {
            () = alerts.wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// At the end: sends what still goes out at once, and writes down the rest.
pub fn finish(app: &App) {
    let Some(alerts) = &app.alerts else { return };
    while round(app, 1).1.sent > 0 {}
    let mut desk = alerts.desk();
    desk.outbox.close();
    let dead = desk.outbox.take_dead();
    drop(desk);
    finish_round(app, Round::default(), &dead);
}
