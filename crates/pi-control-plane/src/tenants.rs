//! The registry of tenants: a fold over the events of the reserved tenant `_system`.
//!
//! A [`Change`] is checked, written as an event, and folded in by
//! [`Registry::apply`] on every server alike. What two servers decide at the same
//! moment, the order of the log decides: the change that comes too late has no effect.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Name, Reason};
use pi_event_fabric::control;

use crate::quota::{MAX_WINDOW_S, MIN_WINDOW_S, Quota};

pub use pi_event_fabric::control::{PARTITION as CONTROL, SYSTEM};

/// The tenant of a data folder that serves one person.
pub const LOCAL: &str = "local";
/// Characters of a display name at most.
pub const MAX_DISPLAY_NAME: usize = 200;
/// Days that evidence is kept at most.
pub const MAX_RETENTION_DAYS: u64 = 36_500;

/// Where a tenant is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It may call.
    Active,
    /// It may not, for now.
    Suspended,
    /// It never may again, and nobody else gets its id.
    Deleted,
}

impl State {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Suspended => "suspended",
            State::Deleted => "deleted",
        }
    }

    /// The state after a change; none when the change is not allowed here.
    const fn after(self, change: &Change) -> Option<State> {
        match (self, change) {
            (State::Active | State::Suspended, Change::Delete) => Some(State::Deleted),
            (State::Active, Change::Suspend) => Some(State::Suspended),
            (State::Suspended, Change::Resume) => Some(State::Active),
            (State::Active | State::Suspended, Change::Describe(_)) => Some(self),
            _ => None,
        }
    }
}

/// What may be set of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What people call it.
    pub display_name: String,
    /// What it may use.
    pub quota: Quota,
    /// Days that the evidence of its runs is kept; none means for ever.
    pub retention_days: Option<u64>,
}

impl Settings {
    /// The settings of a new tenant when nobody says anything else.
    pub fn new(display_name: &str) -> Self {
        let display_name = display_name.to_owned();
        Self { display_name, quota: Quota::standard(), retention_days: None }
    }

    fn check(&self) -> Result<(), TenantError> {
        let Settings { display_name, quota, retention_days } = self;
        let length = display_name.chars().count();
        if !(1..=MAX_DISPLAY_NAME).contains(&length) || display_name.contains(char::is_control) {
            let problem = format!("must be 1 to {MAX_DISPLAY_NAME} characters on one line");
            return Err(TenantError::Member("display_name", problem));
        }
        if !quota.is_valid() {
            let problem = format!("must be {MIN_WINDOW_S} to {MAX_WINDOW_S}");
            return Err(TenantError::Member("quota.window_s", problem));
        }
        if retention_days.is_some_and(|days| !(1..=MAX_RETENTION_DAYS).contains(&days)) {
            let problem = format!("must be 1 to {MAX_RETENTION_DAYS}");
            return Err(TenantError::Member("retention_days", problem));
        }
        Ok(())
    }

    fn from_value(json: &Value) -> Option<Self> {
        let display_name = json.get("display_name")?.as_str()?.to_owned();
        let quota = Quota::from_value(json.get("quota")?)?;
        let retention_days = match json.get("retention_days")? {
            Value::Null => None,
            days => Some(days.as_u64()?),
        };
        Some(Self { display_name, quota, retention_days })
    }
}

impl ToCanonical for Settings {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Settings { display_name, quota, retention_days } = self;
        encoder.object(|o| {
            o.field("display_name", display_name)
                .field("quota", quota)
                .field("retention_days", retention_days);
        });
    }
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Where it is in its life.
    pub state: State,
    /// What is set.
    pub settings: Settings,
}

/// What can be done to a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Make it.
    Create(Settings),
    /// Set everything that may be set.
    Describe(Settings),
    /// Let it not call for now.
    Suspend,
    /// Let it call again.
    Resume,
    /// End it.
    Delete,
}

