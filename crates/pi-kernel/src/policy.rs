//! The seam to the policy engine: what it is asked, at admission and in GOVERN,
//! and what of its answer the records of a run hold.

use std::sync::Arc;

use pi_control_plane::{Answer, BASELINE_NAME, Fact, Facts, Ground, PolicyError, PolicySet, Stage};
use pi_core::canonical::{Encoder, ToCanonical, Value, parse};
use pi_core::{Decision, Digest, Reason, Severity};

use crate::capability::Capability;
use crate::graph::Graph;
use crate::request::{Bounds, CompositionRequest};
use crate::risk::Risk;

/// Who asks, where the shell names nobody.
const ACTOR: &str = "local";
/// The policy of an acceptance: who asks it, and its name or why there is none. Its text is
/// kept under its digest.
const ASKED_SCHEMA: &str = "pi.policy.asked/1";
/// The recorded form of policies before there was an engine. Only the baseline
/// was ever recorded in it.
const SEVERITY_SCHEMA: &str = "pi.policy.severity/1";

/// The policy that a run is asked under.
#[derive(Clone, Debug)]
pub struct Policy {
    actor: String,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Cedar(Arc<PolicySet>),
    /// The baseline, recorded in its old form.
    Severity(Arc<PolicySet>),
    /// There is none: everything is denied for this reason.
    Absent(Because),
}

/// Why a decision is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// The reason code.
    pub reason: Reason,
    /// One sentence with the facts.
    pub message: String,
}

impl Because {
    /// Nothing asked the policy, or it gave no answer.
    pub fn policy_missing() -> Self {
        Self { reason: Reason::PolicyMissing, message: "no node asked the policy".to_owned() }
    }
}

impl From<Ground> for Because {
    fn from(ground: Ground) -> Self {
        Self { reason: ground.reason, message: ground.message }
    }
}

impl ToCanonical for Because {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Because { reason, message } = self;
        encoder.object(|o| {
            o.field("code", reason).field("message", message);
        });
    }
}

impl Policy {
    /// The policy of a tenant that brings none of its own.
    pub fn baseline() -> Self {
        match PolicySet::baseline() {
            Ok(set) => Self::new(set),
            Err(error) => Self::not_loaded(&error),
        }
    }

    /// A policy of this set.
    pub fn new(set: Arc<PolicySet>) -> Self {
        Self { actor: ACTOR.to_owned(), source: Source::Cedar(set) }
    }

    /// No policy: what was to be one could not be loaded. It denies everything.
    pub fn not_loaded(error: &PolicyError) -> Self {
        Self::absent(error.reason(), error.to_string())
    }

    /// No policy, for this reason. It denies everything.
    pub fn absent(reason: Reason, message: impl Into<String>) -> Self {
        let because = Because { reason, message: message.into() };
        Self { actor: ACTOR.to_owned(), source: Source::Absent(because) }
    }

    /// The same policy, asked on behalf of `actor`.
    #[must_use]
    pub fn asked_by(mut self, actor: &str) -> Self {
        actor.clone_into(&mut self.actor);
        self
    }

    /// The policy that an acceptance names. `kept` are the bytes that were kept
    /// under the recorded digest.
    pub fn recorded(policy: &Value, digest: Digest, kept: Option<&[u8]>) -> Self {
        let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
        let schema = text(policy, "schema").unwrap_or_default();
        let read = match schema.as_str() {
            ASKED_SCHEMA => kept.and_then(|bytes| parse(bytes).ok()).and_then(|kept| {
                let set = PolicySet::kept(&text(&kept, "name")?, &text(&kept, "text")?).ok()?;
                Some(Self::new(set).asked_by(&text(policy, "actor")?))
            }),
            SEVERITY_SCHEMA => PolicySet::baseline()
                .ok()
                .map(|set| Self { actor: ACTOR.to_owned(), source: Source::Severity(set) }),
            _ => {
                let message = format!("the form `{schema}` is unknown");
                return Self::absent(Reason::PolicyVersionUnknown, message);
            }
        };
        let found = read.filter(|policy| policy.digest() == digest);
        found.unwrap_or_else(|| {
            let message = format!("no policy with the digest {digest} was kept");
            Self::absent(Reason::PolicyNotLoaded, message)
        })
    }

    /// The name that records and people use.
    pub fn name(&self) -> &str {
        match &self.source {
            Source::Cedar(set) | Source::Severity(set) => set.name(),
            Source::Absent(_) => "",
        }
    }

