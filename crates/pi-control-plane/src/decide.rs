//! Asking a policy set: two questions, one answer, and why.

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Reason};

use crate::engine::{Prepared, Question, Response};
use crate::facts::Facts;
use crate::policy::PolicySet;

/// What a policy set says about facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// The questions that were asked, in order.
    pub asked: Vec<Asked>,
    /// Why it is not ALLOW, in the order of the text; empty when it is.
    pub grounds: Vec<Ground>,
}

/// A question and what made its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// Whether it was permitted.
    pub permitted: bool,
    /// The ids of the policies that determined it, in the order of the text.
    pub determining: Vec<String>,
}

/// One reason why an answer is not ALLOW.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// The policy that says so; none when no policy said anything.
    pub policy: Option<String>,
    /// Its reason code.
    pub reason: Reason,
    /// One sentence with the facts.
    pub message: String,
}

impl Answer {
    /// DENY for one reason, without a question.
    pub fn deny(reason: Reason, message: impl Into<String>) -> Self {
        let ground = Ground { policy: None, reason, message: message.into() };
        Self { decision: Decision::Deny, asked: Vec::new(), grounds: vec![ground] }
    }

    /// The ground that denies, before those that would only have asked for a person.
    pub fn denial(&self) -> Option<&Ground> {
        if self.decision != Decision::Deny {
            return None;
        }
        let denying = self.asked.last().map_or(&[][..], |last| last.determining.as_slice());
        let denies =
            |ground: &&Ground| ground.policy.as_ref().is_none_or(|id| denying.contains(id));
        self.grounds.iter().find(denies).or(self.grounds.first())
    }
}

impl PolicySet {
    /// Asks `execute_unattended` (ALLOW), then `execute` (REVIEW), else DENY. A
    /// policy that cannot be evaluated denies.
    pub fn decide(&self, facts: &Facts) -> Answer {
        self.answered(facts, false)
    }

    /// The same without the index and with every fact: Cedar alone. The index
    /// must not change any answer; tests and the benchmark compare.
    pub fn decide_plainly(&self, facts: &Facts) -> Answer {
        self.answered(facts, true)
    }

    fn answered(&self, facts: &Facts, all: bool) -> Answer {
        let prepared = self.engine.prepare(facts, all);
        prepared
            .and_then(|prepared| self.questions(facts, &prepared))
            .unwrap_or_else(|message| Answer::deny(Reason::PolicyEvaluationFailed, message))
    }

    fn questions(&self, facts: &Facts, prepared: &Prepared<'_>) -> Result<Answer, String> {
        let mut answer =
            Answer { decision: Decision::Deny, asked: Vec::new(), grounds: Vec::new() };
        let mut forbidding: Vec<usize> = Vec::new();
        for (question, decision) in
            [(Question::ExecuteUnattended, Decision::Allow), (Question::Execute, Decision::Review)]
        {
            let Response { permitted, determining, errors } = prepared.ask(question)?;
            let ids = determining.iter().map(|position| self.id(*position)).collect();
            answer.asked.push(Asked { question, permitted, determining: ids });
            if !errors.is_empty() {
                let failed = errors.into_iter().map(|(position, error)| Ground {
                    policy: Some(self.id(position)),
                    reason: Reason::PolicyEvaluationFailed,
                    message: format!("`{}` cannot be evaluated: {error}", self.id(position)),
                });
                let grounds = failed.collect();
                return Ok(Answer { decision: Decision::Deny, grounds, ..answer });
            }
            if permitted {
                answer.decision = decision;
                break;
            }
            forbidding.extend(determining);
        }
        if answer.decision == Decision::Allow {
            return Ok(answer);
        }
        let denied = answer.asked.last().map_or(&[][..], |last| last.determining.as_slice());
        let unmatched = answer.decision == Decision::Deny && denied.is_empty();
        forbidding.sort_unstable();
        forbidding.dedup();
        let grounds =
            forbidding.iter().filter_map(|position| self.ground(*position, facts, denied));
        let mut grounds: Vec<Ground> = grounds.collect();
        if unmatched {
            grounds.push(Ground {
                policy: None,
                reason: Reason::PolicyNoMatch,
                message: format!("no policy of `{}` permits it", self.name()),
            });
        } else if grounds.is_empty() {
            grounds.push(Ground {
                policy: None,
                reason: Reason::PolicyReview,
                message: format!("no policy of `{}` lets it run unattended", self.name()),
            });
        }
        answer.grounds = grounds;
        Ok(answer)
    }

    /// What a policy says when it forbids. `denied` are the policies that forbid
    /// the execution altogether.
    fn ground(&self, position: usize, facts: &Facts, denied: &[String]) -> Option<Ground> {
        let policy = self.policy(position).filter(|policy| policy.forbids)?;
        let denies = denied.contains(&policy.id);
        let otherwise = if denies { Reason::PolicyDenied } else { Reason::PolicyReview };
        let reason = policy.reason.unwrap_or(otherwise);
        let message = match &policy.message {
            Some(message) => message.render(facts),
            None if denies => format!("`{}` forbids it", policy.id),
            None => format!("`{}` asks for a person", policy.id),
        };
        Some(Ground { policy: Some(policy.id.clone()), reason, message })
    }

    fn id(&self, position: usize) -> String {
        self.policy(position).map(|policy| policy.id.clone()).unwrap_or_default()
    }
}

impl ToCanonical for Answer {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Answer { decision, asked, grounds } = self;
        encoder.object(|o| {
            o.field("asked", asked).field("decision", decision).field("grounds", grounds);
        });
    }
}

impl ToCanonical for Asked {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Asked { question, permitted, determining } = self;
        encoder.object(|o| {
            o.field("determining", determining)
                .field("permitted", permitted)
                .field("question", question.as_str());
        });
    }
}

impl ToCanonical for Ground {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Ground { policy, reason, message } = self;
        encoder.object(|o| {
            o.field("message", message).field("policy", policy).field("reason", reason);
        });
    }
}