impl Change {
    /// The type of its event.
    pub const fn event_type(&self) -> &'static str {
        match self {
            Change::Create(_) => control::TENANT_CREATED,
            Change::Describe(_) => control::TENANT_CHANGED,
            Change::Suspend => control::TENANT_SUSPENDED,
            Change::Resume => control::TENANT_RESUMED,
            Change::Delete => control::TENANT_DELETED,
        }
    }

    /// The schema of its event's payload.
    pub const fn schema(&self) -> &'static str {
        match self {
            Change::Create(_) => "pi.tenant.created",
            Change::Describe(_) => "pi.tenant.changed",
            Change::Suspend => "pi.tenant.suspended",
            Change::Resume => "pi.tenant.resumed",
            Change::Delete => "pi.tenant.deleted",
        }
    }

    /// The payload of its event, in canonical form.
    pub fn payload(&self, tenant: &Name) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.object(|o| match self {
            Change::Create(settings) | Change::Describe(settings) => {
                let Settings { display_name, quota, retention_days } = settings;
                o.field("display_name", display_name)
                    .field("quota", quota)
                    .field("retention_days", retention_days)
                    .field("tenant", tenant);
            }
            Change::Suspend | Change::Resume | Change::Delete => {
                o.field("tenant", tenant);
            }
        });
        encoder.into_bytes()
    }

    /// The change that an event of the registry records, and whose it is. None for
    /// the other events of the partition.
    fn recorded(event_type: &str, payload: &Value) -> Result<Option<(Name, Self)>, TenantError> {
        let unreadable = || TenantError::Unreadable(event_type.to_owned());
        let settings = || Settings::from_value(payload).ok_or_else(unreadable);
        let change = match event_type {
            control::TENANT_CREATED => Change::Create(settings()?),
            control::TENANT_CHANGED => Change::Describe(settings()?),
            control::TENANT_SUSPENDED => Change::Suspend,
            control::TENANT_RESUMED => Change::Resume,
            control::TENANT_DELETED => Change::Delete,
            control::POLICY_ACTIVATED | control::POLICY_RETIRED => return Ok(None),
            _ => return Err(TenantError::UnknownEvent(event_type.to_owned())),
        };
        let tenant = payload.get("tenant").and_then(Value::as_str).ok_or_else(unreadable)?;
        let tenant = Name::new(tenant).map_err(|_| unreadable())?;
        Ok(Some((tenant, change)))
    }
}

/// Why something cannot be done to a tenant, or by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    /// It is not there.
    #[error("there is no tenant `{0}`")]
    Unknown(Name),
    /// It is there already.
    #[error("there is a tenant `{0}` already")]
    Exists(Name),
    /// It is the platform's own.
    #[error("`{0}` is the platform's own")]
    Reserved(Name),
    /// It is active already.
    #[error("the tenant `{0}` is active")]
    Active(Name),
    /// It is suspended.
    #[error("the tenant `{0}` is suspended")]
    Suspended(Name),
    /// It was deleted, and its id is never given again.
    #[error("the tenant `{0}` was deleted; its id is never given again")]
    Deleted(Name),
    /// A member does not fit.
    #[error("`{0}` {1}")]
    Member(&'static str, String),
    /// An event has a type that this build does not know.
    #[error("the event type `{0}` of the registry is unknown")]
    UnknownEvent(String),
    /// An event of a known type cannot be read.
    #[error("an event `{0}` of the registry cannot be read")]
    Unreadable(String),
}

impl TenantError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            TenantError::Unknown(_) => Reason::TenantUnknown,
            TenantError::Exists(_) => Reason::TenantExists,
            TenantError::Reserved(_) => Reason::TenantReserved,
            TenantError::Active(_) => Reason::TenantActive,
            TenantError::Suspended(_) => Reason::TenantInactive,
            TenantError::Deleted(_) => Reason::TenantDeleted,
            TenantError::Member(..) => Reason::InvalidRequest,
            TenantError::UnknownEvent(_) => Reason::UnknownSchema,
            TenantError::Unreadable(_) => Reason::LogCorrupt,
        }
    }
}

/// Every tenant that there is and was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry(BTreeMap<Name, Tenant>);

impl Registry {
    /// One tenant, whatever its state.
    pub fn get(&self, tenant: &Name) -> Option<&Tenant> {
        self.0.get(tenant)
    }

    /// The tenants behind a name, in the order of their names, deleted ones included.
    pub fn behind(&self, name: Option<&Name>) -> impl Iterator<Item = (&Name, &Tenant)> {
        use std::ops::Bound;
        let from = name.map_or(Bound::Unbounded, |name| Bound::Excluded(name.clone()));
        self.0.range((from, Bound::Unbounded))
    }

    /// The tenant, if it may call now. Whoever is not authenticated yet is told
    /// `tenant_inactive` in all three cases, so that nobody can ask which names there are.
    ///
    /// # Errors
    /// It is unknown, suspended or deleted.
    pub fn admit(&self, tenant: &Name) -> Result<&Tenant, TenantError> {
        let known = self.get(tenant).ok_or_else(|| TenantError::Unknown(tenant.clone()))?;
        match known.state {
            State::Active => Ok(known),
            State::Suspended => Err(TenantError::Suspended(tenant.clone())),
            State::Deleted => Err(TenantError::Deleted(tenant.clone())),
        }
    }

    /// Whether the tenant may call now.
    pub fn is_active(&self, tenant: &Name) -> bool {
        self.admit(tenant).is_ok()
    }

