//! How bad a simulation is: each seed has another mix of faults, so that every fault is
//! also met without the others.

use crate::compose::Taste;
use crate::random::Random;
use crate::store::StoreFaults;

/// How often what happens. Weights are relative to each other.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Number of processes.
    pub nodes: usize,
    /// Number of compositions.
    pub compositions: usize,
    /// Most steps before everything calms down.
    pub steps: usize,
    /// What compositions look like.
    pub taste: Taste,
    /// What the store does wrong.
    pub store: StoreFaults,
    /// Of a thousand outcomes, so many come twice.
    pub duplicate: u32,
    /// Of a thousand outcomes, so many are lost.
    pub lose: u32,
    /// Of a thousand attempts at an effect, so many fail.
    pub failing: u32,
    /// Of a thousand examinations, so many run out of time.
    pub late: u32,
    /// Weight: a process ends.
    pub crash: usize,
    /// Weight: the store loses power.
    pub power: usize,
    /// Weight: the store takes its time.
    pub stall: usize,
    /// Weight: a process takes a run over.
    pub take_over: usize,
    /// Weight: a run is cancelled.
    pub cancel: usize,
    /// Weight: the clock on the wall is set back.
    pub set_back: usize,
    /// Weight: old pages are archived.
    pub archive: usize,
}

impl Profile {
    /// One process, one composition, and nothing goes wrong.
    pub const CALM: Profile = Profile {
        nodes: 1,
        compositions: 1,
        steps: 400,
        taste: Taste { offending: 0, writers: 1 },
        store: StoreFaults { refuse: 0, lose_answer: 0 },
        duplicate: 0,
        lose: 0,
        failing: 0,
        late: 0,
        crash: 0,
        power: 0,
        stall: 0,
        take_over: 0,
        cancel: 0,
        set_back: 0,
        archive: 0,
    };

    /// A mix that the seed decides.
    pub fn random(random: &mut Random) -> Self {
        let mut some = |most: usize| {
            if random.chance(550) { 1 + random.below(most) } else { 0 }
        };
        let mut profile = Profile {
            store: StoreFaults { refuse: some(40) as u32, lose_answer: some(60) as u32 },
            duplicate: some(300) as u32,
            lose: some(30) as u32,
            failing: some(700) as u32,
            late: some(80) as u32,
            crash: some(15),
            power: some(10),
            stall: some(40),
            take_over: some(40),
            cancel: some(10),
            set_back: some(20),
            archive: some(20),
            taste: Taste { offending: some(200) as u32, writers: 2 },
            ..Profile::CALM
        };
        profile.nodes = 1 + random.below(3);
        profile.compositions = 1 + random.below(4);
        profile.steps = 200 + random.below(500);
        profile
    }
}
