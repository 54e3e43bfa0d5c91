//! Breakers that several runs of a tenant share: what one saw counts for the others at
//! once, also when they have read the breaker before.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::sync::Arc;

use pi_core::{Name, Reason};
use pi_kernel::breaker::{BreakerState, FAILURES_TO_OPEN};
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
