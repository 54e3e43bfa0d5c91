//! Rule lists: policies in another form, which compile to Cedar.
//!
//! Two forms share fields, engine and explanation. *Checks* say what must hold
//! (POLICY-1 to POLICY-6), *governance* rules say what follows from conditions
//! (EF-14). Both have an order, and both end with their first denial.

mod checks;
mod governance;
mod literal;

use std::fmt;

use pi_core::canonical::{Encoder, ToCanonical, Value as Json, parse};
use pi_core::{Decision, Digest, Name, Reason};

use crate::decide::Answer;
use crate::facts::{Fact, Facts, Group};
use crate::policy::{PolicyError, PolicySet};

/// The schema that a rule list names.
pub const RULES_SCHEMA: &str = "pi.rules/1";
/// Most bytes of a rule list.
pub const MAX_RULES_BYTES: usize = 256 << 10;
/// Most rules of a list.
pub const MAX_RULES: usize = 1_000;
/// Most values that one rule names.
pub const MAX_VALUES: usize = 100;

/// A rule list that was read, checked and compiled.
#[derive(Debug)]
pub struct RuleList {
    name: String,
    rules: Vec<Rule>,
    digest: Digest,
    policies: PolicySet,
    /// The rules that permit or note, alone and permitting: after a denial nothing
    /// else tells whether they applied.
    unheard: PolicySet,
}

/// One rule, in the order of evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    id: String,
    effect: Effect,
    /// When it applies: a clause of Cedar.
    clause: String,
    /// What it says when it denies or asks.
    message: String,
}

/// What a rule does when it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Permit,
    Deny,
    /// A person must look.
    Review,
    /// The same, and with a person it is permitted.
    PermitWithReview,
    /// It is told and decides nothing.
    Note,
}

/// Why a document is no rule list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleListError {
    /// It is too long.
    #[error(
        "a rule list has at most {MAX_RULES_BYTES} bytes, {MAX_RULES} rules, and {MAX_VALUES} values in a rule"
    )]
    TooLarge,
    /// It is no JSON.
    #[error("{0}")]
    Json(pi_core::canonical::ParseError),
    /// It names another schema.
    #[error("the schema `{0}` is unknown; this build reads `{RULES_SCHEMA}`")]
    Version(String),
    /// A member is missing, unknown, or of another form.
    #[error("{path}: {problem}")]
    Member {
        /// Where.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// What it compiles to is no policy.
    #[error("it compiles to no valid policy: {0}")]
    Policy(#[from] PolicyError),
}

impl RuleListError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            RuleListError::Version(_) => Reason::PolicyVersionUnknown,
            _ => Reason::PolicyNotLoaded,
        }
    }
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It applied: it permitted, denied, or asked for a person.
    Applied,
    /// It did not apply.
    NotApplied,
    /// It applied, and decides nothing.
    Noted,
    /// A denial before it ended the list.
    NotEvaluated,
}

impl Outcome {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::NotApplied => "not applied",
            Outcome::Noted => "noted",
            Outcome::NotEvaluated => "not evaluated",
        }
    }
}

/// What a rule list says about facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the list let it pass: not DENY.
    pub passed: bool,
    /// The engine's answer.
    pub answer: Answer,
    /// Every rule in the order of evaluation.
    pub steps: Vec<Step>,
}

/// A rule and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule's id.
    pub rule: String,
    /// What became of it.
    pub outcome: Outcome,
}

impl RuleList {
    /// Reads, checks and compiles a list.
    pub fn read(bytes: &[u8]) -> Result<Self, RuleListError> {
        if bytes.len() > MAX_RULES_BYTES {
            return Err(RuleListError::TooLarge);
        }
        let json = parse(bytes).map_err(RuleListError::Json)?;
        let list = Members::of("the list", &json)?;
        let version = list.text("schema")?;
        if version != RULES_SCHEMA {
            return Err(RuleListError::Version(version.to_owned()));
        }
        list.only(&["schema", "name", "kind", "rules"])?;
        let name = list.name("name")?;
        let items = list.array("rules")?;
        if items.len() > MAX_RULES {
            return Err(RuleListError::TooLarge);
        }
        let kind = list.text("kind")?;
        let rules = match kind {
            "checks" => checks::read(items)?,
            "governance" => governance::read(items)?,
            _ => return Err(list.wrong("kind", "must be `checks` or `governance`")),
        };
        for (at, rule) in rules.iter().enumerate() {
            if rules.iter().take(at).any(|before| before.id == rule.id) {
                let problem = format!("`{}` is the id of two rules", rule.id);
                return Err(RuleListError::Member { path: "rules".to_owned(), problem });
            }
        }
        // Checks that deny leave what holds to be permitted; where rules permit,
        // one of them must.
        let implied = kind == "checks"
            && !rules.is_empty()
            && rules.iter().all(|rule| rule.effect != Effect::Permit);
        let digest = Digest::of_canonical(&json);
        let policies = PolicySet::load(&name, &compiled(&name, digest, &rules, implied))?;
        let unheard =
            rules.iter().filter(|rule| matches!(rule.effect, Effect::Permit | Effect::Note));
        let unheard: Vec<Rule> =
            unheard.map(|rule| Rule { effect: Effect::Permit, ..rule.clone() }).collect();
        let unheard = PolicySet::load(&name, &compiled(&name, digest, &unheard, false))?;
        Ok(Self { name, rules, digest, policies, unheard })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest of the authored form.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The ids of the rules, in the order of evaluation.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.rules.iter().map(|rule| rule.id.as_str())
    }

    /// What it compiled to.
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// The Cedar text that it compiled to, by itself.
    pub fn into_policies(self) -> PolicySet {
        self.policies
    }

