//! What every request finds: the logs, the agents, the workers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pi_agent_api::Catalogue;
use pi_control_plane::quota::Quota;
use pi_control_plane::tenants::{self, Change};
use pi_core::{Clock, Name, Reason, RunId};
use pi_identity::Tokens;
use pi_kernel::policy::Policy;
use pi_kernel::route::Router;
use pi_runtime::Journal;
use pi_runtime::drive::Cancel;
use pi_runtime::examiner::Guard;
use pi_runtime::mesh::Mesh;
use pi_runtime::scheduler::Scheduler;
use pi_store::{EventStore, Logs, MemoryOptions};
use pi_telemetry::Metrics;

use crate::access::{Caller, SYSTEM};
use crate::alerts::Alerts;
use crate::audit::Audit;
use crate::control::{self, Control};
use crate::problem::Problem;
use crate::report::Reports;

/// Limits of a server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of a request's body at most.
    pub body_bytes: usize,
    /// The longest time from the first byte of a request to its last, and again from there
    /// to its answer.
    pub request_time: Duration,
    /// How long a submission is waited for when the caller says nothing.
    pub wait: Duration,
    /// Requests that are worked on at once.
    pub concurrency: usize,
    /// Runs at once.
    pub runs: usize,
    /// Runs that may wait.
    pub queue: usize,
    /// Open event streams at most.
    pub streams: usize,
    /// Origins that a browser may call from.
    pub origins: Vec<String>,
    /// The longest time of a composition.
    pub chain_time: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            request_time: Duration::from_secs(30),
            wait: Duration::from_secs(25),
            concurrency: 512,
            runs: 4,
            queue: 1_024,
            streams: 256,
            origins: Vec::new(),
            chain_time: Some(Duration::from_secs(300)),
        }
    }
}

/// Who the platform itself is in the log.
pub(crate) const PLATFORM: &str = "platform";

/// The tenant of whoever uses this machine.
const LOCAL: &str = "local";

/// What a server is given.
pub struct Means {
    /// The logs.
    pub stores: Logs,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agents.
    pub catalogue: Arc<Catalogue>,
    /// Worker threads.
    pub mesh: Mesh,
    /// The last resort against examinations that do not end.
    pub guard: Option<Guard>,
    /// The longest time for one vote.
    pub patience: Duration,
    /// Makes and verifies tokens.
    pub tokens: Tokens,
    /// What is measured.
    pub metrics: Option<Arc<Metrics>>,
    /// Who is told at once.
    pub alerts: Option<Alerts>,
    /// The memory across runs, if it is on.
    pub memory: Option<MemoryOptions>,
}

/// What a server is made of.
pub struct App {
    /// Its limits.
    pub settings: Settings,
    /// The logs.
    pub stores: Logs,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agents.
    pub catalogue: Arc<Catalogue>,
    /// The agents by what they are asked for.
    pub router: Router,
    /// Worker threads.
    pub mesh: Arc<Mesh>,
    /// The last resort against examinations that do not end.
    pub guard: Option<Guard>,
    /// The longest time for one vote.
    pub patience: Duration,
    /// Runs that wait and run.
    pub scheduler: Scheduler,
    /// Reports of recent runs.
    pub reports: Reports,
    /// Open streams.
    pub streams: Arc<tokio::sync::Semaphore>,
    /// Makes and verifies tokens.
    pub tokens: Tokens,
    /// What is measured.
    pub metrics: Option<Arc<Metrics>>,
    /// Who is told at once.
    pub alerts: Option<Alerts>,
    /// The memory across runs, if it is on.
    pub memory: Option<MemoryOptions>,
    /// Calls that are counted together.
    pub audit: Audit,
    /// Tenants and policies.
    pub control: Control,
    control_turn: Mutex<()>,
    running: Mutex<BTreeMap<(Name, RunId), Cancel>>,
}

