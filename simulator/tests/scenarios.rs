//! The known bugs of the field, each as a scenario of its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use pi_core::RunId;
use pi_simulator::random::Random;
use pi_simulator::{Defect, Laboratory, Plan, Profile, Simulation, Trace};

/// A simulation in which nothing goes wrong but what the scenario does.
fn with<T>(
    nodes: usize,
    defect: Option<Defect>,
    scenario: impl FnOnce(&mut Simulation<'_>) -> T,
) -> T {
    seeded(7, nodes, defect, scenario)
}

fn seeded<T>(
    seed: u64,
    nodes: usize,
    defect: Option<Defect>,
    scenario: impl FnOnce(&mut Simulation<'_>) -> T,
) -> T {
    let mut laboratory = Laboratory::new().unwrap();
    let profile = Profile { nodes, ..Profile::CALM };
    let mut simulation =
        Simulation::with(profile, Random::new(seed), &mut laboratory, defect, Trace::default());
    scenario(&mut simulation)
}

fn scenario<T>(nodes: usize, scenario: impl FnOnce(&mut Simulation<'_>) -> T) -> T {
    with(nodes, None, scenario)
}

fn submitted(simulation: &mut Simulation<'_>) -> RunId {
    simulation.submit(0, &Plan::simple("report")).unwrap().unwrap()
}

/// Everything goes on until the effect was carried out; nobody has heard of it.
fn until_the_effect(simulation: &mut Simulation<'_>) {
    simulation.deliver_all().unwrap();
    simulation.sync_all().unwrap();
    for _ in 0..4 {
        if simulation.world().done() == 0 {
            simulation.step_all().unwrap();
            simulation.sync_all().unwrap();
        }
    }
    assert_eq!(simulation.world().done(), 1);
}

fn ended(simulation: &mut Simulation<'_>) {
    simulation.settle().unwrap();
    simulation.conclude().unwrap();
}

fn sealed(simulation: &Simulation<'_>, run: &RunId, key: &str) -> String {
    simulation.audit().run(run).unwrap().sealed(key).unwrap().to_owned()
}

fn recorded(simulation: &Simulation<'_>, run: &RunId, event_type: &str) -> Vec<String> {
    let records = simulation.audit().run(run).unwrap().records().iter();
    let of_type = records.filter(|(other, _)| other == event_type);
    of_type.map(|(_, payload)| String::from_utf8_lossy(payload).into_owned()).collect()
}

/// The proof of the simple plan when nothing goes wrong.
fn proof() -> String {
    scenario(1, |simulation| {
        let run = submitted(simulation);
        ended(simulation);
        assert_eq!(sealed(simulation, &run, "decision"), "ALLOW");
        assert_eq!(simulation.counts().released, 1);
        sealed(simulation, &run, "determinism_proof")
    })
}

#[test]
fn crash_between_completion_and_observation() {
    // Of an examination: it is made again.
    scenario(2, |simulation| {
        let run = submitted(simulation);
        assert_eq!(simulation.under_way(), 1);
        simulation.crash(0);
        simulation.deliver_all().unwrap();
        ended(simulation);
        assert_eq!(sealed(simulation, &run, "determinism_proof"), proof());
    });
    // Of an effect: nobody knows, and nobody tries again.
    scenario(2, |simulation| {
        let run = submitted(simulation);
        until_the_effect(simulation);
        simulation.crash(0);
        assert!(simulation.take_over(1, &run, false).unwrap());
        ended(simulation);
        assert_eq!(simulation.world().done(), 1);
        let concluded = recorded(simulation, &run, "effect.concluded");
        assert_eq!(concluded.len(), 1);
        assert!(concluded[0].contains(r#""outcome":"unknown""#), "{}", concluded[0]);
        assert_eq!(sealed(simulation, &run, "decision"), "DENY");
    });
}

#[test]
fn store_dies_during_recovery() {
    let proof = proof();
    for calls in 0..24 {
        scenario(2, |simulation| {
            let run = submitted(simulation);
            simulation.deliver_all().unwrap();
            simulation.disk().write(1);
            simulation.crash(0);
            simulation.disk().dies_after(calls);
            let taken = simulation.take_over(1, &run, false).unwrap();
            if taken {
                simulation.deliver_all().unwrap();
                simulation.step_all().unwrap();
            }
            simulation.lose_power();
            simulation.disk().start();
            ended(simulation);
            assert_eq!(sealed(simulation, &run, "determinism_proof"), proof, "after {calls} calls");
            assert_eq!(simulation.world().done(), 1);
        });
    }
}

#[test]
fn lost_lease_that_still_appends() {
    scenario(2, |simulation| {
        let run = submitted(simulation);
        simulation.sync_all().unwrap();
        assert!(simulation.take_over(1, &run, false).unwrap());
        // The first process goes on as if nothing had happened.
        simulation.deliver(0, false).unwrap();
        simulation.step_all().unwrap();
        simulation.sync_all().unwrap();
        simulation.step_all().unwrap();
        assert_eq!(simulation.counts().fenced_out, 1);
        ended(simulation);
        assert_eq!(simulation.counts().released, 1);
        assert_eq!(sealed(simulation, &run, "determinism_proof"), proof());
    });
}

#[test]
fn index_is_not_reset_after_archival() {
    let restarted = |simulation: &mut Simulation<'_>| {
        submitted(simulation);
        ended(simulation);
        let first = simulation.counts().events;
        simulation.disk().archive();
        simulation.lose_power();
        simulation.disk().start();
        let run = submitted(simulation);
        let second = simulation.check().and_then(|()| simulation.settle());
        (first, run, second)
    };
    scenario(1, |simulation| {
        let (first, run, second) = restarted(simulation);
        second.unwrap();
        simulation.conclude().unwrap();
        let entry = simulation.audit().verification();
        assert!(entry.events > first && entry.runs == 2 && entry.open_runs == 0);
        assert_eq!(sealed(simulation, &run, "determinism_proof"), proof());
    });
    with(1, Some(Defect::CountsFromPages), |simulation| {
        let (_, _, second) = restarted(simulation);
        let problem = second.unwrap_err().to_string();
        assert!(problem.contains("it lies in the place of leaf"), "{problem}");
    });
}

#[test]
fn acknowledgement_lost_after_commit() {
    // Of the acceptance: the run exists, and whoever asked does not know.
    scenario(1, |simulation| {
        simulation.disk().faults.lose_answer = 1_000;
        let plan = Plan::simple("report");
        for _ in 0..2 {
            assert_eq!(simulation.submit(0, &plan).unwrap(), None);
        }
        simulation.check().unwrap();
        // The manifest is kept first, and that answer was lost already.
        assert_eq!(simulation.counts().accepted, 0);
        ended(simulation);
    });
    // Of the seal: the run has ended, its outcome is not released, and nothing of it is
    // written again.
    scenario(2, |simulation| {
        let run = submitted(simulation);
        until_the_effect(simulation);
        simulation.deliver_all().unwrap();
        simulation.disk().faults.lose_answer = 1_000;
        simulation.step_all().unwrap();
        simulation.sync_all().unwrap();
        simulation.step_all().unwrap();
        assert_eq!(sealed(simulation, &run, "determinism_proof"), proof());
        assert!(!simulation.take_over(1, &run, false).unwrap());
        ended(simulation);
        assert_eq!(simulation.counts().released, 0);
        assert_eq!(simulation.world().done(), 1);
    });
}

#[test]
fn clock_runs_backwards() {
    scenario(2, |simulation| {
        let run = submitted(simulation);
        simulation.clock().set_back(3_600_000);
        simulation.deliver_all().unwrap();
        simulation.sync_all().unwrap();
        simulation.crash(0);
        // Who waits until the run must be over waits longer now.
        simulation.clock().advance(600_000);
        assert!(!simulation.take_over(1, &run, true).unwrap());
        simulation.clock().advance(3_600_000);
        assert!(simulation.take_over(1, &run, true).unwrap());
        simulation.clock().set_back(60_000);
        ended(simulation);
        assert_eq!(sealed(simulation, &run, "determinism_proof"), proof());
        assert_eq!(simulation.counts().taken_over, 1);
    });
}

#[test]
fn duplicate_and_reordered_outcomes() {
    let mut random = Random::new(11);
    for number in 0..60 {
        scenario(1, |simulation| {
            let taste = pi_simulator::compose::Taste { offending: 100, writers: 2 };
            let plan = Plan::random("report", &mut random, taste);
            simulation.profile().failing = 500;
            let run = simulation.submit(0, &plan).unwrap().unwrap();
            // The newest first, and each of them again at every later moment.
            for _ in 0..200 {
                let last = simulation.under_way();
                for at in (last.saturating_sub(8)..last).rev() {
                    simulation.deliver(at, true).unwrap();
                }
                simulation.sync_all().unwrap();
                simulation.step_all().unwrap();
                simulation.clock().advance(40);
            }
            ended(simulation);
            assert!(simulation.audit().run(&run).unwrap().is_sealed(), "plan {number}");
        });
    }
}

#[test]
fn torn_tail_is_never_acknowledged() {
    let torn = |simulation: &mut Simulation<'_>| {
        let run = submitted(simulation);
        simulation.deliver_all().unwrap();
        simulation.step_all().unwrap();
        simulation.disk().write(1);
        assert_eq!(simulation.disk().unsynced(), 1);
        simulation.lose_power();
        (run, simulation.check())
    };
    // Whether the commit survives is a matter of luck. If the intent of the effect does,
    // nobody knows whether the effect was carried out; otherwise nothing ever happened.
    let mut proofs = 0;
    for seed in 0..20 {
        seeded(seed, 1, None, |simulation| {
            let (run, held) = torn(simulation);
            held.unwrap();
            ended(simulation);
            if sealed(simulation, &run, "decision") == "ALLOW" {
                assert_eq!(sealed(simulation, &run, "determinism_proof"), proof());
                proofs += 1;
            } else {
                let concluded = recorded(simulation, &run, "effect.concluded");
                assert!(concluded[0].contains("outcome_unknown"), "{concluded:?}");
                assert_eq!(simulation.world().done(), 0);
            }
        });
    }
    assert!(proofs > 0);
    // If the commit survives, nothing is torn.
    for defect in [Defect::AcknowledgesTooEarly, Defect::KeepsTornTail] {
        let noticed =
            |seed| seeded(seed, 1, Some(defect), |simulation| torn(simulation).1.is_err());
        assert!((0..20).any(noticed), "{defect:?}");
    }
}

#[test]
fn an_append_behind_a_lost_one_leaves_no_gap() {
    let gap = |simulation: &mut Simulation<'_>| {
        submitted(simulation);
        // The first records are submitted, and lost with the power.
        simulation.step_all().unwrap();
        simulation.lose_power();
        simulation.disk().start();
        // The process has not heard of it, and submits the next ones.
        simulation.deliver_all().unwrap();
        simulation.step_all().unwrap();
        simulation.sync_all()
    };
    scenario(1, |simulation| {
        gap(simulation).unwrap();
        ended(simulation);
    });
    with(1, Some(Defect::LeavesGaps), |simulation| {
        let problem = gap(simulation).unwrap_err().to_string();
        assert!(problem.contains("the link to the record before does not fit"), "{problem}");
    });
}

#[test]
fn a_resumed_run_is_not_stopped_before_its_record_ends() {
    scenario(2, |simulation| {
        let run = submitted(simulation);
        until_the_effect(simulation);
        simulation.crash(0);
        assert!(simulation.take_over(1, &run, false).unwrap());
        simulation.cancel_all().unwrap();
        ended(simulation);
        assert_eq!(sealed(simulation, &run, "decision"), "DENY");
    });
}
