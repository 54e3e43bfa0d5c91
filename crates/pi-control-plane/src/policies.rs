//! The policies of a tenant: named, versioned, each activated and retired by an event of
//! its log. Those in force are asked as one set.
//!
//! What holds for a tenant are the policies of the platform (those of `_system`) and its
//! own. They are one [`PolicySet`]: what any of them forbids is forbidden, what none of
//! them permits is not permitted. The ids in it begin with the name of the policy that
//! they come from, so that every explanation names it.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, Value};
use pi_core::{Digest, Name, Reason};
use pi_event_fabric::control;

use crate::policy::{PolicyError, PolicySet};
use crate::rules::{RuleList, RuleListError};
use crate::scan;
use crate::tenants::SYSTEM;

/// Policies of one tenant that are in force at once, at most.
pub const MAX_POLICIES: usize = 64;

/// How a policy is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Cedar text.
    Cedar,
    /// A list of rules, which compiles to Cedar.
    Rules,
}

impl Form {
    /// Every form.
    pub const ALL: [Form; 2] = [Form::Cedar, Form::Rules];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Cedar => "cedar",
            Form::Rules => "rules",
        }
    }

    /// How a text is written: a list of rules begins with a brace.
    pub fn of(text: &str) -> Self {
        if text.trim_start().starts_with('{') { Form::Rules } else { Form::Cedar }
    }

    /// The form with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }
}

/// A policy in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    /// How often a policy of this name was activated, this time included.
    pub version: u64,
    /// How it is written.
    pub form: Form,
    /// The SHA-256 of its text, which is kept under it.
    pub digest: Digest,
}

/// What can be done to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Put a version in force, instead of the one before.
    Activate(Active),
    /// Take the version in force out of it.
    Retire {
        /// That version.
        version: u64,
    },
}

impl Change {
    /// The type of its event.
    pub const fn event_type(&self) -> &'static str {
        match self {
            Change::Activate(_) => control::POLICY_ACTIVATED,
            Change::Retire { .. } => control::POLICY_RETIRED,
        }
    }

    /// The schema of its event's payload.
    pub const fn schema(&self) -> &'static str {
        match self {
            Change::Activate(_) => "pi.policy.activated",
            Change::Retire { .. } => "pi.policy.retired",
        }
    }

    /// The payload of its event, in canonical form.
    pub fn payload(&self, policy: &Name) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.object(|o| match self {
            Change::Activate(Active { version, form, digest }) => {
                o.field("digest", digest)
                    .field("kind", form.as_str())
                    .field("name", policy)
                    .field("version", version);
            }
            Change::Retire { version } => {
                o.field("name", policy).field("version", version);
            }
        });
        encoder.into_bytes()
    }

    fn recorded(event_type: &str, payload: &Value) -> Option<(Name, Self)> {
        let text = |key: &str| payload.get(key)?.as_str();
        let version = payload.get("version")?.as_u64()?;
        let change = if event_type == control::POLICY_ACTIVATED {
            let form = Form::from_word(text("kind")?)?;
            Change::Activate(Active { version, form, digest: Digest::from_hex(text("digest")?)? })
        } else {
            Change::Retire { version }
        };
        Some((Name::new(text("name")?).ok()?, change))
    }
}

/// Why a policy cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyChangeError {
    /// None of this name is in force.
    #[error("no policy `{0}` is in force")]
    Unknown(Name),
    /// It is in force, word for word.
    #[error("the policy `{0}` is in force with this very text")]
    Unchanged(Name),
    /// Too many are in force.
    #[error("{MAX_POLICIES} policies are in force, which is the most there can be")]
    TooMany,
    /// An event has a type that this build does not know.
    #[error("the event type `{0}` of the policies is unknown")]
    UnknownEvent(String),
    /// An event of a known type cannot be read.
    #[error("an event `{0}` of the policies cannot be read")]
    Unreadable(String),
}

impl PolicyChangeError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            PolicyChangeError::Unknown(_) => Reason::PolicyUnknown,
            PolicyChangeError::Unchanged(_) => Reason::PolicyUnchanged,
            PolicyChangeError::TooMany => Reason::BoundsExceeded,
            PolicyChangeError::UnknownEvent(_) => Reason::UnknownSchema,
            PolicyChangeError::Unreadable(_) => Reason::LogCorrupt,
        }
    }
}

/// The policies of one tenant: a fold over its partition `control`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    active: BTreeMap<Name, Active>,
    versions: BTreeMap<Name, u64>,
}

impl Policies {
    /// Those in force, by name.
    pub fn active(&self) -> &BTreeMap<Name, Active> {
        &self.active
    }

