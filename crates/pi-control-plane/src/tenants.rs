//! The registry of tenants: a fold over the events of the reserved tenant `_system`.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Name, Reason};

/// The tenant whose log holds the registry.
pub const SYSTEM: &str = "_system";

/// The partition of the registry, and in other logs of what concerns one tenant.
pub const CONTROL: &str = "control";

/// Characters of a display name at most.
pub const MAX_DISPLAY_NAME: usize = 200;

/// Days that evidence is kept at most.
pub const MAX_RETENTION_DAYS: u64 = 36_500;

/// Where a tenant is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Where it is in its life.
    pub state: State,
    /// What people call it.
    pub display_name: String,
    /// Days that the evidence of its runs is kept; none means for ever.
    pub retention_days: Option<u64>,
}

/// What can be done to a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Make it.
    Create {
        /// What people call it.
        display_name: String,
        /// Days that evidence is kept.
        retention_days: Option<u64>,
    },
    /// Change what may change.
    Describe {
        /// What people call it.
        display_name: String,
        /// Days that evidence is kept.
        retention_days: Option<u64>,
    },
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
            Change::Create { .. } => "tenant.created",
            Change::Describe { .. } => "tenant.described",
            Change::Suspend => "tenant.suspended",
            Change::Resume => "tenant.resumed",
            Change::Delete => "tenant.deleted",
        }
    }

    /// The schema of its event's payload.
    pub const fn schema(&self) -> &'static str {
        match self {
            Change::Create { .. } | Change::Describe { .. } => "pi.tenant.description",
            Change::Suspend | Change::Resume | Change::Delete => "pi.tenant.state",
        }
    }

    /// The payload of its event.
    pub fn payload(&self, tenant: &Name) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.object(|o| {
            if let Change::Create { display_name, retention_days }
            | Change::Describe { display_name, retention_days } = self
            {
                o.field("display_name", display_name).field("retention_days", retention_days);
            }
            o.field("tenant", tenant.as_str());
        });
        encoder.into_bytes()
    }
}

/// Why something cannot be done to a tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantError {
    /// It is not there.
    #[error("there is no tenant `{0}`")]
    Unknown(Name),
    /// It is there already.
    #[error("there is a tenant `{0}` already")]
    Exists(Name),
    /// It is of the platform.
    #[error("`{0}` is reserved: names that begin with `_` and `local` are the platform's own")]
    Reserved(Name),
    /// It is not in the state for this.
    #[error("the tenant `{0}` is {state}", state = .1.as_str())]
    State(Name, State),
    /// A member does not fit.
    #[error("`{0}` {1}")]
    Member(&'static str, &'static str),
    /// An event of the registry cannot be read.
    #[error("the event `{0}` of the registry cannot be read")]
    Event(String),
}

impl TenantError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            TenantError::Unknown(_) => Reason::TenantUnknown,
            TenantError::Exists(_) => Reason::TenantExists,
            TenantError::Reserved(_) | TenantError::State(..) => Reason::TenantInactive,
            TenantError::Member(..) => Reason::InvalidRequest,
            TenantError::Event(_) => Reason::LogCorrupt,
        }
    }
}

/// Every tenant there is and was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry(BTreeMap<Name, Tenant>);

impl Registry {
    /// One tenant.
    pub fn get(&self, tenant: &Name) -> Option<&Tenant> {
        self.0.get(tenant)
    }

    /// Whether a tenant may call.
    pub fn is_active(&self, tenant: &Name) -> bool {
        self.get(tenant).is_some_and(|tenant| tenant.state == State::Active)
    }

    /// The tenants behind a name, in the order of their names.
    pub fn behind(&self, name: Option<&Name>) -> impl Iterator<Item = (&Name, &Tenant)> {
        self.0.iter().filter(move |(other, _)| name.is_none_or(|name| *other > name))
    }