    /// Asks the list. The first rule that denies ends it: later rules are not
    /// evaluated, and only what was evaluated is told (POLICY-1).
    pub fn judge(&self, facts: &Facts) -> Judgement {
        let mut answer = self.policies.decide(facts);
        let unheard = self.unheard.decide(facts);
        let applied = |id: &str| {
            let determining = |answer: &Answer| {
                answer.asked.iter().any(|asked| asked.determining.iter().any(|by| by == id))
            };
            determining(&answer) || determining(&unheard)
        };
        let mut steps = Vec::new();
        let mut ended = false;
        for rule in &self.rules {
            let outcome = match rule.effect {
                _ if ended => Outcome::NotEvaluated,
                _ if !applied(&rule.id) => Outcome::NotApplied,
                Effect::Note => Outcome::Noted,
                _ => Outcome::Applied,
            };
            ended |= outcome == Outcome::Applied && rule.effect == Effect::Deny;
            steps.push(Step { rule: rule.id.clone(), outcome });
        }
        let told = |policy: &str| {
            let rule = policy.strip_suffix(ATTENDED_SUFFIX).unwrap_or(policy);
            let step = steps.iter().find(|step| step.rule == rule);
            step.is_none_or(|step| step.outcome != Outcome::NotEvaluated)
        };
        answer.grounds.retain(|ground| ground.policy.as_deref().is_none_or(told));
        for asked in &mut answer.asked {
            asked.determining.retain(|policy| told(policy));
        }
        Judgement { passed: answer.decision != Decision::Deny, answer, steps }
    }
}

/// Behind the id of a rule in the id of the policy that permits it with a person.
/// No rule is named so: names have no colon.
const ATTENDED_SUFFIX: &str = ":attended";

/// The Cedar text of rules.
fn compiled(name: &str, digest: Digest, rules: &[Rule], implied: bool) -> String {
    use fmt::Write as _;
    const UNATTENDED: &str = "action == PI::Action::\"execute_unattended\"";
    const ATTENDED: &str = "action == PI::Action::\"execute\"";
    // Writing to a string does not fail.
    let mut out = format!("// Compiled from the rule list `{name}`, digest {digest}.\n");
    if implied {
        out.push_str("\n@id(\":passed\")\npermit (principal, action, resource);\n");
    }
    for Rule { id, effect, clause, message } in rules {
        let (verb, action) = match effect {
            Effect::Note => {
                let _ = write!(out, "\n// `{id}` is told and decides nothing:\n//   {clause}\n");
                continue;
            }
            Effect::Permit => ("permit", "action"),
            Effect::Deny => ("forbid", "action"),
            Effect::Review | Effect::PermitWithReview => ("forbid", UNATTENDED),
        };
        let _ = write!(out, "\n@id(\"{id}\")\n");
        if verb == "forbid" {
            let _ = writeln!(out, "@message(\"{message}\")");
        }
        let _ = write!(out, "{verb} (principal, {action}, resource)\n{clause};\n");
        if *effect == Effect::PermitWithReview {
            let _ = write!(
                out,
                "\n@id(\"{id}{ATTENDED_SUFFIX}\")\npermit (principal, {ATTENDED}, resource)\n{clause};\n"
            );
        }
    }
    out
}

impl ToCanonical for Step {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Step { rule, outcome } = self;
        encoder.object(|o| {
            o.field("outcome", outcome.as_str()).field("rule", rule);
        });
    }
}

/// The members of an object, with its place.
struct Members<'a> {
    path: String,
    json: &'a Json,
}

impl<'a> Members<'a> {
    fn of(path: &str, json: &'a Json) -> Result<Self, RuleListError> {
        let members = Self { path: path.to_owned(), json };
        match json.as_object() {
            Some(_) => Ok(members),
            None => Err(RuleListError::Member {
                path: members.path,
                problem: "must be an object".to_owned(),
            }),
        }
    }

    fn wrong(&self, key: &str, problem: impl Into<String>) -> RuleListError {
        RuleListError::Member { path: format!("{}.{key}", self.path), problem: problem.into() }
    }

    fn only(&self, keys: &[&str]) -> Result<(), RuleListError> {
        let members = self.json.as_object().into_iter().flat_map(|object| object.keys());
        for key in members {
            if !keys.contains(&key.as_str()) {
                return Err(self.wrong(key, "is no member here"));
            }
        }
        Ok(())
    }

    fn get(&self, key: &str) -> Result<&'a Json, RuleListError> {
        self.json.get(key).ok_or_else(|| self.wrong(key, "is missing"))
    }

    fn text(&self, key: &str) -> Result<&'a str, RuleListError> {
        self.get(key)?.as_str().ok_or_else(|| self.wrong(key, "must be a text"))
    }

    /// A name that may stand in an annotation.
    fn name(&self, key: &str) -> Result<String, RuleListError> {
        let text = self.text(key)?;
        let name = Name::new(text).map_err(|error| self.wrong(key, error.to_string()))?;
        Ok(name.as_str().to_owned())
    }

    fn array(&self, key: &str) -> Result<&'a [Json], RuleListError> {
        self.get(key)?.as_array().ok_or_else(|| self.wrong(key, "must be a list"))
    }

    fn number(&self, key: &str) -> Result<u64, RuleListError> {
        self.get(key)?.as_u64().ok_or_else(|| self.wrong(key, "must be a whole number"))
    }

    /// A field of the closed list.
    fn field(&self) -> Result<Fact, RuleListError> {
        let name = self.text("field")?;
        Fact::field(name).ok_or_else(|| {
            let fields = Fact::ALL.iter().filter(|fact| fact.group() == Group::Subject);
            let known: Vec<&str> = fields.map(|fact| fact.name()).collect();
            self.wrong("field", format!("`{name}` is no field; known are {}", known.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests;