    /// The digest of the policy, under which its recorded form is kept.
    pub fn digest(&self) -> Digest {
        match &self.source {
            Source::Cedar(set) => set.digest(),
            Source::Severity(_) => Digest::of_canonical(self),
            Source::Absent(because) => Digest::of_canonical(because),
        }
    }

    /// The bytes to keep under [`Policy::digest`], so that a replay finds them.
    pub fn kept(&self) -> Option<Vec<u8>> {
        match &self.source {
            Source::Cedar(set) => Some(Encoder::encode(set.as_ref())),
            Source::Severity(_) | Source::Absent(_) => None,
        }
    }

    /// Who asks it.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// The policy set, if there is one.
    pub fn set(&self) -> Option<&PolicySet> {
        match &self.source {
            Source::Cedar(set) | Source::Severity(set) => Some(set),
            Source::Absent(_) => None,
        }
    }

    /// Asks. At admission, ALLOW runs unattended and REVIEW needs the approval of
    /// a person; in GOVERN, the findings are known as well.
    pub fn decide(&self, facts: &Facts) -> (Decision, Vec<Because>) {
        let Answer { decision, grounds, .. } = self.answer(facts);
        (decision, grounds.into_iter().map(Because::from).collect())
    }

    /// Asks at admission: with a denial, what denies alone.
    pub(crate) fn admit(&self, facts: &Facts) -> Result<(Decision, Vec<Because>), Because> {
        let answer = self.answer(facts);
        if answer.decision == Decision::Deny {
            let denial = answer.denial().cloned();
            return Err(denial.map_or_else(Because::policy_missing, Because::from));
        }
        Ok((answer.decision, answer.grounds.into_iter().map(Because::from).collect()))
    }

    fn answer(&self, facts: &Facts) -> Answer {
        match &self.source {
            Source::Cedar(set) | Source::Severity(set) => set.decide(facts),
            Source::Absent(Because { reason, message }) => Answer::deny(*reason, message.as_str()),
        }
    }
}

/// The facts of a request for so many artifacts, before anything runs.
pub fn facts(
    actor: &str,
    request: &CompositionRequest,
    artifacts: u64,
    graph: &Graph,
    bounds: &Bounds,
) -> Facts {
    let (content, id) = (request.content(), request.id());
    let tenant = content.tenant.as_str();
    let mut facts = Facts::new(actor, tenant, &id, Stage::Admission);
    let nodes = || content.nodes.iter();
    let count = |count: usize| count as u64;
    let mut capabilities: Vec<String> =
        nodes().map(|node| node.capability.name().to_owned()).collect();
    capabilities.sort_unstable();
    capabilities.dedup();
    let effects = nodes().filter(|node| node.capability.is_effect());
    let honours = |capability: &Capability| match capability {
        Capability::Examine(examine) => examine.honour_allow,
        _ => false,
    };
    facts
        .set(Fact::Approved, content.approved)
        .set(Fact::SimulationOnly, content.simulation_only)
        .set(Fact::Strict, content.strict)
        .set(Fact::Nodes, count(content.nodes.len()))
        .set(Fact::Edges, count(content.edges.len()))
        .set(Fact::Artifacts, artifacts)
        .set(Fact::Depth, count(graph.depth()))
        .set(Fact::Fanout, count(graph.max_fanout()))
        .set(Fact::MaxExecutionTimeMs, bounds.max_execution_time_ms)
        .set(Fact::HonourAllow, nodes().any(|node| honours(&node.capability)))
        .set(Fact::Evidence, content.evidence.as_str())
        .set(Fact::Capabilities, capabilities.clone())
        .set(Fact::Effects, effects.map(|node| node.id.clone()).collect::<Vec<_>>())
        .set(Fact::TenantId, tenant)
        .set(Fact::ActorId, actor)
        .set(Fact::Action, "execute")
        .set(Fact::ResourceType, "composition")
        .set(Fact::ResourceId, id.as_str())
        .set(Fact::CompositionId, id.as_str())
        .set(Fact::SubjectStage, Stage::Admission.as_str())
        .set(Fact::SubjectCapabilities, capabilities)
        .set(Fact::ExecutionTimeMs, bounds.max_execution_time_ms)
        .set(Fact::SubjectNodes, count(content.nodes.len()))
        .set(Fact::SubjectArtifacts, artifacts);
    facts
}

