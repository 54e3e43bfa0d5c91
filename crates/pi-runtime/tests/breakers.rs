//! Breakers that several runs of a tenant share: what one saw counts for the others at
//! once, also when they have read the breaker before.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use pi_core::{Clock, Name, Reason, Timestamp};
use pi_kernel::breaker::{BreakerState, COOL_OFF_MICROS, FAILURES_TO_OPEN};
use pi_kernel::effect::EffectOutcome;
use pi_runtime::effects::Breakers;
use pi_runtime::{Journal, SystemClock};
use pi_store::DataFolder;

const CAPABILITY: &str = "report/write";

fn failing() -> EffectOutcome {
    EffectOutcome::Failed { detail: "full".to_owned() }
}

fn journal(root: &tempfile::TempDir) -> Journal {
    let folder = DataFolder::open(root.path()).unwrap();
    Journal::open(&folder, &Name::new("local").unwrap(), Arc::new(SystemClock), "test").unwrap()
}

#[test]
fn a_breaker_is_read_when_an_attempt_is_released() {
    let root = tempfile::tempdir().unwrap();
    // Two processes, which planned their effects while all was well.
    let mut first = Breakers::load(&journal(&root)).unwrap();
    let mut second = Breakers::load(&journal(&root)).unwrap();
    for _ in 0..FAILURES_TO_OPEN {
        assert_eq!(second.guard(CAPABILITY, failing).unwrap(), failing());
    }
    let refused = first.guard(CAPABILITY, || panic!("the breaker is open")).unwrap();
    assert_eq!(refused, EffectOutcome::Refused(Reason::CircuitOpen));
}

#[test]
fn failures_of_several_runs_add_up() {
    let root = tempfile::tempdir().unwrap();
    let mut first = Breakers::load(&journal(&root)).unwrap();
    let mut second = Breakers::load(&journal(&root)).unwrap();
    for number in 0..FAILURES_TO_OPEN {
        let breakers = if number % 2 == 0 { &mut first } else { &mut second };
        assert_eq!(breakers.guard(CAPABILITY, failing).unwrap(), failing());
    }
    let third = Breakers::load(&journal(&root)).unwrap();
    let (_, breaker) = third.iter().next().unwrap();
    assert_eq!((breaker.state(), breaker.failures()), (BreakerState::Open, FAILURES_TO_OPEN));
}

/// A clock that stands where a test puts it.
struct Still(AtomicU64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Several processes at once, each with what it read before; how many attempts were let
/// through.
fn at_once(root: &tempfile::TempDir, clock: &Arc<Still>, processes: usize) -> usize {
    let folder = DataFolder::open(root.path()).unwrap();
    let (tenant, barrier) = (Name::new("local").unwrap(), Barrier::new(processes));
    let let_through = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..processes {
            scope.spawn(|| {
                let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
                let journal = Journal::open(&folder, &tenant, clock, "test").unwrap();
                let mut breakers = Breakers::load(&journal).unwrap();
                barrier.wait();
                let outcome = breakers.guard(CAPABILITY, || {
                    let_through.fetch_add(1, Ordering::Relaxed);
                    failing()
                });
                outcome.unwrap();
            });
        }
    });
    let_through.load(Ordering::Relaxed)
}

#[test]
fn of_several_processes_one_probes() {
    for _ in 0..5 {
        let root = tempfile::tempdir().unwrap();
        let clock = Arc::new(Still(AtomicU64::new(1)));
        for _ in 0..FAILURES_TO_OPEN {
            at_once(&root, &clock, 1);
        }
        assert_eq!(at_once(&root, &clock, 1), 0, "it is open");
        clock.0.fetch_add(COOL_OFF_MICROS, Ordering::Relaxed);
        assert_eq!(at_once(&root, &clock, 6), 1);
        assert_eq!(at_once(&root, &clock, 1), 0, "the probe failed");
        // A probe whose process dies is not heard of again.
        clock.0.fetch_add(COOL_OFF_MICROS, Ordering::Relaxed);
        let folder = DataFolder::open(root.path()).unwrap();
        let tenant = Name::new("local").unwrap();
        let journal = Journal::open(&folder, &tenant, clock.clone(), "test").unwrap();
        let mut breakers = Breakers::load(&journal).unwrap();
        let dies = AssertUnwindSafe(|| breakers.guard(CAPABILITY, || panic!("on purpose")));
        assert!(catch_unwind(dies).is_err());
        assert_eq!(at_once(&root, &clock, 3), 0, "it may be under way");
        clock.0.fetch_add(COOL_OFF_MICROS, Ordering::Relaxed);
        assert_eq!(at_once(&root, &clock, 6), 1, "one takes its place");
    }
}

#[test]
fn no_failure_of_several_processes_is_lost() {
    for _ in 0..5 {
        let root = tempfile::tempdir().unwrap();
        let clock = Arc::new(Still(AtomicU64::new(1)));
        assert_eq!(at_once(&root, &clock, 4), 4);
        let breakers = Breakers::load(&journal(&root)).unwrap();
        assert_eq!(breakers.iter().next().unwrap().1.failures(), 4);
    }
}
