//! The control plane as this server knows it: tenants from the log of `_system`, policies
//! from the log of each tenant. Both are projections, brought up to date from where they
//! stood before anything is decided, so that several servers over one store agree.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pi_control_plane::approvals::{self, Approvals};
use pi_control_plane::idempotency::{self, Keys};
use pi_control_plane::policies::{
    Active, Change, Form, Part, Policies, PolicyChangeError, Scope, compose,
};
use pi_control_plane::quota::{self, Usage};
use pi_control_plane::retention::{self, Retention};
use pi_control_plane::sessions::{self, Sessions};
use pi_control_plane::tenants::{CONTROL, Registry};
use pi_control_plane::{BASELINE, BASELINE_NAME, PolicySet};
use pi_core::canonical::{Value, parse};
use pi_core::{Digest, Name, Reason, Timestamp};
use pi_event_fabric::{HeaderView, RunField, identity};
use pi_identity::Identity;
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_runtime::Journal;
use pi_store::EventStore;

use crate::problem::Problem;

/// Events that are read at once.
const BATCH: usize = 256;

/// Tenants whose policies are kept in memory.
const MOST_TENANTS: usize = 4_096;

/// The longest life of a token, in seconds.
pub const MAX_TOKEN_LIFETIME_S: u64 = 86_400;

/// What the control plane came to, as far as it was read.
#[derive(Default)]
pub struct Control {
    registry: Mutex<Followed<Registry>>,
    policies: Mutex<BTreeMap<Name, Arc<Mutex<TenantPolicies>>>>,
    identities: Mutex<BTreeMap<Name, Arc<Mutex<Followed<Identity>>>>>,
    usages: Mutex<BTreeMap<Name, Arc<Mutex<Followed<Usage>>>>>,
    approvals: Mutex<BTreeMap<Name, Arc<Mutex<Followed<Approvals>>>>>,
    retentions: Mutex<BTreeMap<Name, Arc<Mutex<Followed<Retention>>>>>,
    sessions: Mutex<BTreeMap<Name, Arc<Mutex<Followed<Sessions>>>>>,
    keys: Mutex<BTreeMap<Name, Arc<Mutex<Followed<Keys>>>>>,
}

/// The policies that hold for a tenant: the platform's and its own.
type InForce = BTreeMap<(Scope, Name), Active>;

#[derive(Default)]
struct TenantPolicies {
    followed: Followed<Policies>,
    /// The set in force, and which policies it is made of.
    composed: Option<(InForce, Arc<PolicySet>)>,
}

/// A projection and how far it got.
struct Followed<T> {
    read: u64,
    value: T,
}

impl<T> Followed<T> {
    fn new(value: T) -> Self {
        Self { read: 0, value }
    }
}

macro_rules! begins_empty {
    ($($fold:ty),+) => {$(
        impl Default for Followed<$fold> {
            fn default() -> Self {
                Self::new(<$fold>::default())
            }
        }
    )+};
}

begins_empty!(Registry, Policies, Usage, Approvals, Keys, Retention, Sessions);

impl Default for Followed<Identity> {
    fn default() -> Self {
        Self::new(Identity::new(MAX_TOKEN_LIFETIME_S))
    }
}

