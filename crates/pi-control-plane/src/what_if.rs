//! What another policy would have decided about the runs that a log records.
//!
//! A policy is asked twice: at admission and in GOVERN. A candidate is asked the same
//! questions with the same facts. Facts that were not recorded are not made up: such
//! runs are counted, and named.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Digest, Reason, RunId};

use crate::decide::Ground;
use crate::facts::{Facts, Stage};
use crate::policy::PolicySet;

/// The name of the document's schema.
pub const WHAT_IF_SCHEMA: &str = "pi.policy-what-if/1";

/// A decision that a log records, and what it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The run.
    pub run: RunId,
    /// What was decided.
    pub decision: Decision,
    /// The policy that was asked.
    pub policy: Digest,
    /// The facts at admission.
    pub admission: Facts,
    /// The facts in GOVERN; none when nothing asked the policy there.
    pub govern: Option<Facts>,
    /// A person approved the request.
    pub approved: bool,
    /// A phase failed: nothing is released, whatever a policy says.
    pub phase_failed: bool,
}

/// What a candidate decides about a recorded run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// The moment that settles it.
    pub stage: Stage,
    /// Why it is not ALLOW.
    pub grounds: Vec<Ground>,
}

impl Decided {
    /// Asks a policy what was asked then.
    pub fn under(&self, candidate: &PolicySet) -> Verdict {
        let admission = candidate.decide(&self.admission);
        if admission.decision == Decision::Deny {
            let grounds = admission.grounds;
            return Verdict { decision: Decision::Deny, stage: Stage::Admission, grounds };
        }
        let ground = |reason: Reason, message: &str| {
            vec![Ground { policy: None, reason, message: message.to_owned() }]
        };
        let denied = |grounds| Verdict { decision: Decision::Deny, stage: Stage::Govern, grounds };
        if self.phase_failed {
            return denied(ground(Reason::PhaseFailed, "a phase did not succeed"));
        }
        let Some(govern) = &self.govern else {
            return denied(ground(Reason::PolicyMissing, "no node asked the policy"));
        };
        let governed = candidate.decide(govern);
        // Without approval, the stricter of the two holds.
        let (stage, settles) = if self.approved || admission.decision <= governed.decision {
            (Stage::Govern, governed)
        } else {
            (Stage::Admission, admission)
        };
        Verdict { decision: settles.decision, stage, grounds: settles.grounds }
    }
}

/// A run with its facts, or why they are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// They are there.
    Decided(Box<Decided>),
    /// The run has no decision yet.
    Unfinished(RunId),
    /// They were not recorded, were erased, or cannot be read.
    NotRetained {
        /// The run; none for a request that was refused before it became one.
        run: Option<RunId>,
        /// Why.
        why: String,
    },
}

/// A run that would have gone another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The run.
    pub run: RunId,
    /// What was decided.
    pub before: Decision,
    /// What the candidate decides.
    pub after: Verdict,
}

/// What a candidate would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhatIf {
    candidate: String,
    digest: Digest,
    /// How often which decision became which.
    counts: BTreeMap<(Decision, Decision), u64>,
    changed: Vec<Changed>,
    unfinished: u64,
    not_retained: Vec<(Option<RunId>, String)>,
}

impl WhatIf {
    /// Nothing was asked yet.
    pub fn new(candidate: &PolicySet) -> Self {
        Self {
            candidate: candidate.name().to_owned(),
            digest: candidate.digest(),
            counts: BTreeMap::new(),
            changed: Vec::new(),
            unfinished: 0,
            not_retained: Vec::new(),
        }
    }

    /// Asks the candidate about one run.
    pub fn take(&mut self, candidate: &PolicySet, recorded: Recorded) {
        match recorded {
            Recorded::Decided(decided) => {
                let after = decided.under(candidate);
                let before = decided.decision;
                *self.counts.entry((before, after.decision)).or_default() += 1;
                if after.decision != before {
                    self.changed.push(Changed { run: decided.run, before, after });
                }
            }
            Recorded::Unfinished(_) => self.unfinished += 1,
            Recorded::NotRetained { run, why } => self.not_retained.push((run, why)),
        }
    }

    /// The runs that would have gone another way, in the order in which they were asked.
    pub fn changed(&self) -> &[Changed] {
        &self.changed
    }

    /// The runs, and refused requests, whose facts are not there, and why.
    pub fn not_retained(&self) -> &[(Option<RunId>, String)] {
        &self.not_retained
    }

