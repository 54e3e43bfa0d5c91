//! The scheduler: what happens next is the seed's choice.

mod conclude;
mod node;
mod turn;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::IntegrityError;
use pi_store::EventStore as _;

use crate::audit::Audit;
use crate::clock::VirtualClock;
use crate::compose::{Laboratory, Plan};
use crate::defect::Defect;
use crate::process::Task;
use crate::profile::Profile;
use crate::random::Random;
use crate::store::{Disk, SimStore, lock};
use crate::trace::Trace;
use crate::world::World;
use node::Node;

/// Something that must hold, and does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Violation(pub String);

impl From<IntegrityError> for Violation {
    fn from(error: IntegrityError) -> Self {
        Self(format!("the log does not hold: {error}"))
    }
}

/// What happened how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps taken.
    pub steps: u64,
    /// Runs accepted.
    pub accepted: u64,
    /// Runs sealed.
    pub sealed: u64,
    /// Outcomes released to whoever asked.
    pub released: u64,
    /// Runs taken over.
    pub taken_over: u64,
    /// Processes that ended by a fault.
    pub crashes: u64,
    /// Times the store lost power.
    pub power_losses: u64,
    /// Appends refused because the lease was lost.
    pub fenced_out: u64,
    /// Effects done.
    pub effects: u64,
    /// Runs whose sealed inputs were lost with the process that accepted them.
    pub abandoned: u64,
    /// Events in the log.
    pub events: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.accepted += other.accepted;
        self.sealed += other.sealed;
        self.released += other.released;
        self.taken_over += other.taken_over;
        self.crashes += other.crashes;
        self.power_losses += other.power_losses;
        self.fenced_out += other.fenced_out;
        self.effects += other.effects;
        self.abandoned += other.abandoned;
        self.events += other.events;
    }
}

/// Something on its way to an execution.
#[derive(Clone, Debug)]
struct Message {
    execution: u64,
    task: Task,
}

/// A simulated machine room.
pub struct Simulation<'a> {
    laboratory: &'a mut Laboratory,
    trace: Trace,
    random: Random,
    profile: Profile,
    defect: Option<Defect>,
    clock: Arc<VirtualClock>,
    disk: Arc<Mutex<Disk>>,
    audit: Audit,
    world: World,
    nodes: Vec<Node>,
    messages: Vec<Message>,
    executions: u64,
    /// Until then the store does nothing.
    stalled_ms: u64,
    plans: BTreeMap<Digest, Plan>,
    planned: usize,
    /// Runs whose acceptance was acknowledged.
    accepted: Vec<RunId>,
    released: BTreeMap<RunId, Digest>,
    abandoned: Vec<RunId>,
    counts: Counts,
}

impl<'a> Simulation<'a> {
    /// The simulation of a seed, before its first step.
    pub fn new(
        seed: u64,
        laboratory: &'a mut Laboratory,
        defect: Option<Defect>,
        trace: Trace,
    ) -> Self {
        let mut random = Random::new(seed);
        let profile = Profile::random(&mut random);
        Self::with(profile, random, laboratory, defect, trace)
    }

    /// A simulation that goes wrong as a profile says.
    pub fn with(
        profile: Profile,
        mut random: Random,
        laboratory: &'a mut Laboratory,
        defect: Option<Defect>,
        trace: Trace,
    ) -> Self {
        // A literal name is a valid one.
        let tenant = pi_conformance::tenant();
        let mut disk = Disk::new(Name::clone(&tenant), &mut random, defect, trace.clone());
        disk.faults = profile.store;
        let disk = Arc::new(Mutex::new(disk));
        let key = SimStore::open(&disk, "audit").public_key();
        let mut simulation = Self {
            laboratory,
            trace,
            random,
            profile,
            defect,
            clock: Arc::new(VirtualClock::default()),
            disk,
            audit: Audit::new(&tenant, key),
            world: World::default(),
            nodes: Vec::new(),
            messages: Vec::new(),
            executions: 0,
            stalled_ms: 0,
            plans: BTreeMap::new(),
            planned: 0,
            accepted: Vec::new(),
            released: BTreeMap::new(),
            abandoned: Vec::new(),
            counts: Counts::default(),
        };
        for number in 0..simulation.profile.nodes {
            simulation.nodes.push(Node::new(number));
            simulation.start_node(number);
        }
        simulation.trace.say(format!("profile {:?}", simulation.profile));
        simulation
    }

    /// The store's disk.
    pub fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.disk)
    }

    /// The clock.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// The log, as it was read after the last step.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// What effects changed.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// How bad it is, which may change while it runs.
    pub fn profile(&mut self) -> &mut Profile {
        &mut self.profile
    }

    /// What happened how often so far.
    pub fn counts(&self) -> Counts {
        let verification = self.audit.verification();
        Counts {
            sealed: verification.runs - verification.open_runs,
            accepted: verification.runs,
            released: self.released.len() as u64,
            effects: self.world.done() as u64,
            abandoned: self.abandoned.len() as u64,
            events: verification.events,
            ..self.counts
        }
    }

    /// Checks everything that must hold after a step.
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&mut self) -> Result<(), Violation> {
        let mut disk = lock(&self.disk);
        let acknowledged = disk.take_acknowledged();
        self.audit.check(&disk)?;
        drop(disk);
        Ok(self.audit.acknowledged(&acknowledged)?)
    }
}