impl<T> Followed<T> {
    /// Brings it up to date with a partition. What was redacted has no payload.
    fn follow<E: std::fmt::Display>(
        &mut self,
        store: &dyn EventStore,
        partition: &str,
        apply: impl Fn(&mut T, &HeaderView<'_>, Option<&[u8]>) -> Result<(), E>,
    ) -> Result<(), Problem> {
        let partition =
            Name::new(partition).map_err(|error| Problem::invalid(error.to_string()))?;
        loop {
            let events = store.partition(&partition, self.read + 1, BATCH)?;
            for event in &events {
                let damaged = |problem: String| Problem::new(Reason::LogCorrupt, problem);
                let header = HeaderView::parse(&event.header)
                    .ok_or_else(|| damaged("an event of the control plane is damaged".into()))?;
                let payload = event.parts().map(|(_, payload)| payload);
                apply(&mut self.value, &header, payload)
                    .map_err(|error| damaged(error.to_string()))?;
                self.read = header.offset;
            }
            if events.len() < BATCH {
                return Ok(());
            }
        }
    }
}

/// The value in a payload, if it is there. One that cannot be read is null, which no event
/// of the control plane is.
fn value(payload: Option<&[u8]>) -> Option<Value> {
    payload.map(|payload| parse(payload).unwrap_or(Value::Null))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A projection that was half brought up to date goes on from where it stands.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control {
    /// Looks at the registry, brought up to date.
    ///
    /// # Errors
    /// The log of `_system` cannot be read.
    pub fn registry<T>(
        &self,
        system: &dyn EventStore,
        look: impl FnOnce(&Registry) -> T,
    ) -> Result<T, Problem> {
        let mut followed = locked(&self.registry);
        followed.follow(system, CONTROL, |registry: &mut Registry, header, payload| {
            value(payload)
                .map_or(Ok(()), |value| registry.apply(header.event_type, &value).map(drop))
        })?;
        Ok(look(&followed.value))
    }

    /// The policies of a tenant, brought up to date.
    ///
    /// # Errors
    /// The log of the tenant cannot be read.
    pub fn policies(&self, store: &dyn EventStore) -> Result<Policies, Problem> {
        let entry = self.entry(store.tenant());
        let mut known = locked(&entry);
        known.follow(store)?;
        Ok(known.followed.value.clone())
    }

    /// The policy that a tenant's compositions are asked under. Without one in force,
    /// nothing is permitted.
    ///
    /// # Errors
    /// The log of the tenant cannot be read.
    pub fn policy(
        &self,
        system: &dyn EventStore,
        store: &dyn EventStore,
    ) -> Result<Policy, Problem> {
        // Never both at once: each lock is free again before the next is taken.
        let mut active = InForce::new();
        for (scope, of) in [(Scope::Platform, system), (Scope::Tenant, store)] {
            // The platform's own tenant is under its policies once.
            if scope == Scope::Platform || of.tenant() != system.tenant() {
                let policies = self.policies(of)?;
                let named = policies.active().iter();
                active.extend(named.map(|(name, active)| ((scope, name.clone()), *active)));
            }
        }
        let entry = self.entry(store.tenant());
        let mut known = locked(&entry);
        if let Some((composed, set)) = &known.composed
            && *composed == active
        {
            return Ok(Policy::new(Arc::clone(set)));
        }
        let mut texts = BTreeMap::new();
        for ((scope, name), policy) in &active {
            let of = if *scope == Scope::Platform { system } else { store };
            match text(of, &policy.digest)? {
                Ok(text) => texts.insert((*scope, name), text),
                Err(problem) => {
                    let message = format!("the policy `{name}` cannot be loaded: {problem}");
                    return Ok(Policy::absent(Reason::PolicyNotLoaded, message));
                }
            };
        }
        let parts: Vec<Part<'_>> = active
            .iter()
            .filter_map(|((scope, name), policy)| {
                Some(part(*scope, name, policy, texts.get(&(*scope, name))?))
            })
            .collect();
        match compose(&parts) {
            Ok(set) => {
                let set = Arc::new(set);
                known.composed = Some((active, Arc::clone(&set)));
                Ok(Policy::new(set))
            }
            Err(error) => Ok(Policy::absent(error.reason(), error.to_string())),
        }
    }

    /// Looks at who may call in the name of a tenant, brought up to date.
    ///
    /// # Errors
    /// The log of the tenant cannot be read.
    pub fn identity<T>(
        &self,
        store: &dyn EventStore,
        look: impl FnOnce(&Identity) -> T,
    ) -> Result<T, Problem> {
        let entry = entry(&self.identities, store.tenant());
        let mut followed = locked(&entry);
        followed.follow(
            store,
            identity::PARTITION,
            |identity: &mut Identity, header, payload| {
                let at = Timestamp::from_micros(header.recorded_at);
                match payload {
                    Some(payload) => identity.apply(header.event_type, payload, at),
                    None => {
                        identity.apply_erased(header.event_type, at);
                        Ok(())
                    }
                }
            },
        )?;
        Ok(look(&followed.value))
    }

    /// Looks at what a tenant uses, brought up to date.
    ///
    /// # Errors
    /// The log of the tenant cannot be read.
    pub fn usage<T>(
        &self,
        store: &dyn EventStore,
        look: impl FnOnce(&Usage) -> T,
    ) -> Result<T, Problem> {
        let entry = entry(&self.usages, store.tenant());
        let mut followed = locked(&entry);
        followed.follow(store, quota::PARTITION, |usage: &mut Usage, header, payload| {
            let at = Timestamp::from_micros(header.recorded_at);
            value(payload)
                .map_or(Ok(()), |value| usage.apply(header.offset, at, header.event_type, &value))
        })?;
        Ok(look(&followed.value))
    }

    /// Looks at what waits for a person, brought up to date.
    ///
    /// # Errors
    /// The log of the tenant cannot be read.
    pub fn approvals<T>(
        &self,
        store: &dyn EventStore,
        look: impl FnOnce(&Approvals) -> T,
    ) -> Result<T, Problem> {
        let entry = entry(&self.approvals, store.tenant());
        let mut followed = locked(&entry);
        followed.follow(store, approvals::PARTITION, |all: &mut Approvals, header, payload| {
            let at = Timestamp::from_micros(header.recorded_at);
            value(payload).map_or(Ok(()), |value| {
                all.apply(header.offset, header.event_type, header.actor, at, &value).map(drop)
            })
        })?;
        Ok(look(&followed.value))
    }

    /// Looks at holds and erased keys of a tenant, brought up to date.
    ///
    /// # Errors
    /// The log of the tenant cannot be read.
    pub fn retention<T>(
        &self,
        store: &dyn EventStore,
        look: impl FnOnce(&Retention) -> T,
    ) -> Result<T, Problem> {
        let entry = entry(&self.retentions, store.tenant());
        let mut followed = locked(&entry);
        followed.follow(
            store,
            retention::PARTITION,
            |known: &mut Retention, header, payload| {
                value(payload)
                    .map_or(Ok(()), |value| known.apply(header.event_type, &value).map(drop))
            },
        )?;
        Ok(look(&followed.value))
    }

    /// Looks at the sessions of a tenant, brought up to date.
    ///
    /// # Errors
    /// The log of the tenant cannot be read.
    pub fn sessions<T>(
        &self,
        store: &dyn EventStore,
        look: impl FnOnce(&Sessions) -> T,
    ) -> Result<T, Problem> {
        let entry = entry(&self.sessions, store.tenant());
        let mut followed = locked(&entry);
        followed.follow(store, sessions::PARTITION, |all: &mut Sessions, header, payload| {
            let at = Timestamp::from_micros(header.recorded_at);
            value(payload).map_or(Ok(()), |value| {
                all.apply(header.offset, header.event_type, header.actor, at, &value)
            })
        })?;
        Ok(look(&followed.value))
    }

    /// Looks at the idempotency keys of a tenant, brought up to date.
    ///
    /// # Errors
    /// The log of the tenant cannot be read.
    pub fn keys<T>(
        &self,
        store: &dyn EventStore,
        look: impl FnOnce(&Keys) -> T,
    ) -> Result<T, Problem> {
        let entry = entry(&self.keys, store.tenant());
        let mut followed = locked(&entry);
        followed.follow(store, idempotency::PARTITION, |keys: &mut Keys, header, payload| {
            let at = Timestamp::from_micros(header.recorded_at);
            value(payload)
                .map_or(Ok(()), |value| keys.apply(header.offset, header.event_type, at, &value))
        })?;
        Ok(look(&followed.value))
    }

    fn entry(&self, tenant: &Name) -> Arc<Mutex<TenantPolicies>> {
        entry(&self.policies, tenant)
    }
}

/// What is known of a tenant. Of too many, some are dropped and read again when they are
/// asked for.
fn entry<T: Default>(all: &Mutex<BTreeMap<Name, Arc<T>>>, tenant: &Name) -> Arc<T> {
    let mut all = locked(all);
    if all.len() >= MOST_TENANTS && !all.contains_key(tenant) {
        all.pop_first();
    }
    Arc::clone(all.entry(tenant.clone()).or_default())
}

impl TenantPolicies {
    fn follow(&mut self, store: &dyn EventStore) -> Result<(), Problem> {
        self.followed.follow(store, CONTROL, |policies: &mut Policies, header, payload| {
            value(payload)
                .map_or(Ok(()), |value| policies.apply(header.event_type, &value).map(drop))
        })
    }
}

/// A policy in force, to be composed with others.
pub fn part<'a>(scope: Scope, name: &'a Name, active: &Active, text: &'a str) -> Part<'a> {
    let Active { version, form, .. } = *active;
    Part { scope, name, version, form, text }
}

/// The text of a policy that is kept; what is wrong with it, if it is.
fn text(store: &dyn EventStore, digest: &Digest) -> Result<Result<String, String>, Problem> {
    let Some(bytes) = store.blob(digest)? else {
        return Ok(Err("its text is not kept".to_owned()));
    };
    Ok(String::from_utf8(bytes).map_err(|_| "its text is not UTF-8".to_owned()))
}

/// Records something in the partition of the control plane.
///
/// # Errors
/// The log refuses.
pub fn record(
    journal: &Journal,
    schema: &'static str,
    event_type: &'static str,
    payload: Vec<u8>,
) -> Result<(), Problem> {
    record_in(CONTROL, journal, (event_type, schema), payload).map(drop)
}

/// Records something durably in a partition; its offset there. The names are those of the
/// event type and of the schema.
///
/// # Errors
/// The log refuses.
pub fn record_in(
    partition: &str,
    journal: &Journal,
    (event_type, schema): (&'static str, &'static str),
    payload: Vec<u8>,
) -> Result<u64, Problem> {
    let record = Record { schema, schema_version: 1, event_type, payload };
    let draft = journal.draft(partition, RunField::None, record)?;
    let appended = journal.store().append(vec![draft])?;
    let place = appended.places.first().map(|place| place.offset);
    place.ok_or_else(|| Problem::new(Reason::LogCorrupt, "the event has no place"))
}

/// Puts a policy in force. One that is in force with this text stays as it is.
///
/// # Errors
/// There are too many, or the log refuses.
pub fn activate(
    control: &Control,
    journal: &Journal,
    name: &Name,
    text: &str,
) -> Result<Active, Problem> {
    let policies = control.policies(journal.store())?;
    match policies.activate(name, Form::of(text), text) {
        Err(PolicyChangeError::Unchanged(_)) => {}
        change => {
            journal.store().put_blob(text.as_bytes())?;
            make(journal, name, change?)?;
        }
    }
    let active = control.policies(journal.store())?.active().get(name).copied();
    active.ok_or_else(|| {
        Problem::new(Reason::LogCorrupt, "another server changed the policy at the same moment")
    })
}

/// Records a change of a policy.
///
/// # Errors
/// The log refuses.
pub fn make(journal: &Journal, name: &Name, change: Change) -> Result<(), Problem> {
    record(journal, change.schema(), change.event_type(), change.payload(name))
}

/// Puts the visible baseline policy in force, where nothing was ever decided.
///
/// # Errors
/// The log refuses.
pub fn establish_baseline(control: &Control, journal: &Journal) -> Result<(), Problem> {
    let name = Name::new(BASELINE_NAME).map_err(|error| Problem::invalid(error.to_string()))?;
    if control.policies(journal.store())?.version(&name) == 0 {
        activate(control, journal, &name, BASELINE)?;
    }
    Ok(())
}
