//! One turn: an action, picked by weight among those that are possible.

use pi_core::Reason;

use super::{Simulation, Violation};
use crate::compose::Plan;
use crate::process::Task;

/// What can happen.
#[derive(Clone, Copy, Debug)]
enum Action {
    Submit,
    Deliver,
    Step,
    Write,
    Sync,
    Pass,
    Crash,
    StartNode,
    LosePower,
    DieSoon,
    StartStore,
    Stall,
    TakeOver,
    Cancel,
    SetBack,
    Archive,
}

impl Simulation<'_> {
    /// Takes steps until everything is done, or as many as the profile allows.
    ///
    /// # Errors
    /// What does not hold.
    pub fn run(&mut self) -> Result<(), Violation> {
        for _ in 0..self.profile.steps {
            let done = self.planned >= self.profile.compositions
                && self.live() == 0
                && self.disk().open_runs().is_empty();
            if done {
                break;
            }
            self.turn()?;
        }
        Ok(())
    }

    /// Executions under way.
    fn live(&self) -> usize {
        self.nodes.iter().map(|node| node.executions.len()).sum()
    }

    fn turn(&mut self) -> Result<(), Violation> {
        let Some(action) = self.choose() else { return Ok(()) };
        self.counts.steps += 1;
        self.trace.say(format!("{} {action:?}", self.counts.steps));
        self.act(action)?;
        self.check()
    }

    /// The actions that are possible now, each with its weight.
    fn weights(&self) -> Vec<(Action, usize)> {
        let profile = &self.profile;
        let disk = self.disk();
        let (up, open) = (disk.is_available(), !disk.open_runs().is_empty());
        let busy = self.clock.elapsed_ms() < self.stalled_ms;
        let when = |possible: bool, weight: usize| if possible { weight } else { 0 };
        let alive = self.nodes.iter().filter(|node| node.journal.is_some()).count();
        let dead = self.nodes.len() - alive;
        let some_alive = alive > 0;
        vec![
            (Action::Submit, when(some_alive && self.planned < profile.compositions, 60)),
            (Action::Deliver, when(!self.messages.is_empty(), 400)),
            (Action::Step, when(self.live() > 0, 300)),
            (Action::Write, when(up && !busy && disk.queued() > 0, 250)),
            (Action::Sync, when(up && !busy && disk.unsynced() > 0, 150)),
            (Action::Pass, 50),
            (Action::Crash, when(some_alive, profile.crash)),
            (Action::StartNode, when(dead > 0, 80)),
            (Action::LosePower, when(up, profile.power)),
            (Action::DieSoon, when(up, profile.power)),
            (Action::StartStore, when(!up, 150)),
            (Action::Stall, when(up && !busy, profile.stall)),
            (Action::TakeOver, when(some_alive && open, profile.take_over)),
            (Action::Cancel, when(self.live() > 0, profile.cancel)),
            (Action::SetBack, profile.set_back),
            (Action::Archive, when(up, profile.archive)),
        ]
    }

    fn choose(&mut self) -> Option<Action> {
        let weights = self.weights();
        let mut at = self.random.below(weights.iter().map(|(_, weight)| weight).sum());
        weights.into_iter().find_map(|(action, weight)| {
            if at < weight {
                return Some(action);
            }
            at -= weight;
            None
        })
    }

    fn act(&mut self, action: Action) -> Result<(), Violation> {
        match action {
            Action::Submit => return self.submit_some(),
            Action::Deliver => return self.deliver_some(),
            Action::Step => {
                let number = self.some_execution();
                return self.step(number);
            }
            Action::Write => {
                let limit = 1 + self.random.below(4);
                self.disk().write(limit);
            }
            Action::Sync => {
                let count = 1 + self.random.below(3);
                self.disk().sync(count);
            }
            Action::Pass => self.clock.advance(1 + self.random.below(200) as u64),
            Action::Crash => {
                let node = self.random.below(self.nodes.len());
                self.crash(node);
            }
            Action::StartNode => {
                let dead = self.nodes.iter().position(|node| node.journal.is_none());
                dead.into_iter().for_each(|node| self.start_node(node));
            }
            Action::LosePower => self.lose_power(),
            Action::DieSoon => {
                let calls = self.random.below(12) as u32;
                self.disk().dies_after(calls);
            }
            Action::StartStore => self.disk().start(),
            Action::Stall => {
                self.stalled_ms = self.clock.elapsed_ms() + 1 + self.random.below(2_000) as u64;
            }
            Action::TakeOver => return self.take_over_some(),
            Action::Cancel => {
                let number = self.some_execution();
                return self.cancel(number);
            }
            Action::SetBack => self.clock.set_back(1 + self.random.below(60_000) as u64),
            Action::Archive => self.disk().archive(),
        }
        Ok(())
    }

    /// The store loses power.
    pub fn lose_power(&mut self) {
        self.disk().lose_power();
        self.counts.power_losses += 1;
    }

    fn submit_some(&mut self) -> Result<(), Violation> {
        self.planned += 1;
        let name = format!("composition-{}", self.planned);
        let plan = Plan::random(&name, &mut self.random, self.profile.taste);
        let node = self.random.below(self.nodes.len());
        self.submit(node, &plan).map(|_| ())
    }

    /// Delivers one message: perhaps it stays and comes again, perhaps it is lost.
    fn deliver_some(&mut self) -> Result<(), Violation> {
        let at = self.random.below(self.messages.len());
        let again = self.random.chance(self.profile.duplicate);
        if self.random.chance(self.profile.lose) {
            let lost = self.messages.swap_remove(at);
            self.trace.say(format!("lost: {} {:?}", lost.execution, Brief(&lost.task)));
            return Ok(());
        }
        self.deliver(at, again)
    }

    /// Messages on their way.
    pub fn under_way(&self) -> usize {
        self.messages.len()
    }

    /// Delivers one message, which may come again.
    ///
    /// # Errors
    /// What does not hold.
    pub fn deliver(&mut self, at: usize, again: bool) -> Result<(), Violation> {
        let Some(message) = self.messages.get(at).cloned() else { return Ok(()) };
        if !again {
            self.messages.swap_remove(at);
        }
        self.trace.say(format!("deliver {} {:?}", message.execution, Brief(&message.task)));
        self.hand_over(message)
    }

    fn some_execution(&mut self) -> Option<u64> {
        let all = self.executing();
        self.random.pick(&all).copied()
    }

    fn executing(&self) -> Vec<u64> {
        let all = self.nodes.iter().flat_map(|node| &node.executions);
        all.map(|(number, _)| *number).collect()
    }

    fn step(&mut self, number: Option<u64>) -> Result<(), Violation> {
        let Some(number) = number else { return Ok(()) };
        self.check()?;
        self.with_execution(number, |execution, around| execution.step(around))
    }

    fn cancel(&mut self, number: Option<u64>) -> Result<(), Violation> {
        let Some(number) = number else { return Ok(()) };
        self.with_execution(number, |execution, around| {
            execution.stop(Reason::RunCancelled, around).map(|()| None)
        })
    }

    fn take_over_some(&mut self) -> Result<(), Violation> {
        let open = self.disk().open_runs();
        let Some(run) = self.random.pick(&open).cloned() else { return Ok(()) };
        let node = self.random.below(self.nodes.len());
        let patient = self.random.chance(300);
        self.take_over(node, &run, patient).map(|_| ())
    }

    /// Delivers everything that is under way, in the order in which it was asked for.
    ///
    /// # Errors
    /// What does not hold.
    pub fn deliver_all(&mut self) -> Result<(), Violation> {
        for message in std::mem::take(&mut self.messages) {
            self.hand_over(message)?;
        }
        self.check()
    }

    /// Lets every execution take a step.
    ///
    /// # Errors
    /// What does not hold.
    pub fn step_all(&mut self) -> Result<(), Violation> {
        self.executing().into_iter().try_for_each(|number| self.step(Some(number)))
    }

    /// Somebody cancels every run under way.
    ///
    /// # Errors
    /// What does not hold.
    pub fn cancel_all(&mut self) -> Result<(), Violation> {
        self.executing().into_iter().try_for_each(|number| self.cancel(Some(number)))
    }

    /// The store writes and syncs everything.
    ///
    /// # Errors
    /// What does not hold.
    pub fn sync_all(&mut self) -> Result<(), Violation> {
        let mut disk = self.disk();
        disk.write(usize::MAX);
        let count = disk.unsynced();
        disk.sync(count);
        drop(disk);
        self.check()
    }
}

/// A task in the trace: without the outcome's content.
struct Brief<'a>(&'a Task);

impl std::fmt::Debug for Brief<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Task::Examine { job, node, artifact } => {
                write!(f, "job {job}: node {node}, artifact {artifact}")
            }
            Task::Conclude { job, attempt, outcome } => {
                write!(f, "job {job}: attempt {attempt} {}", outcome.as_str())
            }
        }
    }
}