impl App {
    /// A server over logs and agents.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn new(settings: Settings, means: Means) -> std::io::Result<Self> {
        let Means {
            stores,
            clock,
            catalogue,
            mesh,
            guard,
            patience,
            tokens,
            metrics,
            alerts,
            memory,
        } = means;
        let scheduler = Scheduler::start(settings.runs, settings.queue)?;
        let router = Router::new(&catalogue);
        let streams = Arc::new(tokio::sync::Semaphore::new(settings.streams));
        Ok(Self {
            settings,
            stores,
            clock,
            catalogue,
            router,
            mesh: Arc::new(mesh),
            guard,
            patience,
            scheduler,
            reports: Reports::default(),
            streams,
            tokens,
            metrics,
            alerts,
            memory,
            audit: Audit::default(),
            control: Control::default(),
            control_turn: Mutex::default(),
            running: Mutex::default(),
        })
    }

    /// Makes sure that the platform's own tenants are there, and that `local` has its
    /// visible baseline policy where nothing else was ever decided.
    ///
    /// # Errors
    /// The log cannot be reached.
    pub fn establish(&self) -> Result<(), Problem> {
        let journal = |store| Journal::over(store, Arc::clone(&self.clock), PLATFORM);
        let system = journal(self.system()?);
        for (own, display_name) in [(SYSTEM, "The platform"), (LOCAL, "This machine")] {
            let own = Name::new(own).map_err(|error| Problem::invalid(error.to_string()))?;
            let settings = tenants::Settings::new(display_name);
            let create =
                Change::Create(tenants::Settings { quota: Quota::unlimited(), ..settings });
            if self.control.registry(system.store(), |all| all.get(&own).is_none())? {
                let payload = create.payload(&own);
                control::record(&system, create.schema(), create.event_type(), payload)?;
            }
        }
        let local = Name::new(LOCAL).map_err(|error| Problem::invalid(error.to_string()))?;
        control::establish_baseline(&self.control, &journal(self.stores.of(&local)?))
    }

    /// The caller's log, written to in the caller's name.
    ///
    /// # Errors
    /// The log cannot be reached.
    pub fn journal(&self, caller: &Caller) -> Result<Journal, Problem> {
        let store = self.stores.of(&caller.tenant)?;
        let journal = Journal::over(store, Arc::clone(&self.clock), &caller.actor);
        Ok(journal.correlated(&caller.correlation))
    }

    /// The policy that the caller's compositions are asked under.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn policy(&self, journal: &Journal) -> Result<Policy, Problem> {
        let system = self.system()?;
        self.control.policy(system.as_ref(), journal.store())
    }

    /// The log of the platform.
    ///
    /// # Errors
    /// The log cannot be reached.
    pub fn system(&self) -> Result<Arc<dyn EventStore>, Problem> {
        let system = Name::new(SYSTEM).map_err(|error| Problem::invalid(error.to_string()))?;
        Ok(self.stores.of(&system)?)
    }

    /// Whoever holds it decides alone, on this server, on what the control plane is told.
    pub fn control_turn(&self) -> MutexGuard<'_, ()> {
        self.control_turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run goes on here from now.
    pub fn began(&self, tenant: &Name, run: &RunId, cancel: Cancel) {
        self.running().insert((tenant.clone(), run.clone()), cancel);
    }

    /// A run no longer goes on here.
    pub fn ended(&self, tenant: &Name, run: &RunId) {
        self.running().remove(&(tenant.clone(), run.clone()));
    }

    /// What cancels a run that goes on here.
    pub fn cancel_of(&self, tenant: &Name, run: &RunId) -> Option<Cancel> {
        self.running().get(&(tenant.clone(), run.clone())).cloned()
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<(Name, RunId), Cancel>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what blocks on a thread that may.
///
/// # Errors
/// What `work` refuses, or that it panicked.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Problem::new(Reason::PhaseFailed, "the request could not be worked on")),
    }
}
