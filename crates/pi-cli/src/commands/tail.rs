//! `pi log tail`: the newest events, and those that come.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pi_core::canonical::{Value, parse};
use pi_core::{Name, Reason, RunId};
use pi_event_fabric::HeaderView;
use pi_store::{EventStore, Follower, StoreError, StoredEvent};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::{log, run_id};
use crate::args::TailArgs;
use crate::context::{Context, Failure, Outcome, Sink};
use crate::output::style::{BAD, BOLD, DIM, paint, visible};

/// Events that are read at once.
const PAGE: usize = 1_024;

/// How often a waiting follower looks whether somebody still listens.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub fn run(context: &Context, args: &TailArgs) -> Outcome {
    let filter = Filter {
        event_type: args.event_type.as_deref(),
        run: args.run.as_deref().map(run_id).transpose()?,
        partition: args.partition.as_ref(),
    };
    let (journal, mut sink) = (context.journal()?, context.sink()?);
    let stopped = if args.follow { stopped()? } else { Arc::default() };
    let (events, last) = filter.newest(journal.store(), args.lines)?;
    let is_heard = sink.write(&lines(context, args, &events))?;
    if args.follow && is_heard {
        let mut follower = match context.database(1)? {
            Some(database) => {
                Follower::over(Arc::new(database.open(&context.global.tenant)?), last)
            }
            None => Follower::new(&context.folder()?, &context.global.tenant, last)?,
        };
        follow(context, args, &filter, &mut follower, &mut sink, &stopped)?;
    }
    Ok(0)
}

/// Shows events as they come, until somebody stops it or nobody listens any more.
fn follow(
    context: &Context,
    args: &TailArgs,
    filter: &Filter<'_>,
    follower: &mut Follower,
    sink: &mut Sink,
    stopped: &AtomicBool,
) -> Result<(), Failure> {
    while !stopped.load(Ordering::Relaxed) && !sink.is_gone() {
        let mut events = follower.wait(PAGE, LOOK_EVERY)?;
        events.retain(|event| filter.takes(event));
        if !sink.write(&lines(context, args, &events))? {
            break;
        }
    }
    Ok(())
}

/// Set when the user or the system wants the program to end; a second time ends it at
/// once.
fn stopped() -> Result<Arc<AtomicBool>, Failure> {
    let stopped = Arc::new(AtomicBool::new(false));
    for (signal, code) in [(SIGINT, 130), (SIGTERM, 143)] {
        flag::register_conditional_shutdown(signal, code, Arc::clone(&stopped))
            .and_then(|_| flag::register(signal, Arc::clone(&stopped)))
            .map_err(|error| {
                Failure::new(Reason::LogUnavailable, format!("cannot hear signals: {error}"))
            })?;
    }
    Ok(stopped)
}

/// Which events are shown.
struct Filter<'a> {
    event_type: Option<&'a str>,
    run: Option<RunId>,
    partition: Option<&'a Name>,
}

impl Filter<'_> {
    fn is_empty(&self) -> bool {
        self.event_type.is_none() && self.run.is_none() && self.partition.is_none()
    }

    /// What cannot be read is shown: it may be what is looked for.
    fn takes(&self, event: &StoredEvent) -> bool {
        let Some(view) = HeaderView::parse(&event.header) else { return true };
        self.event_type.is_none_or(|prefix| view.event_type.starts_with(prefix))
            && self.run.as_ref().is_none_or(|run| view.run == Some(run.as_str()))
            && self.partition.is_none_or(|partition| view.partition == partition.as_str())
    }

    /// The newest `limit` events that it takes, and the last leaf that was looked at.
    fn newest(
        &self,
        store: &dyn EventStore,
        limit: usize,
    ) -> Result<(Vec<StoredEvent>, Option<u64>), StoreError> {
        if self.is_empty() {
            let events = store.tail(limit.max(1))?;
            let last = events.last().map(|event| event.leaf_index);
            return Ok((events.into_iter().take(limit).collect(), last));
        }
        let (mut newest, mut last) = (VecDeque::new(), None);
        loop {
            let page = store.after(last, PAGE)?;
            let Some(event) = page.last() else { return Ok((newest.into(), last)) };
            last = Some(event.leaf_index);
            newest.extend(page.into_iter().filter(|event| self.takes(event)));
            newest.drain(..newest.len().saturating_sub(limit));
        }
    }
}

fn lines(context: &Context, args: &TailArgs, events: &[StoredEvent]) -> String {
    let mut out = String::new();
    for event in events {
        match (context.is_json(), args.payloads) {
            (true, true) => out.push_str(&log::whole(event)),
            (true, false) => {
                let _ = writeln!(out, "{}", String::from_utf8_lossy(&event.header));
            }
            (false, _) => line(&mut out, event),
        }
    }
    out
}

fn line(out: &mut String, event: &StoredEvent) {
    let Some(view) = HeaderView::parse(&event.header) else {
        let _ = writeln!(out, "{} leaf {} cannot be read", paint(BAD, "broken"), event.leaf_index);
        return;
    };
    let place = format!("{}:{}", view.partition, view.offset);
    let seconds = i64::try_from(view.recorded_at / 1_000_000).unwrap_or(i64::MAX);
    let time =
        jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default();
    let payload = event.parts().and_then(|(_, payload)| parse(payload).ok());
    let _ = writeln!(
        out,
        "{} {} {:<16} {} {}",
        paint(DIM, time),
        paint(BOLD, format!("{place:<14}")),
        view.event_type,
        paint(DIM, view.run.unwrap_or_default()),
        payload.as_ref().map(detail).unwrap_or_default(),
    );
}

/// What says at a glance what happened.
fn detail(payload: &Value) -> String {
    let keys = ["phase", "phase_status", "worker_id", "status", "outcome", "decision", "reason"];
    // A receipt's worker begins with its phase.
    let of_receipt = payload.get("worker_id").is_some();
    let shown = keys.iter().filter(|key| !(of_receipt && **key == "phase"));
    let words = shown.filter_map(|key| payload.get(key).and_then(Value::as_str));
    words.map(|word| visible(word).into_owned()).collect::<Vec<_>>().join(" ")
}
