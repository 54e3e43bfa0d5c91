//! The order of steps: by phase, by what is written, by what hands over to what.
//!
//! A step may wait for another because an arrow says so, or because the other
//! produces a kind of artifact that it reads. Phases come in their order
//! whatever is written, so that producers (INGEST to DIFF) stand before
//! validators (VALIDATE to GOVERN) and these before remediators (EMIT). Inside a
//! phase, Kahn's algorithm gives waves; ties are ordered by name.

use std::collections::{BTreeMap, BTreeSet};

use pi_agent_api::{Meta, Phase};
use pi_artifacts::Kind;

use super::{Plan, PlanError, PlanStep};

/// What the order of a step depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Its name.
    pub name: String,
    /// The phase that it declares.
    pub phase: Phase,
    /// The kinds of artifacts that it reads.
    pub reads: BTreeSet<Kind>,
    /// The kinds of artifacts that it hands over.
    pub gives: BTreeSet<Kind>,
}

impl Capability {
    /// An agent. It changes nothing that it reads, so it hands over just that.
    pub fn of(meta: &Meta) -> Self {
        let reads: BTreeSet<Kind> =
            Kind::ALL.iter().copied().filter(|kind| meta.reads(*kind)).collect();
        Self { name: meta.slug.to_owned(), phase: meta.phase, gives: reads.clone(), reads }
    }

    /// Whether it makes something that `other` reads and that it does not read
    /// itself.
    fn produces_for(&self, other: &Capability) -> bool {
        self.gives.difference(&self.reads).any(|kind| other.reads.contains(kind))
    }
}

/// For each step, the steps that it waits for.
type Edges = Vec<BTreeSet<usize>>;

/// Orders capabilities. Each arrow hands over from one to another, named by
/// their places in `capabilities`.
///
/// # Errors
/// [`PlanError`] when arrows contradict phases, types or each other.
pub fn order(capabilities: &[Capability], arrows: &[(usize, usize)]) -> Result<Plan, PlanError> {
    let mut waits: Edges = vec![BTreeSet::new(); capabilities.len()];
    for (from, to) in arrows {
        if let (Some(giver), Some(taker)) = (capabilities.get(*from), capabilities.get(*to)) {
            fits(giver, taker)?;
            add(&mut waits, *from, *to);
        }
    }
    for (from, giver) in capabilities.iter().enumerate() {
        for (to, taker) in capabilities.iter().enumerate() {
            if from != to && giver.phase <= taker.phase && giver.produces_for(taker) {
                add(&mut waits, from, to);
            }
        }
    }
    let waves = waves(capabilities, &waits)?;
    Ok(number(capabilities, &waits, waves))
}

fn add(waits: &mut Edges, from: usize, to: usize) {
    if let Some(waits) = waits.get_mut(to) {
        waits.insert(from);
    }
}

fn fits(giver: &Capability, taker: &Capability) -> Result<(), PlanError> {
    if giver.phase > taker.phase {
        return Err(PlanError::EarlierPhase {
            from: giver.name.clone(),
            from_phase: giver.phase,
            to: taker.name.clone(),
            to_phase: taker.phase,
        });
    }
    if giver.gives.is_disjoint(&taker.reads) {
        return Err(PlanError::TypeMismatch {
            from: giver.name.clone(),
            gives: giver.gives.iter().copied().collect(),
            to: taker.name.clone(),
            reads: taker.reads.iter().copied().collect(),
        });
    }
    Ok(())
}

/// Sets of steps that may run at the same time, in order. No edge leads to an
/// earlier phase, so a phase can be finished before the next begins.
fn waves(capabilities: &[Capability], waits: &Edges) -> Result<Vec<Vec<usize>>, PlanError> {
    let mut waves = Vec::new();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    for phase in Phase::ALL {
        let of_phase = capabilities.iter().enumerate().filter(|(_, c)| c.phase == *phase);
        let mut open: BTreeMap<(&str, usize), usize> =
            of_phase.map(|(at, c)| ((c.name.as_str(), at), at)).collect();
        while !open.is_empty() {
            let is_ready = |at: &usize| waits.get(*at).is_none_or(|waits| waits.is_subset(&done));
            let wave: Vec<usize> = open.values().copied().filter(is_ready).collect();
            if wave.is_empty() {
                return Err(cycle(capabilities, waits, &open.into_values().collect()));
            }
            open.retain(|_, at| !wave.contains(at));
            done.extend(&wave);
            waves.push(wave);
        }
    }
    Ok(waves)
}

/// Every open step waits for another open one: going back from any of them must
/// come to one twice.
fn cycle(capabilities: &[Capability], waits: &Edges, open: &BTreeSet<usize>) -> PlanError {
    let mut path: Vec<usize> = Vec::new();
    let mut at = open.first().copied();
    while let Some(step) = at
        && !path.contains(&step)
    {
        path.push(step);
        at = waits.get(step).and_then(|waits| waits.intersection(open).next().copied());
    }
    let begin = path.iter().position(|step| Some(*step) == at).unwrap_or(0);
    let mut circle: Vec<usize> = path.into_iter().skip(begin).collect();
    circle.extend(at);
    let name = |at: usize| capabilities.get(at).map(|c| c.name.clone());
    PlanError::Cycle { cycle: circle.into_iter().rev().filter_map(name).collect() }
}

fn number(capabilities: &[Capability], waits: &Edges, waves: Vec<Vec<usize>>) -> Plan {
    let sorted: Vec<usize> = waves.iter().flatten().copied().collect();
    let place = |at: usize| sorted.iter().position(|other| *other == at).unwrap_or(0);
    let id = |place: usize| format!("step_{}", place + 1);
    let mut steps = Vec::new();
    for (wave, members) in (1..).zip(&waves) {
        for at in members {
            let Some(capability) = capabilities.get(*at) else { continue };
            let before: BTreeSet<usize> =
                waits.get(*at).into_iter().flatten().map(|at| place(*at)).collect();
            steps.push(PlanStep {
                id: id(steps.len()),
                agent: capability.name.clone(),
                phase: capability.phase,
                wave,
                depends_on: before.into_iter().map(id).collect(),
            });
        }
    }
    Plan { steps }
}