    /// Whether a change may be made now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, tenant: &Name, change: &Change) -> Result<(), TenantError> {
        if let Change::Create(settings) | Change::Describe(settings) = change {
            settings.check()?;
        }
        self.next(tenant, change).map(drop)
    }

    /// The state after a change.
    fn next(&self, tenant: &Name, change: &Change) -> Result<State, TenantError> {
        let own = is_reserved(tenant);
        let state = self.get(tenant).map(|known| known.state);
        match (state, change) {
            // The platform's own two come into being like any other.
            (None, Change::Create(_)) if own && !matches!(tenant.as_str(), SYSTEM | LOCAL) => {
                Err(TenantError::Reserved(tenant.clone()))
            }
            (None, Change::Create(_)) => Ok(State::Active),
            (None, _) => Err(TenantError::Unknown(tenant.clone())),
            (Some(State::Deleted), _) => Err(TenantError::Deleted(tenant.clone())),
            (Some(_), Change::Create(_)) => Err(TenantError::Exists(tenant.clone())),
            (Some(_), Change::Suspend | Change::Delete) if own => {
                Err(TenantError::Reserved(tenant.clone()))
            }
            (Some(state), change) => state.after(change).ok_or_else(|| match state {
                State::Suspended => TenantError::Suspended(tenant.clone()),
                _ => TenantError::Active(tenant.clone()),
            }),
        }
    }

    /// Folds in an event of the registry, and says whether it had an effect. A change
    /// that came too late has none; the events of the policies of `_system`, which lie
    /// in the same partition, have none either.
    ///
    /// # Errors
    /// The event is of an unknown type, or cannot be read. The registry stays as it is.
    pub fn apply(&mut self, event_type: &str, payload: &Value) -> Result<bool, TenantError> {
        let Some((tenant, change)) = Change::recorded(event_type, payload)? else {
            return Ok(false);
        };
        let Ok(state) = self.next(&tenant, &change) else { return Ok(false) };
        match change {
            Change::Create(settings) | Change::Describe(settings) => {
                self.0.insert(tenant, Tenant { state, settings });
            }
            Change::Suspend | Change::Resume | Change::Delete => {
                if let Some(known) = self.0.get_mut(&tenant) {
                    known.state = state;
                }
            }
        }
        Ok(true)
    }
}

/// Whether a tenant is the platform's own: `local`, and every name that begins with `_`.
pub fn is_reserved(tenant: &Name) -> bool {
    tenant.as_str().starts_with('_') || tenant.as_str() == LOCAL
}

/// A tenant and its id, as people read them.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a>(pub &'a Name, pub &'a Tenant);