    /// The last version of a policy, in force or not; 0 when there was none.
    pub fn version(&self, policy: &Name) -> u64 {
        self.versions.get(policy).copied().unwrap_or_default()
    }

    /// The change that puts a text in force. Compose the set that would hold then before
    /// it is written ([`compose`]): what does not load denies everything.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn activate(
        &self,
        policy: &Name,
        form: Form,
        text: &str,
    ) -> Result<Change, PolicyChangeError> {
        let digest = Digest::of(text.as_bytes());
        match self.active.get(policy) {
            Some(active) if active.digest == digest && active.form == form => {
                Err(PolicyChangeError::Unchanged(policy.clone()))
            }
            None if self.active.len() >= MAX_POLICIES => Err(PolicyChangeError::TooMany),
            _ => {
                let version = self.version(policy).saturating_add(1);
                Ok(Change::Activate(Active { version, form, digest }))
            }
        }
    }

    /// The change that takes a policy out of force.
    ///
    /// # Errors
    /// It is not in force.
    pub fn retire(&self, policy: &Name) -> Result<Change, PolicyChangeError> {
        let active = self.active.get(policy);
        let active = active.ok_or_else(|| PolicyChangeError::Unknown(policy.clone()))?;
        Ok(Change::Retire { version: active.version })
    }

    /// Folds in an event of the partition, and says whether it had an effect. A change
    /// that came too late, because another server made one first, has none; the events of
    /// the registry, which in `_system` lie in the same partition, have none either.
    ///
    /// # Errors
    /// The event is of an unknown type, or cannot be read. Nothing changes.
    pub fn apply(&mut self, event_type: &str, payload: &Value) -> Result<bool, PolicyChangeError> {
        match event_type {
            control::POLICY_ACTIVATED | control::POLICY_RETIRED => {}
            control::TENANT_CREATED
            | control::TENANT_CHANGED
            | control::TENANT_SUSPENDED
            | control::TENANT_RESUMED
            | control::TENANT_DELETED => return Ok(false),
            _ => return Err(PolicyChangeError::UnknownEvent(event_type.to_owned())),
        }
        let (policy, change) = Change::recorded(event_type, payload)
            .ok_or_else(|| PolicyChangeError::Unreadable(event_type.to_owned()))?;
        let before = self.active.get(&policy).map(|active| active.version);
        match change {
            Change::Activate(active) => {
                let follows = self.version(&policy).checked_add(1) == Some(active.version);
                if !follows || (before.is_none() && self.active.len() >= MAX_POLICIES) {
                    return Ok(false);
                }
                self.versions.insert(policy.clone(), active.version);
                self.active.insert(policy, active);
            }
            Change::Retire { version } => {
                if before != Some(version) {
                    return Ok(false);
                }
                self.active.remove(&policy);
            }
        }
        Ok(true)
    }
}

/// Whose policy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// It holds for every tenant.
    Platform,
    /// It holds for its tenant.
    Tenant,
}

/// A policy in force, with its text.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Whose it is.
    pub scope: Scope,
    /// Its name.
    pub name: &'a Name,
    /// Its version.
    pub version: u64,
    /// How it is written.
    pub form: Form,
    /// What is written.
    pub text: &'a str,
}

impl Part<'_> {
    /// What explanations call it: `NAME`, or `_system/NAME`.
    pub fn label(&self) -> String {
        match self.scope {
            Scope::Platform => format!("{SYSTEM}/{}", self.name),
            Scope::Tenant => self.name.to_string(),
        }
    }

    fn load(&self) -> Result<PolicySet, ComposeError> {
        let label = self.label();
        match self.form {
            Form::Cedar => PolicySet::load(&label, self.text)
                .map_err(|error| ComposeError::Policy { label, error }),
            Form::Rules => {
                let rules = RuleList::read(self.text.as_bytes())
                    .map_err(|error| ComposeError::Rules { label: label.clone(), error })?;
                PolicySet::load(&label, rules.policies().text())
                    .map_err(|error| ComposeError::Policy { label, error })
            }
        }
    }
}

/// Why policies are no set.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// There is none.
    #[error("no policy is in force")]
    Missing,
    /// One of them is no policy.
    #[error("the policy `{label}`: {error}")]
    Policy {
        /// Which.
        label: String,
        /// Why, with places in its own text.
        error: PolicyError,
    },
    /// One of them is no list of rules.
    #[error("the policy `{label}`: {error}")]
    Rules {
        /// Which.
        label: String,
        /// Why.
        error: RuleListError,
    },
    /// Each is a policy, but not all together.
    #[error("the policies in force together: {0}")]
    Together(PolicyError),
}

