//! The policies of a tenant: named, versioned, each activated and retired by an event of
//! its log. Those in force are asked as one set.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, Value};
use pi_core::{Digest, Name, Reason};

use crate::policy::{PolicyError, PolicySet};
use crate::rules::{RuleList, RuleListError};

/// Policies of one tenant at most.
pub const MAX_POLICIES: usize = 64;

/// How a policy was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Cedar text.
    Cedar,
    /// A list of rules, which compiles to Cedar.
    Rules,
}

impl Form {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Cedar => "cedar",
            Form::Rules => "rules",
        }
    }

    /// What a text is: a list of rules begins with a brace.
    pub fn of(text: &str) -> Self {
        if text.trim_start().starts_with('{') { Form::Rules } else { Form::Cedar }
    }

    /// The Cedar text of a policy that is written in this form.
    ///
    /// # Errors
    /// The text is no list of rules.
    pub fn to_cedar(self, text: &str) -> Result<String, RuleListError> {
        match self {
            Form::Cedar => Ok(text.to_owned()),
            Form::Rules => {
                let rules = RuleList::read(text.as_bytes())?;
                Ok(rules.policies().text().to_owned())
            }
        }
    }
}

/// A policy in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// How it was written.
    pub form: Form,
    /// The digest that its text is kept under.
    pub digest: Digest,
    /// How often a policy of this name was activated.
    pub version: u64,
}

/// The policies of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    active: BTreeMap<Name, Active>,
    versions: BTreeMap<Name, u64>,
}

/// An event of the policies cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event `{0}` of the policies cannot be read")]
pub struct UnreadableEvent(pub String);

impl UnreadableEvent {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        Reason::LogCorrupt
    }
}

impl Policies {
    /// Those in force, by name.
    pub fn active(&self) -> &BTreeMap<Name, Active> {
        &self.active
    }

    /// The version that a policy of this name gets next.
    pub fn next_version(&self, name: &Name) -> u64 {
        self.versions.get(name).map_or(1, |version| version + 1)
    }

    /// Takes an event. What is not about policies is left alone.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn apply(&mut self, event_type: &str, payload: &Value) -> Result<(), UnreadableEvent> {
        let wrong = || UnreadableEvent(event_type.to_owned());
        let text = |key: &str| payload.get(key).and_then(Value::as_str);
        let name = || text("policy").and_then(|name| Name::new(name).ok()).ok_or_else(wrong);
        match event_type {
            "policy.activated" => {
                let form = match text("form") {
                    Some("cedar") => Form::Cedar,
                    Some("rules") => Form::Rules,
                    _ => return Err(wrong()),
                };
                let digest = text("digest").and_then(Digest::from_hex).ok_or_else(wrong)?;
                let version = payload.get("version").and_then(Value::as_u64).ok_or_else(wrong)?;
                let name = name()?;
                self.versions.insert(name.clone(), version);
                self.active.insert(name, Active { form, digest, version });
            }
            "policy.retired" => {
                self.active.remove(&name()?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// The payload of `policy.activated`.
pub fn activated(name: &Name, active: &Active) -> Vec<u8> {
    let Active { form, digest, version } = active;
    let mut encoder = Encoder::default();
    encoder.object(|o| {
        o.field("digest", digest)
            .field("form", form.as_str())
            .field("policy", name.as_str())
            .field("version", version);
    });
    encoder.into_bytes()
}

/// The payload of `policy.retired`.
pub fn retired(name: &Name, version: u64) -> Vec<u8> {
    let mut encoder = Encoder::default();
    encoder.object(|o| {
        o.field("policy", name.as_str()).field("version", &version);
    });
    encoder.into_bytes()
}

/// One set of several policies in Cedar, in the order of their names. An `@id` that two of
/// them have is refused.
///
/// # Errors
/// What is wrong in one of them, or in all together.
pub fn compose(policies: &BTreeMap<Name, String>) -> Result<PolicySet, PolicyError> {
    let names: Vec<&str> = policies.keys().map(Name::as_str).collect();
    let texts: Vec<&str> = policies.values().map(String::as_str).collect();
    PolicySet::load(&names.join("+"), &texts.join("\n"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use pi_core::canonical::parse;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn policies_come_and_go() {
        let mut policies = Policies::default();
        let active = Active { form: Form::Cedar, digest: Digest::of(b"x"), version: 1 };
        let event = parse(&activated(&name("a"), &active)).unwrap();
        policies.apply("policy.activated", &event).unwrap();
        assert_eq!(policies.active().get(&name("a")), Some(&active));
        assert_eq!(policies.next_version(&name("a")), 2);
        let event = parse(&retired(&name("a"), 1)).unwrap();
        policies.apply("policy.retired", &event).unwrap();
        assert!(policies.active().is_empty());
        assert_eq!(policies.next_version(&name("a")), 2);
        policies.apply("run.sealed", &parse(b"{}").unwrap()).unwrap();
        assert!(policies.apply("policy.activated", &parse(b"{}").unwrap()).is_err());
    }

    #[test]
    fn several_policies_are_one_set() {
        let permit = |id: &str| {
            format!(
                "@id(\"{id}\")\npermit(principal, action, resource) when {{ context.request.nodes < 9 }};"
            )
        };
        let two = BTreeMap::from([(name("a"), permit("one")), (name("b"), permit("two"))]);
        assert_eq!(compose(&two).unwrap().name(), "a+b");
        let same = BTreeMap::from([(name("a"), permit("one")), (name("b"), permit("one"))]);
        assert!(compose(&same).is_err());
    }
}