    /// Runs that were asked.
    pub fn asked(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Runs that have no decision yet.
    pub fn unfinished(&self) -> u64 {
        self.unfinished
    }

    /// Runs that would have been decided more strictly.
    pub fn stricter(&self) -> u64 {
        self.count(|before, after| after > before)
    }

    /// Runs that would have been decided less strictly.
    pub fn looser(&self) -> u64 {
        self.count(|before, after| after < before)
    }

    fn count(&self, which: impl Fn(Decision, Decision) -> bool) -> u64 {
        let those = self.counts.iter().filter(|((before, after), _)| which(*before, *after));
        those.map(|(_, count)| count).sum()
    }
}

impl ToCanonical for WhatIf {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let WhatIf { candidate, digest, counts, changed, unfinished, not_retained } = self;
        encoder.object(|o| {
            o.field("asked", &self.asked())
                .field("changed", changed)
                .field_with("counts", |e| e.array(counts.iter().map(Count)))
                .field("digest", digest)
                .field("looser", &self.looser())
                .field_with("not_retained", |e| e.array(not_retained.iter().map(NotRetained)))
                .field("policy", candidate)
                .field("schema", WHAT_IF_SCHEMA)
                .field("stricter", &self.stricter())
                .field("unfinished", unfinished);
        });
    }
}

impl ToCanonical for Changed {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Changed { run, before, after: Verdict { decision, stage, grounds } } = self;
        encoder.object(|o| {
            o.field("after", decision)
                .field("before", before)
                .field("grounds", grounds)
                .field("run", run)
                .field("stage", stage.as_str());
        });
    }
}

struct Count<'a>((&'a (Decision, Decision), &'a u64));

impl ToCanonical for Count<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Count(((before, after), runs)) = self;
        encoder.object(|o| {
            o.field("after", after).field("before", before).field("runs", *runs);
        });
    }
}

struct NotRetained<'a>(&'a (Option<RunId>, String));

impl ToCanonical for NotRetained<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let NotRetained((run, why)) = self;
        encoder.object(|o| {
            o.field("run", run).field("why", why);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fact;

    fn decided(number: u8, decision: Decision, high: u64) -> Decided {
        let facts = |stage| Facts::blank("cli", "acme", "c", stage);
        let mut govern = facts(Stage::Govern);
        govern.set(Fact::High, high).set(Fact::HighOrAbove, high);
        Decided {
            run: RunId::parse(&format!("run_{number:032x}")).unwrap(),
            decision,
            policy: Digest::of(b"before"),
            admission: facts(Stage::Admission),
            govern: Some(govern),
            approved: false,
            phase_failed: false,
        }
    }

    fn candidate(text: &str) -> PolicySet {
        PolicySet::load("candidate", text).unwrap()
    }

    #[test]
    fn what_would_change_is_listed_with_the_policy_that_changes_it() {
        let baseline = PolicySet::baseline().unwrap();
        let mut what_if = WhatIf::new(&baseline);
        let mut take = |decided: Decided| {
            what_if.take(&baseline, Recorded::Decided(Box::new(decided)));
        };
        take(decided(1, Decision::Allow, 0));
        take(decided(2, Decision::Allow, 2));
        take(decided(3, Decision::Deny, 0));
        let mut effect = decided(4, Decision::Allow, 0);
        effect.admission.set(Fact::Effects, vec!["write".to_owned()]);
        take(effect.clone());
        take(Decided { approved: true, run: decided(5, Decision::Allow, 0).run, ..effect });
        take(Decided { phase_failed: true, ..decided(6, Decision::Deny, 0) });
        take(Decided { govern: None, ..decided(7, Decision::Deny, 0) });
        what_if.take(&baseline, Recorded::Unfinished(decided(8, Decision::Deny, 0).run));
        let why = "its acceptance was erased".to_owned();
        what_if.take(&baseline, Recorded::NotRetained { run: None, why });
        let changes: Vec<(String, &str, Option<&str>)> = what_if
            .changed()
            .iter()
            .map(|changed| {
                let Verdict { decision, stage, grounds } = &changed.after;
                let policy = grounds.first().and_then(|ground| ground.policy.as_deref());
                (format!("{} {decision}", &changed.run.as_str()[35..]), stage.as_str(), policy)
            })
            .collect();
        assert_eq!(
            changes,
            [
                ("2 DENY".to_owned(), "govern", Some("high-denies")),
                ("3 ALLOW".to_owned(), "govern", None),
                ("4 REVIEW".to_owned(), "admission", Some("effects-need-approval")),
            ]
        );
        assert_eq!((what_if.asked(), what_if.stricter(), what_if.looser()), (7, 2, 1));
        assert_eq!((what_if.unfinished(), what_if.not_retained().len()), (1, 1));
        let json = String::from_utf8(Encoder::encode(&what_if)).unwrap();
        assert!(json.contains(r#""schema":"pi.policy-what-if/1","stricter":2"#), "{json}");
    }

    #[test]
    fn what_admission_denies_never_gets_to_govern() {
        let closed = candidate("@id(\"none\") forbid (principal, action, resource);");
        let verdict = decided(1, Decision::Allow, 0).under(&closed);
        assert_eq!((verdict.decision, verdict.stage), (Decision::Deny, Stage::Admission));
        assert_eq!(verdict.grounds[0].policy.as_deref(), Some("none"));
    }

    #[test]
    fn the_same_policy_changes_nothing() {
        let baseline = PolicySet::baseline().unwrap();
        for (decision, high) in [(Decision::Allow, 0), (Decision::Deny, 1)] {
            assert_eq!(decided(1, decision, high).under(&baseline).decision, decision);
        }
    }
}