/// The facts in GOVERN: those of the request, and what was found. `failed` are
/// the nodes that did not succeed.
pub fn findings(request: &Facts, risk: &Risk, failed: u64) -> Facts {
    let mut facts = request.clone();
    facts.stage = Stage::Govern;
    facts
        .set(Fact::SubjectStage, Stage::Govern.as_str())
        .set(Fact::Critical, risk.count(Severity::Critical))
        .set(Fact::High, risk.count(Severity::High))
        .set(Fact::Medium, risk.count(Severity::Medium))
        .set(Fact::Low, risk.count(Severity::Low))
        .set(Fact::Info, risk.count(Severity::Info))
        .set(Fact::HighOrAbove, risk.count_from(Severity::High))
        .set(Fact::MediumOrAbove, risk.count_from(Severity::Medium))
        .set(Fact::LowOrAbove, risk.count_from(Severity::Low))
        .set(Fact::All, risk.count_from(Severity::Info))
        .set(Fact::Allowed, risk.allowed())
        .set(Fact::Known, risk.known())
        .set(Fact::NodesFailed, failed);
    let mut named = 0;
    for fact in Fact::incidents() {
        let of = |reason: &Reason| reason.code() == fact.name();
        let found = risk.incidents().find(|(reason, _)| of(reason));
        let count = found.map_or(0, |(_, count)| count);
        named += count;
        facts.set(fact, count);
    }
    let all: u64 = risk.incidents().map(|(_, count)| count).sum();
    facts.set(Fact::OtherIncident, all - named).set(Fact::Unjudged, all);
    facts
}

/// What an acceptance says of its policy; the text is kept under its digest.
impl ToCanonical for Policy {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Policy { actor, source } = self;
        encoder.object(|o| match source {
            Source::Cedar(set) => {
                o.field("actor", actor).field("name", set.name()).field("schema", ASKED_SCHEMA);
            }
            Source::Severity(_) => {
                o.field("deny_from", &Severity::High)
                    .field("name", BASELINE_NAME)
                    .field("review_from", &Severity::Medium)
                    .field("schema", SEVERITY_SCHEMA);
            }
            Source::Absent(because) => {
                o.field("actor", actor).field("because", because).field("schema", ASKED_SCHEMA);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_policy_is_the_one_that_was_kept_or_none() {
        let set = PolicySet::load("mine", "permit (principal, action, resource);").unwrap();
        let policy = Policy::new(Arc::new(set)).asked_by("someone");
        let (recorded, kept) = (Encoder::encode(&policy), policy.kept().unwrap());
        assert_eq!(Digest::of(&kept), policy.digest());
        let recorded = parse(&recorded).unwrap();
        let again = Policy::recorded(&recorded, policy.digest(), Some(&kept));
        assert_eq!((again.name(), again.digest()), ("mine", policy.digest()));
        assert_eq!(again.actor, "someone");
        let facts = Facts::blank("a", "t", "c", Stage::Admission);
        let denied = |policy: Policy| policy.decide(&facts).1[0].reason;
        let other = Policy::baseline().kept().unwrap();
        for kept in [None, Some(&other[..]), Some(b"{}")] {
            let policy = Policy::recorded(&recorded, policy.digest(), kept);
            assert_eq!(denied(policy), Reason::PolicyNotLoaded);
        }
        let unknown = parse(br#"{"schema":"pi.policy.asked/9"}"#).unwrap();
        let policy = Policy::recorded(&unknown, policy.digest(), Some(&kept));
        assert_eq!(denied(policy), Reason::PolicyVersionUnknown);
    }

    #[test]
    fn the_old_form_of_the_baseline_keeps_its_digest() {
        let old = br#"{"deny_from":"high","name":"baseline","review_from":"medium","schema":"pi.policy.severity/1"}"#;
        let policy = Policy::recorded(&parse(old).unwrap(), Digest::of(old), None);
        assert_eq!(policy.digest(), Digest::of(old));
        assert_eq!(Encoder::encode(&policy), old);
        let strict = br#"{"deny_from":"low","name":"x","review_from":"info","schema":"pi.policy.severity/1"}"#;
        let policy = Policy::recorded(&parse(strict).unwrap(), Digest::of(strict), None);
        assert!(policy.set().is_none(), "another policy took its place");
    }
}