    /// Whether a change may be made now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, tenant: &Name, change: &Change) -> Result<(), TenantError> {
        if let Change::Create { display_name, retention_days }
        | Change::Describe { display_name, retention_days } = change
        {
            let length = display_name.chars().count();
            if length == 0 || length > MAX_DISPLAY_NAME || display_name.contains(char::is_control) {
                return Err(TenantError::Member("display_name", "must be 1 to 200 characters"));
            }
            if retention_days.is_some_and(|days| days == 0 || days > MAX_RETENTION_DAYS) {
                return Err(TenantError::Member("retention_days", "must be 1 to 36500"));
            }
        }
        let known = self.get(tenant);
        match (change, known.map(|known| known.state)) {
            (Change::Create { .. }, None) => Ok(()),
            (Change::Create { .. }, Some(_)) => Err(TenantError::Exists(tenant.clone())),
            (_, None) => Err(TenantError::Unknown(tenant.clone())),
            (_, Some(state @ State::Deleted)) => Err(TenantError::State(tenant.clone(), state)),
            (Change::Suspend | Change::Delete, Some(_)) if is_reserved(tenant) => {
                Err(TenantError::Reserved(tenant.clone()))
            }
            (Change::Suspend, Some(state @ State::Suspended))
            | (Change::Resume, Some(state @ State::Active)) => {
                Err(TenantError::State(tenant.clone(), state))
            }
            _ => Ok(()),
        }
    }

    /// Takes an event of the registry. What is not about tenants is left alone.
    ///
    /// # Errors
    /// It cannot be read. A change that came too late, because another server made one
    /// first, is no error: it has no effect, and the order of the log decides.
    pub fn apply(&mut self, event_type: &str, payload: &Value) -> Result<(), TenantError> {
        let wrong = || TenantError::Event(event_type.to_owned());
        let description = || {
            let display_name = payload.get("display_name")?.as_str()?.to_owned();
            let retention_days = match payload.get("retention_days")? {
                Value::Null => None,
                days => Some(days.as_u64()?),
            };
            Some((display_name, retention_days))
        };
        let change = match event_type {
            "tenant.created" => {
                let (display_name, retention_days) = description().ok_or_else(wrong)?;
                Change::Create { display_name, retention_days }
            }
            "tenant.described" => {
                let (display_name, retention_days) = description().ok_or_else(wrong)?;
                Change::Describe { display_name, retention_days }
            }
            "tenant.suspended" => Change::Suspend,
            "tenant.resumed" => Change::Resume,
            "tenant.deleted" => Change::Delete,
            _ => return Ok(()),
        };
        let tenant = payload.get("tenant").and_then(Value::as_str).ok_or_else(wrong)?;
        let tenant = Name::new(tenant).map_err(|_| wrong())?;
        if self.check(&tenant, &change).is_ok() {
            self.take(tenant, change);
        }
        Ok(())
    }

    fn take(&mut self, tenant: Name, change: Change) {
        let known = self.0.entry(tenant).or_insert_with(|| Tenant {
            state: State::Active,
            display_name: String::new(),
            retention_days: None,
        });
        match change {
            Change::Create { display_name, retention_days }
            | Change::Describe { display_name, retention_days } => {
                known.display_name = display_name;
                known.retention_days = retention_days;
            }
            Change::Suspend => known.state = State::Suspended,
            Change::Resume => known.state = State::Active,
            Change::Delete => known.state = State::Deleted,
        }
    }
}

/// Whether a tenant is the platform's own.
pub fn is_reserved(tenant: &Name) -> bool {
    tenant.as_str().starts_with('_') || tenant.as_str() == "local"
}

impl ToCanonical for (&Name, &Tenant) {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let (name, Tenant { state, display_name, retention_days }) = self;
        encoder.object(|o| {
            o.field("display_name", display_name)
                .field("retention_days", retention_days)
                .field("state", state.as_str())
                .field("tenant", name.as_str());
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use pi_core::canonical::parse;
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn create() -> Change {
        Change::Create { display_name: "Ops".to_owned(), retention_days: Some(30) }
    }

    fn apply(registry: &mut Registry, tenant: &str, change: &Change) {
        let payload = parse(&change.payload(&name(tenant))).unwrap();
        registry.apply(change.event_type(), &payload).unwrap();
    }

    #[test]
    fn a_life_goes_one_way() {
        let mut registry = Registry::default();
        let acme = name("acme");
        assert_eq!(registry.check(&acme, &Change::Suspend).unwrap_err().reason(), Reason::TenantUnknown);
        apply(&mut registry, "acme", &create());
        assert!(registry.is_active(&acme));
        assert_eq!(registry.check(&acme, &create()).unwrap_err().reason(), Reason::TenantExists);
        assert!(registry.check(&acme, &Change::Resume).is_err());
        apply(&mut registry, "acme", &Change::Suspend);
        assert!(!registry.is_active(&acme));
        apply(&mut registry, "acme", &Change::Resume);
        assert!(registry.is_active(&acme));
        apply(&mut registry, "acme", &Change::Delete);
        for change in [create(), Change::Resume, Change::Suspend, Change::Delete] {
            assert!(registry.check(&acme, &change).is_err());
            apply(&mut registry, "acme", &change);
            assert_eq!(registry.get(&acme).unwrap().state, State::Deleted);
        }
    }

    #[test]
    fn the_platforms_own_stay() {
        let mut registry = Registry::default();
        for own in ["_system", "local"] {
            apply(&mut registry, own, &create());
            assert!(registry.check(&name(own), &Change::Delete).is_err());
            assert!(registry.check(&name(own), &Change::Suspend).is_err());
        }
    }

    #[test]
    fn members_are_bounded() {
        let registry = Registry::default();
        let named = |display_name: String| Change::Create { display_name, retention_days: None };
        for wrong in [String::new(), "a\nb".to_owned(), "x".repeat(201)] {
            assert!(registry.check(&name("a"), &named(wrong)).is_err());
        }
        for days in [0, 36_501] {
            let change =
                Change::Create { display_name: "a".to_owned(), retention_days: Some(days) };
            assert!(registry.check(&name("a"), &change).is_err());
        }
        assert!(Registry::default().apply("tenant.created", &parse(b"{}").unwrap()).is_err());
    }

    proptest! {
        /// Whatever is written into the log in whatever order, nobody comes back to life.
        #[test]
        fn the_dead_stay_dead(steps in proptest::collection::vec((0_usize..3, 0_usize..5), 0..40)) {
            let mut registry = Registry::default();
            let mut dead = std::collections::BTreeSet::new();
            for (tenant, change) in steps {
                let tenant = ["a", "b", "c"][tenant];
                let change = [create(), Change::Suspend, Change::Resume, Change::Delete,
                    Change::Describe { display_name: "x".to_owned(), retention_days: None }][change].clone();
                apply(&mut registry, tenant, &change);
                if registry.get(&name(tenant)).is_some_and(|t| t.state == State::Deleted) {
                    dead.insert(tenant);
                }
                for dead in &dead {
                    prop_assert_eq!(registry.get(&name(dead)).unwrap().state, State::Deleted);
                }
            }
        }
    }
}