impl ToCanonical for Entry<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Entry(name, Tenant { state, settings }) = *self;
        let Settings { display_name, quota, retention_days } = settings;
        encoder.object(|o| {
            o.field("display_name", display_name)
                .field("quota", quota)
                .field("retention_days", retention_days)
                .field("state", state.as_str())
                .field("tenant", name);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pi_core::canonical::parse;
    use pi_event_fabric::catalogue;
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn changes() -> [Change; 5] {
        let create = Change::Create(Settings::new("Ops"));
        let describe = Change::Describe(Settings {
            retention_days: Some(30),
            quota: Quota::unlimited(),
            ..Settings::new("Operations")
        });
        [create, describe, Change::Suspend, Change::Resume, Change::Delete]
    }

    fn apply(registry: &mut Registry, tenant: &str, change: &Change) -> bool {
        let payload = change.payload(&name(tenant));
        catalogue::registry().check(change.schema(), 1, &payload).unwrap();
        registry.apply(change.event_type(), &parse(&payload).unwrap()).unwrap()
    }

    fn refused(registry: &Registry, tenant: &str, change: &Change) -> Option<Reason> {
        registry.check(&name(tenant), change).err().map(|error| error.reason())
    }

    #[test]
    fn every_transition_is_allowed_or_named() {
        use Reason::{TenantActive, TenantDeleted, TenantExists, TenantInactive, TenantUnknown};
        let [create, _, suspend, _, delete] = changes();
        let before: [(&str, &[&Change]); 4] = [
            ("none", &[]),
            ("active", &[&create]),
            ("suspended", &[&create, &suspend]),
            ("deleted", &[&create, &delete]),
        ];
        // Create, describe, suspend, resume, delete.
        let expected = [
            [
                None,
                Some(TenantUnknown),
                Some(TenantUnknown),
                Some(TenantUnknown),
                Some(TenantUnknown),
            ],
            [Some(TenantExists), None, None, Some(TenantActive), None],
            [Some(TenantExists), None, Some(TenantInactive), None, None],
            [Some(TenantDeleted); 5],
        ];
        for ((state, history), expected) in before.into_iter().zip(expected) {
            let mut registry = Registry::default();
            for change in history {
                assert!(apply(&mut registry, "acme", change));
            }
            for (change, expected) in changes().iter().zip(expected) {
                assert_eq!(refused(&registry, "acme", change), expected, "{state}, {change:?}");
                // A refused change that stands in the log all the same has no effect.
                let mut after = registry.clone();
                assert_eq!(apply(&mut after, "acme", change), expected.is_none());
                assert_eq!(after == registry, expected.is_some(), "{state}, {change:?}");
            }
        }
    }

    #[test]
    fn only_active_tenants_are_admitted() {
        let [create, _, suspend, resume, delete] = changes();
        let mut registry = Registry::default();
        let reason =
            |registry: &Registry| registry.admit(&name("acme")).err().map(|error| error.reason());
        assert_eq!(reason(&registry), Some(Reason::TenantUnknown));
        for (change, expected) in [
            (create, None),
            (suspend, Some(Reason::TenantInactive)),
            (resume, None),
            (delete, Some(Reason::TenantDeleted)),
        ] {
            apply(&mut registry, "acme", &change);
            assert_eq!(reason(&registry), expected);
        }
    }

    #[test]
    fn the_platforms_own_stay() {
        let [create, describe, suspend, _, delete] = changes();
        let mut registry = Registry::default();
        assert_eq!(refused(&registry, "_other", &create), Some(Reason::TenantReserved));
        assert!(!apply(&mut registry, "_other", &create));
        for own in [SYSTEM, LOCAL] {
            assert!(apply(&mut registry, own, &create));
            assert!(apply(&mut registry, own, &describe));
            assert_eq!(refused(&registry, own, &suspend), Some(Reason::TenantReserved));
            assert_eq!(refused(&registry, own, &delete), Some(Reason::TenantReserved));
        }
        let names: Vec<&str> = registry.behind(None).map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [SYSTEM, LOCAL]);
        assert_eq!(registry.behind(Some(&name(SYSTEM))).count(), 1);
    }

    #[test]
    fn members_are_bounded() {
        let registry = Registry::default();
        let create = |settings| refused(&registry, "a", &Change::Create(settings));
        assert_eq!(create(Settings::new("ä".repeat(200).as_str())), None);
        for wrong in [String::new(), "a\nb".to_owned(), "x".repeat(201)] {
            assert_eq!(create(Settings::new(&wrong)), Some(Reason::InvalidRequest));
        }
        for days in [0, MAX_RETENTION_DAYS + 1] {
            let settings = Settings { retention_days: Some(days), ..Settings::new("a") };
            assert_eq!(create(settings), Some(Reason::InvalidRequest));
        }
        for window_s in [0, MAX_WINDOW_S + 1] {
            let quota = Quota { window_s, ..Quota::unlimited() };
            let settings = Settings { quota, ..Settings::new("a") };
            assert_eq!(create(settings), Some(Reason::InvalidRequest));
        }
    }

    #[test]
    fn unknown_and_unreadable_events_are_refused_by_name() {
        let mut registry = Registry::default();
        let empty = parse(b"{}").unwrap();
        let error = registry.apply("tenant.renamed", &empty).unwrap_err();
        assert_eq!(error.reason(), Reason::UnknownSchema);
        assert!(error.to_string().contains("`tenant.renamed`"));
        for change in changes() {
            let error = registry.apply(change.event_type(), &empty).unwrap_err();
            assert_eq!(error.reason(), Reason::LogCorrupt);
        }
        assert_eq!(registry.apply("policy.retired", &empty), Ok(false));
        assert_eq!(registry, Registry::default());
    }

    proptest! {
        /// Whatever is written in whatever order: the fold is deterministic, and nobody
        /// comes back to life.
        #[test]
        fn the_dead_stay_dead(steps in prop::collection::vec((0_usize..3, 0_usize..5), 0..40)) {
            let (mut registry, mut again) = (Registry::default(), Registry::default());
            let mut dead = BTreeSet::new();
            for (tenant, change) in steps {
                let (tenant, change) = (["a", "b", "c"][tenant], &changes()[change]);
                apply(&mut registry, tenant, change);
                apply(&mut again, tenant, change);
                prop_assert_eq!(&registry, &again);
                if registry.get(&name(tenant)).is_some_and(|known| known.state == State::Deleted) {
                    dead.insert(tenant);
                }
                for dead in &dead {
                    prop_assert_eq!(registry.get(&name(dead)).unwrap().state, State::Deleted);
                }
            }
        }

        /// No payload makes the fold panic.
        #[test]
        fn no_payload_panics(text in "\\PC{0,80}", kind in 0_usize..5) {
            let mut registry = Registry::default();
            let change = &changes()[kind];
            let payload = parse(format!(r#"{{"tenant":"{text}","quota":{{}},"display_name":"{text}"}}"#).as_bytes());
            if let Ok(payload) = payload {
                let _ = registry.apply(change.event_type(), &payload);
            }
        }
    }
}