impl ComposeError {
    /// The reason code under which everything is denied.
    pub fn reason(&self) -> Reason {
        match self {
            ComposeError::Missing => Reason::PolicyMissing,
            ComposeError::Policy { .. }
            | ComposeError::Rules { .. }
            | ComposeError::Together(_) => Reason::PolicyNotLoaded,
        }
    }
}

/// One set of all policies in force: those of the platform first, then by name. Its name
/// tells which versions it is made of, and its text is Cedar that can be read again.
///
/// # Errors
/// There is none, or one of them does not load. Either denies.
pub fn compose(parts: &[Part<'_>]) -> Result<PolicySet, ComposeError> {
    if parts.is_empty() {
        return Err(ComposeError::Missing);
    }
    let mut parts: Vec<&Part<'_>> = parts.iter().collect();
    parts.sort_by_key(|part| (part.scope, part.name));
    let mut text = String::new();
    for part in &parts {
        // Alone first: a text that ends in the middle must not go on in the next one.
        let alone = part.load()?;
        let ids: Vec<String> = alone.ids().map(|id| format!("{}/{id}", part.label())).collect();
        text.push_str(&format!("// The policy `{}`, version {}.\n", part.label(), part.version));
        text.push_str(&scan::with_ids(alone.text(), &ids));
        text.push('\n');
    }
    let names: Vec<String> =
        parts.iter().map(|part| format!("{}@{}", part.label(), part.version)).collect();
    PolicySet::load(&names.join("+"), &text).map_err(ComposeError::Together)
}

#[cfg(test)]
mod tests {
    use pi_core::Decision;
    use pi_core::canonical::parse;
    use pi_event_fabric::catalogue;
    use proptest::prelude::*;

    use crate::{Facts, Stage};

    use super::*;

    const PERMIT: &str = "permit (principal, action, resource);";
    const SMALL: &str = "// Small ones only.\n\
        @reason(\"bounds_exceeded\") @id // its name\n (\"small\")\n\
        forbid (principal, action, resource) when { context.request.nodes > 2 };";

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn apply(policies: &mut Policies, policy: &str, change: &Change) -> bool {
        let payload = change.payload(&name(policy));
        catalogue::registry().check(change.schema(), 1, &payload).unwrap();
        policies.apply(change.event_type(), &parse(&payload).unwrap()).unwrap()
    }

    #[test]
    fn policies_come_and_go() {
        let mut policies = Policies::default();
        let a = name("a");
        let retire = |policies: &Policies| policies.retire(&a).map_err(|error| error.reason());
        assert_eq!(retire(&policies), Err(Reason::PolicyUnknown));
        let first = policies.activate(&a, Form::Cedar, PERMIT).unwrap();
        assert!(apply(&mut policies, "a", &first));
        assert!(!apply(&mut policies, "a", &first), "a change that came too late");
        let same = policies.activate(&a, Form::Cedar, PERMIT).unwrap_err();
        assert_eq!(same.reason(), Reason::PolicyUnchanged);
        let second = policies.activate(&a, Form::Rules, "{}").unwrap();
        assert!(apply(&mut policies, "a", &second));
        assert_eq!(policies.active()[&a].version, 2);
        assert!(!apply(&mut policies, "a", &Change::Retire { version: 1 }));
        let retired = retire(&policies).unwrap();
        assert!(apply(&mut policies, "a", &retired));
        assert!(policies.active().is_empty());
        assert_eq!(policies.version(&a), 2);
        let again = policies.activate(&a, Form::Cedar, PERMIT).unwrap();
        assert!(matches!(again, Change::Activate(Active { version: 3, .. })));
    }

    #[test]
    fn there_is_an_end_to_how_many() {
        let mut policies = Policies::default();
        for number in 0..MAX_POLICIES {
            let policy = format!("p{number}");
            let change = policies.activate(&name(&policy), Form::Cedar, PERMIT).unwrap();
            assert!(apply(&mut policies, &policy, &change));
        }
        let more = policies.activate(&name("more"), Form::Cedar, PERMIT).unwrap_err();
        assert_eq!(more.reason(), Reason::BoundsExceeded);
        policies.activate(&name("p0"), Form::Cedar, SMALL).unwrap();
    }

    #[test]
    fn unknown_and_unreadable_events_are_refused_by_name() {
        let (mut policies, empty) = (Policies::default(), parse(b"{}").unwrap());
        let error = policies.apply("policy.renamed", &empty).unwrap_err();
        assert_eq!(error.reason(), Reason::UnknownSchema);
        for event_type in [control::POLICY_ACTIVATED, control::POLICY_RETIRED] {
            let error = policies.apply(event_type, &empty).unwrap_err();
            assert_eq!(error.reason(), Reason::LogCorrupt);
        }
        assert_eq!(policies.apply(control::TENANT_CREATED, &empty), Ok(false));
    }

    fn part<'a>(scope: Scope, name: &'a Name, text: &'a str) -> Part<'a> {
        Part { scope, name, version: 1, form: Form::Cedar, text }
    }

    #[test]
    fn several_policies_are_one_set_that_names_them() {
        let (base, deploy) = (name("base"), name("deploy"));
        let unnamed = format!("@id {PERMIT}\n@id(\"\") {PERMIT} // no line behind this");
        let parts = [part(Scope::Tenant, &deploy, SMALL), part(Scope::Platform, &base, &unnamed)];
        let set = compose(&parts).unwrap();
        assert_eq!(set.name(), "_system/base@1+deploy@1");
        let ids: Vec<&str> = set.ids().collect();
        assert_eq!(ids, ["_system/base/policy 1", "_system/base/policy 2", "deploy/small"]);
        let mut facts = Facts::blank("a", "acme", "c", Stage::Admission);
        assert_eq!(set.decide(&facts).decision, Decision::Allow);
        facts.set(crate::Fact::Nodes, 3);
        let answer = set.decide(&facts);
        assert_eq!(answer.decision, Decision::Deny);
        assert_eq!(answer.grounds[0].policy.as_deref(), Some("deploy/small"));
        assert_eq!(answer.grounds[0].reason, Reason::BoundsExceeded);
        // What was kept is what is asked when the run is replayed.
        let again = PolicySet::load(set.name(), set.text()).unwrap();
        assert_eq!(again.digest(), set.digest());
    }

    #[test]
    fn without_a_policy_or_with_a_broken_one_there_is_no_set() {
        assert_eq!(compose(&[]).unwrap_err().reason(), Reason::PolicyMissing);
        let (a, b) = (name("a"), name("b"));
        // The first goes on in the second, if they are only put together.
        for (first, second) in [
            ("permit (principal, action, resource)", "when { true };"),
            ("permit", PERMIT),
            ("@id(\"x", "\") permit (principal, action, resource);"),
        ] {
            let parts = [part(Scope::Tenant, &a, first), part(Scope::Tenant, &b, second)];
            let error = compose(&parts).unwrap_err();
            assert_eq!(error.reason(), Reason::PolicyNotLoaded);
            assert!(error.to_string().starts_with("the policy `a`: "), "{error}");
        }
        let rules = Part { form: Form::Rules, ..part(Scope::Tenant, &a, "no rules") };
        assert_eq!(compose(&[rules]).unwrap_err().reason(), Reason::PolicyNotLoaded);
        let long = PERMIT.repeat(crate::MAX_POLICY_BYTES / PERMIT.len() - 1);
        let parts = [part(Scope::Tenant, &a, &long), part(Scope::Tenant, &b, PERMIT)];
        assert!(matches!(compose(&parts), Err(ComposeError::Together(_))));
    }

    proptest! {
        /// Two policies together permit and forbid exactly what they do one by one.
        #[test]
        fn a_set_is_the_union_of_its_parts(
            bounds in prop::collection::vec((any::<bool>(), 0_u64..6, any::<bool>()), 1..8),
            nodes in 0_u64..6,
            cut in 0_usize..8,
        ) {
            let statement = |(forbids, bound, named): &(bool, u64, bool), number: usize| {
                let effect = if *forbids { "forbid" } else { "permit" };
                let id = if *named { format!("@id(\"i\\\"{number}\\n\") ") } else { String::new() };
                format!("{id}{effect} (principal, action, resource) when {{ context.request.nodes >= {bound} }};")
            };
            let statements: Vec<String> =
                bounds.iter().enumerate().map(|(number, row)| statement(row, number)).collect();
            let (first, second) = statements.split_at(cut.min(statements.len()));
            let (a, b) = (name("a"), name("b"));
            let (first, second, all) = (first.join(" "), second.join("\n"), statements.join("\n"));
            let parts = [part(Scope::Tenant, &a, &first), part(Scope::Tenant, &b, &second)];
            let (set, all) = (compose(&parts).unwrap(), PolicySet::load("all", &all).unwrap());
            let mut facts = Facts::blank("a", "acme", "c", Stage::Admission);
            facts.set(crate::Fact::Nodes, nodes);
            let (together, alone) = (set.decide(&facts), all.decide(&facts));
            prop_assert_eq!(together.decision, alone.decision);
            let counts = |answer: &crate::Answer| -> Vec<usize> {
                answer.asked.iter().map(|asked| asked.determining.len()).collect()
            };
            prop_assert_eq!(counts(&together), counts(&alone));
            for id in together.asked.iter().flat_map(|asked| &asked.determining) {
                prop_assert!(id.starts_with("a/") || id.starts_with("b/"), "{}", id);
            }
        }
    }
}
